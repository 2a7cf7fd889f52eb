package sandbox_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

func init() {
	resourceOf["PAYSCORE.USER_SIGN_PLAN"] = "SignPlanNotification"
	resourceOf["PAYSCORE.USER_CANCEL_SIGN_PLAN"] = "SignPlanNotification"
}

// planBox drives the plans of one side by the contract's examples.
type planBox struct {
	*box
	side side
}

const (
	firstDetail  = "1514323JSVDFE1243251"
	secondDetail = "1514323JSVDFE1243252"
)

// planDay is the day of the published sample of a signature.
var planDay = time.Date(2023, 9, 5, 3, 0, 0, 0, time.UTC)

// onBothSides runs a test of plans for a partner and for a direct merchant.
func onBothSides(t *testing.T, do func(t *testing.T, p planBox), opts ...sandbox.Option) {
	t.Parallel()
	for _, d := range []side{partner, direct} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			do(t, planBox{newBoxAt(t, func() time.Time { return planDay }, opts...), d})
		})
	}
}

// operation is one such as createSignPlan, of this side.
func (p planBox) operation(id string) call {
	if p.side == partner {
		for _, verb := range []string{"create", "query", "stop"} {
			if rest, ok := strings.CutPrefix(id, verb); ok {
				return callOf(verb + "Partner" + rest)
			}
		}
	}
	return callOf(id)
}

// try sends the example of an operation with some members changed; nil removes
// one. numbers replace those in the path.
func (p planBox) try(id string, changes map[string]any, numbers ...string) answer {
	p.t.Helper()
	c := p.operation(id)
	text := ""
	if c.spec.RequestBody != nil {
		body := p.fill(c, object(c.body()))
		for name, value := range changes {
			if body[name] = value; value == nil {
				delete(body, name)
			}
		}
		text = asJSON(body)
	}
	replaced := map[string]string{}
	for _, no := range numbers {
		replaced["merchant_plan_no"], replaced["merchant_sign_plan_no"] = no, no
	}
	return p.send(c.method, c.target(replaced), text)
}

func (p planBox) do(id string, changes map[string]any, numbers ...string) map[string]any {
	p.t.Helper()
	got := p.try(id, changes, numbers...)
	if got.Status != 200 {
		p.t.Fatalf("%s: %v %s", id, &got.Error, got.Detail)
	}
	return parsed(strings.NewReader(got.Body)).(map[string]any)
}

// refused wants a refusal with this message, or a PARAM_ERROR at this place.
func (p planBox) refused(id string, status int, code, messageOrField string, changes map[string]any, numbers ...string) {
	p.t.Helper()
	got := p.try(id, changes, numbers...)
	if got.Status != status || got.Code != code || got.Message != messageOrField && !(code == "PARAM_ERROR" && strings.Contains(string(got.Detail), `"`+messageOrField+`"`)) {
		p.t.Errorf("%s with %s: %v %s, want %d %s %s", id, asJSON(changes), &got.Error, got.Detail, status, code, messageOrField)
	}
}

func (p planBox) user(move string, numbers ...string) error {
	return p.Move(move, sandbox.MoveArgs{SubMchID: p.side.subMchID(), MerchantSignPlanNo: append(numbers, orderNo)[0], Reason: "用户放弃课程"})
}

// signed makes a plan that the user has signed.
func (p planBox) signed() {
	p.t.Helper()
	p.do("createPlan", nil)
	p.do("createSignPlan", nil)
	p.ok(p.user("sign_plan"))
}

// states are that of the sign plan and those of its details.
func (p planBox) states() string {
	p.t.Helper()
	s := p.do("querySignPlan", nil)
	all := []string{s["sign_state"].(string), asJSON(s["going_detail_no"])}
	for _, d := range s["signed_detail_list"].([]any) {
		all = append(all, d.(map[string]any)["plan_detail_state"].(string))
	}
	return strings.Join(all, " ")
}

func (p planBox) want(states string) {
	p.t.Helper()
	if got := p.states(); got != states {
		p.t.Errorf("the sign plan is %s, want %s", got, states)
	}
}

// completionBy is one of a service that has ended by now.
func completionBy(now time.Time, total int64) payscore.CompletePartnerServiceOrderRequest {
	body := completion(total)
	body.TimeRange.EndTime = new(now.UTC().Format("20060102150405"))
	return body
}

