package main

import (
	"context"
	"encoding/json"
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
	"time"

	"github.com/wxpayscore/payscore/auth"
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
var afterWrite = []string{"DOING USER_CONFIRM  0", "DOING MCH_COMPLETE USER_PAYING 300", "DOING MCH_COMPLETE USER_PAYING 200", "DONE  USER_PAID 200"}

func stateOf(o *payscore.ServiceOrderEntity) string {
	description, collection, total := "", "", int64(0)
	if o.StateDescription != nil {
		description = string(*o.StateDescription)
	}
	if o.Collection != nil {
		collection = string(o.Collection.State)
	}
	if o.TotalAmount != nil {
		total = *o.TotalAmount
	}
	return fmt.Sprintf("%s %s %s %d", o.State, description, collection, total)
}

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
// and again. PAYSCORE_KILL_WRITES says how often.
func TestKillLosesNothingThatWasAnswered(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no kill there")
	}
	const writers, kills = 8, 4
	writes := int64(600)
	if s := os.Getenv("PAYSCORE_KILL_WRITES"); s != "" {
		var err error
		if writes, err = strconv.ParseInt(s, 10, 32); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	keys, data := filepath.Join(dir, "keys"), filepath.Join(dir, "orders.db")
	start := func() (*process, sandbox.Account, *payscore.Client, func()) {
		p := startSandbox(t, "--addr", "127.0.0.1:0", "--keys", keys, "--data", data)
		var account sandbox.Account
		if err := json.Unmarshal(readFile(t, filepath.Join(keys, "sandbox.json")), &account); err != nil {
			t.Fatal(err)
		}
		signer, err := auth.LoadSigner(account.MchID, account.SerialNo, filepath.Join(keys, "apiclient_key.pem"))
		if err != nil {
			t.Fatal(err)
		}
		key, err := auth.LoadPublicKey(account.PublicKeyID, filepath.Join(keys, "wechatpay_public_key.pem"))
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := auth.NewVerifier(key)
		if err != nil {
			t.Fatal(err)
		}
		// Without repeats, so that no call outlives the process that it was for.
		rt := transport.NewRoundTripper()
		client, err := payscore.New(p.url, payscore.WithRequestEditorFn(signer.Sign),
			payscore.WithHTTPClient(transport.New(signer, verifier, transport.WithRoundTripper(rt), transport.WithTimeout(2*time.Second))))
		if err != nil {
			t.Fatal(err)
		}
		return p, account, client, rt.CloseIdleConnections
	}

	var (
		done   atomic.Int64
		orders [writers][]*written
	)
	for round := 0; done.Load() < writes; round++ {
		p, account, client, closeIdle := start()
		ctx, cancel := context.WithCancel(t.Context())
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
							return
						}
						done.Add(1)
					}
				}
			})
		}
		if round < kills {
			for until := int64(round+1)*writes/(kills+1) + rand.Int64N(50); done.Load() < min(until, writes); {
				time.Sleep(time.Millisecond)
			}
			// The calls that are cut off now may have been carried out.
			killed.Store(true)
			_ = p.Process.Kill()
			_ = p.Wait()
			cancel()
		}
		working.Wait()
		cancel()
		closeIdle()
		if round >= kills {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	}

	_, account, client, closeIdle := start()
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
		got := stateOf(o)
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
