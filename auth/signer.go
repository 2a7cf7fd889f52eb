package auth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Signer signs requests with a merchant's private key. It is safe for concurrent
// use; only [Signer.Rotate] changes it. Printed or logged, it shows the merchant
// and the serial number, never the key.
type Signer struct {
	mchid       string
	beforeNonce string // constant part of the header

	current *atomic.Pointer[signingPair] // shared by copies

	clock           func() time.Time
	nonce           func() (string, error)
	userAgent       string
	wechatpaySerial string
}

// signingPair is a private key and the serial number that belongs to it.
// Whoever signs loads it once, so that the two never come apart.
type signingPair struct {
	serial         string
	afterTimestamp string // constant part of the header

	// The key is held in a function so that nothing that prints or walks
	// values can reach it.
	sign    func(ctx context.Context, digest [sha256.Size]byte) ([]byte, error)
	decrypt func(sealed []byte) ([]byte, error) // nil when the key cannot
	public  *rsa.PublicKey
}

// SignerOption changes how a Signer works. A nil SignerOption does nothing, and one
// with a nil or empty argument sets the default. [NewSigner] returns an error for one
// that cannot be used.
type SignerOption func(*Signer)

// WithClock sets where timestamps come from; the default is time.Now. WeChat
// Pay refuses a request whose timestamp is more than about 300 seconds off.
func WithClock(clock func() time.Time) SignerOption {
	return func(s *Signer) { s.clock = clock }
}

// WithNonce sets where nonces come from; the default is 32 random characters of
// [0-9A-Za-z]. The function must be safe for concurrent use and must not repeat
// itself.
func WithNonce(nonce func() (string, error)) SignerOption {
	return func(s *Signer) { s.nonce = nonce }
}

// WithUserAgent sets the User-Agent of requests that have none. WeChat Pay
// refuses requests without one, so the empty string means the default.
func WithUserAgent(userAgent string) SignerOption {
	return func(s *Signer) { s.userAgent = userAgent }
}

// WithWechatpaySerial sets the Wechatpay-Serial of requests that have none: the
// id of the key that WeChat Pay shall sign the answer with, as returned by
// Verifier.PreferredID. Merchants with a public key need it on every request.
func WithWechatpaySerial(id string) SignerOption {
	return func(s *Signer) { s.wechatpaySerial = id }
}

// NewSigner returns a signer for the merchant mchid (in partner mode the service
// provider) whose API certificate has the serial number serialNo, in a form that
// [ParseSerialNo] takes.
//
// key is the private key of that certificate: an *rsa.PrivateKey, or a
// crypto.Signer backed by a KMS or HSM, best a [ContextSigner]. It is asked for
// RSASSA-PKCS1-v1_5 signatures of SHA-256 digests and must be safe for
// concurrent use.
//
// It returns an error for an argument that cannot be right; for a key that is
// not RSA it is ErrNotRSA, for one under 2048 bits ErrWeakKey (errors.Is).
func NewSigner(mchid, serialNo string, key crypto.Signer, opts ...SignerOption) (*Signer, error) {
	mchid = strings.TrimSpace(mchid)
	switch {
	case !isAlphanumeric(mchid) || len(mchid) > 32:
		return nil, fmt.Errorf("auth: merchant id %s is not 1 to 32 letters and digits", quoteShort(mchid))
	case isAppID(mchid):
		return nil, fmt.Errorf("auth: merchant id %s is the id of an app; the merchant's has digits alone", quote(mchid))
	}
	serial, err := ParseSerialNo(serialNo)
	if err != nil {
		return nil, err
	}
	if rv := reflect.ValueOf(key); key == nil || rv.Kind() == reflect.Pointer && rv.IsNil() {
		return nil, errors.New("auth: the private key is nil")
	}
	pub, err := checkPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("auth: private key: %w", err)
	}
	if k, ok := key.(*rsa.PrivateKey); ok {
		if err := k.Validate(); err != nil {
			return nil, fmt.Errorf("auth: private key: %w", err)
		}
	}

	s := &Signer{mchid: mchid, current: new(atomic.Pointer[signingPair])}
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.userAgent == "" {
		s.userAgent = defaultUserAgent()
	}
	if !isVisible(strings.ReplaceAll(s.userAgent, " ", "")) {
		return nil, fmt.Errorf("auth: user agent %s holds characters other than visible ASCII", quote(s.userAgent))
	}
	if id := s.wechatpaySerial; id != "" && !isPublicKeyID(id) && !isSerial(id) {
		return nil, fmt.Errorf("auth: %s %s neither starts with %s nor is a serial number in hex", HeaderSerial, quote(id), publicKeyPrefix)
	}
	sign := remoteSign(key)
	if k, ok := key.(*rsa.PrivateKey); ok { // asked by its own name, it leaves the digest on the stack
		sign = func(_ context.Context, digest [sha256.Size]byte) ([]byte, error) {
			return rsa.SignPKCS1v15(nil, k, crypto.SHA256, digest[:])
		}
	}
	s.beforeNonce = Scheme + ` mchid="` + s.mchid + `",nonce_str="`
	s.current.Store(&signingPair{
		serial:         serial,
		afterTimestamp: `",serial_no="` + serial + `",signature="`,
		sign:           sign,
		decrypt:        decrypter(key),
		public:         pub,
	})
	return s, nil
}

