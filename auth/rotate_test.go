package auth_test

import (
	"crypto/rsa"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/wxpayscore/payscore/auth"
)

const renewedSerial = "0D00000000000000000000000000000000000004"

func renewed(t testing.TB, mchid string) *auth.Signer {
	t.Helper()
	s, err := auth.NewSigner(mchid, renewedSerial, privateKey(t, "platform_private_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRotate(t *testing.T) {
	s := testSigner(t, auth.WithUserAgent("mine"), auth.WithWechatpaySerial(publicKeyID))
	same := *s
	old := testSigner(t)
	if err := s.Rotate(renewed(t, "1900000001")); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*auth.Signer{s, &same} {
		req, _ := http.NewRequest("GET", "https://h/v3/x", nil)
		if err := s.Sign(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		value := req.Header.Get("Authorization")
		if !strings.Contains(value, `serial_no="`+renewedSerial+`"`) || req.Header.Get("User-Agent") != "mine" || req.Header.Get("Wechatpay-Serial") != publicKeyID {
			t.Error(req.Header)
		}
		checkSigned(t, &privateKey(t, "platform_private_key.pem").PublicKey, value, "GET", "/v3/x", "")
	}
	if s.SerialNo() != renewedSerial || old.SerialNo() != merchantSerial ||
		fmt.Sprintf("%+v", s) != `auth.Signer{mchid:"1900000001", serial_no:"`+renewedSerial+`", key:redacted}` {
		t.Errorf("%+v, %+v", s, old)
	}

	for name, next := range map[string]*auth.Signer{"another merchant": renewed(t, "1900000002"), "nil": nil, "zero": {}} {
		if err := old.Rotate(next); err == nil || old.SerialNo() != merchantSerial {
			t.Errorf("%s: %v", name, err)
		}
	}
	if new(auth.Signer).Rotate(old) == nil || (*auth.Signer)(nil).Rotate(old) == nil {
		t.Error("a Signer that was not made by NewSigner rotates")
	}
}

// Whatever serial a signature names, it is made with the key that belongs to it.
func TestRotateWhileSigning(t *testing.T) {
	s, one, two := testSigner(t), testSigner(t), renewed(t, "1900000001")
	keys := map[string]*rsa.PublicKey{
		merchantSerial: &privateKey(t, "merchant_key.pem").PublicKey,
		renewedSerial:  &privateKey(t, "platform_private_key.pem").PublicKey,
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[string]int{}
	times := 60
	if testing.Short() {
		times = 10
	}
	for i := range 8 {
		wg.Go(func() {
			for j := range times {
				if err := s.Rotate([]*auth.Signer{one, two}[(i+j)%2]); err != nil {
					t.Error(err)
				}
				_ = fmt.Sprint(s)
				req, _ := http.NewRequest("GET", "https://h/v3/x", nil)
				if err := s.Sign(t.Context(), req); err != nil {
					t.Error(err)
					return
				}
				value := req.Header.Get("Authorization")
				a, err := auth.ParseAuthorization(value)
				if err != nil || keys[a.SerialNo] == nil {
					t.Error(a.SerialNo, err)
					return
				}
				checkSigned(t, keys[a.SerialNo], value, "GET", "/v3/x", "")
				mu.Lock()
				seen[a.SerialNo]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 2 {
		t.Errorf("the test saw %v only", seen)
	}
}
