package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/api"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
)

// maxBodyFile bounds what is read as a body, in bytes.
const maxBodyFile = 1 << 20

// readModify reads a modify request strictly: encoding/json would drop a
// mistyped field and take the last of two amounts.
func readModify(name string, in io.Reader) (payscore.ModifyPartnerServiceOrderRequest, error) {
	var body payscore.ModifyPartnerServiceOrderRequest
	raw, err := readBody(name, in)
	if err != nil {
		return body, err
	}
	return decodeModify(name, raw)
}

func readBody(name string, in io.Reader) ([]byte, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxBodyFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(raw) > maxBodyFile {
		return nil, fmt.Errorf("%s: over %d bytes", name, maxBodyFile)
	}
	return raw, nil
}

func decodeModify(name string, raw []byte) (payscore.ModifyPartnerServiceOrderRequest, error) {
	var body payscore.ModifyPartnerServiceOrderRequest
	doc, err := openapi3.NewLoader().LoadFromData(api.Spec)
	if err != nil {
		return body, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var findings limit.Findings
	err = readValue(decoder, nil, doc.Components.Schemas["ModifyPartnerServiceOrderRequest"].Value, &findings)
	if err == nil {
		if _, err = decoder.Token(); err == nil {
			err = errors.New("more than one JSON value")
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err != nil {
		return body, fmt.Errorf("%s: line %d: %w", name, 1+bytes.Count(raw[:decoder.InputOffset()], []byte("\n")), plain(err))
	}
	if len(findings) > 0 {
		return body, fmt.Errorf("%s: %w", name, findings)
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return body, fmt.Errorf("%s: %w", name, err)
	}
	return body, nil
}

// plain gives the end of a file its cause.
func plain(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON ends too early")
	}
	return err
}

// readValue reads one JSON value and notes unknown and repeated fields and
// values of another type than the schema's. A nil schema takes anything.
func readValue(d *json.Decoder, at *limit.Path, schema *openapi3.Schema, findings *limit.Findings) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	wrong := func(is string) {
		if schema != nil && schema.Type != nil && !schema.Type.Is(is) && !(is == "integer" && schema.Type.Is("number")) {
			*findings = append(*findings, limit.Finding{Path: at.String(), Rule: "type",
				Message: fmt.Sprintf("is %s, must be %s", article(is), article(schema.Type.Slice()[0]))})
		}
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '[' {
			wrong("array")
			var items *openapi3.Schema
			if schema != nil && schema.Items != nil {
				items = schema.Items.Value
			}
			for i := 0; d.More(); i++ {
				item := at.Index(i)
				if err := readValue(d, &item, items, findings); err != nil {
					return err
				}
			}
		} else {
			wrong("object")
			if err := readObject(d, at, schema, findings); err != nil {
				return err
			}
		}
		_, err = d.Token() // the closing delimiter
		return err
	case string:
		wrong("string")
	case json.Number:
		if strings.ContainsAny(token.String(), ".eE") {
			wrong("number")
		} else {
			wrong("integer")
		}
	case bool:
		wrong("boolean")
	case nil:
		wrong("null")
	}
	return nil
}

func readObject(d *json.Decoder, at *limit.Path, schema *openapi3.Schema, findings *limit.Findings) error {
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name := key.(string)
		place := at.Key(name)
		var property *openapi3.Schema
		if schema != nil && len(schema.Properties) > 0 {
			if ref := schema.Properties[name]; ref != nil {
				property = ref.Value
			} else {
				*findings = append(*findings, limit.Finding{Path: place.String(), Rule: "unknown",
					Message: "unknown field, known are " + strings.Join(names(schema), ", ")})
			}
		}
		if seen[name] {
			*findings = append(*findings, limit.Finding{Path: place.String(), Rule: "unique", Message: "given twice"})
		}
		seen[name] = true
		if err := readValue(d, &place, property, findings); err != nil {
			return err
		}
	}
	// Absent and empty would look the same once decoded.
	if schema != nil {
		for _, name := range schema.Required {
			if !seen[name] {
				place := at.Key(name)
				*findings = append(*findings, limit.Finding{Path: place.String(), Rule: "required", Message: "is missing"})
			}
		}
	}
	return nil
}

func names(schema *openapi3.Schema) []string {
	list := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
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
