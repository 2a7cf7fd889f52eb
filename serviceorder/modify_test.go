package serviceorder_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

const outOrderNo = "1234323JKHDFE1243252"

var (
	errDown  = &apierror.Error{Status: 502}
	errLower = &apierror.Error{Status: 400, Code: "PARAM_ERROR", Verified: true}
	errRight = &apierror.Error{Status: 403, Code: "NO_AUTH", Verified: true}
	errBusy  = &apierror.Error{Status: 400, Code: "INVALID_REQUEST", Number: 271316754, Verified: true}
	errQuery = errors.New("no answer to the query")
	// errBoth is a refusal after an attempt of unknown outcome.
	errBoth = fmt.Errorf("%w after %w", errLower, errDown)
)

// world is WeChat Pay with one order, as a person would play it.
type world struct {
	serviceorder.PartnerClient
	t      *testing.T
	order  payscore.ServiceOrderEntity
	sends  []func() error // what becomes of each modification
	bodies []payscore.ModifyPartnerServiceOrderRequest
	query  []error // of each query, nil when there are no more
	times  []time.Time
}

func (w *world) ModifyPartnerServiceOrder(_ context.Context, no string, body payscore.ModifyPartnerServiceOrderRequest, _ ...payscore.RequestEditorFn) error {
	if no != outOrderNo {
		w.t.Errorf("modified %q", no)
	}
	w.bodies = append(w.bodies, body)
	w.times = append(w.times, time.Now())
	if len(w.sends) == 0 {
		w.t.Fatal("sent once too often")
	}
	send := w.sends[0]
	w.sends = w.sends[1:]
	return send()
}

func (w *world) QueryPartnerServiceOrder(ctx context.Context, p payscore.QueryPartnerServiceOrderParams, _ ...payscore.RequestEditorFn) (*payscore.ServiceOrderEntity, error) {
	if p.SubMchID != "1900000109" || p.OutOrderNo == nil || *p.OutOrderNo != outOrderNo {
		w.t.Errorf("queried %+v", p)
	}
	w.times = append(w.times, time.Now())
	if len(w.query) > 0 {
		err := w.query[0]
		w.query = w.query[1:]
		if err != nil {
			return nil, err
		}
	}
	o := w.order
	return &o, ctx.Err()
}

// paying is the order waiting for payment.
func paying(total int64) payscore.ServiceOrderEntity {
	o := orderAt("DOING", "MCH_COMPLETE", "USER_PAYING")
	o.OutOrderNo, o.SubMchID, o.TotalAmount = outOrderNo, new("1900000109"), &total
	return o
}

func paid(total int64) payscore.ServiceOrderEntity {
	o := orderAt("DONE", "", "USER_PAID")
	o.OutOrderNo, o.TotalAmount = outOrderNo, &total
	return o
}

func answers(errs ...error) (sends []func() error) {
	for _, err := range errs {
		sends = append(sends, func() error { return err })
	}
	return sends
}

