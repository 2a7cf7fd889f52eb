package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// runningDeduction is the refusal while a deduction is in progress.
var runningDeduction = refusal{400, "INVALID_REQUEST", 271316754, ""}

func (b *box) register(outOrderNo, outTradeNo string) answer {
	b.t.Helper()
	return b.send("POST", bank.at(outOrderNo, "registerdeductinfo"), bank.body(registration(outTradeNo)))
}

// The life of an acquiring institution's order, by the typed client.
func TestLifeOfAnInstitutionOrder(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, clockAt(noon))
	ctx := t.Context()
	body := payscore.CreateAcquiringBankServiceOrderRequest{
		ServiceID: serviceID, AppID: appID, SubMchID: subMchID, ChannelID: channelID, OutOrderNo: orderNo, ServiceIntroduction: "XX充电宝",
		RiskFund:  payscore.RiskFund{Name: payscore.RiskFundNameEstimateOrderCost, Amount: 100000},
		TimeRange: times("OnAccept", ""), NotifyURL: "https://api.test.com",
	}
	created, err := b.client.CreateAcquiringBankServiceOrder(ctx, body)
	b.ok(err)
	if created.State != "CREATED" || created.Package == nil || created.ChannelID != channelID || created.OrderID == "" {
		t.Errorf("created %s", asJSON(created))
	}
	if again, err := b.client.CreateAcquiringBankServiceOrder(ctx, body); err != nil || again.OrderID != created.OrderID {
		t.Errorf("again: %s, %v", asJSON(again), err)
	}
	b.ok(b.Move("confirm", bank.move(orderNo)))
	b.ok(b.client.CompleteAcquiringBankServiceOrder(ctx, orderNo, payscore.CompleteAcquiringBankServiceOrderRequest{
		ServiceID: serviceID, SubMchID: subMchID, ChannelID: new(channelID), PostPayments: lines(50000), TotalAmount: 50000,
		TimeRange: ref(times("", "20250601121010"))}))

	// WeChat Pay does not deduct by itself.
	for _, move := range []string{"start_deduction", "deduct", "deduction_fails"} {
		if b.Move(move, bank.move(orderNo)) == nil {
			t.Errorf("%s without a registration", move)
		}
	}
	b.Advance(100 * 24 * time.Hour)
	if v, _ := b.FamilyOrder(sandbox.AcquiringBank, subMchID, orderNo); v.Stage != "USER_PAYING" || !slices.Equal(v.Moves, []string{"user_pays"}) {
		t.Errorf("the order is %s", asJSON(v))
	}

	// The lines that are not sent anew stay, and the total has to agree.
	modify := payscore.ModifyAcquiringBankServiceOrderRequest{ServiceID: serviceID, SubMchID: subMchID, TotalAmount: 49900, Reason: "用户投诉"}
	checkRefused(t, b.client.ModifyAcquiringBankServiceOrder(ctx, orderNo, modify), wrongFormula)
	modify.PostDiscounts = coupons(100)
	b.ok(b.client.ModifyAcquiringBankServiceOrder(ctx, orderNo, modify))
	if o := b.read(bank, orderNo); asJSON(o.PostPayments) != asJSON(lines(50000)) || *o.TotalAmount != 49900 {
		t.Errorf("modified to %s", asJSON(o))
	}

	deduction := payscore.QueryAcquiringBankDeductionParams{ServiceID: serviceID, AppID: appID, SubMchID: subMchID, ChannelID: channelID, OutOrderNo: new(orderNo)}
	_, err = b.client.QueryAcquiringBankDeduction(ctx, deduction)
	checkRefused(t, err, notExist)
	if got := b.register(orderNo, "T1"); got.Status != 200 || strings.TrimSpace(got.Body) != `{"description":"XX充电宝"}` {
		t.Errorf("registered: %v %s", &got.Error, got.Body)
	}
	b.Advance(time.Hour)
	b.register(orderNo, "T1") // a repeat, which prolongs nothing
	b.register(orderNo, "T2").checkRefused(t, runningDeduction)
	for op, body := range map[string]any{"cancel": cancellation("x"), "modify": modification(1), "sync": paidElsewhere("20250601121010")} {
		b.send("POST", bank.at(orderNo, op), bank.body(body)).checkRefused(t, runningDeduction)
	}
	b.Advance(23*time.Hour - time.Second)
	b.register(orderNo, "T2").checkRefused(t, runningDeduction)
	b.Advance(time.Second)
	b.register(orderNo, "T1").checkRefused(t, refusal{400, "INVALID_REQUEST", 271316598, ""})
	b.register(orderNo, "T2")
	b.ok(b.Move("deduction_fails", bank.move(orderNo)))
	b.register(orderNo, "T2").checkRefused(t, refusal{400, "INVALID_REQUEST", 271316598, ""})
	b.register(orderNo, "T3")
	b.ok(b.Move("deduct", bank.move(orderNo)))
	if got, err := b.client.QueryAcquiringBankDeduction(ctx, deduction); err != nil || got.OutTradeNo != "T3" || got.Description != "XX充电宝" {
		t.Errorf("deduction %s, %v", asJSON(got), err)
	}
	deduction.AppID = "wx0"
	_, err = b.client.QueryAcquiringBankDeduction(ctx, deduction)
	checkRefused(t, err, notExist)

	if o := b.read(bank, orderNo); stageOf(t, o) != "DONE" || *o.Collection.PaidAmount != 49900 || *o.Collection.Details[0].PaidType != payscore.PaidTypeNewton {
		t.Errorf("in the end: %s", asJSON(o))
	}
	var events []string
	for _, n := range b.Announced() {
		events = append(events, n.EventType)
		if n.Subject != "AcquiringBank/"+subMchID+"/"+orderNo || !strings.Contains(n.Resource, `"channel_id":"`+channelID+`"`) {
			t.Errorf("announced %+v", n)
		}
	}
	if want := []string{"PAYSCORE.USER_CONFIRM", "PAYSCORE.USER_PAID"}; !slices.Equal(events, want) {
		t.Errorf("announced %v", events)
	}
}

