package sandbox

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

// Stages that an operation asks for by name. What follows from which is in
// the contract.
const (
	stageCreated     = "CREATED"
	stageUserConfirm = "USER_CONFIRM"
	stageUserPaying  = "USER_PAYING"
	stageRevoked     = "REVOKED"
)

// served are the operations of the contract that the sandbox carries out.
var served = map[string]bool{
	"createPartnerServiceOrder":   true,
	"queryPartnerServiceOrder":    true,
	"cancelPartnerServiceOrder":   true,
	"completePartnerServiceOrder": true,
	"modifyPartnerServiceOrder":   true,
	"payPartnerServiceOrder":      true,
	"syncPartnerServiceOrder":     true,

	"applyPartnerPermission":                        true,
	"applyPartnerPermissionForScene":                true,
	"searchPartnerPermission":                       true,
	"terminatePartnerPermission":                    true,
	"queryPartnerPermissionByAuthorizationCode":     true,
	"terminatePartnerPermissionByAuthorizationCode": true,
	"assessPartnerUserRiskLevel":                    true,
	"applyPartnerServiceAccount":                    true,
	"queryPartnerServiceAccountApplication":         true,
	"queryPartnerServiceQuotas":                     true,
	"applyPermission":                               true,
	"queryPermissionByAuthorizationCode":            true,
	"terminatePermissionByAuthorizationCode":        true,
	"queryPermissionByOpenid":                       true,
	"terminatePermissionByOpenid":                   true,
	"assessUserRiskLevel":                           true,
	"createRefund":                                  true,
	"queryRefund":                                   true,
	"downloadCertificates":                          true,
	"echoSecurity":                                  true,
}

// operations carries out what signature and contract let through. What is not
// served never gets here, so that the embedded interface stays nil.
type operations struct {
	*Sandbox
	api.StrictServerInterface
}

