package serviceorder

import (
	"context"
	"fmt"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
)

// Cancel cancels an order of a partner and finds out what became of it, by a
// query where the answer does not tell, as [Modify] does.
//
// The order tells by its stage, since nothing leads out of a cancelled one:
// cancelled is carried out, and any other stage is not. A stage that the
// contract does not know leaves the outcome unknown. The order does not show
// the reason: one that another cancelled counts as carried out, and the user
// may have read another reason.
// NotCarriedOut and the errors mean what they mean of [Modify].
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4012458758
func Cancel(ctx context.Context, client PartnerClient, outOrderNo string, body payscore.CancelPartnerServiceOrderRequest, opts ...Option) (Result[payscore.ServiceOrderEntity], error) {
	return confirmPartner(ctx, client, outOrderNo, body.SubMchID, body.ServiceID, body, PartnerClient.CancelPartnerServiceOrder, kind{id: "cancelPartnerServiceOrder", judge: cancelled}, opts)
}

// CancelDirect is [Cancel] for a direct merchant. It queries with
// body.ServiceID, or else the one of [WithServiceID], and body.AppID. Without a
// service it sends nothing and returns [limit.Findings].
//
// Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012587905
func CancelDirect(ctx context.Context, client DirectClient, outOrderNo string, body payscore.CancelServiceOrderRequest, opts ...Option) (Result[payscore.DirectServiceOrderEntity], error) {
	service := knownService(body.ServiceID, opts)
	if service == "" {
		err := fmt.Errorf("%w: %w", apierror.ErrNotSent, limit.Findings{{Path: "$.service_id", Rule: "required", Message: "is missing, and the order cannot be queried without it"}})
		return Result[payscore.DirectServiceOrderEntity]{Outcome: NotCarriedOut, SendErr: err}, err
	}
	return confirmDirect(ctx, client, outOrderNo, service, body.AppID, body, DirectClient.CancelServiceOrder, kind{id: "cancelServiceOrder", judge: cancelled}, opts)
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
