package serviceorder

import (
	"errors"
	"fmt"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/internal/notsent"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// Outcome is what became of an operation. The zero value is Unknown.
type Outcome int

const (
	Unknown       Outcome = iota // not even the order tells; ask a person before money is touched
	CarriedOut                   // WeChat Pay said so, or the order is what the operation makes of it
	NotCarriedOut                // refused, not sent, or the order shows that it was not
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

// Result tells what became of an operation.
type Result[O Order] struct {
	Outcome Outcome
	// Order is the order as the last query answered it, or as the operation
	// itself did, which only [ModifyDirect] and [SyncDirect] do. It is nil when
	// the answer settled it otherwise, and when the last query failed.
	Order *O
	// SendErr is what the last sending came to, nil for a success.
	SendErr error
	// QueryErr is what the last query came to, nil for a success or none.
	QueryErr error
}

// err is the error that goes with a result. mayHaveSucceeded says
// that the answers alone did not tell.
func (r Result[O]) err(outOrderNo string, mayHaveSucceeded bool) error {
	switch {
	case r.Outcome == CarriedOut:
		return nil
	case !mayHaveSucceeded:
		return r.SendErr
	case r.Outcome == NotCarriedOut:
		return &NotCarriedOutError{OutOrderNo: outOrderNo, Cause: r.SendErr}
	}
	unsettled := &UnsettledError{OutOrderNo: outOrderNo, SendErr: r.SendErr, QueryErr: r.QueryErr}
	if r.Order != nil {
		is := factsOf(*r.Order)
		unsettled.Stage, unsettled.TotalAmount = is.stage, is.total
	}
	return unsettled
}

// maxCause is above what the errors of the client take, in characters: each bounds
// its own text.
const maxCause = 2000

// NotCarriedOutError is an operation that was not carried out, as the order
// shows.
type NotCarriedOutError struct {
	OutOrderNo string
	Cause      error // what the sending came to, which may be unknown in itself
}

// Error is one line.
func (e *NotCarriedOutError) Error() string {
	return fmt.Sprintf("order %s: not carried out, as the order shows; sending it: %s",
		oneline.Quote(e.OutOrderNo, 64), apierror.TrimAdvice(oneline.Error(e.Cause, maxCause)))
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

	// Stage is where the order was queried to stand, "" when it was not
	// queried or the contract does not know the stage.
	Stage catalog.Stage
	// TotalAmount is what the order was queried to bear, in fen, nil for none.
	TotalAmount *int64
}

// Error is one line.
func (e *UnsettledError) Error() string {
	s := fmt.Sprintf("order %s: sending it: %s; ", oneline.Quote(e.OutOrderNo, 64), apierror.TrimAdvice(oneline.Error(e.SendErr, maxCause)))
	if e.QueryErr != nil {
		return s + fmt.Sprintf("querying it: %s: %v", oneline.Error(e.QueryErr, maxCause), apierror.ErrOutcomeUnknown)
	}
	s += "the order"
	if e.Stage != "" {
		s += " is " + oneline.Cut(string(e.Stage), 64)
		if e.TotalAmount != nil {
			s += fmt.Sprintf(" at %d fen", *e.TotalAmount)
		}
		s += " and"
	}
	return s + " does not tell: " + apierror.ErrOutcomeUnknown.Error()
}

// Unwrap returns both causes and apierror.ErrOutcomeUnknown. It is never
// [apierror.ErrNotSent]: what could not be sent is the query, or the operation
// when it was to be sent again.
func (e *UnsettledError) Unwrap() []error {
	errs := []error{apierror.ErrOutcomeUnknown}
	if e.SendErr != nil {
		errs = append(errs, notsent.Hide(e.SendErr))
	}
	if e.QueryErr != nil {
		errs = append(errs, notsent.Hide(e.QueryErr))
	}
	return errs
}
