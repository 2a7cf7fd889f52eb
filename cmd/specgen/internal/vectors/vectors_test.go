package vectors

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const dir = "../../../../api/vectors"

// openssl shares nothing with Go's cryptography. REQUIRE_OPENSSL=1 turns its
// absence into a failure.
func openssl(t *testing.T, stdin []byte, args ...string) ([]byte, error) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("REQUIRE_OPENSSL") == "1" {
			t.Fatal("REQUIRE_OPENSSL=1, but the openssl command is not installed")
		}
		t.Skip("the openssl command is not installed: nothing independent to compare with")
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = errors.New(err.Error() + ": " + stderr.String())
	}
	return out, err
}

func read(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestUpToDate(t *testing.T) {
	files, err := Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		was, err := os.ReadFile(filepath.Join(dir, filepath.Base(f.Name)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(was, f.Data) {
			t.Errorf("%s is out of date; run go generate ./...", f.Name)
		}
	}
}

// The signatures of notifications, and the requests of signature.json, are
// those of openssl. Package auth compares the rest of signature.json with it.
func TestSignaturesByOpenSSL(t *testing.T) {
	verifies := func(key, message, signature string) bool {
		sig, err := base64.StdEncoding.DecodeString(signature)
		if err != nil {
			return false
		}
		file := filepath.Join(t.TempDir(), "signature")
		if err := os.WriteFile(file, sig, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = openssl(t, []byte(message), "dgst", "-sha256", "-verify", filepath.Join(dir, key), "-signature", file)
		return err == nil
	}
	var v notificationVectors
	read(t, "notification.json", &v)
	for _, n := range v.Notifications {
		right := verifies("wechatpay_public_key.pem", n.Headers[headerTimestamp]+"\n"+n.Headers[headerNonce]+"\n"+n.Body+"\n", n.Headers[headerSignature])
		if want := n.Reason != "signature" && n.Reason != "header"; right != want {
			t.Errorf("%s: openssl takes the signature: %v", n.Name, right)
		}
	}
	var s signatureVectors
	read(t, "signature.json", &s)
	for _, r := range s.Requests {
		got, err := openssl(t, []byte(r.Message), "dgst", "-sha256", "-sign", filepath.Join(dir, "merchant_key.pem"))
		if err != nil || base64.StdEncoding.EncodeToString(got) != r.Signature {
			t.Errorf("%s: openssl makes another signature, %v", r.Name, err)
		}
	}
}

// gcm decrypts after NIST SP 800-38D with openssl's AES and big integers: it
// gives the plaintext, and whether the tag is right.
func gcm(t *testing.T, key, nonce, associated string, sealed []byte) (string, bool) {
	t.Helper()
	ciphertext, tag := sealed[:len(sealed)-16], sealed[len(sealed)-16:]
	hexKey := hex.EncodeToString([]byte(key))
	// The two blocks that are encrypted for themselves, in one run.
	blocks, err := openssl(t, slices.Concat(make([]byte, 16), []byte(nonce), []byte{0, 0, 0, 1}), "enc", "-aes-256-ecb", "-K", hexKey, "-nopad")
	if err != nil {
		t.Fatal(err)
	}
	plaintext, err := openssl(t, ciphertext, "enc", "-d", "-aes-256-ctr", "-K", hexKey, "-iv", hex.EncodeToString([]byte(nonce))+"00000002")
	if err != nil {
		t.Fatal(err)
	}

	// GHASH: multiplication in GF(2^128), the first bit being the lowest power.
	h := new(big.Int).SetBytes(blocks[:16])
	r := new(big.Int).Lsh(big.NewInt(0xe1), 120)
	multiply := func(x *big.Int) *big.Int {
		z, v := new(big.Int), new(big.Int).Set(h)
		for i := 127; i >= 0; i-- {
			if x.Bit(i) == 1 {
				z.Xor(z, v)
			}
			low := v.Bit(0)
			v.Rsh(v, 1)
			if low == 1 {
				v.Xor(v, r)
			}
		}
		return z
	}
	pad := func(b []byte) []byte { return append(slices.Clone(b), make([]byte, (16-len(b)%16)%16)...) }
	lengths := make([]byte, 16)
	big.NewInt(int64(len(associated)) * 8).FillBytes(lengths[:8])
	big.NewInt(int64(len(ciphertext)) * 8).FillBytes(lengths[8:])
	y := new(big.Int)
	for chunk := range slices.Chunk(slices.Concat(pad([]byte(associated)), pad(ciphertext), lengths), 16) {
		y = multiply(y.Xor(y, new(big.Int).SetBytes(chunk)))
	}
	mask := new(big.Int).SetBytes(blocks[16:])
	return string(plaintext), bytes.Equal(y.Xor(y, mask).FillBytes(make([]byte, 16)), tag)
}

func TestNotificationsByOpenSSL(t *testing.T) {
	var v notificationVectors
	read(t, "notification.json", &v)
	seen := map[string]int{}
	associated := map[string]bool{}
	for _, n := range v.Notifications {
		seen[n.Reason]++
		plaintext, reason := open(t, n)
		if slices.Contains([]string{"header", "stale", "unknown_key", "signature"}, n.Reason) {
			if reason != "" && !strings.HasPrefix(n.Name, "does not verify, and ") {
				t.Errorf("%s: who does not verify would not take it: %s", n.Name, reason)
			}
			plaintext, reason = "", n.Reason
		}
		if reason != n.Reason || plaintext != n.Plaintext || n.Valid != (n.Reason == "") {
			t.Errorf("%s: %q and %q, the file says %q and %q", n.Name, plaintext, reason, n.Plaintext, n.Reason)
		}
		if n.Valid && !json.Valid([]byte(plaintext)) {
			t.Errorf("%s: the plaintext is no JSON", n.Name)
		}
		if len(n.APIv3Key) != 32 {
			t.Errorf("%s: a key of %d bytes", n.Name, len(n.APIv3Key))
		}
		if n.Valid {
			var e envelope
			if err := json.Unmarshal([]byte(n.Body), &e); err != nil {
				t.Fatal(err)
			}
			associated[shown(e.Resource.AssociatedData)] = true
			associated["original "+shown(e.Resource.OriginalType)] = true
		}
	}
	for _, reason := range []string{"", "resource", "algorithm", "nonce", "ciphertext", "authentication", "header", "stale", "unknown_key", "signature"} {
		if seen[reason] == 0 {
			t.Errorf("no vector for the reason %q", reason)
		}
	}
	for _, want := range []string{"transaction", "empty", "absent", "original payscore", "original absent"} {
		if !associated[want] {
			t.Errorf("no vector with %s", want)
		}
	}
}

func shown(s *string) string {
	switch {
	case s == nil:
		return "absent"
	case *s == "":
		return "empty"
	}
	return *s
}

// open follows README.md beside the vectors.
func open(t *testing.T, n notificationVector) (plaintext, reason string) {
	t.Helper()
	var e envelope
	var typed *json.UnmarshalTypeError
	switch err := json.Unmarshal([]byte(n.Body), &e); {
	case errors.As(err, &typed) && typed.Field == "resource.nonce":
		return "", "nonce"
	case err != nil || e.Resource == nil:
		return "", "resource"
	}
	if e.Resource.Algorithm != algorithm {
		return "", "algorithm"
	}
	if len(e.Resource.Nonce) != 12 {
		return "", "nonce"
	}
	sealed, err := base64.StdEncoding.DecodeString(e.Resource.Ciphertext)
	if err != nil || len(sealed) < 16 {
		return "", "ciphertext"
	}
	data := ""
	if e.Resource.AssociatedData != nil {
		data = *e.Resource.AssociatedData
	}
	plaintext, ok := gcm(t, n.APIv3Key, e.Resource.Nonce, data, sealed)
	if !ok {
		return "", "authentication"
	}
	return plaintext, ""
}

func (p *params) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	var texts []string
	for {
		token, err := dec.Token()
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if text, ok := token.(string); ok {
			texts = append(texts, text)
		}
	}
	for pair := range slices.Chunk(texts, 2) {
		*p = append(*p, [2]string(pair))
	}
	return nil
}

func TestLaunchesByOpenSSL(t *testing.T) {
	var v launchVectors
	read(t, "launch.json", &v)
	types := map[string]bool{}
	for _, l := range v.Launches {
		types[l.BusinessType] = true
		out, err := openssl(t, []byte(l.Message), "dgst", "-sha256", "-hmac", l.APIv2Key, "-binary")
		if err != nil || strings.ToUpper(hex.EncodeToString(out)) != l.Sign {
			t.Errorf("%s: openssl makes another sign, %v", l.Name, err)
		}
		if !strings.HasSuffix(l.Message, "&key="+l.APIv2Key) || !strings.HasSuffix(l.QueryString, "&sign="+l.Sign) {
			t.Errorf("%s: the message is %q, the query string %q", l.Name, l.Message, l.QueryString)
		}
		for _, m := range l.Mistakes {
			if m.Sign == l.Sign {
				t.Errorf("%s: %s is no mistake", l.Name, m.What)
			}
		}
		pairs := strings.Split(strings.TrimSuffix(l.Message, "&key="+l.APIv2Key), "&")
		if l.Name != "a package with characters that a query escapes" && !slices.IsSorted(pairs) {
			t.Errorf("%s: %q is not sorted", l.Name, pairs)
		}
		if slices.IsSortedFunc(l.Params, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) }) {
			t.Errorf("%s: the parameters are sorted already", l.Name)
		}
		for _, p := range l.Params {
			name, value := p[0], p[1]
			if want := value != ""; strings.Contains("&"+l.Message, "&"+name+"="+value) != want || strings.Contains("&"+l.QueryString, "&"+name+"=") != want {
				t.Errorf("%s: %s is in the message or the query string and should not be, or the other way round", l.Name, name)
			}
		}
	}
	if !types["wxpayScoreUse"] || !types["wxpayScoreDetail"] {
		t.Errorf("only %v", types)
	}
}

