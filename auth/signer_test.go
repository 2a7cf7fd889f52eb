package auth_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

func merchantKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	data, err := os.ReadFile(vectorPath("merchant_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := auth.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// checkSigned verifies an Authorization value against what arrived, with the
// message put together by hand.
func checkSigned(t testing.TB, pub *rsa.PublicKey, value, method, target, body string) {
	t.Helper()
	a, err := auth.ParseAuthorization(value)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := base64.StdEncoding.DecodeString(a.Signature)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(method + "\n" + target + "\n" + a.Timestamp + "\n" + a.Nonce + "\n" + body + "\n"))
	if err := rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], sig); err != nil {
		t.Errorf("what arrived is not what was signed: %s %q, body %q", method, target, body)
	}
}

// wire is what a server saw, the request-target taken from the first line of
// the connection without any parsing of URLs.
type wire struct {
	method, target, body string
	header               http.Header
	contentLength        int64
}

func serveWire(t *testing.T) (base string, got <-chan wire) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	ch := make(chan wire, 1)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				br := bufio.NewReader(conn)
				line, err := br.ReadString('\n')
				if err != nil {
					return
				}
				part := strings.Split(strings.TrimSuffix(line, "\r\n"), " ")
				req, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(part[0]+" / HTTP/1.1\r\n"), br)))
				if err != nil || len(part) != 3 {
					ch <- wire{target: "unreadable: " + line}
					return
				}
				body, _ := io.ReadAll(req.Body)
				ch <- wire{part[0], part[1], string(body), req.Header, req.ContentLength}
				io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			}()
		}
	}()
	return "http://" + l.Addr().String(), ch
}

func send(t *testing.T, req *http.Request, got <-chan wire) wire {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return <-got
}

