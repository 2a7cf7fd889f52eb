package serviceorder

import (
	"context"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Modify modifies an order of a partner and finds out what became of it. When
// the outcome is unknown, a deduction is in progress (number 271316754), or the
// modification is refused with a PARAM_ERROR, as one is that an earlier call or an
// earlier run of the program has carried out, it queries the order with outOrderNo, body.SubMchID and body.ServiceID, or else
// the service of [WithServiceID]: name it if you know it. Nothing is ever sent
// with other parameters.
//
// An order that waits for payment or is paid tells by its total, which only
// ever goes down:
//
//   - the new total: carried out. Not so when the order bore it before, since
//     then it tells nothing: unknown.
//   - the total before, or any above the new one: not carried out.
//   - below the new one: another modification came later or was there first:
//     unknown.
//
// An order without a total, in another stage, or that could not be queried
// leaves the outcome unknown. So NotCarriedOut means: not when the order was
// queried. A request that is held up on its way for longer than the pause
// can arrive afterwards, so send nothing but the same modification, or query again.
//
// The error is nil when the modification was carried out, and else a refusal
// or another error of the client, a [*NotCarriedOutError] when a query was
// needed to tell, or an [*UnsettledError], which alone is
// [apierror.ErrOutcomeUnknown]. ctx bounds all of it, the waits too.
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4012692360
func Modify(ctx context.Context, client PartnerClient, outOrderNo string, body payscore.ModifyPartnerServiceOrderRequest, opts ...Option) (Result[payscore.ServiceOrderEntity], error) {
	return confirmPartner(ctx, client, outOrderNo, body.SubMchID, body.ServiceID, body, PartnerClient.ModifyPartnerServiceOrder, kind{id: "modifyPartnerServiceOrder", judge: modifiedTo(body.TotalAmount, newOptions(opts).before)}, opts)
}

// ModifyDirect is [Modify] for a direct merchant. It queries with body.ServiceID
// and body.AppID.
//
// Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012587957
func ModifyDirect(ctx context.Context, client DirectClient, outOrderNo string, body payscore.ModifyServiceOrderRequest, opts ...Option) (Result[payscore.DirectServiceOrderEntity], error) {
	return confirmDirect(ctx, client, outOrderNo, body.ServiceID, body.AppID, body, DirectClient.ModifyServiceOrder, kind{id: "modifyServiceOrder", judge: modifiedTo(body.TotalAmount, newOptions(opts).before)}, opts)
}

func modifiedTo(total int64, before *int64) func(now facts) Outcome {
	return func(now facts) Outcome {
		if now.total == nil || now.stage != catalog.StageUserPaying && now.stage != catalog.StageDone {
			return Unknown
		}
		switch is := *now.total; {
		case is == total && before != nil && *before == total:
			return Unknown
		case is == total:
			return CarriedOut
		case is > total, before != nil && is == *before:
			return NotCarriedOut
		}
		return Unknown
	}
}
