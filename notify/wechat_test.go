package notify_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/notify"
)

// What WeChat Pay does, written by hand: nothing here goes through package auth.

const (
	apiV3Key    = "TestOnly-0123456789abcdefghijkl!"
	oldAPIv3Key = "OldKey!!-0123456789abcdefghijkl!"
	publicKeyID = "PUB_KEY_ID_0119000000012025061500000000000001"
	vectorDir   = "../api/vectors/"
)

var wechatKey = sync.OnceValue(func() *rsa.PrivateKey {
	data, err := os.ReadFile(vectorDir + "wechatpay_private_key.pem")
	if err != nil {
		panic(err)
	}
	block, _ := pem.Decode(data)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic(err)
	}
	return key.(*rsa.PrivateKey)
})

func seal(key, nonce, associated, plaintext string) string {
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), []byte(plaintext), []byte(associated)))
}

// sign returns the headers of a notification. It is what openssl checks in the
// vectors: TIMESTAMP LF NONCE LF BODY LF.
func sign(body []byte, at time.Time) http.Header {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	digest := sha256.Sum256([]byte(timestamp + "\n" + "noncenonce12" + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, wechatKey(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return http.Header{
		"Wechatpay-Timestamp": {timestamp},
		"Wechatpay-Nonce":     {"noncenonce12"},
		"Wechatpay-Serial":    {publicKeyID},
		"Wechatpay-Signature": {base64.StdEncoding.EncodeToString(signature)},
	}
}

// envelope returns the body of a notification.
func envelope(id, eventType, plaintext string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"create_time":"2026-01-02T03:04:05+08:00","resource_type":"encrypt-resource","event_type":%q,"summary":"测试",`+
		`"resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":%q,"nonce":"0123456789ab"}}`, id, eventType, seal(apiV3Key, "0123456789ab", "", plaintext))
}

func order(number, state string, paid int) string {
	return fmt.Sprintf(`{"mchid":"1900000001","sub_mchid":"1900000109","appid":"wxd678efh567hg6787","service_id":"2002","out_order_no":%q,`+
		`"state":"DOING","service_introduction":"x","total_amount":39900,"collection":{"state":%q,"paid_amount":%d}}`, number, state, paid)
}

func verifier(t testing.TB) *auth.Verifier {
	t.Helper()
	key, err := auth.LoadPublicKey(publicKeyID, vectorDir+"wechatpay_public_key.pem")
	if err != nil {
		t.Fatal(err)
	}
	platform, err := auth.LoadPlatformCertificate(vectorDir + "platform_cert.pem")
	if err != nil {
		t.Fatal(err)
	}
	v, err := auth.NewVerifier(key, platform)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func aesKey(t testing.TB, key string) auth.APIv3Key {
	t.Helper()
	k, err := auth.NewAPIv3Key(key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func receiver(t testing.TB, f notify.Func, opts ...notify.Option) *notify.Receiver {
	t.Helper()
	r, err := notify.New(verifier(t), aesKey(t, apiV3Key), f, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// told sends a body as WeChat Pay does, and checks that an answer is one that
// WeChat Pay understands and that says nothing.
func told(t testing.TB, r *notify.Receiver, body []byte) int {
	t.Helper()
	status, answer := r.Receive(t.Context(), sign(body, time.Now()), body)
	checkAnswer(t, status, answer)
	return status
}

func checkAnswer(t testing.TB, status int, answer []byte) {
	t.Helper()
	if status == http.StatusNoContent {
		if len(answer) > 0 {
			t.Errorf("204 with %q", answer)
		}
		return
	}
	var fail struct{ Code, Message string }
	d := json.NewDecoder(bytes.NewReader(answer))
	d.DisallowUnknownFields()
	if err := d.Decode(&fail); err != nil || fail.Code != "FAIL" || fail.Message == "" || status < 400 {
		t.Errorf("%d %q, %v", status, answer, err)
	}
	if bytes.Contains(answer, []byte("MARKER")) || len(answer) > 100 {
		t.Errorf("answer tells too much: %q", answer)
	}
}
