package contract

import "go.yaml.in/yaml/v3"

// A Limitless schema names limits that no official page prints.
type Limitless struct {
	At       string // like components.schemas.A
	Node     *yaml.Node
	Keywords []string
}

// Unprinted gives the schemas with limits that no page prints, in their order.
func (d *Document) Unprinted() []Limitless {
	var out []Limitless
	WalkNodes(d.Root, func(at *Step, n *yaml.Node) {
		var keywords []string
		for _, word := range Items(Get(n, UnprintedKey)) {
			keywords = append(keywords, word.Value)
		}
		if len(keywords) > 0 {
			out = append(out, Limitless{at.String(), n, keywords})
		}
	})
	return out
}
