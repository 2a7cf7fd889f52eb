package apierror_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
)

const (
	modifyPath = "/v3/payscore/partner/serviceorder/A%7CB/modify"
	requestID  = "08F78BD3A0061030181120A0A72A28B6A702-271316657"
)

// answer is a response to a modify call.
// verified is the body of an answer whose signature was right.
type verified struct{ io.ReadCloser }

func (verified) Verified() bool { return true }

func answer(status int, requestID string) *http.Response {
	rsp := &http.Response{StatusCode: status, Header: http.Header{}, Body: verified{http.NoBody}, Request: &http.Request{
		Method: http.MethodPost,
		URL:    &url.URL{Scheme: "https", Host: "api.example.com", Path: "/v3/payscore/partner/serviceorder/A|B/modify", RawQuery: "MARKER-secret=1"},
		Header: http.Header{"Authorization": {"WECHATPAY2-SHA256-RSA2048 MARKER-secret"}},
	}}
	if requestID != "" {
		rsp.Header.Set("Request-ID", requestID)
	}
	return rsp
}

// isLine reports whether text is fit for one line of a log.
func isLine(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}

func TestNew(t *testing.T) {
	const call = "POST " + modifyPath + ": "
	const unknown = ": outcome unknown, query before anything else"
	for _, tc := range []struct {
		name, body            string
		status                int
		code, message, detail string
		text                  string
	}{
		{"documented", `{"code":"PARAM_ERROR","message":"最终总金额计算非法"}`, 400,
			"PARAM_ERROR", "最终总金额计算非法", "",
			call + "400 PARAM_ERROR: 最终总金额计算非法"},
		{"with detail", `{"code":"PARAM_ERROR","message":"m","detail":{"field":"/reason","value":"","issue":"minLength","location":"body"}}`, 400,
			"PARAM_ERROR", "m", `{"field":"/reason","value":"","issue":"minLength","location":"body"}`,
			call + "400 PARAM_ERROR: m"},
		{"detail is a text", `{"code":"A","message":"m","detail":"see the page"}`, 400,
			"A", "m", `"see the page"`, call + "400 A: m"},
		{"detail is a list", `{"code":"A","message":"m","detail":[1,{}]}`, 400,
			"A", "m", `[1,{}]`, call + "400 A: m"},
		{"detail is null", `{"code":"A","message":"m","detail":null}`, 400,
			"A", "m", "", call + "400 A: m"},
		{"nested detail of SIGN_ERROR", `{"code":"SIGN_ERROR","message":"m","detail":{"detail":{"issue":"sign not match"},"field":"signature","location":"authorization","sign_information":{"method":"POST","truncated_sign_message":"POST\n/v3\n"}}}`, 401,
			"SIGN_ERROR", "m", `{"detail":{"issue":"sign not match"},"field":"signature","location":"authorization","sign_information":{"method":"POST","truncated_sign_message":"POST\n/v3\n"}}`,
			call + "401 SIGN_ERROR: m"},
		{"other members", `{"code":"A","message":"m","hint":{"x":1},"code2":"B"}`, 400,
			"A", "m", "", call + "400 A: m"},
		{"code only", `{"code":"NO_AUTH"}`, 403, "NO_AUTH", "", "", call + "403 NO_AUTH"},
		{"message only", `{"message":"m"}`, 403, "", "m", "", call + "403: m"},
		{"empty object", `{}`, 404, "", "", "", call + "404 Not Found"},
		{"space around", " \r\n{\"code\":\"A\",\"message\":\"m\"}\n ", 400, "A", "m", "", call + "400 A: m"},
		{"escapes", `{"code":"A","message":"\u6700\"\\"}`, 400, "A", `最"\`, "", call + `400 A: 最"\`},

		{"code is a number", `{"code":268435464,"message":"m"}`, 400, "268435464", "m", "", call + "400 268435464: m"},
		{"code is an object", `{"code":{"a":1},"message":"m"}`, 400, `{"a":1}`, "m", "", call + `400 {"a":1}: m`},
		{"code is null", `{"code":null,"message":"m"}`, 400, "", "m", "", call + "400: m"},
		{"code is true", `{"code":true,"message":"m"}`, 400, "true", "m", "", call + "400 true: m"},
		{"message is a list", `{"code":"A","message":[1,
2]}`, 400, "A", "[1,\n2]", "", call + `400 A: [1,\n2]`},

		{"page of a gateway", "<html>\n<h1>502 Bad Gateway</h1>\n</html>", 502, "", "", "", call + "502 Bad Gateway" + unknown},
		{"empty", "", 503, "", "", "", call + "503 Service Unavailable" + unknown},
		{"cut short", `{"code":"SYSTEM_ERROR","mess`, 500, "", "", "", call + "500 Internal Server Error" + unknown},
		{"list", `[{"code":"A"}]`, 400, "", "", "", call + "400 Bad Request"},
		{"null", `null`, 400, "", "", "", call + "400 Bad Request"},
		{"text", `"PARAM_ERROR"`, 400, "", "", "", call + "400 Bad Request"},
		{"two documents", `{"code":"A"}{"code":"B"}`, 400, "", "", "", call + "400 Bad Request"},
		{"deep", strings.Repeat(`{"code":`, 20000), 400, "", "", "", call + "400 Bad Request"},
		{"a status without a name", "", 599, "", "", "", call + "599" + unknown},
		{"received, not done", `{"code":"A","message":"m"}`, 202, "A", "m", "", call + "202 A: m" + unknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := apierror.New(answer(tc.status, ""), []byte(tc.body))
			want := &apierror.Error{Code: tc.code, Message: tc.message, Status: tc.status, Method: "POST", Path: modifyPath, Verified: true}
			if tc.detail != "" {
				want.Detail = json.RawMessage(tc.detail)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if got.Error() != tc.text {
				t.Errorf("got  %s\nwant %s", got.Error(), tc.text)
			}
		})
	}
}

func TestRequestID(t *testing.T) {
	for _, tc := range []struct {
		name, id string
		number   int64
		text     string // after status and code
	}{
		{"with a number", requestID, 271316657, " (number 271316657) request id " + requestID},
		{"success", "08F7-0", 0, " request id 08F7-0"},
		{"no dash", "271316657", 0, " request id 271316657"},
		{"only a dash", "-", 0, " request id -"},
		{"only a dash and a number", "-5", 5, " (number 5) request id -5"},
		{"dash at the end", "08F7-", 0, " request id 08F7-"},
		{"two dashes", "08F7-12-271316657", 271316657, " (number 271316657) request id 08F7-12-271316657"},
		{"looks negative", "08F7--271316657", 271316657, " (number 271316657) request id 08F7--271316657"},
		{"plus sign", "08F7-+5", 0, " request id 08F7-+5"},
		{"letters", "08F7-27131A", 0, " request id 08F7-27131A"},
		{"underscore", "08F7-1_000", 0, " request id 08F7-1_000"},
		{"space", "08F7- 5", 0, " request id 08F7- 5"},
		{"leading zeros", "08F7-007", 7, " (number 7) request id 08F7-007"},
		{"the largest", "08F7-9223372036854775807", 9223372036854775807, " (number 9223372036854775807) request id 08F7-9223372036854775807"},
		{"overflow", "08F7-9223372036854775808", 0, " request id 08F7-9223372036854775808"},
		{"far over", "08F7-" + strings.Repeat("9", 40), 0, " request id 08F7-" + strings.Repeat("9", 40)},
		{"digits of another script", "08F7-２７", 0, " request id 08F7-２７"},
		{"none", "", 0, ""},
		{"endless", strings.Repeat("A", 1000), 0, " request id " + strings.Repeat("A", 128) + "…"},
		{"bad bytes", "08\xff\x01-5", 5, " (number 5) request id 08�\\u0001-5"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := apierror.New(answer(400, tc.id), []byte(`{"code":"A"}`))
			if got.RequestID != tc.id || got.Number != tc.number {
				t.Errorf("got id %q number %d, want %q and %d", got.RequestID, got.Number, tc.id, tc.number)
			}
			if want := "POST " + modifyPath + ": 400 A" + tc.text; got.Error() != want {
				t.Errorf("got  %s\nwant %s", got.Error(), want)
			}
		})
	}
}

