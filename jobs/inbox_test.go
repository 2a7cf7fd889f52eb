package jobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/jobs"
	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/serviceorder"
)

// What WeChat Pay sends is answered at once and handled later, once, although it comes
// twice and the function fails at first.
func TestInbox(t *testing.T) {
	box := sandbox.New(t, sandbox.WithNotificationTraffic(sandbox.NotificationTraffic{Duplicates: 2, Probes: 3}))
	db := openDatabase(t, filepath.Join(t.TempDir(), "jobs.db"))
	inbox, err := jobs.NewInbox(db)
	if err != nil {
		t.Fatal(err)
	}
	receiver, err := notify.New(box.Verifier(), box.APIv3Key(), inbox.Receive, notify.WithDeduper(jobs.NoDeduper))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(receiver)
	defer server.Close()
	const n = 20
	account := box.Credentials().Account()
	for i := range n {
		no := fmt.Sprintf("ORDER%d", i)
		if _, err := box.Seed(no, 50000, sandbox.SeedNotifyURL(server.URL)); err != nil {
			t.Fatal(err)
		}
		if err := box.Move("user_pays", sandbox.MoveArgs{SubMchID: account.SubMchID, OutOrderNo: no}); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	handled, failed := map[string]int{}, map[string]bool{}
	all := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	worker, err := jobs.NewWorker(db, jobs.WithEventFunc(func(_ context.Context, e *notify.Event) error {
		mu.Lock()
		defer mu.Unlock()
		order := e.Resource.(*payscore.ServiceOrderNotification)
		if e.Type != notify.UserPaid || e.SubMchID != account.SubMchID {
			t.Errorf("%+v", e)
		}
		if !failed[order.OutOrderNo] {
			failed[order.OutOrderNo] = true
			return errors.New("not yet")
		}
		handled[order.OutOrderNo]++
		if len(handled) == n {
			close(all)
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() { _ = worker.Run(ctx) })
	defer group.Wait()
	defer stop()
	box.Advance(time.Hour) // the repeats of what was refused as a probe
	select {
	case <-all:
	case <-time.After(time.Minute):
		t.Fatalf("%d of %d handled", len(handled), n)
	}
	for no, times := range handled {
		if times != 1 {
			t.Errorf("%s was handled %d times", no, times)
		}
	}
}

// A program that does not know what became of its modification is told.
func TestSettle(t *testing.T) {
	box := sandbox.New(t)
	db := openDatabase(t, filepath.Join(t.TempDir(), "jobs.db"))
	account := box.Credentials().Account()
	list := corrections(box, 2, 39900)
	client := box.Client()
	for i, fault := range []string{"reset-after", "reset-before"} {
		c := list[i]
		if _, err := box.Seed(c.OutOrderNo, 50000); err != nil {
			t.Fatal(err)
		}
		var body payscore.ModifyPartnerServiceOrderRequest
		if err := json.Unmarshal(c.Body, &body); err != nil {
			t.Fatal(err)
		}
		off := box.Fault(fault)
		err := client.ModifyPartnerServiceOrder(t.Context(), c.OutOrderNo, body)
		off()
		if !errors.Is(err, apierror.ErrOutcomeUnknown) {
			t.Fatalf("%s: %v", fault, err)
		}
		before := int64(50000)
		u := jobs.Unsettled{MchID: account.MchID, Operation: catalog.OperationModifyPartnerServiceOrder, OutOrderNo: c.OutOrderNo, Body: body, TotalBefore: &before}
		for range 2 { // handed over twice, it is told once
			if err := db.Settle(t.Context(), u); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, u := range map[string]jobs.Unsettled{
		"operation": {Operation: "createServiceOrder", Body: struct{}{}},
		"body":      {Operation: catalog.OperationModifyServiceOrder, Body: []int{1}},
		"patience":  {Operation: catalog.OperationModifyServiceOrder, Body: struct{}{}, Patience: -1},
	} {
		if err := db.Settle(t.Context(), u); err == nil {
			t.Errorf("a wrong %s was taken", name)
		}
	}
	sent := len(box.Requests(catalog.OperationModifyPartnerServiceOrder))
	told := make(chan jobs.Settled, 10)
	worker, err := jobs.NewWorker(db, jobs.WithMerchant(account.MchID, client), jobs.WithSettleFunc(func(_ context.Context, s jobs.Settled) error {
		told <- s
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = worker.Run(ctx) })
	got := map[string]jobs.Settled{}
	for range 2 {
		select {
		case s := <-told:
			got[s.OutOrderNo] = s
		case <-time.After(time.Minute):
			t.Fatalf("only %v", got)
		}
	}
	stop()
	group.Wait()
	if s := got[list[0].OutOrderNo]; s.Outcome != serviceorder.CarriedOut || s.Err != nil {
		t.Errorf("after the commit: %v %v", s.Outcome, s.Err)
	}
	var not *serviceorder.NotCarriedOutError
	if s := got[list[1].OutOrderNo]; s.Outcome != serviceorder.NotCarriedOut || !errors.As(s.Err, &not) {
		t.Errorf("before it: %v %v", s.Outcome, s.Err)
	}
	if len(told) > 0 {
		t.Errorf("told once more: %v", <-told)
	}
	box.WantRequests(catalog.OperationModifyPartnerServiceOrder, sent)
}
