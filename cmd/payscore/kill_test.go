package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

// written is one order and what its writer was told about it.
type written struct {
	number   string
	orderID  string
	answered int // how many of the four writes
}

// After each of the writes: created, completed, modified, paid.
var afterWrite = []string{"DOING / USER_CONFIRM at -", "DOING / MCH_COMPLETE / USER_PAYING at 3.00 yuan", "DOING / MCH_COMPLETE / USER_PAYING at 2.00 yuan", "DONE / USER_PAID at 2.00 yuan"}

func (w *written) write(ctx context.Context, client *payscore.Client, account sandbox.Account) error {
	payments := func(total int64) []payscore.Payment {
		return []payscore.Payment{{Name: new("就餐费用"), Amount: &total}}
	}
	var err error
	switch w.answered {
	case 0:
		var answer *payscore.CreatePartnerServiceOrderResult
		answer, err = client.CreatePartnerServiceOrder(ctx, payscore.CreatePartnerServiceOrderRequest{
			ServiceID: account.ServiceID, AppID: account.AppID, SubMchID: account.SubMchID, OutOrderNo: w.number, ServiceIntroduction: "XX充电宝",
			RiskFund:  payscore.RiskFund{Name: payscore.RiskFundNameEstimateOrderCost, Amount: 1000},
			TimeRange: payscore.TimeRange{StartTime: new("OnAccept")}, NotifyURL: "https://api.test.com",
			NeedUserConfirm: new(false), OpenID: new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
		})
		if err == nil {
			w.orderID = answer.OrderID
		}
	case 1:
		err = client.CompletePartnerServiceOrder(ctx, w.number, payscore.CompletePartnerServiceOrderRequest{
			ServiceID: account.ServiceID, SubMchID: account.SubMchID, PostPayments: payments(300), TotalAmount: 300,
			TimeRange: &payscore.TimeRange{EndTime: new("20250601121010")}})
	case 2:
		err = client.ModifyPartnerServiceOrder(ctx, w.number, payscore.ModifyPartnerServiceOrderRequest{
			SubMchID: account.SubMchID, PostPayments: payments(200), TotalAmount: 200, Reason: "用户投诉"})
	case 3:
		err = client.PayPartnerServiceOrder(ctx, w.number, payscore.PayPartnerServiceOrderRequest{SubMchID: account.SubMchID})
	}
	if err == nil {
		w.answered++
	}
	return err
}

// TestKillLosesNothingThatWasAnswered writes while the sandbox is killed again
// and again. PAYSCORE_KILL_WRITES says how often it writes; make soak sets it.
func TestKillLosesNothingThatWasAnswered(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no kill there")
	}
	const writers = 8
	kills, writes := 4, int64(200)
	if testing.Short() {
		kills, writes = 1, 60
	}
	if s := os.Getenv("PAYSCORE_KILL_WRITES"); s != "" {
		var err error
		if writes, err = strconv.ParseInt(s, 10, 32); err != nil {
			t.Fatal(err)
		}
	}
	known, err := credentials()
	if err != nil {
		t.Fatal(err)
	}
	account := known.Account()
	keys, data := keysDir(t), filepath.Join(t.TempDir(), "orders.db")
	start := func() (kill func(), client *payscore.Client, closeIdle func()) {
		p, process := startProcess(t, "--addr", "127.0.0.1:0", "--keys", keys, "--data", data)
		c := connection{Keys: keys}
		if err := c.fill(nil); err != nil {
			t.Fatal(err)
		}
		signer, err := c.signer()
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := c.verifier()
		if err != nil {
			t.Fatal(err)
		}
		// Unlike the command's client it does not repeat a call, and does not time out
		// on a slow machine.
		rt := transport.NewRoundTripper()
		client, err = payscore.New(p.url, payscore.WithRequestEditorFn(signer.Sign),
			payscore.WithHTTPClient(transport.New(signer, verifier, transport.WithRoundTripper(rt),
				transport.WithRetry(transport.Retry{Attempts: 1}), transport.WithTimeout(0))))
		if err != nil {
			t.Fatal(err)
		}
		return func() { _ = process.Kill(); <-p.ended }, client, rt.CloseIdleConnections
	}

	var (
		done   atomic.Int64
		orders [writers][]*written
	)
	for round := 0; done.Load() < writes; round++ {
		kill, client, closeIdle := start()
		ctx, cancel := context.WithCancel(t.Context())
		// The write that the kill comes after; the last round ends by itself.
		last := writes
		if round < kills {
			last = min(writes, int64(round+1)*writes/int64(kills+1)+rand.Int64N(writes/10))
		}
		due := make(chan struct{})
		reached := sync.OnceFunc(func() { close(due) })
		var killed atomic.Bool
		var working sync.WaitGroup
		for i := range writers {
			working.Go(func() {
				for n := 0; ctx.Err() == nil && done.Load() < writes; n++ {
					// What a kill cut off is for the check below: a new order each time.
					w := &written{number: fmt.Sprintf("kill_%d_%d_%d", round, i, n)}
					orders[i] = append(orders[i], w)
					for w.answered < len(afterWrite) && done.Load() < writes {
						if err := w.write(ctx, client, account); err != nil {
							if !killed.Load() {
								t.Errorf("%s: write %d: %v", w.number, w.answered+1, err)
							}
							reached()
							return
						}
						if done.Add(1) >= last {
							reached()
						}
					}
				}
			})
		}
		if done.Load() >= last {
			reached() // a round before had more writes under way
		}
		<-due
		if round < kills {
			killed.Store(true) // the calls that are cut off now may have been carried out
		} else {
			working.Wait()
		}
		kill()
		cancel()
		working.Wait()
		closeIdle()
	}

	_, client, closeIdle := start()
	defer closeIdle()
	ids := map[string]string{}
	once := func(kind, id, number string) {
		if other, twice := ids[kind+id]; twice || id == "" {
			t.Errorf("%s and %s have %s %q", other, number, kind, id)
		}
		ids[kind+id] = number
	}
	checked, further := 0, 0
	for _, w := range slices.Concat(orders[:]...) {
		o, err := client.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: account.SubMchID, OutOrderNo: &w.number})
		if err != nil {
			if w.answered > 0 {
				t.Errorf("%s: %d writes were answered: %v", w.number, w.answered, err)
			}
			continue
		}
		checked += w.answered
		once("order_id", *o.OrderID, w.number)
		if w.answered > 0 && *o.OrderID != w.orderID {
			t.Errorf("%s: order_id %s, was answered %s", w.number, *o.OrderID, w.orderID)
		}
		if o.Collection != nil {
			if len(o.Collection.Details) > 1 {
				t.Errorf("%s was paid twice", w.number)
			}
			for _, d := range o.Collection.Details {
				once("transaction_id", *d.TransactionID, w.number)
			}
		}
		got := stage(o) + " at " + amount(o.TotalAmount)
		switch {
		case w.answered > 0 && got == afterWrite[w.answered-1]:
		case w.answered < len(afterWrite) && got == afterWrite[w.answered]:
			further++ // carried out, but the answer was cut off
		default:
			t.Errorf("%s: %d writes were answered, but it is %s", w.number, w.answered, got)
		}
	}
	if int64(checked) != done.Load() {
		t.Errorf("%d writes are there of %d that were answered", checked, done.Load())
	}
	t.Logf("%d answered writes, %d kills, %d carried out without an answer", checked, kills+1, further)
}
