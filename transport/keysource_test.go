package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/transport"
)

// laterKeys has its key only once it is asked for it.
type laterKeys struct{ ctx context.Context }

func (k *laterKeys) Key(ctx context.Context, id string) (auth.Key, error) {
	k.ctx = ctx
	return auth.Key{ID: keyID, PublicKey: &wechatKey().PublicKey}, nil
}

func (k *laterKeys) PreferredID() string {
	if k.ctx == nil {
		return ""
	}
	return keyID
}

func TestKeysThatComeLater(t *testing.T) {
	var serials [][]string
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		serials = append(serials, r.Header["Wechatpay-Serial"])
		answering(204, "")(w, r)
	})
	keys := new(laterKeys)
	signer, _ := newSigner()
	client := transport.New(signer, must(auth.NewVerifierFrom(keys)).WithClock(clock))
	type mark struct{}
	for range 2 {
		req := request(t, "POST", srv.URL+modifyPath, "{}")
		if _, err := client.Do(req.WithContext(context.WithValue(t.Context(), mark{}, 1))); err != nil {
			t.Fatal(err)
		}
		if keys.ctx.Value(mark{}) != 1 || keys.ctx.Err() != nil {
			t.Error("the source does not get the request's context")
		}
	}
	// An empty header would be none of the documented values.
	if serials[0] != nil || len(serials[1]) != 1 || serials[1][0] != keyID {
		t.Errorf("%q", serials)
	}
}

// noKeys is a source that cannot get the key that an answer names.
type noKeys struct{ err error }

func (k noKeys) Key(context.Context, string) (auth.Key, error) { return auth.Key{}, k.err }
func (noKeys) PreferredID() string                             { return "" }

// What became of a download of keys must not pass for what became of the write:
// its answer is there, so it was most likely carried out.
func TestKeyDownloadThatFailed(t *testing.T) {
	for name, cause := range map[string]error{
		"not sent":    &transport.SendError{Method: "GET", Path: "/v3/certificates", NotSent: true, Err: io.EOF},
		"no answer":   &transport.SendError{Method: "GET", Path: "/v3/certificates", Err: io.EOF},
		"refused":     &apierror.Error{Status: 400, Code: "PARAM_ERROR", Number: 271316754},
		"unknown key": &auth.UnknownKeyError{Serial: keyID, Err: &transport.SendError{Method: "GET", NotSent: true, Err: io.EOF}},
	} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int32
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
				sent.Add(1)
				answering(204, "")(w, r)
			})
			signer, _ := newSigner()
			client := transport.New(signer, must(auth.NewVerifierFrom(noKeys{cause})).WithClock(clock), transport.WithHooks(clock, noSleep, 0))
			rsp, err := client.Do(request(t, "POST", srv.URL+modifyPath, secretBody))
			checkUnverified(t, rsp, err)
			if sent.Load() != 1 {
				t.Errorf("a write was sent %d times", sent.Load())
			}
			if errors.Is(err, apierror.ErrNotSent) {
				t.Errorf("claims that it was not sent: %v", err)
			}
			if errors.As(err, new(*apierror.Error)) {
				t.Errorf("claims a refusal of the write: %v", err)
			}
			if !errors.Is(err, auth.ErrUnverified) || !errors.As(err, new(*auth.UnknownKeyError)) {
				t.Errorf("does not say why: %v", err)
			}
		})
	}
}

// A field that is encrypted names its key in each attempt, whichever is preferred by then.
func TestEachAttemptNamesTheKeyThatEncrypted(t *testing.T) {
	const other = "7132D72A03E93CDDF8C03BBD1F37EEDF"
	for _, first := range []bool{true, false} {
		var serials []string
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
			serials = append(serials, r.Header.Values("Wechatpay-Serial")...)
			w.WriteHeader(503)
		})
		signer, _ := newSigner(auth.WithWechatpaySerial(keyID))
		editors := []func(context.Context, *http.Request) error{signer.Sign, auth.Key{ID: other}.NameInRequest}
		if first {
			slices.Reverse(editors)
		}
		req := request(t, "POST", srv.URL+"/v3/security/echo", "{}")
		for _, edit := range editors {
			if err := edit(t.Context(), req); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := transport.New(signer, newVerifier(), transport.WithHooks(clock, noSleep, 0)).Do(req); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(serials, []string{other, other, other}) {
			t.Errorf("%q", serials)
		}
	}
}
