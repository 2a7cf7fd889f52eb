package sandbox_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"encoding/json"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// stage and rule are the contract's x-wechatpay-order-stages.
type stage struct {
	State            string `json:"state"`
	StateDescription string `json:"state_description"`
	CollectionState  string `json:"collection_state"`
	Final            bool   `json:"final"`
}

type rule struct {
	Creates       []string `json:"creates"`
	Allowed       []string `json:"allowed"`
	Becomes       string   `json:"becomes"`
	BecomesAtZero string   `json:"becomes_at_zero"`
	Refusals      map[string]struct {
		Status  int    `json:"status"`
		Code    string `json:"code"`
		Number  int64  `json:"number"`
		Message string `json:"message"`
	} `json:"refusals"`
}

func extension[T any](extensions map[string]any) (v T) {
	if err := json.Unmarshal([]byte(asJSON(extensions["x-wechatpay-order-stages"])), &v); err != nil {
		panic(err)
	}
	return v
}

var stages = extension[map[string]stage](contract.Extensions)

// operation is one of the contract, with the request that its example makes.
type operation struct {
	id, method, template string
	rule                 rule
	examples             map[string]string // bodies
	spec                 *openapi3.Operation
}

// operations are those of orders.
func operations() []operation {
	var all []operation
	for template, item := range contract.Paths.Map() {
		for method, op := range item.Operations() {
			if !strings.Contains(template, "order") {
				continue
			}
			o := operation{id: op.OperationID, method: method, template: template, rule: extension[rule](op.Extensions), spec: op,
				examples: map[string]string{}}
			if op.RequestBody != nil {
				for name, example := range op.RequestBody.Value.Content.Get("application/json").Examples {
					o.examples[name] = asJSON(example.Value.Value)
				}
			}
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.id, b.id) })
	return all
}

func (o operation) target(outOrderNo string) string {
	target := o.path(outOrderNo)
	if query := o.query(outOrderNo); len(query) > 0 {
		target += "?" + query.Encode()
	}
	return target
}

func (o operation) path(outOrderNo string) string {
	return strings.ReplaceAll(o.template, "{out_order_no}", outOrderNo)
}

// query has the parameters that the operation requires, and the number if it is
// one of the query.
func (o operation) query(outOrderNo string) url.Values {
	v := url.Values{}
	values := map[string]string{"sub_mchid": subMchID, "service_id": serviceID, "appid": appID, "channel_id": channelID, "out_order_no": outOrderNo}
	for _, p := range o.spec.Parameters {
		if p.Value.In == "query" && (p.Value.Required || p.Value.Name == "out_order_no") {
			value, ok := values[p.Value.Name]
			if !ok {
				value = fmt.Sprint(p.Value.Schema.Value.Example)
			}
			v.Set(p.Value.Name, value)
		}
	}
	return v
}

// side is whose orders the operation is about.
func (o operation) side() side { return sideAt(o.template) }

func sideAt(template string) side {
	for _, d := range []side{overseas, bank, partner} {
		if strings.HasPrefix(template, d.at("", "")) {
			return d
		}
	}
	if strings.HasPrefix(template, "/v3/payscore/acquiringbank/") { // of a permission, or paid on delivery
		return bank
	}
	if strings.Contains(template, "/partner/") {
		return partner
	}
	return direct
}

// success is the one status that the contract has for it.
func (o operation) success() int {
	for status := range o.spec.Responses.Map() {
		if strings.HasPrefix(status, "2") {
			return must(strconv.Atoi(status))
		}
	}
	panic("no success of " + o.id)
}

func (o operation) example() string {
	for _, body := range o.examples {
		return body
	}
	return ""
}

// stageOf is the only stage of the contract that an order's three fields fit.
func stageOf(t testing.TB, order payscore.ServiceOrderEntity) string {
	t.Helper()
	var fitting []string
	for name, s := range stages {
		description, collection := "", ""
		if order.StateDescription != nil {
			description = string(*order.StateDescription)
		}
		if order.Collection != nil {
			collection = string(order.Collection.State)
		}
		if string(order.State) == s.State && description == s.StateDescription && (s.CollectionState == "" || collection == s.CollectionState) {
			fitting = append(fitting, name)
		}
	}
	if len(fitting) != 1 {
		t.Fatalf("the order fits stages %v: %s", fitting, asJSON(order))
	}
	return fitting[0]
}

// side is whose orders a test is about: those of the sub-merchant, of a direct
// merchant, of an acquiring institution, or overseas.
type side string

const (
	partner  side = "partner"
	direct   side = "direct"
	bank     side = "bank"
	overseas side = "overseas"
)

var allSides = []side{partner, direct, bank, overseas}

// channelID is the channel of the contract's examples.
const channelID = "1230000109"

// family is the first part of the keys of its orders, if they have one.
func (d side) family() sandbox.Family {
	return map[side]sandbox.Family{bank: sandbox.AcquiringBank, overseas: sandbox.Overseas}[d]
}

