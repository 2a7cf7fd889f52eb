package edge

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// Plans and sign plans. A direct merchant's are those of a partner without a
// sub-merchant.

func (s operations) CreatePartnerPlan(ctx context.Context, r api.CreatePartnerPlanRequestObject) (api.CreatePartnerPlanResponseObject, error) {
	answer, err := ledger.CreatePlan[payscore.PartnerPlan](ctx, s.ledger, *r.Body)
	return api.CreatePartnerPlan200JSONResponse{Body: answer}, err
}

func (s operations) CreatePlan(ctx context.Context, r api.CreatePlanRequestObject) (api.CreatePlanResponseObject, error) {
	answer, err := ledger.CreatePlan[payscore.Plan](ctx, s.ledger, rules.As[payscore.CreatePartnerPlanRequest](r.Body))
	return api.CreatePlan200JSONResponse{Body: answer}, err
}

func (s operations) QueryPartnerPlan(ctx context.Context, r api.QueryPartnerPlanRequestObject) (api.QueryPartnerPlanResponseObject, error) {
	answer, err := ledger.QueryPlan[payscore.PartnerPlan](ctx, s.ledger, r.Params.SubMchID, r.MerchantPlanNo)
	return api.QueryPartnerPlan200JSONResponse{Body: answer}, err
}

func (s operations) QueryPlan(ctx context.Context, r api.QueryPlanRequestObject) (api.QueryPlanResponseObject, error) {
	answer, err := ledger.QueryPlan[payscore.Plan](ctx, s.ledger, "", r.MerchantPlanNo)
	return api.QueryPlan200JSONResponse{Body: answer}, err
}

func (s operations) StopPartnerPlan(ctx context.Context, r api.StopPartnerPlanRequestObject) (api.StopPartnerPlanResponseObject, error) {
	answer, err := ledger.StopPlan[payscore.PartnerPlan](ctx, s.ledger, r.Body.SubMchID, r.MerchantPlanNo)
	return api.StopPartnerPlan200JSONResponse{Body: answer}, err
}

func (s operations) StopPlan(ctx context.Context, r api.StopPlanRequestObject) (api.StopPlanResponseObject, error) {
	answer, err := ledger.StopPlan[payscore.Plan](ctx, s.ledger, "", r.MerchantPlanNo)
	return api.StopPlan200JSONResponse{Body: answer}, err
}

func (s operations) CreatePartnerSignPlan(ctx context.Context, r api.CreatePartnerSignPlanRequestObject) (api.CreatePartnerSignPlanResponseObject, error) {
	b := *r.Body
	user := rules.UserIDs{OpenID: value(b.OpenID), SubOpenID: value(b.SubOpenID)}
	if refused := oneUser("body", "/", user, value(b.SubAppID)); refused != nil {
		return nil, refused
	}
	answer, err := ledger.CreateSignPlan[payscore.CreatePartnerSignPlanResult](ctx, s.ledger, b)
	return api.CreatePartnerSignPlan200JSONResponse{Body: answer}, err
}

func (s operations) CreateSignPlan(ctx context.Context, r api.CreateSignPlanRequestObject) (api.CreateSignPlanResponseObject, error) {
	answer, err := ledger.CreateSignPlan[payscore.CreateSignPlanResult](ctx, s.ledger, rules.As[payscore.CreatePartnerSignPlanRequest](r.Body))
	return api.CreateSignPlan200JSONResponse{Body: answer}, err
}

func (s operations) QueryPartnerSignPlan(ctx context.Context, r api.QueryPartnerSignPlanRequestObject) (api.QueryPartnerSignPlanResponseObject, error) {
	answer, err := ledger.QuerySignPlan[payscore.PartnerSignPlan](ctx, s.ledger, r.Params.SubMchID, r.MerchantSignPlanNo)
	return api.QueryPartnerSignPlan200JSONResponse{Body: answer}, err
}

func (s operations) QuerySignPlan(ctx context.Context, r api.QuerySignPlanRequestObject) (api.QuerySignPlanResponseObject, error) {
	answer, err := ledger.QuerySignPlan[payscore.SignPlan](ctx, s.ledger, "", r.MerchantSignPlanNo)
	return api.QuerySignPlan200JSONResponse{Body: answer}, err
}

func (s operations) StopPartnerSignPlan(ctx context.Context, r api.StopPartnerSignPlanRequestObject) (api.StopPartnerSignPlanResponseObject, error) {
	answer, err := ledger.StopSignPlan[payscore.PartnerSignPlan](ctx, s.ledger, r.Body.SubMchID, r.MerchantSignPlanNo, r.Body.StopReason)
	return api.StopPartnerSignPlan200JSONResponse{Body: answer}, err
}

func (s operations) StopSignPlan(ctx context.Context, r api.StopSignPlanRequestObject) (api.StopSignPlanResponseObject, error) {
	answer, err := ledger.StopSignPlan[payscore.SignPlan](ctx, s.ledger, "", r.MerchantSignPlanNo, r.Body.StopReason)
	return api.StopSignPlan200JSONResponse{Body: answer}, err
}

func (s operations) CreatePartnerSignPlanServiceOrder(ctx context.Context, r api.CreatePartnerSignPlanServiceOrderRequestObject) (api.CreatePartnerSignPlanServiceOrderResponseObject, error) {
	b := *r.Body
	user := rules.UserIDs{OpenID: value(b.OpenID), SubOpenID: value(b.SubOpenID)}
	if refused := oneUser("body", "/", user, value(b.SubAppID)); refused != nil {
		return nil, refused
	}
	answer, err := ledger.CreateDetailOrder[payscore.CreatePartnerSignPlanServiceOrderResult](ctx, s.ledger, b)
	return api.CreatePartnerSignPlanServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CreateSignPlanServiceOrder(ctx context.Context, r api.CreateSignPlanServiceOrderRequestObject) (api.CreateSignPlanServiceOrderResponseObject, error) {
	answer, err := ledger.CreateDetailOrder[payscore.CreateSignPlanServiceOrderResult](ctx, s.ledger, rules.As[payscore.CreatePartnerSignPlanServiceOrderRequest](r.Body))
	return api.CreateSignPlanServiceOrder200JSONResponse{Body: answer}, err
}
