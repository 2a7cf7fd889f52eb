package main

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/examples"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/hostiletext"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// What is taken must go out as it came in: nothing added, dropped or changed.
func FuzzReadModify(f *testing.F) {
	f.Add(examples.Modify)
	for _, seed := range []string{
		"", "{}", "[]", "null", `{"a":`, `{"post_payments":[{"amount":1,"amount":2}]}`, "{\"reason\":\"\xff\"}", `{"reason":"\ud800"}`,
		`{"sub_mchid":"1","post_payments":[],"total_amount":-0,"reason":""}`, `{"sub_mchid":"1","post_payments":[{"name":"x"}],"total_amount":9223372036854775807,"reason":"\u0000"}`,
		strings.Repeat(`{"device":`, 40), strings.Repeat("[", 10_001), `{"":{"":{"":1}}}`, "\ufeff{}", "{} {}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := decodeModify("fuzz.json", raw)
		if err != nil {
			if text := oneline.Escape(err.Error()); len(text) > 20_000 || !strings.HasPrefix(text, "fuzz.json: ") {
				t.Fatalf("%d bytes: %.200s", len(text), text)
			}
			return
		}
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeModify("again.json", encoded)
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, raw, encoded)
		}
		if !reflect.DeepEqual(normal(body), normal(again)) {
			t.Fatalf("%s\nbecame\n%s", raw, encoded)
		}
		var in, out any
		if json.Unmarshal(raw[bom(raw):], &in) != nil || json.Unmarshal(encoded, &out) != nil {
			t.Fatalf("not JSON:\n%s\n%s", raw, encoded)
		}
		if !reflect.DeepEqual(dropEmpty(in), dropEmpty(out)) {
			t.Fatalf("%s\nis sent as\n%s", raw, encoded)
		}
	})
}

func bom(raw []byte) int { return len(raw) - len(strings.TrimPrefix(string(raw), "\ufeff")) }

// normal makes empty lists and absent ones the same.
func normal(body payscore.ModifyPartnerServiceOrderRequest) payscore.ModifyPartnerServiceOrderRequest {
	if len(body.PostDiscounts) == 0 {
		body.PostDiscounts = nil
	}
	if len(body.PostPayments) == 0 {
		body.PostPayments = nil
	}
	return body
}

// dropEmpty leaves out empty lists, which the client does not send.
func dropEmpty(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	for name, value := range object {
		if list, ok := value.([]any); ok && len(list) == 0 {
			delete(object, name)
		}
	}
	return object
}

// Whatever the JSON of an error holds, explain tells or refuses it in lines
// that a terminal can show.
func FuzzExplain(f *testing.F) {
	f.Add(readFile(f, "testdata/sign_error.json"))
	f.Add([]byte(`{"status":502,"message":"\u001b[31m\n","detail":[{"field":"\u2028"}],"request_id":"x"}`))
	f.Add([]byte(`{"status":500,"code":"` + strings.Repeat("A费", 100) + `"}`))
	f.Add([]byte(`{"code":"ORDER_NOT_ EXIST","number":-1,"detail":{"sign_information":{"truncated_sign_message":"\n\n\n\n\n\u0000"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := decodeError("fuzz.json", raw)
		if err != nil {
			if text := err.Error(); !strings.HasPrefix(text, "fuzz.json: ") {
				t.Fatal(text)
			}
			return
		}
		x, err := explain(e, []byte("POST\n/v3/x\n1\nN\n\n"))
		if err != nil {
			return // not in the catalogue
		}
		var out strings.Builder
		s := streams{out: &out}
		s.explanation(x)
		for line := range strings.Lines(out.String()) {
			if width(strings.TrimSuffix(line, "\n")) > 80 {
				t.Fatalf("%q", line)
			}
		}
		var shown strings.Builder
		_, _ = oneline.NewWriter(&shown).Write([]byte(out.String())) // as run does
		if err := hostiletext.Check(shown.String()); err != nil {
			t.Fatal(err)
		}
	})
}

// What is shown of a message stands for one message only.
func FuzzVisible(f *testing.F) {
	f.Add("a\\n\n\t\r\x00\x1b\u2028\u00a0\ufeff\ufffd费\xff\xe8\\x41\\u{41}")
	f.Fuzz(func(t *testing.T, text string) {
		shown := visible(text)
		for _, r := range shown {
			if string(r) != oneline.Escape(string(r)) {
				t.Fatalf("%q is shown as %q", text, shown)
			}
		}
		var back strings.Builder
		for rest := shown; rest != ""; {
			if rest[0] != '\\' {
				back.WriteByte(rest[0])
				rest = rest[1:]
				continue
			}
			switch rest[1] {
			case 'x':
				n, err := strconv.ParseUint(rest[2:4], 16, 8)
				if err != nil {
					t.Fatal(err)
				}
				back.WriteByte(byte(n))
				rest = rest[4:]
			case 'u':
				digits, after, _ := strings.Cut(rest[3:], "}")
				n, err := strconv.ParseInt(digits, 16, 32)
				if err != nil {
					t.Fatal(err)
				}
				back.WriteRune(rune(n))
				rest = after
			default:
				back.WriteByte(map[byte]byte{'\\': '\\', 'n': '\n', 'r': '\r', 't': '\t'}[rest[1]])
				rest = rest[2:]
			}
		}
		if back.String() != text {
			t.Fatalf("%q is shown as %q, which reads %q", text, shown, back.String())
		}
	})
}