// net/http leaves the request out of responses that it did not make.
func TestWithoutRequest(t *testing.T) {
	rsp := &http.Response{StatusCode: 500}
	if got, want := apierror.New(rsp, nil).Error(), "500 Internal Server Error: outcome unknown, query before anything else"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	rsp = &http.Response{StatusCode: 200}
	if got, want := apierror.Undecodable(rsp, io.ErrUnexpectedEOF).Error(), "body of the 200 answer: unexpected EOF: outcome unknown, query before anything else"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (&apierror.Error{Verified: true}).Error(), "0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErrorIsOneLine(t *testing.T) {
	for _, tc := range []struct{ name, message, want string }{
		{"line feed", "a\nb", `a\nb`},
		{"CR LF", "a\r\nb", `a\r\nb`},
		{"tab and NUL", "a\t\x00b", `a\t\u0000b`},
		{"escape sequence of a terminal", "\x1b[31mred", `\u001b[31mred`},
		{"DEL", "a\x7fb", `a\u007fb`},
		{"next line", "a\u0085b", `a\u0085b`},
		{"line separator", "a\u2028b", `a\u2028b`},
		{"paragraph separator", "a\u2029b", `a\u2029b`},
		{"the limit", strings.Repeat("错", 200), strings.Repeat("错", 200)},
		{"over the limit", strings.Repeat("错", 201), strings.Repeat("错", 200) + "…"},
		{"huge", strings.Repeat("错误\n", 1<<18), strings.Repeat(`错误\n`, 66) + "错误…"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body, err := json.Marshal(map[string]string{"code": "A\nB", "message": tc.message})
			if err != nil {
				t.Fatal(err)
			}
			got := apierror.New(answer(400, "id\n-5"), body)
			if got.Message != tc.message {
				t.Errorf("Message is changed: %q", got.Message)
			}
			if want := "POST " + modifyPath + `: 400 A\nB: ` + tc.want + ` (number 5) request id id\n-5`; got.Error() != want {
				t.Errorf("got  %q\nwant %q", got.Error(), want)
			}
		})
	}
	long := apierror.New(answer(400, ""), fmt.Appendf(nil, `{"code":"%s"}`, strings.Repeat("C", 1000)))
	if want := "POST " + modifyPath + ": 400 " + strings.Repeat("C", 64) + "…"; long.Error() != want {
		t.Errorf("got  %q\nwant %q", long.Error(), want)
	}
}

