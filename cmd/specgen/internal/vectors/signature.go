package vectors

import (
	"maps"
	"strconv"
	"strings"
)

type signatureVectors struct {
	Comment   string           `json:"comment"`
	Scheme    string           `json:"scheme"`
	Merchant  vectorMerchant   `json:"merchant"`
	Keys      []vectorKey      `json:"wechatpay_keys"`
	Requests  []requestVector  `json:"requests"`
	Responses []responseVector `json:"responses"`
}

type vectorMerchant struct {
	MchID       string `json:"mchid"`
	SerialNo    string `json:"serial_no"`
	PrivateKey  string `json:"private_key"`
	Certificate string `json:"certificate"`
}

type vectorKey struct {
	ID          string `json:"id"`
	PublicKey   string `json:"public_key,omitempty"`
	Certificate string `json:"certificate,omitempty"`
	PrivateKey  string `json:"private_key"`
}

type requestVector struct {
	Name          string `json:"name"`
	Method        string `json:"method"`
	URL           string `json:"url"`
	RequestTarget string `json:"request_target"`
	Timestamp     string `json:"timestamp"`
	Nonce         string `json:"nonce_str"`
	Body          string `json:"body"`
	MchID         string `json:"mchid"`
	SerialNo      string `json:"serial_no"`
	Message       string `json:"message"`
	Signature     string `json:"signature"`
	Authorization string `json:"authorization"`
}

type responseVector struct {
	Name      string            `json:"name"`
	Status    int               `json:"status"`
	Now       int64             `json:"now"`
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body"`
	Serial    string            `json:"serial"`
	Message   string            `json:"message"`
	Signature string            `json:"signature"`
	Valid     bool              `json:"valid"`
	Reason    string            `json:"reason,omitempty"`
}

const (
	publicKeyID    = "PUB_KEY_ID_0119000000012025061500000000000001"
	unknownKeyID   = "PUB_KEY_ID_0119000000012025061500000000000002"
	platformSerial = "07E3B1A2C4D5F60718293A4B5C6D7E8F90A1B2C3"
	merchantSerial = "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A"

	scheme    = "WECHATPAY2-SHA256-RSA2048"
	host      = "https://api.mch.weixin.qq.com"
	orderPath = "/v3/payscore/partner/serviceorder"
	firstTime = 1750000000

	headerTimestamp     = "Wechatpay-Timestamp"
	headerNonce         = "Wechatpay-Nonce"
	headerSerial        = "Wechatpay-Serial"
	headerSignatureType = "Wechatpay-Signature-Type"
	headerSignature     = "Wechatpay-Signature"
)

var wechatpayKeys = []vectorKey{
	{ID: publicKeyID, PublicKey: "wechatpay_public_key.pem", PrivateKey: "wechatpay_private_key.pem"},
	{ID: platformSerial, Certificate: "platform_cert.pem", PrivateKey: "platform_private_key.pem"},
}

// A signer gives the base64 signature of a message by the key of a PEM file.
type signer func(key, message string) string

