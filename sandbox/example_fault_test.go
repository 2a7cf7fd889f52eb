package sandbox_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

// The answer is lost on its way, after the order was modified. The client
// repeats the call and is refused, which leaves the outcome open.
func ExampleServer_Fault() {
	lostAnswer := func(t *testing.T) {
		box := sandbox.New(t)
		_, _ = box.Seed("1234323JKHDFE1243252", 50000)
		box.Fault("reset-after; operation=modifyPartnerServiceOrder; count=1")
		err := box.Client().ModifyPartnerServiceOrder(t.Context(), "1234323JKHDFE1243252", payscore.ModifyPartnerServiceOrderRequest{
			SubMchID:     "1900000109",
			PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}},
			TotalAmount:  39900,
			Reason:       "用户投诉",
		})
		order, _ := entity(box, "1900000109", "1234323JKHDFE1243252")
		fmt.Println(errors.Is(err, transport.ErrOutcomeUnknown), *order.TotalAmount)
		for _, request := range box.WantRequests("modifyPartnerServiceOrder", 2) {
			fmt.Println(request.Status, request.Code, request.Fault)
		}
	}
	runTest("TestLostAnswer", lostAnswer)
	// Output:
	// true 39900
	// 0  reset-after
	// 400 PARAM_ERROR
}

func ExampleParseFault() {
	fault, err := sandbox.ParseFault("rate-limited-429; value=RATE_LIMITED; rate=0.1; delay=2s")
	fmt.Println(fault.Name, fault.Rate, fault.Delay, err)
	// Output:
	// rate-limited-429 0.1 2s <nil>
}
