package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
)

// lookers is how many orders are looked at at a time.
const lookers = 8

// Look queries each order of a planned run, notes its amount, and leaves out those that
// cannot be lowered: the order is not there, does not wait for payment, or has the
// amount already. It sends nothing. progress, which may be nil, is told how many orders
// were looked at, of how many. Orders that could not be queried stay in the run; the
// error names the first of them.
func (d *Database) Look(ctx context.Context, name string, client Client, progress func(done, of int)) error {
	run, err := d.Run(ctx, name)
	if err != nil {
		return err
	}
	if run.State != StatePlanned {
		return fmt.Errorf("jobs: the run %s is %s, and was to be looked at before it starts", name, run.State)
	}
	p, err := d.Progress(ctx, name)
	if err != nil {
		return err
	}
	var (
		group sync.WaitGroup
		done  atomic.Int64
		mu    sync.Mutex
		first error
		lines = make(chan int)
		pace  = newPacer(d, run.MchID, run.Rate)
	)
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = err
		}
	}
	for range lookers {
		group.Go(func() {
			for line := range lines {
				if err := d.look(ctx, run.Name, line, client, pace); err != nil {
					fail(err)
				}
				if n := done.Add(1); progress != nil {
					progress(int(n), p.Left())
				}
			}
		})
	}
	for r, err := range d.Results(ctx, name) {
		if err != nil || ctx.Err() != nil {
			fail(errors.Join(err, ctx.Err()))
			break
		}
		if r.Outcome == OutcomePending {
			lines <- r.Line
		}
	}
	close(lines)
	group.Wait()
	if first != nil {
		return fmt.Errorf("jobs: look at the orders of %s: %w", name, first)
	}
	return nil
}

// lookAttempts bounds the queries of one order that WeChat Pay finds too frequent.
const lookAttempts = 5

func (d *Database) look(ctx context.Context, run string, line int, client Client, pace *pacer) error {
	r, err := d.record(ctx, run, line)
	if err != nil {
		return err
	}
	o, err := orderOf(r)
	if err != nil {
		return err
	}
	var now facts
	for attempt := 1; ; attempt++ {
		if err := pace.wait(ctx); err != nil {
			return err
		}
		if now, err = o.query(ctx, client); !errors.Is(err, apierror.FrequencyLimited) || attempt == lookAttempts {
			break
		}
		if err := pace.slow(ctx); err != nil {
			return err
		}
		time.Sleep(slowPause)
	}
	leftOut := ""
	switch {
	case errors.Is(err, apierror.OrderNotExist):
		leftOut = "WeChat Pay has no such order"
	case err != nil:
		return fmt.Errorf("line %d, order %s: %w", line, o.no, err)
	case now.stage != "" && !catalog.Allows(catalog.Stage(now.stage), o.operation()):
		leftOut = "the order is " + now.stage
	case now.total == nil:
		leftOut = "the order has no total_amount"
	case *now.total <= r.after:
		leftOut = fmt.Sprintf("the order has %d fen, which is not above %d", *now.total, r.after)
	}
	outcome := OutcomePending
	if leftOut != "" {
		outcome = OutcomeLeftOut
	}
	total := sql.NullInt64{}
	if now.total != nil {
		total = sql.NullInt64{Int64: *now.total, Valid: true}
	}
	_, err = d.db.ExecContext(ctx, `UPDATE payscore_correction SET total_before = $3, left_out = $4, outcome = $5, stage = $6 WHERE run = $1 AND line = $2 AND queued = 0`,
		run, line, total, leftOut, outcome, now.stage)
	return err
}

func (o *order) operation() string {
	if o.partner != nil {
		return catalog.OperationModifyPartnerServiceOrder
	}
	return catalog.OperationModifyServiceOrder
}
