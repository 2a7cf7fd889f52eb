// Package digits decodes JSON in which an integer may be written as a text of
// digits. WeChat Pay documents integers, and has published samples with
// "total_amount": "40000".
package digits

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
)

// Unmarshal is json.Unmarshal into a new value, with two differences. It reads an
// integer from a text of decimal digits with an optional minus sign. And when it
// returns an error about a value of another type than v has, v holds everything
// else: json.Unmarshal would leave a pointer to 0 where no 0 was sent.
func Unmarshal[T any](data []byte) (v T, err error) {
	typ := reflect.TypeFor[T]()
	if err = json.Unmarshal(data, &v); !isTypeError(err) {
		return v, err
	}
	v = *new(T)
	if err = json.Unmarshal(rewrite(data, typ, false), &v); !isTypeError(err) {
		return v, err
	}
	v = *new(T)
	_ = json.Unmarshal(rewrite(data, typ, true), &v)
	return v, err
}

func isTypeError(err error) bool {
	var wrong *json.UnmarshalTypeError
	return errors.As(err, &wrong)
}

// rewrite returns data, which is valid JSON, with the integers of typ written as
// numbers, and with null for what does not fit if misfits is true.
func rewrite(data []byte, typ reflect.Type, misfits bool) []byte {
	w := rewriter{data: data, misfits: misfits, tokens: json.NewDecoder(bytes.NewReader(data))}
	w.tokens.UseNumber()
	w.value(typ)
	return append(w.out, data[w.copied:]...)
}

type rewriter struct {
	data    []byte
	tokens  *json.Decoder
	misfits bool
	out     []byte // stands for data[:copied]
	copied  int
	fields  map[reflect.Type][]namedField // of the structs so far
}

type namedField struct {
	name string
	typ  reflect.Type
}

// value goes past one value that is to be decoded into typ. nil is any type.
func (w *rewriter) value(typ reflect.Type) {
	typ = target(typ)
	kind := reflect.Invalid
	if typ != nil {
		kind = typ.Kind()
	}
	start := int(w.tokens.InputOffset())
	start += len(w.data[start:]) - len(bytes.TrimLeft(w.data[start:], " \t\r\n:,"))
	token, err := w.tokens.Token()
	if err != nil {
		return
	}
	fits := typ == nil
	switch token := token.(type) {
	case json.Delim:
		fits = fits || token == '{' && (kind == reflect.Struct || kind == reflect.Map) || token == '[' && kind == reflect.Slice
		if !fits {
			typ = nil
		}
		w.inside(token, typ)
	case string:
		fits = fits || kind == reflect.String
		if isInteger(kind) {
			if n, ok := integer(token, typ.Bits()); ok {
				w.replace(start, n)
				return
			}
		}
	case json.Number:
		if isInteger(kind) {
			_, err := strconv.ParseInt(token.String(), 10, typ.Bits())
			fits = err == nil
		}
		fits = fits || kind == reflect.Float64
	case bool:
		fits = fits || kind == reflect.Bool
	default: // null
		fits = true
	}
	if !fits && w.misfits {
		w.replace(start, "null")
	}
}

// inside goes past the rest of an object or array.
func (w *rewriter) inside(open json.Delim, typ reflect.Type) {
	for w.tokens.More() {
		var item reflect.Type
		if open == '{' {
			name, err := w.tokens.Token()
			if err != nil {
				return
			}
			item = w.field(typ, name.(string))
		} else if typ != nil && typ.Kind() == reflect.Slice {
			item = typ.Elem()
		}
		w.value(item)
	}
	_, _ = w.tokens.Token()
}

// replace writes text for what stands from start to the last token.
func (w *rewriter) replace(start int, text string) {
	w.out = append(w.out, w.data[w.copied:start]...)
	w.out = append(w.out, text...)
	w.copied = int(w.tokens.InputOffset())
}

// target is what a pointer points to, or nil for a type that decodes itself and
// for one of which the generated models have none.
func target(typ reflect.Type) reflect.Type {
	for typ != nil {
		pointer := reflect.PointerTo(typ)
		if pointer.Implements(reflect.TypeFor[json.Unmarshaler]()) || pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
			return nil
		}
		switch kind := typ.Kind(); {
		case kind == reflect.Pointer:
			typ = typ.Elem()
		case kind == reflect.Struct, kind == reflect.Map, kind == reflect.Slice && typ.Elem().Kind() != reflect.Uint8, kind == reflect.String, kind == reflect.Bool, kind == reflect.Float64, isInteger(kind):
			return typ
		default:
			return nil
		}
	}
	return nil
}

// field is the type of an object's field: like encoding/json, it prefers the
// exact name to one in another case.
func (w *rewriter) field(typ reflect.Type, name string) (found reflect.Type) {
	if typ == nil {
		return nil
	}
	if typ.Kind() == reflect.Map {
		return typ.Elem()
	}
	fields, known := w.fields[typ]
	if !known {
		if w.fields == nil {
			w.fields = make(map[reflect.Type][]namedField)
		}
		fields = fieldsOf(typ)
		w.fields[typ] = fields
	}
	for _, f := range fields {
		if f.name == name {
			return f.typ
		}
		if found == nil && strings.EqualFold(f.name, name) {
			found = f.typ
		}
	}
	return found
}

func fieldsOf(typ reflect.Type) (fields []namedField) {
	for _, f := range reflect.VisibleFields(typ) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || tag == "-" || f.Anonymous && tag == "":
			continue
		case tag == "":
			tag = f.Name
		}
		fields = append(fields, namedField{tag, f.Type})
	}
	return fields
}

func isInteger(kind reflect.Kind) bool { return kind >= reflect.Int && kind <= reflect.Int64 }

// integer returns the number that a text of digits means, as JSON writes it.
func integer(text string, bits int) (string, bool) {
	if strings.HasPrefix(text, "+") {
		return "", false
	}
	n, err := strconv.ParseInt(text, 10, bits)
	return strconv.FormatInt(n, 10), err == nil
}
