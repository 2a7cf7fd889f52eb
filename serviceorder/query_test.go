package serviceorder_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/serviceorder"
)

// settling is a host on which each write fails. It keeps the parameters of queries.
type settling struct {
	*httptest.Server
	order   payscore.ServiceOrderEntity
	status  int // of the answer to a query, 0 for the order
	queries []url.Values
	writes  int
}

func newSettling(t *testing.T) (*settling, *payscore.Client) {
	s := &settling{order: at("USER_PAYING")}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method != http.MethodGet:
			s.writes++
			w.WriteHeader(http.StatusInternalServerError)
			return
		case s.status != 0:
			s.queries = append(s.queries, r.URL.Query())
			w.WriteHeader(s.status)
			_, _ = w.Write([]byte(`{"code":"NO_AUTH","message":"商户暂无权限使用此服务"}`))
			return
		}
		s.queries = append(s.queries, r.URL.Query())
		_ = json.NewEncoder(w).Encode(s.order)
	}))
	t.Cleanup(s.Close)
	client, err := payscore.New(s.URL, payscore.WithHTTPClient(s.Client()))
	if err != nil {
		t.Fatal(err)
	}
	return s, client
}

type settled func(ctx context.Context, c *payscore.Client, service *string, opts ...serviceorder.Option) error

// settles has each function that queries. The argument service is for bodies in which
// service_id is optional; the others always have it.
var settles = []struct {
	name     string
	direct   bool
	optional bool // whether the body may leave service_id out
	run      settled
}{
	{"Modify", false, true, func(ctx context.Context, c *payscore.Client, service *string, opts ...serviceorder.Option) error {
		_, err := serviceorder.Modify(ctx, c, outOrderNo, payscore.ModifyPartnerServiceOrderRequest{SubMchID: subMchID, ServiceID: service,
			PostPayments: bill, TotalAmount: billTotal, Reason: "用户投诉"}, opts...)
		return err
	}},
	{"Cancel", false, true, func(ctx context.Context, c *payscore.Client, service *string, opts ...serviceorder.Option) error {
		_, err := serviceorder.Cancel(ctx, c, outOrderNo, payscore.CancelPartnerServiceOrderRequest{SubMchID: subMchID, ServiceID: service, Reason: "用户投诉"}, opts...)
		return err
	}},
	{"Pay", false, true, func(ctx context.Context, c *payscore.Client, service *string, opts ...serviceorder.Option) error {
		_, err := serviceorder.Pay(ctx, c, outOrderNo, payscore.PayPartnerServiceOrderRequest{SubMchID: subMchID, ServiceID: service}, opts...)
		return err
	}},
	{"Complete", false, false, func(ctx context.Context, c *payscore.Client, _ *string, opts ...serviceorder.Option) error {
		_, err := serviceorder.Complete(ctx, c, outOrderNo, payscore.CompletePartnerServiceOrderRequest{SubMchID: subMchID, ServiceID: serviceID,
			PostPayments: bill, TotalAmount: billTotal}, opts...)
		return err
	}},
	{"Sync", false, false, func(ctx context.Context, c *payscore.Client, _ *string, opts ...serviceorder.Option) error {
		_, err := serviceorder.Sync(ctx, c, outOrderNo, payscore.SyncPartnerServiceOrderRequest{SubMchID: subMchID, ServiceID: serviceID,
			Type: payscore.SyncTypeOrderPaid, Detail: syncedAs}, opts...)
		return err
	}},
	{"CancelDirect", true, true, func(ctx context.Context, c *payscore.Client, service *string, opts ...serviceorder.Option) error {
		_, err := serviceorder.CancelDirect(ctx, c, outOrderNo, payscore.CancelServiceOrderRequest{AppID: appID, ServiceID: service, Reason: "用户投诉"}, opts...)
		return err
	}},
	{"ModifyDirect", true, false, func(ctx context.Context, c *payscore.Client, _ *string, opts ...serviceorder.Option) error {
		_, err := serviceorder.ModifyDirect(ctx, c, outOrderNo, payscore.ModifyServiceOrderRequest{AppID: appID, ServiceID: serviceID,
			PostPayments: bill, TotalAmount: billTotal, Reason: "用户投诉"}, opts...)
		return err
	}},
	{"PayDirect", true, false, func(ctx context.Context, c *payscore.Client, _ *string, opts ...serviceorder.Option) error {
		_, err := serviceorder.PayDirect(ctx, c, outOrderNo, payscore.PayServiceOrderRequest{AppID: new(appID), ServiceID: new(serviceID)}, opts...)
		return err
	}},
	{"CompleteDirect", true, false, func(ctx context.Context, c *payscore.Client, _ *string, opts ...serviceorder.Option) error {
		_, err := serviceorder.CompleteDirect(ctx, c, outOrderNo, payscore.CompleteServiceOrderRequest{AppID: appID, ServiceID: serviceID,
			PostPayments: bill, TotalAmount: billTotal}, opts...)
		return err
	}},
	{"SyncDirect", true, false, func(ctx context.Context, c *payscore.Client, _ *string, opts ...serviceorder.Option) error {
		_, err := serviceorder.SyncDirect(ctx, c, outOrderNo, payscore.SyncServiceOrderRequest{AppID: appID, ServiceID: serviceID,
			Type: payscore.SyncTypeOrderPaid, Detail: syncedAs}, opts...)
		return err
	}},
}

