package serviceorder_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/serviceorder"
)

const (
	subMchID  = "1900000109"
	serviceID = "2002000000000558128851361561536"
	appID     = "wxd678efh567hg6787"
)

// host is WeChat Pay as one HTTP server with one order, for partners and
// direct merchants. It knows nothing of the package under test.
type host struct {
	*httptest.Server
	t         *testing.T
	order     payscore.ServiceOrderEntity
	sends     []func() int // return the status of each response
	failQuery int          // queries that fail
	queries   int
	bodies    []string
	answerNo  string // the number in answers to operations
	number    int64  // of refusals
	message   string // of refusals, "" for another
}

func newHost(t *testing.T) *host {
	h := &host{t: t, answerNo: outOrderNo}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

// verifying replaces package transport: each response has verified, unless it has
// the header Unsigned.
type verifying struct{ *http.Client }

func (c verifying) Do(req *http.Request) (*http.Response, error) {
	rsp, err := c.Client.Do(req)
	if err == nil && rsp.Header.Get("Unsigned") == "" {
		rsp.Body = verifiedBody{rsp.Body}
	}
	return rsp, err
}

type verifiedBody struct{ io.ReadCloser }

func (verifiedBody) Verified() bool { return true }

func (h *host) client() *payscore.Client {
	c, err := payscore.New(h.URL, payscore.WithHTTPClient(verifying{h.Client()}))
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, partner := strings.CutPrefix(r.URL.Path, "/v3/payscore/partner/serviceorder")
	if !partner {
		path = strings.TrimPrefix(path, "/v3/payscore/serviceorder")
	}
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodGet {
		h.queries++
		q := r.URL.Query()
		if path != "" || q.Get("out_order_no") != outOrderNo || partner && q.Get("sub_mchid") != subMchID ||
			!partner && (q.Get("service_id") != serviceID || q.Get("appid") != appID) {
			h.t.Errorf("queried %s", r.URL)
		}
		if h.failQuery > 0 {
			h.failQuery--
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(h.order)
		return
	}
	body, _ := io.ReadAll(r.Body)
	h.bodies = append(h.bodies, r.URL.Path+" "+string(body))
	if !strings.HasPrefix(path, "/"+outOrderNo+"/") || len(h.sends) == 0 {
		h.t.Errorf("%s %s, which was not due", r.Method, r.URL)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	send := h.sends[0]
	h.sends = h.sends[1:]
	switch status := send(); {
	case status < 0: // nobody has signed it
		w.Header().Set("Unsigned", "yes")
		w.WriteHeader(-status)
		body := "<html>Not Found</html>"
		if status == -http.StatusUnauthorized {
			body = `{"code":"SIGN_ERROR","message":"签名错误"}`
		}
		_, _ = w.Write([]byte(body))
	case status != http.StatusOK:
		w.Header().Set("Request-ID", fmt.Sprintf("08F78F-%d", h.number))
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"code": "INVALID_REQUEST", "message": cmp.Or(h.message, "refused")})
	case partner:
		w.WriteHeader(http.StatusNoContent)
	default:
		answer := h.order
		answer.OutOrderNo = h.answerNo
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// ended is a Result of either kind.
type ended struct {
	outcome           serviceorder.Outcome
	order             bool
	sendErr, queryErr error
	err               error
}

func end[O serviceorder.Order](t *testing.T, r serviceorder.Result[O], err error) ended {
	t.Helper()
	checkEnd(t, r, err)
	return ended{r.Outcome, r.Order != nil, r.SendErr, r.QueryErr, err}
}

// operate runs one operation.
type operate = func(*testing.T, context.Context, *payscore.Client, ...serviceorder.Option) ended

// kind is one operation, for the partner and the direct merchant.
type kind struct {
	name            string
	partner, direct operate
	answersOrder    bool // the direct merchant's
}

func (k kind) both() map[string]operate {
	return map[string]operate{"Partner": k.partner, "": k.direct}
}

var (
	bill      = []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(40000)), Count: new(int64(4))}}
	coupons   = []payscore.ServiceOrderCoupon{{Name: new("满20减1元"), Amount: new(int64(100))}}
	billTotal = int64(39900)
	syncedAs  = payscore.SyncDetail{PaidTime: "20250315", PaidAmount: new(int64(39900))}
	timeRange = &payscore.TimeRange{EndTime: new("20250315121010")}
)

// completeAs is the kind of a completion with a bill.
func completeAs(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon, total int64) kind {
	return kind{"complete",
		func(t *testing.T, ctx context.Context, c *payscore.Client, opts ...serviceorder.Option) ended {
			r, err := serviceorder.Complete(ctx, c, outOrderNo, payscore.CompletePartnerServiceOrderRequest{SubMchID: subMchID, ServiceID: serviceID,
				PostPayments: payments, PostDiscounts: discounts, TotalAmount: total, TimeRange: timeRange}, opts...)
			return end(t, r, err)
		},
		func(t *testing.T, ctx context.Context, c *payscore.Client, opts ...serviceorder.Option) ended {
			r, err := serviceorder.CompleteDirect(ctx, c, outOrderNo, payscore.CompleteServiceOrderRequest{AppID: appID, ServiceID: serviceID,
				PostPayments: payments, PostDiscounts: discounts, TotalAmount: total, TimeRange: timeRange}, opts...)
			return end(t, r, err)
		}, false}
}

