package serviceorder_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/serviceorder"
)

// The clock of the C library, where there is one, writes the same.
func TestFormatTime(t *testing.T) {
	for _, c := range []struct{ utc, second, day string }{
		{"2009-12-25T01:10:10Z", "20091225091010", "20091225"},
		{"2009-12-24T15:59:59Z", "20091224235959", "20091224"},
		{"2009-12-24T16:00:00Z", "20091225000000", "20091225"},
		{"2024-02-28T20:00:00-05:00", "20240229090000", "20240229"},
		{"1988-07-01T00:00:00Z", "19880701080000", "19880701"}, // China had summer time then, its standard time is meant
	} {
		at, err := time.Parse(time.RFC3339, c.utc)
		if err != nil {
			t.Fatal(err)
		}
		if second, day := serviceorder.FormatTime(at), serviceorder.FormatDay(at); second != c.second || day != c.day {
			t.Errorf("%s: %s and %s, want %s and %s", c.utc, second, day, c.second, c.day)
		}
		cmd := exec.Command("date", "-d", c.utc, "+%Y%m%d%H%M%S")
		cmd.Env = []string{"TZ=CST-8", "PATH=/usr/bin:/bin"}
		if out, err := cmd.Output(); err != nil {
			t.Logf("date: %v", err) // of another system
		} else if got := strings.TrimSpace(string(out)); got != c.second {
			t.Errorf("date writes %s as %s, want %s", c.utc, got, c.second)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"20091225091010", "20091225", "OnAccept", "", "20091225091010.5", "20091225091010,5", "20091231240000", "20090229", "2009122509101", "２００９１２２５", "200912250910101"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := serviceorder.ParseTime(s)
		if err != nil {
			if _, ok := errors.AsType[*time.ParseError](err); !ok || !at.IsZero() {
				t.Errorf("%q: %v, %v", s, at, err)
			}
			return
		}
		if written := serviceorder.FormatTime(at); written != s && written != s+"000000" {
			t.Errorf("%q is read as %s", s, written)
		}
		if day := serviceorder.FormatDay(at.UTC()); day != s[:8] {
			t.Errorf("%q is of day %s", s, day)
		}
	})
}
