package rules

import (
	"bytes"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Command is what an operation of the API does to an order. The bodies are
// those of the partner's; a direct merchant's have the same fields.
type Command interface {
	// apply changes the order, unless it refuses.
	apply(c *change) *Refusal
}

// Operation is a command that the stages of an order allow or refuse. Its name
// is what its operationId has before and after the side.
type Operation interface {
	Command
	verb() (first, last string)
}

// operationID is the name of the operation on the orders of a side.
func operationID(o Operation, side string) string {
	first, last := o.verb()
	return first + side + last
}

// Apply carries an operation out on an order, unless its stage or the rules do
// not allow it: then the order stays as it was.
func Apply(o Order, command Operation, t Terms) (Order, Effects, *Refusal) {
	if r, ok := command.(interface{ repeats(Order) bool }); ok && r.repeats(o) {
		return o, Effects{Repeat: true}, nil
	}
	if o.Deduction != nil {
		// The code is not published. The facts name modify, cancel, sync and
		// complete; the sandbox refuses whatever changes the order.
		return o, Effects{}, RefuseNumber(badRequest, "INVALID_REQUEST", catalog.NumberDeductionRunning)
	}
	id := operationID(command, o.side())
	if refused := allow(o, id); refused != nil {
		return o, Effects{}, refused
	}
	c := &change{Order: o, terms: t, operation: id}
	if refused := command.apply(c); refused != nil {
		return o, Effects{}, refused
	}
	return c.Order, c.Effects, nil
}

// allow refuses an operation that the order's stage does not allow.
func allow(o Order, operationID string) *Refusal {
	refused, ok := catalog.RefusalOf(catalog.Stage(o.Stage), operationID)
	if !ok {
		return nil
	}
	return Refuse(refused.Status, refused.Code, refused.Number, refused.Message)
}

// Cancel withdraws an order. A repeat with the same reason succeeds.
type Cancel struct{ Reason string }

func (Cancel) verb() (first, last string) { return "cancel", "ServiceOrder" }

func (b Cancel) repeats(o Order) bool { return o.Stage == Revoked && o.CancelReason == b.Reason }

func (b Cancel) apply(c *change) *Refusal {
	c.CancelReason = b.Reason
	// What was waiting for payment is not any more.
	c.Entity.Collection, c.Entity.NeedCollection = nil, nil
	c.follow()
	return nil
}

// Complete states the final amount. A repeat with the same parameters succeeds
// and changes nothing while the order waits for payment. The sources disagree
// on that stage, and x-wechatpay-reentry says why the parameters decide and not
// the stage. What they say of later stages is nothing, so that the refusals of
// the stages stand.
type Complete struct {
	Body payscore.CompletePartnerServiceOrderRequest
	Hash []byte // of the body as it came
}

// Completion is the command of a request as it came, and of its body as a
// partner's.
func Completion(request any, body payscore.CompletePartnerServiceOrderRequest) Complete {
	return Complete{body, hashOf(request)}
}

func (Complete) verb() (first, last string) { return "complete", "ServiceOrder" }

func (b Complete) repeats(o Order) bool {
	return o.Stage == UserPaying && o.Deduction == nil && bytes.Equal(o.Completed, b.Hash)
}

func (b Complete) apply(c *change) *Refusal {
	body := b.Body
	if refused := c.terms.checkBill(c.Entity.RiskFund, body.PostPayments, body.PostDiscounts, body.TotalAmount); refused != nil {
		return refused
	}
	times := actualTimes(c.Entity.TimeRange, body.TimeRange)
	if c.Family != Overseas { // of which the pages show times in two forms
		if refused := c.terms.checkEnd(times, c.Entity.TimeRange); refused != nil {
			return refused
		}
	}
	location := actualLocation(c.Entity.Location, body.Location)
	if refused := checkLocation(location); refused != nil {
		return refused
	}
	c.Entity.TimeRange, c.Entity.Location = times, location
	c.ProfitSharing, c.GoodsTag = isTrue(body.ProfitSharing), value(body.GoodsTag)
	c.device(body.Device)
	c.bill(body.PostPayments, body.PostDiscounts, body.TotalAmount)
	c.Completed = b.Hash
	c.follow()
	return nil
}

// Modify lowers the amount. An order that is lowered to 0 stays waiting for
// payment: what becomes of it is not published. Without payments, which an
// acquiring institution may leave out, the lines stay that are not sent anew.
type Modify struct {
	Body payscore.ModifyPartnerServiceOrderRequest
}

func (Modify) verb() (first, last string) { return "modify", "ServiceOrder" }

func (b Modify) apply(c *change) *Refusal {
	body := b.Body
	if c.Deposit {
		// The code is not published.
		return Refuse(badRequest, "INVALID_REQUEST", 0, "用户已支付押金的订单不能修改金额")
	}
	if body.PostPayments == nil {
		body.PostPayments = c.Entity.PostPayments
		if body.PostDiscounts == nil {
			body.PostDiscounts = c.Entity.PostDiscounts
		}
	}
	if refused := c.terms.checkBill(c.Entity.RiskFund, body.PostPayments, body.PostDiscounts, body.TotalAmount); refused != nil {
		return refused
	}
	if before := *c.Entity.TotalAmount; body.TotalAmount > before || body.TotalAmount == before && !c.terms.LenientAmounts {
		issue := "is not lower than the amount of the order"
		if body.TotalAmount == before {
			issue += "; --lenient-amounts takes the same one"
		}
		return ParamError("body", "/total_amount", "修改后的总金额必须小于修改前的总金额", issue)
	}
	c.device(body.Device)
	c.bill(body.PostPayments, body.PostDiscounts, body.TotalAmount)
	c.follow()
	return nil
}

// Pay deducts at once, where the user can pay. That an accepted call may leave
// the order waiting is done by users and by moves.
type Pay struct{}

func (Pay) verb() (first, last string) { return "pay", "ServiceOrder" }

func (Pay) apply(c *change) *Refusal {
	if c.terms.User.CannotPay {
		// The code is not published.
		return RefuseNumber(badRequest, "INVALID_REQUEST", catalog.NumberDeductionFailed)
	}
	c.collect(payscore.PaidTypeNewton, Chinese(c.terms.Now))
	c.follow()
	c.announce(catalog.EventUserPaid)
	return nil
}

// Sync takes a payment that came in elsewhere. WeChat Pay collected nothing
// and so notifies of nothing.
type Sync struct{ Detail payscore.SyncDetail }

func (Sync) verb() (first, last string) { return "sync", "ServiceOrder" }

func (b Sync) apply(c *change) *Refusal {
	paid, ok := parseTime(b.Detail.PaidTime)
	if !ok {
		return ParamError("body", "/detail/paid_time", "收款成功时间格式错误", "is no date")
	}
	// No page says what a differing amount does: it is refused.
	if b.Detail.PaidAmount != nil && *b.Detail.PaidAmount != *c.Entity.TotalAmount {
		return ParamError("body", "/detail/paid_amount", "收款金额与订单不一致", "is not the amount of the order")
	}
	c.collect(payscore.PaidTypeMch, paid.Format(secondPrecision))
	c.follow()
	return nil
}

// PrepaidMessage sends the user the message before a deduction, once for an
// order.
type PrepaidMessage struct {
	Body payscore.SendPartnerServiceOrderMessageRequest
}

func (PrepaidMessage) verb() (first, last string) { return "send", "ServiceOrderPrepaidMessage" }

func (b PrepaidMessage) apply(c *change) *Refusal {
	return c.message(&c.Order.PrepaidMessage, b.Body)
}

// PendingMessage sends the user the message of what is to be paid, once for an
// order. It may be sent while the service runs and while its fees are pending.
// No page says when: the other stages are refused as those of the prepaid
// message are.
type PendingMessage struct {
	Body payscore.SendPartnerServiceOrderMessageRequest
}

func (PendingMessage) verb() (first, last string) { return "send", "ServiceOrderPendingMessage" }

func (b PendingMessage) apply(c *change) *Refusal {
	if c.Stage != UserPaying {
		if refused := allow(c.Order, operationID(PrepaidMessage{}, "Partner")); refused != nil {
			return refused
		}
	}
	return c.message(&c.Order.PendingMessage, b.Body)
}

func (c *change) message(sent *bool, b payscore.SendPartnerServiceOrderMessageRequest) *Refusal {
	if refused := c.terms.checkBill(c.Entity.RiskFund, b.PostPayments, b.PostDiscounts, b.TotalAmount); refused != nil {
		return refused
	}
	if refused := c.terms.checkPrepaidTime(b.PrepaidTime); refused != nil {
		return refused
	}
	if *sent {
		// The code is not published.
		return Refuse(badRequest, "INVALID_REQUEST", 0, "该订单的消息已下发")
	}
	*sent = true
	return nil
}

// device puts what a request says of the devices over what is known.
func (c *change) device(d *payscore.Device) {
	if d == nil {
		return
	}
	known := payscore.Device{}
	if c.Device != nil {
		known = *c.Device
	}
	for _, field := range []struct{ into, from **string }{
		{&known.StartDeviceID, &d.StartDeviceID}, {&known.EndDeviceID, &d.EndDeviceID}, {&known.MaterielNo, &d.MaterielNo},
	} {
		if *field.from != nil {
			*field.into = *field.from
		}
	}
	c.Device = &known
}