var (
	complete = completeAs(bill, coupons, billTotal)
	cancel   = kind{"cancel",
		func(t *testing.T, ctx context.Context, c *payscore.Client, opts ...serviceorder.Option) ended {
			r, err := serviceorder.Cancel(ctx, c, outOrderNo, payscore.CancelPartnerServiceOrderRequest{SubMchID: subMchID, Reason: "用户投诉"}, opts...)
			return end(t, r, err)
		},
		func(t *testing.T, ctx context.Context, c *payscore.Client, opts ...serviceorder.Option) ended {
			r, err := serviceorder.CancelDirect(ctx, c, outOrderNo, payscore.CancelServiceOrderRequest{AppID: appID, ServiceID: new(serviceID), Reason: "用户投诉"}, opts...)
			return end(t, r, err)
		}, false}
	modify = kind{"modify",
		func(t *testing.T, ctx context.Context, c *payscore.Client, opts ...serviceorder.Option) ended {
			r, err := serviceorder.Modify(ctx, c, outOrderNo, payscore.ModifyPartnerServiceOrderRequest{SubMchID: subMchID,
				PostPayments: bill, PostDiscounts: coupons, TotalAmount: billTotal, Reason: "用户投诉"}, opts...)
			return end(t, r, err)
		},
		func(t *testing.T, ctx context.Context, c *payscore.Client, opts ...serviceorder.Option) ended {
			r, err := serviceorder.ModifyDirect(ctx, c, outOrderNo, payscore.ModifyServiceOrderRequest{AppID: appID, ServiceID: serviceID,
				PostPayments: bill, PostDiscounts: coupons, TotalAmount: billTotal, Reason: "用户投诉"}, opts...)
			return end(t, r, err)
		}, true}
	payment = kind{"pay",
		func(t *testing.T, ctx context.Context, c *payscore.Client, opts ...serviceorder.Option) ended {
			r, err := serviceorder.Pay(ctx, c, outOrderNo, payscore.PayPartnerServiceOrderRequest{SubMchID: subMchID}, opts...)
			return end(t, r, err)
		},
		func(t *testing.T, ctx context.Context, c *payscore.Client, opts ...serviceorder.Option) ended {
			r, err := serviceorder.PayDirect(ctx, c, outOrderNo, payscore.PayServiceOrderRequest{AppID: new(appID), ServiceID: new(serviceID)}, opts...)
			return end(t, r, err)
		}, false}
	syncing = kind{"sync",
		func(t *testing.T, ctx context.Context, c *payscore.Client, opts ...serviceorder.Option) ended {
			r, err := serviceorder.Sync(ctx, c, outOrderNo, payscore.SyncPartnerServiceOrderRequest{SubMchID: subMchID, ServiceID: serviceID,
				Type: payscore.SyncTypeOrderPaid, Detail: syncedAs}, opts...)
			return end(t, r, err)
		},
		func(t *testing.T, ctx context.Context, c *payscore.Client, opts ...serviceorder.Option) ended {
			r, err := serviceorder.SyncDirect(ctx, c, outOrderNo, payscore.SyncServiceOrderRequest{AppID: appID, ServiceID: serviceID,
				Type: payscore.SyncTypeOrderPaid, Detail: syncedAs}, opts...)
			return end(t, r, err)
		}, true}
	kinds = []kind{complete, cancel, modify, payment, syncing}
)

