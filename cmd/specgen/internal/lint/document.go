package lint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// An object is one place of the document with the kind that the standard gives
// it there. A reference is an object too: it has the kind it stands for.
type object struct {
	kind kind
	node *yaml.Node // a mapping
	line int        // of its key, or of itself in a list

	parent *object
	field  string // the field of the parent, such as "properties"
	name   string // the name or index within that field, if it has many
	ref    string // the target, when the object is a reference

	children []*object
}

// at gives the path that findings name, like components.schemas.A.properties.b.
func (o *object) at() string { return o.step().String() }

func (o *object) step() *step {
	if o.parent == nil {
		return nil
	}
	return &step{&step{o.parent.step(), o.field}, o.name}
}

// lineOf gives the line of a field, or of the object when it is absent.
func (o *object) lineOf(field string) int {
	if k, _ := lookup(o.node, field); k != nil {
		return k.Line
	}
	return o.line
}

func (o *object) has(field string) bool { k, _ := lookup(o.node, field); return k != nil }

func (o *object) text(field string) string { return text(o.node, field) }

// under says which field of which kind the object stands in.
func (o *object) under(k kind, field string) bool {
	return o.parent != nil && o.parent.kind == k && o.field == field
}

func (o *object) within(k kind) bool {
	for p := o.parent; p != nil; p = p.parent {
		if p.kind == k {
			return true
		}
	}
	return false
}

// in gives the children in a field.
func (o *object) in(field string) []*object {
	var out []*object
	for _, c := range o.children {
		if c.field == field {
			out = append(out, c)
		}
	}
	return out
}

// child gives the one child in a field, or nil.
func (o *object) child(field string) *object {
	if c := o.in(field); len(c) > 0 {
		return c[0]
	}
	return nil
}

// A document is the contract as a list of objects in reading order.
type document struct {
	data    []byte
	root    *yaml.Node
	objects []*object
	byNode  map[place]*object
	visited map[visit]*object

	cyclic      []*object
	cyclesKnown bool
}

type place struct {
	node *yaml.Node
	kind kind
}

// A visit keeps the walk from running in circles through aliases, while a node
// with an anchor is still seen once in each role that it plays.
type visit struct {
	place
	parent      kind
	field, name string
}

var (
	errEmpty      = errors.New("the file is empty")
	errNotMapping = errors.New("the file is not a YAML mapping: an OpenAPI document starts with \"openapi: 3.0.3\"")
	errTooDeep    = fmt.Errorf("the file is nested more than %d levels deep", maxDepth)
	errTwoFiles   = errors.New("the file holds more than one YAML document: keep the contract in one")
)

func parse(data []byte) (*document, error) {
	var node yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&node); errors.Is(err, io.EOF) {
		return nil, errEmpty
	} else if err != nil {
		return nil, err
	}
	if err := dec.Decode(new(yaml.Node)); err == nil {
		return nil, errTwoFiles
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	var root *yaml.Node
	if len(node.Content) > 0 {
		root = deref(node.Content[0])
	}
	if !isMapping(root) {
		return nil, errNotMapping
	}
	if tooDeep(root, maxDepth) {
		return nil, errTooDeep
	}
	d := &document{data: data, root: root, byNode: map[place]*object{}, visited: map[visit]*object{}}
	d.collect(kindDocument, root, root.Line, nil, "", "")
	return d, nil
}

// maxDepth is far more than a contract needs; the time that kin-openapi takes
// grows with the cube of the depth.
const maxDepth = 200

func tooDeep(n *yaml.Node, levels int) bool {
	return levels == 0 || slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return tooDeep(c, levels-1) })
}

func (d *document) collect(k kind, n *yaml.Node, line int, parent *object, fieldName, name string) {
	if !isMapping(n) {
		return
	}
	role := visit{place: place{n, k}, field: fieldName, name: name}
	if parent != nil {
		role.parent = parent.kind
	}
	if o := d.visited[role]; o != nil {
		parent.children = append(parent.children, o)
		return
	}
	o := &object{kind: k, node: n, line: line, parent: parent, field: fieldName, name: name}
	d.visited[role] = o
	if d.byNode[role.place] == nil {
		d.byNode[role.place] = o
	}
	d.objects = append(d.objects, o)
	if parent != nil {
		parent.children = append(parent.children, o)
	}
	if referable[k] && o.has("$ref") {
		o.ref = o.text("$ref")
		return
	}
	for key, value := range entries(n) {
		f, known := grammar[k][key.Value]
		if !known && !isExtension(key.Value) {
			f = grammar[k][anyKey]
		}
		switch f.shape {
		case one:
			d.collect(f.of, value, key.Line, o, key.Value, "")
		case list:
			for i, item := range items(value) {
				// The node of an alias carries its own line, the target does not.
				d.collect(f.of, item, value.Content[i].Line, o, key.Value, index(i))
			}
		case named:
			for key2, value2 := range entries(value) {
				d.collect(f.of, value2, key2.Line, o, key.Value, key2.Value)
			}
		}
	}
}

func isExtension(key string) bool { return strings.HasPrefix(key, "x-") }

// all gives the objects of a kind that are not references.
func (d *document) all(k kind) []*object {
	var out []*object
	for _, o := range d.objects {
		if o.kind == k && o.ref == "" {
			out = append(out, o)
		}
	}
	return out
}

// resolve follows references to the object they mean. It gives nil when there
// is none, which the rule openapi reports.
func (d *document) resolve(o *object) *object {
	for range 100 {
		if o == nil || o.ref == "" {
			return o
		}
		o = d.byNode[place{d.find(o.ref), o.kind}]
	}
	return nil
}

// find gives the node that a local reference points to, or nil.
func (d *document) find(ref string) *yaml.Node {
	n := d.root
	for _, token := range pointer(ref) {
		if n = stepInto(n, token); n == nil {
			return nil
		}
	}
	return n
}

func stepInto(n *yaml.Node, token string) *yaml.Node {
	if list := items(n); list != nil {
		i, err := strconv.Atoi(token)
		if err != nil || i < 0 || i >= len(list) {
			return nil
		}
		return list[i]
	}
	return get(n, token)
}

// pointer splits the fragment of a local reference. The token it gives for a
// reference to another file is one that no mapping has.
func pointer(ref string) []string {
	fragment, local := strings.CutPrefix(ref, "#/")
	if !local {
		return []string{"\x00"}
	}
	tokens := strings.Split(fragment, "/")
	for i, t := range tokens {
		if plain, err := url.PathUnescape(t); err == nil {
			t = plain
		}
		tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(t)
	}
	return tokens
}

// reach gives every object below the roots, through references.
func (d *document) reach(roots []*object) map[*object]bool {
	seen := map[*object]bool{}
	var walk func(*object)
	walk = func(o *object) {
		if o = d.resolve(o); o == nil || seen[o] {
			return
		}
		seen[o] = true
		for _, c := range o.children {
			walk(c)
		}
	}
	for _, o := range roots {
		walk(o)
	}
	return seen
}
