package transport_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/transport"
)

func TestSignsWhatIsUnsigned(t *testing.T) {
	srv := serve(t, answering(200, `{}`))
	for _, c := range []struct{ name, method, target, body string }{
		{"POST", "POST", modifyPath, `{"reason":"用户投诉","total_amount":39900}`},
		{"body that ends with a line feed", "POST", modifyPath, "{}\n"},
		{"no body", "POST", modifyPath, ""},
		{"escaped order number", "POST", "/v3/payscore/partner/serviceorder/A%7CB%2AC_-1/modify", `{}`},
		{"order number with unescaped reserved characters", "POST", "/v3/payscore/partner/serviceorder/A*B-_1/modify", `{}`},
		{"non-ASCII", "GET", "/v3/x/%E8%AE%A2%20%E5%8D%95", ""},
		{"query", "GET", "/v3/payscore/partner/serviceorder?out_order_no=A%7CB%2AC&service_id=1&sub_mchid=2", ""},
		{"query in no order, with a plus and an empty value", "GET", "/v3/x?z=1&a=+&b=", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			signer, key := newSigner()
			rsp, err := transport.New(signer, newVerifier()).Do(request(t, c.method, srv.URL+c.target, c.body))
			if err != nil {
				t.Fatal(err)
			}
			if rsp.StatusCode != 200 {
				t.Fatalf("%d %s", rsp.StatusCode, bodyOf(t, rsp))
			}
			if n := key.n.Load(); n != 1 {
				t.Errorf("%d signatures for one call", n)
			}
		})
	}
	t.Run("body that can be read once", func(t *testing.T) {
		req := request(t, "POST", srv.URL+modifyPath, "")
		req.Body, req.GetBody, req.ContentLength = io.NopCloser(strings.NewReader(`{"a":1}`)), nil, -1
		rsp, err := newClient().Do(req)
		if err != nil || rsp.StatusCode != 200 {
			t.Fatal(rsp, err)
		}
	})
	t.Run("no header map", func(t *testing.T) {
		req := request(t, "POST", srv.URL+modifyPath, `{}`)
		req.Header = nil
		rsp, err := newClient().Do(req)
		if err != nil || rsp.StatusCode != 200 {
			t.Fatal(rsp, err)
		}
	})
}

func TestLeavesASignedRequestAlone(t *testing.T) {
	var got atomic.Value
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.Store(r.Header.Get("Authorization"))
		answering(204, "")(w, r)
	})
	signer, key := newSigner()
	client := transport.New(signer, newVerifier())

	req := request(t, "POST", srv.URL+modifyPath, `{}`)
	if err := signer.Sign(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	signed := req.Header.Get("Authorization")
	rsp, err := client.Do(req)
	if err != nil || rsp.StatusCode != 204 {
		t.Fatal(rsp, err)
	}
	if got.Load() != signed || key.n.Load() != 1 {
		t.Errorf("%d signatures; sent %v, signed %v", key.n.Load(), got.Load(), signed)
	}

	// Also one whose signature is of another kind.
	req = request(t, "POST", srv.URL+modifyPath, `{}`)
	req.Header.Set("Authorization", "other")
	if rsp, err := client.Do(req); err != nil || rsp.StatusCode != 401 {
		t.Fatal(rsp, err)
	}
	if got.Load() != "other" || key.n.Load() != 1 {
		t.Errorf("%d signatures; sent %v", key.n.Load(), got.Load())
	}
}

