package diff

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden file")

const contractFile = "testdata/contract.yaml"

func contractData(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// changed gives the contract with texts replaced, in pairs.
func changed(t *testing.T, pairs ...string) string {
	t.Helper()
	s := contractData(t)
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(s, pairs[i]) != 1 {
			t.Fatalf("%q stands in the contract %d times, want once", pairs[i], strings.Count(s, pairs[i]))
		}
		s = strings.Replace(s, pairs[i], pairs[i+1], 1)
	}
	return s
}

func compare(t *testing.T, before, after string) []Finding {
	t.Helper()
	findings, err := Contracts(Document{"old.yaml", []byte(before)}, Document{"new.yaml", []byte(after)})
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// Each change is made one way and undone: what narrows in one direction widens
// in the other.
func TestRules(t *testing.T) {
	type want struct {
		class Class
		text  string // in the finding, "" for nothing of the class
	}
	for name, c := range map[string]struct {
		pairs    []string
		made     want
		undone   want
		onlyText bool // no other class may show up
	}{
		// Requests.
		"request field removed": {
			pairs:  []string{"        description: {description: What the user reads., type: string, maxLength: 40}\n", ""},
			made:   want{Breaking, "OrderRequest.description: request property removed"},
			undone: want{Additive, "OrderRequest.description: new optional request property"},
		},
		"request limit lowered": {
			pairs:  []string{"type: string, maxLength: 20}", "type: string, maxLength: 10}"},
			made:   want{Breaking, "new.yaml:138: Item.name: request property max length decreased: 20 -> 10 (createOrder)"},
			undone: want{Additive, "10 -> 20"},
		},
		"request field required": {
			pairs:  []string{"required: [total_amount, items]", "required: [total_amount, items, notify_url]"},
			made:   want{Breaking, "OrderRequest: request property became required"},
			undone: want{Additive, "became optional"},
		},
		"new required request field": {
			pairs: []string{"required: [total_amount, items]", "required: [total_amount, items, reason]",
				"        notify_url:", "        reason: {type: string, maxLength: 9}\n        notify_url:"},
			made:   want{Breaking, "OrderRequest.reason: new required request property"},
			undone: want{Breaking, "OrderRequest.reason: request property removed"},
		},
		"request default": {
			pairs:  []string{"default: 5", "default: 6"},
			made:   want{Breaking, "query parameter limit: request parameter default value changed: 5 -> 6"},
			undone: want{Breaking, "6 -> 5"},
		},
		"path variable narrowed": {
			pairs:  []string{"schema: {type: string, maxLength: 32, pattern:", "schema: {type: string, maxLength: 31, pattern:"},
			made:   want{Breaking, "parameters Id"},
			undone: want{Additive, "parameters Id"},
		},
		// Answers.
		"answer field removed": {
			pairs:  []string{"        paid_by: {description: Who paid., type: string, maxLength: 64}\n", ""},
			made:   want{Breaking, "old.yaml:161: Order.paid_by: response optional property removed"},
			undone: want{Additive, "new.yaml:161: Order.paid_by: response optional property added"},
		},
		"answer field removed, by reference": {
			pairs:  []string{"        state: {$ref: '#/components/schemas/State'}\n", ""},
			made:   want{Breaking, "old.yaml:160: Order.state: response optional property removed"},
			undone: want{Additive, "new.yaml:160: Order.state: response optional property added"},
		},
		"answer limit raised": {
			pairs:  []string{"Why a call was refused.", "Why a call was refused. ", "For people (中文)., type: string, maxLength: 256", "For people (中文)., type: string, maxLength: 300"},
			made:   want{Breaking, "Error.message: response property max length increased: 256 -> 300 (cancelOrder, createOrder)"},
			undone: want{Additive, "300 -> 256"},
		},
		"answer enum": {
			pairs:  []string{"enum: [CREATED, DOING, DONE]", "enum: [CREATED, DOING, DONE, EXPIRED]"},
			made:   want{Breaking, "State: response property enum value added: EXPIRED"},
			undone: want{Additive, "enum value removed: EXPIRED"},
		},
		"answer status": {
			pairs:  []string{"'204': {description: Cancelled.}", "'200': {description: Cancelled.}"},
			made:   want{Breaking, "responses 204: response success status removed"},
			undone: want{Breaking, "responses 204: response success status added"},
		},
		// Notifications, the other way round.
		"notification enum": {
			pairs:  []string{"enum: [ORDER.PAID]", "enum: [ORDER.PAID, ORDER.REFUNDED]"},
			made:   want{Breaking, "Notice.event_type: notification property enum value added: ORDER.REFUNDED (notification notifyOrderPaid)"},
			undone: want{Additive, "enum value removed: ORDER.REFUNDED"},
		},
		"notification field required": {
			pairs:  []string{"required: [id, event_type]", "required: [id, event_type, summary]"},
			made:   want{Additive, "Notice: notification property became required"},
			undone: want{Breaking, "Notice: notification property became optional"},
		},
		"new required notification field": {
			pairs: []string{"required: [id, event_type]", "required: [id, event_type, time]",
				"        summary: {description: A remark., type: string, maxLength: 64}", "        time: {type: string, maxLength: 9}\n        summary: {description: A remark., type: string, maxLength: 64}"},
			made:   want{Additive, "Notice.time: notification required property added"},
			undone: want{Breaking, "Notice.time: notification required property removed"},
		},
		"notification field removed": {
			pairs:  []string{"        summary: {description: A remark., type: string, maxLength: 64}\n", ""},
			made:   want{Breaking, "Notice.summary: notification optional property removed"},
			undone: want{Additive, "Notice.summary: notification optional property added"},
		},
		"notification limit": {
			pairs:  []string{"Its id., type: string, maxLength: 36", "Its id., type: string, maxLength: 64"},
			made:   want{Breaking, "Notice.id: notification property max length increased: 36 -> 64"},
			undone: want{Additive, "64 -> 36"},
		},
		"notification header": {
			pairs:  []string{"name: Wechatpay-Serial\n                  in: header\n                  required: true", "name: Wechatpay-Serial\n                  in: header\n                  required: false"},
			made:   want{Breaking, "header parameter Wechatpay-Serial: notification header became optional"},
			undone: want{Additive, "header parameter Wechatpay-Serial: required changed: false -> true"},
		},
		"notification address": {
			pairs:  []string{"'{$request.body#/notify_url}'", "'{$request.body#/callback_url}'"},
			made:   want{Breaking, "notification notifyOrderPaid: address removed: POST {$request.body#/notify_url}"},
			undone: want{Breaking, "address removed: POST {$request.body#/callback_url}"},
		},
		"notification removed": {
			pairs:  []string{"operationId: notifyOrderPaid", "operationId: notifyOrderSettled"},
			made:   want{Breaking, "notification notifyOrderPaid: notification removed"},
			undone: want{Breaking, "notification notifyOrderSettled: notification removed"},
		},
		// What is encrypted in them: only an extension refers to it.
		"resource enum": {
			pairs:  []string{"enum: [BALANCE, CARD]", "enum: [BALANCE, CARD, CREDIT]"},
			made:   want{Breaking, "PaidResource.channel: notification property enum value added: CREDIT (resource notifyOrderPaid ORDER.PAID)"},
			undone: want{Additive, "enum value removed: CREDIT"},
		},
		"resource field removed": {
			pairs:  []string{"        attach: {description: A remark., type: string, maxLength: 128}\n", ""},
			made:   want{Breaking, "PaidResource.attach: notification optional property removed"},
			undone: want{Additive, "PaidResource.attach: notification optional property added"},
		},
		"resource field required": {
			pairs:  []string{"required: [out_order_no]", "required: [out_order_no, channel]"},
			made:   want{Additive, "PaidResource: notification property became required"},
			undone: want{Breaking, "PaidResource: notification property became optional"},
		},
		"event type": {
			pairs:  []string{"                ORDER.PAID: {$ref", "                ORDER.CLOSED: {$ref: '#/components/schemas/PaidResource'}\n                ORDER.PAID: {$ref"},
			made:   want{Additive, "notification notifyOrderPaid: event type added: ORDER.CLOSED"},
			undone: want{Breaking, "notification notifyOrderPaid: event type removed: ORDER.CLOSED"},
		},
		// What the merchant answers to them is a request again.
		"acknowledgement field required": {
			pairs:  []string{"required: [code]\n", "required: [code, message]\n"},
			made:   want{Breaking, "Refusal: acknowledgement property became required"},
			undone: want{Additive, "Refusal: acknowledgement property became optional"},
		},
		"acknowledgement limit": {
			pairs:  []string{"Why., type: string, maxLength: 256", "Why., type: string, maxLength: 128"},
			made:   want{Breaking, "Refusal.message: acknowledgement property max length decreased: 256 -> 128"},
			undone: want{Additive, "128 -> 256"},
		},
		"acknowledgement status": {
			pairs:  []string{"                '204': {description: Taken.}\n", ""},
			made:   want{Breaking, "notification notifyOrderPaid: acknowledgement removed: 204"},
			undone: want{Additive, "notification notifyOrderPaid: acknowledgement added: 204"},
		},
		// Operations. The removed one was deprecated, which excuses nothing.
		"operation removed": {
			pairs:  []string{"  /orders/{id}/cancel:\n    parameters:\n      - {$ref: '#/components/parameters/Id'}\n    post:\n      operationId: cancelOrder\n      deprecated: true", "  /orders/{id}/void:\n    parameters:\n      - {$ref: '#/components/parameters/Id'}\n    post:\n      operationId: voidOrder\n      deprecated: true"},
			made:   want{Breaking, "POST /orders/{id}/cancel: operation removed: cancelOrder"},
			undone: want{Breaking, "POST /orders/{id}/void: operation removed: voidOrder"},
		},
		"path changed": {
			pairs:  []string{"  /orders/{id}/cancel:", "  /orders/{id}/void:"},
			made:   want{Breaking, "cancelOrder: path or method changed: POST /orders/{id}/cancel -> POST /orders/{id}/void"},
			undone: want{Breaking, "POST /orders/{id}/void -> POST /orders/{id}/cancel"},
		},
		"path changed, and its content too": {
			pairs:  []string{"  /orders/{id}/cancel:", "  /orders/{id}/void:", "maximum: 10", "maximum: 9"},
			made:   want{Breaking, "query parameter limit: request parameter max decreased: 10 -> 9"},
			undone: want{Breaking, "POST /orders/{id}/void -> POST /orders/{id}/cancel"},
		},
		"host removed": {
			pairs:  []string{"  - url: https://api2.example.test\n", ""},
			made:   want{Breaking, "server removed: https://api2.example.test"},
			undone: want{Additive, "server added: https://api2.example.test"},
		},
		// Catalogues.
		"error code removed": {
			pairs:  []string{"  SYSTEM_ERROR: {status: 500, title: 系统异常, description: Try later., remedy: Repeat it., retry: same}\n", ""},
			made:   want{Breaking, "x-wechatpay-errors SYSTEM_ERROR: removed"},
			undone: want{Additive, "x-wechatpay-errors SYSTEM_ERROR: added"},
		},
		"retry forbidden": {
			pairs:  []string{"retry: same", "retry: never"},
			made:   want{Breaking, "x-wechatpay-errors SYSTEM_ERROR retry: retry changed: same -> never"},
			undone: want{Additive, "never -> same"},
		},
		"error status": {
			pairs:  []string{"{status: 500,", "{status: 503,"},
			made:   want{Breaking, "x-wechatpay-errors SYSTEM_ERROR status: status changed: 500 -> 503"},
			undone: want{Breaking, "503 -> 500"},
		},
		"remedy": {
			pairs:    []string{"remedy: Repeat it.", "remedy: Repeat it later."},
			made:     want{Documentation, "SYSTEM_ERROR remedy: remedy changed"},
			undone:   want{Documentation, "SYSTEM_ERROR remedy: remedy changed"},
			onlyText: true,
		},
		"error number removed": {
			pairs:  []string{"  271302262: {title: 订单已完成,", "  271302263: {title: 订单已完成,"},
			made:   want{Breaking, "x-wechatpay-error-numbers 271302262: removed"},
			undone: want{Breaking, "x-wechatpay-error-numbers 271302263: removed"},
		},
		"error number named": {
			pairs:  []string{"  271302262: {title: 订单已完成,", "  271302262: {name: DONE, title: 订单已完成,"},
			made:   want{Additive, "x-wechatpay-error-numbers 271302262 name: name added: DONE"},
			undone: want{Breaking, "x-wechatpay-error-numbers 271302262 name: name removed: DONE"},
		},
		"stage narrowed": {
			pairs:  []string{"allowed: [CREATED, DOING]", "allowed: [CREATED]"},
			made:   want{Breaking, "POST /orders/{id}/cancel x-wechatpay-order-stages allowed: stage removed: DOING"},
			undone: want{Additive, "stage added: DOING"},
		},
		"stage leads elsewhere": {
			pairs:  []string{"becomes: DONE", "becomes: DOING"},
			made:   want{Breaking, "x-wechatpay-order-stages becomes: becomes changed: DONE -> DOING"},
			undone: want{Breaking, "DOING -> DONE"},
		},
		"starts in another stage": {
			pairs:  []string{"creates: [CREATED]", "creates: [CREATED, DOING]"},
			made:   want{Breaking, "POST /orders x-wechatpay-order-stages creates: stage added: DOING"},
			undone: want{Additive, "stage removed: DOING"},
		},
		"refused in other words": {
			pairs:    []string{"message: 订单已完成}", "message: 订单已完结}"},
			made:     want{Documentation, "refusals DONE message"},
			undone:   want{Documentation, "refusals DONE message"},
			onlyText: true,
		},
		"refused with another code": {
			pairs:  []string{"code: ORDER_DONE", "code: INVALID_REQUEST"},
			made:   want{Breaking, "refusals DONE code: code changed: ORDER_DONE -> INVALID_REQUEST"},
			undone: want{Breaking, "INVALID_REQUEST -> ORDER_DONE"},
		},
		"repeat is not safe any more": {
			pairs:  []string{"same_parameters: same-answer", "same_parameters: refused"},
			made:   want{Breaking, "POST /orders/{id}/cancel x-wechatpay-reentry same_parameters: changed: same-answer -> refused"},
			undone: want{Additive, "same_parameters: changed: refused -> same-answer"},
		},
		"repeat is known to be safe": {
			pairs:  []string{"{same_parameters: unknown,", "{same_parameters: same-answer,"},
			made:   want{Additive, "POST /orders x-wechatpay-reentry same_parameters: changed: unknown -> same-answer"},
			undone: want{Breaking, "same_parameters: changed: same-answer -> unknown"},
		},
		"other parameters are another operation": {
			pairs:  []string{"other_parameters: unknown}", "other_parameters: another-operation}"},
			made:   want{Additive, "other_parameters: changed: unknown -> another-operation"},
			undone: want{Breaking, "other_parameters: changed: another-operation -> unknown"},
		},
		"repeat is refused with another code": {
			pairs:  []string{"code: REENTRY", "code: INVALID_REQUEST"},
			made:   want{Breaking, "x-wechatpay-reentry refusal code: code changed: REENTRY -> INVALID_REQUEST"},
			undone: want{Breaking, "INVALID_REQUEST -> REENTRY"},
		},
		"repeat is refused in other words": {
			pairs:    []string{"message: 重入}", "message: 重入失败}"},
			made:     want{Documentation, "refusal message: message changed"},
			undone:   want{Documentation, "refusal message: message changed"},
			onlyText: true,
		},
		"what to do about a repeat": {
			pairs:    []string{"en: Look first.", "en: Look at it first."},
			made:     want{Documentation, "x-wechatpay-reentry remedy: changed"},
			undone:   want{Documentation, "x-wechatpay-reentry remedy: changed"},
			onlyText: true,
		},
		"source of a repeat": {
			pairs:    []string{"date: '2025'", "date: '2026'"},
			made:     want{Documentation, "x-wechatpay-reentry sources: changed"},
			undone:   want{Documentation, "x-wechatpay-reentry sources: changed"},
			onlyText: true,
		},
		"nothing is said about a repeat": {
			pairs:  []string{"      x-wechatpay-reentry: {same_parameters: unknown, other_parameters: unknown}\n", ""},
			made:   want{Breaking, "POST /orders x-wechatpay-reentry: removed"},
			undone: want{Additive, "POST /orders x-wechatpay-reentry: added"},
		},
		"other characters": {
			pairs:  []string{"pattern: '^[ -z]*$'", "pattern: '^[ -~]*$'"},
			made:   want{Breaking, "x-wechatpay-text pattern: changed: ^[ -z]*$ -> ^[ -~]*$"},
			undone: want{Breaking, "x-wechatpay-text pattern: changed: ^[ -~]*$ -> ^[ -z]*$"},
		},
		"any characters": {
			pairs:  []string{"x-wechatpay-text: {title: 文本, description: Letters., pattern: '^[ -z]*$'}\n", ""},
			made:   want{Additive, "x-wechatpay-text: removed: ^[ -z]*$"},
			undone: want{Breaking, "x-wechatpay-text: added: ^[ -z]*$"},
		},
		"characters in other words": {
			pairs:    []string{"description: Letters.", "description: Letters and digits."},
			made:     want{Documentation, "x-wechatpay-text description: changed"},
			undone:   want{Documentation, "x-wechatpay-text description: changed"},
			onlyText: true,
		},
		"stage declared": {
			pairs:  []string{"  DONE: {title: 已完成, state: DONE, final: true}\n", "  DONE: {title: 已完成, state: DONE, final: true}\n  EXPIRED: {title: 已失效, state: EXPIRED, final: true}\n"},
			made:   want{Additive, "x-wechatpay-order-stages EXPIRED: added"},
			undone: want{Breaking, "x-wechatpay-order-stages EXPIRED: removed"},
		},
		// Names.
		"schema renamed": {
			pairs:  []string{"    Item:\n", "    Payment:\n", "items: {$ref: '#/components/schemas/Item'}", "items: {$ref: '#/components/schemas/Payment'}"},
			made:   want{Breaking, "Item: schema renamed: Item -> Payment"},
			undone: want{Breaking, "Payment: schema renamed: Payment -> Item"},
		},
		"operationId": {
			pairs:  []string{"operationId: cancelOrder", "operationId: voidOrder"},
			made:   want{Breaking, "operationId changed: cancelOrder -> voidOrder"},
			undone: want{Breaking, "operationId changed: voidOrder -> cancelOrder"},
		},
		// Texts.
		"description": {
			pairs:    []string{"What is paid for.", "What the user pays for."},
			made:     want{Documentation, "Item.name: description changed: What is paid for. -> What the user pays for."},
			undone:   want{Documentation, "Item.name: description changed"},
			onlyText: true,
		},
		"title": {
			pairs: []string{"title: 名称", "title: 名字"}, onlyText: true,
			made: want{Documentation, "Item.name: title changed: 名称 -> 名字"}, undone: want{Documentation, "名字 -> 名称"},
		},
		"summary": {
			pairs: []string{"summary: 取消订单", "summary: 撤销订单"}, onlyText: true,
			made: want{Documentation, "POST /orders/{id}/cancel: summary changed"}, undone: want{Documentation, "summary changed"},
		},
		"example": {
			pairs: []string{"example: A1", "example: A2"}, onlyText: true,
			made: want{Documentation, "Order.id: example changed: A1 -> A2"}, undone: want{Documentation, "A2 -> A1"},
		},
		"external page": {
			pairs: []string{"https://docs.example.test/cancel", "https://docs.example.test/void"}, onlyText: true,
			made: want{Documentation, "externalDocs changed"}, undone: want{Documentation, "externalDocs changed"},
		},
		"deprecated": {
			pairs: []string{"      deprecated: true\n", ""}, onlyText: true,
			made: want{Documentation, "deprecated removed"}, undone: want{Documentation, "deprecated added"},
		},
		"unknown extension": {
			pairs: []string{"      summary: 创建订单\n", "      summary: 创建订单\n      x-note: hello\n"}, onlyText: true,
			made: want{Documentation, "x-note added: hello"}, undone: want{Documentation, "x-note removed: hello"},
		},
		"a field called description": {
			pairs:  []string{"        description: {description: What the user reads., type: string, maxLength: 40}\n", "        description: {description: What the user reads., type: string, maxLength: 39}\n"},
			made:   want{Breaking, "OrderRequest.description: request property max length decreased: 40 -> 39"},
			undone: want{Additive, "39 -> 40"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			check := func(before, after string, w want) {
				t.Helper()
				findings := compare(t, before, after)
				found := false
				for _, f := range findings {
					found = found || f.Class == w.class && strings.Contains(f.String(), w.text)
					if strings.HasPrefix(f.Rule, "unjudged") {
						t.Errorf("no rule judged %s", f)
					}
					if c.onlyText && f.Class != Documentation {
						t.Errorf("%s is called %s", f, f.Class)
					}
					if w.class == Additive && f.Class == Breaking && f.Area == Wire {
						t.Errorf("%s is called breaking", f)
					}
				}
				if !found {
					t.Errorf("want %s %q, got %v", w.class, w.text, findings)
				}
			}
			check(contractData(t), changed(t, c.pairs...), c.made)
			if !testing.Short() {
				check(changed(t, c.pairs...), contractData(t), c.undone)
			}
		})
	}
}

func TestNamesAreApart(t *testing.T) {
	after := changed(t, "    Item:\n", "    Payment:\n", "items: {$ref: '#/components/schemas/Item'}", "items: {$ref: '#/components/schemas/Payment'}")
	findings := compare(t, contractData(t), after)
	if len(findings) != 1 || findings[0].Area != Names || findings[0].Class != Breaking {
		t.Fatalf("got %v, want the renamed schema alone, among the names", findings)
	}
	// What changed in it besides is still found.
	findings = compare(t, contractData(t), strings.Replace(after, "maxLength: 20}", "maxLength: 10}", 1))
	if !slices.ContainsFunc(findings, func(f Finding) bool {
		return f.Area == Wire && f.Class == Breaking && strings.HasPrefix(f.At, "Payment.name")
	}) {
		t.Errorf("got %v, want the lowered limit too", findings)
	}
}

// inherited is the contract with an answer that is put together by allOf.
func inherited(t *testing.T) string {
	return changed(t, `      type: object
      required: [id]
      properties:
        id: {description: Its id., type: string, maxLength: 32, example: A1}
        state: {$ref: '#/components/schemas/State'}
        paid_by: {description: Who paid., type: string, maxLength: 64}
`, `      allOf:
        - $ref: '#/components/schemas/Base'
        - type: object
          properties:
            state: {$ref: '#/components/schemas/State'}
            paid_by: {description: Who paid., type: string, maxLength: 64}
    Base:
      type: object
      required: [id]
      properties:
        id: {description: Its id., type: string, maxLength: 32, example: A1}
`)
}

func TestAllOf(t *testing.T) {
	flat, composed := contractData(t), inherited(t)
	for _, f := range append(compare(t, flat, composed), compare(t, composed, flat)...) {
		if f.Area == Wire && f.Class != Documentation {
			t.Errorf("the same fields in another shape: %s is called %s", f, f.Class)
		}
	}
	wider := strings.Replace(composed, "maxLength: 32, example: A1", "maxLength: 40, example: A1", 1)
	for name, before := range map[string]string{"in a part": composed, "with another shape": flat} {
		if !slices.ContainsFunc(compare(t, before, wider), func(f Finding) bool {
			return f.Class == Breaking && f.Rule == "response-property-max-length-increased"
		}) {
			t.Errorf("%s: got %v, want the limit that the answer inherits", name, compare(t, before, wider))
		}
	}
	more := strings.Replace(composed, "            paid_by:", "            more: {type: string, maxLength: 9}\n            paid_by:", 1)
	for _, f := range compare(t, composed, more) {
		if f.Class != Additive {
			t.Errorf("one field more: %s is called %s", f, f.Class)
		}
	}
}

// Whoever uses a deprecated or unstable thing breaks all the same.
func TestNothingIsForgiven(t *testing.T) {
	line := "        attach: {description: A remark., type: string, maxLength: 128}\n"
	field := "        notify_url: {description: Where to., type: string, maxLength: 255}\n"
	for _, mark := range []string{"deprecated: true", "deprecated: true, x-sunset: '2020-01-01'", "x-stability-level: alpha"} {
		for _, l := range []string{line, field} {
			before := changed(t, l, strings.Replace(l, "{", "{"+mark+", ", 1))
			ok := false
			for _, f := range compare(t, before, strings.Replace(before, strings.Replace(l, "{", "{"+mark+", ", 1), "", 1)) {
				ok = ok || f.Class == Breaking && strings.Contains(f.Rule, "property-removed") && !strings.Contains(f.Rule, "deprecation")
			}
			if !ok {
				t.Errorf("%s: the removal of %s is forgiven", mark, l)
			}
		}
		op := strings.ReplaceAll(mark, ", ", "\n      ")
		before := changed(t, "      deprecated: true\n", "      "+op+"\n")
		after := strings.Replace(before, "        - name: limit\n", "        - name: max\n", 1)
		if !slices.ContainsFunc(compare(t, before, after), func(f Finding) bool { return f.Class == Breaking && f.Rule == "request-parameter-removed" }) {
			t.Errorf("%s: the removal of a parameter is forgiven", mark)
		}
	}
}

func TestSilence(t *testing.T) {
	before := contractData(t)
	for name, after := range map[string]string{
		"itself":       before,
		"comments":     "# A comment.\n" + strings.ReplaceAll(before, "\npaths:", "\n\n# another\npaths:"),
		"quotes":       changed(t, "summary: 取消订单", `summary: "取消订单"`),
		"order":        changed(t, "type: string, maxLength: 20}", "maxLength: 20, type: string}"),
		"JSON numbers": changed(t, "maximum: 10", "maximum: 10 "),
	} {
		if findings := compare(t, before, after); len(findings) != 0 {
			t.Errorf("%s: got %v, want nothing", name, findings)
		}
	}
}

func TestUnreadable(t *testing.T) {
	good := Document{"good.yaml", []byte(contractData(t))}
	for name, data := range map[string]string{
		"empty": "", "a list": "- a\n", "broken": "a: {b\n", "another document": "swagger: '2.0'\n",
		"a reference to nowhere": "openapi: 3.0.3\ninfo: {title: a, version: '1'}\npaths:\n  /a:\n    get:\n      responses:\n        '200': {$ref: '#/components/responses/No'}\n",
	} {
		t.Run(name, func(t *testing.T) {
			want := regexp.MustCompile(`^bad\.yaml:(\d+:)? [^\n]+$`)
			bad := Document{"bad.yaml", []byte(data)}
			for _, pair := range [][2]Document{{good, bad}, {bad, good}} {
				_, err := Contracts(pair[0], pair[1])
				if err == nil || !want.MatchString(err.Error()) {
					t.Errorf("got %v, want one line that names bad.yaml", err)
				}
			}
		})
	}
	two := Document{"two.yaml", append(good.Data, "\n---\nopenapi: 3.0.3\n"...)}
	line := fmt.Sprintf("two.yaml:%d: ", strings.Count(string(good.Data), "\n")+2)
	for _, pair := range [][2]Document{{good, two}, {two, good}} {
		if _, err := Contracts(pair[0], pair[1]); err == nil || !strings.HasPrefix(err.Error(), line+"the file holds more than one") {
			t.Errorf("got %v, want %s", err, line)
		}
	}
	if _, err := Contracts(good, Document{"bad.yaml", []byte("a: 1")}); !errors.Is(err, errNotOpenAPI) {
		t.Errorf("got %v, want errNotOpenAPI", err)
	}
	// As little as may be is still a contract.
	if _, err := Contracts(good, Document{"small.yaml", []byte("openapi: 3.0.3\n")}); err != nil {
		t.Errorf("a contract without anything: %v", err)
	}
}

func TestMarkdownGolden(t *testing.T) {
	after := changed(t,
		"type: string, maxLength: 20}", "type: string, maxLength: 10}",
		"enum: [ORDER.PAID]", "enum: [ORDER.PAID, ORDER.REFUNDED]",
		"        notify_url:", "        attach: {description: A remark., type: string, maxLength: 9}\n        notify_url:",
		"allowed: [CREATED, DOING]", "allowed: [CREATED]",
		"What the user reads.", "What the `user` reads.",
		"    PaidResource:\n", "    OrderPaidResource:\n", "schemas/PaidResource'", "schemas/OrderPaidResource'")
	findings := append(compare(t, contractData(t), after),
		Finding{Class: Additive, Area: Go, At: "auth.NewKeys", What: "added"})
	var got bytes.Buffer
	if err := WriteMarkdown(&got, findings); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/changelog.golden"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the changelog changed; run with -update and read the difference\ngot:\n%s\nwant:\n%s", &got, want)
	}
}

