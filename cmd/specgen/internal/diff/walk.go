package diff

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fields whose keys are names that the contract gives, not words of OpenAPI: a
// property may well be called description.
var named = []string{
	"paths", "schemas", "properties", "patternProperties", "responses", "parameters", "requestBodies", "headers",
	"securitySchemes", "links", "callbacks", "content", "encoding", "variables", "mapping", "scopes", "examples",
	resourcesKey,
}

// Fields that change nothing in what is sent.
var texts = []string{
	"description", "title", "summary", "example", "examples", "externalDocs", "deprecated", "tags", "openapi", "info",
	"$comment", "xml",
}

func isText(key string) bool {
	return slices.Contains(texts, key) ||
		strings.HasPrefix(key, "x-") && key != resourcesKey && !slices.Contains(catalogues, key)
}

// An edit is a difference of the documents that is not a text.
type edit struct {
	oldPath, newPath []string
	o, n             *yaml.Node
}

func (e *edit) last() string {
	if e.n == nil {
		return e.oldPath[len(e.oldPath)-1]
	}
	return e.newPath[len(e.newPath)-1]
}

// A walker goes through both documents at once.
type walker struct {
	*comparison
}

// walk compares the documents key by key. It reports the changed texts, the
// names that only generated code knows, and what no rule has judged.
func (c *comparison) walk() {
	c.pairs = map[string]string{}
	w := &walker{comparison: c}
	w.object(nil, nil, c.old.root, c.new.root)
	w.schemas()
}

// leftovers reports the edits that no rule has judged.
func (c *comparison) leftovers() {
	w := &walker{comparison: c}
	for _, e := range c.edits {
		w.leftover(*e)
	}
}

// object compares two mappings whose keys are words of OpenAPI.
func (w *walker) object(oldPath, newPath []string, o, n *yaml.Node) {
	for _, key := range keysOf(o, n) {
		ov, nv := get(o, key), get(n, key)
		if same(ov, nv) && has(o, key) == has(n, key) && key != "paths" && key != "components" {
			continue
		}
		op, np := under(oldPath, key), under(newPath, key)
		switch {
		case key == "operationId" || key == resourcesKey && (ov == nil || nv == nil): // in operations
		case slices.Contains(catalogues, key):
			w.catalogue(op, np, ov, nv)
		case len(np) == 1 && key == "info":
			w.info(op, np, ov, nv)
		case len(np) == 2 && np[0] == "components" && key == "schemas": // in schemas
		case len(np) == 2 && np[0] == "components" && key == "examples":
			w.names(op, np, ov, nv, w.text)
		case isText(key):
			w.text(op, np, ov, nv)
		case key == "servers":
			w.servers(op, np, ov, nv)
		case len(np) == 1 && key == "paths":
			w.paths(op, np, ov, nv)
		case key == "callbacks" || len(np) == 2 && np[0] == "components" && np[1] == "callbacks":
			w.names(op, np, ov, nv, func(op, np []string, o, n *yaml.Node) {
				if w.reference(op, np, o, n) {
					return
				}
				w.names(op, np, o, n, w.value)
			})
		case slices.Contains(named, key) && mappingOrNone(ov) && mappingOrNone(nv):
			w.names(op, np, ov, nv, w.value)
		default:
			w.value(op, np, ov, nv)
		}
	}
}

// value compares two values of whatever kind.
func (w *walker) value(oldPath, newPath []string, o, n *yaml.Node) {
	switch last := newPath[len(newPath)-1]; {
	case same(o, n) && (o == nil) == (n == nil):
	case w.reference(oldPath, newPath, o, n):
	case isMapping(o, n):
		w.object(oldPath, newPath, o, n)
	case last == "parameters" && (isSequence(o) && n == nil || o == nil && isSequence(n) || isSequence(o, n)):
		w.parameters(oldPath, newPath, o, n)
	case isSequence(o, n) && slices.Contains([]string{"allOf", "oneOf", "anyOf"}, last) && len(o.Content) == len(n.Content):
		for i := range o.Content {
			w.value(under(oldPath, strconv.Itoa(i)), under(newPath, strconv.Itoa(i)), deref(o.Content[i]), deref(n.Content[i]))
		}
	default:
		w.edits = append(w.edits, &edit{oldPath, newPath, o, n})
	}
}

