package jobs_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/wxpayscore/payscore/jobs"
)

// A full disk stops the worker, which says why. Once there is room it goes on, and
// each order is lowered once.
func TestFullDisk(t *testing.T) {
	box, list := seeded(t, 300)
	db := openDatabase(t, filepath.Join(t.TempDir(), "jobs.db"))
	mchid := box.Credentials().Account().MchID
	if err := db.Add(t.Context(), "run", mchid, slices.Values(list), jobs.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := db.Start(t.Context(), "run"); err != nil {
		t.Fatal(err)
	}
	// What SQLite answers then is what it answers when the disk is full.
	var pages int
	if err := db.DB().QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	room := func(pages int) {
		t.Helper()
		var got int
		if err := db.DB().QueryRow("PRAGMA max_page_count = " + strconv.Itoa(pages)).Scan(&got); err != nil {
			t.Fatal(err)
		}
	}
	room(pages + 8)
	worker, err := jobs.NewWorker(db, jobs.WithMerchant(mchid, box.Client()), jobs.WithTimeout(jobs.DefaultTimeout/12))
	if err != nil {
		t.Fatal(err)
	}
	if err := worker.Run(t.Context()); !errors.Is(err, jobs.ErrDiskFull) {
		t.Fatal(err)
	}
	p, err := db.Progress(t.Context(), "run")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("stopped after %d of %d orders", p.All()-p.Left(), p.All())
	if p.Left() == 0 {
		t.Fatal("the disk was not full")
	}
	room(1 << 30)
	stop := work(t, db, jobs.WithMerchant(mchid, box.Client()), jobs.WithTimeout(jobs.DefaultTimeout/12))
	waitFor(t, db, "run")
	stop()
	wantAll(t, db, "run", jobs.OutcomeCarriedOut)
}