// The life of an overseas order, by the typed client.
func TestLifeOfAnOverseasOrder(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, clockAt(noon))
	ctx := t.Context()
	start := "2025-06-15T12:00:01+08:00" // one of two forms; none is checked
	created, err := b.client.CreateOverseasServiceOrder(ctx, payscore.CreateOverseasServiceOrderRequest{
		ServiceID: serviceID, AppID: appID, SubMchID: subMchID, OutOrderNo: orderNo, Currency: "HKD", ServiceIntroduction: "XX充电宝",
		RiskFund:  payscore.RiskFund{Name: payscore.RiskFundNameDeposit, Amount: 60000},
		TimeRange: payscore.OverseasTimeRange{StartTime: &start}, NotifyURL: "https://api.test.com",
	})
	b.ok(err)
	if created.State != "CREATED" || created.Package == nil || *created.Currency != "HKD" || *created.TimeRange.StartTime != start {
		t.Errorf("created %s", asJSON(created))
	}
	b.ok(b.Move("confirm", overseas.move(orderNo)))
	complete := payscore.CompleteOverseasServiceOrderRequest{ServiceID: serviceID, SubMchID: subMchID, PostPayments: lines(60001), TotalAmount: 60001}
	checkRefused(t, b.client.CompleteOverseasServiceOrder(ctx, orderNo, complete), overCap)
	complete.PostPayments, complete.TotalAmount, complete.Currency = lines(50000), 50000, new("USD")
	checkRefused(t, b.client.CompleteOverseasServiceOrder(ctx, orderNo, complete), wrongParam("/currency"))
	complete.Currency, complete.AppID = new("HKD"), new("wx0")
	notTheApp := refusal{403, "NO_AUTH", 271302149, ""}
	checkRefused(t, b.client.CompleteOverseasServiceOrder(ctx, orderNo, complete), notTheApp)
	complete.AppID = new(appID)
	b.ok(b.client.CompleteOverseasServiceOrder(ctx, orderNo, complete))
	b.ok(b.client.CompleteOverseasServiceOrder(ctx, orderNo, complete)) // a repeat

	b.ok(b.Move("start_deduction", overseas.move(orderNo)))
	cancel := payscore.CancelOverseasServiceOrderRequest{ServiceID: serviceID, SubMchID: subMchID, Reason: "x"}
	checkRefused(t, b.client.CancelOverseasServiceOrder(ctx, orderNo, cancel), runningDeduction)
	b.Advance(sandbox.DeductionTime)
	cancel.AppID = new("wx0")
	checkRefused(t, b.client.CancelOverseasServiceOrder(ctx, orderNo, cancel), notTheApp)
	got, err := b.client.QueryOverseasServiceOrder(ctx, payscore.QueryOverseasServiceOrderParams{ServiceID: serviceID, SubMchID: subMchID, OutOrderNo: new(orderNo)})
	b.ok(err)
	paid, err := time.Parse(time.RFC3339, *got.Collection.Details[0].PaidTime)
	if err != nil || !paid.Equal(noon.Add(sandbox.DeductionTime)) || *got.Collection.PaidAmount != 50000 || *got.CurrencyPrice != 90_000_000 ||
		*got.CurrencyRateInfo != "1HKD=0.90CNY" || *got.TimeRange.StartTime != start {
		t.Errorf("the query says %s", asJSON(got))
	}

	b.orderAt(overseas, "USER_PAYING", "sync")
	at := time.Date(2025, 6, 1, 12, 10, 10, 0, time.UTC)
	b.ok(b.client.SyncOverseasServiceOrder(ctx, "sync", payscore.SyncOverseasServiceOrderRequest{
		ServiceID: serviceID, SubMchID: subMchID, Type: payscore.SyncTypeOrderPaid, Detail: payscore.OverseasSyncDetail{PaidTime: at}}))
	if d := b.read(overseas, "sync").Collection.Details[0]; *d.PaidTime != "2025-06-01T20:10:10+08:00" || *d.PaidType != payscore.PaidTypeMch {
		t.Errorf("synced as %s", asJSON(d))
	}
	yuan := strings.Replace(overseas.body(noConfirm("yuan")), "HKD", "CNY", 1)
	b.send("POST", overseas.at("", ""), yuan)
	if v, _ := b.FamilyOrder(sandbox.Overseas, subMchID, "yuan"); v.Currency != "CNY" {
		t.Errorf("the order is %s", asJSON(v))
	}
	if got := b.send("GET", overseas.at("", "")+"?service_id="+serviceID+"&sub_mchid="+subMchID+"&out_order_no=yuan", ""); strings.Contains(got.Body, "currency_price") {
		t.Errorf("the query says %s", got.Body)
	}
}

