package rules

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// createdOrder is all that any answer to a creation has.
type createdOrder struct {
	Shown
	Package      *string                `json:"package,omitempty"`
	ShoppingInfo *payscore.ShoppingInfo `json:"shopping_info,omitempty"`
}

// Opening is a request to create an order, from any of the create
// operations.
type Opening struct {
	// Request is its body, as it came. Those of two operations never encode
	// alike, so that the number of one is no repeat of the other.
	Request any
	Family  Family
	// ChannelID is there for an acquiring institution, and the currency for an
	// overseas order.
	ChannelID, Currency string
	// Order is what all of them have, without a sub-merchant for a direct
	// merchant; risk_fund is empty where the operation has none.
	Order    payscore.CreatePartnerServiceOrderRequest
	Shopping *payscore.ShoppingInfo
	// Completion is there when the order is completed at once.
	Completion *payscore.CompletePartnerServiceOrderRequest
	SignPlan   string // key of the sign plan that it is an order of, or empty
}

// exampleService is what an order is for when its creation does not say. Any
// answer says something.
const exampleService = "XX充电宝"

// Create opens an order. known is the one of the same number, if there is one. A
// repeat with the same parameters
// finds the order that it made before.
func Create(r Opening, known *Order, t Terms) (Order, Effects, *Refusal) {
	none := Effects{}
	hash := hashOf(r.Request)
	if known != nil {
		if !bytes.Equal(known.Created, hash) {
			return Order{}, none, RefuseNumber(badRequest, "INVALID_REQUEST", catalog.NumberReentry)
		}
		return *known, Effects{Repeat: true}, nil
	}
	if refused := t.User.check(); refused != nil {
		return Order{}, none, refused
	}
	b := r.Order
	c := &change{terms: t, Order: Order{
		Family: r.Family, ChannelID: r.ChannelID, Currency: ownCurrency(r.Currency),
		CreatedAt: t.Now, Created: hash, SignPlan: r.SignPlan, Device: b.Device, ShoppingInfo: r.Shopping,
		Entity: payscore.ServiceOrderEntity{
			OutOrderNo: b.OutOrderNo, ServiceID: b.ServiceID, AppID: b.AppID, MchID: t.MchID,
			SubAppID: b.SubAppID, ServiceIntroduction: cmp.Or(b.ServiceIntroduction, exampleService),
			PostPayments: b.PostPayments, PostDiscounts: b.PostDiscounts, TimeRange: &b.TimeRange,
			Location: b.Location, Attach: b.Attach, NotifyURL: optional(b.NotifyURL), OpenID: b.OpenID, SubOpenID: given(b.SubOpenID),
		},
	}}
	if b.SubMchID != "" {
		c.Entity.SubMchID = new(b.SubMchID)
	}
	if b.RiskFund.Name != "" && b.RiskFund.Amount > 0 {
		c.Entity.RiskFund = &b.RiskFund
	}
	initial := Created
	switch {
	case r.Completion != nil:
		completion := r.Completion
		c.bill(completion.PostPayments, completion.PostDiscounts, completion.TotalAmount)
		c.ProfitSharing, c.GoodsTag = isTrue(completion.ProfitSharing), value(completion.GoodsTag)
		initial = UserPaying
		if completion.TotalAmount == 0 {
			initial = Done
		}
	case b.NeedUserConfirm != nil && !*b.NeedUserConfirm:
		initial = UserConfirm
	}
	c.Entity.OrderID = new(c.number("10"))
	answer := createdOrder{ShoppingInfo: r.Shopping}
	if initial == Created {
		answer.Package = new("sandbox_package_" + *c.Entity.OrderID)
	}
	c.setStage(initial)
	answer.Shown = c.Shown()
	var err error
	if c.Answer, err = json.Marshal(answer); err != nil {
		panic(fmt.Sprintf("sandbox: answer a creation: %v", err)) // generated types encode
	}
	return c.Order, c.Effects, nil
}