// at is the order in a stage, with all that a query of it has to have.
func at(stage string, change ...func(*payscore.ServiceOrderEntity)) payscore.ServiceOrderEntity {
	parts := map[string][3]string{
		"CREATED": {"CREATED"}, "USER_CONFIRM": {"DOING", "USER_CONFIRM"}, "USER_PAYING": {"DOING", "MCH_COMPLETE", "USER_PAYING"},
		"DONE": {"DONE", "", "USER_PAID"}, "REVOKED": {"REVOKED"}, "EXPIRED": {"EXPIRED"}, "?": {"DOING", "MCH_COMPLETE"},
	}[stage]
	o := orderAt(parts[0], parts[1], parts[2])
	o.OutOrderNo, o.SubMchID, o.ServiceID, o.AppID, o.MchID = outOrderNo, new(subMchID), serviceID, appID, "1230000109"
	o.ServiceIntroduction, o.OrderID = "XX充电宝", new("15646546545165651651")
	if stage == "USER_PAYING" || stage == "DONE" {
		billed(bill, coupons, billTotal)(&o)
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

func billed(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon, total int64) func(*payscore.ServiceOrderEntity) {
	return func(o *payscore.ServiceOrderEntity) {
		o.PostPayments, o.PostDiscounts, o.TotalAmount = payments, discounts, &total
	}
}

// by lists payments as "MCH 20250315000000", with the parts that are known.
func by(details ...string) func(*payscore.ServiceOrderEntity) {
	return func(o *payscore.ServiceOrderEntity) {
		c := *o.Collection // not shared
		for _, d := range details {
			channel, paid, _ := strings.Cut(d, " ")
			detail := payscore.CollectionDetail{Amount: o.TotalAmount}
			if channel != "" {
				detail.PaidType = new(payscore.PaidType(channel))
			}
			if paid != "" {
				detail.PaidTime = new(paid)
			}
			c.Details = append(c.Details, detail)
		}
		o.Collection = &c
	}
}

// paidAllTheSame contradicts its stage.
func paidAllTheSame(o *payscore.ServiceOrderEntity) {
	o.Collection = &payscore.Collection{State: payscore.CollectionStateUserPaid}
	by("NEWTON")(o)
}

func stillPaying(o *payscore.ServiceOrderEntity) {
	o.Collection = &payscore.Collection{State: payscore.CollectionStateUserPaying, Details: o.Collection.Details}
}

// The response leaves the outcome unknown, so that only the order shows it.
func TestWhatTheOrderTells(t *testing.T) {
	const done, not, unknown = serviceorder.CarriedOut, serviceorder.NotCarriedOut, serviceorder.Unknown
	line := func(name string, fen int64) payscore.Payment { return payscore.Payment{Name: new(name), Amount: &fen} }
	lines := func(total int64, lines ...payscore.Payment) func(*payscore.ServiceOrderEntity) {
		return billed(lines, coupons, total)
	}
	none := func(o *payscore.ServiceOrderEntity) { o.PostPayments, o.PostDiscounts, o.TotalAmount = nil, nil, nil }
	zero := completeAs([]payscore.Payment{{Name: new("茶位费"), Description: new("免费")}}, nil, 0)
	freeBill := billed([]payscore.Payment{{Name: new("茶位费"), Amount: new(int64(0))}}, nil, 0)
	for _, c := range []struct {
		kind  kind
		order payscore.ServiceOrderEntity
		want  serviceorder.Outcome
	}{
		{complete, at("CREATED"), not},
		{complete, at("USER_CONFIRM"), not},
		{complete, at("USER_CONFIRM", billed(bill, coupons, billTotal)), not}, // as some create them
		{complete, at("EXPIRED"), not},
		{complete, at("USER_PAYING"), done},
		{complete, at("DONE", by("NEWTON")), done},
		{complete, at("DONE", by("MCH")), done},
		{complete, at("USER_PAYING", billed([]payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(40000)), Description: new("人均")}}, coupons, billTotal)), done},
		{complete, at("USER_PAYING", none), unknown},
		{complete, at("USER_PAYING", lines(39900)), unknown},
		{complete, at("USER_PAYING", lines(39901, line("就餐费用", 40000))), unknown},
		{complete, at("USER_PAYING", lines(39899, line("就餐费用", 40000))), unknown},
		{complete, at("USER_PAYING", lines(39900, line("就餐", 40000))), unknown},
		{complete, at("USER_PAYING", lines(39900, line("就餐费用", 40001))), unknown},
		{complete, at("USER_PAYING", lines(39900, line("就餐费用", 20000), line("酒水", 20000))), unknown},
		{complete, at("USER_PAYING", lines(39900, line("就餐费用", 40000), line("茶位费", 0))), unknown},
		{complete, at("USER_PAYING", billed(bill, nil, billTotal)), unknown},
		{complete, at("USER_PAYING", billed(bill, append(slices.Clone(coupons), payscore.ServiceOrderCoupon{Name: new("会员")}), billTotal)), unknown},
		{complete, at("USER_PAYING", billed(bill, []payscore.ServiceOrderCoupon{{Name: new("满20减1元"), Amount: new(int64(200))}}, billTotal)), unknown},
		{complete, at("USER_PAYING", billed(bill, []payscore.ServiceOrderCoupon{{Name: new("会员"), Amount: new(int64(100))}}, billTotal)), unknown},
		{complete, at("DONE", lines(30000, line("就餐费用", 30100))), unknown},
		{complete, at("REVOKED"), unknown},
		{complete, at("REVOKED", billed(bill, coupons, billTotal)), unknown},
		{complete, at("?"), unknown},
		{complete, at("?", billed(bill, coupons, billTotal)), unknown},
		{zero, at("DONE", freeBill), done},
		{zero, at("DONE", freeBill, func(o *payscore.ServiceOrderEntity) { o.Collection = nil }), done},
		{zero, at("USER_PAYING", freeBill), unknown}, // modified to 0
		{zero, at("DONE"), unknown},

		{cancel, at("REVOKED"), done},
		{cancel, at("CREATED"), not},
		{cancel, at("USER_CONFIRM"), not},
		{cancel, at("USER_PAYING"), not},
		{cancel, at("DONE"), not},
		{cancel, at("EXPIRED"), not},
		{cancel, at("?"), unknown},

		{modify, at("USER_PAYING"), done},
		{modify, at("DONE"), done},
		{modify, at("USER_PAYING", lines(50000)), not},
		{modify, at("USER_PAYING", lines(100)), unknown},
		{modify, at("USER_CONFIRM"), unknown},
		{modify, at("?"), unknown},

		{syncing, at("DONE", by("MCH 20250315000000")), done},
		{syncing, at("DONE", by("MCH 20250315")), done},
		{syncing, at("DONE", by("NEWTON 20250314000000", "MCH 20250315000000")), done}, // the rest of it
		{syncing, at("DONE", by("MCH 20250315000001")), unknown},
		{syncing, at("DONE", by("MCH")), unknown},
		{syncing, at("DONE", by("NEWTON 20250315000000")), not}, // the user paid
		{syncing, at("DONE", by("NEWTON", "")), unknown},
		{syncing, at("DONE", by("BALANCE 20250315000000")), unknown},
		{syncing, at("DONE", by("")), unknown},
		{syncing, at("DONE"), unknown},
		{syncing, at("DONE", by("MCH 20250315000000"), stillPaying), unknown},
		{syncing, at("DONE", by("NEWTON"), stillPaying), unknown},
		{syncing, at("USER_PAYING"), not},
		{syncing, at("USER_PAYING", by("NEWTON")), not}, // a part
		{syncing, at("USER_PAYING", by("MCH 20250315000000")), unknown},
		{syncing, at("USER_CONFIRM"), not},
		{syncing, at("CREATED"), not},
		{syncing, at("EXPIRED"), not},
		{syncing, at("REVOKED"), not},
		{syncing, at("?"), unknown},

		{payment, at("DONE", by("NEWTON")), done},
		{payment, at("DONE", by("NEWTON", "NEWTON")), done},
		{payment, at("DONE", by("MCH")), unknown},
		{payment, at("DONE", by("NEWTON", "MCH")), unknown},
		{payment, at("DONE"), unknown},
		{payment, at("DONE", by("NEWTON"), stillPaying), unknown},
		{payment, at("USER_PAYING"), unknown},
		{payment, at("USER_PAYING", by("NEWTON")), unknown},
		{payment, at("REVOKED"), unknown},
		{payment, at("REVOKED", paidAllTheSame), unknown},
		{payment, at("?"), unknown},
		{payment, at("CREATED"), not},
		{payment, at("USER_CONFIRM"), not},
		{payment, at("EXPIRED"), not},
	} {
		h := newHost(t)
		for side, run := range c.kind.both() {
			h.order, h.queries, h.sends = c.order, 0, []func() int{func() int { return 500 }}
			e := run(t, t.Context(), h.client(), serviceorder.WithPause(0))
			if e.outcome != c.want || !e.order || h.queries != 1 {
				b, _ := json.Marshal(c.order)
				t.Errorf("%s%s: %v after %d queries, want %v: %v\n%s", c.kind.name, side, e.outcome, h.queries, c.want, e.err, b)
			}
			unsettled, ok := errors.AsType[*serviceorder.UnsettledError](e.err)
			stage, _ := serviceorder.Stage(c.order)
			if ok != (c.want == unknown) || ok && (unsettled.Stage != stage || !reflect.DeepEqual(unsettled.TotalAmount, c.order.TotalAmount) ||
				stage != "" && !strings.Contains(e.err.Error(), "the order is "+string(stage))) {
				t.Errorf("%s%s: %v", c.kind.name, side, e.err)
			}
		}
		h.Close()
	}
}