// A query without service_id can be refused for lack of permission, which
// would leave the outcome unknown for no reason.
func TestQueriesSendWhatIsKnown(t *testing.T) {
	noPause := serviceorder.WithPause(0)
	for _, f := range settles {
		want := url.Values{"out_order_no": {outOrderNo}, "sub_mchid": {subMchID}, "service_id": {serviceID}}
		if f.direct {
			want = url.Values{"out_order_no": {outOrderNo}, "appid": {appID}, "service_id": {serviceID}}
		}
		for _, c := range []struct {
			name    string
			service *string
			opts    []serviceorder.Option
		}{
			{"the body bears it", new(serviceID), nil},
			{"the option names it", nil, []serviceorder.Option{serviceorder.WithServiceID(serviceID)}},
			{"the body wins", new(serviceID), []serviceorder.Option{serviceorder.WithServiceID("another")}},
		} {
			t.Run(f.name+", "+c.name, func(t *testing.T) {
				s, client := newSettling(t)
				err := f.run(t.Context(), client, c.service, append(c.opts, noPause)...)
				if len(s.queries) != 1 || !reflect.DeepEqual(s.queries[0], want) {
					t.Errorf("queried %v, want %v: %v", s.queries, want, err)
				}
			})
		}
		if !f.optional || f.direct {
			continue
		}
		t.Run(f.name+", not known", func(t *testing.T) {
			s, client := newSettling(t)
			_ = f.run(t.Context(), client, nil, noPause, serviceorder.WithServiceID(""))
			delete(want, "service_id")
			if len(s.queries) != 1 || !reflect.DeepEqual(s.queries[0], want) {
				t.Errorf("queried %v, want %v", s.queries, want)
			}
		})
	}
}

func TestServiceOfAnotherOrder(t *testing.T) {
	s, client := newSettling(t)
	s.order = at("REVOKED")
	s.order.ServiceID = "500001"
	err := settles[1].run(t.Context(), client, new(serviceID), serviceorder.WithPause(0))
	if _, ok := errors.AsType[*serviceorder.UnsettledError](err); !ok {
		t.Errorf("the order of another service settled it: %v", err)
	}
}

const hint = "the query named no service_id, and naming it may help"

