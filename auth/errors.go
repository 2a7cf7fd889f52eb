package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// ErrUnverified is what every error of Verifier.Verify is (errors.Is): the
// message cannot be trusted. It does not mean that the operation failed. After
// a write, look the order up before doing anything else.
var ErrUnverified = errors.New("auth: unverified")

// Causes of a KeyError, and of the errors of NewSigner and NewVerifier that
// concern a key. Test for them with errors.Is.
var (
	ErrNotPEM       = errors.New("not a PEM file")
	ErrWrongKind    = errors.New("wrong kind of PEM block")
	ErrEncryptedKey = errors.New("the private key is encrypted")
	ErrNotRSA       = errors.New("not an RSA key")
	ErrWeakKey      = errors.New("the RSA key is shorter than 2048 bits")
	ErrSecondBlock  = errors.New("more than one PEM block")
	ErrKeyMismatch  = errors.New("the certificate does not belong to the private key")
)

// Causes of a DownloadError. Test for them with errors.Is.
var (
	// ErrNoCertificates says that WeChat Pay has no platform certificate for
	// this merchant, as for all new ones: answers are signed with the public key.
	ErrNoCertificates    = errors.New("the merchant has no platform certificate, only a WeChat Pay public key")
	ErrCertificateSerial = errors.New("the certificate has another serial number than the list says")
)

// Values of HeaderError.Reason.
const (
	ReasonMissing   = "missing"
	ReasonRepeated  = "repeated"
	ReasonMalformed = "malformed"
)

// HeaderError reports a signature header that is missing or empty, present more
// than once, or not of its documented form.
type HeaderError struct {
	Header string // canonical name, such as Wechatpay-Nonce
	Reason string // ReasonMissing, ReasonRepeated or ReasonMalformed
	Value  string // as received, when malformed
	Hints  []Hint // what is known about the cause
}

// Error returns one line.
func (e *HeaderError) Error() string {
	text := fmt.Sprintf("auth: unverified: header %s is %s", oneline.Cut(e.Header, maxQuoted), oneline.Cut(e.Reason, maxQuoted))
	if e.Reason == ReasonMalformed {
		text += ": " + quote(e.Value)
	}
	return withHints(text, e.Hints)
}

// Is makes errors.Is(e, ErrUnverified) true.
func (e *HeaderError) Is(target error) bool { return target == ErrUnverified }

// StaleError reports a timestamp more than MaxClockSkew away from this
// machine's clock: a replayed message, or a clock that is wrong.
type StaleError struct {
	Timestamp time.Time     // of the message
	Now       time.Time     // of the verifier's clock
	Skew      time.Duration // Now - Timestamp in whole seconds; negative: from the future
}

// Error returns one line.
func (e *StaleError) Error() string {
	age, side := e.Skew, "behind"
	if age < 0 {
		age, side = -age, "ahead of"
	}
	return fmt.Sprintf("auth: unverified: timestamp %s is %s %s this machine's clock, %s is allowed",
		e.Timestamp.UTC().Format(time.RFC3339), age, side, MaxClockSkew)
}

// Is makes errors.Is(e, ErrUnverified) true.
func (e *StaleError) Is(target error) bool { return target == ErrUnverified }

// SignatureTypeError reports a signature algorithm other than Scheme.
type SignatureTypeError struct {
	Type string // as received
}

// Error returns one line.
func (e *SignatureTypeError) Error() string {
	return fmt.Sprintf("auth: unverified: signature type %s is not supported, only %s is", quote(e.Type), Scheme)
}

// Is makes errors.Is(e, ErrUnverified) true.
func (e *SignatureTypeError) Is(target error) bool { return target == ErrUnverified }

// UnknownKeyError reports a key id that the verifier has no key for. With an
// id that starts with PUB_KEY_ID_, load that public key. With a hex id, either
// load that platform certificate, or download it (CertificateSource), or send
// Wechatpay-Serial with every request (WithWechatpaySerial), so that WeChat Pay
// signs with the key that you have.
type UnknownKeyError struct {
	Serial string // as received
	Err    error  // why a KeySource could not find out; nil when it simply has no such key
	Hints  []Hint // what is known about the cause
}

// Error returns one line.
func (e *UnknownKeyError) Error() string {
	text := fmt.Sprintf("auth: unverified: %s %s is none of the keys of this verifier", HeaderSerial, quote(e.Serial))
	if e.Err != nil {
		text += ": " + cause(e.Err)
	}
	return withHints(text, e.Hints)
}

// Is makes errors.Is(e, ErrUnverified) true.
func (e *UnknownKeyError) Is(target error) bool { return target == ErrUnverified }

