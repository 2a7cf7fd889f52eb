package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/transport"
)

const orderNo = "1234323JKHDFE1243252"

func modifyBody() payscore.ModifyPartnerServiceOrderRequest {
	return payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:     "1900000109",
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}},
		TotalAmount:  39900,
		Reason:       "用户投诉",
	}
}

// newAPI is the generated client as it is meant to be put together.
func newAPI(t testing.TB, server string) (*payscore.Client, *countingKey) {
	t.Helper()
	signer, key := newSigner()
	api, err := payscore.New(server,
		payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(transport.New(signer, newVerifier(), transport.WithHooks(clock, noSleep, 0))))
	if err != nil {
		t.Fatal(err)
	}
	return api, key
}

func TestGeneratedClient(t *testing.T) {
	srv := serve(t, answering(204, ""))
	api, key := newAPI(t, srv.URL)
	if err := api.ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody()); err != nil {
		t.Fatal(err)
	}
	if n := key.n.Load(); n != 1 {
		t.Errorf("%d signatures for one call", n)
	}
	// All characters that an order number may have.
	if err := api.ModifyPartnerServiceOrder(t.Context(), "A|B*C_-1", modifyBody()); err != nil {
		t.Error(err)
	}

	srv = serve(t, answering(200, `{"out_order_no":"`+orderNo+`","service_id":"2002"}`))
	api, _ = newAPI(t, srv.URL)
	got, err := api.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: "1900000109", OutOrderNo: new(orderNo)})
	if err != nil || got.OutOrderNo != orderNo {
		t.Error(got, err)
	}
}

// The editors of the client run before those of a call, so that one of these
// can break the signature; it can also have it made anew.
func TestEditorOfACallThatChangesTheBody(t *testing.T) {
	alter := func(_ context.Context, req *http.Request) error {
		const body = `{"total_amount":1}`
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
		return nil
	}
	srv := serve(t, answering(204, ""))
	api, key := newAPI(t, srv.URL)
	err := api.ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody(), alter)
	var refused *apierror.Error
	if !errors.As(err, &refused) || refused.Status != 401 || refused.Code != "SIGN_ERROR" || errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Fatalf("want a refusal with 401: %v", err)
	}
	if n := key.n.Load(); n != 1 {
		t.Errorf("%d signatures for one call", n)
	}
	unsign := func(_ context.Context, req *http.Request) error { req.Header.Del("Authorization"); return nil }
	if err := api.ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody(), alter, unsign); err != nil {
		t.Error(err)
	}

	signer, _ := newSigner()
	first := must(payscore.New(srv.URL, payscore.WithRequestEditorFn(alter), payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(transport.New(signer, newVerifier()))))
	if err := first.ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody()); err != nil {
		t.Errorf("changed before it was signed: %v", err)
	}
	query := func(_ context.Context, req *http.Request) error { req.URL.RawQuery = "a=1"; return nil }
	if err := api.ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody(), query); !errors.As(err, &refused) || refused.Status != 401 {
		t.Errorf("want a refusal with 401: %v", err)
	}
}

// The tests from here on each have a defect that was seen in other clients.

// modify makes one call to a server that answers so.
func modify(t *testing.T, h http.HandlerFunc) error {
	t.Helper()
	api, _ := newAPI(t, serve(t, h).URL)
	return api.ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody())
}

// A client that has to be told to verify takes a forged 204 for a success.
func TestDefectForged204(t *testing.T) {
	err := modify(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) })
	var missing *auth.HeaderError
	if checkUnverified(t, nil, err).Status != 204 || !errors.As(err, &missing) {
		t.Error(err)
	}
}

// A check that looks only at answers with 200 lets a tampered 204 pass.
func TestDefectSignatureOf204NotChecked(t *testing.T) {
	err := modify(t, func(w http.ResponseWriter, r *http.Request) {
		sign(w.Header(), wechatKey(), now, `{"another":"answer"}`)
		w.WriteHeader(204)
	})
	var wrong *auth.SignatureError
	if checkUnverified(t, nil, err); !errors.As(err, &wrong) {
		t.Error(err)
	}
}

// And the success itself must come out as one: no error, not "204".
func TestDefectSuccessWith204IsNone(t *testing.T) {
	if err := modify(t, answering(204, "")); err != nil {
		t.Error(err)
	}
	// An answer of 200 is not the documented success of this call.
	var other *apierror.Error
	if err := modify(t, answering(200, "{}")); !errors.As(err, &other) || !errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Error(err)
	}
}

// Without a look at the timestamp an answer can be replayed.
func TestDefectDayOldSignature(t *testing.T) {
	for _, age := range []time.Duration{24 * time.Hour, -24 * time.Hour} {
		err := modify(t, func(w http.ResponseWriter, r *http.Request) {
			sign(w.Header(), wechatKey(), now.Add(-age), "")
			w.WriteHeader(204)
		})
		var stale *auth.StaleError
		if checkUnverified(t, nil, err); !errors.As(err, &stale) || stale.Skew != age {
			t.Error(err)
		}
	}
}

// A refusal or a gateway's page with err == nil is taken for a success.
func TestDefectFailureWithoutError(t *testing.T) {
	const page = "<html><head><title>502 Bad Gateway</title></head></html>"
	gateway := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(502)
		io.WriteString(w, page)
	}
	rsp, err := newClient().Do(request(t, "POST", serve(t, gateway).URL+modifyPath, "{}"))
	if err != nil || rsp.StatusCode != 502 || bodyOf(t, rsp) != page {
		t.Errorf("the transport must pass it on: %v, %v", rsp, err)
	}
	var failure *apierror.Error
	if err := modify(t, gateway); !errors.As(err, &failure) || failure.Status != 502 || !errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Error(err)
	}
	refusal := answering(400, `{"code":"PARAM_ERROR","message":"最终总金额计算非法"}`)
	if err := modify(t, refusal); !errors.As(err, &failure) || failure.Status != 400 || failure.Code != "PARAM_ERROR" || errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Error(err)
	}
}

// net/http follows a 307 with the same body and the same signature.
func TestDefectRedirectFollowed(t *testing.T) {
	var hits atomic.Int64
	err := modify(t, func(w http.ResponseWriter, r *http.Request) {
		if hits.Add(1) > 1 {
			answering(204, "")(w, r)
			return
		}
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	})
	var moved *apierror.Error
	if !errors.As(err, &moved) || moved.Status != 307 || hits.Load() != 1 {
		t.Errorf("%d requests: %v", hits.Load(), err)
	}
}