func TestRefusedQueryWithoutService(t *testing.T) {
	for _, f := range settles {
		for _, c := range []struct {
			name    string
			service *string
			status  int
			want    bool
		}{
			{"no permission", nil, 403, f.optional && !f.direct},
			{"no permission with a service", new(serviceID), 403, false},
			{"no such order", nil, 404, false},
			{"no answer", nil, 500, false},
		} {
			if f.direct && f.optional && c.service == nil {
				continue // TestCancelDirectNeedsTheService
			}
			t.Run(f.name+", "+c.name, func(t *testing.T) {
				s, client := newSettling(t)
				s.status = c.status
				err := f.run(t.Context(), client, c.service, serviceorder.WithPause(0))
				unsettled, ok := errors.AsType[*serviceorder.UnsettledError](err)
				if !ok {
					t.Fatal(err)
				}
				refused, ok := errors.AsType[*apierror.Error](unsettled.QueryErr)
				if got := strings.Contains(err.Error(), hint); got != c.want || !ok || refused.Status != c.status {
					t.Errorf("the hint: %v, want %v, in %v", got, c.want, err)
				}
			})
		}
	}
}

// Nothing is sent that could not be settled afterwards.
func TestServiceThatCannotBeQueried(t *testing.T) {
	for _, f := range settles {
		if !f.optional {
			continue
		}
		s, client := newSettling(t)
		err := f.run(t.Context(), client, nil, serviceorder.WithPause(0), serviceorder.WithServiceID("服务"))
		findings, ok := errors.AsType[limit.Findings](err)
		if !ok || !strings.Contains(findings.Error(), "service_id") || !errors.Is(err, apierror.ErrNotSent) || s.writes > 0 {
			t.Errorf("%s: %d writes: %v", f.name, s.writes, err)
		}
	}
}

// doer answers each request, an operation with an error of the server.
type doer func(req *http.Request) int

func (d doer) Do(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: d(req), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"out_order_no":"` + outOrderNo + `"}`)), Request: req}, nil
}

// A call that is let break a limit is settled by a query that breaks it, too.
func TestQueryBreaksALimitThatTheCallMay(t *testing.T) {
	long := strings.Repeat("1", 33)
	partner := payscore.ModifyPartnerServiceOrderRequest{SubMchID: long, ServiceID: &long, PostPayments: []payscore.Payment{}, TotalAmount: 1, Reason: "用户投诉"}
	direct := payscore.ModifyServiceOrderRequest{AppID: long, ServiceID: long, PostPayments: []payscore.Payment{}, TotalAmount: 1, Reason: "用户投诉"}
	body := []string{"$.sub_mchid", "$.service_id", "$.appid", "$.post_payments"}
	query := []string{"sub_mchid", "service_id", "appid"}
	for _, c := range []struct {
		name  string
		paths []string
		opts  []payscore.ClientOption
		sent  bool
	}{
		{"body and query", slices.Concat(body, query), nil, true},
		{"body alone", body, nil, false}, // nothing could settle it
		{"query alone", query, nil, false},
		{"all", nil, []payscore.ClientOption{payscore.WithoutLimitChecks()}, true},
	} {
		sent := 0
		client, err := payscore.New(payscore.DefaultServer, append(c.opts, payscore.WithHTTPClient(doer(func(req *http.Request) int {
			sent++
			return map[string]int{http.MethodGet: 200, http.MethodPost: 500}[req.Method]
		})))...)
		if err != nil {
			t.Fatal(err)
		}
		ctx := payscore.WithoutLimitChecksOf(t.Context(), c.paths...)
		check := func(which string, outcome serviceorder.Outcome, err error) {
			var findings limit.Findings
			if c.sent && (sent != 2 || outcome != serviceorder.Unknown) || !c.sent && (sent != 0 || outcome != serviceorder.NotCarriedOut || !errors.As(err, &findings)) {
				t.Errorf("%s of %s: %d requests, %v, %v", c.name, which, sent, outcome, err)
			}
			sent = 0
		}
		p, err := serviceorder.Modify(ctx, client, outOrderNo, partner, serviceorder.WithPause(0))
		check("a partner", p.Outcome, err)
		d, err := serviceorder.ModifyDirect(ctx, client, outOrderNo, direct, serviceorder.WithPause(0))
		check("a direct merchant", d.Outcome, err)
	}
}
