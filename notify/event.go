package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// Event is a notification that was verified and decrypted. The receiver
// owns it. Printed or logged, it shows its ID and Type alone, since the rest
// names the user and what was paid.
type Event struct {
	ID         string    // unique for a notification, the same for its repeats; if WeChat Pay's cannot be read, a hash of Type and Raw
	Type       string    // such as UserPaid
	CreateTime time.Time // when WeChat Pay made it; zero when it cannot be read
	Summary    string    // text for people
	Serial     string    // Wechatpay-Serial, the id of the key that signed it
	SubMchID   string    // whom it concerns; empty for a direct merchant

	// Raw is the JSON that was decrypted, with fields that the contract lacks.
	Raw json.RawMessage

	// Resource is Raw, decoded into the type that payscore.UnmarshalNotification
	// lists for Type, such as *payscore.ServiceOrderNotification; nil for any other
	// Type, and nil with an Err. Its limits are not checked, since WeChat Pay may widen
	// them.
	Resource any

	// Err is a *MalformedError when a field of the notification has another type than
	// in the contract, or the notification has no id or event_type, although WeChat Pay
	// signed and encrypted it. It is nil otherwise. A required field of Raw that is
	// absent or null is no Err: it is zero in Resource, an amount too, so look at the
	// number of the order or refund. The Func decides what to do: it may go by Raw, query
	// the order, or return Err to get the notification again.
	Err error `json:"-"`

	// Partial is with an Err what would be Resource, without the fields that have
	// another type than in the contract. It is nil without Err, and when Raw is no JSON
	// object. A field that is absent here may have been sent.
	Partial any `json:"-"`

	envelope error // what Open found
}

// String shows ID and Type.
func (e Event) String() string {
	return "notify.Event{" + oneline.Quote(e.ID, 64) + ", " + oneline.Quote(e.Type, 64) + "}"
}

// Format implements fmt.Formatter: every verb prints String.
func (e Event) Format(f fmt.State, _ rune) { io.WriteString(f, e.String()) }

// LogValue implements slog.LogValuer with ID and Type.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", oneline.Cut(e.ID, 64)), slog.String("type", oneline.Cut(e.Type, 64)))
}

// Parse verifies and decrypts a notification and decodes what it says: it is
// [Open] and [Event.Decode], with the errors of both. With an error of Decode the
// event is returned too: it was verified, and Raw and Partial have what it says.
func Parse(ctx context.Context, verifier *auth.Verifier, header http.Header, body []byte, keys ...auth.APIv3Key) (*Event, error) {
	event, err := Open(ctx, verifier, header, body, keys...)
	if err != nil {
		return nil, err
	}
	return event, event.Decode()
}

// Open verifies and decrypts a notification, for callers that store it before
// anything else. What it says is in Raw; Resource and SubMchID are empty until
// [Event.Decode].
//
// body is what came over the wire, before any framework decoded it. The names of
// headers may be in any case. keys are the APIv3 key and, after a reset, the one before.
//
// The error is auth.ErrUnverified with one of its types when the signature does
// not verify, and auth.Hints has what is known of the cause; it is an *auth.DecryptError when the resource cannot be decrypted, and a
// *MalformedError when there is no resource of the contract's algorithm. None holds
// any of the content. What was decrypted is returned without an error, even if
// it is not what the contract says: see Event.Err.
//
// Open is safe for concurrent use. It is documented at
// https://pay.weixin.qq.com/doc/v3/partner/4012586136.
func Open(ctx context.Context, verifier *auth.Verifier, header http.Header, body []byte, keys ...auth.APIv3Key) (*Event, error) {
	if verifier == nil {
		return nil, errNoVerifier
	}
	if err := verifier.VerifyContext(ctx, header, body); err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	n, err := payscore.Unmarshal[payscore.Notification](body)
	found := malformed("body", err)
	if n == nil {
		return nil, found
	}
	r := n.Resource
	switch {
	case r.Algorithm == "" && r.Nonce == "" && r.Ciphertext == "": // absent, null or empty
		if found == nil {
			found = &MalformedError{Field: "resource"}
		}
		return nil, found
	case r.Algorithm != payscore.SecretAlgorithmAeadAes256Gcm:
		return nil, &MalformedError{Field: "resource.algorithm"}
	}
	var associatedData string
	if r.AssociatedData != nil {
		associatedData = *r.AssociatedData
	}
	plaintext, err := auth.Decrypt(r.Nonce, associatedData, r.Ciphertext, keys...)
	if err != nil {
		if found != nil { // an associated_data that is no text would be the cause
			return nil, found
		}
		return nil, fmt.Errorf("notify: %w", err)
	}
	event := &Event{ID: n.ID, Type: n.EventType, Serial: serialOf(header), Raw: bytes.TrimSpace(plaintext)}
	if n.Summary != nil {
		event.Summary = *n.Summary
	}
	event.CreateTime, _ = time.Parse(time.RFC3339, n.CreateTime)
	switch {
	case found != nil:
	case n.ID == "":
		found = &MalformedError{Field: "id"}
	case n.EventType == "":
		found = &MalformedError{Field: "event_type"}
	}
	if event.ID == "" {
		event.ID = fmt.Sprintf("sha256-%x", sha256.Sum256(fmt.Appendf(nil, "%q %s", event.Type, event.Raw)))
	}
	event.envelope, event.Err = found, found
	return event, nil
}

