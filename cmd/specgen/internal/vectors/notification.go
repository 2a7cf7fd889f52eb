package vectors

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

type notificationVectors struct {
	Comment       string               `json:"comment"`
	Algorithm     string               `json:"algorithm"`
	Keys          []vectorKey          `json:"wechatpay_keys"`
	Notifications []notificationVector `json:"notifications"`
}

type notificationVector struct {
	Name      string            `json:"name"`
	APIv3Key  string            `json:"api_v3_key"`
	Now       int64             `json:"now"`
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body"`
	Plaintext string            `json:"plaintext"`
	Valid     bool              `json:"valid"`
	Reason    string            `json:"reason,omitempty"`
}

// An envelope is the body of a notification.
type envelope struct {
	ID           string    `json:"id"`
	CreateTime   string    `json:"create_time"`
	ResourceType string    `json:"resource_type"`
	EventType    string    `json:"event_type"`
	Summary      string    `json:"summary"`
	Resource     *resource `json:"resource,omitempty"`
}

type resource struct {
	OriginalType   *string `json:"original_type,omitempty"`
	Algorithm      string  `json:"algorithm"`
	Ciphertext     string  `json:"ciphertext"`
	AssociatedData *string `json:"associated_data,omitempty"`
	Nonce          string  `json:"nonce"`
}

const (
	algorithm = "AEAD_AES_256_GCM"
	apiV3Key  = "TestOnly-0123456789abcdefghijkl!"
	otherKey  = "TestOnly-another-key-of-32-bytes"

	userPaid    = `{"service_id":"2002000000000558128851361561536","appid":"wxd678efh567hg6787","mchid":"1900000001","sub_mchid":"1900000109","out_order_no":"1234323JKHDFE1243252","openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","state":"DONE","service_introduction":"嗨客餐厅用餐","total_amount":39900,"post_payments":[{"name":"就餐费用","amount":40000,"description":"就餐人均100元","count":4}],"post_discounts":[{"name":"满20减1元","description":"不与其他优惠叠加","amount":100}],"risk_fund":{"name":"ESTIMATE_ORDER_COST","amount":100000},"time_range":{"start_time":"20091225091010","end_time":"20091225121010"},"order_id":"15646546545165651651","need_collection":true,"collection":{"state":"USER_PAID","total_amount":39900,"paying_amount":0,"paid_amount":39900,"details":[{"seq":1,"amount":39900,"paid_type":"NEWTON","paid_time":"20091225131210","transaction_id":"15646546545165651651"}]}}`
	userConfirm = `{"service_id":"2002000000000558128851361561536","appid":"wxd678efh567hg6787","mchid":"1900000001","sub_mchid":"1900000109","out_order_no":"1234323JKHDFE1243252","openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","state":"DOING","state_description":"USER_CONFIRM","service_introduction":"嗨客餐厅用餐","post_payments":[{"name":"就餐费用","amount":40000}],"risk_fund":{"name":"ESTIMATE_ORDER_COST","amount":100000},"time_range":{"start_time":"20091225091010"}}`
	userOpen    = `{"appid":"wxd678efh567hg6787","mchid":"1900000001","sub_mchid":"1900000109","service_id":"500001","openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","user_service_status":"USER_OPEN_SERVICE","openorclose_time":"20180225112233","authorization_code":"4534323JKHDFE1243252"}`
	refunded    = `{"sp_mchid":"1900000001","sub_mchid":"1900000109","out_trade_no":"1217752501201407033233368018","transaction_id":"1217752501201407033233368018","out_refund_no":"1217752501201407033233368018","refund_id":"50000000382019052709732678859","refund_status":"SUCCESS","success_time":"2020-12-01T16:18:12+08:00","user_received_account":"招商银行信用卡","amount":{"total":39900,"refund":9900,"payer_total":39900,"payer_refund":9900}}`
)

// number is where a text of a nonce becomes a number.
var number = regexp.MustCompile(`"nonce":"[^"]*"`)

