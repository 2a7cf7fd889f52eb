package serviceorder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
)

// kind is one of the operations that are confirmed.
type kind struct {
	id    string                  // its operationId
	judge func(now facts) Outcome // says by the order whether it was carried out
	// collects reports that the operation does nothing but ask for the money, so
	// that a failed deduction is its own failure.
	collects bool
}

// operation is one operation on one order. Each call of send and of query has the
// same parameters.
type operation[O Order] struct {
	kind
	outOrderNo string
	send       func() (*O, error) // returns the order if the response is one
	unqueried  error              // what is wrong with the query
	query      func() (*O, error) // nil without a client
}

// confirm sends an operation, and queries the order when the response does not
// show whether the operation was carried out.
func confirm[O Order](ctx context.Context, op operation[O], o options) (Result[O], error) {
	var r Result[O]
	impossible := op.unqueried // an operation that was sent could not be settled
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
		if o.earlier {
			o.earlier, r.SendErr = false, ErrEarlierAttempt
		} else if answer, r.SendErr = op.send(); r.SendErr == nil {
			return Result[O]{Outcome: CarriedOut, Order: answer}, nil
		}
		deducting, unknown := hasNumber(r.SendErr, catalog.NumberDeductionRunning), errors.Is(r.SendErr, apierror.ErrOutcomeUnknown)
		// Such a refusal stands unless the order contradicts it.
		unsigned := refusedUnsigned(r.SendErr)
		earlierMayHaveSucceeded := refusedAsRepeat(op.id, r.SendErr)
		// A failed deduction is about the money and not about the operation.
		mayHaveSucceeded = mayHaveSucceeded || unknown || !op.collects && hasNumber(r.SendErr, catalog.NumberDeductionFailed)
		if !mayHaveSucceeded && !deducting && !unsigned && !earlierMayHaveSucceeded {
			r.Outcome = NotCarriedOut
			return r, r.SendErr
		}
		pause := o.pause
		switch {
		case deducting && o.deductionWait:
			pause = max(pause, DeductionWait)
		case earlierMayHaveSucceeded && !mayHaveSucceeded && !deducting && !unsigned:
			pause = 0 // no request can arrive late
		}
		r.Outcome = Unknown
		var now facts
		if err := sleep(ctx, pause); err != nil {
			// The order of an earlier query is out of date.
			r.Order, r.QueryErr = nil, fmt.Errorf("no time is left for it: %w", err)
		} else if r.Order, r.QueryErr = op.query(); r.Order != nil {
			now = factsOf(*r.Order)
			r.Outcome = op.judge(now)
		}
		if !mayHaveSucceeded && r.Outcome == Unknown {
			r.Outcome = NotCarriedOut // the refusal stands
		}
		again := r.Outcome == NotCarriedOut || r.Outcome == Unknown && repeatable(op.id)
		// A refusal that the order confirms would be repeated.
		again = again && (deducting && o.deductionWait || !deducting && unknown)
		if !again || o.resends <= 0 || !catalog.Allows(now.stage, op.id) {
			return r, r.err(op.outOrderNo, mayHaveSucceeded)
		}
		o.resends--
	}
}

// refusedUnsigned reports whether an operation was refused by a response that did
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

// refusedAsRepeat reports whether an operation may have been refused because an
// earlier call, perhaps of an earlier run of the program, has carried it out. Where
// a repeat is refused, any PARAM_ERROR may be that refusal: WeChat Pay answers a
// second modification to the same total as any other that is not lower. A repeat
// with other parameters is known by its number or its message, since reports of it
// do not show the number.
func refusedAsRepeat(operationID string, err error) bool {
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
		return context.DeadlineExceeded // it would be over by then
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
