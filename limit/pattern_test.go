package limit_test

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/limit"
)

// matches is what a Checker says of a value of any length.
func matches(source, value string) bool {
	var c limit.Checker
	c.String(nil, "field", value, 0, limit.None, &limit.Pattern{Source: source})
	return c.Err() == nil
}

// Whatever is matched without package regexp is matched as it would.
func TestPatternIsThatOfRegexp(t *testing.T) {
	sources := []string{
		"^[0-9A-Za-z]{1,32}$", "^[0-9A-Za-z_-]{1,128}$", "^[0-9A-Za-z_|*-]{1,32}$", "^[0-9A-Za-z_|*@-]{1,64}$",
		"^[0-9]{14}$", "^[0-9]{8,14}$", "^[0-9]{0,2}$", "^([0-9]{8}|[0-9]{14})$", "^https?://[^?#]+$",
		// Close to the form, and something else.
		"^[^0-9]{1,4}$", `^[\d]{1,4}$`, "^[[:digit:]]{1,4}$", "^[a-c-e]{1,4}$", "^[--a]{1,3}$", "^[-a]{1,3}$", "^[a|b]{2}$", "^[ -~]{1,4}$",
		"[0-9]{1,4}$", "^[0-9]{1,4}", "^[0-9]{2,}$", "^[0-9]{,2}$", "^[0-9]{01}$", "^[0-9]{1,2}[a-z]{1,2}$",
		"^[0-9]{2}|[a-z]{2}$", "^[信-微]{1,2}$", "^[a-é]{1,2}$", "^[.*+?()$]{1,4}$",
	}
	for _, source := range sources {
		re := regexp.MustCompile(source)
		random := rand.New(rand.NewPCG(1, 2))
		alphabet := []rune("0129azAZ-_|*@^[]{}$.~ \n\x7fdé微信/:?#hpst")
		for range 3000 {
			value := make([]rune, random.IntN(10))
			for i := range value {
				value[i] = alphabet[random.IntN(len(alphabet))]
			}
			if got := matches(source, string(value)); got != re.MatchString(string(value)) {
				t.Fatalf("%s and %q: %t", source, string(value), got)
			}
		}
		for n := range 140 {
			value := strings.Repeat("7", n)
			if got := matches(source, value); got != re.MatchString(value) {
				t.Fatalf("%s and %d digits: %t", source, n, got)
			}
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("0-9A-Za-z_|*-", uint16(1), uint16(32), "1234323JKHDFE1243252")
	f.Add("--a", uint16(0), uint16(3), "^")
	f.Add("a]{1,2}$|^[b", uint16(0), uint16(3), "b")
	f.Fuzz(func(t *testing.T, class string, fewest, most uint16, value string) {
		source := "^[" + class + "]{" + strconv.Itoa(int(fewest)) + "," + strconv.Itoa(int(most)) + "}$"
		re, err := regexp.Compile(source)
		if err != nil || strings.ToValidUTF8(value, "") != value {
			return
		}
		if got := matches(source, value); got != re.MatchString(value) {
			t.Errorf("%s and %q: %t", source, value, got)
		}
	})
}

// BenchmarkFirstMatch is what a program pays for each limit of a request at
// its first call.
func BenchmarkFirstMatch(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var c limit.Checker
		c.String(nil, "out_order_no", "1234323JKHDFE1243252", 1, 32, &limit.Pattern{Source: "^[0-9A-Za-z_|*-]{1,32}$"})
	}
}
