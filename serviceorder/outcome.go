package serviceorder

import (
	"errors"
	"fmt"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/internal/notsent"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// Outcome says whether an operation was carried out. The zero value is Unknown.
type Outcome int

const (
	Unknown       Outcome = iota // the order does not show it either; ask a person before money is touched
	CarriedOut                   // WeChat Pay confirmed it, or the order shows it
	NotCarriedOut                // refused, not sent, or the order shows that it was not carried out
)

// ErrEarlierAttempt stands for the answer that a stopped program did not get
// ([WithEarlierAttempt]). It is [apierror.ErrOutcomeUnknown].
var ErrEarlierAttempt = fmt.Errorf("it may have been sent before: %w", apierror.ErrOutcomeUnknown)

// String returns the name of the outcome.
func (o Outcome) String() string {
	switch o {
	case CarriedOut:
		return "carried out"
	case NotCarriedOut:
		return "not carried out"
	}
	return "unknown"
}

// Result describes how an operation ended.
type Result[O Order] struct {
	Outcome Outcome
	// Order is the order as the last query returned it. [ModifyDirect] and
	// [SyncDirect] return it without a query, too. It is nil if no query was needed
	// or the last one failed.
	Order *O
	// SendErr is the error of the last attempt to send the operation.
	SendErr error
	// QueryErr is the error of the last query. It is nil if there was no query.
	QueryErr error
}

// err returns the error of a result. mayHaveSucceeded reports that the responses
// alone did not show the outcome.
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

// maxCause bounds the text of a cause, in characters. The errors of the client are
// shorter.
const maxCause = 2000

// NotCarriedOutError reports that an operation was not carried out, as the queried
// order shows.
type NotCarriedOutError struct {
	OutOrderNo string
	Cause      error // of sending the operation, which may be an unknown outcome
}

// Error returns one line.
func (e *NotCarriedOutError) Error() string {
	return fmt.Sprintf("order %s: not carried out, as the order shows; sending it: %s",
		oneline.Quote(e.OutOrderNo, 64), apierror.TrimAdvice(oneline.Error(e.Cause, maxCause)))
}

// Unwrap returns the refusal if there was one. It does not return an unknown
// outcome, because the query has settled it.
func (e *NotCarriedOutError) Unwrap() error {
	var refused *apierror.Error
	if errors.As(e.Cause, &refused) && !errors.Is(refused, apierror.ErrOutcomeUnknown) {
		return refused
	}
	return nil
}

// UnsettledError reports that even the queried order does not show whether the
// operation was carried out. It is always [apierror.ErrOutcomeUnknown].
type UnsettledError struct {
	OutOrderNo string
	SendErr    error // of sending the operation
	QueryErr   error // of the query; nil if the query succeeded

	// Stage is the order's stage as returned by the query. It is "" if the query
	// failed or the contract does not know the stage.
	Stage catalog.Stage
	// TotalAmount is the order's total as returned by the query, in fen, nil for
	// none.
	TotalAmount *int64
}

// Error returns one line.
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

// Unwrap returns [apierror.ErrOutcomeUnknown] and both causes. It hides
// [apierror.ErrNotSent], which would be about the query or about a resend: the
// operation was sent before.
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
