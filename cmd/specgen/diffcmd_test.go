package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/diff"
)

func TestRunDiff(t *testing.T) {
	data, err := os.ReadFile("internal/diff/testdata/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	edit := func(old, new string) string { return strings.Replace(string(data), old, new, 1) }
	write("same.yaml", string(data))
	write("breaking.yaml", edit("maxLength: 20}", "maxLength: 10}"))
	write("additive.yaml", edit("maxLength: 20}", "maxLength: 30}"))
	write("text.yaml", edit("What is paid for.", "What for."))
	write("api/openapi.yaml", string(data))
	write("go.mod", "module example.test/parking\n\ngo 1.26\n")
	write("auth/auth.go", "package auth\n\nfunc Sign() {}\n")
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"-c", "user.name=T", "-c", "user.email=t@example.test", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "first"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write("auth/auth.go", "package auth\n\nfunc Sign(n int) {}\n")
	t.Chdir(dir)

	has := func(want string) func(string) bool { return func(s string) bool { return strings.Contains(s, want) } }
	empty := func(s string) bool { return s == "" }
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stdout func(string) bool
		stderr string
	}{
		{"itself", []string{"same.yaml", "same.yaml"}, 0, empty, ""},
		{"itself as Markdown", []string{"same.yaml", "same.yaml", "--format", "markdown"}, 0, empty, ""},
		{"itself as JSON", []string{"same.yaml", "same.yaml", "--json"}, 0, func(s string) bool { return s == "[]\n" }, ""},
		{"a revision against itself", []string{"main", "HEAD"}, 0, empty, ""},
		{"breaking", []string{"same.yaml", "breaking.yaml"}, 1, has("Breaking (1)\n  breaking.yaml:138: Item.name: "), ""},
		{"breaking, not to fail", []string{"same.yaml", "breaking.yaml", "--fail-on", "none"}, 0, has("Breaking (1)\n"), ""},
		{"additive", []string{"same.yaml", "additive.yaml"}, 0, has("Additive (1)\n"), ""},
		{"additive, to fail", []string{"same.yaml", "additive.yaml", "--fail-on", "additive"}, 1, has("Additive (1)\n"), ""},
		{"breaking fails for additive", []string{"same.yaml", "breaking.yaml", "--fail-on", "additive"}, 1, has("Breaking"), ""},
		{"text", []string{"same.yaml", "text.yaml"}, 0, has("Documentation (1)\n"), ""},
		{"text, not additive", []string{"same.yaml", "text.yaml", "--fail-on", "additive"}, 0, has("Documentation (1)\n"), ""},
		{"text, to fail", []string{"same.yaml", "text.yaml", "--fail-on", "documentation"}, 1, has("Documentation (1)\n"), ""},
		{"Markdown", []string{"same.yaml", "breaking.yaml", "--format=markdown"}, 1, has("### Breaking\n\n- `Item.name`: "), ""},
		{"JSON", []string{"same.yaml", "breaking.yaml", "--json"}, 1, func(s string) bool {
			var f []diff.Finding
			return json.Unmarshal([]byte(s), &f) == nil && len(f) == 1 && f[0].Class == diff.Breaking && f[0].Line == 138 && f[0].Old == "20" && f[0].New == "10"
		}, ""},
		{"work tree, with its Go", []string{"main"}, 1, has("Go API, breaking (1)\n  auth/auth.go:3: auth.Sign: changed: func() -> func(int)\n"), ""},
		{"work tree, without", []string{"main", "--no-go"}, 0, empty, ""},
		{"Go of a file", []string{"same.yaml", "same.yaml", "--go"}, 2, empty, "a plain file has no Go packages"},
		{"no such revision", []string{"nonsense"}, 2, empty, "nonsense: neither a file nor a git revision"},
		{"no contract there", []string{"main", "--path", "spec.yaml"}, 2, empty, "main has no spec.yaml"},
		{"not a contract", []string{"same.yaml", "go.mod"}, 2, empty, "go.mod"},
		{"unknown class", []string{"same.yaml", "same.yaml", "--fail-on", "all"}, 2, empty, "--fail-on"},
		{"no argument", nil, 2, empty, "<old>"},
		{"help", []string{"--help"}, 0, has("specgen diff v1.2.0 v1.3.0 --format markdown"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(append([]string{"diff"}, c.args...), &stdout, &stderr); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if !c.stdout(stdout.String()) {
				t.Errorf("unexpected output:\n%s", stdout.String())
			}
			got := stderr.String()
			if c.stderr == "" && got != "" || !strings.Contains(got, c.stderr) || strings.Count(got, "\n") > 1 {
				t.Errorf("stderr is %q, want one line with %q", got, c.stderr)
			}
		})
	}
	if code := run([]string{"diff", "same.yaml", "breaking.yaml"}, brokenPipe{}, &bytes.Buffer{}); code != 2 {
		t.Errorf("exit code %d when nobody receives the report, want 2", code)
	}
}
