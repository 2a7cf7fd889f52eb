package auth_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

var privateKeys sync.Map // by file, since reading one costs as much as a signature

func privateKey(t testing.TB, file string) *rsa.PrivateKey {
	t.Helper()
	if key, known := privateKeys.Load(file); known {
		return key.(*rsa.PrivateKey)
	}
	data, err := os.ReadFile(vectorPath(file))
	if err != nil {
		t.Fatal(err)
	}
	key, err := auth.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	privateKeys.Store(file, key)
	return key
}

// answer signs a response the way WeChat Pay does.
func answer(t testing.TB, key *rsa.PrivateKey, serial string, at time.Time, body string) http.Header {
	t.Helper()
	ts := strconv.FormatInt(at.Unix(), 10)
	digest := sha256.Sum256([]byte(ts + "\n" + testNonce + "\n" + body + "\n"))
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return responseHeader(ts, testNonce, base64.StdEncoding.EncodeToString(sig), serial)
}

func TestVerifyErrors(t *testing.T) {
	const body = `{"state":"DOING"}`
	key := privateKey(t, "wechatpay_private_key.pem")
	v := testVerifier(t)
	set := func(name string, values ...string) func(http.Header) {
		return func(h http.Header) { h[name] = values }
	}
	missing, repeated, malformed := auth.ReasonMissing, auth.ReasonRepeated, auth.ReasonMalformed
	signature := answer(t, key, publicKeyID, testTime, body).Get(auth.HeaderSignature)
	var corrupt base64.CorruptInputError
	for name, c := range map[string]struct {
		change func(http.Header)
		want   error // compared with the fields that are set
	}{
		"good":                   {func(http.Header) {}, nil},
		"no signature type":      {func(h http.Header) { h.Del(auth.HeaderSignatureType) }, nil},
		"no timestamp":           {func(h http.Header) { h.Del(auth.HeaderTimestamp) }, &auth.HeaderError{Header: auth.HeaderTimestamp, Reason: missing}},
		"empty timestamp":        {set(auth.HeaderTimestamp, ""), &auth.HeaderError{Header: auth.HeaderTimestamp, Reason: missing}},
		"two timestamps":         {set(auth.HeaderTimestamp, "1750000000", "1750000000"), &auth.HeaderError{Header: auth.HeaderTimestamp, Reason: repeated}},
		"timestamp with sign":    {set(auth.HeaderTimestamp, "+1750000000"), &auth.HeaderError{Header: auth.HeaderTimestamp, Reason: malformed}},
		"timestamp with space":   {set(auth.HeaderTimestamp, " 1750000000"), &auth.HeaderError{Header: auth.HeaderTimestamp, Reason: malformed}},
		"timestamp in ms":        {set(auth.HeaderTimestamp, "1750000000000"), &auth.HeaderError{Header: auth.HeaderTimestamp, Reason: malformed}},
		"timestamp too big":      {set(auth.HeaderTimestamp, "99999999999999999999"), &auth.HeaderError{Header: auth.HeaderTimestamp, Reason: malformed}},
		"timestamp far":          {set(auth.HeaderTimestamp, "99999999999"), &auth.StaleError{}},
		"timestamp zero":         {set(auth.HeaderTimestamp, "0"), &auth.StaleError{}},
		"no nonce":               {func(h http.Header) { h.Del(auth.HeaderNonce) }, &auth.HeaderError{Header: auth.HeaderNonce, Reason: missing}},
		"two nonces":             {set(auth.HeaderNonce, testNonce, testNonce), &auth.HeaderError{Header: auth.HeaderNonce, Reason: repeated}},
		"LF in nonce":            {set(auth.HeaderNonce, testNonce+"\n"), &auth.HeaderError{Header: auth.HeaderNonce, Reason: malformed}},
		"another nonce":          {set(auth.HeaderNonce, "x"), &auth.SignatureError{Serial: publicKeyID, Err: rsa.ErrVerification}},
		"no signature":           {func(h http.Header) { h.Del(auth.HeaderSignature) }, &auth.HeaderError{Header: auth.HeaderSignature, Reason: missing}},
		"two signatures":         {set(auth.HeaderSignature, signature, signature), &auth.HeaderError{Header: auth.HeaderSignature, Reason: repeated}},
		"no serial":              {func(h http.Header) { h.Del(auth.HeaderSerial) }, &auth.HeaderError{Header: auth.HeaderSerial, Reason: missing}},
		"two serials":            {set(auth.HeaderSerial, publicKeyID, platformSerial), &auth.HeaderError{Header: auth.HeaderSerial, Reason: repeated}},
		"two signature types":    {set(auth.HeaderSignatureType, auth.Scheme, auth.Scheme), &auth.HeaderError{Header: auth.HeaderSignatureType, Reason: repeated}},
		"SM2":                    {set(auth.HeaderSignatureType, "WECHATPAY2-SM2-WITH-SM3"), &auth.SignatureTypeError{Type: "WECHATPAY2-SM2-WITH-SM3"}},
		"unknown public key":     {set(auth.HeaderSerial, "PUB_KEY_ID_1"), &auth.UnknownKeyError{Serial: "PUB_KEY_ID_1"}},
		"public key id, lower":   {set(auth.HeaderSerial, strings.ToLower(publicKeyID)), &auth.UnknownKeyError{Serial: strings.ToLower(publicKeyID)}},
		"public key id, zeros":   {set(auth.HeaderSerial, "0"+publicKeyID), &auth.UnknownKeyError{Serial: "0" + publicKeyID}},
		"unknown certificate":    {set(auth.HeaderSerial, merchantSerial), &auth.UnknownKeyError{Serial: merchantSerial}},
		"another key":            {set(auth.HeaderSerial, platformSerial), &auth.SignatureError{Serial: platformSerial, Err: rsa.ErrVerification}},
		"not base64":             {set(auth.HeaderSignature, "!!!"), &auth.SignatureError{Serial: publicKeyID, Err: base64.CorruptInputError(0)}},
		"base64 without padding": {set(auth.HeaderSignature, strings.TrimRight(signature, "=")), &auth.SignatureError{Serial: publicKeyID, Err: corrupt}},
		"URL base64":             {set(auth.HeaderSignature, "-_"+signature[2:]), &auth.SignatureError{Serial: publicKeyID, Err: corrupt}},
		"base64 with line feed":  {set(auth.HeaderSignature, signature[:10]+"\n"+signature[10:]), &auth.SignatureError{Serial: publicKeyID, Err: base64.CorruptInputError(10)}},
		"base64 not canonical":   {set(auth.HeaderSignature, loosen(signature)), &auth.SignatureError{Serial: publicKeyID, Err: corrupt}},
		"short signature":        {set(auth.HeaderSignature, "AAAA"), &auth.SignatureError{Serial: publicKeyID, Err: rsa.ErrVerification}},
		"long signature":         {set(auth.HeaderSignature, strings.Repeat("AAAA", 1000)), &auth.SignatureError{Serial: publicKeyID, Err: rsa.ErrVerification}},
		"probe, not base64":      {set(auth.HeaderSignature, "WECHATPAY/SIGNTEST/"+signature[:336]), &auth.SignatureError{Serial: publicKeyID, Probe: true, Err: corrupt}},
		"probe, base64":          {set(auth.HeaderSignature, "WECHATPAY/SIGNTEST/"+signature[:337]), &auth.SignatureError{Serial: publicKeyID, Probe: true, Err: rsa.ErrVerification}},

		// The first check that fails decides.
		"stale before type": {func(h http.Header) {
			h.Set(auth.HeaderTimestamp, "1")
			h.Set(auth.HeaderSignatureType, "x")
		}, &auth.StaleError{}},
		"header before stale": {func(h http.Header) { h.Set(auth.HeaderTimestamp, "1"); h.Del(auth.HeaderSerial) }, &auth.HeaderError{Header: auth.HeaderSerial, Reason: missing}},
		"type before key": {func(h http.Header) {
			h.Set(auth.HeaderSerial, "0")
			h.Set(auth.HeaderSignatureType, "x")
		}, &auth.SignatureTypeError{Type: "x"}},
		"key before base64": {func(h http.Header) {
			h.Set(auth.HeaderSerial, "0")
			h.Set(auth.HeaderSignature, "!")
		}, &auth.UnknownKeyError{Serial: "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := answer(t, key, publicKeyID, testTime, body)
			c.change(h)
			err := v.Verify(h, []byte(body))
			if c.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			if !errors.Is(err, auth.ErrUnverified) {
				t.Errorf("%v is not ErrUnverified", err)
			}
			if text := err.Error(); strings.ContainsAny(text, "\r\n") || len(text) > 300 || !strings.HasPrefix(text, "auth: unverified: ") ||
				strings.Contains(text, signature[:40]) || strings.Contains(text, "DOING") {
				t.Errorf("text %q", text)
			}
			if reflect.TypeOf(err) != reflect.TypeOf(c.want) {
				t.Fatalf("%T, want %T: %v", err, c.want, err)
			}
			switch want := c.want.(type) {
			case *auth.HeaderError:
				if got := err.(*auth.HeaderError); got.Header != want.Header || got.Reason != want.Reason {
					t.Errorf("got %+v", got)
				}
			case *auth.UnknownKeyError: // TestHints has the hints
				if got := err.(*auth.UnknownKeyError); got.Serial != want.Serial || got.Err != want.Err {
					t.Errorf("got %+v", got)
				}
			case *auth.SignatureTypeError:
				if !reflect.DeepEqual(err, c.want) {
					t.Errorf("got %+v", err)
				}
			case *auth.SignatureError:
				got := err.(*auth.SignatureError)
				if got.Serial != want.Serial || got.Probe != want.Probe {
					t.Errorf("got %+v", got)
				}
				if errors.Is(want, rsa.ErrVerification) != errors.Is(err, rsa.ErrVerification) || errors.As(want, &corrupt) != errors.As(err, &corrupt) {
					t.Errorf("the cause is %v", got.Err)
				}
			}
		})
	}
	if err := v.Verify(nil, nil); !errors.Is(err, auth.ErrUnverified) {
		t.Error(err)
	}
}

