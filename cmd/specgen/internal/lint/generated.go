package lint

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// The rules of this file refuse what internal/codegen does not generate. They
// list what it does: a keyword that nobody thought of is a limit that the client
// would not check, and so it is a finding.

// notes are the keywords of a schema that limit nothing.
var notes = []string{"type", "title", "description", "example", "default", "deprecated", "externalDocs"}

// A form is a kind of schema that the templates know, with the keywords and the
// formats that they check.
type form struct {
	name     string
	keywords []string
	formats  []string // none, too, when it is empty
}

var (
	objectForm  = form{"an object", []string{"properties", "required", "additionalProperties"}, nil}
	mergedForm  = form{"a schema made of others", []string{"allOf"}, nil}
	wrapperForm = form{"a reference with a description", []string{"allOf"}, nil}
	enumForm    = form{"an enum", []string{"enum"}, nil}
	timeForm    = form{"a time", []string{"format"}, []string{"date-time"}}
	stringForm  = form{"a string", []string{"minLength", "maxLength", "pattern"}, nil}
	integerForm = form{"an integer", []string{"format", "minimum", "maximum"}, []string{"int64"}}
	numberForm  = form{"a number", []string{"format"}, []string{"double"}}
	booleanForm = form{"a boolean", nil, nil}
	arrayForm   = form{"an array", []string{"items", "minItems", "maxItems"}, nil}
)

func formOf(o *object) *form {
	switch {
	case o.has("allOf") && o.under(contract.KindComponents, "schemas"):
		return &mergedForm
	case o.has("allOf"):
		return &wrapperForm
	case o.has("enum"):
		return &enumForm
	}
	switch o.text("type") {
	case "object":
		return &objectForm
	case "string":
		if o.text("format") == "date-time" {
			return &timeForm
		}
		return &stringForm
	case "integer":
		return &integerForm
	case "number":
		return &numberForm
	case "boolean":
		return &booleanForm
	case "array":
		return &arrayForm
	}
	return nil
}

// A role is a place where a schema stands, with the forms that it may have there.
type role struct {
	name  string
	forms []*form
}

var (
	componentRole = role{"a component", []*form{&objectForm, &mergedForm, &enumForm, &timeForm, &stringForm, &integerForm, &booleanForm}}
	propertyRole  = role{"a property", []*form{&objectForm, &wrapperForm, &enumForm, &timeForm, &stringForm, &integerForm, &numberForm, &booleanForm, &arrayForm}}
	itemRole      = role{"an item of an array", []*form{&objectForm, &enumForm, &timeForm, &stringForm, &integerForm, &numberForm, &booleanForm}}
	memberRole    = role{"a member of allOf", []*form{&objectForm}}
	parameterRole = role{"a parameter", []*form{&enumForm, &stringForm, &integerForm, &booleanForm, &arrayForm}}
	paramItemRole = role{"an item of a parameter", []*form{&enumForm, &stringForm, &integerForm, &booleanForm}}
)

// roleOf gives nil for a schema that the client does not generate from: that of
// a response's header, of a notification's parameter, and of a body, which is a
// component.
func roleOf(o *object) *role {
	switch {
	case o.under(contract.KindComponents, "schemas"):
		return &componentRole
	case o.under(contract.KindSchema, "properties"):
		return &propertyRole
	case o.under(contract.KindSchema, "items"):
		if o.parent.under(contract.KindParameter, "schema") {
			return &paramItemRole
		}
		return &itemRole
	case o.under(contract.KindSchema, "allOf") && o.parent.under(contract.KindComponents, "schemas"):
		return &memberRole
	case o.under(contract.KindSchema, "allOf"):
		return &propertyRole
	case o.under(contract.KindParameter, "schema") && !o.within(contract.KindCallback):
		return &parameterRole
	}
	return nil
}

// generatedSchema exists because a limit that the client does not check is one
// that a caller learns of when money should have moved.
func generatedSchema(d *document, report reporter) {
	for _, o := range d.objects {
		role := roleOf(o)
		if o.kind != contract.KindSchema || role == nil {
			continue
		}
		target := d.resolve(o)
		if target == nil { // openapi
			continue
		}
		f := formOf(target)
		switch {
		case f == nil:
			if o.ref == "" {
				report(o.lineOf("type"), "%s has the type %q, which is not generated; state one of object, string, integer, number, boolean, array", o.at(), o.text("type"))
			}
			continue
		case f == &mergedForm && role != &memberRole && slices.Contains(role.forms, &objectForm):
		case !slices.Contains(role.forms, f):
			report(o.line, "%s is %s, which is not generated as %s; use one of: %s", o.at(), f.name, role.name, formNames(role.forms))
			continue
		}
		if o.ref == "" {
			checkForm(d, o, f, report)
		}
	}
}

