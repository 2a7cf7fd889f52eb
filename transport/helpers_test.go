package transport_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/transport"
)

// The counterpart of these tests signs and checks with crypto/rsa alone, so
// that an error of package auth cannot hide on both sides.

const (
	keyID          = "PUB_KEY_ID_0119000000012025061500000000000001"
	merchantID     = "1900000001"
	merchantSerial = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
	modifyPath     = "/v3/payscore/partner/serviceorder/1234323JKHDFE1243252/modify"
	answerNonce    = "c5ac7061fccab6bf3e254dcf98995b8c"
	requestID      = "08F78BB5AF0610D302189F8CD10220A7ABD5B4012893B105-0"
)

// now is the time on both sides.
var now = time.Unix(1750000000, 0)

func clock() time.Time { return now }

var (
	merchantKey = vectorKey("merchant_key.pem")
	wechatKey   = vectorKey("wechatpay_private_key.pem")
	strangeKey  = vectorKey("platform_private_key.pem")
)

func vectorKey(file string) func() *rsa.PrivateKey {
	return sync.OnceValue(func() *rsa.PrivateKey {
		block, _ := pem.Decode(must(os.ReadFile("../api/vectors/" + file)))
		return must(x509.ParsePKCS8PrivateKey(block.Bytes)).(*rsa.PrivateKey)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// countingKey counts the signatures that a merchant's key makes.
type countingKey struct {
	crypto.Signer
	n atomic.Int64
}

func (k *countingKey) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.n.Add(1)
	return k.Signer.Sign(r, digest, opts)
}

func newSigner(opts ...auth.SignerOption) (*auth.Signer, *countingKey) {
	key := &countingKey{Signer: merchantKey()}
	return must(auth.NewSigner(merchantID, merchantSerial, key, append([]auth.SignerOption{auth.WithClock(clock)}, opts...)...)), key
}

func newVerifier() *auth.Verifier {
	return must(auth.NewVerifier(auth.Key{ID: keyID, PublicKey: &wechatKey().PublicKey})).WithClock(clock)
}

// newClient sends once, for the tests of one attempt.
func newClient(opts ...transport.Option) *transport.Client {
	return retrying(append([]transport.Option{transport.WithRetry(transport.Retry{Attempts: 1})}, opts...)...)
}

func retrying(opts ...transport.Option) *transport.Client {
	signer, _ := newSigner()
	return transport.New(signer, newVerifier(), opts...)
}

// signatures holds those that answers got before, since RSA is most of the cost
// of a test.
var signatures sync.Map

type signatureOf struct {
	key    *rsa.PrivateKey
	digest [sha256.Size]byte
}

// sign signs an answer.
func sign(h http.Header, key *rsa.PrivateKey, at time.Time, body string) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	digest := sha256.Sum256([]byte(timestamp + "\n" + answerNonce + "\n" + body + "\n"))
	h.Set("Wechatpay-Timestamp", timestamp)
	h.Set("Wechatpay-Nonce", answerNonce)
	signature, known := signatures.Load(signatureOf{key, digest})
	if !known {
		signature = base64.StdEncoding.EncodeToString(must(rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])))
		signatures.Store(signatureOf{key, digest}, signature)
	}
	h.Set("Wechatpay-Signature", signature.(string))
	h.Set("Wechatpay-Serial", keyID)
	h.Set("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048")
	h.Set("Request-ID", requestID)
}

var authorization = regexp.MustCompile(`^WECHATPAY2-SHA256-RSA2048 mchid="` + merchantID +
	`",nonce_str="([0-9A-Za-z]{32})",timestamp="([0-9]+)",serial_no="` + merchantSerial + `",signature="([0-9A-Za-z+/]+=*)"$`)

