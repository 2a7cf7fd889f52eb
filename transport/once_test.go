package transport_test

import (
	"context"
	"crypto"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/transport"
)

// WeChat Pay's hosts speak HTTP/1.1, whatever else the program has made of
// net/http's default, and HTTP/2 is there for who asks for it.
func TestHTTPVersions(t *testing.T) {
	srv := httptest.NewUnstartedServer(answering(204, ""))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	trust := func(rt *http.Transport) *http.Transport {
		roots := srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		if rt.TLSClientConfig == nil {
			rt.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			rt.TLSClientConfig.NextProtos = nil
		}
		rt.TLSClientConfig.RootCAs = roots
		t.Cleanup(rt.CloseIdleConnections)
		return rt
	}
	own := trust(http.DefaultTransport.(*http.Transport).Clone())
	rsp, err := (&http.Client{Transport: own}).Get(srv.URL)
	if err != nil || rsp.ProtoMajor != 2 {
		t.Fatalf("the server speaks %v: %v", rsp, err)
	}
	defer func(was http.RoundTripper) { http.DefaultTransport = was }(http.DefaultTransport)
	for _, c := range []struct {
		name    string
		its     http.RoundTripper // http.DefaultTransport
		http2   bool
		version int
	}{
		{"default", http.DefaultTransport, false, 1},
		{"default that has spoken HTTP/2", own, false, 1},
		{"another default", roundTripper(nil), false, 1},
		{"asked for", http.DefaultTransport, true, 2},
		{"asked for, of one that has spoken HTTP/2", own, true, 2},
		{"asked for, of another default", roundTripper(nil), true, 2},
	} {
		http.DefaultTransport = c.its
		rt := trust(transport.NewRoundTripper())
		if c.http2 {
			rt.ForceAttemptHTTP2 = true
		}
		rsp, err := newClient(transport.WithRoundTripper(rt)).Do(request(t, "POST", srv.URL+modifyPath, "{}"))
		if err != nil || rsp.ProtoMajor != c.version {
			t.Errorf("%s: %+v, %v", c.name, rsp, err)
		}
	}
}

// net/http repeats a query on its own when a kept connection fails, with the
// same signature. Each that arrives was signed, counted and told.
func TestAQueryIsOneRequestForEachAttempt(t *testing.T) {
	var mu sync.Mutex
	used, arrived := map[string]bool{}, map[string]int{}
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		mu.Lock()
		arrived[r.Header.Get("Authorization")]++
		stale := used[r.RemoteAddr]
		used[r.RemoteAddr] = true
		mu.Unlock()
		if stale {
			hangUp(true)(w, r)
			return
		}
		answering(200, "{}")(w, r)
	})
	told := 0
	client := retrying(transport.WithHooks(clock, noSleep, 0),
		transport.WithObserver(func(_ context.Context, a transport.Attempt) { told++ }))
	for range 5 {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			req := request(t, method, srv.URL+modifyPath, "")
			if method == "DELETE" {
				req.Header.Set("Idempotency-Key", "1") // which net/http takes as leave to repeat
			}
			if rsp, err := client.Do(req); err != nil || rsp.StatusCode != 200 {
				t.Fatal(rsp, err)
			}
		}
	}
	for a, n := range arrived {
		if n != 1 {
			t.Errorf("%d requests with one Authorization, %.30s", n, a)
		}
	}
	if len(arrived) != told {
		t.Errorf("%d arrived, %d were told", len(arrived), told)
	}
}

// A RoundTripper may need a connection for something else before.
func TestCarrierThatAsksFirst(t *testing.T) {
	srv := serve(t, answering(204, ""))
	rt := transport.NewRoundTripper()
	asks := roundTripper(func(r *http.Request) (*http.Response, error) {
		token, _ := http.NewRequestWithContext(r.Context(), "GET", srv.URL, nil)
		rsp, err := rt.RoundTrip(token)
		if err != nil {
			return nil, err
		}
		rsp.Body.Close()
		return rt.RoundTrip(r)
	})
	if rsp, err := newClient(transport.WithRoundTripper(asks)).Do(request(t, "POST", srv.URL+modifyPath, "{}")); err != nil || rsp.StatusCode != 204 {
		t.Error(rsp, err)
	}
	// Its other connection is no word on the request.
	rt.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("refused")}
	}
	rt.CloseIdleConnections()
	rsp, err := newClient(transport.WithRoundTripper(asks)).Do(secretRequest(t, "POST", srv.URL))
	checkSend(t, rsp, err, true, false)
}

// kms signs like a service that does not answer in time.
type kms struct {
	crypto.Signer
	answer chan struct{}
	failed error
}

func (k kms) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	<-k.answer
	if k.failed != nil {
		return nil, k.failed
	}
	return k.Signer.Sign(r, digest, opts)
}

// kmsContext knows when nobody waits any more.
type kmsContext struct {
	kms
	ended chan error
}

func (k kmsContext) SignContext(ctx context.Context, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	<-ctx.Done()
	k.ended <- ctx.Err()
	return nil, ctx.Err()
}

// A call ends with its context and not when a KMS answers, its end is told, and
// nothing is left behind once the KMS has answered.
func TestSlowKMS(t *testing.T) { synctest.Test(t, slowKMS) }