func TestStatedDefaults(t *testing.T) {
	for _, pair := range [][2]string{
		{"          minItems: 0\n", ""},
		{"type: string, maxLength: 20}", "type: string, nullable: false, maxLength: 20}"},
	} {
		for _, f := range compare(t, contractData(t), changed(t, pair[0], pair[1])) {
			if f.Class != Documentation {
				t.Errorf("%q: %s is called %s", pair, f, f.Class)
			}
		}
	}
}

// A keyword that no rule knows must stop the gate, not slip through it.
func TestUnjudgedIsBreaking(t *testing.T) {
	findings := compare(t, contractData(t), changed(t, "type: string, maxLength: 20}", "type: string, contentMediaType: image/png, maxLength: 20}"))
	if len(findings) != 1 || findings[0].Class != Breaking || findings[0].At != "Item.name" {
		t.Errorf("got %v, want one breaking finding", findings)
	}
	// Where nobody can meet it, it is no more than text.
	unused := changed(t, "    Error:\n", "    Unused:\n      type: object\n      properties:\n        a: {type: string, maxLength: 1}\n    Error:\n")
	findings = compare(t, unused, strings.Replace(unused, "maxLength: 1}", "maxLength: 2}", 1))
	if len(findings) != 1 || findings[0].Class != Documentation {
		t.Errorf("got %v, want one finding about documentation", findings)
	}
}

