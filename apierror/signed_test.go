package apierror_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
)

// refusedSignature is the answer of a server that saw message and shows the
// first bytes of it.
func refusedSignature(t testing.TB, message string, shown int) *apierror.Error {
	t.Helper()
	lines := strings.SplitN(message+"\n\n", "\n", 3)
	detail, err := json.Marshal(map[string]any{"field": "signature", "sign_information": map[string]any{
		"method": lines[0], "url": lines[1],
		"truncated_sign_message": message[:min(shown, len(message))], "sign_message_length": len(message),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return &apierror.Error{Status: 401, Code: "SIGN_ERROR", Detail: detail}
}

func TestDiffSigned(t *testing.T) {
	const head = "POST\n/v3/payscore/partner/serviceorder/A%7CB/modify\n1750000000\n593BEC0C930BF1AFEB40B4A08C8FB240\n"
	const body = `{"sub_mchid":"1900000109","total_amount":40000,"reason":"用户投诉"}`
	const seen = head + body + "\n"
	const get = "GET\n/v3/x?a=1&b=%E8%AE%A2\n1750000000\nNONCE\n\n"
	replace := func(s, from, to string) string {
		if !strings.Contains(s, from) {
			t.Fatalf("%q is not in %q", from, s)
		}
		return strings.Replace(s, from, to, 1)
	}
	const lacks = "the message that you signed lacks the line feed at its end"
	const key = "the key may not be the one of the serial_no"
	for _, tc := range []struct {
		name, seen, signed string
		shown              int
		want               string
	}{
		{"method", seen, replace(seen, "POST", "GET"), 256, `line 1, the method: from byte 1 the server saw "POST" where you signed "GET"`},
		{"method in lower case", seen, replace(seen, "POST", "post"), 256, `the server saw "POST" where you signed "post"`},
		{"escaped in one place only", seen, replace(seen, "%7C", "|"), 256, "line 2, the URL: escaping: the server saw %7C where you signed |"},
		{"not escaped", replace(seen, "%7C", "|"), seen, 256, "the server saw | where you signed %7C"},
		{"escaped in lower case", get, replace(get, "%E8", "%e8"), 256, "the server saw %E8 where you signed %e8"},
		{"Chinese not escaped", get, replace(get, "%E8%AE%A2", "订"), 256, "the server saw %E8 where you signed 订"},
		{"host signed", seen, replace(seen, "/v3", "https://api.mch.weixin.qq.com/v3"), 256, "you signed scheme and host too"},
		{"another order number", seen, replace(seen, "A%7CB", "A%7CC"), 256, `line 2, the URL: from byte 39 the server saw "B/modify" where you signed "C/modify"`},
		{"query left out", get, replace(get, "?a=1&b=%E8%AE%A2", ""), 256, "you left out the query"},
		{"query signed and not sent", replace(get, "?a=1&b=%E8%AE%A2", ""), get, 256, "you signed a query, but the server saw none"},
		{"query in another order", get, replace(get, "a=1&b=%E8%AE%A2", "b=%E8%AE%A2&a=1"), 256, "the parameters of the query are in another order"},
		{"timestamp", seen, replace(seen, "1750000000", "1750000001"), 256, `line 3, the timestamp: from byte 10 the server saw "0" where you signed "1"`},
		{"timestamp in milliseconds", seen, replace(seen, "1750000000", "1750000000000"), 256, `the server saw its end where you signed "000"`},
		{"nonce", seen, replace(seen, "593BEC", "693BEC"), 256, `line 4, the nonce: from byte 1 the server saw "593BEC0C" where you signed "693BEC0C"`},
		{"body", seen, replace(seen, "40000", "39900"), 256, `line 5, the body: from byte 42 the server saw "40000,\"r" where you signed "39900,\"r"`},
		{"body in mid-character", seen, replace(seen, "用户", "甩户"), 256, `line 5, the body: from byte 58 the server saw "用户`},
		{"no body", seen, head + "\n", 256, `line 5, the body: from byte 1 the server saw "{\"sub_mc" where you signed "\n"`},

		{"no LF at the end", seen, strings.TrimSuffix(seen, "\n"), 256, lacks},
		{"no LF at the end of a message without body", get, strings.TrimSuffix(get, "\n"), 256, lacks},
		{"no line for the body", get, strings.TrimSuffix(get, "\n\n"), 256, "ends before line 5, the body"},
		{"one LF too many", seen, seen + "\n", 256, "one line feed too many"},
		{"no LF at the end, cut before it", seen, strings.TrimSuffix(seen, "\n"), 60, "one byte shorter than what the server saw: it may lack the line feed"},
		{"one LF too many, cut before it", seen, seen + "\n", 60, "one byte longer"},
		{"body longer, cut before it", seen, replace(seen, "40000", "40000000"), 60, "the body: you signed 3 bytes more than the server saw"},
		{"body shorter, cut before it", seen, replace(seen, "40000", "400"), 60, "the body: you signed 2 bytes less than the server saw"},
		{"body of the same length, cut before it", seen, replace(seen, "40000", "39900"), 60, key},
		{"CR LF", seen, strings.ReplaceAll(seen, "\n", "\r\n"), 256, "CR LF where LF is wanted"},
		{"escapes not read", seen, strings.ReplaceAll(seen, "\n", `\n`), 256, "a backslash and an n"},

		{"equal", seen, seen, 256, "the message has the length that the server saw, and what the server shows of the message is equal: " + key},
		{"equal, cut", seen, seen, 60, key},
		{"equal, cut in the URL", seen, seen, 20, key},
		{"nothing shown, equal", seen, seen, 0, key},
		{"nothing shown, other method", seen, replace(seen, "POST", "GET"), 0, "line 1, the method"},
		{"nothing shown, other URL", seen, replace(seen, "modify", "pay"), 0, "line 2, the URL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := refusedSignature(t, tc.seen, tc.shown).DiffSigned([]byte(tc.signed))
			if !strings.Contains(got, tc.want) {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if !isLine(got) || strings.Contains(got, "sub_mchid") || strings.Contains(got, "total_amount") {
				t.Errorf("not one line, or too much of the body: %q", got)
			}
		})
	}

	if got := (&apierror.Error{Code: "SIGN_ERROR"}).DiffSigned([]byte(seen)); got != "" {
		t.Errorf("without sign_information: %q", got)
	}
	dots := &apierror.Error{Detail: []byte(`{"sign_information":{"truncated_sign_message":"POST\n/v3/pays...","sign_message_length":` + "167" + `}}`)}
	if got := dots.DiffSigned([]byte(seen)); strings.Contains(got, "line 2") {
		t.Errorf("dots for the rest are taken for a difference: %s", got)
	}
}

// FuzzDetail reads whatever a network may send, against whatever was signed.
func FuzzDetail(f *testing.F) {
	f.Add([]byte(`{"sign_information":{"method":"GET","url":"/a|%7","truncated_sign_message":"GET\n/%7C?b&a\n1\n2\n{","sign_message_length":14}}`), []byte("GET\n/|?a&b\n1\n2\n\n"))
	f.Add([]byte(`{"sign_information":{"url":"/%7C"}}`), []byte("\n/|"))
	f.Add([]byte(`[{"detail":{"sign_information":{"truncated_sign_message":"\n\n\n\n\n"}}}]`), []byte("\xff\n\n\n\n\xe8"))
	f.Add([]byte(`"x"`), []byte(nil))
	f.Fuzz(func(t *testing.T, detail, signed []byte) {
		e := &apierror.Error{Status: 401, Detail: detail}
		e.DetailFields()
		seen, ok := e.SignInformation()
		diff := e.DiffSigned(signed)
		if ok != (diff != "") || !isLine(diff) || len(diff) > 1300 {
			t.Errorf("%+v: %q", seen, diff)
		}
		// What was signed is what was seen: then there is no difference to name.
		if n := len(seen.TruncatedMessage); n > 0 && seen.MessageLength == n && !strings.Contains(seen.TruncatedMessage, "\r") &&
			strings.Count(seen.TruncatedMessage, "\n") >= 4 && !strings.Contains(e.DiffSigned([]byte(seen.TruncatedMessage)), "may not be the one") {
			t.Errorf("%q differs from itself: %s", seen.TruncatedMessage, e.DiffSigned([]byte(seen.TruncatedMessage)))
		}
	})
}
