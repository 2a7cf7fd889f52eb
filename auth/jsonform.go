package auth

import (
	"bytes"
	"slices"
)

// envelope has the fields of a notification in the order in which WeChat Pay
// writes them.
var envelope = []string{"id", "create_time", "resource_type", "event_type", "summary", "resource"}

// jsonForm is what one pass over a JSON text sees of the program that wrote it.
type jsonForm struct {
	tight, spaced bool // separators without and with one blank after them
	lines         bool // line ends
	blanks        bool // other blanks
	slash         bool // as it is
	escapedSlash  bool
	high          bool // characters above ASCII as they are
	escapedHigh   bool
	escapedEqual  bool // \u003d
	escapedPlus   bool // \u002B
	fields        int  // of the outer object that are in envelope
	outOfOrder    bool // those fields are not in their order
}

// writerOf says what writes JSON in the form of body, and is empty when it may as
// well be WeChat Pay's own: compact, its fields in their order, nothing escaped.
// otherLength says that it is certainly not the body that came over the wire.
func writerOf(body []byte, otherLength bool) string {
	f := formOfJSON(body)
	notification := f.fields == len(envelope)
	switch {
	case f.lines:
		return "with line ends and indentation"
	case f.blanks, f.spaced && f.tight:
		return "" // as no encoder writes it
	case f.spaced && f.escapedHigh && !f.high:
		return "as Python's json.dumps writes it"
	case f.spaced:
		return "with a blank after each comma and colon, as Python writes it"
	case f.escapedSlash && !f.slash:
		return "with \\/ for each slash, as PHP's json_encode writes it"
	case f.escapedEqual:
		return "with \\u003d, as Gson writes it"
	case f.escapedPlus:
		return "with \\u002B, as .NET's System.Text.Json writes it"
	case f.escapedHigh && !f.high:
		return "with all characters above ASCII escaped"
	case notification && f.outOfOrder:
		return "without any blank, and in another order than recorded notifications have, as programs write a map, a class or what had blanks before"
	case notification && otherLength:
		return "without any blank, as JSON.stringify and Jackson write it"
	}
	return ""
}

// formOfJSON does not check the syntax: what is no JSON has a form that says nothing.
func formOfJSON(body []byte) jsonForm {
	var f jsonForm
	depth, lastRank := 0, -1
	for i := 0; i < len(body); i++ {
		switch c := body[i]; c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '\n', '\r':
			f.lines = true
		case ' ', '\t':
			f.blanks = true // that of a separator was skipped below
		case ',', ':':
			if i+1 < len(body) && body[i+1] == ' ' {
				f.spaced = true
				i++
			} else {
				f.tight = true
			}
		case '"':
			end := f.text(body[i+1:])
			text := body[i+1 : i+1+end]
			i += end + 1
			if depth == 1 && i+1 < len(body) && body[i+1] == ':' {
				if rank := slices.Index(envelope, string(text)); rank >= 0 {
					f.fields++
					f.outOfOrder = f.outOfOrder || rank < lastRank
					lastRank = rank
				}
			}
		}
	}
	return f
}

// text looks at a text without its opening quote and returns where it ends.
func (f *jsonForm) text(s []byte) int {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i
		case c == '/':
			f.slash = true
		case c >= 0x80:
			f.high = true
		case c == '\\' && i+1 < len(s):
			i++
			switch rest := s[i:]; {
			case rest[0] == '/':
				f.escapedSlash = true
			case rest[0] != 'u' || len(rest) < 5:
			case bytes.Equal(rest[:5], []byte("u003d")):
				f.escapedEqual = true
			case bytes.Equal(rest[:5], []byte("u002B")):
				f.escapedPlus = true
			case rest[1] != '0' || rest[2] != '0' || rest[3] >= '8':
				f.escapedHigh = true
			}
		}
	}
	return len(s)
}