// LoadSigner is NewSigner with the private key in a file (apiclient_key.pem), in any
// form that [ParsePrivateKey] takes. Errors that concern the file are *KeyError.
func LoadSigner(mchid, serialNo, keyFile string, opts ...SignerOption) (*Signer, error) {
	key, err := loadKey(keyFile, ParsePrivateKey)
	if err != nil {
		return nil, err
	}
	return NewSigner(mchid, serialNo, key, opts...)
}

// LoadSignerWithCertificate is LoadSigner with the serial number read from the
// merchant's API certificate (apiclient_cert.pem). The certificate must be the
// private key's (ErrKeyMismatch). Whether it is still valid is not checked.
func LoadSignerWithCertificate(mchid, keyFile, certFile string, opts ...SignerOption) (*Signer, error) {
	key, err := loadKey(keyFile, ParsePrivateKey)
	if err != nil {
		return nil, err
	}
	cert, err := loadKey(certFile, ParsePlatformCertificate)
	if err != nil {
		return nil, err
	}
	if !cert.PublicKey.Equal(&key.PublicKey) {
		return nil, &KeyError{File: certFile, Err: fmt.Errorf("%w in %q", ErrKeyMismatch, keyFile)}
	}
	return NewSigner(mchid, cert.ID, key, opts...)
}

// MchID returns the merchant id, "" for a Signer that was not made by NewSigner.
func (s *Signer) MchID() string {
	if s == nil {
		return ""
	}
	return s.mchid
}

// SerialNo returns the serial number of the merchant's API certificate, in
// upper-case hex: the one that the next signature will name.
func (s *Signer) SerialNo() string {
	pair := s.pair()
	if pair == nil {
		return ""
	}
	return pair.serial
}

// Sign signs req: it sets Authorization, replacing one that is there, and sets
// Accept, User-Agent and (with WithWechatpaySerial) Wechatpay-Serial where they
// are absent. It is the request editor of a generated client. Nothing may change
// the URL or the body of req afterwards, so it must be the last editor.
//
// A body without GetBody is read to its end and replaced by one in memory, with
// GetBody and ContentLength set. With GetBody, Sign signs what GetBody returns.
//
// Each call makes a new timestamp and nonce; call it again for each retry. The
// error is or wraps that of ctx if ctx is done, also while a KMS is being waited
// for; else it wraps the cause: of the body, the nonce source or the private key.
//
// It follows the request signature section of the APIv3 guide.
func (s *Signer) Sign(ctx context.Context, req *http.Request) error {
	if ctx == nil {
		ctx = context.Background()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if req == nil || req.URL == nil {
		return errors.New("auth: a request without URL cannot be signed")
	}
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	if err := bufferBody(req); err != nil {
		return fmt.Errorf("auth: read the request body: %w", err)
	}

	w := workspaces.Get().(*workspace)
	defer w.release()
	if s == nil || s.nonce == nil {
		w.nonce = appendNonce(w.nonce[:0])
	} else {
		nonce, err := s.nonce()
		if err != nil {
			return fmt.Errorf("auth: make a nonce: %w", err)
		}
		w.nonce = append(w.nonce[:0], nonce...)
	}
	value, err := s.authorization(ctx, w, method, req.URL.RequestURI(), s.now(), func(b []byte) ([]byte, error) {
		return appendBody(b, req)
	})
	if err != nil {
		return err
	}

	if req.Header == nil {
		req.Header = make(http.Header, 4)
	}
	values := [...]struct{ name, value string }{
		{"Authorization", value},
		{"Accept", "application/json"},
		{"User-Agent", s.userAgent},
		{HeaderSerial, s.wechatpaySerial},
	}
	room := make([]string, len(values)) // one allocation for all of them
	for i, h := range values {
		switch {
		case i > 0 && req.Header.Get(h.name) != "":
		case h.value == "":
			delete(req.Header, h.name) // present but empty
		default:
			room[i] = h.value
			req.Header[h.name] = room[i : i+1 : i+1]
		}
	}
	return nil
}

// Authorization returns the value of the Authorization header for a request,
// without side effects. requestURI is the request-target as sent, timestamp is
// used in whole seconds, nonce is visible ASCII without quotes and backslashes,
// and body is what is sent, byte for byte.
//
// It returns an error for an argument that cannot be right, and wraps that of
// the private key.
func (s *Signer) Authorization(method, requestURI string, timestamp time.Time, nonce string, body []byte) (string, error) {
	w := workspaces.Get().(*workspace)
	defer w.release()
	w.nonce = append(w.nonce[:0], nonce...)
	return s.authorization(context.Background(), w, method, requestURI, timestamp, func(b []byte) ([]byte, error) {
		return append(b, body...), nil
	})
}

func (s *Signer) authorization(ctx context.Context, w *workspace, method, requestURI string, timestamp time.Time, body func([]byte) ([]byte, error)) (string, error) {
	seconds := timestamp.Unix()
	pair := s.pair()
	switch {
	case pair == nil:
		return "", errors.New("auth: this Signer was not made by NewSigner")
	case !isMethod(method):
		return "", fmt.Errorf("auth: method %s is not upper-case letters", quote(method))
	case !isRequestURI(requestURI):
		return "", errors.New(`auth: the request-target does not start with "/" or holds a space or a control character`)
	case !isParameter(w.nonce):
		return "", errors.New("auth: the nonce is empty or holds a character that is not allowed in the header")
	case seconds < 0:
		return "", errors.New("auth: the timestamp is before 1970")
	}

	var err error
	w.buf = appendMessageHead(w.buf[:0], method, requestURI, seconds, w.nonce)
	if w.buf, err = body(w.buf); err != nil {
		return "", fmt.Errorf("auth: read the request body: %w", err)
	}
	w.buf = append(w.buf, '\n')

	sig, err := pair.sign(ctx, sha256.Sum256(w.buf))
	if err != nil {
		return "", fmt.Errorf("auth: the private key did not sign: %w", err)
	}
	if size := pair.public.Size(); len(sig) != size {
		return "", fmt.Errorf("auth: the private key made a signature of %d bytes instead of %d", len(sig), size)
	}

	b := append(w.buf[:0], s.beforeNonce...)
	b = append(b, w.nonce...)
	b = append(b, `",timestamp="`...)
	b = strconv.AppendInt(b, seconds, 10)
	b = append(b, pair.afterTimestamp...)
	b = base64.StdEncoding.AppendEncode(b, sig)
	b = append(b, '"')
	w.buf = b
	return string(b), nil
}

func (s *Signer) now() time.Time {
	if s == nil || s.clock == nil {
		return time.Now()
	}
	return s.clock()
}

// String describes the signer without its key.
func (s Signer) String() string {
	return fmt.Sprintf("auth.Signer{mchid:%q, serial_no:%q, key:redacted}", s.mchid, s.SerialNo())
}

// Format implements fmt.Formatter: every verb prints String.
func (s Signer) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue implements slog.LogValuer without the key.
func (s Signer) LogValue() slog.Value {
	return slog.GroupValue(slog.String("mchid", s.mchid), slog.String("serial_no", s.SerialNo()))
}

// MarshalJSON implements json.Marshaler without the key.
func (s Signer) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"mchid": s.mchid, "serial_no": s.SerialNo()})
}

