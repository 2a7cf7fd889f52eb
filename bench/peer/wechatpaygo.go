package main

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

const serviceOrders = consts.WechatPayAPIServer + "/v3/payscore/partner/serviceorder"

// elsewhere sends what is meant for WeChat Pay to another host. The client's own
// host is a constant, which its downloader and its services use.
type elsewhere struct{ host *url.URL }

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = e.host.Scheme, e.host.Host, ""
	return http.DefaultTransport.RoundTrip(r)
}

// wechatpayGo calls by the client's general methods: it knows no PayScore.
func wechatpayGo(s setup, a account) (operations, error) {
	merchant, err := utils.LoadPrivateKeyWithPath(s.path("apiclient_key.pem"))
	if err != nil {
		return nil, err
	}
	transport := []core.ClientOption{}
	if s.Host != "" {
		host, err := url.Parse(s.Host)
		if err != nil {
			return nil, err
		}
		transport = append(transport, option.WithHTTPClient(&http.Client{Transport: elsewhere{host}}))
	}
	var client *core.Client
	var verifier auth.Verifier
	read := func(result *core.APIResult, err error, want int) (any, error) {
		if err != nil {
			return nil, err
		}
		defer result.Response.Body.Close()
		body, err := io.ReadAll(result.Response.Body)
		if err == nil && result.Response.StatusCode != want {
			err = fmt.Errorf("status %d", result.Response.StatusCode)
		}
		if err != nil || len(body) == 0 {
			return nil, err
		}
		var value any
		return value, json.Unmarshal(body, &value)
	}
	write := func(operation string) func(call) (any, error) {
		return func(c call) (any, error) {
			result, err := client.Post(context.Background(), serviceOrders+"/"+url.PathEscape(c.OutOrderNo)+operation, c.Fields)
			return read(result, err, http.StatusNoContent)
		}
	}
	query := func(c call) (any, error) {
		values := url.Values{"service_id": {a.ServiceID}, "sub_mchid": {a.SubMchID}, "out_order_no": {c.OutOrderNo}}
		result, err := client.Get(context.Background(), serviceOrders+"?"+values.Encode())
		return read(result, err, http.StatusOK)
	}
	return operations{
		"keys": func(call) (any, error) {
			var serials []string
			if verifier, serials, err = wechatpayGoVerifier(s, a, merchant, transport); err != nil {
				return nil, err
			}
			options := append(transport, option.WithMerchantCredential(a.MchID, a.SerialNo, merchant), option.WithVerifier(verifier))
			client, err = core.NewClient(context.Background(), options...)
			return serials, err
		},
		"create": func(c call) (any, error) {
			result, err := client.Post(context.Background(), serviceOrders, c.Fields)
			return read(result, err, http.StatusOK)
		},
		"query": query, "queryByDefault": query,
		"complete": write("/complete"), "modify": write("/modify"), "cancel": write("/cancel"),
		"refund": func(c call) (any, error) {
			text, err := json.Marshal(c.Fields)
			if err != nil {
				return nil, err
			}
			var request refunddomestic.CreateRequest
			if err := json.Unmarshal(text, &request); err != nil {
				return nil, err
			}
			service := refunddomestic.RefundsApiService{Client: client}
			refund, _, err := service.Create(context.Background(), request)
			return refund, err
		},
		"notification": func(c call) (any, error) {
			handler, err := notify.NewRSANotifyHandler(a.APIv3Key, verifier)
			if err != nil {
				return nil, err
			}
			request := &http.Request{Method: http.MethodPost, Header: c.header(), Body: io.NopCloser(bytes.NewBufferString(c.Body))}
			var value fields
			_, err = handler.ParseNotifyRequest(context.Background(), request, &value)
			return value, err
		},
		"decrypt": func(c call) (any, error) {
			r := c.Envelope.Resource
			text, err := utils.DecryptAES256GCM(a.APIv3Key, r.AssociatedData, r.Nonce, r.Ciphertext)
			return json.RawMessage(text), err
		},
	}, nil
}

// wechatpayGoVerifier returns what verifies by the keys that the client has, and
// their ids. Certificates are downloaded.
func wechatpayGoVerifier(s setup, a account, merchant *rsa.PrivateKey, transport []core.ClientOption) (auth.Verifier, []string, error) {
	ctx := context.Background()
	var serials []string
	var certificates core.CertificateVisitor
	if s.hasCertificate() {
		manager := downloader.MgrInstance()
		client, err := core.NewClient(ctx, append(transport, option.WithMerchantCredential(a.MchID, a.SerialNo, merchant), option.WithoutValidator())...)
		if err == nil {
			err = manager.RegisterDownloaderWithClient(ctx, client, a.MchID, a.APIv3Key)
		}
		if err != nil {
			return nil, nil, err
		}
		certificates = manager.GetCertificateVisitor(a.MchID)
		for serial := range certificates.GetAll(ctx) {
			serials = append(serials, serial)
		}
	}
	if !s.hasPublicKey() {
		return verifiers.NewSHA256WithRSAVerifier(certificates), serials, nil
	}
	public, err := utils.LoadPublicKeyWithPath(s.path("wechatpay_public_key.pem"))
	if err != nil {
		return nil, nil, err
	}
	serials = append(serials, a.PublicKeyID)
	if !s.hasCertificate() {
		return verifiers.NewSHA256WithRSAPubkeyVerifier(a.PublicKeyID, *public), serials, nil
	}
	return verifiers.NewSHA256WithRSACombinedVerifier(certificates, a.PublicKeyID, *public), serials, nil
}
