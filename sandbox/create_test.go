package sandbox_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// clockAt stands still.
func clockAt(t time.Time) func() time.Time { return func() time.Time { return t } }

// with is a body with some members replaced, or left out where the value is nil.
func with(body string, members map[string]any) string {
	m := parsed(strings.NewReader(body)).(map[string]any)
	for name, v := range members {
		if v == nil {
			delete(m, name)
		} else {
			m[name] = v
		}
	}
	return asJSON(m)
}

// exampleOf is the contract's request of an operation.
func exampleOf(id string) (operation, string) {
	for _, op := range operations() {
		if op.id == id {
			return op, op.example()
		}
	}
	panic("no operation " + id)
}

var directCompletions = []string{"directCompletePartnerServiceOrder", "directCompleteServiceOrder"}

func TestDirectComplete(t *testing.T) {
	t.Parallel()
	for _, id := range directCompletions {
		b := newBox(t)
		op, example := exampleOf(id)
		d := op.side()
		first := b.send("POST", op.template, example)
		if again := b.send("POST", op.template, example); again.Status != op.success() || again.Body != first.Body {
			t.Errorf("%s: answered %s, then %v %s", id, first.Body, &again.Error, again.Body)
		}
		order := b.read(d, orderNo)
		if stageOf(t, order) != "USER_PAYING" || *order.TotalAmount != 39900 || *order.Collection.PayingAmount != 39900 || order.RiskFund != nil {
			t.Errorf("%s: the order is %s", id, asJSON(order))
		}
		if d == direct {
			var r payscore.DirectCompleteServiceOrderResult
			b.ok(json.Unmarshal([]byte(first.Body), &r))
			if *r.TotalAmount != 39900 || r.State != "DOING" || r.OrderID != *order.OrderID || *r.NotifyURL != "https://api.test.com" {
				t.Errorf("answered %s", first.Body)
			}
		}
		// The order goes on as any other.
		b.call(d, orderNo, "modify", modification(100))
		b.call(d, orderNo, "pay", payment())

		zero := with(example, map[string]any{"out_order_no": "zero", "post_payments": lines(0), "post_discounts": nil, "total_amount": 0})
		if got := b.send("POST", op.template, zero); got.Status != op.success() || stageOf(t, b.read(d, "zero")) != "DONE" {
			t.Errorf("%s: at zero: %v", id, &got.Error)
		}
		for name, c := range map[string]struct {
			change map[string]any
			want   refusal
		}{
			"formula":        {map[string]any{"total_amount": 39901}, wrongFormula},
			"cap":            {map[string]any{"post_payments": lines(1_000_001), "post_discounts": nil, "total_amount": 1_000_001}, overCap},
			"no user":        {map[string]any{"openid": nil}, wrongParam("/openid")},
			"no end":         {map[string]any{"time_range": times("20250101", "")}, wrongParam("/time_range/end_time")},
			"end ahead":      {map[string]any{"time_range": times("20250101", "20990101")}, wrongParam("/time_range/end_time")},
			"end at start":   {map[string]any{"time_range": times("20250101000000", "20250101000000")}, refusal{400, "PARAM_ERROR", 271316637, ""}},
			"two precisions": {map[string]any{"time_range": times("20250101", "20250102000000")}, refusal{}},
			"names repeat":   {map[string]any{"post_payments": []payscore.Payment{{Name: new("a"), Amount: new(int64(39900))}, {Name: new("a"), Amount: new(int64(100))}}}, wrongParam("/post_payments/1/name")},
			"reentry":        {map[string]any{"out_order_no": orderNo, "attach": "x"}, refusal{400, "INVALID_REQUEST", 271316598, ""}},
		} {
			no := strings.ReplaceAll(name, " ", "_")
			got := b.send("POST", op.template, with(with(example, map[string]any{"out_order_no": no}), c.change))
			if c.want.status == 0 {
				if got.Status != op.success() {
					t.Errorf("%s: %s: %v %s", id, name, &got.Error, got.Detail)
				}
				continue
			}
			t.Log(id, name)
			got.checkRefused(t, c.want)
			if _, ok := entity(b, d.subMchID(), no); ok {
				t.Errorf("%s: %s: refused, but the order is there", id, name)
			}
		}
	}
}

func TestPayOnDelivery(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"createPartnerPayOnDeliveryOrder", "createPayOnDeliveryOrder"} {
		b := newBox(t)
		op, example := exampleOf(id)
		d := op.side()
		first := b.send("POST", op.template, example)
		var r payscore.CreatePayOnDeliveryOrderResult
		b.ok(json.Unmarshal([]byte(first.Body), &r))
		var asked payscore.CreatePayOnDeliveryOrderRequest
		b.ok(json.Unmarshal([]byte(example), &asked))
		if r.State != "CREATED" || r.Package == nil || r.ShoppingInfo == nil || asJSON(*r.ShoppingInfo) != asJSON(asked.ShoppingInfo) {
			t.Errorf("%s: answered %s", id, first.Body)
		}
		if again := b.send("POST", op.template, example); again.Body != first.Body {
			t.Errorf("%s: then %s", id, again.Body)
		}
		other := strings.Replace(example, "无线耳机", "有线耳机", 1)
		b.send("POST", op.template, other).checkRefused(t, refusal{400, "INVALID_REQUEST", 271316598, ""})
		// The number is taken for the plain operation, too.
		b.send("POST", d.at("", ""), with(example, map[string]any{"shopping_info": nil})).checkRefused(t, refusal{400, "INVALID_REQUEST", 271316598, ""})

		running := with(example, map[string]any{"out_order_no": "running", "need_user_confirm": false, "openid": "o"})
		if got := b.send("POST", op.template, running); got.Status != 200 || stageOf(t, b.read(d, "running")) != "USER_CONFIRM" {
			t.Errorf("%s: without confirmation: %v", id, &got.Error)
		}
		b.send("POST", op.template, with(running, map[string]any{"out_order_no": "no_user", "openid": nil})).checkRefused(t, wrongParam("/openid"))
		b.call(d, "running", "complete", completion(100))
		if v, _ := b.Order(d.subMchID(), "running"); v.ShoppingInfo == nil || *v.ShoppingInfo.Goods[0].Name != "无线耳机" {
			t.Errorf("%s: kept %s", id, asJSON(v.ShoppingInfo))
		}
	}
}

