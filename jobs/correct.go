package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/riverqueue/river"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

// Outcomes of a correction.
const (
	OutcomePending       = ""                // not begun, or not settled yet
	OutcomeCarriedOut    = "carried out"     // WeChat Pay confirmed it, or the order shows it
	OutcomeNotCarriedOut = "not carried out" // refused, not sent, or the order shows it
	OutcomeUnsettled     = "unsettled"       // nobody can tell: ask a person before money is touched
	OutcomeLeftOut       = "left out"        // the plan left it out, and nothing was sent
)

// stopRefusals is how many refusals in a row that would repeat pause a run.
const stopRefusals = 10

// correctionWorker carries corrections out.
type correctionWorker struct {
	river.WorkerDefaults[correctionArgs]
	w *Worker
}

// record is a correction as the database has it.
type record struct {
	run        string
	line       int
	sub        string
	outOrderNo string
	body       []byte
	after      int64
	before     sql.NullInt64
	began      sql.NullInt64
	unknown    sql.NullInt64 // since when its outcome is unknown
	attempts   int           // that may have left this machine
	looks      int           // after which the outcome was still unknown
	outcome    string
}

func (d *Database) record(ctx context.Context, run string, line int) (*record, error) {
	r := record{run: run, line: line}
	var body string
	err := d.db.QueryRowContext(ctx, `SELECT sub_mchid, out_order_no, body, total_after, total_before, began_at, unknown_at, attempts, looks, outcome
		FROM payscore_correction WHERE run = $1 AND line = $2`, run, line).
		Scan(&r.sub, &r.outOrderNo, &body, &r.after, &r.before, &r.began, &r.unknown, &r.attempts, &r.looks, &r.outcome)
	r.body = []byte(body)
	return &r, err
}

// Timeout bounds one attempt with its queries.
func (*correctionWorker) Timeout(*river.Job[correctionArgs]) time.Duration { return 0 } // the worker's

// Work carries one correction out, or sees what became of it. An error means that the
// database cannot be used: River tries again later, and it begins with a look.
func (c *correctionWorker) Work(ctx context.Context, job *river.Job[correctionArgs]) (err error) {
	defer func() {
		if full := diskFull(err); full != nil {
			c.w.stop(full)
		}
	}()
	r, err := c.w.db.record(ctx, job.Args.Run, job.Args.Line)
	if err != nil || r.outcome != OutcomePending {
		return err
	}
	run, err := c.w.run(ctx, job.Args.Run)
	switch {
	case err != nil:
		return err
	case run.State != StateRunning:
		return river.JobSnooze(pausedSnooze)
	}
	if r.unknown.Valid {
		return c.settle(ctx, job, run, r)
	}
	switch err := run.pacer.wait(ctx); {
	case ctx.Err() != nil:
		return river.JobSnooze(0) // the worker ends, and nothing was sent
	case err != nil:
		return err
	}
	return c.correct(ctx, job, run, r)
}

// correct sends a correction. One that was begun before is looked at first.
func (c *correctionWorker) correct(ctx context.Context, job *river.Job[correctionArgs], run *liveRun, r *record) error {
	order, err := orderOf(r)
	if err != nil {
		return c.end(ctx, job, r, ending{outcome: OutcomeNotCarriedOut, reason: err.Error()})
	}
	opts := []serviceorder.Option{serviceorder.WithPause(c.w.pause)}
	if !r.began.Valid { // what the plan saw may be of last week
		now, err := order.query(ctx, c.w.clients[run.MchID])
		switch {
		case err != nil:
			return c.refused(ctx, job, run, r, result{outcome: serviceorder.NotCarriedOut, err: fmt.Errorf("not sent, since the query before it failed: %w", err)}, true)
		case now.total == nil:
			return c.end(ctx, job, r, ending{outcome: OutcomeNotCarriedOut, reason: "not sent: the order has no total_amount", now: now})
		case *now.total <= r.after:
			return c.end(ctx, job, r, ending{outcome: OutcomeNotCarriedOut, reason: fmt.Sprintf("not sent: the order has %d fen already", *now.total), now: now})
		}
		r.before = sql.NullInt64{Int64: *now.total, Valid: true}
	}
	if r.began.Valid {
		opts = append(opts, serviceorder.WithEarlierAttempt(), serviceorder.WithResend(1))
	}
	// From here on a restart does not know whether it was sent.
	if err := c.w.db.begin(ctx, r); err != nil {
		return err
	}
	got := order.modify(ctx, c.w.clients[run.MchID], append(opts, serviceorder.WithTotalBefore(r.before.Int64)))
	switch {
	case got.outcome == serviceorder.CarriedOut:
		return c.carriedOut(ctx, job, run, r, got)
	case got.outcome == serviceorder.NotCarriedOut:
		return c.refused(ctx, job, run, r, got, false)
	}
	return c.unknown(ctx, job, run, r, got)
}

