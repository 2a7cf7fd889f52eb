package sandbox_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// The catalogue is made of the contract and not of the sandbox: what the
// sandbox does must be what the catalogue says.
func reentryOf(t *testing.T, operationID string) catalog.Reentry {
	t.Helper()
	r, ok := catalog.ReentryOf(operationID)
	if !ok {
		t.Fatalf("the catalogue does not know %s", operationID)
	}
	return r
}

func otherParameters(t *testing.T, operationID string) refusal {
	t.Helper()
	r := reentryOf(t, operationID)
	if r.Other != catalog.OtherRefused {
		t.Fatalf("%s: other parameters: %s", operationID, r.Other)
	}
	return refusal{r.Status, r.Code, r.Number, ""}
}

func TestCompleteAgain(t *testing.T) {
	for _, side := range []struct {
		id       string
		open     func(b *box)
		complete func(b *box, total int64) error
		query    func(b *box) string
		modify   func(b *box, total int64) error
	}{
		{"completePartnerServiceOrder",
			func(b *box) { b.create(noConfirm(orderNo)) },
			func(b *box, total int64) error {
				return b.client.CompletePartnerServiceOrder(t.Context(), orderNo, completion(total))
			},
			func(b *box) string { return asJSON(b.query(orderNo)) },
			func(b *box, total int64) error { return b.modify(orderNo, total) },
		},
		{"completeServiceOrder",
			func(b *box) {
				must(b.client.CreateServiceOrder(t.Context(), payscore.CreateServiceOrderRequest{
					ServiceID: serviceID, AppID: appID, OutOrderNo: orderNo, ServiceIntroduction: "XX充电宝", NeedUserConfirm: new(false), OpenID: new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
					RiskFund:  payscore.RiskFund{Name: payscore.RiskFundNameEstimateOrderCost, Amount: 100000},
					TimeRange: times("OnAccept", ""), NotifyURL: "https://api.test.com"}))
			},
			func(b *box, total int64) error {
				answer, err := b.client.CompleteServiceOrder(t.Context(), orderNo, payscore.CompleteServiceOrderRequest{
					ServiceID: serviceID, AppID: appID, PostPayments: lines(total), TotalAmount: total, TimeRange: ref(times("", "20250601121010"))})
				if err == nil && (answer.OutOrderNo != orderNo || *answer.OrderID == "") {
					t.Errorf("answered %s", asJSON(answer))
				}
				return err
			},
			func(b *box) string { return asJSON(b.read(direct, orderNo)) },
			func(b *box, total int64) error {
				_, err := b.client.ModifyServiceOrder(t.Context(), orderNo, payscore.ModifyServiceOrderRequest{
					ServiceID: serviceID, AppID: appID, PostPayments: lines(total), TotalAmount: total, Reason: "用户投诉"})
				return err
			},
		},
	} {
		t.Run(side.id, func(t *testing.T) {
			if same := reentryOf(t, side.id).Same; same != catalog.SameAnswer {
				t.Fatalf("the same parameters: %s", same)
			}
			b := newBox(t)
			side.open(b)
			b.ok(side.complete(b, 50000))
			before := side.query(b)
			b.ok(side.complete(b, 50000))
			if after := side.query(b); after != before {
				t.Errorf("changed\nfrom %s\nto   %s", before, after)
			}
			checkRefused(t, side.complete(b, 49900), otherParameters(t, side.id))
			if after := side.query(b); after != before {
				t.Errorf("the refused one changed it to %s", after)
			}

			// It is the first completion that counts, and not what became of the order.
			b.ok(side.modify(b, 40000))
			before = side.query(b)
			b.ok(side.complete(b, 50000))
			checkRefused(t, side.complete(b, 40000), otherParameters(t, side.id))
			if after := side.query(b); after != before {
				t.Errorf("changed\nfrom %s\nto   %s", before, after)
			}
		})
	}
}

