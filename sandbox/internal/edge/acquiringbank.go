package edge

import (
	"cmp"
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// The orders and permissions of acquiring institutions: those of partners, with
// a channel, and with deductions that the institution registers.

func bankOrder(subMchID string, channelID *string, outOrderNo string, serviceID *string) ledger.Target {
	return ledger.Target{Family: rules.AcquiringBank, SubMchID: subMchID, ChannelID: value(channelID), OutOrderNo: outOrderNo, ServiceID: serviceID}
}

func (s operations) CreateAcquiringBankServiceOrder(ctx context.Context, r api.CreateAcquiringBankServiceOrderRequestObject) (api.CreateAcquiringBankServiceOrderResponseObject, error) {
	answer, err := ledger.Create[payscore.CreateAcquiringBankServiceOrderResult](ctx, s.ledger, rules.Opening{
		Request: r.Body, Family: rules.AcquiringBank, ChannelID: r.Body.ChannelID,
		Order: rules.As[payscore.CreatePartnerServiceOrderRequest](r.Body)})
	return api.CreateAcquiringBankServiceOrder200JSONResponse{Body: answer}, err
}

// CreateAcquiringBankPayOnDeliveryOrder takes a request without a sub-merchant
// or channel, unless the sandbox holds ids together: not every source requires
// them. The order is then the account's sub-merchant's.
func (s operations) CreateAcquiringBankPayOnDeliveryOrder(ctx context.Context, r api.CreateAcquiringBankPayOnDeliveryOrderRequestObject) (api.CreateAcquiringBankPayOnDeliveryOrderResponseObject, error) {
	b := *r.Body
	if s.server.Bindings != nil {
		for name, id := range map[string]*string{"sub_mchid": b.SubMchID, "channel_id": b.ChannelID} {
			if id == nil {
				return nil, rules.ParamError("body", "/"+name, "缺少参数", "is missing")
			}
		}
	}
	order := rules.As[payscore.CreatePartnerServiceOrderRequest](b)
	order.SubMchID = cmp.Or(order.SubMchID, s.ledger.Account().SubMchID)
	answer, err := ledger.Create[payscore.CreateAcquiringBankPayOnDeliveryOrderResult](ctx, s.ledger, rules.Opening{
		Request: b, Family: rules.AcquiringBank, ChannelID: value(b.ChannelID), Order: order, Shopping: b.ShoppingInfo})
	return api.CreateAcquiringBankPayOnDeliveryOrder200JSONResponse{Body: answer}, err
}

func (s operations) QueryAcquiringBankServiceOrder(ctx context.Context, r api.QueryAcquiringBankServiceOrderRequestObject) (api.QueryAcquiringBankServiceOrderResponseObject, error) {
	p := r.Params
	t := bankOrder(p.SubMchID, &p.ChannelID, "", &p.ServiceID)
	t.Query = true
	answer, err := ledger.Query[payscore.AcquiringBankServiceOrderEntity](ctx, s.ledger, t, p.OutOrderNo, p.QueryID)
	return api.QueryAcquiringBankServiceOrder200JSONResponse{Body: answer}, err
}

func (s operations) CancelAcquiringBankServiceOrder(ctx context.Context, r api.CancelAcquiringBankServiceOrderRequestObject) (api.CancelAcquiringBankServiceOrderResponseObject, error) {
	b := *r.Body
	_, err := ledger.Apply[struct{}](ctx, s.ledger, bankOrder(b.SubMchID, &b.ChannelID, r.OutOrderNo, b.ServiceID), rules.Cancel{Reason: b.Reason})
	return api.CancelAcquiringBankServiceOrder204Response{}, err
}

func (s operations) CompleteAcquiringBankServiceOrder(ctx context.Context, r api.CompleteAcquiringBankServiceOrderRequestObject) (api.CompleteAcquiringBankServiceOrderResponseObject, error) {
	b := *r.Body
	_, err := ledger.Apply[struct{}](ctx, s.ledger, bankOrder(b.SubMchID, b.ChannelID, r.OutOrderNo, &b.ServiceID),
		rules.Completion(b, rules.As[payscore.CompletePartnerServiceOrderRequest](b)))
	return api.CompleteAcquiringBankServiceOrder204Response{}, err
}

func (s operations) ModifyAcquiringBankServiceOrder(ctx context.Context, r api.ModifyAcquiringBankServiceOrderRequestObject) (api.ModifyAcquiringBankServiceOrderResponseObject, error) {
	b := *r.Body
	_, err := ledger.Apply[struct{}](ctx, s.ledger, bankOrder(b.SubMchID, b.ChannelID, r.OutOrderNo, &b.ServiceID),
		rules.Modify{Body: rules.As[payscore.ModifyPartnerServiceOrderRequest](b)})
	return api.ModifyAcquiringBankServiceOrder204Response{}, err
}

func (s operations) SyncAcquiringBankServiceOrder(ctx context.Context, r api.SyncAcquiringBankServiceOrderRequestObject) (api.SyncAcquiringBankServiceOrderResponseObject, error) {
	b := *r.Body
	_, err := ledger.Apply[struct{}](ctx, s.ledger, bankOrder(b.SubMchID, b.ChannelID, r.OutOrderNo, &b.ServiceID), rules.Sync{Detail: b.Detail})
	return api.SyncAcquiringBankServiceOrder204Response{}, err
}

// RegisterAcquiringBankDeduction registers the number of the order when none is
// given, unless the sandbox holds ids together. No page says what happens then.
func (s operations) RegisterAcquiringBankDeduction(ctx context.Context, r api.RegisterAcquiringBankDeductionRequestObject) (api.RegisterAcquiringBankDeductionResponseObject, error) {
	b := *r.Body
	if b.OutTradeNo == nil { // one page requires it, and others do not
		if s.server.Bindings != nil {
			return nil, rules.ParamError("body", "/out_trade_no", "缺少商户扣款单号", "is missing")
		}
		b.OutTradeNo = &r.OutOrderNo
	}
	t := bankOrder(b.SubMchID, &b.ChannelID, r.OutOrderNo, &b.ServiceID)
	t.AppID = b.AppID
	order, err := ledger.Apply[payscore.AcquiringBankServiceOrderEntity](ctx, s.ledger, t, rules.Register{OutTradeNo: *b.OutTradeNo})
	return api.RegisterAcquiringBankDeduction200JSONResponse{Body: payscore.RegisterAcquiringBankDeductionResult{
		Description: &order.ServiceIntroduction}}, err
}

// QueryAcquiringBankDeduction takes a query without a number for one about the
// newest order that has a deduction, unless the sandbox holds ids together.
func (s operations) QueryAcquiringBankDeduction(ctx context.Context, r api.QueryAcquiringBankDeductionRequestObject) (api.QueryAcquiringBankDeductionResponseObject, error) {
	p := r.Params
	if p.OutOrderNo == nil && s.server.Bindings != nil { // one page requires it, and others do not
		return nil, rules.ParamError("query", "out_order_no", "缺少商户服务订单号", "is missing")
	}
	t := bankOrder(p.SubMchID, &p.ChannelID, value(p.OutOrderNo), &p.ServiceID)
	t.Query = true
	answer, err := s.ledger.Registration(ctx, t, p.AppID)
	return api.QueryAcquiringBankDeduction200JSONResponse{Body: answer}, err
}

func (s operations) ApplyAcquiringBankPermission(ctx context.Context, r api.ApplyAcquiringBankPermissionRequestObject) (api.ApplyAcquiringBankPermissionResponseObject, error) {
	b := *r.Body
	token, err := s.ledger.Ask(ctx, rules.PermissionRequest{
		Family: rules.AcquiringBank, ChannelID: b.ChannelID, SubMchID: b.SubMchID, ServiceID: b.ServiceID, AppID: b.AppID,
		SubAppID: value(b.SubAppID), Code: b.AuthorizationCode, NotifyURL: value(b.NotifyURL),
	})
	return api.ApplyAcquiringBankPermission200JSONResponse{Body: payscore.ApplyPermissionResult{ApplyPermissionsToken: token}}, err
}

func (s operations) QueryAcquiringBankPermissionByAuthorizationCode(ctx context.Context, r api.QueryAcquiringBankPermissionByAuthorizationCodeRequestObject) (api.QueryAcquiringBankPermissionByAuthorizationCodeResponseObject, error) {
	p, _, err := s.ledger.Permission(ctx, ledger.Asked{
		Family: rules.AcquiringBank, ChannelID: r.Params.ChannelID, SubMchID: r.Params.SubMchID, ServiceID: r.Params.ServiceID, Code: r.AuthorizationCode})
	if err != nil {
		return nil, err
	}
	return api.QueryAcquiringBankPermissionByAuthorizationCode200JSONResponse{Body: p.AcquiringBank(s.terms())}, nil
}

func (s operations) TerminateAcquiringBankPermissionByAuthorizationCode(ctx context.Context, r api.TerminateAcquiringBankPermissionByAuthorizationCodeRequestObject) (api.TerminateAcquiringBankPermissionByAuthorizationCodeResponseObject, error) {
	b := *r.Body
	err := s.ledger.Terminate(ctx, ledger.Asked{
		Family: rules.AcquiringBank, ChannelID: value(b.ChannelID), SubMchID: b.SubMchID, ServiceID: b.ServiceID, Code: r.AuthorizationCode}, b.Reason)
	return api.TerminateAcquiringBankPermissionByAuthorizationCode204Response{}, err
}
