package sandbox_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// value is what a schema allows, with all of its properties, made of its
// examples.
func value(s *openapi3.Schema) any {
	s = whole(s)
	switch {
	case s.Type.Is("object"):
		v := map[string]any{}
		for name, property := range s.Properties {
			v[name] = value(property.Value)
		}
		return v
	case s.Type.Is("array"):
		return []any{value(s.Items.Value)}
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Example == nil:
		panic("no example of " + s.Title)
	}
	return s.Example
}

// whole is a schema with the limits of the one that it is a copy of: the texts
// are its own.
func whole(s *openapi3.Schema) *openapi3.Schema {
	if len(s.AllOf) == 1 {
		return whole(s.AllOf[0].Value)
	}
	return s
}

// broken is a body that breaks one limit of the contract.
type broken struct {
	field string // where
	how   string
	body  any
}

// breaks makes all of them: each limit that the schema sets for the value v
// at field. put puts a value in the place of v into a copy of the whole body.
func breaks(s *openapi3.Schema, v any, field string, put func(any) any) (all []broken) {
	s = whole(s)
	add := func(how string, v any) { all = append(all, broken{field, how, put(v)}) }
	add("null", nil)
	if len(s.Enum) > 0 {
		add("enum", "NO_SUCH_VALUE")
	}
	switch {
	case s.Type.Is("string"):
		add("number for string", 1)
		if s.MaxLength != nil {
			add("maxLength", strings.Repeat("汉", int(*s.MaxLength)+1))
		}
		if s.MinLength > 0 {
			add("minLength", strings.Repeat("h", int(s.MinLength)-1))
		}
		if s.Pattern != "" {
			add("pattern", "./././?.")
		}
	case s.Type.Is("integer"):
		add("string for integer", "1")
		add("fraction", json.Number("1.5"))
		add("beyond int64", json.Number("9223372036854775808"))
		add("far beyond", json.Number("1e300"))
		add("exponent", json.Number("4e0"))
		add("fraction of nothing", json.Number("4.0"))
		if s.Min != nil {
			add("minimum", int64(*s.Min)-1)
		}
		if s.Max != nil {
			add("maximum", int64(*s.Max)+1)
		}
	case s.Type.Is("boolean"):
		add("string for boolean", "true")
	case s.Type.Is("array"):
		add("object for array", map[string]any{})
		items := v.([]any)
		if s.MinItems > 0 {
			add("minItems", []any{})
		}
		if s.MaxItems != nil {
			add("maxItems", slices.Repeat(items[:1], int(*s.MaxItems)+1))
		}
		all = append(all, breaks(s.Items.Value, items[0], field+"/0", func(v any) any { return put([]any{v}) })...)
	case s.Type.Is("object"):
		add("array for object", []any{})
		members := v.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			with := func(v any) any {
				m := maps.Clone(members)
				m[name] = v
				return put(m)
			}
			all = append(all, breaks(s.Properties[name].Value, members[name], field+"/"+name, with)...)
		}
		for _, name := range s.Required {
			m := maps.Clone(members)
			delete(m, name)
			all = append(all, broken{field + "/" + name, "missing", put(m)})
		}
	default:
		panic("no limits known for " + s.Title)
	}
	return all
}

func TestBodiesThatBreakALimit(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	before := asJSON(b.query(orderNo))
	for _, op := range operations() {
		if op.spec.RequestBody == nil {
			continue
		}
		schema := op.spec.RequestBody.Value.Content.Get("application/json").Schema.Value
		whole := value(schema)
		if err := schema.VisitJSON(parsed(strings.NewReader(asJSON(whole)))); err != nil {
			t.Fatalf("%s: the test's own body is wrong: %v", op.id, err)
		}
		t.Run(op.id, func(t *testing.T) {
			all := breaks(schema, whole, "", func(v any) any { return v })
			step := size(23, 5, 1)
			for _, c := range every(step, all) {
				if c.field == "" {
					c.field = "/"
				}
				got := b.send(op.method, op.target(orderNo), asJSON(c.body))
				p := placeOf(got.Detail)
				if got.Status != 400 || got.Code != "PARAM_ERROR" || got.Number != 268435464 || p != (place{"body", c.field}) {
					t.Errorf("%s breaks %s: %v %s", c.field, c.how, &got.Error, got.Detail)
				}
			}
			if len(all) < 5 {
				t.Errorf("%d bodies tried", len(all))
			}
			t.Logf("one in %d of %d bodies", step, len(all))
		})
	}
	if asJSON(b.query(orderNo)) != before {
		t.Error("refused, but the order changed")
	}
}

