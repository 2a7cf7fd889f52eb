package serviceorder

import (
	"context"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Complete completes an order of a partner and finds out whether it was completed.
// Like [Modify] it queries the order when the response does not show that. It also
// queries after these refusals:
//
//   - numbers 271316754 and 271316574, which are about the deduction.
//   - number 271316598 (订单重入参数校验失败): the order was completed before. If it has
//     the same bill, this completion is carried out. If it has another bill, modify
//     the order. Never complete it under a new number, which would charge the user
//     twice.
//
// The stage and the bill of the order decide:
//
//   - not completed yet, or expired: not carried out.
//   - waiting for payment or paid, with the total that was sent and with the same
//     payments and discounts by name and amount: carried out. A total of 0 finishes
//     the order, so an order that waits for payment of 0 fen does not count.
//   - completed with another bill: unknown. Either another completion came first, or
//     this one was carried out and then modified. After number 271316598 it is not
//     carried out.
//   - cancelled: unknown.
//
// The order does not show profit_sharing, goods_tag, device or the caller. If
// somebody else sent the same bill, that counts as carried out.
// NotCarriedOut and the errors mean the same as for [Modify].
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4012692408
func Complete(ctx context.Context, client PartnerClient, outOrderNo string, body payscore.CompletePartnerServiceOrderRequest, opts ...Option) (Result[payscore.ServiceOrderEntity], error) {
	return confirmPartner(ctx, client, outOrderNo, body.SubMchID, &body.ServiceID, body, PartnerClient.CompletePartnerServiceOrder,
		kind{id: catalog.OperationCompletePartnerServiceOrder, judge: completedWith(body.PostPayments, body.PostDiscounts, body.TotalAmount)}, newOptions(opts))
}

// CompleteDirect is [Complete] for a direct merchant. It queries with
// body.ServiceID and body.AppID.
//
// Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012587955
func CompleteDirect(ctx context.Context, client DirectClient, outOrderNo string, body payscore.CompleteServiceOrderRequest, opts ...Option) (Result[payscore.DirectServiceOrderEntity], error) {
	return confirmDirect(ctx, client, outOrderNo, body.ServiceID, body.AppID, body, DirectClient.CompleteServiceOrder,
		kind{id: catalog.OperationCompleteServiceOrder, judge: completedWith(body.PostPayments, body.PostDiscounts, body.TotalAmount)}, newOptions(opts))
}

func completedWith(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon, total int64) func(now facts) Outcome {
	return func(now facts) Outcome {
		switch now.stage {
		case catalog.StageCreated, catalog.StageUserConfirm, catalog.StageExpired:
			return NotCarriedOut // a completed order never returns there
		case catalog.StageUserPaying, catalog.StageDone:
			sent := facts{payments: payments, discounts: discounts, total: &total}
			if sameBill(sent, now) && (total > 0 || now.stage == catalog.StageDone) {
				return CarriedOut
			}
		}
		return Unknown
	}
}

// sameBill compares the amounts and the names. Names distinguish bills of the same
// amount. Counts and descriptions are left out, since WeChat Pay may fill them in.
func sameBill(a, b facts) bool {
	if a.total == nil || b.total == nil || *a.total != *b.total ||
		len(a.payments) != len(b.payments) || len(a.discounts) != len(b.discounts) {
		return false
	}
	for i, p := range a.payments {
		if q := b.payments[i]; orZero(p.Name) != orZero(q.Name) || orZero(p.Amount) != orZero(q.Amount) {
			return false
		}
	}
	for i, d := range a.discounts {
		if e := b.discounts[i]; orZero(d.Name) != orZero(e.Name) || orZero(d.Amount) != orZero(e.Amount) {
			return false
		}
	}
	return true
}

// orZero reads a field whose absence means zero.
func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
