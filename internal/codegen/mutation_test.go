package codegen

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// The contract of one mutant or of many: what is the same in all of them.
const (
	mutantHead = `openapi: 3.0.3
info: {title: Mutants, version: 1.0.0, description: 变异 mutants.}
servers:
  - {url: 'https://one.example.com', description: First host}
  - {url: 'https://two.example.com', description: Second host}
security: [{signature: []}]
tags: [{name: mutant, description: Mutants.}]
paths:
`
	mutantTail = `components:
  securitySchemes:
    signature: {type: apiKey, in: header, name: Authorization}
  responses:
    Refused:
      description: Refused.
      content: {application/json: {schema: {$ref: '#/components/schemas/Error'}, example: {code: NO, message: 不}}}
  schemas:
    Error: {title: 错误, description: A refusal., type: object, required: [code, message], properties: {code: {title: 码, description: A code., type: string, maxLength: 64}, message: {title: 文, description: A text., type: string, maxLength: 64}}}
`
	mutantOperation = `    post:
      operationId: create%s
      tags: [mutant]
      summary: 创建
      description: Creates a mutant.
      externalDocs: {url: 'https://pay.weixin.qq.com/'}
      x-wechatpay-reentry: {same_parameters: unknown, other_parameters: unknown}
      responses: {'204': {description: Taken.}, '400': {$ref: '#/components/responses/Refused'}, '401': {$ref: '#/components/responses/Refused'}, '403': {$ref: '#/components/responses/Refused'}, '404': {$ref: '#/components/responses/Refused'}, '429': {$ref: '#/components/responses/Refused'}, '500': {$ref: '#/components/responses/Refused'}}
`
)

// id is what the mutant's schemas and operation are called by.
func (m mutant) id() string {
	for i := range mutants {
		if mutants[i].name == m.name {
			return fmt.Sprintf("X%03d", i)
		}
	}
	panic("no such mutant")
}

// needed is the name of the required property or parameter.
func (m mutant) needed() string {
	switch {
	case m.called != "":
		return m.called
	case m.path:
		return "value"
	}
	return "needed"
}

var ownName = regexp.MustCompile(`\bM([A-Z])`)

// write adds the mutant to the paths and the schemas of a contract.
func (m mutant) write(paths, schemas *strings.Builder) {
	id := m.id()
	path := "/v3/" + strings.ToLower(id)
	if m.path {
		path += "/{" + m.needed() + "}"
	}
	fmt.Fprintf(paths, "  %s:\n", path)
	fmt.Fprintf(paths, mutantOperation, id)
	own := func(s string) string {
		return strings.ReplaceAll(ownName.ReplaceAllString(s, id+"$1"), "CreateM", "Create"+id)
	}
	paths.WriteString(own(m.operation))
	if m.parameter != "" {
		paths.WriteString("      parameters:\n")
		for _, p := range []struct{ name, required string }{{"value", "false"}, {m.needed(), "true"}} {
			if m.path && p.required == "false" {
				continue
			}
			safe := ""
			if m.path {
				safe = "x-wechatpay-path-safe: A test., "
			}
			fmt.Fprintf(paths, "        - {name: '%s', required: %s, description: A value., %s%s}\n", p.name, p.required, safe, own(m.parameter))
		}
	}
	if m.property != "" {
		good := "1"
		if len(m.good) > 0 {
			good = m.good[0]
		}
		fmt.Fprintf(paths, "      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/%sRequest'}, example: {'%s': %s}}}}\n", id, m.needed(), good)
		fmt.Fprintf(schemas, "    %sRequest: {title: 请求, description: A request., type: object, required: ['%s'], properties: {\n        value: %s,\n        '%s': %s}}\n",
			id, m.needed(), own(m.property), m.needed(), own(m.property))
	}
	schemas.WriteString(own(m.components))
}

func contractOf(list ...mutant) string {
	var paths, schemas strings.Builder
	for _, m := range list {
		m.write(&paths, &schemas)
	}
	return mutantHead + paths.String() + mutantTail + schemas.String()
}

// linter is specgen, built once.
var linter = sync.OnceValues(func() (string, error) {
	dir, err := toolDir()
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "specgen.exe")
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", name, "../../cmd/specgen").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build specgen: %w\n%s", err, out)
	}
	return name, nil
})

type finding struct {
	File          string
	Line          int
	Rule, Message string
}

