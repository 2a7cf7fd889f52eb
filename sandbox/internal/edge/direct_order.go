package edge

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// The orders of a direct merchant: most requests name the app of the order, and
// most writes answer with the order.

func (s operations) CreateServiceOrder(ctx context.Context, r api.CreateServiceOrderRequestObject) (api.CreateServiceOrderResponseObject, error) {
	answer, err := ledger.Create[payscore.CreateServiceOrderResult](ctx, s.ledger, rules.Opening{
		Request: r.Body, Order: rules.As[payscore.CreatePartnerServiceOrderRequest](r.Body)})
	return api.CreateServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CreatePayOnDeliveryOrder(ctx context.Context, r api.CreatePayOnDeliveryOrderRequestObject) (api.CreatePayOnDeliveryOrderResponseObject, error) {
	answer, err := ledger.Create[payscore.CreatePayOnDeliveryOrderResult](ctx, s.ledger, rules.Opening{
		Request: r.Body,
		Order:   rules.As[payscore.CreatePartnerServiceOrderRequest](r.Body), Shopping: &r.Body.ShoppingInfo})
	return api.CreatePayOnDeliveryOrder200JSONResponse{Body: answer}, err
}

func (s operations) DirectCompleteServiceOrder(ctx context.Context, r api.DirectCompleteServiceOrderRequestObject) (api.DirectCompleteServiceOrderResponseObject, error) {
	answer, err := ledger.Create[payscore.DirectCompleteServiceOrderResult](ctx, s.ledger, rules.Opening{
		Request:    r.Body,
		Order:      rules.As[payscore.CreatePartnerServiceOrderRequest](r.Body),
		Completion: new(rules.As[payscore.CompletePartnerServiceOrderRequest](r.Body))})
	return api.DirectCompleteServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) QueryServiceOrder(ctx context.Context, r api.QueryServiceOrderRequestObject) (api.QueryServiceOrderResponseObject, error) {
	p := r.Params
	answer, err := ledger.Query[payscore.DirectServiceOrderEntity](ctx, s.ledger,
		ledger.Target{ServiceID: &p.ServiceID, AppID: &p.AppID, Query: true}, p.OutOrderNo, p.QueryID)
	return api.QueryServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CancelServiceOrder(ctx context.Context, r api.CancelServiceOrderRequestObject) (api.CancelServiceOrderResponseObject, error) {
	t := ledger.Target{OutOrderNo: r.OutOrderNo, ServiceID: r.Body.ServiceID, AppID: &r.Body.AppID}
	answer, err := ledger.Apply[payscore.CancelServiceOrderResult](ctx, s.ledger, t, rules.Cancel{Reason: r.Body.Reason})
	return api.CancelServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CompleteServiceOrder(ctx context.Context, r api.CompleteServiceOrderRequestObject) (api.CompleteServiceOrderResponseObject, error) {
	t := ledger.Target{OutOrderNo: r.OutOrderNo, ServiceID: &r.Body.ServiceID, AppID: &r.Body.AppID}
	answer, err := ledger.Apply[payscore.CompleteServiceOrderResult](ctx, s.ledger, t, rules.Completion(r.Body, rules.As[payscore.CompletePartnerServiceOrderRequest](r.Body)))
	return api.CompleteServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) ModifyServiceOrder(ctx context.Context, r api.ModifyServiceOrderRequestObject) (api.ModifyServiceOrderResponseObject, error) {
	t := ledger.Target{OutOrderNo: r.OutOrderNo, ServiceID: &r.Body.ServiceID, AppID: &r.Body.AppID}
	answer, err := ledger.Apply[payscore.DirectServiceOrderEntity](ctx, s.ledger, t, rules.Modify{Body: rules.As[payscore.ModifyPartnerServiceOrderRequest](r.Body)})
	return api.ModifyServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) PayServiceOrder(ctx context.Context, r api.PayServiceOrderRequestObject) (api.PayServiceOrderResponseObject, error) {
	t := ledger.Target{OutOrderNo: r.OutOrderNo, ServiceID: r.Body.ServiceID, AppID: r.Body.AppID}
	answer, err := ledger.Apply[payscore.PayServiceOrderResult](ctx, s.ledger, t, rules.Pay{})
	return api.PayServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) SyncServiceOrder(ctx context.Context, r api.SyncServiceOrderRequestObject) (api.SyncServiceOrderResponseObject, error) {
	t := ledger.Target{OutOrderNo: r.OutOrderNo, ServiceID: &r.Body.ServiceID, AppID: &r.Body.AppID}
	answer, err := ledger.Apply[payscore.DirectServiceOrderEntity](ctx, s.ledger, t, rules.Sync{Detail: r.Body.Detail})
	return api.SyncServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) SendServiceOrderPendingMessage(ctx context.Context, r api.SendServiceOrderPendingMessageRequestObject) (api.SendServiceOrderPendingMessageResponseObject, error) {
	t := ledger.Target{OutOrderNo: r.OutOrderNo, ServiceID: &r.Body.ServiceID, AppID: r.Body.AppID}
	_, err := ledger.Apply[struct{}](ctx, s.ledger, t, rules.PendingMessage{Body: rules.As[payscore.SendPartnerServiceOrderMessageRequest](r.Body)})
	return api.SendServiceOrderPendingMessage204Response{}, err
}

func (s operations) SendServiceOrderPrepaidMessage(ctx context.Context, r api.SendServiceOrderPrepaidMessageRequestObject) (api.SendServiceOrderPrepaidMessageResponseObject, error) {
	t := ledger.Target{OutOrderNo: r.OutOrderNo, ServiceID: &r.Body.ServiceID, AppID: r.Body.AppID}
	_, err := ledger.Apply[struct{}](ctx, s.ledger, t, rules.PrepaidMessage{Body: rules.As[payscore.SendPartnerServiceOrderMessageRequest](r.Body)})
	return api.SendServiceOrderPrepaidMessage204Response{}, err
}
