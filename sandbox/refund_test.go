package sandbox_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// paid puts a paid order into the sandbox and returns the number of its
// payment.
func (b *box) paid(outOrderNo string, total int64) string {
	b.t.Helper()
	b.seed(outOrderNo, total)
	b.ok(b.client.PayPartnerServiceOrder(b.t.Context(), outOrderNo, payment()))
	return *b.query(outOrderNo).Collection.Details[0].TransactionID
}

func (b *box) refundOf(transactionID, outRefundNo string, fen int64) payscore.CreateRefundRequest {
	return payscore.CreateRefundRequest{
		SubMchID: new(subMchID), TransactionID: &transactionID, OutRefundNo: outRefundNo, NotifyURL: new("https://api.test.com/r"),
		Amount: payscore.RefundRequestAmount{Refund: fen, Total: 100, Currency: payscore.CurrencyCNY},
	}
}

func (b *box) refund(outRefundNo string) payscore.Refund {
	b.t.Helper()
	got, err := b.client.QueryRefund(b.t.Context(), outRefundNo, payscore.QueryRefundParams{SubMchID: new(subMchID)})
	b.ok(err)
	return *got
}

var (
	tooMuch    = refusal{400, "INVALID_REQUEST", 0, ""}
	tooSoon    = refusal{429, "FREQUENCY_LIMITED", 268435472, ""}
	reusedNo   = tooMuch
	noResource = noRoute
)

func TestRefund(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	b := newBoxAt(t, func() time.Time { return now })
	ctx := t.Context()
	id := b.paid(orderNo, 100)
	_, err := b.client.QueryRefund(ctx, "R1", payscore.QueryRefundParams{SubMchID: new(subMchID)})
	checkRefused(t, err, noResource)
	made, err := b.client.CreateRefund(ctx, b.refundOf(id, "R1", 60))
	b.ok(err)
	has(t, object(made), map[string]any{"status": "PROCESSING", "out_refund_no": "R1", "transaction_id": id, "create_time": "2026-05-01T20:00:00+08:00"})
	has(t, object(made.Amount), map[string]any{"total": 100, "refund": 60, "payer_total": 100, "payer_refund": 60, "discount_refund": 0, "currency": "CNY"})
	again, err := b.client.CreateRefund(ctx, b.refundOf(id, "R1", 60))
	b.ok(err)
	if asJSON(again) != asJSON(made) {
		t.Errorf("a repeat answers %s, want %s", asJSON(again), asJSON(made))
	}
	_, err = b.client.CreateRefund(ctx, b.refundOf(id, "R1", 59))
	checkRefused(t, err, reusedNo)
	_, err = b.client.CreateRefund(ctx, b.refundOf(id, "R2", 40))
	checkRefused(t, err, tooSoon)
	if b.Advance(59 * time.Second); b.refund("R1").Status != "PROCESSING" {
		t.Error("it succeeded too soon")
	}
	b.Advance(time.Second)
	if got := b.refund("R1"); got.Status != "SUCCESS" || *got.SuccessTime != "2026-05-01T20:01:00+08:00" {
		t.Errorf("got %s", asJSON(got))
	}
	resource := b.announced("refund/1900000109/R1", "https://api.test.com/r", "REFUND.SUCCESS")
	has(t, resource, map[string]any{"refund_status": "SUCCESS", "sp_mchid": "1230000109", "sub_mchid": subMchID, "transaction_id": id, "refund_id": made.RefundID})
	if _, is := resource["mchid"]; is || len(b.Announced()) != 1 {
		t.Errorf("told %v, %d times", resource, len(b.Announced()))
	}
	_, err = b.client.CreateRefund(ctx, b.refundOf(id, "R2", 41))
	checkRefused(t, err, tooMuch)
	byTrade := b.refundOf(id, "R2", 40)
	byTrade.TransactionID, byTrade.OutTradeNo = nil, &made.OutTradeNo
	_, err = b.client.CreateRefund(ctx, byTrade)
	b.ok(err)
	b.Advance(time.Minute)
	_, err = b.client.CreateRefund(ctx, b.refundOf(id, "R3", 1))
	checkRefused(t, err, tooMuch)
}

