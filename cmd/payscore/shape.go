package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/internal/oneline"
	"github.com/wxpayscore/payscore/limit"
)

const (
	// The schemas are 3 levels deep. Without a bound a file of brackets would
	// decide how deep the functions below call themselves.
	maxDepth = 32
	// Nobody reads more than these of one file.
	maxFindings = 20
)

// shape collects unknown, repeated and missing fields and values of another
// type than the schema's. Lengths and ranges are the client's to check.
type shape struct {
	decoder  *json.Decoder
	findings limit.Findings
}

// checkShape reads raw, which must be one JSON value.
func checkShape(raw []byte, schema *openapi3.Schema) limit.Findings {
	s := shape{decoder: json.NewDecoder(bytes.NewReader(raw))}
	s.decoder.UseNumber()
	if err := s.value(nil, schema, 0); err != nil {
		s.findings = append(s.findings, limit.Finding{Path: "$", Rule: "json", Message: err.Error()})
	}
	return s.findings
}

// enough ends the reading.
func (s *shape) enough() bool { return len(s.findings) >= maxFindings }

func (s *shape) add(at *limit.Path, rule, format string, args ...any) {
	s.findings = append(s.findings, limit.Finding{Path: at.String(), Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// value reads one value. A nil schema takes anything.
func (s *shape) value(at *limit.Path, schema *openapi3.Schema, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested more than %d levels deep", maxDepth)
	}
	token, err := s.decoder.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '[' {
			s.kind(at, schema, "array")
			err = s.array(at, schema, depth)
		} else {
			s.kind(at, schema, "object")
			err = s.object(at, schema, depth)
		}
		if err != nil || s.enough() {
			return err
		}
		_, err = s.decoder.Token() // the closing delimiter
		return err
	case string:
		if s.kind(at, schema, "string") && strings.ContainsRune(token, utf8.RuneError) {
			// Also what encoding/json makes of an escape that stands for no character.
			s.add(at, "utf8", "has U+FFFD, which stands for a broken character")
		}
	case json.Number:
		if strings.ContainsAny(token.String(), ".eE") {
			s.kind(at, schema, "number")
		} else if s.kind(at, schema, "integer") {
			if _, err := token.Int64(); err != nil {
				s.add(at, "format", "does not fit into 64 bits")
			}
		}
	case bool:
		s.kind(at, schema, "boolean")
	case nil:
		s.kind(at, schema, "null")
	}
	return nil
}

// kind reports a value of another type than the schema's.
func (s *shape) kind(at *limit.Path, schema *openapi3.Schema, is string) bool {
	if schema == nil || schema.Type == nil || schema.Type.Is(is) || is == "integer" && schema.Type.Is("number") {
		return true
	}
	s.add(at, "type", "is %s, must be %s", article(is), article(schema.Type.Slice()[0]))
	return false
}

func (s *shape) array(at *limit.Path, schema *openapi3.Schema, depth int) error {
	var items *openapi3.Schema
	if schema != nil && schema.Items != nil {
		items = schema.Items.Value
	}
	for i := 0; s.decoder.More() && !s.enough(); i++ {
		item := at.Index(i)
		if err := s.value(&item, items, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *shape) object(at *limit.Path, schema *openapi3.Schema, depth int) error {
	known := schema != nil && schema.Type.Is("object") && len(schema.Properties) > 0
	seen := map[string]bool{}
	for s.decoder.More() && !s.enough() {
		token, err := s.decoder.Token()
		if err != nil {
			return err
		}
		name := token.(string) // a key of valid JSON
		place := at.Key(pathKey(name))
		var property *openapi3.Schema
		if known {
			if ref := schema.Properties[name]; ref != nil {
				property = ref.Value
			} else {
				s.add(&place, "unknown", "unknown field, known are %s", strings.Join(slices.Sorted(maps.Keys(schema.Properties)), ", "))
			}
		}
		if seen[name] {
			s.add(&place, "unique", "given twice")
		}
		seen[name] = true
		if err := s.value(&place, property, depth+1); err != nil {
			return err
		}
	}
	// Absent and empty would look the same once decoded.
	if known && !s.enough() {
		for _, name := range schema.Required {
			if !seen[name] {
				place := at.Key(name)
				s.add(&place, "required", "is missing")
			}
		}
	}
	return nil
}

var plainKey = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// pathKey quotes what would make a path hard to read, and shortens it.
func pathKey(name string) string {
	if plainKey.MatchString(name) {
		return name
	}
	return oneline.Quote(name, 64)
}

func article(kind string) string {
	switch kind {
	case "null":
		return kind
	case "array", "integer", "object":
		return "an " + kind
	default:
		return "a " + kind
	}
}
