package serviceorder

import (
	"context"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Complete completes an order of a partner and finds out what became of it, by
// a query where the answer does not tell, as [Modify] does. A refusal with
// number 271316754 or 271316574 speaks of the deduction, so it needs one too. So
// does the one of a re-entry (number 271316598, 订单重入参数校验失败): the order was
// completed before, and if it bears the same bill, this completion is carried
// out. If it bears another, modify it. Never complete it under a new number,
// which would charge the user twice.
//
// The order tells by its stage and its bill:
//
//   - not completed yet, or expired: not carried out.
//   - waiting for payment or paid, with the total sent and the payments and
//     discounts sent by name and amount: carried out. A total of 0 finishes the
//     order, so one that waits for payment at 0 fen does not count.
//   - completed with another bill: unknown. Another completion was there first,
//     or this one was carried out and then modified. After the refusal of a
//     re-entry it is not carried out.
//   - cancelled: unknown.
//
// The order does not show profit_sharing, goods_tag and device, nor who
// completed it: the same bill sent by another counts as carried out.
// NotCarriedOut and the errors mean what they mean of [Modify].
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4012692408
func Complete(ctx context.Context, client PartnerClient, outOrderNo string, body payscore.CompletePartnerServiceOrderRequest, opts ...Option) (Result[payscore.ServiceOrderEntity], error) {
	return confirmPartner(ctx, client, outOrderNo, body.SubMchID, &body.ServiceID, body, PartnerClient.CompletePartnerServiceOrder, kind{id: "completePartnerServiceOrder", judge: completedWith(body.PostPayments, body.PostDiscounts, body.TotalAmount)}, opts)
}

// CompleteDirect is [Complete] for a direct merchant. It queries with
// body.ServiceID and body.AppID.
//
// Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012587955
func CompleteDirect(ctx context.Context, client DirectClient, outOrderNo string, body payscore.CompleteServiceOrderRequest, opts ...Option) (Result[payscore.DirectServiceOrderEntity], error) {
	return confirmDirect(ctx, client, outOrderNo, body.ServiceID, body.AppID, body, DirectClient.CompleteServiceOrder, kind{id: "completeServiceOrder", judge: completedWith(body.PostPayments, body.PostDiscounts, body.TotalAmount)}, opts)
}

func completedWith(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon, total int64) func(now facts) Outcome {
	return func(now facts) Outcome {
		switch now.stage {
		case catalog.StageCreated, catalog.StageUserConfirm, catalog.StageExpired:
			return NotCarriedOut // no way leads back there
		case catalog.StageUserPaying, catalog.StageDone:
			sent := facts{payments: payments, discounts: discounts, total: &total}
			if sameBill(sent, now) && (total > 0 || now.stage == catalog.StageDone) {
				return CarriedOut
			}
		}
		return Unknown
	}
}

// sameBill compares what decides on the money, and the names, which tell one
// bill from another of the same amount. A count or a description that was not
// sent may be filled in.
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

// orZero reads a field for which absent and zero mean the same.
func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
