package transport

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

const (
	// DefaultTimeout bounds one attempt from dial to the last byte of the answer.
	DefaultTimeout = 30 * time.Second
	// DefaultMaxAnswer is the largest answer that is read, in bytes.
	DefaultMaxAnswer = 1 << 20

	// The server closes an idle connection after 8 s; a request on one that it
	// has just closed ends in EOF with its outcome unknown.
	idleTimeout = 7 * time.Second
	// net/http keeps 2 idle connections per host, so that 32 callers would open
	// a new one for two calls in three.
	idlePerHost = 256
	// A host that swallows packets must leave time for another one.
	dialTimeout = 5 * time.Second
)

// Client signs, sends, verifies and, where the same parameters are safe, sends
// again. It is what a generated client takes as its HTTP client. Safe for
// concurrent use.
type Client struct {
	signer    *auth.Signer
	verifier  *auth.Verifier
	carrier   http.RoundTripper
	timeout   time.Duration // of one attempt
	maxAnswer int64

	retry         Retry
	backups       []*url.URL
	misconfigured error // why an option cannot be used
	observers     []func(context.Context, Attempt)

	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
	afterFunc func(time.Duration, func()) *time.Timer
	jitter    func() float64 // in [0, 1)
}

// Option configures a Client. A nil Option does nothing, and one with a nil
// argument sets the default. An Option that cannot be used, such as one with a
// negative duration, makes [Client.Check] return an error and each call a
// [*SendError], not sent.
type Option func(*Client)

// refuse keeps the first reason why an option cannot be used.
func (c *Client) refuse(format string, args ...any) {
	if c.misconfigured == nil {
		c.misconfigured = fmt.Errorf(format, args...)
	}
}

// WithRoundTripper sets what carries the requests, instead of a transport
// tuned for WeChat Pay (see [NewRoundTripper]): for a proxy, a recorder, or a
// test. nil means the default.
//
// An [*http.Transport] sends each attempt at most once: it gets no GetBody, and
// a second connection for the same attempt is refused. Any other RoundTripper
// must not repeat a write by itself: the repeat is neither signed anew nor
// observed. If it has read the body of a write, a failure to connect leaves the
// outcome unknown, since an earlier try may have arrived.
func WithRoundTripper(rt http.RoundTripper) Option {
	return func(c *Client) { c.carrier = rt }
}

// WithTimeout bounds one attempt, from dial to the last byte of the answer. 0
// means no bound other than the context's, which bounds the whole call. The
// default is [DefaultTimeout].
func WithTimeout(d time.Duration) Option {
	return func(c *Client) {
		if c.timeout = d; d < 0 {
			c.refuse("a timeout of %s is negative", d)
		}
	}
}

// WithMaxAnswer sets the largest answer that is read, in bytes. The default
// is [DefaultMaxAnswer].
func WithMaxAnswer(n int64) Option {
	return func(c *Client) {
		if c.maxAnswer = min(n, math.MaxInt64-1); n < 0 { // one byte more is read
			c.refuse("a largest answer of %d bytes is negative", n)
		}
	}
}

// New returns a client that signs with signer what comes unsigned and checks
// each answer with verifier.
func New(signer *auth.Signer, verifier *auth.Verifier, opts ...Option) *Client {
	c := &Client{signer: signer, verifier: verifier, timeout: DefaultTimeout, maxAnswer: DefaultMaxAnswer,
		now: time.Now, sleep: sleep, afterFunc: time.AfterFunc, jitter: jitter}
	for _, opt := range opts {
		if opt != nil {
			opt(c)
		}
	}
	c.retry = c.retry.orDefault()
	if c.carrier == nil {
		c.carrier = NewRoundTripper()
	}
	return c
}

// NewRoundTripper returns the transport that New uses by default: that of
// net/http, with idle connections closed before the server does it, enough of
// them kept for many callers, and at most 5 s for dialling one, to which TLS
// adds its own TLSHandshakeTimeout. Change it and give it to [WithRoundTripper].
//
// It obeys HTTPS_PROXY and NO_PROXY. To use another proxy, set Proxy, and give the same
// transport to auth.CertificateConfig, so that certificates are downloaded through it,
// too.
//
// It speaks HTTP/1.1, as WeChat Pay's hosts do. Over HTTP/2 many calls share one
// connection, so that its end leaves the outcome of all of them unknown, and in Go
// 1.26 a server can make it hang past every deadline (by a WINDOW_UPDATE that
// overflows a stream). Set ForceAttemptHTTP2 to offer HTTP/2 too; an attempt is one
// request there as well.
func NewRoundTripper() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if ok {
		t = t.Clone()
	} else { // the program has put something else in its place
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second}
	}
	// This leaves HTTP/1.1, since DialContext is set. The clone still offers to
	// servers what the default transport speaks.
	t.ForceAttemptHTTP2 = false
	if tls := t.TLSClientConfig; tls != nil {
		tls.NextProtos = slices.DeleteFunc(slices.Clone(tls.NextProtos), func(p string) bool { return p == "h2" })
	}
	t.IdleConnTimeout = idleTimeout
	t.MaxIdleConnsPerHost = idlePerHost
	t.MaxIdleConns = 2 * idlePerHost
	dial := t.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		return dial(ctx, network, addr)
	}
	return t
}