func TestWechatpaySerial(t *testing.T) {
	var got atomic.Value
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got.Store(strings.Join(r.Header.Values("Wechatpay-Serial"), ","))
		answering(204, "")(w, r)
	})
	const other = "7132D72A03E93CDDF8C03BBD1F37EEDF"
	plain, _ := newSigner()
	choosing, _ := newSigner(auth.WithWechatpaySerial(other))
	for _, c := range []struct {
		name         string
		signer       *auth.Signer
		signed       bool
		header, want string
	}{
		{"absent, signed here", plain, false, "", keyID},
		{"absent, signed by the editor", plain, true, "", keyID},
		{"given", plain, false, other, other},
		{"given and signed by the editor", plain, true, other, other},
		{"chosen by the signer", choosing, false, "", other},
		{"chosen by the signer as editor", choosing, true, "", other},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := request(t, "POST", srv.URL+modifyPath, `{}`)
			if c.header != "" {
				req.Header.Set("Wechatpay-Serial", c.header)
			}
			if c.signed {
				if err := c.signer.Sign(t.Context(), req); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := transport.New(c.signer, newVerifier()).Do(req); err != nil {
				t.Fatal(err)
			}
			if got.Load() != c.want {
				t.Errorf("sent %v, want %s", got.Load(), c.want)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type closed struct {
	io.Reader
	n int
}

func (c *closed) Close() error { c.n++; return nil }

// An empty or dotted parameter would address another resource.
func TestPathsThatAreRefused(t *testing.T) {
	var hits int
	carrier := roundTripper(func(r *http.Request) (*http.Response, error) {
		hits++
		h := http.Header{}
		sign(h, wechatKey(), now, "")
		return &http.Response{StatusCode: 204, Header: h, Body: http.NoBody, Request: r}, nil
	})
	for target, ok := range map[string]bool{
		"":                         true,
		"/":                        true,
		"/v3/orders/1/modify":      true,
		"/v3/orders/a..b/modify":   true,
		"/v3/orders/.../modify":    true,
		"/v3/orders/A%7CB/modify":  true,
		"/v3/orders?a=//..":        true,
		"//":                       false,
		"//v3/orders":              false,
		"/v3/orders//modify":       false,
		"/v3/orders/":              false,
		"/v3/orders/./modify":      false,
		"/v3/orders/../modify":     false,
		"/v3/orders/..":            false,
		"/v3/orders/%2e%2E/modify": false,
		"/v3/orders/%2e/modify":    false,
		"/v3/orders/a%2F/modify":   false,
		"/../v3/orders":            false,
	} {
		hits = 0
		signer, key := newSigner()
		req := request(t, "POST", "https://api.invalid"+target, "")
		body := &closed{Reader: strings.NewReader("{}")}
		req.Body, req.ContentLength = body, 2
		rsp, err := transport.New(signer, newVerifier(), transport.WithRoundTripper(carrier)).Do(req)
		if ok {
			if err != nil || hits != 1 {
				t.Errorf("%q: %v", target, err)
			}
			continue
		}
		var s *transport.SendError
		if !errors.As(err, &s) || !s.NotSent || errors.Is(err, transport.ErrOutcomeUnknown) || rsp != nil {
			t.Errorf("%q: %v", target, err)
		}
		if hits != 0 || key.n.Load() != 0 || body.n != 1 {
			t.Errorf("%q: sent %d times, signed %d times, body closed %d times", target, hits, key.n.Load(), body.n)
		}
	}
}

func TestAKeyThatFails(t *testing.T) {
	cause := errors.New("the HSM is down")
	signer, _ := newSigner(auth.WithNonce(func() (string, error) { return "", cause }))
	srv := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("was sent") })
	rsp, err := transport.New(signer, newVerifier()).Do(request(t, "POST", srv.URL+modifyPath+"?"+secretQuery, secretBody))
	checkSend(t, rsp, err, true, false)
	if !errors.Is(err, cause) {
		t.Error(err)
	}
}

// Who signs in an editor may leave the signer out; then nothing is repeated.
func TestWithoutSigner(t *testing.T) {
	srv := serve(t, busy("Retry-After", "0"))
	signer, _ := newSigner()
	req := request(t, "POST", srv.URL+modifyPath, "{}")
	if err := signer.Sign(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	rsp, err := transport.New(nil, newVerifier()).Do(req)
	if err != nil || rsp.StatusCode != 429 {
		t.Error(rsp, err)
	}
	if _, err := transport.New(nil, nil).Do(request(t, "POST", srv.URL+modifyPath, "{}")); err == nil {
		t.Error("sent unsigned")
	}
}
