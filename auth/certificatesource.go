package auth

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of CertificateConfig. WeChat Pay wants the certificates looked at
// more often than every 12 hours, which the jitter takes care of.
const (
	DefaultCertificateServer   = "https://api.mch.weixin.qq.com"
	DefaultCertificateInterval = 12 * time.Hour
	DefaultCertificateThrottle = time.Minute
)

const (
	certificatesPath = "/v3/certificates"
	downloadTimeout  = 15 * time.Second
	maxDownload      = 1 << 20
)

// CertificateConfig says how to download platform certificates. Signer and
// APIv3Keys are needed, the rest may stay zero.
type CertificateConfig struct {
	Signer *Signer
	// APIv3Keys decrypt the certificates. While the key is being changed, give
	// the old and the new one.
	APIv3Keys []APIv3Key
	// Keys are trusted besides what is downloaded: WeChat Pay public keys, and
	// platform certificates that were kept from an earlier run.
	Keys []Key
	// Roots are the authorities that each certificate must chain up to. nil
	// means that decrypting with the APIv3 key is proof enough.
	Roots *x509.CertPool

	Server string // scheme and host; default DefaultCertificateServer
	// RoundTripper carries the downloads; default http.DefaultTransport. Give the
	// one that carries the calls, so that a proxy is set once for both.
	RoundTripper http.RoundTripper
	// Interval is the longest time between two downloads after Start; up to a
	// tenth of it is left off at random. Default DefaultCertificateInterval.
	Interval time.Duration
	// Throttle is the least time between two downloads that messages with
	// unknown serial numbers cause. Default DefaultCertificateThrottle.
	Throttle time.Duration
	// OnError hears of each download that failed and of each certificate that
	// cannot be used, most often as a *DownloadError. It is called by one
	// goroutine at a time, and must return soon and ask nothing of the source,
	// which waits for it. nil means nobody hears of it.
	OnError func(error)
	// Clock tells which certificates have expired; default time.Now.
	Clock func() time.Time
}

// CertificateSource is a [KeySource] that downloads WeChat Pay's platform
// certificates and keeps each until it expires, so that WeChat Pay can change
// them while the program runs. Public keys stand beside them: each message is
// checked with the key that it names.
//
// There are two ways to use it. Without Start nothing is downloaded until a
// message names a certificate that is not there yet. With Start they are
// downloaded at once and on a timer, too. Either way forged messages cause at
// most one download per Throttle.
//
// It is safe for concurrent use. A program with several merchants has one source
// for each.
//
// It follows https://pay.weixin.qq.com/doc/v3/partner/4012715700.
type CertificateSource struct {
	config CertificateConfig
	url    string
	http   http.Client
	keys   atomic.Pointer[keySet] // replaced as a whole, never changed

	mu      sync.Mutex
	base    context.Context // what a download ends with; not nil
	running bool
	starts  int       // tells the runs apart: one that has ended may still be on its way out
	flight  *flight   // the download that is under way
	last    time.Time // when the latest one began
	lastErr error     // and what came of it
}

// flight is one download, which any number of callers wait for.
type flight struct {
	done chan struct{}
	err  error // readable once done is closed
}

