// Package examplecall calls each operation of the generated client with the
// examples of the contract, found by reflection, so that an operation that is
// added to the contract is tested without new code, and one without an
// example is an error. It is for tests and proofs.
package examplecall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// Method finds the client's method of an operation. Go's initialisms make
// its name differ in the case of letters.
func Method(client *payscore.Client, operationID string) (reflect.Value, error) {
	if operationID == "" {
		return reflect.Value{}, errors.New("an operation has no operationId")
	}
	value := reflect.ValueOf(client)
	for i := range value.NumMethod() {
		if strings.EqualFold(value.Type().Method(i).Name, operationID) {
			return value.Method(i), nil
		}
	}
	return reflect.Value{}, errors.New("the client has no such method")
}

// Call is one way to call a method.
type Call struct {
	Name   string          // which example
	Path   string          // with its parameters in place, unescaped
	Params map[string]any  // in the query and the headers
	Body   json.RawMessage // nil when there is none

	in []reflect.Value // between the context and the editors
}

// CheckSent reports whether a request and its body are what the examples say.
func (c Call) CheckSent(u *url.URL, header http.Header, body []byte) error {
	if u.Path != c.Path {
		return fmt.Errorf("the client sent the path %s, want %s", u.Path, c.Path)
	}
	query := u.Query()
	for name, value := range c.Params {
		want := fmt.Sprint(value)
		if got := query.Get(name); got != want && header.Get(name) != want {
			return fmt.Errorf("the client sent the parameter %s as %q, want %q", name, got, want)
		}
		query.Del(name)
	}
	if len(query) > 0 {
		return fmt.Errorf("the client sent %v, which the example has not", query)
	}
	if c.Body == nil {
		if len(body) > 0 {
			return errors.New("the client sent a body, which the example has not")
		}
		return nil
	}
	if err := Same(body, c.Body); err != nil {
		return fmt.Errorf("the client sent another body than the example: %w", err)
	}
	return nil
}

// Invoke calls method with the arguments of the call. What it returns is the
// decoded answer, nil when the method has none or fails.
func (c Call) Invoke(ctx context.Context, method reflect.Value, editors ...payscore.RequestEditorFn) (any, error) {
	in := append([]reflect.Value{reflect.ValueOf(ctx)}, c.in...)
	for _, edit := range editors {
		in = append(in, reflect.ValueOf(edit))
	}
	results := method.Call(in)
	err, _ := results[len(results)-1].Interface().(error)
	if len(results) == 1 || err != nil {
		return nil, err
	}
	return results[0].Interface(), nil
}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

// Calls fills a method's parameters from the examples of the contract: one
// call for each example of a body, or one with all query parameters and one
// with the required ones alone.
func Calls(method reflect.Value, path string, item *openapi3.PathItem, operation *openapi3.Operation) ([]Call, error) {
	parameters := map[string]*openapi3.Parameter{}
	for _, ref := range slices.Concat(item.Parameters, operation.Parameters) {
		parameters[ref.Value.In+" "+ref.Value.Name] = ref.Value
	}
	all, required := map[string]any{}, map[string]any{} // outside of the path
	for key, parameter := range parameters {
		value, err := exampleOf(parameter)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(key, "path ") {
			continue
		}
		all[parameter.Name] = value
		if parameter.Required {
			required[parameter.Name] = value
		}
	}
	inPath := pathParameter.FindAllStringSubmatch(path, -1)
	filled := path
	for _, match := range inPath {
		parameter := parameters["path "+match[1]]
		if parameter == nil {
			return nil, fmt.Errorf("the path parameter %s is not declared", match[1])
		}
		value, _ := exampleOf(parameter)
		filled = strings.Replace(filled, match[0], fmt.Sprint(value), 1)
	}
	bodies, err := bodiesOf(operation)
	if err != nil {
		return nil, err
	}

	var calls []Call
	add := func(name string, params map[string]any, body json.RawMessage) error {
		made := Call{Name: name, Path: filled, Params: params, Body: body}
		path := inPath
		for i := 1; i < method.Type().NumIn()-1; i++ {
			t := method.Type().In(i)
			var from any
			switch {
			case len(path) > 0:
				from, _ = exampleOf(parameters["path "+path[0][1]])
				path = path[1:]
			case params != nil:
				from, params = params, nil
			case body != nil:
				from, body = body, nil
			default:
				return fmt.Errorf("the contract has nothing for the argument %s", t)
			}
			value, err := decode(t, from)
			if err != nil {
				return fmt.Errorf("%s: the example does not fit %s: %w", name, t, err)
			}
			made.in = append(made.in, value)
		}
		if len(path) > 0 || params != nil || body != nil {
			return errors.New("the method takes fewer Calls than the contract has")
		}
		calls = append(calls, made)
		return nil
	}
	if len(all) == 0 {
		all = nil
	}
	for _, example := range slices.Sorted(maps.Keys(bodies)) {
		if err := add("request "+example, all, bodies[example]); err != nil {
			return nil, err
		}
	}
	if len(bodies) == 0 {
		if err := add("all parameters", all, nil); err != nil {
			return nil, err
		}
		if len(required) < len(all) {
			return calls, add("required parameters", required, nil)
		}
	}
	return calls, nil
}

