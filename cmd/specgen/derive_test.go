package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repositoryOf makes a repository with files of this one.
func repositoryOf(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// derivers are the subcommands that derive files, with what they read and write.
var derivers = []struct {
	name          string
	reads, writes []string
}{
	{"build", []string{"api/openapi.yaml"}, []string{"api/dist/openapi.json", "api/dist/openapi-3.1.json", "api/dist/reference.html"}},
	{"catalog", []string{"api/openapi.yaml"}, []string{"gen/catalog/catalog.gen.go", "gen/catalog/example_test.go", "gen/payscore/notification.gen.go", "notify/eventtypes.gen.go"}},
	{"coverage", []string{"api/openapi.yaml", "docs/pages.yaml"}, []string{"docs/coverage.md"}},
	{"vectors", []string{"api/vectors/merchant_key.pem", "api/vectors/wechatpay_private_key.pem", "api/vectors/platform_private_key.pem",
		"api/vectors/platform_private_key_2.pem", "api/vectors/platform_cert.pem", "api/vectors/platform_cert_2.pem"},
		[]string{"api/vectors/signature.json", "api/vectors/notification.json", "api/vectors/launch.json", "api/vectors/certificates.json", "api/vectors/sensitive.json"}},
}

func TestDerive(t *testing.T) {
	for _, c := range derivers {
		if testing.Short() && (c.name == "build" || c.name == "vectors") {
			continue // they take their time, and TestDrift runs them
		}
		t.Run(c.name, func(t *testing.T) {
			dir := repositoryOf(t, c.reads...)
			do := func(code int, want string, args ...string) {
				t.Helper()
				var stdout, stderr bytes.Buffer
				got := run(append([]string{"-C", dir, c.name}, args...), &stdout, &stderr)
				if got != code || stdout.String() != want || stderr.Len() > 0 {
					t.Errorf("%v: exit code %d, %q and %q, want %d and %q", args, got, stdout.String(), stderr.String(), code, want)
				}
			}
			first := filepath.Join(dir, filepath.FromSlash(c.writes[0]))
			stale, written := "", ""
			for _, name := range c.writes {
				stale += name + ": out of date, run go generate ./...\n"
				written += name + ": written\n"
			}
			do(1, stale, "--check")
			if _, err := os.Stat(first); err == nil {
				t.Error("--check writes")
			}
			do(0, written)

			// What is there already is left alone, what differs is not.
			long := time.Now().Add(-time.Hour).Truncate(time.Second)
			if err := os.Chtimes(first, long, long); err != nil {
				t.Fatal(err)
			}
			do(0, "")
			if info, err := os.Stat(first); err != nil || !info.ModTime().Equal(long) {
				t.Error("a file that is up to date was written")
			}
			if err := os.WriteFile(first, []byte("changed by hand"), 0o666); err != nil {
				t.Fatal(err)
			}
			do(1, c.writes[0]+": out of date, run go generate ./...\n", "--check")
			do(0, c.writes[0]+": written\n")
			do(0, "", "--check")
		})
	}
}

// What is in the repository is what the contract makes of it.
func TestDrift(t *testing.T) {
	for _, c := range derivers {
		var stdout, stderr bytes.Buffer
		if code := run([]string{"-C", "../..", c.name, "--check"}, &stdout, &stderr); code != 0 {
			t.Errorf("%s: %s%s", c.name, stdout.String(), stderr.String())
		}
	}
}

func TestDeriveTellsWhere(t *testing.T) {
	for _, c := range derivers {
		if c.name == "vectors" {
			continue // it reads keys, not the contract
		}
		dir := repositoryOf(t, c.reads...)
		for text, want := range map[string]string{
			"openapi: 3.0.3\na: {b\n": "openapi.yaml:1: ",
			"":                        "openapi.yaml: the file is empty",
		} {
			if err := os.WriteFile(filepath.Join(dir, "api/openapi.yaml"), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			if code := run([]string{"-C", dir, c.name}, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), want) {
				t.Errorf("%s: exit code %d and %q, want 2 and %q", c.name, code, stderr.String(), want)
			}
		}
	}
}

// A disagreement is a finding with file and line, and nothing is written.
func TestCoverageDisagrees(t *testing.T) {
	dir := repositoryOf(t, "api/openapi.yaml")
	pages := "- family: none\n  title: 无\n  description: None.\n  pages:\n    - title: 无\n      operation: GET /nothing\n"
	if err := os.MkdirAll(filepath.Join(dir, "docs"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "docs/pages.yaml"), []byte(pages), 0o666); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code := run([]string{"-C", dir, "coverage"}, &stdout, &stderr)
	if code != 1 || !strings.Contains(stdout.String(), "docs/pages.yaml:5: GET /nothing is not in the contract") {
		t.Errorf("exit code %d and %s%s", code, stdout.String(), stderr.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "docs/coverage.md")); err == nil {
		t.Error("written all the same")
	}
}

func TestVectorsNameTheKey(t *testing.T) {
	dir := repositoryOf(t, derivers[3].reads...)
	if err := os.WriteFile(filepath.Join(dir, "api/vectors/platform_private_key.pem"), []byte("no key"), 0o666); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if code := run([]string{"-C", dir, "vectors"}, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "platform_private_key.pem: no PEM block") {
		t.Errorf("exit code %d and %q, want 2 and the file", code, stderr.String())
	}
}

func TestDeriveCannotWrite(t *testing.T) {
	for _, c := range derivers {
		if testing.Short() && c.name != "catalog" {
			continue
		}
		var stderr bytes.Buffer
		if code := run([]string{"-C", repositoryOf(t, c.reads...), c.name}, brokenPipe{}, &stderr); code != 2 || !strings.Contains(stderr.String(), "broken pipe") {
			t.Errorf("%s: exit code %d and %q, want 2 and the reason", c.name, code, stderr.String())
		}
	}
}