func detail(n int) map[string]any {
	return map[string]any{"plan_detail_no": n, "out_trade_no": []string{firstDetail, secondDetail}[n-1]}
}

func TestSignPlanFromOfferToLastOrder(t *testing.T) {
	onBothSides(t, func(t *testing.T, p planBox) {
		p.do("createPlan", nil)
		offered := p.do("createSignPlan", nil)
		has(t, offered["sign_plan"].(map[string]any), map[string]any{"sign_state": "UNSIGNED", "going_detail_no": 0, "cancel_sign_type": "NOT_CANCEL",
			"plan_over_time": "2024-07-02T00:00:00+08:00", "sign_time": nil, "total_origin_price": 30000})
		if again := p.do("createSignPlan", nil); asJSON(again) != asJSON(offered) {
			t.Errorf("a repeat answers %v, not %v", again, offered)
		}
		p.refused("createSignPlanServiceOrder", 400, "INVALID_REQUEST", "签约计划未签约", nil)

		p.ok(p.user("sign_plan"))
		moveRefused(t, p.user("sign_plan"), "sign_plan", sandbox.ErrMoveImpossible)
		subject := "sign-plan/" + p.side.subMchID() + "/" + orderNo
		told := p.announced(subject, "https://api.test.com", "PAYSCORE.USER_SIGN_PLAN")
		has(t, told, map[string]any{"sign_state": "SIGNED", "sign_time": "2023-09-05T11:00:00+08:00", "plan_over_time": "2024-07-02T00:00:00+08:00"})
		if signed := p.do("querySignPlan", nil); asJSON(signed) != asJSON(told) {
			t.Errorf("a query answers %v, the notification says %v", signed, told)
		}
		p.want("SIGNED 0 NOT_USED NOT_USED")

		p.refused("createSignPlanServiceOrder", 400, "INVALID_REQUEST", "计划详情需按序号依次使用", detail(2))
		order := p.do("createSignPlanServiceOrder", nil)
		has(t, order, map[string]any{"out_order_no": firstDetail, "state": "DOING", "state_description": "USER_CONFIRM", "risk_fund": map[string]any{"amount": 13500}})
		if again := p.do("createSignPlanServiceOrder", nil); asJSON(again) != asJSON(order) {
			t.Errorf("a repeat answers %v, not %v", again, order)
		}
		if got := p.try("createSignPlanServiceOrder", map[string]any{"attach": "x"}); got.Status != 400 || got.Number != 271316598 {
			t.Errorf("another order of the same number: %v", &got.Error)
		}
		entity := p.read(p.side, firstDetail)
		if *entity.OrderID != order["order_id"] || *entity.OpenID != openID || *entity.PostPayments[0].Amount != 15000 || *entity.PostDiscounts[0].Amount != 1500 {
			t.Errorf("the order is %s", asJSON(entity))
		}
		p.want("SIGNED 1 USING NOT_USED")
		p.refused("createSignPlanServiceOrder", 400, "INVALID_REQUEST", "计划详情需按序号依次使用", detail(2))
		p.refused("stopSignPlan", 400, "INVALID_REQUEST", "存在服务中的订单", nil)
		moveRefused(t, p.user("cancel_sign_plan"), "cancel_sign_plan", sandbox.ErrMoveImpossible)

		p.call(p.side, firstDetail, "complete", completionBy(p.now(), 10000))
		p.want("SIGNED 1 USING NOT_USED")
		p.call(p.side, firstDetail, "modify", modification(9000))
		p.call(p.side, firstDetail, "pay", payment())
		p.want("SIGNED 1 USED NOT_USED")
		used := p.do("querySignPlan", nil)["signed_detail_list"].([]any)[0].(map[string]any)
		has(t, used, map[string]any{"actual_price": 13500, "actual_pay_price": 9000, "order_id": order["order_id"],
			"use_time": "2023-09-05T11:00:00+08:00", "complete_time": "2023-09-05T11:00:00+08:00"})

		p.do("createSignPlanServiceOrder", detail(2))
		p.want("SIGNED 2 USED USING")
		p.call(p.side, secondDetail, "cancel", cancellation("不想要了"))
		p.want("COMPLETE 2 USED SIGN_PLAN_DETAIL_CANCEL")
		p.refused("stopSignPlan", 400, "INVALID_REQUEST", "签约计划已结束", nil)
		p.refused("createSignPlanServiceOrder", 400, "INVALID_REQUEST", "签约计划已结束", map[string]any{"out_trade_no": "another"})
		moveRefused(t, p.user("revoke_sign_plans"), "revoke_sign_plans", sandbox.ErrMoveImpossible)

		// The journal tells it all by the subject.
		var told2 []string
		for _, e := range p.Journal() {
			if e.Subject == subject && e.Status < 300 && !strings.HasPrefix(e.Operation, "query") {
				told2 = append(told2, strings.Replace(e.Operation, "Partner", "", 1))
			}
			if strings.HasSuffix(e.Operation, "SignPlanServiceOrder") && !strings.HasPrefix(e.Subject, p.side.subMchID()+"/") {
				t.Errorf("an order of a sign plan is told of %q", e.Subject)
			}
		}
		if want := []string{"createSignPlan", "createSignPlan", "sign_plan"}; !slices.Equal(told2[:3], want) {
			t.Errorf("the journal tells %v", told2)
		}
	})
}

