package codegen

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
)

// place is a scalar somewhere in a JSON document.
type place struct {
	path  string
	value any
	with  func(other any) []byte // the document with another value there
}

func placesOf(t *testing.T, text []byte) []place {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		t.Fatal(err)
	}
	var places []place
	var visit func(path string, value any, set func(any))
	visit = func(path string, value any, set func(any)) {
		switch v := value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				visit(path+"."+key, v[key], func(other any) { v[key] = other })
			}
		case []any:
			for i := range v {
				visit(path+"[]", v[i], func(other any) { v[i] = other })
			}
		default:
			places = append(places, place{path, value, func(other any) []byte {
				set(other)
				defer set(value)
				b, err := json.Marshal(document)
				if err != nil {
					t.Fatal(err)
				}
				return b
			}})
		}
	}
	visit("", document, nil)
	return places
}

// full are documents of d: the examples, and one with every field of the contract.
func (d decoder) full(t *testing.T) [][]byte {
	t.Helper()
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	schema := doc.Components.Schemas[d.typ.Name()]
	if schema == nil {
		t.Fatalf("the contract has no %s", d.typ.Name())
	}
	text, err := json.Marshal(sample(t, schema.Value))
	if err != nil {
		t.Fatal(err)
	}
	return append(slices.Clone(d.texts), text)
}

// undecoded returns what is had of an answer or a notification in spite of err.
func undecoded(got any, err error) (partial any, body []byte) {
	var undecodable *apierror.UndecodableError
	if errors.As(err, &undecodable) {
		return undecodable.Partial, undecodable.Body
	}
	return got, nil
}

func TestEachIntegerMayBeAText(t *testing.T) {
	integers := 0
	for _, d := range decoders(t) {
		for _, text := range d.full(t) {
			want, wantErr := d.read(text)
			want, _ = undecoded(want, wantErr)
			for _, p := range placesOf(t, text) {
				number, ok := p.value.(json.Number)
				if !ok {
					continue
				}
				integers++
				got, err := d.read(p.with(number.String()))
				got, _ = undecoded(got, err)
				if (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
					t.Errorf("%s%s as a text: %+v, %v", d.name, p.path, got, err)
				}
			}
		}
	}
	t.Log(integers, "integers")
	if integers < 250 {
		t.Errorf("%d integers", integers)
	}
}

// Whatever type a field has: the rest is decoded, and the answer is at hand. make
// walk tries the examples too, besides the document that has every field.
func TestEachScalarMayHaveAnotherType(t *testing.T) {
	misfits, least, every := 0, 4000, 1
	switch {
	case os.Getenv(walking) == "1":
		least = 8000
	case testing.Short():
		least, every = 400, 10
	}
	for _, d := range decoders(t) {
		documents := d.full(t)
		if os.Getenv(walking) != "1" {
			documents = documents[len(documents)-1:]
		}
		for _, text := range documents {
			for i, p := range placesOf(t, text) {
				if i%every != 0 {
					continue
				}
				want, err := d.read(p.with(nil))
				want, _ = undecoded(want, err)
				for _, other := range []any{"MARKER", json.Number("770077"), json.Number("1.5"), true, []any{}, []any{"MARKER"}, map[string]any{}, map[string]any{"MARKER": 1}} {
					_, number := p.value.(json.Number)
					if reflect.TypeOf(p.value) == reflect.TypeOf(other) && !(number && other == json.Number("1.5")) {
						continue
					}
					misfits++
					changed := p.with(other)
					got, err := d.read(changed)
					partial, body := undecoded(got, err)
					var wrong *json.UnmarshalTypeError
					if !errors.As(err, &wrong) || !reflect.DeepEqual(partial, want) {
						t.Errorf("%s%s as %v: %+v, %v, want %+v", d.name, p.path, other, partial, err, want)
						continue
					}
					if strings.Contains(err.Error(), "MARKER") || body != nil && !bytes.Equal(body, changed) {
						t.Errorf("%s%s as %v: %v, %s", d.name, p.path, other, err, body)
					}
				}
			}
		}
	}
	t.Log(misfits, "misfits")
	if misfits < least {
		t.Errorf("%d misfits", misfits)
	}
}