func TestOneMechanismForAll(t *testing.T) {
	const done, not, unknown = serviceorder.CarriedOut, serviceorder.NotCarriedOut, serviceorder.Unknown
	type opts = []serviceorder.Option
	resend := func(n int) opts { return opts{serviceorder.WithResend(n)} }
	// Where each operation is still to come, and where it was carried out.
	start := map[string]string{"complete": "USER_CONFIRM", "cancel": "CREATED", "modify": "USER_PAYING", "pay": "USER_PAYING", "sync": "USER_PAYING"}
	before := func(name string) payscore.ServiceOrderEntity {
		if name == "modify" {
			return at(start[name], billed(bill, nil, 40000))
		}
		return at(start[name])
	}
	after := map[string]payscore.ServiceOrderEntity{"complete": at("USER_PAYING"), "cancel": at("REVOKED"), "modify": at("USER_PAYING"),
		"pay": at("DONE", by("NEWTON")), "sync": at("DONE", by("MCH 20250315000000"))}
	for _, k := range kinds {
		// For Pay the order looks the same if the request was not accepted and if it had no effect.
		notYet := not
		if k.name == "pay" {
			notYet = unknown
		}
		for _, c := range []struct {
			name           string
			statuses       []int
			number         int64
			order          payscore.ServiceOrderEntity
			failQuery      int
			opts           opts
			want           serviceorder.Outcome
			queries, after int
		}{
			{"carried out", []int{200}, 0, before(k.name), 0, nil, done, 0, 0},
			{"refused", []int{400}, 271302262, before(k.name), 0, nil, not, 0, 0},
			{"refused and carried out by another", []int{400}, 271302262, after[k.name], 0, nil, not, 0, 0},
			{"unknown, not carried out", []int{500}, 0, before(k.name), 0, nil, notYet, 1, 0},
			{"unknown, carried out", []int{503}, 0, after[k.name], 0, nil, done, 1, 0},
			{"unknown, and the query fails", []int{500}, 0, after[k.name], 9, nil, unknown, 1, 0},
			{"refused by a gateway", []int{-404}, 0, before(k.name), 0, nil, notYet, 1, 0},
			{"refused by a gateway, and carried out", []int{-404}, 0, after[k.name], 0, nil, done, 1, 0},
			{"refused by a gateway, and the query fails", []int{-404}, 0, after[k.name], 9, nil, unknown, 1, 0},
			{"refused as wrongly signed", []int{-401}, 0, before(k.name), 0, resend(3), not, 1, 0},
			{"refused as wrongly signed, and carried out", []int{-401}, 0, after[k.name], 0, nil, done, 1, 0},
			{"refused as wrongly signed, and so is the query", []int{-401}, 0, before(k.name), 9, nil, not, 1, 0},
			{"deducting", []int{400}, 271316754, before(k.name), 0, resend(3), not, 1, 0},
			{"deducting, and carried out", []int{400}, 271316754, after[k.name], 0, nil, done, 1, 0},
			{"deducting, and the query fails", []int{400}, 271316754, before(k.name), 9, nil, not, 1, 0},
			{"resent", []int{500, 200}, 0, before(k.name), 0, resend(1), done, 1, 0},
			{"resent twice", []int{500, 502, 503}, 0, before(k.name), 0, resend(2), notYet, 3, 0},
			{"resent and refused", []int{500, 400}, 271302262, before(k.name), 0, resend(9), notYet, 2, 0},
			{"not resent, as it was carried out", []int{500}, 0, after[k.name], 0, resend(9), done, 1, 0},
			{"not resent in another stage", []int{500}, 0, at("EXPIRED"), 0, resend(9), map[bool]serviceorder.Outcome{true: unknown, false: not}[k.name == "modify"], 1, 0},
			{"not resent when the query fails", []int{500}, 0, before(k.name), 9, resend(9), unknown, 1, 0},
		} {
			if k.name == "pay" && len(c.statuses) > 1 {
				continue // TestUnknownIsResentOnlyWhereSafe
			}
			for side, run := range k.both() {
				t.Run(fmt.Sprintf("%s%sServiceOrder, %s", k.name, side, c.name), func(t *testing.T) {
					h := newHost(t)
					h.order, h.number, h.failQuery = c.order, c.number, c.failQuery
					for _, status := range c.statuses {
						h.sends = append(h.sends, func() int { return status })
					}
					e := run(t, t.Context(), h.client(), append(opts{serviceorder.WithPause(0)}, c.opts...)...)
					if e.outcome != c.want || h.queries != c.queries || len(h.sends) > 0 {
						t.Errorf("%v after %d queries, %d not sent, want %v after %d: %v", e.outcome, h.queries, len(h.sends), c.want, c.queries, e.err)
					}
					if len(slices.Compact(h.bodies)) != 1 || !strings.Contains(h.bodies[0], "/"+k.name+" {") {
						t.Errorf("sent %q", h.bodies)
					}
					if c.queries == 0 && e.order != (side == "" && k.answersOrder && c.want == done) {
						t.Errorf("an order in the result: %v", e.order)
					}
				})
			}
		}
	}
}

