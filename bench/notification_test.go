package bench_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	gopaywechat "github.com/go-pay/gopay/wechat/v3"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	wxnotify "github.com/wechatpay-apiv3/wechatpay-go/core/notify"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/bench/floor"
	"github.com/wxpayscore/payscore/notify"
)

// paid is the plain text of a USER_PAID notification.
const paid = `{"service_id":"2002000000000558128851361561536","appid":"wxd678efh567hg6787","mchid":"1900000001","sub_mchid":"1900000109","out_order_no":"1234323JKHDFE1243252","openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","state":"DONE","service_introduction":"嗨客餐厅用餐","total_amount":39900,"post_payments":[{"name":"就餐费用","amount":40000,"description":"就餐人均100元","count":4}],"post_discounts":[{"name":"满20减1元","description":"不与其他优惠叠加","amount":100}],"risk_fund":{"name":"ESTIMATE_ORDER_COST","amount":100000},"time_range":{"start_time":"20091225091010","end_time":"20091225121010"},"order_id":"15646546545165651651","need_collection":true,"collection":{"state":"USER_PAID","total_amount":39900,"paying_amount":0,"paid_amount":39900,"details":[{"seq":1,"amount":39900,"paid_type":"NEWTON","paid_time":"20091225131210","transaction_id":"15646546545165651651"}]}}`

// message is a notification as it comes over the wire, signed now.
type message struct {
	header http.Header
	body   []byte

	// What the floor is given for nothing.
	message           []byte // what is signed
	signed            [32]byte
	signature, sealed []byte
	aead              cipher.AEAD
}

const gcmNonce = "b9a1c2d3e400"

func newMessage(tb testing.TB) *message {
	tb.Helper()
	block, err := aes.NewCipher([]byte(floor.APIv3Key))
	if err != nil {
		tb.Fatal(err)
	}
	m := &message{}
	if m.aead, err = cipher.NewGCM(block); err != nil {
		tb.Fatal(err)
	}
	m.sealed = m.aead.Seal(nil, []byte(gcmNonce), []byte(paid), []byte("transaction"))
	m.body, err = json.Marshal(map[string]any{
		"id": "EV-2025061500000000000000000000000", "create_time": "2025-06-15T23:06:40+08:00",
		"resource_type": "encrypt-resource", "event_type": "PAYSCORE.USER_PAID", "summary": "测试通知",
		"resource": map[string]any{
			"original_type": "payscore", "algorithm": "AEAD_AES_256_GCM", "ciphertext": base64.StdEncoding.EncodeToString(m.sealed),
			"associated_data": "transaction", "nonce": gcmNonce,
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	m.message = []byte(timestamp + "\n5d2a7061fccab6bf\n" + string(m.body) + "\n")
	m.signed = sha256.Sum256(m.message)
	if m.signature, err = rsa.SignPKCS1v15(nil, keys.Wechatpay, crypto.SHA256, m.signed[:]); err != nil {
		tb.Fatal(err)
	}
	m.header = http.Header{
		"Wechatpay-Timestamp": {timestamp}, "Wechatpay-Nonce": {"5d2a7061fccab6bf"}, "Wechatpay-Serial": {floor.PublicKeyID},
		"Wechatpay-Signature": {base64.StdEncoding.EncodeToString(m.signature)}, "Wechatpay-Signature-Type": {"WECHATPAY2-SHA256-RSA2048"},
		"Request-Id": {"08F78BB6AF0610D302187A20D6BBC6010A-0"},
	}
	return m
}

// request is what a server hands to the peers.
func (m *message) request() *http.Request {
	return &http.Request{Method: http.MethodPost, Header: m.header, Body: io.NopCloser(bytes.NewReader(m.body))}
}

// notifications verify and decrypt a message; all but payscore decode it, too.
func notifications(tb testing.TB) map[string]func() error {
	tb.Helper()
	m := newMessage(tb)
	verifier, err := auth.NewVerifier(auth.Key{ID: floor.PublicKeyID, PublicKey: keys.Public})
	if err != nil {
		tb.Fatal(err)
	}
	key, err := auth.NewAPIv3Key(floor.APIv3Key)
	if err != nil {
		tb.Fatal(err)
	}
	theirs, err := wxnotify.NewRSANotifyHandler(floor.APIv3Key, verifiers.NewSHA256WithRSAPubkeyVerifier(floor.PublicKeyID, *keys.Public))
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]func() error{
		// RSA and AES-GCM alone: no hash, no base64, no JSON.
		"floor": func() error {
			if err := rsa.VerifyPKCS1v15(keys.Public, crypto.SHA256, m.signed[:], m.signature); err != nil {
				return err
			}
			_, err := m.aead.Open(nil, []byte(gcmNonce), m.sealed, []byte("transaction"))
			return err
		},
		// The same with the hash that RSA verifies, of a message that lies ready.
		"floor-sha256": func() error {
			digest := sha256.Sum256(m.message)
			if err := rsa.VerifyPKCS1v15(keys.Public, crypto.SHA256, digest[:], m.signature); err != nil {
				return err
			}
			_, err := m.aead.Open(nil, []byte(gcmNonce), m.sealed, []byte("transaction"))
			return err
		},
		"payscore": func() error {
			_, err := notify.Open(context.Background(), verifier, m.header, m.body, key)
			return err
		},
		"payscore-decoded": func() error {
			_, err := notify.Parse(context.Background(), verifier, m.header, m.body, key)
			return err
		},
		"wechatpay-go": func() error {
			_, err := theirs.ParseNotifyRequest(context.Background(), m.request(), &map[string]any{})
			return err
		},
		"gopay": func() error {
			n, err := gopaywechat.V3ParseNotify(m.request())
			if err != nil {
				return err
			}
			if err := n.VerifySignByPK(keys.Public); err != nil {
				return err
			}
			_, err = n.DecryptScoreCipherText(floor.APIv3Key)
			return err
		},
	}
}

// BenchmarkNotification takes a USER_PAID.
func BenchmarkNotification(b *testing.B) {
	all := notifications(b)
	for _, name := range []string{"floor", "floor-sha256", "payscore", "payscore-decoded", "wechatpay-go", "gopay"} {
		b.Run(name, func(b *testing.B) { measure(b, all[name]) })
	}
}
