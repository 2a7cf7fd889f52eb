package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSandboxWritesItsJournal(t *testing.T) {
	dir := t.TempDir()
	keys, journal := filepath.Join(dir, "keys"), filepath.Join(dir, "journal.jsonl")
	for range 2 { // the second one goes on behind the first
		p := startSandbox(t, "--addr", "127.0.0.1:0", "--keys", keys, "--journal", journal)
		runArgs(t, "pay", seedOutOrderNo, "--keys", keys).wantCode(t, exitDone)
		if code := p.stop(t); code != 0 {
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
