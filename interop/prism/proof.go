package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// timeout bounds one call.
const timeout = 20 * time.Second

// proof drives a client against Prism and counts.
type proof struct {
	client *payscore.Client
	wire   *wire

	accepted, refused     int // requests
	bodies, empty, errors int // answers
}

// newProof makes a client that signs but does not verify: Prism has no key.
func newProof(url string) (*proof, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	signer, err := auth.NewSigner("1900000001", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", key)
	if err != nil {
		return nil, err
	}
	w := &wire{}
	client, err := payscore.New(url,
		payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(&http.Client{Transport: w, Timeout: timeout}))
	if err != nil {
		return nil, err
	}
	return &proof{client: client, wire: w}, nil
}

// operation covers one operation of the contract and returns what is wrong.
func (p *proof) operation(ctx context.Context, path string, item *openapi3.PathItem, operation *openapi3.Operation) (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	method, err := methodOf(p.client, operation.OperationID)
	if err != nil {
		return []error{err}
	}
	calls, err := arguments(method, path, item, operation)
	if err != nil {
		return []error{err}
	}
	success, refusals, err := answers(operation)
	if err != nil {
		return []error{err}
	}

	// Each way to call it, with the first success.
	for _, call := range calls {
		if err := p.succeed(ctx, method, call, success[0]); err != nil {
			fail("%s: %w", call.name, err)
		}
	}
	if len(errs) > 0 {
		return errs
	}
	// Then each other answer.
	for _, answer := range success[1:] {
		if err := p.succeed(ctx, method, calls[0], answer); err != nil {
			fail("%w", err)
		}
	}
	for _, answer := range refusals {
		if err := p.beRefused(ctx, method, calls[0], answer); err != nil {
			fail("%w", err)
		}
	}
	if err := p.breakIt(ctx, method, calls[0], operation); err != nil {
		fail("%w", err)
	}
	return errs
}

// succeed makes the call, which must bring the answer.
func (p *proof) succeed(ctx context.Context, method reflect.Value, call call, answer answer) error {
	out, err := p.call(ctx, method, call, answer)
	if err != nil {
		return fmt.Errorf("answer %s: %w%s", answer, err, p.wire.violations())
	}
	if p.wire.status != answer.status {
		return fmt.Errorf("answer %s: Prism answered %d%s", answer, p.wire.status, p.wire.violations())
	}
	if err := call.sent(p.wire); err != nil {
		return err
	}
	p.accepted++
	if out == nil {
		p.empty++
		return nil
	}
	p.bodies++
	if stream, ok := out.(*http.Response); ok {
		return stream.Body.Close()
	}
	decoded, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if err := same(decoded, p.wire.received); err != nil {
		return fmt.Errorf("answer %s: the client decoded something else than it received: %w", answer, err)
	}
	return nil
}

// beRefused makes the call, which must end in the contract's error.
func (p *proof) beRefused(ctx context.Context, method reflect.Value, call call, answer answer) error {
	_, err := p.call(ctx, method, call, answer)
	var refused *apierror.Error
	if !errors.As(err, &refused) {
		return fmt.Errorf("answer %s: got %v, not an error of the API", answer, err)
	}
	var want struct{ Code string }
	if err := json.Unmarshal(answer.value, &want); err != nil {
		return err
	}
	if refused.Status != answer.status || refused.Code != want.Code {
		return fmt.Errorf("answer %s: got %d %s, want %d %s", answer, refused.Status, refused.Code, answer.status, want.Code)
	}
	p.errors++
	return nil
}

// breakIt repeats the request of a call unsigned, and with an empty object
// where some field is required. A Prism that takes these checks nothing.
func (p *proof) breakIt(ctx context.Context, method reflect.Value, call call, operation *openapi3.Operation) error {
	if _, err := p.call(ctx, method, call, answer{}); err != nil {
		return err
	}
	if s := operation.Security; s != nil && len(*s) == 0 {
		return nil // nobody has to sign it
	}
	req, sent := p.wire.request, p.wire.sent
	try := func(what string, status int, body []byte, authorization string) error {
		again := req.Clone(ctx)
		again.Body, again.ContentLength, again.GetBody = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		again.Header.Del("Authorization")
		if authorization != "" {
			again.Header.Set("Authorization", authorization)
		}
		rsp, err := http.DefaultTransport.RoundTrip(again)
		if err != nil {
			return err
		}
		defer func() { _ = rsp.Body.Close() }()
		if rsp.StatusCode != status {
			return fmt.Errorf("%s: Prism answered %d, not %d", what, rsp.StatusCode, status)
		}
		p.refused++
		return nil
	}
	if err := try("unsigned", http.StatusUnauthorized, sent, ""); err != nil {
		return err
	}
	if operation.RequestBody == nil || len(operation.RequestBody.Value.Content["application/json"].Schema.Value.Required) == 0 {
		return nil
	}
	return try("empty body", http.StatusBadRequest, []byte("{}"), req.Header.Get("Authorization"))
}

// call calls a method of the client and asks Prism for a certain answer.
func (p *proof) call(ctx context.Context, method reflect.Value, call call, answer answer) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	prefer := payscore.RequestEditorFn(func(_ context.Context, req *http.Request) error {
		if answer.status != 0 {
			req.Header.Set("Prefer", fmt.Sprintf("code=%d", answer.status))
			if answer.example != "" {
				req.Header.Add("Prefer", "example="+answer.example)
			}
		}
		return nil
	})
	in := append([]reflect.Value{reflect.ValueOf(ctx)}, call.in...)
	results := method.Call(append(in, reflect.ValueOf(prefer)))
	err, _ := results[len(results)-1].Interface().(error)
	if len(results) == 1 || err != nil {
		return nil, err
	}
	return results[0].Interface(), nil
}

