package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

// ending is what leaks prints after the full output of the leaky tests.
func ending(t *testing.T, env string, args ...string) string {
	t.Helper()
	name, value, _ := strings.Cut(env, "=")
	t.Setenv(name, value)
	var out bytes.Buffer
	if code := run(append([]string{"go", "test", "-count=1"}, args...), vectors, &out); code != 1 {
		t.Fatalf("exit code %d\n%s", code, out.String())
	}
	_, end, found := strings.Cut(out.String(), " hold a secret\n")
	if n := strings.Count(end, "\n"); !found || n > maxLines+2*maxLines/minLines+10 {
		t.Fatalf("it ends with %d lines:\n%s", n, out.String())
	}
	return end
}

func wantIn(t *testing.T, end string, want, not []string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(end, w) {
			t.Errorf("it lacks %q:\n%s", w, end)
		}
	}
	for _, n := range not {
		if strings.Contains(end, n) {
			t.Errorf("it has %q:\n%s", n, end)
		}
	}
}

func TestItEndsWithWhatFailed(t *testing.T) {
	if testing.Short() {
		t.Skip("runs go test")
	}
	const leaky = "github.com/wxpayscore/payscore/internal/leaks/testdata/leaky "
	t.Run("tests", func(t *testing.T) {
		end := ending(t, "LEAKY_FAILS=1", "-v", "./testdata/leaky")
		wantIn(t, end, []string{"leaks: 3 failed:\n", leaky + "TestFails/two\n", "wrong in two", "and its second line", "many lines", "more lines\n"},
			[]string{"begin of one", "TestPanics", "all is well"})
	})
	t.Run("without -v", func(t *testing.T) {
		wantIn(t, ending(t, "LEAKY_FAILS=1", "./testdata/leaky"), []string{leaky + "TestFails/two\n", "wrong in two"}, nil)
	})
	t.Run("a panic", func(t *testing.T) {
		end := ending(t, "LEAKY_PANIC=itself", "-v", "./testdata/leaky")
		wantIn(t, end, []string{leaky + "TestPanics\n", "panic: cannot send itself", "leaky_test.go:"}, []string{"begin of"})
	})
	t.Run("a secret", func(t *testing.T) {
		wantIn(t, ending(t, "LEAKY_PANIC="+planted, "-v", "./testdata/leaky"), []string{leaky + "TestPanics\n", "is not shown, it holds a body"}, []string{planted})
	})
	t.Run("no code", func(t *testing.T) {
		wantIn(t, ending(t, "LEAKY_PANIC=", "-v", "-tags=broken", "./testdata/broken"), []string{"testdata/broken \n", "undefined: missing"}, nil)
	})
}

// testdata/race.txt is what go test -race -v printed of a test that races.
func TestRaceIsShown(t *testing.T) {
	text, err := os.ReadFile("testdata/race.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	writeFailures(&out, failures(slices.Collect(strings.Lines(string(text)))))
	wantIn(t, out.String(), []string{"leaks: 1 failed:\n", "/leaky TestRaces\n", "WARNING: DATA RACE", "leaky_test.go:48", "race detected"}, []string{"no key", "TestPanics"})
}

// Many failures leave some lines to each, and to a package without a test.
func TestManyFailures(t *testing.T) {
	var lines []string
	for range 3 {
		for _, test := range strings.Fields("A B C D E F G H I J K L") {
			lines = append(lines, "=== RUN   "+test+"\n")
			for range 500 {
				lines = append(lines, "    said by "+test+"\n")
			}
			lines = append(lines, "--- FAIL: "+test+" (0.00s)\n")
		}
		lines = append(lines, "FAIL\n", "FAIL\tpkg\t0.1s\n")
	}
	lines = append(lines, "FAIL\n")
	var out bytes.Buffer
	writeFailures(&out, failures(lines))
	if n := strings.Count(out.String(), "\n"); n > 300 || strings.Count(out.String(), "said by L\n") == 0 || !strings.Contains(out.String(), "leaks: 36 failed:") || !strings.Contains(out.String(), "and 11 more\n") {
		t.Errorf("%d lines:\n%s", n, out.String())
	}
	out.Reset()
	writeFailures(&out, failures([]string{"=== RUN   A\n", "--- PASS: A\n", "PASS\n", "ok  \tpkg\t0.1s\n", "?   \tother\t[no test files]\n"}))
	if out.Len() != 0 {
		t.Error(out.String())
	}
	writeFailures(&out, failures([]string{"=== RUN   A\n", "    still at it\n", "*** Test killed with quit: ran too long (11m0s).\n", "FAIL\tpkg\t660s\n"}))
	if !strings.Contains(out.String(), "  pkg A\n=== pkg A\n    still at it\n*** Test killed") {
		t.Error(out.String())
	}
}
