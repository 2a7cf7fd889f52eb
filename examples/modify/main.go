// Command modify lowers the amount of an order. It runs on a sandbox that it starts
// itself. For WeChat Pay, copy the part from LoadSigner on and use your own files and
// numbers.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/serviceorder"
	"github.com/wxpayscore/payscore/transport"
)

const outOrderNo = "1234323JKHDFE1243252"

func main() {
	dir, err := os.MkdirTemp("", "payscore-example-")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), dir)
	_ = os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dir string) error {
	baseURL, account, err := startSandbox(dir)
	if err != nil {
		return err
	}

	signer, err := auth.LoadSigner(account.MchID, account.SerialNo, filepath.Join(dir, "apiclient_key.pem"))
	if err != nil {
		return err
	}
	key, err := auth.LoadPublicKey(account.PublicKeyID, filepath.Join(dir, "wechatpay_public_key.pem"))
	if err != nil {
		return err
	}
	verifier, err := auth.NewVerifier(key)
	if err != nil {
		return err
	}
	client, err := payscore.New(baseURL,
		payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(transport.New(signer, verifier)))
	if err != nil {
		return err
	}

	body := payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:      account.SubMchID,
		PostPayments:  []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(40000)), Count: new(int64(4))}},
		PostDiscounts: []payscore.ServiceOrderCoupon{{Name: new("满20减1元"), Description: new("不与其他优惠叠加"), Amount: new(int64(100))}},
		Reason:        "用户投诉",
	}
	if body.TotalAmount, err = serviceorder.Total(body.PostPayments, body.PostDiscounts); err != nil {
		return err
	}
	err = client.ModifyPartnerServiceOrder(ctx, outOrderNo, body)
	if err != nil && !errors.Is(err, apierror.ErrOutcomeUnknown) {
		return err // refused, or not sent
	}
	// The order shows the result, also after an unknown outcome.
	order, err := client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{
		SubMchID: account.SubMchID, OutOrderNo: new(outOrderNo),
	})
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d fen to pay\n", order.OutOrderNo, *order.TotalAmount)
	return nil
}

// startSandbox starts a sandbox in place of WeChat Pay.
func startSandbox(dir string) (baseURL string, account sandbox.Account, err error) {
	credentials, err := sandbox.OpenCredentials(dir)
	if err != nil {
		return "", account, err
	}
	box, err := sandbox.Open(sandbox.WithCredentials(credentials))
	if err != nil {
		return "", account, err
	}
	if _, err := box.Seed(outOrderNo, 50000); err != nil {
		return "", account, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", account, err
	}
	go func() { _ = http.Serve(listener, box) }()
	return "http://" + listener.Addr().String(), credentials.Account(), nil
}
