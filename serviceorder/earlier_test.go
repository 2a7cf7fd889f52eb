package serviceorder_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

// A program that was stopped asks the order before it sends anything.
func TestEarlierAttempt(t *testing.T) {
	const done, not, unknown = serviceorder.CarriedOut, serviceorder.NotCarriedOut, serviceorder.Unknown
	resend := []serviceorder.Option{serviceorder.WithResend(1)}
	for _, c := range []struct {
		name    string
		order   payscore.ServiceOrderEntity
		query   []error
		sends   []error
		opts    []serviceorder.Option
		want    serviceorder.Outcome
		queries int
	}{
		{"it had been carried out", paying(39900), nil, nil, resend, done, 1},
		{"it had been, and the order is paid", paid(39900), nil, nil, resend, done, 1},
		{"it had not been", paying(50000), nil, nil, nil, not, 1},
		{"it had not been, and is sent", paying(50000), nil, []error{nil}, resend, done, 1},
		{"it had not been, is sent and refused", paying(50000), nil, []error{errLower}, resend, not, 2},
		{"it had not been, and the order is paid", paid(50000), nil, nil, resend, not, 1},
		{"there was another modification", paying(30000), nil, nil, resend, unknown, 1},
		{"the query fails", paying(50000), []error{errQuery}, nil, resend, unknown, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{t: t, order: c.order, sends: answers(c.sends...), query: c.query}
				opts := append([]serviceorder.Option{serviceorder.WithEarlierAttempt(), serviceorder.WithTotalBefore(50000)}, c.opts...)
				r, err := serviceorder.Modify(t.Context(), w, outOrderNo, right(), opts...)
				if r.Outcome != c.want || len(w.bodies) != len(c.sends) || len(w.times)-len(w.bodies) != c.queries {
					t.Errorf("%v, want %v, after %d modifications and %d queries: %v", r.Outcome, c.want, len(w.bodies), len(w.times)-len(w.bodies), err)
				}
				if len(c.sends) == 0 && r.SendErr != serviceorder.ErrEarlierAttempt {
					t.Errorf("sent: %v", r.SendErr)
				}
				if errors.Is(err, apierror.ErrOutcomeUnknown) != (c.want == unknown) || (err == nil) != (c.want == done) {
					t.Errorf("error: %v", err)
				}
			})
		})
	}
}
