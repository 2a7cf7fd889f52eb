package sandbox

import (
	"context"
	"math"
	"sync"
	"time"
)

// clock tells two times. Signatures go by the wall, since the caller's clock
// does not move with the sandbox's. Orders go by a time of their own, which
// can be moved on and can run faster.
type clock struct {
	wall  func() time.Time
	scale int64 // seconds of an order's time in one of the wall's

	mu     sync.Mutex
	start  time.Time // when scale began to count
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nowLocked()
}

func (c *clock) nowLocked() time.Time {
	wall := c.wall()
	if c.scale != 1 {
		// Within what a Duration holds, 292 years, or it would wrap to the past.
		more, passed := time.Duration(c.scale-1), wall.Sub(c.start)
		wall = wall.Add(min(passed, math.MaxInt64/more) * more)
	}
	return wall.Add(c.offset)
}

// moveTo moves the time on to t. It never moves back.
func (c *clock) moveTo(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if behind := t.Sub(c.nowLocked()); behind > 0 && c.offset+behind > 0 {
		c.offset += behind
	}
}

// now is the time that orders go by.
func (s *Sandbox) now() time.Time { return s.clock.now() }

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
	s.journal.add(Entry{Time: s.now(), Kind: "clock", Operation: "advance", Message: d.String()})
	target := s.now().Add(d)
	s.agenda.until(target)
	s.clock.moveTo(target)
	_ = s.saveTime()
	s.agenda.wake()
}

// saveTime saves the time of the orders, which the next sandbox on the same file
// goes on from.
func (s *Sandbox) saveTime() error {
	return s.update(context.Background(), func() error {
		s.changes.commits()
		return nil
	})
}
