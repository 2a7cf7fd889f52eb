package limit_test

import (
	"testing"

	"github.com/wxpayscore/payscore/limit"
)

// BenchmarkFirstMatch is what a program pays for each limit of a request at
// its first call.
func BenchmarkFirstMatch(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var c limit.Checker
		c.String(nil, "out_order_no", "1234323JKHDFE1243252", 1, 32, &limit.Pattern{Source: "^[0-9A-Za-z_|*-]{1,32}$"})
	}
}
