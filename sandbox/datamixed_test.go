package sandbox_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/wxpayscore/payscore/sandbox"
)

// A data file cut at any place, or with records of an older copy of it, is
// refused or has all that it had.
func TestDataFileCutOrMixedWithAnOlderCopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := smallPages(t, dir)
	box := must(sandbox.Open(sandbox.WithData(file)))
	must(box.Seed("one", 10000))
	must(box.Seed("two", 20000))
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	older := must(os.ReadFile(file))
	box = must(sandbox.Open(sandbox.WithData(file)))
	if err := box.Move("user_pays", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "one"}); err != nil {
		t.Fatal(err)
	}
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	whole, want := must(os.ReadFile(file)), must(sandbox.LoadData(file))
	name := filepath.Join(dir, "attacked.db")
	try := func(what string, content []byte) {
		t.Helper()
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := sandbox.LoadData(name)
		if err == nil && !maps.Equal(got, want) && !(len(content) == 0 && len(got) == 0) {
			t.Errorf("%s: it opens with another state", what)
		}
		if err != nil && strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("%s: %q", what, err)
		}
		_ = os.Remove(name)
	}
	step := size(97, 31, 7)
	for n := 0; n < len(whole); n += step {
		try("cut", whole[:n])
	}
	// The first two pages say which commit counts: with an older one the file is
	// that of an earlier commit, whole and in order.
	for page := 2 * 1024; page+1024 <= len(whole) && page+1024 <= len(older); page += 1024 {
		if !bytes.Equal(older[page:page+1024], whole[page:page+1024]) {
			mixed := bytes.Clone(whole)
			copy(mixed[page:], older[page:page+1024])
			try("older page", mixed)
		}
	}

	// By way of bbolt: the sealed records change places, or are older ones.
	old := filepath.Join(dir, "old.db")
	if err := os.WriteFile(old, older, 0o600); err != nil {
		t.Fatal(err)
	}
	records := func(file string) map[string][]byte {
		db := must(bolt.Open(file, 0o600, nil))
		defer func() { _ = db.Close() }()
		all := map[string][]byte{}
		_ = db.View(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("tables")).Bucket([]byte("orders")).ForEach(func(k, v []byte) error {
				all[string(k)] = bytes.Clone(v)
				return nil
			})
		})
		return all
	}
	before, now := records(old), records(file)
	one, two := subMchID+"/one", subMchID+"/two"
	for what, change := range map[string]map[string][]byte{
		"replayed": {one: before[one]}, "swapped": {one: now[two], two: now[one]}, "gone": {two: nil}, "copied": {two: now[one]}, "added": {subMchID + "/three": now[one]},
	} {
		if err := os.WriteFile(name, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		db := must(bolt.Open(name, 0o600, nil))
		err := db.Update(func(tx *bolt.Tx) error {
			orders := tx.Bucket([]byte("tables")).Bucket([]byte("orders"))
			for key, record := range change {
				if record == nil {
					if err := orders.Delete([]byte(key)); err != nil {
						return err
					}
				} else if err := orders.Put([]byte(key), record); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := sandbox.Open(sandbox.WithData(name)); err == nil {
			t.Errorf("%s: it opens", what)
		}
	}
}
