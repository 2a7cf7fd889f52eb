package serviceorder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

const (
	// DefaultPause is how long [Modify] waits before it queries.
	DefaultPause = time.Second
	// DeductionWait is how long WeChat Pay asks to wait when a deduction is in
	// progress.
	DeductionWait = 3 * time.Minute

	// deducting is the number of the refusal that says so.
	deducting       = 271316754
	modifyOperation = "modifyPartnerServiceOrder"
)

// Modifier is what [Modify] needs of a *payscore.Client: errors that are
// [apierror.ErrOutcomeUnknown] exactly when the operation may have been
// carried out.
type Modifier interface {
	ModifyPartnerServiceOrder(ctx context.Context, outOrderNo payscore.OutOrderNo, body payscore.ModifyPartnerServiceOrderRequest, editors ...payscore.RequestEditorFn) error
	QueryPartnerServiceOrder(ctx context.Context, params payscore.QueryPartnerServiceOrderParams, editors ...payscore.RequestEditorFn) (*payscore.ServiceOrderEntity, error)
}

// Outcome is what became of an operation. The zero value is Unknown.
type Outcome int

const (
	Unknown       Outcome = iota // not even the order tells; ask a person before money is touched
	CarriedOut                   // WeChat Pay said so, or the order bears the amount
	NotCarriedOut                // refused, not sent, or the order bears an amount that shows it
)

// String is the name of the outcome.
func (o Outcome) String() string {
	switch o {
	case CarriedOut:
		return "carried out"
	case NotCarriedOut:
		return "not carried out"
	}
	return "unknown"
}

// ModifyResult tells what became of a modification.
type ModifyResult struct {
	Outcome Outcome
	// Order is the order as it was queried last, nil when it was not: when the
	// first answer settled it, or no query was answered.
	Order *payscore.ServiceOrderEntity
	// SendErr is what the last modification sent came to, nil for a success.
	SendErr error
	// QueryErr is what the last query came to, nil for a success or none.
	QueryErr error
}

type modifyOptions struct {
	before  *int64
	pause   time.Duration
	wait    bool
	resends int
}

// ModifyOption changes how [Modify] works.
type ModifyOption func(*modifyOptions)

// WithTotalBefore tells the total of the order before the modification, in
// fen, as a query answered it. Without it, an order that bears less than the
// new total leaves the outcome unknown.
func WithTotalBefore(fen int64) ModifyOption { return func(o *modifyOptions) { o.before = &fen } }

// WithPause sets how long to wait before the order is queried, so that a
// request that is still on its way can arrive. The default is [DefaultPause].
func WithPause(d time.Duration) ModifyOption { return func(o *modifyOptions) { o.pause = d } }

// WithDeductionWait waits for [DeductionWait] when a deduction is in progress,
// and then queries the order, instead of at once.
func WithDeductionWait() ModifyOption { return func(o *modifyOptions) { o.wait = true } }

// WithResend sends the same modification again, n times at most, while the
// order shows that it was not carried out and allows it still.
func WithResend(n int) ModifyOption { return func(o *modifyOptions) { o.resends = n } }

// Modify modifies an order of a partner and finds out what became of it. When
// the outcome is unknown, or a deduction is in progress (number 271316754), it
// queries the order with body.SubMchID and outOrderNo. Nothing is ever sent
// with other parameters.
//
// An order that waits for payment or is paid tells by its total, which only
// ever goes down:
//
//   - the new total: carried out. Not so when the order bore it before, since
//     then it tells nothing: unknown.
//   - the total before, or any above the new one: not carried out.
//   - below the new one: another modification came later or was there first:
//     unknown.
//
// An order without a total, in another stage, or that could not be queried
// leaves the outcome unknown. So NotCarriedOut means: not when the order was
// queried. A request that is held up on its way for longer than the pause
// can arrive afterwards, so send nothing but the same modification, or query again.
//
// The error is nil when the modification was carried out, and else a refusal
// or another error of the client, a [*NotCarriedOutError] when a query was
// needed to tell, or an [*UnsettledError], which alone is
// [apierror.ErrOutcomeUnknown]. ctx bounds all of it, the waits too.
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4012692360
func Modify(ctx context.Context, client Modifier, outOrderNo string, body payscore.ModifyPartnerServiceOrderRequest, opts ...ModifyOption) (ModifyResult, error) {
	o := modifyOptions{pause: DefaultPause}
	for _, opt := range opts {
		opt(&o)
	}
	var r ModifyResult
	for open := false; ; {
		r.SendErr = client.ModifyPartnerServiceOrder(ctx, outOrderNo, body)
		if r.SendErr == nil {
			return ModifyResult{Outcome: CarriedOut}, nil
		}
		busy := isDeducting(r.SendErr)
		open = open || errors.Is(r.SendErr, apierror.ErrOutcomeUnknown)
		if !open && !busy {
			r.Outcome = NotCarriedOut
			return r, r.SendErr
		}
		pause := o.pause
		if busy && o.wait {
			pause = max(pause, DeductionWait)
		}
		if err := sleep(ctx, pause); err != nil {
			r.QueryErr = err
		} else {
			r.Order, r.QueryErr = query(ctx, client, outOrderNo, body.SubMchID)
		}
		if r.Outcome = modified(r.Order, body.TotalAmount, o.before); !open && r.Outcome == Unknown {
			r.Outcome = NotCarriedOut // the refusal stands
		}
		// A refusal that the order confirms would come again.
		again := r.Outcome == NotCarriedOut && (busy && o.wait || !busy && errors.Is(r.SendErr, apierror.ErrOutcomeUnknown))
		if !again || o.resends <= 0 || r.Order == nil || !allowsModify(*r.Order) {
			return r, r.err(outOrderNo, open)
		}
		o.resends--
		o.before = r.Order.TotalAmount
	}
}

