// Command gopay loads keys, makes one verified call by gopay (partner complete,
// since it has no partner modify) and ends.
package main

import (
	"context"
	"log"
	"os"
	"path/filepath"

	"github.com/go-pay/gopay"
	"github.com/go-pay/gopay/wechat/v3"
)

func main() {
	dir, url := os.Args[1], os.Args[2]
	private, err := os.ReadFile(filepath.Join(dir, "merchant_key.pem"))
	if err != nil {
		log.Fatal(err)
	}
	public, err := os.ReadFile(filepath.Join(dir, "wechatpay_public_key.pem"))
	if err != nil {
		log.Fatal(err)
	}
	client, err := wechat.NewClientV3("1900000001", "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A", "TestOnly-0123456789abcdefghijkl!", string(private))
	if err != nil {
		log.Fatal(err)
	}
	client.SetProxyHost(url)
	if err := client.AutoVerifySignByPublicKey(public, "PUB_KEY_ID_0119000000012025061500000000000001"); err != nil {
		log.Fatal(err)
	}
	body := make(gopay.BodyMap)
	body.Set("sub_mchid", "1900000109").Set("total_amount", 39900).Set("reason", "用户投诉")
	body.Set("post_payments", []gopay.BodyMap{{"name": "就餐费用", "amount": 39900}})
	rsp, err := client.V3ScoreOrderPartnerComplete(context.Background(), "1234323JKHDFE1243252", body)
	if err != nil {
		log.Fatal(err)
	}
	if rsp.Code != wechat.Success {
		log.Fatal(rsp.Error)
	}
}