// loosen changes only bits that lax decoders ignore.
func loosen(signature string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	i := len(strings.TrimRight(signature, "=")) - 1
	return signature[:i] + string(alphabet[strings.IndexByte(alphabet, signature[i])|1]) + signature[i+1:]
}

func TestPeerDefectReplayedResponse(t *testing.T) {
	// A peer accepts a valid signature whatever its age.
	h := answer(t, privateKey(t, "wechatpay_private_key.pem"), publicKeyID, testTime.Add(-24*time.Hour), "")
	err := testVerifier(t).Verify(h, nil)
	stale, ok := errors.AsType[*auth.StaleError](err)
	if !ok || stale.Skew != 24*time.Hour || !stale.Now.Equal(testTime) {
		t.Errorf("%v", err)
	}
}

func TestPeerDefectMissingTimestamp(t *testing.T) {
	// A peer reads a missing timestamp as 0 and calls the response expired.
	h := answer(t, privateKey(t, "wechatpay_private_key.pem"), publicKeyID, testTime, "")
	h.Del(auth.HeaderTimestamp)
	err := testVerifier(t).Verify(h, nil)
	if he, ok := errors.AsType[*auth.HeaderError](err); !ok || he.Header != auth.HeaderTimestamp || he.Reason != auth.ReasonMissing {
		t.Errorf("%v", err)
	}
}

