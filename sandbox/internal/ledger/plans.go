package ledger

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
)

// planTables are the records of plans and sign plans, with the keys by which
// others find them.
type planTables struct {
	plans      *store.Table[rules.Plan]
	planKeys   *store.Table[string] // by plan_id
	signPlans  *store.Table[rules.SignPlan]
	signPlanOf *store.Table[string] // keys by sign_plan_id
	detailsOf  *store.Table[string] // keys of sign plans by those of their orders
	details    int                  // of all plans: a small request may make many
}

func newPlanTables(s *store.Store) planTables {
	return planTables{
		plans: store.NewTable[rules.Plan](s, "plans"), planKeys: store.NewTable[string](s, "plan_keys"),
		signPlans: store.NewTable[rules.SignPlan](s, "sign_plans"), signPlanOf: store.NewTable[string](s, "sign_plan_keys"),
		detailsOf: store.NewTable[string](s, "sign_plan_orders"),
	}
}

// by finds a record by another name than its key, nil when there is none.
func by[R any](records *store.Table[R], keys *store.Table[string], name string) *R {
	if key := keys.Get(name); key != nil {
		return records.Get(*key)
	}
	return nil
}

// CreatePlan makes a plan and returns what T has of it, as all of these do. A
// direct merchant's requests come without a sub-merchant.
func CreatePlan[T any](ctx context.Context, l *Ledger, b payscore.CreatePartnerPlanRequest) (T, error) {
	return answerTo[T](ctx, l, func() (any, error) {
		known := l.plans.Get(rules.OrderKey(b.SubMchID, b.MerchantPlanNo))
		if known == nil && l.details >= l.MaxOrders {
			return nil, rules.TooMany()
		}
		p, effects, refused := rules.CreatePlan(b, known, l.terms())
		if refused != nil {
			return nil, refused
		}
		if !effects.Repeat {
			l.plans.Put(p.Key(), &p)
			l.planKeys.Put(p.Plan.PlanID, new(p.Key()))
			l.countDetails("", &p)
			l.follow(effects, namedBy(ctx))
		}
		return p.Plan, nil
	})
}

func (l *Ledger) countDetails(_ string, p *rules.Plan) { l.details += len(p.Plan.PlanDetailList) }

// QueryPlan reads a plan.
func QueryPlan[T any](ctx context.Context, l *Ledger, subMchID, merchantPlanNo string) (T, error) {
	return answerTo[T](ctx, l, func() (any, error) {
		p := l.plans.Get(rules.OrderKey(subMchID, merchantPlanNo))
		if p == nil {
			return nil, rules.NoPlan()
		}
		return p.Plan, nil
	})
}

// StopPlan stops a plan.
func StopPlan[T any](ctx context.Context, l *Ledger, subMchID, merchantPlanNo string) (T, error) {
	return answerTo[T](ctx, l, func() (any, error) {
		known := l.plans.Get(rules.OrderKey(subMchID, merchantPlanNo))
		if known == nil {
			return nil, rules.NoPlan()
		}
		p, refused := rules.StopPlan(*known, l.terms())
		if refused != nil {
			return nil, refused
		}
		l.plans.Put(p.Key(), &p)
		return p.Plan, nil
	})
}

// CreateSignPlan offers a plan to a user.
func CreateSignPlan[T any](ctx context.Context, l *Ledger, b payscore.CreatePartnerSignPlanRequest) (T, error) {
	return answerTo[T](ctx, l, func() (any, error) {
		known := l.signPlan(rules.OrderKey(b.SubMchID, b.MerchantSignPlanNo))
		if known == nil && l.detailsOf.Len() >= l.MaxOrders {
			return nil, rules.TooMany()
		}
		taken := func(no string) bool {
			key := rules.OrderKey(b.SubMchID, no)
			return l.detailsOf.Get(key) != nil || l.orders.Get(key) != nil
		}
		p, effects, refused := rules.CreateSignPlan(b, by(l.plans, l.planKeys, b.PlanID), known, taken, l.terms())
		if refused != nil {
			return nil, refused
		}
		if !effects.Repeat {
			p.Named = namedBy(ctx)
			l.keepSignPlan(p, effects)
			l.signPlanOf.Put(p.SignPlan.SignPlanID, new(p.Key()))
			for _, d := range p.SignPlan.SignedDetailList {
				l.detailsOf.Put(rules.OrderKey(b.SubMchID, d.MerchantPlanDetailNo), new(p.Key()))
			}
		}
		return payscore.CreatePartnerSignPlanResult{SignPlan: p.SignPlan, Package: p.Package}, nil
	})
}

