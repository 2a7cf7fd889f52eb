package zerocalls_test

import (
	"testing"

	"github.com/wxpayscore/payscore/internal/zerocalls"
)

func TestZeroCalls(t *testing.T) {
	zerocalls.Check(t, "../..", map[string]string{}, map[string]string{
		"gen/payscore.Unmarshal": "payscore.ServiceOrderEntity",
	})
}
