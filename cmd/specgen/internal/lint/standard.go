package lint

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// openapiValid leaves the standard's own rules to kin-openapi, which is what
// the sandbox and the tests load the contract with. What another rule reports
// with a better message is left out here.
func openapiValid(d *document, report reporter) {
	if !d.isThree0() || len(d.cycles()) > 0 {
		return
	}
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true
	doc, err := loader.LoadFromData(d.data)
	if err != nil {
		switch dangling := d.dangling(); {
		case strings.Contains(err.Error(), "already defined at line"): // duplicate-key
		case len(dangling) > 0:
			// Loading stops at the first of them.
			for _, o := range dangling {
				report(o.lineOf("$ref"), "%s refers to %q, which is not a %s of this file", o.at(), o.ref, o.kind)
			}
		default:
			report(d.lineOfLoadError(err), "%s", loadMessage(err))
		}
		return
	}
	var mine []string
	for _, u := range d.unknownKeys() {
		mine = append(mine, u.key.Value)
	}
	err = doc.Validate(context.Background(),
		openapi3.EnableMultiError(),
		openapi3.AllowExtraSiblingFields(mine...), // unknown-key
		openapi3.DisableExamplesValidation(),      // example
		openapi3.DisableSchemaPatternValidation(), // pattern-anchored
	)
	reported := map[string]bool{}
	for _, err := range flatten(err) {
		var noDescription *openapi3.ResponseDescriptionRequired // description-missing
		var sameID *openapi3.DuplicateOperationIDError          // operation-id
		if errors.As(err, &noDescription) || errors.As(err, &sameID) {
			continue
		}
		// A broken schema is found again wherever a reference leads to it.
		line, root := d.lineOfError(err), rootMessage(err)
		if key := fmt.Sprint(line, root); !reported[key] {
			reported[key] = true
			message, _, _ := strings.Cut(err.Error(), "\nSchema:")
			report(line, "%s", message)
		}
	}
}

// dangling gives the references that lead nowhere.
func (d *document) dangling() []*object {
	var out []*object
	for _, o := range d.objects {
		if o.ref != "" && d.resolve(o) == nil {
			out = append(out, o)
		}
	}
	return out
}

func rootMessage(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// flatten gives the single errors of what Validate collects.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	many, ok := err.(openapi3.MultiError)
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range many {
		out = append(out, flatten(e)...)
	}
	return out
}

// lineOfError takes the line that kin-openapi remembers, or that of the
// deepest place which the error's chain names.
func (d *document) lineOfError(err error) int {
	line := 0
	var path []string
	for e := err; e != nil; e = errors.Unwrap(e) {
		if l := originLine(e); l > 0 {
			line = l
		}
		switch e := e.(type) {
		case *openapi3.SectionValidationError:
			path = append(path, e.Section)
		case *openapi3.ComponentValidationError:
			path = append(path, componentField[e.Section], e.Name)
		case *openapi3.PathValidationError:
			path = append(path, e.Path)
		case *openapi3.OperationValidationError:
			path = append(path, strings.ToLower(e.Method))
		case *openapi3.TagValidationError:
			path = append(path, e.Name)
		}
	}
	if line > 0 {
		return line
	}
	return d.lineOfPath(path)
}

var componentField = map[string]string{
	"schema": "schemas", "parameter": "parameters", "header": "headers", "request body": "requestBodies",
	"response": "responses", "security scheme": "securitySchemes", "example": "examples", "link": "links",
	"callback": "callbacks",
}

func (d *document) lineOfPath(path []string) int {
	n, line := d.root, d.root.Line
	for _, name := range path {
		k, v := contract.Lookup(n, name)
		if k == nil {
			break
		}
		n, line = v, k.Line
	}
	return line
}

// originLine reads the field Origin, which the thirty-odd error types of
// kin-openapi share by convention and not by an interface.
func originLine(err error) int {
	v := reflect.ValueOf(err)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return 0
	}
	f := v.FieldByName("Origin")
	if !f.IsValid() || !f.CanInterface() {
		return 0
	}
	o, _ := f.Interface().(*openapi3.Origin)
	if o == nil || o.Key == nil {
		return 0
	}
	for _, name := range []string{"ValueKind", "Field"} {
		if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.String {
			if at, ok := o.Fields.Lookup(f.String()); ok {
				return at.Line
			}
		}
	}
	if _, ok := err.(*openapi3.SchemaTypeError); ok {
		if at, ok := o.Fields.Lookup("type"); ok {
			return at.Line
		}
	}
	return o.Key.Line
}

// loadMessage drops the complaint that YAML is not JSON.
func loadMessage(err error) string {
	message := err.Error()
	if _, after, ok := strings.Cut(message, "yaml error: "); ok {
		message = after
	}
	return "cannot be loaded: " + message
}

var (
	refInError  = regexp.MustCompile(`#/[^"'\s]*`)
	lineInError = regexp.MustCompile(`line (\d+)`)
	// Go 1.26 names the type and the field, Go 1.27 all keys and indexes that lead there.
	fieldInError = regexp.MustCompile(`cannot unmarshal (\w+) into .*field (?:\S*\.)?([A-Za-z]\w*)(?:\.\d+)* of type`)
)

// lineOfLoadError searches: errors of loading have no place, they only name a
// reference or a field.
func (d *document) lineOfLoadError(err error) int {
	message := err.Error()
	if ref := refInError.FindString(message); ref != "" {
		if line := d.firstKey(func(k, v *yaml.Node) bool { return k.Value == "$ref" && v.Value == ref }); line > 0 {
			return line
		}
	}
	if m := fieldInError.FindStringSubmatch(message); m != nil {
		if line := d.firstKey(func(k, v *yaml.Node) bool { return k.Value == m[2] && jsonKind(v) == m[1] }); line > 0 {
			return line
		}
	}
	if m := lineInError.FindStringSubmatch(message); m != nil {
		line, _ := strconv.Atoi(m[1])
		return line
	}
	return d.root.Line
}

// firstKey gives the first line with a key and a value that match, or 0.
func (d *document) firstKey(match func(k, v *yaml.Node) bool) int {
	first := 0
	contract.WalkNodes(d.root, func(_ *contract.Step, n *yaml.Node) {
		for k, v := range contract.Entries(n) {
			if v != nil && match(k, v) && (first == 0 || k.Line < first) {
				first = k.Line
			}
		}
	})
	return first
}

// jsonKind gives the word that encoding/json has for a value in its errors.
func jsonKind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "object"
	case n.Kind == yaml.SequenceNode:
		return "array"
	case n.Tag == "!!bool":
		return "bool"
	case n.Tag == "!!int" || n.Tag == "!!float":
		return "number"
	}
	return "string"
}