// names compares two mappings whose keys the contract chose.
func (w *walker) names(oldPath, newPath []string, o, n *yaml.Node, each func(oldPath, newPath []string, o, n *yaml.Node)) {
	for _, key := range keysOf(o, n) {
		each(under(oldPath, key), under(newPath, key), get(o, key), get(n, key))
	}
}

// paths compares the operations that are the same ones, wherever they went.
// Those that came or went are told by [comparison.operations].
func (w *walker) paths(oldPath, newPath []string, o, n *yaml.Node) {
	for _, from := range slices.Sorted(maps.Keys(w.moved)) {
		op, np := strings.Split(from, "\x00"), strings.Split(w.moved[from], "\x00")
		w.value(op, np, w.old.find(op...), w.new.find(np...))
	}
	w.names(oldPath, newPath, o, n, func(op, np []string, o, n *yaml.Node) {
		if !isMapping(o, n) {
			return
		}
		for _, key := range keysOf(o, n) {
			if slices.Contains(methods, key) {
				continue
			}
			ov, nv := get(o, key), get(n, key)
			switch {
			case same(ov, nv) && has(o, key) == has(n, key):
			case isText(key):
				w.text(under(op, key), under(np, key), ov, nv)
			default:
				w.value(under(op, key), under(np, key), ov, nv)
			}
		}
	})
}

// parameters are a list whose order means nothing.
func (w *walker) parameters(oldPath, newPath []string, o, n *yaml.Node) {
	name := func(c *contract, p *yaml.Node) string {
		if target := pointer(text(p, "$ref")); target != nil {
			p = c.find(target...)
		}
		return text(p, "in") + " " + text(p, "name")
	}
	if o == nil {
		o = &yaml.Node{Kind: yaml.SequenceNode}
	}
	if n == nil {
		n = &yaml.Node{Kind: yaml.SequenceNode}
	}
	after := map[string]int{}
	for i, p := range n.Content {
		after[name(w.new, deref(p))] = i
	}
	for i, p := range o.Content {
		p = deref(p)
		j, stayed := after[name(w.old, p)]
		delete(after, name(w.old, p))
		if !stayed {
			w.edits = append(w.edits, &edit{under(oldPath, strconv.Itoa(i)), nil, p, nil})
			continue
		}
		w.value(under(oldPath, strconv.Itoa(i)), under(newPath, strconv.Itoa(j)), p, deref(n.Content[j]))
	}
	for _, j := range after {
		w.edits = append(w.edits, &edit{nil, under(newPath, strconv.Itoa(j)), nil, deref(n.Content[j])})
	}
}

// reference compares two values of which one is a reference at least. What it
// leads to on the wire is told by oasdiff: here it is about names.
func (w *walker) reference(oldPath, newPath []string, o, n *yaml.Node) bool {
	before, after := text(o, "$ref"), text(n, "$ref")
	if o == nil || n == nil || before == "" && after == "" {
		return false
	}
	if before == after {
		return true // 3.0 has nothing beside $ref
	}
	a, b := schemaName(before), schemaName(after)
	if a != "" && b != "" && w.renamed(a, b) {
		return true
	}
	f := Finding{Class: Documentation, Area: Wire, Rule: "reference-changed", What: "refers elsewhere", Old: before, New: after}
	if a != "" || b != "" {
		f = Finding{Class: Breaking, Area: Names, Rule: "schema-replaced", What: "another schema", Old: a, New: b}
	}
	if f.Old == "" {
		f.Old = "inline"
	}
	if f.New == "" {
		f.New = "inline"
	}
	w.report(f, oldPath, newPath)
	return true
}

// renamed tells whether a schema is there under another name, and remembers.
func (w *walker) renamed(a, b string) bool {
	if other, known := w.pairs[a]; known {
		return other == b
	}
	if has(w.new.find("components", "schemas"), a) || has(w.old.find("components", "schemas"), b) {
		return false
	}
	for _, taken := range w.pairs {
		if taken == b {
			return false
		}
	}
	w.pairs[a] = b
	return true
}

