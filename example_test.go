package payscore_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/transport"
)

// Lower the amount of a completed, unpaid order from what it was to 399 yuan.
func Example() {
	signer, err := auth.LoadSigner("1900000001", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "apiclient_key.pem")
	if err != nil {
		log.Fatal(err)
	}
	key, err := auth.LoadPublicKey("PUB_KEY_ID_0119000000012024101100397200000006", "wechatpay_public_key.pem")
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := auth.NewVerifier(key)
	if err != nil {
		log.Fatal(err)
	}
	client, err := payscore.New(payscore.DefaultServer,
		payscore.WithRequestEditorFn(signer.Sign),                // the WeChat Pay signature
		payscore.WithHTTPClient(transport.New(signer, verifier))) // verifies before anything decodes
	if err != nil {
		log.Fatal(err)
	}

	err = client.ModifyPartnerServiceOrder(context.Background(), "1234323JKHDFE1243252", payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:     "1900000109",
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900)), Count: new(int64(4))}},
		TotalAmount:  39900, // fen
		Reason:       "用户投诉",
	})
	var refused *apierror.Error
	var findings limit.Findings
	switch {
	case err == nil:
		fmt.Println("lowered")
	case errors.Is(err, apierror.ErrOutcomeUnknown):
		fmt.Println("query the order before anything else:", err)
	case errors.As(err, &refused):
		fmt.Println("refused:", refused.Status, refused.Code, refused.Number)
	case errors.As(err, &findings):
		fmt.Println("not sent:", findings)
	case errors.Is(err, apierror.ErrNotSent):
		fmt.Println(err) // no connection, no signature
	}
}

// WeChat Pay takes longer reasons from today on, and the contract does not know
// yet: this call goes out all the same, and all else in it is checked.
func Example_withoutLimitChecksOf() {
	client, err := payscore.New(payscore.DefaultServer, payscore.WithHTTPClient(doer{}))
	if err != nil {
		log.Fatal(err)
	}
	body := payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:     "1900000109",
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}},
		TotalAmount:  39900, // fen
		Reason:       strings.Repeat("长", 60),
	}
	ctx := context.Background()
	fmt.Println(client.ModifyPartnerServiceOrder(ctx, "1234323JKHDFE1243252", body))

	ctx = payscore.WithoutLimitChecksOf(ctx, "$.reason") // [*] stands for any index: "$.post_payments[*].name"
	fmt.Println(client.ModifyPartnerServiceOrder(ctx, "1234323JKHDFE1243252", body))

	body.TotalAmount = -1
	fmt.Println(client.ModifyPartnerServiceOrder(ctx, "1234323JKHDFE1243252", body))
	// Output:
	// not sent: $.reason: 60 characters, at most 50
	// <nil>
	// not sent: $.total_amount: -1, at least 0
}

// doer answers 204. Yours is a transport.Client.
type doer struct{}

func (doer) Do(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: req}, nil
}
