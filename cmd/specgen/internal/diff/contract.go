package diff

import (
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	document "github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// A contract is one side, read twice: by kin-openapi for the rules of oasdiff,
// and as a tree of YAML nodes for the texts, the extensions and the lines.
type contract struct {
	name string
	root *yaml.Node
	spec *openapi3.T

	keys map[position][]string // which key or list item stands at a position
}

type position struct{ line, column int }

var errNotOpenAPI = errors.New("not an OpenAPI 3 document: it has no field \"openapi\"")

func read(d Document) (*contract, error) {
	c := &contract{name: d.Name, keys: map[position][]string{}}
	root, err := document.Parse(d.Data)
	if err != nil {
		return nil, document.Broken(d.Name, err)
	}
	c.root = root
	if !strings.HasPrefix(text(c.root, "openapi"), "3.") {
		return nil, fmt.Errorf("%s: %w", d.Name, errNotOpenAPI)
	}
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true
	spec, err := loader.LoadFromData(d.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", d.Name, oneLine(err.Error()))
	}
	if spec.Info == nil {
		spec.Info = &openapi3.Info{}
	}
	if spec.Paths == nil {
		spec.Paths = openapi3.NewPaths()
	}
	if spec.Components == nil {
		spec.Components = &openapi3.Components{}
	}
	c.spec = spec
	c.index(c.root, nil, map[*yaml.Node]bool{})
	return c, nil
}

// index learns the place of each key, since oasdiff tells lines and columns
// and the report tells schemas and fields.
func (c *contract) index(n *yaml.Node, path []string, above map[*yaml.Node]bool) {
	if n = deref(n); n == nil || above[n] {
		return // a node that holds itself
	}
	above[n] = true
	defer delete(above, n)
	for k, v := range entries(n) {
		p := append(slices.Clone(path), k.Value)
		if _, known := c.keys[position{k.Line, k.Column}]; known {
			continue // an alias leads here again
		}
		c.keys[position{k.Line, k.Column}] = p
		c.index(v, p, above)
	}
	if n.Kind == yaml.SequenceNode {
		for i, v := range n.Content {
			p := append(slices.Clone(path), strconv.Itoa(i))
			if _, known := c.keys[position{v.Line, v.Column}]; !known {
				c.keys[position{v.Line, v.Column}] = p
			}
			c.index(v, p, above)
		}
	}
}

// find gives the node at a path of keys, or nil.
func (c *contract) find(path ...string) *yaml.Node {
	n := c.root
	for _, name := range path {
		if n == nil {
			return nil
		}
		if n.Kind == yaml.SequenceNode {
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(n.Content) {
				return nil
			}
			n = deref(n.Content[i])
			continue
		}
		n = get(n, name)
	}
	return n
}

// line gives the line of the key at a path, or 0.
func (c *contract) line(path ...string) int {
	if len(path) == 0 {
		return 1
	}
	parent := c.find(path[:len(path)-1]...)
	if parent != nil && parent.Kind == yaml.SequenceNode {
		if n := c.find(path...); n != nil {
			return n.Line
		}
		return 0
	}
	if k, _ := lookup(parent, path[len(path)-1]); k != nil {
		return k.Line
	}
	return 0
}

// An operation is one of the contract, or a notification.
type operation struct {
	path   []string // of keys, in the document
	id     string   // operationId, or what stands for it
	method string
	url    string // the path template; for a notification the expression
	node   *yaml.Node
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// calls gives the operations under paths.
func (c *contract) calls() iter.Seq[operation] {
	return func(yield func(operation) bool) {
		for p, item := range entries(c.find("paths")) {
			for m, op := range entries(item) {
				if !slices.Contains(methods, m.Value) {
					continue
				}
				o := operation{path: []string{"paths", p.Value, m.Value}, id: text(op, "operationId"), method: m.Value, url: p.Value, node: op}
				if !yield(o) {
					return
				}
			}
		}
	}
}

// notifications gives the operations under callbacks, each place of them.
func (c *contract) notifications() []operation {
	var out []operation
	callbacks := func(n *yaml.Node, at []string) {
		for name, callback := range entries(n) {
			if text(callback, "$ref") != "" {
				continue // found where it is declared
			}
			for expression, item := range entries(callback) {
				for m, op := range entries(item) {
					if !slices.Contains(methods, m.Value) {
						continue
					}
					id := text(op, "operationId")
					if id == "" {
						id = name.Value
					}
					out = append(out, operation{
						path: append(slices.Clone(at), name.Value, expression.Value, m.Value),
						id:   id, method: m.Value, url: expression.Value, node: op,
					})
				}
			}
		}
	}
	callbacks(c.find("components", "callbacks"), []string{"components", "callbacks"})
	for o := range c.calls() {
		callbacks(get(o.node, "callbacks"), append(slices.Clone(o.path), "callbacks"))
	}
	return out
}

// deref follows an alias to the node it stands for. It gives nil for nil.
func deref(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// entries gives the keys of a mapping with their values.
func entries(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := deref(n.Content[i]), deref(n.Content[i+1])
			if key != nil && key.Kind == yaml.ScalarNode && !yield(key, value) {
				return
			}
		}
	}
}

func lookup(n *yaml.Node, name string) (key, value *yaml.Node) {
	for k, v := range entries(n) {
		if k.Value == name {
			return k, v
		}
	}
	return nil, nil
}

func get(n *yaml.Node, name string) *yaml.Node {
	_, v := lookup(n, name)
	return v
}

func has(n *yaml.Node, name string) bool { k, _ := lookup(n, name); return k != nil }

func text(n *yaml.Node, name string) string {
	if v := get(n, name); v != nil && v.Kind == yaml.ScalarNode && v.Tag != "!!null" {
		return v.Value
	}
	return ""
}

// value renders a node for a finding: a scalar as it is, the rest on one line.
func value(n *yaml.Node) string {
	if n = deref(n); n == nil {
		return ""
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value
	case yaml.SequenceNode:
		var parts []string
		for _, v := range n.Content {
			parts = append(parts, value(v))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	var parts []string
	for k, v := range entries(n) {
		parts = append(parts, k.Value+": "+value(v))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// same compares two nodes by what they say, not by how they are written.
func same(a, b *yaml.Node) bool {
	a, b = deref(a), deref(b)
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind {
		return false
	}
	switch a.Kind {
	case yaml.MappingNode:
		count := 0
		for k, v := range entries(a) {
			if other, w := lookup(b, k.Value); other == nil || !same(v, w) {
				return false
			}
			count++
		}
		for range entries(b) {
			count--
		}
		return count == 0
	case yaml.SequenceNode:
		return slices.EqualFunc(a.Content, b.Content, same)
	}
	return a.Value == b.Value && (a.Tag == b.Tag || a.Tag == "" || b.Tag == "")
}

// pointer splits a local reference into keys, or gives nil.
func pointer(ref string) []string {
	fragment, local := strings.CutPrefix(ref, "#/")
	if !local {
		return nil
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

// schemaName gives the name of the schema that a reference means, or "".
func schemaName(ref string) string {
	if p := pointer(ref); len(p) == 3 && p[0] == "components" && p[1] == "schemas" {
		return p[2]
	}
	return ""
}
