// Command payscore loads keys, makes one verified call by this client and ends.
package main

import (
	"context"
	"log"
	"os"
	"path/filepath"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/transport"
)

func main() {
	dir, url := os.Args[1], os.Args[2]
	signer, err := auth.LoadSigner("1900000001", "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A", filepath.Join(dir, "merchant_key.pem"))
	if err != nil {
		log.Fatal(err)
	}
	keys, err := auth.LoadPublicKey("PUB_KEY_ID_0119000000012025061500000000000001", filepath.Join(dir, "wechatpay_public_key.pem"))
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := auth.NewVerifier(keys)
	if err != nil {
		log.Fatal(err)
	}
	client, err := payscore.New(url,
		payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(transport.New(signer, verifier)))
	if err != nil {
		log.Fatal(err)
	}
	err = client.ModifyPartnerServiceOrder(context.Background(), "1234323JKHDFE1243252", payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:     "1900000109",
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}},
		TotalAmount:  39900,
		Reason:       "用户投诉",
	})
	if err != nil {
		log.Fatal(err)
	}
}
