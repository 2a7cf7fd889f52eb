package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/wxpayscore/payscore/notify"
)

// Inbox keeps notifications as jobs, so that WeChat Pay is answered at once and nothing
// is lost when the function for them fails or its process ends. A [Worker] with
// [WithEventFunc] hands them to the function. It is safe for concurrent use.
//
// It takes the place of the notify.Deduper: a notification whose keys it has seen
// within [KeepKeys] makes no second job. Receivers in any number of processes share it.
//
//	receiver, err := notify.New(verifier, apiV3Key, inbox.Receive, notify.WithDeduper(jobs.NoDeduper))
//
// The database then holds what notifications say, with the openid of users. River drops
// a job an hour after its function succeeded.
type Inbox struct{ d *Database }

// KeepKeys is how long it is remembered which notifications came. WeChat Pay repeats
// one for about a day.
const KeepKeys = 7 * 24 * time.Hour

// NewInbox returns an inbox in the database.
func NewInbox(d *Database) (*Inbox, error) {
	if d == nil {
		return nil, errors.New("jobs: an inbox needs a database")
	}
	return &Inbox{d}, nil
}

// Receive is a [notify.Func]: it keeps the event and returns. nil means that it is on
// the disk, now or before.
func (b *Inbox) Receive(ctx context.Context, event *notify.Event) error {
	return b.d.inTx(ctx, func(tx *sql.Tx) error { return b.ReceiveTx(ctx, tx, event) })
}

// ReceiveTx is Receive in a transaction of the caller's, on the database of
// [Database.DB].
func (b *Inbox) ReceiveTx(ctx context.Context, tx *sql.Tx, event *notify.Event) error {
	if err := b.receive(ctx, tx, event); err != nil {
		return fmt.Errorf("jobs: keep notification %s: %w", event.ID, err)
	}
	return nil
}

func (b *Inbox) receive(ctx context.Context, tx *sql.Tx, event *notify.Event) error {
	isNew := true
	for _, key := range event.Keys() {
		done, err := tx.ExecContext(ctx, "INSERT INTO payscore_event (key, received_at) VALUES ($1, "+b.d.now+") ON CONFLICT (key) DO NOTHING", key)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		if err != nil {
			return err
		}
		isNew = isNew && n == 1
	}
	if !isNew {
		return nil
	}
	_, err := b.d.river.InsertTx(ctx, tx, eventArgs{
		ID: event.ID, Type: event.Type, CreateTime: event.CreateTime, Summary: event.Summary, Serial: event.Serial, Raw: event.Raw,
	}, nil)
	return err
}

// prune forgets keys that WeChat Pay repeats no more.
func (d *Database) prune(ctx context.Context) error {
	_, err := d.db.ExecContext(ctx, "DELETE FROM payscore_event WHERE received_at < "+d.now+" - $1", KeepKeys.Microseconds())
	return err
}

// NoDeduper is the [notify.Deduper] of a receiver whose Func is [Inbox.Receive]: the
// inbox itself knows what came before.
var NoDeduper notify.Deduper = noDeduper{}

type noDeduper struct{}

func (noDeduper) Begin(context.Context, ...string) (notify.Claim, error) { return noDeduper{}, nil }
func (noDeduper) Done(context.Context) error                             { return nil }
func (noDeduper) Release(context.Context) error                          { return nil }

// eventArgs are a notification as the database has it.
type eventArgs struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	CreateTime time.Time       `json:"create_time"`
	Summary    string          `json:"summary,omitempty"`
	Serial     string          `json:"serial,omitempty"`
	Raw        json.RawMessage `json:"raw"`
}

// Kind is the name of these jobs at River.
func (eventArgs) Kind() string { return "payscore_notification" }

// InsertOpts puts them in a queue of their own.
func (eventArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: eventQueue} }

const eventQueue = "payscore_notifications"

// eventWorker hands notifications to the function.
type eventWorker struct {
	river.WorkerDefaults[eventArgs]
	handle notify.Func
}

// Work calls the function. River tries again after an error or a panic.
func (e *eventWorker) Work(ctx context.Context, job *river.Job[eventArgs]) error {
	a := job.Args
	event := &notify.Event{ID: a.ID, Type: a.Type, CreateTime: a.CreateTime, Summary: a.Summary, Serial: a.Serial, Raw: a.Raw}
	_ = event.Decode() // the function sees event.Err
	return e.handle(ctx, event)
}
