package sandbox_test

import (
	"os"
	"sync"
	"testing"

	"github.com/wxpayscore/payscore/sandbox"
)

// size returns how much of a long test to run: with -short, by default, and with
// PAYSCORE_SANDBOX=all, which make soak sets.
func size(short, usual, all int) int {
	switch {
	case os.Getenv("PAYSCORE_SANDBOX") == "all":
		return all
	case testing.Short():
		return short
	}
	return usual
}

// every returns one of step elements, from the first one on.
func every[T any](step int, all []T) (some []T) {
	for i := 0; i < len(all); i += step {
		some = append(some, all[i])
	}
	return some
}

// otherCredentials are of another merchant. Making keys takes a while.
var otherCredentials = sync.OnceValue(func() *sandbox.Credentials { return must(sandbox.NewCredentials()) })
