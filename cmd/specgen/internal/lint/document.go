package lint

import (
	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// An object is one place of the document with the kind that the standard gives
// it there. A reference is an object too: it has the kind it stands for.
type object struct {
	kind contract.Kind
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

func (o *object) step() *contract.Step {
	if o.parent == nil {
		return nil
	}
	return o.parent.step().Into(o.field).Into(o.name)
}

// lineOf gives the line of a field, or of the object when it is absent.
func (o *object) lineOf(field string) int {
	if k, _ := contract.Lookup(o.node, field); k != nil {
		return k.Line
	}
	return o.line
}

func (o *object) has(field string) bool { k, _ := contract.Lookup(o.node, field); return k != nil }

func (o *object) text(field string) string { return contract.String(o.node, field) }

// under says which field of which kind the object stands in.
func (o *object) under(k contract.Kind, field string) bool {
	return o.parent != nil && o.parent.kind == k && o.field == field
}

func (o *object) within(k contract.Kind) bool {
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
	kind contract.Kind
}

// A visit keeps the walk from running in circles through aliases, while a node
// with an anchor is still seen once in each role that it plays.
type visit struct {
	place
	parent      contract.Kind
	field, name string
}

func parse(data []byte) (*document, error) {
	root, err := contract.Parse(data)
	if err != nil {
		return nil, err
	}
	d := &document{data: data, root: root, byNode: map[place]*object{}, visited: map[visit]*object{}}
	d.collect(contract.KindDocument, root, root.Line, nil, "", "")
	return d, nil
}

func (d *document) collect(k contract.Kind, n *yaml.Node, line int, parent *object, fieldName, name string) {
	if !contract.IsMapping(n) {
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
	if contract.Referable[k] && o.has("$ref") {
		o.ref = o.text("$ref")
		return
	}
	for key, value := range contract.Entries(n) {
		f, known := contract.Grammar[k][key.Value]
		if !known && !contract.IsExtension(key.Value) {
			f = contract.Grammar[k][contract.AnyKey]
		}
		switch f.Shape {
		case contract.One:
			d.collect(f.Of, value, key.Line, o, key.Value, "")
		case contract.List:
			for i, item := range contract.Items(value) {
				// The node of an alias carries its own line, the target does not.
				d.collect(f.Of, item, value.Content[i].Line, o, key.Value, contract.Index(i))
			}
		case contract.Named:
			for key2, value2 := range contract.Entries(value) {
				d.collect(f.Of, value2, key2.Line, o, key.Value, key2.Value)
			}
		}
	}
}

// all gives the objects of a kind that are not references.
func (d *document) all(k contract.Kind) []*object {
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
func (d *document) find(ref string) *yaml.Node { return contract.Find(d.root, ref) }

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
