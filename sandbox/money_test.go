package sandbox_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

// TestMoneyIsWhatTheAnswersSaid makes random calls and moves and keeps, from
// the answers alone, what each order costs and what came in.
func TestMoneyIsWhatTheAnswersSaid(t *testing.T) {
	t.Parallel()
	type account struct {
		d                side
		total, collected int64
		completed        int64 // -1: not yet
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	b := newBox(t)
	accounts := map[string]*account{}
	for i := range 12 {
		no := fmt.Sprint("order", i)
		accounts[no] = &account{d: allSides[i%2], completed: -1}
		b.call(accounts[no].d, no, "", noConfirm(no))
	}
	succeeded := 0
	for range size(150, 400, 400) {
		no := fmt.Sprint("order", random.IntN(len(accounts)))
		a := accounts[no]
		total := random.Int64N(1000)
		post := func(op string, body any) bool {
			return b.send("POST", a.d.at(no, op), a.d.body(body)).Status < 300
		}
		ok := false
		switch random.IntN(7) {
		case 0, 1:
			// The same completion once more is a repeat, which changes nothing.
			if ok = post("complete", completion(total)); ok && total != a.completed {
				a.total, a.completed = total, total
			}
		case 2, 3:
			if ok = post("modify", modification(total)); ok {
				a.total = total
			}
		case 4:
			if ok = random.IntN(4) == 0 && post("pay", payment()); ok {
				a.collected += a.total
			}
		case 5:
			if ok = random.IntN(4) == 0 && post("sync", paidElsewhere("20250601")); ok {
				a.collected += a.total
			}
		case 6:
			if ok = random.IntN(4) == 0 && b.Move("user_pays", sandbox.MoveArgs{SubMchID: a.d.subMchID(), OutOrderNo: no}) == nil; ok {
				a.collected += a.total
			}
		}
		if ok {
			succeeded++
		}
	}
	var sum, told int64
	page, _ := b.Orders("", "", 100)
	for _, v := range page {
		a := accounts[v.OutOrderNo]
		var total int64
		if v.Entity.TotalAmount != nil {
			total = *v.Entity.TotalAmount
		}
		if total != a.total || v.Collected != a.collected {
			t.Errorf("%s: answers said %d of %d, the order is %s", v.OutOrderNo, a.collected, a.total, asJSON(v.Entity))
		}
		sum, told = sum+v.Collected, told+a.collected
	}
	if sum != told || sum == 0 || succeeded < size(8, 20, 20) || len(page) != len(accounts) {
		t.Errorf("%d calls succeeded, %d fen came in, answers said %d", succeeded, sum, told)
	}
}
