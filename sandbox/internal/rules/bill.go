package rules

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// BillDay is the day, in China, that a date of a bill names: yyyyMMddHH as the
// newest page has it, whatever the hour, or yyyy-MM-dd as an older one has it. It
// refuses a day of over three months ago, and one that is still to come. The
// codes are not published.
func BillDay(date string, t Terms) (time.Time, *Refusal) {
	var day time.Time
	at, err := time.ParseInLocation("2006010215", date, ChinaTime)
	if err != nil {
		if at, err = time.ParseInLocation(time.DateOnly, date, ChinaTime); err != nil {
			return day, ParamError("query", "bill_date", "账单日期格式错误", "is neither yyyyMMddHH nor yyyy-MM-dd")
		}
	}
	day, today := Terms{Now: at}.today(), t.today()
	switch {
	case day.Before(threeMonthsBefore(today)):
		return day, ParamError("query", "bill_date", "仅支持三个月内的账单", "is over three months ago")
	case day.After(today):
		return day, Missing()
	}
	return day, nil
}

// threeMonthsBefore is the same day of the month, or the last one of a month that
// has no such day: AddDate would go on into the next month.
func threeMonthsBefore(day time.Time) time.Time {
	before := day.AddDate(0, -3, 0)
	if before.Day() != day.Day() {
		before = before.AddDate(0, 0, -before.Day())
	}
	return before
}

// Bill is the bill of some orders, nil for none. What a real one has in it is not
// published: this is CSV in the style of WeChat Pay's other bills.
func Bill(orders []Order) []byte {
	if len(orders) == 0 {
		return nil
	}
	slices.SortFunc(orders, func(a, b Order) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Key(), b.Key()))
	})
	var text bytes.Buffer
	line := func(values ...string) {
		for i, v := range values {
			if i > 0 {
				text.WriteByte(',')
			}
			text.WriteString("`" + inOneCell.Replace(v))
		}
		text.WriteByte('\n')
	}
	text.WriteString("创建时间,商户号,特约商户号,服务ID,商户服务订单号,微信支付服务订单号,订单状态,货币类型,总金额,已收金额\n")
	for _, o := range orders {
		e := o.Entity
		line(o.CreatedAt.In(ChinaTime).Format(time.DateTime), e.MchID, value(e.SubMchID), e.ServiceID, e.OutOrderNo, value(e.OrderID),
			string(e.State), cmp.Or(o.Currency.Currency, "CNY"), yuan(*cmp.Or(e.TotalAmount, new(int64))), yuan(o.Collected()))
	}
	text.WriteString("总单数\n")
	line(fmt.Sprint(len(orders)))
	return text.Bytes()
}

// inOneCell keeps a value in its cell: not every one has a pattern.
var inOneCell = strings.NewReplacer(",", " ", "\n", " ", "\r", " ")

// yuan is an amount of fen, with two decimals.
func yuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }
