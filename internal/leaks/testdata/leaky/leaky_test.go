// Package leaky prints what no test may, for the test of internal/leaks.
package leaky

import (
	"os"
	"strings"
	"testing"
)

func TestLeaks(t *testing.T) {
	data, err := os.ReadFile(os.Getenv("LEAKY_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	t.Logf("cannot parse %q", lines[len(lines)/2:])
}

func TestPanics(t *testing.T) {
	if os.Getenv("LEAKY_PANIC") != "" {
		panic("cannot send " + os.Getenv("LEAKY_PANIC"))
	}
}
