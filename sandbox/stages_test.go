package sandbox_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
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

// operations are those of orders that the sandbox serves.
func operations() []operation {
	var all []operation
	for template, item := range contract.Paths.Map() {
		for method, op := range item.Operations() {
			if !sandbox.Served[op.OperationID] || !strings.Contains(template, "order") {
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
	if o.method == http.MethodGet {
		return o.template + "?sub_mchid=" + subMchID + "&out_order_no=" + outOrderNo
	}
	return strings.ReplaceAll(o.template, "{out_order_no}", outOrderNo)
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

// orderAt brings a new order to a stage.
func (b *box) orderAt(stage, outOrderNo string) {
	b.t.Helper()
	ctx := b.t.Context()
	if stage == "CREATED" || stage == "EXPIRED" {
		b.create(needConfirm(outOrderNo))
	} else {
		b.create(noConfirm(outOrderNo))
	}
	if stage == "USER_PAYING" || stage == "DONE" {
		b.ok(b.client.CompletePartnerServiceOrder(ctx, outOrderNo, completion(50000)))
	}
	switch stage {
	case "DONE":
		b.ok(b.client.PayPartnerServiceOrder(ctx, outOrderNo, payment()))
	case "REVOKED":
		b.ok(b.client.CancelPartnerServiceOrder(ctx, outOrderNo, cancellation("不想要了")))
	case "EXPIRED":
		b.Expire(subMchID, outOrderNo)
	}
	if got := stageOf(b.t, b.query(outOrderNo)); got != stage {
		b.t.Fatalf("the order is %s, want %s", got, stage)
	}
}

// TestEachOperationAtEachStage holds the sandbox against the table that the
// contract has of operations and stages.
func TestEachOperationAtEachStage(t *testing.T) {
	b := newBox(t)
	calls := 0
	for _, op := range operations() {
		if op.rule.Creates != nil {
			continue
		}
		known := slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(op.rule.Refusals)), op.rule.Allowed...)))
		if !slices.Equal(known, slices.Sorted(maps.Keys(stages))) {
			t.Errorf("%s: the contract speaks of stages %v", op.id, known)
		}
		for name := range stages {
			calls++
			t.Run(op.id+"/"+name, func(t *testing.T) {
				no := fmt.Sprintf("stage_%d", calls)
				b.orderAt(name, no)
				before := b.query(no)
				got := b.send(op.method, op.target(no), op.example())
				after := b.query(no)
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
				want, becomes := 204, op.rule.Becomes
				if op.method == http.MethodGet {
					want, becomes = 200, name
				}
				if got.Status != want || got.Number != 0 {
					t.Fatalf("got %v", &got.Error)
				}
				if now := stageOf(t, after); now != becomes {
					t.Errorf("the order became %s, want %s", now, becomes)
				}
			})
		}
	}
	if calls != 6*6 {
		t.Errorf("%d calls, want six operations at six stages", calls)
	}
}

func TestCreateStartsAtTheStagesOfTheContract(t *testing.T) {
	b := newBox(t)
	started := map[string]bool{}
	for _, op := range operations() {
		if op.rule.Creates == nil {
			continue
		}
		for name, body := range op.examples {
			got := b.send(op.method, op.template, body)
			if got.Status != 200 {
				t.Fatalf("%s: %v", name, &got.Error)
			}
			var order payscore.ServiceOrderEntity
			b.ok(json.Unmarshal([]byte(got.Body), &order))
			stage := stageOf(t, order)
			if !slices.Contains(op.rule.Creates, stage) || stage != stageOf(t, b.query(order.OutOrderNo)) {
				t.Errorf("%s: started at %s", name, stage)
			}
			started[stage] = true
		}
		if len(started) != len(op.rule.Creates) {
			t.Errorf("the examples start at %v, want %v", started, op.rule.Creates)
		}
	}
}

func TestCompletionAtZero(t *testing.T) {
	b := newBox(t)
	b.create(noConfirm(orderNo))
	b.ok(b.client.CompletePartnerServiceOrder(t.Context(), orderNo, completion(0)))
	order := b.query(orderNo)
	for _, op := range operations() {
		if op.id == "completePartnerServiceOrder" && op.rule.BecomesAtZero != stageOf(t, order) {
			t.Errorf("the order became %s, want %s", stageOf(t, order), op.rule.BecomesAtZero)
		}
	}
	if order.Collection != nil || order.NeedCollection == nil || *order.NeedCollection || *order.TotalAmount != 0 {
		t.Errorf("there was nothing to collect: %s", asJSON(order))
	}
}
