package build

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// version31 is the version of the derived copy: the oldest 3.1, which every
// reader of 3.1 knows.
const version31 = "3.1.0"

// toThree1 gives a copy of the contract as OpenAPI 3.1: the same calls in the
// newer dialect, and the notifications as webhooks besides.
func toThree1(d *contract.Document) (*contract.Document, error) {
	root, err := clone(d, d.Root)
	if err != nil {
		return nil, err
	}
	out := &contract.Document{File: d.File, Root: root}
	set(root, "openapi", text(version31))
	upgrade(contract.KindDocument, root)
	hooks, err := webhooks(out)
	if err != nil {
		return nil, err
	}
	if len(hooks.Content) > 0 {
		insertAfter(root, "paths", "webhooks", hooks)
	}
	return out, nil
}

// clone copies a node without aliases, so that each place can be changed alone.
func clone(d *contract.Document, n *yaml.Node) (*yaml.Node, error) {
	count := 0
	var walk func(n *yaml.Node, depth int) (*yaml.Node, error)
	walk = func(n *yaml.Node, depth int) (*yaml.Node, error) {
		n = contract.Deref(n)
		if count++; count > maxNodes || depth > 1000 {
			return nil, d.Errorf(n, "the document is too large; is an alias part of what it stands for?")
		}
		out := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value, Line: n.Line}
		for _, c := range n.Content {
			copied, err := walk(c, depth+1)
			if err != nil {
				return nil, err
			}
			out.Content = append(out.Content, copied)
		}
		return out, nil
	}
	return walk(n, 0)
}

// upgrade follows the grammar of 3.0, so that it finds schemas, and only them.
func upgrade(kind contract.Kind, n *yaml.Node) {
	if !contract.IsMapping(n) || contract.Referable[kind] && contract.Get(n, "$ref") != nil {
		return
	}
	for key, value := range contract.Entries(n) {
		f, known := contract.Grammar[kind][key.Value]
		if !known && !contract.IsExtension(key.Value) {
			f = contract.Grammar[kind][contract.AnyKey]
		}
		switch f.Shape {
		case contract.One:
			upgrade(f.Of, value)
		case contract.List:
			for _, item := range contract.Items(value) {
				upgrade(f.Of, item)
			}
		case contract.Named:
			for _, item := range contract.Entries(value) {
				upgrade(f.Of, item)
			}
		}
	}
	if kind == contract.KindSchema {
		upgradeSchema(n)
	}
}

func upgradeSchema(n *yaml.Node) {
	if k, v := contract.Lookup(n, "example"); k != nil {
		k.Value = "examples"
		set(n, "examples", list(v))
	}
	nullable := contract.String(n, "nullable") == "true"
	remove(n, "nullable")
	// Without a type, 3.0.3 gives nullable no meaning.
	if kind := contract.String(n, "type"); nullable && kind != "" {
		set(n, "type", list(text(kind), text("null")))
		null := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
		isNull := func(v *yaml.Node) bool { return v.Tag == "!!null" }
		if values := contract.Get(n, "enum"); values != nil && !slices.ContainsFunc(values.Content, isNull) {
			values.Content = append(values.Content, null)
		}
	}
	for exclusive, limit := range map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"} {
		v, bound := contract.Get(n, exclusive), contract.Get(n, limit)
		if v == nil || v.Tag != "!!bool" {
			continue
		}
		if v.Value == "true" && bound != nil {
			set(n, exclusive, bound)
			remove(n, limit)
		} else {
			remove(n, exclusive)
		}
	}
	switch contract.String(n, "format") {
	case "byte":
		remove(n, "format")
		set(n, "contentEncoding", text("base64"))
	case "binary":
		// In 3.1 the media type alone says that the content is bytes.
		remove(n, "format")
		remove(n, "type")
	}
}

// webhooks gives one webhook for each type of event: the operation of its
// callback, with the resource and the examples of this event only.
func webhooks(d *contract.Document) (*yaml.Node, error) {
	out := mapping()
	first := map[string]*yaml.Node{}
	for _, op := range d.CallbackOperations() {
		for event, resource := range contract.Entries(contract.Get(op.Node, contract.ResourcesKey)) {
			if other := first[event.Value]; other != nil {
				return nil, d.Errorf(event, "the event %s is already on line %d; one callback tells of it", event.Value, other.Line)
			}
			first[event.Value] = event
			hook, err := clone(d, op.Node)
			if err != nil {
				return nil, err
			}
			only := mapping()
			set(only, event.Value, resource)
			set(hook, contract.ResourcesKey, only)
			// An id is unique, and that of the callback keeps its place.
			set(hook, "operationId", text(webhookID(event.Value)))
			keepExamples(d, hook, event.Value)
			item := mapping()
			set(item, strings.ToLower(op.Method), hook)
			set(out, event.Value, item)
		}
	}
	return out, nil
}

// webhookID makes receivePayscoreUserPaid of PAYSCORE.USER_PAID.
func webhookID(event string) string {
	id := "receive"
	for _, word := range strings.FieldsFunc(event, func(r rune) bool { return r == '.' || r == '_' }) {
		id += strings.ToUpper(word[:1]) + strings.ToLower(word[1:])
	}
	return id
}

// keepExamples drops the examples of other events, unless none is of this one.
func keepExamples(d *contract.Document, hook *yaml.Node, event string) {
	body := d.Resolve(contract.Get(hook, "requestBody"))
	for _, media := range contract.Entries(contract.Get(body, "content")) {
		all := contract.Get(media, "examples")
		kept := mapping()
		for name, example := range contract.Entries(all) {
			if contract.String(contract.Get(d.Resolve(example), "value"), "event_type") == event {
				set(kept, name.Value, example)
			}
		}
		if len(kept.Content) > 0 && contract.String(contract.Get(hook, "requestBody"), "$ref") == "" {
			set(media, "examples", kept)
		}
	}
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }
func mapping() *yaml.Node      { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }
func list(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items}
}

// set replaces the value of a key in its place, or adds the key at the end.
func set(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, text(key), value)
}

func remove(n *yaml.Node, key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

func insertAfter(n *yaml.Node, before, key string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == before {
			n.Content = slices.Insert(n.Content, i+2, text(key), value)
			return
		}
	}
	set(n, key, value)
}
