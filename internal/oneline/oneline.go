// Package oneline makes text from the network fit for one line of an error or
// a log.
package oneline

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Cut puts a space for each control character and line separator of s, so that
// nobody can forge a line of a log, and cuts s after most characters.
func Cut(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return s
}
