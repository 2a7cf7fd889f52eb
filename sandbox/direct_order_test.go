package sandbox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// The whole life of a direct merchant's order, by the typed client. RoundTrip
// holds each answer against the contract.
func TestLifeOfADirectOrder(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, clockAt(noon))
	ctx := t.Context()
	created, err := b.client.CreateServiceOrder(ctx, payscore.CreateServiceOrderRequest{
		ServiceID: serviceID, AppID: appID, OutOrderNo: orderNo, ServiceIntroduction: "XX充电宝",
		RiskFund:  payscore.RiskFund{Name: payscore.RiskFundNameEstimateOrderCost, Amount: 100000},
		TimeRange: times("OnAccept", ""), NotifyURL: "https://api.test.com", Attach: new("a&b"),
	})
	b.ok(err)
	if created.State != "CREATED" || created.Package == nil || created.OrderID == "" || created.MchID != b.Credentials().Account().MchID || *created.Attach != "a&b" {
		t.Errorf("created %s", asJSON(created))
	}
	b.ok(b.Move("confirm", sandbox.MoveArgs{OutOrderNo: orderNo}))
	lines39900 := []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(40000)), Description: new("就餐人均100元")}}
	completed, err := b.client.CompleteServiceOrder(ctx, orderNo, payscore.CompleteServiceOrderRequest{
		ServiceID: serviceID, AppID: appID, PostPayments: lines(50000), TotalAmount: 50000,
		TimeRange: ref(times("", "20250601121010")), Location: &payscore.Location{StartLocation: new("A"), EndLocation: new("B")}})
	b.ok(err)
	if completed.TotalAmount != 50000 || asJSON(completed.StateDescription) != `"MCH_COMPLETE"` || *completed.OrderID != created.OrderID ||
		*completed.Location.EndLocation != "B" || !*completed.NeedCollection || *completed.TimeRange.EndTime != "20250601121010" {
		t.Errorf("completed %s", asJSON(completed))
	}
	modified, err := b.client.ModifyServiceOrder(ctx, orderNo, payscore.ModifyServiceOrderRequest{
		ServiceID: serviceID, AppID: appID, PostPayments: lines39900, PostDiscounts: coupons(100), TotalAmount: 39900, Reason: "用户投诉"})
	b.ok(err)
	if *modified.TotalAmount != 39900 || *modified.Collection.PayingAmount != 39900 || asJSON(modified.PostPayments) != asJSON(lines39900) {
		t.Errorf("modified %s", asJSON(modified))
	}
	if got := b.read(direct, orderNo); asJSON(got) != asJSON(modified) {
		t.Errorf("answered\n%s, but the query says\n%s", asJSON(modified), asJSON(got))
	}
	paid, err := b.client.PayServiceOrder(ctx, orderNo, payscore.PayServiceOrderRequest{ServiceID: new(serviceID), AppID: new(appID)})
	b.ok(err)
	if want := fmt.Sprintf(`{"appid":%q,"mchid":%q,"order_id":%q,"out_order_no":%q,"service_id":%q}`,
		appID, b.Credentials().Account().MchID, created.OrderID, orderNo, serviceID); asJSON(paid) != want {
		t.Errorf("paid %s, want %s", asJSON(paid), want)
	}
	order := b.read(direct, orderNo)
	if stageOf(t, order) != "DONE" || *order.Collection.PaidAmount != 39900 || order.SubMchID != nil {
		t.Errorf("in the end: %s", asJSON(order))
	}
	if v, _ := b.Order("", orderNo); v.Collected != 39900 {
		t.Errorf("collected %d", v.Collected)
	}
	if _, ok := entity(b, subMchID, orderNo); ok {
		t.Error("the sub-merchant has the direct merchant's order")
	}
}

func TestDirectAnswersOfCancelAndSync(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.orderAt(direct, "USER_PAYING", "cancel")
	for range 2 { // the second is a repeat, which succeeds with the same answer
		got := b.call(direct, "cancel", "cancel", cancellation("用户投诉"))
		var r payscore.CancelServiceOrderResult
		b.ok(json.Unmarshal([]byte(got.Body), &r))
		if r.OutOrderNo != "cancel" || r.AppID != appID || r.OrderID != *b.read(direct, "cancel").OrderID {
			t.Errorf("cancelled %s", got.Body)
		}
	}
	b.send("POST", direct.at("cancel", "cancel"), direct.body(cancellation("商家原因"))).checkRefused(t, refusal{400, "ORDER_CANCELED", 271302333, ""})

	b.orderAt(direct, "USER_PAYING", "sync")
	got := b.call(direct, "sync", "sync", paidElsewhere("20091225"))
	var r payscore.DirectServiceOrderEntity
	b.ok(json.Unmarshal([]byte(got.Body), &r))
	if r.State != "DONE" || *r.Collection.Details[0].PaidType != "MCH" || *r.Collection.Details[0].PaidTime != "20091225000000" ||
		r.Collection.Details[0].TransactionID != nil || *r.Collection.PaidAmount != 50000 {
		t.Errorf("synced %s", got.Body)
	}
}

// A direct merchant's request names the app and the service of the order.
func TestAppAndServiceOfADirectOrder(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for op, c := range map[string]struct {
		stage string
		body  any
	}{
		"cancel":              {"USER_CONFIRM", cancellation("用户投诉")},
		"complete":            {"USER_CONFIRM", completion(100)},
		"modify":              {"USER_PAYING", modification(100)},
		"pay":                 {"USER_PAYING", payment()},
		"sync":                {"USER_PAYING", paidElsewhere("20091225")},
		"send-pendingmessage": {"USER_PAYING", message(100)},
		"send-prepaidmessage": {"USER_CONFIRM", message(100)},
	} {
		b.orderAt(direct, c.stage, op)
		before := asJSON(b.read(direct, op))
		body := direct.body(c.body)
		b.send("POST", direct.at(op, op), strings.Replace(body, appID, "wx0", 1)).checkRefused(t, wrongParam("/appid"))
		b.send("POST", direct.at(op, op), strings.Replace(body, serviceID, "500001", 1)).checkRefused(t, wrongParam("/service_id"))
		if asJSON(b.read(direct, op)) != before {
			t.Errorf("%s: refused, but changed", op)
		}
		if got := b.send("POST", direct.at(op, op), body); got.Status >= 300 {
			t.Errorf("%s: %v %s", op, &got.Error, got.Detail)
		}
	}
	query := direct.at("", "") + "?out_order_no=modify&appid=%s&service_id=%s"
	b.send("GET", fmt.Sprintf(query, "wx0", serviceID), "").checkRefused(t, wrongParam("appid"))
	b.send("GET", fmt.Sprintf(query, appID, "500001"), "").checkRefused(t, wrongParam("service_id"))
}

// The same number may be the sub-merchant's and the direct merchant's.
func TestSidesDoNotMeet(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.orderAt(direct, "USER_PAYING", orderNo)
	b.orderAt(partner, "CREATED", orderNo)
	b.call(direct, orderNo, "modify", modification(100))
	if got := stageOf(t, b.query(orderNo)); got != "CREATED" {
		t.Errorf("the partner's order is %s", got)
	}
	b.send("POST", partner.at(orderNo, "modify"), partner.body(modification(1))).checkRefused(t, refusal{400, "INVALID_REQUEST", 271302332, ""})
	b.send("POST", direct.at("another", "modify"), direct.body(modification(1))).checkRefused(t, notExist)
}