func TestOutcomeUnknown(t *testing.T) {
	for status, want := range map[int]bool{
		500: true, 502: true, 503: true, 504: true, 599: true,
		200: true, 201: true, 202: true, 204: true,
		301: false, 302: false, 307: false,
		400: false, 401: false, 403: false, 404: false, 409: false, 429: false,
	} {
		err := error(apierror.New(answer(status, requestID), nil))
		for _, err := range []error{err, fmt.Errorf("modify: %w", err), errors.Join(io.EOF, err)} {
			if got := errors.Is(err, apierror.ErrOutcomeUnknown); got != want {
				t.Errorf("%d: errors.Is(%v, ErrOutcomeUnknown) = %t, want %t", status, err, got, want)
			}
		}
		if strings.Contains(err.Error(), "outcome unknown") != want {
			t.Errorf("%d: %q does not fit to errors.Is", status, err)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, uncomparable{}) {
			t.Errorf("%d: is an error that it is not", status)
		}
	}
}

// A query has no outcome to be unknown. What it answered is at hand, and in no text.
func TestUndecodableQuery(t *testing.T) {
	rsp := answer(200, "08F7-0")
	rsp.Request.Method = "GET"
	for _, err := range []*apierror.UndecodableError{apierror.Undecodable(rsp, io.ErrUnexpectedEOF), apierror.Undecodable(rsp, &apierror.MismatchError{Field: "out_order_no"})} {
		err.Body, err.Partial = []byte("MARKER"), "MARKER"
		if errors.Is(err, apierror.ErrOutcomeUnknown) || !errors.Is(err, err.Err) || strings.Contains(err.Error(), apierror.ErrOutcomeUnknown.Error()) {
			t.Errorf("%v: outcome unknown, or not its cause", err)
		}
		encoded, _ := json.Marshal(err)
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "error", err)
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "error", err)
		for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q", err, err, err, err, err), string(encoded), log.String()} {
			if strings.Contains(text, "MARKER") || strings.Contains(text, "77, 65") {
				t.Errorf("%s", text)
			}
		}
	}
	for _, err := range []*apierror.MismatchError{{}, {Field: "a\nb"}, {Field: strings.Repeat("x", 1000), Missing: true}} {
		if !isLine(err.Error()) || len(err.Error()) > 200 {
			t.Errorf("%q", err)
		}
	}
}

