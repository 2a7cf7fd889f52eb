package sandbox

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

// The orders of a direct merchant: each request names the app of the order,
// and most writes answer with the order.

func (s operations) CreateServiceOrder(ctx context.Context, r api.CreateServiceOrderRequestObject) (api.CreateServiceOrderResponseObject, error) {
	answer, err := create[payscore.CreateServiceOrderResult](ctx, s.Sandbox, opening{
		request: r.Body, order: as[payscore.CreatePartnerServiceOrderRequest](r.Body)})
	return api.CreateServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CreatePayOnDeliveryOrder(ctx context.Context, r api.CreatePayOnDeliveryOrderRequestObject) (api.CreatePayOnDeliveryOrderResponseObject, error) {
	answer, err := create[payscore.CreatePayOnDeliveryOrderResult](ctx, s.Sandbox, opening{
		request: r.Body,
		order:   as[payscore.CreatePartnerServiceOrderRequest](r.Body), shopping: &r.Body.ShoppingInfo})
	return api.CreatePayOnDeliveryOrder200JSONResponse{Body: answer}, err
}

func (s operations) DirectCompleteServiceOrder(ctx context.Context, r api.DirectCompleteServiceOrderRequestObject) (api.DirectCompleteServiceOrderResponseObject, error) {
	answer, err := create[payscore.DirectCompleteServiceOrderResult](ctx, s.Sandbox, opening{
		request:    r.Body,
		order:      as[payscore.CreatePartnerServiceOrderRequest](r.Body),
		completion: new(as[payscore.CompletePartnerServiceOrderRequest](r.Body))})
	return api.DirectCompleteServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) QueryServiceOrder(ctx context.Context, r api.QueryServiceOrderRequestObject) (api.QueryServiceOrderResponseObject, error) {
	p := r.Params
	answer, err := query[payscore.DirectServiceOrderEntity](ctx, s.Sandbox,
		target{serviceID: &p.ServiceID, appID: &p.AppID, query: true}, p.OutOrderNo, p.QueryID)
	return api.QueryServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CancelServiceOrder(ctx context.Context, r api.CancelServiceOrderRequestObject) (api.CancelServiceOrderResponseObject, error) {
	t := target{outOrderNo: r.OutOrderNo, serviceID: r.Body.ServiceID, appID: &r.Body.AppID}
	answer, err := cancel[payscore.CancelServiceOrderResult](ctx, s.Sandbox, "cancelServiceOrder", t,
		as[payscore.CancelPartnerServiceOrderRequest](r.Body))
	return api.CancelServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CompleteServiceOrder(ctx context.Context, r api.CompleteServiceOrderRequestObject) (api.CompleteServiceOrderResponseObject, error) {
	t := target{outOrderNo: r.OutOrderNo, serviceID: &r.Body.ServiceID, appID: &r.Body.AppID}
	answer, err := complete[payscore.CompleteServiceOrderResult](ctx, s.Sandbox, "completeServiceOrder", t, r.Body,
		as[payscore.CompletePartnerServiceOrderRequest](r.Body))
	return api.CompleteServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) ModifyServiceOrder(ctx context.Context, r api.ModifyServiceOrderRequestObject) (api.ModifyServiceOrderResponseObject, error) {
	t := target{outOrderNo: r.OutOrderNo, serviceID: &r.Body.ServiceID, appID: &r.Body.AppID}
	answer, err := carryOut[payscore.DirectServiceOrderEntity](ctx, s.Sandbox, "modifyServiceOrder", t, func(o *order, rule stageRule) *refusal {
		return s.modify(o, rule, as[payscore.ModifyPartnerServiceOrderRequest](r.Body))
	})
	return api.ModifyServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) PayServiceOrder(ctx context.Context, r api.PayServiceOrderRequestObject) (api.PayServiceOrderResponseObject, error) {
	t := target{outOrderNo: r.OutOrderNo, serviceID: &r.Body.ServiceID, appID: &r.Body.AppID}
	answer, err := carryOut[payscore.PayServiceOrderResult](ctx, s.Sandbox, "payServiceOrder", t, s.pay)
	return api.PayServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) SyncServiceOrder(ctx context.Context, r api.SyncServiceOrderRequestObject) (api.SyncServiceOrderResponseObject, error) {
	t := target{outOrderNo: r.OutOrderNo, serviceID: &r.Body.ServiceID, appID: &r.Body.AppID}
	answer, err := carryOut[payscore.DirectServiceOrderEntity](ctx, s.Sandbox, "syncServiceOrder", t, func(o *order, rule stageRule) *refusal {
		return s.sync(o, rule, r.Body.Detail)
	})
	return api.SyncServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) SendServiceOrderPendingMessage(ctx context.Context, r api.SendServiceOrderPendingMessageRequestObject) (api.SendServiceOrderPendingMessageResponseObject, error) {
	t := target{outOrderNo: r.OutOrderNo, serviceID: &r.Body.ServiceID, appID: &r.Body.AppID}
	_, err := carryOut[struct{}](ctx, s.Sandbox, "sendServiceOrderPendingMessage", t, func(o *order, _ stageRule) *refusal {
		return s.pendingMessage(o, as[payscore.SendPartnerServiceOrderMessageRequest](r.Body))
	})
	return api.SendServiceOrderPendingMessage204Response{}, err
}

func (s operations) SendServiceOrderPrepaidMessage(ctx context.Context, r api.SendServiceOrderPrepaidMessageRequestObject) (api.SendServiceOrderPrepaidMessageResponseObject, error) {
	t := target{outOrderNo: r.OutOrderNo, serviceID: &r.Body.ServiceID, appID: &r.Body.AppID}
	_, err := carryOut[struct{}](ctx, s.Sandbox, "sendServiceOrderPrepaidMessage", t, func(o *order, _ stageRule) *refusal {
		return s.prepaidMessage(o, as[payscore.SendPartnerServiceOrderMessageRequest](r.Body))
	})
	return api.SendServiceOrderPrepaidMessage204Response{}, err
}
