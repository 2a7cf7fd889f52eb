package sheet

import "strings"

// table is separated text. encoding/csv does not do here: after a stray quote it does
// not go on, and it does not know ="00123".
type table struct {
	text  string // what is left
	line  int    // on which text begins
	comma byte
}

// cell is a cell as it stands in the table, without its quotes.
type cell struct {
	text     string
	line     int // on which it begins
	lastLine int // on which it ends
}

// quoteError is a quoted cell that does not end as one should.
type quoteError struct {
	line, column int
	message      string
}

// next appends the cells of the next row. After a quoteError, of which the cell is
// the last, it goes on with the next line. more is false at the end of the table.
func (t *table) next(cells []cell) (row []cell, bad *quoteError, more bool) {
	if t.text == "" {
		return cells, nil, false
	}
	for {
		c := cell{line: t.line, lastLine: t.line}
		if t.text != "" && t.text[0] == '"' {
			end, message := t.quoted(&c)
			if message != "" {
				bad = &quoteError{c.line, len(cells) + 1, message}
				t.cut(t.lineEnd())
				t.newline()
				return cells, bad, true
			}
			t.cut(end)
			t.line = c.lastLine
		} else {
			end := t.cellEnd()
			c.text = t.text[:end]
			t.cut(end)
		}
		cells = append(cells, c)
		if t.text == "" || t.text[0] != t.comma {
			t.newline()
			return cells, nil, true
		}
		t.cut(1)
	}
}

// quoted reads a quoted cell and returns where it ends with its closing quote and the
// spaces after it.
func (t *table) quoted(c *cell) (end int, message string) {
	at, doubled := 1, false
	for {
		i := strings.IndexByte(t.text[at:], '"')
		if i < 0 {
			return 0, "the quote that opens the cell is not closed"
		}
		at += i + 1
		if !strings.HasPrefix(t.text[at:], `"`) {
			break
		}
		at, doubled = at+1, true
	}
	c.text = t.text[1 : at-1]
	c.lastLine = c.line + breaks(c.text)
	if doubled {
		c.text = strings.ReplaceAll(c.text, `""`, `"`)
	}
	for at < len(t.text) && t.text[at] == ' ' {
		at++
	}
	if at < len(t.text) && t.text[at] != t.comma && t.text[at] != '\r' && t.text[at] != '\n' {
		if c.lastLine > c.line {
			return 0, "the quote that opens the cell is not closed on its line"
		}
		return 0, "text follows the closing quote of the cell: double the quotes inside of it"
	}
	return at, ""
}

func (t *table) cellEnd() int {
	for i := range len(t.text) {
		if b := t.text[i]; b == t.comma || b == '\n' || b == '\r' {
			return i
		}
	}
	return len(t.text)
}

func (t *table) lineEnd() int {
	if i := strings.IndexAny(t.text, "\r\n"); i >= 0 {
		return i
	}
	return len(t.text)
}

func (t *table) cut(n int) { t.text = t.text[n:] }

// newline goes past a line end, of which old Macs write the first half only.
func (t *table) newline() {
	if t.text == "" {
		return
	}
	t.line++
	if strings.HasPrefix(t.text, "\r\n") {
		t.cut(2)
	} else {
		t.cut(1)
	}
}

// breaks counts the line ends in s.
func breaks(s string) int {
	return strings.Count(s, "\n") + strings.Count(s, "\r") - strings.Count(s, "\r\n")
}
