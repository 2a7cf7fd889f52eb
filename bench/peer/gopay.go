package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/go-pay/gopay"
	gopaywechat "github.com/go-pay/gopay/wechat/v3"
)

// gopayClient has no call to modify a partner's order, and none by which a program
// could make one.
func gopayClient(s setup, a account) (operations, error) {
	merchant, err := os.ReadFile(s.path("apiclient_key.pem"))
	if err != nil {
		return nil, err
	}
	open := func() (*gopaywechat.ClientV3, error) {
		client, err := gopaywechat.NewClientV3(a.MchID, a.SerialNo, a.APIv3Key, string(merchant))
		if err == nil {
			client.SetProxyHost(s.Host)
		}
		return client, err
	}
	client, err := open()
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	query := func(client *gopaywechat.ClientV3, c call) (any, error) {
		rsp, err := client.V3ScoreOrderPartnerQuery(ctx, gopaywechat.OutTradeNo, c.OutOrderNo, a.ServiceID, a.SubMchID)
		if err != nil {
			return nil, err
		}
		return rsp.Response, refusal(rsp.Code, rsp.Error)
	}
	return operations{
		"keys": func(call) (any, error) {
			if s.hasCertificate() {
				if err := client.AutoVerifySign(false); err != nil {
					return nil, err
				}
			}
			if s.hasPublicKey() {
				public, err := os.ReadFile(s.path("wechatpay_public_key.pem"))
				if err != nil {
					return nil, err
				}
				if err := client.AutoVerifySignByPublicKey(public, a.PublicKeyID); err != nil {
					return nil, err
				}
			}
			return slices.Collect(maps.Keys(client.WxPublicKeyMap())), nil
		},
		"create": func(c call) (any, error) {
			rsp, err := client.V3ScoreOrderPartnerCreate(ctx, c.Fields)
			if err != nil {
				return nil, err
			}
			return rsp.Response, refusal(rsp.Code, rsp.Error)
		},
		"query": func(c call) (any, error) { return query(client, c) },
		"queryByDefault": func(c call) (any, error) {
			client, err := open()
			if err != nil {
				return nil, err
			}
			return query(client, c)
		},
		"complete": func(c call) (any, error) {
			rsp, err := client.V3ScoreOrderPartnerComplete(ctx, c.OutOrderNo, c.Fields)
			if err != nil {
				return nil, err
			}
			return nil, refusal(rsp.Code, rsp.Error)
		},
		"cancel": func(c call) (any, error) {
			body := gopay.BodyMap(c.Fields)
			rsp, err := client.V3ScoreOrderPartnerCancel(ctx, a.SubMchID, c.OutOrderNo, a.ServiceID, body.GetString("reason"))
			if err != nil {
				return nil, err
			}
			return nil, refusal(rsp.Code, rsp.Error)
		},
		"refund": func(c call) (any, error) {
			rsp, err := client.V3Refund(ctx, c.Fields)
			if err != nil {
				return nil, err
			}
			return rsp.Response, refusal(rsp.Code, rsp.Error)
		},
		"notification": func(c call) (any, error) {
			request := &http.Request{Method: http.MethodPost, Header: c.header(), Body: io.NopCloser(bytes.NewBufferString(c.Body))}
			notification, err := gopaywechat.V3ParseNotify(request)
			if err != nil {
				return nil, err
			}
			if err := notification.VerifySignByPKMap(client.WxPublicKeyMap()); err != nil {
				return nil, err
			}
			if strings.HasPrefix(notification.EventType, "REFUND.") {
				return notification.DecryptPartnerRefundCipherText(a.APIv3Key)
			}
			return notification.DecryptScoreCipherText(a.APIv3Key)
		},
		"decrypt": func(c call) (any, error) {
			r := c.Envelope.Resource
			return gopaywechat.V3DecryptScoreNotifyCipherText(r.Ciphertext, r.Nonce, r.AssociatedData, a.APIv3Key)
		},
	}, nil
}

// refusal makes an error of what comes beside a nil error.
func refusal(code int, text string) error {
	if code == gopaywechat.Success {
		return nil
	}
	var body struct {
		Code string `json:"code"`
	}
	if text != "" && json.Unmarshal([]byte(text), &body) != nil {
		return errors.New("no JSON")
	}
	return fmt.Errorf("code %d beside a nil error%s", code, strings.TrimRight(" "+body.Code, " "))
}
