package redisdedup_test

import (
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/notify/redisdedup"
)

// What WeChat Pay does, written by hand.

const (
	apiV3Key    = "TestOnly-0123456789abcdefghijkl!"
	publicKeyID = "PUB_KEY_ID_0119000000012025061500000000000001"
	vectors     = "../../api/vectors/"
)

var wechatKey = sync.OnceValue(func() *rsa.PrivateKey {
	data, err := os.ReadFile(vectors + "wechatpay_private_key.pem")
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

// message is one delivery of a notification.
type message struct {
	header http.Header
	body   []byte
}

// paid is a USER_PAID of an order. WeChat Pay may tell the same under two ids.
func paid(id, number string) message {
	const nonce = "0123456789ab"
	plaintext := fmt.Sprintf(`{"mchid":"1900000001","sub_mchid":"1900000109","out_order_no":%q,"service_introduction":"MARKER","state":"DONE","collection":{"state":"USER_PAID","paid_amount":39900}}`, number)
	block, err := aes.NewCipher([]byte(apiV3Key))
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	body := fmt.Appendf(nil, `{"id":%q,"create_time":"2026-01-02T03:04:05+08:00","resource_type":"encrypt-resource","event_type":"PAYSCORE.USER_PAID","summary":"x",`+
		`"resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":%q,"nonce":%q}}`,
		id, base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), []byte(plaintext), nil)), nonce)
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	digest := sha256.Sum256([]byte(timestamp + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, wechatKey(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return message{http.Header{
		"Wechatpay-Timestamp": {timestamp},
		"Wechatpay-Nonce":     {nonce},
		"Wechatpay-Serial":    {publicKeyID},
		"Wechatpay-Signature": {base64.StdEncoding.EncodeToString(signature)},
	}, body}
}

func receiver(t testing.TB, client redis.Scripter, handle notify.Func) *notify.Receiver {
	t.Helper()
	public, err := auth.LoadPublicKey(publicKeyID, vectors+"wechatpay_public_key.pem")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	key, err := auth.NewAPIv3Key(apiV3Key)
	if err != nil {
		t.Fatal(err)
	}
	dedup, err := redisdedup.New(client, "payscore")
	if err != nil {
		t.Fatal(err)
	}
	r, err := notify.New(verifier, key, handle, notify.WithDeduper(dedup), notify.WithErrorFunc(func(err error) {
		if errors.As(err, new(*notify.DeduperError)) {
			t.Log(err) // internal/leaks reads it, too
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ledger counts how often an order was handled.
type ledger struct {
	mu     sync.Mutex
	orders map[string]int
}

func (l *ledger) add(number string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.orders == nil {
		l.orders = map[string]int{}
	}
	l.orders[number]++
}

func (l *ledger) once(t testing.TB, orders int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.orders) != orders {
		t.Errorf("%d orders handled, want %d", len(l.orders), orders)
	}
	for number, n := range l.orders {
		if n != 1 {
			t.Errorf("order %s handled %d times", number, n)
		}
	}
}

var ctx = context.Background()
