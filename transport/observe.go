package transport

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/wxpayscore/payscore/call"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// Outcome is what the end of an attempt, or of a call, means for the caller.
type Outcome string

// The outcomes. There is no other one.
const (
	// OK is the documented success, with a signature that verified.
	OK Outcome = "ok"
	// Refused is an answer that says that nothing was done.
	Refused Outcome = "refused"
	// Unknown says that the operation may have been carried out: [ErrOutcomeUnknown].
	Unknown Outcome = "unknown"
	// Failed says that certainly nothing was sent, or that a query brought no answer.
	Failed Outcome = "failed"
)

// OutcomeOf judges what (*Client).Do returned, or another client's Do that
// keeps to its errors. Which 2xx is the documented one it reads in the
// request's [call.Info]; without one each is, save 202. What the generated
// client makes of the body comes later and is not in it.
func OutcomeOf(rsp *http.Response, err error) Outcome {
	switch {
	case errors.Is(err, ErrOutcomeUnknown):
		return Unknown
	case err != nil || rsp == nil:
		return Failed
	}
	want := 0
	if rsp.Request != nil {
		info, _ := call.FromContext(rsp.Request.Context())
		want = info.Success
	}
	status := rsp.StatusCode
	if status == want || want == 0 && status/100 == 2 && status != http.StatusAccepted {
		return OK
	}
	switch refused := refusal(rsp); {
	case errors.Is(refused, ErrOutcomeUnknown):
		return Unknown
	case status/100 == 2, status >= 500: // of a query
		return Failed
	}
	return Refused
}

// Attempt is one request that was sent, or that could not be, and what came of
// it. It holds no body, no header and no query. Code, Number and RequestID are
// what the answer claims, which may be unsigned.
type Attempt struct {
	Call call.Info // what it is for: operation and order number
	// N counts the attempts of a call, from 1. It is 0 for a call that ended
	// before the first one: it broke a limit, could not be signed, or its context
	// had ended. A counter of attempts leaves it out.
	N int

	Method, Host string
	// Path is that of the contract, with its parameters in braces, and of a
	// request that no operation made the path as it was sent.
	Path string

	Status    int    // 0 when no answer came
	Code      string // WeChat Pay's error code, at most 64 characters
	Number    int64  // the number of the error, 0 when there is none
	RequestID string // names the attempt at WeChat Pay, at most 128 characters

	// Start is when the attempt began, Duration how long it took, with reading
	// and verifying the answer and without the wait for the next one.
	Start    time.Time
	Duration time.Duration

	// Outcome is that of this attempt, or of the whole call when it is the last:
	// a refusal after an attempt that may have been carried out is [Unknown].
	Outcome Outcome
	// Retry says that another attempt follows after Wait, unless GaveUp comes
	// in its place. When it is false, the call returns now.
	Retry bool
	Wait  time.Duration
	// GaveUp is why an attempt that Retry announced was not made: the context
	// ended during the wait, or the request could not be signed again. It ends
	// the call and is no attempt: Outcome is that of the call, and the rest
	// repeats the last attempt, so a counter of attempts leaves it out.
	GaveUp error
	// Err is why no answer came that may be trusted: nil, a [*SendError] or an
	// [*UnverifiedError], and with N 0 also what kept the generated client from
	// making the request. Its text may name the path with its parameters.
	Err error
}

// WithObserver adds a function that is called after each attempt, before the wait
// for the next. It is called once more when that wait is given up
// ([Attempt].GaveUp), and with N 0 for a call that ends before its first attempt. So
// it is called once at the end of every call, where Retry is false. The function
// gets the context of the call and runs in the caller's goroutine; calls made
// concurrently call it concurrently. The call waits for it, and its panic goes to
// the caller.
//
// [LogAttempts] makes one that logs.
func WithObserver(observe func(ctx context.Context, a Attempt)) Option {
	return func(c *Client) {
		if observe != nil {
			c.observers = append(c.observers, observe)
		}
	}
}

// NotSent calls the observers for a call that began at start and ended before Do,
// since it broke a limit or could not be signed. ctx holds its
// [call.Info]. The generated client calls it.
func (c *Client) NotSent(ctx context.Context, method string, start time.Time, err error) {
	if c == nil || c.observers == nil {
		return
	}
	a := Attempt{Method: method, Start: start, Duration: time.Since(start), Outcome: Failed, Err: err}
	a.Call, _ = call.FromContext(ctx)
	a.Path = a.Call.Path
	c.observe(ctx, a)
}

// observed is an attempt whose answer or error is known, and not yet what
// comes of it for the call.
func observed(sent *http.Request, n int, start time.Time, rsp *http.Response, err error) Attempt {
	a := Attempt{N: n, Method: sent.Method, Host: sent.URL.Host, Path: sent.URL.EscapedPath(),
		Start: start, Duration: time.Since(start), Err: err, Outcome: OutcomeOf(rsp, err)}
	if a.Call, _ = call.FromContext(sent.Context()); a.Call.Path != "" {
		a.Path = a.Call.Path
	}
	if u, ok := err.(*UnverifiedError); ok { // itself, not one that a RoundTripper wraps
		a.Status, a.RequestID = u.Status, oneline.Cut(u.RequestID, 128)
	}
	if rsp != nil {
		a.Status, a.RequestID = rsp.StatusCode, oneline.Cut(rsp.Header.Get("Request-ID"), 128)
		if a.Outcome != OK {
			refused := refusal(rsp)
			a.Code, a.Number = oneline.Cut(refused.Code, 64), refused.Number
		}
	}
	return a
}

// givenUp is the end of a call without the attempt that a announced.
func (a Attempt) givenUp(why error, rsp *http.Response, err error) Attempt {
	a.Retry, a.Wait = false, 0
	a.GaveUp, a.Outcome = why, OutcomeOf(rsp, err)
	return a
}

func (c *Client) observe(ctx context.Context, a Attempt) {
	for _, observe := range c.observers {
		observe(ctx, a)
	}
}
