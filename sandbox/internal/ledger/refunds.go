package ledger

import (
	"context"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

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
			made.Named = namedBy(ctx)
			l.refunds.Put(made.Key(), &made)
			l.follow(effects, made.Named)
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
	l.follow(effects, ended.Named)
	return nil
}
