package serviceorder

import "time"

const (
	secondLayout = "20060102150405"
	dayLayout    = "20060102"
)

// An order's times are in China Standard Time, wherever the merchant's server is.
// It has no daylight saving time.
var chinaTime = time.FixedZone("CST", 8*3600)

// FormatTime formats t as a time of an order, such as in [payscore.TimeRange]:
// yyyyMMddHHmmss in China Standard Time, whatever the location of t.
func FormatTime(t time.Time) string { return t.In(chinaTime).Format(secondLayout) }

// FormatDay formats t as a day of an order: yyyyMMdd in China Standard Time. Complete
// an order with the precision that it was created with.
func FormatDay(t time.Time) string { return t.In(chinaTime).Format(dayLayout) }

// ParseTime parses the formats of [FormatTime] and [FormatDay], such as the PaidTime
// of a payment. A day means its midnight. The result is in China Standard Time. The
// error is a [*time.ParseError], also for OnAccept, which is not a time.
func ParseTime(s string) (time.Time, error) {
	layout := secondLayout
	if len(s) == len(dayLayout) {
		layout = dayLayout
	}
	if len(s) > len(layout) {
		// time.Parse accepts a fraction that the layout does not have.
		return time.Time{}, &time.ParseError{Layout: layout, Value: s, ValueElem: s[len(layout):], Message: ": is too long"}
	}
	return time.ParseInLocation(layout, s, chinaTime)
}
