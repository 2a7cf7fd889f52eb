package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Values of Launch.BusinessType.
const (
	LaunchConfirm = "wxpayScoreUse"    // the page on which the user confirms an order
	LaunchDetail  = "wxpayScoreDetail" // the page that shows an order
)

const launchSignType = "HMAC-SHA256"

// APIv2Key is the service provider's key for APIv2, which signs launches. It is
// neither the APIv3 key nor a private key. Printed or logged, it does not show
// itself.
type APIv2Key struct {
	// The key is held in a function so that nothing that prints or walks
	// values can reach it.
	key func() string
}

// NewAPIv2Key takes the key as it was set on the merchant platform: 32 letters
// and digits. Its error does not show the key.
func NewAPIv2Key(key string) (APIv2Key, error) {
	if len(key) != 32 || !isAlphanumeric(key) {
		return APIv2Key{}, errors.New("auth: an APIv2 key has 32 letters and digits")
	}
	return APIv2Key{func() string { return key }}, nil
}

// String does not show the key.
func (APIv2Key) String() string { return "auth.APIv2Key{redacted}" }

// Format implements fmt.Formatter: every verb prints String.
func (k APIv2Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// LogValue implements slog.LogValuer without the key.
func (k APIv2Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText implements encoding.TextMarshaler without the key.
func (k APIv2Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LaunchParam is one parameter of a launch, not escaped.
type LaunchParam struct{ Name, Value string }

// Launch is what openBusinessView takes to open PayScore in WeChat. The
// signature names a time: make one when the user asks for the page, on the
// server, and hand only this to the page or app.
type Launch struct {
	BusinessType string
	// Params are in the order of the query string, the last one is sign. A mini
	// program takes them as the object extraData, an app as a query string.
	Params []LaunchParam
}

// QueryString returns the parameters with escaped values, joined with "&".
func (l Launch) QueryString() string {
	pairs := make([]string, len(l.Params))
	for i, p := range l.Params {
		// A space as "+" is not understood everywhere.
		pairs[i] = p.Name + "=" + strings.ReplaceAll(url.QueryEscape(p.Value), "+", "%20")
	}
	return strings.Join(pairs, "&")
}

// LaunchSigner signs the parameters with which a page, mini program or app
// opens PayScore (openBusinessView). It is immutable and safe for concurrent
// use. Printed or logged, it does not show its key.
type LaunchSigner struct {
	mchID string
	key   APIv2Key
	clock func() time.Time
	nonce func() (string, error)
}

// LaunchOption changes how a LaunchSigner works. A nil LaunchOption does nothing, and
// one with a nil argument sets the default. [NewLaunchSigner] returns an error for
// one that cannot be used.
type LaunchOption func(*LaunchSigner)

// WithLaunchClock sets where timestamps come from; the default is time.Now.
func WithLaunchClock(clock func() time.Time) LaunchOption {
	return func(s *LaunchSigner) { s.clock = clock }
}

// WithLaunchNonce sets where nonces come from; the default is 32 random
// characters of [0-9A-Za-z]. The function must be safe for concurrent use and
// must not repeat itself.
func WithLaunchNonce(nonce func() (string, error)) LaunchOption {
	return func(s *LaunchSigner) { s.nonce = nonce }
}

// NewLaunchSigner returns a signer for the merchant mchID, in partner mode the
// service provider, with that merchant's key. It returns an error for a
// malformed merchant id and for the zero key.
func NewLaunchSigner(mchID string, key APIv2Key, opts ...LaunchOption) (*LaunchSigner, error) {
	if !isAlphanumeric(mchID) || len(mchID) > 32 {
		return nil, fmt.Errorf("auth: merchant id %s is not 1 to 32 letters and digits", quote(mchID))
	}
	if key.key == nil {
		return nil, errors.New("auth: the APIv2 key is missing")
	}
	s := &LaunchSigner{mchID: mchID, key: key}
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.nonce == nil {
		s.nonce = func() (string, error) { return string(appendNonce(nil)), nil }
	}
	return s, nil
}

// Confirm signs the launch of the page on which the user confirms an order.
// pkg is the field package that creating the order answered.
func (s *LaunchSigner) Confirm(pkg string) (Launch, error) {
	if pkg == "" {
		return Launch{}, errors.New("auth: launch: package is missing")
	}
	return s.Sign(LaunchConfirm, LaunchParam{"package", pkg})
}

// Detail signs the launch of the page that shows the order outOrderNo of the
// service serviceID.
func (s *LaunchSigner) Detail(serviceID, outOrderNo string) (Launch, error) {
	if serviceID == "" || outOrderNo == "" {
		return Launch{}, errors.New("auth: launch: service_id or out_order_no is missing")
	}
	return s.Sign(LaunchDetail, LaunchParam{"service_id", serviceID}, LaunchParam{"out_order_no", outOrderNo})
}

// Sign signs the launch of any page. It puts mch_id before params, and
// timestamp, nonce_str, sign_type and sign after them. Empty values are left
// out, since they may be neither signed nor sent.
//
// It returns an error for a name that repeats, is one of those that Sign adds
// or is not made of lower-case letters, digits and "_", and for a value with
// control characters. Errors show no value.
func (s *LaunchSigner) Sign(businessType string, params ...LaunchParam) (Launch, error) {
	if s == nil || s.key.key == nil {
		return Launch{}, errors.New("auth: this LaunchSigner was not made by NewLaunchSigner")
	}
	if !isAlphanumeric(businessType) {
		return Launch{}, fmt.Errorf("auth: launch: business type %s is not letters and digits", quote(businessType))
	}
	nonce, err := s.nonce()
	if err != nil {
		return Launch{}, fmt.Errorf("auth: make a nonce: %w", err)
	}
	if !isAlphanumeric(nonce) || len(nonce) > nonceLen {
		return Launch{}, fmt.Errorf("auth: launch: the nonce is not 1 to %d letters and digits", nonceLen)
	}

	all := slices.Concat([]LaunchParam{{"mch_id", s.mchID}}, params, []LaunchParam{
		{"timestamp", strconv.FormatInt(s.clock().Unix(), 10)}, {"nonce_str", nonce}, {"sign_type", launchSignType},
	})
	l := Launch{BusinessType: businessType}
	var pairs []string
	seen := map[string]bool{"sign": true, "key": true}
	for _, p := range all {
		if seen[p.Name] || !isLaunchName(p.Name) {
			return Launch{}, fmt.Errorf("auth: launch: parameter %s is malformed, repeats or is none to give", quote(p.Name))
		}
		seen[p.Name] = true
		if strings.ContainsFunc(p.Value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return Launch{}, fmt.Errorf("auth: launch: the value of %s holds a control character", p.Name)
		}
		if p.Value != "" {
			l.Params = append(l.Params, p)
			pairs = append(pairs, p.Name+"="+p.Value)
		}
	}
	// "=" sorts after digits and before letters and "_", so that sorting pairs
	// would not always sort names.
	slices.SortFunc(pairs, func(a, b string) int {
		nameA, _, _ := strings.Cut(a, "=")
		nameB, _, _ := strings.Cut(b, "=")
		return strings.Compare(nameA, nameB)
	})
	key := s.key.key()
	h := hmac.New(sha256.New, []byte(key))
	io.WriteString(h, strings.Join(pairs, "&")+"&key="+key)
	l.Params = append(l.Params, LaunchParam{"sign", strings.ToUpper(hex.EncodeToString(h.Sum(nil)))})
	return l, nil
}

func isLaunchName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_') {
			return false
		}
	}
	return s != ""
}

// String describes the signer without its key.
func (s LaunchSigner) String() string {
	return fmt.Sprintf("auth.LaunchSigner{mch_id:%q, key:redacted}", s.mchID)
}

// Format implements fmt.Formatter: every verb prints String.
func (s LaunchSigner) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue implements slog.LogValuer without the key.
func (s LaunchSigner) LogValue() slog.Value { return slog.StringValue(s.String()) }