func TestPeerDefectForgedAndTampered204(t *testing.T) {
	// A peer takes a 204 without looking at its signature.
	v := testVerifier(t)
	if err := v.Verify(http.Header{}, nil); !errors.Is(err, auth.ErrUnverified) {
		t.Errorf("forged: %v", err)
	}
	h := answer(t, privateKey(t, "wechatpay_private_key.pem"), publicKeyID, testTime, "")
	for _, body := range [][]byte{nil, {}} {
		if err := v.Verify(h, body); err != nil {
			t.Errorf("genuine: %v", err)
		}
	}
	for _, body := range []string{"\n", " ", "{}"} {
		if err := v.Verify(h, []byte(body)); !errors.Is(err, rsa.ErrVerification) {
			t.Errorf("tampered with %q: %v", body, err)
		}
	}
}

func TestNonceCannotTakeALineOfTheBody(t *testing.T) {
	// Signed: nonce N, body "a\nb". Shown: nonce "N\na", body "b". The message is
	// the same, the body is not.
	h := answer(t, privateKey(t, "wechatpay_private_key.pem"), publicKeyID, testTime, "a\nb")
	h.Set(auth.HeaderNonce, testNonce+"\na")
	if err := testVerifier(t).Verify(h, []byte("b")); err == nil {
		t.Error("accepted a body that was not signed")
	}
}