func TestCreateRulesOfTimesAndTexts(t *testing.T) {
	t.Parallel()
	strict := newBoxAt(t, clockAt(noon), sandbox.WithStrictTimes())
	lax := newBoxAt(t, clockAt(noon))
	late := refusal{400, "PARAM_ERROR", 271316637, ""}
	start, end := wrongParam("/time_range/start_time"), wrongParam("/time_range/end_time")
	for name, c := range map[string]struct {
		times payscore.TimeRange
		want  refusal // when times are strict
		lax   refusal // when they are not
	}{
		"on accept":              {times("OnAccept", ""), refusal{}, refusal{}},
		"a second ahead":         {times("20250615120001", ""), refusal{}, refusal{}},
		"now":                    {times("20250615120000", ""), start, refusal{}},
		"2009":                   {times("20091225091010", ""), start, refusal{}},
		"today":                  {times("20250615", ""), refusal{}, refusal{}},
		"yesterday":              {times("20250614", ""), start, refusal{}},
		"end in a minute":        {times("OnAccept", "20250615120100"), end, refusal{}},
		"end in over a minute":   {times("OnAccept", "20250615120101"), refusal{}, refusal{}},
		"end today":              {times("20250615", "20250615"), refusal{}, refusal{}},
		"end yesterday":          {times("OnAccept", "20250614"), end, refusal{}},
		"end before start":       {times("20250617", "20250616"), late, late},
		"no such day":            {times("20250631", ""), start, start},
		"end remark without end": {payscore.TimeRange{StartTime: new("OnAccept"), EndTimeRemark: new("x")}, wrongParam("/time_range/end_time_remark"), wrongParam("/time_range/end_time_remark")},
		"remarks":                {payscore.TimeRange{StartTime: new("20250615"), StartTimeRemark: new("x"), EndTime: new("20250616"), EndTimeRemark: new("x")}, refusal{}, refusal{}},
	} {
		for b, want := range map[*box]refusal{strict: c.want, lax: c.lax} {
			for _, d := range []side{partner, direct} {
				no := strings.ReplaceAll(name, " ", "_")
				body := needConfirm(no)
				body.TimeRange = c.times
				got := b.send("POST", d.at("", ""), d.body(body))
				if want.status == 0 {
					if got.Status != 200 {
						t.Errorf("%s %s: %v %s", d, name, &got.Error, got.Detail)
					}
					continue
				}
				t.Log(d, name)
				got.checkRefused(t, want)
			}
		}
	}
	for attach, want := range map[string]refusal{
		strings.Repeat("h", 256): {},
		strings.Repeat("&", 85):  {}, // 255 once it is encoded
		strings.Repeat("&", 86):  wrongParam("/attach"),
		strings.Repeat("汉", 29):  wrongParam("/attach"),
		// As the page asks for, it may come encoded, by any of the common functions.
		strings.Repeat("%E6%B1%89", 28):                    {},
		strings.Repeat("%e6%b1%89", 28):                    {},
		strings.Repeat("!'()*~-_.+", 25):                   {},
		strings.Repeat("%", 85):                            {},
		strings.Repeat("%", 86):                            wrongParam("/attach"),
		strings.Repeat("%E6%B1%89", 28) + "hhhh":           {}, // 256
		strings.Repeat("%E6%B1%89", 28) + "hhh汉":           wrongParam("/attach"),
		strings.Repeat("%E6%B1%89", 28) + "hhhhh":          wrongParam("/attach"),
		strings.Repeat("%zz", 51) + "h":                    {}, // 256, as %25zz
		strings.Repeat("%zz", 51) + strings.Repeat("h", 2): wrongParam("/attach"),
	} {
		body := needConfirm("attach")
		body.Attach = &attach
		got := newBox(t).send("POST", orders, asJSON(body))
		if want.status == 0 {
			if got.Status != 200 {
				t.Errorf("%d bytes: %v", len(attach), &got.Error)
			}
			continue
		}
		got.checkRefused(t, want)
	}
	body := needConfirm("lines")
	body.PostPayments = []payscore.Payment{{Name: new("a"), Description: new("1元/小时")}, {Name: new("b")}}
	lax.send("POST", orders, asJSON(body)).checkRefused(t, wrongParam("/post_payments/1/amount"))
	body.PostPayments[1].Amount = new(int64(0))
	lax.create(body)
}

// Of many that create the same order at once, all get the same one.
func TestConcurrentCreation(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	answers := make([]string, 20)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			r, err := b.client.CreatePartnerServiceOrder(t.Context(), needConfirm(orderNo))
			if err != nil {
				t.Error(err)
				return
			}
			answers[i] = asJSON(r)
		})
	}
	all.Wait()
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("answered\n%s and\n%s", answers[0], a)
		}
	}
	if page, _ := b.Orders("", "", 10); len(page) != 1 {
		t.Errorf("%d orders", len(page))
	}
}