func TestSignPlanEnds(t *testing.T) {
	for name, end := range map[string]struct {
		do    func(t *testing.T, p planBox)
		event string
		want  map[string]any
	}{
		"by the user": {func(t *testing.T, p planBox) { p.ok(p.user("cancel_sign_plan")) }, "PAYSCORE.USER_CANCEL_SIGN_PLAN",
			map[string]any{"sign_state": "SIGN_PLAN_CANCEL", "cancel_sign_type": "USER", "cancel_reason": "用户放弃课程", "cancel_sign_time": "2023-09-05T11:00:00+08:00"}},
		"with the service": {func(t *testing.T, p planBox) { p.ok(p.user("revoke_sign_plans")) }, "PAYSCORE.USER_CANCEL_SIGN_PLAN",
			map[string]any{"sign_state": "SIGN_PLAN_CANCEL", "cancel_sign_type": "REVOKE_SERVICE", "cancel_reason": nil}},
		"by the merchant": {func(t *testing.T, p planBox) { p.do("stopSignPlan", nil) }, "",
			map[string]any{"sign_state": "SIGN_PLAN_CANCEL", "cancel_sign_type": "MERCHANT", "cancel_reason": "用户协商后停止"}},
		"by time": {func(t *testing.T, p planBox) { p.Advance(302 * 24 * time.Hour) }, "",
			map[string]any{"sign_state": "EXPIRE", "cancel_sign_type": "NOT_CANCEL"}},
	} {
		t.Run(name, func(t *testing.T) {
			onBothSides(t, func(t *testing.T, p planBox) {
				p.signed()
				before := len(p.Announced())
				end.do(t, p)
				ended := p.do("querySignPlan", nil)
				has(t, ended, end.want)
				p.refused("stopSignPlan", 400, "INVALID_REQUEST", "签约计划已结束", nil)
				p.refused("createSignPlanServiceOrder", 400, "INVALID_REQUEST", "签约计划已结束", nil)
				if end.event == "" {
					if len(p.Announced()) != before {
						t.Errorf("announced %v", p.Announced()[before:])
					}
					return
				}
				told := p.announced("sign-plan/"+p.side.subMchID()+"/"+orderNo, "https://api.test.com", end.event)
				if asJSON(told) != asJSON(ended) {
					t.Errorf("told %v, a query answers %v", told, ended)
				}
			})
		})
	}
}

// An order in service outlives its sign plan.
func TestOrderOutlivesItsSignPlan(t *testing.T) {
	onBothSides(t, func(t *testing.T, p planBox) {
		p.signed()
		p.do("createSignPlanServiceOrder", nil)
		p.ok(p.user("revoke_sign_plans"))
		p.want("SIGN_PLAN_CANCEL 1 USING NOT_USED")
		p.call(p.side, firstDetail, "complete", completionBy(p.now(), 0))
		p.want("SIGN_PLAN_CANCEL 1 USED NOT_USED")
	})
}

