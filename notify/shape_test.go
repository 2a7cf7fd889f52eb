package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path"
	"reflect"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/notify"
)

// schema is as much of a schema of the contract as its examples need.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Enum       []any             `json:"enum"`
	Example    any               `json:"example"`
}

// whole is a document with each field of a schema.
func (s schema) whole(t *testing.T, all map[string]schema) any {
	t.Helper()
	if s.Ref != "" {
		s = all[path.Base(s.Ref)]
	}
	switch {
	case s.Type == "object":
		object := map[string]any{}
		for name, property := range s.Properties {
			object[name] = property.whole(t, all)
		}
		return object
	case s.Type == "array":
		return []any{s.Items.whole(t, all)}
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Example == nil:
		t.Fatalf("no example: %+v", s)
	}
	return s.Example
}

// scalars calls f with each scalar of a document and what sets it.
func scalars(value any, set func(any), f func(value any, set func(any))) {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			scalars(v[key], func(other any) { v[key] = other }, f)
		}
	case []any:
		for i := range v {
			scalars(v[i], func(other any) { v[i] = other }, f)
		}
	default:
		f(value, set)
		set(value)
	}
}

// TestEachFieldMayHaveAnotherType sends each kind of notification with each of its
// scalars written in each other way. With -short it is every fifth scalar.
func TestEachFieldMayHaveAnotherType(t *testing.T) {
	data, err := os.ReadFile("../api/dist/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var contract struct {
		Components struct{ Schemas map[string]schema }
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&contract); err != nil {
		t.Fatal(err)
	}
	var got *notify.Event
	r := receiver(t, func(_ context.Context, e *notify.Event) error { got = e; return errors.New("again") })
	// send returns what reached the Func.
	send := func(eventType string, document any) *notify.Event {
		t.Helper()
		plaintext, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		body := envelope("EV-1", eventType, string(plaintext))
		got = nil
		if status, _ := r.Receive(t.Context(), sign(body, time.Now()), body); status != http.StatusInternalServerError || got == nil || string(got.Raw) != string(plaintext) {
			t.Fatalf("%d, %v, %s", status, got, plaintext)
		}
		return got
	}
	integers, misfits, all := 0, 0, 0
	sent := map[string]bool{}
	for _, known := range catalog.Events() {
		eventType, name := known.Type, known.Schema
		if sent[name] {
			continue
		}
		sent[name] = true
		document := contract.Components.Schemas[name].whole(t, contract.Components.Schemas)
		want := send(eventType, document)
		if want.Err != nil || want.Resource == nil || want.Partial != nil {
			t.Fatal(want.Err)
		}
		scalars(document, nil, func(value any, set func(any)) {
			if all++; testing.Short() && all%5 != 0 {
				return
			}
			number, isNumber := value.(json.Number)
			if isNumber {
				integers++
				set(number.String())
				if e := send(eventType, document); e.Err != nil || !reflect.DeepEqual(e.Resource, want.Resource) || e.SubMchID != want.SubMchID {
					t.Errorf("%s: %s as a text: %v", name, number, e.Err)
				}
			}
			set(nil) // is absent
			absent := send(eventType, document)
			for _, other := range []any{"MARKER", json.Number("770077"), json.Number("0.5"), true, []any{"MARKER"}, map[string]any{"MARKER": true}} {
				if reflect.TypeOf(value) == reflect.TypeOf(other) && other != json.Number("0.5") {
					continue
				}
				misfits++
				set(other)
				e := send(eventType, document)
				var malformed *notify.MalformedError
				if !errors.As(e.Err, &malformed) || e.Resource != nil || !reflect.DeepEqual(e.Partial, absent.Resource) || e.SubMchID != absent.SubMchID {
					t.Errorf("%s: %v as %v: %v, %+v", name, value, other, e.Err, e.Partial)
				}
			}
		})
	}
	t.Log(integers, "integers,", misfits, "misfits")
	if !testing.Short() && (integers < 20 || misfits < 300) {
		t.Errorf("%d integers, %d misfits", integers, misfits)
	}
}