// The same number is another order in each family, and another channel finds
// none. All survive a restart.
func TestFamiliesDoNotMix(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "orders.db")
	b := newBoxAt(t, clockAt(noon), sandbox.WithData(file))
	for i, d := range allSides {
		b.call(d, "", "", noConfirm(orderNo))
		for _, other := range allSides[i+1:] {
			if got := b.send("POST", other.at(orderNo, "cancel"), other.body(cancellation("x"))); got.Status != 404 {
				t.Errorf("the %s order is there for %s", d, other)
			}
		}
	}
	wrong := strings.Replace(bank.body(cancellation("x")), channelID, "1230000999", 1)
	b.send("POST", bank.at(orderNo, "cancel"), wrong).checkRefused(t, notExist)
	b.call(overseas, orderNo, "cancel", cancellation("x"))
	b.call(bank, orderNo, "complete", completion(100))
	b.call(bank, orderNo, "registerdeductinfo", registration("T1"))
	before := []string{}
	for _, d := range allSides {
		before = append(before, asJSON(b.read(d, orderNo)))
	}
	page, _ := b.Orders("AcquiringBank/", "", 10)
	if len(page) != 1 || page[0].ChannelID != channelID || !slices.Equal(page[0].Registered, []string{"T1"}) || page[0].DeductingUntil == nil {
		t.Errorf("listed %s", asJSON(page))
	}
	b.ok(b.Sandbox.Close())

	b = newBoxAt(t, clockAt(noon), sandbox.WithData(file))
	for i, d := range allSides {
		if got := asJSON(b.read(d, orderNo)); got != before[i] {
			t.Errorf("%s: after a restart\n%s, before\n%s", d, got, before[i])
		}
	}
	b.register(orderNo, "T2").checkRefused(t, runningDeduction)
	b.Advance(24 * time.Hour)
	if got := b.register(orderNo, "T2"); got.Status != 200 {
		t.Errorf("after a day: %v", &got.Error)
	}
}