func TestClockSkew(t *testing.T) {
	h := answer(t, privateKey(t, "wechatpay_private_key.pem"), publicKeyID, testTime, "")
	for skew, ok := range map[time.Duration]bool{
		0:                                      true,
		299 * time.Second:                      true,
		300 * time.Second:                      true,
		300*time.Second + 999*time.Millisecond: true, // timestamps have whole seconds
		301 * time.Second:                      false,
		-299 * time.Second:                     true,
		-300 * time.Second:                     true,
		-301 * time.Second:                     false,
		-24 * time.Hour:                        false,
	} {
		now := testTime.Add(skew)
		err := testVerifier(t).WithClock(func() time.Time { return now }).Verify(h, nil)
		if ok {
			if err != nil {
				t.Errorf("%s: %v", skew, err)
			}
			continue
		}
		stale, is := errors.AsType[*auth.StaleError](err)
		if !is || stale.Skew != skew || !stale.Timestamp.Equal(testTime) || !stale.Now.Equal(now) {
			t.Errorf("%s: %v", skew, err)
		}
	}
	if err := testVerifier(t).WithClock(nil).WithClock(func() time.Time { return testTime }).Verify(h, nil); err != nil {
		t.Error(err)
	}
}

func TestWithClockReturnsACopy(t *testing.T) {
	v := testVerifier(t)
	h := answer(t, privateKey(t, "wechatpay_private_key.pem"), publicKeyID, testTime, "")
	_ = v.WithClock(func() time.Time { return testTime.Add(time.Hour) })
	if err := v.Verify(h, nil); err != nil {
		t.Error(err)
	}
}

func TestSerialsAreComparedAsNumbers(t *testing.T) {
	key := privateKey(t, "platform_private_key.pem")
	v := testVerifier(t)
	for _, serial := range []string{platformSerial, strings.ToLower(platformSerial), platformSerial[1:], "00" + platformSerial[1:]} {
		err := v.Verify(answer(t, key, serial, testTime, ""), nil)
		if len(serial) <= 40 && err != nil || len(serial) > 40 && err == nil {
			t.Errorf("%s: %v", serial, err)
		}
	}
	if err := v.Verify(answer(t, key, platformSerial+"0", testTime, ""), nil); err == nil {
		t.Error("another number is accepted")
	}
}

func TestCertificateValidity(t *testing.T) {
	key := privateKey(t, "platform_private_key.pem")
	first, last := testTime.Add(-time.Hour), testTime.Add(time.Hour)
	v, err := auth.NewVerifier(auth.Key{ID: platformSerial, PublicKey: &key.PublicKey, NotBefore: first, NotAfter: last})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		now time.Time
		ok  bool
	}{
		{first, true}, {last, true}, {first.Add(-time.Second), false}, {last.Add(time.Second), false},
	} {
		err := v.WithClock(func() time.Time { return c.now }).Verify(answer(t, key, platformSerial, c.now, ""), nil)
		if c.ok {
			if err != nil {
				t.Errorf("%s: %v", c.now, err)
			}
			continue
		}
		ke, ok := errors.AsType[*auth.KeyExpiredError](err)
		if !ok || ke.ID != platformSerial || !ke.Now.Equal(c.now) || !errors.Is(err, auth.ErrUnverified) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c.now, err)
		}
		if early := c.now.Before(first); early != strings.Contains(err.Error(), "not in force before") {
			t.Error(err)
		}
	}
}

func TestErrorsQuoteAndCutWhatTheyShow(t *testing.T) {
	key := privateKey(t, "wechatpay_private_key.pem")
	long := strings.Repeat("A", 5000)
	for _, bad := range []string{long, "a\nb\x1b[31m", "\xff\xfe"} {
		for _, name := range []string{auth.HeaderSerial, auth.HeaderSignatureType, auth.HeaderTimestamp, auth.HeaderNonce, auth.HeaderSignature} {
			h := answer(t, key, publicKeyID, testTime, "")
			h[name] = []string{bad}
			err := testVerifier(t).Verify(h, nil)
			if err == nil {
				t.Fatalf("%s: accepted", name)
			}
			if text := err.Error(); len(text) > 250 || strings.ContainsAny(text, "\n\x1b") || strings.Contains(text, "\xff") {
				t.Errorf("%s: %q", name, text)
			}
		}
	}
}

