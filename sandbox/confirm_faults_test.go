package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
	"github.com/wxpayscore/payscore/transport"
)

type confirmed struct {
	result serviceorder.Result[payscore.ServiceOrderEntity]
	err    error
}

func ended(result serviceorder.Result[payscore.ServiceOrderEntity], err error) confirmed {
	return confirmed{result, err}
}

// Orders are completed, cancelled, paid and synchronised on a network that does
// all kinds of things wrong. The sandbox tells what was really done.
func TestConfirmUnderFaults(t *testing.T) {
	type ctx = context.Context
	for i, c := range []struct {
		name         string
		confirm      bool // the order starts in USER_CONFIRM and not in USER_PAYING
		run          func(ctx, *payscore.Client, string, ...serviceorder.Option) confirmed
		before, then string // states
	}{
		{"complete", true, func(ctx ctx, c *payscore.Client, no string, opts ...serviceorder.Option) confirmed {
			return ended(serviceorder.Complete(ctx, c, no, completion(39900), opts...))
		}, "DOING USER_CONFIRM ", "DOING MCH_COMPLETE USER_PAYING"},
		{"cancel", true, func(ctx ctx, c *payscore.Client, no string, opts ...serviceorder.Option) confirmed {
			return ended(serviceorder.Cancel(ctx, c, no, cancellation("用户投诉"), opts...))
		}, "DOING USER_CONFIRM ", "REVOKED  "},
		{"pay", false, func(ctx ctx, c *payscore.Client, no string, opts ...serviceorder.Option) confirmed {
			return ended(serviceorder.Pay(ctx, c, no, payment(), opts...))
		}, "DOING MCH_COMPLETE USER_PAYING", "DONE  USER_PAID"},
		{"sync", false, func(ctx ctx, c *payscore.Client, no string, opts ...serviceorder.Option) confirmed {
			return ended(serviceorder.Sync(ctx, c, no, paidElsewhere("20250315"), opts...))
		}, "DOING MCH_COMPLETE USER_PAYING", "DONE  USER_PAID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			count := faultOrders(t, 240, 240) / 4
			seed := uint64(20250316 + i)
			n := newBadNetwork(t, seed, 0.4)
			signer := n.signer()
			rt := transport.NewRoundTripper()
			t.Cleanup(rt.CloseIdleConnections)
			client := must(payscore.New(n.URL, payscore.WithRequestEditorFn(signer.Sign), payscore.WithHTTPClient(
				transport.New(signer, n.Verifier(), transport.WithRoundTripper(rt), transport.WithTimeout(500*time.Millisecond),
					transport.WithRetry(transport.Retry{FirstWait: 5 * time.Millisecond})))))

			ends := make([]confirmed, count)
			number := func(i int) string { return fmt.Sprintf("ORDER_%03d", i) }
			slots := make(chan struct{}, 8)
			var wg sync.WaitGroup
			for i := range ends {
				if c.confirm {
					must(n.Client().CreatePartnerServiceOrder(t.Context(), noConfirm(number(i))))
				} else {
					n.seed(number(i), 50000)
				}
				opts := []serviceorder.Option{serviceorder.WithPause(500 * time.Millisecond)}
				if i%3 == 0 {
					opts = append(opts, serviceorder.WithResend(2))
				}
				ctx := t.Context()
				if i%2 == 0 {
					ctx = transport.WithoutRetry(ctx) // leaves more for the query to settle
				}
				wg.Go(func() {
					slots <- struct{}{}
					defer func() { <-slots }()
					ends[i] = c.run(ctx, client, number(i), opts...)
				})
			}
			wg.Wait()
			n.end()

			n.mu.Lock()
			defer n.mu.Unlock()
			outcomes, settled := map[string]int{}, 0
			again, _ := catalog.ReentryOf(c.name + "PartnerServiceOrder")
			for i, e := range ends {
				no, want := number(i), c.before
				if n.done[no] > 0 {
					want = c.then
				}
				order, _ := entity(n, subMchID, no)
				is := fmt.Sprintf("%s ", order.State)
				if order.StateDescription != nil {
					is += string(*order.StateDescription)
				}
				is += " "
				if order.Collection != nil {
					is += string(order.Collection.State)
				}
				switch {
				case is != want, again.Same != catalog.SameAnswer && n.done[no] > 1:
					t.Errorf("%s: carried out %d times, and is %s", no, n.done[no], is)
				case e.result.Outcome == serviceorder.CarriedOut && n.done[no] == 0, e.result.Outcome == serviceorder.NotCarriedOut && n.done[no] > 0:
					t.Errorf("%s: reported as %v, carried out %d times: %v", no, e.result.Outcome, n.done[no], e.err)
				case (e.err == nil) != (e.result.Outcome == serviceorder.CarriedOut), errors.Is(e.err, apierror.ErrOutcomeUnknown) != (e.result.Outcome == serviceorder.Unknown):
					t.Errorf("%s: %v with %v", no, e.result.Outcome, e.err)
				}
				outcomes[fmt.Sprintf("%v, is %s", e.result.Outcome, is)]++
				if e.result.SendErr != nil && e.result.Outcome != serviceorder.Unknown {
					settled++
				}
			}
			t.Logf("seed %d, %d orders: %v; %d settled by a query", seed, count, outcomes, settled)
			t.Logf("requests: %v", n.met)
			if settled < max(1, count/50) {
				t.Error("which shows little")
			}
		})
	}
}