// Not every source requires sub-merchant and channel of a pay-on-delivery order.
func TestInstitutionPayOnDeliveryWithoutIDs(t *testing.T) {
	t.Parallel()
	op, example := exampleOf("createAcquiringBankPayOnDeliveryOrder")
	bare := with(example, map[string]any{"sub_mchid": nil, "channel_id": nil, "notify_url": nil})
	b := newBox(t)
	got := b.send("POST", op.template, bare)
	var order payscore.CreateAcquiringBankPayOnDeliveryOrderResult
	b.ok(json.Unmarshal([]byte(got.Body), &order))
	if order.SubMchID != subMchID || order.NotifyURL != nil {
		t.Errorf("answered %s", got.Body)
	}
	b.call(bank, order.OutOrderNo, "complete", completion(100))
	b.ok(b.Move("user_pays", bank.move(order.OutOrderNo)))
	if n := b.Announced(); len(n) != 0 {
		t.Errorf("announced %v", n)
	}
	if got := newBox(t, sandbox.WithStrictBindings()).send("POST", op.template, bare); got.Status != 400 || got.Code != "PARAM_ERROR" {
		t.Errorf("with strict bindings: %v", &got.Error)
	}
}

func TestInstitutionPermission(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	ctx := t.Context()
	apply := payscore.ApplyAcquiringBankPermissionRequest{
		ServiceID: serviceID, AppID: appID, SubMchID: subMchID, ChannelID: channelID, AuthorizationCode: "C1", NotifyURL: new("https://api.test.com")}
	_, err := b.client.ApplyAcquiringBankPermission(ctx, apply)
	b.ok(err)
	query := payscore.QueryAcquiringBankPermissionByAuthorizationCodeParams{ServiceID: serviceID, SubMchID: subMchID, ChannelID: channelID}
	open := sandbox.MoveArgs{Family: sandbox.AcquiringBank, SubMchID: subMchID, AuthorizationCode: "C1"}
	b.ok(b.Move("open_permission", open))
	got, err := b.client.QueryAcquiringBankPermissionByAuthorizationCode(ctx, "C1", query)
	if err != nil || got.AuthorizationState != "AVAILABLE" || *got.ChannelID != channelID {
		t.Errorf("the permission is %s, %v", asJSON(got), err)
	}
	query.ChannelID = "1230000999"
	missing := refusal{404, "ORDER_NOT_EXIST", 0, ""}
	_, err = b.client.QueryAcquiringBankPermissionByAuthorizationCode(ctx, "C1", query)
	checkRefused(t, err, missing)
	_, err = b.client.QueryPartnerPermissionByAuthorizationCode(ctx, "C1", payscore.QueryPartnerPermissionByAuthorizationCodeParams{ServiceID: serviceID, SubMchID: subMchID})
	checkRefused(t, err, missing)
	b.create(noConfirm("partner")) // is no order of the institution's
	b.ok(b.client.TerminateAcquiringBankPermissionByAuthorizationCode(ctx, "C1", payscore.TerminateAcquiringBankPermissionByAuthorizationCodeRequest{
		ServiceID: serviceID, SubMchID: subMchID, ChannelID: new(channelID), Reason: "x"}))
	for _, n := range b.Announced() {
		if strings.Contains(n.EventType, "SERVICE") && (n.Subject != "permission/AcquiringBank/"+subMchID+"/C1" || !strings.Contains(n.Resource, `"channel_id":"`+channelID+`"`)) {
			t.Errorf("announced %+v", n)
		}
	}
	if n := len(b.Announced()); n != 2 {
		t.Errorf("%d announcements", n)
	}
}

// A fault that starts a deduction finds the order of an overseas request, and
// does nothing to an institution's, which has none.
func TestDeductionFaultByFamily(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, d := range []side{overseas, bank} {
		b.orderAt(d, "USER_PAYING", orderNo)
		req := b.request("POST", d.at(orderNo, "sync"), d.body(paidElsewhere("20250601121010")))
		req.Header.Set(sandbox.FaultHeader, "deduction")
		if got := b.do(req); (got.Number == 271316754) != (d == overseas) {
			t.Errorf("%s: %v", d, &got.Error)
		}
	}
}

