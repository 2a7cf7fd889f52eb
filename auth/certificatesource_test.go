package auth_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

const (
	apiV3KeyText = "TestOnly-0123456789abcdefghijkl!"
	serialA      = "0A00000000000000000000000000000000000001"
	serialB      = "0B00000000000000000000000000000000000002"
	unknown      = "0C00000000000000000000000000000000000003"
)

// platform is a platform certificate and its private key.
type platform struct {
	serial string
	key    *rsa.PrivateKey
	pem    []byte
}

// issue makes a certificate; without an issuer it is self-signed.
func issue(t testing.TB, serial string, key *rsa.PrivateKey, from, to time.Time, issuer *x509.Certificate, issuerKey *rsa.PrivateKey) platform {
	t.Helper()
	number, ok := new(big.Int).SetString(serial, 16)
	if !ok {
		t.Fatal(serial)
	}
	template := &x509.Certificate{
		SerialNumber: number, Subject: pkix.Name{CommonName: "test"}, NotBefore: from, NotAfter: to,
		IsCA: issuer == nil, BasicConstraintsValid: true,
	}
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	return platform{serial, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// newPlatforms returns certificates in force for a year, from an hour ago.
func newPlatforms(t testing.TB) (a, b platform) {
	t.Helper()
	now := time.Now()
	a = issue(t, serialA, privateKey(t, "platform_private_key.pem"), now.Add(-time.Hour), now.Add(365*24*time.Hour), nil, nil)
	b = issue(t, serialB, privateKey(t, "wechatpay_private_key.pem"), now.Add(-time.Minute), now.Add(365*24*time.Hour), nil, nil)
	return a, b
}

type listedCertificate struct {
	Serial    string `json:"serial_no"`
	Effective string `json:"effective_time"`
	Expire    string `json:"expire_time"`
	Encrypted struct {
		Algorithm      string `json:"algorithm"`
		Nonce          string `json:"nonce"`
		AssociatedData string `json:"associated_data"`
		Ciphertext     string `json:"ciphertext"`
	} `json:"encrypt_certificate"`
}

// seal encrypts a certificate as the download does.
func seal(t testing.TB, key string, p platform) listedCertificate {
	t.Helper()
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	c := listedCertificate{Serial: p.serial, Effective: "2018-06-08T10:34:56+08:00", Expire: "2018-12-08T10:34:56+08:00"}
	c.Encrypted.Algorithm, c.Encrypted.Nonce, c.Encrypted.AssociatedData = "AEAD_AES_256_GCM", "61f9c719728a", "certificate"
	c.Encrypted.Ciphertext = base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(c.Encrypted.Nonce), p.pem, []byte("certificate")))
	return c
}

// wechat is the download of certificates, made by hand. It is an
// http.RoundTripper and an http.Handler.
type wechat struct {
	t         testing.TB
	downloads atomic.Int64

	mu     sync.Mutex
	list   []listedCertificate
	signer platform                                    // signs the answer
	change func(status *int, h http.Header, b *string) // after signing
	delay  time.Duration
	asked  http.Header // of the latest request
}

func (w *wechat) set(signer platform, list ...platform) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.signer, w.list = signer, nil
	for _, p := range list {
		w.list = append(w.list, seal(w.t, apiV3KeyText, p))
	}
}

func (w *wechat) answer(req *http.Request) (int, http.Header, string) {
	w.downloads.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = req.Header.Clone()
	if req.Method != "GET" || req.URL.RequestURI() != "/v3/certificates" {
		w.t.Errorf("asked for %s %s", req.Method, req.URL)
	}
	checkSigned(w.t, &privateKey(w.t, "merchant_key.pem").PublicKey, req.Header.Get("Authorization"), "GET", "/v3/certificates", "")
	data, err := json.Marshal(map[string]any{"data": w.list})
	if err != nil {
		w.t.Error(err)
	}
	status, body := 200, string(data)
	h := answer(w.t, w.signer.key, w.signer.serial, time.Now(), body)
	h.Set("Request-ID", "08F78BB5AF06-0")
	if w.change != nil {
		w.change(&status, h, &body)
	}
	return status, h, body
}

