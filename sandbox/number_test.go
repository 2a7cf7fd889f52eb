package sandbox_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_|*-"

// orderNumbers are valid ones of every length, with the odd characters often.
func orderNumbers(n int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	all := []string{"A|B*C_-1", "|", "*", "-", "_", "--", "***", "0", "null", "true", strings.Repeat("|", 32), alphabet[:32], alphabet[len(alphabet)-32:]}
	seen := map[string]bool{}
	for _, no := range all {
		seen[no] = true
	}
	for len(all) < n {
		var no strings.Builder
		for range 1 + len(all)%32 {
			from := alphabet
			if random.IntN(3) == 0 {
				from = "_|*-"
			}
			no.WriteByte(from[random.IntN(len(from))])
		}
		if !seen[no.String()] {
			seen[no.String()] = true
			all = append(all, no.String())
		}
	}
	return all
}

func TestEveryOrderNumberOfTheAlphabet(t *testing.T) {
	b := newBox(t)
	used := map[rune]bool{}
	for _, no := range orderNumbers(size(30, 100, 250)) {
		for _, r := range no {
			used[r] = true
		}
		b.seed(no, 50000)
		if err := b.modify(no, 39900); err != nil {
			t.Fatalf("modify %q: %v", no, err)
		}
		order := b.query(no)
		if order.OutOrderNo != no || *order.TotalAmount != 39900 {
			t.Fatalf("query %q: %s", no, asJSON(order))
		}
	}
	if len(used) != len(alphabet) {
		t.Errorf("%d of %d characters tried", len(used), len(alphabet))
	}
}

// What an order number in the path and in the body may be, an order made by
// the API may be called, too.
func TestCreateWithOddNumbers(t *testing.T) {
	b := newBox(t)
	for _, no := range orderNumbers(size(8, 20, 20)) {
		b.create(noConfirm(no))
		b.ok(b.client.CompletePartnerServiceOrder(t.Context(), no, completion(50000)))
		b.ok(b.client.SyncPartnerServiceOrder(t.Context(), no, paidElsewhere("20091225")))
		if order := b.query(no); stageOf(t, order) != "DONE" || order.OutOrderNo != no {
			t.Errorf("%q: %s", no, asJSON(order))
		}
	}
}

func TestWrongOrderNumbersAreNotSent(t *testing.T) {
	b := newBox(t)
	lax := b.clientAt(b.URL, b, payscore.WithoutLimitChecks())
	ctx := t.Context()
	for _, no := range []string{
		"", strings.Repeat("1", 33), "/", "a/b", " ", "a b", "订单", "..", ".", "a%2Fb", "a?b", "a#b", "a\\b", "a\nb", "a\x00b", "A~B", "１", "a+b", "a,b", "a;b",
	} {
		for name, client := range map[string]*payscore.Client{"": b.client, " without limit checks": lax} {
			errs := map[string]error{
				"cancel":   client.CancelPartnerServiceOrder(ctx, no, cancellation("用户投诉")),
				"complete": client.CompletePartnerServiceOrder(ctx, no, completion(1)),
				"modify":   client.ModifyPartnerServiceOrder(ctx, no, modification(1)),
				"pay":      client.PayPartnerServiceOrder(ctx, no, payment()),
				"sync":     client.SyncPartnerServiceOrder(ctx, no, paidElsewhere("20091225")),
			}
			if client == b.client { // the number is no part of the path
				_, errs["query"] = client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: &no})
				_, errs["create"] = client.CreatePartnerServiceOrder(ctx, needConfirm(no))
			}
			for operation, err := range errs {
				if findings, ok := errors.AsType[limit.Findings](err); !ok || !strings.HasSuffix(findings[0].Path, "out_order_no") {
					t.Errorf("%s%s of %q: %v", operation, name, no, err)
				}
			}
		}
	}
	if n := b.sent.Load(); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
}
