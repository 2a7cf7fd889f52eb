package sandbox_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/wxpayscore/payscore/sandbox"
)

// smallPages is an empty data file in dir whose small pages keep it small.
func smallPages(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "orders.db")
	db := must(bolt.Open(file, 0o600, &bolt.Options{PageSize: 1024}))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestDataFileWithAFlippedBit damages a data file, one bit at a time: it is
// refused, or all is as it was. What the records are is known from the whole
// file alone.
func TestDataFileWithAFlippedBit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := smallPages(t, dir)
	box := must(sandbox.Open(sandbox.WithData(file)))
	must(box.Seed("one", 10000))
	must(box.Seed("two", 20000, sandbox.SeedStage("CREATED"), sandbox.SeedNotifyURL("http://127.0.0.1:1/")))
	if err := box.Move("confirm", sandbox.MoveArgs{SubMchID: "1900000109", OutOrderNo: "two"}); err != nil {
		t.Fatal(err)
	}
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	whole := must(os.ReadFile(file))
	want := must(sandbox.LoadData(file))
	if len(want) < 5 {
		t.Fatalf("only %d records", len(want))
	}
	recordBytes := 0
	for _, record := range want {
		recordBytes += len(record)
	}
	refused, same := 0, 0
	step := size(37, 5, 1)
	for at := 0; at < len(whole); at += step {
		bit := byte(1) << (at / step % 8)
		damaged := append([]byte(nil), whole...)
		damaged[at] ^= bit
		name := filepath.Join(dir, "damaged.db")
		if err := os.WriteFile(name, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := sandbox.LoadData(name)
		switch {
		case err != nil:
			refused++
			if !strings.Contains(err.Error(), name) || strings.ContainsRune(err.Error(), '\n') {
				t.Errorf("byte %d bit %08b: the error is %q", at, bit, err)
			}
		case !maps.Equal(got, want):
			t.Errorf("byte %d bit %08b: it opens with another state", at, bit)
		default:
			same++
		}
		_ = os.Remove(name) // a panic inside may leave it locked
	}
	t.Logf("%d bytes of %d damaged in turn: %d refused, %d as before", (len(whole)+step-1)/step, len(whole), refused, same)
	// Every byte of a record counts, and pages that are free do not.
	if refused < recordBytes/step || same == 0 {
		t.Errorf("of %d bytes of records %d were missed", recordBytes, recordBytes-refused*step)
	}
}

// A damaged record is told by file, table and key.
func TestDamagedRecordIsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "orders.db")
	box := must(sandbox.Open(sandbox.WithData(file)))
	must(box.Seed("one", 10000))
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	b := must(os.ReadFile(file))
	const amount = `"total_amount":10000`
	if !strings.Contains(string(b), amount) {
		t.Fatalf("no %s in the file", amount)
	}
	b = []byte(strings.ReplaceAll(string(b), amount, `"total_amount":90000`))
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sandbox.Open(sandbox.WithData(file))
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), `"1900000109/one" of the table "orders"`) {
		t.Errorf("got %v", err)
	}
}

// A small table, which stands inside the page of another, has no tables of its
// own. One that says so could name the same one over and over, 2^24 times here.
func TestDataFileWithTablesWithinASmallTable(t *testing.T) {
	t.Parallel()
	const bucket, header = 16, 16
	le := binary.NativeEndian
	var nested []byte
	for level := range 25 {
		page := make([]byte, bucket+header)
		le.PutUint16(page[bucket+8:], 2) // a leaf
		if level > 0 {
			le.PutUint16(page[bucket+10:], 2)
			for i := range uint32(2) { // elements, both with what follows them
				page = le.AppendUint32(page, 1) // a table
				page = le.AppendUint32(page, header*(2-i))
				page = le.AppendUint32(page, 0)
				page = le.AppendUint32(page, uint32(len(nested)))
			}
		}
		nested = append(page, nested...)
	}
	file := filepath.Join(t.TempDir(), "orders.db")
	db := must(bolt.Open(file, 0o600, &bolt.Options{PageSize: 4096}))
	err := db.Update(func(tx *bolt.Tx) error {
		table, err := tx.CreateBucket([]byte("a"))
		if err == nil {
			err = table.Put([]byte("k"), nested)
		}
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	b := must(os.ReadFile(file))
	page := bytes.Index(b, nested) / 4096 * 4096
	b[page+header] |= 1 // the record is a table
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.LoadData(file); err == nil || !strings.Contains(err.Error(), "damaged: page ") {
		t.Errorf("got %v", err)
	}
}
