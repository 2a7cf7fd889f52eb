package sandbox_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// call is an operation of the contract with what its examples make of it.
type call struct {
	id, method, template string
	spec                 *openapi3.Operation
	rule                 rule
}

func calls() (all []call) {
	for template, item := range contract.Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, call{op.OperationID, method, template, op, extension[rule](op.Extensions)})
		}
	}
	slices.SortFunc(all, func(a, b call) int { return strings.Compare(a.id, b.id) })
	return all
}

func callOf(id string) call {
	all := calls()
	return all[slices.IndexFunc(all, func(c call) bool { return c.id == id })]
}

// unsent are parameters that an example goes without: another one of the same
// request excludes them, or the success differs with them.
var unsent = []string{"query_id", "sub_openid", "sub_appid", "algorithm_type"}

// target is the path and query of the contract's examples. Ids may be replaced
// by name.
func (c call) target(replaced map[string]string) string {
	path, query := c.template, url.Values{}
	for _, p := range c.spec.Parameters {
		schema := p.Value.Schema.Value
		value := fmt.Sprint(schema.Example)
		switch {
		case p.Value.Name == "bill_date": // that of the example is years ago
			value = time.Now().In(rules.ChinaTime).Format("2006010215")
		case p.Value.Example != nil:
			value = fmt.Sprint(p.Value.Example)
		case len(schema.Enum) > 0:
			value = fmt.Sprint(schema.Enum[0])
		}
		if other, ok := replaced[p.Value.Name]; ok {
			value = other
		}
		switch {
		case p.Value.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", url.PathEscape(value))
		case p.Value.In == "query" && !slices.Contains(unsent, p.Value.Name):
			query.Set(p.Value.Name, value)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// bodies are the request examples, one empty body when there are none.
func (c call) bodies() map[string]map[string]any {
	if c.spec.RequestBody == nil {
		return map[string]map[string]any{"": nil}
	}
	all := map[string]map[string]any{}
	for name, example := range c.spec.RequestBody.Value.Content.Get("application/json").Examples {
		all[name] = object(example.Value.Value)
	}
	return all
}

// body is the example to start from: of a new order that the user confirms.
func (c call) body() map[string]any {
	all := c.bodies()
	names := slices.Sorted(maps.Keys(all))
	for _, name := range names {
		if all[name]["need_user_confirm"] != false {
			return all[name]
		}
	}
	body := maps.Clone(all[names[0]])
	for _, name := range []string{"need_user_confirm", "openid", "sub_openid"} {
		delete(body, name)
	}
	return body
}

// success is the one status of it.
func (c call) success() int {
	for status := range c.spec.Responses.Map() {
		if status[0] == '2' {
			return must(strconv.Atoi(status))
		}
	}
	panic(c.id)
}

// errors are the documented statuses by their codes.
func (c call) errors() map[string]int {
	all := map[string]int{}
	for status, response := range c.spec.Responses.Map() {
		if status[0] == '2' {
			continue
		}
		for _, example := range response.Value.Content.Get("application/json").Examples {
			code := object(example.Value.Value)["code"].(string)
			all[code] = must(strconv.Atoi(status))
		}
	}
	return all
}

// of sends an operation with its example as the body.
func (b *box) of(c call, body map[string]any) answer { return b.ofFault(c, body, "") }

func (b *box) ofFault(c call, body map[string]any, fault string) answer {
	b.t.Helper()
	text := ""
	if c.spec.RequestBody != nil {
		text = asJSON(body)
	}
	req := b.request(c.method, c.target(nil), text)
	if fault != "" {
		req.Header.Set(sandbox.FaultHeader, fault)
	}
	return b.do(req)
}

func (b *box) example(id string) answer {
	b.t.Helper()
	c := callOf(id)
	got := b.of(c, b.filled(c))
	if got.Status != c.success() {
		b.t.Fatalf("%s: %v %s", id, &got.Error, got.Detail)
	}
	return got
}

// filled is the example to start from, with what only the sandbox knows.
func (b *box) filled(c call) map[string]any { return b.fill(c, c.body()) }

// fill gives an example the number that only the sandbox knows: that of the
// payment to give back, of the plan to sign or of the one that was signed.
func (b *box) fill(c call, body map[string]any) map[string]any {
	if c.id == "createRefund" {
		paid, ok := entity(b, subMchID, "paid")
		if ok && paid.Collection != nil {
			body["transaction_id"] = *paid.Collection.Details[0].TransactionID
		}
	}
	sub := subMchID
	if c.side() == direct {
		sub = ""
	}
	if p, there := b.Plan(sub, orderNo); there && body["plan_id"] != nil {
		body["plan_id"] = p.PlanID
	}
	if p, there := b.SignPlan(sub, orderNo); there && body["sign_plan_id"] != nil {
		body["sign_plan_id"] = p.SignPlanID
	}
	return body
}

// bringPlan makes what the example of an operation on plans or sign plans is
// about, by the examples.
func (b *box) bringPlan(c call) {
	b.t.Helper()
	side, sub := "Partner", subMchID
	if c.side() == direct {
		side, sub = "", ""
	}
	create := "create" + side
	if c.id == create+"Plan" {
		return
	}
	b.example(create + "Plan")
	if strings.HasSuffix(c.id, "Plan") && !strings.HasSuffix(c.id, "SignPlan") || c.id == create+"SignPlan" {
		return
	}
	b.example(create + "SignPlan")
	if c.id == create+"SignPlanServiceOrder" {
		b.ok(b.Move("sign_plan", sandbox.MoveArgs{SubMchID: sub, MerchantSignPlanNo: orderNo}))
	}
}

// side is whose orders or permissions an operation is about.
func (c call) side() side { return sideAt(c.template) }

// word is the side in the names of operations.
func (d side) word() string {
	return map[side]string{partner: "Partner", bank: "AcquiringBank", overseas: "Overseas"}[d]
}

// bring puts the order of the examples at a stage, by the examples.
func (b *box) bring(c call, stage string) {
	b.t.Helper()
	d := c.side()
	b.example("create" + d.word() + "ServiceOrder")
	switch stage {
	case "CREATED":
		return
	case "EXPIRED":
		b.ok(b.Move("expire", d.move(orderNo)))
		return
	}
	b.ok(b.Move("confirm", d.move(orderNo)))
	switch stage {
	case "USER_PAYING", "DONE":
		b.example("complete" + d.word() + "ServiceOrder")
	case "REVOKED":
		b.example("cancel" + d.word() + "ServiceOrder")
	}
	if stage == "DONE" {
		b.pay(d, orderNo)
	}
}

// authorise gives the authorisation of the examples.
func (b *box) authorise(c call) {
	b.t.Helper()
	d := c.side()
	b.example("apply" + d.word() + "Permission")
	b.ok(b.Move("open_permission", sandbox.MoveArgs{Family: d.family(), SubMchID: d.subMchID(), AuthorizationCode: "1234323JKHDFE1243252"}))
}

// arrange makes what the example of an operation needs to succeed.
func (b *box) arrange(c call) {
	b.t.Helper()
	switch {
	case c.rule.Allowed != nil:
		b.bring(c, c.rule.Allowed[0])
		if c.id == "queryAcquiringBankDeduction" {
			b.example("registerAcquiringBankDeduction")
		}
	case strings.HasSuffix(c.id, "PendingMessage"), strings.HasSuffix(c.id, "PrepaidMessage"):
		b.bring(c, "USER_CONFIRM")
	case c.id == "queryPartnerServiceAccountApplication":
		b.example("applyPartnerServiceAccount")
	case c.id == "requestMerchantBill":
		b.seed("billed", 39900)
	case c.id == "createRefund", c.id == "queryRefund":
		b.seed("paid", 39900)
		b.ok(b.client.PayPartnerServiceOrder(b.t.Context(), "paid", payment()))
		if c.id == "queryRefund" {
			b.example("createRefund")
		}
	case strings.Contains(c.template, "plan"):
		b.bringPlan(c)
	case strings.Contains(c.template, "/permissions") && !strings.HasPrefix(c.id, "apply"):
		b.authorise(c)
	}
}

// again are members of an example that make a repeat of it another request.
var again = map[string]any{
	"plan_name": "另一个计划", "service_introduction": "另一个服务", "amount": map[string]any{"refund": 9999, "total": 39900, "currency": "CNY"},
}

// provoke tries to reach a documented error without a fault.
func (b *box) provoke(c call, code string) answer {
	b.t.Helper()
	switch code {
	case "PARAM_ERROR":
		if c.spec.RequestBody != nil {
			// An empty body would do, but for an operation that requires nothing.
			return b.of(c, map[string]any{"service_id": 1, "echo_message": 1, "out_refund_no": 1})
		}
		broken := map[string]string{}
		for _, p := range c.spec.Parameters {
			broken[p.Value.Name] = strings.Repeat("x", 600)
		}
		target := c.target(broken)
		if c.id == "downloadCertificates" {
			target += "?algorithm_type=x"
		}
		return b.send(c.method, target, "")
	case "SIGN_ERROR":
		text := ""
		if c.spec.RequestBody != nil {
			text = asJSON(c.body())
		}
		req := b.request(c.method, c.target(nil), text)
		req.Header.Set("Authorization", strings.Replace(req.Header.Get("Authorization"), `nonce_str="`, `nonce_str="x`, 1))
		return b.do(req)
	case "NO_AUTH":
		unknown := map[string]string{"sub_mchid": "1900000999", "appid": "wxunknown", "service_id": "500009"}
		body := c.body()
		for name := range unknown {
			if _, is := body[name]; is {
				body[name] = unknown[name]
			}
		}
		text := ""
		if c.spec.RequestBody != nil {
			text = asJSON(body)
		}
		return b.send(c.method, c.target(unknown), text)
	case "ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS":
		return b.of(c, c.body())
	}
	for stage, refused := range c.rule.Refusals {
		if refused.Code == code {
			b.bring(c, stage)
			body := c.body()
			if _, is := body["reason"]; is {
				body["reason"] = "另一个原因" // what was done already is no repeat
			}
			return b.of(c, body)
		}
	}
	switch {
	case strings.HasPrefix(c.id, "terminate"):
		b.authorise(c)
		d := c.side()
		if d == direct {
			b.example("createServiceOrder")
			b.ok(b.Move("confirm", sandbox.MoveArgs{OutOrderNo: orderNo}))
		} else {
			b.call(d, "", "", noConfirm("running"))
		}
		return b.of(c, c.body())
	case strings.HasPrefix(c.id, "apply"):
		b.authorise(c)
		return b.of(c, c.body())
	}
	b.arrange(c)
	body := b.filled(c)
	if strings.HasSuffix(c.id, "SignPlan") && strings.HasPrefix(c.id, "create") {
		b.example(strings.Replace(strings.Replace(c.id, "create", "stop", 1), "Sign", "", 1))
		return b.of(c, body)
	}
	if got := b.of(c, body); got.Status >= 300 {
		return got
	}
	for name, value := range again {
		if _, is := body[name]; is {
			body[name] = value
		}
	}
	return b.of(c, body)
}

// faultOf is how a fault gives an answer.
func faultOf(code string) string {
	switch code {
	case "FREQUENCY_LIMITED":
		return "rate-limited-429"
	case "SYSTEM_ERROR":
		return "error-500-before"
	}
	return "refuse; value=" + code
}

// onlyByFault are documented errors that nothing but a fault gives, and why.
func onlyByFault(c call, code string) string {
	switch {
	case code == "FREQUENCY_LIMITED" || code == "SYSTEM_ERROR":
		return "the sandbox is not busy and does not fail by itself"
	case code == "NO_AUTH" && slices.Contains([]string{"downloadCertificates", "echoSecurity", "queryPartnerServiceAccountApplication"}, c.id):
		return "the request names nobody but the merchant"
	case code == "NO_AUTH" && slices.Contains([]string{"queryPlan", "stopPlan", "querySignPlan", "stopSignPlan"}, c.id):
		return "the request names neither app nor service"
	case code == "ORDER_NOT_EXIST" && strings.Contains(c.id, "SignPlan"):
		return "" // the plan, or the sign plan of the order
	case code == "ORDER_NOT_EXIST" && (c.rule.Creates != nil || strings.HasPrefix(c.id, "create") || strings.HasPrefix(c.id, "directComplete") ||
		strings.HasPrefix(c.id, "apply") || c.id == "queryPartnerServiceQuotas"):
		return "the request names nothing that could be missing; the pages print one table of errors for all operations"
	case strings.HasSuffix(c.id, "PendingMessage") && (code == "INVALID_ORDER_STATE" || code == "ORDER_CANCELED"):
		return "in which stages it is allowed is not published"
	case code == "RESOURCE_NOT_EXISTS" && c.id == "echoSecurity":
		return "there is nothing to find"
	}
	return ""
}

// TestEachDocumentedAnswerIsReached sends each operation's examples, and reaches
// each (operationId, code) that the contract has among its answers.
func TestEachDocumentedAnswerIsReached(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	table := map[string]map[string]string{} // how, by operation and code
	note := func(c call, code, how string) {
		mu.Lock()
		defer mu.Unlock()
		if table[c.id] == nil {
			table[c.id] = map[string]string{}
		}
		table[c.id][code] = how
	}
	all := calls()
	if known := len(catalog.Operations()); len(all) != known {
		t.Errorf("%d operations, not the %d of the contract", len(all), known)
	}
	all = every(size(5, 1, 1), all)
	t.Run("calls", func(t *testing.T) {
		for _, c := range all {
			t.Run(c.id, func(t *testing.T) {
				t.Parallel()
				for name := range c.bodies() {
					b := newBox(t)
					b.arrange(c)
					if got := b.of(c, b.fill(c, c.bodies()[name])); got.Status != c.success() {
						t.Errorf("example %s: %v %s", name, &got.Error, got.Detail)
						continue
					}
					note(c, "success", "example")
				}
				for code, status := range c.errors() {
					note(c, code, reach(t, c, status, code))
				}
			})
		}
	})
	report(t, all, table)
}

// reach provokes an error and returns how it was reached.
func reach(t *testing.T, c call, status int, code string) string {
	t.Helper()
	var opts []sandbox.Option
	if code == "NO_AUTH" {
		opts = append(opts, sandbox.WithStrictBindings())
	}
	if c.id == "downloadCertificates" && code == "RESOURCE_NOT_EXISTS" {
		opts = append(opts, sandbox.WithKeyMode(sandbox.KeyModePublicKey))
	}
	reason := onlyByFault(c, code)
	if reason == "" {
		got := newBox(t, opts...).provoke(c, code)
		if got.Status == status && got.Code == code {
			return "state"
		}
		t.Errorf("%d %s: got %v %s", status, code, &got.Error, got.Detail)
		return "NOT REACHED"
	}
	b := newBox(t)
	b.arrange(c)
	if got := b.ofFault(c, b.filled(c), faultOf(code)); got.Status != status || got.Code != code {
		t.Errorf("by a fault, %d %s: got %v %s", status, code, &got.Error, got.Detail)
		return "NOT REACHED"
	}
	return "fault: " + reason
}

// report prints what each operation reached and how, and fails for what it did
// not reach.
func report(t *testing.T, tried []call, table map[string]map[string]string) {
	count := map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(table)) {
		line := fmt.Sprintf("%-46s", id)
		for _, code := range slices.Sorted(maps.Keys(table[id])) {
			how, _, _ := strings.Cut(table[id][code], ":")
			line += fmt.Sprintf(" %s=%s", code, how)
			count[how]++
		}
		t.Log(line)
	}
	t.Logf("%d operations: %s", len(table), strings.Trim(asJSON(count), "{}"))
	for _, c := range tried {
		want := append(slices.Collect(maps.Keys(c.errors())), "success")
		for _, code := range want {
			if table[c.id][code] == "" {
				t.Errorf("%s %s: neither reached nor tried", c.id, code)
			}
		}
	}
}

// Whatever is no operation answers as the real host does, by any method.
func TestNoneButOperationsAreServed(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	for template, item := range contract.Paths.Map() {
		for _, method := range methods {
			if item.GetOperation(method) != nil {
				continue
			}
			got := b.send(method, strings.NewReplacer("{", "", "}", "").Replace(template), "")
			if route, _ := routeOf(method, strings.NewReplacer("{", "", "}", "").Replace(template)); route != nil {
				continue // such as permissions/terminate, which fits a template of another method
			}
			got.checkRefused(t, noRoute)
		}
	}
}
