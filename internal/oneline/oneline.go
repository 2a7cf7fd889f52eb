// Package oneline makes text of a server or a document fit for a line of an
// error, a log or a terminal.
//
// What a reader would not see, or what would make a terminal or a CI system act,
// is shown as JSON escapes it: \u001b for ESC, \u202e for a bidirectional
// override. So JSON that was escaped still says the same.
package oneline

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Escape returns s as one line of valid UTF-8 without control characters,
// format characters (bidirectional, zero-width) and line separators. It also
// breaks the commands that CI systems read in a log: "::" at the start and
// "##[" or "##vso[" anywhere.
func Escape(s string) string {
	if plain(s) {
		return s
	}
	escaped, _ := escape(s, len(s))
	return escaped
}

// Cut returns Escape(s), and "…" for what comes after most characters of s. An
// escape counts as one.
func Cut(s string, most int) string {
	if len(s) <= most && plain(s) {
		return s
	}
	escaped, whole := escape(s, most)
	if !whole {
		escaped += "…"
	}
	return escaped
}

// Quote returns s in quotes as Go writes it, after Cut to most characters.
func Quote(s string, most int) string {
	dots := ""
	if n := cutAt(s, most); n < len(s) {
		s, dots = s[:n], "…"
	}
	return Escape(strconv.Quote(s)) + dots
}

// Error returns the text of an error after Cut. nil has the text
// "unknown cause".
func Error(err error, most int) string {
	if err == nil {
		return "unknown cause"
	}
	return Cut(fmt.Sprint(err), most) // Sprint survives a nil pointer in err
}

// plain reports whether s is visible ASCII that no CI system takes for a command.
func plain(s string) bool {
	if strings.HasPrefix(s, ":") || strings.HasPrefix(s, " ") {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '#' {
			return false
		}
	}
	return true
}

// escape returns at most so many characters of s, escaped, and whether those
// are all.
func escape(s string, most int) (escaped string, whole bool) {
	end := cutAt(s, most)
	whole = end == len(s)
	s = s[:end]
	var b strings.Builder
	b.Grow(len(s))
	start := true // nothing but blanks so far
	for i, r := range s {
		switch {
		case r == ':' && start && strings.HasPrefix(s[i:], "::"), r == '#' && command(s[i:]):
			fmt.Fprintf(&b, `\u%04x`, r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case !hidden(r):
			b.WriteRune(r) // an invalid byte is U+FFFD here
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		start = start && unicode.IsSpace(r) && !hidden(r)
	}
	return b.String(), whole
}

// cutAt is where the first most characters of s end.
func cutAt(s string, most int) int {
	if len(s) <= most {
		return len(s)
	}
	n := 0
	for i := range s {
		if n == most {
			return i
		}
		n++
	}
	return len(s)
}

// command reports whether s starts with a command such as ##[error] or
// ##vso[task.complete], which Azure Pipelines, GitHub and TeamCity obey.
func command(s string) bool {
	rest, ok := strings.CutPrefix(s, "##")
	if !ok {
		return false
	}
	rest = strings.TrimLeftFunc(rest, func(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' })
	return strings.HasPrefix(rest, "[")
}

// hidden reports whether a character is not seen by itself, or is none. The
// variation selectors of text and emoji are left, they belong to ordinary emoji.
func hidden(r rune) bool {
	switch r {
	case ' ', '\ufe0e', '\ufe0f':
		return false
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800': // fillers, and a blank of Braille
		return true
	}
	return r < ' ' || r >= 0x7f && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point)
}