type uncomparable []int

func (uncomparable) Error() string { return "" }

func TestUndecodable(t *testing.T) {
	var order struct {
		Amount int64 `json:"total_amount"`
	}
	cause := json.Unmarshal([]byte(`{"total_amount":"39900"}`), &order)
	err := apierror.Undecodable(answer(200, "08F7\n-0"), cause)
	if err.Status != 200 || err.Method != "POST" || err.Path != modifyPath || err.RequestID != "08F7\n-0" || err.Err != cause {
		t.Errorf("got %+v", err)
	}
	for _, err := range []error{err, fmt.Errorf("query: %w", err)} {
		var undecodable *apierror.UndecodableError
		var typ *json.UnmarshalTypeError
		var refused *apierror.Error
		if !errors.As(err, &undecodable) || !errors.As(err, &typ) || !errors.Is(err, apierror.ErrOutcomeUnknown) {
			t.Errorf("%v: not undecodable, not its cause or not ErrOutcomeUnknown", err)
		}
		if errors.As(err, &refused) {
			t.Errorf("%v: is a refusal", err)
		}
	}
	if text := err.Error(); !isLine(text) || !strings.HasPrefix(text, "POST "+modifyPath+": body of the 200 answer: json: cannot unmarshal string") ||
		!strings.HasSuffix(text, `request id 08F7\n-0: outcome unknown, query before anything else`) {
		t.Errorf("got %q", text)
	}

	// encoding/json quotes the number that does not fit, be it a megabyte long.
	cause = json.Unmarshal([]byte(`{"total_amount":1.`+strings.Repeat("5", 1<<20)+`}`), &order)
	if text := apierror.Undecodable(answer(200, ""), cause).Error(); len(text) > 500 {
		t.Errorf("%d bytes of error text", len(text))
	}
	if text := apierror.Undecodable(answer(200, ""), errors.New("a\nb")).Error(); !isLine(text) {
		t.Errorf("not one line: %q", text)
	}
	if text := apierror.Undecodable(answer(200, ""), nil).Error(); !isLine(text) {
		t.Errorf("not one line: %q", text)
	}
}

func TestWireForm(t *testing.T) {
	for _, wire := range []string{
		`{"code":"PARAM_ERROR","message":"参数超出取值范围","detail":{"field":"/reason","value":"","issue":"minLength","location":"body"}}`,
		`{"code":"PARAM_ERROR","message":"m","detail":"text"}`,
		`{"code":"NO_AUTH","message":"商户暂无权限使用此服务"}`,
		`{"code":"","message":""}`,
	} {
		got := apierror.New(answer(400, requestID), []byte(wire))
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if string(b) != wire {
			t.Errorf("got  %s\nwant %s", b, wire)
		}
		var back apierror.Error
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		want := apierror.Error{Code: got.Code, Message: got.Message, Detail: got.Detail}
		if !reflect.DeepEqual(back, want) {
			t.Errorf("got %+v, want %+v", back, want)
		}
	}
}

// The four below are defects seen in other clients of the same API.

func TestPeerDefectPanicWhenCodeIsNoString(t *testing.T) {
	for _, code := range []string{`1`, `1e999`, `{}`, `[]`, `null`, `false`, `[["A"]]`} {
		got := apierror.New(answer(400, ""), []byte(`{"code":`+code+`,"message":`+code+`,"detail":`+code+`}`))
		if got.Status != 400 || !isLine(got.Error()) {
			t.Errorf("code %s: %q", code, got)
		}
	}
}

func TestPeerDefectWrappedErrorNotRecognised(t *testing.T) {
	err := fmt.Errorf("job 7: %w", errors.Join(errors.New("other"),
		fmt.Errorf("modify: %w", apierror.New(answer(400, requestID), []byte(`{"code":"ORDER_DONE"}`)))))
	var refused *apierror.Error
	if !errors.As(err, &refused) {
		t.Fatalf("%v: not recognised", err)
	}
	if refused.Code != "ORDER_DONE" || refused.Number != 271316657 {
		t.Errorf("got %+v", refused)
	}
}

