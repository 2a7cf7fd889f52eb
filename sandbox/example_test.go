package sandbox_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// In a test of your own, t comes from the testing package.
func ExampleNew() {
	var after payscore.ServiceOrderEntity
	modifyLowersTheBill := func(t *testing.T) {
		box := sandbox.New(t)
		if _, err := box.Seed("1234323JKHDFE1243252", 50000); err != nil {
			t.Fatal(err)
		}
		err := box.Client().ModifyPartnerServiceOrder(t.Context(), "1234323JKHDFE1243252", payscore.ModifyPartnerServiceOrderRequest{
			SubMchID:     "1900000109",
			PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}},
			TotalAmount:  39900,
			Reason:       "用户投诉",
		})
		if err != nil {
			t.Fatal(err)
		}
		after, _ = entity(box, "1900000109", "1234323JKHDFE1243252")
	}
	ok := runTest("TestModifyLowersTheBill", modifyLowersTheBill)
	fmt.Println(*after.TotalAmount, after.Collection.State, ok)
	// Output:
	// 39900 USER_PAYING true
}

// runTest runs a test inside an example. The flags -v and -skip of the run
// around it are not for it: -v would add to the example's output.
func runTest(name string, f func(*testing.T)) bool {
	for flagName, value := range map[string]string{"test.v": "false", "test.skip": ""} {
		current := flag.Lookup(flagName).Value
		was := current.String()
		defer func() { _ = current.Set(was) }()
		_ = current.Set(value)
	}
	return testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: name, F: f}})
}

// A deduction is in progress for three minutes of the orders' time; meanwhile
// the order cannot be changed.
func ExampleSandbox_Move() {
	box, err := sandbox.Open()
	if err != nil {
		panic(err)
	}
	defer func() { _ = box.Close() }()
	if _, err := box.Seed("1234323JKHDFE1243252", 50000); err != nil {
		panic(err)
	}
	fmt.Println(movesOf(box, "1900000109", "1234323JKHDFE1243252"))
	err = box.Move("start_deduction", sandbox.MoveArgs{SubMchID: "1900000109", OutOrderNo: "1234323JKHDFE1243252", Duration: 3 * time.Minute})
	fmt.Println(err, movesOf(box, "1900000109", "1234323JKHDFE1243252"))
	box.Advance(3 * time.Minute)
	order, _ := box.Order("1900000109", "1234323JKHDFE1243252")
	fmt.Println(order.Stage, order.Collected)
	// Output:
	// [start_deduction deduct deduction_fails user_pays]
	// <nil> [deduct deduction_fails]
	// DONE 50000
}