func (w *wechat) RoundTrip(req *http.Request) (*http.Response, error) {
	status, h, body := w.answer(req)
	select {
	case <-req.Context().Done():
		return nil, req.Context().Err()
	case <-time.After(w.delay):
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

func (w *wechat) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	status, h, body := w.answer(req)
	for name := range h {
		rw.Header().Set(name, h.Get(name))
	}
	rw.WriteHeader(status)
	io.WriteString(rw, body)
}

func newWechat(t testing.TB, signer platform, list ...platform) *wechat {
	w := &wechat{t: t}
	w.set(signer, list...)
	return w
}

// source returns a source that asks w, and a verifier of it.
func source(t testing.TB, w *wechat, change func(*auth.CertificateConfig)) (*auth.CertificateSource, *auth.Verifier) {
	t.Helper()
	signer, err := auth.LoadSigner("1900000001", merchantSerial, vectorPath("merchant_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	config := auth.CertificateConfig{Signer: signer, APIv3Keys: []auth.APIv3Key{apiV3Key(t, apiV3KeyText)}, RoundTripper: w}
	if change != nil {
		change(&config)
	}
	s, err := auth.NewCertificateSource(config)
	if err != nil {
		t.Fatal(err)
	}
	v, err := auth.NewVerifierFrom(s)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// message verifies a message that p signs now.
func message(t testing.TB, v *auth.Verifier, p platform) error {
	return v.VerifyContext(t.Context(), answer(t, p.key, p.serial, time.Now(), "{}"), []byte("{}"))
}

func TestCertificatesAreDownloadedWhenNeeded(t *testing.T) {
	a, b := newPlatforms(t)
	w := newWechat(t, a, a)
	srv := httptest.NewServer(w)
	defer srv.Close()
	s, v := source(t, w, func(c *auth.CertificateConfig) {
		c.RoundTripper, c.Server, c.Throttle = nil, srv.URL+"/", time.Millisecond
	})
	if w.downloads.Load() != 0 || s.PreferredID() != "" {
		t.Error("downloaded before it was needed")
	}
	for range 3 {
		if err := message(t, v, a); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.downloads.Load(); n != 1 {
		t.Errorf("%d downloads", n)
	}
	if s.PreferredID() != serialA || v.PreferredID() != serialA {
		t.Error(s.PreferredID())
	}
	if w.asked.Get("Wechatpay-Serial") != "" || w.asked.Get("Accept") == "" {
		t.Error(w.asked)
	}

	w.set(b, b) // the old one is no longer listed
	time.Sleep(5 * time.Millisecond)
	if err := message(t, v, b); err != nil {
		t.Error(err)
	}
	if err := message(t, v, a); err != nil {
		t.Errorf("the old certificate is gone: %v", err)
	}
	if s.PreferredID() != serialB || w.asked.Get("Wechatpay-Serial") != serialA {
		t.Error(s.PreferredID(), w.asked)
	}
	// Serials are compared as numbers.
	if _, err := s.Key(t.Context(), strings.ToLower(strings.TrimLeft(serialA, "0"))); err != nil {
		t.Error(err)
	}
}

func TestOldCertificateStaysUntilItExpires(t *testing.T) {
	var now atomic.Int64
	start := time.Now()
	now.Store(start.UnixNano())
	clock := func() time.Time { return time.Unix(0, now.Load()) }
	a := issue(t, serialA, privateKey(t, "platform_private_key.pem"), start.Add(-time.Hour), start.Add(time.Hour), nil, nil)
	b := issue(t, serialB, privateKey(t, "wechatpay_private_key.pem"), start.Add(-time.Minute), start.Add(100*time.Hour), nil, nil)
	w := newWechat(t, a, a)
	w.change = func(_ *int, h http.Header, body *string) { // sign at the source's time
		fresh := answer(t, w.signer.key, w.signer.serial, clock(), *body)
		for name := range fresh {
			h[name] = fresh[name]
		}
	}
	s, v := source(t, w, func(c *auth.CertificateConfig) { c.Clock = clock })
	v = v.WithClock(clock)
	check := func(p platform) error {
		return v.Verify(answer(t, p.key, p.serial, clock(), "{}"), []byte("{}"))
	}
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.set(b, b)
	for range 3 {
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := check(a); err != nil {
		t.Error(err)
	}
	now.Add(int64(2 * time.Hour))
	if err := check(b); err != nil {
		t.Error(err)
	}
	if _, expired := errors.AsType[*auth.KeyExpiredError](check(a)); !expired {
		t.Error(check(a))
	}
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, gone := errors.AsType[*auth.UnknownKeyError](check(a)); !gone {
		t.Errorf("an expired certificate is kept for ever: %v", check(a))
	}
}

// Old and new certificates verify throughout a rotation, while forged messages
// pour in.
func TestRotationUnderLoad(t *testing.T) {
	a, b := newPlatforms(t)
	w := newWechat(t, a, a)
	s, v := source(t, w, func(c *auth.CertificateConfig) { c.Throttle = 5 * time.Millisecond })
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	headers := map[string]http.Header{
		"old":    answer(t, a.key, a.serial, time.Now(), "{}"),
		"new":    answer(t, b.key, b.serial, time.Now(), "{}"),
		"forged": answer(t, a.key, unknown, time.Now(), "{}"),
	}
	start := time.Now()
	var wg sync.WaitGroup
	var rotated atomic.Bool
	passed := make(chan struct{}, 200)
	for i := range 60 {
		wg.Go(func() {
			for ctx.Err() == nil {
				select {
				case passed <- struct{}{}:
				case <-ctx.Done():
				}
				if i%2 == 0 {
					if err := v.Verify(headers["forged"], []byte("{}")); !errors.Is(err, auth.ErrUnverified) {
						t.Errorf("forged: %v", err)
					}
					continue
				}
				if err := v.Verify(headers["old"], []byte("{}")); err != nil {
					t.Errorf("old: %v", err)
				}
				settled := rotated.Load()
				if err := v.Verify(headers["new"], []byte("{}")); settled && err != nil {
					t.Errorf("new: %v", err)
				}
				_ = v.PreferredID()
			}
		})
	}
	// all waits until everybody has verified a few more.
	all := func() {
		for range 2 * cap(passed) {
			<-passed
		}
	}
	all()
	w.set(b, a, b)
	if err := s.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	rotated.Store(true)
	all()
	w.set(b, b)
	if err := s.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	all()
	cancel()
	wg.Wait()
	if n, most := w.downloads.Load(), 3+1+int64(time.Since(start)/(5*time.Millisecond)); n > most {
		t.Errorf("%d downloads, at most %d are due", n, most)
	}
}

func TestForgedSerialsCostOneDownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newPlatforms(t)
		w := newWechat(t, a, a)
		w.delay = 3 * time.Second
		s, _ := source(t, w, nil)
		for round := int64(1); round <= 3; round++ {
			var wg sync.WaitGroup
			for i := range 200 {
				wg.Go(func() {
					time.Sleep(time.Duration(i) * 250 * time.Millisecond) // 50 s
					serial := fmt.Sprintf("%040X", 1000*round+int64(i))
					_, err := s.Key(t.Context(), serial)
					if e, ok := errors.AsType[*auth.UnknownKeyError](err); !ok || e.Serial != serial {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if n := w.downloads.Load(); n != round {
				t.Fatalf("%d downloads in %d minutes", n, round)
			}
			time.Sleep(11 * time.Second)
		}
		for _, id := range []string{"", "PUB_KEY_ID_1", "no serial", strings.Repeat("A", 41), "PUB_KEY_ID_" + strings.Repeat("9", 10000)} {
			time.Sleep(time.Hour)
			if _, err := s.Key(t.Context(), id); err == nil {
				t.Errorf("a key for %.20q", id)
			}
		}
		if n := w.downloads.Load(); n != 3 {
			t.Errorf("an id that no certificate has caused a download")
		}
	})
}

// A caller that gives up ends its own wait, not the download of the others.
func TestGivingUpDoesNotEndTheDownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newPlatforms(t)
		w := newWechat(t, a, a)
		w.delay = 5 * time.Second
		s, v := source(t, w, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := s.Key(ctx, serialA)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, auth.ErrUnverified) || time.Since(start) != time.Second {
			t.Error(err, time.Since(start))
		}
		if _, err := s.Key(t.Context(), unknown); err == nil || time.Since(start) != 5*time.Second || w.downloads.Load() != 1 {
			t.Error("did not wait for the same download", err, time.Since(start), w.downloads.Load())
		}
		if err := message(t, v, a); err != nil {
			t.Error(err)
		}
	})
}

// A refresh is not content with an answer that was asked for before it.
func TestRefreshDuringADownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPlatforms(t)
		w := newWechat(t, a, a)
		w.delay = 5 * time.Second
		s, v := source(t, w, nil)
		go s.Key(t.Context(), unknown)
		synctest.Wait()
		w.set(b, b)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if err := s.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Refresh(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		wg.Wait()
		if err := message(t, v, b); err != nil || w.downloads.Load() != 2 {
			t.Error(err, w.downloads.Load())
		}
	})
}

func TestStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := issue(t, serialA, privateKey(t, "platform_private_key.pem"), time.Now().Add(-time.Hour), time.Now().AddDate(5, 0, 0), nil, nil)
		w := newWechat(t, a, a)
		var reported atomic.Int64
		s, v := source(t, w, func(c *auth.CertificateConfig) { c.OnError = func(error) { reported.Add(1) } })
		ctx, cancel := context.WithCancel(t.Context())
		s.Start(ctx)
		s.Start(ctx) // nothing more
		synctest.Wait()
		if w.downloads.Load() != 1 || s.PreferredID() != serialA {
			t.Fatal(w.downloads.Load(), s.PreferredID())
		}
		for day := int64(1); day <= 20; day++ {
			time.Sleep(12 * time.Hour)
			synctest.Wait()
			if n := w.downloads.Load(); n < 1+day || n > 1+day+day/9+1 {
				t.Fatalf("%d downloads in %d half days", n, day)
			}
		}
		if reported.Load() != 0 {
			t.Error(reported.Load())
		}

		// Failures come back after 1, 2, 4 ... minutes, and everything stays.
		w.mu.Lock()
		w.change = func(status *int, _ http.Header, _ *string) { *status = 502 }
		w.mu.Unlock()
		n := w.downloads.Load()
		time.Sleep(12*time.Hour + 15*time.Minute)
		synctest.Wait()
		if got := w.downloads.Load() - n; got < 5 || got > 12 || reported.Load() != got {
			t.Errorf("%d downloads, %d reported", got, reported.Load())
		}
		if err := v.Verify(answer(t, a.key, a.serial, time.Now(), ""), nil); err != nil {
			t.Error(err)
		}

		n = w.downloads.Load()
		cancel()
		synctest.Wait()
		time.Sleep(48 * time.Hour)
		if w.downloads.Load() != n {
			t.Error("goes on after its context has ended")
		}
		w.mu.Lock()
		w.change, w.delay = nil, 10*time.Second
		w.mu.Unlock()
		again, stop := context.WithCancel(t.Context())
		s.Start(again)
		synctest.Wait()
		stop() // in the middle of the download
		synctest.Wait()
		if w.downloads.Load() != n+1 || reported.Load() == 0 {
			t.Error("a second Start does nothing")
		}
		if err := s.Refresh(t.Context()); err != nil {
			t.Errorf("after the end: %v", err)
		}
		// synctest fails when a goroutine is left.
	})
}

