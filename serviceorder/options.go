package serviceorder

import (
	"fmt"
	"time"
)

const (
	// DefaultPause is how long an operation whose outcome is unknown waits
	// before it queries the order.
	DefaultPause = time.Second
	// DeductionWait is how long WeChat Pay asks to wait while a deduction is in
	// progress.
	DeductionWait = 3 * time.Minute
)

// Option changes how an operation is sent and confirmed. A nil Option does
// nothing. With one that cannot be used, such as a negative pause, the operation
// sends nothing and returns an error that is [apierror.ErrNotSent].
type Option func(*options)

type options struct {
	totalBefore   *int64
	pause         time.Duration
	deductionWait bool
	resends       int
	earlier       bool
	serviceID     string // for queries, where the body has none
	misconfigured error  // why the first unusable option cannot be used
}

func newOptions(opts []Option) options {
	o := options{pause: DefaultPause}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	return o
}

func (o *options) refuse(format string, args ...any) {
	if o.misconfigured == nil {
		o.misconfigured = fmt.Errorf("serviceorder: "+format, args...)
	}
}

// service returns the service_id of the body, or else that of [WithServiceID],
// or "".
func (o options) service(body *string) string {
	if body != nil {
		return *body
	}
	return o.serviceID
}

// WithTotalBefore gives [Modify] and [ModifyDirect] the total of the order
// before the modification, in fen, as a query returned it. Without it the outcome
// is unknown when the order's total is below the new one. The other operations
// ignore it.
func WithTotalBefore(fen int64) Option { return func(o *options) { o.totalBefore = &fen } }

// WithPause sets how long to wait before the order is queried, so that a
// delayed request can arrive first. The default is [DefaultPause].
func WithPause(d time.Duration) Option {
	return func(o *options) {
		if o.pause = d; d < 0 {
			o.refuse("a pause of %s is negative", d)
		}
	}
}

// WithDeductionWait waits for [DeductionWait] before the query when a deduction
// is in progress. Without it the wait is that of [WithPause].
func WithDeductionWait() Option { return func(o *options) { o.deductionWait = true } }

// WithServiceID sets the service of the query when the body of the operation has
// no service_id. The official page of 2024-12 calls it optional in a partner's
// query, and other official texts require it. Without it WeChat Pay may refuse the
// query for lack of permission, which leaves the outcome unknown.
func WithServiceID(id string) Option { return func(o *options) { o.serviceID = id } }

// WithResend sends the same operation again, at most n times, while the order
// shows that it was not carried out and the order's stage allows it. When the
// order does not show the outcome, the operation is sent again only if a repeat
// with the same parameters is known to be safe ([catalog.ReentryOf]). That is not
// known of [Pay] and [Sync], and a repeated [Modify] is refused.
func WithResend(n int) Option {
	return func(o *options) {
		if o.resends = n; n < 0 {
			o.refuse("%d resends are negative", n)
		}
	}
}

// WithEarlierAttempt is for a program that was stopped after it may have sent the
// operation, and has no answer. The operation begins with the query of the order, as
// if it had been sent and its outcome were unknown: [Result].SendErr is
// [ErrEarlierAttempt]. Nothing is sent, unless [WithResend] allows it and the order
// shows that it was not carried out. The parameters must be those of the earlier
// attempt; give [Modify] the total of then by [WithTotalBefore].
func WithEarlierAttempt() Option { return func(o *options) { o.earlier = true } }