// notifications lists what comes to a notify_url. What is wrong with most of
// those that are is seen only when they are decrypted; the last are not even
// from WeChat Pay, so they must be refused before.
func notifications(sign signer) notificationVectors {
	v := notificationVectors{
		Comment:   "Made with test keys. README.md beside this file says how to check it.",
		Algorithm: algorithm,
		Keys:      wechatpayKeys,
	}
	type told struct {
		name, event, plaintext string
		associated, original   *string
		key, reason            string
		change                 func(*envelope)
		body                   func(string) string // before signing
		after                  func(*notificationVector)
	}
	not := func(body string) func(string) string { return func(string) string { return body } }
	tamper := func(at int) func(*envelope) {
		return func(e *envelope) {
			sealed, _ := base64.StdEncoding.DecodeString(e.Resource.Ciphertext)
			sealed[(at+len(sealed))%len(sealed)] ^= 1
			e.Resource.Ciphertext = base64.StdEncoding.EncodeToString(sealed)
		}
	}
	shorten := func(bytes int) func(*envelope) {
		return func(e *envelope) {
			sealed, _ := base64.StdEncoding.DecodeString(e.Resource.Ciphertext)
			e.Resource.Ciphertext = base64.StdEncoding.EncodeToString(sealed[:bytes])
		}
	}
	payscore, none := new("payscore"), new("")
	for i, n := range []told{
		{name: "associated_data present", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: new("transaction"), original: payscore},
		{name: "associated_data empty", event: "PAYSCORE.USER_CONFIRM", plaintext: userConfirm, associated: none, original: payscore},
		{name: "associated_data absent", event: "PAYSCORE.USER_OPEN_SERVICE", plaintext: userOpen, original: payscore},
		{name: "original_type absent", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none},
		{name: "original_type and associated_data absent", event: "PAYSCORE.USER_PAID", plaintext: userPaid},
		{name: "refund", event: "REFUND.SUCCESS", plaintext: refunded, associated: new("refund"), original: new("refund")},
		{name: "unknown event type", event: "PAYSCORE.SOMETHING_NEW", plaintext: `{"sub_mchid":"1900000109"}`, associated: none, original: payscore},
		{name: "another key", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, key: otherKey, reason: "authentication"},
		{name: "first byte of the ciphertext changed", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "authentication", change: tamper(0)},
		{name: "last byte of the tag changed", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "authentication", change: tamper(-1)},
		{name: "associated_data changed", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: new("transaction"), original: payscore, reason: "authentication", change: func(e *envelope) { e.Resource.AssociatedData = new("refund") }},
		{name: "associated_data taken away", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: new("transaction"), original: payscore, reason: "authentication", change: func(e *envelope) { e.Resource.AssociatedData = nil }},
		{name: "nonce changed", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "authentication", change: func(e *envelope) { e.Resource.Nonce = "another0nonc" }},
		{name: "16 bytes, a tag of something else", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "authentication", change: shorten(16)},
		{name: "15 bytes, less than a tag", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "ciphertext", change: shorten(15)},
		{name: "no ciphertext", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "ciphertext", change: shorten(0)},
		{name: "ciphertext is not base64", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "ciphertext", change: func(e *envelope) { e.Resource.Ciphertext = "%" + e.Resource.Ciphertext }},
		{name: "nonce of 11 bytes", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "nonce", change: func(e *envelope) { e.Resource.Nonce = e.Resource.Nonce[:11] }},
		{name: "nonce of 16 bytes", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "nonce", change: func(e *envelope) { e.Resource.Nonce += "0000" }},
		{name: "no nonce", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "nonce", change: func(e *envelope) { e.Resource.Nonce = "" }},
		{name: "another algorithm", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "algorithm", change: func(e *envelope) { e.Resource.Algorithm = "AEAD_SM4_GCM" }},
		{name: "no resource", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "resource", change: func(e *envelope) { e.Resource = nil }},
		{name: "associated_data null", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore,
			body: func(b string) string {
				return strings.Replace(b, `"associated_data":""`, `"associated_data":null`, 1)
			}},
		{name: "nonce of 12 characters, 36 bytes", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "nonce", change: func(e *envelope) { e.Resource.Nonce = "微信支付分微信支付分微信" }},
		{name: "nonce is a number", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "nonce",
			body: func(b string) string { return number.ReplaceAllString(b, `"nonce":123456789012`) }},
		{name: "resource is a text", reason: "resource", body: not(`{"id":"EV-1","event_type":"PAYSCORE.USER_PAID","resource":"none"}`)},
		{name: "a list instead of an object", reason: "resource", body: not(`[]`)},
		{name: "a page instead of JSON", reason: "resource", body: not(`<html>ok</html>`)},
		{name: "no body", reason: "resource", body: not("")},
		{name: "body changed after signing", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "signature", after: func(v *notificationVector) { v.Body += "\n" }},
		{name: "probe, not base64", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "signature", after: func(v *notificationVector) {
			v.Headers[headerSignature] = "WECHATPAY/SIGNTEST/" + v.Headers[headerSignature][:336]
		}},
		{name: "301 seconds old", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "stale", after: func(v *notificationVector) { v.Now += 301 }},
		{name: "unknown public key", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "unknown_key", after: func(v *notificationVector) { v.Headers[headerSerial] = unknownKeyID }},
		{name: "not signed", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, reason: "header", after: func(v *notificationVector) { v.Headers = map[string]string{} }},
		{name: "does not verify, and does not decrypt", event: "PAYSCORE.USER_PAID", plaintext: userPaid, associated: none, original: payscore, key: otherKey, reason: "signature", after: func(v *notificationVector) { v.Headers[headerNonce] = "another" }},
		{name: "does not verify, and is no JSON", reason: "signature", body: not(`<html>ok</html>`), after: func(v *notificationVector) { v.Headers[headerNonce] = "another" }},
	} {
		at := firstTime + 1000 + i
		seq := fmt.Sprintf("%02d", i)
		nonce := "b9a1c2d3e4" + seq
		var associated string
		if n.associated != nil {
			associated = *n.associated
		}
		key := n.key
		if key == "" {
			key = apiV3Key
		}
		e := envelope{
			ID: "EV-20250615000000000000000000000" + seq, CreateTime: "2025-06-15T23:06:40+08:00",
			ResourceType: "encrypt-resource", EventType: n.event, Summary: "测试通知",
			Resource: &resource{n.original, algorithm, base64.StdEncoding.EncodeToString(seal(key, nonce, associated, n.plaintext)), n.associated, nonce},
		}
		if n.change != nil {
			n.change(&e)
		}
		var body bytes.Buffer
		enc := json.NewEncoder(&body)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e); err != nil {
			panic(err) // strings only
		}
		body.Truncate(body.Len() - 1)
		if n.body != nil {
			text := n.body(body.String())
			body.Reset()
			body.WriteString(text)
		}
		timestamp, headerValue := strconv.Itoa(at), "5d2a7061fccab6bf3e254dcf98995b"+seq
		vector := notificationVector{
			Name: n.name, APIv3Key: apiV3Key, Now: int64(at), Body: body.String(), Valid: n.reason == "", Reason: n.reason,
			Headers: map[string]string{
				headerTimestamp: timestamp, headerNonce: headerValue, headerSerial: publicKeyID, headerSignatureType: scheme,
				headerSignature: sign("wechatpay_private_key.pem", timestamp+"\n"+headerValue+"\n"+body.String()+"\n"),
			},
		}
		if vector.Valid {
			vector.Plaintext = n.plaintext
		}
		if n.after != nil {
			n.after(&vector)
		}
		v.Notifications = append(v.Notifications, vector)
	}
	return v
}

// seal encrypts a resource as WeChat Pay does.
func seal(key, nonce, associated, plaintext string) []byte {
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		panic(err) // the keys above have 32 bytes
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm.Seal(nil, []byte(nonce), []byte(plaintext), []byte(associated))
}
