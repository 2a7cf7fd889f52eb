package lint

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// limits are the keywords that can be said to be printed nowhere, by form.
var limits = map[*form][]string{
	&stringForm:  {"minLength", "maxLength", "pattern"},
	&integerForm: {"minimum", "maximum"},
	&arrayForm:   {"minItems", "maxItems"},
}

// limited says whether a limit is stated, or that no page prints it.
func (o *object) limited(keyword string) bool {
	if o.has(keyword) {
		return true
	}
	return slices.ContainsFunc(contract.Items(contract.Get(o.node, contract.UnprintedKey)), func(n *yaml.Node) bool {
		return n != nil && n.Value == keyword
	})
}

// unprinted exists because an invented limit refuses what WeChat Pay takes, and
// a forgotten one looks like one that no page prints.
func unprinted(d *document, report reporter) {
	for _, o := range d.objects {
		key, list := contract.Lookup(o.node, contract.UnprintedKey)
		if key == nil {
			continue
		}
		at := o.at() + "." + contract.UnprintedKey
		if o.kind != contract.KindSchema || o.ref != "" {
			report(key.Line, "%s stands on no schema of its own; put it where the type is", at)
			continue
		}
		known := limits[formOf(o)]
		if len(known) == 0 {
			report(key.Line, "%s stands on a schema without limits; it is for strings, integers and arrays", at)
			continue
		}
		names := contract.Items(list)
		if len(names) == 0 {
			report(key.Line, "%s is no list of keywords; name the limits that no page prints", at)
		}
		seen := map[string]bool{}
		for _, n := range names {
			switch {
			case n == nil || !slices.Contains(known, n.Value):
				report(lineOr(n, key.Line), "%s names what is no limit here; use %s", at, strings.Join(known, ", "))
			case o.has(n.Value):
				report(n.Line, "%s names %s, which stands here; remove one of the two", at, n.Value)
			case seen[n.Value]:
				report(n.Line, "%s names %s twice", at, n.Value)
			default:
				seen[n.Value] = true
			}
		}
	}
}

func lineOr(n *yaml.Node, line int) int {
	if n == nil {
		return line
	}
	return n.Line
}
