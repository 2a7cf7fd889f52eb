package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

const modifyTarget = orders + "/" + orderNo + "/modify"

// signInformation is what a 401 says the server saw.
type signInformation struct {
	Method    string `json:"method"`
	URL       string `json:"url"`
	Truncated string `json:"truncated_sign_message"`
	Length    int    `json:"sign_message_length"`
}

func (a answer) signInformation(t testing.TB) *signInformation {
	t.Helper()
	var detail struct {
		Field           string           `json:"field"`
		Location        string           `json:"location"`
		SignInformation *signInformation `json:"sign_information"`
	}
	if err := json.Unmarshal(a.Detail, &detail); err != nil || detail.Field != "signature" || detail.Location != "authorization" {
		t.Errorf("detail %s: %v", a.Detail, err)
	}
	return detail.SignInformation
}

// authorized is a signed POST with the parameters changed afterwards.
func (b *box) authorized(target, body string, change func(a *auth.Authorization)) *http.Request {
	b.t.Helper()
	req := b.request("POST", target, body)
	a := must(auth.ParseAuthorization(req.Header.Get("Authorization")))
	change(&a)
	req.Header.Set("Authorization", authorization(a, "mchid", "nonce_str", "timestamp", "serial_no", "signature"))
	return req
}

// authorization writes the parameters in an order of one's own.
func authorization(a auth.Authorization, order ...string) string {
	values := map[string]string{"mchid": a.MchID, "nonce_str": a.Nonce, "timestamp": a.Timestamp, "serial_no": a.SerialNo, "signature": a.Signature}
	var pairs []string
	for _, name := range order {
		pairs = append(pairs, name+`="`+values[name]+`"`)
	}
	return "WECHATPAY2-SHA256-RSA2048 " + strings.Join(pairs, ",")
}

func TestWronglySignedRequests(t *testing.T) {
	b := newBoxAt(t, func() time.Time { return noon })
	b.seed(orderNo, 50000)
	account := b.Credentials().Account()
	strange := sandbox.WechatpayKey(otherCredentials())
	body := asJSON(modification(39900))
	signedBy := func(signer *auth.Signer) *http.Request {
		req := b.unsigned("POST", modifyTarget, body)
		b.ok(signer.Sign(t.Context(), req))
		return req
	}
	at := func(d time.Duration) *http.Request {
		return signedBy(b.Signer(auth.WithClock(func() time.Time { return noon.Add(d) })))
	}
	header := func(change func(string) string) *http.Request {
		req := signedBy(b.signer())
		req.Header.Set("Authorization", change(req.Header.Get("Authorization")))
		return req
	}
	replaced := func(old, with string) *http.Request {
		return header(func(s string) string {
			if !strings.Contains(s, old) {
				t.Fatalf("no %s in %s", old, s)
			}
			return strings.ReplaceAll(s, old, with)
		})
	}
	changed := signedBy(b.signer())
	changedBody := strings.Replace(body, "39900", "39901", 1)
	changed.Body, changed.GetBody = io.NopCloser(strings.NewReader(changedBody)), nil
	otherPath := signedBy(b.signer())
	otherPath.URL.Path = orders + "/another/modify"

	for name, c := range map[string]struct {
		req  *http.Request
		told bool // the answer says what the server saw
	}{
		"wrong key": {signedBy(must(auth.NewSigner(account.MchID, account.SerialNo, strange, auth.WithClock(b.now)))), true},
		"wrong serial": {b.authorized(modifyTarget, body, func(a *auth.Authorization) {
			a.SerialNo = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
		}), false},
		"serial of the public key":    {b.authorized(modifyTarget, body, func(a *auth.Authorization) { a.SerialNo = account.PublicKeyID }), false},
		"sub-merchant signs":          {b.authorized(modifyTarget, body, func(a *auth.Authorization) { a.MchID = subMchID }), false},
		"another nonce":               {b.authorized(modifyTarget, body, func(a *auth.Authorization) { a.Nonce = strings.Repeat("a", 32) }), true},
		"another timestamp":           {b.authorized(modifyTarget, body, func(a *auth.Authorization) { a.Timestamp = "1749960001" }), true},
		"timestamp is no number":      {b.authorized(modifyTarget, body, func(a *auth.Authorization) { a.Timestamp = "noon" }), false},
		"timestamp is past all":       {b.authorized(modifyTarget, body, func(a *auth.Authorization) { a.Timestamp = "-9223372036854775808" }), false},
		"signature is no base64":      {b.authorized(modifyTarget, body, func(a *auth.Authorization) { a.Signature = "?" }), true},
		"301 s old":                   {at(-301 * time.Second), false},
		"301 s ahead":                 {at(301 * time.Second), false},
		"another body":                {changed, true},
		"another path":                {otherPath, true},
		"no Authorization":            {b.unsigned("POST", modifyTarget, body), false},
		"lower-case scheme":           {replaced("WECHATPAY2-SHA256-RSA2048", "wechatpay2-sha256-rsa2048"), false},
		"another scheme":              {replaced("WECHATPAY2-SHA256-RSA2048", "WECHATPAY2-SM2-WITH-SM3"), false},
		"two spaces after the scheme": {replaced("RSA2048 ", "RSA2048  "), false},
		"spaces after commas":         {replaced(`",`, `", `), false},
		"no quotes":                   {replaced(`"`, ""), false},
		"comma at the end":            {header(func(s string) string { return s + "," }), false},
		"sixth parameter":             {header(func(s string) string { return s + `,brand_id="1"` }), false},
		"parameter twice":             {header(func(s string) string { return s + `,mchid="` + account.MchID + `"` }), false},
		"no nonce":                    {b.authorized(modifyTarget, body, func(a *auth.Authorization) { a.Nonce = "" }), false},
		"no mchid":                    {b.authorized(modifyTarget, body, func(a *auth.Authorization) { a.MchID = "" }), false},
		"no signature":                {b.authorized(modifyTarget, body, func(a *auth.Authorization) { a.Signature = "" }), false},
	} {
		t.Run(name, func(t *testing.T) {
			c.req.Header.Set("User-Agent", "test")
			before := b.total(orderNo)
			got := b.do(c.req) // which checks that a 401 is unsigned
			got.checkRefused(t, signError)
			if b.total(orderNo) != before {
				t.Error("refused, but modified")
			}
			seen := got.signInformation(t)
			if (seen != nil) != c.told {
				t.Fatalf("the server saw %+v", seen)
			}
			if seen == nil {
				return
			}
			sent := body
			if c.req == changed {
				sent = changedBody
			}
			a := must(auth.ParseAuthorization(c.req.Header.Get("Authorization")))
			message := "POST\n" + c.req.URL.RequestURI() + "\n" + a.Timestamp + "\n" + a.Nonce + "\n" + sent + "\n"
			if seen.Method != "POST" || seen.URL != c.req.URL.RequestURI() || seen.Length != len(message) ||
				!strings.HasPrefix(message, seen.Truncated) || len(seen.Truncated) < min(len(message), 250) {
				t.Errorf("the server saw %+v\nsent %q", *seen, message)
			}
		})
	}
}

