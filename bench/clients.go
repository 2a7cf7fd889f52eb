package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-pay/gopay"
	gopaywechat "github.com/go-pay/gopay/wechat/v3"
	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/bench/floor"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/transport"
)

// Body is the request as this client takes it.
var Body = payscore.ModifyPartnerServiceOrderRequest{
	ServiceID:     new(floor.ServiceID),
	SubMchID:      floor.SubMchID,
	PostPayments:  []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(40000)), Description: new("就餐人均100元"), Count: new(int64(4))}},
	PostDiscounts: []payscore.ServiceOrderCoupon{{Name: new("满20减1元"), Description: new("不与其他优惠叠加"), Amount: new(int64(100))}},
	TotalAmount:   39900,
	Reason:        floor.Reason,
}

// NewPayscore returns one verified call of this client with default settings.
func NewPayscore(keys *floor.Keys, url string) (func(context.Context) error, error) {
	signer, err := auth.NewSigner(floor.MchID, floor.SerialNo, keys.Merchant)
	if err != nil {
		return nil, err
	}
	verifier, err := auth.NewVerifier(auth.Key{ID: floor.PublicKeyID, PublicKey: keys.Public})
	if err != nil {
		return nil, err
	}
	client, err := payscore.New(url, payscore.WithRequestEditorFn(signer.Sign), payscore.WithHTTPClient(transport.New(signer, verifier)))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		return client.ModifyPartnerServiceOrder(ctx, floor.OutOrderNo, Body)
	}, nil
}

// WechatpayGoModify is the body as a user of wechatpay-go would declare it,
// which has no PayScore calls.
type WechatpayGoModify struct {
	ServiceID     *string           `json:"service_id,omitempty"`
	SubMchID      *string           `json:"sub_mchid"`
	PostPayments  []WechatpayGoLine `json:"post_payments"`
	PostDiscounts []WechatpayGoLine `json:"post_discounts,omitempty"`
	TotalAmount   *int64            `json:"total_amount"`
	Reason        *string           `json:"reason"`
}

// WechatpayGoLine is a line of WechatpayGoModify.
type WechatpayGoLine struct {
	Name        *string `json:"name"`
	Amount      *int64  `json:"amount,omitempty"`
	Description *string `json:"description,omitempty"`
	Count       *int64  `json:"count,omitempty"`
}

// WechatpayGoBody is the request as a user of wechatpay-go would send it.
var WechatpayGoBody = WechatpayGoModify{
	ServiceID: new(floor.ServiceID), SubMchID: new(floor.SubMchID),
	PostPayments:  []WechatpayGoLine{{new("就餐费用"), new(int64(40000)), new("就餐人均100元"), new(int64(4))}},
	PostDiscounts: []WechatpayGoLine{{new("满20减1元"), new(int64(100)), new("不与其他优惠叠加"), nil}},
	TotalAmount:   new(int64(39900)), Reason: new(floor.Reason),
}

// NewWechatpayGo returns one verified call of wechatpay-go, with its default
// HTTP client when none is given.
func NewWechatpayGo(keys *floor.Keys, url string, httpClient *http.Client) (func(context.Context) error, error) {
	opts := []core.ClientOption{option.WithWechatPayPublicKeyAuthCipher(floor.MchID, floor.SerialNo, keys.Merchant, floor.PublicKeyID, keys.Public)}
	if httpClient != nil {
		opts = append(opts, option.WithHTTPClient(httpClient))
	}
	client, err := core.NewClient(context.Background(), opts...)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		result, err := client.Post(ctx, url+floor.ModifyPath, &WechatpayGoBody)
		if err != nil {
			return err
		}
		if result.Response.StatusCode != http.StatusNoContent {
			return fmt.Errorf("status %d", result.Response.StatusCode)
		}
		return result.Response.Body.Close()
	}, nil
}

// GopayBody is the request as a user of gopay would send it.
func GopayBody() gopay.BodyMap {
	body := make(gopay.BodyMap)
	body.Set("service_id", floor.ServiceID).Set("sub_mchid", floor.SubMchID).Set("total_amount", 39900).Set("reason", floor.Reason)
	body.Set("post_payments", []gopay.BodyMap{{"name": "就餐费用", "amount": 40000, "description": "就餐人均100元", "count": 4}})
	body.Set("post_discounts", []gopay.BodyMap{{"name": "满20减1元", "description": "不与其他优惠叠加", "amount": 100}})
	return body
}

// NewGopayClient returns gopay's client with verification switched on, which is
// not its default.
func NewGopayClient(keys *floor.Keys, url string) (*gopaywechat.ClientV3, error) {
	client, err := gopaywechat.NewClientV3(floor.MchID, floor.SerialNo, floor.APIv3Key, keys.MerchantPEM)
	if err != nil {
		return nil, err
	}
	client.SetProxyHost(url)
	return client, client.AutoVerifySignByPublicKey(keys.PublicPEM, floor.PublicKeyID)
}

// NewGopay returns one verified call of gopay: partner complete.
func NewGopay(keys *floor.Keys, url string) (func(context.Context) error, error) {
	client, err := NewGopayClient(keys, url)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		rsp, err := client.V3ScoreOrderPartnerComplete(ctx, floor.OutOrderNo, GopayBody())
		if err != nil {
			return err
		}
		if rsp.Code != gopaywechat.Success {
			return errors.New(rsp.Error)
		}
		return nil
	}, nil
}
