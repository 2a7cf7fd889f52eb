package auth_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/auth"
)

func FuzzParseAuthorization(f *testing.F) {
	for _, r := range loadVectors(f).Requests {
		f.Add(r.Authorization)
	}
	f.Add("")
	f.Add(auth.Scheme + ` mchid="1",mchid="1"`)
	f.Add(auth.Scheme + ` signature="",="x`)
	f.Fuzz(func(t *testing.T, header string) {
		a, err := auth.ParseAuthorization(header)
		if err != nil {
			if a != (auth.Authorization{}) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 200 {
				t.Fatalf("%+v, %q", a, err)
			}
			return
		}
		// What was read, written in the usual order, has the same length and reads
		// the same: nothing was skipped.
		again := auth.Scheme + ` mchid="` + a.MchID + `",nonce_str="` + a.Nonce + `",timestamp="` + a.Timestamp +
			`",serial_no="` + a.SerialNo + `",signature="` + a.Signature + `"`
		if b, err := auth.ParseAuthorization(again); err != nil || b != a || len(again) != len(header) {
			t.Fatalf("%q reads as %+v, and that as %+v, %v", header, a, b, err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	v := loadVectors(f)
	for _, r := range v.Responses {
		h := r.Headers
		f.Add(h[auth.HeaderTimestamp], h[auth.HeaderNonce], h[auth.HeaderSignature], h[auth.HeaderSerial], h[auth.HeaderSignatureType], []byte(r.Body), r.Now)
	}
	verifier := vectorVerifier(f, v)
	keys := map[string]*rsa.PublicKey{
		publicKeyID:                           &privateKey(f, "wechatpay_private_key.pem").PublicKey,
		strings.TrimLeft(platformSerial, "0"): &privateKey(f, "platform_private_key.pem").PublicKey,
	}
	f.Fuzz(func(t *testing.T, timestamp, nonce, signature, serial, typ string, body []byte, now int64) {
		h := responseHeader(timestamp, nonce, signature, serial)
		h[auth.HeaderSignatureType] = []string{typ}
		if typ == "" {
			h.Del(auth.HeaderSignatureType)
		}
		err := verifier.WithClock(func() time.Time { return time.Unix(now, 0) }).Verify(h, body)
		if err != nil {
			if !errors.Is(err, auth.ErrUnverified) || strings.ContainsAny(err.Error(), "\r\n") || len(err.Error()) > 600 {
				t.Fatalf("%q", err)
			}
			return
		}
		// Accepted: all of this must be true.
		seconds, err := strconv.ParseInt(timestamp, 10, 64)
		if err != nil || now-seconds > 300 || seconds-now > 300 {
			t.Fatalf("timestamp %q at %d", timestamp, now)
		}
		pub := keys[serial]
		if pub == nil {
			pub = keys[strings.TrimLeft(strings.ToUpper(serial), "0")]
		}
		sig, err := base64.StdEncoding.DecodeString(signature)
		if err != nil || pub == nil {
			t.Fatalf("serial %q, %v", serial, err)
		}
		digest := sha256.Sum256([]byte(timestamp + "\n" + nonce + "\n" + string(body) + "\n"))
		if err := rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], sig); err != nil {
			t.Fatal(err)
		}
	})
}

func addPEMs(f *testing.F) {
	for _, name := range []string{"merchant_key.pem", "merchant_cert.pem", "wechatpay_public_key.pem", "wechatpay_private_key.pem", "platform_cert.pem"} {
		data, err := os.ReadFile(vectorPath(name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		block, _ := pem.Decode(data)
		f.Add(block.Bytes)
		f.Add([]byte(base64.StdEncoding.EncodeToString(block.Bytes)))
		f.Add([]byte(base64.StdEncoding.EncodeToString(data)))
		f.Add([]byte(strings.ReplaceAll(string(data), "\n", `\n`)))
		f.Add([]byte(utf16Of("\ufeff"+string(data), true)))
	}
	f.Add([]byte{0x30, 0x80, 2, 1, 3, 0x30, 0x80})
	f.Add([]byte("-----BEGIN EC PARAMETERS-----\nAA==\n-----END EC PARAMETERS-----\n"))
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n-----END RSA PRIVATE KEY-----\n"))
}

func FuzzParsePrivateKey(f *testing.F) {
	addPEMs(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := auth.ParsePrivateKey(data)
		if err != nil {
			if _, ok := errors.AsType[*auth.KeyError](err); !ok || key != nil || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%v, %#v", key != nil, err)
			}
			return
		}
		if key.N.BitLen() < 2048 {
			t.Fatalf("a key of %d bits", key.N.BitLen())
		}
		if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, make([]byte, 32)); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzParsePublicKey(f *testing.F) {
	addPEMs(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		a, errA := auth.ParsePublicKey(publicKeyID, data)
		b, errB := auth.ParsePlatformCertificate(data)
		if errA == nil && errB == nil && bytes.Count(data, []byte("BEGIN")) == 1 {
			t.Fatal("both a key and a certificate")
		}
		for i, err := range []error{errA, errB} {
			key := []auth.Key{a, b}[i]
			if err != nil {
				if _, ok := errors.AsType[*auth.KeyError](err); !ok || key != (auth.Key{}) || strings.Contains(err.Error(), "\n") {
					t.Fatalf("%+v, %#v", key, err)
				}
				continue
			}
			if _, err := auth.NewVerifier(key); err != nil {
				t.Fatalf("NewVerifier refuses what was parsed: %v", err)
			}
		}
	})
}

// FuzzKeyForms puts a key through forms that follow one another as the input says,
// with text around it. Whatever they are, it reads as the same key.
func FuzzKeyForms(f *testing.F) {
	key := merchantKey(f)
	texts := privateTexts(f, key)
	kinds := slices.Sorted(maps.Keys(texts))
	layouts := layouts()
	wrappings := append(wrappings(), marks...)
	for i := range layouts {
		f.Add(uint8(i), uint8(i), []byte{uint8(i), uint8(i + 1)}, "", "")
		f.Add(uint8(i+1), uint8(i), []byte{}, "Bag Attributes\n    localKeyID: 01\n", "\n# the end")
	}
	f.Fuzz(func(t *testing.T, kind, layout uint8, wraps []byte, before, after string) {
		if len(wraps) > 4 || len(before)+len(after) > 1<<10 {
			return
		}
		text := layouts[int(layout)%len(layouts)].apply(texts[kinds[int(kind)%len(kinds)]])
		for _, w := range wraps {
			text = wrappings[int(w)%len(wrappings)].apply(text)
		}
		around := before + after // neither hyphens, nor what reads as UTF-16 or DER
		if strings.Contains(text, "BEGIN") && utf8.ValidString(around) && !strings.ContainsAny(around, "-\x00") {
			text = before + text + after
		}
		got, err := auth.ParsePrivateKey([]byte(text))
		if err != nil || !got.Equal(key) {
			t.Fatalf("%v, from %.40q", err, text)
		}
	})
}

// FuzzParseSerialNo checks that a number that is read is written the same, and that
// an error is one line.
func FuzzParseSerialNo(f *testing.F) {
	for _, seed := range []string{merchantSerial, "0x5b", "5B:37", "serial=5B", "520761481758223388892271712522342989723731203082", publicKeyID, ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := auth.ParseSerialNo(text)
		if err != nil {
			if got != "" || strings.ContainsAny(err.Error(), "\r\n") || len(err.Error()) > 400 {
				t.Fatalf("%q, %q", got, err)
			}
			return
		}
		if again, err := auth.ParseSerialNo(got); err != nil || again != got || len(got) > 40 || strings.Trim(got, "0123456789ABCDEF") != "" {
			t.Fatalf("%q reads as %q, and that as %q, %v", text, got, again, err)
		}
	})
}

// FuzzSignVerify signs with the one half of the package and checks with the
// other: any request that can be signed reads back, and any answer that WeChat
// Pay could sign is accepted as it is and refused with one byte changed.
func FuzzSignVerify(f *testing.F) {
	for _, r := range loadVectors(f).Requests {
		f.Add(r.Method, r.RequestTarget, r.Nonce, []byte(r.Body), int64(1750000000), uint16(3))
	}
	merchant, wechatpay := testSigner(f), privateKey(f, "wechatpay_private_key.pem")
	public := &merchantKey(f).PublicKey
	verifier := testVerifier(f)
	f.Fuzz(func(t *testing.T, method, target, nonce string, body []byte, seconds int64, flip uint16) {
		value, err := merchant.Authorization(method, target, time.Unix(seconds, 0), nonce, body)
		if err == nil {
			a, err := auth.ParseAuthorization(value)
			if err != nil || a.Nonce != nonce || a.Timestamp != strconv.FormatInt(seconds, 10) || a.MchID != merchant.MchID() || a.SerialNo != merchant.SerialNo() {
				t.Fatalf("%q reads as %+v, %v", value, a, err)
			}
			sig, _ := base64.StdEncoding.DecodeString(a.Signature)
			digest := sha256.Sum256(auth.RequestMessage(method, target, a.Timestamp, nonce, body))
			if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], sig); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(method+target+nonce, "\n ") {
				t.Fatal("signed a message whose lines can be moved")
			}
		}

		ts := strconv.FormatInt(testTime.Unix(), 10)
		digest := sha256.Sum256(auth.ResponseMessage(ts, testNonce, body))
		sig, err := rsa.SignPKCS1v15(nil, wechatpay, crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		var h http.Header = responseHeader(ts, testNonce, base64.StdEncoding.EncodeToString(sig), publicKeyID)
		if err := verifier.Verify(h, body); err != nil {
			t.Fatal(err)
		}
		if len(body) > 0 {
			changed := append([]byte(nil), body...)
			changed[int(flip)%len(body)] ^= byte(flip>>8) | 1
			if err := verifier.Verify(h, changed); !errors.Is(err, rsa.ErrVerification) {
				t.Fatal(err)
			}
		}
		if err := verifier.Verify(h, append(body[:len(body):len(body)], '\n')); !errors.Is(err, rsa.ErrVerification) {
			t.Fatal(err)
		}
	})
}
