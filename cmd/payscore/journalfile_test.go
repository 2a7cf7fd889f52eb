package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The journal of a sandbox takes at most twice its size, and its newest entries
// are whole and in order.
func TestJournalFileIsBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "journal.jsonl")
	const limit = 10_000
	entry := func(n int) string { return fmt.Sprintf("%06d%s\n", n, strings.Repeat("x", n%400)) }
	n := 0
	for range 3 { // opened again, it goes on
		j, err := openJournal(name, limit, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			if _, err := j.Write([]byte(entry(n))); err != nil {
				t.Fatal(err)
			}
			n++
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v %v", files, err)
	}
	older, newer := readFile(t, name+".1"), readFile(t, name)
	for what, content := range map[string][]byte{"older": older, "newer": newer} {
		if len(content) == 0 || len(content) > limit {
			t.Errorf("the %s file has %d bytes, at most %d", what, len(content), limit)
		}
	}
	kept := strings.SplitAfter(string(older)+string(newer), "\n")
	kept = kept[:len(kept)-1]
	for i, line := range kept {
		if want := entry(n - len(kept) + i); line != want {
			t.Fatalf("line %d is %.20q, want %.20q", i, line, want)
		}
	}
	if len(older)+len(newer) < limit {
		t.Errorf("only %d bytes are kept", len(older)+len(newer))
	}
}

// A link, such as /dev/stdout is, is never renamed.
func TestJournalFileThatIsNoPlainFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights there")
	}
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "target"), link); err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(link, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := j.Write([]byte("0123456789\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, link); len(got) != 110 {
		t.Errorf("%d bytes", len(got))
	}
}
