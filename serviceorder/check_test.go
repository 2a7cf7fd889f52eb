package serviceorder_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/serviceorder"
)

// published is the example on the page of the operation, which breaks the
// formula on the same page.
func published() payscore.ModifyPartnerServiceOrderRequest {
	return payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:  "1900000109",
		ServiceID: new("2002000000000558128851361561536"),
		PostPayments: []payscore.Payment{
			{Name: new("就餐费用"), Amount: new(int64(40000)), Description: new("就餐人均100元"), Count: new(int64(4))},
		},
		PostDiscounts: []payscore.ServiceOrderCoupon{
			{Name: new("满20减1元"), Description: new("不与其他优惠叠加"), Amount: new(int64(100)), Count: new(int64(2))},
		},
		TotalAmount: 50000,
		Reason:      "用户投诉",
	}
}

// right adds up.
func right() payscore.ModifyPartnerServiceOrderRequest {
	body := published()
	body.TotalAmount = 39900
	return body
}

func lines(n int) []payscore.Payment {
	list := make([]payscore.Payment, n)
	for i := range list {
		list[i] = payscore.Payment{Name: new(fmt.Sprint("项目", i)), Amount: new(int64(1))}
	}
	return list
}

// short lists findings as "path rule", with a question mark after a warning.
func short(findings limit.Findings) []string {
	list := []string{}
	for _, f := range findings {
		s := f.Path + " " + f.Rule
		if f.Warning {
			s += "?"
		}
		list = append(list, s)
	}
	return list
}

