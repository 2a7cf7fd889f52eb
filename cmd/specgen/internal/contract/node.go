package contract

import (
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Deref follows an alias to the node it stands for. It gives nil for nil.
func Deref(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// IsMapping says whether a node is a mapping, which nil is not.
func IsMapping(n *yaml.Node) bool { return n != nil && n.Kind == yaml.MappingNode }

// Entries gives the keys of a mapping, as they stand, with their values.
func Entries(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if !IsMapping(n) {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := Deref(n.Content[i])
			if key == nil || key.Kind != yaml.ScalarNode {
				continue
			}
			// An aliased key has the line of its anchor: keep that of its place.
			if key != n.Content[i] {
				key = &yaml.Node{Kind: yaml.ScalarNode, Tag: key.Tag, Value: key.Value, Line: n.Content[i].Line}
			}
			if !yield(key, Deref(n.Content[i+1])) {
				return
			}
		}
	}
}

// Lookup gives a key of a mapping and its value, or nil and nil.
func Lookup(n *yaml.Node, name string) (key, value *yaml.Node) {
	for k, v := range Entries(n) {
		if k.Value == name {
			return k, v
		}
	}
	return nil, nil
}

// Get gives the value of a key, or nil.
func Get(n *yaml.Node, name string) *yaml.Node {
	_, v := Lookup(n, name)
	return v
}

// String gives the value of a scalar field, or "".
func String(n *yaml.Node, name string) string {
	if v := Get(n, name); v != nil && v.Kind == yaml.ScalarNode && v.Tag != "!!null" {
		return v.Value
	}
	return ""
}

// Items gives the elements of a sequence.
func Items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	out := make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		out[i] = Deref(c)
	}
	return out
}

// A Step is a place in the tree of nodes. It is only made into a path when a
// finding needs one, since paths of deep documents are long.
type Step struct {
	parent *Step
	name   string
}

const maxPathNames = 60

// Into gives the step from s to a key or an [Index]. The name "" is no step.
func (s *Step) Into(name string) *Step { return &Step{s, name} }

// String gives the path, like components.schemas.A.
func (s *Step) String() string {
	var names []string
	for ; s != nil; s = s.parent {
		if s.name != "" {
			names = append(names, s.name)
		}
	}
	if len(names) == 0 {
		return "document"
	}
	if len(names) > maxPathNames {
		// Nobody reads so deep a path, and one for each level would fill the memory.
		names = slices.Concat(names[:maxPathNames/2], []string{"..."}, names[len(names)-maxPathNames/2:])
	}
	var b strings.Builder
	for i := len(names) - 1; i >= 0; i-- {
		if b.Len() > 0 && !strings.HasPrefix(names[i], "[") {
			b.WriteByte('.')
		}
		b.WriteString(names[i])
	}
	return b.String()
}

// WalkNodes visits every node once, however often aliases lead to it: so it
// ends on documents that contain themselves.
func WalkNodes(root *yaml.Node, visit func(at *Step, n *yaml.Node)) {
	seen := map[*yaml.Node]bool{}
	var walk func(*Step, *yaml.Node)
	walk = func(at *Step, n *yaml.Node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		visit(at, n)
		for k, v := range Entries(n) {
			walk(&Step{at, k.Value}, v)
		}
		for i, v := range Items(n) {
			walk(&Step{at, Index(i)}, v)
		}
	}
	walk(nil, Deref(root))
}

// Index gives the step into an element of a list.
func Index(i int) string { return "[" + strconv.Itoa(i) + "]" }

var errTooLarge = errors.New("the value is too large to check")

// maxJSONNodes bounds the conversion of one value: aliases of aliases can make
// a few lines stand for billions of nodes, or for a value without end.
const maxJSONNodes = 200_000

// ToJSON gives a node as encoding/json would decode it.
func ToJSON(n *yaml.Node) (any, error) {
	budget := maxJSONNodes
	var convert func(*yaml.Node, int) (any, error)
	convert = func(n *yaml.Node, depth int) (any, error) {
		n = Deref(n)
		if budget--; budget < 0 || depth > 1000 {
			return nil, errTooLarge
		}
		if n == nil {
			return nil, nil
		}
		switch n.Kind {
		case yaml.MappingNode:
			m := map[string]any{}
			for k, v := range Entries(n) {
				x, err := convert(v, depth+1)
				if err != nil {
					return nil, err
				}
				m[k.Value] = x
			}
			return m, nil
		case yaml.SequenceNode:
			s := []any{}
			for _, v := range n.Content {
				x, err := convert(v, depth+1)
				if err != nil {
					return nil, err
				}
				s = append(s, x)
			}
			return s, nil
		}
		return scalar(n), nil
	}
	return convert(n, 0)
}

// scalar leaves times as the text they are written in, since JSON has none.
func scalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		var v any
		if n.Decode(&v) == nil {
			switch v := v.(type) {
			case bool:
				return v
			case int:
				return float64(v)
			case int64:
				return float64(v)
			case uint64:
				return float64(v)
			case float64:
				return v
			}
		}
	}
	return n.Value
}

// OneLine keeps a finding greppable.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
