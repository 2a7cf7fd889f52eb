// Package apierror holds the one error type of the client for what WeChat Pay
// answers, and the error that says the outcome of an operation is unknown.
//
//	err := client.ModifyPartnerServiceOrder(ctx, outOrderNo, body)
//	var refused *apierror.Error
//	switch {
//	case err == nil:
//		// carried out, and the answer verified
//	case errors.Is(err, apierror.ErrOutcomeUnknown):
//		// query the order; never repeat with other parameters or another number
//	case errors.Is(err, apierror.OrderNotExist):
//		// wrong number, or wrong sub-merchant
//	case errors.As(err, &refused):
//		log.Print(refused, refused.Meaning().EN, refused.Remedy().EN, refused.Retry())
//	}
//
// It follows the pages on error codes: one code has many messages, so branch
// on status and code, or on the number, and never on the message.
package apierror

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// ErrOutcomeUnknown says that the operation may or may not have been carried
// out: the answer did not verify, did not arrive or was a server failure.
// Money may have moved. Query the order; repeat, if at all, with the same
// parameters and the same number. The error of a query, a GET, is never this: it
// changed nothing, so query again.
var ErrOutcomeUnknown = errors.New("outcome unknown, query before anything else")

// advice ends the text of each error that is ErrOutcomeUnknown.
var advice = ": " + ErrOutcomeUnknown.Error()

// ErrNotSent says that certainly nothing of a request reached WeChat Pay: it
// broke a limit, could not be signed, or there was no connection. The error of
// a write is this, [ErrOutcomeUnknown] or a refusal, an [*Error]. A custom
// HttpRequestDoer reports this case with an error that wraps ErrNotSent; the
// generated client makes any other error of a write an [ErrOutcomeUnknown].
var ErrNotSent = errors.New("not sent")

// Error is any response other than the documented success. Use errors.As to get it. Its JSON form is the error object on the wire.
//
// errors.Is(err, [ErrOutcomeUnknown]) holds for the response to a write that does not
// show whether it was carried out: 5xx, 2xx other than the documented
// one (202 means received, not done), and whatever is not WeChat Pay's own
// refusal. A refusal is WeChat Pay's own if it is Verified, or if it is one that
// WeChat Pay is known to send unsigned ([catalog.Code].Unsigned): a 401
// SIGN_ERROR, with which it answers a request that it does not carry out.
//
// A query has no outcome that could be unknown, so for a GET it never holds.
type Error struct {
	// Code is WeChat Pay's error code, such as PARAM_ERROR. Empty when the
	// body was not the error object, for example a gateway's HTML page.
	Code string `json:"code"`
	// Message is text for people, usually Chinese.
	Message string `json:"message"`
	// Detail is what the API says about the place of the error, as it came. Its
	// shape differs from error to error. nil when there is none.
	Detail json.RawMessage `json:"detail,omitempty"`

	// Status is the HTTP status.
	Status int `json:"-"`
	// Method and Path are what was called, without host and query.
	Method string `json:"-"`
	Path   string `json:"-"`
	// RequestID names the call at WeChat Pay. Quote it when asking for help.
	RequestID string `json:"-"`
	// Number is the numeric error at the end of RequestID, 0 when there is none.
	Number int64 `json:"-"`
	// Verified is set when the answer bore WeChat Pay's signature and it was
	// right. What is not verified may come from a gateway on the way.
	Verified bool `json:"-"`
}

// New makes an Error of an answer and its body. It never fails: of a body
// that is not the error object the status and the request id remain. The
// body itself is not kept.
//
// Verified is what the method Verified() bool of rsp.Body says, which the body
// of an answer from package transport has.
func New(rsp *http.Response, body []byte) *Error {
	if rsp == nil {
		return &Error{}
	}
	e := &Error{Status: rsp.StatusCode, RequestID: rsp.Header.Get("Request-ID")}
	e.Number = number(e.RequestID)
	if b, ok := rsp.Body.(interface{ Verified() bool }); ok {
		e.Verified = b.Verified()
	}
	e.Method, e.Path = called(rsp)
	// Members of other types than documented were seen, so each is read on its own.
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) == nil {
		e.Code, e.Message = text(fields["code"]), text(fields["message"])
		if d := fields["detail"]; string(d) != "null" {
			e.Detail = d
		}
	}
	return e
}

// called is the method and the path that an answer is to.
func called(rsp *http.Response) (method, path string) {
	if rsp.Request == nil || rsp.Request.URL == nil {
		return "", ""
	}
	return rsp.Request.Method, rsp.Request.URL.EscapedPath()
}

// text is a JSON string, or any other JSON value as it is written.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// number is what stands after the last dash of a request id.
func number(requestID string) int64 {
	dash := strings.LastIndexByte(requestID, '-')
	if dash < 0 {
		return 0
	}
	n, err := strconv.ParseUint(requestID[dash+1:], 10, 63) // no sign
	if err != nil {
		return 0
	}
	return int64(n)
}