// A notification that several calls lead to is declared once.
func TestSharedCallback(t *testing.T) {
	data := contractData(t)
	start := strings.Index(data, "        orderPaid:\n")
	end := strings.Index(data, "  /orders/{id}/cancel:\n")
	callback := data[start:end]
	shared := data[:start] + "        orderPaid: {$ref: '#/components/callbacks/OrderPaid'}\n" + data[end:]
	shared = strings.Replace(shared, "components:\n", "components:\n  callbacks:\n"+strings.Replace(callback, "orderPaid", "OrderPaid", 1), 1)

	for _, f := range compare(t, data, shared) {
		if f.Class != Documentation {
			t.Errorf("the same notification elsewhere: %s is called %s", f, f.Class)
		}
	}
	findings := compare(t, shared, strings.Replace(shared, "enum: [ORDER.PAID]", "enum: [ORDER.PAID, ORDER.REFUNDED]", 1))
	if len(findings) != 1 || findings[0].Class != Breaking || findings[0].Rule != "notification-property-enum-value-added" {
		t.Errorf("got %v, want the new enum value", findings)
	}
	findings = compare(t, shared, strings.Replace(shared, "      callbacks:\n        orderPaid: {$ref: '#/components/callbacks/OrderPaid'}\n", "", 1))
	if len(findings) != 1 || findings[0].Class != Breaking || findings[0].Rule != "notification-call-removed" || findings[0].Old != "createOrder" {
		t.Errorf("got %v, want that the call no longer leads to it", findings)
	}
}

func TestSchemaInItself(t *testing.T) {
	before := changed(t, "        price: {title", "        parts: {type: array, maxItems: 9, items: {$ref: '#/components/schemas/Item'}}\n        price: {title")
	findings := compare(t, before, strings.Replace(before, "maxLength: 20}", "maxLength: 10}", 1))
	if len(findings) != 1 || findings[0].At != "Item.name" || findings[0].Class != Breaking {
		t.Errorf("got %v, want the one limit", findings)
	}
}
