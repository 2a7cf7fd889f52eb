package apierror_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// trusting stands for *transport.Client, which verifies each answer and says so
// by its body.
type trusting struct{ *http.Client }

func (c trusting) Do(req *http.Request) (*http.Response, error) {
	rsp, err := c.Client.Do(req)
	if err == nil {
		rsp.Body = verified{rsp.Body}
	}
	return rsp, err
}

func ExampleError() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Request-ID", "08F78BD3A0061030181120A0A72A28B6A702-271316657")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"code":"INVALID_REQUEST","message":"仅服务订单支付状态为待支付时，才可使用此能力"}`)
	}))
	defer server.Close()
	// A real client verifies: payscore.WithHTTPClient(transport.New(signer, verifier)).
	client, err := payscore.New(server.URL, payscore.WithHTTPClient(trusting{server.Client()}))
	if err != nil {
		fmt.Println(err)
		return
	}

	err = client.PayPartnerServiceOrder(context.Background(), "1234323JKHDFE1243252",
		payscore.PayPartnerServiceOrderRequest{SubMchID: "1900000109"})
	var refused *apierror.Error
	switch {
	case err == nil:
		fmt.Println("carried out")
	case errors.Is(err, apierror.ErrOutcomeUnknown):
		fmt.Println("query the order")
	case errors.As(err, &refused):
		fmt.Println(refused.Status, refused.Code, refused.Number)
		fmt.Println(err)
	}
	// Output:
	// 400 INVALID_REQUEST 271316657
	// POST /v3/payscore/partner/serviceorder/1234323JKHDFE1243252/pay: 400 INVALID_REQUEST: 仅服务订单支付状态为待支付时，才可使用此能力 (number 271316657) request id 08F78BD3A0061030181120A0A72A28B6A702-271316657
}
