package lint

import (
	"slices"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// schemaCycle exists because a schema that consists of itself has no meaning,
// and because kin-openapi, like many readers, overflows its stack on it. A
// tree is no such schema: its nodes have a type, and lead to themselves only
// through properties or items.
func schemaCycle(d *document, report reporter) {
	for _, o := range d.cycles() {
		report(o.line, "%s consists of itself; state its type, and refer to itself only from properties or items", o.at())
	}
}

// cycles gives one schema of each such circle. The rules that hand the
// document to kin-openapi wait until there is none.
func (d *document) cycles() []*object {
	if d.cyclesKnown {
		return d.cyclic
	}
	const (
		open = 1
		done = 2
	)
	state := map[*object]int{}
	var out []*object
	var walk func(*object)
	walk = func(o *object) {
		if o = d.resolve(o); o == nil || state[o] == done {
			return
		}
		if state[o] == open {
			if !slices.Contains(out, o) {
				out = append(out, o)
			}
			return
		}
		state[o] = open
		for _, c := range o.children {
			if c.kind == contract.KindSchema && (composition[c.field] || o.text("type") == "") {
				walk(c)
			}
		}
		state[o] = done
	}
	for _, o := range d.objects {
		if o.kind == contract.KindSchema {
			walk(o)
		}
	}
	d.cyclic, d.cyclesKnown = out, true
	return out
}

var composition = map[string]bool{"allOf": true, "oneOf": true, "anyOf": true, "not": true}
