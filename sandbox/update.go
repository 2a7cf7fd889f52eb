package sandbox

import (
	"context"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/journal"
)

// now is the time that orders go by.
func (s *Sandbox) now() time.Time { return s.db.Clock.Now() }

// Now returns the time that orders go by: the wall clock's, moved on by
// [Sandbox.Advance] and quickened by [WithTimeScale].
func (s *Sandbox) Now() time.Time {
	s.mustBeOpen()
	return s.now()
}

// Advance moves the time of the orders on by d and does, in order, what falls
// due on the way: it returns when that is done. Signatures keep to the wall
// clock, so that clients need not know of it. A receiver of notifications must
// not call it before it has answered: each waits for the other then.
func (s *Sandbox) Advance(d time.Duration) {
	s.mustBeOpen()
	s.journal.Add(Entry{Time: s.now(), Kind: journal.Clock, Operation: "advance", Message: d.String()})
	target := s.now().Add(d)
	s.db.Agenda.Until(target)
	s.db.Clock.MoveTo(target)
	s.db.SaveTime()
	s.db.Agenda.Wake()
}

// update runs do as one operation: nobody else sees what it changes before it
// is saved. The journal's entries of it, that of the request in ctx included,
// are numbered before anybody else changes anything.
func (s *Sandbox) update(ctx context.Context, do func() error) error {
	defer s.lock(ctx)()
	return s.db.Change(do)
}

// lock locks the tables. What it returns numbers the request in ctx, if there
// is one, and unlocks them.
func (s *Sandbox) lock(ctx context.Context) (unlock func()) {
	s.mustBeOpen()
	s.db.Lock()
	return func() {
		if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
			s.takePlace(x)
		}
		s.db.Unlock()
	}
}

// see shows do the tables with all that fell due. When that cannot be saved,
// do is called once more and sees what is saved.
func (s *Sandbox) see(do func(settle func(*order))) {
	err := s.update(context.Background(), func() error {
		do(s.settle)
		return nil
	})
	if err != nil {
		s.db.Lock()
		defer s.db.Unlock()
		do(func(*order) {})
	}
}