// methodOf finds the client's method of an operation. Go's initialisms make
// its name differ in the case of letters.
func methodOf(client *payscore.Client, operationID string) (reflect.Value, error) {
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

// call is one way to call a method.
type call struct {
	name   string
	in     []reflect.Value // between the context and the editors
	path   string          // with its parameters in place, unescaped
	params map[string]any  // in the query and the headers
	body   json.RawMessage // nil when there is none
}

// sent reports whether the request on the wire is what the examples say.
func (c call) sent(w *wire) error {
	if got := w.request.URL.Path; got != c.path {
		return fmt.Errorf("the client sent the path %s, want %s", got, c.path)
	}
	query := w.request.URL.Query()
	for name, value := range c.params {
		want := fmt.Sprint(value)
		if got := query.Get(name); got != want && w.request.Header.Get(name) != want {
			return fmt.Errorf("the client sent the parameter %s as %q, want %q", name, got, want)
		}
		query.Del(name)
	}
	if len(query) > 0 {
		return fmt.Errorf("the client sent %v, which the example has not", query)
	}
	if c.body == nil {
		return nil
	}
	if err := same(w.sent, c.body); err != nil {
		return fmt.Errorf("the client sent another body than the example: %w", err)
	}
	return nil
}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

// arguments fills a method's parameters from the examples of the contract: one
// call for each example of a body, or one with all query parameters and one
// with the required ones alone.
func arguments(method reflect.Value, path string, item *openapi3.PathItem, operation *openapi3.Operation) ([]call, error) {
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

	var calls []call
	add := func(name string, params map[string]any, body json.RawMessage) error {
		made := call{name: name, path: filled, params: params, body: body}
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
			return errors.New("the method takes fewer arguments than the contract has")
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

// answer is one that the contract has, and Prism can be asked for.
type answer struct {
	status  int
	example string // its name, if it has one
	value   json.RawMessage
}

func (a answer) String() string {
	return strings.TrimSpace(fmt.Sprint(a.status, " ", a.example))
}

func answers(operation *openapi3.Operation) (success, refusals []answer, err error) {
	for status, ref := range operation.Responses.Map() {
		var code int
		if _, err := fmt.Sscanf(status, "%d", &code); err != nil {
			continue // default, and ranges
		}
		var found []answer
		if media := ref.Value.Content["application/json"]; media != nil {
			examples, err := examplesOf(media)
			if err != nil {
				return nil, nil, err
			}
			if len(examples) == 0 {
				return nil, nil, fmt.Errorf("the answer %d has no example", code)
			}
			for name, value := range examples {
				found = append(found, answer{code, name, value})
			}
		} else {
			found = []answer{{status: code}}
		}
		switch {
		case code/100 == 2:
			success = append(success, found...)
		case found[0].value != nil:
			refusals = append(refusals, found...)
		}
	}
	order := func(a, b answer) int { return strings.Compare(a.String(), b.String()) }
	slices.SortFunc(success, order)
	slices.SortFunc(refusals, order)
	if len(success) == 0 {
		err = errors.New("no success is documented")
	}
	return success, refusals, err
}

// same compares two JSON texts by what they say.
func same(got, want []byte) error {
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

// wire keeps what the last call sent and received.
type wire struct {
	request        *http.Request
	sent, received []byte
	status         int
	header         http.Header
}

// RoundTrip sends and records.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	*w = wire{request: req}
	if req.Body != nil {
		sent, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
		w.sent = sent
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	rsp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	w.received, err = io.ReadAll(rsp.Body)
	_ = rsp.Body.Close()
	w.status, w.header = rsp.StatusCode, rsp.Header
	rsp.Body = io.NopCloser(bytes.NewReader(w.received))
	return rsp, err
}

// violations is what Prism found wrong with the last request.
func (w *wire) violations() string {
	if found := w.header.Get("Sl-Violations"); found != "" {
		return ": " + found
	}
	return ""
}
