package diff

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

var braces = regexp.MustCompile(`\{[^{}]*\}`)

// key is what makes an operation the same one on the wire: its method and its
// path, whatever the variables in it are called.
func (o operation) key() string { return o.method + " " + braces.ReplaceAllString(o.url, "{}") }

func (o operation) String() string { return strings.ToUpper(o.method) + " " + o.url }

// operations finds the ones that came, went or moved. oasdiff does not see
// that a moved one is still the same.
func (c *comparison) operations() {
	before, after := map[string]operation{}, map[string]operation{}
	byID := map[string]operation{}
	for o := range c.old.calls() {
		before[o.key()] = o
	}
	for n := range c.new.calls() {
		after[n.key()] = n
	}
	for _, n := range after {
		if _, stayed := before[n.key()]; !stayed && text(n.node, "operationId") != "" {
			byID[n.id] = n
		}
	}
	c.moved = map[string]string{}
	arrived := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		o := before[key]
		n, stayed := after[key]
		if stayed {
			c.sameOperation(o, n)
			continue
		}
		if n, moved := byID[o.id]; moved && o.id != "" {
			c.moved[strings.Join(o.path, "\x00")] = strings.Join(n.path, "\x00")
			arrived[n.key()] = true
			c.add(Finding{Class: Breaking, Area: Wire, Rule: "operation-moved", At: o.id, What: "path or method changed",
				Old: o.String(), New: n.String(), File: c.new.name, Line: c.new.line(n.path...)})
			continue
		}
		c.add(Finding{Class: Breaking, Area: Wire, Rule: "operation-removed", At: o.String(), What: "operation removed",
			Old: o.id, File: c.old.name, Line: c.old.line(o.path...)})
	}
	for key, n := range after {
		if _, stayed := before[key]; !stayed && !arrived[key] {
			c.add(Finding{Class: Additive, Area: Wire, Rule: "operation-added", At: n.String(), What: "operation added",
				New: n.id, File: c.new.name, Line: c.new.line(n.path...)})
		}
	}
}

func (c *comparison) sameOperation(o, n operation) {
	c.moved[strings.Join(o.path, "\x00")] = strings.Join(n.path, "\x00")
	if o.url != n.url {
		c.add(Finding{Class: Breaking, Area: Names, Rule: "path-variable-renamed", At: n.String(), What: "path variable renamed",
			Old: o.url, New: n.url, File: c.new.name, Line: c.new.line(n.path...)})
	}
	if o.id != n.id {
		c.add(Finding{Class: Breaking, Area: Names, Rule: "operation-renamed", At: n.String(), What: "operationId changed",
			Old: o.id, New: n.id, File: c.new.name, Line: c.new.line(n.path...)})
	}
}

// alignMoved gives a moved operation its new address in the old copy, so that
// oasdiff compares what it takes and answers.
func (c *comparison) alignMoved() {
	for _, from := range slices.Sorted(maps.Keys(c.moved)) {
		o, n := strings.Split(from, "\x00"), strings.Split(c.moved[from], "\x00")
		if braces.ReplaceAllString(o[1], "{}") == braces.ReplaceAllString(n[1], "{}") && o[2] == n[2] {
			continue
		}
		item := c.old.spec.Paths.Value(o[1])
		if item == nil {
			continue
		}
		op := item.GetOperation(strings.ToUpper(o[2]))
		item.SetOperation(strings.ToUpper(o[2]), nil)
		if len(item.Operations()) == 0 {
			c.old.spec.Paths.Delete(o[1])
		}
		target := c.old.spec.Paths.Value(n[1])
		if target == nil {
			target = &openapi3.PathItem{}
			c.old.spec.Paths.Set(n[1], target)
		}
		target.SetOperation(strings.ToUpper(n[2]), op)
	}
}

// A notification is the operations under callbacks that share an id: several
// calls may lead to the same one.
type notification struct {
	first   operation
	address map[string]bool // expressions with their methods
	owners  map[string]bool // the calls that lead to it
	answers map[string]bool // statuses that acknowledge it
}

func (c *contract) notified() map[string]*notification {
	out := map[string]*notification{}
	for _, o := range c.notifications() {
		n := out[o.id]
		if n == nil {
			n = &notification{first: o, address: map[string]bool{}, owners: map[string]bool{}, answers: map[string]bool{}}
			out[o.id] = n
		}
		n.address[o.String()] = true
		for status := range entries(get(o.node, "responses")) {
			n.answers[status.Value] = true
		}
	}
	for call := range c.calls() {
		for name, callback := range entries(get(call.node, "callbacks")) {
			if p := pointer(text(callback, "$ref")); p != nil {
				callback = c.find(p...)
			}
			for _, item := range entries(callback) {
				for _, m := range methods {
					op := get(item, m)
					id := text(op, "operationId")
					if id == "" {
						id = name.Value
					}
					if n := out[id]; op != nil && n != nil {
						n.owners[call.id] = true
					}
				}
			}
		}
	}
	return out
}

// resources finds the notifications, their addresses and their event types
// that came or went. What they carry is compared by oasdiff.
func (c *comparison) resources() {
	before, after := c.old.notified(), c.new.notified()
	for id, o := range before {
		n := after[id]
		if n == nil {
			c.add(Finding{Class: Breaking, Area: Wire, Rule: "notification-removed", At: "notification " + id, What: "notification removed",
				File: c.old.name, Line: c.old.line(o.first.path...)})
			continue
		}
		c.sets(id, "address", o.address, n.address, n)
		c.sets(id, "call", o.owners, n.owners, n)
		c.sets(id, "acknowledgement", o.answers, n.answers, n)
		c.events(id, o.first, n.first)
	}
	for id, n := range after {
		if before[id] == nil {
			c.add(Finding{Class: Additive, Area: Wire, Rule: "notification-added", At: "notification " + id, What: "notification added",
				File: c.new.name, Line: c.new.line(n.first.path...)})
		}
	}
}

// sets compares where a notification goes to, and which calls lead to it.
func (c *comparison) sets(id, what string, before, after map[string]bool, n *notification) {
	report := func(class Class, verb, old, new string) {
		c.add(Finding{Class: class, Area: Wire, Rule: "notification-" + what + "-" + verb, At: "notification " + id,
			What: what + " " + verb, Old: old, New: new, File: c.new.name, Line: c.new.line(n.first.path...)})
	}
	for o := range before {
		if !after[o] {
			report(Breaking, "removed", o, "")
		}
	}
	for a := range after {
		if !before[a] {
			report(Additive, "added", "", a)
		}
	}
}

func (c *comparison) events(id string, o, n operation) {
	before, after := get(o.node, resourcesKey), get(n.node, resourcesKey)
	for event := range entries(before) {
		if !has(after, event.Value) {
			c.add(Finding{Class: Breaking, Area: Wire, Rule: "notification-event-removed", At: "notification " + id, What: "event type removed",
				Old: event.Value, File: c.old.name, Line: event.Line})
		}
	}
	for event := range entries(after) {
		if !has(before, event.Value) {
			// Whether receivers must expect new ones is for the enum of event_type to say.
			c.add(Finding{Class: Additive, Area: Wire, Rule: "notification-event-added", At: "notification " + id, What: "event type added",
				New: event.Value, File: c.new.name, Line: event.Line})
		}
	}
}
