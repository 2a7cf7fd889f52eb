package sheet

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// decodeLines reads the lines of a bill strictly: encoding/json would drop a mistyped
// field, take the last of two amounts, and replace half a surrogate pair.
func decodeLines[T any](s string) (lines []T, message string) {
	var items []json.RawMessage
	if err := json.Unmarshal([]byte(s), &items); err != nil {
		return nil, explainJSON("", err)
	}
	for i, item := range items {
		at := fmt.Sprintf("[%d]", i)
		var line *T
		if err := json.Unmarshal(item, &line); err != nil {
			return nil, explainJSON(at, err)
		}
		if line == nil {
			return nil, at + " is null, and an object belongs there"
		}
		if message := checkKeys[T](item); message != "" {
			return nil, at + message
		}
		lines = append(lines, *line)
	}
	if halfPair(s, lines) {
		return nil, `a \u escape is half of a surrogate pair`
	}
	return lines, ""
}

// checkKeys refuses a member that T does not have, and one that stands there twice.
// item is an object.
func checkKeys[T any](item json.RawMessage) string {
	known := map[string]bool{}
	for f := range reflect.TypeFor[T]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = true
	}
	dec := json.NewDecoder(strings.NewReader(string(item)))
	_, err := dec.Token() // {
	for err == nil && dec.More() {
		var token json.Token
		if token, err = dec.Token(); err != nil {
			break
		}
		key, _ := token.(string)
		fresh, ok := known[key]
		switch {
		case !ok:
			return " has a member " + quote(key) + ", which the contract does not know"
		case !fresh:
			return "." + key + " stands there twice"
		}
		known[key] = false
		var value json.RawMessage
		err = dec.Decode(&value)
	}
	return ""
}

// halfPair reports whether decoding has put U+FFFD where the text has none.
func halfPair[T any](s string, lines []T) bool {
	if !strings.Contains(s, `\u`) || strings.ContainsRune(s, utf8.RuneError) || strings.Contains(strings.ToLower(s), `\ufffd`) {
		return false
	}
	again, err := json.Marshal(lines)
	return err == nil && strings.ContainsRune(string(again), utf8.RuneError)
}

func explainJSON(at string, err error) string {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		if wrong.Field != "" {
			at += "." + wrong.Field
		}
		if at == "" {
			at = "the cell"
		}
		return fmt.Sprintf("%s is %s, and %s belongs there", at, article(wrong.Value), kindOf(wrong.Type))
	case errors.As(err, &syntax):
		return fmt.Sprintf("no JSON from byte %d on: write it as [{\"name\":\"服务费\",\"amount\":1250}]", syntax.Offset)
	}
	return "no JSON"
}

func article(value string) string {
	if strings.HasPrefix(value, "a") || strings.HasPrefix(value, "o") { // array, object
		return "an " + value
	}
	return "a " + value
}

func kindOf(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Int64:
		return "a whole number"
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "an array"
	}
	return "an object"
}
