package auth_test

import (
	"bytes"
	"crypto/aes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

const (
	testAPIv3Key  = "TestOnly-0123456789abcdefghijkl!"
	otherAPIv3Key = "Another!-0123456789abcdefghijkl!"
)

func apiV3Key(t testing.TB, key string) auth.APIv3Key {
	t.Helper()
	k, err := auth.NewAPIv3Key(key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sealByHand is GCM written out after NIST SP 800-38D, from one block of AES: it
// shares no code with the GCM that Decrypt uses.
func sealByHand(t testing.TB, key, nonce, associated, plaintext string) []byte {
	t.Helper()
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	encrypt := func(counter uint32) (out [16]byte) {
		var in [16]byte
		copy(in[:], nonce)
		binary.BigEndian.PutUint32(in[12:], counter)
		block.Encrypt(out[:], in[:])
		return out
	}
	sealed := []byte(plaintext)
	for i := range sealed {
		stream := encrypt(uint32(2 + i/16))
		sealed[i] ^= stream[i%16]
	}
	var h, y [16]byte
	block.Encrypt(h[:], h[:])
	ghash := func(data []byte) {
		for len(data) > 0 {
			n := min(16, len(data))
			for i := range n {
				y[i] ^= data[i]
			}
			y = gf128(y, h)
			data = data[n:]
		}
	}
	ghash([]byte(associated))
	ghash(sealed)
	var lengths [16]byte
	binary.BigEndian.PutUint64(lengths[:8], uint64(len(associated))*8)
	binary.BigEndian.PutUint64(lengths[8:], uint64(len(sealed))*8)
	ghash(lengths[:])
	mask := encrypt(1)
	for i := range y {
		y[i] ^= mask[i]
	}
	return append(sealed, y[:]...)
}

func gf128(x, v [16]byte) (z [16]byte) {
	for i := range 128 {
		if x[i/8]>>(7-i%8)&1 == 1 {
			for j := range z {
				z[j] ^= v[j]
			}
		}
		low := v[15] & 1
		for j := 15; j > 0; j-- {
			v[j] = v[j]>>1 | v[j-1]<<7
		}
		v[0] >>= 1
		if low == 1 {
			v[0] ^= 0xe1
		}
	}
	return z
}

func TestVectorNotifications(t *testing.T) {
	data, err := os.ReadFile(vectorPath("notification.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Keys          []vectorKey `json:"wechatpay_keys"`
		Notifications []struct {
			Name      string            `json:"name"`
			APIv3Key  string            `json:"api_v3_key"`
			Now       int64             `json:"now"`
			Headers   map[string]string `json:"headers"`
			Body      string            `json:"body"`
			Plaintext string            `json:"plaintext"`
			Valid     bool              `json:"valid"`
			Reason    string            `json:"reason"`
		} `json:"notifications"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	verifier := vectorVerifier(t, vectors{Keys: v.Keys})
	valid, invalid := 0, 0
	for _, n := range v.Notifications {
		t.Run(n.Name, func(t *testing.T) {
			header := responseHeader(n.Headers[auth.HeaderTimestamp], n.Headers[auth.HeaderNonce], n.Headers[auth.HeaderSignature], n.Headers[auth.HeaderSerial])
			clock := func() time.Time { return time.Unix(n.Now, 0) }
			switch err := verifier.WithClock(clock).Verify(header, []byte(n.Body)); n.Reason {
			case "header", "stale", "unknown_key", "signature":
				if reasonOf(err) != n.Reason {
					t.Errorf("%v, want reason %s", err, n.Reason)
				}
				return
			default:
				if err != nil {
					t.Fatal(err)
				}
			}
			if n.Reason == "algorithm" || n.Reason == "resource" || n.Name == "nonce is a number" {
				return // seen before anything is decrypted: package notify
			}
			var e struct {
				Resource struct {
					Nonce, Ciphertext string
					AssociatedData    string `json:"associated_data"`
				}
			}
			if err := json.Unmarshal([]byte(n.Body), &e); err != nil {
				t.Fatal(err)
			}
			got, err := auth.Decrypt(e.Resource.Nonce, e.Resource.AssociatedData, e.Resource.Ciphertext, apiV3Key(t, n.APIv3Key))
			if n.Valid {
				valid++
				if err != nil || string(got) != n.Plaintext {
					t.Errorf("%q, %v", got, err)
				}
				return
			}
			invalid++
			var de *auth.DecryptError
			if !errors.As(err, &de) || de.Reason != n.Reason || got != nil {
				t.Errorf("%q, %v, want reason %s", got, err, n.Reason)
			}
		})
	}
	if valid < 7 || invalid < 13 {
		t.Errorf("%d valid and %d invalid vectors", valid, invalid)
	}
}

func TestDecryptWhatWasSealedByHand(t *testing.T) {
	for size := range 40 {
		plaintext := strings.Repeat("支x", 20)[:size]
		for _, associated := range []string{"", "payscore", "more than sixteen bytes of data"} {
			sealed := sealByHand(t, testAPIv3Key, "0123456789ab", associated, plaintext)
			got, err := auth.Decrypt("0123456789ab", associated, base64.StdEncoding.EncodeToString(sealed), apiV3Key(t, testAPIv3Key))
			if err != nil || string(got) != plaintext {
				t.Fatalf("%d bytes, %q: %q, %v", size, associated, got, err)
			}
		}
	}
}

func TestDecryptDuringAKeyReset(t *testing.T) {
	fresh, old := apiV3Key(t, testAPIv3Key), apiV3Key(t, otherAPIv3Key)
	for _, key := range []string{testAPIv3Key, otherAPIv3Key} {
		sealed := base64.StdEncoding.EncodeToString(sealByHand(t, key, "0123456789ab", "", "{}"))
		if got, err := auth.Decrypt("0123456789ab", "", sealed, fresh, old); err != nil || string(got) != "{}" {
			t.Errorf("%q, %v", got, err)
		}
	}
	sealed := base64.StdEncoding.EncodeToString(sealByHand(t, otherAPIv3Key, "0123456789ab", "", "{}"))
	_, err := auth.Decrypt("0123456789ab", "", sealed, fresh)
	if de := new(auth.DecryptError); !errors.As(err, &de) || de.Reason != auth.ReasonAuthentication {
		t.Error(err)
	}
}

func TestDecryptNeverPanics(t *testing.T) {
	key := apiV3Key(t, testAPIv3Key)
	sealed := sealByHand(t, testAPIv3Key, "0123456789ab", "", "{}")
	for n := range 70 {
		_, err := auth.Decrypt(strings.Repeat("n", n), "", base64.StdEncoding.EncodeToString(sealed), key)
		want := auth.ReasonNonce
		if n == 12 {
			want = auth.ReasonAuthentication
		}
		if de := new(auth.DecryptError); !errors.As(err, &de) || de.Reason != want || want == auth.ReasonNonce && de.Size != n {
			t.Errorf("nonce of %d bytes: %v", n, err)
		}
	}
	for n := range len(sealed) {
		_, err := auth.Decrypt("0123456789ab", "", base64.StdEncoding.EncodeToString(sealed[:n]), key)
		want := auth.ReasonAuthentication
		if n < 16 {
			want = auth.ReasonCiphertext
		}
		if de := new(auth.DecryptError); !errors.As(err, &de) || de.Reason != want {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	text := base64.StdEncoding.EncodeToString(sealed)
	for _, keys := range [][]auth.APIv3Key{nil, {{}}, {{}, key}} {
		_, err := auth.Decrypt("0123456789ab", "", text, keys...)
		if de := new(auth.DecryptError); !errors.As(err, &de) || de.Reason != auth.ReasonKey {
			t.Errorf("%v: %v", keys, err)
		}
	}
}

func TestAPIv3KeyIs32Bytes(t *testing.T) {
	for n := range 70 {
		_, err := auth.NewAPIv3Key(strings.Repeat("k", n))
		de := new(auth.DecryptError)
		if (err == nil) != (n == 32) || err != nil && (!errors.As(err, &de) || de.Reason != auth.ReasonKey || de.Size != n) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	// 32 characters, but 36 bytes
	if _, err := auth.NewAPIv3Key(strings.Repeat("k", 30) + "支付"); err == nil {
		t.Error("36 bytes accepted")
	}
}

func TestAPIv3KeyIsRedacted(t *testing.T) {
	key := apiV3Key(t, testAPIv3Key)
	var outputs []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%T %v"} {
		for _, v := range []any{key, &key, struct{ K auth.APIv3Key }{key}, struct{ k auth.APIv3Key }{key}, struct{ k *auth.APIv3Key }{&key}, []any{key}, map[string]auth.APIv3Key{"k": key}} {
			outputs = append(outputs, fmt.Sprintf(verb, v))
		}
	}
	for _, v := range []any{key, &key, struct{ K auth.APIv3Key }{key}} {
		var text, js bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("m", "key", v)
		slog.New(slog.NewJSONHandler(&js, nil)).Info("m", "key", v)
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, text.String(), js.String(), string(data))
	}
	_, err := auth.NewAPIv3Key(testAPIv3Key + "x")
	outputs = append(outputs, err.Error(), fmt.Sprintf("%#v", err))
	secrets := []string{testAPIv3Key, testAPIv3Key[:8], fmt.Sprintf("%x", testAPIv3Key[:4]), fmt.Sprintf("%X", testAPIv3Key[:4]),
		strings.Trim(fmt.Sprint([]byte(testAPIv3Key[:4])), "[]"), base64.StdEncoding.EncodeToString([]byte(testAPIv3Key[:6])), "gcm", "aes"}
	for _, out := range outputs {
		for _, secret := range secrets {
			if strings.Contains(out, secret) {
				t.Errorf("%q shows %q", out, secret)
			}
		}
	}
	if got := fmt.Sprintf("%#v", key); got != "auth.APIv3Key{redacted}" {
		t.Error(got)
	}
}

func TestDecryptErrorsShowNothing(t *testing.T) {
	const marker = "MARKER-PLAIN"
	key := apiV3Key(t, otherAPIv3Key)
	sealed := base64.StdEncoding.EncodeToString(sealByHand(t, testAPIv3Key, "0123456789ab", marker, marker))
	for _, args := range [][3]string{{"0123456789ab", marker, sealed}, {marker + "x", "", sealed}, {"0123456789ab", "", "%" + marker}, {"0123456789ab", "", base64.StdEncoding.EncodeToString([]byte(marker))}} {
		_, err := auth.Decrypt(args[0], args[1], args[2], key)
		if err == nil {
			t.Fatal("decrypted")
		}
		for _, text := range []string{err.Error(), fmt.Sprintf("%#v", err), fmt.Sprintf("%+v", err)} {
			if strings.Contains(text, marker) || strings.Contains(text, sealed[:8]) || strings.Contains(text, "Another!") || strings.Contains(text, "\n") {
				t.Errorf("%q", text)
			}
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	f.Add("0123456789ab", "", "", "plain")
	f.Add("", "payscore", base64.StdEncoding.EncodeToString(make([]byte, 15)), "")
	f.Add("0123456789ab", "payscore", base64.StdEncoding.EncodeToString(make([]byte, 16)), "{}")
	f.Fuzz(func(t *testing.T, nonce, associated, ciphertext, plaintext string) {
		key := apiV3Key(t, testAPIv3Key)
		// Nobody who lacks the key makes a tag of 16 bytes that fits.
		got, err := auth.Decrypt(nonce, associated, ciphertext, key)
		if de := new(auth.DecryptError); !errors.As(err, &de) || got != nil {
			t.Fatalf("%q, %v", got, err)
		}
		sealed := sealByHand(t, testAPIv3Key, "0123456789ab", associated, plaintext)
		got, err = auth.Decrypt("0123456789ab", associated, base64.StdEncoding.EncodeToString(sealed), key)
		if err != nil || string(got) != plaintext {
			t.Fatalf("%q, %v, want %q", got, err, plaintext)
		}
		if _, err = auth.Decrypt("0123456789ab", associated+"x", base64.StdEncoding.EncodeToString(sealed), key); err == nil {
			t.Fatal("other associated data accepted")
		}
	})
}
