package serviceorder

import (
	"context"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Pay asks WeChat Pay for one more deduction on an order of a partner and finds
// out whether the money was collected. Like [Modify] it queries the order when the
// response does not show that the request was accepted. An accepted request is not
// a payment: wait for the notification, or query the order later.
//
// WeChat Pay also deducts by itself, so the order shows little:
//
//   - paid, all of it through PayScore (NEWTON): carried out. The money is there,
//     whoever asked for it.
//   - not completed yet, or expired: not carried out.
//   - any other stage, waiting for payment included: unknown. Either the request or
//     the deduction may have failed.
//
// No source says what happens to a request that is sent twice. So [WithResend]
// needs [WithDeductionWait] here, and sends again only after a refusal because a
// deduction was in progress.
// NotCarriedOut and the errors mean the same as for [Modify].
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4013394544
func Pay(ctx context.Context, client PartnerClient, outOrderNo string, body payscore.PayPartnerServiceOrderRequest, opts ...Option) (Result[payscore.ServiceOrderEntity], error) {
	return confirmPartner(ctx, client, outOrderNo, body.SubMchID, body.ServiceID, body, PartnerClient.PayPartnerServiceOrder,
		kind{id: catalog.OperationPayPartnerServiceOrder, judge: collected, collects: true}, newOptions(opts))
}

// PayDirect is [Pay] for a direct merchant. It queries with body.ServiceID, or
// the one of [WithServiceID], and body.AppID. Without them the order cannot be
// queried, and nothing is sent.
//
// Official page: https://pay.weixin.qq.com/doc/v3/merchant/4013394596
func PayDirect(ctx context.Context, client DirectClient, outOrderNo string, body payscore.PayServiceOrderRequest, opts ...Option) (Result[payscore.DirectServiceOrderEntity], error) {
	o := newOptions(opts)
	return confirmDirect(ctx, client, outOrderNo, o.service(body.ServiceID), orZero(body.AppID), body, DirectClient.PayServiceOrder,
		kind{id: catalog.OperationPayServiceOrder, judge: collected, collects: true}, o)
}

func collected(now facts) Outcome {
	switch {
	case paidByPayScore(now):
		return CarriedOut
	case now.stage == catalog.StageCreated, now.stage == catalog.StageUserConfirm, now.stage == catalog.StageExpired:
		return NotCarriedOut // never completed, so nothing was deducted
	}
	return Unknown
}