// lint returns what lint says of each contract.
func lint(t *testing.T, contracts ...string) [][]finding {
	t.Helper()
	program, err := linter()
	if err != nil {
		t.Fatal(err)
	}
	dir, args := t.TempDir(), []string{"lint", "--json"}
	for i, contract := range contracts {
		name := fmt.Sprintf("contract%d.yaml", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(contract), 0o666); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	var all []finding
	if jsonErr := json.Unmarshal(out, &all); jsonErr != nil {
		t.Fatalf("%v, %v: %s", err, jsonErr, out)
	}
	findings := make([][]finding, len(contracts))
	for _, f := range all {
		var i int
		if _, err := fmt.Sscanf(f.File, "contract%d.yaml", &i); err != nil {
			t.Fatalf("%v: %v", f, err)
		}
		findings[i] = append(findings[i], f)
	}
	return findings
}

// TestMutants adds one thing of each kind to a contract. Either lint refuses it
// with a line of the mutant, or the client compiles, sends a value that keeps
// the limit as declared and refuses one that breaks it. testdata/mutants sends
// them; there kin-openapi is the judge of what the contract says.
func TestMutants(t *testing.T) {
	if os.Getenv(walking) == within {
		t.Skip("the walk is about another change")
	}
	t.Parallel()
	openInputs(t)
	var tried, accepted []mutant
	var contracts []string
	for i, m := range mutants {
		if testing.Short() && i%5 != 0 {
			continue
		}
		tried = append(tried, m)
		contracts = append(contracts, contractOf(m))
	}
	t.Run("lint", func(t *testing.T) {
		all := lint(t, contracts...)
		for i, m := range tried {
			t.Run(m.name, func(t *testing.T) {
				findings := all[i]
				var own []finding
				same := map[string]bool{} // lines of every contract
				for line := range strings.Lines(mutantHead + mutantTail + fmt.Sprintf(mutantOperation, m.id())) {
					same[strings.TrimSpace(line)] = true
				}
				lines := strings.Split(contracts[i], "\n")
				for _, f := range findings {
					if line := strings.TrimSpace(lines[f.Line-1]); !same[line] && !strings.HasPrefix(line, "requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/"+m.id()+"Request") {
						own = append(own, f)
					}
				}
				switch {
				case m.refused && len(own) == 0:
					t.Errorf("lint has nothing to say about a line of it: %v", findings)
				case !m.refused && len(findings) > 0:
					t.Errorf("lint refuses it: %v", findings)
				case !m.refused:
					accepted = append(accepted, m)
				}
			})
		}
	})
	if len(accepted) == 0 {
		t.Fatal("lint accepts nothing")
	}
	if !testing.Short() { // it compiles them
		testMutants(t, accepted)
	}
}

// testMutants generates the client and the handlers of one contract with all
// of them, and runs the tests of testdata/mutants.
func testMutants(t *testing.T, accepted []mutant) {
	t.Helper()
	dir := t.TempDir()
	contract := filepath.Join(dir, "contract.yaml")
	if err := os.WriteFile(contract, []byte(contractOf(accepted...)), 0o666); err != nil {
		t.Fatal(err)
	}
	const pkg = "github.com/wxpayscore/payscore/internal/codegen/testdata/mutants"
	type row struct {
		Name, Operation, Where, Needed string
		Good, Wire, Bad, Mangled       []string
	}
	var rows []row
	for _, m := range accepted {
		r := row{Name: m.name, Operation: "Create" + m.id(), Where: "body", Needed: m.needed(), Good: m.good, Wire: m.wire, Bad: m.bad, Mangled: m.mangled}
		if in, _, ok := strings.Cut(strings.TrimPrefix(m.parameter, "in: "), ","); ok {
			r.Where = in
		}
		if len(m.good) == 0 || m.parameter != "" && len(m.wire) != len(m.good) {
			t.Fatalf("%s has no good value or not the text of each", m.name)
		}
		rows = append(rows, r)
	}
	table, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	cases := filepath.Join(dir, "cases.json")
	if err := os.WriteFile(cases, table, 0o666); err != nil {
		t.Fatal(err)
	}
	overlay := map[string]map[string]string{"Replace": {}}
	for folder, made := range map[string]map[string][]byte{
		"mutants": generate(t, "client.yaml", contract, map[string]string{
			"package: payscore\n": "package: mutants\n", "../../api/overlay.go.yaml": "testdata/small.overlay.yaml",
		}),
		"mutantserver": generate(t, "server.yaml", contract, map[string]string{
			"package: payscoreserver\n": "package: mutantserver\n", "../../api/overlay.go.yaml": "testdata/small.overlay.yaml",
			"github.com/wxpayscore/payscore/gen/payscore": pkg,
		}),
	} {
		for name, code := range made {
			file := filepath.Join(dir, folder+"."+name)
			if err := os.WriteFile(file, code, 0o666); err != nil {
				t.Fatal(err)
			}
			place, err := filepath.Abs(filepath.Join("testdata", folder, name))
			if err != nil {
				t.Fatal(err)
			}
			overlay["Replace"][place] = file
		}
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, text, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-vet=off", "-overlay", file, "./testdata/mutants")
	cmd.Env = append(os.Environ(), "MUTANTS_CONTRACT="+contract, "MUTANTS_CASES="+cases)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
