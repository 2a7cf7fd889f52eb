package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/jobs"
	"github.com/wxpayscore/payscore/sandbox"
)

// seeded is a sandbox with orders at 50000 fen, and corrections to 39900.
func seeded(t *testing.T, n int, opts ...sandbox.Option) (*sandbox.Server, []jobs.Correction) {
	t.Helper()
	box := sandbox.New(t, opts...)
	list := corrections(box, n, 39900)
	for _, c := range list {
		if _, err := box.Seed(c.OutOrderNo, 50000); err != nil {
			t.Fatal(err)
		}
	}
	return box, list
}

// work lets a worker run until stop is called.
func work(t testing.TB, db *jobs.Database, opts ...jobs.WorkerOption) (stop func()) {
	t.Helper()
	worker, err := jobs.NewWorker(db, opts...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		if err := worker.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	t.Cleanup(stop)
	return stop
}

// A wrong key would spoil every order: after ten refusals in a row the run pauses, no
// order is lost, and it goes on once the key is right.
func TestPausedByRefusals(t *testing.T) {
	box, list := seeded(t, 60)
	db := openDatabase(t, filepath.Join(t.TempDir(), "jobs.db"))
	mchid := box.Credentials().Account().MchID
	if err := db.Add(t.Context(), "run", mchid, slices.Values(list), jobs.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := db.Start(t.Context(), "run"); err != nil {
		t.Fatal(err)
	}
	off := box.Fault("refuse; value=NO_AUTH")
	stop := work(t, db, jobs.WithMerchant(mchid, box.Client()), jobs.WithConcurrency(4))
	until(t, func() bool {
		run, err := db.Run(t.Context(), "run")
		return err == nil && run.State == jobs.StatePaused && strings.Contains(run.Reason, "NO_AUTH")
	})
	stop()
	p, err := db.Progress(t.Context(), "run")
	if err != nil || p.Left() != len(list) {
		t.Fatalf("%+v %v", p, err)
	}
	if sent := len(box.Requests("")); sent > 10+2*4 {
		t.Errorf("%d requests until it paused", sent)
	}
	off()
	if err := db.Start(t.Context(), "run"); err != nil {
		t.Fatal(err)
	}
	stop = work(t, db, jobs.WithMerchant(mchid, box.Client()))
	waitFor(t, db, "run")
	stop()
	run, err := db.Run(t.Context(), "run")
	if err != nil || run.State != jobs.StateDone || run.Reason != "" {
		t.Errorf("%+v %v", run, err)
	}
	wantAll(t, db, "run", jobs.OutcomeCarriedOut)
}

// A worker that is stopped and started anew goes on where it was, and starting twice
// sends nothing twice.
func TestStopAndGoOn(t *testing.T) {
	box, list := seeded(t, 200)
	db := openDatabase(t, filepath.Join(t.TempDir(), "jobs.db"))
	mchid := box.Credentials().Account().MchID
	if err := db.Add(t.Context(), "run", mchid, slices.Values(list), jobs.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	for {
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() {
				if err := db.Start(t.Context(), "run"); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		stop := work(t, db, jobs.WithMerchant(mchid, box.Client()), jobs.WithConcurrency(5))
		time.Sleep(150 * time.Millisecond) // any moment will do
		stop()
		p, err := db.Progress(t.Context(), "run")
		if err != nil {
			t.Fatal(err)
		}
		if p.Left() == 0 {
			break
		}
	}
	wantAll(t, db, "run", jobs.OutcomeCarriedOut)
	box.WantRequests(catalog.OperationModifyPartnerServiceOrder, len(list))
}

// Look leaves out what cannot be lowered, and sends nothing.
func TestLook(t *testing.T) {
	box, list := seeded(t, 5)
	account := box.Credentials().Account()
	if _, err := box.Seed("CREATED", 50000, sandbox.SeedStage("CREATED")); err != nil {
		t.Fatal(err)
	}
	if _, err := box.Seed("LOWER", 39900); err != nil {
		t.Fatal(err)
	}
	for i, no := range []string{"CREATED", "LOWER", "NONE"} {
		c := list[0]
		c.Line, c.OutOrderNo = 100+i, no
		list = append(list, c)
	}
	db := openDatabase(t, filepath.Join(t.TempDir(), "jobs.db"))
	if err := db.Add(t.Context(), "run", account.MchID, slices.Values(list), jobs.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := db.Look(t.Context(), "run", box.Client(), nil); err != nil {
		t.Fatal(err)
	}
	box.WantRequests(catalog.OperationModifyPartnerServiceOrder, 0)
	got := map[string]string{}
	for r, err := range db.Results(t.Context(), "run") {
		if err != nil {
			t.Fatal(err)
		}
		if r.Outcome == jobs.OutcomeLeftOut {
			got[r.OutOrderNo] = r.Reason
		} else if r.Before == nil || *r.Before != 50000 {
			t.Errorf("%+v", r)
		}
	}
	want := map[string]string{
		"CREATED": "the order is CREATED", "LOWER": "the order has 39900 fen, which is not above 39900", "NONE": "WeChat Pay has no such order",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("left out %v", got)
	}
	p, err := db.Progress(t.Context(), "run")
	if err != nil || p.Outcomes[jobs.OutcomePending] != (jobs.Sum{Orders: 5, Before: 250000, After: 199500}) {
		t.Errorf("%+v %v", p, err)
	}
}

// An order that has the amount already is not carried out by this run.
func TestNotLower(t *testing.T) {
	box, list := seeded(t, 3)
	db := openDatabase(t, filepath.Join(t.TempDir(), "jobs.db"))
	mchid := box.Credentials().Account().MchID
	if _, err := box.Seed("SAME", 39900); err != nil {
		t.Fatal(err)
	}
	c := list[0]
	c.Line, c.OutOrderNo = 100, "SAME"
	list = append(list, c)
	if err := db.Add(t.Context(), "run", mchid, slices.Values(list), jobs.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := db.Start(t.Context(), "run"); err != nil {
		t.Fatal(err)
	}
	stop := work(t, db, jobs.WithMerchant(mchid, box.Client()))
	waitFor(t, db, "run")
	stop()
	for r, err := range db.Results(t.Context(), "run") {
		want := jobs.OutcomeCarriedOut
		if r.OutOrderNo == "SAME" {
			want = jobs.OutcomeNotCarriedOut
		}
		if err != nil || r.Outcome != want {
			t.Errorf("%+v %v", r, err)
		}
	}
	box.WantRequests(catalog.OperationModifyPartnerServiceOrder, 3)
}

func TestWrongInput(t *testing.T) {
	db := openDatabase(t, filepath.Join(t.TempDir(), "jobs.db"))
	none := slices.Values([]jobs.Correction(nil))
	if err := db.Add(t.Context(), "run", "1", none, jobs.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := db.Add(t.Context(), "run", "1", none, jobs.RunOptions{}); !errors.Is(err, jobs.ErrRunExists) {
		t.Error(err)
	}
	if _, err := db.Run(t.Context(), "other"); !errors.Is(err, jobs.ErrNoRun) {
		t.Error(err)
	}
	if err := db.Start(t.Context(), "other"); !errors.Is(err, jobs.ErrNoRun) {
		t.Error(err)
	}
	for _, err := range []error{
		db.Add(t.Context(), "no name", "1", none, jobs.RunOptions{}),
		db.Add(t.Context(), "a", "1", none, jobs.RunOptions{Rate: -1}),
		db.Add(t.Context(), "a", "1", none, jobs.RunOptions{Patience: -1}),
		func() error { _, err := jobs.NewWorker(db); return err }(),
		func() error { _, err := jobs.NewWorker(nil); return err }(),
		func() error { _, err := jobs.NewInbox(nil); return err }(),
		func() error { _, err := jobs.NewWorker(db, jobs.WithMerchant("", new(payscore.Client))); return err }(),
		func() error {
			_, err := jobs.NewWorker(db, jobs.WithMerchant("1", new(payscore.Client)), jobs.WithConcurrency(0))
			return err
		}(),
		func() error { _, err := jobs.Open(t.Context(), ""); return err }(),
		func() error { _, err := jobs.Open(t.Context(), "mysql://root@localhost/"); return err }(),
		func() error {
			_, err := jobs.Open(t.Context(), filepath.Join(t.TempDir(), "none", "jobs.db"))
			return err
		}(),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "jobs: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v", err)
		}
	}
}

func wantAll(t *testing.T, db *jobs.Database, run, outcome string) {
	t.Helper()
	for r, err := range db.Results(t.Context(), run) {
		if err != nil || r.Outcome != outcome {
			t.Fatalf("%+v %v", r, err)
		}
	}
}

func until(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}
