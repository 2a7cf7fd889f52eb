package drift

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// maxFile is far more than one path or the shared definitions need.
const maxFile = 1 << 20

// A Folder holds a description: one Swagger 2.0 file for a path, such as
// v3/payscore/serviceorder.yaml for /v3/payscore/serviceorder.
type Folder struct {
	*source
	unread map[string]bool // shapes of the paths whose files cannot be read
}

// Open opens the folder that holds v3, or docs/v3. Nothing outside of it is
// read, whatever its files refer or link to.
func Open(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	for _, sub := range []string{".", "docs"} {
		if info, err := root.Stat(path.Join(sub, "v3")); err != nil || !info.IsDir() {
			continue
		}
		inner, err := root.OpenRoot(sub)
		root.Close()
		if err != nil {
			return nil, err
		}
		return &Folder{&source{root: inner, label: filepath.Join(dir, sub), files: map[string]*file{}}, map[string]bool{}}, nil
	}
	root.Close()
	return nil, fmt.Errorf("%s has neither a folder v3 nor docs/v3", dir)
}

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// payScore is the beginning of the paths that are compared, whether the
// contract has them or not.
const payScore = "/v3/payscore/"

// A described operation is one of the description.
type described struct {
	key     string     // method and path
	file    *file      // without its nodes unless the contract has the path, since there may be thousands
	node    *yaml.Node // the same
	line    int
	updated string   // the date of its page, like 2025-03-06, or ""
	pages   []string // the official pages that it names
}

func (d *described) finding(kind Kind, ours, theirs string) Finding {
	return Finding{Operation: d.key, Kind: kind, Contract: ours, Description: theirs, Pages: d.pages, File: d.file.label, Line: d.line}
}

// operations returns the operations of PayScore and those of the given paths,
// by the shape of method and path.
func (f *Folder) operations(paths map[string]bool) map[string]described {
	out := map[string]described{}
	read := func(name string) {
		url, ok := strings.CutSuffix("/"+name, ".yaml")
		if !ok || !strings.HasPrefix(url, payScore) && !paths[shape(url)] {
			return
		}
		opened := f.parse(name)
		if opened.err != nil {
			f.unread[shape(url)] = true
			f.broken(opened, opened.err)
			return
		}
		compared := paths[shape(url)]
		for _, method := range contract.Methods {
			key, n := contract.Lookup(opened.root, method)
			if !contract.IsMapping(n) {
				continue
			}
			op := described{key: strings.ToUpper(method) + " " + url, file: opened, line: key.Line}
			if other, ok := out[shape(op.key)]; ok {
				f.problem(opened, key.Line, "describes the same operation as %s", other.file.name)
				continue
			}
			f.describe(&op, n)
			if compared {
				op.node = n
			}
			out[shape(op.key)] = op
		}
		if !compared {
			opened.root = nil
		}
	}
	_ = fs.WalkDir(f.root.FS(), "v3", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			f.broken(&file{label: f.labelOf(name)}, err)
		} else if !entry.IsDir() {
			read(name)
		}
		return nil // the rest can still be read
	})
	return out
}

var official = regexp.MustCompile(`https://pay\.weixin\.qq\.com/[^\s()<>\[\]"']+`)

// describe reads what the description says about the page of an operation.
func (f *Folder) describe(op *described, n *yaml.Node) {
	op.pages = official.FindAllString(contract.String(n, "description"), maxPages)
	key, updated := contract.Lookup(n, "x-last-updated-at")
	if updated == nil {
		return
	}
	for _, layout := range []string{"2006.1.2", "2006-1-2"} {
		if date, err := time.Parse(layout, updated.Value); err == nil {
			op.updated = date.Format(time.DateOnly)
			return
		}
	}
	f.problem(op.file, key.Line, "x-last-updated-at is no date like 2025.03.06: %.40q", updated.Value)
}

// maxPages is how many links a finding shows.
const maxPages = 5

// A source is where the files of one side come from. The contract is one file.
type source struct {
	root  *os.Root         // nil for the contract
	label string           // of the folder
	files map[string]*file // those that were read, by name

	problems []Finding
}

// A file is one that was read, or why it was not.
type file struct {
	name  string // in the folder
	label string // for people
	root  *yaml.Node
	err   error
}

// A place is a node of a file.
type place struct {
	file *file
	node *yaml.Node
}

func (s *source) problem(in *file, line int, format string, args ...any) {
	s.problems = append(s.problems, Finding{Kind: Unread, Message: fmt.Sprintf(format, args...), File: in.label, Line: line})
}

func (s *source) labelOf(name string) string {
	return filepath.Join(s.label, filepath.FromSlash(name))
}

// load returns a file that a reference names. It is read once.
func (s *source) load(name string) *file {
	f, ok := s.files[name]
	if !ok {
		f = s.parse(name)
		s.files[name] = f
	}
	return f
}

func (s *source) parse(name string) *file {
	f := &file{name: name, label: s.labelOf(name)}
	var data []byte
	if data, f.err = s.bytes(name); f.err == nil {
		f.root, f.err = contract.Parse(data)
	}
	return f
}

func (s *source) bytes(name string) ([]byte, error) {
	// Opening a pipe would wait for somebody who writes to it.
	info, err := s.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := s.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("larger than %d bytes", maxFile)
	}
	return data, err
}

// broken adds the finding that a file cannot be read.
func (s *source) broken(in *file, err error) {
	line, text := contract.Position(err)
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		text = failed.Err.Error() // the finding names the file
	case errors.Is(err, contract.ErrNotMapping):
		text = "not a YAML mapping"
	}
	s.problem(in, line, "%s", text)
}

var errCircle = errors.New("the reference leads back to itself")

// follow returns the place that a reference means, or the place itself when it
// is none. What cannot be followed is a finding.
func (s *source) follow(at place) (place, bool) {
	for range 100 {
		key, n := contract.Lookup(at.node, "$ref")
		if key == nil {
			return at, true
		}
		to, err := s.target(at, n)
		if err != nil {
			s.problem(at.file, key.Line, "$ref %.200q: %v", contract.String(at.node, "$ref"), err)
			return at, false
		}
		if to.node == nil {
			return at, false // the file that it is in was found broken
		}
		at = to
	}
	s.problem(at.file, at.node.Line, "$ref: %v", errCircle)
	return at, false
}

// target finds what a reference means. References into the definitions may
// leave out the slash: definitions/PayScore.yaml#Order.
func (s *source) target(at place, ref *yaml.Node) (place, error) {
	if ref == nil || ref.Kind != yaml.ScalarNode {
		return place{}, errors.New("not a text")
	}
	name, fragment, _ := strings.Cut(ref.Value, "#")
	to := at.file
	if name != "" {
		if s.root == nil {
			return place{}, errors.New("the contract is one file")
		}
		name = path.Join(path.Dir(at.file.name), name)
		if !fs.ValidPath(name) {
			return place{}, errors.New("leads out of the folder")
		}
		if _, err := s.root.Lstat(name); err != nil {
			return place{}, errors.New("no such file in the folder")
		}
		if to = s.load(name); to.err != nil {
			s.broken(to, to.err)
			return place{}, nil
		}
	}
	node := to.root
	if fragment = strings.TrimPrefix(fragment, "/"); fragment != "" {
		node = contract.Find(to.root, "#/"+fragment)
	}
	if node == nil {
		return place{}, errors.New("nothing of that name")
	}
	return place{to, node}, nil
}
