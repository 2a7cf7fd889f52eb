package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// OrderKey is what makes an order number unique: another sub-merchant may use
// the same one. It is the key of the order's record and the subject of its
// journal entries. An order of the merchant's own has no sub-merchant.
// Only what follows the slash may have another one.
func OrderKey(subMchID, outOrderNo string) string {
	return escapeSlash.Replace(subMchID) + "/" + outOrderNo
}

// escapeSlash keeps a sub-merchant, of which the contract has no pattern, from
// reaching into the rest of a key.
var escapeSlash = strings.NewReplacer("%", "%25", "/", "%2F")

// Order is the record of a service order of any family.
type Order struct {
	Family    Family   `json:"family,omitempty"`
	ChannelID string   `json:"channel_id,omitempty"` // of an acquiring institution
	Currency  Currency `json:"currency,omitzero"`    // of an overseas order

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
	Deduction *Deduction `json:"deduction,omitempty"` // in progress
	// Registered are the numbers of deductions that an acquiring institution
	// registered, the newest last.
	Registered []string `json:"registered,omitempty"`

	// Messages that were sent to the user, once each.
	PendingMessage bool `json:"pending_message,omitempty"`
	PrepaidMessage bool `json:"prepaid_message,omitempty"`

	// What the requests told and no answer tells.
	Device        *payscore.Device       `json:"device,omitempty"`
	ShoppingInfo  *payscore.ShoppingInfo `json:"shopping_info,omitempty"`
	ProfitSharing bool                   `json:"profit_sharing,omitempty"`
	GoodsTag      string                 `json:"goods_tag,omitempty"`
	Named         NamedKey               `json:"named_key,omitempty"` // by the request that created it
	// SignPlan is the key of the sign plan that it is an order of.
	SignPlan string `json:"sign_plan,omitempty"`
}

// Deduction is one that is in progress.
type Deduction struct {
	Until time.Time `json:"until"`
	Fails bool      `json:"fails,omitempty"`
}

// confirmWithin is how long an order waits for its user.
const confirmWithin = 30 * 24 * time.Hour

// Terms are what the rules go by besides the record.
type Terms struct {
	Now            time.Time // by the time of the orders
	MchID          string
	RiskCap        int64 // fen
	LenientAmounts bool
	StrictTimes    bool
	User           User // who the request or the order names
	// Number is the count of the numbers that were made up so far.
	Number int64
}

// number makes up a number of WeChat Pay's, 28 digits long and unlike all
// others.
func (t Terms) number(prefix string) string {
	return fmt.Sprintf("%s%s%012d", prefix, t.Now.In(ChinaTime).Format(secondPrecision), t.Number)
}

// NumberOf makes up a number with a prefix: what notifications are called.
func (t Terms) NumberOf(prefix string) string {
	t.Number++
	return t.number(prefix)
}

// Effects are what follows from a command besides the changed record.
type Effects struct {
	Repeat    bool  // the command was carried out before: the record stays as it is
	Numbers   int64 // that were made up
	Announced []Announcement
}

// Announcement is an event that a merchant is to be told of.
type Announcement struct {
	Subject   string // as in the journal
	URL       string // empty when the merchant asked for none
	EventType string
	Resource  any
}

// change is an order on its way from one state to the next. The order's record
// is a copy: what its pointers lead to is replaced, never changed.
type change struct {
	Order
	Effects
	terms     Terms
	operation string // operationId, if it is one
}

func (c *change) number(prefix string) string {
	c.Numbers++
	c.terms.Number++
	return c.terms.number(prefix)
}

// setStage moves an order to a stage and sets the fields that tell it.
func (c *change) setStage(name string) {
	stage := catalog.Stage(name)
	c.Stage = name
	c.Entity.State = payscore.ServiceOrderState(stage.State())
	c.Entity.StateDescription = nil
	if d := stage.StateDescription(); d != "" {
		c.Entity.StateDescription = new(payscore.ServiceOrderStateDescription(d))
	}
	if state := stage.CollectionState(); state != "" {
		collection := payscore.Collection{}
		if c.Entity.Collection != nil {
			collection = *c.Entity.Collection
		}
		collection.State = payscore.CollectionState(state)
		c.Entity.Collection = &collection
	}
}

