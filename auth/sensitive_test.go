package auth_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/auth"
)

type sensitiveVectors struct {
	Comment  string         `json:"comment"`
	Padding  string         `json:"padding"`
	Merchant vectorMerchant `json:"merchant"`
	Keys     []vectorKey    `json:"wechatpay_keys"`
	MaxBytes int            `json:"max_bytes"`
	Fields   []struct {
		Name       string `json:"name"`
		Serial     string `json:"serial"`
		Ciphertext string `json:"ciphertext"`
		Plaintext  string `json:"plaintext"`
		Valid      bool   `json:"valid"`
		Reason     string `json:"reason"`
	} `json:"fields"`
}

// sensitiveFields gives the vectors, and the private key for each serial number; ""
// is the merchant's.
func sensitiveFields(t testing.TB) (sensitiveVectors, map[string]*auth.Signer) {
	t.Helper()
	data, err := os.ReadFile(vectorPath("sensitive.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v sensitiveVectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	holders := map[string]*auth.Signer{}
	for serial, file := range map[string]string{"": v.Merchant.PrivateKey, v.Keys[0].ID: v.Keys[0].PrivateKey, v.Keys[1].ID: v.Keys[1].PrivateKey} {
		holders[serial], err = auth.LoadSigner("1900000001", merchantSerial, vectorPath(file))
		if err != nil {
			t.Fatal(err)
		}
	}
	return v, holders
}

// openssl made sure of the vectors.
func TestSensitiveVectors(t *testing.T) {
	v, holders := sensitiveFields(t)
	for _, f := range v.Fields {
		text, err := holders[f.Serial].DecryptSensitive(f.Ciphertext)
		wrong, _ := errors.AsType[*auth.SensitiveError](err)
		switch {
		case f.Valid && (err != nil || text != f.Plaintext):
			t.Errorf("%s: %d bytes, %v", f.Name, len(text), err)
		case !f.Valid && (text != "" || wrong == nil || wrong.Reason != f.Reason):
			t.Errorf("%s: %d bytes, %v, want %s", f.Name, len(text), err, f.Reason)
		case err != nil && strings.ContainsAny(err.Error(), "\n"):
			t.Errorf("%s: %q", f.Name, err)
		}
	}
}

func TestSensitiveAgainstOpenSSL(t *testing.T) {
	v, holders := sensitiveFields(t)
	oaep := []string{"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha1", "-pkeyopt", "rsa_mgf1_md:sha1"}
	verifier := vectorVerifier(t, vectors{Keys: v.Keys})
	for _, text := range []string{"", "a", "张三", "\x00\xff", strings.Repeat("x", v.MaxBytes)} {
		// Ours, by openssl.
		key, err := verifier.PreferredKey(t.Context())
		if err != nil || key.ID != publicKeyID {
			t.Fatal(key.ID, err)
		}
		sealed, err := key.Encrypt(text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := key.Encrypt(text)
		if err != nil || again == sealed {
			t.Errorf("%d bytes: the same ciphertext twice, %v", len(text), err)
		}
		raw, err := base64.StdEncoding.DecodeString(sealed)
		if err != nil {
			t.Fatal(err)
		}
		args := append([]string{"pkeyutl", "-decrypt", "-inkey", vectorPath("wechatpay_private_key.pem")}, oaep...)
		if got := openssl(t, raw, args...); string(got) != text {
			t.Errorf("%d bytes: openssl decrypts %d", len(text), len(got))
		}
		// openssl's, by ours.
		args = append([]string{"pkeyutl", "-encrypt", "-certin", "-inkey", vectorPath("merchant_cert.pem")}, oaep...)
		got, err := holders[""].DecryptSensitive(base64.StdEncoding.EncodeToString(openssl(t, []byte(text), args...)))
		if err != nil || got != text {
			t.Errorf("%d bytes of openssl: %d, %v", len(text), len(got), err)
		}
	}
	key, _ := verifier.PreferredKey(t.Context())
	_, err := key.Encrypt(strings.Repeat("x", v.MaxBytes+1))
	if wrong, _ := errors.AsType[*auth.SensitiveError](err); wrong == nil || wrong.Reason != auth.ReasonLength || wrong.Max != v.MaxBytes {
		t.Errorf("one byte too many: %v", err)
	}
}

// The request names the key that its field is encrypted with, whichever the signer
// would name by itself.
func TestKeyIsNamedInRequest(t *testing.T) {
	v := loadVectors(t)
	signer, err := auth.LoadSigner("1900000001", merchantSerial, vectorPath(v.Merchant.PrivateKey), auth.WithWechatpaySerial(publicKeyID))
	if err != nil {
		t.Fatal(err)
	}
	key, err := auth.LoadPlatformCertificate(vectorPath("platform_cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for name, editors := range map[string][]func(context.Context, *http.Request) error{
		"before": {key.NameInRequest, signer.Sign}, "after": {signer.Sign, key.NameInRequest},
	} {
		req, _ := http.NewRequest(http.MethodPost, "https://api.mch.weixin.qq.com/v3/security/echo", strings.NewReader("{}"))
		for _, edit := range editors {
			if err := edit(t.Context(), req); err != nil {
				t.Fatal(err)
			}
		}
		if got := req.Header.Values(auth.HeaderSerial); len(got) != 1 || got[0] != platformSerial {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, id := range []string{"", "x y", "PUB_KEY_ID_\n"} {
		if err := (auth.Key{ID: id}).NameInRequest(t.Context(), new(http.Request)); err == nil {
			t.Errorf("%q is named", id)
		}
	}
	if err := key.NameInRequest(t.Context(), nil); err == nil {
		t.Error("no request")
	}
}

// remoteDecrypter is a key in a KMS.
type remoteDecrypter struct {
	*rsa.PrivateKey
	err error
}

func (k remoteDecrypter) Decrypt(r io.Reader, sealed []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	if k.err != nil {
		return nil, k.err
	}
	return k.PrivateKey.Decrypt(r, sealed, opts)
}

// signOnly is a key that cannot decrypt, as of most KMS.
type signOnly struct{ crypto.Signer }

func TestSensitiveByOtherKeys(t *testing.T) {
	v, _ := sensitiveFields(t)
	data, err := os.ReadFile(vectorPath(v.Merchant.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	key, err := auth.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	down := errors.New("the KMS is down")
	for name, c := range map[string]struct {
		key crypto.Signer
		err error
	}{
		"KMS":        {remoteDecrypter{key, nil}, nil},
		"KMS, down":  {remoteDecrypter{key, down}, down},
		"signs only": {signOnly{key}, nil},
	} {
		signer, err := auth.NewSigner("1900000001", merchantSerial, c.key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := signer.DecryptSensitive(v.Fields[0].Ciphertext)
		wrong, _ := errors.AsType[*auth.SensitiveError](err)
		if works := name == "KMS"; works != (err == nil) || works != (text == v.Fields[0].Plaintext) {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		} else if !works && (wrong == nil || wrong.Reason != auth.ReasonKey || c.err != nil && !errors.Is(err, c.err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (&auth.Signer{}).DecryptSensitive(v.Fields[0].Ciphertext); err == nil {
		t.Error("a signer without a key decrypts")
	}
	for _, k := range []auth.Key{{}, {PublicKey: &rsa.PublicKey{}}} {
		if _, err := k.Encrypt("x"); err == nil {
			t.Error("a key that is none encrypts")
		}
	}
	unknown, _ := errors.AsType[*auth.UnknownKeyError](func() error { _, err := new(auth.Verifier).PreferredKey(t.Context()); return err }())
	if unknown == nil {
		t.Error("a verifier without keys prefers one")
	}
}

// After Rotate the new key decrypts, as WeChat Pay encrypts with the new certificate.
func TestSensitiveAfterRotate(t *testing.T) {
	v, holders := sensitiveFields(t)
	signer, next := holders[v.Keys[0].ID], holders[""]
	if err := signer.Rotate(next); err != nil {
		t.Fatal(err)
	}
	if text, err := signer.DecryptSensitive(v.Fields[0].Ciphertext); err != nil || text != v.Fields[0].Plaintext {
		t.Error(err)
	}
}

func FuzzDecryptSensitive(f *testing.F) {
	v, holders := sensitiveFields(f)
	for _, field := range v.Fields {
		f.Add(field.Ciphertext)
	}
	f.Fuzz(func(t *testing.T, ciphertext string) {
		text, err := holders[""].DecryptSensitive(ciphertext)
		if _, is := errors.AsType[*auth.SensitiveError](err); (err == nil) == is || err != nil && text != "" {
			t.Errorf("%q: %v", text, err)
		}
	})
}