// NewCertificateSource returns a source; it does not download yet. It returns
// an error when something needed is missing, a key is malformed, Server is not a
// scheme and a host, or a duration is negative.
func NewCertificateSource(config CertificateConfig) (*CertificateSource, error) {
	if config.Signer.pair() == nil {
		return nil, errors.New("auth: a certificate source needs a Signer made by NewSigner")
	}
	if len(config.APIv3Keys) == 0 || slices.ContainsFunc(config.APIv3Keys, func(k APIv3Key) bool { return k.aead == nil }) {
		return nil, errors.New("auth: a certificate source needs an APIv3 key")
	}
	set, err := newKeySet(config.Keys)
	if err != nil {
		return nil, err
	}
	if config.Server == "" {
		config.Server = DefaultCertificateServer
	}
	server, err := url.Parse(config.Server)
	if err != nil || server.Scheme != "https" && server.Scheme != "http" || server.Host == "" ||
		strings.Trim(server.Path, "/") != "" || server.RawQuery != "" || server.User != nil {
		return nil, errors.New("auth: the Server of a certificate source is not a scheme and a host") // it may hold a password
	}
	if config.Interval < 0 || config.Throttle < 0 {
		return nil, errors.New("auth: the Interval or the Throttle of a certificate source is negative")
	}
	if config.Interval == 0 {
		config.Interval = DefaultCertificateInterval
	}
	if config.Throttle == 0 {
		config.Throttle = DefaultCertificateThrottle
	}
	if config.OnError == nil {
		config.OnError = func(error) {}
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	config.APIv3Keys = slices.Clone(config.APIv3Keys)
	s := &CertificateSource{
		config: config,
		url:    server.Scheme + "://" + server.Host + certificatesPath,
		base:   context.Background(),
	}
	s.http.Transport = config.RoundTripper
	s.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.keys.Store(set)
	return s, nil
}

var errNoSource = errors.New("auth: this CertificateSource was not made by NewCertificateSource")

// made reports whether s comes from NewCertificateSource. One that does not has
// no key and downloads nothing.
func (s *CertificateSource) made() bool { return s != nil && s.keys.Load() != nil }

// Start downloads the certificates now and then on a timer, in one goroutine
// that ends with ctx, and so does a download that is under way then. After a
// failure it tries again after Throttle, then after twice that, and so on up to
// Interval. It does nothing when the source has been started and not ended.
//
// To learn whether the first download works, call Refresh before it.
func (s *CertificateSource) Start(ctx context.Context) {
	if !s.made() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running && s.base.Err() == nil {
		return
	}
	s.running, s.base = true, ctx
	s.starts++
	go s.run(ctx, s.starts)
}

func (s *CertificateSource) run(ctx context.Context, start int) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.starts == start {
			s.running, s.base = false, context.Background()
		}
	}()
	retry := s.config.Throttle
	for {
		err := s.Refresh(ctx)
		// Many programs that started together should not all ask together.
		wait := s.config.Interval - rand.N(s.config.Interval/10+1)
		if err != nil && !errors.Is(err, ErrNoCertificates) {
			wait = min(wait, retry)
			retry = min(2*retry, s.config.Interval)
		} else {
			retry = s.config.Throttle
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// Key returns the key with this id. When it is a serial number that is not
// known, the certificates are downloaded first, unless that was done less than
// Throttle ago; callers at the same time wait for the same download. The error
// is an *UnknownKeyError; it unwraps to that of the download, if one failed.
func (s *CertificateSource) Key(ctx context.Context, id string) (Key, error) {
	if !s.made() {
		return Key{}, &UnknownKeyError{Serial: id, Err: errNoSource}
	}
	if k, ok := s.keys.Load().get(id); ok {
		return k, nil
	}
	if !isSerial(id) { // no certificate has it
		return Key{}, &UnknownKeyError{Serial: id}
	}
	err := s.download(ctx, true)
	if k, ok := s.keys.Load().get(id); ok {
		return k, nil
	}
	return Key{}, &UnknownKeyError{Serial: id, Err: err}
}

// PreferredID returns the id of the first public key, else of the newest
// certificate in force, else "".
func (s *CertificateSource) PreferredID() string {
	if !s.made() {
		return ""
	}
	return s.keys.Load().preferredID(s.config.Clock())
}

// Refresh downloads the certificates now, whatever Throttle says; calls at the
// same time share a download. When it fails, the keys stay as they are. The
// error is a *DownloadError or, when ctx ends first, that of ctx; then the
// download goes on.
//
// ErrNoCertificates (errors.Is) says that this merchant has none. The source
// goes on with its public keys.
func (s *CertificateSource) Refresh(ctx context.Context) error {
	if !s.made() {
		return errNoSource
	}
	s.mu.Lock()
	earlier := s.flight
	s.mu.Unlock()
	if earlier != nil { // it may have asked before what the caller wants was there
		select {
		case <-earlier.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.download(ctx, false)
}

func (s *CertificateSource) download(ctx context.Context, throttled bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	f := s.flight
	if f == nil {
		if throttled && !s.last.IsZero() && time.Since(s.last) < s.config.Throttle {
			defer s.mu.Unlock()
			return s.lastErr
		}
		f = &flight{done: make(chan struct{})}
		s.flight, s.last = f, time.Now()
		if s.base.Err() != nil { // the run is on its way out
			s.running, s.base = false, context.Background()
		}
		// The download belongs to no caller: one who forges a message and hangs
		// up must not spoil it for the others.
		go s.fly(s.base, f)
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *CertificateSource) fly(base context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(base, downloadTimeout)
	defer cancel()
	unusable, err := s.fetch(ctx)
	if base.Err() == nil { // an end that was asked for is no failure
		for _, e := range unusable {
			s.config.OnError(e)
		}
		if err != nil {
			s.config.OnError(err)
		}
	}
	f.err = err
	s.mu.Lock()
	s.flight, s.lastErr = nil, err
	if err != nil && base.Err() != nil { // tells nothing of the next one
		s.last, s.lastErr = time.Time{}, nil
	}
	s.mu.Unlock()
	close(f.done)
}

// fetch downloads the certificates and puts them into force. The first result
// is what is wrong with single ones.
func (s *CertificateSource) fetch(ctx context.Context) ([]*DownloadError, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, &DownloadError{Err: err}
	}
	if id := s.PreferredID(); id != "" {
		req.Header.Set(HeaderSerial, id)
	}
	if err := s.config.Signer.Sign(ctx, req); err != nil {
		return nil, &DownloadError{Err: err}
	}
	rsp, err := s.http.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, &DownloadError{Err: err}
	}
	defer rsp.Body.Close()
	if rsp.StatusCode < 200 { // with a 101 the connection is handed over, and no timeout ends a read of it
		return nil, &DownloadError{Status: rsp.StatusCode}
	}
	body, err := io.ReadAll(io.LimitReader(rsp.Body, maxDownload+1))
	if err == nil && len(body) > maxDownload {
		err = fmt.Errorf("the answer is over %d bytes", maxDownload)
	}
	failed := &DownloadError{Status: rsp.StatusCode, RequestID: rsp.Header.Get("Request-ID"), Err: err}
	if err != nil {
		return nil, failed
	}
	if rsp.StatusCode != http.StatusOK {
		failed.Code = errorCode(body)
		if rsp.StatusCode == http.StatusNotFound && failed.Code == "RESOURCE_NOT_EXISTS" {
			failed.Err = ErrNoCertificates
		}
		return nil, failed
	}

	now := s.config.Clock()
	listed, unusable, err := parseCertificates(body, s.config.APIv3Keys, s.config.Roots, now)
	if err != nil {
		failed.Err = err
		return nil, failed
	}
	for _, e := range unusable {
		e.Status, e.RequestID = failed.Status, failed.RequestID
	}
	// Nobody else replaces the keys: there is one download at a time.
	set, err := s.keys.Load().renew(listed, now)
	if err != nil {
		failed.Err = err
		return unusable, failed
	}
	// The first answer can be checked only with what it brings. Whoever made it
	// had the APIv3 key; now it must also be the holder of a certificate.
	if err := (&Verifier{fixed: set, clock: s.config.Clock}).Verify(rsp.Header, body); err != nil {
		failed.Err = err
		return unusable, failed
	}
	s.keys.Store(set)
	return unusable, nil
}
