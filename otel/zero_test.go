package payscoreotel_test

import (
	"testing"

	"github.com/wxpayscore/payscore/internal/zerocalls"
)

func TestZeroCalls(t *testing.T) { zerocalls.Check(t, ".", nil, nil) }