// The longest texts, the longest lists and the lowest numbers are taken, as
// far as the contract goes.
func TestBodiesAtTheLimit(t *testing.T) {
	b := newBox(t)
	for _, op := range every(size(3, 1, 1), operations()) {
		if op.spec.RequestBody == nil {
			continue
		}
		schema := op.spec.RequestBody.Value.Content.Get("application/json").Schema.Value
		got := b.send(op.method, op.target(orderNo), asJSON(atLimit(schema)))
		if p := placeOf(got.Detail); got.Code == "PARAM_ERROR" && p.Field != "/openid" { // a rule of create, not a limit
			t.Errorf("%s: %v %s", op.id, &got.Error, got.Detail)
		}
	}
}

func atLimit(s *openapi3.Schema) any {
	s = whole(s)
	switch {
	case s.Type.Is("object"):
		v := map[string]any{}
		for name, property := range s.Properties {
			v[name] = atLimit(property.Value)
		}
		if v["attach"] != nil { // counted once it is URL-encoded
			v["attach"] = strings.Repeat("h", 256)
		}
		return v
	case s.Type.Is("array"):
		n := 10 // lists within lists are over 1 MB when all are full
		if s.MaxItems != nil && !s.Items.Value.Type.Is("string") {
			n = int(*s.MaxItems)
		}
		all := make([]any, n)
		for i := range all {
			all[i] = atLimit(s.Items.Value)
			if item, ok := all[i].(map[string]any); ok {
				item["name"] = fmt.Sprintf("%020d", i)
			}
		}
		return all
	case len(s.Enum) > 0:
		return s.Enum[len(s.Enum)-1]
	case s.Type.Is("string") && s.MaxLength != nil && s.Pattern == "" && s.Format == "":
		return strings.Repeat("汉", int(*s.MaxLength))
	case s.Type.Is("integer") && s.Min != nil:
		return int64(*s.Min)
	}
	return s.Example
}

func TestParametersThatBreakALimit(t *testing.T) {
	b := newBox(t)
	for _, op := range every(size(3, 1, 1), operations()) {
		for _, parameter := range op.spec.Parameters {
			p, s := parameter.Value, whole(parameter.Value.Schema.Value)
			wrong := map[string]string{}
			if s.MaxLength != nil {
				wrong["maxLength"] = strings.Repeat("1", int(*s.MaxLength)+1)
			}
			if len(s.Enum) > 0 || !s.Type.Is("string") {
				wrong["enum or type"] = "no such value"
			}
			if s.Pattern != "" {
				wrong["pattern"] = "订单"
				wrong["pattern, escaped"] = "a/b"
			}
			if p.In == "query" && s.MinLength > 0 {
				wrong["minLength"] = ""
			}
			for how, v := range wrong {
				target := op.target(orderNo)
				switch p.In {
				case "path":
					target = op.target(url.PathEscape(v))
				case "query":
					values := op.query(orderNo)
					values.Set(p.Name, v)
					target = op.path(orderNo) + "?" + values.Encode()
				}
				req := b.request(op.method, target, op.example())
				if p.In == "header" {
					req.Header.Set(p.Name, v)
				}
				got := b.do(req)
				got.checkRefused(t, wrongParam(p.Name))
				if placeOf(got.Detail).Location != p.In {
					t.Errorf("%s: %s breaks %s: %s", op.id, p.Name, how, got.Detail)
				}
			}
		}
	}
}

// The field of a refusal is a place in what was sent.
func TestThePlaceIsInsideALongList(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	for i := range 100 {
		if i%33 != 0 {
			continue
		}
		body := bill(39900, lines(make([]int64, 100)...), nil)
		body.PostPayments[i].Count = new(int64(101))
		got := b.send("POST", modifyTarget, asJSON(body))
		got.checkRefused(t, wrongParam("/post_payments/"+strconv.Itoa(i)+"/count"))
	}
}
