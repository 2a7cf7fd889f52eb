package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/wxpayscore/payscore/internal/oneline"
	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/serviceorder"
)

const (
	// DefaultConcurrency is how many orders a Worker works on at a time.
	DefaultConcurrency = 20
	// DefaultTimeout bounds one attempt on an order with its queries. After a kill
	// it takes a little longer until another worker takes the order up.
	DefaultTimeout = time.Minute

	freshRun   = time.Second     // how old may be what a worker knows of a run
	findRuns   = 2 * time.Second // how often a worker looks for runs that were started
	stopSoftly = 10 * time.Second
)

// Worker carries out jobs: corrections, notifications and orders to settle. Any number of them may work on one database, in any number of
// processes. It is used by one goroutine.
type Worker struct {
	db          *Database
	clients     map[string]Client // by mchid
	events      notify.Func
	settled     SettleFunc
	concurrency int
	timeout     time.Duration
	logger      *slog.Logger
	pause       time.Duration // before an order is looked at whose outcome is unknown

	full  chan error // why the worker has to stop
	river *river.Client[*sql.Tx]
	mu    sync.Mutex
	live  map[string]*liveRun
}

// WorkerOption changes how a Worker works. A nil one does nothing.
type WorkerOption func(*Worker)

// WithConcurrency sets how many orders are worked on at a time.
func WithConcurrency(n int) WorkerOption { return func(w *Worker) { w.concurrency = n } }

// WithTimeout sets how long one attempt on an order may take.
func WithTimeout(d time.Duration) WorkerOption { return func(w *Worker) { w.timeout = d } }

// WithPause sets how long an order whose outcome is unknown is left alone before the
// first look; the default is serviceorder.DefaultPause.
func WithPause(d time.Duration) WorkerOption { return func(w *Worker) { w.pause = d } }

// WithLogger sets where River and the worker tell of what goes wrong with the database.
// By default nobody is told: what becomes of the orders is in the report.
func WithLogger(l *slog.Logger) WorkerOption {
	return func(w *Worker) {
		if w.logger = l; l == nil {
			w.logger = silent
		}
	}
}

// WithMerchant lets the worker carry out the corrections, and settle the orders, of a
// merchant, the one who signs. The client must be safe for concurrent use.
func WithMerchant(mchid string, client Client) WorkerOption {
	return func(w *Worker) { w.clients[mchid] = client }
}

// WithEventFunc lets the worker hand the notifications of an [Inbox] to a function. It
// gets each at least once, concurrently and in any order; after an error or a panic it
// gets it again, 25 times over about three weeks. Then the job is River's dead letter.
func WithEventFunc(handle notify.Func) WorkerOption { return func(w *Worker) { w.events = handle } }

// WithSettleFunc lets the worker settle what was handed over by [Database.Settle].
func WithSettleFunc(told SettleFunc) WorkerOption { return func(w *Worker) { w.settled = told } }

// NewWorker returns a worker for what its options name: at least one of
// [WithMerchant] and [WithEventFunc].
func NewWorker(db *Database, opts ...WorkerOption) (*Worker, error) {
	w := &Worker{
		db: db, clients: map[string]Client{}, concurrency: DefaultConcurrency, timeout: DefaultTimeout,
		logger: silent, pause: serviceorder.DefaultPause, live: map[string]*liveRun{}, full: make(chan error, 1),
	}
	for _, opt := range opts {
		if opt != nil {
			opt(w)
		}
	}
	switch {
	case db == nil:
		return nil, errors.New("jobs: a worker needs a database")
	case len(w.clients) == 0 && w.events == nil:
		return nil, errors.New("jobs: a worker needs a merchant or a function for notifications")
	case w.concurrency < 1 || w.timeout <= 0 || w.pause < 0:
		return nil, fmt.Errorf("jobs: a worker with a concurrency of %d, a timeout of %s and a pause of %s cannot work", w.concurrency, w.timeout, w.pause)
	}
	workers := river.NewWorkers()
	queues := map[string]river.QueueConfig{}
	for mchid, client := range w.clients {
		if mchid == "" || client == nil {
			return nil, fmt.Errorf("jobs: merchant %q needs a number and a client", mchid)
		}
		queues[idleQueue] = river.QueueConfig{MaxWorkers: 1}
	}
	river.AddWorker(workers, &correctionWorker{w: w})
	river.AddWorker(workers, &eventWorker{handle: w.events})
	river.AddWorker(workers, &settleWorker{w: w})
	if w.events != nil {
		queues[eventQueue] = river.QueueConfig{MaxWorkers: w.concurrency}
	}
	if w.settled != nil {
		queues[settleQueue] = river.QueueConfig{MaxWorkers: w.concurrency}
	}
	var err error
	w.river, err = river.NewClient(db.driver, &river.Config{
		Workers: workers, Logger: w.logger, Queues: queues,
		JobTimeout: w.timeout, RescueStuckJobsAfter: w.timeout + w.timeout/2, MaxAttempts: maxAttempts,
		FetchCooldown: 10 * time.Millisecond, FetchPollInterval: 200 * time.Millisecond, SoftStopTimeout: stopSoftly,
		// What a run came to is in its own tables, and there as long as they are.
		CompletedJobRetentionPeriod: time.Hour,
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return w, nil
}

// idleQueue has no jobs. River wants one queue to begin with.
const idleQueue = "payscore"

// Run works until ctx ends. Orders that are worked on then have ten seconds to end;
// what becomes of later ones the next worker looks up. It returns [ErrDiskFull] when the
// database has no room: nothing more is sent, and a worker that is started once there is
// room goes on.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.river.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("jobs: start to work: %w", err)
	}
	tick := time.NewTicker(findRuns)
	defer tick.Stop()
	var pruned time.Time
	for {
		if w.events != nil && time.Since(pruned) > time.Hour {
			pruned = time.Now()
			if err := w.db.prune(ctx); err != nil && ctx.Err() == nil {
				w.logger.Error("forget old notifications", "error", err)
			}
		}
		if err := w.join(ctx); err != nil && ctx.Err() == nil {
			w.logger.Error("look for runs", "error", err) // River tries again, too
		}
		var full error
		select {
		case full = <-w.full:
		case <-ctx.Done():
		case <-tick.C:
			continue
		}
		stopped, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*stopSoftly)
		defer cancel()
		if full != nil {
			_ = w.river.StopAndCancel(stopped) // it could not record anything
			return full
		}
		return errors.Join(w.river.Stop(stopped), w.db.finishAll(stopped))
	}
}

