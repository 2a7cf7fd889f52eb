package sheet

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/serviceorder"
)

// reader reads one table.
type reader struct {
	opts       Options
	t          table
	at         [columns]int // the cell of each column, -1 for none
	width      int          // cells of the header
	headerLine int
	partner    bool

	sheet    Sheet
	problems Problems
	first    map[order]int // the line of each order
	names    map[string]string
	long     [columns]longNumbers

	// Of the row that is being read:
	cells  []cell
	failed [columns]bool // the cell has a problem
	bad    bool
}

// order is what identifies an order in a table.
type order struct{ subMchID, outOrderNo string }

func newReader(text string, opts Options) *reader {
	rd := &reader{opts: opts, t: table{text: text, line: 1}, first: map[order]int{}, names: map[string]string{}}
	for c := range rd.at {
		rd.at[c] = -1
	}
	return rd
}

// row returns the next row that is not empty. It is valid until the next call.
func (rd *reader) row() ([]cell, *quoteError, bool) {
	for {
		cells, bad, more := rd.t.next(rd.cells[:0])
		rd.cells = cells
		if bad != nil || !more || !empty(cells) {
			return cells, bad, more
		}
	}
}

func empty(cells []cell) bool {
	for _, c := range cells {
		if clean(c.text) != "" {
			return false
		}
	}
	return true
}

func (rd *reader) read() {
	if !rd.header() {
		return
	}
	rows := 0
	for {
		cells, bad, more := rd.row()
		if !more {
			break
		}
		rows++
		switch {
		case bad != nil:
			rd.problems.add(Problem{bad.line, bad.column, rd.nameOf(bad.column - 1), bad.message})
		case len(cells) > rd.width:
			rd.problems.add(Problem{cells[0].line, rd.width + 1, "",
				fmt.Sprintf("the row has %d cells and the header %d: quote a text that has the separator, and write amounts without a comma", len(cells), rd.width)})
		default:
			rd.correction()
		}
	}
	if rows == 0 {
		rd.problems.add(Problem{Line: rd.headerLine, Message: "no row follows the header"})
	}
	for c := range rd.long {
		if l := rd.long[c]; l.count > 0 && l.count == l.zeros {
			rd.sheet.Warnings.add(Problem{l.line, rd.at[c] + 1, column(c).String(),
				"all numbers of more than 15 digits end in zeros, as Excel leaves them: compare one with the order, and format the column as text"})
		}
	}
}

// nameOf returns the name of the column at a cell, or "".
func (rd *reader) nameOf(cell int) string {
	for c, at := range rd.at {
		if at == cell {
			return column(c).String()
		}
	}
	return ""
}

// problem reports what is wrong with a cell of the row.
func (rd *reader) problem(c column, message string) {
	rd.bad, rd.failed[c] = true, true
	rd.problems.add(Problem{rd.lineOf(c), rd.at[c] + 1, c.String(), message})
}

func (rd *reader) warn(c column, message string) {
	rd.sheet.Warnings.add(Problem{rd.lineOf(c), rd.at[c] + 1, c.String(), message})
}

// lineOf is the line of a cell, or of the row if it ends before.
func (rd *reader) lineOf(c column) int {
	if at := rd.at[c]; at >= 0 && at < len(rd.cells) {
		return rd.cells[at].line
	}
	return rd.cells[0].line
}

// text returns the cell of a column, or the setting if there is no column.
func (rd *reader) text(c column, setting string) string {
	at := rd.at[c]
	switch {
	case at < 0:
		return setting
	case at >= len(rd.cells):
		return ""
	}
	s := clean(rd.cells[at].text)
	// U+FFFD is what the other encodings decode to. In UTF-8 it may be meant.
	if !utf8.ValidString(s) || rd.sheet.Encoding != EncodingUTF8 && strings.ContainsRune(s, utf8.RuneError) {
		rd.problem(c, "the cell has bytes that are not "+rd.sheet.Encoding)
	}
	return s
}