func TestSignPlanOfAStoppedOrOldOffer(t *testing.T) {
	onBothSides(t, func(t *testing.T, p planBox) {
		p.do("createPlan", nil)
		p.do("createSignPlan", nil)
		p.do("createSignPlan", map[string]any{"merchant_sign_plan_no": "second", "sign_plan_detail": []any{
			map[string]any{"plan_detail_no": 2, "merchant_plan_detail_no": "b"}, map[string]any{"plan_detail_no": 1, "merchant_plan_detail_no": "a"}}})
		p.Advance(2*time.Hour + time.Second)
		moveRefused(t, p.user("sign_plan"), "sign_plan", sandbox.ErrMoveImpossible)
		p.do("createSignPlan", map[string]any{"merchant_sign_plan_no": "third", "sign_plan_detail": []any{
			map[string]any{"plan_detail_no": 1, "merchant_plan_detail_no": "c"}, map[string]any{"plan_detail_no": 2, "merchant_plan_detail_no": "d"}}})
		has(t, p.do("stopPlan", nil), map[string]any{"plan_state": "STOP", "stop_mchid": "1230000109", "stop_time": "2023-09-05T13:00:01+08:00"})
		has(t, p.do("queryPlan", nil), map[string]any{"plan_state": "STOP"})
		moveRefused(t, p.user("sign_plan", "third"), "sign_plan", sandbox.ErrMoveImpossible)
		moveRefused(t, p.user("sign_plan", "none"), "sign_plan", sandbox.ErrNoSuchSubject)
		p.refused("stopPlan", 400, "INVALID_REQUEST", "支付分计划已停止", nil)
		p.refused("createSignPlan", 400, "INVALID_REQUEST", "支付分计划已停止，无法签约", map[string]any{"merchant_sign_plan_no": "fourth"})
		p.do("stopSignPlan", nil) // what is not signed yet can be cancelled
	})
}

func TestPlanRefusals(t *testing.T) {
	onBothSides(t, func(t *testing.T, p planBox) {
		d := func(original, actual int64) map[string]any {
			return map[string]any{"plan_detail_name": "课", "original_price": original, "actual_price": actual}
		}
		plan := func(field string, changes map[string]any) {
			t.Helper()
			p.refused("createPlan", 400, "PARAM_ERROR", field, changes)
		}
		plan("/plan_duration", map[string]any{"plan_duration": 0})
		plan("/deduction_quantity", map[string]any{"deduction_quantity": 0})
		plan("/plan_detail_list", map[string]any{"deduction_quantity": 3})
		plan("/plan_detail_list", map[string]any{"deduction_quantity": 1 << 62, "plan_detail_list": nil})
		plan("/total_actual_price", map[string]any{"total_actual_price": 30001, "plan_detail_list": nil})
		plan("/plan_detail_list/1/actual_price", map[string]any{"plan_detail_list": []any{d(9, 9), d(8, 9)}})
		plan("/plan_detail_list/1/actual_price", map[string]any{"plan_detail_list": []any{d(9, 8), d(9, 9)}})
		made := p.do("createPlan", nil)
		if again := p.do("createPlan", nil); asJSON(again) != asJSON(made) {
			t.Errorf("a repeat answers %v, not %v", again, made)
		}
		p.refused("createPlan", 400, "INVALID_REQUEST", "商户侧计划号已被使用", map[string]any{"plan_name": "另一个计划"})
		p.refused("queryPlan", 404, "ORDER_NOT_EXIST", "支付分计划不存在", nil, "none")
		p.refused("stopPlan", 404, "ORDER_NOT_EXIST", "支付分计划不存在", nil, "none")

		named := func(numbers ...any) map[string]any {
			var list []any
			for i := 0; i < len(numbers); i += 2 {
				list = append(list, map[string]any{"plan_detail_no": numbers[i], "merchant_plan_detail_no": numbers[i+1]})
			}
			return map[string]any{"merchant_sign_plan_no": "other", "sign_plan_detail": list}
		}
		sign := func(field string, changes map[string]any) {
			t.Helper()
			p.refused("createSignPlan", 400, "PARAM_ERROR", field, changes)
		}
		p.refused("createSignPlan", 404, "ORDER_NOT_EXIST", "支付分计划不存在", map[string]any{"plan_id": "1"})
		sign("/service_id", map[string]any{"service_id": "500009"})
		sign("/sign_plan_detail", named(1, "a"))
		sign("/sign_plan_detail/1/plan_detail_no", named(1, "a", 1, "b"))
		sign("/sign_plan_detail/0/plan_detail_no", named(3, "a", 1, "b"))
		sign("/sign_plan_detail/1/merchant_plan_detail_no", named(1, "a", 2, "a"))
		if p.side == partner {
			sign("/openid", map[string]any{"openid": nil})
			sign("/sub_appid", map[string]any{"openid": nil, "sub_openid": "o1"})
		}
		p.do("createSignPlan", nil)
		sign("/sign_plan_detail/0/merchant_plan_detail_no", named(1, firstDetail, 2, "b"))
		p.refused("createSignPlan", 400, "INVALID_REQUEST", "商户签约计划单号已被使用", map[string]any{"notify_url": "https://api.test.com/other"})
		p.refused("querySignPlan", 404, "ORDER_NOT_EXIST", "用户的签约计划不存在", nil, "none")
		p.refused("stopSignPlan", 404, "ORDER_NOT_EXIST", "用户的签约计划不存在", nil, "none")
		p.ok(p.user("sign_plan"))

		order := func(field string, changes map[string]any) {
			t.Helper()
			p.refused("createSignPlanServiceOrder", 400, "PARAM_ERROR", field, changes)
		}
		p.refused("createSignPlanServiceOrder", 404, "ORDER_NOT_EXIST", "用户的签约计划不存在", map[string]any{"sign_plan_id": "1"})
		order("/service_id", map[string]any{"service_id": "500009"})
		order("/appid", map[string]any{"appid": "wx0"})
		order("/openid", map[string]any{"openid": "o2"})
		order("/plan_detail_no", map[string]any{"plan_detail_no": 3})
		order("/out_trade_no", map[string]any{"out_trade_no": secondDetail})
		order("/time_range/end_time", map[string]any{"time_range": map[string]any{"start_time": "OnAccept", "end_time": "20219999"}})
		p.ok(p.Move("set_user", sandbox.MoveArgs{OpenID: openID, User: sandbox.User{Overdue: true}}))
		if got := p.try("createSignPlanServiceOrder", nil); got.Status != 400 || got.Number != 271299627 {
			t.Errorf("of a user with overdue orders: %v", &got.Error)
		}
		p.want("SIGNED 0 NOT_USED NOT_USED")
	})
}

