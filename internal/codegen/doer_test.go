package codegen

import (
	"errors"
	"net/http"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// A HttpRequestDoer of a test or a wrapper returns less than net/http would. The
// write may have been sent by then, so the client must not panic.
func TestDoerReturnsNoResponseOrNoBody(t *testing.T) {
	body := payscore.ModifyPartnerServiceOrderRequest{
		SubMchID: "1900000109", PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}}, TotalAmount: 39900, Reason: "用户投诉",
	}
	for _, c := range []struct {
		name    string
		rsp     *http.Response
		unknown bool
	}{
		{"neither response nor error", nil, true},
		{"success without a body", &http.Response{StatusCode: 204}, false},
		{"refusal without a body", &http.Response{StatusCode: 400}, true},
	} {
		client, err := payscore.New(payscore.DefaultServer, payscore.WithHTTPClient(doerFunc(func(*http.Request) (*http.Response, error) {
			if c.rsp == nil {
				return nil, nil
			}
			rsp := *c.rsp
			return &rsp, nil
		})))
		if err != nil {
			t.Fatal(err)
		}
		err = client.ModifyPartnerServiceOrder(t.Context(), "1234323JKHDFE1243252", body)
		if (err != nil) != c.unknown || errors.Is(err, apierror.ErrOutcomeUnknown) != c.unknown || errors.Is(err, apierror.ErrNotSent) {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := client.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: "1900000109", OutOrderNo: new("1234323JKHDFE1243252")}); err == nil ||
			errors.Is(err, apierror.ErrOutcomeUnknown) {
			t.Errorf("%s: query: %v", c.name, err)
		}
	}
}
