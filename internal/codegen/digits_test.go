package codegen

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
)

// textOrInt is an int64 that decodes itself from a number or a text of digits.
type textOrInt int64

var digitText = regexp.MustCompile(`^-?[0-9]+$`)

func (n *textOrInt) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" {
		return nil
	}
	if b[0] == '"' {
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		if !digitText.MatchString(text) {
			return fmt.Errorf("%q", text)
		}
	}
	i, err := strconv.ParseInt(text, 10, 64)
	*n = textOrInt(i)
	return err
}

// decodeWithTexts is what payscore.Unmarshal should make of a text: encoding/json
// fills a type made like typ, in which each int64 is a textOrInt.
func decodeWithTexts(text []byte, typ reflect.Type) (reflect.Value, error) {
	made, out := reflect.New(withTexts(typ)), reflect.New(typ)
	err := json.Unmarshal(text, made.Interface())
	take(out.Elem(), made.Elem())
	return out, err
}

func withTexts(typ reflect.Type) reflect.Type {
	if reflect.PointerTo(typ).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return typ
	}
	switch typ.Kind() {
	case reflect.Int64:
		return reflect.TypeFor[textOrInt]()
	case reflect.Pointer:
		return reflect.PointerTo(withTexts(typ.Elem()))
	case reflect.Slice:
		return reflect.SliceOf(withTexts(typ.Elem()))
	case reflect.Map:
		return reflect.MapOf(typ.Key(), withTexts(typ.Elem()))
	case reflect.Struct:
		var fields []reflect.StructField
		for i := range typ.NumField() {
			f := typ.Field(i)
			fields = append(fields, reflect.StructField{Name: f.Name, Tag: f.Tag, Type: withTexts(f.Type)})
		}
		return reflect.StructOf(fields)
	}
	return typ
}

// take sets to, which is zero, to what from holds.
func take(to, from reflect.Value) {
	switch {
	case from.Type() == to.Type():
		to.Set(from)
	case from.Kind() == reflect.Int64:
		to.SetInt(from.Int())
	case from.Kind() == reflect.Struct:
		for i := range from.NumField() {
			take(to.Field(i), from.Field(i))
		}
	case from.IsNil():
	case from.Kind() == reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		take(to.Elem(), from.Elem())
	case from.Kind() == reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			take(to.Index(i), from.Index(i))
		}
	case from.Kind() == reflect.Map:
		to.Set(reflect.MakeMap(to.Type()))
		for _, key := range from.MapKeys() {
			value := reflect.New(to.Type().Elem()).Elem()
			take(value, from.MapIndex(key))
			to.SetMapIndex(key, value)
		}
	}
}
