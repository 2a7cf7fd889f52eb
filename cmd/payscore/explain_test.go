package main

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/gen/catalog"
)

func TestExplainWholeCatalogue(t *testing.T) {
	for _, n := range sample(catalog.Numbers()) {
		r := runArgs(t, "explain", strconv.FormatInt(n.Number, 10), "--json")
		r.wantCode(t, exitDone)
		x := decodeJSON[explanation](t, r.out)
		if x.Number != n.Number || x.Code != n.Code || x.Message != n.Message || x.Retry != n.Retry ||
			x.Meaning != (translation{n.Meaning.EN, n.Meaning.ZH}) || x.Remedy != (translation{n.Remedy.EN, n.Remedy.ZH}) {
			t.Errorf("%d: %s", n.Number, r.out)
		}
	}
	for _, c := range sample(catalog.Codes()) {
		for _, spelling := range []string{c.Code, strings.ToLower(c.Code)} {
			r := runArgs(t, "explain", spelling, "--json")
			r.wantCode(t, exitDone)
			x := decodeJSON[explanation](t, r.out)
			if x.Code != c.Code || x.Status != c.Status || x.Retry != c.Retry || x.Meaning.ZH != c.Meaning.ZH {
				t.Errorf("%s: %s", spelling, r.out)
			}
		}
		r := runArgs(t, "explain", c.Code)
		r.wantCode(t, exitDone)
		for _, text := range []string{c.Meaning.ZH, c.Remedy.ZH, repeats[c.Retry].ZH} {
			if !strings.Contains(r.out, text) {
				t.Errorf("%q is not in:\n%s", text, r.out)
			}
		}
	}
}

// The operations of each error, read from the contract once more by another
// reader than the one that made the table.
func TestExplainNamesTheOperations(t *testing.T) {
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	byCode, byNumber := map[string][]string{}, map[string][]string{}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			texts := op.Description
			codes := map[string]bool{}
			for _, response := range op.Responses.Map() {
				for _, media := range response.Value.Content {
					for _, example := range media.Examples {
						if body, ok := example.Value.Value.(map[string]any); ok && body["code"] != nil {
							codes[body["code"].(string)] = true
							texts += example.Value.Summary
						}
					}
				}
			}
			stages, _ := json.Marshal(op.Extensions["x-wechatpay-order-stages"])
			for _, c := range catalog.Codes() {
				if codes[c.Code] || strings.Contains(string(stages), `"code":"`+c.Code+`"`) {
					byCode[c.Code] = append(byCode[c.Code], op.OperationID)
				}
			}
			for _, n := range catalog.Numbers() {
				number := strconv.FormatInt(n.Number, 10)
				if strings.Contains(texts, "number "+number) || strings.Contains(string(stages), `"number":`+number) {
					byNumber[number] = append(byNumber[number], op.OperationID)
				}
			}
		}
	}
	if len(byCode) < 10 || len(byNumber) < 10 {
		t.Errorf("%d codes and %d numbers, which shows little", len(byCode), len(byNumber))
	}
	check := func(arg string, want []string) {
		t.Helper()
		got := []string{}
		for _, op := range decodeJSON[explanation](t, runArgs(t, "--json", "explain", arg).out).Operations {
			got = append(got, op.ID)
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", arg, got, want)
		}
	}
	for _, c := range sample(catalog.Codes()) {
		check(c.Code, byCode[c.Code])
	}
	for _, n := range sample(catalog.Numbers()) {
		number := strconv.FormatInt(n.Number, 10)
		check(number, byNumber[number])
	}
}

func TestExplainArguments(t *testing.T) {
	const requestID = "08F78BD3A0061030181120A0A72A28B6A702-271316657"
	for _, test := range []struct {
		name, arg, in string
		want          explanation
	}{
		{"request id", requestID, "", explanation{Number: 271316657, RequestID: requestID}},
		{"stray blank", "ORDER_NOT_ EXIST", "", explanation{Code: "ORDER_NOT_EXIST", Status: 404}},
		{"body of an answer", "-", `{"code":"ORDER_DONE","message":"m","detail":null}`, explanation{Code: "ORDER_DONE", Status: 400, Message: "m"}},
		{"body in a file", write(t, "e.txt", `{"code":"ORDER_DONE","message":"m"}`), "", explanation{Code: "ORDER_DONE", Status: 400, Message: "m"}},
		{"report of --json", "-", `{"error":"x","outcome_unknown":false,"status":400,"code":"INVALID_REQUEST","number":271316657,"request_id":"A-271316657"}`,
			explanation{Number: 271316657, Code: "INVALID_REQUEST", Status: 400, RequestID: "A-271316657"}},
		{"status alone", "-", `{"status":502}`, explanation{Status: 502}},
		{"429 of an unknown code", "-", `{"status":429,"code":"SLOW_DOWN"}`, explanation{Status: 429, Code: "SLOW_DOWN"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := runWith(t, strings.NewReader(test.in), "--json", "explain", test.arg)
			r.wantCode(t, exitDone)
			got := decodeJSON[explanation](t, r.out)
			if test.want.Message == "" {
				got.Message = "" // the catalogue's
			}
			if got.Number != test.want.Number || got.Code != test.want.Code || got.Status != test.want.Status ||
				got.Message != test.want.Message || got.RequestID != test.want.RequestID || got.Meaning.EN == "" || got.Remedy.ZH == "" {
				t.Errorf("%s", r.out)
			}
		})
	}
	x := decodeJSON[explanation](t, runArgs(t, "--json", "explain", "271316754").out)
	ids := []string{}
	for _, op := range x.Operations {
		ids = append(ids, op.ID)
	}
	if !strings.Contains(strings.Join(ids, " "), "modifyPartnerServiceOrder") || x.Retry != catalog.RetryAfterQuery {
		t.Errorf("%+v", x)
	}
}

