package ledger

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// keepPermission puts an authorisation and does what follows. The caller holds
// the lock.
func (l *Ledger) keepPermission(p rules.Permission, e rules.Effects) {
	before := l.permissions.Get(p.Key())
	l.permissions.Put(p.Key(), &p)
	if before != nil {
		l.given.Replace(before, &p)
	}
	l.given.Add(&p)
	l.follow(e)
}

func (l *Ledger) movePermission(a MoveArgs, move func(rules.Permission) (rules.Permission, rules.Effects, error)) error {
	p := l.permissions.Get(rules.PermissionKey(a.SubMchID, a.AuthorizationCode))
	if p == nil || p.Request.SubMchID != a.SubMchID {
		return rules.ErrNoSuchSubject
	}
	moved, effects, err := move(*p)
	if err != nil {
		return err
	}
	l.keepPermission(moved, effects)
	return nil
}

// Ask asks for an authorisation and returns the token.
func (l *Ledger) Ask(ctx context.Context, r rules.PermissionRequest) (token string, err error) {
	err = l.update(ctx, func() error {
		known := l.permissions.Get(rules.PermissionKey(r.SubMchID, r.Code))
		if known == nil && l.permissions.Len() >= l.MaxOrders {
			return rules.TooMany()
		}
		p, refused := rules.Ask(r, known, "sandbox_permission_"+rand.Text(), l.terms())
		if refused != nil {
			return refused
		}
		l.keepPermission(p, rules.Effects{})
		token = p.Token
		return nil
	})
	return token, err
}

// Asked names an authorisation: by its code, by its user, or by both.
type Asked struct {
	SubMchID, ServiceID, Code string
	User                      rules.UserIDs
	AppID, SubAppID           string
}

// permission finds an authorisation: what a user gave is what is in force, else
// what was given last. The caller holds the lock.
func (l *Ledger) permission(a Asked) (*rules.Permission, *rules.Refusal) {
	if a.Code == "" {
		if p := l.given.Find(a.User, a.SubMchID, a.ServiceID, a.AppID, a.SubAppID); p != nil {
			return p, nil
		}
		return nil, rules.NoPermission()
	}
	p := l.permissions.Get(rules.PermissionKey(a.SubMchID, a.Code))
	if p == nil || p.Request.SubMchID != a.SubMchID || p.Request.ServiceID != a.ServiceID {
		return nil, rules.NoPermission()
	}
	if a.AppID != "" && p.Request.AppID != a.AppID || a.User != (rules.UserIDs{}) && !p.User.Is(a.User) {
		return nil, rules.NoPermission()
	}
	return p, nil
}

// Permission returns an authorisation, and the risk level of its user: nil while
// it has none.
func (l *Ledger) Permission(ctx context.Context, a Asked) (p rules.Permission, level *rules.RiskLevel, err error) {
	defer l.lock(ctx)()
	found, refused := l.permission(a)
	if refused != nil {
		return p, nil, refused
	}
	return *found, l.levelOf(found), nil
}

func (l *Ledger) levelOf(p *rules.Permission) *rules.RiskLevel {
	if p.State == payscore.AuthorizationStateUnbinduser {
		return nil
	}
	for _, id := range []string{p.User.OpenID, p.User.SubOpenID} {
		if r := l.riskLevels.Get(id); r != nil {
			return r
		}
	}
	return &rules.ExampleRiskLevel
}

// Terminate is the merchant's part in ending an authorisation.
func (l *Ledger) Terminate(ctx context.Context, a Asked, reason string) error {
	return l.update(ctx, func() error {
		p, refused := l.permission(a)
		if refused != nil {
			return refused
		}
		unfinished := false
		for _, o := range l.orders.Unsorted() {
			unfinished = unfinished || p.IsOf(*o)
		}
		ended, effects, refused := rules.Terminate(*p, reason, unfinished, l.terms())
		if refused != nil {
			return refused
		}
		if !effects.Repeat {
			l.keepPermission(ended, effects)
		}
		return nil
	})
}

// Quotas returns what is suggested for each layer of a service's users, and
// whether there is such a version of the layers.
func (l *Ledger) Quotas(ctx context.Context, serviceID string, version int64) (rules.Quotas, bool) {
	defer l.lock(ctx)()
	if known := l.quotas.Get(rules.QuotasKey(serviceID, version)); known != nil {
		return *known, true
	}
	return rules.ExampleQuotas, version == rules.ExampleRiskLevel.RiskLevelVersion
}

