package auth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

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
		if got := opensslVerify(t, keys[strings.ToUpper(r.Serial)], []byte(r.Message), r.Signature); got != r.Valid {
			t.Errorf("%s: openssl says %v, the file %v", r.Name, got, r.Valid)
		}
	}
}

const (
	publicKeyID    = "PUB_KEY_ID_0119000000012025061500000000000001"
	platformSerial = "07E3B1A2C4D5F60718293A4B5C6D7E8F90A1B2C3"
	merchantSerial = "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A"
)
