package sandbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/serviceorder"
)

// lines are payments of these amounts.
func lines(amounts ...int64) []payscore.Payment {
	var all []payscore.Payment
	for i, a := range amounts {
		all = append(all, payscore.Payment{Name: new(fmt.Sprint("费用", i)), Amount: new(a)})
	}
	return all
}

// coupons are discounts of these amounts.
func coupons(amounts ...int64) []payscore.ServiceOrderCoupon {
	var all []payscore.ServiceOrderCoupon
	for i, a := range amounts {
		all = append(all, payscore.ServiceOrderCoupon{Name: new(fmt.Sprint("优惠", i)), Amount: new(a)})
	}
	return all
}

func bill(total int64, payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon) payscore.ModifyPartnerServiceOrderRequest {
	return payscore.ModifyPartnerServiceOrderRequest{
		SubMchID: subMchID, PostPayments: payments, PostDiscounts: discounts, TotalAmount: total, Reason: "用户投诉",
	}
}

func TestModifyRules(t *testing.T) {
	named := func(names ...string) []payscore.Payment {
		all := lines(make([]int64, len(names))...)
		for i := range all {
			all[i].Name = new(names[i])
		}
		all[0].Amount = new(int64(39900))
		return all
	}
	b := newBox(t)
	n := 0
	for name, c := range map[string]struct {
		body payscore.ModifyPartnerServiceOrderRequest
		want refusal
	}{
		"payments less discounts":     {bill(39900, lines(40000), coupons(100)), refusal{}},
		"several of each":             {bill(39900, lines(20000, 20000, 1000), coupons(100, 1000)), refusal{}},
		"count does not multiply":     {bill(39900, []payscore.Payment{{Name: new("a"), Amount: new(int64(39900)), Count: new(int64(4))}}, nil), refusal{}},
		"one fen lower":               {bill(49999, lines(49999), nil), refusal{}},
		"zero":                        {bill(0, lines(0), nil), refusal{}},
		"zero by a discount":          {bill(0, lines(40000), coupons(40000)), refusal{}},
		"line without an amount":      {bill(39900, append(lines(39900), payscore.Payment{Name: new("使用时长"), Description: new("1小时")}), nil), refusal{}},
		"total a fen too high":        {bill(39901, lines(40000), coupons(100)), wrongFormula},
		"total a fen too low":         {bill(39899, lines(40000), coupons(100)), wrongFormula},
		"discount not taken off":      {bill(40000, lines(40000), coupons(100)), wrongFormula},
		"discount above the payments": {bill(0, lines(100), coupons(101)), wrongFormula},
		"the same amount":             {bill(50000, lines(50000), nil), wrongParam("/total_amount")},
		"a higher amount":             {bill(50001, lines(50001), nil), wrongParam("/total_amount")},
		"above the cap":               {bill(1_000_001, lines(1_000_001), nil), overCap},
		"names repeat":                {bill(39900, named("a", "b", "a"), nil), wrongParam("/post_payments/2/name")},
		"商品信息 repeats":                {bill(39900, named("商品信息", "商品信息", "商品信息"), nil), refusal{}},
		"商品信息 and another repeat":     {bill(39900, named("商品信息", "商品信息", "a", "a"), nil), wrongParam("/post_payments/3/name")},
		"discount names repeat": {bill(39900, lines(40000), []payscore.ServiceOrderCoupon{
			{Name: new("a"), Amount: new(int64(50))}, {Name: new("a"), Amount: new(int64(50))}}), wrongParam("/post_discounts/1/name")},
		"discount named 商品信息 repeats": {bill(39900, lines(40000), []payscore.ServiceOrderCoupon{
			{Name: new("商品信息"), Amount: new(int64(50))}, {Name: new("商品信息"), Amount: new(int64(50))}}), wrongParam("/post_discounts/1/name")},
		"discounts without a name": {bill(39900, lines(40000), []payscore.ServiceOrderCoupon{
			{Amount: new(int64(50))}, {Amount: new(int64(50))}}), refusal{}},
		"payment and discount of one name": {bill(39900, named("a"), []payscore.ServiceOrderCoupon{{Name: new("a")}}), refusal{}},
	} {
		n++
		no := fmt.Sprint("rule", n)
		t.Run(name, func(t *testing.T) {
			b.seed(no, 50000)
			before := asJSON(b.query(no))
			err := b.client.ModifyPartnerServiceOrder(t.Context(), no, c.body)
			after := b.query(no)
			if c.want.status != 0 {
				checkRefused(t, err, c.want)
				if asJSON(after) != before {
					t.Errorf("refused, but the order changed to %s", asJSON(after))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if *after.TotalAmount != c.body.TotalAmount || asJSON(after.PostPayments) != asJSON(c.body.PostPayments) ||
				asJSON(after.PostDiscounts) != asJSON(c.body.PostDiscounts) || stageOf(t, after) != "USER_PAYING" {
				t.Errorf("the order is now %s", asJSON(after))
			}
		})
	}
}

// Amounts whose sum as an int64 is 39900, or whose sum is more than one holds.
func TestAmountsThatWrap(t *testing.T) {
	const most = math.MaxInt64
	b := newBox(t, sandbox.WithRiskCap(most))
	for i, c := range []struct {
		body payscore.ModifyPartnerServiceOrderRequest
		want refusal
	}{
		{bill(39900, lines(most, most, 2+39900), nil), wrongFormula},
		{bill(39900, lines(39900), coupons(most, most, 2)), wrongFormula},
		{bill(39900, lines(most, 39900), coupons(most)), refusal{}},
		{bill(39900, lines(most, most, 39900), coupons(most, most)), refusal{}},
		{bill(most-1, lines(most), coupons(1)), refusal{}},
		{bill(most, lines(most), nil), wrongParam("/total_amount")}, // not lower
	} {
		no := fmt.Sprint("wrap", i)
		b.seed(no, most)
		err := b.client.ModifyPartnerServiceOrder(t.Context(), no, c.body)
		if c.want.status == 0 && err == nil && b.total(no) == c.body.TotalAmount {
			continue
		}
		checkRefused(t, err, c.want)
	}
	b.create(noConfirm("complete"))
	wrapping := completion(39900)
	wrapping.PostPayments = lines(most, most, 2+39900)
	checkRefused(t, b.client.CompletePartnerServiceOrder(t.Context(), "complete", wrapping), wrongFormula)
}

func TestEachModificationIsLower(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	for _, c := range []struct {
		total int64
		taken bool
	}{{40000, true}, {40000, false}, {45000, false}, {39999, true}, {50000, false}, {1, true}, {0, true}, {0, false}} {
		before := b.total(orderNo)
		err := b.modify(orderNo, c.total)
		switch {
		case c.taken && (err != nil || b.total(orderNo) != c.total):
			t.Errorf("from %d to %d: %v, now %d", before, c.total, err, b.total(orderNo))
		case !c.taken:
			checkRefused(t, err, wrongParam("/total_amount"))
			if b.total(orderNo) != before {
				t.Errorf("refused, but the order is at %d", b.total(orderNo))
			}
		}
	}
}

func TestOmittedDiscountsClearEarlierOnes(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	b.ok(b.client.ModifyPartnerServiceOrder(t.Context(), orderNo, bill(39900, lines(40000), coupons(100))))
	b.ok(b.client.ModifyPartnerServiceOrder(t.Context(), orderNo, bill(39000, lines(39000), nil)))
	if order := b.query(orderNo); order.PostDiscounts != nil {
		t.Errorf("discounts left: %s", asJSON(order.PostDiscounts))
	}
}

// In the deposit-free mode the risk fund of the order caps its amount, in the
// pay-later mode it is an estimate.
func TestRiskFundCaps(t *testing.T) {
	b := newBox(t)
	for _, name := range []payscore.RiskFundName{
		payscore.RiskFundNameDeposit, payscore.RiskFundNameAdvance, payscore.RiskFundNameCashDeposit, payscore.RiskFundNameEstimateOrderCost,
	} {
		body := noConfirm(string(name))
		body.RiskFund = payscore.RiskFund{Name: name, Amount: 60000}
		b.create(body)
		err := b.client.CompletePartnerServiceOrder(t.Context(), body.OutOrderNo, completion(60001))
		if name == payscore.RiskFundNameEstimateOrderCost {
			b.ok(err)
			continue
		}
		checkRefused(t, err, overCap)
		b.ok(b.client.CompletePartnerServiceOrder(t.Context(), body.OutOrderNo, completion(60000)))
		checkRefused(t, b.modify(body.OutOrderNo, 60001), overCap)
		b.ok(b.modify(body.OutOrderNo, 59999))
	}
	small := newBox(t, sandbox.WithRiskCap(100000))
	small.create(noConfirm(orderNo))
	checkRefused(t, small.client.CompletePartnerServiceOrder(t.Context(), orderNo, completion(100001)), overCap)
	small.ok(small.client.CompletePartnerServiceOrder(t.Context(), orderNo, completion(100000)))
}

// printed is the example on WeChat Pay's page, of which the total is not the
// payments less the discounts.
const printed = `{"service_id":"2002000000000558128851361561536","sub_mchid":"1900000109",` +
	`"post_payments":[{"name":"就餐费用","amount":40000,"description":"就餐人均100元","count":4}],` +
	`"post_discounts":[{"name":"满20减1元","description":"不与其他优惠叠加","amount":100,"count":2}],` +
	`"total_amount":50000,"reason":"用户投诉"}`

func printedRequest() payscore.ModifyPartnerServiceOrderRequest {
	return payscore.ModifyPartnerServiceOrderRequest{
		ServiceID: new("2002000000000558128851361561536"),
		SubMchID:  "1900000109",
		PostPayments: []payscore.Payment{
			{Name: new("就餐费用"), Amount: new(int64(40000)), Description: new("就餐人均100元"), Count: new(int64(4))}},
		PostDiscounts: []payscore.ServiceOrderCoupon{
			{Name: new("满20减1元"), Description: new("不与其他优惠叠加"), Amount: new(int64(100)), Count: new(int64(2))}},
		TotalAmount: 50000,
		Reason:      "用户投诉",
	}
}

func TestExampleOfThePage(t *testing.T) {
	ctx := t.Context()
	t.Run("lenient", func(t *testing.T) {
		b := newBox(t, sandbox.WithLenientAmounts())
		b.seed("client", 50000)
		b.ok(b.client.ModifyPartnerServiceOrder(ctx, "client", printedRequest()))
		b.seed("raw", 50000)
		if got := b.send("POST", orders+"/raw/modify", printed); got.Status != 204 || got.Body != "" {
			t.Fatalf("%v %s", &got.Error, got.Body)
		}
		for _, no := range []string{"client", "raw"} {
			order := b.query(no)
			if *order.TotalAmount != 50000 || asJSON(order.PostPayments) != asJSON(printedRequest().PostPayments) ||
				asJSON(order.PostDiscounts) != asJSON(printedRequest().PostDiscounts) {
				t.Errorf("%s: %s", no, asJSON(order))
			}
		}
		// Lenient is not blind.
		checkRefused(t, b.modify("raw", 50001), wrongParam("/total_amount"))
		checkRefused(t, b.modify("raw", 1_000_001), overCap)
	})
	t.Run("strict", func(t *testing.T) {
		b := newBox(t)
		b.seed(orderNo, 50000)
		err := b.client.ModifyPartnerServiceOrder(ctx, orderNo, printedRequest())
		checkRefused(t, err, wrongFormula)
		if refused, ok := errors.AsType[*apierror.Error](err); !ok || refused.Message != "最终总金额计算非法" {
			t.Errorf("got %v", err)
		}
		b.send("POST", orders+"/"+orderNo+"/modify", printed).checkRefused(t, wrongFormula)
		if order := b.query(orderNo); order.PostDiscounts != nil {
			t.Errorf("refused, but the order is now %s", asJSON(order))
		}
	})
	t.Run("warning", func(t *testing.T) {
		findings := serviceorder.CheckModify(printedRequest())
		if len(findings) != 1 || !findings[0].Warning || findings[0].Path != "$.total_amount" || findings.Err() != nil {
			t.Errorf("found %v", findings)
		}
	})
	// The client sends the body of the page, byte for byte in meaning.
	t.Run("body", func(t *testing.T) {
		b := newBox(t)
		body := &recorded{b: b}
		_ = b.clientAt(b.URL, body).ModifyPartnerServiceOrder(ctx, orderNo, printedRequest())
		if got, want := canonical(body.sent), canonical(printed); got != want {
			t.Errorf("sent %s\nwant %s", got, want)
		}
	})
}

// recorded keeps the body of the last request.
type recorded struct {
	b    *box
	sent string
}

func (r *recorded) RoundTrip(req *http.Request) (*http.Response, error) {
	body := must(io.ReadAll(req.Body))
	r.sent = string(body)
	req = req.Clone(req.Context())
	req.Body = io.NopCloser(bytes.NewReader(body))
	return r.b.RoundTrip(req)
}

// canonical is a JSON text with its keys in order.
func canonical(text string) string { return asJSON(parsed(strings.NewReader(text))) }
