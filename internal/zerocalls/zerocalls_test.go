package zerocalls_test

import (
	"testing"

	"github.com/wxpayscore/payscore/internal/zerocalls"
)

func TestZeroCalls(t *testing.T) {
	zerocalls.Check(t, "../..", map[string]string{
		"gen/payscoreserver": "oapi-codegen's scaffold of a server, which is nothing without an implementation",
		"gen/sandboxserver":  "likewise",
	}, map[string]string{
		"gen/payscore.Unmarshal": "payscore.ServiceOrderEntity",
	})
}
