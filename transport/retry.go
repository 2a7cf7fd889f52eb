package transport

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/catalog"
)

const (
	// DefaultAttempts is how often a request is sent at most.
	DefaultAttempts = 3
	// DefaultFirstWait is the shortest wait before the second attempt.
	DefaultFirstWait = 200 * time.Millisecond
	// DefaultLongestWait is the longest wait between two attempts.
	DefaultLongestWait = 10 * time.Second
)

// Retry says how a call is repeated. The zero value of a field stands for its
// default.
type Retry struct {
	// Attempts is how often the request is sent at most, the first time
	// included: [DefaultAttempts], 1 for never again.
	Attempts int
	// FirstWait is the wait before the second attempt: [DefaultFirstWait]. It
	// doubles from attempt to attempt, and up to half of it is added at random.
	FirstWait time.Duration
	// LongestWait bounds a wait: [DefaultLongestWait]. An answer whose
	// Retry-After asks for more is not retried.
	LongestWait time.Duration
}

// WithRetry sets how calls are repeated. No field may be negative.
func WithRetry(r Retry) Option {
	return func(c *Client) {
		if c.retry = r; r.Attempts < 0 || r.FirstWait < 0 || r.LongestWait < 0 {
			c.refuse("a retry has a negative field: %+v", r)
		}
	}
}

func (r Retry) orDefault() Retry {
	if r.Attempts == 0 {
		r.Attempts = DefaultAttempts
	}
	if r.FirstWait == 0 {
		r.FirstWait = DefaultFirstWait
	}
	if r.LongestWait == 0 {
		r.LongestWait = DefaultLongestWait
	}
	return r
}

type withoutRetryKey struct{}

// WithoutRetry returns a context whose calls are sent once, whatever [WithRetry] says.
func WithoutRetry(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutRetryKey{}, true)
}

// decision is what the end of one attempt means for the call.
type decision struct {
	again            bool // the same parameters may be sent once more
	mayHaveSucceeded bool // this attempt may have changed something
	newHost          bool // the host was not reached, or did not answer
}

// decide has all the rules in one place. Only what is safe with the same
// parameters is sent again.
func decide(req *http.Request, rsp *http.Response, err error) decision {
	write := apierror.Writes(req.Method)
	if err != nil {
		if s, ok := err.(*SendError); ok { // itself, not one of what it was caused by
			if req.Context().Err() != nil {
				return decision{mayHaveSucceeded: write && !s.NotSent}
			}
			return decision{again: true, mayHaveSucceeded: write && !s.NotSent, newHost: true}
		}
		// What is not to be trusted says most likely that a write was carried
		// out, and a repeat would only bury that under a refusal.
		return decision{again: !write, mayHaveSucceeded: write}
	}
	if rsp.StatusCode/100 == 2 && rsp.StatusCode != http.StatusAccepted {
		return decision{}
	}
	refused := refusal(rsp)
	switch {
	case refused.Status == http.StatusAccepted, refused.Status >= 500, // received but not done, or who knows
		refused.Status == http.StatusTooManyRequests, refused.Number == catalog.NumberTooFrequent: // refused before it was looked at
		return decision{again: true, mayHaveSucceeded: errors.Is(refused, ErrOutcomeUnknown)}
	}
	return decision{mayHaveSucceeded: errors.Is(refused, ErrOutcomeUnknown)}
}

// repeatable reports whether a second attempt can have the same bytes and a
// signature of its own.
func (c *Client) repeatable(req *http.Request) bool {
	if req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return false
	}
	a, err := auth.ParseAuthorization(req.Header.Get("Authorization"))
	return err == nil && a.MchID == c.signer.MchID()
}

// wait is how long to wait after an attempt, counted from 1. It is false when
// that is longer than it may be.
func (c *Client) wait(ctx context.Context, r Retry, attempt int, rsp *http.Response) (time.Duration, bool) {
	d := r.LongestWait
	if shift := attempt - 1; shift < 32 && r.FirstWait <= d>>shift {
		d = r.FirstWait << shift
	}
	d += time.Duration(c.jitter() * float64(d) / 2)
	d = min(d, r.LongestWait)
	if rsp != nil {
		d = max(d, retryAfter(rsp.Header, c.now()))
	}
	deadline, bounded := ctx.Deadline()
	return d, d <= r.LongestWait && (!bounded || c.now().Add(d).Before(deadline))
}

// retryAfter is the wait that an answer asks for, in seconds or as a date. What
// does not parse asks for none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	seconds, err := strconv.ParseUint(value, 10, 32)
	switch {
	case err == nil:
		return time.Duration(seconds) * time.Second
	case errors.Is(err, strconv.ErrRange):
		return math.MaxInt64
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func jitter() float64 { return rand.Float64() }