// The admin side shows and moves orders of a family.
func TestAdminOfFamilies(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	admin(t, b.Server, "POST", "orders", `{"family":"Overseas","out_order_no":"A","total_amount":100,"stage":"CREATED"}`, 201)
	order := "order?family=Overseas&sub_mchid=" + subMchID + "&out_order_no=A"
	life := admin(t, b.Server, "GET", order, "", 200)
	if life["subject"] != "Overseas/"+subMchID+"/A" || life["answer"].(map[string]any)["currency"] != "HKD" || life["order"].(map[string]any)["family"] != "Overseas" {
		t.Errorf("shown as %s", asJSON(life))
	}
	admin(t, b.Server, "GET", strings.Replace(order, "Overseas", "AcquiringBank", 1), "", 404)
	admin(t, b.Server, "GET", strings.Replace(order, "Overseas", "Other", 1), "", 400)
	moved := admin(t, b.Server, "POST", "moves", `{"name":"confirm","family":"Overseas","sub_mchid":"`+subMchID+`","out_order_no":"A"}`, 200)
	if moved["order"].(map[string]any)["stage"] != "USER_CONFIRM" {
		t.Errorf("moved to %s", asJSON(moved))
	}
	if list := admin(t, b.Server, "GET", "orders?search=overseas", "", 200); list["total"] != json.Number("1") && list["total"] != 1.0 {
		t.Errorf("listed %s", asJSON(list))
	}
	if _, err := b.Seed("B", 1, sandbox.SeedFamily("Other")); err == nil {
		t.Error("seeded an order of no family")
	}
	if _, err := b.Seed("B", 1, sandbox.SeedFamily(sandbox.AcquiringBank), sandbox.SeedSubMchID("")); err == nil {
		t.Error("seeded an institution's order without a sub-merchant")
	}
}

// That an order which the user confirms names no user stands on the pages of partners and
// direct merchants alone.
func TestConfirmedOrderOfAFamilyNamesAUser(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, clockAt(noon))
	for _, confirm := range []any{nil, true} {
		body := map[string]any{
			"service_id": serviceID, "appid": appID, "sub_mchid": subMchID, "out_order_no": fmt.Sprint("family-", confirm == nil), "service_introduction": "XX充电宝",
			"risk_fund": map[string]any{"name": "DEPOSIT", "amount": 60000}, "time_range": map[string]any{"start_time": "OnAccept"},
			"notify_url": "https://api.test.com", "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
		}
		if confirm != nil {
			body["need_user_confirm"] = confirm
		}
		b.send("POST", orders, asJSON(body)).checkRefused(t, wrongParam("/openid"))
		body["channel_id"] = channelID
		if got := b.send("POST", "/v3/payscore/acquiringbank/serviceorder", asJSON(body)); got.Status != 200 {
			t.Errorf("institution, %v: %v", confirm, &got.Error)
		}
		delete(body, "channel_id")
		body["currency"] = "HKD"
		if got := b.send("POST", "/v3/payscore/oversea/partner/serviceorder", asJSON(body)); got.Status != 200 {
			t.Errorf("overseas, %v: %v", confirm, &got.Error)
		}
	}
}

