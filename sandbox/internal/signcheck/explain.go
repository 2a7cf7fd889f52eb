package signcheck

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	_ "crypto/md5" // of signatures that are refused
	"crypto/rsa"
	_ "crypto/sha1" // likewise
	"crypto/sha256"
	_ "crypto/sha512" // likewise
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"net/url"
	"strings"
	"time"
)

// Explain tells what is wrong with the signature of a request: it tries the
// usual mistakes of signers, one and two at a time, and finds the message that
// was signed when it was one of them. That the timestamp is too old is said
// only when all else is right. It bounds its effort.
func (k Keys) Explain(r Request, now time.Time) Report {
	c, wrong := k.ReadClaim(r.Authorization)
	if wrong != nil {
		return Report{Mistake: wrong.Mistake, Issue: wrong.Issue, IssueZH: wrong.Message + "：" + mistakes[wrong.Mistake].ZH, Offset: -1}
	}
	expected := r.Message(c)
	found := k.findSigned(r, c, expected)
	skew := now.Unix() - c.At
	if len(found.mistakes) == 0 && (skew > MaxSkew || skew < -MaxSkew) {
		found.mistakes = []string{"timestamp-expired"}
		if len(c.Timestamp) == len("1749960000000") {
			found.mistakes = []string{"timestamp-milliseconds"}
		}
	}
	if len(found.mistakes) == 0 {
		found.mistakes = []string{"ok"}
	}
	report := Report{Mistake: strings.Join(found.mistakes, "+"), Expected: expected, Offset: -1}
	if found.known {
		report.Signed, report.Offset = found.message, differsAt(expected, found.message)
	}
	var zh, en []string
	for _, mistake := range found.mistakes {
		zh, en = append(zh, mistakes[mistake].ZH), append(en, mistakes[mistake].EN)
	}
	report.Issue, report.IssueZH = strings.Join(en, " "), strings.Join(zh, "")
	return report
}

// differsAt is the first byte at which two texts differ, -1 when they do not.
func differsAt(a, b string) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}

// finding is what a signature turned out to be.
type finding struct {
	message  string // that was signed
	known    bool
	mistakes []string // names; none when the signature is right
}

// findSigned takes the signature apart: its encoding, its key, its padding and
// hash, and then the message behind the hash.
func (k Keys) findSigned(r Request, c Claim, expected string) finding {
	key := k.Merchant
	signature, encoding := decodeSignature(c.Signature, key.Size())
	var made []string
	if encoding != "" {
		made = []string{encoding}
	}
	if signature == nil {
		return finding{mistakes: made}
	}
	search := newSearch(k.Templates(r.Method), r, c)
	result := func(matches func([]byte) bool, unknown string) finding {
		message, deviations, ok := search.find(matches)
		if !ok {
			return finding{mistakes: append(made, unknown)}
		}
		return finding{message, true, append(made, deviations...)}
	}
	if len(signature) != key.Size() {
		if len(signature) != sha256.Size {
			return finding{mistakes: append(made, "signature-length")}
		}
		if digest := sha256.Sum256([]byte(expected)); bytes.Equal(digest[:], signature) {
			return finding{expected, true, append(made, "hash-only")}
		}
		made = append(made, "hmac")
		return result(func(message []byte) bool {
			mac := hmac.New(sha256.New, []byte(k.APIv3Key()))
			mac.Write(message)
			return hmac.Equal(mac.Sum(nil), signature)
		}, "message-unknown")
	}
	padded := recoverPadded(key, signature)
	content, isPKCS1 := unpad(padded)
	if !isPKCS1 {
		if padded != nil && padded[len(padded)-1] == 0xbc {
			// Each try costs an operation of RSA.
			search.bytes = min(search.bytes, 200*len(expected))
			made = append(made, "pss")
			found := result(func(message []byte) bool {
				digest := sha256.Sum256(message)
				return rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, nil) == nil
			}, "")
			if found.known {
				return found
			}
			made = made[:len(made)-1]
		}
		for _, other := range k.WechatPay {
			if _, signedByIt := unpad(recoverPadded(other, signature)); signedByIt {
				return finding{mistakes: append(made, "wechatpay-key")}
			}
		}
		return finding{mistakes: append(made, "another-key")}
	}
	hash, digest, mistake := digestOf(content)
	if mistake != "" {
		made = append(made, mistake)
	}
	if hash == 0 {
		return finding{mistakes: made}
	}
	return result(func(message []byte) bool {
		h := hash.New()
		h.Write(message)
		return bytes.Equal(h.Sum(nil), digest)
	}, "message-unknown")
}

