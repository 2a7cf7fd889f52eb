package notify_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxpayscore/payscore/notify"
)

// brokenDeduper fails where it is told to.
type brokenDeduper struct {
	begin, done, release error
	panics               bool
	keys                 []string
	settled              []string
}

func (d *brokenDeduper) Begin(_ context.Context, keys ...string) (notify.Claim, error) {
	d.keys = keys
	if d.begin != nil {
		return nil, d.begin
	}
	return d, nil
}

func (d *brokenDeduper) end(ctx context.Context, how string, err error) error {
	if d.panics {
		panic("MARKER")
	}
	d.settled = append(d.settled, how)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (d *brokenDeduper) Done(ctx context.Context) error { return d.end(ctx, "done", d.done) }
func (d *brokenDeduper) Release(ctx context.Context) error {
	return d.end(ctx, "release", d.release)
}

func TestADeduperThatFails(t *testing.T) {
	broken, refused := errors.New("broken"), errors.New("refused")
	for name, test := range map[string]struct {
		dedup   *brokenDeduper
		err     error // of the Func
		calls   int
		settled []string
		is      []error
	}{
		"begin":            {&brokenDeduper{begin: broken}, nil, 0, nil, []error{broken}},
		"done":             {&brokenDeduper{done: broken}, nil, 1, []string{"done"}, []error{broken}},
		"release":          {&brokenDeduper{release: broken}, refused, 1, []string{"release"}, []error{broken, refused}},
		"panic in done":    {&brokenDeduper{panics: true}, nil, 1, nil, nil},
		"panic in release": {&brokenDeduper{panics: true}, refused, 1, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			var failure error
			r := receiver(t, func(context.Context, *notify.Event) error { calls++; return test.err },
				notify.WithDeduper(test.dedup), notify.WithErrorFunc(func(err error) { failure = err }))
			if status := told(t, r, envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 1))); status != 500 || calls != test.calls {
				t.Errorf("%d, %d calls", status, calls)
			}
			if !slices.Equal(test.dedup.settled, test.settled) || !as[*notify.DeduperError](failure) {
				t.Error(test.dedup.settled, failure)
			}
			for _, want := range test.is {
				if !errors.Is(failure, want) {
					t.Errorf("%v is not %v", failure, want)
				}
			}
		})
	}
}

// lateDeduper says whether there was time left to tell it.
type lateDeduper chan error

func (d lateDeduper) Begin(context.Context, ...string) (notify.Claim, error) { return d, nil }
func (d lateDeduper) Done(ctx context.Context) error                         { d <- ctx.Err(); return nil }
func (d lateDeduper) Release(ctx context.Context) error                      { d <- ctx.Err(); return nil }

func TestTheLastWordIsSaidAfterTheDeadline(t *testing.T) {
	for _, result := range []error{nil, errors.New("late")} {
		synctest.Test(t, func(t *testing.T) {
			d := make(lateDeduper, 1)
			r := receiver(t, func(ctx context.Context, _ *notify.Event) error {
				<-ctx.Done()
				time.Sleep(time.Second)
				return result
			}, notify.WithDeduper(d), notify.WithTimeout(time.Second))
			if status := told(t, r, envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 1))); status != 500 {
				t.Error(status)
			}
			if err := <-d; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestKeysOfANotification(t *testing.T) {
	for _, test := range []struct {
		eventType, plaintext string
		want                 []string
	}{
		{notify.UserPaid, order("N", "USER_PAID", 39900), []string{"id/EV-1", "order/1900000001/1900000109/N/PAYSCORE.USER_PAID/USER_PAID/39900"}},
		{notify.UserConfirm, `{"mchid":"1","out_order_no":"N"}`, []string{"id/EV-1", "order/1//N/PAYSCORE.USER_CONFIRM//"}},
		{notify.UserConfirm, `{"mchid":"1"}`, []string{"id/EV-1"}},
		{notify.RefundSuccess, `{"mchid":"1","out_refund_no":"r"}`, []string{"id/EV-1"}},
		{notify.UserOpenService, `{"mchid":"1","sub_mchid":"2"}`, []string{"id/EV-1"}},
		{"PAYSCORE.SOMETHING_NEW", order("N", "", 0), []string{"id/EV-1"}},
	} {
		d := &brokenDeduper{}
		calls := 0
		told(t, receiver(t, counter(&calls), notify.WithDeduper(d)), envelope("EV-1", test.eventType, test.plaintext))
		if !slices.Equal(d.keys, test.want) || !slices.Equal(d.settled, []string{"done"}) {
			t.Errorf("%s: %q %q, want %q", test.eventType, d.keys, d.settled, test.want)
		}
	}
}
