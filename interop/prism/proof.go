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
	"net/http"
	"reflect"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/examplecall"
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
	method, err := examplecall.Method(p.client, operation.OperationID)
	if err != nil {
		return []error{err}
	}
	calls, err := examplecall.Calls(method, path, item, operation)
	if err != nil {
		return []error{err}
	}
	success, refusals, err := examplecall.Answers(operation)
	if err != nil {
		return []error{err}
	}

	// Each way to call it, with the first success.
	for _, call := range calls {
		if err := p.succeed(ctx, method, call, success[0]); err != nil {
			fail("%s: %w", call.Name, err)
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
func (p *proof) succeed(ctx context.Context, method reflect.Value, call examplecall.Call, answer examplecall.Answer) error {
	out, err := p.call(ctx, method, call, answer)
	if err != nil {
		return fmt.Errorf("answer %s: %w%s", answer, err, p.wire.violations())
	}
	if p.wire.status != answer.Status {
		return fmt.Errorf("answer %s: Prism answered %d%s", answer, p.wire.status, p.wire.violations())
	}
	if err := call.CheckSent(p.wire.request.URL, p.wire.request.Header, p.wire.sent); err != nil {
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
	if err := examplecall.Same(decoded, p.wire.received); err != nil {
		return fmt.Errorf("answer %s: the client decoded something else than it received: %w", answer, err)
	}
	return nil
}

// beRefused makes the call, which must end in the contract's error.
func (p *proof) beRefused(ctx context.Context, method reflect.Value, call examplecall.Call, answer examplecall.Answer) error {
	_, err := p.call(ctx, method, call, answer)
	var refused *apierror.Error
	if !errors.As(err, &refused) {
		return fmt.Errorf("answer %s: got %v, not an error of the API", answer, err)
	}
	var want struct{ Code string }
	if err := json.Unmarshal(answer.Value, &want); err != nil {
		return err
	}
	if refused.Status != answer.Status || refused.Code != want.Code {
		return fmt.Errorf("answer %s: got %d %s, want %d %s", answer, refused.Status, refused.Code, answer.Status, want.Code)
	}
	p.errors++
	return nil
}

// breakIt repeats the request of a call unsigned, and with an empty object
// where some field is required. A Prism that takes these checks nothing.
func (p *proof) breakIt(ctx context.Context, method reflect.Value, call examplecall.Call, operation *openapi3.Operation) error {
	if _, err := p.call(ctx, method, call, examplecall.Answer{}); err != nil {
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

// call examplecall.Calls a method of the client and asks Prism for a certain answer.
func (p *proof) call(ctx context.Context, method reflect.Value, call examplecall.Call, answer examplecall.Answer) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	prefer := payscore.RequestEditorFn(func(_ context.Context, req *http.Request) error {
		if answer.Status != 0 {
			req.Header.Set("Prefer", fmt.Sprintf("code=%d", answer.Status))
			if answer.Example != "" {
				req.Header.Add("Prefer", "example="+answer.Example)
			}
		}
		return nil
	})
	return call.Invoke(ctx, method, prefer)
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