func TestKeysAreNamed(t *testing.T) {
	if _, err := Files(t.TempDir()); err == nil || !strings.Contains(err.Error(), "merchant_key.pem") {
		t.Errorf("got %v, want the missing key", err)
	}
}

func TestCertificatesByOpenSSL(t *testing.T) {
	if testing.Short() {
		t.Skip("starts openssl a hundred times")
	}
	var v certificateVectors
	read(t, "certificates.json", &v)
	private := map[string]string{}
	for _, k := range slices.Concat(v.Keys, v.Certificates) {
		private[k.ID] = filepath.Join(dir, k.PrivateKey)
	}
	serialOf := func(plaintext string) string {
		out, err := openssl(t, []byte(plaintext), "x509", "-noout", "-serial")
		if err != nil {
			return ""
		}
		return strings.TrimPrefix(strings.TrimSpace(string(out)), "serial=")
	}
	seen := map[string]bool{}
	for _, d := range v.Downloads {
		seen[d.Reason] = true
		signed, err := openssl(t, []byte(d.Headers[headerTimestamp]+"\n"+d.Headers[headerNonce]+"\n"+d.Body+"\n"), "dgst", "-sha256", "-sign", private[d.Headers[headerSerial]])
		if right := base64.StdEncoding.EncodeToString(signed) == d.Headers[headerSignature]; err != nil || right == (d.Reason == "signature") {
			t.Errorf("%s: the signature is right: %v, %v", d.Name, right, err)
		}
		var list certificateList
		if err := json.Unmarshal([]byte(d.Body), &list); (err != nil || list.Data == nil) != (d.Reason == "data" || d.Status != 200) {
			t.Errorf("%s: %v", d.Name, err)
		}
		keys := map[string]bool{publicKeyID: true}
		for _, c := range list.Data {
			reason := ""
			plaintext, why := open(t, notificationVector{APIv3Key: d.APIv3Key, Body: func() string {
				body, err := json.Marshal(envelope{Resource: &c.Encrypted})
				if err != nil {
					t.Fatal(err)
				}
				return string(body)
			}()})
			switch serial := serialOf(plaintext); {
			case why != "":
				reason = why
			case serial == "":
				reason = "certificate"
			case serial != c.Serial:
				reason = "serial"
			}
			keys[c.Serial] = reason == ""
			if d.Unusable[c.Serial] != reason {
				t.Errorf("%s: %s is %q, the file says %q", d.Name, c.Serial, reason, d.Unusable[c.Serial])
			}
			if d.Valid && slices.Contains(d.Usable, c.Serial) != (reason == "") {
				t.Errorf("%s: %s is usable or not: %v", d.Name, c.Serial, d.Usable)
			}
			seen["certificate "+reason] = true
		}
		if d.Status == 200 && d.Reason != "data" && keys[d.Headers[headerSerial]] == (d.Reason == "unknown_key") {
			t.Errorf("%s: the reason is %q, the keys are %v", d.Name, d.Reason, keys)
		}
		if d.Valid != (d.Reason == "") || !d.Valid && len(d.Usable) > 0 {
			t.Errorf("%s: %v %q %v", d.Name, d.Valid, d.Reason, d.Usable)
		}
	}
	for _, want := range []string{"", "unknown_key", "stale", "signature", "data", "no_certificates", "status", "certificate ", "certificate algorithm",
		"certificate nonce", "certificate ciphertext", "certificate authentication", "certificate certificate", "certificate serial"} {
		if !seen[want] {
			t.Errorf("no vector for the reason %q", want)
		}
	}
}