func TestPeerDefectManyLinesWithHeaders(t *testing.T) {
	rsp := answer(400, requestID)
	rsp.Header.Set("Wechatpay-Signature", "MARKER-secret-signature")
	text := apierror.New(rsp, []byte("{\"code\":\"A\",\"message\":\"m\",\n\"detail\":{\"value\":\"MARKER-secret-value\"},\"other\":\"MARKER-secret-other\"}")).Error()
	t.Log(text) // internal/leaks reads it, too
	if !isLine(text) {
		t.Errorf("not one line: %q", text)
	}
	for _, word := range []string{"secret", "WECHATPAY2", "api.example.com", "Request-Id:"} {
		if strings.Contains(text, word) {
			t.Errorf("%q stands in %q", word, text)
		}
	}
}

func TestPeerDefectGatewayPageIsNoError(t *testing.T) {
	err := error(apierror.New(answer(502, ""), []byte("<html>MARKER secret</html>")))
	var refused *apierror.Error
	if !errors.As(err, &refused) || refused.Status != 502 || refused.Code != "" {
		t.Errorf("got %#v", err)
	}
	if !errors.Is(err, apierror.ErrOutcomeUnknown) {
		t.Error("a gateway's page leaves the outcome open")
	}
	if strings.Contains(fmt.Sprintf("%+v", err), "html") {
		t.Errorf("the page is kept: %+v", err)
	}
}

// FuzzNew reads whatever a network may send.
func FuzzNew(f *testing.F) {
	f.Add(400, requestID, "/v3/payscore/partner/serviceorder/A|B/modify", []byte(`{"code":"PARAM_ERROR","message":"错误","detail":{"field":"/reason"}}`))
	f.Add(502, "", "", []byte("<html>\n</html>"))
	f.Add(200, "-", "\n\u2028", []byte(`{"code":{"a":"\u2028"},"message":1e999,"detail":null}`))
	f.Add(-1, "--9223372036854775808", "%", []byte(`null`))
	f.Fuzz(func(t *testing.T, status int, requestID, path string, body []byte) {
		rsp := answer(status, "")
		rsp.Header["Request-Id"] = []string{requestID}
		rsp.Request.URL.Path = path
		got := apierror.New(rsp, body)
		if got.Status != status || got.RequestID != requestID || got.Number < 0 {
			t.Errorf("got %+v", got)
		}
		text := got.Error()
		if !isLine(text) {
			t.Errorf("not one line: %q", text)
		}
		if most := 1200 + len(got.Path)*3; len(text) > most {
			t.Errorf("%d bytes of error text", len(text))
		}
		if unknown := status >= 500 || 200 <= status && status < 300; errors.Is(got, apierror.ErrOutcomeUnknown) != unknown {
			t.Errorf("status %d: outcome unknown is not %t", status, unknown)
		}
		var object map[string]any
		numbers := json.NewDecoder(bytes.NewReader(body))
		numbers.UseNumber()
		if !json.Valid(body) || numbers.Decode(&object) != nil {
			object = nil
		}
		if code, ok := object["code"].(string); (ok || object["code"] == nil) && got.Code != code {
			t.Errorf("code %q, want %q", got.Code, code)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Errorf("the wire form: %v", err)
		}
		if text := apierror.Undecodable(rsp, errors.New(string(body))).Error(); !isLine(text) {
			t.Errorf("not one line: %q", text)
		}
	})
}

// A refusal is WeChat Pay's own when it verified. Of those that come unsigned
// one alone is known, and a query has no outcome at all.
func TestWhoseRefusal(t *testing.T) {
	for _, code := range append(catalog.Codes(), catalog.Code{Code: ""}, catalog.Code{Code: "TEAPOT"}) {
		for status := 100; status < 600; status++ {
			for _, method := range []string{"POST", "PATCH", "DELETE", "", "GET", "HEAD"} {
				for _, verified := range []bool{false, true} {
					e := &apierror.Error{Status: status, Code: code.Code, Method: method, Verified: verified}
					final := status/100 != 2 && status < 500
					want := method != "GET" && method != "HEAD" && (!final || !verified && !(status == 401 && code.Code == "SIGN_ERROR"))
					if got := errors.Is(e, apierror.ErrOutcomeUnknown); got != want {
						t.Fatalf("%s %d %s, verified %v: unknown is %v", method, status, code.Code, verified, got)
					}
				}
			}
		}
	}
}