func formNames(forms []*form) string {
	var names []string
	for _, f := range forms {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}

// exactly bounds the integers that every reader of JSON and YAML reads as they stand.
const exactly = 1 << 53

func checkForm(d *document, o *object, f *form, report reporter) {
	for k, v := range contract.Entries(o.node) {
		_, known := contract.Grammar[contract.KindSchema][k.Value]
		switch {
		case !known || slices.Contains(notes, k.Value): // unknown-key
		case !slices.Contains(f.keywords, k.Value) && !(k.Value == "format" && o.text("format") == ""):
			report(k.Line, "%s.%s is not checked by the generated client for %s; remove it", o.at(), k.Value, f.name)
		case k.Value == "format" && !slices.Contains(f.formats, o.text("format")):
			report(k.Line, "%s.format %q is not generated for %s; use %s", o.at(), o.text("format"), f.name, strings.Join(f.formats, ", "))
		case k.Value == "minimum" || k.Value == "maximum":
			if n, err := strconv.ParseInt(v.Value, 10, 64); err != nil || n < -exactly || n > exactly {
				report(k.Line, "%s.%s is %q; write an integer of at most 53 bits in digits", o.at(), k.Value, v.Value)
			}
		}
	}
	switch f {
	case &enumForm:
		if o.text("type") != "string" {
			report(o.lineOf("enum"), "%s is an enum of the type %q, which is not generated; use strings", o.at(), o.text("type"))
		}
	case &wrapperForm:
		if members := o.in("allOf"); len(members) != 1 || members[0].ref == "" || o.has("type") {
			report(o.lineOf("allOf"), "%s.allOf is not generated but around one $ref and nothing else; name the whole under components.schemas", o.at())
		}
	case &mergedForm:
		if o.has("type") && o.text("type") != "object" {
			report(o.lineOf("type"), "%s.type is %q beside allOf; it makes objects", o.at(), o.text("type"))
		}
		for _, m := range o.in("allOf") {
			if m = d.resolve(m); m != nil && len(m.in("properties")) == 0 {
				report(o.lineOf("allOf"), "%s.allOf has a member without properties; put what it says into another", o.at())
			}
		}
	case &objectForm:
		checkObject(d, o, report)
	}
}

func checkObject(d *document, o *object, report reporter) {
	if k, v := contract.Lookup(o.node, "additionalProperties"); k != nil {
		switch {
		case contract.IsMapping(v):
			report(k.Line, "%s.additionalProperties has a schema, which the generated client does not check; say true or false", o.at())
		case v != nil && v.Value == "true" && len(o.in("properties")) > 0:
			report(k.Line, "%s has properties and others besides, which is not generated; drop additionalProperties or properties", o.at())
		}
	}
	for _, name := range contract.Items(contract.Get(o.node, "required")) {
		if name != nil && d.property(o, name.Value) == nil {
			report(name.Line, "%s.required names %q, which is none of its properties", o.at(), name.Value)
		}
	}
}

// styles are what the templates write, by place, for scalars and for arrays.
var styles = map[string]map[bool][]string{
	"path":   {false: {"simple"}, true: {"simple"}},
	"header": {false: {"simple"}, true: {"simple"}},
	"query":  {false: {"form"}, true: {"form", "spaceDelimited", "pipeDelimited"}},
}

var parameterFields = []string{"name", "in", "description", "required", "deprecated", "style", "explode", "schema", "example", "examples"}

// ownHeaders are those that OpenAPI, net/http or the client sets itself.
var ownHeaders = strings.Fields(`accept accept-encoding authorization connection content-length content-type cookie
	expect host keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade user-agent`)

// generatedParameter exists because a parameter that is declared and not sent
// is a request about something else.
func generatedParameter(d *document, report reporter) {
	for _, o := range d.all(contract.KindParameter) {
		if o.within(contract.KindCallback) {
			continue
		}
		in := o.text("in")
		byArray, known := styles[in]
		if !known {
			report(o.lineOf("in"), "%s is a parameter in %q, which is not sent; use path, query or header", o.at(), in)
			continue
		}
		for k := range contract.Entries(o.node) {
			if _, standard := contract.Grammar[contract.KindParameter][k.Value]; standard && !slices.Contains(parameterFields, k.Value) {
				report(k.Line, "%s.%s is not generated; describe the value by schema, style and explode", o.at(), k.Value)
			}
		}
		if in == "header" && slices.Contains(ownHeaders, strings.ToLower(o.text("name"))) {
			report(o.lineOf("name"), "%s is the header %s, which the client sets itself", o.at(), o.text("name"))
		}
		schema := d.resolve(o.child("schema"))
		if schema == nil {
			if !o.has("content") && !o.has("schema") {
				report(o.line, "%s has no schema", o.at())
			}
			continue
		}
		array := schema.text("type") == "array"
		style := byArray[array][0]
		if o.has("style") {
			style = o.text("style")
		}
		switch {
		case !slices.Contains(byArray[array], style):
			report(o.lineOf("style"), "%s.style %q is not generated here; use %s", o.at(), style, strings.Join(byArray[array], ", "))
		case style != "form" && in == "query" && o.text("explode") != "false":
			// The generator takes true for the default of each style, OpenAPI of form only.
			report(o.lineOf("style"), "%s has the style %s without explode: false; state that, or use form", o.at(), style)
		}
		if n, _ := strconv.Atoi(schema.text("minItems")); array && n < 1 {
			report(schema.line, "%s is an array that may be empty, which no parameter can say; state minItems: 1", schema.at())
		}
	}
}

var success = regexp.MustCompile(`^2[0-9][0-9]$`)

// generatedOperation exists because the client sends and reads JSON, and holds
// one status for the success.
func generatedOperation(d *document, report reporter) {
	for _, o := range d.objects {
		switch {
		case o.kind == contract.KindPathItem && !o.within(contract.KindCallback):
			for k := range contract.Entries(o.node) {
				if k.Value == "servers" || slices.Contains([]string{"options", "head", "trace", "$ref"}, k.Value) {
					report(k.Line, "%s.%s is not generated; use get, post, put, patch or delete, on the servers of the document", o.at(), k.Value)
				}
			}
			for segment := range strings.SplitSeq(o.field, "/") {
				if strings.ContainsAny(segment, "{}") && !(strings.HasPrefix(segment, "{") && strings.Index(segment, "}") == len(segment)-1) {
					report(o.line, "%s has a parameter beside a text in %q; give it a segment of its own", o.at(), segment)
				}
			}
		case o.kind == contract.KindOperation && o.ref == "" && !o.within(contract.KindCallback):
			if k, _ := contract.Lookup(o.node, "servers"); k != nil {
				report(k.Line, "%s.servers is not generated; use the servers of the document", o.at())
			}
			if body := d.resolve(o.child("requestBody")); body != nil {
				if body.text("required") != "true" {
					report(body.line, "%s is optional, but the client always sends it; state required: true", body.at())
				}
				onlyJSON(body, report)
			}
			succeeds := 0
			for _, r := range o.childrenOf("responses") {
				if !strings.HasPrefix(r.field, "2") {
					continue
				}
				if succeeds++; succeeds > 1 || !success.MatchString(r.field) {
					report(r.line, "%s is another success; the client knows one status in three digits", r.at())
				}
				if r = d.resolve(r); r != nil {
					onlyJSON(r, report)
				}
			}
			if succeeds == 0 {
				report(o.lineOf("responses"), "%s has no success; state one status of 2xx", o.at())
			}
		}
	}
}

func (o *object) childrenOf(field string) []*object {
	if c := o.child(field); c != nil {
		return c.children
	}
	return nil
}

func onlyJSON(o *object, report reporter) {
	content := o.in("content")
	for _, m := range content {
		if m.name != "application/json" {
			report(m.line, "%s is not generated; the client sends and reads application/json", m.at())
		}
		if m.child("schema") == nil || len(m.in("encoding")) > 0 {
			report(m.line, "%s needs a schema, and no encoding", m.at())
		}
	}
}

// callbackOnce exists because the generator of other Go teams, oapi-codegen
// without templates, declares the types of a callback for each operation that
// has it.
func callbackOnce(d *document, report reporter) {
	first := map[*object]*object{}
	for _, o := range d.objects {
		if !o.under(contract.KindOperation, "callbacks") {
			continue
		}
		if target := d.resolve(o); target != nil && first[target] == nil {
			first[target] = o
		} else if target != nil {
			report(o.line, "%s is declared on line %d already; declare a callback at one operation and say the rest in its description", o.at(), first[target].line)
		}
	}
}
