package wire

import (
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
)

// KeyMode says which of WeChat Pay's keys the merchant has.
type KeyMode int

const (
	// KeyModeMigration is a merchant who changes from the platform certificate
	// to the public key. The public key signs for requests that name it in
	// Wechatpay-Serial. The newest platform certificate signs for all others.
	KeyModeMigration KeyMode = iota
	// KeyModePublicKey is a new merchant. The public key signs everything, and
	// there is no platform certificate to download.
	KeyModePublicKey
	// KeyModePlatformCertificate is an older merchant. The newest platform
	// certificate signs everything, whichever key a request names.
	KeyModePlatformCertificate
)

// keyModes are the words of the modes.
var keyModes = []string{
	KeyModeMigration:           "migration",
	KeyModePublicKey:           "public-key",
	KeyModePlatformCertificate: "platform-certificate",
}

// Known reports whether there is such a mode.
func (m KeyMode) Known() bool { return m >= 0 && int(m) < len(keyModes) }

// String returns the word of the mode, as --key-mode takes it.
func (m KeyMode) String() string {
	if !m.Known() {
		return fmt.Sprintf("KeyMode(%d)", int(m))
	}
	return keyModes[m]
}

// MarshalText returns the word of the mode.
func (m KeyMode) MarshalText() ([]byte, error) {
	if !m.Known() {
		return nil, fmt.Errorf("there is no key mode %d", int(m))
	}
	return []byte(m.String()), nil
}

// UnmarshalText reads the word of a mode.
func (m *KeyMode) UnmarshalText(word []byte) error {
	i := slices.Index(keyModes, string(word))
	if i < 0 {
		return fmt.Errorf("there is no key mode %q: give one of %s", word, strings.Join(keyModes, ", "))
	}
	*m = KeyMode(i)
	return nil
}

// answerKey returns the key to sign with when a request names one, and its id.
// The newest certificate signs for a request that names an older one. The
// caller does not hold the lock.
func (k *Keys) answerKey(named string) (*rsa.PrivateKey, string) {
	if k.Mode == KeyModePublicKey || k.Mode == KeyModeMigration && k.IsPublicKey(named) {
		return k.Credentials.wechatpay, k.Credentials.account.PublicKeyID
	}
	k.store.Lock()
	defer k.store.Unlock()
	newest := k.newest()
	return newest.key, newest.Serial
}

// IsPublicKey reports whether id names the public key.
func (k *Keys) IsPublicKey(id string) bool {
	return strings.EqualFold(id, k.Credentials.account.PublicKeyID)
}

// DecryptionKey returns the key that a request says it encrypted with.
func (k *Keys) DecryptionKey(id string) (*rsa.PrivateKey, bool) {
	if k.Mode != KeyModePlatformCertificate && k.IsPublicKey(id) {
		return k.Credentials.wechatpay, true
	}
	if k.Mode == KeyModePublicKey {
		return nil, false
	}
	return k.platformKey(id)
}
