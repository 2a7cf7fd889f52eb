package main

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// number is the merchant's own number of what a request makes, and where the
// answer repeats it.
type number struct {
	Name           string // of the field of the answer
	Sent, Answered string // the Go fields
	Always         bool   // the answer has it always
}

// numbers are those that the body of a write requires and its answer has. A
// number may be one level down, beside what else the answer holds.
func numbers(body, answer *openapi3.Schema) (all []number) {
	for _, name := range body.Required {
		if !isNumber(name) || !isText(body.Properties[name]) {
			continue
		}
		sent := codegen.SchemaNameToTypeName(name)
		if name == "out_trade_no" { // what orders of sign plans call theirs
			name = "out_order_no"
		}
		field := codegen.SchemaNameToTypeName(name)
		if isText(answer.Properties[name]) {
			all = append(all, number{name, sent, field, slices.Contains(answer.Required, name)})
			continue
		}
		for _, of := range answer.Required {
			ref := answer.Properties[of]
			if ref == nil {
				continue
			}
			if inner := ref.Value; slices.Contains(inner.Required, name) && isText(inner.Properties[name]) {
				all = append(all, number{of + "." + name, sent, codegen.SchemaNameToTypeName(of) + "." + field, true})
			}
		}
	}
	return all
}

// isNumber tells the merchant's own numbers, out_..._no and merchant_..._no,
// by their names.
func isNumber(name string) bool {
	return strings.HasPrefix(name, "out_") || strings.HasPrefix(name, "merchant_") && strings.HasSuffix(name, "_no")
}

func isText(s *openapi3.SchemaRef) bool {
	return s != nil && s.Value.Type.Is("string") && len(s.Value.Enum) == 0
}