// move are the arguments of a move of its order.
func (d side) move(outOrderNo string) sandbox.MoveArgs {
	return sandbox.MoveArgs{Family: d.family(), SubMchID: d.subMchID(), OutOrderNo: outOrderNo}
}

// subMchID is the sub-merchant of its orders.
func (d side) subMchID() string {
	if d == direct {
		return ""
	}
	return subMchID
}

// body is that of a partner's request as this side sends it.
func (d side) body(b any) string {
	if d == partner {
		return asJSON(b)
	}
	members := parsed(strings.NewReader(asJSON(b))).(map[string]any)
	members["service_id"] = serviceID
	switch d {
	case direct:
		delete(members, "sub_mchid")
		members["appid"] = appID
	case bank:
		members["channel_id"] = channelID
	case overseas:
		members["currency"] = "HKD"
		if detail, syncs := members["detail"].(map[string]any); syncs {
			detail["paid_time"] = "2025-06-01T12:10:10+08:00"
		}
	}
	return asJSON(members)
}

// at is the path of an operation on an order, or of all when op is "".
func (d side) at(outOrderNo, op string) string {
	base := map[side]string{
		partner: orders, direct: "/v3/payscore/serviceorder",
		bank: "/v3/payscore/acquiringbank/serviceorder", overseas: "/v3/payscore/oversea/partner/serviceorder",
	}[d]
	if op == "" {
		return base
	}
	return base + "/" + outOrderNo + "/" + op
}

// call sends an operation and fails the test unless it succeeds.
func (b *box) call(d side, outOrderNo, op string, body any) answer {
	b.t.Helper()
	got := b.send("POST", d.at(outOrderNo, op), d.body(body))
	if got.Status >= 300 {
		b.t.Fatalf("%s %s of %s: %v %s", d, op, outOrderNo, &got.Error, got.Detail)
	}
	return got
}

// read is an order as its side's query answers it.
func (b *box) read(d side, outOrderNo string) (order payscore.ServiceOrderEntity) {
	b.t.Helper()
	var (
		got any
		err error
	)
	switch d {
	case partner:
		return b.query(outOrderNo)
	case direct:
		got, err = b.client.QueryServiceOrder(b.t.Context(),
			payscore.QueryServiceOrderParams{ServiceID: serviceID, AppID: appID, OutOrderNo: &outOrderNo})
	case bank:
		got, err = b.client.QueryAcquiringBankServiceOrder(b.t.Context(),
			payscore.QueryAcquiringBankServiceOrderParams{ServiceID: serviceID, SubMchID: subMchID, ChannelID: channelID, OutOrderNo: &outOrderNo})
	case overseas:
		got, err = b.client.QueryOverseasServiceOrder(b.t.Context(),
			payscore.QueryOverseasServiceOrderParams{ServiceID: serviceID, SubMchID: subMchID, OutOrderNo: &outOrderNo})
	}
	b.ok(err)
	b.ok(json.Unmarshal([]byte(asJSON(got)), &order))
	return order
}

// pay collects the money of an order, by the operation or as the side does it.
func (b *box) pay(d side, outOrderNo string) {
	b.t.Helper()
	switch d {
	case partner, direct:
		b.call(d, outOrderNo, "pay", payment())
		return
	case bank: // so that there is a registration to query
		b.call(d, outOrderNo, "registerdeductinfo", registration("T_"+outOrderNo))
	}
	b.ok(b.Move("deduct", d.move(outOrderNo)))
}

// registration registers a deduction of an acquiring institution's order.
func registration(outTradeNo string) any {
	return map[string]any{"sub_mchid": subMchID, "channel_id": channelID, "appid": appID, "out_trade_no": outTradeNo}
}

// orderAt brings a new order to a stage.
func (b *box) orderAt(d side, stage, outOrderNo string) {
	b.t.Helper()
	if stage == "CREATED" || stage == "EXPIRED" {
		b.call(d, outOrderNo, "", needConfirm(outOrderNo))
	} else {
		b.call(d, outOrderNo, "", noConfirm(outOrderNo))
	}
	if stage == "USER_PAYING" || stage == "DONE" {
		b.call(d, outOrderNo, "complete", completion(50000))
	}
	switch stage {
	case "DONE":
		b.pay(d, outOrderNo)
	case "REVOKED":
		b.call(d, outOrderNo, "cancel", cancellation("不想要了"))
	case "EXPIRED":
		b.ok(b.Move("expire", d.move(outOrderNo)))
	}
	if got := stageOf(b.t, b.read(d, outOrderNo)); got != stage {
		b.t.Fatalf("the order is %s, want %s", got, stage)
	}
}

