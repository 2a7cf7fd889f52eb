package codegen

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// inputs are what other programs read on behalf of the tests.
var inputs = []string{
	"gocode/*", "templates/*", "testdata/*", "testdata/small/*", "testdata/plain/*", "testdata/mutants/*", "testdata/walk/*", "../../api/openapi.yaml", "../../api/overlay.go.yaml", "../../api/sandbox.yaml", "../../go.mod", "../../go.sum",
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

// tools is where the programs are that tests build, once there is one.
var tools string

var toolDir = sync.OnceValues(func() (dir string, err error) {
	tools, err = os.MkdirTemp("", "codegen")
	return tools, err
})

// generator is gocode, built once.
var generator = sync.OnceValues(func() (string, error) {
	dir, err := toolDir()
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "gocode.exe")
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", name, "./gocode").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build gocode: %w\n%s", err, out)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if tools != "" {
		os.RemoveAll(tools)
	}
	os.Exit(code)
}

// generate makes code from a contract with one of the configurations of this
// folder, in which it replaces each key of settings by its value. It returns the
// files by name.
func generate(t *testing.T, config, contract string, settings map[string]string) map[string][]byte {
	t.Helper()
	openInputs(t)
	made, err := generated(config, contract, settings)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func generated(config, contract string, settings map[string]string) (map[string][]byte, error) {
	program, err := generator()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(config)
	if err != nil {
		return nil, err
	}
	for was, is := range settings {
		if strings.Count(string(text), was) != 1 {
			return nil, fmt.Errorf("%q does not stand once in %s", was, config)
		}
		text = bytes.Replace(text, []byte(was), []byte(is), 1)
	}
	dir, err := os.MkdirTemp(tools, "")
	if err != nil {
		return nil, err
	}
	changed, out := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "code")
	if err := os.WriteFile(changed, text, 0o666); err != nil {
		return nil, err
	}
	if said, err := exec.Command(program, "-o", out, changed, contract).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s with %s: %w\n%s", contract, config, err, said)
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		return nil, err
	}
	made := map[string][]byte{}
	for _, entry := range entries {
		if made[entry.Name()], err = os.ReadFile(filepath.Join(out, entry.Name())); err != nil {
			return nil, err
		}
	}
	return made, nil
}

const smallPackage = "github.com/wxpayscore/payscore/internal/codegen/testdata/small"

// small is the code of the small contract, made once.
var small = map[string]func() (map[string][]byte, error){
	"client": sync.OnceValues(func() (map[string][]byte, error) {
		return generated("client.yaml", "testdata/small.yaml", map[string]string{
			"package: payscore\n":       "package: small\n",
			"../../api/overlay.go.yaml": "testdata/small.overlay.yaml",
		})
	}),
	"server": sync.OnceValues(func() (map[string][]byte, error) {
		return generated("server.yaml", "testdata/small.yaml", map[string]string{
			"package: payscoreserver\n":                   "package: smallserver\n",
			"../../api/overlay.go.yaml":                   "testdata/small.overlay.yaml",
			"github.com/wxpayscore/payscore/gen/payscore": smallPackage,
		})
	}),
}

// TestGolden shows what a change of the templates, the configurations or the
// generator does to the code. Write the files anew with
//
//	go test ./internal/codegen -run TestGolden -update
func TestGolden(t *testing.T) {
	openInputs(t)
	for name, make := range small {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := make()
			if err != nil {
				t.Fatal(err)
			}
			for name, got := range made {
				golden := filepath.Join("testdata", strings.TrimSuffix(name, ".gen.go")+".golden")
				if *update {
					if err := os.WriteFile(golden, got, 0o666); err != nil {
						t.Fatal(err)
					}
				}
				same(t, golden, got)
			}
		})
	}
}

// TestDrift compares gen/ with what the contract makes of it now.
func TestDrift(t *testing.T) {
	for config, folder := range map[string]string{
		"client.yaml":  "../../gen/payscore",
		"server.yaml":  "../../gen/payscoreserver",
		"sandbox.yaml": "../../gen/sandboxserver",
	} {
		contract := "../../api/openapi.yaml"
		if config == "sandbox.yaml" {
			contract = "../../api/sandbox.yaml"
		}
		t.Run(config, func(t *testing.T) {
			if testing.Short() && config == "client.yaml" {
				t.Skip("the largest of the three")
			}
			t.Parallel()
			text, err := os.ReadFile(config)
			if err != nil {
				t.Fatal(err)
			}
			made := generate(t, config, contract, nil)
			for name, got := range made {
				name = folder + "/" + name
				if !strings.Contains(string(text), ": "+name+"\n") {
					t.Errorf("%s does not write %s", config, name)
				}
				same(t, name, got)
			}
			there, err := filepath.Glob(folder + "/*.gen.go")
			there = slices.DeleteFunc(there, func(name string) bool { return filepath.Base(name) == "notification.gen.go" }) // specgen's
			if err != nil || len(there) != len(made) {
				t.Errorf("%d files are made, and %q are there: %v", len(made), there, err)
			}
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
	if testing.Short() {
		t.Skip("compiles a client and handlers")
	}
	t.Parallel()
	openInputs(t)
	dir := t.TempDir()
	replace := map[string]string{}
	for folder, make := range map[string]func() (map[string][]byte, error){"small": small["client"], "smallserver": small["server"]} {
		made, err := make()
		if err != nil {
			t.Fatal(err)
		}
		for name, code := range made {
			file := filepath.Join(dir, folder+"."+name)
			if err := os.WriteFile(file, code, 0o666); err != nil {
				t.Fatal(err)
			}
			place, err := filepath.Abs(filepath.Join("testdata", folder, name))
			if err != nil {
				t.Fatal(err)
			}
			replace[place] = file
		}
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
