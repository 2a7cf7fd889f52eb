package edge

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// The orders of a partner's sub-merchants: writes answer 204, except those
// that create an order.

func (s operations) CreatePartnerServiceOrder(ctx context.Context, r api.CreatePartnerServiceOrderRequestObject) (api.CreatePartnerServiceOrderResponseObject, error) {
	answer, err := ledger.Create[payscore.CreatePartnerServiceOrderResult](ctx, s.ledger, rules.Opening{
		Request: r.Body, Order: *r.Body})
	return api.CreatePartnerServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CreatePartnerPayOnDeliveryOrder(ctx context.Context, r api.CreatePartnerPayOnDeliveryOrderRequestObject) (api.CreatePartnerPayOnDeliveryOrderResponseObject, error) {
	answer, err := ledger.Create[payscore.CreatePartnerPayOnDeliveryOrderResult](ctx, s.ledger, rules.Opening{
		Request: r.Body,
		Order:   rules.As[payscore.CreatePartnerServiceOrderRequest](r.Body), Shopping: &r.Body.ShoppingInfo})
	return api.CreatePartnerPayOnDeliveryOrder200JSONResponse{Body: answer}, err
}

func (s operations) DirectCompletePartnerServiceOrder(ctx context.Context, r api.DirectCompletePartnerServiceOrderRequestObject) (api.DirectCompletePartnerServiceOrderResponseObject, error) {
	_, err := ledger.Create[struct{}](ctx, s.ledger, rules.Opening{
		Request:    r.Body,
		Order:      rules.As[payscore.CreatePartnerServiceOrderRequest](r.Body),
		Completion: new(rules.As[payscore.CompletePartnerServiceOrderRequest](r.Body))})
	return api.DirectCompletePartnerServiceOrder204Response{}, err
}

func (s operations) QueryPartnerServiceOrder(ctx context.Context, r api.QueryPartnerServiceOrderRequestObject) (api.QueryPartnerServiceOrderResponseObject, error) {
	p := r.Params
	answer, err := ledger.Query[payscore.ServiceOrderEntity](ctx, s.ledger,
		ledger.Target{SubMchID: p.SubMchID, ServiceID: p.ServiceID, Query: true}, p.OutOrderNo, p.QueryID)
	return api.QueryPartnerServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CancelPartnerServiceOrder(ctx context.Context, r api.CancelPartnerServiceOrderRequestObject) (api.CancelPartnerServiceOrderResponseObject, error) {
	b := *r.Body
	t := ledger.Target{SubMchID: b.SubMchID, OutOrderNo: r.OutOrderNo, ServiceID: b.ServiceID}
	_, err := ledger.Apply[struct{}](ctx, s.ledger, t, rules.Cancel{Reason: b.Reason})
	return api.CancelPartnerServiceOrder204Response{}, err
}

func (s operations) CompletePartnerServiceOrder(ctx context.Context, r api.CompletePartnerServiceOrderRequestObject) (api.CompletePartnerServiceOrderResponseObject, error) {
	b := *r.Body
	t := ledger.Target{SubMchID: b.SubMchID, OutOrderNo: r.OutOrderNo, ServiceID: &b.ServiceID}
	_, err := ledger.Apply[struct{}](ctx, s.ledger, t, rules.Completion(b, b))
	return api.CompletePartnerServiceOrder204Response{}, err
}

func (s operations) ModifyPartnerServiceOrder(ctx context.Context, r api.ModifyPartnerServiceOrderRequestObject) (api.ModifyPartnerServiceOrderResponseObject, error) {
	b := *r.Body
	t := ledger.Target{SubMchID: b.SubMchID, OutOrderNo: r.OutOrderNo, ServiceID: b.ServiceID}
	_, err := ledger.Apply[struct{}](ctx, s.ledger, t, rules.Modify{Body: b})
	return api.ModifyPartnerServiceOrder204Response{}, err
}

func (s operations) PayPartnerServiceOrder(ctx context.Context, r api.PayPartnerServiceOrderRequestObject) (api.PayPartnerServiceOrderResponseObject, error) {
	t := ledger.Target{SubMchID: r.Body.SubMchID, OutOrderNo: r.OutOrderNo, ServiceID: r.Body.ServiceID}
	_, err := ledger.Apply[struct{}](ctx, s.ledger, t, rules.Pay{})
	return api.PayPartnerServiceOrder204Response{}, err
}

func (s operations) SyncPartnerServiceOrder(ctx context.Context, r api.SyncPartnerServiceOrderRequestObject) (api.SyncPartnerServiceOrderResponseObject, error) {
	b := *r.Body
	t := ledger.Target{SubMchID: b.SubMchID, OutOrderNo: r.OutOrderNo, ServiceID: &b.ServiceID}
	_, err := ledger.Apply[struct{}](ctx, s.ledger, t, rules.Sync{Detail: b.Detail})
	return api.SyncPartnerServiceOrder204Response{}, err
}

func (s operations) SendPartnerServiceOrderPendingMessage(ctx context.Context, r api.SendPartnerServiceOrderPendingMessageRequestObject) (api.SendPartnerServiceOrderPendingMessageResponseObject, error) {
	b := *r.Body
	t := ledger.Target{SubMchID: b.SubMchID, OutOrderNo: r.OutOrderNo, ServiceID: &b.ServiceID}
	_, err := ledger.Apply[struct{}](ctx, s.ledger, t, rules.PendingMessage{Body: b})
	return api.SendPartnerServiceOrderPendingMessage204Response{}, err
}

func (s operations) SendPartnerServiceOrderPrepaidMessage(ctx context.Context, r api.SendPartnerServiceOrderPrepaidMessageRequestObject) (api.SendPartnerServiceOrderPrepaidMessageResponseObject, error) {
	b := *r.Body
	t := ledger.Target{SubMchID: b.SubMchID, OutOrderNo: r.OutOrderNo, ServiceID: &b.ServiceID}
	_, err := ledger.Apply[struct{}](ctx, s.ledger, t, rules.PrepaidMessage{Body: b})
	return api.SendPartnerServiceOrderPrepaidMessage204Response{}, err
}