// QuerySignPlan reads a sign plan.
func QuerySignPlan[T any](ctx context.Context, l *Ledger, subMchID, merchantSignPlanNo string) (T, error) {
	return answerTo[T](ctx, l, func() (any, error) {
		p := l.signPlan(rules.OrderKey(subMchID, merchantSignPlanNo))
		if p == nil {
			return nil, rules.NoSignPlan()
		}
		return p.SignPlan, nil
	})
}

// StopSignPlan cancels a sign plan for its merchant.
func StopSignPlan[T any](ctx context.Context, l *Ledger, subMchID, merchantSignPlanNo, reason string) (T, error) {
	return answerTo[T](ctx, l, func() (any, error) {
		known := l.signPlan(rules.OrderKey(subMchID, merchantSignPlanNo))
		if known == nil {
			return nil, rules.NoSignPlan()
		}
		p, refused := rules.StopSignPlan(*known, reason, l.terms())
		if refused != nil {
			return nil, refused
		}
		l.keepSignPlan(p, rules.Effects{})
		return p.SignPlan, nil
	})
}

// CreateDetailOrder opens the order of a detail. From there on it is an order
// like any other.
func CreateDetailOrder[T any](ctx context.Context, l *Ledger, b payscore.CreatePartnerSignPlanServiceOrderRequest) (T, error) {
	return answerTo[T](ctx, l, func() (any, error) {
		// A repeat finds the order, whatever became of the detail.
		opening := rules.Opening{Request: b, Order: payscore.CreatePartnerServiceOrderRequest{SubMchID: b.SubMchID, OutOrderNo: b.OutTradeNo}}
		if l.orders.Get(rules.OrderKey(b.SubMchID, b.OutTradeNo)) == nil {
			p := by(l.signPlans, l.signPlanOf, b.SignPlanID)
			if p != nil {
				p = l.signPlan(p.Key())
			}
			var refused *rules.Refusal
			if opening, refused = rules.OpenDetail(b, p); refused != nil {
				return nil, refused
			}
			if refused = rules.CheckOpening(opening, l.terms()); refused != nil {
				return nil, refused
			}
		}
		o, refused := l.create(opening, namedBy(ctx))
		if refused != nil {
			return nil, refused
		}
		return o.Answer, nil
	})
}

// answerTo runs do as one operation and returns what T has of its answer.
func answerTo[T any](ctx context.Context, l *Ledger, do func() (any, error)) (answer T, err error) {
	err = l.update(ctx, func() error {
		made, err := do()
		if err == nil {
			answer = rules.As[T](made)
		}
		return err
	})
	return answer, err
}

// signPlan finds a sign plan as it is by now. The caller holds the lock.
func (l *Ledger) signPlan(key string) *rules.SignPlan {
	p := l.signPlans.Get(key)
	if p == nil {
		return nil
	}
	settled, expired := rules.SettleSignPlan(*p, l.terms())
	if !expired {
		return p
	}
	l.journalEntry(journal.Entry{Time: l.now(), Kind: journal.Move, Subject: settled.Subject(), Operation: "expire_sign_plan"})
	return l.keepSignPlan(settled, rules.Effects{})
}

// keepSignPlan puts a sign plan and does what follows. The caller holds the
// lock.
func (l *Ledger) keepSignPlan(p rules.SignPlan, e rules.Effects) *rules.SignPlan {
	before := l.signPlans.Get(p.Key())
	l.signPlans.Put(p.Key(), &p)
	if before == nil || before.OverAt != p.OverAt || before.SignPlan.SignState != p.SignPlan.SignState {
		l.planExpiry(p.Key(), &p)
	}
	l.follow(e, p.Named)
	return &p
}

