package codegen

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAddParameters adds a header and an array in the query to an operation of
// a copy of the repository: both arrive at the sandbox as declared. A cookie is
// refused by lint and by go generate, with its line.
func TestAddParameters(t *testing.T) {
	onAWalk(t)
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := copyOf(t, root)
	run := func(args ...string) (string, error) {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), walking+"="+within, "GOFLAGS="+os.Getenv("GOFLAGS")+" -buildvcs=false -trimpath") // -trimpath: compiled once, wherever the copy is
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(args ...string) {
		t.Helper()
		if out, err := run(args...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	contract := filepath.Join(dir, "api/openapi.yaml")
	add := func(parameters string) (line int) {
		t.Helper()
		before, after, found := strings.Cut(read(t, contract), "      operationId: queryPartnerServiceOrder\n")
		head, tail, has := strings.Cut(after, "      parameters:\n")
		if !found || !has {
			t.Fatal("the contract has no queryPartnerServiceOrder with parameters")
		}
		before += "      operationId: queryPartnerServiceOrder\n" + head + "      parameters:\n"
		if err := os.WriteFile(contract, []byte(before+parameters+tail), 0o666); err != nil {
			t.Fatal(err)
		}
		return strings.Count(before, "\n") + 1
	}

	add(`        - name: Walk-Scene
          in: header
          description: Where the user is.
          schema: {title: 场景, type: string, minLength: 1, maxLength: 16, pattern: '^[a-z]+$', example: parking}
        - name: walk_states
          in: query
          explode: false
          description: Which states to look at.
          schema: {title: 状态, type: array, minItems: 1, maxItems: 2, items: {type: string, minLength: 1, maxLength: 16}, example: [A, B]}
`)
	must("go", "generate", "./internal/codegen")
	arrival := read(t, "testdata/walk/arrival_test.go")
	if err := os.WriteFile(filepath.Join(dir, "sandbox/arrival_test.go"), []byte(arrival), 0o666); err != nil {
		t.Fatal(err)
	}
	must("go", "test", "-vet=off", "./sandbox", "-run", "TestParameters(Arrive|AreTyped)")

	line := add("        - {name: walk_cookie, in: cookie, description: A cookie., schema: {title: 曲奇, type: string, maxLength: 16}}\n")
	want := fmt.Sprintf("api/openapi.yaml:%d: generated-parameter: ", line)
	for _, args := range [][]string{{"go", "run", "./cmd/specgen", "lint", "api/openapi.yaml"}, {"go", "generate", "./internal/codegen"}} {
		if out, err := run(args...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%v: %v, want a finding at %s\n%s", args, err, want, out)
		}
	}
}