// correction reads a row and checks it.
func (rd *reader) correction() {
	rd.bad, rd.failed = false, [columns]bool{}
	r := Row{Line: rd.cells[0].line}

	no := rd.code(outOrderNo, "")
	sub := ""
	if rd.partner {
		sub = rd.code(subMchID, rd.opts.SubMchID)
	}
	// A table has few sub-merchants. The texts of a row would keep the whole table.
	if _, known := rd.names[sub]; !known {
		sub = strings.Clone(sub)
		rd.names[sub] = sub
	}
	r.SubMchID, r.OutOrderNo = rd.names[sub], strings.Clone(no)
	service := rd.code(serviceID, rd.opts.ServiceID)
	app := ""
	if !rd.partner {
		app = rd.code(appID, rd.opts.AppID)
	}

	total, before := rd.amounts(&r)
	body := payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:    r.SubMchID,
		TotalAmount: r.TotalAmount,
		Reason:      rd.text(reason, ""),
	}
	if service != "" {
		body.ServiceID = &service
	}
	rd.lines(&body, total)
	direct := payscore.ModifyServiceOrderRequest{ServiceID: service, AppID: app,
		PostPayments: body.PostPayments, PostDiscounts: body.PostDiscounts, TotalAmount: body.TotalAmount, Reason: body.Reason}

	rd.limits(no, body, direct)
	if rd.has(before) && r.TotalBefore != nil && !rd.failed[total] && r.TotalAmount >= *r.TotalBefore {
		rd.problem(total, fmt.Sprintf("%d fen, must be lower than the %d fen of %s", r.TotalAmount, *r.TotalBefore, before))
	}
	rd.doubtReason(body.Reason)
	rd.duplicate(r)
	if rd.bad {
		return
	}
	var err error
	if rd.partner {
		r.Body, err = json.Marshal(body)
	} else {
		r.Body, err = json.Marshal(direct)
	}
	switch {
	case err != nil: // no text and no number of the table comes here
		rd.problems.add(Problem{Line: r.Line, Message: "the row does not encode as JSON"})
	case !rd.sheet.add(r):
		rd.problem(total, "the sum of the amounts up to here does not fit into 64 bits")
	}
}

// plus is how Excel shows a long number, whose digits it has lost. 12E4 without a
// sign may be a number of letters and digits.
var plus = regexp.MustCompile(`^[0-9](\.[0-9]+)?[eE]\+[0-9]+$|^[0-9]\.[0-9]+[eE][0-9]+$`)

// code reads a number that identifies something, which is a text.
func (rd *reader) code(c column, setting string) string {
	s := rd.text(c, setting)
	if !rd.has(c) {
		return s
	}
	s = strings.TrimPrefix(s, "'") // marks a text in Excel
	exponent := strings.ContainsAny(s, "eE")
	switch {
	case rd.failed[c]:
	case exponent && plus.MatchString(s):
		rd.problem(c, "Excel has turned the number into "+quote(s)+", and its digits are lost: format the column as text and enter the number again")
	case strings.ContainsFunc(s, func(r rune) bool { return r >= '！' && r <= '～' }):
		rd.problem(c, quote(s)+" has full-width characters: write it in half width")
	case exponent && scientific.MatchString(s):
		rd.warn(c, quote(s)+" looks like a number in scientific notation: if Excel has made it, its digits are lost")
	}
	rd.long[c].count1(s, rd.lineOf(c))
	return s
}

// longNumbers counts those that Excel cuts: it keeps 15 digits and writes zeros.
type longNumbers struct {
	count, zeros int
	line         int // of the first
}

func (l *longNumbers) count1(s string, line int) {
	if len(s) <= 15 || !digits(s) {
		return
	}
	if l.count++; l.count == 1 {
		l.line = line
	}
	if strings.Trim(s[15:], "0") == "" {
		l.zeros++
	}
}

// amounts reads the total and what the order comes to now, and returns their columns.
func (rd *reader) amounts(r *Row) (total, before column) {
	read := func(inFen, inYuan column) (column, int64, bool) {
		c, u := inFen, fen
		if rd.has(inYuan) {
			c, u = inYuan, yuan
		}
		s := strings.TrimPrefix(rd.text(c, ""), "'")
		if rd.failed[c] || s == "" && c != totalFen && c != totalYuan {
			return c, 0, false
		}
		amount, message := u.parse(s)
		if message != "" {
			rd.problem(c, message)
		}
		return c, amount, message == ""
	}
	total, r.TotalAmount, _ = read(totalFen, totalYuan)
	before, amount, ok := read(beforeFen, beforeYuan)
	if ok {
		r.TotalBefore = &amount
	}
	return total, before
}

