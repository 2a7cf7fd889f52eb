package sheet

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// column is a column that has a meaning.
type column int

const (
	subMchID column = iota
	serviceID
	appID
	outOrderNo
	totalFen
	totalYuan
	reason
	payments
	discounts
	beforeFen
	beforeYuan
	columns
)

var columnNames = [columns]string{"sub_mchid", "service_id", "appid", "out_order_no", "total_amount", "total_yuan", "reason",
	"post_payments", "post_discounts", "total_before", "total_before_yuan"}

func (c column) String() string { return columnNames[c] }

// aliases are other names, as normal writes them.
var aliases = map[string]column{
	"子商户号":          subMchID,
	"特约商户号":         subMchID,
	"服务id":          serviceID,
	"服务编号":          serviceID,
	"app_id":        appID,
	"应用id":          appID,
	"商户订单号":         outOrderNo,
	"商户服务订单号":       outOrderNo,
	"修改后金额(分)":      totalFen,
	"修改后金额(元)":      totalYuan,
	"原因":            reason,
	"修改原因":          reason,
	"付费项目":          payments,
	"后付费项目":         payments,
	"优惠项目":          discounts,
	"商户优惠":          discounts,
	"后付费商户优惠":       discounts,
	"修改前金额(分)":      beforeFen,
	"amount_before": beforeFen,
	"修改前金额(元)":      beforeYuan,
}

func init() {
	for c, name := range columnNames {
		aliases[name] = column(c)
	}
}

// normal writes a name of a column in lower case, with underscores for spaces.
func normal(name string) string {
	name = strings.ToLower(trim(name))
	name = strings.NewReplacer("（", "(", "）", ")", "-", "_").Replace(name)
	name = strings.Join(strings.Fields(name), "_")
	return strings.NewReplacer("_(", "(", "(_", "(", "_)", ")").Replace(name)
}

// trim cuts off spaces and the characters that nobody sees.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' || r == '\u200e' || r == '\u200f'
	})
}

// clean returns what a spreadsheet means with a cell: ="00123" is how it keeps zeros.
func clean(s string) string {
	s = trim(s)
	if inner, ok := strings.CutPrefix(s, `="`); ok {
		if inner, ok = strings.CutSuffix(inner, `"`); ok {
			return trim(strings.ReplaceAll(inner, `""`, `"`))
		}
	}
	return s
}

// header finds out the separator and the columns. It reports whether the rows can be
// read.
func (rd *reader) header() bool {
	if len(rd.t.text) > 5 && strings.EqualFold(rd.t.text[:4], "sep=") { // Excel reads it, too
		if rest := rd.t.text[5:]; rest[0] == '\r' || rest[0] == '\n' {
			rd.t.comma, rd.t.text = rd.t.text[4], rest
			rd.t.newline()
		}
	}
	if rd.t.comma == 0 {
		rd.separator()
	}
	cells, bad, more := rd.row()
	switch {
	case bad != nil:
		rd.problems.add(Problem{Line: bad.line, Column: bad.column, Message: bad.message})
		return false
	case !more:
		rd.problems.add(Problem{Line: 1, Message: "the table is empty: its first row names the columns"})
		return false
	}
	rd.width, rd.headerLine = len(cells), cells[0].line
	for i, c := range cells {
		rd.nameColumn(i, c)
	}
	before := rd.problems.Count
	rd.required()
	return rd.problems.Count == before
}

// separator is the one with which the first row has the most columns that are known.
func (rd *reader) separator() {
	most := -1
	for _, comma := range []byte{',', '\t', ';'} {
		try := rd.t
		try.comma = comma
		known := 0
		for more := true; more && known == 0; {
			var cells []cell
			cells, _, more = try.next(nil)
			for _, c := range cells {
				if _, ok := aliases[normal(clean(c.text))]; ok {
					known++
				}
			}
			if !empty(cells) {
				break
			}
		}
		if known > most {
			most, rd.t.comma = known, comma
		}
	}
}

func (rd *reader) nameColumn(i int, c cell) {
	name := normal(clean(c.text))
	col, known := aliases[name]
	switch {
	case name == "":
	case !known:
		rd.sheet.Ignored = append(rd.sheet.Ignored, strings.Clone(oneline.Cut(trim(c.text), 100))) // else it keeps the table
	case rd.at[col] >= 0:
		rd.problems.add(Problem{c.line, i + 1, col.String(), fmt.Sprintf("column %d has the same meaning: leave one out", rd.at[col]+1)})
	default:
		rd.at[col] = i
	}
}

func (rd *reader) has(c column) bool { return rd.at[c] >= 0 }

// required says which columns are missing.
func (rd *reader) required() {
	missing := func(format string, args ...any) {
		rd.problems.add(Problem{Line: rd.headerLine, Message: fmt.Sprintf(format, args...)})
	}
	for _, c := range []column{outOrderNo, reason} {
		if !rd.has(c) {
			missing("there is no column %s", c)
		}
	}
	rd.oneOf(totalFen, totalYuan)
	if !rd.has(totalFen) && !rd.has(totalYuan) {
		missing("there is no column %s (in fen) or %s", totalFen, totalYuan)
	}
	rd.oneOf(beforeFen, beforeYuan)
	if !rd.has(payments) && rd.opts.LineName == "" {
		missing("there is no column %s, and no name of a line for all orders is set", payments)
	}
	rd.partner = rd.has(subMchID) || rd.opts.SubMchID != ""
	if rd.partner {
		if rd.has(appID) {
			rd.sheet.Ignored = append(rd.sheet.Ignored, appID.String())
			rd.at[appID] = -1
		}
		return
	}
	noService, noApp := !rd.has(serviceID) && rd.opts.ServiceID == "", !rd.has(appID) && rd.opts.AppID == ""
	switch {
	case noService && noApp:
		missing("there is no column %s, which service providers need, and no %s and %s, which direct merchants need", subMchID, serviceID, appID)
	case noService:
		missing("there is no column %s, and it is not set for all orders", serviceID)
	case noApp:
		missing("there is no column %s, and it is not set for all orders", appID)
	}
}

// oneOf refuses a table with both columns: they may differ.
func (rd *reader) oneOf(a, b column) {
	if rd.has(a) && rd.has(b) {
		rd.problems.add(Problem{rd.headerLine, rd.at[b] + 1, b.String(), fmt.Sprintf("there is a column %s too: leave one out", a)})
	}
}
