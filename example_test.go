package payscore_test

import (
	"context"
	"errors"
	"fmt"
	"log"

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
