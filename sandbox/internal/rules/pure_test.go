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
	given := func() string { return text([]any{asked, opened, paid, refund, application}) }
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
		"approve": func() []any { a, e, err := ApproveAccount(application); return []any{a, e, err} },
		"reject":  func() []any { a, e, err := RejectAccount(application, "no"); return []any{a, e, err} },
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
