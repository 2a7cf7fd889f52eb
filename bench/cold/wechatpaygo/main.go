// Command wechatpaygo loads keys, makes one verified call by wechatpay-go and
// ends.
package main

import (
	"context"
	"log"
	"os"
	"path/filepath"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

func main() {
	dir, url := os.Args[1], os.Args[2]
	private, err := utils.LoadPrivateKeyWithPath(filepath.Join(dir, "merchant_key.pem"))
	if err != nil {
		log.Fatal(err)
	}
	public, err := utils.LoadPublicKeyWithPath(filepath.Join(dir, "wechatpay_public_key.pem"))
	if err != nil {
		log.Fatal(err)
	}
	client, err := core.NewClient(context.Background(), option.WithWechatPayPublicKeyAuthCipher(
		"1900000001", "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A", private, "PUB_KEY_ID_0119000000012025061500000000000001", public))
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.Post(context.Background(), url+"/v3/payscore/partner/serviceorder/1234323JKHDFE1243252/modify", map[string]any{
		"sub_mchid":     "1900000109",
		"post_payments": []map[string]any{{"name": "就餐费用", "amount": 39900}},
		"total_amount":  39900,
		"reason":        "用户投诉",
	})
	if err != nil {
		log.Fatal(err)
	}
	_ = result.Response.Body.Close()
}
