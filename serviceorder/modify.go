package serviceorder

import (
	"context"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Modify modifies an order of a partner and finds out whether it was modified. It
// queries the order in three cases: the outcome is unknown, a deduction is in
// progress (number 271316754), or the modification is refused with PARAM_ERROR,
// which is also the refusal of a modification that an earlier call has carried out.
//
// The query names outOrderNo, body.SubMchID and body.ServiceID. If the body has no
// service, pass it with [WithServiceID]. Modify never sends other parameters.
//
// The total of an order that waits for payment or is paid decides, because it
// can only go down:
//
//   - the new total: carried out. If the order had the same total before, unknown.
//   - the total before, or any total above the new one: not carried out.
//   - below the new one: unknown, since there was another modification.
//
// The outcome is also unknown if the order has no total, is in another stage, or
// could not be queried.
//
// NotCarriedOut describes the order at the time of the query. A request that is
// delayed for longer than the pause can still arrive. Send nothing but the same
// modification, or query again.
//
// The error is nil if the modification was carried out. Otherwise it is
//
//   - the error of the client, such as a refusal, if it shows that nothing was carried out,
//   - a [*NotCarriedOutError] if the query showed that it was not carried out,
//   - an [*UnsettledError] if the outcome is unknown. Only this one is
//     [apierror.ErrOutcomeUnknown].
//
// ctx bounds the whole call with its waits.
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4012692360
func Modify(ctx context.Context, client PartnerClient, outOrderNo string, body payscore.ModifyPartnerServiceOrderRequest, opts ...Option) (Result[payscore.ServiceOrderEntity], error) {
	o := newOptions(opts)
	return confirmPartner(ctx, client, outOrderNo, body.SubMchID, body.ServiceID, body, PartnerClient.ModifyPartnerServiceOrder,
		kind{id: catalog.OperationModifyPartnerServiceOrder, judge: modifiedTo(body.TotalAmount, o.totalBefore)}, o)
}

// ModifyDirect is [Modify] for a direct merchant. It queries with body.ServiceID
// and body.AppID.
//
// Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012587957
func ModifyDirect(ctx context.Context, client DirectClient, outOrderNo string, body payscore.ModifyServiceOrderRequest, opts ...Option) (Result[payscore.DirectServiceOrderEntity], error) {
	o := newOptions(opts)
	return confirmDirect(ctx, client, outOrderNo, body.ServiceID, body.AppID, body, DirectClient.ModifyServiceOrder,
		kind{id: catalog.OperationModifyServiceOrder, judge: modifiedTo(body.TotalAmount, o.totalBefore)}, o)
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