// serialOf finds the header in any case, as the verifier does.
func serialOf(header http.Header) string {
	if serial := header.Get(auth.HeaderSerial); serial != "" {
		return serial
	}
	for name, values := range header {
		if strings.EqualFold(name, auth.HeaderSerial) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// Decode fills in Resource and SubMchID from Type and Raw, which may have been
// stored since Open. The error is a *MalformedError when Raw is not what the
// contract says of this Type, or when Open found something. Then it is in Err, too,
// Resource is nil, and Partial has what could be decoded.
func (e *Event) Decode() error {
	if e == nil {
		return errNoEvent
	}
	decoded, err := e.decode()
	e.Resource, e.Partial, e.Err = decoded, nil, e.envelope
	if e.Err == nil {
		e.Err = malformed("plaintext", err)
	}
	if e.Err != nil {
		e.Resource, e.Partial = nil, decoded
	}
	return e.Err
}

// decode returns what Raw says and sets SubMchID. With an error it returns what
// could be decoded.
func (e *Event) decode() (any, error) {
	resource, err := payscore.UnmarshalNotification(e.Type, e.Raw)
	switch r := resource.(type) {
	case *payscore.ServiceOrderNotification: // the most frequent, spared a second reading
		if r.SubMchID != nil {
			e.SubMchID = *r.SubMchID
		}
		return resource, err
	case *payscore.PermissionNotification:
		e.addOlder(r)
		return resource, err
	case nil:
		if err != nil {
			return nil, err
		}
		if !json.Valid(e.Raw) { // a type that the contract lacks
			return nil, errors.New("no JSON")
		}
	}
	e.SubMchID = e.merchants().SubMchID
	return resource, err
}

// merchants are those that Raw names, in the spelling of older authorisations
// too.
type merchants struct {
	SubMchID      string  `json:"sub_mchid"`
	OlderMchID    string  `json:"mch_id"`
	OlderSubMchID *string `json:"sub_mch_id"`
}

// merchants reads what it can: an error means that a type which is not known
// means something else by these names.
func (e *Event) merchants() (m merchants) {
	_ = json.Unmarshal(e.Raw, &m)
	return m
}

// addOlder fills in the merchants of an older authorisation.
func (e *Event) addOlder(p *payscore.PermissionNotification) {
	m := e.merchants()
	if p.MchID == "" {
		p.MchID = m.OlderMchID
	}
	if p.SubMchID == nil {
		p.SubMchID = m.OlderSubMchID
	}
	if p.SubMchID != nil {
		e.SubMchID = *p.SubMchID
	}
}

// MalformedError reports a notification that WeChat Pay signed, but that is not
// what the contract says. It holds none of its values.
type MalformedError struct {
	// Field is what is missing or wrong: "body" as a whole, a field of it such
	// as "resource.algorithm", or of what was decrypted, such as
	// "plaintext.collection.paid_amount".
	Field string
}

// Error returns one line.
func (e *MalformedError) Error() string {
	return "notify: malformed notification: " + oneline.Cut(e.Field, 200)
}

// malformed leaves out err's own text, which may quote a value. It returns nil for
// nil.
func malformed(part string, err error) error {
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		part += "." + wrong.Field
	}
	return &MalformedError{Field: part}
}