// A program that loads its settings again ends the one and starts the other.
func TestStartRightAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newPlatforms(t)
		w := newWechat(t, a, a)
		s, _ := source(t, w, nil)
		first, end := context.WithCancel(t.Context())
		s.Start(first)
		synctest.Wait()
		end()
		second, stop := context.WithCancel(t.Context())
		s.Start(second) // before the first has noticed
		synctest.Wait()
		if n := w.downloads.Load(); n != 2 {
			t.Errorf("%d downloads", n)
		}
		s.Start(t.Context()) // nothing more: the end of the first is not that of the second
		time.Sleep(12 * time.Hour)
		synctest.Wait()
		if n := w.downloads.Load(); n != 3 {
			t.Errorf("%d downloads in a run", n)
		}
		stop()
	})
}

// A download that was ended tells nothing of whether the next one works.
func TestEndedDownloadIsNotThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newPlatforms(t)
		w := newWechat(t, a, a)
		w.delay = 10 * time.Second
		s, v := source(t, w, nil)
		ctx, stop := context.WithCancel(t.Context())
		s.Start(ctx)
		synctest.Wait()
		stop()
		synctest.Wait()
		if err := message(t, v, a); err != nil {
			t.Error(err)
		}
	})
}

func TestStopLeavesNoGoroutine(t *testing.T) {
	a, _ := newPlatforms(t)
	w := newWechat(t, a, a)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	for range 20 {
		s, _ := source(t, w, nil)
		s.Start(ctx)
	}
	wait := func(what string, done func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: %d goroutines, %d before", what, runtime.NumGoroutine(), before)
			}
		}
	}
	wait("start", func() bool { return w.downloads.Load() == 20 })
	cancel()
	wait("stop", func() bool { return runtime.NumGoroutine() <= before })
}

