package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/transport"
)

// Defects that were seen in other clients, on the whole client. docs/peer-defects.md
// lists them all.

// sent is what arrived at a server that carries out everything.
type sent struct {
	Path string
	Body map[string]any
}

func recording(t *testing.T) (*payscore.Client, func() []sent) {
	t.Helper()
	var got []sent
	api, _ := newAPI(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		data := must(io.ReadAll(r.Body))
		s := sent{Path: r.RequestURI}
		if err := json.Unmarshal(data, &s.Body); err != nil {
			t.Error(err)
		}
		got = append(got, s)
		sign(w.Header(), wechatKey(), now, "")
		w.WriteHeader(204)
	}).URL)
	return api, func() []sent { return got }
}

func TestDefectQueryKnowsOnePayment(t *testing.T) {
	const two = `{"service_id":"500001","appid":"wxd678efh567hg6787","mchid":"1900000001","sub_mchid":"1900000109","out_order_no":"1","service_introduction":"x","state":"DONE",` +
		`"post_payments":[{"name":"就餐费用","amount":40000,"count":4},{"name":"酒水","amount":100}],"post_discounts":[{"name":"满20减1元","description":"x","amount":100}],` +
		`"risk_fund":{"name":"DEPOSIT","amount":1},"time_range":{"start_time":"20091225091010"},"order_id":"1","total_amount":40000}`
	api, _ := newAPI(t, serve(t, answering(200, two)).URL)
	got, err := api.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: "1900000109", OutOrderNo: new("1")})
	if err != nil {
		t.Fatal(err)
	}
	if p := got.PostPayments; len(p) != 2 || *p[0].Name != "就餐费用" || *p[0].Amount != 40000 || *p[1].Name != "酒水" || *p[1].Amount != 100 || len(got.PostDiscounts) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestDefectPanicWithoutAnOrderNumber(t *testing.T) {
	var arrived atomic.Int32
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) { arrived.Add(1); answering(204, "")(w, r) })
	signer, _ := newSigner()
	for _, opts := range [][]payscore.ClientOption{nil, {payscore.WithoutLimitChecks()}} {
		api := must(payscore.New(srv.URL, append(opts, payscore.WithHTTPClient(transport.New(signer, newVerifier())))...))
		if err := api.ModifyPartnerServiceOrder(t.Context(), "", modifyBody()); err == nil || errors.Is(err, transport.ErrOutcomeUnknown) {
			t.Error(err)
		}
		if err := api.ModifyPartnerServiceOrder(t.Context(), "", payscore.ModifyPartnerServiceOrderRequest{}); err == nil {
			t.Error("an empty request")
		}
	}
	if arrived.Load() != 0 {
		t.Errorf("%d requests arrived", arrived.Load())
	}
}

func TestDefectCallThatNeverEnds(t *testing.T) {
	for name, c := range map[string]struct {
		ctx     time.Duration
		timeout time.Duration
	}{"context": {time.Second, time.Minute}, "timeout": {time.Minute, time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			rt := inMemory(t, func(_ http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			})
			ctx, cancel := context.WithTimeout(t.Context(), c.ctx)
			defer cancel()
			signer, _ := newSigner()
			api := must(payscore.New("http://api.invalid", payscore.WithHTTPClient(transport.New(signer, newVerifier(),
				transport.WithRoundTripper(rt), transport.WithTimeout(c.timeout), transport.WithRetry(transport.Retry{Attempts: 1})))))
			start := time.Now()
			err := api.ModifyPartnerServiceOrder(ctx, orderNo, modifyBody())
			if !errors.Is(err, transport.ErrOutcomeUnknown) || time.Since(start) != time.Second {
				t.Errorf("%s: %v after %s", name, err, time.Since(start))
			}
		})
	}
	if transport.DefaultTimeout <= 0 || transport.DefaultTimeout > time.Minute {
		t.Errorf("%s by default", transport.DefaultTimeout)
	}
}

// countedBody counts the bodies that are open.
type countedBody struct {
	io.ReadCloser
	open *atomic.Int32
	once atomic.Bool
}

func (b *countedBody) Close() error {
	if b.once.CompareAndSwap(false, true) {
		b.open.Add(-1)
	}
	return b.ReadCloser.Close()
}