// schemas compares those of the same name, then those that were renamed. The
// comparison of one may show that another was renamed too.
func (w *walker) schemas() {
	at := []string{"components", "schemas"}
	o, n := w.old.find(at...), w.new.find(at...)
	for _, name := range keysOf(o, n) {
		if has(o, name) && has(n, name) {
			w.value(under(at, name), under(at, name), get(o, name), get(n, name))
		}
	}
	done := map[string]bool{}
	for progress := true; progress; {
		progress = false
		for _, a := range slices.Sorted(maps.Keys(w.pairs)) {
			if b := w.pairs[a]; !done[a] {
				done[a], progress = true, true
				w.report(Finding{Class: Breaking, Area: Names, Rule: "schema-renamed", At: a, What: "schema renamed", Old: a, New: b}, under(at, a), under(at, b))
				w.value(under(at, a), under(at, b), get(o, a), get(n, b))
				done[b] = true
			}
		}
	}
	for _, name := range keysOf(o, n) {
		switch {
		case done[name] || has(o, name) && has(n, name):
		case has(o, name):
			w.report(Finding{Class: Breaking, Area: Names, Rule: "schema-removed", At: name, What: "schema removed"}, under(at, name), nil)
		default:
			w.report(Finding{Class: Additive, Area: Names, Rule: "schema-added", At: name, What: "schema added"}, nil, under(at, name))
		}
	}
}

// text reports a changed text.
func (w *walker) text(oldPath, newPath []string, o, n *yaml.Node) {
	if same(o, n) {
		return
	}
	keyword := newPath[len(newPath)-1]
	w.report(Finding{Class: Documentation, Area: Wire, Rule: "text-" + verb(o, n), What: keyword + " " + verb(o, n), Old: value(o), New: value(n)}, oldPath, newPath)
}

func (w *walker) info(oldPath, newPath []string, o, n *yaml.Node) {
	if isMapping(o, n) {
		w.names(oldPath, newPath, o, n, w.text)
		return
	}
	w.text(oldPath, newPath, o, n)
}

// servers are known by their addresses.
func (w *walker) servers(oldPath, newPath []string, o, n *yaml.Node) {
	find := func(list *yaml.Node, url string) (int, *yaml.Node) {
		if list != nil {
			for i, s := range list.Content {
				if text(deref(s), "url") == url {
					return i, deref(s)
				}
			}
		}
		return -1, nil
	}
	each := func(list *yaml.Node, visit func(i int, s *yaml.Node)) {
		if list != nil {
			for i, s := range list.Content {
				visit(i, deref(s))
			}
		}
	}
	count := len(w.findings) + len(w.edits)
	each(o, func(i int, s *yaml.Node) {
		url := text(s, "url")
		j, now := find(n, url)
		if now == nil {
			w.report(Finding{Class: Breaking, Area: Wire, Rule: "server-removed", What: "server removed", Old: url}, under(oldPath, strconv.Itoa(i)), nil)
			return
		}
		w.value(under(oldPath, strconv.Itoa(i)), under(newPath, strconv.Itoa(j)), s, now)
	})
	each(n, func(i int, s *yaml.Node) {
		if _, before := find(o, text(s, "url")); before == nil {
			w.report(Finding{Class: Additive, Area: Wire, Rule: "server-added", What: "server added", New: text(s, "url")}, nil, under(newPath, strconv.Itoa(i)))
		}
	})
	if len(w.findings)+len(w.edits) == count {
		w.report(Finding{Class: Documentation, Area: Wire, Rule: "server-order", What: "order of the servers changed"}, oldPath, newPath)
	}
}

// leftover reports an edit that no rule has spoken about. When nothing else is
// known about it, it is better to stop at it than to let it pass.
func (w *walker) leftover(e edit) {
	if w.told(e.oldPath) || w.told(e.newPath) {
		return
	}
	path, side := e.newPath, w.new
	if e.n == nil {
		path, side = e.oldPath, w.old
	}
	f := Finding{Class: Breaking, Area: Wire, Rule: "unjudged-" + verb(e.o, e.n), Old: value(e.o), New: value(e.n)}
	_, keyword := side.describe(path)
	f.What = strings.TrimSpace(keyword + " " + verb(e.o, e.n))
	last, sent := path[len(path)-1], slices.Contains(path, "callbacks") && !slices.Contains(path, "responses")
	switch {
	case inOperations(path):
		return
	case w.merged && (slices.Contains(path, "schemas") || slices.Contains(path, "schema")):
		// The rules have seen the merged schemas, and said what there is to say.
		f.Class, f.Rule = Documentation, "restructured"
	case len(path) == 3 && path[0] == "components":
		// A part that is used somewhere is judged where it is used.
		f.Class, f.Old, f.New = Documentation, "", ""
	case path[0] == "components" && !side.reaches(path[:3]):
		f.Class, f.What = Documentation, f.What+", in a part that nothing uses"
	case isDefault(last, e.o) && isDefault(last, e.n):
		f.Class, f.Rule = Documentation, "default-stated"
	case last == "required" && (sent || slices.Contains(path, "headers")):
		// WeChat Pay promises it from now on.
		f.Rule = "sent-" + f.Rule[len("unjudged-"):]
		if value(e.n) == "true" {
			f.Class = Additive
		}
	}
	w.report(f, e.oldPath, e.newPath)
}

