package sandbox_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

// behind returns the URL of a proxy that changes the answers of the sandbox.
func (b *box) behind(change func(*httptest.ResponseRecorder)) string {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		b.ServeHTTP(rec, r)
		if rec.Code != http.StatusNoContent {
			b.t.Errorf("the sandbox answered %d", rec.Code)
		}
		if err := b.check(r, rec.Code, rec.Header(), rec.Body.Bytes()); err != nil {
			b.t.Error(err)
		}
		change(rec)
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}))
	b.t.Cleanup(proxy.Close)
	return proxy.URL
}

// signAnswer signs an answer with the sandbox's own key, whatever the time.
func (b *box) signAnswer(rec *httptest.ResponseRecorder, at time.Time) {
	timestamp, nonce := strconv.FormatInt(at.Unix(), 10), "c5ac7061fccab6bf3e254dcf98995b8c"
	digest := sha256.Sum256([]byte(timestamp + "\n" + nonce + "\n" + rec.Body.String() + "\n"))
	signature := must(rsa.SignPKCS1v15(nil, sandbox.WechatpayKey(b.Credentials()), crypto.SHA256, digest[:]))
	rec.Header().Set("Wechatpay-Timestamp", timestamp)
	rec.Header().Set("Wechatpay-Nonce", nonce)
	rec.Header().Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
}

// The answer does not verify, but the order was modified: that is why the
// outcome is unknown, and not a failure.
func TestUnverifiableAnswersLeaveTheOutcomeUnknown(t *testing.T) {
	type recorder = httptest.ResponseRecorder
	b := newBoxAt(t, func() time.Time { return noon })
	with := func(name string, change func(string) string) func(*recorder) {
		return func(r *recorder) { r.Header().Set(name, change(r.Header().Get(name))) }
	}
	value := func(v string) func(string) string { return func(string) string { return v } }
	// The first byte of the signature, so that it stays well-formed base64.
	flipped := func(s string) string {
		if s[0] == 'A' {
			return "B" + s[1:]
		}
		return "A" + s[1:]
	}
	for name, c := range map[string]struct {
		change func(*recorder)
		good   bool
	}{
		"unchanged":   {func(*recorder) {}, true},
		"signed anew": {func(r *recorder) { b.signAnswer(r, noon) }, true},
		"300 s old":   {func(r *recorder) { b.signAnswer(r, noon.Add(-300*time.Second)) }, true},
		"300 s ahead": {func(r *recorder) { b.signAnswer(r, noon.Add(300*time.Second)) }, true},
		"301 s old":   {func(r *recorder) { b.signAnswer(r, noon.Add(-301*time.Second)) }, false},
		"301 s ahead": {func(r *recorder) { b.signAnswer(r, noon.Add(301*time.Second)) }, false},
		"unsigned": {func(r *recorder) {
			for _, name := range []string{"Timestamp", "Nonce", "Signature", "Serial", "Signature-Type"} {
				r.Header().Del("Wechatpay-" + name)
			}
		}, false},
		"no signature":          {func(r *recorder) { r.Header().Del("Wechatpay-Signature") }, false},
		"no serial":             {func(r *recorder) { r.Header().Del("Wechatpay-Serial") }, false},
		"body added":            {func(r *recorder) { r.Code = 200; r.Body.WriteString("{}") }, false},
		"another nonce":         {with("Wechatpay-Nonce", value("c5ac7061fccab6bf3e254dcf98995b8c")), false},
		"another timestamp":     {with("Wechatpay-Timestamp", value(strconv.FormatInt(noon.Unix()+1, 10))), false},
		"another signature":     {with("Wechatpay-Signature", flipped), false},
		"no base64":             {with("Wechatpay-Signature", value("?")), false},
		"unknown public key":    {with("Wechatpay-Serial", value("PUB_KEY_ID_0000000000000000000000000000000000")), false},
		"unknown certificate":   {with("Wechatpay-Serial", value("5157F09EFDC096DE15EBE81A47057A7232F1B8E1")), false},
		"another algorithm":     {with("Wechatpay-Signature-Type", value("WECHATPAY2-SM2-WITH-SM3")), false},
		"probe":                 {with("Wechatpay-Signature", func(s string) string { return "WECHATPAY/SIGNTEST/" + s }), false},
		"probe of right length": {with("Wechatpay-Signature", func(s string) string { return "WECHATPAY/SIGNTEST/" + s[19:] }), false},
	} {
		t.Run(name, func(t *testing.T) {
			rt := transport.NewRoundTripper()
			t.Cleanup(rt.CloseIdleConnections)
			client := b.clientAt(b.behind(c.change), rt)
			no := strconv.Itoa(int(b.sent.Add(1)))
			b.seed(no, 50000)
			body := modification(39900)
			body.Reason = "MARKER"
			err := client.ModifyPartnerServiceOrder(t.Context(), no, body)
			t.Log(err) // internal/leaks reads it, too
			if b.total(no) != 39900 {
				t.Fatalf("the order was not modified: %v", err)
			}
			if c.good {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, transport.ErrOutcomeUnknown) || !errors.Is(err, auth.ErrUnverified) {
				t.Fatalf("got %v", err)
			}
			if u, ok := errors.AsType[*transport.UnverifiedError](err); !ok || u.Path != orders+"/"+no+"/modify" || u.RequestID == "" {
				t.Errorf("got %#v", u)
			}
			// What the caller is told to do.
			if order := b.query(no); *order.TotalAmount != 39900 {
				t.Errorf("queried %s", asJSON(order))
			}
		})
	}
}
