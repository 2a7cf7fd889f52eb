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
func (e Event) String() string { return fmt.Sprintf("notify.Event{%q, %q}", e.ID, e.Type) }

// Format implements fmt.Formatter: every verb prints String.
func (e Event) Format(f fmt.State, _ rune) { io.WriteString(f, e.String()) }

// LogValue implements slog.LogValuer with ID and Type.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", e.ID), slog.String("type", e.Type))
}

// Parse verifies and decrypts a notification and decodes what it says. body is
// what came over the wire, before any framework decoded it. keys are the APIv3
// key and, after a reset, the one before.
//
// The error is auth.ErrUnverified with one of its types when the signature does
// not verify, an *auth.DecryptError when the resource cannot be decrypted, and a
// *MalformedError when either is not what the contract says. None holds any of
// the content.
//
// Parse is safe for concurrent use. It is documented at
// https://pay.weixin.qq.com/doc/v3/partner/4012586136.
func Parse(ctx context.Context, verifier *auth.Verifier, header http.Header, body []byte, keys ...auth.APIv3Key) (*Event, error) {
	if err := verifier.VerifyContext(ctx, header, body); err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	var envelope payscore.Notification
	if err := json.Unmarshal(body, &envelope); err != nil {
		return nil, malformed("body", err)
	}
	resource := envelope.Resource
	switch {
	case envelope.ID == "":
		return nil, &MalformedError{Field: "id"}
	case envelope.EventType == "":
		return nil, &MalformedError{Field: "event_type"}
	case resource == (payscore.EncryptedResource{}): // absent, null or empty
		return nil, &MalformedError{Field: "resource"}
	case resource.Algorithm != payscore.SecretAlgorithmAEADAES256GCM:
		return nil, &MalformedError{Field: "resource.algorithm"}
	}
	var associated string
	if resource.AssociatedData != nil {
		associated = *resource.AssociatedData
	}
	plaintext, err := auth.Decrypt(resource.Nonce, associated, resource.Ciphertext, keys...)
	if err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	event := &Event{ID: envelope.ID, Type: envelope.EventType, Serial: header.Get(auth.HeaderSerial), Raw: plaintext}
	if envelope.Summary != nil {
		event.Summary = *envelope.Summary
	}
	event.CreateTime, _ = time.Parse(time.RFC3339, envelope.CreateTime)
	if err := event.decode(); err != nil {
		return nil, err
	}
	return event, nil
}

// decode fills in Resource and SubMchID from Raw.
func (e *Event) decode() error {
	e.Raw = bytes.TrimSpace(e.Raw)
	switch e.Type {
	case UserConfirm, UserPaid:
		order := new(payscore.ServiceOrderNotification)
		if err := e.into(order); err != nil {
			return err
		}
		if order.SubMchID != nil {
			e.SubMchID = *order.SubMchID
		}
		return nil
	case UserOpenService, UserCloseService:
		return e.decodePermission()
	case BindServiceAccount:
		return e.withMerchants(new(payscore.ServiceAccountNotification))
	case RefundSuccess, RefundAbnormal, RefundClosed:
		return e.withMerchants(new(payscore.RefundNotification))
	case SecurityEcho:
		return e.withMerchants(new(payscore.SecurityEchoNotification))
	}
	if !json.Valid(e.Raw) {
		return &MalformedError{Field: "plaintext"}
	}
	e.SubMchID = e.merchants().SubMchID
	return nil
}

// into decodes Raw as a resource.
func (e *Event) into(resource any) error {
	if bytes.HasPrefix(e.Raw, []byte("null")) { // which would pass for an empty object
		return &MalformedError{Field: "plaintext"}
	}
	if err := json.Unmarshal(e.Raw, resource); err != nil {
		return malformed("plaintext", err)
	}
	e.Resource = resource
	return nil
}

func (e *Event) withMerchants(resource any) error {
	if err := e.into(resource); err != nil {
		return err
	}
	e.SubMchID = e.merchants().SubMchID
	return nil
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
	p := new(payscore.PermissionNotification)
	if err := e.into(p); err != nil {
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
func (e *MalformedError) Error() string { return "notify: malformed notification: " + e.Field }

// malformed leaves out err's own text, which may quote a value.
func malformed(part string, err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		part += "." + wrong.Field
	}
	return &MalformedError{Field: part}
}
