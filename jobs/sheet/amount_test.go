package sheet

import (
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

var grammars = map[unit]*regexp.Regexp{fen: regexp.MustCompile(`\A[0-9]+\z`), yuan: regexp.MustCompile(`\A[0-9]+(\.[0-9]{1,2})?\z`)}

// exact reads an amount with rational numbers, which do not overflow.
func exact(u unit, s string) (int64, bool) {
	if !grammars[u].MatchString(s) { // before big.Rat computes 1e999999
		return 0, false
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, false
	}
	if u == yuan {
		r.Mul(r, big.NewRat(100, 1))
	}
	return r.Num().Int64(), r.IsInt() && r.Num().IsInt64()
}

func agree(t *testing.T, s string) {
	t.Helper()
	for _, u := range []unit{fen, yuan} {
		got, message := u.parse(s)
		want, ok := exact(u, s)
		if (message == "") != ok || ok && got != want {
			t.Errorf("%q in %s: %d %q, want %d %v", s, u.name, got, message, want, ok)
		}
	}
}

func TestAmountsAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	some := func(n int, of string) string {
		var b strings.Builder
		runes := []rune(of)
		for range r.IntN(n + 1) {
			b.WriteRune(runes[r.IntN(len(runes))])
		}
		return b.String()
	}
	limit := big.NewInt(math.MaxInt64)
	for range 20_000 {
		agree(t, some(22, "0123456789"))
		agree(t, some(19, "0123456789")+"."+some(3, "0123456789"))
		agree(t, some(8, "0019.,-+eE¥元１ '"))
		near := new(big.Int).Add(limit, big.NewInt(r.Int64N(400)-200)).String()
		agree(t, near)
		agree(t, near[:len(near)-2]+"."+near[len(near)-2:])
	}
}

func FuzzAmount(f *testing.F) {
	for _, s := range []string{"", "0", "0.5", "1,234.50", "１２", "1E3", "92233720368547758.07", "92233720368547758.08", "-1", "¥1", ".", "1.", "1_000", "0x10", "1/2"} {
		f.Add(s)
	}
	f.Fuzz(agree)
}
