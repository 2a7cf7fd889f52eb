package sandbox_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// Which transitions announce which event, by hand: the user's confirmation and
// the collection by WeChat Pay, and nothing else.
func TestEventsOfAnOrder(t *testing.T) {
	t.Parallel()
	schema := contract.Components.Schemas["ServiceOrderNotification"].Value
	for _, d := range []side{partner, direct} {
		for name, c := range map[string]struct {
			stage string
			do    func(b *box) // to order "it"
			want  string       // event, and state in it
		}{
			"create":           {"", func(b *box) { b.call(d, "it", "", needConfirm("it")) }, ""},
			"confirm":          {"CREATED", func(b *box) { b.ok(b.Move("confirm", sandbox.MoveArgs{SubMchID: d.subMchID(), OutOrderNo: "it"})) }, "PAYSCORE.USER_CONFIRM DOING"},
			"expire":           {"CREATED", func(b *box) { b.Advance(31 * 24 * time.Hour); b.read(d, "it") }, ""},
			"complete":         {"USER_CONFIRM", func(b *box) { b.call(d, "it", "complete", completion(50000)) }, ""},
			"complete at zero": {"USER_CONFIRM", func(b *box) { b.call(d, "it", "complete", completion(0)) }, ""},
			"modify":           {"USER_PAYING", func(b *box) { b.call(d, "it", "modify", modification(1)) }, ""},
			"cancel":           {"USER_PAYING", func(b *box) { b.call(d, "it", "cancel", cancellation("用户投诉")) }, ""},
			"sync":             {"USER_PAYING", func(b *box) { b.call(d, "it", "sync", paidElsewhere("20250601")) }, ""},
			"pay":              {"USER_PAYING", func(b *box) { b.call(d, "it", "pay", payment()) }, "PAYSCORE.USER_PAID DONE"},
			"deduct":           {"USER_PAYING", func(b *box) { b.ok(b.Move("deduct", sandbox.MoveArgs{SubMchID: d.subMchID(), OutOrderNo: "it"})) }, "PAYSCORE.USER_PAID DONE"},
			"user pays":        {"USER_PAYING", func(b *box) { b.ok(b.Move("user_pays", sandbox.MoveArgs{SubMchID: d.subMchID(), OutOrderNo: "it"})) }, "PAYSCORE.USER_PAID DONE"},
			"deduction fails": {"USER_PAYING", func(b *box) {
				b.ok(b.Move("deduction_fails", sandbox.MoveArgs{SubMchID: d.subMchID(), OutOrderNo: "it"}))
			}, ""},
			// Nobody looks at the order: the end of the deduction announces by itself.
			"deduction ends": {"USER_PAYING", func(b *box) {
				b.ok(b.Move("start_deduction", sandbox.MoveArgs{SubMchID: d.subMchID(), OutOrderNo: "it", Duration: time.Minute}))
				b.Advance(time.Minute)
			}, "PAYSCORE.USER_PAID DONE"},
		} {
			t.Run(string(d)+"/"+name, func(t *testing.T) {
				t.Parallel()
				b := newBoxAt(t, clockAt(noon))
				if c.stage != "" {
					must(b.Seed("it", 50000, sandbox.SeedStage(c.stage), sandbox.SeedSubMchID(d.subMchID()), sandbox.SeedNotifyURL("https://api.test.com/n")))
				}
				c.do(b)
				all := b.Announced()
				if c.want == "" {
					if len(all) != 0 {
						t.Errorf("announced %v", all)
					}
					return
				}
				event, state, _ := strings.Cut(c.want, " ")
				if len(all) != 1 || all[0].EventType != event || all[0].URL != "https://api.test.com/n" || all[0].Subject != d.subMchID()+"/it" {
					t.Fatalf("announced %v", all)
				}
				resource := parsed(strings.NewReader(all[0].Resource)).(map[string]any)
				if err := schema.VisitJSON(resource); err != nil {
					t.Errorf("the resource breaks the contract: %v", err)
				}
				// It tells what a query tells.
				order := b.read(d, "it")
				for name, v := range parsed(strings.NewReader(asJSON(order))).(map[string]any) {
					if name != "notify_url" && asJSON(resource[name]) != asJSON(v) {
						t.Errorf("%s is %s, the query says %s", name, asJSON(resource[name]), asJSON(v))
					}
				}
				if resource["state"] != state || event == "PAYSCORE.USER_PAID" && asJSON(order.Collection.Details[0].PaidType) != `"NEWTON"` {
					t.Errorf("the resource is %s", all[0].Resource)
				}
			})
		}
	}
}

