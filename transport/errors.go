package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/wxpayscore/payscore/apierror"
)

// ErrOutcomeUnknown says that the operation may or may not have been carried
// out. It is [apierror.ErrOutcomeUnknown].
var ErrOutcomeUnknown = apierror.ErrOutcomeUnknown

// UnverifiedError is an answer whose signature does not verify, or whose body
// could not be read to its end. It is always [ErrOutcomeUnknown]: WeChat Pay
// may have carried the operation out and only the answer is bad.
type UnverifiedError struct {
	Method, Path string // what was called, without host and query
	Status       int    // what the answer claims
	RequestID    string // what the answer claims
	Err          error  // why; errors.Is(err, auth.ErrUnverified) when the signature is at fault
}

// Error is one line, without the body.
func (e *UnverifiedError) Error() string {
	return fmt.Sprintf("%s %s: answer %d (request id %.128q) is not to be trusted: %v: %v",
		e.Method, e.Path, e.Status, e.RequestID, e.Err, ErrOutcomeUnknown)
}

// Unwrap returns the cause and ErrOutcomeUnknown.
func (e *UnverifiedError) Unwrap() []error { return []error{e.Err, ErrOutcomeUnknown} }

// SendError is a request that brought no answer.
type SendError struct {
	Method, Path string // what was called, without host and query
	// NotSent is set when certainly nothing of the request reached the server.
	NotSent bool
	Err     error // why; a context's error among others
}

// Error is one line.
func (e *SendError) Error() string {
	s := fmt.Sprintf("%s %s: ", e.Method, e.Path)
	if e.NotSent {
		return s + "not sent: " + e.Err.Error()
	}
	s += "no answer: " + e.Err.Error()
	if e.outcomeUnknown() {
		s += ": " + ErrOutcomeUnknown.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrOutcomeUnknown] and the request may have
// been carried out. A GET changes nothing, so of a GET it is false.
func (e *SendError) Is(target error) bool { return target == ErrOutcomeUnknown && e.outcomeUnknown() }

func (e *SendError) outcomeUnknown() bool { return !e.NotSent && e.Method != http.MethodGet }

// sendError wraps what http.Client.Do returned.
func sendError(req *http.Request, err error) *SendError {
	// url.Error would print the query, and the method and host once more.
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &SendError{Method: req.Method, Path: req.URL.EscapedPath(), NotSent: neverConnected(err), Err: err}
}

// neverConnected is true only of failures that come before the first byte of
// a request. In doubt it is false: a wrong "not sent" may cost money, a wrong
// "unknown" costs a query.
func neverConnected(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &certificate) || errors.As(err, &record)
}