// lines reads the lines of the bill.
func (rd *reader) lines(body *payscore.ModifyPartnerServiceOrderRequest, total column) {
	own, less := rd.text(payments, ""), rd.text(discounts, "")
	var message string
	switch {
	case rd.failed[payments]:
	case own != "":
		if body.PostPayments, message = decodeLines[payscore.Payment](own); message != "" {
			rd.problem(payments, message)
		}
	case rd.opts.LineName == "":
		rd.problem(payments, "empty, and no name of a line for all orders is set")
	case less != "":
		rd.problem(discounts, "the row has discounts and no "+payments.String())
		rd.failed[payments] = true
	default:
		body.PostPayments = []payscore.Payment{{Name: &rd.opts.LineName, Amount: &body.TotalAmount}}
	}
	if less != "" && !rd.failed[discounts] {
		if body.PostDiscounts, message = decodeLines[payscore.ServiceOrderCoupon](less); message != "" {
			rd.problem(discounts, message)
		}
	}
}

// limits checks the row by the contract.
func (rd *reader) limits(no string, body payscore.ModifyPartnerServiceOrderRequest, direct payscore.ModifyServiceOrderRequest) {
	unread := rd.failed
	// The number of the order stands in the path, which the query has in common.
	query := payscore.QueryPartnerServiceOrderParams{SubMchID: "1", OutOrderNo: &no}
	findings, _ := query.Validate().(limit.Findings)
	rd.find(findings, unread)
	if rd.partner {
		rd.find(serviceorder.CheckModify(body), unread)
		return
	}
	findings, _ = direct.Validate().(limit.Findings)
	rd.find(findings, unread)
	for _, f := range serviceorder.CheckModify(body) {
		if f.Warning { // the rules of the order are the same
			rd.find(limit.Findings{f}, unread)
		}
	}
}

// find reports findings, but not of the cells that could not be read.
func (rd *reader) find(findings limit.Findings, unread [columns]bool) {
	for _, f := range findings {
		name, inside := strings.TrimPrefix(f.Path, "$."), ""
		if i := strings.IndexAny(name, ".["); i >= 0 {
			name, inside = name[:i], name[i:]+": "
		}
		c, known := aliases[name]
		if c == totalFen && rd.has(totalYuan) {
			c = totalYuan
		}
		switch {
		case !known || !rd.has(c): // the settings were checked before
			rd.bad = true
			rd.problems.add(Problem{Line: rd.cells[0].line, Message: f.String()})
		case unread[c]:
		case f.Rule == "total" && (unread[payments] || unread[discounts]):
		case f.Warning:
			rd.warn(c, inside+f.Message)
		default:
			rd.problem(c, inside+f.Message)
		}
	}
}

// duplicate reports an order that an earlier row has.
func (rd *reader) duplicate(r Row) {
	if r.OutOrderNo == "" || rd.failed[outOrderNo] || rd.failed[subMchID] {
		return
	}
	key := order{r.SubMchID, r.OutOrderNo}
	if line, again := rd.first[key]; again {
		rd.problem(outOrderNo, fmt.Sprintf("%s is the order of line %d, too", quote(r.OutOrderNo), line))
	} else {
		rd.first[key] = r.Line
	}
}

// doubtReason warns of a reason that hardly is one: what is left of a row whose cells
// have moved, or of rows that a missing quote has joined.
func (rd *reader) doubtReason(s string) {
	if rd.failed[reason] || !rd.has(reason) || rd.at[reason] >= len(rd.cells) {
		return
	}
	if c := rd.cells[rd.at[reason]]; c.lastLine > c.line {
		rd.warn(reason, fmt.Sprintf("the cell ends on line %d: is a quote missing?", c.lastLine))
	}
	if !strings.ContainsFunc(s, unicode.IsLetter) {
		rd.warn(reason, "the reason has no letter: is an amount with a comma before it, or does it belong to another column?")
	}
}