// settle looks at an order whose outcome is unknown. It sends nothing.
func (c *correctionWorker) settle(ctx context.Context, job *river.Job[correctionArgs], run *liveRun, r *record) error {
	order, err := orderOf(r)
	if err != nil {
		return c.end(ctx, job, r, ending{outcome: OutcomeUnsettled, reason: err.Error()})
	}
	got := order.modify(ctx, c.w.clients[run.MchID], []serviceorder.Option{
		serviceorder.WithPause(0), serviceorder.WithTotalBefore(r.before.Int64), serviceorder.WithEarlierAttempt(),
	})
	switch got.outcome {
	case serviceorder.CarriedOut:
		return c.carriedOut(ctx, job, run, r, got)
	case serviceorder.NotCarriedOut:
		return c.end(ctx, job, r, got.ending(OutcomeNotCarriedOut))
	}
	return c.unknown(ctx, job, run, r, got)
}

func (c *correctionWorker) carriedOut(ctx context.Context, job *river.Job[correctionArgs], run *liveRun, r *record, got result) error {
	if err := run.calm(ctx); err != nil {
		return err
	}
	return c.end(ctx, job, r, got.ending(OutcomeCarriedOut))
}

// refused decides whether an order that was not modified is done with. unsent says that
// the modification did not leave the machine.
func (c *correctionWorker) refused(ctx context.Context, job *river.Job[correctionArgs], run *liveRun, r *record, got result, unsent bool) error {
	var e *apierror.Error
	isRefusal := errors.As(got.err, &e)
	old := time.Since(job.CreatedAt) > run.Patience
	switch {
	case old:
	case isRefusal && (e.Status == http.StatusTooManyRequests || errors.Is(e, apierror.FrequencyLimited)):
		if err := run.pacer.slow(ctx); err != nil {
			return err
		}
		return c.later(ctx, r, slowPause)
	case isRefusal && e.Number == catalog.NumberDeductionRunning:
		return c.later(ctx, r, serviceorder.DeductionWait)
	case repeats(got.err):
		if err := run.refusedAgain(ctx, got.err); err != nil {
			return err
		}
		return c.later(ctx, r, pausedSnooze)
	case unsent && !isRefusal || isRefusal && e.Status >= http.StatusInternalServerError:
		return c.later(ctx, r, growing(job.Attempt))
	}
	if err := run.calm(ctx); err != nil {
		return err
	}
	return c.end(ctx, job, r, got.ending(OutcomeNotCarriedOut))
}

// repeats reports whether any other order would end like that, too: WeChat Pay does not
// know the merchant, its key or its rights, or its answers do not verify.
func repeats(err error) bool {
	var e *apierror.Error
	return errors.Is(err, apierror.NoAuth) || errors.Is(err, apierror.SignError) || errors.Is(err, auth.ErrUnverified) ||
		errors.As(err, &e) && e.Status == http.StatusUnauthorized
}

// unknown puts an order off, or gives it up when there is no patience left.
func (c *correctionWorker) unknown(ctx context.Context, job *river.Job[correctionArgs], run *liveRun, r *record, got result) error {
	// The context may have ended with the worker; what is known must be kept.
	keep := context.WithoutCancel(ctx)
	if repeats(got.err) {
		if err := run.refusedAgain(keep, got.err); err != nil {
			return err
		}
	}
	now := time.Now()
	since := now
	if r.unknown.Valid {
		since = time.UnixMicro(r.unknown.Int64)
	}
	if now.Sub(since) >= run.Patience {
		return c.end(keep, job, r, got.ending(OutcomeUnsettled))
	}
	if r.began.Valid && !r.unknown.Valid && errors.Is(got.sent, serviceorder.ErrEarlierAttempt) {
		since = time.Time{} // nothing was sent since the restart, so it may be sent after another look
	}
	if err := c.w.db.stillUnknown(keep, r, since, got); err != nil {
		return err
	}
	return river.JobSnooze(min(growing(r.looks), max(run.Patience-now.Sub(since), time.Second)))
}

