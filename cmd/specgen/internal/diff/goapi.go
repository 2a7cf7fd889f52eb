package diff

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/exp/apidiff"
)

// Packages are those whose exported API importers rely on.
var Packages = []string{"gen/payscore", "gen/catalog", "auth", "transport", "apierror", "limit", "call", "notify", "serviceorder", "sandbox"}

// ErrNoGo says that a side has no Go packages, since it is a plain file.
var ErrNoGo = errors.New("comparing the Go API takes two git revisions, or one and the work tree: a plain file has no Go packages")

// GoAPI compares the exported API of packages, which are paths from the root
// of the module. A package that neither side has is passed over.
func GoAPI(ctx context.Context, before, after Side, packages []string) ([]Finding, error) {
	if before.Dir == "" || after.Dir == "" {
		return nil, ErrNoGo
	}
	if before.Commit != "" && before.Commit == after.Commit {
		return nil, nil
	}
	o, err := loadGo(ctx, before, packages)
	if err != nil {
		return nil, err
	}
	n, err := loadGo(ctx, after, packages)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, path := range packages {
		was, is := o.packages[path], n.packages[path]
		switch {
		case was == nil && is == nil:
		case is == nil:
			findings = append(findings, Finding{Class: Breaking, Area: Go, Rule: "go-package-removed", At: path, What: "package removed"})
		case was == nil:
			findings = append(findings, Finding{Class: Additive, Area: Go, Rule: "go-package-added", At: path, What: "package added"})
		default:
			for _, c := range apidiff.Changes(was, is).Changes {
				findings = append(findings, goFinding(path, c, o, n))
			}
		}
	}
	Sort(findings)
	return findings, nil
}

func goFinding(path string, change apidiff.Change, o, n *goSide) Finding {
	f := Finding{Class: Breaking, Area: Go, Rule: "go-incompatible"}
	if change.Compatible {
		f.Class, f.Rule = Additive, "go-compatible"
	}
	object, what, _ := strings.Cut(change.Message, ": ")
	if to, changed := strings.CutPrefix(what, "changed from "); changed {
		if from, to, ok := strings.Cut(to, " to "); ok {
			what, f.Old, f.New = "changed", shortTypes(from), shortTypes(to)
		}
	}
	f.At, f.What = path+"."+object, shortTypes(what)
	if f.File, f.Line = n.position(path, object); f.Line == 0 {
		f.File, f.Line = o.position(path, object)
	}
	return f
}

// shortTypes leaves out of an import path what everybody knows.
func shortTypes(s string) string {
	return strings.NewReplacer("github.com/wxpayscore/payscore/gen/payscore.", "payscore.", "github.com/wxpayscore/payscore/", "").Replace(s)
}

// A goSide is the packages of one side, as the compiler exported them.
type goSide struct {
	label    string // before the files of findings
	module   string
	fset     *token.FileSet
	packages map[string]*types.Package
}

// loadGo compiles the packages of a side and reads their export data. A
// revision is unpacked into a directory that is removed again; with -trimpath
// the build cache knows its packages wherever that was.
func loadGo(ctx context.Context, side Side, packages []string) (*goSide, error) {
	dir, label := side.Dir, ""
	if side.Commit != "" {
		label, _, _ = strings.Cut(side.Name, ":")
		label += ":"
		temp, err := os.MkdirTemp("", "specgen-diff-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(temp)
		if err := unpack(ctx, side, temp); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", side.Name, err)
		}
		dir = temp
	}
	args := []string{"list", "-mod=readonly", "-buildvcs=false", "-export", "-deps", "-trimpath", "-e", "-json=ImportPath,Export,Dir,Module,Error,DepOnly,Incomplete"}
	for _, p := range packages {
		if has, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(p), "*.go")); err == nil && len(has) > 0 {
			args = append(args, "./"+p)
		}
	}
	out := &goSide{label: label, fset: token.NewFileSet(), packages: map[string]*types.Package{}}
	if args[len(args)-1][0] != '.' {
		return out, nil
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	// The side stands alone, without a workspace around it.
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	listing, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("compile the packages of %s: %s", side.Name, oneLine(stderr.String()))
	}
	exports := map[string]string{}
	var roots []string
	for dec := json.NewDecoder(bytes.NewReader(listing)); ; {
		var p struct {
			ImportPath, Export string
			DepOnly            bool
			Module             *struct{ Path string }
			Error              *struct{ Err string }
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read the answer of go list: %w", err)
		}
		if p.Error != nil {
			return nil, fmt.Errorf("compile %s of %s: %s", p.ImportPath, side.Name, oneLine(p.Error.Err))
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly && p.Module != nil {
			out.module = p.Module.Path
			roots = append(roots, p.ImportPath)
		}
	}
	imp := importer.ForCompiler(out.fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("%s was not compiled", path)
		}
		return os.Open(exports[path])
	})
	for _, path := range roots {
		pkg, err := imp.Import(path)
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", path, side.Name, err)
		}
		out.packages[strings.TrimPrefix(path, out.module+"/")] = pkg
	}
	return out, nil
}

// unpack writes the files of a commit to a directory.
func unpack(ctx context.Context, side Side, dir string) error {
	archive, err := git(ctx, side.Dir, "archive", "--format=tar", side.Commit)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(filepath.Clean(h.Name), 0o700)
		case tar.TypeReg:
			err = extract(root, filepath.FromSlash(h.Name), r)
		}
		if err != nil {
			return err
		}
	}
}

func extract(root *os.Root, name string, r io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// position finds the object that apidiff names, like Client.Pay or (*Client).Pay.
func (s *goSide) position(path, object string) (file string, line int) {
	pkg := s.packages[path]
	if pkg == nil {
		return "", 0
	}
	name, part, _ := strings.Cut(strings.NewReplacer("(*", "", "(", "", ")", "").Replace(object), ".")
	part, _, _ = strings.Cut(part, ",")
	o := pkg.Scope().Lookup(name)
	if o == nil {
		return "", 0
	}
	pos := o.Pos()
	if part != "" {
		if field, _, _ := types.LookupFieldOrMethod(types.NewPointer(o.Type()), true, pkg, part); field != nil {
			pos = field.Pos()
		} else {
			return "", 0
		}
	}
	at := s.fset.Position(pos)
	name = strings.TrimPrefix(filepath.ToSlash(at.Filename), s.module+"/")
	return s.label + name, at.Line
}
