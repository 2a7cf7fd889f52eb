package rules

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// Seeded is an order at a stage that it never went to: e has its number, whose
// it is and its risk fund. An acquiring institution's order has no channel, so
// that any is taken, and an overseas order is in HKD.
func Seeded(f Family, e payscore.ServiceOrderEntity, subMchID, notifyURL, stage string, total int64, t Terms) (Order, Effects, error) {
	if !slices.Contains(Stages(), stage) {
		return Order{}, Effects{}, fmt.Errorf("no stage %q", stage)
	}
	if f != "" && (subMchID == "" || !slices.Contains(Families(), f)) {
		return Order{}, Effects{}, fmt.Errorf("no order of family %q for sub-merchant %q", f, subMchID)
	}
	e.ServiceIntroduction = exampleService
	e.TimeRange = &payscore.TimeRange{StartTime: new(OnAccept)}
	e.SubMchID, e.NotifyURL = optional(subMchID), optional(notifyURL)
	if stage != Created && stage != Expired {
		e.OpenID = new(ExampleUser)
	}
	c := &change{Order: Order{Family: f, CreatedAt: t.Now, Entity: e}, terms: t}
	if f == Overseas {
		c.Currency = ownCurrency("HKD")
	}
	c.Entity.OrderID = new(c.number("10"))
	if stage == UserPaying || stage == Done {
		c.Entity.TimeRange = &payscore.TimeRange{StartTime: new(Chinese(t.Now.Add(-3 * time.Hour))), EndTime: new(Chinese(t.Now))}
		c.bill([]payscore.Payment{{Name: new("就餐费用"), Amount: new(total), Count: new(int64(1))}}, nil, total)
	}
	if stage == Done {
		c.collect(payscore.PaidTypeNewton, Chinese(t.Now))
	}
	// By a request that would create it the contract judges number, sub-merchant,
	// risk fund and notify_url.
	creation := payscore.CreatePartnerServiceOrderRequest{
		OutOrderNo: e.OutOrderNo, ServiceID: e.ServiceID, AppID: e.AppID, ServiceIntroduction: e.ServiceIntroduction,
		SubMchID: cmp.Or(subMchID, e.MchID), NotifyURL: cmp.Or(notifyURL, "https://localhost"), // which it may have none of
		RiskFund: *e.RiskFund, TimeRange: payscore.TimeRange{StartTime: new(OnAccept)},
	}
	if err := creation.Validate(); err != nil {
		return Order{}, Effects{}, err
	}
	c.setStage(stage)
	return c.Order, c.Effects, nil
}
