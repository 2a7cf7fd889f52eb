package lint

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// A sample is one example with the schema that it must match.
type sample struct {
	at     string
	line   int
	value  *yaml.Node
	schema *object
	as     openapi3.SchemaValidationOption
}

// exampleValid checks each example by itself, since kin-openapi stops at the
// first one that breaks a schema and does not say where it stands.
func exampleValid(d *document, report reporter) {
	samples := d.samples()
	if len(samples) == 0 || !d.isThree0() || len(d.cycles()) > 0 {
		return
	}
	schemas, err := d.loadSchemas(samples)
	if err != nil {
		report(samples[0].line, "examples cannot be checked before the schemas load: %s", err)
		return
	}
	broken := map[*yaml.Node]bool{}
	for _, s := range samples {
		schema := schemas[s.schema]
		if schema == nil || broken[s.value] {
			continue
		}
		value, err := contract.ToJSON(s.value)
		if err == nil {
			err = schema.VisitJSON(value, openapi3.MultiErrors(), s.as, openapi3.SetSchemaRegexCompiler(lenientRegexp))
		}
		if err != nil {
			broken[s.value] = true
			report(s.line, "%s does not match its schema: %s", s.at, strings.Join(faults(err, s.value), "; "))
		}
	}
}

func (d *document) samples() []sample {
	var out []sample
	for _, o := range d.objects {
		as := openapi3.VisitAsResponse()
		if o.within(contract.KindRequestBody) || o.kind == contract.KindParameter {
			as = openapi3.VisitAsRequest()
		}
		schema := o
		switch {
		case o.ref != "":
			continue
		case o.kind == contract.KindMediaType || o.kind == contract.KindParameter || o.kind == contract.KindHeader:
			schema = o.child("schema")
		case o.kind == contract.KindSchema:
			// A schema's own example may show what only one direction has.
			as = bothWays
		default:
			continue
		}
		if schema == nil {
			continue
		}
		if k, v := contract.Lookup(o.node, "example"); k != nil {
			out = append(out, sample{o.at() + ".example", k.Line, v, schema, as})
		}
		for _, e := range o.in("examples") {
			if target := d.resolve(e); target != nil && target.has("value") {
				out = append(out, sample{target.at(), target.line, contract.Get(target.node, "value"), schema, as})
			}
		}
	}
	return out
}

// bothWays is neither VisitAsRequest nor VisitAsResponse.
var bothWays = openapi3.MultiErrors()

// loadSchemas has kin-openapi read only the schemas, so that an error elsewhere
// in the document does not hide those of the examples.
func (d *document) loadSchemas(samples []sample) (map[*object]*openapi3.Schema, error) {
	schemas, err := contract.ToJSON(contract.Get(contract.Get(d.root, "components"), "schemas"))
	if err != nil {
		return nil, err
	}
	all, _ := schemas.(map[string]any)
	if all == nil {
		all = map[string]any{}
	}
	names := map[*object]string{}
	for _, s := range samples {
		if _, done := names[s.schema]; done {
			continue
		}
		value, err := contract.ToJSON(s.schema.node)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("checked-%d", len(names))
		for all[name] != nil {
			name += "-"
		}
		names[s.schema], all[name] = name, value
	}
	data, err := json.Marshal(map[string]any{
		"openapi": "3.0.3", "info": map[string]any{"title": "schemas", "version": "1"}, "paths": map[string]any{},
		"components": map[string]any{"schemas": all},
	})
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, err
	}
	out := map[*object]*openapi3.Schema{}
	for o, name := range names {
		if ref := doc.Components.Schemas[name]; ref != nil {
			out[o] = ref.Value
		}
	}
	return out, nil
}

// faults gives each breach with the place inside the example and its line.
func faults(err error, value *yaml.Node) []string {
	var out []string
	for _, e := range flatten(err) {
		s, ok := e.(*openapi3.SchemaError)
		if !ok {
			out = append(out, e.Error())
			continue
		}
		// The members of an allOf say what is wrong, the whole only that it is.
		var members openapi3.MultiError
		if errors.As(s.Origin, &members) {
			out = append(out, faults(members, value)...)
			continue
		}
		reason := s.Reason
		if reason == "" {
			reason = "does not match " + s.SchemaField
		}
		at := s.JSONPointer()
		n := value
		for _, token := range at {
			if next := contract.StepInto(n, token); next != nil {
				n = next
			}
		}
		if len(at) > 0 && n != nil {
			reason = fmt.Sprintf("/%s (line %d): %s", strings.Join(at, "/"), n.Line, reason)
		}
		out = append(out, reason)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lenientRegexp lets anything pass a pattern that does not compile, which is
// the finding of pattern-anchored and not of the example.
func lenientRegexp(expr string) (openapi3.RegexMatcher, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return regexp.MustCompile(""), nil
	}
	return re, nil
}