func TestSignedTargetIsTheOneOnTheWire(t *testing.T) {
	base, got := serveWire(t)
	s, key := testSigner(t), merchantKey(t)
	numbers := []string{"1234323JKHDFE1243252", "A|B*C_-1", "|", "***", "a b", "a+b", "a/b", "a%2Fb", "100%", "订单 一", "~", "@:+$&=", ";,", "..", "a?b#c", `"`, "\\"}
	var targets []string
	for _, no := range numbers {
		targets = append(targets,
			"/v3/payscore/partner/serviceorder/"+url.PathEscape(no)+"/modify",
			"/v3/payscore/partner/serviceorder?"+url.Values{"out_order_no": {no}, "sub_mchid": {"1900000109"}}.Encode())
	}
	// As callers may write them, escaped or not.
	targets = append(targets, "/v3/A|B*C_-1/modify", "/v3/订单/modify", "/v3/x?b=2&a=1", "/v3/x?", "/v3/x?a=|*订", "/v3//x", "", "/", "/v3/x#fragment", "/v3/%7c")
	for _, target := range targets {
		t.Run(target, func(t *testing.T) {
			req, err := http.NewRequest("POST", base+target, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Sign(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			w := send(t, req, got)
			checkSigned(t, &key.PublicKey, w.header.Get("Authorization"), w.method, w.target, w.body)
		})
	}
}

func TestPeerDefectSignedPathIsNotTheWirePath(t *testing.T) {
	// A peer signs the raw path and sends the escaped one.
	base, got := serveWire(t)
	s, key := testSigner(t), merchantKey(t)
	for no, want := range map[string]string{"A|B": "A%7CB", "A B": "A%20B", "订单": "%E8%AE%A2%E5%8D%95", "A*B": "A%2AB"} {
		req, err := http.NewRequest("POST", base+"/v3/payscore/partner/serviceorder/"+url.PathEscape(no)+"/modify", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Sign(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		w := send(t, req, got)
		if w.target != "/v3/payscore/partner/serviceorder/"+want+"/modify" {
			t.Errorf("%q went out as %q", no, w.target)
		}
		checkSigned(t, &key.PublicKey, w.header.Get("Authorization"), "POST", w.target, "")
	}
}

func TestPeerDefectDoubleEscaping(t *testing.T) {
	// A peer escapes an escaped path again, and addresses another order.
	base, got := serveWire(t)
	s, key := testSigner(t), merchantKey(t)
	req, err := http.NewRequest("POST", base+"/v3/payscore/partner/serviceorder/A%7CB%2AC_-1/modify", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Sign(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	w := send(t, req, got)
	const want = "/v3/payscore/partner/serviceorder/A%7CB%2AC_-1/modify"
	if w.target != want {
		t.Errorf("went out as %q", w.target)
	}
	checkSigned(t, &key.PublicKey, w.header.Get("Authorization"), "POST", want, "")
}

type closeRecorder struct {
	io.Reader
	closed bool
}

func (c *closeRecorder) Close() error { c.closed = true; return nil }

func TestSignedBodyIsTheOneOnTheWire(t *testing.T) {
	base, got := serveWire(t)
	s, key := testSigner(t), merchantKey(t)
	const text = "{\"reason\":\"用户投诉\"}\n"
	big := strings.Repeat("0123456789", 20000)
	for name, c := range map[string]struct {
		body io.Reader
		want string
	}{
		"bytes.Reader":       {bytes.NewReader([]byte(text)), text},
		"bytes.Buffer":       {bytes.NewBufferString(text), text},
		"strings.Reader":     {strings.NewReader(text), text},
		"plain reader":       {struct{ io.Reader }{strings.NewReader(text)}, text},
		"one byte at a time": {iotest.OneByteReader(strings.NewReader(text)), text},
		"data with EOF":      {iotest.DataErrReader(strings.NewReader(text)), text},
		"big":                {strings.NewReader(big), big},
		"big plain reader":   {struct{ io.Reader }{strings.NewReader(big)}, big},
		"nil":                {nil, ""},
		"NoBody":             {http.NoBody, ""},
		"empty":              {strings.NewReader(""), ""},
		"empty plain reader": {struct{ io.Reader }{strings.NewReader("")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequest("POST", base+"/v3/x", c.body)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // a retry signs the same request again
				if err := s.Sign(t.Context(), req); err != nil {
					t.Fatal(err)
				}
				w := send(t, req, got)
				if w.body != c.want || w.contentLength != int64(len(c.want)) {
					t.Errorf("%d bytes arrived, Content-Length %d, want %d", len(w.body), w.contentLength, len(c.want))
				}
				checkSigned(t, &key.PublicKey, w.header.Get("Authorization"), "POST", "/v3/x", c.want)
				if req.GetBody != nil {
					if req.Body, err = req.GetBody(); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}

	r := &closeRecorder{Reader: strings.NewReader(text)}
	req, err := http.NewRequest("POST", base+"/v3/x", r)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Sign(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if !r.closed {
		t.Error("the body that was read is not closed")
	}
}

func TestBodyErrors(t *testing.T) {
	s := testSigner(t)
	broken := errors.New("broken")
	for name, change := range map[string]func(*http.Request){
		"reader":  func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(broken)) },
		"GetBody": func(r *http.Request) { r.GetBody = func() (io.ReadCloser, error) { return nil, broken } },
		"GetBody read": func(r *http.Request) {
			r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(broken)), nil }
		},
	} {
		req, _ := http.NewRequest("POST", "https://h/v3/x", struct{ io.Reader }{strings.NewReader("x")})
		change(req)
		if err := s.Sign(t.Context(), req); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		if req.Header.Get("Authorization") != "" {
			t.Errorf("%s: signed all the same", name)
		}
	}
	req, _ := http.NewRequest("POST", "https://h/v3/x", strings.NewReader("x"))
	req.GetBody = func() (io.ReadCloser, error) { return nil, nil }
	if err := s.Sign(t.Context(), req); err == nil {
		t.Error("GetBody returned nothing and Sign no error")
	}
}

func TestSignSetsHeaders(t *testing.T) {
	ua := regexp.MustCompile(`^payscore-go/\S+ \(\w+; go1\.\S+.*\)$`)
	sign := func(h http.Header, opts ...auth.SignerOption) http.Header {
		t.Helper()
		req, _ := http.NewRequest("GET", "https://h/v3/x", nil)
		req.Header = h
		if err := testSigner(t, opts...).Sign(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		return req.Header
	}

	h := sign(nil)
	if h.Get("Accept") != "application/json" || !ua.MatchString(h.Get("User-Agent")) {
		t.Errorf("defaults: %v, %v", h["Accept"], h["User-Agent"])
	}
	if _, ok := h[auth.HeaderSerial]; ok {
		t.Errorf("Wechatpay-Serial without being asked: %q", h[auth.HeaderSerial])
	}

	h = sign(http.Header{"Authorization": {"a", "b"}, "Accept": {"*/*"}, "User-Agent": {"mine"}, auth.HeaderSerial: {platformSerial}},
		auth.WithWechatpaySerial(publicKeyID), auth.WithUserAgent("other/1"))
	if len(h["Authorization"]) != 1 || !strings.HasPrefix(h.Get("Authorization"), auth.Scheme+" ") {
		t.Errorf("Authorization is not replaced: %d values", len(h["Authorization"]))
	}
	if h.Get("Accept") != "*/*" || h.Get("User-Agent") != "mine" || h.Get(auth.HeaderSerial) != platformSerial {
		t.Errorf("a value of the caller is overwritten: %v", h)
	}

	h = sign(http.Header{"Accept": {""}, "User-Agent": {""}, auth.HeaderSerial: {""}}, auth.WithWechatpaySerial(publicKeyID), auth.WithUserAgent("other/1 (x)"))
	if h.Get("Accept") != "application/json" || h.Get("User-Agent") != "other/1 (x)" || h.Get(auth.HeaderSerial) != publicKeyID {
		t.Errorf("empty values are kept: %v", h)
	}
	h = sign(http.Header{auth.HeaderSerial: {""}})
	if v, ok := h[auth.HeaderSerial]; ok {
		t.Errorf("an empty Wechatpay-Serial is sent: %q", v)
	}

	h = sign(http.Header{})
	h.Add("Accept", "text/plain")
	if ua := h.Get("User-Agent"); !strings.HasPrefix(ua, "payscore-go/") {
		t.Errorf("adding to one header changed another: %q", ua)
	}
}

func TestAuthorizationHeaderOrder(t *testing.T) {
	value, err := testSigner(t).Authorization("GET", "/v3/x", testTime, testNonce, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^WECHATPAY2-SHA256-RSA2048 mchid="1900000001",nonce_str="` + testNonce +
		`",timestamp="1750000000",serial_no="` + merchantSerial + `",signature="[0-9A-Za-z+/]{342}=="$`)
	if !want.MatchString(value) {
		t.Error(value)
	}
}

func TestNonces(t *testing.T) {
	s := testSigner(t)
	req, _ := http.NewRequest("GET", "https://h/v3/x", nil)
	form := regexp.MustCompile(`^[0-9A-Za-z]{32}$`)
	seen, chars := map[string]bool{}, map[rune]bool{}
	for range 60 {
		if err := s.Sign(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		a, err := auth.ParseAuthorization(req.Header.Get("Authorization"))
		if err != nil {
			t.Fatal(err)
		}
		if !form.MatchString(a.Nonce) || seen[a.Nonce] {
			t.Fatalf("nonce %q", a.Nonce)
		}
		seen[a.Nonce] = true
		for _, c := range a.Nonce {
			chars[c] = true
		}
	}
	// 1920 draws miss a given character with probability 3e-14.
	if len(chars) != 62 {
		t.Errorf("only %d characters are in use", len(chars))
	}

	broken := errors.New("broken")
	if err := testSigner(t, auth.WithNonce(func() (string, error) { return "", broken })).Sign(t.Context(), req); !errors.Is(err, broken) {
		t.Error(err)
	}
	for _, bad := range []string{"", `a"b`, "a\nb", "a b", `a\b`, "é"} {
		if err := testSigner(t, auth.WithNonce(func() (string, error) { return bad, nil })).Sign(t.Context(), req); err == nil {
			t.Errorf("nonce %q is accepted", bad)
		}
	}
}

func TestSignHonoursTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, _ := http.NewRequest("GET", "https://h/v3/x", nil)
	if err := testSigner(t).Sign(ctx, req); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(req.Header) != 0 {
		t.Error("the request is changed")
	}
}

func TestSignRefuses(t *testing.T) {
	s := testSigner(t)
	for name, req := range map[string]*http.Request{
		"nil":               nil,
		"no URL":            {},
		"opaque URL":        {URL: &url.URL{Scheme: "https", Opaque: "//h/v3/x"}},
		"space in query":    {URL: &url.URL{Scheme: "https", Host: "h", Path: "/v3/x", RawQuery: "a=b c"}},
		"LF in query":       {URL: &url.URL{Scheme: "https", Host: "h", Path: "/v3/x", RawQuery: "a\nb"}},
		"lower-case method": {Method: "post", URL: &url.URL{Scheme: "https", Host: "h", Path: "/v3/x"}},
	} {
		if err := s.Sign(t.Context(), req); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	if err := s.Sign(t.Context(), &http.Request{URL: &url.URL{Scheme: "https", Host: "h", Path: "/v3/x"}}); err != nil {
		t.Errorf("a zero method is GET: %v", err)
	}
	if _, err := s.Authorization("GET", "https://h/v3/x", testTime, testNonce, nil); err == nil {
		t.Error("a whole URL is taken for a request-target")
	}
	if _, err := s.Authorization("GET", "/v3/x", time.Unix(-1, 0), testNonce, nil); err == nil {
		t.Error("a timestamp before 1970 is accepted")
	}
	req, _ := http.NewRequest("GET", "https://h/v3/x", nil)
	if err := new(auth.Signer).Sign(t.Context(), req); err == nil {
		t.Error("the zero Signer signs")
	}
	if err := (*auth.Signer)(nil).Sign(t.Context(), req); err == nil {
		t.Error("the nil Signer signs")
	}
}

// kms stands for a key that cannot leave its device.
type kms struct {
	key  *rsa.PrivateKey
	fail error
	sign func(digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

func (k kms) Public() crypto.PublicKey { return &k.key.PublicKey }

func (k kms) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if k.fail != nil {
		return nil, k.fail
	}
	if k.sign != nil {
		return k.sign(digest, opts)
	}
	if _, pss := opts.(*rsa.PSSOptions); pss || opts.HashFunc() != crypto.SHA256 {
		return nil, fmt.Errorf("unexpected options %v", opts)
	}
	return rsa.SignPKCS1v15(nil, k.key, crypto.SHA256, digest)
}

func TestKeyInAKMS(t *testing.T) {
	key := merchantKey(t)
	s, err := auth.NewSigner("1900000001", merchantSerial, kms{key: key})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Authorization("GET", "/v3/x", testTime, testNonce, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := testSigner(t).Authorization("GET", "/v3/x", testTime, testNonce, nil)
	if got != want {
		t.Error("another signature than that of the key in memory")
	}

	down := errors.New("the KMS is down")
	s, err = auth.NewSigner("1900000001", merchantSerial, kms{key: key, fail: down})
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest("GET", "https://h/v3/x", nil)
	if err := s.Sign(t.Context(), req); !errors.Is(err, down) {
		t.Error(err)
	}
	if req.Header.Get("Authorization") != "" {
		t.Error("an Authorization is set all the same")
	}

	s, err = auth.NewSigner("1900000001", merchantSerial, kms{key: key, sign: func([]byte, crypto.SignerOpts) ([]byte, error) { return make([]byte, 70), nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Sign(t.Context(), req); err == nil {
		t.Error("a signature of the wrong length is sent")
	}
}

type ecSigner struct{ *ecdsa.PrivateKey }

func TestNewSignerRefuses(t *testing.T) {
	key := merchantKey(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	damaged := *key
	damaged.N = new(rsa.PrivateKey).N
	for name, c := range map[string]struct {
		mchid, serial string
		key           crypto.Signer
		opts          []auth.SignerOption
		want          error
		text          string
	}{
		"empty mchid":       {"", merchantSerial, key, nil, nil, "merchant id"},
		"long mchid":        {strings.Repeat("1", 33), merchantSerial, key, nil, nil, "merchant id"},
		"quote in mchid":    {`19"`, merchantSerial, key, nil, nil, "merchant id"},
		"empty serial":      {"1900000001", "", key, nil, nil, "hex"},
		"long serial":       {"1900000001", strings.Repeat("A", 41), key, nil, nil, "hex"},
		"serial not hex":    {"1900000001", "5B-37", key, nil, nil, "hex"},
		"public key id":     {"1900000001", publicKeyID, key, nil, nil, "WeChat Pay public key"},
		"nil key":           {"1900000001", merchantSerial, nil, nil, nil, "nil"},
		"nil *PrivateKey":   {"1900000001", merchantSerial, (*rsa.PrivateKey)(nil), nil, nil, "nil"},
		"empty PrivateKey":  {"1900000001", merchantSerial, &rsa.PrivateKey{}, nil, auth.ErrNotRSA, ""},
		"damaged key":       {"1900000001", merchantSerial, &damaged, nil, nil, ""},
		"weak key":          {"1900000001", merchantSerial, weak, nil, auth.ErrWeakKey, "1024"},
		"weak KMS key":      {"1900000001", merchantSerial, kms{key: weak}, nil, auth.ErrWeakKey, ""},
		"EC key":            {"1900000001", merchantSerial, ecSigner{ec}, nil, auth.ErrNotRSA, ""},
		"LF in user agent":  {"1900000001", merchantSerial, key, []auth.SignerOption{auth.WithUserAgent("a\r\nb")}, nil, "user agent"},
		"wechatpay serial":  {"1900000001", merchantSerial, key, []auth.SignerOption{auth.WithWechatpaySerial("a b")}, nil, auth.HeaderSerial},
		"wechatpay serial2": {"1900000001", merchantSerial, key, []auth.SignerOption{auth.WithWechatpaySerial("PUB_KEY_ID_")}, nil, auth.HeaderSerial},
	} {
		s, err := auth.NewSigner(c.mchid, c.serial, c.key, c.opts...)
		if err == nil || s != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || !strings.HasPrefix(err.Error(), "auth: ") {
			t.Errorf("%s: %v", name, err)
		}
	}

	s, err := auth.NewSigner("1900000001", strings.ToLower(merchantSerial), key, nil, auth.WithClock(nil), auth.WithNonce(nil), auth.WithUserAgent(""), auth.WithWechatpaySerial(""))
	if err != nil {
		t.Fatal(err)
	}
	if s.MchID() != "1900000001" || s.SerialNo() != merchantSerial {
		t.Errorf("got %s, %s", s.MchID(), s.SerialNo())
	}
	req, _ := http.NewRequest("GET", "https://h/v3/x", nil)
	if err := s.Sign(t.Context(), req); err != nil {
		t.Error(err)
	}
}

func TestCertificateOfAnotherKey(t *testing.T) {
	_, err := auth.LoadSignerWithCertificate("1900000001", vectorPath("merchant_key.pem"), vectorPath("platform_cert.pem"))
	if !errors.Is(err, auth.ErrKeyMismatch) {
		t.Error(err)
	}
	_, err = auth.LoadSignerWithCertificate("1900000001", vectorPath("merchant_key.pem"), vectorPath("merchant_key.pem"))
	if !errors.Is(err, auth.ErrWrongKind) {
		t.Error(err)
	}
	_, err = auth.LoadSignerWithCertificate("1900000001", vectorPath("merchant_cert.pem"), vectorPath("merchant_cert.pem"))
	if !errors.Is(err, auth.ErrWrongKind) {
		t.Error(err)
	}
}

func TestSignerIsRedacted(t *testing.T) {
	s := testSigner(t)
	key := merchantKey(t)
	var outputs []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%T %v"} {
		for _, v := range []any{s, *s, struct{ S *auth.Signer }{s}, struct{ S auth.Signer }{*s}, []any{*s}, struct{ s auth.Signer }{*s}, map[string]*auth.Signer{"s": s}} {
			outputs = append(outputs, fmt.Sprintf(verb, v))
		}
	}
	for _, v := range []any{s, *s, struct{ S *auth.Signer }{s}} {
		var text, js bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("m", "signer", v)
		slog.New(slog.NewJSONHandler(&js, nil)).Info("m", "signer", v)
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, text.String(), js.String(), string(data))
	}
	secrets := []string{key.D.String(), key.D.Text(16), key.Primes[0].String(), key.Primes[0].Text(16), "PrivateKey", "big.Int",
		strconv.FormatUint(uint64(key.D.Bits()[0]), 10), strconv.FormatUint(uint64(key.D.Bits()[0]), 16)}
	for _, out := range outputs {
		for _, secret := range secrets {
			if strings.Contains(out, secret) {
				t.Errorf("%q shows %q", out, secret)
			}
		}
	}
	if got := fmt.Sprintf("%+v", s); got != `auth.Signer{mchid:"1900000001", serial_no:"`+merchantSerial+`", key:redacted}` {
		t.Error(got)
	}
	if data, _ := json.Marshal(s); string(data) != `{"mchid":"1900000001","serial_no":"`+merchantSerial+`"}` {
		t.Error(string(data))
	}
	if got := fmt.Sprint((*auth.Signer)(nil)); got != "<nil>" {
		t.Error(got)
	}
}

func TestSignerConcurrently(t *testing.T) {
	s, key := testSigner(t, auth.WithWechatpaySerial(publicKeyID)), merchantKey(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 5 {
				body := fmt.Sprintf(`{"i":%d,"j":%d}`, i, j)
				req, err := http.NewRequest("POST", "https://h/v3/"+strconv.Itoa(i), strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Sign(t.Context(), req); err != nil {
					t.Error(err)
					return
				}
				checkSigned(t, &key.PublicKey, req.Header.Get("Authorization"), "POST", "/v3/"+strconv.Itoa(i), body)
				_ = fmt.Sprint(s)
			}
		})
	}
	wg.Wait()
}

func TestParseAuthorization(t *testing.T) {
	const good = auth.Scheme + ` mchid="1",nonce_str="n",timestamp="2",serial_no="A",signature="s=="`
	want := auth.Authorization{MchID: "1", SerialNo: "A", Nonce: "n", Timestamp: "2", Signature: "s=="}
	for _, h := range []string{
		good,
		auth.Scheme + ` mchid="1",serial_no="A",timestamp="2",nonce_str="n",signature="s=="`,
		auth.Scheme + ` signature="s==",mchid="1",nonce_str="n",timestamp="2",serial_no="A"`,
	} {
		if got, err := auth.ParseAuthorization(h); err != nil || got != want {
			t.Errorf("%s: %+v, %v", h, got, err)
		}
	}
	for _, h := range []string{
		"", " ", auth.Scheme, auth.Scheme + " ", "Bearer x",
		strings.Replace(good, " ", "", 1),
		strings.Replace(good, " ", "  ", 1),
		strings.Replace(good, " ", "\t", 1),
		" " + good, good + " ", good + ",", good + "\n",
		strings.ToLower(good),
		strings.Replace(good, "WECHATPAY2-SHA256-RSA2048", "WECHATPAY2-SM2-WITH-SM3", 1),
		strings.ReplaceAll(good, ",", ", "),
		strings.ReplaceAll(good, ",", ";"),
		strings.ReplaceAll(good, ",", ""),
		strings.Replace(good, `mchid="1",`, "", 1),
		strings.Replace(good, `,signature="s=="`, "", 1),
		strings.Replace(good, `"2"`, `2`, 1),
		strings.Replace(good, `"2"`, `'2'`, 1),
		strings.Replace(good, `"2"`, `""`, 1),
		strings.Replace(good, `"2"`, `"2`, 1),
		strings.Replace(good, `"n"`, `"n n"`, 1),
		strings.Replace(good, `"n"`, "\"n\nn\"", 1),
		strings.Replace(good, `"n"`, `"n\"n"`, 1),
		strings.Replace(good, `"n"`, `"é"`, 1),
		strings.Replace(good, "mchid", "MCHID", 1),
		strings.Replace(good, "mchid=", "mchid =", 1),
		good + `,mchid="1"`, good + `,other="1"`, good + `,="1"`,
	} {
		got, err := auth.ParseAuthorization(h)
		if _, ok := errors.AsType[*auth.AuthorizationError](err); !ok || got != (auth.Authorization{}) {
			t.Errorf("%q: %+v, %v", h, got, err)
		} else if strings.Contains(err.Error(), "s==") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: the error is %q", h, err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	key := merchantKey(b)
	fixed, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	stub, err := auth.NewSigner("1900000001", merchantSerial, kms{key: key, sign: func([]byte, crypto.SignerOpts) ([]byte, error) { return fixed, nil }}, auth.WithWechatpaySerial(publicKeyID))
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(`{"sub_mchid":"1900000109","post_payments":[{"name":"就餐费用","amount":40000,"count":4}],"total_amount":40000,"reason":"用户投诉"}`)
	for name, s := range map[string]*auth.Signer{"RSA": testSigner(b, auth.WithWechatpaySerial(publicKeyID)), "without RSA": stub} {
		b.Run(name, func(b *testing.B) {
			req, err := http.NewRequest("POST", "https://api.mch.weixin.qq.com/v3/payscore/partner/serviceorder/1234323JKHDFE1243252/modify", bytes.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				clear(req.Header)
				if err := s.Sign(ctx, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestSignAllocations(t *testing.T) {
	s := testSigner(t, auth.WithWechatpaySerial(publicKeyID))
	req, err := http.NewRequest("POST", "https://h/v3/payscore/partner/serviceorder/1/modify", strings.NewReader(`{"total_amount":40000}`))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if n := testing.AllocsPerRun(20, func() {
		clear(req.Header)
		if err := s.Sign(ctx, req); err != nil {
			t.Fatal(err)
		}
	}); n > 8 && !raceEnabled {
		t.Errorf("%v allocations for one signature, want at most 8", n)
	}
}

func TestNonceHasNoModuloBias(t *testing.T) {
	key := merchantKey(t)
	fixed := make([]byte, key.Size())
	s, err := auth.NewSigner("1900000001", merchantSerial, kms{key: key, sign: func([]byte, crypto.SignerOpts) ([]byte, error) { return fixed, nil }})
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest("GET", "https://h/v3/x", nil)
	const nonces = 4000
	low := 0
	for range nonces {
		if err := s.Sign(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		a, err := auth.ParseAuthorization(req.Header.Get("Authorization"))
		if err != nil {
			t.Fatal(err)
		}
		low += strings.Count(strings.Map(func(r rune) rune {
			if r <= '7' {
				return '.'
			}
			return r
		}, a.Nonce), ".")
	}
	// A byte modulo 62 gives 0..7 in 15.6 % of cases instead of 12.9 %. The bounds
	// are ten standard deviations away.
	if share := float64(low) / (nonces * 32); share < 0.1196 || share > 0.1384 {
		t.Errorf("0..7 make up %.4f of the characters, want %.4f", share, 8.0/62)
	}
}

// Every option takes nil for its default, whatever was set before, and none panics.
func TestNilOptionsSetTheDefault(t *testing.T) {
	clock := func() time.Time { return time.Unix(1, 0) }
	nonce := func() (string, error) { return "", errors.New("MARKER: the nonce of an option that was taken back") }
	s, err := auth.NewSigner("1900000001", merchantSerial, privateKey(t, "merchant_key.pem"), nil,
		auth.WithClock(clock), auth.WithClock(nil), auth.WithNonce(nonce), auth.WithNonce(nil),
		auth.WithUserAgent("mine"), auth.WithUserAgent(""), auth.WithWechatpaySerial(publicKeyID), auth.WithWechatpaySerial(""))
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest("GET", "https://h/v3/x", nil)
	if err := s.Sign(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	a, err := auth.ParseAuthorization(req.Header.Get("Authorization"))
	if err != nil || a.Timestamp == "1" || req.Header.Get("User-Agent") == "mine" || req.Header.Get("User-Agent") == "" || req.Header.Get("Wechatpay-Serial") != "" {
		t.Errorf("timestamp %s, %q, %v", a.Timestamp, req.Header, err)
	}
	key, err := auth.NewAPIv2Key("TestOnlyAPIv2Key0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	l, err := auth.NewLaunchSigner("1900000001", key, nil,
		auth.WithLaunchClock(clock), auth.WithLaunchClock(nil), auth.WithLaunchNonce(nonce), auth.WithLaunchNonce(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Confirm("package"); err != nil {
		t.Error(err)
	}
}
