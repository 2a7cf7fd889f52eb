package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

const newOutOrderNo = "NEW_ORDER"

// create makes an order whose service is running, and returns the body that
// completes it.
func (h *host) create(t testing.TB) string {
	t.Helper()
	c := connection{Keys: h.dir}
	if err := c.fill(nil); err != nil {
		t.Fatal(err)
	}
	client, err := c.open(&recorder{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreatePartnerServiceOrder(t.Context(), payscore.CreatePartnerServiceOrderRequest{
		ServiceID: c.ServiceID, AppID: h.account.AppID, SubMchID: c.SubMchID, OutOrderNo: newOutOrderNo, ServiceIntroduction: "XX充电宝",
		RiskFund:  payscore.RiskFund{Name: payscore.RiskFundNameEstimateOrderCost, Amount: 50000},
		TimeRange: payscore.TimeRange{StartTime: new("20250601101010"), EndTime: new("20250601121010")},
		NotifyURL: "https://api.test.com", NeedUserConfirm: new(false), OpenID: new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
	})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(payscore.CompletePartnerServiceOrderRequest{ServiceID: c.ServiceID, SubMchID: c.SubMchID,
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}}, TotalAmount: 39900})
	if err != nil {
		t.Fatal(err)
	}
	h.requests.Store(0)
	return write(t, "complete.json", string(body))
}

// changes are the commands with their arguments and the state that they lead to.
func (h *host) changes(t testing.TB) map[string]struct {
	no, state string
	args      []string
} {
	return map[string]struct {
		no, state string
		args      []string
	}{
		"complete": {newOutOrderNo, "DOING / MCH_COMPLETE / USER_PAYING", []string{"complete", newOutOrderNo, "--keys", h.dir, "--body", h.create(t)}},
		"cancel":   {seedOutOrderNo, "REVOKED", []string{"cancel", seedOutOrderNo, "--keys", h.dir, "--reason", "用户投诉"}},
		"pay":      {seedOutOrderNo, "DONE / USER_PAID", []string{"pay", seedOutOrderNo, "--keys", h.dir}},
		"sync":     {seedOutOrderNo, "DONE / USER_PAID", []string{"sync", seedOutOrderNo, "--keys", h.dir, "--paid-time", "20250315"}},
	}
}

func (h *host) wantState(t testing.TB, no, want string) {
	t.Helper()
	order, ok := h.box.Order(h.account.SubMchID, no)
	if got := stage(&order.Entity); !ok || got != want {
		t.Errorf("the order is %s, want %s", got, want)
	}
}

func TestCompleteAgain(t *testing.T) {
	h := newHost(t)
	c := h.changes(t)["complete"]
	for range 2 {
		r := runArgs(t, c.args...)
		r.wantCode(t, exitDone)
		wantAll(t, r.out, "204 No Content", "Done: completed")
	}
	at := slices.Index(c.args, "--body") + 1
	body, err := os.ReadFile(c.args[at])
	if err != nil {
		t.Fatal(err)
	}
	other := map[string]any{}
	if err := json.Unmarshal(body, &other); err != nil {
		t.Fatal(err)
	}
	other["goods_tag"] = "another"
	body, _ = json.Marshal(other)
	c.args[at] = write(t, "other.json", string(body))
	// The order bears the bill that was sent, so there is nothing left to do.
	r := runArgs(t, c.args...)
	r.wantCode(t, exitDone)
	wantAll(t, r.err, "warning: the answer did not tell, but the order does: ", "订单重入参数校验失败")

	other["total_amount"] = other["total_amount"].(float64) - 1
	other["post_discounts"] = []any{map[string]any{"name": "抹零", "amount": 1}}
	body, _ = json.Marshal(other)
	c.args[at] = write(t, "another.json", string(body))
	r = runArgs(t, append(c.args, "--json")...)
	r.wantCode(t, exitFailed)
	if e := decodeJSON[errorReport](t, r.err); e.Number != 271316598 || e.Code != "PARAM_ERROR" || e.Retry != "after-query" || !strings.Contains(e.Remedy.EN, "charge the user twice") {
		t.Errorf("%s", r.err)
	}
	h.wantState(t, c.no, c.state)
}

