package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/internal/notsent"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// ErrOutcomeUnknown says that the operation may or may not have been carried
// out. It is [apierror.ErrOutcomeUnknown].
var ErrOutcomeUnknown = apierror.ErrOutcomeUnknown

var errNotFinal = errors.New("no final answer")

// UnverifiedError is an answer whose signature does not verify, whose body
// could not be read to its end, or whose status is below 200. Of a write it is
// always [ErrOutcomeUnknown]: WeChat Pay may have carried the operation out and
// only the answer is bad.
type UnverifiedError struct {
	Method, Path string // what was called, without host and query
	Status       int    // what the answer claims
	RequestID    string // what the answer claims
	Err          error  // why; errors.Is(err, auth.ErrUnverified) when the signature is at fault
}

// Error is one line, without the body.
func (e *UnverifiedError) Error() string {
	s := fmt.Sprintf("%s %s: answer %d (request id %s) is not to be trusted: ",
		e.Method, e.Path, e.Status, oneline.Quote(e.RequestID, 128))
	if apierror.Writes(e.Method) {
		return s + unknownAtTheEnd(e.Err)
	}
	return s + line(e.Err)
}

// Unwrap returns the cause.
func (e *UnverifiedError) Unwrap() error { return notsent.Hide(e.Err) }

// Is reports whether target is [ErrOutcomeUnknown] and the request was a write.
func (e *UnverifiedError) Is(target error) bool {
	return target == ErrOutcomeUnknown && apierror.Writes(e.Method)
}

// SendError is a request that brought no answer.
type SendError struct {
	Method, Path string // what was called, without host and query
	// NotSent is set when certainly nothing of the last attempt reached the
	// server, and no earlier one may have been carried out: those were refused
	// unread, or were queries.
	NotSent bool
	Err     error // why; a context's error among others
}

// Error is one line.
func (e *SendError) Error() string {
	s := fmt.Sprintf("%s %s: ", e.Method, e.Path)
	if e.NotSent {
		return s + "not sent: " + line(e.Err)
	}
	if s += "no answer: "; e.outcomeUnknown() {
		return s + unknownAtTheEnd(e.Err)
	}
	return s + line(e.Err)
}

// Unwrap returns the cause. It is no [apierror.ErrNotSent] unless NotSent is set.
func (e *SendError) Unwrap() error {
	if e.NotSent {
		return e.Err
	}
	return notsent.Hide(e.Err)
}

// Is reports whether target is [ErrOutcomeUnknown] and the request may have
// been carried out. A GET changes nothing, so of a GET it is false. It is
// [apierror.ErrNotSent] as well, if NotSent is set.
func (e *SendError) Is(target error) bool {
	return target == ErrOutcomeUnknown && e.outcomeUnknown() || target == apierror.ErrNotSent && e.NotSent
}

func (e *SendError) outcomeUnknown() bool { return !e.NotSent && apierror.Writes(e.Method) }

// RefusedAfterUnknownError means that a write was refused after an earlier attempt
// of the same call may have succeeded. It is always [ErrOutcomeUnknown]: a modification that was carried out is refused when it
// is repeated, since each amount must be lower than the one before. Query.
type RefusedAfterUnknownError struct {
	Refusal *apierror.Error // the last answer; errors.As finds it
	Before  error           // what became of the earlier attempt
}

// Error is one line.
func (e *RefusedAfterUnknownError) Error() string {
	refusal := "refused"
	if e.Refusal != nil {
		refusal = e.Refusal.Error()
	}
	return fmt.Sprintf("%s; an earlier attempt may have been carried out: %s", refusal, unknownAtTheEnd(e.Before))
}

// unknownAtTheEnd is the text of err with that of ErrOutcomeUnknown once.
func unknownAtTheEnd(err error) string {
	return apierror.TrimAdvice(line(err)) + ": " + ErrOutcomeUnknown.Error()
}

// Unwrap returns the refusal, what came before it, and ErrOutcomeUnknown.
func (e *RefusedAfterUnknownError) Unwrap() []error {
	errs := []error{ErrOutcomeUnknown}
	if e.Before != nil {
		errs = slices.Insert(errs, 0, e.Before)
	}
	if e.Refusal != nil {
		errs = slices.Insert(errs, 0, error(e.Refusal))
	}
	return errs
}

// settle is the end of a call: the last attempt in the light of those before.
// mayHaveSucceeded is about the last attempt itself. earlierUnknown is nil unless an
// earlier one may have been carried out.
func settle(req *http.Request, rsp *http.Response, err error, mayHaveSucceeded bool, earlierUnknown error) (*http.Response, error) {
	switch {
	case earlierUnknown == nil || mayHaveSucceeded:
		return rsp, err
	case err != nil: // certainly not sent this time
		if last, ok := err.(*SendError); ok {
			err = fmt.Errorf("not sent again: %w", last.Err) // without its ErrNotSent, which is not true of the call
		}
		return nil, &SendError{Method: req.Method, Path: req.URL.EscapedPath(),
			Err: fmt.Errorf("%w; an earlier attempt may have been carried out: %w", err, earlierUnknown)}
	case rsp.StatusCode/100 == 2:
		return rsp, nil
	}
	return nil, &RefusedAfterUnknownError{Refusal: refusal(rsp), Before: earlierUnknown}
}

// causeOf is the end of an attempt as an error.
func causeOf(rsp *http.Response, err error) error {
	if err != nil {
		return err
	}
	return refusal(rsp)
}

// refusal is an answer other than the success, whose body stays to be read. A
// body is parsed once, though several ask for what it says.
func refusal(rsp *http.Response) *apierror.Error {
	a, ok := rsp.Body.(*answer)
	if !ok { // it is empty, or did not come out of attempt
		return apierror.New(rsp, nil)
	}
	if a.refusal == nil {
		a.refusal = apierror.New(rsp, a.Bytes())
	}
	return a.refusal
}

// notSent is for what is refused here. Like net/http it closes the body.
func notSent(req *http.Request, err error) *SendError {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return &SendError{Method: req.Method, Path: req.URL.EscapedPath(), NotSent: true, Err: err}
}

// ofKeys is an error of a Verifier without the types of this client's errors. A
// KeySource that downloads has errors of its own, and what became of a download
// must not pass for what became of the request.
func ofKeys(err error) error {
	u, ok := errors.AsType[*auth.UnknownKeyError](err)
	if ok && (errors.Is(err, apierror.ErrNotSent) || errors.Is(err, ErrOutcomeUnknown) || errors.As(err, new(*SendError)) || errors.As(err, new(*apierror.Error))) {
		return &auth.UnknownKeyError{Serial: u.Serial, Err: errors.New(line(u.Err)), Hints: u.Hints}
	}
	return err
}

// neverConnected is true only of failures that come before the first byte of
// a request. In doubt it is false: a wrong "not sent" may cost money, a wrong
// "unknown" costs a query. So a tls.RecordHeaderError is none, nor is
// http.ErrSchemeMismatch: both may also come in place of the answer.
func neverConnected(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

// line bounds what a cause may say in one line of text.
func line(err error) string { return oneline.Error(err, 500) }
