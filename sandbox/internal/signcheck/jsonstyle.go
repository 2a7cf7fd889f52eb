package signcheck

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
)

// jsonStyle is how an encoder of JSON writes: a caller that encodes a body
// twice, to sign it and to send it, may well get two different texts.
type jsonStyle struct {
	comma, colon string // "," and ":" of the encoder
	indent       string
	escapes      string // characters that are escaped besides
	ascii        bool   // all but ASCII is escaped
	upper        bool   // escapes are in upper-case hex
	slash        bool   // the slash is escaped
}

// restyle writes a body anew with its members in their order. It returns nil
// for a body that is no JSON.
func (style jsonStyle) restyle(body []byte) []byte {
	if !json.Valid(body) {
		return nil
	}
	var (
		out   bytes.Buffer
		depth int
	)
	lineBreak := func() {
		if style.indent != "" {
			out.WriteString("\n" + strings.Repeat(style.indent, depth))
		}
	}
	for i := 0; i < len(body); i++ {
		if out.Len() > 8*len(body)+64 {
			return nil // deep indents would multiply the body
		}
		switch c := body[i]; c {
		case ' ', '\t', '\r', '\n':
		case '{', '[':
			out.WriteByte(c)
			if next := bytes.TrimLeft(body[i+1:], " \t\r\n"); next[0] == '}' || next[0] == ']' {
				out.WriteByte(next[0])
				i = len(body) - len(next)
				continue
			}
			depth++
			lineBreak()
		case '}', ']':
			depth--
			lineBreak()
			out.WriteByte(c)
		case ',':
			out.WriteString(style.comma)
			lineBreak()
		case ':':
			out.WriteString(style.colon)
		case '"':
			end := i + 1
			for body[end] != '"' {
				if body[end] == '\\' {
					end++
				}
				end++
			}
			var s string
			_ = json.Unmarshal(body[i:end+1], &s)
			style.quote(&out, s)
			i = end
		default:
			out.WriteByte(c)
		}
	}
	return out.Bytes()
}

func (style jsonStyle) quote(out *bytes.Buffer, s string) {
	hex := `\u%04x`
	if style.upper {
		hex = `\u%04X`
	}
	out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\' || r == '/' && style.slash:
			out.WriteByte('\\')
			out.WriteRune(r)
		case strings.ContainsRune("\b\f\n\r\t", r):
			out.WriteString(map[rune]string{'\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}[r])
		case r < ' ', strings.ContainsRune(style.escapes, r), style.ascii && r > '~' && r <= 0xFFFF:
			_, _ = fmt.Fprintf(out, hex, r)
		case style.ascii && r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			_, _ = fmt.Fprintf(out, hex+hex, high, low)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
}

// sortKeys writes a body anew with its members by name, as an encoder of maps
// does. It returns nil for a body that is no JSON.
func sortKeys(body []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	sorted, _ := json.Marshal(v)
	return sorted
}