// bufferBody makes the body of req repeatable.
func bufferBody(req *http.Request) error {
	if req.Body == nil || req.Body == http.NoBody || req.GetBody != nil {
		return nil
	}
	data, err := io.ReadAll(req.Body)
	req.Body.Close()
	if err != nil {
		return err
	}
	req.ContentLength = int64(len(data))
	req.GetBody = func() (io.ReadCloser, error) {
		if len(data) == 0 {
			return http.NoBody, nil
		}
		return io.NopCloser(bytes.NewReader(data)), nil
	}
	req.Body, err = req.GetBody()
	return err
}

func appendBody(b []byte, req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return b, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return b, err
	}
	if body == nil {
		return b, errors.New("GetBody returned nil")
	}
	defer body.Close()
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

func isMethod(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return s != ""
}

func isRequestURI(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return strings.HasPrefix(s, "/")
}

// workspace is the memory for making or checking one signature, or for decrypting.
type workspace struct{ buf, nonce, sig, sealed []byte }

var workspaces = sync.Pool{New: func() any {
	return &workspace{buf: make([]byte, 0, 2048), nonce: make([]byte, 0, nonceLen)}
}}

func (w *workspace) release() {
	if cap(w.buf) <= 64<<10 {
		workspaces.Put(w)
	}
}

const (
	nonceLen      = 32
	nonceAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// appendNonce drops random bytes beyond the last multiple of the alphabet's
// length; keeping them would favour the first characters.
func appendNonce(b []byte) []byte {
	const limit = 256 - 256%len(nonceAlphabet)
	var random [nonceLen + 8]byte
	for n := 0; n < nonceLen; {
		rand.Read(random[:])
		for _, r := range random {
			if int(r) < limit && n < nonceLen {
				b = append(b, nonceAlphabet[int(r)%len(nonceAlphabet)])
				n++
			}
		}
	}
	return b
}

var defaultUserAgent = sync.OnceValue(func() string {
	const module = "github.com/wxpayscore/payscore"
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == module {
				version = m.Version
			}
		}
	}
	if !strings.HasPrefix(version, "v") {
		version = "devel"
	}
	return "payscore-go/" + version + " (" + runtime.GOOS + "; " + runtime.Version() + ")"
})
