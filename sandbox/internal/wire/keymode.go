package wire

import (
	"crypto/rsa"
	"strings"
)

// KeyMode says which of WeChat Pay's keys the merchant knows.
type KeyMode int

const (
	// KeyModeEither has both keys ready: Wechatpay-Serial of the request
	// chooses, and without one the public key signs, as it does notifications.
	KeyModeEither KeyMode = iota
	// KeyModePublicKey is a merchant of today: there is no platform certificate,
	// and the public key signs everything.
	KeyModePublicKey
	// KeyModeCertificate is a merchant of old: the newest platform certificate
	// signs everything, whatever the request asks for.
	KeyModeCertificate
	// KeyModeMigration is a merchant of old who moves to the public key: it
	// signs for requests that ask for it, the newest platform certificate for
	// all others and notifications.
	KeyModeMigration
)

// answerKey returns the key to sign with for a request that asked for one by
// its id, and its id. Anyone who names an older certificate gets the newest.
// The caller does not hold the lock.
func (k *Keys) answerKey(wanted string) (*rsa.PrivateKey, string) {
	public := k.Credentials.account.PublicKeyID
	usePublic := true
	switch k.Mode {
	case KeyModeCertificate:
		usePublic = false
	case KeyModeMigration:
		usePublic = strings.EqualFold(wanted, public)
	case KeyModeEither:
		_, certificate := k.platformKey(wanted)
		usePublic = !certificate
	}
	if usePublic {
		return k.Credentials.wechatpay, public
	}
	k.store.Lock()
	defer k.store.Unlock()
	newest := k.newest()
	return newest.key, newest.Serial
}

// DecryptionKey returns the key that a request says it encrypted with.
func (k *Keys) DecryptionKey(id string) (*rsa.PrivateKey, bool) {
	if k.Mode != KeyModeCertificate && strings.EqualFold(id, k.Credentials.account.PublicKeyID) {
		return k.Credentials.wechatpay, true
	}
	if k.Mode == KeyModePublicKey {
		return nil, false
	}
	return k.platformKey(id)
}
