package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const (
	apiV3KeySize = 32
	gcmNonceSize = 12
	gcmTagSize   = 16
)

// APIv3Key is the key that the merchant sets on the merchant platform (APIv3密钥).
// WeChat Pay encrypts notifications and platform certificates with it. It is
// immutable and safe for concurrent use. Printed or logged, it shows nothing.
// The zero value decrypts nothing.
type APIv3Key struct {
	// The key is held in a function so that nothing that prints or walks
	// values can reach it.
	aead func() cipher.AEAD
}

// NewAPIv3Key returns the key that was set on the merchant platform. It must have
// exactly 32 bytes, white space around it not counted; else the error is a
// *DecryptError with ReasonKey. An APIv2 key looks the same: that it is the wrong
// one shows when it decrypts nothing.
func NewAPIv3Key(key string) (APIv3Key, error) {
	key = strings.TrimSpace(key)
	if len(key) != apiV3KeySize {
		return APIv3Key{}, &DecryptError{Reason: ReasonKey, Size: len(key)}
	}
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		return APIv3Key{}, &DecryptError{Reason: ReasonKey, Size: len(key)}
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return APIv3Key{}, &DecryptError{Reason: ReasonKey, Size: len(key)}
	}
	return APIv3Key{aead: func() cipher.AEAD { return aead }}, nil
}

// IsZero reports whether k is the zero value, which is no key.
func (k APIv3Key) IsZero() bool { return k.aead == nil }

const redactedAPIv3Key = "auth.APIv3Key{redacted}"

// String describes the key without showing it.
func (k APIv3Key) String() string { return redactedAPIv3Key }

// Format implements fmt.Formatter: every verb prints String.
func (k APIv3Key) Format(f fmt.State, _ rune) { io.WriteString(f, redactedAPIv3Key) }

// LogValue implements slog.LogValuer without the key.
func (k APIv3Key) LogValue() slog.Value { return slog.StringValue(redactedAPIv3Key) }

// MarshalJSON implements json.Marshaler without the key.
func (k APIv3Key) MarshalJSON() ([]byte, error) { return []byte(`"` + redactedAPIv3Key + `"`), nil }

// Decrypt decrypts the resource of a notification, or a platform certificate,
// that was encrypted with AEAD_AES_256_GCM: ciphertextBase64 is standard base64,
// as a string or as bytes, and ends with the tag of 16 bytes, nonce has 12 bytes and is not that of the
// signature, associatedData may be empty.
//
// Give the new key and the old one after a reset: what was encrypted before
// comes in for a day. The keys are tried in their order.
//
// Every error is a *DecryptError.
func Decrypt[B string | []byte](nonce, associatedData string, ciphertextBase64 B, keys ...APIv3Key) ([]byte, error) {
	// Open panics on a nonce of another length.
	if len(nonce) != gcmNonceSize {
		return nil, &DecryptError{Reason: ReasonNonce, Size: len(nonce)}
	}
	w := workspaces.Get().(*workspace)
	defer w.release()
	var err error
	w.buf = append(w.buf[:0], ciphertextBase64...)
	if w.sealed, err = base64.StdEncoding.AppendDecode(w.sealed[:0], w.buf); err != nil {
		return nil, &DecryptError{Reason: ReasonCiphertext, Size: -1}
	}
	if len(w.sealed) < gcmTagSize {
		return nil, &DecryptError{Reason: ReasonCiphertext, Size: len(w.sealed)}
	}
	w.nonce = append(w.nonce[:0], nonce...)
	w.buf = append(w.buf[:0], associatedData...)
	if len(keys) == 0 {
		return nil, &DecryptError{Reason: ReasonKey}
	}
	for _, key := range keys {
		if key.aead == nil {
			return nil, &DecryptError{Reason: ReasonKey}
		}
		plaintext, err := key.aead().Open(nil, w.nonce, w.sealed, w.buf)
		if err == nil {
			return plaintext, nil
		}
	}
	return nil, &DecryptError{Reason: ReasonAuthentication, Size: len(w.sealed)}
}

// Values of DecryptError.Reason.
const (
	ReasonKey            = "key"            // no key, or not one of 32 bytes
	ReasonNonce          = "nonce"          // not 12 bytes
	ReasonCiphertext     = "ciphertext"     // not base64, or shorter than its tag
	ReasonAuthentication = "authentication" // encrypted with another key, or altered
)

// DecryptError reports what cannot be decrypted. It holds neither key nor
// ciphertext nor plaintext. ReasonAuthentication most often means that the APIv3
// key is wrong (an APIv2 key has 32 characters, too) or was reset.
type DecryptError struct {
	Reason string // ReasonKey, ReasonNonce, ReasonCiphertext or ReasonAuthentication
	Size   int    // bytes of what Reason names; -1 when it is not base64
}

// Error returns one line.
func (e *DecryptError) Error() string {
	switch {
	case e.Reason == ReasonKey:
		return fmt.Sprintf("auth: decrypt: the APIv3 key has %d bytes, not %d (white space around it does not count)", e.Size, apiV3KeySize)
	case e.Reason == ReasonNonce:
		return fmt.Sprintf("auth: decrypt: the nonce has %d bytes, not %d; it is that of the resource, not %s", e.Size, gcmNonceSize, HeaderNonce)
	case e.Reason == ReasonCiphertext && e.Size < 0:
		return "auth: decrypt: the ciphertext is not base64"
	case e.Reason == ReasonCiphertext:
		return fmt.Sprintf("auth: decrypt: the ciphertext has %d bytes, its tag alone has %d", e.Size, gcmTagSize)
	default:
		return "auth: decrypt: none of the APIv3 keys fits (it was reset, or is another merchant's; a service provider uses its own), or the ciphertext was altered"
	}
}