func TestDefectBodyNeverClosed(t *testing.T) {
	forged := func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200); io.WriteString(w, order) }
	for name, h := range map[string]http.HandlerFunc{
		"204": answering(204, ""), "200": answering(200, order), "400": answering(400, `{"code":"PARAM_ERROR"}`),
		"500": answering(500, `{"code":"SYSTEM_ERROR"}`), "forged": forged, "not JSON": answering(200, "<html>"),
	} {
		srv := serve(t, h)
		var opened, open atomic.Int32
		rt := transport.NewRoundTripper()
		defer rt.CloseIdleConnections()
		signer, _ := newSigner()
		api := must(payscore.New(srv.URL, payscore.WithHTTPClient(transport.New(signer, newVerifier(),
			transport.WithRetry(transport.Retry{Attempts: 1}),
			transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				rsp, err := rt.RoundTrip(r)
				if err == nil {
					opened.Add(1)
					open.Add(1)
					rsp.Body = &countedBody{ReadCloser: rsp.Body, open: &open}
				}
				return rsp, err
			}))))))
		_ = api.ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody())
		_, _ = api.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: "1900000109", OutOrderNo: new(orderNo)})
		if opened.Load() != 2 || open.Load() != 0 {
			t.Errorf("%s: %d of %d bodies stay open", name, open.Load(), opened.Load())
		}
	}
}

func TestDefectTotalOfZeroRefused(t *testing.T) {
	api, got := recording(t)
	body := modifyBody()
	body.PostPayments[0].Amount, body.TotalAmount = new(int64(0)), 0
	if err := api.ModifyPartnerServiceOrder(t.Context(), orderNo, body); err != nil {
		t.Fatal(err)
	}
	payment := got()[0].Body["post_payments"].([]any)[0].(map[string]any)
	for name, value := range map[string]any{"total_amount": got()[0].Body["total_amount"], "amount": payment["amount"]} {
		if value != float64(0) { // and not absent
			t.Errorf("%s went out as %v", name, value)
		}
	}
}

func TestDefectPathWithoutASlash(t *testing.T) {
	const code = "4534323JKHDFE1243252"
	api, got := recording(t)
	if err := api.TerminatePartnerPermissionByAuthorizationCode(t.Context(), code, payscore.TerminatePartnerPermissionByAuthorizationCodeRequest{
		ServiceID: "500001", SubMchID: "1900000109", Reason: "用户投诉"}); err != nil {
		t.Fatal(err)
	}
	if want := "/v3/payscore/partner/permissions/authorization-code/" + code + "/terminate"; got()[0].Path != want {
		t.Errorf("%s, want %s", got()[0].Path, want)
	}
}

func TestDefectAppIDForced(t *testing.T) {
	api, got := recording(t)
	if err := api.ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody()); err != nil {
		t.Fatal(err)
	}
	if err := api.CancelPartnerServiceOrder(t.Context(), orderNo, payscore.CancelPartnerServiceOrderRequest{SubMchID: "1900000109", Reason: "用户投诉"}); err != nil {
		t.Fatal(err)
	}
	for _, s := range got() {
		if _, there := s.Body["appid"]; there {
			t.Errorf("%s with an appid that nobody gave", s.Path)
		}
	}
}

// A number that the first call takes out of the request is missing in the repeat.
func TestDefectRequestChangedByTheCall(t *testing.T) {
	api, got := recording(t)
	body := modifyBody()
	for range 2 {
		if err := api.ModifyPartnerServiceOrder(t.Context(), orderNo, body); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(body, modifyBody()) {
			t.Errorf("the request is %+v after the call", body)
		}
	}
	if s := got(); len(s) != 2 || s[0].Path != modifyPath || !reflect.DeepEqual(s[0], s[1]) {
		t.Errorf("%+v", s)
	}
}

func TestDefectOtherContentTypesNotVerified(t *testing.T) {
	for _, contentType := range []string{"", "text/plain", "text/html; charset=utf-8", "application/octet-stream", "application/x-gzip", "JSON"} {
		err := modify(t, func(w http.ResponseWriter, r *http.Request) {
			sign(w.Header(), wechatKey(), now, "another answer")
			w.Header()["Content-Type"] = []string{contentType}
			w.WriteHeader(204)
		})
		checkUnverified(t, nil, err)
		api, _ := newAPI(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
			sign(w.Header(), wechatKey(), now, "another answer")
			w.Header()["Content-Type"] = []string{contentType}
			io.WriteString(w, order)
		}).URL)
		got, err := api.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: "1900000109", OutOrderNo: new(orderNo)})
		if got != nil || !errors.As(err, new(*transport.UnverifiedError)) {
			t.Errorf("%q: %v, %v", contentType, got, err)
		}
	}
}