// planExpiry has a signed plan looked at when its time is over. The caller holds
// the lock.
func (l *Ledger) planExpiry(key string, p *rules.SignPlan) {
	if p.SignPlan.SignState == payscore.SignPlanStateSigned {
		l.Store.Agenda.Plan(p.OverAt, func() { l.expireDue(key) })
	}
}

func (l *Ledger) expireDue(key string) {
	err := l.Store.Update(func() error {
		l.signPlan(key)
		return nil
	})
	l.Store.AgainWhenSaved(err, func() { l.expireDue(key) })
}

// followDetail lets the sign plan know how an order of it went. The caller holds
// the lock.
func (l *Ledger) followDetail(o *rules.Order) {
	if p := l.signPlan(o.SignPlan); p != nil {
		l.keepSignPlan(rules.FollowOrder(*p, *o, l.terms()), rules.Effects{})
	}
}

// moveSignPlan is what a user does about a sign plan.
func moveSignPlan(name string, needs ...string) otherMove {
	return otherMove{append([]string{"sub_mchid", "merchant_sign_plan_no"}, needs...),
		func(a MoveArgs) string { return rules.SignPlanSubject(a.SubMchID, a.MerchantSignPlanNo) },
		func(l *Ledger, a MoveArgs) error {
			p := l.signPlan(rules.OrderKey(a.SubMchID, a.MerchantSignPlanNo))
			if p == nil {
				return rules.ErrNoSuchSubject
			}
			moved, effects, err := rules.MoveSignPlan(*p, name, *l.plans.Get(p.Plan), a.Reason, l.terms())
			if err != nil {
				return err
			}
			l.keepSignPlan(moved, effects)
			return nil
		}}
}

// SignPlanView is a sign plan as a query answers it, with the moves that it
// allows now.
type SignPlanView struct {
	payscore.PartnerSignPlan
	Moves []string
}

// Plan returns a copy of a plan, and whether there is one.
func (l *Ledger) Plan(subMchID, merchantPlanNo string) (v payscore.PartnerPlan, ok bool) {
	l.Store.Lock()
	defer l.Store.Unlock()
	p := l.plans.Get(rules.OrderKey(subMchID, merchantPlanNo))
	if p == nil {
		return v, false
	}
	return rules.As[payscore.PartnerPlan](p.Plan), true
}

// SignPlan returns a copy of a sign plan, and whether there is one.
func (l *Ledger) SignPlan(subMchID, merchantSignPlanNo string) (v SignPlanView, ok bool) {
	l.seeSignPlans(func(settle func(*rules.SignPlan) *rules.SignPlan) {
		v, ok = SignPlanView{}, false
		if p := l.signPlans.Get(rules.OrderKey(subMchID, merchantSignPlanNo)); p != nil {
			v, ok = l.viewSignPlan(settle(p)), true
		}
	})
	return v, ok
}

// seeSignPlans has do look at sign plans, after settle. When what fell due cannot
// be saved, do is called once more and sees what is saved. The lock is held.
func (l *Ledger) seeSignPlans(do func(settle func(*rules.SignPlan) *rules.SignPlan)) {
	err := l.Store.Update(func() error {
		do(func(p *rules.SignPlan) *rules.SignPlan { return l.signPlan(p.Key()) })
		return nil
	})
	if err != nil {
		l.Store.Lock()
		defer l.Store.Unlock()
		do(func(p *rules.SignPlan) *rules.SignPlan { return p })
	}
}

func (l *Ledger) viewSignPlan(p *rules.SignPlan) SignPlanView {
	return SignPlanView{rules.As[payscore.PartnerSignPlan](p.SignPlan), p.Moves(*l.plans.Get(p.Plan), l.terms())}
}

// Plans returns copies of all plans and sign plans, by their keys.
func (l *Ledger) Plans() (plans []payscore.PartnerPlan, signPlans []SignPlanView) {
	l.seeSignPlans(func(settle func(*rules.SignPlan) *rules.SignPlan) {
		plans, signPlans = nil, nil
		for _, p := range l.plans.All() {
			plans = append(plans, rules.As[payscore.PartnerPlan](p.Plan))
		}
		for _, p := range l.signPlans.All() {
			signPlans = append(signPlans, l.viewSignPlan(settle(p)))
		}
	})
	return plans, signPlans
}
