package codegen

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// inputs are what other programs read on behalf of the tests.
var inputs = []string{
	"templates/*", "testdata/*", "testdata/small/*", "../../api/openapi.yaml", "../../api/overlay.go.yaml", "../../api/sandbox.yaml", "../../go.mod", "../../go.sum",
}

// openInputs tells the go command, which logs what a test opens, not to take
// the result from its cache when an input has changed.
func openInputs(t *testing.T) {
	t.Helper()
	for _, pattern := range inputs {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		for _, name := range names {
			if _, err := os.ReadFile(name); err != nil && !isDir(name) {
				t.Fatal(err)
			}
		}
	}
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// generatorDir is where generator is, once it is built.
var generatorDir string

// generator is oapi-codegen, built once from the version that go.mod pins.
var generator = sync.OnceValues(func() (string, error) {
	var err error
	if generatorDir, err = os.MkdirTemp("", "codegen"); err != nil {
		return "", err
	}
	name := filepath.Join(generatorDir, "oapi-codegen.exe")
	out, err := exec.Command("go", "build", "-o", name, "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build oapi-codegen: %w\n%s", err, out)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if generatorDir != "" {
		os.RemoveAll(generatorDir)
	}
	os.Exit(code)
}

// generate makes code from a contract with one of the configurations of this
// folder, in which it replaces each key of settings by its value, and output
// by a file that is thrown away.
func generate(t *testing.T, config, contract string, settings map[string]string) []byte {
	t.Helper()
	openInputs(t)
	program, err := generator()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	for was, is := range settings {
		if strings.Count(string(text), was) != 1 {
			t.Fatalf("%q does not stand once in %s", was, config)
		}
		text = bytes.Replace(text, []byte(was), []byte(is), 1)
	}
	dir := t.TempDir()
	output := filepath.Join(dir, "made.go")
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "output:") {
			lines[i] = "output: " + filepath.ToSlash(output)
		}
	}
	changed := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(changed, []byte(strings.Join(lines, "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "-config", changed, contract).CombinedOutput(); err != nil {
		t.Fatalf("%s with %s: %v\n%s", contract, config, err, out)
	}
	made, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

const smallPackage = "github.com/wxpayscore/payscore/internal/codegen/testdata/small"

func smallClient(t *testing.T) []byte {
	t.Helper()
	return generate(t, "client.yaml", "testdata/small.yaml", map[string]string{
		"package: payscore\n":       "package: small\n",
		"../../api/overlay.go.yaml": "testdata/small.overlay.yaml",
	})
}

func smallServer(t *testing.T) []byte {
	t.Helper()
	return generate(t, "server.yaml", "testdata/small.yaml", map[string]string{
		"package: payscoreserver\n":                   "package: smallserver\n",
		"../../api/overlay.go.yaml":                   "testdata/small.overlay.yaml",
		"github.com/wxpayscore/payscore/gen/payscore": smallPackage,
	})
}

// TestGolden shows what a change of the templates, the configurations or the
// generator does to the code. Write the files anew with
//
//	go test ./internal/codegen -run TestGolden -update
func TestGolden(t *testing.T) {
	for name, made := range map[string]func(*testing.T) []byte{
		"testdata/client.golden": smallClient,
		"testdata/server.golden": smallServer,
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			got := made(t)
			if *update {
				if err := os.WriteFile(name, got, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			same(t, name, got)
		})
	}
}

// TestDrift compares gen/ with what the contract makes of it now.
func TestDrift(t *testing.T) {
	for config, name := range map[string]string{
		"client.yaml":  "../../gen/payscore/payscore.gen.go",
		"server.yaml":  "../../gen/payscoreserver/payscoreserver.gen.go",
		"sandbox.yaml": "../../gen/sandboxserver/sandboxserver.gen.go",
	} {
		contract := "../../api/openapi.yaml"
		if config == "sandbox.yaml" {
			contract = "../../api/sandbox.yaml"
		}
		t.Run(config, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(config)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), "\noutput: "+name+"\n") {
				t.Errorf("%s does not write %s", config, name)
			}
			same(t, name, generate(t, config, contract, nil))
			if t.Failed() {
				t.Log("run go generate ./...")
			}
		})
	}
}

// same compares got with the file name and shows the first line that differs.
func same(t *testing.T, name string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := "(end)", "(end)"
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Fatalf("%s differs from what is made now, first in line %d:\nmade %s\nfile %s", name, i+1, g, w)
		}
	}
}

// TestSmall compiles the client and the handlers of the small contract and
// runs the tests of testdata/small against them.
func TestSmall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	replace := map[string]string{}
	for name, made := range map[string][]byte{"small/small.gen.go": smallClient(t), "smallserver/smallserver.gen.go": smallServer(t)} {
		file := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(file, made, 0o666); err != nil {
			t.Fatal(err)
		}
		place, err := filepath.Abs(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		replace[place] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "test", "-vet=off", "-overlay", file, "./testdata/small").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
