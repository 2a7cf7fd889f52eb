package rules

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// A rule changes nothing that it is given, and the same command comes to the
// same. TestModelOfTheRules has it of orders.
func TestRulesArePure(t *testing.T) {
	text := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	terms := Terms{Now: time.Unix(1_750_000_000, 0), MchID: "1230000109", Number: 7}
	asked := Permission{Request: PermissionRequest{SubMchID: "1900000109", ServiceID: "s", AppID: "a", SubAppID: "b", Code: "c", NotifyURL: "http://localhost"},
		State: payscore.AuthorizationStateUnbinduser, AskedAt: terms.Now}
	opened, _, err := OpenPermission(asked, UserIDs{OpenID: "u"}, PermissionsByUser{}, terms)
	if err != nil {
		t.Fatal(err)
	}
	paid := Order{Entity: payscore.ServiceOrderEntity{OutOrderNo: "1", Collection: &payscore.Collection{Details: []payscore.CollectionDetail{
		{TransactionID: new("42"), Amount: new(int64(100)), PaidTime: new(Chinese(terms.Now))},
	}}}}
	request := payscore.CreateRefundRequest{TransactionID: new("42"), OutRefundNo: "R", Amount: payscore.RefundRequestAmount{Refund: 40, Total: 100, Currency: "CNY"}}
	refund, _, refused := MakeRefund(request, nil, &paid, nil, terms)
	if refused != nil {
		t.Fatal(refused)
	}
	application, refused := ApplyForAccount(payscore.ApplyPartnerServiceAccountRequest{OutApplyNo: "A", ResultNotifyURL: new("http://localhost")}, nil, terms)
	if refused != nil {
		t.Fatal(refused)
	}
	plan, _, refused := CreatePlan(payscore.CreatePartnerPlanRequest{MerchantPlanNo: "P", PlanDuration: 1, DeductionQuantity: 2, TotalOriginalPrice: 9, TotalActualPrice: 5}, nil, terms)
	if refused != nil {
		t.Fatal(refused)
	}
	offer := payscore.CreatePartnerSignPlanRequest{MerchantSignPlanNo: "S", SignPlanDetail: []payscore.SignPlanRequestDetail{
		{PlanDetailNo: 1, MerchantPlanDetailNo: "1"}, {PlanDetailNo: 2, MerchantPlanDetailNo: "2"},
	}}
	free := func(string) bool { return false }
	offered, _, refused := CreateSignPlan(offer, &plan, nil, free, terms)
	if refused != nil {
		t.Fatal(refused)
	}
	signed, _, err := MoveSignPlan(offered, "sign_plan", plan, "", terms)
	if err != nil {
		t.Fatal(err)
	}
	given := func() string {
		return text([]any{asked, opened, paid, refund, application, plan, offer, offered, signed})
	}
	before := given()
	for name, do := range map[string]func() []any{
		"open": func() []any {
			p, e, err := OpenPermission(asked, UserIDs{OpenID: "u"}, PermissionsByUser{}, terms)
			return []any{p, e, err}
		},
		"close":     func() []any { p, e, err := ClosePermission(opened, terms); return []any{p, e, err} },
		"terminate": func() []any { p, e, r := Terminate(opened, "why", false, terms); return []any{p, e, r} },
		"refund": func() []any {
			r, e, refused := MakeRefund(request, nil, &paid, nil, terms)
			return []any{r, e, refused}
		},
		"end": func() []any {
			r, e, err := EndRefund(refund, payscore.RefundStatusSuccess, terms)
			return []any{r, e, err}
		},
		"approve":   func() []any { a, e, err := ApproveAccount(application); return []any{a, e, err} },
		"stop plan": func() []any { p, r := StopPlan(plan, terms); return []any{p, nil, r} },
		"offer":     func() []any { p, e, r := CreateSignPlan(offer, &plan, nil, free, terms); return []any{p, e, r} },
		"sign": func() []any {
			p, e, err := MoveSignPlan(offered, "sign_plan", plan, "", terms)
			return []any{p, e, err}
		},
		"cancel": func() []any {
			p, e, err := MoveSignPlan(signed, "cancel_sign_plan", plan, "", terms)
			return []any{p, e, err}
		},
		"stop":   func() []any { p, r := StopSignPlan(signed, "why", terms); return []any{p, nil, r} },
		"expire": func() []any { p, _ := SettleSignPlan(signed, Terms{Now: signed.OverAt}); return []any{p, nil, nil} },
		"follow": func() []any {
			p := FollowOrder(signed, Order{Stage: Done, Entity: payscore.ServiceOrderEntity{OutOrderNo: "1"}}, terms)
			return []any{p, nil, nil}
		},
		"detail": func() []any {
			o, r := OpenDetail(payscore.CreatePartnerSignPlanServiceOrderRequest{PlanDetailNo: 1, OutTradeNo: "1"}, &signed)
			return []any{o, nil, r}
		},
		"reject": func() []any { a, e, err := RejectAccount(application, "no"); return []any{a, e, err} },
	} {
		came := do()
		first := text(came)
		if !strings.HasSuffix(first, ",null]") {
			t.Errorf("%s is refused: %v", name, came[2])
		}
		if again := text(do()); again != first || given() != before {
			t.Errorf("%s: %s, then %s, and what was given is %s", name, first, again, given())
		}
	}
}
