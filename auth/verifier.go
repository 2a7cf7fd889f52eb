package auth

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// MaxClockSkew is how far the timestamp of a message may be from this machine's
// clock, in the past and in the future. Keep the clock synchronised.
const MaxClockSkew = 300 * time.Second

// probePrefix starts the signatures that WeChat Pay makes wrong on purpose.
const probePrefix = "WECHATPAY/SIGNTEST/"

// Verifier checks the signatures of WeChat Pay's responses and notifications.
// It is immutable and safe for concurrent use. Keys that change while the
// program runs come from a [KeySource].
type Verifier struct {
	fixed  *keySet
	source KeySource // instead of fixed, when not nil
	clock  func() time.Time
}

// NewVerifier returns a verifier that trusts the given keys. Give several while
// WeChat Pay moves from one to another: each message names the key it was
// signed with.
//
// It returns an error when there is no key, when an ID is malformed or given
// twice, and when a key is not RSA (ErrNotRSA) or too short (ErrWeakKey).
func NewVerifier(keys ...Key) (*Verifier, error) {
	if len(keys) == 0 {
		return nil, errors.New("auth: a verifier needs at least one key")
	}
	set, err := newKeySet(keys)
	if err != nil {
		return nil, err
	}
	return &Verifier{fixed: set, clock: time.Now}, nil
}

// NewVerifierFrom returns a verifier that asks source for the key of each
// message. It returns an error when source is nil.
func NewVerifierFrom(source KeySource) (*Verifier, error) {
	if rv := reflect.ValueOf(source); source == nil || rv.Kind() == reflect.Pointer && rv.IsNil() {
		return nil, errors.New("auth: the source of keys is nil")
	}
	return &Verifier{source: source, clock: time.Now}, nil
}

// WithClock returns a copy of v that takes the time from clock. It is meant for
// tests and for replaying recorded messages.
func (v *Verifier) WithClock(clock func() time.Time) *Verifier {
	var c Verifier
	if v != nil {
		c = *v
	}
	if clock != nil {
		c.clock = clock
	}
	return &c
}

// PreferredID returns the key id to send as Wechatpay-Serial, which asks WeChat
// Pay to sign the answer with that key: the first public key if there is one,
// else the certificate with the latest NotBefore among those in force now (among
// all when none is). With a KeySource it is what the source prefers, which is
// empty as long as it has no key.
func (v *Verifier) PreferredID() string {
	switch {
	case v == nil:
		return ""
	case v.source != nil:
		return v.source.PreferredID()
	case v.fixed == nil:
		return ""
	}
	return v.fixed.preferredID(v.now())
}

// Verify checks the signature of a response or a notification. body is what
// came over the wire (after HTTP content decoding), before any JSON decoding;
// for a 204 it is empty. The names of headers may be in any case.
//
// A nil error means that the holder of one of the keys made this message within
// MaxClockSkew. Any error is ErrUnverified (errors.Is) and, checked in this
// order, a *HeaderError, *StaleError, *SignatureTypeError, *UnknownKeyError,
// *KeyExpiredError or *SignatureError. [Hints] returns what it knows of its cause,
// and [Verifier.Diagnose] finds out more.
//
// Responses other than 2xx may come unsigned; then the error is a *HeaderError,
// and what they say is a hint, not a fact.
//
// It is VerifyContext without a bound on what a KeySource does.
//
// It follows the response signature section of the APIv3 guide.
func (v *Verifier) Verify(header http.Header, body []byte) error {
	return v.VerifyContext(context.Background(), header, body)
}

// VerifyContext is Verify with a context for the KeySource, which may have to
// download the key that a message names. When ctx ends first the error is an
// *UnknownKeyError that unwraps to that of ctx.
func (v *Verifier) VerifyContext(ctx context.Context, header http.Header, body []byte) error {
	f, err := readHeaders(header)
	if err != nil {
		return err
	}
	if !isVisible(f.nonce) {
		return &HeaderError{Header: HeaderNonce, Reason: ReasonMalformed, Value: f.nonce}
	}

	seconds, ok := parseTimestamp(f.timestamp)
	if !ok {
		return &HeaderError{Header: HeaderTimestamp, Reason: ReasonMalformed, Value: f.timestamp, Hints: hintsOfTimestamp(f.timestamp, f.nonce)}
	}
	now := v.now()
	if skew := now.Unix() - seconds; skew > int64(MaxClockSkew/time.Second) || skew < -int64(MaxClockSkew/time.Second) {
		timestamp := time.Unix(seconds, 0)
		return &StaleError{Timestamp: timestamp, Now: now, Skew: time.Unix(now.Unix(), 0).Sub(timestamp)}
	}

	if len(f.types) == 1 && f.types[0] != Scheme {
		return &SignatureTypeError{Type: f.types[0]}
	}

	key, err := v.key(ctx, f.serial)
	if err != nil {
		return err
	}
	if !key.inForce(now) {
		return &KeyExpiredError{ID: key.ID, NotBefore: key.NotBefore, NotAfter: key.NotAfter, Now: now}
	}

	decodes, err := f.verify(key.PublicKey, body)
	if err != nil {
		return &SignatureError{Serial: f.serial, Probe: strings.HasPrefix(f.signature, probePrefix), Err: err,
			Hints: hintsOfSignature(header, f, decodes, body)}
	}
	return nil
}

// verify checks the signature by one key, and reports whether it is base64 at all.
func (f signatureFields) verify(key *rsa.PublicKey, body []byte) (decodes bool, err error) {
	// encoding/base64 skips line breaks, which no header may hold.
	if i := max(strings.IndexByte(f.signature, '\r'), strings.IndexByte(f.signature, '\n')); i >= 0 {
		return false, base64.CorruptInputError(i)
	}
	w := workspaces.Get().(*workspace)
	defer w.release()
	w.buf = appendResponseMessage(w.buf[:0], f.timestamp, f.nonce, body)
	digest := sha256.Sum256(w.buf)
	w.buf = append(w.buf[:0], f.signature...)
	w.sig, err = strictBase64.AppendDecode(w.sig[:0], w.buf)
	if err != nil {
		return false, err
	}
	return true, rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], w.sig)
}

// key returns the key of a message, or an *UnknownKeyError.
func (v *Verifier) key(ctx context.Context, serial string) (Key, error) {
	var known []Key
	switch {
	case v == nil:
	case v.source != nil:
		key, unknown := keyFrom(ctx, v.source, serial)
		if unknown != nil { // a source may return one error again and again
			return Key{}, &UnknownKeyError{Serial: unknown.Serial, Err: unknown.Err, Hints: hintsOfSerial(serial, nil)}
		}
		return key, nil
	case v.fixed != nil:
		if k, ok := v.fixed.get(serial); ok {
			return k, nil
		}
		known = v.fixed.preferred
	}
	return Key{}, &UnknownKeyError{Serial: serial, Hints: hintsOfSerial(serial, known)}
}

var strictBase64 = base64.StdEncoding.Strict()

func (v *Verifier) now() time.Time {
	if v == nil || v.clock == nil {
		return time.Now()
	}
	return v.clock()
}

func (k Key) inForce(now time.Time) bool {
	return (k.NotBefore.IsZero() || !now.Before(k.NotBefore)) && (k.NotAfter.IsZero() || !now.After(k.NotAfter))
}

// parseTimestamp takes decimal digits only, few enough that no later
// arithmetic overflows.
func parseTimestamp(s string) (int64, bool) {
	if len(s) > 11 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
