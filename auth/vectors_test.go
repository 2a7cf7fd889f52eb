package auth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

var update = flag.Bool("update", false, "write api/vectors/signature.json anew, signed by the openssl command")

func vectorPath(name string) string { return "../api/vectors/" + name }

type vectors struct {
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

func loadVectors(t testing.TB) vectors {
	t.Helper()
	data, err := os.ReadFile(vectorPath("signature.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func vectorVerifier(t testing.TB, v vectors) *auth.Verifier {
	t.Helper()
	var keys []auth.Key
	for _, k := range v.Keys {
		var key auth.Key
		var err error
		if k.PublicKey != "" {
			key, err = auth.LoadPublicKey(k.ID, vectorPath(k.PublicKey))
		} else {
			key, err = auth.LoadPlatformCertificate(vectorPath(k.Certificate))
		}
		if err != nil {
			t.Fatal(err)
		}
		if key.ID != k.ID {
			t.Fatalf("key id %s, want %s", key.ID, k.ID)
		}
		keys = append(keys, key)
	}
	verifier, err := auth.NewVerifier(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}

func TestVectorRequests(t *testing.T) {
	v := loadVectors(t)
	if len(v.Requests) == 0 {
		t.Fatal("no request vectors")
	}
	for _, r := range v.Requests {
		t.Run(r.Name, func(t *testing.T) {
			if got := string(auth.RequestMessage(r.Method, r.RequestTarget, r.Timestamp, r.Nonce, []byte(r.Body))); got != r.Message {
				t.Errorf("message\n got %q\nwant %q", got, r.Message)
			}
			seconds, err := strconv.ParseInt(r.Timestamp, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			signer, err := auth.LoadSignerWithCertificate(r.MchID, vectorPath(v.Merchant.PrivateKey), vectorPath(v.Merchant.Certificate),
				auth.WithClock(func() time.Time { return time.Unix(seconds, 0) }),
				auth.WithNonce(func() (string, error) { return r.Nonce, nil }))
			if err != nil {
				t.Fatal(err)
			}
			got, err := signer.Authorization(r.Method, r.RequestTarget, time.Unix(seconds, 0), r.Nonce, []byte(r.Body))
			if err != nil {
				t.Fatal(err)
			}
			if got != r.Authorization {
				t.Errorf("Authorization\n got %s\nwant %s", got, r.Authorization)
			}

			var body io.Reader
			if r.Body != "" {
				body = strings.NewReader(r.Body)
			}
			req, err := http.NewRequest(r.Method, r.URL, body)
			if err != nil {
				t.Fatal(err)
			}
			if err := signer.Sign(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if got := req.Header.Get("Authorization"); got != r.Authorization {
				t.Errorf("Sign\n got %s\nwant %s", got, r.Authorization)
			}

			parsed, err := auth.ParseAuthorization(r.Authorization)
			want := auth.Authorization{MchID: r.MchID, SerialNo: r.SerialNo, Nonce: r.Nonce, Timestamp: r.Timestamp, Signature: r.Signature}
			if err != nil || parsed != want {
				t.Errorf("parsed %+v, %v", parsed, err)
			}
		})
	}
}

func TestVectorResponses(t *testing.T) {
	v := loadVectors(t)
	if len(v.Responses) == 0 {
		t.Fatal("no response vectors")
	}
	verifier := vectorVerifier(t, v)
	seen := map[string]bool{}
	for _, r := range v.Responses {
		seen[r.Reason] = true
		t.Run(r.Name, func(t *testing.T) {
			h := http.Header{}
			for name, value := range r.Headers {
				h.Set(name, value)
			}
			if r.Message != "" {
				if got := string(auth.ResponseMessage(h.Get(auth.HeaderTimestamp), h.Get(auth.HeaderNonce), []byte(r.Body))); got != r.Message {
					t.Errorf("message\n got %q\nwant %q", got, r.Message)
				}
			}
			err := verifier.WithClock(func() time.Time { return time.Unix(r.Now, 0) }).Verify(h, []byte(r.Body))
			if got := reasonOf(err); got != r.Reason {
				t.Errorf("reason %q, want %q: %v", got, r.Reason, err)
			}
			if r.Valid != (err == nil) || r.Valid != (r.Reason == "") {
				t.Errorf("valid %v, reason %q: %v", r.Valid, r.Reason, err)
			}
			if se, ok := errors.AsType[*auth.SignatureError](err); ok && se.Probe != strings.HasPrefix(r.Signature, "WECHATPAY/SIGNTEST/") {
				t.Errorf("Probe is %v", se.Probe)
			}
		})
	}
	for _, reason := range []string{"", "header", "stale", "signature_type", "unknown_key", "signature"} {
		if !seen[reason] {
			t.Errorf("no vector for reason %q", reason)
		}
	}
}

func reasonOf(err error) string {
	var (
		header *auth.HeaderError
		stale  *auth.StaleError
		typ    *auth.SignatureTypeError
		key    *auth.UnknownKeyError
		sig    *auth.SignatureError
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &header):
		return "header"
	case errors.As(err, &stale):
		return "stale"
	case errors.As(err, &typ):
		return "signature_type"
	case errors.As(err, &key):
		return "unknown_key"
	case errors.As(err, &sig):
		return "signature"
	}
	return "other"
}

// TestVectorsOpenSSL checks the file without this package.
func TestVectorsOpenSSL(t *testing.T) {
	v := loadVectors(t)
	public := publicKeyOf(t, vectorPath(v.Merchant.Certificate))
	for _, r := range v.Requests {
		if !opensslVerify(t, public, []byte(r.Message), r.Signature) {
			t.Errorf("%s: openssl refuses the signature", r.Name)
		}
		if got := opensslSign(t, vectorPath(v.Merchant.PrivateKey), []byte(r.Message)); got != r.Signature {
			t.Errorf("%s: openssl makes another signature", r.Name)
		}
	}
	keys := map[string]string{}
	for _, k := range v.Keys {
		if k.PublicKey != "" {
			keys[k.ID] = vectorPath(k.PublicKey)
		} else {
			keys[k.ID] = publicKeyOf(t, vectorPath(k.Certificate))
		}
	}
	for _, r := range v.Responses {
		if !r.Valid && r.Reason != "signature" {
			continue
		}
		if got := opensslVerify(t, keys[r.Serial], []byte(r.Message), r.Signature); got != r.Valid {
			t.Errorf("%s: openssl says %v, the file %v", r.Name, got, r.Valid)
		}
	}
}

const (
	publicKeyID    = "PUB_KEY_ID_0119000000012025061500000000000001"
	platformSerial = "07E3B1A2C4D5F60718293A4B5C6D7E8F90A1B2C3"
	merchantSerial = "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A"
)

// TestUpdateVectors writes signature.json when asked to. It builds messages and
// headers itself and has them signed by openssl, so that the file says nothing
// about this package.
func TestUpdateVectors(t *testing.T) {
	if !*update {
		t.Skip("run with -update to write the vectors anew")
	}
	const (
		host   = "https://api.mch.weixin.qq.com"
		orders = "/v3/payscore/partner/serviceorder"
		ts     = 1750000000
	)
	v := vectors{
		Comment:  "Made with test keys. README.md beside this file says how to check it.",
		Scheme:   "WECHATPAY2-SHA256-RSA2048",
		Merchant: vectorMerchant{"1900000001", merchantSerial, "merchant_key.pem", "merchant_cert.pem"},
		Keys: []vectorKey{
			{ID: publicKeyID, PublicKey: "wechatpay_public_key.pem", PrivateKey: "wechatpay_private_key.pem"},
			{ID: platformSerial, Certificate: "platform_cert.pem", PrivateKey: "platform_private_key.pem"},
		},
	}

	modify := `{"sub_mchid":"1900000109","post_payments":[{"name":"deposit","amount":40000,"count":4}],"total_amount":40000,"reason":"refund"}`
	for i, r := range []requestVector{
		{Name: "POST with a JSON body", Method: "POST", RequestTarget: orders + "/1234323JKHDFE1243252/modify", Body: modify},
		{Name: "order number A|B*C_-1 is escaped once", Method: "POST", RequestTarget: orders + "/A%7CB%2AC_-1/modify", Body: modify},
		{Name: "Chinese text as raw UTF-8", Method: "POST", RequestTarget: orders + "/1234323JKHDFE1243252/modify",
			Body: `{"sub_mchid":"1900000109","post_payments":[{"name":"就餐费用","amount":40000,"description":"就餐人均100元","count":4}],"total_amount":40000,"reason":"用户投诉"}`},
		{Name: "body that ends with a line feed", Method: "POST", RequestTarget: orders + "/1234323JKHDFE1243252/modify", Body: modify + "\n"},
		{Name: "body with line feeds and spaces inside", Method: "POST", RequestTarget: orders, Body: "{\n  \"sub_mchid\": \"1900000109\",\n  \"a\": \"<&>\"\n}"},
		{Name: "POST without a body", Method: "POST", RequestTarget: orders + "/1234323JKHDFE1243252/send-pendingmessage"},
		{Name: "GET with a query", Method: "GET", RequestTarget: orders + "?out_order_no=1234323JKHDFE1243252&service_id=500001&sub_mchid=1900000109"},
		{Name: "GET with an escaped query", Method: "GET", RequestTarget: orders + "?out_order_no=A%7CB%2AC_-1&service_id=500001&sub_mchid=1900000109"},
		{Name: "GET without a query", Method: "GET", RequestTarget: "/v3/payscore/partner/permissions/authorization-code/1234323JKHDFE1243252"},
		{Name: "non-ASCII path segment", Method: "GET", RequestTarget: "/v3/payscore/partner/permissions/authorization-code/%E8%AE%A2%20%E5%8D%95"},
	} {
		r.URL = host + r.RequestTarget
		r.Timestamp = strconv.Itoa(ts + i)
		r.Nonce = "593BEC0C930BF1AFEB40B4A08C8FB24" + strconv.Itoa(i)
		r.MchID, r.SerialNo = v.Merchant.MchID, v.Merchant.SerialNo
		r.Message = strings.Join([]string{r.Method, r.RequestTarget, r.Timestamp, r.Nonce, r.Body, ""}, "\n")
		r.Signature = opensslSign(t, vectorPath(v.Merchant.PrivateKey), []byte(r.Message))
		r.Authorization = v.Scheme + ` mchid="` + r.MchID + `",nonce_str="` + r.Nonce + `",timestamp="` + r.Timestamp +
			`",serial_no="` + r.SerialNo + `",signature="` + r.Signature + `"`
		v.Requests = append(v.Requests, r)
	}
	same := v.Requests[0]
	same.Name, same.URL = "the host is not signed", "https://api2.mch.weixin.qq.com"+same.RequestTarget
	v.Requests = append(v.Requests, same)

	order := `{"appid":"wxd678efh567hg6787","mchid":"1900000001","out_order_no":"1234323JKHDFE1243252","state":"DOING","state_description":"MCH_COMPLETE","total_amount":40000}`
	chinese := `{"code":"INVALID_REQUEST","message":"当前订单状态不合法"}`
	type answer struct {
		responseVector
		key    string // who signs; default: the owner of serial
		signed *string
		change func(h map[string]string)
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
		{responseVector: responseVector{Name: "no Wechatpay-Signature-Type", Status: 204}, change: func(h map[string]string) { delete(h, auth.HeaderSignatureType) }},
		{responseVector: responseVector{Name: "300 seconds old", Status: 204, Now: 300}},
		{responseVector: responseVector{Name: "300 seconds ahead", Status: 204, Now: -300}},
		{responseVector: responseVector{Name: "301 seconds old", Status: 204, Now: 301, Reason: "stale"}},
		{responseVector: responseVector{Name: "301 seconds ahead", Status: 204, Now: -301, Reason: "stale"}},
		{responseVector: responseVector{Name: "replayed after a day", Status: 200, Body: order, Now: 86400, Reason: "stale"}},
		{responseVector: responseVector{Name: "tampered body", Status: 200, Body: tampered, Reason: "signature"}, signed: &signedBody},
		{responseVector: responseVector{Name: "body added to a 204", Status: 200, Body: order, Reason: "signature"}, signed: new("")},
		{responseVector: responseVector{Name: "body decoded and encoded again", Status: 200, Body: `{"state": "DOING", "total_amount": 40000}`, Reason: "signature"}, signed: new(`{"total_amount":40000,"state":"DOING"}`)},
		{responseVector: responseVector{Name: "another nonce", Status: 204, Reason: "signature"}, change: func(h map[string]string) { h[auth.HeaderNonce] = "another0nonce" }},
		{responseVector: responseVector{Name: "probe, not base64", Status: 204, Reason: "signature"}, change: func(h map[string]string) {
			h[auth.HeaderSignature] = "WECHATPAY/SIGNTEST/" + h[auth.HeaderSignature][:336]
		}},
		{responseVector: responseVector{Name: "probe, base64 but no signature", Status: 200, Body: order, Reason: "signature"}, change: func(h map[string]string) {
			h[auth.HeaderSignature] = "WECHATPAY/SIGNTEST/" + h[auth.HeaderSignature][:337]
		}},
		{responseVector: responseVector{Name: "signed with the other key", Status: 204, Reason: "signature"}, key: cert},
		{responseVector: responseVector{Name: "unknown public key", Status: 204, Serial: "PUB_KEY_ID_0119000000012025061500000000000002", Reason: "unknown_key"}},
		{responseVector: responseVector{Name: "unknown certificate", Status: 204, Serial: merchantSerial, Reason: "unknown_key"}},
		{responseVector: responseVector{Name: "SM2 signature type", Status: 204, Reason: "signature_type"}, change: func(h map[string]string) { h[auth.HeaderSignatureType] = "WECHATPAY2-SM2-WITH-SM3" }},
		{responseVector: responseVector{Name: "no signature", Status: 204, Reason: "header"}, change: func(h map[string]string) { delete(h, auth.HeaderSignature) }},
		{responseVector: responseVector{Name: "no timestamp", Status: 204, Reason: "header"}, change: func(h map[string]string) { delete(h, auth.HeaderTimestamp) }},
		{responseVector: responseVector{Name: "timestamp is not a number", Status: 204, Reason: "header"}, change: func(h map[string]string) { h[auth.HeaderTimestamp] = "17500000x0" }},
	} {
		r := a.responseVector
		at := ts + i
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
		r.Headers = map[string]string{
			auth.HeaderTimestamp:     timestamp,
			auth.HeaderNonce:         nonce,
			auth.HeaderSerial:        r.Serial,
			auth.HeaderSignatureType: v.Scheme,
			auth.HeaderSignature:     opensslSign(t, vectorPath(key), []byte(timestamp+"\n"+nonce+"\n"+signed+"\n")),
		}
		if a.change != nil {
			a.change(r.Headers)
		}
		r.Signature = r.Headers[auth.HeaderSignature]
		if r.Reason != "header" {
			r.Message = r.Headers[auth.HeaderTimestamp] + "\n" + r.Headers[auth.HeaderNonce] + "\n" + r.Body + "\n"
		}
		r.Valid = r.Reason == ""
		v.Responses = append(v.Responses, r)
	}

	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorPath("signature.json"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