// What one side made is not the other's, nor another sub-merchant's.
func TestPlansAreTheirOwners(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	partners, own := planBox{b, partner}, planBox{b, direct}
	partners.do("createPlan", nil)
	id := must(b.client.QueryPartnerPlan(t.Context(), orderNo, payscore.QueryPartnerPlanParams{SubMchID: subMchID})).PlanID
	own.refused("queryPlan", 404, "ORDER_NOT_EXIST", "支付分计划不存在", nil)
	own.refused("createSignPlan", 404, "ORDER_NOT_EXIST", "支付分计划不存在", map[string]any{"plan_id": id})
	partners.refused("stopPlan", 404, "ORDER_NOT_EXIST", "支付分计划不存在", map[string]any{"sub_mchid": "1900000999"})
	own.do("createPlan", nil)
	own.do("createSignPlan", nil)
	partners.do("createSignPlan", nil) // the same numbers
	b.ok(own.user("sign_plan"))
	own.want("SIGNED 0 NOT_USED NOT_USED")
	partners.want("UNSIGNED 0 NOT_USED NOT_USED")
}

// A plan may come without its details, and an order of one may cost nothing.
func TestPlanWithoutDetails(t *testing.T) {
	onBothSides(t, func(t *testing.T, p planBox) {
		made := p.do("createPlan", map[string]any{"plan_detail_list": nil, "plan_name": strings.Repeat("瑜", 20), "plan_duration": int64(1) << 62,
			"deduction_quantity": 3, "total_original_price": 10, "total_actual_price": 2})
		var prices []string
		for _, d := range made["plan_detail_list"].([]any) {
			prices = append(prices, asJSON([]any{d.(map[string]any)["plan_detail_no"], d.(map[string]any)["original_price"], d.(map[string]any)["actual_price"]}))
		}
		if got := strings.Join(prices, " "); got != "[1,4,1] [2,3,1] [3,3,0]" {
			t.Errorf("the details are %s", got)
		}
		var named []any
		for i := range 3 {
			named = append(named, map[string]any{"plan_detail_no": i + 1, "merchant_plan_detail_no": fmt.Sprint("D", i+1)})
		}
		p.do("createSignPlan", map[string]any{"sign_plan_detail": named})
		p.ok(p.user("sign_plan"))
		for i := range 3 {
			no := fmt.Sprint("D", i+1)
			order := p.do("createSignPlanServiceOrder", map[string]any{"plan_detail_no": i + 1, "out_trade_no": no, "service_introduction": nil})
			has(t, order, map[string]any{"service_introduction": strings.Repeat("瑜", 20)})
			if _, there := order["risk_fund"]; there != (i < 2) {
				t.Errorf("order %d has the risk fund %v", i+1, order["risk_fund"])
			}
			p.call(p.side, no, "cancel", cancellation("不想要了"))
		}
		p.want("COMPLETE 3 SIGN_PLAN_DETAIL_CANCEL SIGN_PLAN_DETAIL_CANCEL SIGN_PLAN_DETAIL_CANCEL")
	})
}