// decode makes a t of an example, and refuses what t does not know.
func decode(t reflect.Type, example any) (reflect.Value, error) {
	raw, err := json.Marshal(example)
	if err != nil {
		return reflect.Value{}, err
	}
	value := reflect.New(t)
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	return value.Elem(), decoder.Decode(value.Interface())
}

func exampleOf(parameter *openapi3.Parameter) (any, error) {
	if parameter.Example != nil {
		return parameter.Example, nil
	}
	for _, name := range slices.Sorted(maps.Keys(parameter.Examples)) {
		return parameter.Examples[name].Value.Value, nil
	}
	if schema := parameter.Schema; schema != nil {
		switch {
		case schema.Value.Example != nil:
			return schema.Value.Example, nil
		case schema.Value.Default != nil:
			return schema.Value.Default, nil
		case len(schema.Value.Enum) > 0:
			return schema.Value.Enum[0], nil
		}
	}
	return nil, fmt.Errorf("the %s parameter %s has no example", parameter.In, parameter.Name)
}

// bodiesOf returns the examples of the request's body by name.
func bodiesOf(operation *openapi3.Operation) (map[string]json.RawMessage, error) {
	if operation.RequestBody == nil {
		return nil, nil
	}
	media := operation.RequestBody.Value.Content["application/json"]
	if media == nil {
		return nil, errors.New("the request has no JSON body")
	}
	bodies, err := examplesOf(media)
	if err == nil && len(bodies) == 0 {
		err = errors.New("the request has no example")
	}
	return bodies, err
}

func examplesOf(media *openapi3.MediaType) (map[string]json.RawMessage, error) {
	examples := map[string]json.RawMessage{}
	for name, ref := range media.Examples {
		raw, err := json.Marshal(ref.Value.Value)
		if err != nil {
			return nil, err
		}
		examples[name] = raw
	}
	if media.Example != nil {
		raw, err := json.Marshal(media.Example)
		if err != nil {
			return nil, err
		}
		examples[""] = raw // which cannot be asked for by name
	}
	return examples, nil
}

// Answer is one that the contract has.
type Answer struct {
	Status  int
	Example string          // its name, if it has one
	Value   json.RawMessage // nil when it has no body
}

// String is the status and the name of the example.
func (a Answer) String() string {
	return strings.TrimSpace(fmt.Sprint(a.Status, " ", a.Example))
}

// Answers are the successes and the refusals of an operation that the contract
// has examples of, each list sorted.
func Answers(operation *openapi3.Operation) (success, refusals []Answer, err error) {
	for status, ref := range operation.Responses.Map() {
		var code int
		if _, err := fmt.Sscanf(status, "%d", &code); err != nil {
			continue // default, and ranges
		}
		var found []Answer
		if media := ref.Value.Content["application/json"]; media != nil {
			examples, err := examplesOf(media)
			if err != nil {
				return nil, nil, err
			}
			if len(examples) == 0 {
				return nil, nil, fmt.Errorf("the answer %d has no example", code)
			}
			for name, value := range examples {
				found = append(found, Answer{code, name, value})
			}
		} else {
			found = []Answer{{Status: code}}
		}
		switch {
		case code/100 == 2:
			success = append(success, found...)
		case found[0].Value != nil:
			refusals = append(refusals, found...)
		}
	}
	order := func(a, b Answer) int { return strings.Compare(a.String(), b.String()) }
	slices.SortFunc(success, order)
	slices.SortFunc(refusals, order)
	if len(success) == 0 {
		err = errors.New("no success is documented")
	}
	return success, refusals, err
}

// Same compares two JSON texts by what they say.
func Same(got, want []byte) error {
	var g, w any
	for _, side := range []struct {
		raw  []byte
		into *any
	}{{got, &g}, {want, &w}} {
		decoder := json.NewDecoder(bytes.NewReader(side.raw))
		decoder.UseNumber()
		if err := decoder.Decode(side.into); err != nil {
			return fmt.Errorf("%w in %.200s", err, side.raw)
		}
	}
	if !reflect.DeepEqual(g, w) {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	return nil
}