func TestTimestampsWithinFiveMinutes(t *testing.T) {
	b := newBoxAt(t, func() time.Time { return noon })
	for _, d := range []time.Duration{-300 * time.Second, 0, 300 * time.Second} {
		b.seed(d.String(), 50000)
		req := b.unsigned("POST", orders+"/"+d.String()+"/modify", asJSON(modification(1)))
		b.ok(b.Signer(auth.WithClock(func() time.Time { return noon.Add(d) })).Sign(t.Context(), req))
		if got := b.do(req); got.Status != 204 {
			t.Errorf("%s off: %v", d, &got.Error)
		}
	}
}

// The message is cut between two characters, wherever its limit falls.
func TestSignInformationIsTextOfTheMessage(t *testing.T) {
	b := newBox(t)
	for pad := range 4 {
		body := strings.Repeat("x", pad) + strings.Repeat("诉", 200)
		req := b.authorized(modifyTarget, body, func(a *auth.Authorization) { a.Nonce = strings.Repeat("a", 32) })
		a := must(auth.ParseAuthorization(req.Header.Get("Authorization")))
		message := "POST\n" + modifyTarget + "\n" + a.Timestamp + "\n" + a.Nonce + "\n" + body + "\n"
		seen := b.do(req).signInformation(t)
		if seen == nil || !strings.HasPrefix(message, seen.Truncated) || len(seen.Truncated) < 250 || seen.Length != len(message) {
			t.Errorf("%d: the server saw %+v", pad, seen)
		}
	}
	short := b.authorized("/x", "", func(a *auth.Authorization) { a.Nonce = "aaaaaaaaaa" })
	a := must(auth.ParseAuthorization(short.Header.Get("Authorization")))
	if seen := b.do(short).signInformation(t); seen == nil || seen.Truncated != "POST\n/x\n"+a.Timestamp+"\naaaaaaaaaa\n\n" {
		t.Errorf("the server saw %+v", seen)
	}
}