// If the order does not show the outcome, the operation is sent again only where a
// repeat with the same parameters is known to be safe.
func TestUnknownIsResentOnlyWhereSafe(t *testing.T) {
	for _, k := range kinds {
		for _, stage := range []string{"CREATED", "USER_CONFIRM", "USER_PAYING", "DONE", "REVOKED", "EXPIRED", "?"} {
			for side, run := range k.both() {
				h := newHost(t)
				h.order = at(stage)
				h.sends = []func() int{func() int { return 500 }, func() int { return 500 }}
				e := run(t, t.Context(), h.client(), serviceorder.WithPause(0), serviceorder.WithResend(1))
				again, ok := catalog.ReentryOf(k.name + side + "ServiceOrder")
				if !ok {
					t.Fatalf("the catalogue does not know %s%sServiceOrder", k.name, side)
				}
				if sent := len(h.bodies); sent > 1 && e.outcome == serviceorder.Unknown && again.Same != catalog.SameAnswer {
					t.Errorf("%s%s at %s: sent %d times: %v", k.name, side, stage, sent, e.err)
				}
				h.Close()
			}
		}
	}
}

// payingWorld is an order that waits for payment.
type payingWorld struct {
	serviceorder.PartnerClient
	sends []error
	sent  int
}

func (w *payingWorld) PayPartnerServiceOrder(context.Context, string, payscore.PayPartnerServiceOrderRequest, ...payscore.RequestEditorFn) error {
	w.sent++
	return w.sends[w.sent-1]
}

func (w *payingWorld) QueryPartnerServiceOrder(context.Context, payscore.QueryPartnerServiceOrderParams, ...payscore.RequestEditorFn) (*payscore.ServiceOrderEntity, error) {
	o := at("USER_PAYING")
	return &o, nil
}

