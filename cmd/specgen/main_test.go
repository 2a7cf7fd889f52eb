package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/lint"
)

const (
	goodFile = "internal/lint/testdata/good.yaml"
	badFile  = "internal/lint/testdata/bad.yaml"
)

func TestRun(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("a: {b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	finding := regexp.MustCompile(`^internal/lint/testdata/bad\.yaml:\d+: [a-z-]+: .+$`)
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stdout func(string) bool
		stderr string
	}{
		{"clean", []string{"lint", goodFile}, 0, func(s string) bool { return s == "" }, ""},
		{"clean as JSON", []string{"lint", "--json", goodFile}, 0, func(s string) bool { return s == "[]\n" }, ""},
		{"findings", []string{"lint", badFile}, 1, func(s string) bool {
			for line := range strings.Lines(s) {
				if !finding.MatchString(strings.TrimSuffix(line, "\n")) {
					return false
				}
			}
			return strings.Count(s, "\n") > 10
		}, ""},
		{"findings as JSON", []string{"lint", badFile, "--json"}, 1, func(s string) bool {
			var findings []lint.Finding
			err := json.Unmarshal([]byte(s), &findings)
			return err == nil && len(findings) > 10 && findings[0].File == badFile && strings.Contains(s, `"line": `)
		}, ""},
		{"several files", []string{"lint", "--json", goodFile, badFile, goodFile}, 1, func(s string) bool {
			var findings []lint.Finding
			return json.Unmarshal([]byte(s), &findings) == nil && len(findings) > 10 && findings[0].File == badFile
		}, ""},
		{"no file", []string{"lint", "nowhere.yaml"}, 2, func(s string) bool { return s == "" }, "nowhere.yaml"},
		{"a directory", []string{"lint", "internal"}, 2, func(s string) bool { return s == "" }, "internal"},
		{"not YAML", []string{"lint", broken}, 2, func(s string) bool { return s == "" }, "broken.yaml"},
		{"no command", nil, 2, func(s string) bool { return s == "" }, "lint"},
		{"no argument", []string{"lint"}, 2, func(s string) bool { return s == "" }, "<file>"},
		{"unknown flag", []string{"lint", "--what", goodFile}, 2, func(s string) bool { return s == "" }, "--what"},
		{"help", []string{"--help"}, 0, func(s string) bool { return strings.Contains(s, "specgen lint api/openapi.yaml") }, ""},
		{"help of build", []string{"build", "--help"}, 0, func(s string) bool { return strings.Contains(s, "specgen build --check") }, ""},
		{"help of catalog", []string{"catalog", "--help"}, 0, func(s string) bool { return strings.Contains(s, "specgen catalog --check") }, ""},
		{"help of coverage", []string{"coverage", "--help"}, 0, func(s string) bool { return strings.Contains(s, "specgen coverage --check") }, ""},
		{"help of vectors", []string{"vectors", "--help"}, 0, func(s string) bool { return strings.Contains(s, "specgen vectors --check") }, ""},
		{"nothing to build", []string{"-C", "internal", "build"}, 2, func(s string) bool { return s == "" }, "openapi.yaml"},
		{"help of lint", []string{"lint", "--help"}, 0, func(s string) bool { return strings.Contains(s, "specgen lint --json api/openapi.yaml") }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(c.args, &stdout, &stderr); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if !c.stdout(stdout.String()) {
				t.Errorf("unexpected output:\n%s", stdout.String())
			}
			got := stderr.String()
			if c.stderr == "" && got != "" || !strings.Contains(got, c.stderr) {
				t.Errorf("stderr is %q, want %q in it", got, c.stderr)
			}
			if c.stderr != "" && (strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "specgen: ")) {
				t.Errorf("stderr is %q, want one line of specgen", got)
			}
		})
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// A report that nobody received must not look like a clean contract.
func TestRunCannotWrite(t *testing.T) {
	for _, args := range [][]string{{"lint", badFile}, {"lint", "--json", goodFile}} {
		var stderr bytes.Buffer
		if code := run(args, brokenPipe{}, &stderr); code != 2 || !strings.Contains(stderr.String(), "broken pipe") {
			t.Errorf("%v: exit code %d and %q, want 2 and the reason", args, code, stderr.String())
		}
	}
}