// No page says what comes of a completion once the order is paid or cancelled:
// the refusals of the stages stand.
func TestCompleteAgainInALaterStage(t *testing.T) {
	b := newBox(t)
	complete := func(no string, total int64) error {
		return b.client.CompletePartnerServiceOrder(t.Context(), no, completion(total))
	}
	for no, c := range map[string]struct {
		total int64
		then  func(no string) error
		want  refusal
	}{
		"paid": {100, func(no string) error { return b.Move("deduct", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: no}) }, refusal{400, "ORDER_DONE", 271302262, ""}},
		"free": {0, func(string) error { return nil }, refusal{400, "ORDER_DONE", 271302262, ""}},
		"cancelled": {100, func(no string) error {
			return b.client.CancelPartnerServiceOrder(t.Context(), no, cancellation("误下单"))
		}, refusal{400, "ORDER_CANCELED", 271302333, ""}},
	} {
		b.create(noConfirm(no))
		b.ok(complete(no, c.total))
		b.ok(c.then(no))
		checkRefused(t, complete(no, c.total), c.want)
	}

	b.create(noConfirm("deducting"))
	b.ok(complete("deducting", 100))
	b.ok(b.Move("start_deduction", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "deducting", Duration: time.Hour}))
	checkRefused(t, complete("deducting", 100), refusal{400, "INVALID_REQUEST", 271316754, ""})
	b.ok(b.Move("deduction_fails", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "deducting"}))
	b.ok(complete("deducting", 100))
}

// An order that was completed by another call has no completion to repeat.
func TestCompleteWhatWasCreatedComplete(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	want := otherParameters(t, "completePartnerServiceOrder")
	checkRefused(t, b.client.CompletePartnerServiceOrder(t.Context(), orderNo, completion(50000)), want)
}

func TestRepeatedCompletionNotifiesOnce(t *testing.T) {
	b := newBox(t)
	b.create(noConfirm(orderNo))
	for range 3 {
		b.ok(b.client.CompletePartnerServiceOrder(t.Context(), orderNo, completion(100)))
	}
	b.ok(b.Move("deduct", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: orderNo}))
	if n := len(b.Notifications()); n != 1 {
		t.Errorf("%d notifications, want the one of the payment", n)
	}
}

// A repeat is known for one after a restart, too.
func TestRepeatedCompletionAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "orders.db")
	b := newBox(t, sandbox.WithData(file))
	b.create(noConfirm(orderNo))
	b.ok(b.client.CompletePartnerServiceOrder(t.Context(), orderNo, completion(100)))
	b.ok(b.Sandbox.Close())
	b = newBox(t, sandbox.WithData(file))
	b.ok(b.client.CompletePartnerServiceOrder(t.Context(), orderNo, completion(100)))
	checkRefused(t, b.client.CompletePartnerServiceOrder(t.Context(), orderNo, completion(101)), otherParameters(t, "completePartnerServiceOrder"))
}

// The others, as the contract has them.
func TestReentryOfTheOthers(t *testing.T) {
	b := newBox(t)
	b.create(noConfirm(orderNo))
	b.create(noConfirm(orderNo))
	other := noConfirm(orderNo)
	other.ServiceIntroduction = "另一个服务"
	_, err := b.client.CreatePartnerServiceOrder(t.Context(), other)
	checkRefused(t, err, otherParameters(t, "createPartnerServiceOrder"))

	b.ok(b.client.CompletePartnerServiceOrder(t.Context(), orderNo, completion(50000)))
	b.ok(b.modify(orderNo, 40000))
	if same := reentryOf(t, "modifyPartnerServiceOrder").Same; same != catalog.SameRefused {
		t.Errorf("modify: %s", same)
	}
	if err := b.modify(orderNo, 40000); err == nil {
		t.Error("the repeat of a modification succeeds")
	}
	b.ok(b.modify(orderNo, 30000)) // which is another operation

	if same := reentryOf(t, "cancelPartnerServiceOrder").Same; same != catalog.SameAnswer {
		t.Errorf("cancel: %s", same)
	}
	for range 2 {
		b.ok(b.client.CancelPartnerServiceOrder(t.Context(), orderNo, cancellation("误下单")))
	}
}