// A deduction in progress is a refusal, so that nothing was sent twice.
func TestPayAgainAfterADeduction(t *testing.T) {
	for name, c := range map[string]struct {
		sends []error
		want  serviceorder.Outcome
	}{
		"refused":                  {[]error{errBusy, nil}, serviceorder.CarriedOut},
		"unknown":                  {[]error{errDown}, serviceorder.Unknown},
		"refused after unknown":    {[]error{fmt.Errorf("%w after %w", errBusy, errDown)}, serviceorder.Unknown},
		"refused and then unknown": {[]error{errBusy, errDown}, serviceorder.Unknown},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &payingWorld{sends: c.sends}
			r, err := serviceorder.Pay(t.Context(), w, outOrderNo, payscore.PayPartnerServiceOrderRequest{SubMchID: subMchID},
				serviceorder.WithResend(1), serviceorder.WithDeductionWait())
			if r.Outcome != c.want || w.sent != len(c.sends) {
				t.Errorf("%s: %v, sent %d times: %v", name, r.Outcome, w.sent, err)
			}
		})
	}
}

// The refusal of a re-entry is about an earlier completion. The order shows whether
// that was the same one.
func TestCompletedBefore(t *testing.T) {
	other := at("USER_PAYING", billed(bill, nil, 40000))
	for _, c := range []struct {
		name      string
		number    int64
		message   string
		order     payscore.ServiceOrderEntity
		failQuery int
		want      serviceorder.Outcome
		queries   int
	}{
		{"the same bill", 271316598, "", at("USER_PAYING"), 0, serviceorder.CarriedOut, 1},
		{"the same bill, by the message", 0, "订单重入参数校验失败", at("USER_PAYING"), 0, serviceorder.CarriedOut, 1},
		{"the same bill, paid", 271316598, "", at("DONE"), 0, serviceorder.CarriedOut, 1},
		{"another bill", 271316598, "", other, 0, serviceorder.NotCarriedOut, 1},
		{"the query fails", 271316598, "", at("USER_PAYING"), 1, serviceorder.NotCarriedOut, 1},
		{"another refusal", 271302262, "", at("USER_PAYING"), 0, serviceorder.NotCarriedOut, 0},
		{"no number", 0, "", at("USER_PAYING"), 0, serviceorder.NotCarriedOut, 0},
	} {
		for side, run := range complete.both() {
			h := newHost(t)
			h.number, h.message, h.order, h.failQuery, h.sends = c.number, c.message, c.order, c.failQuery, []func() int{func() int { return 400 }}
			e := run(t, t.Context(), h.client(), serviceorder.WithPause(0), serviceorder.WithResend(3))
			if e.outcome != c.want || h.queries != c.queries || len(h.bodies) != 1 {
				t.Errorf("complete%s, %s: %v after %d queries, want %v after %d: %v", side, c.name, e.outcome, h.queries, c.want, c.queries, e.err)
			}
			if _, ok := errors.AsType[*apierror.Error](e.err); ok != (e.err != nil) {
				t.Errorf("complete%s, %s: the refusal is lost: %v", side, c.name, e.err)
			}
		}
	}
}

// A failed deduction does not show whether the order was completed.
func TestFailedDeduction(t *testing.T) {
	for _, c := range []struct {
		kind      kind
		order     payscore.ServiceOrderEntity
		failQuery int
		want      serviceorder.Outcome
		queries   int
	}{
		{complete, at("USER_PAYING"), 0, serviceorder.CarriedOut, 1},
		{complete, at("USER_CONFIRM"), 0, serviceorder.NotCarriedOut, 1},
		{complete, at("USER_PAYING"), 1, serviceorder.Unknown, 1},
		{payment, at("USER_PAYING"), 0, serviceorder.NotCarriedOut, 0},
	} {
		h := newHost(t)
		h.order, h.number, h.failQuery, h.sends = c.order, 271316574, c.failQuery, []func() int{func() int { return 400 }}
		e := c.kind.partner(t, t.Context(), h.client(), serviceorder.WithPause(0), serviceorder.WithResend(1))
		if e.outcome != c.want || h.queries != c.queries {
			t.Errorf("%s: %v after %d queries, want %v: %v", c.kind.name, e.outcome, h.queries, c.want, e.err)
		}
		if _, ok := errors.AsType[*apierror.Error](e.err); ok != (e.err != nil) {
			t.Errorf("%s: the refusal is lost: %v", c.kind.name, e.err)
		}
	}
}

func TestAnswersAboutAnotherOrder(t *testing.T) {
	for _, k := range kinds {
		h := newHost(t)
		h.order, h.answerNo, h.sends = at("CREATED"), "another", []func() int{func() int { return 200 }}
		h.order.AppID = "wx000000000000000" // so that the query does not settle it
		e := k.direct(t, t.Context(), h.client(), serviceorder.WithPause(0))
		if e.outcome != serviceorder.Unknown || e.sendErr == nil || e.queryErr == nil || e.order {
			t.Errorf("%s: %+v", k.name, e)
		}
		h.order = at("CREATED")
		h.order.SubMchID, h.sends = new("1900000110"), []func() int{func() int { return 500 }}
		if e := k.partner(t, t.Context(), h.client(), serviceorder.WithPause(0)); e.outcome != serviceorder.Unknown || e.queryErr == nil {
			t.Errorf("%s: %+v", k.name, e)
		}
	}
}

