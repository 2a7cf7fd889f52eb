package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"time"

	"github.com/riverqueue/river"

	"github.com/wxpayscore/payscore/serviceorder"
)

// Client sends corrections and looks at orders. *payscore.Client is one.
type Client interface {
	serviceorder.PartnerClient
	serviceorder.DirectClient
}

// Correction is one order whose amount is to be lowered.
type Correction struct {
	Line        int             // of the file, or any number that no other one of the run has
	SubMchID    string          // "" for an order of a direct merchant
	OutOrderNo  string          //
	TotalAmount int64           // that the order is to have, in fen
	Body        json.RawMessage // the request, which is sent as it is
}

// States of a run.
const (
	StatePlanned = "planned" // nothing is sent yet
	StateRunning = "running"
	StatePaused  = "paused" // by refusals that would repeat; Run.Reason says which
	StateDone    = "done"   // each order has its outcome
)

// Run is a number of corrections that belong together.
type Run struct {
	Name      string
	MchID     string // of the merchant who sends
	State     string // one of the State constants
	Reason    string // why it is paused
	Rate      float64
	Patience  time.Duration
	CreatedAt time.Time

	refusals int64 // in a row, that would repeat
}

// ErrNoRun reports that a database has no run of a name.
var ErrNoRun = errors.New("jobs: there is no such run")

// ErrRunExists reports that a name is taken.
var ErrRunExists = errors.New("jobs: there is such a run already")

// RunOptions say how a run is carried out. The zero value is a run without limit of
// its rate, which looks for a day at orders whose outcome is unknown.
type RunOptions struct {
	// Rate is how many orders a second are sent for the merchant, by all workers
	// together. 0 is no limit.
	Rate float64
	// Patience is how long an order is looked at whose outcome is unknown, and how
	// long one is tried that waits for a deduction. 0 is DefaultPatience.
	Patience time.Duration
}

// DefaultPatience is the Patience of RunOptions without one.
const DefaultPatience = 24 * time.Hour

