package jobs_test

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/jobs"
)

// Three workers keep the rate of one merchant together. That they reach it depends on
// the machine and is printed; that they are not faster does not.
func TestRate(t *testing.T) {
	const rate, n, workers = 20, 120, 3
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			database := filepath.Join(t.TempDir(), "jobs.db")
			if engine == "PostgreSQL" {
				database, _ = startPostgres(t)
			}
			box, list := seeded(t, n)
			db := openDatabase(t, database)
			mchid := box.Credentials().Account().MchID
			if err := db.Add(t.Context(), "run", mchid, slices.Values(list), jobs.RunOptions{Rate: rate}); err != nil {
				t.Fatal(err)
			}
			if err := db.Start(t.Context(), "run"); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			var group sync.WaitGroup
			for range workers {
				worker, err := jobs.NewWorker(db, jobs.WithMerchant(mchid, box.Client()))
				if err != nil {
					t.Fatal(err)
				}
				group.Go(func() { _ = worker.Run(ctx) })
			}
			waitFor(t, db, "run")
			stop()
			group.Wait()
			var sent []time.Time
			for _, e := range box.Requests(catalog.OperationModifyPartnerServiceOrder) {
				sent = append(sent, e.Time)
			}
			took := sent[len(sent)-1].Sub(sent[0])
			measured := float64(len(sent)-1) / took.Seconds()
			t.Logf("%d orders in %s: %.1f a second, %d wanted", len(sent), took.Round(time.Millisecond), measured, rate)
			if measured > rate*1.25 { // the first one may have been late
				t.Errorf("%.1f orders a second, and %d are wanted", measured, rate)
			}
		})
	}
}

// Answers of too many calls slow all workers down, and afterwards they recover.
func TestSlowedDown(t *testing.T) {
	const n = 200
	box, list := seeded(t, n)
	db := openDatabase(t, filepath.Join(t.TempDir(), "jobs.db"))
	mchid := box.Credentials().Account().MchID
	if err := db.Add(t.Context(), "run", mchid, slices.Values(list), jobs.RunOptions{Rate: 50}); err != nil {
		t.Fatal(err)
	}
	box.Fault("rate-limited-429; operation=modifyPartnerServiceOrder; count=60; value=FREQUENCY_LIMITED")
	if err := db.Start(t.Context(), "run"); err != nil {
		t.Fatal(err)
	}
	worker, err := jobs.NewWorker(db, jobs.WithMerchant(mchid, box.Client()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = worker.Run(ctx) })
	waitFor(t, db, "run")
	stop()
	group.Wait()
	second := map[int]int{}
	var first time.Time
	for _, e := range box.Requests(catalog.OperationModifyPartnerServiceOrder) {
		if first.IsZero() {
			first = e.Time
		}
		second[int(e.Time.Sub(first)/time.Second)]++
	}
	var shape []int
	for i := range len(second) + 30 {
		shape = append(shape, second[i])
	}
	t.Logf("requests in each second: %v", shape)
	for r, err := range db.Results(t.Context(), "run") {
		if err != nil || r.Outcome != jobs.OutcomeCarriedOut {
			t.Fatalf("%+v %v", r, err)
		}
	}
}

func openDatabase(t testing.TB, where string) *jobs.Database {
	t.Helper()
	db, err := jobs.Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// waitFor waits until each order of a run has its outcome.
func waitFor(t *testing.T, db *jobs.Database, run string) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		p, err := db.Progress(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		if p.Left() == 0 {
			return
		}
		if p.Run.State == jobs.StatePaused || time.Now().After(end) {
			t.Fatalf("%+v", p)
		}
	}
}
