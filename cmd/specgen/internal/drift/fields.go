package drift

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// An operation is one side's view of a method and a path.
type operation struct {
	statuses map[string]*node // responses, by status
	roots    map[string]*node // "request", "response 200", "query service_id"
	partial  bool             // there are parameters that cannot be read
}

// A node is a field, a parameter, a whole body or a response.
type node struct {
	typ      string // "" when none is given
	required bool
	body     bool             // it is a whole body
	opaque   bool             // what it consists of is not known
	children map[string]*node // by name, and "[]" for the items of a list

	file string
	line int
}

func (n *node) String() string { return requiredWord(n.required) + " " + n.typeWord() }

func (n *node) typeWord() string {
	if n.typ == "" {
		return "untyped"
	}
	return n.typ
}

func requiredWord(required bool) string {
	if required {
		return "required"
	}
	return "optional"
}

// read returns an operation. item is the path item that it stands in, whose
// parameters it shares. An error says that it is too large to compare.
func (s *source) read(item, at place) (*operation, error) {
	r := &reading{source: s, op: &operation{statuses: map[string]*node{}, roots: map[string]*node{}}, budget: maxNodes}
	// Those of the operation come last, and win.
	for _, owner := range []place{item, at} {
		for _, p := range contract.Items(contract.Get(owner.node, "parameters")) {
			r.parameter(place{owner.file, p})
		}
	}
	if body, ok := s.follow(place{at.file, contract.Get(at.node, "requestBody")}); ok {
		r.body("request", r.content(body), contract.String(body.node, "required") == "true")
	}
	for status, n := range contract.Entries(contract.Get(at.node, "responses")) {
		response, ok := s.follow(place{at.file, n})
		if contract.IsExtension(status.Value) {
			continue
		}
		r.op.statuses[status.Value] = &node{file: at.file.label, line: status.Line}
		name := "response " + status.Value
		switch schema := contract.Get(response.node, "schema"); {
		case !ok:
			r.op.roots[name] = &node{body: true, opaque: true, file: at.file.label, line: status.Line}
		case schema != nil:
			r.body(name, place{response.file, schema}, true)
		default:
			r.body(name, r.content(response), true)
		}
	}
	if r.budget < 0 {
		return nil, errTooLarge
	}
	return r.op, nil
}

// maxNodes is far more than an operation has. References to references can
// make a few lines stand for billions.
const maxNodes = 5_000

var errTooLarge = errors.New("too large to compare")

// A reading is the state of reading one operation.
type reading struct {
	*source
	op     *operation
	budget int
	within []*yaml.Node // the schemas that lead to the current one
}

// content returns the schema that OpenAPI 3 has for JSON.
func (r *reading) content(at place) place {
	media := contract.Get(contract.Get(at.node, "content"), "application/json")
	return place{at.file, contract.Get(media, "schema")}
}

// parameter adds a parameter. A body is one in Swagger 2.0.
func (r *reading) parameter(at place) {
	at, ok := r.follow(at)
	in, name := contract.String(at.node, "in"), contract.String(at.node, "name")
	if !ok {
		r.op.partial = true
		return
	}
	required := contract.String(at.node, "required") == "true"
	schema := at // in Swagger 2.0 the parameter itself has the type
	if n := contract.Get(at.node, "schema"); n != nil {
		schema.node = n
	}
	if in == "body" {
		r.body("request", schema, required)
		return
	}
	if in == "header" {
		name = http.CanonicalHeaderKey(name)
	}
	r.op.roots[in+" "+name] = r.node([]place{schema}, required, at.file.label, at.node.Line)
}

// body adds a whole body. A schema that says nothing is none.
func (r *reading) body(name string, schema place, required bool) {
	if schema.node == nil || len(schema.node.Content) == 0 {
		return
	}
	n := r.node([]place{schema}, required, schema.file.label, schema.node.Line)
	n.body = true
	r.op.roots[name] = n
}

// node returns the field that the parts describe together.
func (r *reading) node(parts []place, required bool, file string, line int) *node {
	n := &node{required: required, file: file, line: line}
	m := merged{above: len(r.within), properties: map[string]*property{}, required: map[string]bool{}}
	defer func() { r.within = r.within[:m.above] }()
	for _, part := range parts {
		r.merge(&m, part)
	}
	n.typ, n.opaque = m.typ, m.opaque
	if m.opaque || r.budget < 0 {
		return n
	}
	n.children = map[string]*node{}
	for _, name := range slices.Sorted(maps.Keys(m.properties)) {
		p := m.properties[name]
		n.children[name] = r.node(p.parts, m.required[name], p.file, p.line)
	}
	if m.items != nil {
		n.children["[]"] = r.node(m.items, true, m.items[0].file.label, m.items[0].node.Line)
	}
	return n
}

// merged is what the parts of an allOf say together.
type merged struct {
	above      int // how many of the schemas that lead here are not parts
	typ        string
	properties map[string]*property
	required   map[string]bool
	items      []place
	opaque     bool
}

type property struct {
	parts []place
	file  string
	line  int
}

// merge adds a schema, with what it refers to and consists of. A schema that
// contains itself is not followed further.
func (r *reading) merge(m *merged, at place) {
	at, ok := r.follow(at)
	if t := contract.String(at.node, "type"); t != "" {
		m.typ = t
	}
	r.budget--
	if !ok || r.budget < 0 || slices.Contains(r.within[:m.above], at.node) {
		m.opaque = true
		return
	}
	if slices.Contains(r.within[m.above:], at.node) {
		return // a part that was there already
	}
	r.within = append(r.within, at.node)
	properties, items := contract.Get(at.node, "properties"), contract.Get(at.node, "items")
	if properties != nil {
		m.typ = "object"
	}
	for key, n := range contract.Entries(properties) {
		if r.budget--; r.budget < 0 {
			return
		}
		p := m.properties[key.Value]
		if p == nil {
			p = &property{file: at.file.label, line: key.Line}
			m.properties[key.Value] = p
		}
		p.parts = append(p.parts, place{at.file, n})
	}
	for _, name := range contract.Items(contract.Get(at.node, "required")) {
		if name != nil {
			m.required[name.Value] = true
		}
	}
	if items != nil {
		m.items = append(m.items, place{at.file, items})
	}
	for _, part := range contract.Items(contract.Get(at.node, "allOf")) {
		r.merge(m, place{at.file, part})
	}
	// One of several shapes requires nothing that the others do not have.
	alternatives := merged{above: m.above, properties: m.properties, required: map[string]bool{}}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		for _, part := range contract.Items(contract.Get(at.node, keyword)) {
			r.merge(&alternatives, place{at.file, part})
		}
	}
	if m.typ == "" {
		m.typ = alternatives.typ
	}
	m.items = append(m.items, alternatives.items...)
	m.opaque = m.opaque || alternatives.opaque
}
