package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

const (
	// DefaultTimeout bounds one call from dial to the last byte of the answer.
	DefaultTimeout = 30 * time.Second
	// DefaultMaxAnswer is the largest answer that is read, in bytes.
	DefaultMaxAnswer = 1 << 20

	// The server closes an idle connection after 8 s; a request on one that it
	// has just closed ends in EOF with its outcome unknown.
	idleTimeout = 7 * time.Second
	// net/http keeps 2 idle connections per host, so that 32 callers would open
	// a new one for two calls in three.
	idlePerHost = 256
)

// Client signs, sends and verifies. It is what a generated client takes as
// its HTTP client. Safe for concurrent use.
type Client struct {
	signer    *auth.Signer
	verifier  *auth.Verifier
	http      http.Client
	maxAnswer int64
}

// Option configures a Client.
type Option func(*Client)

// WithRoundTripper sets what carries the requests, instead of a transport
// tuned for WeChat Pay (see [NewRoundTripper]): for a proxy, a recorder, or a
// test.
func WithRoundTripper(rt http.RoundTripper) Option {
	return func(c *Client) { c.http.Transport = rt }
}

// WithTimeout bounds one call, from dial to the last byte of the answer. 0
// means no bound other than the context's. The default is [DefaultTimeout].
func WithTimeout(d time.Duration) Option {
	return func(c *Client) { c.http.Timeout = d }
}

// WithMaxAnswer sets the largest answer that is read, in bytes. The default
// is [DefaultMaxAnswer].
func WithMaxAnswer(n int64) Option {
	return func(c *Client) { c.maxAnswer = min(n, math.MaxInt64-1) } // one byte more is read
}

// New returns a client that signs with signer what comes unsigned and checks
// each answer with verifier.
func New(signer *auth.Signer, verifier *auth.Verifier, opts ...Option) *Client {
	c := &Client{signer: signer, verifier: verifier, maxAnswer: DefaultMaxAnswer}
	c.http.Timeout = DefaultTimeout
	// A signature covers one path, and a redirected POST becomes a GET.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, opt := range opts {
		opt(c)
	}
	if c.http.Transport == nil {
		c.http.Transport = NewRoundTripper()
	}
	return c
}

// NewRoundTripper returns the transport that New uses by default: that of
// net/http, with idle connections closed before the server does it and enough
// of them kept for many callers. Change it and give it to [WithRoundTripper].
func NewRoundTripper() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if ok {
		t = t.Clone()
	} else { // the program has put something else in its place
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second}
	}
	t.IdleConnTimeout = idleTimeout
	t.MaxIdleConnsPerHost = idlePerHost
	t.MaxIdleConns = 2 * idlePerHost
	return t
}

// Do sends req, signed by a request editor or, when it bears no
// Authorization, signed here. The answer that it returns has its body in
// memory, and if it is a 2xx or bears a signature, verified.
//
// Errors: [*SendError] when no answer came, [*UnverifiedError] when the answer
// is not to be trusted, and those of (*auth.Signer).Sign.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if err := checkPath(req); err != nil {
		return nil, notSent(req, err)
	}
	if req.Header.Get("Authorization") == "" {
		if err := c.signer.Sign(req.Context(), req); err != nil {
			return nil, notSent(req, err)
		}
	}
	// The serial asks for the key to answer with. It is no part of what is
	// signed, and one that the signer or a request editor chose stays.
	if req.Header.Get(auth.HeaderSerial) == "" {
		if id := c.verifier.PreferredID(); id != "" { // none before the first download
			req.Header.Set(auth.HeaderSerial, id)
		}
	}
	if err := req.Context().Err(); err != nil {
		return nil, notSent(req, err)
	}
	rsp, err := c.http.Do(req)
	if err != nil {
		return nil, sendError(req, err)
	}
	if rsp.Request == nil { // another RoundTripper may leave it out
		rsp.Request = req
	}
	return c.verify(req.Context(), rsp)
}

// verify reads the answer and checks its signature over the raw bytes.
func (c *Client) verify(ctx context.Context, rsp *http.Response) (*http.Response, error) {
	wire := rsp.Body // rsp gets another one below
	defer func() { _ = wire.Close() }()
	body, err := io.ReadAll(io.LimitReader(wire, c.maxAnswer+1))
	if err == nil && int64(len(body)) > c.maxAnswer {
		err = fmt.Errorf("over %d bytes", c.maxAnswer)
	}
	// A failure may come unsigned, from a gateway or because the request's own
	// signature was wrong; then its status says enough, whatever could be read.
	// One that bears a signature must be right.
	if rsp.StatusCode/100 != 2 && rsp.Header.Get(auth.HeaderSignature) == "" {
		err = nil
	} else if err == nil {
		err = c.verifier.VerifyContext(ctx, rsp.Header, body)
	}
	if err != nil {
		return nil, &UnverifiedError{
			Method: rsp.Request.Method, Path: rsp.Request.URL.EscapedPath(),
			Status: rsp.StatusCode, RequestID: rsp.Header.Get("Request-ID"), Err: err,
		}
	}
	rsp.Body = io.NopCloser(bytes.NewReader(body))
	rsp.ContentLength = int64(len(body))
	return rsp, nil
}

// checkPath refuses a path in which a parameter was left empty or is a step
// in the path, since that addresses something else than the caller means.
func checkPath(req *http.Request) error {
	path := req.URL.Path
	if path == "" || path == "/" {
		return nil
	}
	for _, segment := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		switch segment {
		case "":
			return errors.New("the path has an empty segment: an empty parameter?")
		case ".", "..":
			return errors.New("the path has a segment of dots")
		}
	}
	return nil
}