func TestCancelDirectNeedsTheService(t *testing.T) {
	h := newHost(t)
	r, err := serviceorder.CancelDirect(t.Context(), h.client(), outOrderNo, payscore.CancelServiceOrderRequest{AppID: appID, Reason: "用户投诉"})
	if _, ok := errors.AsType[limit.Findings](err); !ok || !errors.Is(err, apierror.ErrNotSent) || r.Outcome != serviceorder.NotCarriedOut || len(h.bodies) > 0 {
		t.Errorf("%v: %v", r.Outcome, err)
	}
}

// The result of an earlier query must not be returned for one that was not made.
func TestResendAndTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		w := &world{t: t, order: paying(50000), sends: answers(errDown, errDown)}
		r, err := serviceorder.Modify(ctx, w, outOrderNo, right(), serviceorder.WithResend(1))
		if r.Outcome != serviceorder.Unknown || r.Order != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, order %v: %v", r.Outcome, r.Order, err)
		}
		checkEnd(t, r, err)
	})
}

// The network ends after the first attempt: what could not be sent is the
// second one or the query, and not the operation, which may have arrived.
func TestUnsettledIsNeverNotSent(t *testing.T) {
	unsent := fmt.Errorf("%w: %w", apierror.ErrNotSent, io.ErrClosedPipe)
	for name, w := range map[string]*world{
		"the query":   {sends: answers(errDown), query: []error{unsent}},
		"the second":  {sends: answers(errDown, unsent), query: []error{nil, errQuery}},
		"both":        {sends: answers(errDown, unsent), query: []error{nil, unsent}},
		"the refused": {sends: answers(errBoth), query: []error{unsent}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w.t, w.order = t, paying(50000)
			r, err := serviceorder.Modify(t.Context(), w, outOrderNo, right(), serviceorder.WithResend(1))
			if r.Outcome != serviceorder.Unknown || errors.Is(err, apierror.ErrNotSent) || !errors.Is(err, apierror.ErrOutcomeUnknown) {
				t.Errorf("%s: %v: %v", name, r.Outcome, err)
			}
			if !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("%s: the cause is not to be found in %v", name, err)
			}
			var refused *apierror.Error
			if name == "the refused" && !errors.As(err, &refused) {
				t.Errorf("the refusal is not to be found in %v", err)
			}
		})
	}
}

func TestStageOfADirectOrder(t *testing.T) {
	for _, stage := range catalog.Stages() {
		b, err := json.Marshal(at(string(stage)))
		if err != nil {
			t.Fatal(err)
		}
		var direct payscore.DirectServiceOrderEntity
		if err := json.Unmarshal(b, &direct); err != nil {
			t.Fatal(err)
		}
		if got, ok := serviceorder.Stage(direct); got != stage || !ok {
			t.Errorf("%s: %q, %v", stage, got, ok)
		}
	}
	if got, ok := serviceorder.Stage(payscore.DirectServiceOrderEntity{}); got != "" || ok {
		t.Errorf("%q, %v", got, ok)
	}
}

