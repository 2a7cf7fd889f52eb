package serviceorder

import (
	"context"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Pay asks WeChat Pay for one more deduction on an order of a partner and finds
// out what became of that, by a query where the answer does not tell, as
// [Modify] does. An answer says no more than that the request was accepted; a
// notification or a later query tells when the money is there.
//
// The order tells little, as WeChat Pay deducts by itself, too:
//
//   - paid, all of it through PayScore (NEWTON): carried out, since the money
//     is there, whoever asked for it.
//   - not completed yet, or expired: not carried out.
//   - anything else, waiting for payment included: unknown. The request may
//     have come to nothing, or the deduction.
//
// No source tells what becomes of a request that is sent twice, so [WithResend]
// sends it again only when it was refused because a deduction was in progress,
// with [WithDeductionWait]. NotCarriedOut and the errors mean what they mean of
// [Modify].
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4013394544
func Pay(ctx context.Context, client PartnerClient, outOrderNo string, body payscore.PayPartnerServiceOrderRequest, opts ...Option) (Result[payscore.ServiceOrderEntity], error) {
	return confirmPartner(ctx, client, outOrderNo, body.SubMchID, body.ServiceID, body, PartnerClient.PayPartnerServiceOrder, kind{id: "payPartnerServiceOrder", judge: collected, collects: true}, opts)
}

// PayDirect is [Pay] for a direct merchant. It queries with body.ServiceID, or
// the one of [WithServiceID], and body.AppID. Without them the order cannot be
// queried, and nothing is sent.
//
// Official page: https://pay.weixin.qq.com/doc/v3/merchant/4013394596
func PayDirect(ctx context.Context, client DirectClient, outOrderNo string, body payscore.PayServiceOrderRequest, opts ...Option) (Result[payscore.DirectServiceOrderEntity], error) {
	return confirmDirect(ctx, client, outOrderNo, knownService(body.ServiceID, opts), orZero(body.AppID), body, DirectClient.PayServiceOrder, kind{id: "payServiceOrder", judge: collected, collects: true}, opts)
}

func collected(now facts) Outcome {
	switch {
	case paidByPayScore(now):
		return CarriedOut
	case now.stage == catalog.StageCreated, now.stage == catalog.StageUserConfirm, now.stage == catalog.StageExpired:
		return NotCarriedOut // never completed, so never open to a deduction
	}
	return Unknown
}
