package lint

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

func isObject(o *object) bool { return o.text("type") == "object" || o.has("properties") }

// inlineObject exists because a generator has to invent a name for an object
// that has none, and the invented name changes when the document does.
func inlineObject(d *document, report reporter) {
	for _, o := range d.all(contract.KindSchema) {
		if !isObject(o) || o.under(contract.KindComponents, "schemas") {
			continue
		}
		if o.under(contract.KindSchema, "allOf") && o.parent.under(contract.KindComponents, "schemas") {
			// A component may extend others by one object of its own.
			if first := firstInline(o.parent); first != o {
				report(o.line, "%s is a second inline object of %s; merge it into %s", o.at(), o.parent.at(), first.at())
			}
			continue
		}
		report(o.line, "%s is an inline object; give it a name under components.schemas and use $ref", o.at())
	}
}

func firstInline(component *object) *object {
	for _, c := range component.in("allOf") {
		if c.ref == "" && isObject(c) {
			return c
		}
	}
	return nil
}

// stringMaxLength exists because WeChat Pay counts characters and refuses what
// is longer: the limit belongs where a program can check it before sending.
func stringMaxLength(d *document, report reporter) {
	for _, o := range d.all(contract.KindSchema) {
		if o.text("type") != "string" || o.limited("maxLength") || o.has("enum") {
			continue
		}
		if f := o.text("format"); f == "date-time" || f == "binary" {
			continue
		}
		report(o.line, "%s is a string without a limit; state maxLength or an enum, or name it in %s", o.at(), contract.UnprintedKey)
	}
}

// integerFormat exists because generators pick the width of an integer by its
// format, and amounts do not fit into 32 bits everywhere. A format other than
// int64 is a finding of generated-schema.
func integerFormat(d *document, report reporter) {
	for _, o := range d.all(contract.KindSchema) {
		if o.text("type") != "integer" {
			continue
		}
		if f := o.text("format"); f == "" {
			report(o.line, "%s is an integer without a format; state int64", o.at())
		}
		if !o.limited("minimum") {
			report(o.line, "%s is an integer without a minimum; state one, 0 for an amount, or name it in %s", o.at(), contract.UnprintedKey)
		}
	}
}

var (
	moneyName = regexp.MustCompile(`(?i)(amount|price|refund|total|fee|quota)$`)
	fen       = regexp.MustCompile(`(?i)\bfen\b`)
)

// amountUnit exists because an amount taken for yuan is wrong by a hundred.
func amountUnit(d *document, report reporter) {
	for _, o := range d.objects {
		if !o.under(contract.KindSchema, "properties") || !moneyName.MatchString(o.name) {
			continue
		}
		if s := d.resolve(o); s != nil && s.text("type") == "integer" && !fen.MatchString(s.text("description")) {
			report(s.lineOf("description"), "%s.description does not name the unit of %s; say that it is in fen", s.at(), o.name)
		}
	}
}

// arrayItems bounds what a client allocates, and says of a required list
// whether it may be empty: a nil slice is sent as one.
func arrayItems(d *document, report reporter) {
	for _, o := range d.all(contract.KindSchema) {
		if o.text("type") != "array" {
			continue
		}
		if !o.limited("maxItems") {
			report(o.line, "%s is an array without a limit; state maxItems, or name it in %s", o.at(), contract.UnprintedKey)
		}
	}
	reached := d.reach(d.requestBodies())
	for _, o := range d.objects {
		if o.kind != contract.KindSchema || !reached[o] {
			continue
		}
		for _, name := range requiredNames(o) {
			p := d.property(o, name)
			if p != nil && p.text("type") == "array" && !p.limited("minItems") {
				report(p.line, "%s is a required array of a request; state minItems, 0 if it may be empty, or name it in %s", p.at(), contract.UnprintedKey)
			}
		}
	}
}

// requestBodies gives the bodies that clients send: a notification's body is
// the request of a callback, and is written by WeChat Pay.
func (d *document) requestBodies() []*object {
	var out []*object
	for _, o := range d.objects {
		if o.under(contract.KindOperation, "requestBody") && !o.within(contract.KindCallback) {
			out = append(out, o)
		}
	}
	return out
}

func requiredNames(o *object) []string {
	var out []string
	for _, n := range contract.Items(contract.Get(o.node, "required")) {
		if n != nil {
			out = append(out, n.Value)
		}
	}
	return out
}

// property finds a property of a schema, in itself or in what it is made of;
// a member of allOf may require a property that another member declares.
func (d *document) property(o *object, name string) *object {
	if o.under(contract.KindSchema, "allOf") {
		o = o.parent
	}
	seen := map[*object]bool{}
	var find func(*object) *object
	find = func(o *object) *object {
		if o = d.resolve(o); o == nil || seen[o] {
			return nil
		}
		seen[o] = true
		for _, p := range o.in("properties") {
			if p.name == name {
				return d.resolve(p)
			}
		}
		for _, member := range o.in("allOf") {
			if p := find(member); p != nil {
				return p
			}
		}
		return nil
	}
	return find(o)
}

// enumASCII exists because generators make identifiers of enum values, and a
// Chinese value becomes an empty one.
func enumASCII(d *document, report reporter) {
	for _, o := range d.all(contract.KindSchema) {
		for i, v := range contract.Items(contract.Get(o.node, "enum")) {
			if v != nil && strings.ContainsFunc(v.Value, func(r rune) bool { return r > unicode.MaxASCII }) {
				report(v.Line, "%s.enum[%d] is %q; enum values are ASCII, put the Chinese into the description", o.at(), i, v.Value)
			}
		}
	}
}

// listObject exists because a list on its own can never gain a field, such as
// the total or the next page, without breaking every client.
func listObject(d *document, report reporter) {
	for _, m := range d.all(contract.KindMediaType) {
		if !m.under(contract.KindRequestBody, "content") && !m.under(contract.KindResponse, "content") {
			continue
		}
		if s := m.child("schema"); s != nil {
			if target := d.resolve(s); target != nil && target.text("type") == "array" {
				report(s.line, "%s is an array; wrap it in an object with one list property", s.at())
			}
		}
	}
}

// openapiVersion exists because 3.1 is checked a hundred times slower at run
// time and is not read by every generator; a 3.1 copy is derived.
func openapiVersion(d *document, report reporter) {
	if v := contract.String(d.root, "openapi"); !d.isThree0() {
		k, _ := contract.Lookup(d.root, "openapi")
		line := d.root.Line
		if k != nil {
			line = k.Line
		}
		report(line, "openapi is %q; the contract is written in 3.0.3", v)
	}
}

func (d *document) isThree0() bool {
	return strings.HasPrefix(contract.String(d.root, "openapi"), "3.0.")
}
