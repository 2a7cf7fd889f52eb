package serviceorder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
)

const (
	// DefaultPause is how long an operation whose outcome is unknown waits
	// before it queries the order.
	DefaultPause = time.Second
	// DeductionWait is how long WeChat Pay asks to wait when a deduction is in
	// progress.
	DeductionWait = 3 * time.Minute
)

type options struct {
	before  *int64
	pause   time.Duration
	wait    bool
	resends int
	// serviceID is for queries, where the body bears none.
	serviceID string
	// misconfigured is why one of them cannot be used.
	misconfigured error
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

// Option changes how an operation is sent and confirmed. A nil one does nothing.
// One that cannot be used, such as one with a negative duration, makes the
// operation return an error that is [apierror.ErrNotSent].
type Option func(*options)

// WithTotalBefore tells [Modify] and [ModifyDirect] the total of the order
// before the modification, in fen, as a query answered it. Without it, an order
// that bears less than the new total leaves the outcome unknown. No other
// operation goes by it.
func WithTotalBefore(fen int64) Option { return func(o *options) { o.before = &fen } }

// WithPause sets how long to wait before the order is queried, so that a
// request that is still on its way can arrive. The default is [DefaultPause].
func WithPause(d time.Duration) Option {
	return func(o *options) {
		if o.pause = d; d < 0 {
			o.misconfigured = fmt.Errorf("serviceorder: a pause of %s is negative", d)
		}
	}
}

// WithDeductionWait waits for [DeductionWait] when a deduction is in progress,
// and then queries the order, instead of at once.
func WithDeductionWait() Option { return func(o *options) { o.wait = true } }

// WithServiceID names the service of the order for the query, where the body of
// the operation does not bear a service_id. The official page of 2024-12 calls it
// optional in a partner's query, other official texts require it, and without it
// WeChat Pay may refuse the query for lack of permission, which leaves the outcome
// unknown. A body's own service_id wins.
func WithServiceID(id string) Option { return func(o *options) { o.serviceID = id } }

// WithResend sends the same operation again, n times at most, while the order
// shows that it was not carried out and allows it still. An operation of which
// the order does not tell is sent again only where a repeat with the same
// parameters is known to be safe ([catalog.ReentryOf]) and the order allows it.
// Nothing is known of [Pay] and [Sync], and a repeated [Modify] is refused.
func WithResend(n int) Option {
	return func(o *options) {
		if o.resends = n; n < 0 {
			o.misconfigured = fmt.Errorf("serviceorder: %d resends are negative", n)
		}
	}
}

// kind is what one operation does to an order.
type kind struct {
	id    string                  // of the contract, for what the stages allow
	judge func(now facts) Outcome // tells by the order whether it was carried out
	// collects marks the operation that only asks for the money: a failed
	// deduction is a failure of its own.
	collects bool
}

// operation is one operation on one order. send and query are made with the
// same parameters each time.
type operation[O Order] struct {
	kind
	outOrderNo string
	send       func() (*O, error)            // and the order, where the answer is one
	params     interface{ Validate() error } // of the query
	query      func() (*O, error)
}

// confirm sends an operation, and queries the order when the answer does not
// tell whether it was carried out.
func confirm[O Order](ctx context.Context, op operation[O], opts []Option) (Result[O], error) {
	o := newOptions(opts)
	var r Result[O]
	impossible := op.params.Validate() // sent, it could not be settled
	if o.misconfigured != nil {
		impossible = o.misconfigured
	}
	if op.query == nil {
		impossible = errors.New("serviceorder: the client is nil")
	}
	if impossible != nil {
		r.Outcome, r.SendErr = NotCarriedOut, fmt.Errorf("%w: %w", apierror.ErrNotSent, impossible)
		return r, r.SendErr
	}
	for mayHaveSucceeded := false; ; {
		var answer *O
		if answer, r.SendErr = op.send(); r.SendErr == nil {
			return Result[O]{Outcome: CarriedOut, Order: answer}, nil
		}
		busy, unknown := hasNumber(r.SendErr, catalog.NumberDeductionRunning), errors.Is(r.SendErr, apierror.ErrOutcomeUnknown)
		// It stands unless the order says otherwise.
		unsigned := refusedUnsigned(r.SendErr)
		before := maybeCarriedOutBefore(op.id, r.SendErr)
		// This refusal speaks of the money and not of the operation.
		mayHaveSucceeded = mayHaveSucceeded || unknown || !op.collects && hasNumber(r.SendErr, catalog.NumberDeductionFailed)
		if !mayHaveSucceeded && !busy && !unsigned && !before {
			r.Outcome = NotCarriedOut
			return r, r.SendErr
		}
		pause := o.pause
		switch {
		case busy && o.wait:
			pause = max(pause, DeductionWait)
		case before && !mayHaveSucceeded && !busy && !unsigned:
			pause = 0 // nothing is on its way
		}
		r.Outcome = Unknown
		var now facts
		if err := sleep(ctx, pause); err != nil {
			// What an earlier query told is no longer so.
			r.Order, r.QueryErr = nil, fmt.Errorf("no time is left for it: %w", err)
		} else if r.Order, r.QueryErr = op.query(); r.Order != nil {
			now = factsOf(*r.Order)
			r.Outcome = op.judge(now)
		}
		if !mayHaveSucceeded && r.Outcome == Unknown {
			r.Outcome = NotCarriedOut // the refusal stands
		}
		again := r.Outcome == NotCarriedOut || r.Outcome == Unknown && repeatable(op.id)
		// A refusal that the order confirms would come again.
		again = again && (busy && o.wait || !busy && unknown)
		if !again || o.resends <= 0 || !catalog.Allows(now.stage, op.id) {
			return r, r.err(op.outOrderNo, mayHaveSucceeded)
		}
		o.resends--
	}
}

// refusedUnsigned reports whether an operation was refused by an answer that did
// not verify.
func refusedUnsigned(err error) bool {
	var refused *apierror.Error
	return errors.As(err, &refused) && !refused.Verified && !errors.Is(err, apierror.ErrNotSent)
}

// repeatable reports whether a repeat with the same parameters is known to be
// safe, whatever became of the first call.
func repeatable(operationID string) bool {
	again, known := catalog.ReentryOf(operationID)
	return known && again.Same == catalog.SameAnswer
}

// maybeCarriedOutBefore reports whether an operation may have been refused
// because it was carried out before, by an earlier call or an earlier run of the
// program: with other parameters, as its message says (reports of that refusal do
// not show its number), or with the same ones where a repeat is refused. A
// modification to the total that the order bears is then a PARAM_ERROR like any
// other, since it is not lower.
func maybeCarriedOutBefore(operationID string, err error) bool {
	var refused *apierror.Error
	if !errors.As(err, &refused) {
		return false
	}
	again, _ := catalog.ReentryOf(operationID)
	return again.Same == catalog.SameRefused && errors.Is(refused, apierror.ParamError) ||
		again.Other == catalog.OtherRefused &&
			(refused.Message == again.Message || again.Number != 0 && refused.Number == again.Number)
}

func hasNumber(err error, number int64) bool {
	var refused *apierror.Error
	return errors.As(err, &refused) && refused.Number == number
}

func sleep(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return context.DeadlineExceeded // which it would be by then
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
