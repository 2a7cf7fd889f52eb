package store

import (
	"math"
	"sync"
	"time"
)

// Clock tells two times. Signatures go by the wall, since the caller's clock
// does not move with the sandbox's. Orders go by a time of their own, which
// can be moved on and can run faster.
type Clock struct {
	Wall  func() time.Time
	Scale int64 // seconds of an order's time in one of the wall's

	mu     sync.Mutex
	start  time.Time // when Scale began to count
	offset time.Duration
}

// Begin lets the scale count from now on.
func (c *Clock) Begin() { c.start = c.Wall() }

// Now is the time that orders go by.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nowLocked()
}

func (c *Clock) nowLocked() time.Time {
	wall := c.Wall()
	if c.Scale != 1 {
		// Within what a Duration holds, 292 years, or it would wrap to the past.
		more, passed := time.Duration(c.Scale-1), wall.Sub(c.start)
		wall = wall.Add(min(passed, math.MaxInt64/more) * more)
	}
	return wall.Add(c.offset)
}

// MoveTo moves the time on to t. It never moves back.
func (c *Clock) MoveTo(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if behind := t.Sub(c.nowLocked()); behind > 0 && c.offset+behind > 0 {
		c.offset += behind
	}
}