// checkRequest verifies a request over the bytes that arrived.
func checkRequest(r *http.Request, body []byte) error {
	if len(r.Header["Authorization"]) != 1 {
		return fmt.Errorf("%d Authorization headers", len(r.Header["Authorization"]))
	}
	m := authorization.FindStringSubmatch(r.Header["Authorization"][0])
	if m == nil {
		return errors.New("malformed Authorization")
	}
	signature, err := base64.StdEncoding.DecodeString(m[3])
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(r.Method + "\n" + r.RequestURI + "\n" + m[2] + "\n" + m[1] + "\n" + string(body) + "\n"))
	return rsa.VerifyPKCS1v15(&merchantKey().PublicKey, crypto.SHA256, digest[:], signature)
}

// answering is a handler that refuses what is wrongly signed and gives signed
// answers.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := checkRequest(r, must(io.ReadAll(r.Body))); err != nil {
			w.WriteHeader(401)
			fmt.Fprintf(w, `{"code":"SIGN_ERROR","message":%q}`, err)
			return
		}
		sign(w.Header(), wechatKey(), now, body)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

func request(t testing.TB, method, url, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func bodyOf(t testing.TB, rsp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(rsp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The request of every call that is meant to fail bears these, and no text of
// an error may.
const (
	secretQuery = "sub_mchid=1900000109&openid=oUpF8uMuAJO_MARKER"
	secretBody  = `{"reason":"MARKER secret reason"}`
)

func checkText(t testing.TB, err error) {
	t.Helper()
	text := err.Error()
	t.Log(text) // internal/leaks reads it, too
	for _, secret := range []string{"1900000109", "oUpF8u", "secret reason", "nonce_str", "signature=", "mchid="} {
		if strings.Contains(text, secret) {
			t.Errorf("the error holds %q: %s", secret, text)
		}
	}
	if strings.ContainsFunc(text, unicode.IsControl) || len(text) > 2500 || !strings.Contains(text, modifyPath) {
		t.Errorf("not one line about the call: %q", text)
	}
}

// checkUnverified fails unless err is an UnverifiedError and all that it must be.
func checkUnverified(t testing.TB, rsp *http.Response, err error) *transport.UnverifiedError {
	t.Helper()
	if rsp != nil {
		t.Errorf("a response with status %d came out", rsp.StatusCode)
	}
	var u *transport.UnverifiedError
	if !errors.As(err, &u) {
		t.Fatalf("want an UnverifiedError: %v", err)
	}
	// A query has no outcome that could be unknown.
	if unknown := u.Method != "GET"; errors.Is(err, transport.ErrOutcomeUnknown) != unknown || errors.Is(err, apierror.ErrOutcomeUnknown) != unknown ||
		strings.Contains(err.Error(), transport.ErrOutcomeUnknown.Error()) != unknown {
		t.Errorf("ErrOutcomeUnknown, want %v: %v", unknown, err)
	}
	if u.Path != modifyPath || u.Method == "" {
		t.Errorf("of %q %q", u.Method, u.Path)
	}
	checkText(t, err)
	return u
}

// checkSend fails unless err is a SendError of this kind.
func checkSend(t testing.TB, rsp *http.Response, err error, notSent, unknown bool) *transport.SendError {
	t.Helper()
	if rsp != nil {
		t.Errorf("a response with status %d came out", rsp.StatusCode)
	}
	var s *transport.SendError
	if !errors.As(err, &s) {
		t.Fatalf("want a SendError: %v", err)
	}
	if s.NotSent != notSent || errors.Is(err, transport.ErrOutcomeUnknown) != unknown {
		t.Errorf("NotSent %v, want %v; outcome unknown %v, want %v: %v",
			s.NotSent, notSent, errors.Is(err, transport.ErrOutcomeUnknown), unknown, err)
	}
	if strings.Contains(err.Error(), transport.ErrOutcomeUnknown.Error()) != unknown || strings.Contains(err.Error(), "not sent") != notSent {
		t.Errorf("the text says something else than the error: %v", err)
	}
	if errors.Is(err, auth.ErrUnverified) {
		t.Errorf("claims a signature at fault: %v", err)
	}
	checkText(t, err)
	return s
}