func TestDownloadRefused(t *testing.T) {
	a, b := newPlatforms(t)
	hour := time.Hour
	expired := issue(t, serialB, b.key, time.Now().Add(-2*hour), time.Now().Add(-hour), nil, nil)
	early := issue(t, serialB, b.key, time.Now().Add(hour), time.Now().Add(2*hour), nil, nil)
	misnamed := b
	misnamed.serial = unknown
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	feeble := issue(t, serialB, weak, time.Now().Add(-hour), time.Now().Add(hour), nil, nil)
	raw := func(body string) func(*wechat) { // a body that is signed as it should be
		return func(w *wechat) {
			w.change = func(_ *int, h http.Header, b *string) {
				*b = body
				for name, values := range answer(t, a.key, a.serial, time.Now(), body) {
					h[name] = values
				}
			}
		}
	}
	status := func(code int, body string) func(*wechat) {
		return func(w *wechat) { w.change = func(s *int, _ http.Header, b *string) { *s, *b = code, body } }
	}
	entry := func(change func(*listedCertificate)) func(*wechat) {
		return func(w *wechat) {
			c := seal(t, apiV3KeyText, b)
			change(&c)
			w.list = []listedCertificate{c}
			w.signer = b
		}
	}
	type want struct {
		status int
		code   string
		is     error
		text   string
	}
	for name, c := range map[string]struct {
		arrange func(*wechat)
		want    want
		faults  int // certificates that are reported besides
	}{
		"no certificates":   {status(404, `{"code":"RESOURCE_NOT_EXISTS","message":"无可用的平台证书"}`), want{404, "RESOURCE_NOT_EXISTS", auth.ErrNoCertificates, ""}, 0},
		"another 404":       {status(404, `<html>`), want{404, "", nil, "404"}, 0},
		"signature refused": {status(401, `{"code":"SIGN_ERROR","message":"x"}`), want{401, "SIGN_ERROR", nil, ""}, 0},
		"code is no string": {status(500, `{"code":5}`), want{500, "", nil, ""}, 0},
		"null error":        {status(500, `null`), want{500, "", nil, ""}, 0},
		"no content":        {status(204, ``), want{204, "", nil, ""}, 0},
		"redirect": {func(w *wechat) {
			w.change = func(s *int, h http.Header, _ *string) { *s = 307; h.Set("Location", "/elsewhere") }
		}, want{307, "", nil, ""}, 0},
		"too long":              {raw(`{"data":[]}` + strings.Repeat(" ", 1<<20)), want{200, "", nil, "over"}, 0},
		"not JSON":              {raw("<html>"), want{200, "", nil, "invalid character"}, 0},
		"empty":                 {raw(""), want{200, "", nil, ""}, 0},
		"null":                  {raw("null"), want{200, "", nil, "no data"}, 0},
		"no data":               {raw("{}"), want{200, "", nil, "no data"}, 0},
		"data null":             {raw(`{"data":null}`), want{200, "", nil, "no data"}, 0},
		"data of another type":  {raw(`{"data":{"serial_no":1}}`), want{200, "", nil, ""}, 0},
		"certificate null":      {raw(`{"data":[null]}`), want{}, 1},
		"encrypted null":        {raw(`{"data":[{"serial_no":"0A","encrypt_certificate":null}]}`), want{}, 1},
		"all fields null":       {raw(`{"data":[{"serial_no":null,"encrypt_certificate":{"algorithm":null,"nonce":null,"associated_data":null,"ciphertext":null}}]}`), want{}, 1},
		"SM2":                   {entry(func(c *listedCertificate) { c.Encrypted.Algorithm = "AEAD_SM4_GCM" }), want{200, "", auth.ErrUnverified, "none of the keys"}, 1},
		"short nonce":           {entry(func(c *listedCertificate) { c.Encrypted.Nonce = "1" }), want{200, "", auth.ErrUnverified, ""}, 1},
		"not base64":            {entry(func(c *listedCertificate) { c.Encrypted.Ciphertext = "%" }), want{200, "", auth.ErrUnverified, ""}, 1},
		"short ciphertext":      {entry(func(c *listedCertificate) { c.Encrypted.Ciphertext = "AAAA" }), want{200, "", auth.ErrUnverified, ""}, 1},
		"other associated data": {entry(func(c *listedCertificate) { c.Encrypted.AssociatedData = "x" }), want{200, "", auth.ErrUnverified, ""}, 1},
		"wrong APIv3 key":       {func(w *wechat) { w.signer = b; w.list = []listedCertificate{seal(t, strings.Repeat("x", 32), b)} }, want{200, "", auth.ErrUnverified, ""}, 1},
		"another serial":        {func(w *wechat) { w.set(b, misnamed) }, want{200, "", auth.ErrUnverified, ""}, 1},
		"expired":               {func(w *wechat) { w.set(expired, expired) }, want{200, "", auth.ErrUnverified, "expired at"}, 0},
		"not in force yet":      {func(w *wechat) { w.set(early, early) }, want{200, "", auth.ErrUnverified, "not in force"}, 0},
		"short key":             {func(w *wechat) { w.set(a, feeble) }, want{}, 1},
		"no PEM":                {func(w *wechat) { w.set(a, platform{serialB, b.key, []byte("hello")}) }, want{}, 1},
		"listed twice":          {func(w *wechat) { w.set(b, b, b) }, want{}, 1},
		"one of two":            {func(w *wechat) { w.set(b, b, misnamed) }, want{}, 1},
		"no signature":          {func(w *wechat) { w.change = func(_ *int, h http.Header, _ *string) { h.Del("Wechatpay-Signature") } }, want{200, "", auth.ErrUnverified, "missing"}, 0},
		"forged signature":      {func(w *wechat) { w.set(platform{serialA, b.key, nil}, a, b) }, want{200, "", auth.ErrUnverified, ""}, 0},
		"signed by a stranger":  {func(w *wechat) { w.set(platform{unknown, b.key, nil}, a, b) }, want{200, "", auth.ErrUnverified, "none of the keys"}, 0},
		"changed after signing": {func(w *wechat) {
			w.set(a, a, b)
			w.change = func(_ *int, _ http.Header, b *string) { *b += " " }
		}, want{200, "", auth.ErrUnverified, ""}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWechat(t, a, a)
			var reported []error
			s, v := source(t, w, func(c *auth.CertificateConfig) { c.OnError = func(err error) { reported = append(reported, err) } })
			if err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.arrange(w)
			err := s.Refresh(t.Context())
			wantReports := c.faults
			if c.want == (want{}) {
				if err != nil {
					t.Error(err)
				}
			} else {
				wantReports++
				e, ok := errors.AsType[*auth.DownloadError](err)
				if !ok || e.Status != c.want.status || e.Code != c.want.code || c.want.is != nil && !errors.Is(err, c.want.is) || !strings.Contains(err.Error(), c.want.text) {
					t.Errorf("%#v: %v", e, err)
				}
				// Nothing of a refused answer is trusted, and nothing is lost.
				if err := message(t, v, b); err == nil {
					t.Error("a certificate of a refused answer is in force")
				}
			}
			if err := message(t, v, a); err != nil {
				t.Errorf("the old certificate is lost: %v", err)
			}
			if len(reported) != wantReports {
				t.Errorf("%d errors were reported, want %d: %v", len(reported), wantReports, reported)
			}
			for _, err := range append(reported, err) {
				if err == nil {
					continue
				}
				if text := err.Error(); strings.ContainsAny(text, "\r\n") || len(text) > 700 || strings.Contains(text, "BEGIN") || strings.Contains(text, apiV3KeyText) || strings.Contains(text, "mchid=") {
					t.Errorf("%q", text)
				}
			}
			if w.downloads.Load() != 2 {
				t.Errorf("%d downloads", w.downloads.Load())
			}
		})
	}
}