// Random worlds for every operation: answers get lost before and after the work
// is done, others work on the order, the user pays. What is reported must be
// what was done.
func TestNoOperationIsReportedWrongly(t *testing.T) {
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 2))
	starts := map[string][]string{"complete": {"CREATED", "USER_CONFIRM"}, "cancel": {"CREATED", "USER_CONFIRM", "USER_PAYING"},
		"pay": {"USER_CONFIRM", "USER_PAYING"}, "sync": {"USER_CONFIRM", "USER_PAYING"}}
	theirs := billed([]payscore.Payment{{Name: new("别的"), Amount: new(int64(50000))}}, nil, 50000)
	for _, k := range kinds {
		if k.name == "modify" { // TestModifyIsNeverWrong
			continue
		}
		h := newHost(t)
		client := h.client()
		ends := map[serviceorder.Outcome]int{}
		for i := range 600 {
			h.order = at(starts[k.name][rnd.IntN(len(starts[k.name]))], func(o *payscore.ServiceOrderEntity) {
				if k.name != "complete" && o.TotalAmount != nil {
					theirs(o)
				}
			})
			ours := 0
			h.bodies, h.sends = nil, nil
			stageIs := func(allowed ...catalog.Stage) bool {
				stage, _ := serviceorder.Stage(h.order)
				return slices.Contains(allowed, stage)
			}
			keep := func(o *payscore.ServiceOrderEntity) {
				o.PostPayments, o.PostDiscounts, o.TotalAmount = h.order.PostPayments, h.order.PostDiscounts, h.order.TotalAmount
			}
			// act carries an operation out, ours or another's, if the stage allows it.
			act := func(operation string, mine bool) bool {
				switch {
				case operation == "complete" && stageIs("USER_CONFIRM"):
					h.order = at("USER_PAYING", theirs)
					if mine {
						h.order = at("USER_PAYING")
					}
				case operation == "modify" && stageIs("USER_PAYING"):
					h.order = at("USER_PAYING", billed([]payscore.Payment{{Name: new("别的"), Amount: new(int64(700))}}, nil, 700))
				case operation == "cancel" && stageIs("CREATED", "USER_CONFIRM", "USER_PAYING"):
					h.order = at("REVOKED", keep)
				case operation == "pay" && stageIs("USER_PAYING"):
					if mine && rnd.IntN(2) == 0 {
						return true // accepted, and the card was empty
					}
					h.order = at("DONE", keep, by("NEWTON 20250315000000"))
				case operation == "sync" && stageIs("USER_PAYING"):
					paidTime := "20250314101010"
					if mine {
						paidTime = "20250315000000"
					}
					h.order = at("DONE", keep, by("MCH "+paidTime))
				default:
					return false
				}
				return true
			}
			others := func() {
				switch rnd.IntN(16) {
				case 0:
					act([]string{"complete", "modify", "cancel", "pay", "sync"}[rnd.IntN(5)], false)
				case 1, 2:
					if stageIs("CREATED") {
						h.order = at([]string{"USER_CONFIRM", "EXPIRED"}[rnd.IntN(2)])
					}
				}
			}
			h.failQuery = max(0, rnd.IntN(6)-4)
			for range 4 {
				h.sends = append(h.sends, func() int {
					others()
					defer others()
					status, reached := 500, rnd.IntN(3) > 0
					h.number = []int64{271302262, 271316754}[rnd.IntN(2)]
					switch {
					case !reached:
					case h.number == 271316754 && rnd.IntN(3) == 0:
						status = 400 // deducting
					case act(k.name, true):
						ours++
						status = 200
					default:
						status = 400
					}
					if rnd.IntN(2) == 0 {
						return 500 // lost on the way back
					}
					return status
				})
			}
			run := k.partner
			if rnd.IntN(2) == 0 {
				run = k.direct
			}
			e := run(t, t.Context(), client, serviceorder.WithPause(0), serviceorder.WithResend(rnd.IntN(4)))
			stage, _ := serviceorder.Stage(h.order)
			done := ours > 0
			switch {
			case k.name == "cancel": // it looks the same if others did it
				done = stage == catalog.StageRevoked
			case k.name == "pay" && stage == catalog.StageDone && *h.order.Collection.Details[0].PaidType == "NEWTON":
				done = true
			}
			// Others may be there between the last look and this one, so that
			// only what was ours counts against it.
			wrong := e.outcome == serviceorder.CarriedOut && !done || e.outcome == serviceorder.NotCarriedOut && ours > 0
			if wrong || k.name != "pay" && ours > 1 {
				t.Fatalf("%s, world %d: %v, but carried out %d times and now %s: %v", k.name, i, e.outcome, ours, stage, e.err)
			}
			ends[e.outcome]++
		}
		h.Close()
		t.Logf("%s: %v", k.name, ends)
		for _, o := range []serviceorder.Outcome{serviceorder.CarriedOut, serviceorder.NotCarriedOut, serviceorder.Unknown} {
			if ends[o] < 50 {
				t.Errorf("%s: %d ended as %v, which shows little", k.name, ends[o], o)
			}
		}
	}
}

// straying is a client of the caller's own, which does not compare.
type straying struct{ *payscore.Client }

func (s straying) CancelServiceOrder(context.Context, string, payscore.CancelServiceOrderRequest, ...payscore.RequestEditorFn) (*payscore.CancelServiceOrderResult, error) {
	return &payscore.CancelServiceOrderResult{OutOrderNo: "another"}, nil
}

func (s straying) PayServiceOrder(context.Context, string, payscore.PayServiceOrderRequest, ...payscore.RequestEditorFn) (*payscore.PayServiceOrderResult, error) {
	return nil, nil
}

func TestOwnClientAnswersAboutAnotherOrder(t *testing.T) {
	h := newHost(t)
	h.order = at("CREATED")
	h.order.AppID = "wx000000000000000" // so that the query does not settle it
	client := straying{h.client()}
	cancelled, err := serviceorder.CancelDirect(t.Context(), client, outOrderNo,
		payscore.CancelServiceOrderRequest{AppID: appID, ServiceID: new(serviceID), Reason: "用户投诉"}, serviceorder.WithPause(0))
	if cancelled.Outcome != serviceorder.Unknown || !errors.Is(err, apierror.ErrOutcomeUnknown) {
		t.Errorf("%v, %v", cancelled.Outcome, err)
	}
	paid, err := serviceorder.PayDirect(t.Context(), client, outOrderNo, payscore.PayServiceOrderRequest{AppID: new(appID), ServiceID: new(serviceID)}, serviceorder.WithPause(0))
	if paid.Outcome != serviceorder.Unknown || !errors.Is(err, apierror.ErrOutcomeUnknown) {
		t.Errorf("%v, %v", paid.Outcome, err)
	}
}

func TestOptionsThatCannotBeUsed(t *testing.T) {
	for _, opt := range []serviceorder.Option{serviceorder.WithPause(-1), serviceorder.WithResend(-1)} {
		for _, k := range kinds {
			h := newHost(t)
			for _, do := range k.both() {
				if e := do(t, t.Context(), h.client(), nil, opt, serviceorder.WithPause(0), serviceorder.WithResend(0)); e.outcome != serviceorder.NotCarriedOut || !errors.Is(e.err, apierror.ErrNotSent) {
					t.Errorf("%s: %+v", k.name, e)
				}
			}
		}
	}
}
