package sandbox_test

import (
	"sync/atomic"
	"time"
)

// wallClock is a clock that a test sets while the sandbox's goroutines read it.
type wallClock struct{ at atomic.Int64 } // Unix nanoseconds

func newWallClock(at time.Time) *wallClock {
	c := new(wallClock)
	c.set(at)
	return c
}

func (c *wallClock) now() time.Time { return time.Unix(0, c.at.Load()).UTC() }

func (c *wallClock) set(at time.Time) { c.at.Store(at.UnixNano()) }