// Plans, sign plans and what they wait for are there after a restart.
func TestPlansSurviveARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "orders.db")
	open := func() planBox { return planBox{newBox(t, sandbox.WithData(file)), partner} }
	p := open()
	p.signed()
	p.do("createSignPlanServiceOrder", nil)
	plan, signed := p.do("queryPlan", nil), p.do("querySignPlan", nil)
	p.ok(p.Sandbox.Close())

	p = open()
	if got := p.do("queryPlan", nil); asJSON(got) != asJSON(plan) {
		t.Errorf("the plan is %v, was %v", got, plan)
	}
	if got := p.do("querySignPlan", nil); asJSON(got) != asJSON(signed) {
		t.Errorf("the sign plan is %v, was %v", got, signed)
	}
	p.refused("createPlan", 400, "INVALID_REQUEST", "商户侧计划号已被使用", map[string]any{"plan_name": "另一个计划"})
	p.call(partner, firstDetail, "complete", completionBy(p.now(), 0))
	p.want("SIGNED 1 USED NOT_USED")
	p.Advance(302 * 24 * time.Hour)
	journal := p.Journal()
	if last := journal[len(journal)-1]; last.Operation != "expire_sign_plan" {
		t.Errorf("the last thing that happened is %s", last.Operation)
	}
	p.want("EXPIRE 1 USED NOT_USED")
}

func TestAdminPlans(t *testing.T) {
	t.Parallel()
	p := planBox{newBox(t), direct}
	p.do("createPlan", nil)
	p.do("createSignPlan", nil)
	move := func(name string, status int) {
		t.Helper()
		admin(t, p.Server, "POST", "other-moves", `{"name":"`+name+`","merchant_sign_plan_no":"`+orderNo+`"}`, status)
	}
	listed := func(query string) any { return admin(t, p.Server, "GET", "plans"+query, "", 200) }
	moves := func(want ...any) {
		t.Helper()
		if got := at(listed(""), "sign_plans", 0, "moves"); asJSON(got) != asJSON(append([]any{}, want...)) {
			t.Errorf("the moves are %v, want %v", got, want)
		}
	}
	moves("sign_plan")
	move("sign_plan", 204)
	move("sign_plan", 409)
	moves("cancel_sign_plan", "revoke_sign_plans")
	p.do("createSignPlanServiceOrder", nil)
	moves("revoke_sign_plans")
	got := listed("?search=瑜伽")
	if at(got, "plans", 0, "state") != "NORMAL" || at(got, "sign_plans", 0, "state") != "SIGNED" || at(got, "sign_plans", 0, "details", 0, "state") != "USING" ||
		at(got, "sign_plans", 0, "subject") != "sign-plan//"+orderNo || at(got, "plans", 0, "subject") != "plan//"+orderNo {
		t.Errorf("listed: %v", got)
	}
	if got := listed("?search=none"); len(at(got, "plans").([]any))+len(at(got, "sign_plans").([]any)) != 0 {
		t.Errorf("of another: %v", got)
	}
	move("revoke_sign_plans", 204)
	moves()
	admin(t, p.Server, "POST", "other-moves", `{"name":"sign_plan","merchant_sign_plan_no":"none"}`, 404)
}

// Others write "" for what has not happened, as the published sample does.
func TestSignPlanOfThePublishedSample(t *testing.T) {
	t.Parallel()
	p := planBox{newBox(t), partner}
	p.do("createPlan", nil)
	p.do("createSignPlan", nil)
	sample := p.do("querySignPlan", nil)
	sample["cancel_reason"], sample["cancel_sign_time"], sample["sign_time"] = "", "", ""
	for _, d := range sample["signed_detail_list"].([]any) {
		for _, field := range []string{"order_id", "use_time", "complete_time", "cancel_time"} {
			d.(map[string]any)[field] = ""
		}
	}
	s, err := payscore.Unmarshal[payscore.SignPlanNotification]([]byte(asJSON(sample)))
	if err != nil || *s.SignTime != "" || s.SignedDetailList[1].PlanDetailNo != 2 {
		t.Errorf("%+v, %v", s, err)
	}
}

