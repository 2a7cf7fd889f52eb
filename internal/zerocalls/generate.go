package zerocalls

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Check writes, compiles and runs the test for the module in dir. Skipped says
// what is not called, and why: a function ("sandbox.New"), a method
// ("sandbox.Server.Close"), a type with its methods, a package ("sandbox") or
// the methods of a package's nil pointers ("sandbox.(nil)"). Instances gives
// the type arguments of generic functions that their constraints do not tell.
func Check(t *testing.T, dir string, skipped, instances map[string]string) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	pkgs, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	var tests []string
	overlay := map[string]string{}
	unused := maps.Clone(skipped)
	for i, p := range pkgs {
		source, err := generate(p, skipped, instances, unused)
		if err != nil {
			t.Fatalf("%s: %v", p.short, err)
		}
		if source == nil {
			continue
		}
		name := fmt.Sprintf("zero%d_test.go", i)
		if err := os.WriteFile(filepath.Join(tmp, name), source, 0o600); err != nil {
			t.Fatal(err)
		}
		tests = append(tests, p.test())
		overlay[filepath.Join(dir, "zerotest", name)] = filepath.Join(tmp, name)
	}
	for _, name := range slices.Sorted(maps.Keys(skipped)) {
		if _, ok := unused[name]; ok {
			t.Errorf("%s is to be skipped, and does not exist", name)
		}
		t.Logf("skipped: %s: %s", name, skipped[name])
	}
	replace, _ := json.Marshal(map[string]any{"Replace": overlay}) // of texts
	if err := os.WriteFile(filepath.Join(tmp, "overlay.json"), replace, 0o600); err != nil {
		t.Fatal(err)
	}
	binary, cwd := filepath.Join(tmp, "zero.test"), t.TempDir()
	build := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", filepath.Join(tmp, "overlay.json"), "-o", binary, "./zerotest")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the generated test does not compile: %v\n%s", err, out)
	}
	for _, name := range tests {
		// One process for each package: a panic in a goroutine of the package ends it.
		run := exec.Command(binary, "-test.v", "-test.timeout=5m", "-test.run=^"+name+"$")
		run.Dir = cwd
		// What would call WeChat Pay finds no way out.
		run.Env = append(os.Environ(), "HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1", "NO_PROXY=")
		out, err := run.CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if line = strings.TrimSpace(line); line != "" && line != "PASS" && line != "FAIL" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
				t.Log(line)
			}
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var panics = regexp.MustCompile(`\bpanics?\b`)

// A pkg is an importable package, and what in it says that it panics.
type pkg struct {
	short      string // the path below the root module
	types      *types.Package
	documented []string
}

// test is the name of the package's test.
func (p pkg) test() string { return "Test_" + strings.NewReplacer("/", "_", "-", "_").Replace(p.short) }

type listed struct {
	ImportPath, Dir, Name, Export string
	GoFiles                       []string
	DepOnly                       bool
}

// list runs go list.
func list(dir string, args ...string) ([]listed, error) {
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, e.Stderr)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
}

// load returns the packages of the module in dir that others can import.
func load(dir string) ([]pkg, error) {
	all, err := list(dir, "-json=ImportPath,Name,GoFiles", "./...")
	if err != nil {
		return nil, err
	}
	args := []string{"-export", "-deps", "-json=ImportPath,Dir,Name,Export,GoFiles,DepOnly"}
	for _, l := range all {
		if l.Name != "main" && len(l.GoFiles) > 0 && !strings.Contains(l.ImportPath+"/", "/internal/") {
			args = append(args, l.ImportPath)
		}
	}
	all, err = list(dir, args...)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, l := range all {
		exports[l.ImportPath] = l.Export
		if strings.HasPrefix(l.ImportPath, modulePath) {
			if err := read(l); err != nil {
				return nil, err
			}
		}
	}
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var pkgs []pkg
	for _, l := range all {
		if l.DepOnly {
			continue
		}
		p := pkg{short: strings.TrimPrefix(strings.TrimPrefix(l.ImportPath, modulePath), "/")}
		if p.types, err = imports.Import(l.ImportPath); err != nil {
			return nil, err
		}
		if p.documented, err = panicking(l); err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
	return pkgs, nil
}

// read reads the files of a package, so that go test knows that a result which
// it has cached depends on them.
func read(l listed) error {
	if _, err := os.ReadDir(l.Dir); err != nil { // a file that is new
		return err
	}
	for _, file := range l.GoFiles {
		if _, err := os.ReadFile(filepath.Join(l.Dir, file)); err != nil {
			return err
		}
	}
	return nil
}

// panicking names the functions and methods whose comment says that they
// panic, and the types whose comment says so of their methods.
func panicking(l listed) ([]string, error) {
	var names []string
	for _, file := range l.GoFiles {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(l.Dir, file), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if panics.MatchString(d.Doc.Text()) {
					names = append(names, receiver(d)+d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok && panics.MatchString(s.Doc.Text()+d.Doc.Text()) {
						names = append(names, s.Name.Name)
					}
				}
			}
		}
	}
	return names, nil
}