func (s operations) CreatePartnerServiceOrder(_ context.Context, r api.CreatePartnerServiceOrderRequestObject) (api.CreatePartnerServiceOrderResponseObject, error) {
	b := *r.Body
	if refused := s.checkCreate(b); refused != nil {
		return nil, refused
	}
	request, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	var answer payscore.CreatePartnerServiceOrderResponse
	err = s.update(func() error {
		answer, err = s.create(b, string(request))
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.CreatePartnerServiceOrder200JSONResponse{Body: answer}, nil
}

// create makes an order, unless it is there. The caller holds s.mu.
func (s operations) create(b payscore.CreatePartnerServiceOrderRequest, request string) (payscore.CreatePartnerServiceOrderResponse, error) {
	if o := s.orders.get(orderKey(b.SubMchID, b.OutOrderNo)); o != nil {
		if o.Created != request {
			return payscore.CreatePartnerServiceOrderResponse{}, refuse(http.StatusBadRequest, "INVALID_REQUEST", numberReentry, "订单重入参数校验失败")
		}
		return o.Answer, nil
	}
	o := &order{CreatedAt: s.now(), Created: request, Entity: payscore.ServiceOrderEntity{
		OutOrderNo: b.OutOrderNo, ServiceID: b.ServiceID, AppID: b.AppID, MchID: s.credentials.account.MchID,
		SubAppID: b.SubAppID, SubMchID: new(b.SubMchID), ServiceIntroduction: b.ServiceIntroduction,
		PostPayments: b.PostPayments, PostDiscounts: b.PostDiscounts, RiskFund: &b.RiskFund, TimeRange: &b.TimeRange,
		Location: b.Location, Attach: b.Attach, NotifyURL: new(b.NotifyURL), OpenID: b.OpenID, SubOpenID: b.SubOpenID,
		OrderID: new(s.number("10")),
	}}
	initial := stageCreated
	if b.NeedUserConfirm != nil && !*b.NeedUserConfirm {
		initial = stageUserConfirm
	}
	s.become(o, initial)
	e := o.Entity
	o.Answer = payscore.CreatePartnerServiceOrderResponse{
		OutOrderNo: e.OutOrderNo, ServiceID: e.ServiceID, AppID: e.AppID, MchID: e.MchID, SubAppID: e.SubAppID, SubMchID: *e.SubMchID,
		ServiceIntroduction: e.ServiceIntroduction, State: e.State, StateDescription: e.StateDescription,
		PostPayments: e.PostPayments, PostDiscounts: e.PostDiscounts, RiskFund: e.RiskFund, TimeRange: e.TimeRange,
		Location: e.Location, Attach: e.Attach, NotifyURL: e.NotifyURL, OrderID: *e.OrderID,
	}
	if initial == stageCreated {
		o.Answer.Package = new("sandbox_package_" + *e.OrderID)
	}
	o.Answer = clone(o.Answer)
	return o.Answer, nil
}

func (s operations) QueryPartnerServiceOrder(_ context.Context, r api.QueryPartnerServiceOrderRequestObject) (api.QueryPartnerServiceOrderResponseObject, error) {
	p := r.Params
	if (p.OutOrderNo == nil) == (p.QueryID == nil) {
		return nil, paramError("query", "out_order_no", "商户服务订单号与查单ID必须且只能传一个", "give exactly one of out_order_no and query_id")
	}
	outOrderNo := p.OutOrderNo
	if outOrderNo == nil {
		// The sandbox hands out no query_id yet, so none is known.
		outOrderNo = new("")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, refused := s.findBy("query", "service_id", p.SubMchID, *outOrderNo, p.ServiceID)
	if refused != nil {
		return nil, refused
	}
	return api.QueryPartnerServiceOrder200JSONResponse{Body: clone(o.Entity)}, nil
}

// change carries an operation out on an order, unless the contract says that
// its stage does not allow it. What do refuses must leave the order as it was.
func (s operations) change(operationID, subMchID, outOrderNo string, serviceID *string, do func(*order, stageRule) *refusal) error {
	return s.update(func() error {
		o, refused := s.find(subMchID, outOrderNo, serviceID)
		if refused == nil {
			refused = s.allow(o, operationID)
		}
		if refused == nil {
			refused = do(o, s.contract.rules[operationID])
		}
		if refused != nil {
			return refused
		}
		return nil
	})
}

func (s operations) CancelPartnerServiceOrder(_ context.Context, r api.CancelPartnerServiceOrderRequestObject) (api.CancelPartnerServiceOrderResponseObject, error) {
	b := *r.Body
	if s.cancelledBefore(b, r.OutOrderNo) {
		return api.CancelPartnerServiceOrder204Response{}, nil
	}
	err := s.change("cancelPartnerServiceOrder", b.SubMchID, r.OutOrderNo, b.ServiceID, func(o *order, rule stageRule) *refusal {
		o.CancelReason = b.Reason
		// What was waiting for payment is not any more.
		o.Entity.Collection, o.Entity.NeedCollection = nil, nil
		s.become(o, rule.Becomes)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return api.CancelPartnerServiceOrder204Response{}, nil
}

// cancelledBefore tells a repeat with the same parameters, which succeeds.
func (s operations) cancelledBefore(b payscore.CancelPartnerServiceOrderRequest, outOrderNo string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, refused := s.find(b.SubMchID, outOrderNo, b.ServiceID)
	return refused == nil && o.Stage == stageRevoked && o.CancelReason == b.Reason
}

func (s operations) CompletePartnerServiceOrder(_ context.Context, r api.CompletePartnerServiceOrderRequestObject) (api.CompletePartnerServiceOrderResponseObject, error) {
	b := *r.Body
	err := s.change("completePartnerServiceOrder", b.SubMchID, r.OutOrderNo, &b.ServiceID, func(o *order, rule stageRule) *refusal {
		if refused := s.checkBill(o, b.PostPayments, b.PostDiscounts, b.TotalAmount); refused != nil {
			return refused
		}
		times := actualTimes(o.Entity.TimeRange, b.TimeRange)
		if refused := s.checkEnd(times); refused != nil {
			return refused
		}
		o.Entity.TimeRange = times
		if b.Location != nil {
			o.Entity.Location = b.Location
		}
		o.bill(b.PostPayments, b.PostDiscounts, b.TotalAmount)
		if b.TotalAmount == 0 {
			s.become(o, rule.BecomesAtZero)
		} else {
			s.become(o, rule.Becomes)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return api.CompletePartnerServiceOrder204Response{}, nil
}

func (s operations) ModifyPartnerServiceOrder(_ context.Context, r api.ModifyPartnerServiceOrderRequestObject) (api.ModifyPartnerServiceOrderResponseObject, error) {
	b := *r.Body
	err := s.change("modifyPartnerServiceOrder", b.SubMchID, r.OutOrderNo, b.ServiceID, func(o *order, rule stageRule) *refusal {
		if refused := s.checkBill(o, b.PostPayments, b.PostDiscounts, b.TotalAmount); refused != nil {
			return refused
		}
		if before := *o.Entity.TotalAmount; b.TotalAmount > before || b.TotalAmount == before && !s.lenientAmounts {
			return paramError("body", "/total_amount", "修改后的总金额必须小于修改前的总金额", "is not lower than the amount of the order")
		}
		o.bill(b.PostPayments, b.PostDiscounts, b.TotalAmount)
		s.become(o, rule.Becomes)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return api.ModifyPartnerServiceOrder204Response{}, nil
}

func (s operations) PayPartnerServiceOrder(_ context.Context, r api.PayPartnerServiceOrderRequestObject) (api.PayPartnerServiceOrderResponseObject, error) {
	b := *r.Body
	err := s.change("payPartnerServiceOrder", b.SubMchID, r.OutOrderNo, b.ServiceID, func(o *order, rule stageRule) *refusal {
		s.collect(o, payscore.PaidTypeNewton, s.now().In(chinaTime).Format(secondPrecision))
		s.become(o, rule.Becomes)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return api.PayPartnerServiceOrder204Response{}, nil
}

func (s operations) SyncPartnerServiceOrder(_ context.Context, r api.SyncPartnerServiceOrderRequestObject) (api.SyncPartnerServiceOrderResponseObject, error) {
	b := *r.Body
	err := s.change("syncPartnerServiceOrder", b.SubMchID, r.OutOrderNo, &b.ServiceID, func(o *order, rule stageRule) *refusal {
		paid, ok := parseTime(b.Detail.PaidTime)
		if !ok {
			return paramError("body", "/detail/paid_time", "收款成功时间格式错误", "is no date")
		}
		s.collect(o, payscore.PaidTypeMch, paid.Format(secondPrecision))
		s.become(o, rule.Becomes)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return api.SyncPartnerServiceOrder204Response{}, nil
}
