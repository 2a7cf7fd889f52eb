package hostiletext_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/internal/hostiletext"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/serviceorder"
	"github.com/wxpayscore/payscore/transport"
)

// The exported errors of the packages, as zero values.
var zero = []func() error{
	func() error { return new(apierror.Error) },
	func() error { return new(apierror.UndecodableError) },
	func() error { return apierror.Code("") },
	func() error { return apierror.Number(0) },
	func() error { return new(auth.HeaderError) },
	func() error { return new(auth.StaleError) },
	func() error { return new(auth.SignatureTypeError) },
	func() error { return new(auth.UnknownKeyError) },
	func() error { return new(auth.KeyExpiredError) },
	func() error { return new(auth.SignatureError) },
	func() error { return new(auth.AuthorizationError) },
	func() error { return new(auth.KeyError) },
	func() error { return new(auth.DownloadError) },
	func() error { return new(auth.DecryptError) },
	func() error { return limit.Findings{} },
	func() error { return limit.Findings{{}} },
	func() error { return new(notify.MalformedError) },
	func() error { return new(notify.DeduperError) },
	func() error { return new(notify.FuncError) },
	func() error { return new(serviceorder.NotCarriedOutError) },
	func() error { return new(serviceorder.UnsettledError) },
}

// The zero value of an error has a text, and errors.Is and errors.As walk it.
func TestZeroErrors(t *testing.T) {
	for _, newZero := range zero {
		err := newZero()
		text := err.Error()
		t.Logf("%T: %s", err, text)
		if err := hostiletext.CheckLine(text, 200); err != nil || bytes.Contains([]byte(text), []byte("nil")) {
			t.Errorf("%T: %q %v", newZero(), text, err)
		}
		var other *transport.SendError
		var stringer fmt.Stringer
		if errors.Is(err, notify.ErrDone) || errors.As(err, &other) || errors.As(err, &stringer) && reflect.TypeOf(err).Kind() == reflect.Pointer {
			t.Errorf("%T is another error", err)
		}
	}
}

// fill puts text into each text and each error of v.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer:
		fill(v.Elem(), text)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), text)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(text)
		}
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[error]() {
			v.Set(reflect.ValueOf(errors.New(text)))
		}
	}
}

func TestErrors(t *testing.T) {
	for _, text := range hostiletext.Texts {
		errs := []error{
			apierror.Code(text),
			&transport.UnverifiedError{RequestID: text, Err: errors.New(text)},
			&transport.SendError{Err: errors.New(text)},
			&transport.SendError{NotSent: true, Err: errors.New(text)},
			&transport.RefusedAfterUnknownError{Refusal: &apierror.Error{Code: text, Message: text}, Before: errors.New(text)},
			&auth.HeaderError{Reason: auth.ReasonMalformed, Header: text, Value: text},
		}
		for _, newZero := range zero {
			err := newZero()
			fill(reflect.ValueOf(err), text)
			errs = append(errs, err)
		}
		for _, err := range errs {
			if wrong := hostiletext.CheckLine(err.Error(), 26_000); wrong != nil {
				t.Errorf("%T %v", err, wrong)
			}
		}
		// A cause that bounds nothing itself.
		nested := &serviceorder.UnsettledError{OutOrderNo: text, SendErr: fmt.Errorf("%s: %w", text, errors.New(text)), QueryErr: errs[0]}
		if wrong := hostiletext.CheckLine(nested.Error(), 26_000); wrong != nil {
			t.Error(wrong)
		}
	}
}

// What is logged of a server's texts is as harmless as their errors.
func TestLogs(t *testing.T) {
	for _, text := range hostiletext.Texts {
		refused := &apierror.Error{}
		fill(reflect.ValueOf(refused), text)
		event := notify.Event{}
		fill(reflect.ValueOf(&event), text)
		var out bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(handler).Error("modify", "refused", refused, "event", event)
			transport.LogAttempts(slog.New(handler))(t.Context(), transport.Attempt{N: 1, Err: errors.New(text), GaveUp: errors.New(text)})
		}
		fmt.Fprintf(&out, "%v\n%+v\n%s\n", event, event, event)
		if wrong := hostiletext.Check(out.String()); wrong != nil {
			t.Error(wrong)
		}
	}
}
