package limit_test

import (
	"errors"
	"fmt"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
)

func ExampleFindings() {
	err := payscore.ModifyPartnerServiceOrderRequest{
		SubMchID: "1900000109",
		PostPayments: []payscore.Payment{
			{Name: new("就餐费用"), Amount: new(int64(40000))},
			{Name: new(""), Count: new(int64(0))},
		},
		TotalAmount: 39900,
	}.Validate()

	var findings limit.Findings
	if errors.As(err, &findings) {
		for _, f := range findings {
			fmt.Printf("%s breaks %s: %s\n", f.Path, f.Rule, f.Message)
		}
	}
	// Output:
	// $.post_payments[1].count breaks minimum: 0, at least 1
	// $.post_payments[1].name breaks minLength: empty, at least 1 character
	// $.reason breaks minLength: empty, at least 1 character
}

func ExampleChecker() {
	orderNo := &limit.Pattern{Source: `^[0-9A-Za-z_|*-]{1,32}$`}

	var c limit.Checker
	c.String(limit.Parameters, "out_order_no", "A/B", 1, 32, orderNo)
	var root *limit.Path
	payments := root.Key("post_payments")
	first := payments.Index(0)
	c.Integer(&first, "amount", -1, 0, limit.Highest)
	fmt.Println(c.Err())
	// Output:
	// out_order_no: does not match ^[0-9A-Za-z_|*-]{1,32}$; $.post_payments[0].amount: -1, at least 0
}
