//go:build openssl

package bench_test

import (
	"testing"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/bench/floor"
	"github.com/wxpayscore/payscore/bench/openssl"
	"time"
)

// The signature is deterministic, so that both must make the same one.
func TestOpenSSLSigns(t *testing.T) {
	theirs, ours := opensslSigner(t), goSigner(t)
	for _, body := range []string{"", `{"total_amount":39900}`} {
		a, err := theirs.Authorization("POST", floor.ModifyPath, time.Unix(1750000000, 0), "nonce", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		b, err := ours.Authorization("POST", floor.ModifyPath, time.Unix(1750000000, 0), "nonce", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if a != b {
			t.Errorf("body %q: the signatures differ", body)
		}
	}
}

// BenchmarkRSA makes an Authorization with either implementation.
func BenchmarkRSA(b *testing.B) {
	for name, signer := range map[string]*auth.Signer{"crypto-rsa": goSigner(b), "openssl": opensslSigner(b)} {
		b.Run(name, func(b *testing.B) {
			measure(b, func() error {
				_, err := signer.Authorization("POST", floor.ModifyPath, time.Unix(1750000000, 0), "nonce", nil)
				return err
			})
		})
	}
}

func goSigner(tb testing.TB) *auth.Signer {
	tb.Helper()
	s, err := auth.NewSigner(floor.MchID, floor.SerialNo, keys.Merchant)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func opensslSigner(tb testing.TB) *auth.Signer {
	tb.Helper()
	key, err := openssl.New([]byte(keys.MerchantPEM), &keys.Merchant.PublicKey)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := auth.NewSigner(floor.MchID, floor.SerialNo, key)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
