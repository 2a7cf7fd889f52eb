// Package leaky fails in the ways that a test may, for the tests of internal/leaks.
package leaky

import (
	"os"
	"strings"
	"testing"
)

func TestLeaks(t *testing.T) {
	if os.Getenv("LEAKY_KEY") == "" {
		t.Skip("no key")
	}
	data, err := os.ReadFile(os.Getenv("LEAKY_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	t.Logf("cannot parse %q", lines[len(lines)/2:])
}

func TestFails(t *testing.T) {
	if os.Getenv("LEAKY_FAILS") == "" {
		t.Skip("all is well")
	}
	for _, name := range []string{"one", "two", "three"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Log("begin of", name)
			if name == "two" {
				t.Errorf("wrong in %s\nand its second line", name)
			}
			if name == "three" {
				for range 1000 {
					t.Log("many lines")
				}
				t.Fail()
			}
		})
	}
}

func TestPanics(t *testing.T) {
	if os.Getenv("LEAKY_PANIC") != "" {
		panic("cannot send " + os.Getenv("LEAKY_PANIC"))
	}
}
