package serviceorder_test

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

func pay(amount int64) payscore.Payment {
	return payscore.Payment{Name: new("就餐费用"), Amount: new(amount)}
}

func less(amount int64) payscore.ServiceOrderCoupon {
	return payscore.ServiceOrderCoupon{Name: new("满20减1元"), Amount: new(amount)}
}

func TestTotal(t *testing.T) {
	type payments = []payscore.Payment
	type discounts = []payscore.ServiceOrderCoupon
	const most = math.MaxInt64
	for _, c := range []struct {
		name      string
		payments  payments
		discounts discounts
		want      int64
		err       string // a part of its text
	}{
		{"nothing", nil, nil, 0, ""},
		{"one line", payments{pay(40000)}, nil, 40000, ""},
		{"the worked example of the page", payments{pay(1000)}, discounts{less(200)}, 800, ""},
		{"the published example", payments{pay(40000)}, discounts{less(100)}, 39900, ""},
		{"several", payments{pay(1), pay(20), pay(300)}, discounts{less(4), less(17)}, 300, ""},
		{"free", payments{pay(0)}, discounts{less(0)}, 0, ""},
		{"all of it discounted", payments{pay(100)}, discounts{less(100)}, 0, ""},
		{"line without amount", payments{pay(5), {Name: new("使用时长"), Description: new("1小时")}}, nil, 5, ""},
		{"discount without amount", payments{pay(5)}, discounts{{Name: new("会员")}}, 5, ""},
		{"largest", payments{pay(most)}, nil, most, ""},
		{"largest of two", payments{pay(most - 1), pay(1)}, discounts{less(most)}, 0, ""},
		{"above the largest", payments{pay(most), pay(1)}, nil, 0, "post_payments[1]: the sum exceeds"},
		{"above the largest before the discounts", payments{pay(1), pay(most)}, discounts{less(1)}, 0, "post_payments[1]: the sum exceeds"},
		{"discounts above the largest", payments{pay(most)}, discounts{less(2), less(most - 1)}, 0, "post_discounts[1]: the sum exceeds"},
		{"twice around", payments{pay(most), pay(most), pay(2)}, nil, 0, "post_payments[1]: the sum exceeds"},
		{"negative payment", payments{pay(10), pay(-1)}, nil, 0, "post_payments[1]: the amount is negative"},
		{"lowest payment", payments{pay(math.MinInt64)}, nil, 0, "post_payments[0]: the amount is negative"},
		{"negative discount", payments{pay(10)}, discounts{less(-1)}, 0, "post_discounts[0]: the amount is negative"},
		{"discounts exceed", payments{pay(100)}, discounts{less(101)}, 0, "101 fen of discounts exceed 100 fen"},
		{"discounts alone", nil, discounts{less(1)}, 0, "1 fen of discounts exceed 0 fen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := serviceorder.Total(c.payments, c.discounts)
			if got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
			switch {
			case c.err == "" && err != nil, c.err != "" && !errors.Is(err, serviceorder.ErrNoTotal):
				t.Error(err)
			case c.err != "" && (!strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "\n")):
				t.Errorf("want %q: %v", c.err, err)
			}
		})
	}
}

const seed = 20250315

// TestTotalAgainstBigIntegers compares random orders with a sum that cannot
// overflow.
func TestTotalAgainstBigIntegers(t *testing.T) {
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	amount := func() *int64 {
		switch r.IntN(12) {
		case 0:
			return nil
		case 1:
			return new(int64(0))
		case 2:
			return new(math.MaxInt64 - r.Int64N(3))
		case 3:
			return new(math.MaxInt64/2 + r.Int64N(3))
		case 4:
			if r.IntN(4) == 0 {
				return new(-1 - r.Int64N(math.MaxInt64))
			}
		}
		return new(r.Int64N(100000))
	}
	count := func() *int64 {
		if r.IntN(2) == 0 {
			return nil
		}
		return new(r.Int64() - math.MaxInt64/2)
	}
	var sums, failures int
	largest := big.NewInt(math.MaxInt64)
	for i := range 20000 {
		payments := make([]payscore.Payment, r.IntN(6))
		discounts := make([]payscore.ServiceOrderCoupon, r.IntN(4))
		paid, discounted := new(big.Int), new(big.Int)
		wrong := false
		sum := func(to *big.Int, amount *int64) {
			if amount != nil {
				wrong = wrong || *amount < 0
				to.Add(to, big.NewInt(*amount))
			}
		}
		for j := range payments {
			payments[j] = payscore.Payment{Name: new("a"), Amount: amount(), Count: count()}
			sum(paid, payments[j].Amount)
		}
		for j := range discounts {
			discounts[j] = payscore.ServiceOrderCoupon{Amount: amount(), Count: count()}
			sum(discounted, discounts[j].Amount)
		}
		want := new(big.Int).Sub(paid, discounted)
		wrong = wrong || paid.Cmp(largest) > 0 || discounted.Cmp(largest) > 0 || want.Sign() < 0

		check := func(what string) {
			got, err := serviceorder.Total(payments, discounts)
			switch {
			case wrong && (!errors.Is(err, serviceorder.ErrNoTotal) || got != 0):
				t.Fatalf("order %d %s: %d, %v; want an error instead of %s", i, what, got, err, want)
			case !wrong && (err != nil || want.Cmp(big.NewInt(got)) != 0):
				t.Fatalf("order %d %s: %d, %v; want %s", i, what, got, err, want)
			}
		}
		check("as made")
		r.Shuffle(len(payments), func(a, b int) { payments[a], payments[b] = payments[b], payments[a] })
		check("in another order")
		for j := range payments {
			payments[j].Count = count()
		}
		for j := range discounts {
			discounts[j].Count = count()
		}
		check("with other counts")
		if wrong {
			failures++
		} else {
			sums++
		}
	}
	if sums < 2000 || failures < 2000 {
		t.Errorf("%d sums and %d failures: too few of one kind", sums, failures)
	}
}