func TestDownloadWithoutAnswer(t *testing.T) {
	s, v := source(t, &wechat{t: t}, func(c *auth.CertificateConfig) { c.RoundTripper, c.Server = nil, "http://127.0.0.1:1" })
	e, ok := errors.AsType[*auth.DownloadError](s.Refresh(t.Context()))
	if !ok || e.Status != 0 || e.Err == nil {
		t.Error(e)
	}
	// Why a key is unknown stays known while no download is due.
	a, _ := newPlatforms(t)
	err := message(t, v, a)
	if !errors.Is(err, auth.ErrUnverified) || !errors.Is(err, e.Err) {
		t.Error(err)
	}
}

// net/http hands the connection over with a 101, and nothing ends a read of it:
// all later downloads would wait for this one.
func TestDownloadThatSwitchesProtocols(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { conn.Close() })
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	}))
	t.Cleanup(srv.Close)
	s, _ := source(t, nil, func(c *auth.CertificateConfig) { c.RoundTripper, c.Server = nil, srv.URL })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var failed *auth.DownloadError
	if err := s.Refresh(ctx); !errors.As(err, &failed) || failed.Status != 101 {
		t.Error(err)
	}
}

func TestMerchantWithPublicKeyOnly(t *testing.T) {
	_, b := newPlatforms(t)
	w := newWechat(t, b)
	w.change = func(s *int, _ http.Header, body *string) { *s, *body = 404, `{"code":"RESOURCE_NOT_EXISTS"}` }
	public, err := auth.LoadPublicKey(publicKeyID, vectorPath("wechatpay_public_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	s, v := source(t, w, func(c *auth.CertificateConfig) { c.Keys = []auth.Key{public} })
	b.serial = publicKeyID
	if err := message(t, v, b); err != nil || w.downloads.Load() != 0 {
		t.Error(err, w.downloads.Load())
	}
	if err := s.Refresh(t.Context()); !errors.Is(err, auth.ErrNoCertificates) {
		t.Error(err)
	}
	if err := message(t, v, b); err != nil || s.PreferredID() != publicKeyID {
		t.Error(err, s.PreferredID())
	}
	if w.asked.Get("Wechatpay-Serial") != publicKeyID {
		t.Error(w.asked)
	}
	if _, err := s.Key(t.Context(), serialA); !errors.Is(err, auth.ErrNoCertificates) {
		t.Error(err)
	}
}

// While a merchant moves to the public key, each message is checked with what
// it names, and so is the download.
func TestPublicKeyBesideCertificates(t *testing.T) {
	a, b := newPlatforms(t)
	public, err := auth.LoadPublicKey(publicKeyID, vectorPath("wechatpay_public_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	byPublicKey := platform{publicKeyID, b.key, nil}
	w := newWechat(t, byPublicKey, a)
	s, v := source(t, w, func(c *auth.CertificateConfig) { c.Keys = []auth.Key{public} })
	for range 2 {
		for _, p := range []platform{a, byPublicKey} {
			if err := message(t, v, p); err != nil {
				t.Error(err)
			}
		}
		if err := message(t, v, platform{serialA, b.key, nil}); !errors.Is(err, rsa.ErrVerification) {
			t.Error(err)
		}
	}
	if s.PreferredID() != publicKeyID || w.downloads.Load() != 1 {
		t.Error(s.PreferredID(), w.downloads.Load())
	}
}

func TestRoots(t *testing.T) {
	now := time.Now()
	caKey := privateKey(t, "merchant_key.pem")
	ca := issue(t, "01", caKey, now.Add(-time.Hour), now.AddDate(10, 0, 0), nil, nil)
	block, _ := pem.Decode(ca.pem)
	caCert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	good := issue(t, serialA, privateKey(t, "platform_private_key.pem"), now.Add(-time.Hour), now.AddDate(5, 0, 0), caCert, caKey)
	early := issue(t, unknown, good.key, now.Add(time.Hour), now.AddDate(5, 0, 0), caCert, caKey)
	_, alone := newPlatforms(t)
	roots := x509.NewCertPool()
	roots.AddCert(caCert)
	var reported []error
	s, v := source(t, newWechat(t, good, good, early, alone), func(c *auth.CertificateConfig) {
		c.Roots, c.OnError = roots, func(err error) { reported = append(reported, err) }
	})
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := message(t, v, good); err != nil {
		t.Error(err)
	}
	if err := message(t, v, alone); err == nil {
		t.Error("a certificate from nowhere is in force")
	}
	if len(reported) != 1 || !errors.As(reported[0], new(x509.UnknownAuthorityError)) || !strings.Contains(reported[0].Error(), serialB) {
		t.Error(reported)
	}
	if _, err := s.Key(t.Context(), unknown); err != nil {
		t.Errorf("one that comes into force later is refused: %v", err)
	}
}

func TestOldAndNewAPIv3Key(t *testing.T) {
	a, _ := newPlatforms(t)
	s, v := source(t, newWechat(t, a, a), func(c *auth.CertificateConfig) {
		c.APIv3Keys = append([]auth.APIv3Key{apiV3Key(t, strings.Repeat("x", 32))}, c.APIv3Keys...)
	})
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := message(t, v, a); err != nil {
		t.Error(err)
	}
}

func TestNewCertificateSourceRefuses(t *testing.T) {
	signer, keys := testSigner(t), []auth.APIv3Key{apiV3Key(t, apiV3KeyText)}
	for name, c := range map[string]auth.CertificateConfig{
		"nothing":      {},
		"no key":       {Signer: signer},
		"zero key":     {Signer: signer, APIv3Keys: append(keys, auth.APIv3Key{})},
		"no signer":    {APIv3Keys: keys},
		"zero signer":  {Signer: new(auth.Signer), APIv3Keys: keys},
		"empty key":    {Signer: signer, APIv3Keys: keys, Keys: []auth.Key{{}}},
		"path":         {Signer: signer, APIv3Keys: keys, Server: "https://h/v3"},
		"no scheme":    {Signer: signer, APIv3Keys: keys, Server: "api.mch.weixin.qq.com"},
		"other scheme": {Signer: signer, APIv3Keys: keys, Server: "ftp://h"},
		"password":     {Signer: signer, APIv3Keys: keys, Server: "https://a:MARKER@h"},
		"interval":     {Signer: signer, APIv3Keys: keys, Interval: -1},
		"throttle":     {Signer: signer, APIv3Keys: keys, Throttle: -1},
		"no URL":       {Signer: signer, APIv3Keys: keys, Server: "https://a:MARKER@h h"},
	} {
		s, err := auth.NewCertificateSource(c)
		if err == nil || s != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if t.Log(err); strings.Contains(err.Error(), "MARKER") {
			t.Errorf("%s: the error shows the server's password", name)
		}
	}
	for _, s := range []auth.KeySource{nil, (*auth.CertificateSource)(nil)} {
		if v, err := auth.NewVerifierFrom(s); err == nil || v != nil {
			t.Error("a nil source is accepted")
		}
	}
}

// answers is a KeySource that says always the same.
type answers struct {
	key auth.Key
	err error
	ctx *context.Context
}

func (a answers) Key(ctx context.Context, _ string) (auth.Key, error) {
	if a.ctx != nil {
		*a.ctx = ctx
	}
	return a.key, a.err
}

func (answers) PreferredID() string { return publicKeyID }

func TestKeySourceOfOnesOwn(t *testing.T) {
	key := privateKey(t, "wechatpay_private_key.pem")
	good := auth.Key{ID: publicKeyID, PublicKey: &key.PublicKey}
	h := answer(t, key, publicKeyID, testTime, "{}")
	verify := func(ctx context.Context, s auth.KeySource) error {
		v, err := auth.NewVerifierFrom(s)
		if err != nil {
			t.Fatal(err)
		}
		return v.WithClock(func() time.Time { return testTime }).VerifyContext(ctx, h, []byte("{}"))
	}
	type mark struct{}
	var got context.Context
	if err := verify(context.WithValue(t.Context(), mark{}, 1), answers{key: good, ctx: &got}); err != nil || got.Value(mark{}) != 1 {
		t.Error(err)
	}
	down := errors.New("the store is down")
	for name, s := range map[string]answers{
		"error":       {err: down},
		"no key":      {},
		"nil key":     {key: auth.Key{ID: publicKeyID}},
		"another key": {key: auth.Key{ID: "PUB_KEY_ID_2", PublicKey: &key.PublicKey}},
	} {
		err := verify(t.Context(), s)
		e, ok := errors.AsType[*auth.UnknownKeyError](err)
		if !ok || e.Serial != publicKeyID || !errors.Is(err, auth.ErrUnverified) || s.err != nil && !errors.Is(err, s.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	old := good
	old.NotAfter = testTime.Add(-time.Second)
	if _, ok := errors.AsType[*auth.KeyExpiredError](verify(t.Context(), answers{key: old})); !ok {
		t.Error("an expired key is trusted")
	}
}

func FuzzCertificateList(f *testing.F) {
	a, b := newPlatforms(f)
	keys := []auth.APIv3Key{apiV3Key(f, apiV3KeyText)}
	good, err := json.Marshal(map[string]any{"data": []listedCertificate{seal(f, apiV3KeyText, a), seal(f, apiV3KeyText, b)}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(good), "", "null", `{"data":null}`, `{"data":[null]}`, `{"data":[{"encrypt_certificate":null}]}`,
		`{"data":[{"serial_no":"0A","encrypt_certificate":{"algorithm":"AEAD_AES_256_GCM","nonce":"1","ciphertext":"AAAA"}}]}`} {
		f.Add([]byte(seed))
	}
	known := map[string]*rsa.PublicKey{serialA: &a.key.PublicKey, serialB: &b.key.PublicKey}
	now := time.Now()
	f.Fuzz(func(t *testing.T, body []byte) {
		usable, unusable, err := auth.ParseCertificates(body, keys, nil, now)
		if err != nil && len(usable)+len(unusable) > 0 {
			t.Fatal("both an error and certificates")
		}
		// Nothing comes out but what was encrypted with the key.
		for _, k := range usable {
			if known[k.ID] == nil || !known[k.ID].Equal(k.PublicKey) {
				t.Fatalf("%s came out of %q", k.ID, body)
			}
		}
		for _, e := range unusable {
			if text := e.Error(); strings.ContainsAny(text, "\r\n") || len(text) > 700 {
				t.Fatalf("%q", text)
			}
		}
	})
}