// receiver is the type of a method and a dot.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	t := f.Recv.List[0].Type
	for {
		switch u := t.(type) {
		case *ast.StarExpr:
			t = u.X
		case *ast.IndexExpr:
			t = u.X
		case *ast.Ident:
			return u.Name + "."
		default:
			return ""
		}
	}
}

// generate writes the test of one package, nil if it has nothing to call, and takes the reasons that it used out of unused.
func generate(p pkg, reasons, instances, unused map[string]string) ([]byte, error) {
	imports := map[string]bool{}
	qualified := func(q *types.Package) string { imports[q.Path()] = true; return q.Name() }
	var options, body bytes.Buffer
	var skipped []string
	skip := func(name string) bool {
		full := strings.TrimSuffix(p.short+"."+name, ".")
		if _, ok := reasons[full]; !ok {
			return false
		}
		skipped = append(skipped, name)
		delete(unused, full)
		return true
	}
	all, nilReceivers := !skip(""), !skip("(nil)")
	isError := types.Universe.Lookup("error").Type().Underlying().(*types.Interface)
	for _, name := range p.types.Scope().Names() {
		o := p.types.Scope().Lookup(name)
		if !all || !o.Exported() || skip(name) {
			continue
		}
		switch o := o.(type) {
		case *types.Func:
			of := o.Signature()
			args, err := arguments(of.TypeParams(), instances[p.short+"."+name], qualified)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			for _, arg := range args {
				f := qualified(p.types) + "." + name + arg
				fmt.Fprintf(&body, "\tc.Func(%q, %s)\n", name, f)
				if makesOption(of) {
					fmt.Fprintf(&options, "\tc.Option(%q, %s)\n", name, f)
				}
			}
		case *types.TypeName:
			if o.IsAlias() || types.IsInterface(o.Type()) {
				continue
			}
			of := o.Type().(*types.Named)
			args, err := arguments(of.TypeParams(), instances[p.short+"."+name], qualified)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			// A nil pointer is a value of the types that are used by pointer. One to
			// an error is the caller's mistake everywhere in Go.
			nilToo := nilReceivers && !types.Implements(types.NewPointer(of), isError)
			var pointers []string
			for m := range of.Methods() {
				if !m.Exported() || skip(name+"."+m.Name()) {
					continue
				}
				if _, ok := m.Signature().Recv().Type().(*types.Pointer); ok && nilToo {
					pointers = append(pointers, fmt.Sprintf(", %q", m.Name()))
				}
			}
			if types.NewMethodSet(types.NewPointer(of)).Len() == 0 {
				continue
			}
			for _, arg := range args {
				fmt.Fprintf(&body, "\tc.Type(%q, reflect.TypeFor[%s.%s%s]()%s)\n", name, qualified(p.types), name, arg, strings.Join(pointers, ""))
			}
		}
	}
	if body.Len() == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "package zerotest\n\nimport (\n\t\"reflect\"\n\t\"testing\"\n\t%q\n", modulePath+"/internal/zerocalls")
	for _, path := range slices.Sorted(maps.Keys(imports)) {
		fmt.Fprintf(&b, "\t%q\n", path)
	}
	fmt.Fprintf(&b, ")\n\nvar _ = reflect.TypeFor[int] // some packages have no types\n\nfunc %s(t *testing.T) {\n\tc := zerocalls.Start(t, %q, %#v, %#v)\n%s%s}\n",
		p.test(), p.short, p.documented, skipped, &options, &body)
	return b.Bytes(), nil
}

// makesOption reports whether a function returns a func type of its package alone.
func makesOption(f *types.Signature) bool {
	if f.Results().Len() != 1 {
		return false
	}
	_, ok := f.Results().At(0).Type().Underlying().(*types.Signature)
	_, isNamed := f.Results().At(0).Type().(*types.Named)
	return ok && isNamed
}

// arguments returns the lists of type arguments: one empty list for what is not generic.
func arguments(params *types.TypeParamList, given string, qualified types.Qualifier) ([]string, error) {
	switch {
	case params.Len() == 0:
		return []string{""}, nil
	case given != "":
		return []string{"[" + given + "]"}, nil
	case params.Len() > 1:
		return nil, errors.New("no type arguments are given")
	}
	var lists []string
	for _, t := range union(params.At(0).Constraint()) {
		lists = append(lists, "["+types.TypeString(t, qualified)+"]")
	}
	if lists == nil {
		return nil, errors.New("no type arguments are given")
	}
	return lists, nil
}

// union returns the types that a constraint lists.
func union(t types.Type) []types.Type {
	var all []types.Type
	switch u := t.(type) {
	case *types.Union:
		for term := range u.Terms() {
			all = append(all, term.Type())
		}
	default:
		if i, ok := t.Underlying().(*types.Interface); ok {
			for e := range i.EmbeddedTypes() {
				all = append(all, union(e)...)
			}
		} else {
			all = append(all, t)
		}
	}
	return all
}