func TestNewVerifierRefuses(t *testing.T) {
	good := &privateKey(t, "wechatpay_private_key.pem").PublicKey
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keys []auth.Key
		want error
	}{
		"no key":           {nil, nil},
		"zero key":         {[]auth.Key{{}}, nil},
		"no public key":    {[]auth.Key{{ID: publicKeyID}}, auth.ErrNotRSA},
		"empty public key": {[]auth.Key{{ID: publicKeyID, PublicKey: &rsa.PublicKey{}}}, auth.ErrNotRSA},
		"weak key":         {[]auth.Key{{ID: publicKeyID, PublicKey: &weak.PublicKey}}, auth.ErrWeakKey},
		"exponent 1":       {[]auth.Key{{ID: publicKeyID, PublicKey: &rsa.PublicKey{N: good.N, E: 1}}}, nil},
		"negative modulus": {[]auth.Key{{ID: publicKeyID, PublicKey: &rsa.PublicKey{N: new(big.Int).Neg(good.N), E: 65537}}}, nil},
		"malformed id":     {[]auth.Key{{ID: "my key", PublicKey: good}}, nil},
		"id twice":         {[]auth.Key{{ID: publicKeyID, PublicKey: good}, {ID: publicKeyID, PublicKey: good}}, nil},
		"serial twice":     {[]auth.Key{{ID: platformSerial, PublicKey: good}, {ID: strings.ToLower(platformSerial[1:]), PublicKey: good}}, nil},
	} {
		v, err := auth.NewVerifier(c.keys...)
		if err == nil || v != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPublicKeyIDs(t *testing.T) {
	data, err := os.ReadFile(vectorPath("wechatpay_public_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "PUB_KEY_ID_", platformSerial, "pub_key_id_1", "PUB_KEY_ID_1\n", "PUB_KEY_ID_" + strings.Repeat("1", 200)} {
		if _, err := auth.ParsePublicKey(id, data); err == nil {
			t.Errorf("id %q is accepted", id)
		} else if _, ok := errors.AsType[*auth.KeyError](err); !ok || strings.Contains(err.Error(), "\n") {
			t.Errorf("id %q: %#v", id, err)
		}
	}
}

func TestPreferredID(t *testing.T) {
	pub := &privateKey(t, "wechatpay_private_key.pem").PublicKey
	cert := func(id string, from, to int) auth.Key {
		return auth.Key{ID: id, PublicKey: pub, NotBefore: testTime.AddDate(from, 0, 0), NotAfter: testTime.AddDate(to, 0, 0)}
	}
	pubkey := func(id string) auth.Key { return auth.Key{ID: id, PublicKey: pub} }
	for _, c := range []struct {
		keys []auth.Key
		want string
	}{
		{[]auth.Key{cert("A1", -2, 3)}, "A1"},
		{[]auth.Key{cert("A1", -2, 3), cert("A2", -1, 4)}, "A2"},
		{[]auth.Key{cert("A2", -1, 4), cert("A1", -2, 3)}, "A2"},
		{[]auth.Key{cert("A2", 1, 4), cert("A1", -2, 3)}, "A1"},    // A2 is not in force yet
		{[]auth.Key{cert("A2", -3, -1), cert("A1", -4, -2)}, "A2"}, // none is
		{[]auth.Key{cert("A1", -1, 3), pubkey("PUB_KEY_ID_1")}, "PUB_KEY_ID_1"},
		{[]auth.Key{pubkey("PUB_KEY_ID_2"), cert("A1", -1, 3), pubkey("PUB_KEY_ID_1")}, "PUB_KEY_ID_2"},
	} {
		v, err := auth.NewVerifier(c.keys...)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.WithClock(func() time.Time { return testTime }).PreferredID(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	if got := new(auth.Verifier).PreferredID(); got != "" {
		t.Error(got)
	}
}

func TestZeroVerifierTrustsNothing(t *testing.T) {
	h := answer(t, privateKey(t, "wechatpay_private_key.pem"), publicKeyID, time.Now(), "")
	for _, v := range []*auth.Verifier{nil, new(auth.Verifier)} {
		if _, ok := errors.AsType[*auth.UnknownKeyError](v.Verify(h, nil)); !ok {
			t.Error("not refused as an unknown key")
		}
	}
}

func TestVerifierKeepsItsOwnKeys(t *testing.T) {
	key := privateKey(t, "wechatpay_private_key.pem")
	pub := &rsa.PublicKey{N: new(big.Int).Set(key.N), E: key.E}
	v, err := auth.NewVerifier(auth.Key{ID: publicKeyID, PublicKey: pub})
	if err != nil {
		t.Fatal(err)
	}
	pub.N.SetInt64(15)
	if err := v.WithClock(func() time.Time { return testTime }).Verify(answer(t, key, publicKeyID, testTime, ""), nil); err != nil {
		t.Error(err)
	}
}

func TestVerifierConcurrently(t *testing.T) {
	v := testVerifier(t)
	for _, k := range []struct{ file, id string }{{"wechatpay_private_key.pem", publicKeyID}, {"platform_private_key.pem", platformSerial}} {
		key := privateKey(t, k.file)
		var wg sync.WaitGroup
		for i := range 8 {
			body := strconv.Itoa(i)
			h := answer(t, key, k.id, testTime, body)
			wg.Go(func() {
				for range 20 {
					if err := v.Verify(h, []byte(body)); err != nil {
						t.Error(err)
					}
					if err := v.Verify(h, []byte("x")); err == nil {
						t.Error("accepted another body")
					}
					_ = v.PreferredID()
				}
			})
		}
		wg.Wait()
	}
}

// TestKeysWithoutOpenSSL repeats the main refusals with keys that Go makes, for
// machines without the openssl command.
func TestKeysWithoutOpenSSL(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(typ string, der []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der})
	}
	good := privateKey(t, "merchant_key.pem")
	goodDER, err := x509.MarshalPKCS8PrivateKey(good)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8 := func(key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return encode("PRIVATE KEY", der, err)
	}
	for name, c := range map[string]struct {
		pem  []byte
		want error
	}{
		"PKCS#8":                {pkcs8(good), nil},
		"PKCS#1":                {encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(good), nil), nil},
		"text before and after": {append(append([]byte("a comment\n"), pkcs8(good)...), "\n\n"...), nil},
		"EC":                    {pkcs8(ec), auth.ErrNotRSA},
		"weak":                  {pkcs8(weak), auth.ErrWeakKey},
		"encrypted":             {encode("ENCRYPTED PRIVATE KEY", []byte{1}, nil), auth.ErrEncryptedKey},
		"legacy encrypted": {pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: []byte{1}}),
			auth.ErrEncryptedKey},
		"two keys":                  {append(pkcs8(good), pkcs8(good)...), auth.ErrSecondBlock},
		"key and damaged block":     {append(pkcs8(good), "-----BEGIN PRIVATE KEY-----\n"...), auth.ErrSecondBlock},
		"nil":                       {nil, auth.ErrNotPEM},
		"binary":                    {goodDER, nil},
		"PKCS#1 labelled as PKCS#8": {encode("PRIVATE KEY", x509.MarshalPKCS1PrivateKey(good), nil), nil},
		"trailing bytes":            {encode("PRIVATE KEY", append(bytes.Clone(goodDER), 0), nil), errAny},
		"cut off":                   {encode("PRIVATE KEY", goodDER[:len(goodDER)/2], nil), errAny},
	} {
		key, err := auth.ParsePrivateKey(c.pem)
		if c.want == nil {
			if err != nil || !key.Equal(good) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if _, ok := errors.AsType[*auth.KeyError](err); !ok || key != nil || c.want != errAny && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}

	big := filepathIn(t, "big.pem")
	writeFile(t, big, strings.Repeat(" ", 1<<20)+string(pkcs8(good)))
	if _, err := auth.LoadSigner("1", "A", big); !errors.Is(err, auth.ErrNotPEM) {
		t.Error(err)
	}
}

func BenchmarkVerify(b *testing.B) {
	const body = `{"out_order_no":"1234323JKHDFE1243252","state":"DOING","total_amount":40000}`
	v := testVerifier(b)
	h := answer(b, privateKey(b, "wechatpay_private_key.pem"), publicKeyID, testTime, body)
	data := []byte(body)
	b.ReportAllocs()
	for b.Loop() {
		if err := v.Verify(h, data); err != nil {
			b.Fatal(err)
		}
	}
}
