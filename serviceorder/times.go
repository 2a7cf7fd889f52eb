package serviceorder

import "time"

const (
	secondLayout = "20060102150405"
	dayLayout    = "20060102"
)

// An order's times are China Standard Time, wherever the merchant's server
// stands. It has no daylight saving.
var chinaTime = time.FixedZone("CST", 8*3600)

// FormatTime writes t as an order tells a moment, such as in
// [payscore.TimeRange]: yyyyMMddHHmmss, China Standard Time, whatever the
// location of t.
func FormatTime(t time.Time) string { return t.In(chinaTime).Format(secondLayout) }

// FormatDay writes t as an order tells a day: yyyyMMdd, China Standard Time. A
// completion has the precision that its order was created with.
func FormatDay(t time.Time) string { return t.In(chinaTime).Format(dayLayout) }

// ParseTime reads what [FormatTime] and [FormatDay] write, such as the PaidTime
// of a payment; a day is its midnight. The result is in China Standard Time.
// The error is a [*time.ParseError], also of OnAccept, which is no time.
func ParseTime(s string) (time.Time, error) {
	layout := secondLayout
	if len(s) == len(dayLayout) {
		layout = dayLayout
	}
	if len(s) > len(layout) {
		// time.Parse takes a fraction that no layout asks for.
		return time.Time{}, &time.ParseError{Layout: layout, Value: s, ValueElem: s[len(layout):], Message: ": is too long"}
	}
	return time.ParseInLocation(layout, s, chinaTime)
}
