package bench_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	gopaywechat "github.com/go-pay/gopay/wechat/v3"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// largest is an order with everything that the contract allows: 100 payments
// and 30 discounts with the longest texts.
func largest(tb testing.TB) []byte {
	tb.Helper()
	order := payscore.ServiceOrderEntity{
		OutOrderNo: strings.Repeat("9", 32), ServiceID: strings.Repeat("5", 32), AppID: "wxd678efh567hg6787", MchID: "1230000109",
		SubMchID: new("1900000109"), ServiceIntroduction: strings.Repeat("餐", 20), State: payscore.ServiceOrderStateDoing,
		TotalAmount: new(int64(39900)), NeedCollection: new(true), OrderID: new("15646546545165651651"), OpenID: new(strings.Repeat("o", 128)),
		RiskFund: &payscore.RiskFund{Name: payscore.RiskFundNameEstimateOrderCost, Amount: 100000, Description: new(strings.Repeat("险", 30))},
	}
	for i := range 100 {
		order.PostPayments = append(order.PostPayments, payscore.Payment{
			Name: new(fmt.Sprintf("%s%03d", strings.Repeat("费", 17), i)), Amount: new(int64(400)), Description: new(strings.Repeat("明", 30)), Count: new(int64(4)),
		})
	}
	for i := range 30 {
		order.PostDiscounts = append(order.PostDiscounts, payscore.ServiceOrderCoupon{
			Name: new(fmt.Sprintf("%s%03d", strings.Repeat("减", 17), i)), Description: new(strings.Repeat("券", 30)), Amount: new(int64(1)),
		})
	}
	b, err := json.Marshal(order)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// BenchmarkOrderDecode reads the largest order. wechatpay-go has no type for
// one; the floor is the one that encoding/json makes by itself.
func BenchmarkOrderDecode(b *testing.B) {
	text := largest(b)
	for name, do := range map[string]func() error{
		"floor":    func() error { var v any; return json.Unmarshal(text, &v) },
		"payscore": func() error { _, err := payscore.Unmarshal[payscore.ServiceOrderEntity](text); return err },
		"gopay":    func() error { return json.Unmarshal(text, new(gopaywechat.ScoreOrderPartnerQuery)) },
	} {
		b.Run(name, func(b *testing.B) { b.SetBytes(int64(len(text))); measure(b, do) })
	}
}

// BenchmarkOrderEncode writes it.
func BenchmarkOrderEncode(b *testing.B) {
	text := largest(b)
	var (
		floor any
		ours  payscore.ServiceOrderEntity
		gopay gopaywechat.ScoreOrderPartnerQuery
	)
	for name, v := range map[string]any{"floor": &floor, "payscore": &ours, "gopay": &gopay} {
		if err := json.Unmarshal(text, v); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			measure(b, func() error { _, err := json.Marshal(v); return err })
		})
	}
}
