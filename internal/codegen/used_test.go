package codegen

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// structsIn adds the structs of the client that typ holds.
func structsIn(typ reflect.Type, to map[reflect.Type]bool) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice:
		structsIn(typ.Elem(), to)
	case reflect.Struct:
		if typ.PkgPath() != reflect.TypeFor[payscore.Payment]().PkgPath() || to[typ] {
			return
		}
		to[typ] = true
		for i := range typ.NumField() {
			structsIn(typ.Field(i).Type, to)
		}
	}
}

// What a request holds is checked. An answer or a notification is read as it is.
func TestLimitsAreThoseOfRequests(t *testing.T) {
	requests, answers := map[reflect.Type]bool{}, map[reflect.Type]bool{}
	client := reflect.TypeFor[*payscore.Client]()
	for i := range client.NumMethod() {
		method := client.Method(i).Type
		for j := 1; j < method.NumIn()-1; j++ { // without the receiver and the editors
			structsIn(method.In(j), requests)
		}
		structsIn(method.Out(0), answers)
	}
	for _, d := range decoders(t) {
		structsIn(d.typ, answers)
	}
	validates := func(typ reflect.Type) bool {
		return typ.Implements(reflect.TypeFor[interface{ Validate() error }]())
	}
	for typ := range requests {
		if !validates(typ) {
			t.Errorf("%s is in a request and has no Validate", typ)
		}
	}
	only := 0
	for typ := range answers {
		if !requests[typ] {
			only++
			if validates(typ) {
				t.Errorf("%s is in no request and has a Validate", typ)
			}
		}
	}
	if len(requests) < 40 || only < 20 {
		t.Errorf("%d types in requests, %d in answers only", len(requests), only)
	}
}

func TestEachPatternOnce(t *testing.T) {
	code, err := os.ReadFile("../../gen/payscore/limits.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, m := range regexp.MustCompile(`limit\.Pattern\{Source: (.*)\}`).FindAllStringSubmatch(string(code), -1) {
		sources = append(sources, m[1])
	}
	slices.Sort(sources)
	if len(sources) < 5 || len(slices.Compact(slices.Clone(sources))) != len(sources) {
		t.Errorf("patterns %q", sources)
	}
}

// An alias of a text or a number would keep no two of them apart.
func TestNoAliases(t *testing.T) {
	names, err := filepath.Glob("../../gen/payscore/*.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		code, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, alias := range regexp.MustCompile(`(?m)^type \w+ = .*`).FindAllString(string(code), -1) {
			if alias != "type Error = apierror.Error" {
				t.Errorf("%s: %s", name, alias)
			}
		}
	}
}
