package notify_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/notify"
)

// An error that comes from outside forges no line of a log.
func TestErrorsAreOneLine(t *testing.T) {
	cause := errors.New("refused\n2026-01-01 INFO paid\x1b[2K" + strings.Repeat("x", 10_000))
	for _, err := range []error{&notify.FuncError{ID: "a\nb", Err: cause}, &notify.DeduperError{ID: "a\nb", Err: cause}, &notify.FuncError{ID: "1"}} {
		if text := err.Error(); strings.ContainsAny(text, "\n\x1b") || len(text) > 700 {
			t.Errorf("%T: %q", err, text)
		}
	}
	if err := (&notify.FuncError{Err: cause}); !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
}