// Refund makes a refund or finds the one that was made of the same request.
func (l *Ledger) Refund(ctx context.Context, b payscore.CreateRefundRequest) (payscore.Refund, error) {
	var answer payscore.Refund
	if refused := rules.CheckRefund(b); refused != nil {
		return answer, refused
	}
	err := l.update(ctx, func() error {
		sub := ""
		if b.SubMchID != nil {
			sub = *b.SubMchID
		}
		known := l.refunds.Get(rules.OrderKey(sub, b.OutRefundNo))
		transaction := rules.TransactionOf(b)
		var others []*rules.Refund
		for _, r := range l.refunds.Unsorted() {
			if r != known && r.Refund.TransactionID == transaction {
				others = append(others, r)
			}
		}
		made, effects, refused := rules.MakeRefund(b, known, l.payments[transaction], others, l.terms())
		if refused != nil {
			return refused
		}
		if !effects.Repeat {
			l.refunds.Put(made.Key(), &made)
			l.follow(effects)
			l.planRefund(made.Key(), &made)
		}
		answer = made.Refund
		return nil
	})
	return answer, err
}

// FindRefund returns a refund.
func (l *Ledger) FindRefund(ctx context.Context, subMchID, outRefundNo string) (payscore.Refund, error) {
	defer l.lock(ctx)()
	if r := l.refunds.Get(rules.OrderKey(subMchID, outRefundNo)); r != nil {
		return r.Refund, nil
	}
	return payscore.Refund{}, rules.Missing()
}

// planRefund lets a refund succeed when its time has come, unless a move was
// faster. The caller holds the lock.
func (l *Ledger) planRefund(key string, r *rules.Refund) {
	if r.Refund.Status != payscore.RefundStatusProcessing {
		return
	}
	started := r.StartedAt
	l.Store.Agenda.Plan(started.Add(rules.RefundDelay), func() { l.refundDue(key, started) })
}

func (l *Ledger) refundDue(key string, started time.Time) {
	err := l.journalled(rules.RefundEnds[payscore.RefundStatusSuccess], "refund/"+key, func() error {
		r := l.refunds.Get(key)
		if r == nil || r.Refund.Status != payscore.RefundStatusProcessing || !r.StartedAt.Equal(started) {
			return rules.Impossible("it ended before")
		}
		return l.endRefund(key, payscore.RefundStatusSuccess)
	})
	l.Store.AgainWhenSaved(err, func() { l.refundDue(key, started) })
}

func (l *Ledger) endRefund(key string, status payscore.RefundStatus) error {
	r := l.refunds.Get(key)
	if r == nil {
		return rules.ErrNoSuchSubject
	}
	ended, effects, err := rules.EndRefund(*r, status, l.terms())
	if err != nil {
		return err
	}
	l.refunds.Put(key, &ended)
	l.follow(effects)
	return nil
}

// ApplyForAccount applies to bind a sub-merchant.
func (l *Ledger) ApplyForAccount(ctx context.Context, b payscore.ApplyPartnerServiceAccountRequest) (payscore.PartnerServiceAccountApplication, error) {
	var answer payscore.PartnerServiceAccountApplication
	err := l.update(ctx, func() error {
		known := l.applications.Get(b.OutApplyNo)
		if known == nil && l.applications.Len() >= l.MaxOrders {
			return rules.TooMany()
		}
		a, refused := rules.ApplyForAccount(b, known, l.terms())
		if refused != nil {
			return refused
		}
		if known == nil {
			l.applications.Put(b.OutApplyNo, &a)
			l.planApplication(b.OutApplyNo, &a)
		}
		answer = a.Application
		return nil
	})
	return answer, err
}

// Application returns an application to bind a sub-merchant.
func (l *Ledger) Application(ctx context.Context, outApplyNo string) (payscore.PartnerServiceAccountApplication, error) {
	defer l.lock(ctx)()
	if a := l.applications.Get(outApplyNo); a != nil {
		return a.Application, nil
	}
	return payscore.PartnerServiceAccountApplication{}, rules.Missing()
}

// Approved are the applications that were approved.
func (l *Ledger) Approved() (all []payscore.PartnerServiceAccountApplication) {
	l.Store.Lock()
	defer l.Store.Unlock()
	for _, a := range l.applications.Unsorted() {
		if a.Application.ApplyState == payscore.ApplyStateApproved {
			all = append(all, a.Application)
		}
	}
	return all
}

// planApplication approves an application when its time has come, unless a move
// was faster. The caller holds the lock.
func (l *Ledger) planApplication(outApplyNo string, a *rules.Application) {
	if a.Application.ApplyState != payscore.ApplyStateProcessing {
		return
	}
	l.Store.Agenda.Plan(a.CreatedAt.Add(rules.ApplicationDelay), func() { l.approveDue(outApplyNo) })
}

func (l *Ledger) approveDue(outApplyNo string) {
	err := l.Move("approve_account", MoveArgs{OutApplyNo: outApplyNo})
	l.Store.AgainWhenSaved(err, func() { l.approveDue(outApplyNo) })
}

func (l *Ledger) moveApplication(a MoveArgs, move func(rules.Application) (rules.Application, rules.Effects, error)) error {
	known := l.applications.Get(a.OutApplyNo)
	if known == nil {
		return rules.ErrNoSuchSubject
	}
	moved, effects, err := move(*known)
	if err != nil {
		return err
	}
	l.applications.Put(a.OutApplyNo, &moved)
	l.follow(effects)
	return nil
}
