package jobs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/jobs"
	"github.com/wxpayscore/payscore/sandbox"
)

// Two orders are lowered, and the report says what each came to.
func Example() {
	t := new(exampleTest)
	defer t.end()
	box := sandbox.New(t)
	list := corrections(box, 2, 39900)
	for _, c := range list {
		if _, err := box.Seed(c.OutOrderNo, 50000); err != nil {
			fmt.Println(err)
			return
		}
	}
	mchid := box.Credentials().Account().MchID

	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	db, err := jobs.Open(ctx, filepath.Join(t.TempDir(), "corrections.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	if err := db.Add(ctx, "december", mchid, slices.Values(list), jobs.RunOptions{Rate: 50}); err != nil {
		fmt.Println(err)
		return
	}
	if err := db.Start(ctx, "december"); err != nil {
		fmt.Println(err)
		return
	}
	worker, err := jobs.NewWorker(db, jobs.WithMerchant(mchid, box.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	working, done := context.WithCancel(ctx)
	go func() {
		defer done()
		for p, err := db.Progress(ctx, "december"); err == nil && p.Left() > 0; p, err = db.Progress(ctx, "december") {
			time.Sleep(50 * time.Millisecond)
		}
	}()
	if err := worker.Run(working); err != nil {
		fmt.Println(err)
		return
	}
	for r, err := range db.Results(ctx, "december") {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.OutOrderNo, *r.Before, "->", r.After, r.Outcome)
	}
	// Output:
	// ORDER00000 50000 -> 39900 carried out
	// ORDER00001 50000 -> 39900 carried out
}

// exampleTest stands in for the test that an example does not have.
type exampleTest struct {
	testing.TB
	cleanups []func()
}

func (t *exampleTest) Helper()          {}
func (t *exampleTest) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }
func (t *exampleTest) Fatal(a ...any)   { panic(fmt.Sprint(a...)) }
func (t *exampleTest) Error(a ...any)   { fmt.Println(a...) }

func (t *exampleTest) TempDir() string {
	dir, err := os.MkdirTemp("", "payscore-jobs-")
	if err != nil {
		panic(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (t *exampleTest) end() {
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
}