var runName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$`)

// Add stores a run that sends nothing before [Database.Start]. All corrections are
// stored, or none.
func (d *Database) Add(ctx context.Context, name, mchid string, corrections iter.Seq[Correction], opts RunOptions) error {
	switch {
	case !runName.MatchString(name):
		return fmt.Errorf("jobs: %q is no name of a run: letters, digits, - and _, 80 at most", name)
	case opts.Rate < 0 || opts.Patience < 0:
		return errors.New("jobs: rate and patience are not negative")
	case opts.Patience == 0:
		opts.Patience = DefaultPatience
	}
	err := d.inTx(ctx, func(tx *sql.Tx) error {
		there := ""
		if err := tx.QueryRowContext(ctx, "SELECT name FROM payscore_run WHERE name = $1", name).Scan(&there); err == nil {
			return ErrRunExists
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO payscore_run (name, mchid, state, rate, patience, created_at) VALUES ($1, $2, $3, $4, $5, "+d.now+")",
			name, mchid, StatePlanned, opts.Rate, opts.Patience.Microseconds()); err != nil {
			return err
		}
		insert, err := tx.PrepareContext(ctx, "INSERT INTO payscore_correction (run, line, sub_mchid, out_order_no, body, total_after) VALUES ($1, $2, $3, $4, $5, $6)")
		if err != nil {
			return err
		}
		defer insert.Close()
		for c := range corrections {
			if _, err := insert.ExecContext(ctx, name, c.Line, c.SubMchID, c.OutOrderNo, string(c.Body), c.TotalAmount); err != nil {
				return fmt.Errorf("line %d: %w", c.Line, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("jobs: add the run %s: %w", name, err)
	}
	return nil
}

// Run returns a run by its name, or ErrNoRun.
func (d *Database) Run(ctx context.Context, name string) (*Run, error) {
	runs, err := d.runs(ctx, "WHERE name = $1", name)
	if err == nil && len(runs) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoRun, name)
	}
	if err != nil {
		return nil, err
	}
	return &runs[0], nil
}

// Runs returns all runs, the newest first.
func (d *Database) Runs(ctx context.Context) ([]Run, error) { return d.runs(ctx, "") }

func (d *Database) runs(ctx context.Context, where string, args ...any) ([]Run, error) {
	rows, err := d.db.QueryContext(ctx, "SELECT name, mchid, state, reason, refusals, rate, patience, created_at FROM payscore_run "+where+" ORDER BY created_at DESC", args...)
	if err != nil {
		return nil, fmt.Errorf("jobs: read the runs: %w", err)
	}
	defer rows.Close()
	var runs []Run
	for rows.Next() {
		var r Run
		var patience, created int64
		if err := rows.Scan(&r.Name, &r.MchID, &r.State, &r.Reason, &r.refusals, &r.Rate, &patience, &created); err != nil {
			return nil, fmt.Errorf("jobs: read the runs: %w", err)
		}
		r.Patience, r.CreatedAt = time.Duration(patience)*time.Microsecond, time.UnixMicro(created)
		runs = append(runs, r)
	}
	return runs, rows.Err()
}

// startBatch is how many jobs one transaction makes.
const startBatch = 1000

// Start makes a job of each correction that is to be sent, from where an earlier Start
// ended, and lets a paused run go on. Workers may run already, and another process may
// start the same run.
func (d *Database) Start(ctx context.Context, name string) error {
	run, err := d.Run(ctx, name)
	if err != nil {
		return err
	}
	if _, err := d.db.ExecContext(ctx, "UPDATE payscore_run SET state = $2, reason = '', refusals = 0 WHERE name = $1 AND state <> $3", run.Name, StateRunning, StateDone); err != nil {
		return fmt.Errorf("jobs: start the run %s: %w", name, err)
	}
	if run.State == StatePaused {
		if err := d.river.QueueResume(ctx, queueOf(name), nil); err != nil && !errors.Is(err, river.ErrNotFound) {
			return fmt.Errorf("jobs: resume the run %s: %w", name, err)
		}
	}
	for {
		queued := 0
		err := d.inTx(ctx, func(tx *sql.Tx) error {
			// Whoever starts the same run waits for the row of the run.
			if _, err := tx.ExecContext(ctx, "UPDATE payscore_run SET name = name WHERE name = $1", name); err != nil {
				return err
			}
			lines, err := d.take(ctx, tx, name)
			if err != nil || len(lines) == 0 {
				return err
			}
			queued = len(lines)
			params := make([]river.InsertManyParams, len(lines))
			for i, line := range lines {
				params[i] = river.InsertManyParams{Args: correctionArgs{Run: name, Line: line}, InsertOpts: &river.InsertOpts{Queue: queueOf(name), MaxAttempts: maxAttempts}}
			}
			_, err = d.river.InsertManyFastTx(ctx, tx, params)
			return err
		})
		if err != nil {
			return fmt.Errorf("jobs: start the run %s: %w", name, err)
		}
		if queued == 0 {
			return d.finish(ctx, name)
		}
	}
}

// take marks corrections as queued and returns their lines.
func (d *Database) take(ctx context.Context, tx *sql.Tx, name string) ([]int, error) {
	rows, err := tx.QueryContext(ctx, `UPDATE payscore_correction SET queued = 1 WHERE run = $1 AND line IN
		(SELECT line FROM payscore_correction WHERE run = $1 AND queued = 0 AND outcome = '' ORDER BY line LIMIT $2) RETURNING line`, name, startBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var lines []int
	for rows.Next() {
		var line int
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}

// finish marks a run as done once each correction has its outcome.
func (d *Database) finish(ctx context.Context, name string) error {
	_, err := d.db.ExecContext(ctx, `UPDATE payscore_run SET state = $2 WHERE name = $1 AND state = $3 AND NOT EXISTS
		(SELECT 1 FROM payscore_correction WHERE run = $1 AND outcome = '')`, name, StateDone, StateRunning)
	return err
}

// finishAll does so for all runs.
func (d *Database) finishAll(ctx context.Context) error {
	runs, err := d.runs(ctx, "WHERE state = $1", StateRunning)
	for _, run := range runs {
		err = errors.Join(err, d.finish(ctx, run.Name))
	}
	return err
}

// pause stops a run: its queue gives no more jobs to any worker.
func (d *Database) pause(ctx context.Context, name, reason string) error {
	if _, err := d.db.ExecContext(ctx, "UPDATE payscore_run SET state = $2, reason = $3 WHERE name = $1 AND state = $4", name, StatePaused, reason, StateRunning); err != nil {
		return err
	}
	return d.river.QueuePause(ctx, queueOf(name), nil)
}

// queueOf is the name of a run's queue.
func queueOf(run string) string { return "payscore_" + run }

// maxAttempts lets River bring a job back as often as its workers are killed. Each
// attempt begins with a look at the order.
const maxAttempts = 10_000

// correctionArgs name a correction.
type correctionArgs struct {
	Run  string `json:"run"`
	Line int    `json:"line"`
}

// Kind is the name of these jobs at River.
func (correctionArgs) Kind() string { return "payscore_correction" }
