package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// MoveError says which move was not made. Nothing changed.
type MoveError struct {
	Move    string
	Subject string // as in the journal: the key of an order
	Stage   string // of the order, if it is about one that is there
	Err     error  // wraps one of the above, or is that of saving
}

// Error is one line.
func (e *MoveError) Error() string {
	line := fmt.Sprintf("sandbox: %q", e.Move)
	if e.Subject != "" {
		line += fmt.Sprintf(" of %q", e.Subject)
	}
	if e.Stage != "" {
		line += ", which is " + e.Stage
	}
	return fmt.Sprintf("%s: %v", line, e.Err)
}

// Unwrap returns the reason.
func (e *MoveError) Unwrap() error { return e.Err }

// MoveArgs name what a move is about and what it takes. They are the public
// ones, which say what each field is.
type MoveArgs struct {
	Family                          rules.Family
	SubMchID, OutOrderNo            string
	OpenID, SubOpenID               string
	Duration                        time.Duration
	Fails                           bool
	AuthorizationCode               string
	OutRefundNo, OutApplyNo         string
	MerchantSignPlanNo              string
	Reason                          string
	UserLabel                       string
	UserRiskLevel, RiskLevelVersion int64
	User                            rules.User
	ServiceID                       string
	Quotas                          []payscore.QuotaSuggestion
}

// Move makes a move by its name. The error is a [*MoveError].
func (l *Ledger) Move(name string, a MoveArgs) error {
	if slices.Contains(rules.OrderMoves(), name) {
		return l.moveOrder(name, a)
	}
	m, ok := otherMoves[name]
	if !ok {
		return &MoveError{Move: name, Err: rules.ErrNoSuchMove}
	}
	subject := m.subject(a)
	var err error
	if name == rotateCertificate {
		err = l.Keys.Rotate(func(do func() error) error { return l.journalled(name, subject, do) })
	} else {
		err = l.journalled(name, subject, func() error { return m.do(l, a) })
	}
	if err != nil {
		return &MoveError{Move: name, Subject: subject, Err: err}
	}
	return nil
}

// journalled runs a move as one operation.
func (l *Ledger) journalled(name, subject string, do func() error) error {
	return l.Store.Update(func() error {
		if err := do(); err != nil {
			return err
		}
		l.journalEntry(journal.Entry{Time: l.now(), Kind: journal.Move, Subject: subject, Operation: name})
		return nil
	})
}

func (l *Ledger) moveOrder(name string, a MoveArgs) error {
	failed := &MoveError{Move: name, Subject: rules.FamilyKey(a.Family, a.SubMchID, a.OutOrderNo)}
	failed.Err = l.Store.Update(func() error {
		o := l.orders.Get(failed.Subject)
		if o == nil {
			return rules.ErrNoSuchSubject
		}
		o = l.settle(o)
		failed.Stage = o.Stage
		moved, effects, possible := rules.Move(*o, name, rules.MoveArgs{OpenID: a.OpenID, Duration: a.Duration, Fails: a.Fails}, l.terms())
		if !possible {
			return rules.ErrMoveImpossible
		}
		l.journalMove(l.keep(moved, effects), name)
		return nil
	})
	if failed.Err != nil {
		return failed
	}
	return nil
}
