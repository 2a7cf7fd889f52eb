package sandbox_test

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/limit"
)

var textRow = regexp.MustCompile("^\\| .+ \\| `([^`]+)` \\| (sent|发送|(?:not sent, |不发送，)`(\\w+)`) \\| (taken|接受|400 `(\\w+)`) \\|$")

// textTable is the table of a page, by the bytes or the escape.
func textTable(t *testing.T, page string) map[string][2]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	table := map[string][2]string{}
	for line := range strings.Lines(string(text)) {
		if row := textRow.FindStringSubmatch(strings.TrimSpace(line)); row != nil {
			table[row[1]] = [2]string{row[3], row[5]}
		}
	}
	if rows := strings.Count(string(text), "\n| ") - 1; len(table) != rows || rows < 10 {
		t.Fatalf("%s: %d rows, %d of them understood", page, rows, len(table))
	}
	return table
}

// What docs/text.md says of a payment's name is so, in both languages.
func TestTextTable(t *testing.T) {
	table := textTable(t, "text.md")
	chinese := textTable(t, "text.zh-CN.md")
	if len(table) != len(chinese) {
		t.Errorf("%d rows in English, %d in Chinese", len(table), len(chinese))
	}
	for what, want := range table {
		t.Run(what, func(t *testing.T) {
			if chinese[what] != want {
				t.Errorf("the pages disagree: %v, %v", want, chinese[what])
			}
			raw, name := what, ""
			if escape, is := strings.CutPrefix(what, `\u`); is {
				// What Go makes of it that checks nothing: three bytes of a code point that is none.
				r := must(strconv.ParseUint(escape, 16, 16))
				name = string([]byte{0xE0 | byte(r>>12), 0x80 | byte(r>>6)&0x3F, 0x80 | byte(r)&0x3F})
			} else {
				name = string(must(hex.DecodeString(strings.ReplaceAll(what, " ", ""))))
				if raw = name; len(name) == 1 && name[0] < ' ' { // JSON has these escaped only
					raw = `\u00` + what
				}
			}
			b := newBox(t)
			b.seed(orderNo, 50000)
			body := modification(39900)
			body.PostPayments[0].Name = new("名" + name)
			sent := b.sent.Load()
			err := b.client.ModifyPartnerServiceOrder(t.Context(), orderNo, body)
			var findings limit.Findings
			switch {
			case want[0] == "":
				if err != nil {
					t.Errorf("the client: %v", err)
				}
			case !errors.Is(err, apierror.ErrNotSent) || !errors.As(err, &findings) || len(findings) != 1 || findings[0].Path != "$.post_payments[0].name" ||
				findings[0].Rule != want[0] || strings.Contains(err.Error(), name) || b.sent.Load() != sent:
				t.Errorf("the client: %v, want one finding of the rule %s", err, want[0])
			}
			body.PostPayments[0].Name = new("名@")
			body.TotalAmount, body.PostPayments[0].Amount = 39800, new(int64(39800))
			body.PostDiscounts = nil
			text := strings.Replace(asJSON(body), "名@", "名"+raw, 1)
			got := b.send("POST", modifyTarget, text)
			switch {
			case want[1] == "":
				if got.Status != 204 || *b.query(orderNo).PostPayments[0].Name != "名"+name {
					t.Errorf("the sandbox: %v %s, %q", &got.Error, got.Detail, *b.query(orderNo).PostPayments[0].Name)
				}
			case got.Status != 400 || got.Code != want[1] || placeOf(got.Detail) != (place{"body", "/post_payments/0/name"}):
				t.Errorf("the sandbox: %v %s, want %s", &got.Error, got.Detail, want[1])
			}
		})
	}
}

// The other places of a text.
func TestTextElsewhere(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	for target, want := range map[string]struct{ code, location, field string }{
		orders + "?out_order_no=" + orderNo + "&sub_mchid=%F0%9F%8D%9C":                                           {"PARAM_ERROR", "query", "sub_mchid"},
		orders + "?out_order_no=" + orderNo + "&sub_mchid=%B7%D1":                                                 {"INVALID_REQUEST", "query", "sub_mchid"},
		orders + "?out_order_no=" + orderNo + "&sub_mchid=a%00":                                                   {"PARAM_ERROR", "query", "sub_mchid"},
		"/v3/payscore/permissions/authorization-code/%F0%9F%8D%9C?service_id=1":                                   {"PARAM_ERROR", "path", "authorization_code"},
		"/v3/payscore/permissions/authorization-code/%B7%D1?service_id=1":                                         {"INVALID_REQUEST", "path", "authorization_code"},
		"/v3/payscore/permissions/authorization-code/%E5%AE%9E%E4%BE%8B1234323JKHDFE1243252?service_id=%E2%80%AE": {"PARAM_ERROR", "query", "service_id"}, // by its own pattern
	} {
		got := b.send("GET", target, "")
		if got.Status != 400 || got.Code != want.code || placeOf(got.Detail) != (place{want.location, want.field}) {
			t.Errorf("%s: %v %s", target, &got.Error, got.Detail)
		}
	}
	for body, want := range map[string]struct{ code, field string }{
		`{"echo_message":"a","more":["b",{"c":"\ud83c"}]}`:                   {"PARAM_ERROR", "/more/1/c"},
		`{"echo_message":"\udf5c\ud83c"}`:                                    {"PARAM_ERROR", "/echo_message"},
		`{"echo_message":"\ud83c\\udf5c"}`:                                   {"PARAM_ERROR", "/echo_message"},
		`{"echo_message":"\ud83c-\udf5c"}`:                                   {"PARAM_ERROR", "/echo_message"},
		`{"echo_message":"\uD83C\uDF5C"}`:                                    {"PARAM_ERROR", "/echo_message"}, // an emoji
		`{"echo_message":"\\ud83c \u5c31\u9910"}`:                            {},
		`{"echo_message":"a` + "\xb7\xd1" + `"}`:                             {"INVALID_REQUEST", "/echo_message"},
		"{\"echo_message\":\"a\xd5\x5c\"}":                                   {"INVALID_REQUEST", ""}, // GBK whose second byte escapes the end
		`{"echo_message":"a","more":["` + "\xb7" + `"]}`:                     {"INVALID_REQUEST", "/more/0"},
		`{"echo_message":"a","` + "\xb7" + `":1}`:                            {"INVALID_REQUEST", ""},
		strings.Repeat(`{"a":`, 500) + `"\ud83c"` + strings.Repeat("}", 500): {"PARAM_ERROR", "/echo_message"}, // which is missing
	} {
		got := b.send("POST", "/v3/security/echo", body)
		if want.code == "" {
			if got.Status != 200 {
				t.Errorf("%q: %v %s", body, &got.Error, got.Detail)
			}
			continue
		}
		if got.Status != 400 || got.Code != want.code || placeOf(got.Detail) != (place{"body", want.field}) {
			t.Errorf("%.80q: %v %s", body, &got.Error, got.Detail)
		}
	}
}