// The bubble fails if a goroutine is left at its end.
func slowKMS(t *testing.T) {
	for _, takesContext := range []bool{false, true} {
		for _, inEditor := range []bool{false, true} {
			slow := kms{Signer: merchantKey(), answer: make(chan struct{})}
			var key crypto.Signer = slow
			ended := make(chan error, 1)
			if takesContext {
				key = kmsContext{slow, ended}
			}
			signer := must(auth.NewSigner(merchantID, merchantSerial, key, auth.WithClock(clock)))
			s := &seen{}
			client := transport.New(signer, newVerifier(), transport.WithObserver(s.observe))
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				if inEditor {
					done <- generated(t, "https://api.invalid", signer, client).ModifyPartnerServiceOrder(ctx, orderNo, modifyBody())
					return
				}
				_, err := client.Do(secretRequest(t, "POST", "https://api.invalid").WithContext(ctx))
				done <- err
			}()
			synctest.Wait()
			select {
			case err := <-done:
				t.Fatalf("did not wait for the KMS: %v", err)
			default:
			}
			cancel()
			synctest.Wait()
			select {
			case err := <-done:
				if !errors.Is(err, context.Canceled) || !errors.Is(err, apierror.ErrNotSent) {
					t.Error(err)
				}
				if !inEditor {
					checkText(t, err)
				}
			default:
				t.Fatal("the call outlives its context")
			}
			if len(s.all) != 1 || s.all[0].N != 0 || s.all[0].Outcome != transport.Failed || !errors.Is(s.all[0].Err, context.Canceled) {
				t.Errorf("told %+v", s.all)
			}
			if takesContext {
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("the KMS was not told: %v", err)
				}
			}
			close(slow.answer)
		}
	}
}

// An outage of the KMS is told and logged, call by call.
func TestKMSIsDown(t *testing.T) {
	down := errors.New("kms: 503 from 10.0.0.7")
	answer := make(chan struct{})
	close(answer)
	signer := must(auth.NewSigner(merchantID, merchantSerial, kms{merchantKey(), answer, down}, auth.WithClock(clock)))
	s := &seen{}
	client := transport.New(signer, newVerifier(), transport.WithObserver(s.observe))
	for range 3 {
		err := generated(t, "https://api.invalid", signer, client).ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody())
		if !errors.Is(err, down) || !errors.Is(err, apierror.ErrNotSent) {
			t.Error(err)
		}
	}
	if len(s.all) != 3 || !errors.Is(s.all[0].Err, down) || s.all[2].N != 0 {
		t.Errorf("told %+v", s.all)
	}
}

// Before anything is sent it is clear that no answer could be verified.
func TestNothingIsSentThatCannotBeVerified(t *testing.T) {
	srv := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("was sent") })
	own := auth.Key{ID: keyID, PublicKey: &merchantKey().PublicKey}
	certificate := auth.Key{ID: merchantSerial, PublicKey: &merchantKey().PublicKey}
	wechat := auth.Key{ID: "PUB_KEY_ID_0119000000012025061500000000000002", PublicKey: &wechatKey().PublicKey}
	signer, _ := newSigner()
	rotated := must(auth.NewSigner(merchantID, merchantSerial, strangeKey(), auth.WithClock(clock)))
	if err := rotated.Rotate(signer); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		signer   *auth.Signer
		verifier *auth.Verifier
		own      bool
	}{
		{"no verifier", signer, nil, false},
		{"no keys", signer, new(auth.Verifier), false},
		{"its public key", signer, must(auth.NewVerifier(own)), true},
		{"its certificate", signer, must(auth.NewVerifier(certificate)), true},
		{"its key beside WeChat Pay's", signer, must(auth.NewVerifier(wechat, own)), true},
		{"its key after a rotation", rotated, must(auth.NewVerifier(own)), true},
		{"its key from a source", signer, must(auth.NewVerifierFrom(oneKey{own})), true},
	} {
		client := transport.New(c.signer, c.verifier)
		rsp, err := client.Do(secretRequest(t, "POST", srv.URL))
		checkSend(t, rsp, err, true, false)
		if errors.Is(err, auth.ErrOwnKey) != c.own {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.own && !(strings.Contains(err.Error(), "pub_key.pem") && strings.Contains(err.Error(), "wechatpay_")) {
			t.Errorf("%s: %v does not name the files", c.name, err)
		}
		// The program learns of it when it starts.
		if _, err := payscore.New(srv.URL, payscore.WithHTTPClient(client)); err == nil || errors.Is(err, auth.ErrOwnKey) != c.own {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// The keys may change while the program runs.
func TestOwnKeyAfterTheStart(t *testing.T) {
	srv := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("was sent") })
	signer := must(auth.NewSigner(merchantID, merchantSerial, strangeKey(), auth.WithClock(clock)))
	client := transport.New(signer, must(auth.NewVerifier(auth.Key{ID: keyID, PublicKey: &merchantKey().PublicKey})))
	api := generated(t, srv.URL, signer, client)
	own, _ := newSigner()
	if err := signer.Rotate(own); err != nil {
		t.Fatal(err)
	}
	err := api.ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody())
	if !errors.Is(err, apierror.ErrNotSent) || !errors.Is(err, auth.ErrOwnKey) {
		t.Error(err)
	}
}

// oneKey is a source with one key.
type oneKey struct{ key auth.Key }

func (s oneKey) Key(context.Context, string) (auth.Key, error) { return s.key, nil }
func (s oneKey) PreferredID() string                           { return s.key.ID }

// None of these may panic with a nil dereference.
func TestNilOptionsAndZeroErrors(t *testing.T) {
	signer, _ := newSigner()
	srv := serve(t, answering(204, ""))
	if rsp, err := transport.New(signer, newVerifier(), nil, transport.WithRoundTripper(nil), transport.WithObserver(nil)).
		Do(request(t, "POST", srv.URL+modifyPath, "{}")); err != nil || rsp.StatusCode != 204 {
		t.Error(rsp, err)
	}
	for _, err := range []error{&transport.SendError{}, &transport.UnverifiedError{}, &transport.RefusedAfterUnknownError{}} {
		if err.Error() == "" || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("%T: %q", err, err)
		}
		errors.Is(err, apierror.SignError)
		errors.As(err, new(*apierror.Error))
	}
}