// Error is one line: what was called, status, code, message, number and
// request id.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Method != "" {
		fmt.Fprintf(&b, "%s %s: ", oneline.Cut(e.Method, 16), oneline.Cut(e.Path, 300))
	}
	fmt.Fprintf(&b, "%d", e.Status)
	switch {
	case e.Code != "" || e.Message != "":
		if e.Code != "" {
			b.WriteString(" " + oneline.Cut(e.Code, 64))
		}
		if e.Message != "" {
			b.WriteString(": " + oneline.Cut(e.Message, 200))
		}
	case http.StatusText(e.Status) != "":
		b.WriteString(" " + http.StatusText(e.Status))
	}
	if e.Number != 0 {
		fmt.Fprintf(&b, " (number %d)", e.Number)
	}
	if e.RequestID != "" {
		b.WriteString(" request id " + oneline.Cut(e.RequestID, 128))
	}
	if e.outcomeUnknown() {
		b.WriteString(advice)
	}
	return b.String()
}

// Is reports whether target is a [Code] or [Number] of the answer, or is
// [ErrOutcomeUnknown] and the status leaves the outcome open.
//
// An answer that may be somebody else's has no code and no number: the
// ORDER_NOT_EXIST of a gateway says nothing about the order. A 429 and a 5xx
// have theirs, since whoever sends them, they only ask to wait.
func (e *Error) Is(target error) bool {
	switch t := target.(type) {
	case Code:
		return !e.hearsay() && t.matches(e)
	case Number:
		return !e.hearsay() && t.matches(e)
	}
	return target == ErrOutcomeUnknown && e.outcomeUnknown()
}

func (e *Error) outcomeUnknown() bool {
	if !Writes(e.Method) {
		return false
	}
	return e.Status >= 500 || e.Status/100 == 2 || e.foreign()
}

// foreign reports whether the answer may come from somewhere else than WeChat
// Pay: it did not verify, and is no refusal that is known to come unsigned.
func (e *Error) foreign() bool {
	c, known := catalog.CodeOf(plain(e.Code))
	return !e.Verified && !(known && c.Unsigned && c.Status == e.Status)
}

// hearsay reports whether what the answer says counts for nothing: it is foreign
// and does more than ask to wait.
func (e *Error) hearsay() bool {
	return e.Status != http.StatusTooManyRequests && e.Status < 500 && e.foreign()
}

// Writes reports whether a request with this method may change something. An
// empty method, of an error that does not know what was called, may.
func Writes(method string) bool { return method != http.MethodGet && method != http.MethodHead }

// UndecodableError is a success whose body could not be read as documented, or is
// about something else than was asked for (a [*MismatchError]). A write was most
// likely carried out, but what it answered is lost, so it is an
// [ErrOutcomeUnknown]. A query, which is a GET, is not: it has no outcome.
type UndecodableError struct {
	Status       int
	Method, Path string // what was called, without host and query
	RequestID    string
	Err          error // why

	// Body is the answer as it came, without what is over the limit of 1 MiB or was
	// never received. It is in no text of the error, since it may name the user.
	Body []byte `json:"-"`
	// Partial is what could be decoded of Body, such as a
	// *payscore.ServiceOrderEntity without the fields that have another type than in
	// the contract. It is nil when Body is no JSON object.
	Partial any `json:"-"`
}

// Undecodable makes an UndecodableError of an answer, without Body and Partial.
func Undecodable(rsp *http.Response, err error) *UndecodableError {
	if rsp == nil {
		return &UndecodableError{Err: err}
	}
	e := &UndecodableError{Status: rsp.StatusCode, RequestID: rsp.Header.Get("Request-ID"), Err: err}
	e.Method, e.Path = called(rsp)
	return e
}

// Error is one line. The cause is cut short, since those of encoding/json
// quote a number in full.
func (e *UndecodableError) Error() string {
	var b strings.Builder
	if e.Method != "" {
		fmt.Fprintf(&b, "%s %s: ", oneline.Cut(e.Method, 16), oneline.Cut(e.Path, 300))
	}
	fmt.Fprintf(&b, "body of the %d answer: %s", e.Status, oneline.Error(e.Err, 200))
	if e.RequestID != "" {
		b.WriteString(" request id " + oneline.Cut(e.RequestID, 128))
	}
	if Writes(e.Method) {
		b.WriteString(advice)
	}
	return b.String()
}

// GoString is Error, so that %#v shows no Body.
func (e *UndecodableError) GoString() string { return e.Error() }

// Unwrap returns the cause, and ErrOutcomeUnknown unless it was a query.
func (e *UndecodableError) Unwrap() []error {
	if !Writes(e.Method) {
		return []error{e.Err}
	}
	return []error{e.Err, ErrOutcomeUnknown}
}
