package serviceorder

import (
	"context"
	"fmt"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
)

// Cancel cancels an order of a partner and finds out whether it was cancelled.
// Like [Modify] it queries the order when the response does not show that.
//
// The stage of the order decides, since a cancelled order stays cancelled:
//
//   - cancelled: carried out.
//   - a stage that the contract does not know: unknown.
//   - any other stage: not carried out.
//
// The order does not show the reason. An order that somebody else cancelled counts
// as carried out, although the user may have read another reason.
// NotCarriedOut and the errors mean the same as for [Modify].
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4012458758
func Cancel(ctx context.Context, client PartnerClient, outOrderNo string, body payscore.CancelPartnerServiceOrderRequest, opts ...Option) (Result[payscore.ServiceOrderEntity], error) {
	return confirmPartner(ctx, client, outOrderNo, body.SubMchID, body.ServiceID, body, PartnerClient.CancelPartnerServiceOrder,
		kind{id: catalog.OperationCancelPartnerServiceOrder, judge: cancelled}, newOptions(opts))
}

// CancelDirect is [Cancel] for a direct merchant. It queries with body.AppID and
// body.ServiceID, or the service of [WithServiceID] if that is nil. If both are
// missing it sends nothing and returns [limit.Findings].
//
// Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012587905
func CancelDirect(ctx context.Context, client DirectClient, outOrderNo string, body payscore.CancelServiceOrderRequest, opts ...Option) (Result[payscore.DirectServiceOrderEntity], error) {
	o := newOptions(opts)
	service := o.service(body.ServiceID)
	if service == "" {
		err := fmt.Errorf("%w: %w", apierror.ErrNotSent, limit.Findings{{Path: "$.service_id", Rule: "required", Message: "is missing, and the order cannot be queried without it"}})
		return Result[payscore.DirectServiceOrderEntity]{Outcome: NotCarriedOut, SendErr: err}, err
	}
	return confirmDirect(ctx, client, outOrderNo, service, body.AppID, body, DirectClient.CancelServiceOrder,
		kind{id: catalog.OperationCancelServiceOrder, judge: cancelled}, o)
}

func cancelled(now facts) Outcome {
	switch now.stage {
	case catalog.StageRevoked:
		return CarriedOut
	case "":
		return Unknown
	}
	return NotCarriedOut
}
