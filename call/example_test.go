package call_test

import (
	"context"
	"fmt"

	"github.com/wxpayscore/payscore/call"
)

// A client of your own says what its request is for, so that the log of
// package transport names it.
func Example() {
	ctx := call.NewContext(context.Background(), call.Info{Operation: "payServiceOrder", OutOrderNo: "1234323JKHDFE1243252"})

	info, ok := call.FromContext(ctx)
	fmt.Println(info.Operation, info.OutOrderNo, ok)
	// Output: payServiceOrder 1234323JKHDFE1243252 true
}
