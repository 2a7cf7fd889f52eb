package transport

import (
	"context"
	"time"
)

// WithHooks sets what tests must be in command of.
func WithHooks(now func() time.Time, sleep func(context.Context, time.Duration) error, jitter float64) Option {
	return func(c *Client) { c.now, c.sleep, c.jitter = now, sleep, func() float64 { return jitter } }
}

// WithAfterFunc sets what ends an attempt that takes longer than its timeout.
func WithAfterFunc(afterFunc func(time.Duration, func()) *time.Timer) Option {
	return func(c *Client) { c.afterFunc = afterFunc }
}
