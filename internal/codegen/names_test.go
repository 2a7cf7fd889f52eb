package codegen

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestTakenNames reads the names that generated code has for itself out of it:
// lint refuses each for a schema, and for a path parameter each that its method
// uses.
func TestTakenNames(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	var operations []string
	parameters := map[string]bool{}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			operations = append(operations, strings.ToUpper(op.OperationID[:1])+op.OperationID[1:])
			for _, p := range op.Parameters {
				parameters[strings.ToLower(strings.ReplaceAll(p.Value.Name, "_", ""))] = true
			}
		}
	}
	ofContract := func(name string) bool {
		if doc.Components.Schemas[name] != nil || slices.ContainsFunc(operations, func(op string) bool { return strings.Contains(name, op) }) {
			return true
		}
		for schema, ref := range doc.Components.Schemas { // constants of an enum, and enums of a property
			if _, ok := strings.CutPrefix(name, schema); ok && hasEnum(ref.Value) {
				return true
			}
		}
		for response := range doc.Components.Responses {
			if strings.HasPrefix(name, response) && strings.Contains(name, "Response") {
				return true
			}
		}
		return false
	}

	declared, used := map[string]bool{}, map[string]bool{}
	for _, folder := range []string{"payscore", "payscoreserver"} {
		files, err := filepath.Glob("../../gen/" + folder + "/*.gen.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("no code in %s: %v", folder, err)
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range file.Decls {
				switch decl := decl.(type) {
				case *ast.GenDecl:
					for _, spec := range decl.Specs {
						switch spec := spec.(type) {
						case *ast.TypeSpec:
							declared[spec.Name.Name] = true
						case *ast.ValueSpec:
							for _, n := range spec.Names {
								declared[n.Name] = true
							}
						}
					}
				case *ast.FuncDecl:
					if decl.Recv == nil {
						declared[decl.Name.Name] = true
					} else if slices.Contains(operations, decl.Name.Name) && decl.Body != nil {
						identifiers(decl, used)
					}
				}
			}
		}
	}

	var schemas strings.Builder
	var want []string
	for name := range declared {
		if ast.IsExported(name) && !ofContract(name) {
			fmt.Fprintf(&schemas, "    %s: {title: 部分, description: A part., type: object, properties: {a: {title: 甲, description: A., type: boolean}}}\n", name)
			want = append(want, "components.schemas."+name)
		}
	}
	var paths strings.Builder
	for name := range used {
		if !unicode.IsLower(rune(name[0])) || parameters[strings.ToLower(name)] || strings.HasPrefix(name, "pattern") || strings.ContainsFunc(name, unicode.IsUpper) {
			continue
		}
		// One parameter of many paths, each with an operation of its own.
		fmt.Fprintf(&paths, "  /v3/%s/{%s}:\n"+mutantOperation+"      parameters: [{name: %s, in: path, required: true, description: A value., schema: {title: 值, type: boolean}}]\n", name, name, strings.ToUpper(name[:1])+name[1:], name)
		want = append(want, "paths./v3/"+name+"/{"+name+"}.post.parameters[0]")
	}
	if len(want) < 60 {
		t.Fatalf("only %d names are taken: %q", len(want), want)
	}
	findings := lint(t, mutantHead+paths.String()+mutantTail+schemas.String())[0]
	for _, name := range want {
		if !slices.ContainsFunc(findings, func(f finding) bool { return f.Rule == "generated-names" && strings.HasPrefix(f.Message, name+" ") }) {
			t.Errorf("lint takes %s", name)
		}
	}
}

func hasEnum(s *openapi3.Schema) bool {
	for _, p := range s.Properties {
		if p.Ref == "" && len(p.Value.Enum) > 0 {
			return true
		}
	}
	return len(s.Enum) > 0
}

// identifiers adds the names that a function uses, but for those after a dot and
// the keys of literals.
func identifiers(f *ast.FuncDecl, used map[string]bool) {
	after := map[*ast.Ident]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			after[n.Sel] = true
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				after[key] = true
			}
		case *ast.FuncDecl:
			after[n.Name] = true
		case *ast.Ident:
			if !after[n] {
				used[n.Name] = true
			}
		}
		return true
	})
}
