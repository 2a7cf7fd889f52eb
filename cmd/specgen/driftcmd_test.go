package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/drift"
)

func TestRunDrift(t *testing.T) {
	const testdata = "internal/drift/testdata"
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(testdata, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	write("api/openapi.yaml", read("contract.yaml"))
	write("docs/pages.yaml", read("pages.yaml"))
	for _, folder := range []string{"same", "differs", "broken"} {
		if err := os.CopyFS(filepath.Join(dir, folder, "docs"), os.DirFS(filepath.Join(testdata, "folder"))); err != nil {
			t.Fatal(err)
		}
	}
	const orders = "docs/v3/payscore/orders.yaml"
	write("differs/"+orders, strings.Replace(read("folder/v3/payscore/orders.yaml"), "type: integer", "type: string", 1))
	write("broken/"+orders, "post: {\n")
	write("other/docs/pages.yaml", read("pages.yaml"))
	write("other/docs/drift.yaml", "accepted:\n  - {reason: Said so., kind: type, contract: integer, description: string}\n")
	write("other/api/openapi.yaml", read("contract.yaml"))
	write("wrong/docs/pages.yaml", read("pages.yaml"))
	write("wrong/docs/drift.yaml", "accepted:\n  - {kind: type}\n")
	write("wrong/api/openapi.yaml", read("contract.yaml"))
	t.Chdir(dir)

	const difference = "POST /v3/payscore/orders\n  request total_amount: integer in the contract, string in the description (differs/" + orders + ":15)\n"
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stdout string // "…" stands for anything that follows
		stderr string
	}{
		{"unchanged", []string{"same"}, 0, "", ""},
		{"unchanged as JSON", []string{"same", "--json"}, 0, "[]\n", ""},
		{"the folder of v3", []string{"same/docs"}, 0, "", ""},
		{"different", []string{"differs"}, 1, difference, ""},
		{"accepted", []string{"-C", "other", "differs"}, 0, "", ""},
		{"accepted as JSON", []string{"-C", "other", "differs", "--json"}, 0, "[]\n", ""},
		{"accepted, shown", []string{"-C", "other", "differs", "--accepted"}, 0, difference + "    accepted: Said so.\n", ""},
		{"accepted, and no longer different", []string{"-C", "other", "same"}, 1,
			"Accepted, but no longer different\n  type: nothing is integer in the contract and string in the description (other/docs/drift.yaml:2)\n", ""},
		{"broken", []string{"broken"}, 2, "Not read\n  did not find expected node content (broken/" + orders + ":1)\n", "the report is incomplete"},
		{"no such folder", []string{"nowhere"}, 2, "", "nowhere"},
		{"no description", []string{"other"}, 2, "", "other has neither a folder v3 nor docs/v3"},
		{"a list without a reason", []string{"-C", "wrong", "same"}, 2, "", "wrong/docs/drift.yaml:2: an accepted difference needs a reason"},
		{"no contract", []string{"-C", "same", "same"}, 2, "", "openapi.yaml"},
		{"no argument", nil, 2, "", "<description>"},
		{"help", []string{"--help"}, 0, "Usage: specgen drift …", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(append([]string{"drift"}, c.args...), &stdout, &stderr); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if begin, any := strings.CutSuffix(c.stdout, "…"); any && !strings.HasPrefix(stdout.String(), begin) || !any && stdout.String() != c.stdout {
				t.Errorf("unexpected output:\n%s", stdout.String())
			}
			got := stderr.String()
			if c.stderr == "" && got != "" || !strings.Contains(got, c.stderr) || strings.Count(got, "\n") > 1 {
				t.Errorf("stderr is %q, want one line with %q", got, c.stderr)
			}
		})
	}

	var stdout bytes.Buffer
	if code := run([]string{"drift", "differs", "--json"}, &stdout, &bytes.Buffer{}); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	var findings []drift.Finding
	if err := json.Unmarshal(stdout.Bytes(), &findings); err != nil || len(findings) != 1 || findings[0].Kind != drift.Type || findings[0].Line != 15 {
		t.Errorf("%v, findings are %+v", err, findings)
	}
	if code := run([]string{"drift", "differs"}, brokenPipe{}, &bytes.Buffer{}); code != 2 {
		t.Errorf("exit code %d when nobody receives the report, want 2", code)
	}
}