// Each rule that needs no second refund has a request that breaks it alone.
func TestRefundRules(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	id := b.paid("paid", 100)
	b.seed("elsewhere", 100)
	b.ok(b.client.SyncPartnerServiceOrder(b.t.Context(), "elsewhere", paidElsewhere("20091225")))
	elsewhere := b.query("elsewhere").Collection.Details[0].TransactionID
	for name, test := range map[string]struct {
		spoil func(*payscore.CreateRefundRequest)
		want  refusal
	}{
		"no number":        {func(r *payscore.CreateRefundRequest) { r.TransactionID = nil }, wrongParam("/transaction_id")},
		"both numbers":     {func(r *payscore.CreateRefundRequest) { r.OutTradeNo = new("x") }, wrongParam("/transaction_id")},
		"no such payment":  {func(r *payscore.CreateRefundRequest) { r.TransactionID = new("4200") }, noResource},
		"out_order_no":     {func(r *payscore.CreateRefundRequest) { r.TransactionID, r.OutTradeNo = nil, new("paid") }, noResource},
		"no sub-merchant":  {func(r *payscore.CreateRefundRequest) { r.SubMchID = nil }, wrongParam("/sub_mchid")},
		"other sub":        {func(r *payscore.CreateRefundRequest) { r.SubMchID = new("1900000110") }, noResource},
		"wrong total":      {func(r *payscore.CreateRefundRequest) { r.Amount.Total = 101 }, wrongParam("/amount/total")},
		"above the total":  {func(r *payscore.CreateRefundRequest) { r.Amount.Refund = 101 }, wrongParam("/amount/refund")},
		"long reason":      {func(r *payscore.CreateRefundRequest) { r.Reason = new(strings.Repeat("元", 27)) }, wrongParam("/reason")},
		"asterisk, direct": {func(r *payscore.CreateRefundRequest) { r.SubMchID, r.OutRefundNo = nil, "R*" }, wrongParam("/out_refund_no")},
		"wrong sum": {func(r *payscore.CreateRefundRequest) {
			r.Amount.From = []payscore.RefundSource{{Account: "AVAILABLE", Amount: 1}, {Account: "UNAVAILABLE", Amount: 1}}
		}, wrongParam("/amount/from")},
		"sum that wraps": {func(r *payscore.CreateRefundRequest) {
			r.Amount.From = []payscore.RefundSource{{Account: "AVAILABLE", Amount: 1<<63 - 1}, {Account: "AVAILABLE", Amount: 1<<63 - 1}, {Account: "AVAILABLE", Amount: 12}}
		}, wrongParam("/amount/from")},
		"paid elsewhere": {func(r *payscore.CreateRefundRequest) {
			if r.TransactionID = elsewhere; elsewhere == nil {
				r.TransactionID = new("4200")
			}
		}, noResource},
	} {
		body := b.refundOf(id, "R", 10)
		test.spoil(&body)
		_, err := b.client.CreateRefund(t.Context(), body)
		if t.Run(name, func(t *testing.T) { checkRefused(t, err, test.want) }); len(b.Announced()) > 0 {
			t.Fatalf("%s was announced", name)
		}
	}
	whole := b.refundOf(id, "R*", 100)
	whole.Reason = new(strings.Repeat("元", 26))
	whole.Amount.From = []payscore.RefundSource{{Account: "AVAILABLE", Amount: 99}, {Account: "UNAVAILABLE", Amount: 1}}
	_, err := b.client.CreateRefund(t.Context(), whole)
	b.ok(err)
	if got := b.refund("R*"); asJSON(got.Amount.From) != asJSON(whole.Amount.From) {
		t.Errorf("got %s", asJSON(got))
	}
}

func TestRefundWithinAYear(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	id := b.paid("late", 100)
	b.Advance(365*24*time.Hour + time.Second)
	_, err := b.client.CreateRefund(t.Context(), b.refundOf(id, "R", 1))
	checkRefused(t, err, tooMuch)
	id = b.paid("in_time", 100)
	b.Advance(365*24*time.Hour - time.Minute)
	_, err = b.client.CreateRefund(t.Context(), b.refundOf(id, "R", 1))
	b.ok(err)
}

func TestFiftyRefunds(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	id := b.paid("many", 100)
	var total int64
	for i := range 50 {
		no := fmt.Sprintf("R%d", i)
		_, err := b.client.CreateRefund(t.Context(), b.refundOf(id, no, 1))
		b.ok(err)
		b.Advance(time.Minute)
		if got := b.refund(no); got.Status == "SUCCESS" {
			total += got.Amount.Refund
		}
	}
	_, err := b.client.CreateRefund(t.Context(), b.refundOf(id, "R50", 1))
	checkRefused(t, err, tooMuch)
	if total != 50 {
		t.Errorf("%d fen came back, want 50", total)
	}
}

