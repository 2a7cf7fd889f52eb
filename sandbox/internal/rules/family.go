package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Family says by whose operations an order was made and is found. It is the
// word that the names of these operations have. The orders of partners and of
// direct merchants have none. All share one set of rules; what differs is here.
type Family string

const (
	// AcquiringBank is the family of acquiring institutions. WeChat Pay does not
	// deduct by itself: the institution registers a deduction, and the clearing
	// house makes it.
	AcquiringBank Family = "AcquiringBank"
	// Overseas is the family of orders in a currency of their own.
	Overseas Family = "Overseas"
)

// Families are the names of all, with that of no family.
func Families() []Family { return []Family{"", AcquiringBank, Overseas} }

// side is the word for the order's owner in the names of operations.
func (o Order) side() string {
	if o.Family == "" && o.Entity.SubMchID != nil {
		return "Partner"
	}
	return string(o.Family)
}

// FamilyKey is the OrderKey of an order of a family. The same number in two
// families is two orders. No page says so.
func FamilyKey(f Family, subMchID, outOrderNo string) string {
	if f == "" {
		return OrderKey(subMchID, outOrderNo)
	}
	return string(f) + "/" + OrderKey(subMchID, outOrderNo)
}

// Currency is the currency of an overseas order. The rate is always that of the
// contract's example.
type Currency struct {
	Currency string  `json:"currency,omitempty"`
	Price    *int64  `json:"currency_price,omitempty"`
	RateInfo *string `json:"currency_rate_info,omitempty"`
}

// ownCurrency returns what an order in a currency shows. The order keeps the
// code as it was sent, and amounts are not converted.
func ownCurrency(code string) Currency {
	c := Currency{Currency: code}
	if code != "" && code != "CNY" {
		c.Price, c.RateInfo = new(int64(90_000_000)), new("1"+code+"=0.90CNY")
	}
	return c
}

// Shown is an order as answers and notifications show it.
type Shown struct {
	payscore.ServiceOrderEntity
	Currency
	ChannelID string `json:"channel_id,omitempty"`
}

// Shown returns the order as answers show it. An overseas order tells when it
// was paid by RFC 3339.
func (o Order) Shown() Shown {
	s := Shown{ServiceOrderEntity: o.Entity, Currency: o.Currency, ChannelID: o.ChannelID}
	if o.Family == Overseas && s.Collection != nil {
		collection := *s.Collection
		collection.Details = slices.Clone(collection.Details)
		for i, d := range collection.Details {
			if at, ok := parseTime(value(d.PaidTime)); ok {
				collection.Details[i].PaidTime = Moment(at)
			}
		}
		s.Collection = &collection
	}
	return s
}

// CheckCurrency refuses a request that names another currency than the order's.
// The code of the refusal is not published.
func (o Order) CheckCurrency(code *string) *Refusal {
	if code != nil && *code != o.Currency.Currency {
		return ParamError("body", "/currency", "货币类型与订单不一致", "is not the currency of the order")
	}
	return nil
}

// CheckOverseasApp refuses a request that names another app than the order's:
// the sub-merchant's, if the order has one. The code is not published.
func (o Order) CheckOverseasApp(appID *string) *Refusal {
	if appID != nil && *appID != *cmp.Or(o.Entity.SubAppID, &o.Entity.AppID) {
		return RefuseNumber(forbidden, "NO_AUTH", catalog.NumberAppNotBound)
	}
	return nil
}

// registrationLife is how long a registered deduction is in force.
const registrationLife = 24 * time.Hour

// maxRegistered bounds the numbers that an order keeps.
const maxRegistered = 1000

// Register registers the number of a deduction that the clearing house is to
// make. The deduction is in progress until it succeeds, fails, or 24 hours have
// passed; then it takes a new number.
type Register struct{ OutTradeNo string }

func (Register) verb() (first, last string) { return "register", "Deduction" }

// repeats reports whether the number is in force. A repeat does not prolong it.
func (b Register) repeats(o Order) bool {
	return o.Stage == UserPaying && o.Deduction != nil && o.Registered[len(o.Registered)-1] == b.OutTradeNo
}

func (b Register) apply(c *change) *Refusal {
	switch {
	case len(c.Registered) >= maxRegistered:
		return TooMany()
	case slices.Contains(c.Registered, b.OutTradeNo):
		// The code is not published.
		return RefuseNumber(badRequest, "INVALID_REQUEST", catalog.NumberReentry)
	}
	c.Registered = append(slices.Clip(c.Registered), b.OutTradeNo)
	c.Deduction = &Deduction{Until: c.terms.Now.Add(registrationLife), Fails: true}
	c.follow()
	return nil
}

// Registration returns the newest registered deduction, in force or not. An
// order without one is refused as if there was no order. No page says so.
func (o Order) Registration(appID string) (payscore.AcquiringBankDeduction, *Refusal) {
	if refused := allow(o, "queryAcquiringBankDeduction"); refused != nil {
		return payscore.AcquiringBankDeduction{}, refused
	}
	if len(o.Registered) == 0 || appID != o.Entity.AppID {
		return payscore.AcquiringBankDeduction{}, NoOrder()
	}
	return payscore.AcquiringBankDeduction{Description: o.Entity.ServiceIntroduction, OutTradeNo: o.Registered[len(o.Registered)-1]}, nil
}