// The request asks for 39900 fen.
func TestModify(t *testing.T) {
	revoked, noTotal, other, otherMerchant, confirm := orderAt("REVOKED", "", ""), paying(1), paying(39900), paying(39900), orderAt("DOING", "USER_CONFIRM", "")
	revoked.OutOrderNo, revoked.TotalAmount = outOrderNo, new(int64(39900))
	confirm.OutOrderNo, confirm.TotalAmount = outOrderNo, new(int64(50000))
	noTotal.TotalAmount, other.OutOrderNo, otherMerchant.SubMchID = nil, "another", new("1900000110")
	before := func(fen int64) []serviceorder.Option {
		return []serviceorder.Option{serviceorder.WithTotalBefore(fen)}
	}
	type opts = []serviceorder.Option
	const done, not, unknown = serviceorder.CarriedOut, serviceorder.NotCarriedOut, serviceorder.Unknown
	for _, c := range []struct {
		name    string
		sends   []error
		order   payscore.ServiceOrderEntity
		query   []error
		opts    opts
		want    serviceorder.Outcome
		queries int
	}{
		{"carried out", []error{nil}, paying(50000), nil, nil, done, 0},
		{"refused", []error{errRight}, paying(39900), nil, nil, not, 0},
		// As not lower, perhaps since an earlier call has lowered it.
		{"not lower", []error{errLower}, paying(50000), nil, nil, not, 1},
		{"not lower, at the new total already", []error{errLower}, paying(39900), nil, nil, done, 1},
		{"not lower, at the new total, paid", []error{errLower}, paid(39900), nil, before(50000), done, 1},
		{"not lower, at the new total before", []error{errLower}, paying(39900), nil, before(39900), not, 1},
		{"not lower, below it", []error{errLower}, paying(30000), nil, nil, not, 1},
		{"not lower, and the query fails", []error{errLower}, paying(39900), []error{errQuery}, nil, not, 1},
		{"not lower, and not resent", []error{errLower}, paying(50000), nil, opts{serviceorder.WithResend(5)}, not, 1},
		{"not sent", []error{errors.New("not sent: no key")}, paying(50000), nil, nil, not, 0},

		{"the new total", []error{errDown}, paying(39900), nil, nil, done, 1},
		{"the new total, paid", []error{errDown}, paid(39900), nil, nil, done, 1},
		{"the new total after a refusal", []error{errBoth}, paying(39900), nil, nil, done, 1},
		{"the new total, as it was not before", []error{errDown}, paying(39900), nil, before(50000), done, 1},
		{"the new total, as before", []error{errDown}, paying(39900), nil, before(39900), unknown, 1},
		{"the total before", []error{errDown}, paying(50000), nil, before(50000), not, 1},
		{"the total before, paid", []error{errDown}, paid(50000), nil, before(50000), not, 1},
		{"the total before, below the new one", []error{errBoth}, paying(30000), nil, before(30000), not, 1},
		{"above the new one", []error{errDown}, paying(39901), nil, nil, not, 1},
		{"above the new one, below the one before", []error{errDown}, paying(45000), nil, before(50000), not, 1},
		{"below the new one", []error{errDown}, paying(39899), nil, nil, unknown, 1},
		{"below the new one and the one before", []error{errDown}, paying(39899), nil, before(50000), unknown, 1},
		{"cancelled", []error{errDown}, revoked, nil, nil, unknown, 1},
		{"not completed", []error{errDown}, confirm, nil, nil, unknown, 1},
		{"no total", []error{errDown}, noTotal, nil, nil, unknown, 1},
		{"another order", []error{errDown}, other, nil, nil, unknown, 1},
		{"another merchant's", []error{errDown}, otherMerchant, nil, nil, unknown, 1},
		{"query fails", []error{errDown}, paying(39900), []error{errQuery}, nil, unknown, 1},

		{"deducting", []error{errBusy}, paying(50000), nil, nil, not, 1},
		{"deducting and the query fails", []error{errBusy}, paying(50000), []error{errQuery}, nil, not, 1},
		{"deducting and no total", []error{errBusy}, noTotal, nil, nil, not, 1},
		{"deducting, at the new total already", []error{errBusy}, paying(39900), nil, nil, done, 1},
		{"deducting is not resent at once", []error{errBusy}, paying(50000), nil, opts{serviceorder.WithResend(5)}, not, 1},
		{"deducting, resent after the wait", []error{errBusy, nil}, paying(50000), nil, opts{serviceorder.WithResend(5), serviceorder.WithDeductionWait()}, done, 1},
		{"deducted, so not resent", []error{errBusy}, paid(50000), nil, opts{serviceorder.WithResend(5), serviceorder.WithDeductionWait()}, not, 1},

		{"resent", []error{errDown, nil}, paying(50000), nil, opts{serviceorder.WithResend(1)}, done, 1},
		{"resent twice", []error{errDown, errDown, errDown}, paying(50000), nil, opts{serviceorder.WithResend(2)}, not, 3},
		{"resent and refused", []error{errDown, errLower}, paying(50000), nil, opts{serviceorder.WithResend(5)}, not, 2},
		{"not resent when unknown", []error{errDown}, paying(30000), nil, opts{serviceorder.WithResend(5)}, unknown, 1},
		{"not resent when paid", []error{errDown}, paid(50000), nil, opts{serviceorder.WithResend(5)}, not, 1},
		{"unknown after a resend", []error{errDown, errLower}, paying(50000), []error{nil, errQuery}, opts{serviceorder.WithResend(5)}, unknown, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{t: t, order: c.order, sends: answers(c.sends...), query: c.query}
				start := time.Now()
				r, err := serviceorder.Modify(t.Context(), w, outOrderNo, right(), c.opts...)
				if r.Outcome != c.want {
					t.Errorf("%v, want %v: %v", r.Outcome, c.want, err)
				}
				if len(w.sends) > 0 || len(w.times)-len(w.bodies) != c.queries {
					t.Errorf("%d modifications missing, %d queries", len(w.sends), len(w.times)-len(w.bodies))
				}
				for _, b := range w.bodies {
					if !reflect.DeepEqual(b, right()) {
						t.Errorf("sent %+v", b)
					}
				}
				checkEnd(t, r, err)
				last := c.sends[len(c.sends)-1]
				if last == nil && (r.SendErr != nil || r.Order != nil) || last != nil && r.SendErr != last {
					t.Errorf("%+v", r)
				}
				if wait := time.Since(start); strings.HasPrefix(c.name, "deduct") && len(c.opts) == 2 && wait != 3*time.Minute {
					t.Errorf("waited %s", wait)
				} else if strings.HasPrefix(c.name, "not lower") {
					if wait != 0 { // nothing is on its way
						t.Errorf("waited %s", wait)
					}
				} else if len(c.opts) < 2 && wait != time.Duration(c.queries)*time.Second {
					t.Errorf("waited %s for %d queries", wait, c.queries)
				}
			})
		})
	}
}

