package ledger

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

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
			a.Named = namedBy(ctx)
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
	l.follow(effects, moved.Named)
	return nil
}
