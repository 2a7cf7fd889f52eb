package codegen

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/examplecall"
	"github.com/wxpayscore/payscore/limit"
)

// edge is a body with one value at a limit, or one beyond it.
type edge struct {
	path, rule string // rule is "" for what is still allowed
	body       any
}

// edges are those of the value v at path. put returns the whole body with
// another value there.
func edges(s *openapi3.Schema, v any, path string, put func(any) any) (all []edge) {
	s = whole(s)
	add := func(rule string, v any) { all = append(all, edge{path, rule, put(v)}) }
	switch {
	case len(s.Enum) > 0:
		add("enum", "NO_SUCH_VALUE")
	case s.Type.Is("string") && s.Format == "":
		if s.Pattern == "" && s.MaxLength != nil {
			add("", strings.Repeat("费", int(*s.MaxLength)))
		}
		if s.MaxLength != nil {
			add("maxLength", strings.Repeat("费", int(*s.MaxLength)+1))
		}
		if s.MinLength > 0 {
			add("minLength", strings.Repeat("a", int(s.MinLength)-1))
		}
	case s.Format == "date-time":
		add("required", "0001-01-01T00:00:00Z") // what a forgotten time.Time encodes as
	case s.Type.Is("integer"):
		if s.Min != nil {
			add("", int64(*s.Min))
			add("minimum", int64(*s.Min)-1)
		}
		if s.Max != nil {
			add("", int64(*s.Max))
			add("maximum", int64(*s.Max)+1)
		}
	case s.Type.Is("array"):
		item := v.([]any)[0]
		if s.MinItems > 0 {
			add("minItems", slices.Repeat([]any{item}, int(s.MinItems)-1))
		}
		if s.MaxItems != nil {
			add("", slices.Repeat([]any{item}, int(*s.MaxItems)))
			add("maxItems", slices.Repeat([]any{item}, int(*s.MaxItems)+1))
		}
		all = append(all, edges(s.Items.Value, item, path+"[0]", func(v any) any { return put([]any{v}) })...)
	case s.Type.Is("object"):
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			with := func(v2 any) any {
				members := maps.Clone(v.(map[string]any))
				members[name] = v2
				return put(members)
			}
			all = append(all, edges(s.Properties[name].Value, v.(map[string]any)[name], path+"."+name, with)...)
		}
	}
	return all
}

// TestEachLimit holds the client against each limit that the contract sets for a
// body: what is at the limit passes, and one more does not.
func TestEachLimit(t *testing.T) {
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	client, err := payscore.New(payscore.DefaultServer, payscore.WithHTTPClient(doerFunc(nil)))
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			method, err := examplecall.Method(client, op.OperationID)
			if err != nil {
				t.Fatal(err)
			}
			body := method.Type().In(method.Type().NumIn() - 2) // before the editors
			schema := op.RequestBody.Value.Content.Get("application/json").Schema.Value
			for _, e := range edges(schema, sample(t, schema), "$", func(v any) any { return v }) {
				tried++
				v := reflect.New(body)
				if err := json.Unmarshal([]byte(text(t, e.body)), v.Interface()); err != nil {
					t.Fatal(op.OperationID, err)
				}
				err := v.Interface().(interface{ Validate() error }).Validate()
				var findings limit.Findings
				errors.As(err, &findings)
				got := []string{}
				for _, f := range findings {
					got = append(got, f.Path+" "+f.Rule)
				}
				if want := fmt.Sprint(e.path, " ", e.rule); e.rule == "" && err != nil || e.rule != "" && !slices.Equal(got, []string{want}) {
					t.Errorf("%s, %s %s: %q, %v", op.OperationID, e.path, e.rule, got, err)
				}
			}
		}
	}
	t.Log(tried, "limits")
	if tried < 500 {
		t.Errorf("%d limits", tried)
	}
}
