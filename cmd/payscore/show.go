package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/oneline"
)

func (s *streams) printf(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format, args...) }

func (s *streams) section(title string) { s.printf("%s\n", oneline.Escape(title)) }

// Rows fit into a terminal of 80 columns.
const (
	labelColumns = 14
	valueColumns = 80 - 2 - labelColumns - 1
)

// row is one labelled value, continued below itself when it is long. The
// labels are the contract's names.
func (s *streams) row(label, format string, args ...any) {
	for _, line := range fold(oneline.Escape(fmt.Sprintf(format, args...)), valueColumns) {
		s.printf("%s\n", strings.TrimRight(fmt.Sprintf("  %-*s %s", labelColumns, label, line), " "))
		label = ""
	}
}

// fold cuts a text into lines of at most so many columns. Joined, the lines are the
// text again.
func fold(text string, columns int) []string {
	var lines []string
	start, used := 0, 0
	for i, r := range text {
		width := 1
		if r >= 0x1100 { // Chinese takes two; what takes one up there is rare
			width = 2
		}
		if used+width > columns {
			lines = append(lines, text[start:i])
			start, used = i, 0
		}
		used += width
	}
	return append(lines, text[start:])
}

// width returns the number of columns of a text.
func width(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r >= 0x1100 {
			n++
		}
	}
	return n
}

// prose is a row whose long lines break between words.
func (s *streams) prose(label, text string) {
	for _, line := range wrap(oneline.Escape(text), valueColumns) {
		s.row(label, "%s", line)
		label = ""
	}
}

// wrap cuts a text into lines of at most so many columns, at blanks if it has any.
func wrap(text string, columns int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(fold(line+" "+word, columns)) == 1 {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		parts := fold(word, columns)
		lines = append(lines, parts[:len(parts)-1]...)
		line = parts[len(parts)-1]
	}
	return append(lines, line)
}

func (s *streams) object(v any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := s.out.Write(b.Bytes())
	return err
}

// order prints the stage and the bill of an order.
func (s *streams) order(o *payscore.ServiceOrderEntity) {
	s.row("out_order_no", "%s", o.OutOrderNo)
	s.row("state", "%s", stage(o))
	s.row("total_amount", "%s", amount(o.TotalAmount))
	for _, p := range o.PostPayments {
		s.row("post_payments", "%s  %s", amount(p.Amount), name(p.Name))
	}
	for _, d := range o.PostDiscounts {
		s.row("post_discounts", "%s  %s", amount(d.Amount), name(d.Name))
	}
	s.printf("\n")
}

// name is that of a line, which may have none.
func name(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// stage returns the three fields that make the stage of an order.
func stage(o *payscore.ServiceOrderEntity) string {
	parts := []string{string(o.State)}
	if o.StateDescription != nil {
		parts = append(parts, string(*o.StateDescription))
	}
	if o.Collection != nil {
		parts = append(parts, string(o.Collection.State))
	}
	return strings.Join(parts, " / ")
}

func amount(fen *int64) string {
	if fen == nil {
		return "-"
	}
	return yuan(*fen)
}

func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d yuan", sign, fen/100, fen%100)
}

// call prints the request, the signed message, and the response.
func (s *streams) call(c callReport) {
	if c.Method == "" {
		return // nothing was sent
	}
	for i, line := range fold(oneline.Escape(c.Method+" "+c.target), 78) {
		s.printf("%s%s\n", strings.Repeat("  ", min(i, 1)), line)
	}
	s.row("host", "%s", c.host)
	for i, line := range strings.SplitN(strings.TrimSuffix(c.Message, "\n"), "\n", 5) {
		s.row(fmt.Sprintf("signed line %d", i+1), "%s", line)
	}
	s.row("mchid", "%s", c.MchID)
	s.row("serial_no", "%s", c.SerialNo)
	if c.Status == 0 {
		s.row("answer", "none")
	} else {
		s.row("answer", "%d %s", c.Status, http.StatusText(c.Status))
		s.row("request id", "%s", c.RequestID)
		switch {
		case c.VerifiedBy == "":
			s.row("verified by", "nothing: the answer is not to be trusted")
		case strings.HasPrefix(c.VerifiedBy, "PUB_KEY_ID_"):
			s.row("verified by", "public key %s", c.VerifiedBy)
		default:
			s.row("verified by", "platform certificate %s", c.VerifiedBy)
		}
	}
	s.printf("\n")
}