func TestParametersInAnyOrder(t *testing.T) {
	b := newBox(t)
	names := []string{"mchid", "nonce_str", "timestamp", "serial_no", "signature"}
	tried := 0
	var permute func(k int)
	permute = func(k int) {
		if k == len(names) {
			if tried++; tried%size(6, 1, 1) != 0 {
				return
			}
			req := b.request("GET", orders+"?sub_mchid="+subMchID+"&out_order_no="+orderNo, "")
			a := must(auth.ParseAuthorization(req.Header.Get("Authorization")))
			req.Header.Set("Authorization", authorization(a, names...))
			b.do(req).checkRefused(t, notExist)
			return
		}
		for i := k; i < len(names); i++ {
			names[k], names[i] = names[i], names[k]
			permute(k + 1)
			names[k], names[i] = names[i], names[k]
		}
	}
	permute(0)
	if tried != 120 {
		t.Errorf("%d orders tried", tried)
	}
}

// The serial number is hex, in whichever case.
func TestSerialInLowerCase(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	req := b.authorized(modifyTarget, asJSON(modification(1)), func(a *auth.Authorization) { a.SerialNo = strings.ToLower(a.SerialNo) })
	if got := b.do(req); got.Status != 204 {
		t.Error(&got.Error)
	}
}

func TestAcceptAndUserAgentAreRequired(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	for _, name := range []string{"Accept", "User-Agent"} {
		req := b.request("POST", modifyTarget, asJSON(modification(1)))
		req.Header[name] = nil
		if name == "User-Agent" {
			req.Header.Set(name, "") // or net/http sends its own
		}
		b.do(req).checkRefused(t, refusal{400, "INVALID_REQUEST", 268435464, ""})
	}
	if b.total(orderNo) != 50000 {
		t.Error("refused, but modified")
	}
}

// During the move to the public key, the request says which key shall sign.
func TestAnswersByTheKeyAskedFor(t *testing.T) {
	b := newBox(t)
	dir := t.TempDir()
	b.ok(b.Credentials().Save(dir))
	account := b.Credentials().Account()
	certificate := must(auth.LoadPlatformCertificate(filepath.Join(dir, sandbox.PlatformCertFile)))
	public := must(auth.LoadPublicKey(account.PublicKeyID, filepath.Join(dir, sandbox.PublicKeyFile)))
	if certificate.ID != account.PlatformSerialNo {
		t.Errorf("serial %s of the certificate, %s of the account", certificate.ID, account.PlatformSerialNo)
	}
	const anyKey = ""
	for name, c := range map[string]struct {
		keys   []auth.Key
		asks   string // in place of what the verifier prefers
		signed string
		good   bool
	}{
		"certificate alone":                {[]auth.Key{certificate}, anyKey, certificate.ID, true},
		"certificate, asked in lower case": {[]auth.Key{certificate}, strings.ToLower(certificate.ID), certificate.ID, true},
		"public key alone":                 {[]auth.Key{public}, anyKey, public.ID, true},
		"both":                             {[]auth.Key{certificate, public}, anyKey, public.ID, true},
		"both, certificate asked for":      {[]auth.Key{certificate, public}, certificate.ID, certificate.ID, true},
		"certificate, public key asked":    {[]auth.Key{certificate}, public.ID, public.ID, false},
		"public key, certificate asked":    {[]auth.Key{public}, certificate.ID, certificate.ID, false},
		"public key, unknown key asked":    {[]auth.Key{public}, "PUB_KEY_ID_9", certificate.ID, false},
		"certificate, unknown key asked":   {[]auth.Key{certificate}, "PUB_KEY_ID_9", certificate.ID, true},
	} {
		t.Run(name, func(t *testing.T) {
			no := strings.NewReplacer(" ", "_", ",", "").Replace(name)
			b.seed(no, 50000)
			signer := b.signer()
			var serial string
			client := must(payscore.New(b.URL,
				payscore.WithRequestEditorFn(signer.Sign),
				payscore.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
					if c.asks != anyKey {
						req.Header.Set("Wechatpay-Serial", c.asks)
					}
					return nil
				}),
				payscore.WithHTTPClient(transport.New(signer, must(auth.NewVerifier(c.keys...)),
					transport.WithRoundTripper(roundTrip(func(req *http.Request) (*http.Response, error) {
						rsp, err := b.RoundTrip(req)
						if err == nil {
							serial = rsp.Header.Get("Wechatpay-Serial")
						}
						return rsp, err
					}))))))
			err := client.ModifyPartnerServiceOrder(t.Context(), no, modification(1))
			if (err == nil) != c.good || serial != c.signed || b.total(no) != 1 {
				t.Errorf("signed by %s, total %d: %v", serial, b.total(no), err)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
