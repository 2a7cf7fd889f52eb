package lint

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// duplicateKey exists because some YAML readers keep the first of two equal
// keys, some the last, and some refuse the file.
func duplicateKey(d *document, report reporter) {
	contract.WalkNodes(d.root, func(at *contract.Step, n *yaml.Node) {
		first := map[string]int{}
		for k := range contract.Entries(n) {
			if line, dup := first[k.Value]; dup {
				report(k.Line, "%s: the key %q is already on line %d; remove one of the two", at, k.Value, line)
				continue
			}
			first[k.Value] = k.Line
		}
	})
}

// noGoExtension keeps the contract free of one language's wishes, since other
// languages share it.
func noGoExtension(d *document, report reporter) {
	contract.WalkNodes(d.root, func(at *contract.Step, n *yaml.Node) {
		for k := range contract.Entries(n) {
			if strings.HasPrefix(k.Value, "x-go-") || strings.HasPrefix(k.Value, "x-oapi-codegen") {
				report(k.Line, "%s: %s is for Go only; move it to the Go overlay", at, k.Value)
			}
		}
	})
}

// unknownKey catches a misspelt keyword, which otherwise is a limit or an
// example that silently does not exist.
func unknownKey(d *document, report reporter) {
	for _, u := range d.unknownKeys() {
		switch hint := nearest(u.key.Value, contract.Grammar[u.object.kind]); {
		case u.key.Value == "<<":
			report(u.key.Line, "%s: merge keys (<<) are not read by every tool; write the fields out or use $ref", u.object.at())
		case hint != "":
			report(u.key.Line, "%s: %q is not a field of a %s in OpenAPI 3.0; did you mean %q?", u.object.at(), u.key.Value, u.object.kind, hint)
		default:
			report(u.key.Line, "%s: %q is not a field of a %s in OpenAPI 3.0; remove it or start it with x-", u.object.at(), u.key.Value, u.object.kind)
		}
	}
}

type unknown struct {
	object *object
	key    *yaml.Node
}

func (d *document) unknownKeys() []unknown {
	var out []unknown
	for _, o := range d.objects {
		if _, open := contract.Grammar[o.kind][contract.AnyKey]; open || o.ref != "" {
			continue
		}
		for k := range contract.Entries(o.node) {
			if _, known := contract.Grammar[o.kind][k.Value]; !known && !contract.IsExtension(k.Value) {
				out = append(out, unknown{o, k})
			}
		}
	}
	return out
}

// nearest gives the field that a misspelt key was probably meant to be.
func nearest(key string, fields map[string]contract.Field) string {
	best, distance := "", 2
	if len(key) < 4 {
		distance = 1
	}
	for name := range fields {
		d := editDistance(strings.ToLower(key), strings.ToLower(name))
		if d < distance || d == distance && (best == "" || name < best) {
			best, distance = name, d
		}
	}
	return best
}

func editDistance(a, b string) int {
	if max(len(a), len(b)) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// refSiblings exists because OpenAPI 3.0 ignores what stands beside a $ref,
// and some generators do not.
func refSiblings(d *document, report reporter) {
	for _, o := range d.objects {
		if !contract.Referable[o.kind] || !o.has("$ref") {
			continue
		}
		for k := range contract.Entries(o.node) {
			if k.Value != "$ref" {
				report(k.Line, "%s: %q beside $ref is ignored; put it in the target, or wrap the reference in allOf", o.at(), k.Value)
			}
		}
	}
}

// unusedComponent exists because generators drop what nothing uses, so that a
// forgotten component looks like part of the contract and is not.
func unusedComponent(d *document, report reporter) {
	used := d.usedComponents()
	for _, o := range d.objects {
		if o.parent != nil && o.parent.kind == contract.KindComponents && !used["#/components/"+o.field+"/"+o.name] {
			report(o.line, "%s is never used from a path; reference it or remove it", o.at())
		}
	}
}

// usedComponents starts at the paths: two components that only use each other
// are unused.
func (d *document) usedComponents() map[string]bool {
	used := map[string]bool{}
	var queue []string
	use := func(ref string) {
		tokens := contract.Pointer(ref)
		if len(tokens) < 3 || tokens[0] != "components" {
			return
		}
		if c := "#/components/" + tokens[1] + "/" + tokens[2]; !used[c] {
			used[c] = true
			queue = append(queue, c)
		}
	}
	scan := func(_ *contract.Step, n *yaml.Node) {
		if ref := contract.String(n, "$ref"); ref != "" {
			use(ref)
		}
		for _, v := range contract.Entries(contract.Get(n, "mapping")) {
			if v != nil && strings.Contains(v.Value, "/") {
				use(v.Value)
			} else if v != nil {
				use("#/components/schemas/" + v.Value)
			}
		}
		for _, requirement := range contract.Items(contract.Get(n, "security")) {
			for scheme := range contract.Entries(requirement) {
				use("#/components/securitySchemes/" + scheme.Value)
			}
		}
	}
	scan(nil, d.root)
	for k, v := range contract.Entries(d.root) {
		if k.Value != "components" {
			contract.WalkNodes(v, scan)
		}
	}
	for len(queue) > 0 {
		tokens := strings.SplitN(queue[0], "/", 4)
		queue = queue[1:]
		contract.WalkNodes(contract.Get(contract.Get(contract.Get(d.root, "components"), tokens[2]), tokens[3]), scan)
	}
	return used
}
