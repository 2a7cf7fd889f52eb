package codegen

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlainClient does what a team does that generates a client of its own:
// oapi-codegen with its own templates and no overlay. It has to compile in
// another module, and to modify an order of the sandbox with the signer and the
// transport of this one.
func TestPlainClient(t *testing.T) {
	onAWalk(t) // it compiles a client of 20,000 lines
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
		}
	}
	// The scratch module needs what this one needs, and this one.
	mod := strings.Replace(read(t, filepath.Join(root, "go.mod")), "module github.com/wxpayscore/payscore\n", "module scratch\n", 1)
	mod += "\nrequire github.com/wxpayscore/payscore v0.0.0\nreplace github.com/wxpayscore/payscore => " + filepath.ToSlash(root) + "\n"
	for name, text := range map[string]string{
		"go.mod": mod, "go.sum": read(t, filepath.Join(root, "go.sum")), "plain_test.go": read(t, "testdata/plain/plain_test.go"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "plain"), 0o777); err != nil {
		t.Fatal(err)
	}
	run("go", "run", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen", "-generate", "types,client", "-package", "plain", "-o", "plain/plain.gen.go", filepath.Join(root, "api/openapi.yaml"))
	run("go", "test", "-vet=off", "./...")
}
