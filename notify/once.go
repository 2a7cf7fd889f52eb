package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// settleTimeout bounds the last word to the Deduper, which is said even when
// WeChat Pay no longer waits.
const settleTimeout = 10 * time.Second

var errReturned = errors.New("the function ended its goroutine")

// once calls the Func unless the notification is done or being worked on.
func (r *Receiver) once(ctx context.Context, event *Event) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("notify: no time left: %w", err)
	}
	id := event.ID // the Func owns event
	claim, err := r.dedup.Begin(ctx, dedupKeys(event)...)
	switch {
	case errors.Is(err, ErrDone):
		return nil
	case errors.Is(err, ErrInProgress):
		return err
	case err != nil:
		return &DeduperError{ID: id, Err: err}
	}
	if event.Err != nil {
		r.report(event.Err)
	}
	// A goroutine of its own, since a Func may ignore ctx. It keeps its claim
	// until it ends, however late: meanwhile repeats are not handled twice.
	ended := make(chan error, 1)
	go func() {
		err := error(&FuncError{ID: id, Err: errReturned})
		defer func() {
			if value := recover(); value != nil {
				err = &FuncError{ID: id, Panic: value, Err: errors.New("panic")}
			}
			ended <- settle(ctx, claim, id, err)
		}()
		err = r.handle(ctx, event)
		if err != nil {
			err = &FuncError{ID: id, Err: err}
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		select {
		case err := <-ended:
			return err
		default:
			return &FuncError{ID: id, Err: ctx.Err()}
		}
	}
}

// settle tells the Deduper how the Func ended, and returns how the whole did.
func settle(ctx context.Context, claim Claim, id string, err error) (result error) {
	defer func() {
		if recover() != nil {
			result = &DeduperError{ID: id, Err: errors.New("panic")}
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err == nil {
		if err := claim.Done(ctx); err != nil {
			return &DeduperError{ID: id, Err: err}
		}
		return nil
	}
	if failed := claim.Release(ctx); failed != nil {
		return fmt.Errorf("%w; %w", err, &DeduperError{ID: id, Err: failed})
	}
	return err
}

// FuncError reports a Func that failed, panicked or took too long.
type FuncError struct {
	ID string // of the notification
	// Panic is what the Func panicked with, or nil. Error does not print it.
	Panic any
	Err   error // of the Func, or that of its context when it took too long
}

// Error returns one line, whatever the Func's own error says.
func (e *FuncError) Error() string {
	return fmt.Sprintf("notify: notification %s: function: %s", oneline.Quote(e.ID, 64), oneline.Error(e.Err, 500))
}

// Unwrap returns Err.
func (e *FuncError) Unwrap() error { return e.Err }
