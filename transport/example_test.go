package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/transport"
)

func ExampleNew() {
	server := httptest.NewServer(answering(204, "")) // payscore.DefaultServer in earnest
	defer server.Close()
	signer, _ := newSigner()  // auth.LoadSigner
	verifier := newVerifier() // auth.NewVerifier
	ctx := context.Background()

	client, err := payscore.New(server.URL,
		payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(transport.New(signer, verifier)))
	if err != nil {
		fmt.Println(err)
		return
	}
	err = client.ModifyPartnerServiceOrder(ctx, "1234323JKHDFE1243252", payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:     "1900000109",
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}},
		TotalAmount:  39900,
		Reason:       "用户投诉",
	})
	var refused *apierror.Error
	switch {
	case err == nil:
		fmt.Println("carried out")
	case errors.Is(err, transport.ErrOutcomeUnknown):
		fmt.Println("query the order")
	case errors.As(err, &refused):
		fmt.Println("refused:", refused.Status, refused.Code)
	default:
		fmt.Println("not carried out:", err)
	}
	// Output: carried out
}

func ExampleUnverifiedError() {
	forger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	defer forger.Close()
	signer, _ := newSigner()
	client := transport.New(signer, newVerifier())

	req, err := http.NewRequest("POST", forger.URL+"/v3/payscore/partner/serviceorder/1234323JKHDFE1243252/pay", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Do(req)
	var unverified *transport.UnverifiedError
	fmt.Println(errors.As(err, &unverified), unverified.Status)
	fmt.Println(errors.Is(err, auth.ErrUnverified), errors.Is(err, transport.ErrOutcomeUnknown))
	fmt.Println(err)
	// Output:
	// true 204
	// true true
	// POST /v3/payscore/partner/serviceorder/1234323JKHDFE1243252/pay: answer 204 (request id "") is not to be trusted: auth: unverified: header Wechatpay-Timestamp is missing; no Wechatpay- header is there at all: they were dropped, or it is not from WeChat Pay: outcome unknown, query before anything else
}

// A modification whose answer was lost is refused when it comes again, so its
// refusal says nothing yet.
func ExampleRefusedAfterUnknownError() {
	attempts := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if attempts++; attempts == 1 {
			w.WriteHeader(http.StatusBadGateway) // after WeChat Pay has carried it out
			return
		}
		answering(400, `{"code":"PARAM_ERROR","message":"not lower"}`)(w, r)
	}))
	defer server.Close()
	signer, _ := newSigner()
	client := transport.New(signer, newVerifier(),
		transport.WithRetry(transport.Retry{Attempts: 3, FirstWait: 200 * time.Millisecond}),
		transport.WithBackupHosts(payscore.BackupServer))

	req, err := http.NewRequest("POST", server.URL+"/v3/payscore/partner/serviceorder/1234323JKHDFE1243252/modify", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Do(req)
	var refused *transport.RefusedAfterUnknownError
	if errors.As(err, &refused) {
		fmt.Println(refused.Refusal.Status, refused.Refusal.Code, errors.Is(err, transport.ErrOutcomeUnknown))
	}
	// Output: 400 PARAM_ERROR true
}