// Do sends req. It signs req unless a request editor has. The answer that it returns has its body in
// memory. It is verified if it is a 2xx or has a signature.
//
// What is safe with the same parameters is sent again, see [WithRetry]: after
// a 202, a 429, a refusal with the number 268435472 (too frequent), a 5xx, a
// failure of the connection, and a GET after an answer that does not verify.
// Each attempt has the same body and a signature of its own. So a request is sent
// once when its Authorization is not this signer's merchant's. req has its
// signature afterwards, which is good for one call: make another request for the
// next.
// When no attempt is left, the last answer or error is returned.
//
// Errors: [*SendError] when no answer came, [*UnverifiedError] when the answer
// is not to be trusted, [*RefusedAfterUnknownError] when a write was refused
// after an attempt that may have been carried out, and those of
// (*auth.Signer).Sign.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	switch {
	case c == nil || c.carrier == nil:
		return nil, &SendError{NotSent: true, Err: errNotNew}
	case req == nil || req.URL == nil:
		return nil, &SendError{NotSent: true, Err: errors.New("transport: a request without URL")}
	}
	start := time.Now()
	if err := c.prepare(req); err != nil {
		failed := notSent(req, err)
		if c.observers != nil {
			c.observe(req.Context(), observed(req, 0, start, nil, failed))
		}
		return nil, failed
	}
	attempts := c.retry.Attempts
	if req.Context().Value(withoutRetryKey{}) != nil {
		attempts = 1
	}
	var earlierUnknown error // of an attempt that may have been carried out
	sent := req
	for attempt, host := 1, 0; ; attempt++ {
		start = time.Now()
		rsp, err := c.attempt(sent)
		var seen Attempt
		if c.observers != nil {
			seen = observed(sent, attempt, start, rsp, err)
		}
		d := decide(req, rsp, err)
		again, pause := d.again && attempt < attempts && c.repeatable(req), time.Duration(0)
		if again {
			pause, again = c.wait(req.Context(), c.retry, attempt, rsp)
		}
		if !again {
			rsp, err = settle(req, rsp, err, d.mayHaveSucceeded, earlierUnknown)
			seen.Outcome = OutcomeOf(rsp, err)
			c.observe(req.Context(), seen)
			return rsp, err
		}
		seen.Retry, seen.Wait = true, pause
		c.observe(req.Context(), seen)
		if gaveUp := c.sleep(req.Context(), pause); gaveUp != nil {
			rsp, err = settle(req, rsp, err, d.mayHaveSucceeded, earlierUnknown)
			c.observe(req.Context(), seen.givenUp(gaveUp, rsp, err))
			return rsp, err
		}
		if d.mayHaveSucceeded {
			earlierUnknown = causeOf(rsp, err)
		}
		if d.newHost {
			host++
			// One that the server has closed is rarely alone.
			if idle, ok := c.carrier.(interface{ CloseIdleConnections() }); ok {
				idle.CloseIdleConnections()
			}
		}
		var gaveUp error
		if sent, gaveUp = c.next(req, host); gaveUp != nil {
			rsp, err = settle(req, nil, &SendError{Method: req.Method, Path: req.URL.EscapedPath(), NotSent: true, Err: gaveUp}, false, earlierUnknown)
			c.observe(req.Context(), seen.givenUp(gaveUp, rsp, err))
			return rsp, err
		}
	}
}

// Check reports what would keep every call from being sent: an option that
// cannot be used, no verifier, a verifier that trusts the signer's own key
// (auth.ErrOwnKey), or a signer that names the verifier's certificate
// (auth.ErrPlatformSerial). [payscore.New] calls it. Each call checks it again, since
// keys change while the program runs.
//
// [payscore.New]: https://pkg.go.dev/github.com/wxpayscore/payscore/gen/payscore#New
func (c *Client) Check() error {
	if c == nil || c.carrier == nil {
		return errNotNew
	}
	return c.check(context.Background())
}

func (c *Client) check(ctx context.Context) error {
	if c.misconfigured != nil {
		return c.misconfigured
	}
	// Before anything is sent: an answer that nobody can verify comes too late.
	return auth.CheckKeys(ctx, c.signer, c.verifier)
}

var errNotNew = errors.New("transport: this Client was not made by New")

// prepare checks a request and signs it if it is unsigned.
func (c *Client) prepare(req *http.Request) error {
	if err := c.check(req.Context()); err != nil {
		return err
	}
	if s := req.URL.Scheme; s != "https" && s != "http" {
		return fmt.Errorf("the scheme %.16q is neither https nor http", s)
	}
	if err := checkPath(req); err != nil {
		return err
	}
	if req.Header.Get("Authorization") == "" {
		if err := c.signer.Sign(req.Context(), req); err != nil {
			return err
		}
	}
	// The serial asks for the key to answer with. It is no part of what is
	// signed, and one that the signer or a request editor chose stays.
	if req.Header.Get(auth.HeaderSerial) == "" {
		if id := c.verifier.PreferredID(); id != "" { // none before the first download
			req.Header.Set(auth.HeaderSerial, id)
		}
	}
	return req.Context().Err()
}

// checkPath refuses a path in which a parameter was left empty or is a step
// in the path, since that addresses something else than the caller means.
func checkPath(req *http.Request) error {
	path := req.URL.Path
	if path == "" || path == "/" {
		return nil
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		switch segment {
		case "":
			return errors.New("the path has an empty segment: an empty parameter?")
		case ".", "..":
			return errors.New("the path has a segment of dots")
		}
	}
	return nil
}