func TestChange(t *testing.T) {
	for _, name := range []string{"complete", "cancel", "pay", "sync"} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			c := h.changes(t)[name]
			r := runArgs(t, c.args...)
			r.wantCode(t, exitDone)
			wantAll(t, r.out, "Order before\n", "/"+name+"\n", "204 No Content", "verified by    public key", "Order after\n", "state          "+c.state+"\n", "Done: ")
			if r.err != "" || strings.Count(r.out, "answer ") != 1 {
				t.Errorf("stderr %q\n%s", r.err, r.out)
			}
			h.wantState(t, c.no, c.state)
			h.wantRequests(t, 3)
		})
		// The answer is lost, so the order tells.
		t.Run(name+", answer lost", func(t *testing.T) {
			h := newHost(t)
			c := h.changes(t)[name]
			h.spoil = onModify(func(http.ResponseWriter, *httptest.ResponseRecorder) { panic(http.ErrAbortHandler) })
			r := runArgs(t, c.args...)
			r.wantCode(t, exitDone)
			wantAll(t, r.err, "warning: the answer did not tell, but the order does: ", "outcome unknown")
			wantAll(t, r.out, "answer         none\n", "state          "+c.state+"\n", "Done: ")
			h.wantState(t, c.no, c.state)
		})
		t.Run(name+", request lost", func(t *testing.T) {
			h := newHost(t)
			c := h.changes(t)[name]
			h.spoil = func(box http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPost {
						panic(http.ErrAbortHandler)
					}
					box.ServeHTTP(w, r)
				})
			}
			want, outcome := exitFailed, "not carried out"
			if name == "pay" { // which an order that waits for payment cannot tell
				want, outcome = exitUnknown, "unknown"
			}
			r := runArgs(t, append(c.args, "--json")...)
			r.wantCode(t, want)
			report, e := decodeJSON[changeReport](t, r.out), decodeJSON[errorReport](t, r.err)
			if report.Outcome != outcome || e.OutcomeUnknown != (name == "pay") || report.After == nil || *report.Before.OrderID != *report.After.OrderID {
				t.Errorf("%+v, %+v", report, e)
			}
		})
		t.Run(name+", refused", func(t *testing.T) {
			h := newHost(t)
			c := h.changes(t)[name]
			runArgs(t, c.args...).wantCode(t, exitDone)
			switch name {
			case "cancel": // which may be repeated with the same reason
				c.args[len(c.args)-1] = "别的"
			case "complete": // which may be repeated until it is paid
				if err := h.box.Move("deduct", sandbox.MoveArgs{SubMchID: h.account.SubMchID, OutOrderNo: c.no}); err != nil {
					t.Fatal(err)
				}
			}
			r := runArgs(t, append(c.args, "--json")...)
			r.wantCode(t, exitFailed)
			report, e := decodeJSON[changeReport](t, r.out), decodeJSON[errorReport](t, r.err)
			if report.Outcome != "not carried out" || e.OutcomeUnknown || e.Status != 400 || e.Retry != "never" || report.Call.Status != 400 {
				t.Errorf("%+v, %+v", report, e)
			}
		})
		t.Run(name+", then all is down", func(t *testing.T) {
			h := newHost(t)
			c := h.changes(t)[name]
			h.spoil = onModify(func(http.ResponseWriter, *httptest.ResponseRecorder) { panic(http.ErrAbortHandler) })
			h.downAfterModify()
			r := runArgs(t, c.args...)
			r.wantCode(t, exitUnknown)
			wantAll(t, r.err, "warning: the query afterwards failed: ", "503", "outcome unknown")
			if strings.Contains(r.out, "Done") || strings.Contains(r.out, "Order after") {
				t.Errorf("claims more than it knows:\n%s", r.out)
			}
		})
	}
}

func TestChangeWrongInput(t *testing.T) {
	h := newHost(t)
	body := h.create(t)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no reason":         {[]string{"cancel", seedOutOrderNo, "--keys", h.dir}, "--reason"},
		"reason too long":   {[]string{"cancel", seedOutOrderNo, "--keys", h.dir, "--reason", strings.Repeat("长", 1000)}, "$.reason"},
		"no sub-merchant":   {append([]string{"pay", seedOutOrderNo}, h.flags()...), "--sub-mchid is missing"},
		"no service":        {append([]string{"sync", seedOutOrderNo, "--sub-mchid", "1900000109", "--paid-time", "20250315"}, h.flags()...), "--service-id is missing"},
		"paid time":         {[]string{"sync", seedOutOrderNo, "--keys", h.dir, "--paid-time", ""}, "paid_time"},
		"no body":           {[]string{"complete", newOutOrderNo, "--keys", h.dir}, "--body"},
		"mistyped field":    {[]string{"complete", newOutOrderNo, "--keys", h.dir, "-b", write(t, "b.json", `{"totals":1}`)}, "totals"},
		"another merchant":  {[]string{"complete", newOutOrderNo, "--keys", h.dir, "-b", body, "--sub-mchid", "1900000110"}, "$.sub_mchid: is 1900000109"},
		"order number":      {[]string{"pay", "A B", "--keys", h.dir}, "out_order_no"},
		"order number gone": {[]string{"pay", "--keys", h.dir}, "out_order_no"},
	} {
		t.Run(name, func(t *testing.T) { h.refusedInput(t, test.args, test.want) })
	}
	r := runArgs(t, "cancel", "NOSUCH", "--keys", h.dir, "--reason", "用户投诉")
	r.wantCode(t, exitFailed)
	r.wantLine(t, "not cancelled, since the query before it failed", "404 ORDER_NOT_EXIST")
	h.wantRequests(t, 1)
}
