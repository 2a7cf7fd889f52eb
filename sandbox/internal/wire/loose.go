package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// loose writes JSON of encoding/json anew, with the same meaning and as no encoder
// writes it: members backwards, a space after every other colon and comma, and every
// other slash and character beyond ASCII escaped. A receiver that verifies what it
// has decoded and encoded again then fails here, as it does in production.
func loose(text []byte) []byte {
	var w looseWriter
	w.value(text)
	return w.out.Bytes()
}

type looseWriter struct {
	out    bytes.Buffer
	turned map[rune]bool // what was written in the rarer way the last time
}

// turn reports whether it is the turn of the rarer way to write c. The first one is.
func (w *looseWriter) turn(c rune) bool {
	if w.turned == nil {
		w.turned = map[rune]bool{}
	}
	w.turned[c] = !w.turned[c]
	return w.turned[c]
}

func (w *looseWriter) value(text json.RawMessage) {
	switch text[0] {
	case '{':
		w.out.WriteByte('{')
		for i, m := range slices.Backward(membersOf(text)) {
			w.text(m.name)
			w.mark(':')
			w.value(m.value)
			if i > 0 {
				w.mark(',')
			}
		}
		w.out.WriteByte('}')
	case '[':
		var items []json.RawMessage
		_ = json.Unmarshal(text, &items)
		w.out.WriteByte('[')
		for i, item := range items {
			if i > 0 {
				w.mark(',')
			}
			w.value(item)
		}
		w.out.WriteByte(']')
	case '"':
		var s string
		_ = json.Unmarshal(text, &s)
		w.text(s)
	default:
		w.out.Write(text)
	}
}

// mark writes a colon or a comma.
func (w *looseWriter) mark(c rune) {
	w.out.WriteRune(c)
	if w.turn(c) {
		w.out.WriteByte(' ')
	}
}

func (w *looseWriter) text(s string) {
	const beyondASCII = '中' // they take turns with one another
	w.out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"', r == '\\', r == '/' && w.turn('/'):
			w.out.WriteByte('\\')
			w.out.WriteRune(r)
		case r < ' ', r > '~' && r <= 0xFFFF && w.turn(beyondASCII):
			_, _ = fmt.Fprintf(&w.out, `\u%04x`, r)
		default:
			w.out.WriteRune(r)
		}
	}
	w.out.WriteByte('"')
}

type member struct {
	name  string
	value json.RawMessage
}

// membersOf returns the members of an object in their order.
func membersOf(object json.RawMessage) (all []member) {
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // the brace
	for d.More() {
		name, _ := d.Token()
		m := member{name: name.(string)}
		_ = d.Decode(&m.value)
		all = append(all, m)
	}
	return all
}
