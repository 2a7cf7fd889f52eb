package auth

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// APIv3Key is the symmetric key of the merchant that encrypts notifications
// and platform certificates. Printed or logged, it does not show itself. The
// zero value decrypts nothing.
type APIv3Key struct {
	// The key is held in a function so that nothing that prints or walks
	// values can reach it.
	key func() []byte
}

// NewAPIv3Key takes the key as it was set on the merchant platform: exactly 32
// bytes, neither hex nor base64.
func NewAPIv3Key(key string) (APIv3Key, error) {
	if len(key) != 32 {
		return APIv3Key{}, errors.New("auth: an APIv3 key has 32 bytes")
	}
	return APIv3Key{func() []byte { return []byte(key) }}, nil
}

const redactedAPIv3Key = "auth.APIv3Key{redacted}"

// String does not show the key.
func (APIv3Key) String() string { return redactedAPIv3Key }

// Format implements fmt.Formatter: every verb prints String.
func (k APIv3Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// LogValue implements slog.LogValuer without the key.
func (k APIv3Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText implements encoding.TextMarshaler without the key.
func (k APIv3Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