func check(t *testing.T, findings limit.Findings, want ...string) {
	t.Helper()
	if got := short(findings); !slices.Equal(got, want) && len(got)+len(want) > 0 {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	for _, f := range findings {
		if f.Message == "" || strings.ContainsFunc(f.Message, unicode.IsControl) {
			t.Errorf("message %q of %s", f.Message, f.Path)
		}
	}
}

func TestPublishedExample(t *testing.T) {
	body := published()
	findings := serviceorder.CheckModify(body)
	check(t, findings, "$.total_amount total?")
	if err := findings.Err(); err != nil {
		t.Errorf("it may be sent all the same: %v", err)
	}
	if err := body.Validate(); err != nil {
		t.Errorf("the client would not send it: %v", err)
	}
	for _, number := range []string{"50000", "39900"} {
		if !strings.Contains(findings[0].Message, number) {
			t.Errorf("the message lacks %s: %s", number, findings[0].Message)
		}
	}
	// Nor does it add up when count multiplies.
	body.TotalAmount = 4*40000 - 2*100
	check(t, serviceorder.CheckModify(body), "$.total_amount total?")
}

// TestCheckModify is the one test that holds limits of the contract as numbers:
// none of a modification changes by mistake.
func TestCheckModify(t *testing.T) {
	type request = payscore.ModifyPartnerServiceOrderRequest
	han := func(n int) string { return strings.Repeat("费", n) }
	for _, c := range []struct {
		name string
		edit func(*request)
		want []string
	}{
		{"adds up", func(*request) {}, nil},
		{"one fen less", func(b *request) { b.TotalAmount-- }, []string{"$.total_amount total?"}},
		{"total of 0 where something is left", func(b *request) { b.TotalAmount = 0 }, []string{"$.total_amount total?"}},
		{"without discounts", func(b *request) { b.PostDiscounts, b.TotalAmount = nil, 40000 }, nil},
		{"total of 0", func(b *request) { b.PostDiscounts[0].Amount, b.TotalAmount = new(int64(40000)), 0 }, nil},
		{"line of 0", func(b *request) { b.PostPayments, b.PostDiscounts, b.TotalAmount = []payscore.Payment{pay(0)}, nil, 0 }, nil},

		// Limits are in characters, whatever their number of bytes.
		{"name of 20 characters", func(b *request) { b.PostPayments[0].Name = new(han(20)) }, nil},
		{"name with an emoji", func(b *request) { b.PostPayments[0].Name = new("面🍜") }, []string{"$.post_payments[0].name text"}},
		{"name of 21 emoji", func(b *request) { b.PostPayments[0].Name = new(strings.Repeat("🍜", 21)) }, []string{"$.post_payments[0].name text", "$.post_payments[0].name maxLength"}},
		{"name left out", func(b *request) { b.PostPayments[0].Name = nil }, []string{"$.post_payments[0].name required?"}},
		{"two names left out", func(b *request) {
			b.PostPayments = []payscore.Payment{{Amount: new(int64(39900))}, {Description: new("免费")}}
			b.PostDiscounts, b.TotalAmount = nil, 39900
		},
			[]string{"$.post_payments[0].name required?", "$.post_payments[1].name required?"}},
		{"name of 21 characters", func(b *request) { b.PostPayments[0].Name = new(han(21)) }, []string{"$.post_payments[0].name maxLength"}},
		{"name of 21 letters", func(b *request) { b.PostPayments[0].Name = new(strings.Repeat("a", 21)) }, []string{"$.post_payments[0].name maxLength"}},
		{"no name", func(b *request) { b.PostPayments[0].Name = new("") }, []string{"$.post_payments[0].name minLength"}},
		{"description of 30", func(b *request) { b.PostPayments[0].Description = new(han(30)) }, nil},
		{"description of 31", func(b *request) { b.PostPayments[0].Description = new(han(31)) }, []string{"$.post_payments[0].description maxLength"}},
		{"discount of 20 and 30 characters", func(b *request) { b.PostDiscounts[0].Name, b.PostDiscounts[0].Description = new(han(20)), new(han(30)) }, nil},
		{"discount of 21 and 31 characters", func(b *request) { b.PostDiscounts[0].Name, b.PostDiscounts[0].Description = new(han(21)), new(han(31)) },
			[]string{"$.post_discounts[0].description maxLength", "$.post_discounts[0].name maxLength"}},
		{"reason of 50", func(b *request) { b.Reason = han(50) }, nil},
		{"reason of 51", func(b *request) { b.Reason = han(51) }, []string{"$.reason maxLength"}},
		{"no reason", func(b *request) { b.Reason = "" }, []string{"$.reason minLength"}},
		{"broken UTF-8", func(b *request) { b.Reason = "用户"[:4] }, []string{"$.reason utf8"}},
		{"no sub-merchant", func(b *request) { b.SubMchID = "" }, []string{"$.sub_mchid minLength"}},

		{"no payments", func(b *request) { b.PostPayments, b.PostDiscounts, b.TotalAmount = nil, nil, 0 }, []string{"$.post_payments minItems"}},
		{"empty payments", func(b *request) { b.PostPayments, b.PostDiscounts, b.TotalAmount = []payscore.Payment{}, nil, 0 }, []string{"$.post_payments minItems"}},
		{"100 payments", func(b *request) { b.PostPayments, b.PostDiscounts, b.TotalAmount = lines(100), nil, 100 }, nil},
		{"101 payments", func(b *request) { b.PostPayments, b.PostDiscounts, b.TotalAmount = lines(101), nil, 101 }, []string{"$.post_payments maxItems"}},
		{"30 discounts", func(b *request) {
			b.PostDiscounts, b.TotalAmount = slices.Repeat([]payscore.ServiceOrderCoupon{{Amount: new(int64(1))}}, 30), 39970
		}, nil},
		{"31 discounts", func(b *request) {
			b.PostDiscounts, b.TotalAmount = slices.Repeat([]payscore.ServiceOrderCoupon{{Amount: new(int64(1))}}, 31), 39969
		}, []string{"$.post_discounts maxItems"}},

		{"count of 1", func(b *request) { b.PostPayments[0].Count = new(int64(1)) }, nil},
		{"count of 100", func(b *request) { b.PostPayments[0].Count = new(int64(100)) }, nil},
		{"count of 0", func(b *request) { b.PostPayments[0].Count = new(int64(0)) }, []string{"$.post_payments[0].count minimum"}},
		{"count of 101", func(b *request) { b.PostPayments[0].Count = new(int64(101)) }, []string{"$.post_payments[0].count maximum"}},
		{"discount counts", func(b *request) {
			b.PostDiscounts = append(b.PostDiscounts, payscore.ServiceOrderCoupon{Count: new(int64(101))})
			b.PostDiscounts[0].Count = new(int64(0))
		}, []string{"$.post_discounts[0].count minimum", "$.post_discounts[1].count maximum"}},

		{"negative payment", func(b *request) { b.PostPayments[0].Amount = new(int64(-1)) },
			[]string{"$.post_payments[0].amount minimum", "$.total_amount total?"}},
		{"negative discount", func(b *request) { b.PostDiscounts[0].Amount = new(int64(-1)) },
			[]string{"$.post_discounts[0].amount minimum", "$.total_amount total?"}},
		{"negative total", func(b *request) { b.TotalAmount = -1 }, []string{"$.total_amount minimum", "$.total_amount total?"}},
		{"discounts exceed", func(b *request) { b.PostDiscounts[0].Amount = new(int64(40001)) }, []string{"$.total_amount total?"}},
		{"sum overflows", func(b *request) {
			b.PostPayments, b.TotalAmount = []payscore.Payment{{Name: new("a"), Amount: new(int64(math.MaxInt64))}, {Name: new("b"), Amount: new(int64(math.MaxInt64))}}, 0
		}, []string{"$.total_amount total?"}},

		{"the same name three times", func(b *request) {
			b.PostPayments, b.PostDiscounts, b.TotalAmount = []payscore.Payment{pay(1), {Name: new("a"), Amount: new(int64(1))}, pay(1), pay(1)}, nil, 4
		}, []string{"$.post_payments[2].name unique?", "$.post_payments[3].name unique?"}},
		{"names that differ in case or spaces", func(b *request) {
			b.PostPayments, b.PostDiscounts, b.TotalAmount = lines(3), nil, 3
			b.PostPayments[0].Name, b.PostPayments[1].Name, b.PostPayments[2].Name = new("ETC"), new("etc"), new("ETC ")
		}, nil},
		{"goods repeat", func(b *request) {
			b.PostPayments, b.PostDiscounts, b.TotalAmount = lines(3), nil, 3
			for i := range b.PostPayments {
				b.PostPayments[i].Name = new("商品信息")
			}
		}, nil},
		{"discount names", func(b *request) {
			b.PostDiscounts, b.TotalAmount = []payscore.ServiceOrderCoupon{less(1), {Amount: new(int64(1))}, less(1), {Amount: new(int64(1))}}, 39996
		}, []string{"$.post_discounts[2].name unique?"}},
		{"goods as the name of discounts", func(b *request) {
			goods := payscore.ServiceOrderCoupon{Name: new("商品信息")}
			b.PostDiscounts, b.TotalAmount = []payscore.ServiceOrderCoupon{goods, goods}, 40000
		}, []string{"$.post_discounts[1].name unique?"}},
		{"a payment and a discount of one name", func(b *request) { b.PostDiscounts[0].Name = new("就餐费用") }, nil},

		{"amount only", func(b *request) { b.PostPayments[0].Description = nil }, nil},
		{"description only", func(b *request) {
			b.PostPayments = append(b.PostPayments, payscore.Payment{Name: new("使用时长"), Description: new("1小时38分20秒")})
		}, nil},
		{"neither amount nor description", func(b *request) {
			b.PostPayments = append(b.PostPayments, payscore.Payment{Name: new("使用时长"), Count: new(int64(1))})
		}, []string{"$.post_payments[1] content?"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := right()
			c.edit(&body)
			before := must(json.Marshal(body))
			findings := serviceorder.CheckModify(body)
			check(t, findings, c.want...)
			grave := slices.ContainsFunc(c.want, func(s string) bool { return !strings.HasSuffix(s, "?") })
			if (findings.Err() != nil) != grave || (body.Validate() != nil) != grave {
				t.Errorf("Err: %v, Validate: %v", findings.Err(), body.Validate())
			}
			if after := must(json.Marshal(body)); string(after) != string(before) {
				t.Error("the body was changed")
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestRepeatedNameNamesTheFirst(t *testing.T) {
	body := right()
	body.PostPayments = append(lines(1), pay(1), pay(1), pay(1))
	findings := serviceorder.CheckModify(body)
	for i, path := range []string{"$.post_payments[2].name", "$.post_payments[3].name"} {
		if f := findings[i]; f.Path != path || !strings.HasSuffix(f.Message, " post_payments[1]") {
			t.Error(f)
		}
	}
}

func TestAllFindingsAtOnce(t *testing.T) {
	secret := "MARKER" + strings.Repeat("张", 999)
	body := payscore.ModifyPartnerServiceOrderRequest{
		SubMchID: "1900000109",
		PostPayments: []payscore.Payment{
			{Name: new(secret), Amount: new(int64(-1)), Count: new(int64(0))},
			{Name: new("餐"), Count: new(int64(9999))},
			{Name: new("餐"), Amount: new(int64(5))},
		},
		PostDiscounts: slices.Repeat([]payscore.ServiceOrderCoupon{{Name: new("券")}}, 999),
		TotalAmount:   -5,
		Reason:        strings.Repeat("投", 999),
	}
	want := []string{
		"$.post_discounts maxItems",
		"$.post_payments[0].amount minimum", "$.post_payments[0].count minimum", "$.post_payments[0].name maxLength",
		"$.post_payments[1].count maximum",
		"$.reason maxLength", "$.total_amount minimum",
		"$.post_payments[1] content?", "$.post_payments[2].name unique?",
	}
	for i := 1; i < 999; i++ {
		want = append(want, fmt.Sprintf("$.post_discounts[%d].name unique?", i))
	}
	findings := serviceorder.CheckModify(body)
	check(t, findings, append(want, "$.total_amount total?")...)
	t.Log(findings) // internal/leaks reads it, too
	if text := findings.Error(); strings.Contains(text, "张张") || strings.Contains(text, "\n") {
		t.Errorf("%q", text)
	}
	var grave limit.Findings
	for _, f := range findings {
		if !f.Warning {
			grave = append(grave, f)
		}
	}
	check(t, findings.Err().(limit.Findings), short(grave)...)
}

func TestCheckModifyOf(t *testing.T) {
	type entity = payscore.ServiceOrderEntity
	fund := func(name payscore.RiskFundName, amount int64) *payscore.RiskFund {
		return &payscore.RiskFund{Name: name, Amount: amount}
	}
	const total = 39900 // of the request
	for _, c := range []struct {
		name string
		edit func(*entity)
		want []string
	}{
		{"as it should be", func(*entity) {}, nil},
		{"paid", func(o *entity) { o.Collection.State = payscore.CollectionStateUserPaid }, []string{"$.collection.state stage?"}},
		{"stage of another document", func(o *entity) { o.Collection.State = "WAIT_PAY" }, []string{"$.collection.state stage?"}},
		{"no collection", func(o *entity) { o.Collection = nil }, []string{"$.collection.state stage?"}},
		{"one fen lower", func(o *entity) { o.TotalAmount = new(int64(total + 1)) }, nil},
		{"equal", func(o *entity) { o.TotalAmount = new(int64(total)) }, []string{"$.total_amount lower?"}},
		{"higher", func(o *entity) { o.TotalAmount = new(int64(total - 1)) }, []string{"$.total_amount lower?"}},
		{"amount not told", func(o *entity) { o.TotalAmount = nil }, nil},
		{"risk fund not told", func(o *entity) { o.RiskFund = nil }, nil},
		{"at the deposit", func(o *entity) { o.RiskFund = fund(payscore.RiskFundNameDeposit, total) }, nil},
		{"above the deposit", func(o *entity) { o.RiskFund = fund(payscore.RiskFundNameDeposit, total-1) }, []string{"$.total_amount riskFund?"}},
		{"above the advance", func(o *entity) { o.RiskFund = fund(payscore.RiskFundNameAdvance, total-1) }, []string{"$.total_amount riskFund?"}},
		{"above the bond", func(o *entity) { o.RiskFund = fund(payscore.RiskFundNameCashDeposit, total-1) }, []string{"$.total_amount riskFund?"}},
		{"above the estimate", func(o *entity) { o.RiskFund = fund(payscore.RiskFundNameEstimateOrderCost, 1) }, nil},
		{"everything", func(o *entity) {
			o.Collection, o.TotalAmount, o.RiskFund = nil, new(int64(1)), fund(payscore.RiskFundNameDeposit, 1)
		}, []string{"$.collection.state stage?", "$.total_amount lower?", "$.total_amount riskFund?"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			order := entity{
				State: payscore.ServiceOrderStateDoing, Collection: &payscore.Collection{State: payscore.CollectionStateUserPaying},
				TotalAmount: new(int64(50000)), RiskFund: fund(payscore.RiskFundNameDeposit, 60000),
			}
			c.edit(&order)
			findings := serviceorder.CheckModifyOf(order, right())
			check(t, findings, c.want...)
			if err := findings.Err(); err != nil {
				t.Error(err)
			}
			// What CheckModify finds comes first.
			body := right()
			body.Reason = ""
			check(t, serviceorder.CheckModifyOf(order, body), append([]string{"$.reason minLength"}, c.want...)...)
		})
	}
	t.Run("an amount of 0", func(t *testing.T) {
		body := right()
		body.PostDiscounts[0].Amount, body.TotalAmount = new(int64(40000)), 0
		order := entity{Collection: &payscore.Collection{State: payscore.CollectionStateUserPaying}, TotalAmount: new(int64(1))}
		check(t, serviceorder.CheckModifyOf(order, body))
		order.TotalAmount = new(int64(0))
		check(t, serviceorder.CheckModifyOf(order, body), "$.total_amount lower?")
	})
	t.Run("published", func(t *testing.T) {
		order := entity{Collection: &payscore.Collection{State: payscore.CollectionStateUserPaying}, TotalAmount: new(int64(50000))}
		findings := serviceorder.CheckModifyOf(order, published())
		check(t, findings, "$.total_amount total?", "$.total_amount lower?")
		if findings.Err() != nil {
			t.Error(findings.Err())
		}
	})
}

func FuzzCheckModify(f *testing.F) {
	order := `{"collection":{"state":"USER_PAYING"},"total_amount":50000,"risk_fund":{"name":"DEPOSIT","amount":1}}`
	f.Add(must(json.Marshal(published())), []byte(order))
	f.Add(must(json.Marshal(right())), []byte(`{}`))
	for _, s := range []string{
		`{}`, `null`, `{"post_payments":null,"post_discounts":null}`, `{"post_payments":[{}],"post_discounts":[{}]}`,
		`{"post_payments":[{"amount":9223372036854775807},{"amount":9223372036854775807}],"total_amount":-2}`,
		`{"post_payments":[{"amount":-9223372036854775808}],"total_amount":-9223372036854775808}`,
		`{"post_discounts":[{"amount":1},{"name":""},{"name":""}]}`, `{"device":{},"reason":"\u0000"}`,
	} {
		f.Add([]byte(s), []byte(`{"collection":null,"risk_fund":{"amount":-1}}`))
	}
	f.Fuzz(func(t *testing.T, request, order []byte) {
		var body payscore.ModifyPartnerServiceOrderRequest
		var entity payscore.ServiceOrderEntity
		if json.Unmarshal(request, &body) != nil || json.Unmarshal(order, &entity) != nil {
			return
		}
		findings := serviceorder.CheckModify(body)
		if (findings.Err() == nil) != (body.Validate() == nil) {
			t.Errorf("Err: %v, Validate: %v", findings.Err(), body.Validate())
		}
		total, err := serviceorder.Total(body.PostPayments, body.PostDiscounts)
		wrong := slices.ContainsFunc(findings, func(f limit.Finding) bool { return f.Rule == "total" })
		if wrong != (err != nil || total != body.TotalAmount) {
			t.Errorf("total %d, %v: %v", total, err, findings)
		}
		more := serviceorder.CheckModifyOf(entity, body)
		if len(more) < len(findings) || !slices.Equal(more[:len(findings)], findings) || len(more) > len(findings)+3 {
			t.Errorf("%v, but with the order %v", findings, more)
		}
		for _, f := range more {
			if !strings.HasPrefix(f.Path, "$.") || f.Rule == "" || f.Message == "" || strings.ContainsFunc(f.Message, unicode.IsControl) {
				t.Errorf("%+v", f)
			}
		}
	})
}

func BenchmarkCheckModify(b *testing.B) {
	body := right()
	b.ReportAllocs()
	for b.Loop() {
		if f := serviceorder.CheckModify(body); f != nil {
			b.Fatal(f)
		}
	}
}
