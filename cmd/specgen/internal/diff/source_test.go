package diff

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repo makes a repository with a module in it. Each of the maps is one commit
// of files, tagged v0, v1, ...; an empty content removes the file.
func repo(t *testing.T, commits ...map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=Test", "-c", "user.email=test@example.test", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	run("init", "-q", "-b", "main")
	for i, files := range commits {
		for name, content := range files {
			path := filepath.Join(dir, name)
			if content == "" {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		run("add", "-A")
		run("commit", "-q", "--allow-empty", "-m", "commit")
		run("tag", "v"+string(rune('0'+i)))
	}
	return dir
}

const (
	module = "module example.test/parking\n\ngo 1.26\n"
	spec   = "api/openapi.yaml"
)

func TestFind(t *testing.T) {
	dir := repo(t, map[string]string{spec: "first"}, map[string]string{spec: "second"}, map[string]string{spec: ""})
	ctx := context.Background()
	for arg, want := range map[string]string{"v0": "first", "v1": "second", "HEAD~1": "second", "main~2": "first"} {
		side, err := Find(ctx, dir, arg, spec)
		if err != nil || string(side.Data) != want || side.Commit == "" || side.Dir == "" || side.Name != arg+":"+spec {
			t.Errorf("%s: got %+v and %v, want %q", arg, side, err, want)
		}
	}
	// From a directory below, too.
	if side, err := Find(ctx, filepath.Join(dir, "."), "v0", spec); err != nil || string(side.Data) != "first" {
		t.Errorf("got %+v and %v", side, err)
	}
	if _, err := Find(ctx, dir, "main", spec); err == nil || !strings.Contains(err.Error(), "main has no "+spec) {
		t.Errorf("got %v, want that main has no contract", err)
	}
	if _, err := Find(ctx, dir, "", spec); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the work tree has no contract", err)
	}
	for _, arg := range []string{"nonsense", "v9", "-v", "--output=x", "v0:other"} {
		if _, err := Find(ctx, dir, arg, spec); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", arg, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "v0"), []byte("a file"), 0o644); err != nil {
		t.Fatal(err)
	}
	if side, err := Find(ctx, dir, "v0", spec); err != nil || string(side.Data) != "a file" || side.Dir != "" {
		t.Errorf("got %+v and %v, want the file that is called like a tag", side, err)
	}
	if _, err := Find(ctx, t.TempDir(), "v0", spec); err == nil {
		t.Error("found a revision outside of a repository")
	}
}

func TestGoAPI(t *testing.T) {
	const auth = "package auth\n\ntype Signer struct{ ID string }\n\nfunc (s *Signer) Sign(n int) string { return s.ID }\n"
	dir := repo(t,
		map[string]string{"go.mod": module, spec: "x", "auth/auth.go": auth, "limit/limit.go": "package limit\n\nconst Max = 1\n"},
		map[string]string{"auth/auth.go": strings.ReplaceAll(auth, "n int", "n int64"), "apierror/e.go": "package apierror\n"},
		map[string]string{"limit/limit.go": "", "auth/auth.go": auth + "\nfunc New() *Signer { return nil }\n"},
	)
	ctx := context.Background()
	side := func(arg string) Side {
		t.Helper()
		s, err := Find(ctx, dir, arg, spec)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	packages := []string{"auth", "limit", "apierror", "never"}
	for _, c := range []struct {
		before, after string
		class         Class
		want          string
	}{
		{"v0", "v1", Breaking, "auth/auth.go:5: auth.(*Signer).Sign: changed: func(int) string -> func(int64) string"},
		{"v0", "v1", Additive, "apierror: package added"},
		{"v1", "v2", Breaking, "limit: package removed"},
		{"v1", "v2", Additive, "v2:auth/auth.go:7: auth.New: added"},
		{"v1", "", Additive, "auth/auth.go:7: auth.New: added"}, // the work tree
	} {
		findings, err := GoAPI(ctx, side(c.before), side(c.after), packages)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range findings {
			found = found || f.Area == Go && f.Class == c.class && strings.HasSuffix(f.String(), c.want)
		}
		if !found {
			t.Errorf("%s to %q: got %v, want %s %s", c.before, c.after, findings, c.class, c.want)
		}
	}
	for _, pair := range [][2]string{{"v0", "v0"}, {"v2", ""}} {
		if findings, err := GoAPI(ctx, side(pair[0]), side(pair[1]), packages); err != nil || len(findings) != 0 {
			t.Errorf("%v: got %v and %v, want nothing", pair, findings, err)
		}
	}
	if _, err := GoAPI(ctx, side("v0"), Side{}, packages); !errors.Is(err, ErrNoGo) {
		t.Errorf("got %v, want ErrNoGo", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "auth/auth.go"), []byte("package auth\n\nvar x = y\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := GoAPI(ctx, side("v0"), side(""), packages); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line about code that does not compile", err)
	}
}