// decodeSignature takes a signature out of its encoding, and names an encoding
// that is wrong.
func decodeSignature(s string, size int) (signature []byte, mistake string) {
	fits := func(b []byte, err error) bool { return err == nil && (len(b) == size || len(b) == sha256.Size) }
	standard, err := base64.StdEncoding.DecodeString(s)
	if fits(standard, err) {
		return standard, ""
	}
	unescaped, _ := url.PathUnescape(s)
	compact := strings.Join(strings.Fields(s), "")
	twice, _ := base64.StdEncoding.DecodeString(string(standard))
	for _, other := range []struct {
		mistake string
		decode  func() ([]byte, error)
	}{
		{"signature-hex", func() ([]byte, error) { return hex.DecodeString(s) }},
		{"signature-hex", func() ([]byte, error) { return hex.DecodeString(string(standard)) }},
		{"signature-base64-twice", func() ([]byte, error) { return twice, nil }},
		{"signature-base64url", func() ([]byte, error) { return base64.URLEncoding.DecodeString(s) }},
		{"signature-base64url", func() ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }},
		{"signature-unpadded", func() ([]byte, error) { return base64.RawStdEncoding.DecodeString(s) }},
		{"signature-url-escaped", func() ([]byte, error) { return base64.StdEncoding.DecodeString(unescaped) }},
		{"signature-url-escaped", func() ([]byte, error) { return base64.StdEncoding.DecodeString(strings.ReplaceAll(s, " ", "+")) }},
		{"signature-spaces", func() ([]byte, error) { return base64.StdEncoding.DecodeString(compact) }},
	} {
		if b, err := other.decode(); fits(b, err) {
			return b, other.mistake
		}
	}
	if err != nil {
		return nil, "signature-not-base64"
	}
	return nil, "signature-length"
}

// recoverPadded undoes the operation of the private key: what comes out is the
// padded hash. It is nil for a number that the key does not take.
func recoverPadded(key *rsa.PublicKey, signature []byte) []byte {
	n := new(big.Int).SetBytes(signature)
	if len(signature) != key.Size() || n.Cmp(key.N) >= 0 {
		return nil
	}
	return n.Exp(n, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
}

// unpad takes off the padding of PKCS #1 v1.5.
func unpad(padded []byte) (content []byte, ok bool) {
	rest, ok := bytes.CutPrefix(padded, []byte{0, 1})
	if !ok {
		return nil, false
	}
	content = bytes.TrimLeft(rest, "\xff")
	if len(rest)-len(content) < 8 || len(content) == 0 || content[0] != 0 {
		return nil, false
	}
	return content[1:], true
}

// digestOf reads what PKCS #1 v1.5 pads: the name of a hash and its value. hash
// is 0 when that cannot be told.
func digestOf(content []byte) (hash crypto.Hash, digest []byte, mistake string) {
	for _, known := range []struct {
		hash           crypto.Hash
		prefix, wanted string
	}{
		{crypto.SHA256, "3031300d060960864801650304020105000420", ""},
		{crypto.SHA1, "3021300906052b0e03021a05000414", "sha1"},
		{crypto.MD5, "3020300c06082a864886f70d020505000410", "md5"},
		{crypto.SHA384, "3041300d060960864801650304020205000430", "sha384"},
		{crypto.SHA512, "3051300d060960864801650304020305000440", "sha512"},
	} {
		prefix, _ := hex.DecodeString(known.prefix)
		if digest, ok := bytes.CutPrefix(content, prefix); ok && len(digest) == known.hash.Size() {
			return known.hash, digest, known.wanted
		}
	}
	if len(content) == sha256.Size {
		return crypto.SHA256, content, "no-digest-info"
	}
	if digest, err := hex.DecodeString(string(content)); err == nil && len(digest) == sha256.Size {
		return crypto.SHA256, digest, "no-digest-info"
	}
	return 0, nil, "no-digest-info"
}