// follow moves an order to the stage that the contract has for the operation,
// which has changed its bill already.
func (c *change) follow() {
	noBill := int64(-1)
	to, _ := catalog.Becomes(catalog.Stage(c.Stage), c.operation, *cmp.Or(c.Entity.TotalAmount, &noBill))
	c.setStage(string(to))
}

// Key is where the order is found.
func (o Order) Key() string {
	return FamilyKey(o.Family, value(o.Entity.SubMchID), o.Entity.OutOrderNo)
}

// Final reports whether nothing can become of the order any more.
func (o Order) Final() bool { return catalog.Stage(o.Stage).Final() }

// Settle does what fell due on an order since it was last looked at: it
// expires, or a deduction ends. The move that this is, "" for none, is told.
// Going by the record alone, it survives a restart.
func Settle(o Order, t Terms) (settled Order, effects Effects, move string) {
	switch {
	case o.Stage == Created && !t.Now.Before(o.CreatedAt.Add(confirmWithin)):
		move = "expire"
	case o.Deduction == nil || t.Now.Before(o.Deduction.Until):
		return o, Effects{}, ""
	case o.Deduction.Fails:
		move = "deduction_fails"
	default:
		move = "deduct"
	}
	c := &change{Order: o, terms: t}
	if move == "deduct" {
		c.deduct(o.Deduction.Until)
	} else {
		moveOf(move).do(c, MoveArgs{})
	}
	return c.Order, c.Effects, move
}

// bill sets the amount to collect.
func (c *change) bill(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon, total int64) {
	c.Entity.PostPayments = payments
	c.Entity.PostDiscounts = discounts
	c.Entity.TotalAmount = &total
	c.Entity.NeedCollection = new(total > 0)
	if total > 0 || c.Entity.Collection != nil {
		c.Entity.Collection = &payscore.Collection{
			State:        payscore.CollectionStateUserPaying,
			TotalAmount:  new(total),
			PayingAmount: new(total),
			PaidAmount:   new(int64(0)),
		}
	}
}

// collect marks the order as paid.
func (c *change) collect(by payscore.PaidType, paidTime string) {
	amount := *c.Entity.TotalAmount
	detail := payscore.CollectionDetail{Seq: new(int64(1)), Amount: new(amount), PaidType: new(by), PaidTime: new(paidTime)}
	if by == payscore.PaidTypeNewton {
		detail.TransactionID = new(c.number("42"))
	}
	c.Entity.Collection = &payscore.Collection{
		State:        payscore.CollectionStateUserPaid,
		TotalAmount:  new(amount),
		PayingAmount: new(int64(0)),
		PaidAmount:   new(amount),
		Details:      []payscore.CollectionDetail{detail},
	}
}

// Collected is the sum that came in.
func (o Order) Collected() int64 {
	if c := o.Entity.Collection; c != nil && c.PaidAmount != nil {
		return *c.PaidAmount
	}
	return 0
}

// announce tells of an event of the order as it is now.
func (c *change) announce(eventType string) {
	if c.Entity.NotifyURL == nil {
		return
	}
	resource := As[payscore.ServiceOrderNotification](Shown{ServiceOrderEntity: c.Entity, ChannelID: c.ChannelID})
	// Of the two names of the user, the one of the sub-merchant's app is told.
	if resource.SubOpenID != nil {
		resource.OpenID = nil
	}
	c.Announced = append(c.Announced, Announcement{c.Key(), *c.Entity.NotifyURL, eventType, resource})
}

// As returns what the type T has of v, by the names of their fields in JSON.
// The requests and answers of partners, of direct merchants and the entity
// share theirs. The copy is deep, so that no caller shares memory with the
// store.
func As[T any](v any) T {
	var none T
	if _, empty := any(none).(struct{}); empty { // the answer to most writes
		return none
	}
	b, err := json.Marshal(v)
	if err == nil {
		var c T
		if err = json.Unmarshal(b, &c); err == nil {
			return c
		}
	}
	panic(fmt.Sprintf("sandbox: copy a %T: %v", v, err)) // generated types encode and decode
}

func isTrue(b *bool) bool { return b != nil && *b }

// optional is the field of an answer that is left out when it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// given takes an optional text that is empty for one that was left out.
func given(s *string) *string { return optional(value(s)) }

// value is "" for a field that was left out.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
