package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

// attempt sends req once and checks the answer.
func (c *Client) attempt(req *http.Request) (*http.Response, error) {
	a, ctx := c.newAttempt(req.Context())
	defer a.end()
	once := req.WithContext(ctx)
	// net/http sends a request again on its own, over HTTP/2 even a write that
	// the server has read to its end, if it can get the body a second time.
	once.GetBody = nil
	if !a.direct && once.Body != nil && once.Body != http.NoBody {
		once.Body = &watchedBody{once.Body, &a.read}
	}
	rsp, err := c.carrier.RoundTrip(once)
	if rsp == nil || err != nil {
		if rsp != nil && rsp.Body != nil {
			_ = rsp.Body.Close()
		}
		if err == nil {
			err = errors.New("the RoundTripper returned neither an answer nor an error")
		}
		err = a.cause(err)
		return nil, &SendError{Method: req.Method, Path: req.URL.EscapedPath(), NotSent: a.neverSent(err), Err: err}
	}
	rsp.Request = req // not the one with the context that ends here
	if rsp.Body == nil {
		rsp.Body = http.NoBody
	}
	return c.verify(rsp, a)
}

// verify reads the answer and checks its signature over the raw bytes.
func (c *Client) verify(rsp *http.Response, a *attempt) (*http.Response, error) {
	wire := rsp.Body // rsp gets another one below
	defer func() { _ = wire.Close() }()
	signed := rsp.Header.Get(auth.HeaderSignature) != ""
	var body []byte
	err := errNotFinal
	// With a 101 the connection is handed over, and no timeout ends a read of it.
	if rsp.StatusCode >= 200 {
		body, err = readAnswer(rsp, c.maxAnswer)
		// A failure may come unsigned, from a gateway or because the request's own
		// signature was wrong. One that has a signature must be right.
		if rsp.StatusCode/100 != 2 && !signed {
			err = nil
		} else if err == nil {
			err = ofKeys(c.verifier.VerifyContext(rsp.Request.Context(), rsp.Header, body))
		} else {
			err = a.cause(err)
		}
	}
	if err != nil {
		return nil, &UnverifiedError{
			Method: rsp.Request.Method, Path: rsp.Request.URL.EscapedPath(),
			Status: rsp.StatusCode, RequestID: rsp.Header.Get("Request-ID"), Err: err,
		}
	}
	rsp.Body = newAnswer(body, signed)
	rsp.ContentLength = int64(len(body))
	return rsp, nil
}

// attempt sees to it that one attempt is one request on the wire, and knows
// whether there was a connection for it.
type attempt struct {
	parent context.Context
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	trace  httptrace.ClientTrace
	direct bool         // it is net/http that asks for connections, and nothing else
	wanted atomic.Bool  // a connection
	conns  atomic.Int32 // that were obtained
	read   atomic.Bool  // the body, by a RoundTripper other than net/http's
}

// watchedBody records that a request's body was read. net/http reads it only
// once it has a connection.
type watchedBody struct {
	io.ReadCloser
	read *atomic.Bool
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.read.Store(true)
	return b.ReadCloser.Read(p)
}

func (c *Client) newAttempt(parent context.Context) (*attempt, context.Context) {
	a := &attempt{parent: parent}
	a.ctx, a.cancel = context.WithCancelCause(parent)
	if c.timeout > 0 {
		a.timer = c.afterFunc(c.timeout, func() { a.cancel(timeoutError(c.timeout)) })
	}
	_, a.direct = c.carrier.(*http.Transport)
	a.trace.GetConn = func(string) { a.wanted.Store(true) }
	a.trace.GotConn = a.gotConn
	return a, httptrace.WithClientTrace(a.ctx, &a.trace)
}

func (a *attempt) end() {
	if a.timer != nil {
		a.timer.Stop()
	}
	a.cancel(nil)
}

// gotConn is called by net/http before it writes the request. The second time
// it is about to send the same signature again, below the count of attempts,
// and is kept from it. Another RoundTripper may need a connection for something
// else first.
func (a *attempt) gotConn(info httptrace.GotConnInfo) {
	if a.conns.Add(1) == 1 || !a.direct {
		return
	}
	// HTTP/2 looks at the context before it writes the headers.
	a.cancel(errRepeated)
	// HTTP/1.1 does not, but has the connection for this request alone.
	if c, ok := info.Conn.(*tls.Conn); ok && c.ConnectionState().NegotiatedProtocol == "h2" || info.Conn == nil {
		return
	}
	_ = info.Conn.Close()
}

// cause is what ended the attempt if that was done here, and else err.
func (a *attempt) cause(err error) error {
	if a.ctx.Err() != nil && a.parent.Err() == nil {
		return context.Cause(a.ctx)
	}
	// A RoundTripper built on an http.Client makes a url.Error, which would print
	// the query, and method and host once more.
	for u := (*url.Error)(nil); errors.As(err, &u) && u.Err != nil; {
		err = u.Err
	}
	return err
}

// neverSent reports whether certainly nothing of the request was written. It
// goes by net/http's own word that it asked for a connection and had none. A
// RoundTripper that gives no such word is judged by its error, and one that has
// read the body may have sent it.
func (a *attempt) neverSent(err error) bool {
	return a.conns.Load() == 0 && !a.read.Load() && (a.wanted.Load() || neverConnected(err)) && !errors.Is(err, ErrOutcomeUnknown)
}

var errRepeated = errors.New("the connection failed, and net/http was kept from sending the request a second time")

// timeoutError is the end of an attempt by [WithTimeout].
type timeoutError time.Duration

func (e timeoutError) Error() string { return fmt.Sprintf("no answer within %s", time.Duration(e)) }

// Timeout makes it a net.Error's, like that of an http.Client.
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }
