package jobs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/jobs"
	"github.com/wxpayscore/payscore/sandbox"
)

func corrections(box *sandbox.Server, n int, fen int64) []jobs.Correction {
	sub := box.Credentials().Account().SubMchID
	var list []jobs.Correction
	for i := range n {
		body, _ := json.Marshal(payscore.ModifyPartnerServiceOrderRequest{
			SubMchID: sub, TotalAmount: fen, Reason: "用户投诉",
			PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: &fen}},
		})
		list = append(list, jobs.Correction{Line: i + 2, SubMchID: sub, OutOrderNo: fmt.Sprintf("ORDER%05d", i), TotalAmount: fen, Body: body})
	}
	return list
}

func TestRun(t *testing.T) {
	box, list := seeded(t, 300)
	ctx := t.Context()
	db, err := jobs.Open(ctx, filepath.Join(t.TempDir(), "jobs.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	mchid := box.Credentials().Account().MchID
	if err := db.Add(ctx, "first", mchid, slices.Values(list), jobs.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := db.Start(ctx, "first"); err != nil {
		t.Fatal(err)
	}
	worker, err := jobs.NewWorker(db, jobs.WithMerchant(mchid, box.Client()))
	if err != nil {
		t.Fatal(err)
	}
	working, stop := context.WithCancel(ctx)
	done := make(chan error)
	start := time.Now()
	go func() { done <- worker.Run(working) }()
	for {
		p, err := db.Progress(ctx, "first")
		if err != nil {
			t.Fatal(err)
		}
		if p.Left() == 0 {
			t.Logf("%v after %s", p.Outcomes, time.Since(start))
			break
		}
		if time.Since(start) > 60*time.Second {
			t.Fatalf("%+v", p)
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for r, err := range db.Results(ctx, "first") {
		if err != nil || r.Outcome != jobs.OutcomeCarriedOut || r.Attempts != 1 {
			t.Fatalf("%+v %v", r, err)
		}
	}
}