// Sources disagree on the two numbers: one is made up of the order's, the other
// is not needed. With strict bindings both are required.
func TestDeductionWithoutNumbers(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	register := func(b *box, no string) answer {
		return b.send("POST", bank.at(no, "registerdeductinfo"), with(bank.body(registration("")), map[string]any{"out_trade_no": nil}))
	}
	query := func(b *box, changes ...string) answer {
		text := strings.NewReplacer(changes...).Replace("service_id=" + serviceID + "&appid=" + appID + "&sub_mchid=" + subMchID + "&channel_id=" + channelID)
		return b.send("GET", bank.at("", "")+"/deduction?"+text, "")
	}
	query(b).checkRefused(t, notExist)
	for _, no := range []string{"B", "A"} {
		b.orderAt(bank, "USER_PAYING", no)
	}
	b.orderAt(bank, "USER_PAYING", "C") // which has none
	for _, no := range []string{"A", "B"} {
		for range 2 { // a repeat
			if got := register(b, no); got.Status != 200 {
				t.Errorf("%s: %v", no, &got.Error)
			}
		}
	}
	if got := query(b); !strings.Contains(got.Body, `"out_trade_no":"A"`) {
		t.Errorf("of the newest order that has one: %s", got.Body)
	}
	for _, other := range [][]string{{appID, "wx0"}, {subMchID, "1900000999"}, {channelID, "1230000999"}, {serviceID, "500001"}} {
		query(b, other...).checkRefused(t, notExist)
	}
	b.ok(b.Move("deduction_fails", bank.move("A")))
	register(b, "A").checkRefused(t, refusal{400, "INVALID_REQUEST", 271316598, ""})

	b = newBox(t, sandbox.WithStrictBindings())
	b.orderAt(bank, "USER_PAYING", "A")
	register(b, "A").checkRefused(t, wrongParam("/out_trade_no"))
	query(b).checkRefused(t, wrongParam("out_order_no"))
}

// The contract has no pattern for sub_mchid and merchant_plan_no: whatever they
// are, they find nothing of another owner or family.
func TestNumbersWithSlashes(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, d := range []side{bank, overseas} {
		b.call(d, "", "", noConfirm(orderNo))
		sub := string(d.family()) + "/" + subMchID
		got := b.send("GET", orders+"?sub_mchid="+url.QueryEscape(sub)+"&out_order_no="+orderNo, "")
		got.checkRefused(t, notExist)
		got = b.send("POST", partner.at(orderNo, "cancel"), with(partner.body(cancellation("x")), map[string]any{"sub_mchid": sub}))
		got.checkRefused(t, notExist)
		b.call(d, orderNo, "cancel", cancellation("x")) // it is still there
	}
	seen := map[any]string{}
	for _, owner := range [][2]string{{"A", "B/C"}, {"A/B", "C"}, {"A%2FB", "C"}, {"/A", "B"}} {
		made := planBox{b, partner}.do("createPlan", map[string]any{"sub_mchid": owner[0], "merchant_plan_no": owner[1], "plan_name": owner[0]})
		if before, again := seen[made["plan_id"]]; again {
			t.Errorf("%s of %s is that of %s", owner[1], owner[0], before)
		}
		seen[made["plan_id"]] = owner[0]
	}
	planBox{b, direct}.do("createPlan", map[string]any{"merchant_plan_no": "/A/B"})
	got := b.send("GET", "/v3/payscore/plan/partner/payscore-plans/merchant-plan-no/B%2FC?sub_mchid=A", "")
	if got.Status != 200 || !strings.Contains(got.Body, `"merchant_plan_no":"B/C"`) {
		t.Errorf("the query says %d %s", got.Status, got.Body)
	}
}

// The journal has the creation at the order that it made.
func TestJournalOfAnOrderWithoutItsSubMerchant(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	op, example := exampleOf("createAcquiringBankPayOnDeliveryOrder")
	b.send("POST", op.template, with(example, map[string]any{"sub_mchid": nil, "out_order_no": orderNo}))
	journal := b.Journal()
	if last := journal[len(journal)-1]; last.Subject != "AcquiringBank/"+subMchID+"/"+orderNo || last.Stage != "USER_CONFIRM" {
		t.Errorf("the entry is about %q at %q", last.Subject, last.Stage)
	}
}

// An order keeps no endless list of registered numbers.
func TestRegistrationsHaveAnEnd(t *testing.T) {
	t.Parallel()
	o := rules.Order{Family: rules.AcquiringBank, Stage: rules.UserPaying}
	o.Entity.TotalAmount = new(int64(1))
	refusedAt := -1
	for i := range 2000 {
		registered, _, refused := rules.Apply(o, rules.Register{OutTradeNo: fmt.Sprint("T", i)}, rules.Terms{})
		if refused != nil {
			if refusedAt = i; refused.Code != "FREQUENCY_LIMITED" {
				t.Errorf("refused with %v", refused)
			}
			break
		}
		o = registered
		o.Deduction = nil
	}
	if refusedAt != 1000 {
		t.Errorf("refused after %d", refusedAt)
	}
}
