package edge

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// Overseas orders: those of partners, in a currency. They are served on the one
// address of the sandbox, though WeChat Pay has another host for them.

func overseasOrder(subMchID, outOrderNo, serviceID string, fits func(rules.Order) *rules.Refusal) ledger.Target {
	return ledger.Target{Family: rules.Overseas, SubMchID: subMchID, OutOrderNo: outOrderNo, ServiceID: &serviceID, Fits: fits}
}

func (s operations) CreateOverseasServiceOrder(ctx context.Context, r api.CreateOverseasServiceOrderRequestObject) (api.CreateOverseasServiceOrderResponseObject, error) {
	answer, err := ledger.Create[payscore.CreateOverseasServiceOrderResult](ctx, s.ledger, rules.Opening{
		Request: r.Body, Family: rules.Overseas, Currency: r.Body.Currency,
		Order: rules.As[payscore.CreatePartnerServiceOrderRequest](r.Body)})
	return api.CreateOverseasServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) QueryOverseasServiceOrder(ctx context.Context, r api.QueryOverseasServiceOrderRequestObject) (api.QueryOverseasServiceOrderResponseObject, error) {
	p := r.Params
	t := overseasOrder(p.SubMchID, "", p.ServiceID, nil)
	t.Query = true
	answer, err := ledger.Query[payscore.OverseasServiceOrderEntity](ctx, s.ledger, t, p.OutOrderNo, p.QueryID)
	return api.QueryOverseasServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CancelOverseasServiceOrder(ctx context.Context, r api.CancelOverseasServiceOrderRequestObject) (api.CancelOverseasServiceOrderResponseObject, error) {
	b := *r.Body
	t := overseasOrder(b.SubMchID, r.OutOrderNo, b.ServiceID, func(o rules.Order) *rules.Refusal { return o.CheckOverseasApp(b.AppID) })
	_, err := ledger.Apply[struct{}](ctx, s.ledger, t, rules.Cancel{Reason: b.Reason})
	return api.CancelOverseasServiceOrder204Response{}, err
}

func (s operations) CompleteOverseasServiceOrder(ctx context.Context, r api.CompleteOverseasServiceOrderRequestObject) (api.CompleteOverseasServiceOrderResponseObject, error) {
	b := *r.Body
	t := overseasOrder(b.SubMchID, r.OutOrderNo, b.ServiceID, func(o rules.Order) *rules.Refusal {
		if refused := o.CheckOverseasApp(b.AppID); refused != nil {
			return refused
		}
		return o.CheckCurrency(b.Currency)
	})
	_, err := ledger.Apply[struct{}](ctx, s.ledger, t, rules.Completion(b, rules.As[payscore.CompletePartnerServiceOrderRequest](b)))
	return api.CompleteOverseasServiceOrder204Response{}, err
}

func (s operations) SyncOverseasServiceOrder(ctx context.Context, r api.SyncOverseasServiceOrderRequestObject) (api.SyncOverseasServiceOrderResponseObject, error) {
	b := *r.Body
	detail := payscore.SyncDetail{PaidAmount: b.Detail.PaidAmount, PaidTime: rules.Chinese(b.Detail.PaidTime), Seq: b.Detail.Seq}
	_, err := ledger.Apply[struct{}](ctx, s.ledger, overseasOrder(b.SubMchID, r.OutOrderNo, b.ServiceID, nil), rules.Sync{Detail: detail})
	return api.SyncOverseasServiceOrder204Response{}, err
}