// Unwrap returns Err.
func (e *UnknownKeyError) Unwrap() error { return e.Err }

// KeyExpiredError reports a platform certificate that is no longer, or not yet,
// in force.
type KeyExpiredError struct {
	ID                  string // Key.ID
	NotBefore, NotAfter time.Time
	Now                 time.Time // of the verifier's clock
}

// Error returns one line.
func (e *KeyExpiredError) Error() string {
	if !e.NotBefore.IsZero() && e.Now.Before(e.NotBefore) {
		return fmt.Sprintf("auth: unverified: key %s is not in force before %s", quote(e.ID), e.NotBefore.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("auth: unverified: key %s expired at %s", quote(e.ID), e.NotAfter.UTC().Format(time.RFC3339))
}

// Is makes errors.Is(e, ErrUnverified) true.
func (e *KeyExpiredError) Is(target error) bool { return target == ErrUnverified }

// SignatureError reports a signature that does not fit the message: it was
// altered, the body was re-encoded before verification, or the key is another.
// It unwraps to rsa.ErrVerification or base64.CorruptInputError.
type SignatureError struct {
	Serial string // key id, as received
	// Probe says that WeChat Pay sent a wrong signature on purpose, to learn
	// whether merchants verify. It is for metrics only. Treat the message like
	// any other that failed: a probe comes with a real operation.
	Probe bool
	Err   error
	Hints []Hint // what is known about the cause
}

// Error returns one line.
func (e *SignatureError) Error() string {
	probe := ""
	if e.Probe {
		probe = " (a probe of WeChat Pay)"
	}
	return withHints(fmt.Sprintf("auth: unverified: the signature is not one of key %s%s: %s", quote(e.Serial), probe, cause(e.Err)), e.Hints)
}

// Is makes errors.Is(e, ErrUnverified) true.
func (e *SignatureError) Is(target error) bool { return target == ErrUnverified }

// Unwrap returns Err.
func (e *SignatureError) Unwrap() error { return e.Err }

// AuthorizationError reports an Authorization header that ParseAuthorization
// cannot read. It holds no value of the header.
type AuthorizationError struct {
	Reason string
}

// Error returns one line.
func (e *AuthorizationError) Error() string {
	return "auth: malformed Authorization header: " + oneline.Cut(e.Reason, maxCause)
}

// KeyError reports a key or certificate that cannot be used. It unwraps to its
// cause: one of this package's Err values, fs.ErrNotExist, or a parser's error.
// It holds no key material.
type KeyError struct {
	File string // empty when the key did not come from a file
	Err  error
}

// Error returns one line.
func (e *KeyError) Error() string {
	if e.File == "" {
		return "auth: key: " + cause(e.Err)
	}
	return fmt.Sprintf("auth: key file %s: %s", oneline.Quote(e.File, maxCause), cause(e.Err))
}

// Unwrap returns Err.
func (e *KeyError) Unwrap() error { return e.Err }

// DownloadError reports that the platform certificates could not be downloaded,
// or that one of them cannot be used. It unwraps to its cause: a network or
// context error, ErrNoCertificates, ErrCertificateSerial, a DecryptError,
// a KeyError, an error of crypto/x509, or one of Verifier.Verify (ErrUnverified)
// when the answer bears no right signature.
type DownloadError struct {
	Status    int    // HTTP status, 0 when no answer came
	Code      string // WeChat Pay's error code, when it refused
	RequestID string // names the call at WeChat Pay
	Serial    string // the certificate at fault, as listed; empty when it is not about one
	Err       error  // nil when Status and Code say all
}

// Error returns one line.
func (e *DownloadError) Error() string {
	text := "auth: download the platform certificates"
	if e.Status != 0 {
		text += fmt.Sprintf(": answer %d", e.Status)
	}
	if e.Code != "" {
		text += " " + quote(e.Code)
	}
	if e.RequestID != "" {
		text += " (request id " + quote(e.RequestID) + ")"
	}
	if e.Serial != "" {
		text += ": certificate " + quote(e.Serial)
	}
	if e.Err != nil {
		text += ": " + cause(e.Err)
	}
	return text
}

// Unwrap returns Err.
func (e *DownloadError) Unwrap() error { return e.Err }

const (
	maxQuoted = 64  // characters of a value from outside
	maxCause  = 300 // characters of an error that may quote the network
)

// quote makes a value from outside fit for an error text.
func quote(s string) string { return oneline.Quote(s, maxQuoted) }

// cause makes the text of an error fit for another one.
func cause(err error) string { return oneline.Error(err, maxCause) }
