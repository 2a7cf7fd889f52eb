package sandbox_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// encoder is how a JSON encoder of some language writes, by its published rules.
type encoder struct {
	comma, colon, indent string
	sorted, ascii, slash bool   // members by name; characters beyond ASCII and slashes escaped
	escapes, hex         string // of other characters
}

func (e encoder) encode(text []byte) []byte {
	var out bytes.Buffer
	e.value(&out, text, "\n")
	return out.Bytes()
}

func (e encoder) value(out *bytes.Buffer, text json.RawMessage, line string) {
	inner := line + e.indent
	item := func(i int) {
		if i > 0 {
			out.WriteString(cmp.Or(e.comma, ","))
		}
		if e.indent != "" {
			out.WriteString(inner)
		}
	}
	end := func(n int, brace byte) {
		if n > 0 && e.indent != "" {
			out.WriteString(line)
		}
		out.WriteByte(brace)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	switch token, _ := d.Token(); token {
	case json.Delim('{'):
		type member struct {
			name  string
			value json.RawMessage
		}
		var members []member
		for d.More() {
			name, _ := d.Token()
			m := member{name: name.(string)}
			_ = d.Decode(&m.value)
			members = append(members, m)
		}
		if e.sorted {
			slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
		}
		out.WriteByte('{')
		for i, m := range members {
			item(i)
			e.text(out, m.name)
			out.WriteString(cmp.Or(e.colon, ":"))
			e.value(out, m.value, inner)
		}
		end(len(members), '}')
	case json.Delim('['):
		var items []json.RawMessage
		_ = json.Unmarshal(text, &items)
		out.WriteByte('[')
		for i, v := range items {
			item(i)
			e.value(out, v, inner)
		}
		end(len(items), ']')
	default:
		if s, ok := token.(string); ok {
			e.text(out, s)
		} else {
			out.Write(text)
		}
	}
}

func (e encoder) text(out *bytes.Buffer, s string) {
	hex := cmp.Or(e.hex, `\u%04x`)
	out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"', r == '\\', r == '/' && e.slash:
			out.WriteString(`\` + string(r))
		case r == '\n':
			out.WriteString(`\n`)
		case r < ' ', strings.ContainsRune(e.escapes, r):
			_, _ = fmt.Fprintf(out, hex, r)
		case r > '~' && e.ascii:
			for _, unit := range utf16.AppendRune(nil, r) {
				_, _ = fmt.Fprintf(out, hex, unit)
			}
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
}

// reencodings are what frameworks do to a body between the wire and a handler.
func reencodings() map[string]func([]byte) []byte {
	all := map[string]func([]byte) []byte{
		"Go, a map": func(text []byte) []byte { return must(json.Marshal(must(decoded(string(text))))) },
		"Go, a map, no HTML escapes": func(text []byte) []byte {
			var out bytes.Buffer
			e := json.NewEncoder(&out)
			e.SetEscapeHTML(false)
			_ = e.Encode(must(decoded(string(text))))
			return bytes.TrimSpace(out.Bytes())
		},
		"Go, json.Compact": func(text []byte) []byte {
			var out bytes.Buffer
			_ = json.Compact(&out, text)
			return out.Bytes()
		},
		"Go, json.Indent": func(text []byte) []byte {
			var out bytes.Buffer
			_ = json.Indent(&out, text, "", "  ")
			return out.Bytes()
		},
		"JavaScript":             encoder{}.encode,
		"JavaScript, indented":   encoder{indent: "  ", colon: ": "}.encode,
		"Python, indented":       encoder{indent: "    ", colon: ": ", ascii: true}.encode,
		"PHP, pretty":            encoder{indent: "    ", colon: ": ", ascii: true, slash: true}.encode,
		"Java, Jackson":          encoder{}.encode,
		"Java, Jackson, sorted":  encoder{sorted: true}.encode,
		"Java, Gson":             encoder{escapes: `<>&='`}.encode,
		"Java, fastjson, ASCII":  encoder{ascii: true, hex: `\u%04X`}.encode,
		".NET, System.Text.Json": encoder{ascii: true, hex: `\u%04X`, escapes: `<>&'+`}.encode,
	}
	for _, sorted := range []bool{false, true} {
		for _, ascii := range []bool{false, true} {
			all[fmt.Sprintf("Python, sort_keys=%t, ensure_ascii=%t", sorted, ascii)] = encoder{sorted: sorted, ascii: ascii, comma: ", ", colon: ": "}.encode
			all[fmt.Sprintf("Python, compact, sort_keys=%t, ensure_ascii=%t", sorted, ascii)] = encoder{sorted: sorted, ascii: ascii}.encode
			for _, slash := range []bool{false, true} {
				all[fmt.Sprintf("PHP, ksort=%t, JSON_UNESCAPED_UNICODE=%t, JSON_UNESCAPED_SLASHES=%t", sorted, !ascii, !slash)] = encoder{sorted: sorted, ascii: ascii, slash: slash}.encode
			}
		}
	}
	return all
}

// A body that a framework has decoded and encoded again does not verify: what was
// signed is bytes. The decrypted resource is no encoder's text, either.
func TestNotificationsAreNoEncodersText(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.WithKeyMode(sandbox.KeyModePublicKey))
	in := newInbox(t, status(http.StatusNoContent))
	_, err := b.Seed("ORDER1", 50000, sandbox.SeedStage("CREATED"), sandbox.SeedNotifyURL(in.URL))
	b.ok(err)
	_, err = b.Seed("ORDER2", 50000, sandbox.SeedNotifyURL(in.URL))
	b.ok(err)
	for number, move := range map[string]string{"ORDER1": "confirm", "ORDER2": "user_pays"} {
		b.ok(b.Move(move, sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: number}))
	}
	b.Advance(0)
	verifier := b.Verifier()
	same := func(name, what string, was, is []byte) {
		t.Helper()
		if x, y := must(decoded(string(was))), must(decoded(string(is))); !reflect.DeepEqual(x, y) {
			t.Errorf("%s: %s means something else: %s", name, what, is)
		}
		if bytes.Equal(was, is) {
			t.Errorf("%s: %s is the same: %s", name, what, is)
		}
	}
	arrived := in.all()
	if len(arrived) != 2 {
		t.Fatalf("%d notifications", len(arrived))
	}
	for _, a := range arrived {
		body := []byte(a.body)
		b.ok(verifier.Verify(a.header, body))
		var envelope payscore.Notification
		b.ok(json.Unmarshal(body, &envelope))
		plain := b.resource(envelope)
		all := reencodings()
		all["Go, a struct"] = func([]byte) []byte { return must(json.Marshal(envelope)) }
		for name, encode := range all {
			again := encode(body)
			same(name, "the body", body, again)
			if verifier.Verify(a.header, again) == nil {
				t.Errorf("%s: it still verifies", name)
			}
			if name != "Go, a struct" {
				same(name, "the resource", plain, encode(plain))
			}
		}
		for _, written := range []string{`": `, `":`, `, "`, `,"`, `\u`} {
			if !strings.Contains(a.body, written) {
				t.Errorf("%s is not in %s", written, a.body)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

// resource decrypts what a notification tells.
func (b *box) resource(n payscore.Notification) []byte {
	b.t.Helper()
	r := n.Resource
	plain, err := auth.Decrypt(r.Nonce, *r.AssociatedData, r.Ciphertext, b.APIv3Key())
	b.ok(err)
	return plain
}