// Of the two names of a user, the one of the sub-merchant's app is told.
func TestUserInEvents(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	body := needConfirm("sub")
	body.SubAppID = new("wxd678efh567hg6999")
	b.create(body)
	b.ok(b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "sub", OpenID: "u"}))
	b.create(needConfirm("own"))
	b.ok(b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "own", OpenID: "u"}))
	all := b.Announced()
	if len(all) != 2 || !strings.Contains(all[0].Resource, `"sub_openid":"u"`) || strings.Contains(all[0].Resource, `"openid"`) ||
		!strings.Contains(all[1].Resource, `"openid":"u"`) || strings.Contains(all[1].Resource, `"sub_openid"`) {
		t.Errorf("announced %v", all)
	}
}

func TestUsersWithSomethingAgainstThem(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	const user = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" // of noConfirm
	b.orderAt(partner, "USER_PAYING", "before")
	for number, u := range map[int64]sandbox.User{
		271300099: {FailsAssessment: true}, 271299627: {Overdue: true}, 268560785: {TeenMode: true},
	} {
		b.ok(b.Move("set_user", sandbox.MoveArgs{OpenID: user, User: u}))
		for _, d := range []side{partner, direct} {
			b.send("POST", d.at("", ""), d.body(noConfirm("after"))).checkRefused(t, refusal{400, "INVALID_REQUEST", number, ""})
		}
		// Whose order it is, is not known before the confirmation.
		no := asJSON(number)
		b.create(needConfirm(no))
	}
	b.call(partner, "", "", noConfirmOf("another", "o2"))
	b.ok(b.Move("set_user", sandbox.MoveArgs{OpenID: user, User: sandbox.User{CannotPay: true}}))
	checkRefused(t, b.client.PayPartnerServiceOrder(t.Context(), "before", payment()), refusal{400, "INVALID_REQUEST", 271316574, ""})
	if got := stageOf(t, b.query("before")); got != "USER_PAYING" {
		t.Errorf("refused, but %s", got)
	}
	b.ok(b.Move("set_user", sandbox.MoveArgs{OpenID: user, User: sandbox.User{}}))
	b.ok(b.client.PayPartnerServiceOrder(t.Context(), "before", payment()))
}

func noConfirmOf(outOrderNo, openID string) payscore.CreatePartnerServiceOrderRequest {
	body := noConfirm(outOrderNo)
	body.OpenID = &openID
	return body
}

// What is under way goes by the records alone.
func TestOrdersAfterARestart(t *testing.T) {
	t.Parallel()
	data := sandbox.WithData(filepath.Join(t.TempDir(), "orders.db"))
	b := newBoxAt(t, clockAt(noon), data)
	created := b.create(needConfirm("confirmed"))
	b.ok(b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "confirmed"}))
	b.create(needConfirm("waits"))
	must(b.Seed("deducting", 50000, sandbox.SeedNotifyURL("https://api.test.com")))
	b.ok(b.Move("start_deduction", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "deducting", Duration: time.Minute}))
	body := needConfirm("waits")

	before := map[string]string{}
	for _, no := range []string{"confirmed", "waits", "deducting"} {
		v, _ := b.Order(subMchID, no)
		before[no] = asJSON(v)
	}
	announced := len(b.Announced())
	b.restart(data)
	for no, want := range before {
		if v, ok := b.Order(subMchID, no); !ok || asJSON(v) != want {
			t.Errorf("%s was\n%s, and is\n%s", no, want, asJSON(v))
		}
	}
	id := queryID(b, subMchID, "confirmed")
	if got, err := b.client.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, QueryID: &id}); err != nil || *got.OrderID != created.OrderID {
		t.Errorf("by query_id: %v", err)
	}
	if _, err := b.client.CreatePartnerServiceOrder(t.Context(), body); err != nil {
		t.Errorf("a repeat of what was created before: %v", err)
	}
	other := needConfirm("other")
	answer, err := b.client.CreatePartnerServiceOrder(t.Context(), other)
	b.ok(err)
	if answer.OrderID == created.OrderID {
		t.Error("a number was given twice")
	}
	b.Advance(time.Minute)
	if all := b.Announced()[announced:]; len(all) != 1 || all[0].EventType != "PAYSCORE.USER_PAID" {
		t.Errorf("announced %v", all)
	}
	b.Advance(30 * 24 * time.Hour)
	for no, want := range map[string]string{"confirmed": "USER_CONFIRM", "waits": "EXPIRED", "deducting": "DONE"} {
		if v, _ := b.Order(subMchID, no); v.Stage != want {
			t.Errorf("%s is %s, want %s", no, v.Stage, want)
		}
	}
}

func TestOrdersAreBounded(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.WithMaxOrders(2))
	b.create(needConfirm("1"))
	b.create(needConfirm("2"))
	b.send("POST", orders, asJSON(needConfirm("3"))).checkRefused(t, refusal{429, "FREQUENCY_LIMITED", 268435472, ""})
	b.create(needConfirm("2")) // a repeat
}