// A re-entry with other parameters means another thing for each operation: of a
// completion, a new number would charge the user twice.
func TestExplainReentry(t *testing.T) {
	const message = "订单重入参数校验失败"
	for arg, code := range map[string]string{"271316598": "INVALID_REQUEST", message: "INVALID_REQUEST", " " + message + " ": "INVALID_REQUEST",
		`{"code":"PARAM_ERROR","message":"` + message + `"}`: "PARAM_ERROR"} {
		in := ""
		if strings.HasPrefix(arg, "{") {
			in, arg = arg, "-"
		}
		r := runWith(t, strings.NewReader(in), "explain", arg, "--json")
		r.wantCode(t, exitDone)
		x := decodeJSON[explanation](t, r.out)
		if x.Number != 271316598 || x.Message != message || x.Code != code || x.Status != 400 {
			t.Errorf("%s: %s", arg, r.out)
		}
		remedies := map[string]translation{}
		for _, e := range x.Reentry {
			for _, id := range e.Operations {
				remedies[id] = e.Remedy
			}
		}
		for _, id := range []string{"completePartnerServiceOrder", "completeServiceOrder"} {
			if got := remedies[id]; !strings.Contains(got.EN, "Never take a new number") || !strings.Contains(got.ZH, "不要换单号") || !strings.HasPrefix(got.EN, "Query") {
				t.Errorf("%s: %s: %+v", arg, id, got)
			}
		}
		for _, id := range []string{"createAcquiringBankServiceOrder", "createPartnerServiceOrder", "createServiceOrder"} {
			if got := remedies[id]; !strings.Contains(got.EN, "else take a new") || !strings.Contains(got.ZH, "否则换新") || !strings.HasPrefix(got.EN, "Query") {
				t.Errorf("%s: %s: %+v", arg, id, got)
			}
		}
		if len(remedies) != 5 {
			t.Errorf("%s: remedies of %v", arg, remedies)
		}
		r = runWith(t, strings.NewReader(in), "explain", arg)
		r.wantCode(t, exitDone)
		wantAll(t, strings.Join(strings.Fields(r.out), " "), "completePartnerServiceOrder, completeServiceOrder Query the order: it was completed before",
			"Never take a new number", "createAcquiringBankServiceOrder, createPartnerServiceOrder, createServiceOrder Query the order.")
	}
	if x := decodeJSON[explanation](t, runArgs(t, "--json", "explain", "271316657").out); x.Reentry != nil {
		t.Errorf("%+v", x.Reentry)
	}
}

// Each message of the catalogue tells its number.
func TestExplainMessages(t *testing.T) {
	numbers := map[string][]int64{}
	for _, n := range catalog.Numbers() {
		numbers[n.Message] = append(numbers[n.Message], n.Number)
	}
	for message, want := range numbers {
		r := runArgs(t, "explain", "--json", message)
		r.wantCode(t, exitDone)
		if x := decodeJSON[explanation](t, r.out); !slices.Contains(want, x.Number) {
			t.Errorf("%s: %s", message, r.out)
		}
	}
}

// An answer of a server, from its refusal to the explanation.
func TestExplainARefusal(t *testing.T) {
	h := newHost(t)
	r := h.modify(t, example(t, "39900", "60000"), "--json")
	r.wantCode(t, exitFailed)
	e := decodeJSON[errorReport](t, r.err)
	r = runWith(t, strings.NewReader(r.err), "--json", "explain", "-")
	r.wantCode(t, exitDone)
	if x := decodeJSON[explanation](t, r.out); x.Number != e.Number || x.RequestID != e.RequestID || x.Code != e.Code {
		t.Errorf("%+v of %+v", x, e)
	}
}

func TestExplainNotInTheCatalogue(t *testing.T) {
	for arg, want := range map[string]string{"5": "number 5 is not in the catalogue", "TEAPOT": "code TEAPOT is not in the catalogue", "A-77": "number 77 is not"} {
		r := runArgs(t, "explain", arg)
		r.wantCode(t, exitFailed)
		r.wantLine(t, want)
	}
}

func TestExplainWrongInput(t *testing.T) {
	h := newHost(t)
	for _, test := range sample([]struct{ name, arg, want string }{
		{"neither", "!?", "is no number, code, request id or known message"},
		{"success", "08F7-0", "stands for success"},
		{"zero", "0", "stands for success"},
		{"overflow", "9223372036854775808", "is no number"},
		{"control characters", "\x1b[31m", "is no number"},
		{"missing file", "none.json", "none.json"},
		{"directory", t.TempDir(), "is a directory"},
		{"no JSON", write(t, "e.json", "{\n\"code\": x}"), "line 2: not JSON"},
		{"a list", write(t, "e.json", `[1]`), "not an error object: it is a array"},
		{"another type", write(t, "e.json", `{"code":5}`), "not an error object: "},
		{"an object of something else", write(t, "e.json", `{"a":1}`), "it has no code, no number and no status"},
		{"empty", write(t, "e.json", ""), "e.json"},
	}) {
		t.Run(test.name, func(t *testing.T) { h.refusedInput(t, []string{"explain", test.arg}, test.want) })
	}
	h.refusedInput(t, []string{"explain", "SIGN_ERROR", "--signed", "none.txt"}, "none.txt")
}
