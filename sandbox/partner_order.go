package sandbox

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

// The orders of a partner's sub-merchants: writes answer 204, except those
// that create an order.

func (s operations) CreatePartnerServiceOrder(ctx context.Context, r api.CreatePartnerServiceOrderRequestObject) (api.CreatePartnerServiceOrderResponseObject, error) {
	answer, err := create[payscore.CreatePartnerServiceOrderResult](ctx, s.Sandbox, opening{
		request: r.Body, order: *r.Body})
	return api.CreatePartnerServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CreatePartnerPayOnDeliveryOrder(ctx context.Context, r api.CreatePartnerPayOnDeliveryOrderRequestObject) (api.CreatePartnerPayOnDeliveryOrderResponseObject, error) {
	answer, err := create[payscore.CreatePartnerPayOnDeliveryOrderResult](ctx, s.Sandbox, opening{
		request: r.Body,
		order:   as[payscore.CreatePartnerServiceOrderRequest](r.Body), shopping: &r.Body.ShoppingInfo})
	return api.CreatePartnerPayOnDeliveryOrder200JSONResponse{Body: answer}, err
}

func (s operations) DirectCompletePartnerServiceOrder(ctx context.Context, r api.DirectCompletePartnerServiceOrderRequestObject) (api.DirectCompletePartnerServiceOrderResponseObject, error) {
	_, err := create[struct{}](ctx, s.Sandbox, opening{
		request:    r.Body,
		order:      as[payscore.CreatePartnerServiceOrderRequest](r.Body),
		completion: new(as[payscore.CompletePartnerServiceOrderRequest](r.Body))})
	return api.DirectCompletePartnerServiceOrder204Response{}, err
}

func (s operations) QueryPartnerServiceOrder(ctx context.Context, r api.QueryPartnerServiceOrderRequestObject) (api.QueryPartnerServiceOrderResponseObject, error) {
	p := r.Params
	answer, err := query[payscore.ServiceOrderEntity](ctx, s.Sandbox,
		target{subMchID: p.SubMchID, serviceID: p.ServiceID, query: true}, p.OutOrderNo, p.QueryID)
	return api.QueryPartnerServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CancelPartnerServiceOrder(ctx context.Context, r api.CancelPartnerServiceOrderRequestObject) (api.CancelPartnerServiceOrderResponseObject, error) {
	b := *r.Body
	t := target{subMchID: b.SubMchID, outOrderNo: r.OutOrderNo, serviceID: b.ServiceID}
	_, err := cancel[struct{}](ctx, s.Sandbox, "cancelPartnerServiceOrder", t, b)
	return api.CancelPartnerServiceOrder204Response{}, err
}

func (s operations) CompletePartnerServiceOrder(ctx context.Context, r api.CompletePartnerServiceOrderRequestObject) (api.CompletePartnerServiceOrderResponseObject, error) {
	b := *r.Body
	t := target{subMchID: b.SubMchID, outOrderNo: r.OutOrderNo, serviceID: &b.ServiceID}
	_, err := complete[struct{}](ctx, s.Sandbox, "completePartnerServiceOrder", t, b, b)
	return api.CompletePartnerServiceOrder204Response{}, err
}

func (s operations) ModifyPartnerServiceOrder(ctx context.Context, r api.ModifyPartnerServiceOrderRequestObject) (api.ModifyPartnerServiceOrderResponseObject, error) {
	b := *r.Body
	t := target{subMchID: b.SubMchID, outOrderNo: r.OutOrderNo, serviceID: b.ServiceID}
	_, err := carryOut[struct{}](ctx, s.Sandbox, "modifyPartnerServiceOrder", t, func(o *order, rule stageRule) *refusal {
		return s.modify(o, rule, b)
	})
	return api.ModifyPartnerServiceOrder204Response{}, err
}

func (s operations) PayPartnerServiceOrder(ctx context.Context, r api.PayPartnerServiceOrderRequestObject) (api.PayPartnerServiceOrderResponseObject, error) {
	t := target{subMchID: r.Body.SubMchID, outOrderNo: r.OutOrderNo, serviceID: r.Body.ServiceID}
	_, err := carryOut[struct{}](ctx, s.Sandbox, "payPartnerServiceOrder", t, s.pay)
	return api.PayPartnerServiceOrder204Response{}, err
}

func (s operations) SyncPartnerServiceOrder(ctx context.Context, r api.SyncPartnerServiceOrderRequestObject) (api.SyncPartnerServiceOrderResponseObject, error) {
	b := *r.Body
	t := target{subMchID: b.SubMchID, outOrderNo: r.OutOrderNo, serviceID: &b.ServiceID}
	_, err := carryOut[struct{}](ctx, s.Sandbox, "syncPartnerServiceOrder", t, func(o *order, rule stageRule) *refusal {
		return s.sync(o, rule, b.Detail)
	})
	return api.SyncPartnerServiceOrder204Response{}, err
}

func (s operations) SendPartnerServiceOrderPendingMessage(ctx context.Context, r api.SendPartnerServiceOrderPendingMessageRequestObject) (api.SendPartnerServiceOrderPendingMessageResponseObject, error) {
	b := *r.Body
	t := target{subMchID: b.SubMchID, outOrderNo: r.OutOrderNo, serviceID: &b.ServiceID}
	_, err := carryOut[struct{}](ctx, s.Sandbox, "sendPartnerServiceOrderPendingMessage", t, func(o *order, _ stageRule) *refusal {
		return s.pendingMessage(o, b)
	})
	return api.SendPartnerServiceOrderPendingMessage204Response{}, err
}

func (s operations) SendPartnerServiceOrderPrepaidMessage(ctx context.Context, r api.SendPartnerServiceOrderPrepaidMessageRequestObject) (api.SendPartnerServiceOrderPrepaidMessageResponseObject, error) {
	b := *r.Body
	t := target{subMchID: b.SubMchID, outOrderNo: r.OutOrderNo, serviceID: &b.ServiceID}
	_, err := carryOut[struct{}](ctx, s.Sandbox, "sendPartnerServiceOrderPrepaidMessage", t, func(o *order, _ stageRule) *refusal {
		return s.prepaidMessage(o, b)
	})
	return api.SendPartnerServiceOrderPrepaidMessage204Response{}, err
}