// TestEachOperationAtEachStage holds the sandbox against the table that the
// contract has of operations and stages.
func TestEachOperationAtEachStage(t *testing.T) {
	b := newBox(t)
	calls := 0
	for _, op := range operations() {
		if op.rule.Allowed == nil {
			continue
		}
		known := slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(op.rule.Refusals)), op.rule.Allowed...)))
		if !slices.Equal(known, slices.Sorted(maps.Keys(stages))) {
			t.Errorf("%s: the contract speaks of stages %v", op.id, known)
		}
		d := op.side()
		for _, name := range known {
			if calls++; calls%size(5, 1, 1) != 0 {
				continue
			}
			t.Run(op.id+"/"+name, func(t *testing.T) {
				no := fmt.Sprintf("stage_%d", calls)
				b.orderAt(d, name, no)
				if op.id == "queryAcquiringBankDeduction" && name == "USER_PAYING" { // DONE has one already
					b.call(d, no, "registerdeductinfo", registration("T"))
				}
				before := b.read(d, no)
				got := b.send(op.method, op.target(no), op.example())
				after := b.read(d, no)
				if refused, ok := op.rule.Refusals[name]; ok {
					got.checkRefused(t, refusal{refused.Status, refused.Code, refused.Number, ""})
					if got.Message != refused.Message {
						t.Errorf("message %q, want %q", got.Message, refused.Message)
					}
					if asJSON(after) != asJSON(before) {
						t.Errorf("refused, but the order changed:\n%s\n%s", asJSON(before), asJSON(after))
					}
					return
				}
				becomes := op.rule.Becomes
				if op.method == http.MethodGet {
					becomes = name
				}
				if got.Status != op.success() || got.Number != 0 {
					t.Fatalf("got %v", &got.Error)
				}
				if now := stageOf(t, after); now != becomes {
					t.Errorf("the order became %s, want %s", now, becomes)
				}
			})
		}
	}
	if calls < 25*6 {
		t.Errorf("%d calls, want at least 25 operations at six stages", calls)
	}
}

// TestTwinsHaveTheSameStages compares the operations that a partner and a direct
// merchant have, by their paths. One of a single side has no twin.
func TestTwinsHaveTheSameStages(t *testing.T) {
	rules := map[string]rule{}
	for _, op := range operations() {
		rules[op.method+" "+op.template] = op.rule
	}
	twins := 0
	for _, op := range operations() {
		twin, found := rules[op.method+" "+strings.Replace(op.template, "/partner/", "/", 1)]
		if op.side() != partner || !found {
			continue
		}
		twins++
		if !reflect.DeepEqual(op.rule, twin) {
			t.Errorf("%s has the stages %+v, its twin %+v", op.id, op.rule, twin)
		}
	}
	if twins < 7 {
		t.Errorf("%d twins", twins)
	}
}

func TestCreateStartsAtTheStagesOfTheContract(t *testing.T) {
	for _, op := range operations() {
		if op.rule.Creates == nil {
			continue
		}
		t.Run(op.id, func(t *testing.T) {
			started := map[string]bool{}
			for name, body := range op.examples {
				b := newBox(t) // the examples are of one order
				if strings.Contains(op.template, "sign-plan") {
					c := callOf(op.id)
					b.bringPlan(c)
					body = asJSON(b.fill(c, c.bodies()[name]))
				}
				got := b.send(op.method, op.template, body)
				if got.Status != op.success() {
					t.Fatalf("%s: %v %s", name, &got.Error, got.Detail)
				}
				var request struct {
					payscore.ServiceOrderEntity
					OutTradeNo string `json:"out_trade_no"` // of the order of a sign plan
				}
				b.ok(json.Unmarshal([]byte(body), &request))
				order := b.read(op.side(), cmp.Or(request.OutTradeNo, request.OutOrderNo))
				stage := stageOf(t, order)
				if !slices.Contains(op.rule.Creates, stage) {
					t.Errorf("%s: started at %s", name, stage)
				}
				if got.Body != "" {
					b.ok(json.Unmarshal([]byte(got.Body), &request))
					if request.State != order.State || asJSON(request.StateDescription) != asJSON(order.StateDescription) {
						t.Errorf("%s: answered %s, but it started at %s", name, got.Body, stage)
					}
				}
				started[stage] = true
			}
			if op.id == "createPartnerServiceOrder" && len(started) != len(op.rule.Creates) {
				t.Errorf("the examples start at %v, want %v", started, op.rule.Creates)
			}
		})
	}
}

func TestCompletionAtZero(t *testing.T) {
	b := newBox(t)
	for _, op := range operations() {
		if op.rule.BecomesAtZero == "" {
			continue
		}
		d := op.side()
		b.call(d, "zero", "", noConfirm("zero"))
		b.call(d, "zero", "complete", completion(0))
		order := b.read(d, "zero")
		if op.rule.BecomesAtZero != stageOf(t, order) {
			t.Errorf("%s: the order became %s, want %s", d, stageOf(t, order), op.rule.BecomesAtZero)
		}
		if order.Collection != nil || order.NeedCollection == nil || *order.NeedCollection || *order.TotalAmount != 0 {
			t.Errorf("%s: there was nothing to collect: %s", d, asJSON(order))
		}
	}
}