// isDefault reports whether a value says the same as none.
func isDefault(keyword string, n *yaml.Node) bool {
	if n == nil {
		return true
	}
	switch keyword {
	case "minItems", "minLength", "minProperties":
		return n.Value == "0"
	case "required", "nullable", "readOnly", "writeOnly", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum", "allowEmptyValue":
		return n.Value == "false"
	case "additionalProperties":
		return n.Value == "true"
	}
	return false
}

// inOperations reports whether the comparison of notifications and events has
// a word for what came or went at a path.
func inOperations(path []string) bool {
	for i, name := range path {
		below := len(path) - i - 1
		switch {
		case name == "callbacks" && below <= 3, // a name, an expression, a method
			name == resourcesKey && below <= 1,
			name == "responses" && below <= 1 && slices.Contains(path[:i], "callbacks"):
			return true
		}
	}
	return false
}

// told reports whether a rule has spoken about the place, about something in
// it, or about the object that it is a field of.
func (w *walker) told(path []string) bool {
	if len(path) == 0 {
		return false
	}
	parent, last := path[:len(path)-1], path[len(path)-1]
	for place := range w.judged {
		p := strings.Split(place, "\x00")
		switch {
		case startsWith(p, path), slices.Equal(p, parent),
			len(parent) > 1 && parent[len(parent)-1] == "schema" && slices.Equal(p, parent[:len(parent)-1]),
			last == "required" && startsWith(p, parent), // of a property
			last == "format" && slices.Equal(p, under(parent, "type")):
			return true
		}
	}
	return false
}

func startsWith(path, prefix []string) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

// reaches reports whether an operation uses a part under components.
func (c *contract) reaches(component []string) bool {
	want := "#/" + strings.Join(component, "/")
	seen := map[*yaml.Node]bool{}
	refs := map[string]bool{}
	var visit func(*yaml.Node) bool
	visit = func(n *yaml.Node) bool {
		if n = deref(n); n == nil || seen[n] {
			return false
		}
		seen[n] = true
		if ref := text(n, "$ref"); ref != "" && !refs[ref] {
			if ref == want {
				return true
			}
			refs[ref] = true
			if p := pointer(ref); p != nil && visit(c.find(p...)) {
				return true
			}
		}
		return slices.ContainsFunc(n.Content, visit)
	}
	return visit(c.find("paths")) || visit(c.find("components", "callbacks")) || component[1] == "securitySchemes"
}

func (w *walker) report(f Finding, oldPath, newPath []string) {
	path, side := newPath, w.new
	f.File = w.new.name
	if f.Line = w.new.line(newPath...); newPath == nil || f.Line == 0 {
		path, side = oldPath, w.old
		f.File, f.Line = w.old.name, w.old.line(oldPath...)
	}
	if f.At == "" {
		f.At, _ = side.describe(path)
	}
	w.add(f)
}

func keysOf(nodes ...*yaml.Node) []string {
	var out []string
	for _, n := range nodes {
		for k := range entries(n) {
			if !slices.Contains(out, k.Value) {
				out = append(out, k.Value)
			}
		}
	}
	return out
}

func under(path []string, name string) []string { return append(slices.Clone(path), name) }

func isMapping(nodes ...*yaml.Node) bool {
	return !slices.ContainsFunc(nodes, func(n *yaml.Node) bool { return n == nil || n.Kind != yaml.MappingNode })
}

func mappingOrNone(n *yaml.Node) bool { return n == nil || isMapping(n) }

func isSequence(nodes ...*yaml.Node) bool {
	return !slices.ContainsFunc(nodes, func(n *yaml.Node) bool { return n == nil || n.Kind != yaml.SequenceNode })
}
