package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSandboxWritesItsJournal(t *testing.T) {
	dir := t.TempDir()
	keys, journal := keysDir(t), filepath.Join(dir, "journal.jsonl")
	for range 2 { // the second one goes on behind the first
		p := startSandbox(t, "--addr", "127.0.0.1:0", "--keys", keys, "--journal", journal)
		runArgs(t, "pay", seedOutOrderNo, "--keys", keys).wantCode(t, exitDone)
		if code := p.stop(); code != 0 {
			t.Errorf("exit code %d: %s", code, &p.errOut)
		}
	}
	file, err := os.Open(journal)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	var operations []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var entry struct{ Kind, Operation, Subject string }
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Kind == "request" && entry.Operation != "queryPartnerServiceOrder" {
			operations = append(operations, entry.Operation+" "+entry.Subject)
		}
	}
	if want := slices.Repeat([]string{"payPartnerServiceOrder 1900000109/" + seedOutOrderNo}, 2); !slices.Equal(operations, want) {
		t.Errorf("%q", operations)
	}
	runArgs(t, "sandbox", "--addr", "127.0.0.1:0", "--keys", keys, "--journal", dir).wantCode(t, exitInput)
}

// A journal that cannot be written is told of, once, and the sandbox goes on.
func TestSandboxTellsThatItsJournalEnds(t *testing.T) {
	dir := t.TempDir()
	keys, journal := keysDir(t), filepath.Join(dir, "journal.jsonl")
	if err := os.WriteFile(journal, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(journal+".1", "taken"), 0o700); err != nil { // no file takes the place of this one
		t.Fatal(err)
	}
	p := startSandbox(t, "--addr", "127.0.0.1:0", "--keys", keys, "--journal", journal, "--journal-size", "1")
	runArgs(t, "pay", seedOutOrderNo, "--keys", keys).wantCode(t, exitDone)
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, &p.errOut)
	}
	if said := p.errOut.String(); strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "warning: --journal: ") || !strings.Contains(said, "nothing more is written") {
		t.Errorf("stderr: %q", said)
	}
}

// What is shifted out of an int64 is no size.
func TestJournalSizeIsAMatterOfMiB(t *testing.T) {
	for _, size := range []string{"0", "=-1", "8796093022208", "17592186044417"} {
		flag := []string{"--journal-size", size}
		if value, ok := strings.CutPrefix(size, "="); ok {
			flag = []string{"--journal-size=" + value}
		}
		args := append([]string{"sandbox", "--addr", "127.0.0.1:0", "--keys", t.TempDir(), "--journal", filepath.Join(t.TempDir(), "j")}, flag...)
		runArgs(t, args...).wantCode(t, exitInput)
	}
}
