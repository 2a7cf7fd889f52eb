package vectors

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"math/big"
	"strings"
)

type sensitiveVectors struct {
	Comment  string            `json:"comment"`
	Padding  string            `json:"padding"`
	Merchant vectorMerchant    `json:"merchant"`
	Keys     []vectorKey       `json:"wechatpay_keys"`
	MaxBytes int               `json:"max_bytes"`
	Fields   []sensitiveVector `json:"fields"`
}

// A sensitiveVector is a field of a response, or of a request that names serial.
type sensitiveVector struct {
	Name       string `json:"name"`
	Serial     string `json:"serial,omitempty"`
	Ciphertext string `json:"ciphertext"`
	Plaintext  string `json:"plaintext"`
	Valid      bool   `json:"valid"`
	Reason     string `json:"reason,omitempty"`
}

// padded makes the message that RSA encrypts, of size bytes.
type padded func(seed, text []byte, size int) []byte

// sensitive lists encrypted fields: those of responses, which the merchant's private
// key decrypts, and those of requests, which are for the key that the request names.
func sensitive(keys map[string]*rsa.PrivateKey) sensitiveVectors {
	const merchant = "merchant_key.pem"
	v := sensitiveVectors{
		Comment:  "Made with test keys. README.md beside this file says how to check it.",
		Padding:  "RSAES-OAEP, SHA-1, MGF1 with SHA-1, no label",
		Merchant: vectorMerchant{"1900000001", merchantSerial, merchant, "merchant_cert.pem"},
		Keys:     wechatpayKeys,
		MaxBytes: 256 - 2*sha1.Size - 2,
	}
	right := oaep(sha1.New, sha1.New, "")
	longest := strings.Repeat("微", 71) + "." // 214 bytes
	change := func(f func([]byte) []byte) func(string) string {
		return func(text string) string {
			sealed, _ := base64.StdEncoding.DecodeString(text)
			return base64.StdEncoding.EncodeToString(f(sealed))
		}
	}
	for i, f := range []struct {
		name, text, serial, reason string
		key                        string
		pad                        padded
		change                     func(string) string
	}{
		{name: "ASCII", text: "secret"},
		{name: "Chinese", text: "张三"},
		{name: "the same text again, another ciphertext", text: "张三"},
		{name: "the longest text, 214 bytes", text: longest},
		{name: "an empty text", text: ""},
		{name: "a text that begins with zero bytes", text: "\x00\x00a"},
		{name: "request, for the public key", text: "13800138000", serial: publicKeyID, key: "wechatpay_private_key.pem"},
		{name: "request, for the platform certificate", text: "13800138000", serial: platformSerial, key: "platform_private_key.pem"},
		{name: "request, for another key than it names", text: "13800138000", serial: platformSerial, key: "wechatpay_private_key.pem", reason: "authentication"},
		{name: "encrypted with WeChat Pay's key, not with the merchant's", text: "secret", key: "wechatpay_private_key.pem", reason: "authentication"},
		{name: "OAEP with SHA-256", text: "secret", pad: oaep(sha256.New, sha256.New, ""), reason: "authentication"},
		{name: "OAEP with SHA-1, MGF1 with SHA-256", text: "secret", pad: oaep(sha1.New, sha256.New, ""), reason: "authentication"},
		{name: "OAEP with a label", text: "secret", pad: oaep(sha1.New, sha1.New, "label"), reason: "authentication"},
		{name: "PKCS #1 v1.5", text: "secret", pad: pkcs1, reason: "authentication"},
		{name: "one bit changed", text: "secret", reason: "authentication", change: change(func(b []byte) []byte { b[len(b)-1] ^= 1; return b })},
		{name: "255 bytes", text: "secret", reason: "ciphertext", change: change(func(b []byte) []byte { return b[1:] })},
		{name: "257 bytes", text: "secret", reason: "ciphertext", change: change(func(b []byte) []byte { return append(b, 0) })},
		{name: "nothing", text: "secret", reason: "ciphertext", change: func(string) string { return "" }},
		{name: "not base64", text: "secret", reason: "ciphertext", change: func(s string) string { return "%" + s[1:] }},
		{name: "base64 with a line break", text: "secret", reason: "ciphertext", change: func(s string) string { return s[:76] + "\n" + s[76:] }},
		{name: "base64 without its padding", text: "secret", reason: "ciphertext", change: func(s string) string { return strings.TrimRight(s, "=") }},
		{name: "base64 of URLs", text: "secret", reason: "ciphertext", change: strings.NewReplacer("+", "-", "/", "_").Replace},
	} {
		key, pad := keys[merchant], right
		if f.key != "" {
			key = keys[f.key]
		}
		if f.pad != nil {
			pad = f.pad
		}
		field := sensitiveVector{Name: f.name, Serial: f.serial, Ciphertext: encrypt(key, pad, byte(i), f.text), Reason: f.reason, Valid: f.reason == ""}
		if f.change != nil {
			field.Ciphertext = f.change(field.Ciphertext)
		}
		if field.Valid {
			field.Plaintext = f.text
		}
		v.Fields = append(v.Fields, field)
	}
	return v
}

// encrypt is RSA with a seed that does not change, so that the file does not either.
// crypto/rsa offers none.
func encrypt(key *rsa.PrivateKey, pad padded, no byte, text string) string {
	m := new(big.Int).SetBytes(pad(bytes.Repeat([]byte{no + 1}, sha256.Size), []byte(text), key.Size()))
	sealed := m.Exp(m, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
	return base64.StdEncoding.EncodeToString(sealed)
}

// oaep is EME-OAEP of RFC 8017, section 7.1.1.
func oaep(newHash, newMask func() hash.Hash, label string) padded {
	return func(seed, text []byte, size int) []byte {
		h := newHash()
		h.Write([]byte(label))
		n := h.Size()
		data := make([]byte, size-1-n) // hash of the label, zeros, 1, text
		copy(data, h.Sum(nil))
		copy(data[len(data)-len(text):], text)
		data[len(data)-len(text)-1] = 1
		mask := func(dst, from []byte) []byte {
			out := bytes.Clone(dst)
			for i, done := uint32(0), 0; done < len(dst); i++ {
				m := newMask()
				m.Write(from)
				m.Write(binary.BigEndian.AppendUint32(nil, i))
				for _, b := range m.Sum(nil) {
					if done < len(dst) {
						out[done] ^= b
						done++
					}
				}
			}
			return out
		}
		masked := mask(data, seed[:n])
		return append(append([]byte{0}, mask(seed[:n], masked)...), masked...)
	}
}

// pkcs1 is EME-PKCS1-v1_5 of RFC 8017, section 7.2.1, which WeChat Pay does not use.
func pkcs1(_, text []byte, size int) []byte {
	out := append([]byte{0, 2}, bytes.Repeat([]byte{0xff}, size-3-len(text))...)
	return append(append(out, 0), text...)
}
