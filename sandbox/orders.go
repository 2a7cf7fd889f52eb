package sandbox

import (
	"io"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/admin"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// SeedOption configures the order of [Sandbox.Seed], which returns an error for
// an invalid one. A nil SeedOption does nothing.
type SeedOption func(*seed)

type seed = ledger.Seed

// SeedStage sets the stage of the order: CREATED, USER_CONFIRM, USER_PAYING (the
// default), DONE, REVOKED or EXPIRED. Only orders in USER_PAYING and DONE have a
// bill, whatever the total.
func SeedStage(stage string) SeedOption { return func(s *seed) { s.Stage = stage } }

// SeedDirect makes it the order of a direct merchant.
func SeedDirect() SeedOption { return SeedSubMchID("") }

// SeedSubMchID makes it the order of another sub-merchant.
func SeedSubMchID(subMchID string) SeedOption { return func(s *seed) { s.SubMchID = subMchID } }

// Family says by whose operations an order is found: it is [AcquiringBank],
// [Overseas], or empty for the orders of partners and direct merchants.
type Family = rules.Family

// The families of orders that have operations of their own.
const (
	AcquiringBank = rules.AcquiringBank
	Overseas      = rules.Overseas
)

// SeedFamily makes it an order of a family. An acquiring institution's order has
// no channel_id, so that any is taken, and an overseas order is in HKD.
func SeedFamily(f Family) SeedOption { return func(s *seed) { s.Family = f } }

// SeedNotifyURL sets the URL that events of the order are sent to. By default
// they are not sent.
func SeedNotifyURL(url string) SeedOption { return func(s *seed) { s.NotifyURL = url } }

// SeedRiskFund sets the kind of risk fund. The default is ESTIMATE_ORDER_COST,
// the pay-later mode; the others are the deposit-free mode.
func SeedRiskFund(name payscore.RiskFundName) SeedOption {
	return func(s *seed) { s.RiskFund = name }
}

// Seed adds an order to the sandbox and returns it. By default the order belongs
// to the sub-merchant and service of the sandbox's account, is completed at total
// fen and waits for its payment. Seed sends no notification. It returns an error
// if the number is taken or malformed, if total is not above 0 and within the
// risk cap, or if there is no such stage.
func (s *Sandbox) Seed(outOrderNo string, total int64, opts ...SeedOption) (payscore.ServiceOrderEntity, error) {
	s.mustBeOpen()
	spec := seed{
		OutOrderNo: outOrderNo, Total: total, Stage: rules.UserPaying, SubMchID: s.ledger.Account().SubMchID,
		RiskFund: payscore.RiskFundNameEstimateOrderCost,
	}
	for _, opt := range opts {
		if opt != nil {
			opt(&spec)
		}
	}
	if err := s.ledger.Seed(spec); err != nil {
		return payscore.ServiceOrderEntity{}, err
	}
	v, _ := s.FamilyOrder(spec.Family, spec.SubMchID, outOrderNo)
	return v.Entity, nil
}

// OrderView is a copy of all that the sandbox knows of an order: Family, SubMchID (empty
// for a direct merchant's), OutOrderNo, Stage, CreatedAt, Collected (fen that
// came in, here or elsewhere), Entity (as a query answers it), QueryID, the
// Moves that it allows now, and what requests said of it.
type OrderView = ledger.OrderView

// Order returns an order as it is now, and whether there is one. A direct
// merchant's has an empty subMchID.
func (s *Sandbox) Order(subMchID, outOrderNo string) (v OrderView, ok bool) {
	s.mustBeOpen()
	return s.ledger.View("", subMchID, outOrderNo)
}

// FamilyOrder returns an order of a family as it is now, and whether there is
// one.
func (s *Sandbox) FamilyOrder(f Family, subMchID, outOrderNo string) (v OrderView, ok bool) {
	s.mustBeOpen()
	return s.ledger.View(f, subMchID, outOrderNo)
}

// Orders returns up to limit orders whose keys (sub_mchid, a slash and
// out_order_no, after the family and a slash if there is one) begin with prefix and come after the key after, sorted by
// their keys. next is the last key when there are more, else "".
func (s *Sandbox) Orders(prefix, after string, limit int) (page []OrderView, next string) {
	s.mustBeOpen()
	return s.ledger.Orders(prefix, after, limit)
}

// SignPlanView is a sign plan as a query answers it, with the Moves that it
// allows now.
type SignPlanView = ledger.SignPlanView

// Plan returns a plan as a query answers it, and whether there is one. A direct
// merchant's has an empty subMchID.
func (s *Sandbox) Plan(subMchID, merchantPlanNo string) (p payscore.PartnerPlan, ok bool) {
	s.mustBeOpen()
	return s.ledger.Plan(subMchID, merchantPlanNo)
}

// SignPlan returns a sign plan as it is now, and whether there is one.
func (s *Sandbox) SignPlan(subMchID, merchantSignPlanNo string) (p SignPlanView, ok bool) {
	s.mustBeOpen()
	return s.ledger.SignPlan(subMchID, merchantSignPlanNo)
}

// ErrScenario matches the errors of a scenario file.
var ErrScenario = admin.ErrScenario

// Scenario is the content of a scenario file: the first orders, what the user and
// WeChat Pay do to them and when, faults, and the traffic of notifications.
type Scenario = admin.Scenario

// ReadScenario reads a scenario in YAML:
//
//	orders:
//	  - out_order_no: RENTAL1
//	    total_amount: 50000 # fen
//	    stage: CREATED
//	    notify_url: http://127.0.0.1:8080/notify
//	    moves:
//	      - {after: 5s, do: confirm}
//	faults:
//	  - {fault: reset-after; operation=modifyPartnerServiceOrder; count=1}
//	  - {after: 10s, for: 1m, fault: latency; delay=2s}
//	notifications: {probes: 10, duplicates: 5}
//
// An error matches [ErrScenario] and names the line and the field.
func ReadScenario(r io.Reader) (*Scenario, error) { return admin.ReadScenario(r) }

// Play adds the orders of a scenario to the sandbox and schedules the rest by the
// time of the orders, which [Sandbox.Advance] moves on. An order that exists, as
// after a restart with [WithData], is left as it is, and its moves are not
// scheduled again. The journal records a move that turns out to be impossible.
// The error of an invalid order matches [ErrScenario].
func (s *Sandbox) Play(scenario *Scenario) error {
	s.mustBeOpen()
	return admin.Play(scenario, s.ledger, s.faults)
}
