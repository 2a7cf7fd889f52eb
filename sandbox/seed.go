package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// SeedOption changes what [Sandbox.Seed] puts in. A nil one does nothing. Seed
// returns an error for one that cannot be used.
type SeedOption func(*seed)

type seed struct {
	stage, subMchID, notifyURL string
	riskFund                   payscore.RiskFundName
}

// SeedStage is where the order is: CREATED, USER_CONFIRM, USER_PAYING (the
// default), DONE, REVOKED or EXPIRED. Before USER_PAYING, and where it was
// cancelled or expired, the order has no bill yet, whatever the total.
func SeedStage(stage string) SeedOption { return func(s *seed) { s.stage = stage } }

// SeedDirect makes it the order of a direct merchant.
func SeedDirect() SeedOption { return SeedSubMchID("") }

// SeedSubMchID makes it the order of another sub-merchant.
func SeedSubMchID(subMchID string) SeedOption { return func(s *seed) { s.subMchID = subMchID } }

// SeedNotifyURL is where events of the order are sent. The default is nowhere.
func SeedNotifyURL(url string) SeedOption { return func(s *seed) { s.notifyURL = url } }

// SeedRiskFund sets the kind of risk fund. The default is ESTIMATE_ORDER_COST,
// the pay-later mode; the others are the deposit-free mode.
func SeedRiskFund(name payscore.RiskFundName) SeedOption {
	return func(s *seed) { s.riskFund = name }
}

// Seed puts an order into the sandbox that is completed at total fen and
// waiting for payment, for the sub-merchant and service of the sandbox's
// account, unless options say otherwise. It announces nothing. It returns the
// order, and an error when the number is taken, is malformed, total is not
// above 0 and within the risk cap, or there is no such stage.
func (s *Sandbox) Seed(outOrderNo string, total int64, opts ...SeedOption) (payscore.ServiceOrderEntity, error) {
	s.mustBeOpen()
	none := payscore.ServiceOrderEntity{}
	account := s.credentials.account
	spec := seed{stage: stageUserPaying, subMchID: account.SubMchID, riskFund: payscore.RiskFundNameEstimateOrderCost}
	for _, opt := range opts {
		if opt != nil {
			opt(&spec)
		}
	}
	if total <= 0 || total > s.riskCap {
		return none, fmt.Errorf("sandbox: seed %q: total of %d fen is not in 1 to %d", outOrderNo, total, s.riskCap)
	}
	if !slices.Contains(catalog.Stages(), catalog.Stage(spec.stage)) {
		return none, fmt.Errorf("sandbox: seed %q: no stage %q", outOrderNo, spec.stage)
	}
	now := s.now()
	o := &order{CreatedAt: now, Entity: payscore.ServiceOrderEntity{
		OutOrderNo:          outOrderNo,
		ServiceID:           account.ServiceID,
		AppID:               account.AppID,
		MchID:               account.MchID,
		ServiceIntroduction: "XX充电宝",
		RiskFund:            &payscore.RiskFund{Name: spec.riskFund, Amount: s.riskCap},
		TimeRange:           &payscore.TimeRange{StartTime: new(onAccept)},
	}}
	if spec.subMchID != "" {
		o.Entity.SubMchID = &spec.subMchID
	}
	if spec.notifyURL != "" {
		o.Entity.NotifyURL = &spec.notifyURL
	}
	if spec.stage != stageCreated && spec.stage != stageExpired {
		o.Entity.OpenID = new(sandboxUser)
	}
	err := s.update(context.Background(), func() error {
		if s.orders.get(o.key()) != nil {
			return fmt.Errorf("sandbox: seed %q: the number is taken", outOrderNo)
		}
		o.Entity.OrderID = new(s.number("10"))
		if spec.stage == stageUserPaying || spec.stage == stageDone {
			o.Entity.TimeRange = &payscore.TimeRange{StartTime: new(chinese(now.Add(-3 * time.Hour))), EndTime: new(chinese(now))}
			o.bill([]payscore.Payment{{Name: "就餐费用", Amount: new(total), Count: new(int64(1))}}, nil, total)
		}
		if spec.stage == stageDone {
			s.collect(o, payscore.PaidTypeNewton, chinese(now))
		}
		o.Entity.State = payscore.ServiceOrderState(catalog.Stage(spec.stage).State())
		if err := spec.creation(o.Entity).Validate(); err != nil {
			return fmt.Errorf("sandbox: seed %q: %w", outOrderNo, err)
		}
		s.become(o, spec.stage)
		return nil
	})
	if err != nil {
		return none, err
	}
	e, _ := s.Order(spec.subMchID, outOrderNo)
	return e, nil
}

// creation is a request that would create e. By it the contract judges number,
// sub-merchant, risk fund and notify_url.
func (s seed) creation(e payscore.ServiceOrderEntity) payscore.CreatePartnerServiceOrderRequest {
	return payscore.CreatePartnerServiceOrderRequest{
		OutOrderNo: e.OutOrderNo, ServiceID: e.ServiceID, AppID: e.AppID, ServiceIntroduction: e.ServiceIntroduction,
		SubMchID: cmp.Or(s.subMchID, e.MchID), NotifyURL: cmp.Or(s.notifyURL, "https://localhost"), // which it may have none of
		RiskFund: *e.RiskFund, TimeRange: payscore.TimeRange{StartTime: new(onAccept)},
	}
}
