// Package sandbox_test is about two parameters that a copy of the contract has:
// TestAddParameters of internal/codegen lays it beside the sandbox there.
package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/sandbox"
)

const walkOrder = "1234323JKHDFE1243252"

func walkQuery(scene string, states ...string) payscore.QueryPartnerServiceOrderParams {
	return payscore.QueryPartnerServiceOrderParams{SubMchID: "1900000109", OutOrderNo: new(walkOrder), WalkStates: states, WalkScene: &scene}
}

func TestParametersArrive(t *testing.T) {
	box := sandbox.New(t)
	if _, err := box.Seed(walkOrder, 50000); err != nil {
		t.Fatal(err)
	}
	if _, err := box.Client().QueryPartnerServiceOrder(t.Context(), walkQuery("parking", "A", "B")); err != nil {
		t.Fatal(err)
	}
	entries := box.Journal()
	const target = "/v3/payscore/partner/serviceorder?out_order_no=" + walkOrder + "&sub_mchid=1900000109&walk_states=A,B"
	if !slices.ContainsFunc(entries, func(e sandbox.Entry) bool { return e.Target == target }) {
		t.Errorf("no request for %s in %+v", target, entries)
	}

	// The client checks both, and so does the sandbox.
	careless := box.Client(payscore.WithoutLimitChecks())
	for _, bad := range []payscore.QueryPartnerServiceOrderParams{walkQuery("PARKING", "A"), walkQuery("parking", "A", "B", "C")} {
		_, err := box.Client().QueryPartnerServiceOrder(t.Context(), bad)
		var findings limit.Findings
		if !errors.As(err, &findings) || len(findings) != 1 {
			t.Errorf("the client says %v, want one finding", err)
		}
		var refused *apierror.Error
		if _, err := careless.QueryPartnerServiceOrder(t.Context(), bad); !errors.As(err, &refused) || refused.Code != "PARAM_ERROR" {
			t.Errorf("the sandbox says %v, want a refusal", err)
		}
	}
}

// TestParametersAreTyped holds what the handlers of the sandbox are called with.
func TestParametersAreTyped(t *testing.T) {
	var got payscoreserver.QueryPartnerServiceOrderRequestObject
	handler := payscoreserver.Handler(payscoreserver.NewStrictHandler(struct {
		payscoreserver.StrictServerInterface
	}{}, []payscoreserver.StrictMiddlewareFunc{
		func(payscoreserver.StrictHandlerFunc, string) payscoreserver.StrictHandlerFunc {
			return func(_ context.Context, _ http.ResponseWriter, _ *http.Request, request any) (any, error) {
				got = request.(payscoreserver.QueryPartnerServiceOrderRequestObject)
				return nil, nil
			}
		}}))
	server := httptest.NewServer(handler)
	defer server.Close()
	client, err := payscore.New(server.URL, payscore.WithHTTPClient(server.Client()))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = client.QueryPartnerServiceOrder(t.Context(), walkQuery("parking", "A", "B")) // an empty answer
	if !slices.Equal(got.Params.WalkStates, []string{"A", "B"}) || got.Params.WalkScene == nil || *got.Params.WalkScene != "parking" {
		t.Errorf("got %+v", got.Params)
	}
}
