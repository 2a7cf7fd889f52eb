package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// Values of Event.Type. WeChat Pay may send others at any time.
const (
	UserConfirm        = "PAYSCORE.USER_CONFIRM"
	UserPaid           = "PAYSCORE.USER_PAID"
	UserOpenService    = "PAYSCORE.USER_OPEN_SERVICE"
	UserCloseService   = "PAYSCORE.USER_CLOSE_SERVICE"
	BindServiceAccount = "PAYSCORE.BIND_SERVICE_ACCOUNT"
	RefundSuccess      = "REFUND.SUCCESS"
	RefundAbnormal     = "REFUND.ABNORMAL"
	RefundClosed       = "REFUND.CLOSED"
	SecurityEcho       = "SECURITY_ECHO.SUCCESS"
)

// Event is a notification that was verified and decrypted. It belongs to who
// gets it. Printed or logged, it shows its ID and Type alone, since the rest
// names the user and what was paid.
type Event struct {
	ID         string    // unique for a notification, the same for its repeats
	Type       string    // such as UserPaid
	CreateTime time.Time // when WeChat Pay made it; zero when it cannot be read
	Summary    string    // text for people
	Serial     string    // Wechatpay-Serial, the id of the key that signed it
	SubMchID   string    // whom it concerns; empty for a direct merchant

	// Raw is the JSON that was decrypted, with fields that the contract lacks.
	Raw json.RawMessage

	// Resource is Raw, decoded: *payscore.ServiceOrderNotification,
	// *payscore.PermissionNotification, *payscore.ServiceAccountNotification,
	// *payscore.RefundNotification or *payscore.SecurityEchoNotification, each
	// after its Type; nil for any other Type. Its limits are not checked, since
	// WeChat Pay may widen them: that is what its method Validate is for.
	Resource any
}

// String shows ID and Type.
func (e Event) String() string { return "notify.Event{" + oneline.Quote(e.ID, 64) + ", " + oneline.Quote(e.Type, 64) + "}" }

// Format implements fmt.Formatter: every verb prints String.
func (e Event) Format(f fmt.State, _ rune) { io.WriteString(f, e.String()) }

// LogValue implements slog.LogValuer with ID and Type.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", oneline.Cut(e.ID, 64)), slog.String("type", oneline.Cut(e.Type, 64)))
}

// Parse verifies and decrypts a notification and decodes what it says: it is
// [Open] and [Event.Decode], with the errors of both.
func Parse(ctx context.Context, verifier *auth.Verifier, header http.Header, body []byte, keys ...auth.APIv3Key) (*Event, error) {
	event, err := Open(ctx, verifier, header, body, keys...)
	if err != nil {
		return nil, err
	}
	if err := event.Decode(); err != nil {
		return nil, err
	}
	return event, nil
}

// Open verifies and decrypts a notification, for who stores it before anything
// else. What it says is in Raw; Resource and SubMchID are empty until [Event.Decode].
//
// body is what came over the wire, before any framework decoded it. keys are the
// APIv3 key and, after a reset, the one before.
//
// The error is auth.ErrUnverified with one of its types when the signature does
// not verify, an *auth.DecryptError when the resource cannot be decrypted, and a
// *MalformedError when the notification is not what the contract says. None holds
// any of the content.
//
// Open is safe for concurrent use. It is documented at
// https://pay.weixin.qq.com/doc/v3/partner/4012586136.
func Open(ctx context.Context, verifier *auth.Verifier, header http.Header, body []byte, keys ...auth.APIv3Key) (*Event, error) {
	if err := verifier.VerifyContext(ctx, header, body); err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	e, err := readEnvelope(body)
	if err != nil {
		return nil, malformed("body", err)
	}
	switch {
	case e.id == "":
		return nil, &MalformedError{Field: "id"}
	case e.eventType == "":
		return nil, &MalformedError{Field: "event_type"}
	case len(e.algorithm)+len(e.nonce)+len(e.ciphertext) == 0: // absent, null or empty
		return nil, &MalformedError{Field: "resource"}
	case string(e.algorithm) != string(payscore.SecretAlgorithmAeadAes256Gcm):
		return nil, &MalformedError{Field: "resource.algorithm"}
	}
	plaintext, err := auth.Decrypt(string(e.nonce), string(e.associatedData), e.ciphertext, keys...)
	if err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	event := &Event{ID: e.id, Type: e.eventType, Summary: e.summary, Serial: header.Get(auth.HeaderSerial), Raw: bytes.TrimSpace(plaintext)}
	event.CreateTime, _ = time.Parse(time.RFC3339, string(e.createTime))
	return event, nil
}

// Decode fills in Resource and SubMchID from Type and Raw, which may have been
// stored since Open. The error is a *MalformedError when Raw is not what the
// contract says of this Type.
func (e *Event) Decode() (err error) {
	if e == nil {
		return errNoEvent
	}
	switch e.Type {
	case UserConfirm, UserPaid:
		order, err := resource(e, payscore.Unmarshal[payscore.ServiceOrderNotification])
		if err == nil && order.SubMchID != nil {
			e.SubMchID = *order.SubMchID
		}
		return err
	case UserOpenService, UserCloseService:
		return e.decodePermission()
	case BindServiceAccount:
		_, err = resource(e, payscore.Unmarshal[payscore.ServiceAccountNotification])
	case RefundSuccess, RefundAbnormal, RefundClosed:
		_, err = resource(e, payscore.Unmarshal[payscore.RefundNotification])
	case SecurityEcho:
		_, err = resource(e, payscore.Unmarshal[payscore.SecurityEchoNotification])
	default:
		if !json.Valid(e.Raw) {
			err = &MalformedError{Field: "plaintext"}
		}
	}
	if err == nil {
		e.SubMchID = e.merchants().SubMchID
	}
	return err
}

// resource decodes Raw into Resource.
func resource[T any](e *Event, unmarshal func([]byte) (*T, error)) (*T, error) {
	decoded, err := unmarshal(e.Raw)
	if err != nil {
		return nil, malformed("plaintext", err)
	}
	e.Resource = decoded
	return decoded, nil
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

func (e *Event) decodePermission() error {
	p, err := resource(e, payscore.Unmarshal[payscore.PermissionNotification])
	if err != nil {
		return err
	}
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
	return nil
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
func (e *MalformedError) Error() string { return "notify: malformed notification: " + oneline.Cut(e.Field, 200) }

// malformed leaves out err's own text, which may quote a value.
func malformed(part string, err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		part += "." + wrong.Field
	}
	return &MalformedError{Field: part}
}
