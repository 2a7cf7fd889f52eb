package sheet

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// unit says how the amounts of a column are written.
type unit struct {
	name    string
	example string // 1234 yuan and 50 fen
}

var (
	fen  = unit{"fen", "123450"}
	yuan = unit{"yuan", "1234.50"}
)

// parse reads an amount of digits, in yuan with up to two decimals, and returns it in
// fen. Otherwise the message says what is wrong. It does not guess: 1,234 is another
// amount in another country.
func (u unit) parse(s string) (amount int64, message string) {
	whole, decimals, point := strings.Cut(s, ".")
	if whole == "" || !digits(whole) || point && (decimals == "" || !digits(decimals)) {
		return 0, u.explain(s)
	}
	switch {
	case u == fen && point:
		return 0, quote(s) + " has a decimal point, and the column is in fen: write whole fen, such as " + u.example + ", or name the column in yuan"
	case len(decimals) > 2:
		return 0, quote(s) + " has more than two decimals, and a fen is not divided: write " + u.example
	case u == yuan:
		whole += (decimals + "00")[:2] // the same digits, in fen
	}
	amount, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return 0, quote(s) + " " + u.name + " is more than " + strconv.FormatInt(math.MaxInt64, 10) + " fen"
	}
	return amount, ""
}

// scientific is how Excel shows a number for which it finds no room.
var scientific = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]+$`)

// explain says why s is no amount. s is not empty.
func (u unit) explain(s string) string {
	has := func(chars string) bool { return strings.ContainsAny(s, chars) }
	write := ": write " + u.example
	switch {
	case s == "":
		return "empty" + write
	case s[0] == '#':
		return quote(s) + " is an error of the spreadsheet" + write
	case s[0] == '=':
		return quote(s) + " is a formula: save its value, such as " + u.example
	case scientific.MatchString(s):
		return quote(s) + " is in scientific notation, and digits may be lost: format the column as a number" + write
	case has("¥￥$€元圆块分") || strings.Contains(strings.ToUpper(s), "CNY") || strings.Contains(strings.ToUpper(s), "RMB"):
		return quote(s) + " has a currency or a unit" + write
	case strings.ContainsFunc(s, func(r rune) bool { return r >= '！' && r <= '～' && r != '，' }):
		return quote(s) + " has full-width characters" + write
	case has(",，'’"):
		return quote(s) + " has a comma" + write
	case s[0] == '-' || s[0] == '(' || strings.HasPrefix(s, "−") || strings.HasPrefix(s, "–"):
		return quote(s) + " is negative, and an amount is 0 or more" + write
	case s[0] == '+':
		return quote(s) + " has a sign" + write
	case has(" \t\u00a0\u3000\u202f"):
		return quote(s) + " has a space" + write
	case s[0] == '.' || s[len(s)-1] == '.':
		return quote(s) + " has no digit on one side of the point" + write
	}
	return quote(s) + " is no amount" + write
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// quote shows a cell. Texts for the user, which may be personal, are not shown.
func quote(s string) string { return oneline.Quote(s, 40) }
