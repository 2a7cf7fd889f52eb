package bench_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/credentials"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/signers"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/bench"
	"github.com/wxpayscore/payscore/bench/floor"
)

// signings encode a body and make its Authorization.
func signings(tb testing.TB) map[string]func() error {
	tb.Helper()
	least := floor.New(keys, "")
	signer, err := auth.NewSigner(floor.MchID, floor.SerialNo, keys.Merchant)
	if err != nil {
		tb.Fatal(err)
	}
	theirs := credentials.WechatPayCredentials{Signer: &signers.SHA256WithRSASigner{
		MchID: floor.MchID, PrivateKey: keys.Merchant, CertificateSerialNo: floor.SerialNo,
	}}
	gopay, err := bench.NewGopayClient(keys, "")
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]func() error{
		"floor": func() error {
			_, _, err := least.Sign(http.MethodPost, floor.ModifyPath, &floor.Body)
			return err
		},
		"payscore": func() error {
			body, err := json.Marshal(&bench.Body)
			if err != nil {
				return err
			}
			_, err = signer.Authorization(http.MethodPost, floor.ModifyPath, time.Now(), rand.Text(), body)
			return err
		},
		"wechatpay-go": func() error {
			body, err := json.Marshal(&bench.WechatpayGoBody)
			if err != nil {
				return err
			}
			_, err = theirs.GenerateAuthorizationHeader(context.Background(), http.MethodPost, floor.ModifyPath, string(body))
			return err
		},
		"gopay": func() error {
			_, err := bench.GopaySign(gopay, http.MethodPost, floor.CompletePath, bench.GopayBody())
			return err
		},
	}
}

// BenchmarkSign encodes the body and makes the Authorization, and sends
// nothing.
func BenchmarkSign(b *testing.B) {
	all := signings(b)
	for _, name := range []string{"floor", "payscore", "wechatpay-go", "gopay"} {
		b.Run(name, func(b *testing.B) { measure(b, all[name]) })
	}
}

// measure runs do over and over.
func measure(b *testing.B, do func() error) {
	if err := do(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := do(); err != nil {
			b.Fatal(err)
		}
	}
}
