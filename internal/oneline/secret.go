package oneline

import "strings"

// HoldsKey reports whether text has a PEM heading or so many characters of base64 in
// a row, white space not counted. Then it may be a key, and no error may show it.
func HoldsKey(text string, most int) bool {
	run := 0
	for i := range len(text) {
		switch c := text[i]; {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/', c == '=':
			if run++; run >= most {
				return true
			}
		case c == ' ', c == '\t', c == '\r', c == '\n', c == '\\':
		default:
			run = 0
		}
	}
	return strings.Contains(text, "-----BEGIN")
}
