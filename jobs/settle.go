package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

// Unsettled is an operation whose outcome a program did not learn
// (apierror.ErrOutcomeUnknown).
type Unsettled struct {
	MchID       string `json:"mchid"`        // of the merchant who sent it
	Operation   string `json:"operation"`    // such as catalog.OperationModifyPartnerServiceOrder
	OutOrderNo  string `json:"out_order_no"` //
	Body        any    `json:"body"`         // what was sent, such as a payscore.ModifyPartnerServiceOrderRequest
	TotalBefore *int64 `json:"total_before"` // of a modification, in fen; nil when it is not known
	// Patience is how long the order is looked at. 0 is DefaultPatience.
	Patience time.Duration `json:"patience"`
}

// Settled is what became of it.
type Settled struct {
	Unsettled
	Outcome serviceorder.Outcome // Unknown when the patience is over
	Err     error                // nil when it was carried out
}

// SettleFunc is told what became of an operation. After an error or a panic it is
// told again later, so it must be idempotent.
type SettleFunc func(ctx context.Context, settled Settled) error

// Settle hands over an operation whose outcome is unknown: a [Worker] with
// [WithSettleFunc] looks at the order, with growing pauses, until it shows the outcome,
// and sends nothing. The operations are those that package serviceorder confirms. The
// same operation is looked at once, however often it is handed over.
func (d *Database) Settle(ctx context.Context, u Unsettled) error {
	return d.inTx(ctx, func(tx *sql.Tx) error { return d.SettleTx(ctx, tx, u) })
}

// SettleTx is Settle in a transaction of the caller's, on the database of [Database.DB].
func (d *Database) SettleTx(ctx context.Context, tx *sql.Tx, u Unsettled) error {
	if u.Patience < 0 {
		return errors.New("jobs: the patience is negative")
	}
	if u.Patience == 0 {
		u.Patience = DefaultPatience
	}
	body, err := json.Marshal(u.Body)
	if err != nil {
		return fmt.Errorf("jobs: settle order %s: %w", u.OutOrderNo, err)
	}
	args := settleArgs{Unsettled: u, Body: body}
	if _, err := args.confirm(ctx, nil); errors.Is(err, errNoSuchOperation) || errors.Is(err, errBody) {
		return fmt.Errorf("jobs: settle order %s: %w", u.OutOrderNo, err)
	}
	if _, err := d.river.InsertTx(ctx, tx, args, nil); err != nil {
		return fmt.Errorf("jobs: settle order %s: %w", u.OutOrderNo, err)
	}
	return nil
}

var (
	errNoSuchOperation = errors.New("no operation of this name can be settled")
	errBody            = errors.New("the body is not that of the operation")
)

type settleArgs struct {
	Unsettled
	Body json.RawMessage `json:"body"`
}

// Kind is the name of these jobs at River.
func (settleArgs) Kind() string { return "payscore_settle" }

// InsertOpts make one job of the same operation.
func (settleArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: settleQueue, MaxAttempts: maxAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

const settleQueue = "payscore_settle"

// end is what a query showed.
type end struct {
	outcome serviceorder.Outcome
	err     error
}

// confirm looks at the order. Without a client it says whether it could.
func (a settleArgs) confirm(ctx context.Context, client Client) (end, error) {
	opts := []serviceorder.Option{serviceorder.WithEarlierAttempt(), serviceorder.WithPause(0)}
	if a.TotalBefore != nil {
		opts = append(opts, serviceorder.WithTotalBefore(*a.TotalBefore))
	}
	switch a.Operation {
	case catalog.OperationModifyPartnerServiceOrder:
		return looked(ctx, a, client, opts, serviceorder.Modify)
	case catalog.OperationCompletePartnerServiceOrder:
		return looked(ctx, a, client, opts, serviceorder.Complete)
	case catalog.OperationCancelPartnerServiceOrder:
		return looked(ctx, a, client, opts, serviceorder.Cancel)
	case catalog.OperationPayPartnerServiceOrder:
		return looked(ctx, a, client, opts, serviceorder.Pay)
	case catalog.OperationSyncPartnerServiceOrder:
		return looked(ctx, a, client, opts, serviceorder.Sync)
	case catalog.OperationModifyServiceOrder:
		return looked(ctx, a, client, opts, serviceorder.ModifyDirect)
	case catalog.OperationCompleteServiceOrder:
		return looked(ctx, a, client, opts, serviceorder.CompleteDirect)
	case catalog.OperationCancelServiceOrder:
		return looked(ctx, a, client, opts, serviceorder.CancelDirect)
	case catalog.OperationPayServiceOrder:
		return looked(ctx, a, client, opts, serviceorder.PayDirect)
	case catalog.OperationSyncServiceOrder:
		return looked(ctx, a, client, opts, serviceorder.SyncDirect)
	}
	return end{}, fmt.Errorf("%w: %q", errNoSuchOperation, a.Operation)
}

// looked calls one of the functions of serviceorder.
func looked[C any, B any, O serviceorder.Order](ctx context.Context, a settleArgs, client Client, opts []serviceorder.Option,
	confirm func(context.Context, C, string, B, ...serviceorder.Option) (serviceorder.Result[O], error),
) (end, error) {
	body, err := payscore.Unmarshal[B](a.Body)
	if err != nil || body == nil {
		return end{}, errBody
	}
	if client == nil {
		return end{}, nil
	}
	got, err := confirm(ctx, client.(C), a.OutOrderNo, *body, opts...)
	return end{got.Outcome, err}, nil
}

// settleWorker looks at orders whose outcome is unknown.
type settleWorker struct {
	river.WorkerDefaults[settleArgs]
	w *Worker
}

// Work looks at the order, and tells what it shows.
func (s *settleWorker) Work(ctx context.Context, job *river.Job[settleArgs]) error {
	client, ok := s.w.clients[job.Args.MchID]
	if !ok {
		return river.JobSnooze(pausedSnooze) // another worker's
	}
	got, err := job.Args.confirm(ctx, client)
	if err != nil {
		return river.JobCancel(err) // it was checked when it came
	}
	age := time.Since(job.CreatedAt)
	if got.outcome == serviceorder.Unknown && age < job.Args.Patience {
		// Looks come at a quarter of the age, so that they grow without a count.
		return river.JobSnooze(min(max(age/4, 2*time.Second), 15*time.Minute))
	}
	settled := Settled{Unsettled: job.Args.Unsettled, Outcome: got.outcome, Err: got.err}
	settled.Body = job.Args.Body
	return s.w.settled(ctx, settled)
}
