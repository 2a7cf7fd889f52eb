package sandbox_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/sandbox/internal/authority"
)

const issuerFile = "ca_issuer.pem"

// authorityModes checks who may read the authority's files.
func authorityModes(t *testing.T, dir string) {
	t.Helper()
	for name, want := range map[string]os.FileMode{sandbox.AuthorityCertFile: 0o644, issuerFile: 0o600} {
		// The umask may take more away.
		if mode := must(os.Stat(filepath.Join(dir, name))).Mode(); mode&^want != 0 || mode&0o600 != 0o600 {
			t.Errorf("%s has mode %v", name, mode)
		}
	}
}

// Clients go on to trust a sandbox that starts again.
func TestAuthorityStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := must(sandbox.OpenCredentials(dir))
	authorityModes(t, dir)
	before := contents(t, dir)
	if strings.Contains(before[sandbox.AuthorityCertFile], "PRIVATE") || strings.Count(before[issuerFile], "PRIVATE KEY") != 2 {
		t.Error("not one private key in the issuer's file alone")
	}
	if !must(sandbox.OpenCredentials(dir)).CertPool().Equal(first.CertPool()) || !maps.Equal(contents(t, dir), before) {
		t.Error("opened again, it is another authority")
	}
	if must(sandbox.NewCredentials()).CertPool().Equal(first.CertPool()) {
		t.Error("two sandboxes have the same authority")
	}
}

// A directory of an earlier version gets an authority, and one that soon ends, or has
// other hosts, is replaced. No other file changes.
func TestAuthorityIsRenewed(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	must(sandbox.OpenCredentials(whole))
	old := must(authority.New(time.Now().AddDate(-4, 0, 0)))
	root, issuer, err := old.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(f map[string]string){
		"an earlier version": func(f map[string]string) {
			delete(f, sandbox.AuthorityCertFile)
			delete(f, issuerFile)
		},
		"about to end": func(f map[string]string) { f[sandbox.AuthorityCertFile], f[issuerFile] = string(root), string(issuer) },
	} {
		dir, files := t.TempDir(), contents(t, whole)
		change(files)
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := sandbox.OpenCredentials(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		authorityModes(t, dir)
		after := contents(t, dir)
		for file, content := range contents(t, whole) {
			own := file == sandbox.AuthorityCertFile || file == issuerFile
			if own && (after[file] == files[file] || after[file] == "") || !own && after[file] != content {
				t.Errorf("%s: %s", name, file)
			}
			delete(after, file)
		}
		if len(after) > 0 {
			t.Errorf("%s: left behind: %v", name, after)
		}
		if !must(sandbox.OpenCredentials(dir)).CertPool().Equal(c.CertPool()) {
			t.Errorf("%s: renewed each time", name)
		}
	}
}

// Which file is damaged, and what to do, is said.
func TestAuthorityDamaged(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	must(sandbox.OpenCredentials(whole))
	for _, damaged := range []string{sandbox.AuthorityCertFile, issuerFile} {
		for name, content := range map[string]string{"empty": "", "text": "text", "cut off": contents(t, whole)[damaged][:120], "missing": "-"} {
			dir, files := t.TempDir(), contents(t, whole)
			if files[damaged] = content; name == "missing" {
				delete(files, damaged)
			}
			for name, content := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := sandbox.OpenCredentials(dir)
			if err == nil {
				t.Fatalf("%s %s: opened", damaged, name)
			}
			// The first that it names is the one.
			says, _, _ := strings.Cut(err.Error(), "delete ")
			other := map[string]string{sandbox.AuthorityCertFile: issuerFile, issuerFile: sandbox.AuthorityCertFile}[damaged]
			if !strings.Contains(says, damaged) || strings.Contains(says, other) || !strings.Contains(err.Error(), "delete ca_cert.pem and ca_issuer.pem, and new ones are made") {
				t.Errorf("%s %s: %v", damaged, name, err)
			}
			// What it says helps.
			for _, file := range []string{sandbox.AuthorityCertFile, issuerFile} {
				_ = os.Remove(filepath.Join(dir, file))
			}
			if _, err := sandbox.OpenCredentials(dir); err != nil {
				t.Errorf("%s %s, then: %v", damaged, name, err)
			}
		}
	}
}