// later lets the same request be sent again: it was refused, or did not leave.
func (c *correctionWorker) later(ctx context.Context, r *record, pause time.Duration) error {
	if err := c.w.db.notBegun(context.WithoutCancel(ctx), r); err != nil {
		return err
	}
	return river.JobSnooze(pause)
}

const pausedSnooze = 10 * time.Second

// growing is the pause before the next look: 2 seconds, and at most a quarter of an
// hour.
func growing(looks int) time.Duration {
	return min(2*time.Second<<min(max(looks, 0), 10), 15*time.Minute)
}

// ending is how a correction ended, and what proves it.
type ending struct {
	outcome, reason string
	refusal         *apierror.Error
	now             facts
}

// end records the outcome together with the end of the job.
func (c *correctionWorker) end(ctx context.Context, job *river.Job[correctionArgs], r *record, e ending) error {
	ctx = context.WithoutCancel(ctx)
	err := c.w.db.inTx(ctx, func(tx *sql.Tx) error {
		if err := c.w.db.end(ctx, tx, r, e); err != nil {
			return err
		}
		return c.w.complete(ctx, tx, job)
	})
	if err != nil {
		return fmt.Errorf("jobs: record the outcome: %w", err)
	}
	return nil
}

// order is what a correction is about, a partner's or a direct merchant's.
type order struct {
	no      string
	partner *payscore.ModifyPartnerServiceOrderRequest
	direct  *payscore.ModifyServiceOrderRequest
}

func orderOf(r *record) (*order, error) {
	o := &order{no: r.outOrderNo}
	var err error
	if r.sub != "" {
		o.partner = new(payscore.ModifyPartnerServiceOrderRequest)
		err = json.Unmarshal(r.body, o.partner)
	} else {
		o.direct = new(payscore.ModifyServiceOrderRequest)
		err = json.Unmarshal(r.body, o.direct)
	}
	if err != nil {
		return nil, errors.New("not sent: the body of the plan does not decode")
	}
	return o, nil
}

// facts are what an order showed.
type facts struct {
	known bool
	stage string
	total *int64
}

func factsOf[O serviceorder.Order](o *O) facts {
	if o == nil {
		return facts{}
	}
	stage, _ := serviceorder.Stage(*o)
	f := facts{known: true, stage: string(stage)}
	switch o := any(*o).(type) {
	case payscore.ServiceOrderEntity:
		f.total = o.TotalAmount
	case payscore.DirectServiceOrderEntity:
		f.total = o.TotalAmount
	}
	return f
}

func (o *order) query(ctx context.Context, client Client) (facts, error) {
	if o.partner != nil {
		got, err := client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{SubMchID: o.partner.SubMchID, ServiceID: o.partner.ServiceID, OutOrderNo: &o.no})
		return factsOf(got), err
	}
	got, err := client.QueryServiceOrder(ctx, payscore.QueryServiceOrderParams{ServiceID: o.direct.ServiceID, AppID: o.direct.AppID, OutOrderNo: &o.no})
	return factsOf(got), err
}

// result is a serviceorder.Result of either kind.
type result struct {
	outcome serviceorder.Outcome
	err     error // nil when carried out
	sent    error // of the last attempt to send
	now     facts
}

func (o *order) modify(ctx context.Context, client Client, opts []serviceorder.Option) result {
	if o.partner != nil {
		got, err := serviceorder.Modify(ctx, client, o.no, *o.partner, opts...)
		return result{got.Outcome, err, got.SendErr, factsOf(got.Order)}
	}
	got, err := serviceorder.ModifyDirect(ctx, client, o.no, *o.direct, opts...)
	return result{got.Outcome, err, got.SendErr, factsOf(got.Order)}
}

func (got result) ending(outcome string) ending {
	e := ending{outcome: outcome, now: got.now}
	if got.err != nil {
		e.reason = apierror.TrimAdvice(got.err.Error())
	} else if got.sent != nil {
		e.reason = "the order shows it; sending it: " + apierror.TrimAdvice(got.sent.Error())
	}
	if !errors.As(got.err, &e.refusal) {
		errors.As(got.sent, &e.refusal)
	}
	return e
}
