package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// orderKey is what makes an order number unique: another sub-merchant may use
// the same one. It is the key of the order's record and the subject of its
// journal entries. An order of the merchant's own has no sub-merchant.
func orderKey(subMchID, outOrderNo string) string { return subMchID + "/" + outOrderNo }

// order is the record of a service order, a partner's or a direct merchant's.
type order struct {
	Entity       payscore.ServiceOrderEntity `json:"entity"`
	Stage        string                      `json:"stage"`                    // name in x-wechatpay-order-stages
	CreatedAt    time.Time                   `json:"created_at"`               // by the time of the orders
	Created      []byte                      `json:"created_hash,omitempty"`   // of the body that created it, to tell a repeat from a re-entry
	Answer       json.RawMessage             `json:"answer,omitempty"`         // to that, with all that any answer has
	Completed    []byte                      `json:"completed_hash,omitempty"` // of the body that completed it, for the same purpose
	QueryID      string                      `json:"query_id,omitempty"`
	CancelReason string                      `json:"cancel_reason,omitempty"`
	// Deposit says that the user failed the assessment and paid a deposit.
	Deposit   bool       `json:"deposit,omitempty"`
	Deduction *deduction `json:"deduction,omitempty"` // in progress

	// Messages that were sent to the user, once each.
	PendingMessage bool `json:"pending_message,omitempty"`
	PrepaidMessage bool `json:"prepaid_message,omitempty"`

	// What the requests told and no answer tells.
	Device        *payscore.Device       `json:"device,omitempty"`
	ShoppingInfo  *payscore.ShoppingInfo `json:"shopping_info,omitempty"`
	ProfitSharing bool                   `json:"profit_sharing,omitempty"`
	GoodsTag      string                 `json:"goods_tag,omitempty"`
}

// deduction is one that is in progress.
type deduction struct {
	Until time.Time `json:"until"`
	Fails bool      `json:"fails,omitempty"`
}

// confirmWithin is how long an order waits for its user.
const confirmWithin = 30 * 24 * time.Hour

// key is where the order is found.
func (o *order) key() string {
	if o.Entity.SubMchID == nil {
		return orderKey("", o.Entity.OutOrderNo)
	}
	return orderKey(*o.Entity.SubMchID, o.Entity.OutOrderNo)
}

// become moves an order to a stage, sets the fields that tell it and puts the
// record.
func (s *Sandbox) become(o *order, name string) {
	stage := catalog.Stage(name)
	o.Stage = name
	o.Entity.State = payscore.ServiceOrderState(stage.State())
	o.Entity.StateDescription = nil
	if d := stage.StateDescription(); d != "" {
		o.Entity.StateDescription = new(payscore.ServiceOrderStateDescription(d))
	}
	if c := stage.CollectionState(); c != "" {
		o.Entity.Collection.State = payscore.CollectionState(c)
	}
	s.orders.put(o.key(), o)
	s.keepPayment(o)
}

// settle does what fell due on an order since it was last looked at: it
// expires, or a deduction ends. Going by the record alone, it survives a
// restart. The caller holds s.mu.
func (s *Sandbox) settle(o *order) {
	switch now := s.now(); {
	case o.Stage == stageCreated && !now.Before(o.CreatedAt.Add(confirmWithin)):
		s.expire(o)
		s.tell(o, "expire")
	case o.Deduction != nil && !now.Before(o.Deduction.Until):
		if o.Deduction.Fails {
			s.deductionFails(o)
			s.tell(o, "deduction_fails")
		} else {
			s.deduct(o, o.Deduction.Until)
			s.tell(o, "deduct")
		}
	}
}

// planDeduction has an order settled when its deduction ends, if there is one,
// so that the notification does not wait for a query. The caller holds s.mu.
func (s *Sandbox) planDeduction(key string, o *order) {
	if o.Deduction == nil {
		return
	}
	s.agenda.plan(o.Deduction.Until, func() { s.settleDue(key) })
}

func (s *Sandbox) settleDue(key string) {
	err := s.update(context.Background(), func() error {
		if o := s.orders.get(key); o != nil {
			s.settle(o)
		}
		return nil
	})
	s.againWhenSaved(err, func() { s.settleDue(key) })
}

// bill sets the amount to collect.
func (o *order) bill(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon, total int64) {
	o.Entity.PostPayments = payments
	o.Entity.PostDiscounts = discounts
	o.Entity.TotalAmount = &total
	o.Entity.NeedCollection = new(total > 0)
	if total > 0 || o.Entity.Collection != nil {
		o.Entity.Collection = &payscore.Collection{
			State:        payscore.CollectionStateUserPaying,
			TotalAmount:  new(total),
			PayingAmount: new(total),
			PaidAmount:   new(int64(0)),
		}
	}
}

// collect marks the order as paid.
func (s *Sandbox) collect(o *order, by payscore.PaidType, paidTime string) {
	amount := *o.Entity.TotalAmount
	detail := payscore.CollectionDetail{Seq: new(int64(1)), Amount: new(amount), PaidType: new(by), PaidTime: new(paidTime)}
	if by == payscore.PaidTypeNewton {
		detail.TransactionID = new(s.number("42"))
	}
	o.Entity.Collection = &payscore.Collection{
		State:        payscore.CollectionStateUserPaid,
		TotalAmount:  new(amount),
		PayingAmount: new(int64(0)),
		PaidAmount:   new(amount),
		Details:      []payscore.CollectionDetail{detail},
	}
}

// collected is the sum that came in.
func (o *order) collected() int64 {
	if c := o.Entity.Collection; c != nil && c.PaidAmount != nil {
		return *c.PaidAmount
	}
	return 0
}

// notify announces an event of the order as it is now.
func (s *Sandbox) notify(o *order, eventType string) {
	if o.Entity.NotifyURL == nil {
		return
	}
	resource := as[payscore.ServiceOrderNotification](o.Entity)
	// Of the two names of the user, the one of the sub-merchant's app is told.
	if resource.SubOpenID != nil {
		resource.OpenID = nil
	}
	s.announce(o.key(), *o.Entity.NotifyURL, eventType, resource)
}

// numbersMadeUp counts the numbers of WeChat Pay's own.
const numbersMadeUp = "numbers"

// number makes up a number of WeChat Pay's, 28 digits long and unlike all
// others. The caller holds s.mu.
func (s *Sandbox) number(prefix string) string {
	c := s.counters.get(numbersMadeUp)
	if c == nil {
		c = new(int64)
	}
	*c++
	s.counters.put(numbersMadeUp, c)
	return fmt.Sprintf("%s%s%012d", prefix, s.now().In(chinaTime).Format(secondPrecision), *c)
}

// clone is a deep copy of a record's part.
func clone[T any](v T) T { return as[T](v) }