// A small request makes many details, so that these are what is bounded: over a
// restart, until a reset, and those of sign plans apart.
func TestDetailsHaveAnEnd(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "orders.db")
	open := func() planBox {
		return planBox{newBox(t, sandbox.WithData(file), sandbox.WithMaxOrders(3)), partner}
	}
	p := open()
	p.do("createPlan", nil) // of two
	p.do("createPlan", map[string]any{"merchant_plan_no": "B"})
	full := func() {
		t.Helper()
		p.refused("createPlan", 429, "FREQUENCY_LIMITED", "沙箱已满", map[string]any{"merchant_plan_no": "C"})
		p.do("createPlan", nil) // a repeat
	}
	full()
	p.do("createSignPlan", nil)
	another := map[string]any{"merchant_sign_plan_no": "B", "sign_plan_detail": []any{
		map[string]any{"plan_detail_no": 1, "merchant_plan_detail_no": "B1"}, map[string]any{"plan_detail_no": 2, "merchant_plan_detail_no": "B2"}}}
	p.do("createSignPlan", another)
	another["merchant_sign_plan_no"] = "C"
	p.refused("createSignPlan", 429, "FREQUENCY_LIMITED", "沙箱已满", another)
	p.ok(p.Sandbox.Close())
	p = open()
	full()
	empty := p.FillDisk(errors.New("full"))
	p.do("queryPlan", nil)
	if got := p.try("stopPlan", nil); got.Status != 500 {
		t.Errorf("on a full disk: %v", &got.Error)
	}
	empty()
	full()
	p.ok(p.Reset())
	p.do("createPlan", map[string]any{"merchant_plan_no": "D"})
	p.do("createPlan", nil)
	full()
}

// A discount that is described as "" has no name in the order.
func TestDiscountWithoutADescription(t *testing.T) {
	onBothSides(t, func(t *testing.T, p planBox) {
		p.do("createPlan", map[string]any{"deduction_quantity": 1, "plan_detail_list": []any{
			map[string]any{"plan_detail_name": strings.Repeat("很", 40), "original_price": 100, "actual_price": 1, "plan_discount_description": ""}}})
		p.do("createSignPlan", map[string]any{"sign_plan_detail": []any{map[string]any{"plan_detail_no": 1, "merchant_plan_detail_no": firstDetail}}})
		p.ok(p.user("sign_plan"))
		p.do("createSignPlanServiceOrder", nil)
		if o := p.read(p.side, firstDetail); o.PostDiscounts[0].Name != nil || *o.PostDiscounts[0].Amount != 99 {
			t.Errorf("the order is %s", asJSON(o))
		}
		p.call(p.side, firstDetail, "complete", completionBy(p.now(), 1))
	})
}

// Whoever looks at a sign plan sees it as it is by now, also when nobody advanced
// the time.
func TestSignPlanIsOverByTheClock(t *testing.T) {
	t.Parallel()
	clock := newWallClock(planDay)
	p := planBox{newBoxAt(t, clock.now), partner}
	p.signed()
	clock.set(clock.now().AddDate(2, 0, 0))
	if v, _ := p.SignPlan(subMchID, orderNo); v.SignState != "EXPIRE" || len(v.Moves) != 0 {
		t.Errorf("it is %s and allows %v", v.SignState, v.Moves)
	}
	p = planBox{newBoxAt(t, clock.now), partner}
	p.signed()
	clock.set(clock.now().AddDate(2, 0, 0))
	if got := admin(t, p.Server, "GET", "plans", "", 200); at(got, "sign_plans", 0, "state") != "EXPIRE" {
		t.Errorf("listed: %v", got)
	}
}

func TestReasonOfACancellationHasAnEnd(t *testing.T) {
	t.Parallel()
	p := planBox{newBox(t), partner}
	p.signed()
	args := sandbox.MoveArgs{SubMchID: subMchID, MerchantSignPlanNo: orderNo, Reason: strings.Repeat("很", 257)}
	moveRefused(t, p.Move("cancel_sign_plan", args), "cancel_sign_plan", sandbox.ErrMoveImpossible)
	p.want("SIGNED 0 NOT_USED NOT_USED")
	args.Reason = args.Reason[3:]
	p.ok(p.Move("cancel_sign_plan", args))
}
