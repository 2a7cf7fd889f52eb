package transport_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/transport"
)

// The end of a write is one of three. A RoundTripper or a KMS with a client of its
// own fails with that client's ErrNotSent, which is no word on the write.
func TestErrNotSentOfSomethingElse(t *testing.T) {
	srv := serve(t, hangUp(false))
	another := &transport.SendError{Method: "GET", Path: "/token", NotSent: true, Err: errors.New("the host of tokens is away")}
	check := func(name string, client *transport.Client) {
		t.Helper()
		_, err := client.Do(request(t, "POST", srv.URL+modifyPath, "{}"))
		if !errors.Is(err, apierror.ErrOutcomeUnknown) || errors.Is(err, apierror.ErrNotSent) {
			t.Errorf("%s: unknown %v, not sent %v: %v", name, errors.Is(err, apierror.ErrOutcomeUnknown), errors.Is(err, apierror.ErrNotSent), err)
		}
	}
	rt := transport.NewRoundTripper()
	t.Cleanup(rt.CloseIdleConnections)
	check("after the request", newClient(transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		if rsp, err := rt.RoundTrip(r); err == nil {
			rsp.Body.Close()
		}
		return nil, fmt.Errorf("again: %w", another)
	}))))
	check("while the answer is read", newClient(transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 204, Body: failingBody{another}}, nil
	}))))
	signer := must(auth.NewSigner(merchantID, merchantSerial, &signsOnce{Signer: merchantKey(), then: another}, auth.WithClock(clock)))
	check("when the KMS is away at the repeat", transport.New(signer, newVerifier(), transport.WithHooks(clock, noSleep, 0)))
}

type failingBody struct{ err error }

func (f failingBody) Read([]byte) (int, error) { return 0, f.err }
func (failingBody) Close() error               { return nil }

// signsOnce is a KMS that is away from the second signature on.
type signsOnce struct {
	crypto.Signer
	then error
	used bool
}

func (k *signsOnce) SignContext(_ context.Context, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if k.used {
		return nil, k.then
	}
	k.used = true
	return k.Signer.Sign(nil, digest, opts)
}

// A RoundTripper that sends the request out of sight, and then cannot connect,
// leaves the outcome unknown: the body was read.
func TestRepeatOfARoundTripperThatCannotConnect(t *testing.T) {
	var arrived atomic.Int64
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		hangUp(false)(w, r)
	})
	rt, away := transport.NewRoundTripper(), transport.NewRoundTripper()
	t.Cleanup(rt.CloseIdleConnections)
	away.DialContext = func(_ context.Context, network, _ string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("refused")}
	}
	rsp, err := newClient(transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		if rsp, err := rt.RoundTrip(r.Clone(context.Background())); err == nil { // without the trace
			return rsp, nil
		}
		return away.RoundTrip(r)
	}))).Do(secretRequest(t, "POST", srv.URL))
	checkSend(t, rsp, err, false, true)
	if n := arrived.Load(); n != 1 {
		t.Errorf("%d requests arrived", n)
	}
}