// join works on all runs of its merchants that are under way.
func (w *Worker) join(ctx context.Context) error {
	runs, err := w.db.runs(ctx, "WHERE state = $1", StateRunning)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if w.clients[run.MchID] == nil {
			continue
		}
		err := w.river.Queues().Add(queueOf(run.Name), river.QueueConfig{MaxWorkers: w.concurrency})
		if there := new(river.QueueAlreadyAddedError); err != nil && !errors.As(err, &there) {
			return err
		}
		if err := w.db.finish(ctx, run.Name); err != nil {
			return err
		}
	}
	return nil
}

// complete ends a job in a transaction.
func (w *Worker) complete(ctx context.Context, tx *sql.Tx, job *river.Job[correctionArgs]) error {
	var err error
	switch w.db.driver.(type) {
	case *riversqlite.Driver:
		_, err = river.JobCompleteTx[*riversqlite.Driver](ctx, tx, job)
	default:
		_, err = river.JobCompleteTx[*riverdatabasesql.Driver](ctx, tx, job)
	}
	return err
}

// liveRun is what a worker knows of a run, for a second.
type liveRun struct {
	Run
	db    *Database
	pacer *pacer
	read  time.Time
}

// run returns a run as it was a second ago at most.
func (w *Worker) run(ctx context.Context, name string) (*liveRun, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.live[name]
	if known != nil && time.Since(known.read) < freshRun {
		return known, nil
	}
	run, err := w.db.Run(ctx, name)
	if err != nil {
		return nil, err
	}
	fresh := &liveRun{Run: *run, db: w.db, read: time.Now()}
	if known != nil {
		fresh.pacer = known.pacer
	} else {
		fresh.pacer = newPacer(w.db, run.MchID, run.Rate)
	}
	w.live[name] = fresh
	return fresh, nil
}

// refusedAgain counts a refusal that would repeat. Ten in a row pause the run.
func (r *liveRun) refusedAgain(ctx context.Context, why error) error {
	var refusals int64
	err := r.db.db.QueryRowContext(ctx, "UPDATE payscore_run SET refusals = refusals + 1 WHERE name = $1 RETURNING refusals", r.Name).Scan(&refusals)
	if err != nil {
		return fmt.Errorf("jobs: count a refusal: %w", err)
	}
	if refusals < stopRefusals {
		return nil
	}
	return r.db.pause(ctx, r.Name, fmt.Sprintf("%d answers in a row were like this: %s", refusals, oneline.Error(why, 300)))
}

// calm ends a row of refusals.
func (r *liveRun) calm(ctx context.Context) error {
	if r.refusals == 0 {
		return nil
	}
	_, err := r.db.db.ExecContext(ctx, "UPDATE payscore_run SET refusals = 0 WHERE name = $1", r.Name)
	if err != nil {
		return fmt.Errorf("jobs: count refusals: %w", err)
	}
	return nil
}

// stop ends Run with an error.
func (w *Worker) stop(why error) {
	select {
	case w.full <- why:
	default: // it ends already
	}
}
