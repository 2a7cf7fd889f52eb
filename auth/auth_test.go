package auth_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

const (
	testNonce       = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
	testPublicKeyID = publicKeyID
)

var testTime = time.Unix(1750000000, 0)

func testSigner(t testing.TB, opts ...auth.SignerOption) *auth.Signer {
	t.Helper()
	s, err := auth.LoadSigner("1900000001", merchantSerial, vectorPath("merchant_key.pem"), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// testVerifier knows the public key and the platform certificate, and its clock
// stands at testTime.
func testVerifier(t testing.TB) *auth.Verifier {
	t.Helper()
	return vectorVerifier(t, vectors{Keys: []vectorKey{
		{ID: platformSerial, Certificate: "platform_cert.pem"},
		{ID: publicKeyID, PublicKey: "wechatpay_public_key.pem"},
	}}).WithClock(func() time.Time { return testTime })
}

func responseHeader(timestamp, nonce, signature, serial string) http.Header {
	h := http.Header{}
	h.Set(auth.HeaderTimestamp, timestamp)
	h.Set(auth.HeaderNonce, nonce)
	h.Set(auth.HeaderSignature, signature)
	h.Set(auth.HeaderSerial, serial)
	h.Set(auth.HeaderSignatureType, auth.Scheme)
	return h
}

// errAny stands for any error in a table.
var errAny = errors.New("any error")

func filepathIn(t testing.TB, name string) string { return filepath.Join(t.TempDir(), name) }