// checkEnd holds the error against the outcome.
func checkEnd[O serviceorder.Order](t *testing.T, r serviceorder.Result[O], err error) {
	t.Helper()
	if (err == nil) != (r.Outcome == serviceorder.CarriedOut) ||
		errors.Is(err, apierror.ErrOutcomeUnknown) != (r.Outcome == serviceorder.Unknown) {
		t.Errorf("%v with %v", r.Outcome, err)
	}
	if err != nil && strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("%q", err)
	}
	if r.QueryErr != nil && r.Outcome == serviceorder.Unknown && !errors.Is(err, r.QueryErr) {
		t.Errorf("%v does not tell of %v", err, r.QueryErr)
	}
	var refused *apierror.Error
	if n := (*serviceorder.NotCarriedOutError)(nil); errors.As(err, &n) && errors.Is(r.SendErr, errLower) && !errors.As(err, &refused) {
		t.Errorf("the refusal is lost: %v", err)
	}
}

func TestModifyAndTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, bound := range []time.Duration{time.Millisecond, time.Second, 2 * time.Minute, 3 * time.Minute} {
			ctx, cancel := context.WithTimeout(t.Context(), bound)
			defer cancel()
			start := time.Now()
			w := &world{t: t, order: paying(39900), sends: answers(fmt.Errorf("%w: %w", errBusy, errDown))}
			r, err := serviceorder.Modify(ctx, w, outOrderNo, right(), serviceorder.WithDeductionWait())
			if r.Outcome != serviceorder.Unknown || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 0 {
				t.Errorf("%s: %v after %s: %v", bound, r.Outcome, time.Since(start), err)
			}
			checkEnd(t, r, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		start := time.Now()
		w := &world{t: t, order: paying(39900), sends: answers(errBusy)}
		r, err := serviceorder.Modify(ctx, w, outOrderNo, right(), serviceorder.WithDeductionWait())
		if r.Outcome != serviceorder.NotCarriedOut || err != error(errBusy) || time.Since(start) != time.Minute || !errors.Is(r.QueryErr, context.Canceled) {
			t.Errorf("%v after %s: %v", r.Outcome, time.Since(start), err)
		}
	})
}

// Random worlds: answers get lost before and after the work is done, others
// modify the order too, the user pays. What is reported must be what was done.
func TestModifyIsNeverWrong(t *testing.T) {
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	ends := map[serviceorder.Outcome]int{}
	synctest.Test(t, func(t *testing.T) {
		for i := range 20000 {
			w := &world{t: t, order: paying(40000 + rnd.Int64N(20000))}
			before := *w.order.TotalAmount
			ours := 0
			elsewhere := func() {
				switch is := *w.order.TotalAmount; {
				case w.order.State == "DONE":
				case rnd.IntN(8) == 0:
					w.order = paid(is)
				case rnd.IntN(4) == 0:
					if lower := is - 1 - rnd.Int64N(8000); lower != 39900 {
						w.order = paying(lower)
					}
				}
			}
			for range 4 {
				w.sends = append(w.sends, func() error {
					elsewhere()
					defer elsewhere()
					var answer error
					if rnd.IntN(3) > 0 {
						switch {
						case rnd.IntN(6) == 0:
							answer = errBusy
						case w.order.State == "DONE" || *w.order.TotalAmount <= 39900:
							answer = errLower
						default:
							w.order = paying(39900)
							ours++
						}
					} else {
						answer = errDown // lost on the way there
					}
					if rnd.IntN(2) == 0 {
						answer = errDown // lost on the way back
					}
					return answer
				})
				w.query = append(w.query, nil)
				if rnd.IntN(5) == 0 {
					w.query[len(w.query)-1] = errQuery
				}
			}
			opts := []serviceorder.Option{serviceorder.WithResend(rnd.IntN(4)), serviceorder.WithPause(0)}
			if rnd.IntN(2) == 0 {
				opts = append(opts, serviceorder.WithTotalBefore(before))
			}
			if rnd.IntN(2) == 0 {
				opts = append(opts, serviceorder.WithDeductionWait())
			}
			r, err := serviceorder.Modify(t.Context(), w, outOrderNo, right(), opts...)
			checkEnd(t, r, err)
			if ours > 1 || r.Outcome == serviceorder.CarriedOut && ours != 1 || r.Outcome == serviceorder.NotCarriedOut && ours != 0 {
				t.Fatalf("world %d: %v, but it was modified %d times: %v", i, r.Outcome, ours, err)
			}
			ends[r.Outcome]++
		}
	})
	t.Logf("%v", ends)
	for _, o := range []serviceorder.Outcome{serviceorder.CarriedOut, serviceorder.NotCarriedOut, serviceorder.Unknown} {
		if ends[o] < 200 {
			t.Errorf("%d ended as %v, which shows little", ends[o], o)
		}
	}
}

func TestNilOption(t *testing.T) {
	w := &world{t: t, order: paying(50000), sends: []func() error{func() error { return nil }}}
	body := payscore.ModifyPartnerServiceOrderRequest{SubMchID: "1900000109"}
	if r, err := serviceorder.Modify(t.Context(), w, outOrderNo, body, nil, serviceorder.WithPause(0), nil); err != nil || r.Outcome != serviceorder.CarriedOut {
		t.Errorf("%v, %v", r.Outcome, err)
	}
}
