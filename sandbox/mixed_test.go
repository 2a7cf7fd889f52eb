package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/sandbox"
)

// Modifications, moves, deductions, payments and time of several orders at once:
// the journal, replayed, leads to the orders as they are.
func TestJournalReplayedIsTheOrders(t *testing.T) {
	t.Parallel()
	for run := range size(1, 1, 3) {
		var file jsonLines
		b := newBox(t, sandbox.WithJournal(&file))
		const orders = 6
		no := func(i int) string { return fmt.Sprintf("MIX%d", i) }
		for i := range orders {
			b.seed(no(i), 50000)
		}
		var wait sync.WaitGroup
		for c := range 12 {
			wait.Go(func() {
				r := rand.New(rand.NewPCG(uint64(run), uint64(c)))
				for range size(15, 40, 40) {
					n := no(r.IntN(orders))
					switch r.IntN(12) {
					case 0:
						_ = b.Move("start_deduction", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: n, Duration: time.Duration(r.IntN(3)) * time.Millisecond})
					case 1:
						_ = b.Move("deduction_fails", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: n})
					case 2:
						b.Advance(time.Millisecond)
					case 3:
						b.Orders("", "", 100)
						b.Journal()
					default:
						if err := b.modify(n, 50000-r.Int64N(20000)); err != nil {
							if _, ok := errors.AsType[*apierror.Error](err); !ok {
								t.Error(err)
							}
						}
					}
				}
			})
		}
		wait.Wait()
		for name, entries := range map[string][]sandbox.Entry{"memory": b.Journal(), "file": file.entries(t)} {
			totals, stages := map[string]int64{}, map[string]string{}
			var seq int64
			for _, e := range entries {
				if e.Seq <= seq {
					t.Errorf("%s: %d after %d", name, e.Seq, seq)
				}
				seq = e.Seq
				if e.Subject == "" {
					continue
				}
				if e.Operation == "modifyPartnerServiceOrder" && e.Status == 204 {
					var body struct {
						Total int64 `json:"total_amount"`
					}
					_ = json.Unmarshal([]byte(e.Request), &body)
					if before, ok := totals[e.Subject]; ok && body.Total >= before {
						t.Errorf("%s %d: %d after %d", name, e.Seq, body.Total, before)
					}
					if stages[e.Subject] == "DONE" {
						t.Errorf("%s %d: a paid order was modified", name, e.Seq)
					}
					totals[e.Subject] = body.Total
				}
				stages[e.Subject] = e.Stage
			}
			for i := range orders {
				v, _ := b.Order(subMchID, no(i))
				key := subMchID + "/" + no(i)
				if v.Stage != stages[key] {
					t.Errorf("%s: %s is %s and the journal ends with %s", name, key, v.Stage, stages[key])
				}
				if total, ok := totals[key]; ok && *v.Entity.TotalAmount != total {
					t.Errorf("%s: %s is at %d and the journal ends with %d", name, key, *v.Entity.TotalAmount, total)
				}
			}
		}
	}
}

// The same completion from twelve callers at once, and others among them: one
// set of parameters wins, and only its repeats succeed.
func TestCompleteByManyAtOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for run := range size(3, 5, 10) {
		no := fmt.Sprintf("COMPLETE%d", run)
		b.create(noConfirm(no))
		results := make([]error, 12)
		var wait sync.WaitGroup
		for c := range results {
			wait.Go(func() {
				results[c] = b.client.CompletePartnerServiceOrder(t.Context(), no, completion(int64(100+c%3)))
			})
		}
		wait.Wait()
		total := b.total(no)
		for c, err := range results {
			if same := int64(100+c%3) == total; same != (err == nil) {
				t.Errorf("%s is at %d, caller %d: %v", no, total, c, err)
			}
		}
	}
}
