package sandbox

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

// WithKeyMode sets which key signs answers and notifications, and whether
// there are certificates to download. The default is [KeyModeEither].
func WithKeyMode(m KeyMode) Option {
	return func(s *Sandbox) {
		if s.keyMode = m; m < KeyModeEither || m > KeyModeMigration {
			s.refuseOption("there is no key mode %d", m)
		}
	}
}

// answerKey returns the key to sign with for a request that asked for one by
// its id, and its id. Anyone who names an older certificate gets the newest.
// The caller does not hold s.mu.
func (s *Sandbox) answerKey(wanted string) (*rsa.PrivateKey, string) {
	public := s.credentials.account.PublicKeyID
	usePublic := true
	switch s.keyMode {
	case KeyModeCertificate:
		usePublic = false
	case KeyModeMigration:
		usePublic = strings.EqualFold(wanted, public)
	case KeyModeEither:
		_, certificate := s.platformKey(wanted)
		usePublic = !certificate
	}
	if usePublic {
		return s.credentials.wechatpay, public
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := s.newestCertificate()
	return newest.key, newest.Serial
}

// decryptionKey returns the key that a request says it encrypted with.
func (s *Sandbox) decryptionKey(id string) (*rsa.PrivateKey, bool) {
	if s.keyMode != KeyModeCertificate && strings.EqualFold(id, s.credentials.account.PublicKeyID) {
		return s.credentials.wechatpay, true
	}
	if s.keyMode == KeyModePublicKey {
		return nil, false
	}
	return s.platformKey(id)
}