// signature lists requests and responses. It builds messages and headers
// itself, so that the file says nothing about package auth.
func signature(sign signer) signatureVectors {
	v := signatureVectors{
		Comment:  "Made with test keys. README.md beside this file says how to check it.",
		Scheme:   scheme,
		Merchant: vectorMerchant{"1900000001", merchantSerial, "merchant_key.pem", "merchant_cert.pem"},
		Keys:     wechatpayKeys,
	}
	modify := `{"sub_mchid":"1900000109","post_payments":[{"name":"deposit","amount":40000,"count":4}],"total_amount":40000,"reason":"refund"}`
	for i, r := range []requestVector{
		{Name: "POST with a JSON body", Method: "POST", RequestTarget: orderPath + "/1234323JKHDFE1243252/modify", Body: modify},
		{Name: "order number A|B*C_-1 is escaped once", Method: "POST", RequestTarget: orderPath + "/A%7CB%2AC_-1/modify", Body: modify},
		{Name: "Chinese text as raw UTF-8", Method: "POST", RequestTarget: orderPath + "/1234323JKHDFE1243252/modify",
			Body: `{"sub_mchid":"1900000109","post_payments":[{"name":"就餐费用","amount":40000,"description":"就餐人均100元","count":4}],"total_amount":40000,"reason":"用户投诉"}`},
		{Name: "body that ends with a line feed", Method: "POST", RequestTarget: orderPath + "/1234323JKHDFE1243252/modify", Body: modify + "\n"},
		{Name: "body with line feeds and spaces inside", Method: "POST", RequestTarget: orderPath, Body: "{\n  \"sub_mchid\": \"1900000109\",\n  \"a\": \"<&>\"\n}"},
		{Name: "POST without a body", Method: "POST", RequestTarget: orderPath + "/1234323JKHDFE1243252/send-pendingmessage"},
		{Name: "GET with a query", Method: "GET", RequestTarget: orderPath + "?out_order_no=1234323JKHDFE1243252&service_id=500001&sub_mchid=1900000109"},
		{Name: "GET with an escaped query", Method: "GET", RequestTarget: orderPath + "?out_order_no=A%7CB%2AC_-1&service_id=500001&sub_mchid=1900000109"},
		{Name: "GET without a query", Method: "GET", RequestTarget: "/v3/payscore/partner/permissions/authorization-code/1234323JKHDFE1243252"},
		{Name: "non-ASCII path segment", Method: "GET", RequestTarget: "/v3/payscore/partner/permissions/authorization-code/%E8%AE%A2%20%E5%8D%95"},
		{Name: "query parameters out of order", Method: "GET", RequestTarget: orderPath + "?sub_mchid=1900000109&service_id=500001&out_order_no=1234323JKHDFE1243252"},
		{Name: "a query parameter twice", Method: "GET", RequestTarget: orderPath + "?service_id=500002&service_id=500001"},
		{Name: "space in a query as %20", Method: "GET", RequestTarget: orderPath + "?out_order_no=A%20B&service_id=500001"},
		{Name: "space in a query as a plus", Method: "GET", RequestTarget: orderPath + "?out_order_no=A+B&service_id=500001"},
		{Name: "plus in a query as %2B", Method: "GET", RequestTarget: orderPath + "?out_order_no=A%2BB&service_id=500001"},
		{Name: "query parameter without a value", Method: "GET", RequestTarget: orderPath + "?out_order_no=&service_id=500001"},
		{Name: "query parameter without an equals sign", Method: "GET", RequestTarget: orderPath + "?out_order_no&service_id=500001"},
		{Name: "two slashes in the path", Method: "GET", RequestTarget: orderPath + "//1234323JKHDFE1243252"},
		{Name: "slash at the end of the path", Method: "GET", RequestTarget: orderPath + "/"},
		{Name: "slash at the end of the path, before a query", Method: "GET", RequestTarget: orderPath + "/?service_id=500001"},
		{Name: "slash in a path segment as %2F", Method: "GET", RequestTarget: orderPath + "/A%2FB"},
		{Name: "escapes in lower case, and of what needs none", Method: "GET", RequestTarget: orderPath + "/%41%7c%2a"},
	} {
		r.URL = host + r.RequestTarget
		r.Timestamp = strconv.Itoa(firstTime + i)
		r.Nonce = "593BEC0C930BF1AFEB40B4A08C8FB24" + strings.ToUpper(strconv.FormatInt(int64(i), 36))
		r.MchID, r.SerialNo = v.Merchant.MchID, v.Merchant.SerialNo
		r.Message = strings.Join([]string{r.Method, r.RequestTarget, r.Timestamp, r.Nonce, r.Body, ""}, "\n")
		r.Signature = sign(v.Merchant.PrivateKey, r.Message)
		r.Authorization = v.Scheme + ` mchid="` + r.MchID + `",nonce_str="` + r.Nonce + `",timestamp="` + r.Timestamp +
			`",serial_no="` + r.SerialNo + `",signature="` + r.Signature + `"`
		v.Requests = append(v.Requests, r)
	}
	same := v.Requests[0]
	same.Name, same.URL = "the host is not signed", "https://api2.mch.weixin.qq.com"+same.RequestTarget
	v.Requests = append(v.Requests, same)
	same.Name, same.URL = "the fragment is not sent, and not signed", host+same.RequestTarget+"#part"
	v.Requests = append(v.Requests, same)

	order := `{"appid":"wxd678efh567hg6787","mchid":"1900000001","out_order_no":"1234323JKHDFE1243252","state":"DOING","state_description":"MCH_COMPLETE","total_amount":40000}`
	chinese := `{"code":"INVALID_REQUEST","message":"当前订单状态不合法"}`
	type answer struct {
		responseVector
		key    string // who signs; default: the owner of serial
		signed *string
		change func(h map[string]string)
		lower  bool // header names, as HTTP/2 has them

		nonce     *string                // default: one that is made
		timestamp func(at string) string // as it is written, and signed
	}
	cert := "platform_private_key.pem"
	tampered := strings.Replace(order, "40000", "50000", 1)
	signedBody := order
	for i, a := range []answer{
		{responseVector: responseVector{Name: "200 with JSON, public key", Status: 200, Body: order}},
		{responseVector: responseVector{Name: "204 has an empty body line", Status: 204}},
		{responseVector: responseVector{Name: "200 with JSON, platform certificate", Status: 200, Body: order, Serial: platformSerial}, key: cert},
		{responseVector: responseVector{Name: "204, platform certificate", Status: 204, Serial: platformSerial}, key: cert},
		{responseVector: responseVector{Name: "signed error, Chinese text", Status: 400, Body: chinese}},
		{responseVector: responseVector{Name: "body that ends with a line feed", Status: 200, Body: order + "\n"}},
		{responseVector: responseVector{Name: "body formatted with spaces and line feeds", Status: 200, Body: "{\n  \"state\" : \"DOING\"\n}"}},
		{responseVector: responseVector{Name: "no Wechatpay-Signature-Type", Status: 204}, change: func(h map[string]string) { delete(h, headerSignatureType) }},
		{responseVector: responseVector{Name: "300 seconds old", Status: 204, Now: 300}},
		{responseVector: responseVector{Name: "300 seconds ahead", Status: 204, Now: -300}},
		{responseVector: responseVector{Name: "301 seconds old", Status: 204, Now: 301, Reason: "stale"}},
		{responseVector: responseVector{Name: "301 seconds ahead", Status: 204, Now: -301, Reason: "stale"}},
		{responseVector: responseVector{Name: "replayed after a day", Status: 200, Body: order, Now: 86400, Reason: "stale"}},
		{responseVector: responseVector{Name: "tampered body", Status: 200, Body: tampered, Reason: "signature"}, signed: &signedBody},
		{responseVector: responseVector{Name: "body added to a 204", Status: 200, Body: order, Reason: "signature"}, signed: new("")},
		{responseVector: responseVector{Name: "body decoded and encoded again", Status: 200, Body: `{"state": "DOING", "total_amount": 40000}`, Reason: "signature"}, signed: new(`{"total_amount":40000,"state":"DOING"}`)},
		{responseVector: responseVector{Name: "another nonce", Status: 204, Reason: "signature"}, change: func(h map[string]string) { h[headerNonce] = "another0nonce" }},
		{responseVector: responseVector{Name: "probe, not base64", Status: 204, Reason: "signature"}, change: func(h map[string]string) {
			h[headerSignature] = "WECHATPAY/SIGNTEST/" + h[headerSignature][:336]
		}},
		{responseVector: responseVector{Name: "probe, base64 but no signature", Status: 200, Body: order, Reason: "signature"}, change: func(h map[string]string) {
			h[headerSignature] = "WECHATPAY/SIGNTEST/" + h[headerSignature][:337]
		}},
		{responseVector: responseVector{Name: "signed with the other key", Status: 204, Reason: "signature"}, key: cert},
		{responseVector: responseVector{Name: "unknown public key", Status: 204, Serial: unknownKeyID, Reason: "unknown_key"}},
		{responseVector: responseVector{Name: "unknown certificate", Status: 204, Serial: merchantSerial, Reason: "unknown_key"}},
		{responseVector: responseVector{Name: "SM2 signature type", Status: 204, Reason: "signature_type"}, change: func(h map[string]string) { h[headerSignatureType] = "WECHATPAY2-SM2-WITH-SM3" }},
		{responseVector: responseVector{Name: "no signature", Status: 204, Reason: "header"}, change: func(h map[string]string) { delete(h, headerSignature) }},
		{responseVector: responseVector{Name: "no timestamp", Status: 204, Reason: "header"}, change: func(h map[string]string) { delete(h, headerTimestamp) }},
		{responseVector: responseVector{Name: "timestamp is not a number", Status: 204, Reason: "header"}, change: func(h map[string]string) { h[headerTimestamp] = "17500000x0" }},
		{responseVector: responseVector{Name: "an empty nonce", Status: 204, Reason: "header"}, change: func(h map[string]string) { h[headerNonce] = "" }},
		{responseVector: responseVector{Name: "header names in lower case", Status: 200, Body: order}, lower: true},
		{responseVector: responseVector{Name: "204 with a body", Status: 204, Body: order, Reason: "signature"}, signed: new("")},
		{responseVector: responseVector{Name: "tampered error", Status: 400, Body: chinese, Reason: "signature"}, signed: new(strings.Replace(chinese, "INVALID", "PARAM", 1))},
		{responseVector: responseVector{Name: "failure of the server with another's signature", Status: 500, Body: chinese, Reason: "signature"}, key: cert},
		{responseVector: responseVector{Name: "a short nonce", Status: 204}, nonce: new("c5ac7061fcca")},
		{responseVector: responseVector{Name: "a long nonce with punctuation", Status: 204}, nonce: new("c5ac7061-fccab6bf_3e254dcf.98995b8~c5ac7061/fccab6bf+3e254dcf=98995b8")},
		{responseVector: responseVector{Name: "an empty nonce that is signed", Status: 204, Reason: "header"}, nonce: new("")},
		{responseVector: responseVector{Name: "serial number of the certificate in lower case", Status: 204, Serial: strings.ToLower(platformSerial)}, key: cert},
		{responseVector: responseVector{Name: "id of the public key in lower case", Status: 204, Serial: strings.ToLower(publicKeyID), Reason: "unknown_key"}},
		{responseVector: responseVector{Name: "id of the public key with more behind it", Status: 204, Serial: publicKeyID + "0", Reason: "unknown_key"}},
		{responseVector: responseVector{Name: "signature with a character that is not base64", Status: 204, Reason: "signature"}, change: func(h map[string]string) {
			h[headerSignature] = h[headerSignature][:100] + "!" + h[headerSignature][100:]
		}},
		{responseVector: responseVector{Name: "two signatures in one header", Status: 204, Reason: "signature"}, change: func(h map[string]string) { h[headerSignature] += "," + h[headerSignature] }},
		{responseVector: responseVector{Name: "timestamp with a sign", Status: 204, Reason: "header"}, timestamp: func(at string) string { return "+" + at }},
		{responseVector: responseVector{Name: "timestamp with underscores", Status: 204, Reason: "header"}, timestamp: func(at string) string { return at[:1] + "_" + at[1:] }},
		{responseVector: responseVector{Name: "timestamp with a fraction", Status: 204, Reason: "header"}, timestamp: func(at string) string { return at + ".0" }},
		{responseVector: responseVector{Name: "timestamp with an exponent", Status: 204, Reason: "header"}, timestamp: func(at string) string { return at + "e0" }},
		{responseVector: responseVector{Name: "timestamp in hex", Status: 204, Reason: "header"}, timestamp: func(at string) string {
			n, _ := strconv.ParseInt(at, 10, 64)
			return "0x" + strconv.FormatInt(n, 16)
		}},
	} {
		r := a.responseVector
		at := firstTime + i
		r.Now += int64(at)
		if r.Serial == "" {
			r.Serial = publicKeyID
		}
		key := a.key
		if key == "" {
			key = "wechatpay_private_key.pem"
		}
		signed := r.Body
		if a.signed != nil {
			signed = *a.signed
		}
		timestamp, nonce := strconv.Itoa(at), "c5ac7061fccab6bf3e254dcf98995b8"+strconv.FormatInt(int64(i%16), 16)
		if a.nonce != nil {
			nonce = *a.nonce
		}
		if a.timestamp != nil {
			timestamp = a.timestamp(timestamp)
		}
		r.Headers = map[string]string{
			headerTimestamp:     timestamp,
			headerNonce:         nonce,
			headerSerial:        r.Serial,
			headerSignatureType: v.Scheme,
			headerSignature:     sign(key, timestamp+"\n"+nonce+"\n"+signed+"\n"),
		}
		if a.change != nil {
			a.change(r.Headers)
		}
		r.Signature = r.Headers[headerSignature]
		if r.Reason != "header" {
			r.Message = r.Headers[headerTimestamp] + "\n" + r.Headers[headerNonce] + "\n" + r.Body + "\n"
		}
		r.Valid = r.Reason == ""
		if a.lower {
			for name, value := range maps.Clone(r.Headers) {
				delete(r.Headers, name)
				r.Headers[strings.ToLower(name)] = value
			}
		}
		v.Responses = append(v.Responses, r)
	}
	return v
}
