package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// What the operations do to an order. The bodies are those of the partner's;
// a direct merchant's have the same fields. A refusal leaves the order as it was.

// cancel withdraws an order. A repeat with the same reason succeeds.
func cancel[T any](ctx context.Context, s *Sandbox, operationID string, t target, b payscore.CancelPartnerServiceOrderRequest) (T, error) {
	var answer T
	err := s.update(ctx, func() error {
		o, refused := s.find(t)
		if refused == nil && (o.Stage != stageRevoked || o.CancelReason != b.Reason) {
			refused = s.carryOutOn(operationID, o, func(o *order, rule stageRule) *refusal {
				o.CancelReason = b.Reason
				// What was waiting for payment is not any more.
				o.Entity.Collection, o.Entity.NeedCollection = nil, nil
				s.become(o, rule.becomes(o))
				return nil
			})
		}
		if refused != nil {
			return refused
		}
		answer = as[T](o.Entity)
		return nil
	})
	return answer, err
}

// complete states the final amount. request is the body as it came. A repeat
// with the same parameters succeeds and changes nothing while the order waits
// for payment. The sources disagree on that stage, and x-wechatpay-reentry says
// why the parameters decide and not the stage. What they say of later stages is
// nothing, so that the refusals of the stages stand.
func complete[T any](ctx context.Context, s *Sandbox, operationID string, t target, request any, b payscore.CompletePartnerServiceOrderRequest) (T, error) {
	var answer T
	body, err := json.Marshal(request)
	if err != nil {
		return answer, err
	}
	hash := sha256.Sum256(body)
	err = s.update(ctx, func() error {
		o, refused := s.find(t)
		repeated := refused == nil && o.Stage == stageUserPaying && o.Deduction == nil && bytes.Equal(o.Completed, hash[:])
		if refused == nil && !repeated {
			refused = s.carryOutOn(operationID, o, func(o *order, rule stageRule) *refusal { return s.complete(o, rule, b, hash[:]) })
		}
		if refused != nil {
			return refused
		}
		answer = as[T](o.Entity)
		return nil
	})
	return answer, err
}

func (s *Sandbox) complete(o *order, rule stageRule, b payscore.CompletePartnerServiceOrderRequest, hash []byte) *refusal {
	if refused := s.checkBill(o.Entity.RiskFund, b.PostPayments, b.PostDiscounts, b.TotalAmount); refused != nil {
		return refused
	}
	times := actualTimes(o.Entity.TimeRange, b.TimeRange)
	if refused := s.checkEnd(times, o.Entity.TimeRange); refused != nil {
		return refused
	}
	location := actualLocation(o.Entity.Location, b.Location)
	if refused := checkLocation(location); refused != nil {
		return refused
	}
	o.Entity.TimeRange, o.Entity.Location = times, location
	o.ProfitSharing, o.GoodsTag = isTrue(b.ProfitSharing), value(b.GoodsTag)
	o.device(b.Device)
	o.bill(b.PostPayments, b.PostDiscounts, b.TotalAmount)
	o.Completed = hash
	s.become(o, rule.becomes(o))
	return nil
}

// modify keeps an order that is lowered to 0 waiting for payment: what becomes
// of it is not published.
func (s *Sandbox) modify(o *order, rule stageRule, b payscore.ModifyPartnerServiceOrderRequest) *refusal {
	if o.Deposit {
		// The code is not published.
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", 0, "用户已支付押金的订单不能修改金额")
	}
	if refused := s.checkBill(o.Entity.RiskFund, b.PostPayments, b.PostDiscounts, b.TotalAmount); refused != nil {
		return refused
	}
	if before := *o.Entity.TotalAmount; b.TotalAmount > before || b.TotalAmount == before && !s.lenientAmounts {
		return paramError("body", "/total_amount", "修改后的总金额必须小于修改前的总金额", "is not lower than the amount of the order")
	}
	o.device(b.Device)
	o.bill(b.PostPayments, b.PostDiscounts, b.TotalAmount)
	s.become(o, rule.becomes(o))
	return nil
}

// pay deducts at once, where the user can pay. That an accepted call may leave
// the order waiting is done by [User] and by moves.
func (s *Sandbox) pay(o *order, rule stageRule) *refusal {
	if s.user(o.Entity.OpenID, o.Entity.SubOpenID).CannotPay {
		// The code is not published.
		return refuseNumber(http.StatusBadRequest, "INVALID_REQUEST", numberNoMoney)
	}
	s.collect(o, payscore.PaidTypeNewton, chinese(s.now()))
	s.become(o, rule.becomes(o))
	s.notify(o, userPaid)
	return nil
}

// sync takes a payment that came in elsewhere. WeChat Pay collected nothing
// and so notifies of nothing.
func (s *Sandbox) sync(o *order, rule stageRule, detail payscore.SyncDetail) *refusal {
	paid, ok := parseTime(detail.PaidTime)
	if !ok {
		return paramError("body", "/detail/paid_time", "收款成功时间格式错误", "is no date")
	}
	// No page says what a differing amount does: it is refused.
	if detail.PaidAmount != nil && *detail.PaidAmount != *o.Entity.TotalAmount {
		return paramError("body", "/detail/paid_amount", "收款金额与订单不一致", "is not the amount of the order")
	}
	s.collect(o, payscore.PaidTypeMch, paid.Format(secondPrecision))
	s.become(o, rule.becomes(o))
	return nil
}

// message sends the user one of the two messages, each once for an order.
func (s *Sandbox) message(o *order, sent *bool, b payscore.SendPartnerServiceOrderMessageRequest) *refusal {
	if refused := s.checkBill(o.Entity.RiskFund, b.PostPayments, b.PostDiscounts, b.TotalAmount); refused != nil {
		return refused
	}
	if refused := s.checkPrepaidTime(b.PrepaidTime); refused != nil {
		return refused
	}
	if *sent {
		// The code is not published.
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", 0, "该订单的消息已下发")
	}
	*sent = true
	s.orders.put(o.key(), o)
	return nil
}

func (s *Sandbox) prepaidMessage(o *order, b payscore.SendPartnerServiceOrderMessageRequest) *refusal {
	return s.message(o, &o.PrepaidMessage, b)
}

// pendingMessage may be sent while the service runs and while its fees are
// pending. No page says when: the other stages are refused as those of the
// prepaid message are.
func (s *Sandbox) pendingMessage(o *order, b payscore.SendPartnerServiceOrderMessageRequest) *refusal {
	if o.Stage != stageUserPaying {
		if refused := s.allow(o, "sendPartnerServiceOrderPrepaidMessage"); refused != nil {
			return refused
		}
	}
	return s.message(o, &o.PendingMessage, b)
}

// device puts what a request says of the devices over what is known.
func (o *order) device(d *payscore.Device) {
	if d == nil {
		return
	}
	known := payscore.Device{}
	if o.Device != nil {
		known = *o.Device
	}
	for _, field := range []struct{ into, from **string }{
		{&known.StartDeviceID, &d.StartDeviceID}, {&known.EndDeviceID, &d.EndDeviceID}, {&known.MaterielNo, &d.MaterielNo},
	} {
		if *field.from != nil {
			*field.into = *field.from
		}
	}
	o.Device = &known
}
