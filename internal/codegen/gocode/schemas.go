package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// walker visits each schema once, and each reference to one. name is that of the
// component, else of the property or parameter.
type walker struct {
	visit func(ref *openapi3.SchemaRef, name string)
	seen  map[*openapi3.Schema]bool
}

func newWalker(visit func(ref *openapi3.SchemaRef, name string)) *walker {
	return &walker{visit, map[*openapi3.Schema]bool{}}
}

func (w *walker) schema(ref *openapi3.SchemaRef, name string) {
	if ref == nil || ref.Value == nil {
		return
	}
	if ref.Ref != "" {
		name = ref.Ref[strings.LastIndexByte(ref.Ref, '/')+1:]
	}
	w.visit(ref, name)
	if w.seen[ref.Value] {
		return
	}
	w.seen[ref.Value] = true
	s := ref.Value
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		w.schema(s.Properties[key], key)
	}
	w.schema(s.Items, name)
	w.schema(s.AdditionalProperties.Schema, name)
	w.schema(s.Not, name)
	for _, ref := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
		w.schema(ref, name)
	}
}

func (w *walker) parameters(parameters openapi3.Parameters) {
	for _, p := range parameters {
		w.schema(p.Value.Schema, p.Value.Name)
	}
}

func (w *walker) content(content openapi3.Content) {
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		w.schema(content[kind].Schema, "body")
	}
}

// requests visits what the requests of an operation hold.
func (w *walker) requests(doc *openapi3.T) {
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		w.parameters(item.Parameters)
		operations := item.Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			w.parameters(operations[method].Parameters)
			if body := operations[method].RequestBody; body != nil {
				w.content(body.Value.Content)
			}
		}
	}
}

// all visits whatever a document holds.
func (w *walker) all(doc *openapi3.T) {
	w.requests(doc)
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for _, response := range op.Responses.Map() {
				w.content(response.Value.Content)
			}
		}
	}
	for name, ref := range doc.Components.Schemas {
		w.schema(ref, name)
	}
	for _, response := range doc.Components.Responses {
		w.content(response.Value.Content)
	}
}

// nameless returns the components that are a text or an integer and no more, and
// puts their Go type beside each reference: an alias such as type OutOrderNo =
// string would keep no two numbers apart. Shared parameters have no type, either.
func nameless(doc *openapi3.T) []string {
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				p.Ref = ""
			}
		}
	}
	doc.Components.Parameters = nil
	goType := map[string]string{}
	for name, ref := range doc.Components.Schemas {
		s := ref.Value
		if ref.Ref != "" || len(s.Enum) != 0 || s.Extensions["x-go-type"] != nil {
			continue
		}
		switch {
		case s.Type.Is("string") && s.Format == "":
			goType[name] = "string"
		case s.Type.Is("integer"):
			goType[name] = "int64"
		}
	}
	newWalker(func(ref *openapi3.SchemaRef, name string) {
		if is := goType[name]; ref.Ref != "" && is != "" {
			if ref.Extensions == nil {
				ref.Extensions = map[string]any{}
			}
			ref.Extensions["x-go-type"] = is
		}
	}).all(doc)
	return slices.Sorted(maps.Keys(goType))
}

// requests is what all requests of a document hold.
type requests struct {
	reached map[*openapi3.Schema]bool
	names   map[string]string // of each pattern: where it stands most often
}

func requestsOf(doc *openapi3.T) requests {
	uses := map[string]map[string]int{} // of each pattern, by each name
	w := newWalker(func(ref *openapi3.SchemaRef, name string) {
		if source := ref.Value.Pattern; source != "" {
			if uses[source] == nil {
				uses[source] = map[string]int{}
			}
			uses[source][name]++
		}
	})
	w.requests(doc)
	r := requests{w.seen, map[string]string{}}
	taken := map[string]bool{}
	for _, source := range slices.Sorted(maps.Keys(uses)) {
		names := slices.SortedFunc(maps.Keys(uses[source]), func(a, b string) int {
			return cmp.Or(uses[source][b]-uses[source][a], strings.Compare(a, b))
		})
		name := names[0]
		for n := 2; taken[name]; n++ {
			name = fmt.Sprint(names[0], n)
		}
		taken[name] = true
		r.names[source] = name
	}
	return r
}

func (r requests) reaches(s *openapi3.Schema) bool { return r.reached[s] }

// pattern is an error for a pattern that no request has.
func (r requests) pattern(source string) (string, error) {
	if r.names[source] == "" {
		return "", fmt.Errorf("no request has the pattern %q", source)
	}
	return "pattern" + codegen.SchemaNameToTypeName(r.names[source]), nil
}

func (r requests) patterns() []string {
	return slices.SortedFunc(maps.Keys(r.names), func(a, b string) int { return strings.Compare(r.names[a], r.names[b]) })
}