func TestRefundsThatDoNotSucceed(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	ctx := t.Context()
	id := b.paid("order", 100)
	body := b.refundOf(id, "R1", 100)
	_, err := b.client.CreateRefund(ctx, body)
	b.ok(err)
	moveRefused(t, b.Move("refund_processing", sandbox.MoveArgs{SubMchID: subMchID, OutRefundNo: "R1"}), "refund_processing", sandbox.ErrNoSuchMove)
	moveRefused(t, b.Move("refund_closed", sandbox.MoveArgs{SubMchID: subMchID, OutRefundNo: "R9"}), "refund_closed", sandbox.ErrNoSuchSubject)
	b.ok(b.Move("refund_closed", sandbox.MoveArgs{SubMchID: subMchID, OutRefundNo: "R1"}))
	has(t, b.announced("refund/1900000109/R1", "https://api.test.com/r", "REFUND.CLOSED"), map[string]any{"refund_status": "CLOSED"})
	moveRefused(t, b.Move("refund_succeeds", sandbox.MoveArgs{SubMchID: subMchID, OutRefundNo: "R1"}), "refund_succeeds", sandbox.ErrMoveImpossible)
	b.Advance(30 * time.Second)
	again, err := b.client.CreateRefund(ctx, body) // a failed one is repeated with its number
	b.ok(err)
	if again.Status != "PROCESSING" {
		t.Errorf("the repeat is %s", again.Status)
	}
	if b.Advance(30 * time.Second); b.refund("R1").Status != "PROCESSING" {
		t.Error("the end of the first was taken for that of the second")
	}
	b.ok(b.Move("refund_abnormal", sandbox.MoveArgs{SubMchID: subMchID, OutRefundNo: "R1"}))
	b.announced("refund/1900000109/R1", "https://api.test.com/r", "REFUND.ABNORMAL")
	b.Advance(time.Hour)
	_, err = b.client.CreateRefund(ctx, b.refundOf(id, "R2", 1))
	checkRefused(t, err, tooMuch) // an abnormal refund still holds its money
	if again, err = b.client.CreateRefund(ctx, body); err != nil || again.Status != "ABNORMAL" {
		t.Errorf("the repeat is %v, %v", again, err)
	}
	b.ok(b.Move("refund_succeeds", sandbox.MoveArgs{SubMchID: subMchID, OutRefundNo: "R1"}))
	b.announced("refund/1900000109/R1", "https://api.test.com/r", "REFUND.SUCCESS")
	if got := b.refund("R1"); got.Status != "SUCCESS" || got.SuccessTime == nil {
		t.Errorf("got %s", asJSON(got))
	}
}

// What was under way goes on after a restart.
func TestOthersSurviveARestart(t *testing.T) {
	t.Parallel()
	data := sandbox.WithData(filepath.Join(t.TempDir(), "orders.db"))
	b := newBox(t, data)
	ctx := t.Context()
	later := b.paid("later", 100)
	_, err := b.client.CreateRefund(ctx, b.refundOf(b.paid("order", 100), "R1", 100))
	b.ok(err)
	_, err = b.client.ApplyPartnerServiceAccount(ctx, payscore.ApplyPartnerServiceAccountRequest{ServiceID: serviceID, AppID: appID, SubMchID: subMchID, OutApplyNo: "A1"})
	b.ok(err)
	_, err = b.client.ApplyPermission(ctx, directApplication("C1"))
	b.ok(err)
	b.ok(b.Move("set_risk_level", sandbox.MoveArgs{OpenID: openID, UserLabel: exampleLevel.UserLabel, UserRiskLevel: exampleLevel.UserRiskLevel, RiskLevelVersion: exampleLevel.RiskLevelVersion}))
	b.ok(b.Move("set_quotas", sandbox.MoveArgs{ServiceID: serviceID, RiskLevelVersion: 9, Quotas: nil}))
	serial := b.rotate()

	b.restart(data)
	_, err = b.client.CreateRefund(ctx, b.refundOf(later, "R2", 100))
	b.ok(err)
	b.Advance(time.Minute)
	if got := b.refund("R1"); got.Status != "SUCCESS" {
		t.Errorf("got %s", asJSON(got))
	}
	application, err := b.client.QueryPartnerServiceAccountApplication(ctx, "A1")
	if b.ok(err); application.ApplyState != "APPROVED" {
		t.Errorf("got %s", asJSON(application))
	}
	b.ok(b.Move("open_permission", sandbox.MoveArgs{AuthorizationCode: "C1"}))
	level, err := b.client.AssessUserRiskLevel(ctx, payscore.AssessUserRiskLevelRequest{ServiceID: serviceID, AppID: appID, OpenID: new(openID)})
	if b.ok(err); *level.UserLabel != exampleLevel.UserLabel {
		t.Errorf("got %s", asJSON(level))
	}
	_, err = b.client.QueryPartnerServiceQuotas(ctx, serviceID, payscore.QueryPartnerServiceQuotasParams{SubMchID: subMchID, AppID: appID, RiskLevelVersion: 9})
	b.ok(err)
	if list := b.certificates(); len(list) != 2 || list[1].SerialNo != serial {
		t.Errorf("after the restart: %s", asJSON(list))
	}
}

func TestNoRefundOfWhatWasForgotten(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	id := b.paid("order", 100)
	b.ok(b.Reset())
	_, err := b.client.CreateRefund(t.Context(), b.refundOf(id, "R1", 100))
	checkRefused(t, err, noResource)
	_, err = b.Seed("order", 100, sandbox.SeedStage("DONE"), sandbox.SeedNotifyURL("no URL"))
	if err == nil || len(b.Payments()) != 0 {
		t.Errorf("an order that was not put in: %v, payments %v", err, b.Payments())
	}
}