// modified tells by an order whether it was modified to total.
func modified(order *payscore.ServiceOrderEntity, total int64, before *int64) Outcome {
	if order == nil || order.TotalAmount == nil {
		return Unknown
	}
	stage, _ := Stage(*order)
	if stage != catalog.StageUserPaying && stage != catalog.StageDone {
		return Unknown
	}
	switch is := *order.TotalAmount; {
	case is == total && before != nil && *before == total:
		return Unknown
	case is == total:
		return CarriedOut
	case is > total, before != nil && is == *before:
		return NotCarriedOut
	}
	return Unknown
}

// query answers the order, and an error when the answer is about another one.
func query(ctx context.Context, client Modifier, outOrderNo, subMchID string) (*payscore.ServiceOrderEntity, error) {
	order, err := client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: &outOrderNo})
	switch {
	case err != nil:
		return nil, err
	case order == nil, order.OutOrderNo != outOrderNo, order.SubMchID != nil && *order.SubMchID != subMchID:
		return nil, errors.New("the query answered another order")
	}
	return order, nil
}

func allowsModify(order payscore.ServiceOrderEntity) bool {
	stage, ok := Stage(order)
	return ok && catalog.Allows(stage, modifyOperation)
}

func isDeducting(err error) bool {
	var refused *apierror.Error
	return errors.As(err, &refused) && refused.Number == deducting
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

// err is the error that goes with a result. open says that the answers alone
// did not tell.
func (r ModifyResult) err(outOrderNo string, open bool) error {
	switch {
	case r.Outcome == CarriedOut:
		return nil
	case !open:
		return r.SendErr
	case r.Outcome == NotCarriedOut:
		return &NotCarriedOutError{OutOrderNo: outOrderNo, Cause: r.SendErr}
	}
	return &UnsettledError{OutOrderNo: outOrderNo, SendErr: r.SendErr, QueryErr: r.QueryErr}
}

// NotCarriedOutError is an operation that was not carried out, as the order
// shows.
type NotCarriedOutError struct {
	OutOrderNo string
	Cause      error // what the sending came to, which may be unknown in itself
}

// Error is one line.
func (e *NotCarriedOutError) Error() string {
	return fmt.Sprintf("order %.64q: not carried out, as the order shows; sending it: %v", e.OutOrderNo, e.Cause)
}

// Unwrap returns the refusal if there was one. It does not return an unknown
// outcome, since the order has settled that.
func (e *NotCarriedOutError) Unwrap() error {
	var refused *apierror.Error
	if errors.As(e.Cause, &refused) && !errors.Is(refused, apierror.ErrOutcomeUnknown) {
		return refused
	}
	return nil
}

// UnsettledError is an operation of which not even the order tells whether it
// was carried out. It is always [apierror.ErrOutcomeUnknown].
type UnsettledError struct {
	OutOrderNo string
	SendErr    error // what the sending came to
	QueryErr   error // what the query came to; nil when the order did not tell
}

// Error is one line.
func (e *UnsettledError) Error() string {
	s := fmt.Sprintf("order %.64q: sending it: %v; ", e.OutOrderNo, e.SendErr)
	if e.QueryErr != nil {
		return s + fmt.Sprintf("querying it: %v: %v", e.QueryErr, apierror.ErrOutcomeUnknown)
	}
	return s + "the order does not tell: " + apierror.ErrOutcomeUnknown.Error()
}

// Unwrap returns both causes and apierror.ErrOutcomeUnknown.
func (e *UnsettledError) Unwrap() []error {
	errs := []error{e.SendErr, apierror.ErrOutcomeUnknown}
	if e.QueryErr != nil {
		errs = append(errs, e.QueryErr)
	}
	return errs
}
