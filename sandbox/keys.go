package sandbox

import "github.com/wxpayscore/payscore/sandbox/internal/wire"

// Files of a credentials directory.
const (
	MerchantKeyFile  = wire.MerchantKeyFile  // PKCS#8, mode 0600
	MerchantCertFile = wire.MerchantCertFile // the merchant's API certificate
	PublicKeyFile    = wire.PublicKeyFile    // SPKI
	PlatformCertFile = wire.PlatformCertFile // WeChat Pay's platform certificate
	// AuthorityCertFile has the certificate that clients trust, to call the
	// sandbox over TLS.
	AuthorityCertFile = wire.AuthorityCertFile
	AccountFile       = wire.AccountFile // an Account, mode 0600 because of the APIv3 key
)

// Account is the content of sandbox.json, what a merchant needs to call the
// sandbox: BaseURL, MchID, SerialNo, PublicKeyID, PlatformSerialNo, ServiceID,
// AppID and SubMchID. The method APIv3Key returns the APIv3 key, which the JSON
// has as api_v3_key. Printing or logging an Account does not show the key.
type Account = wire.Account

// Credentials are the keys of both sides: the merchant's, and those that the
// sandbox signs with in place of WeChat Pay's. They guard no money. Account
// returns the ids that go with them, Save(dir) writes all of their files and
// WriteAccount(dir, baseURL) the one with the sandbox's address.
//
// They have an authority, too, which issues the sandbox's certificates for TLS:
// for WeChat Pay's hosts, localhost, 127.0.0.1 and ::1, and for no other name.
// CertPool returns its certificate, for clients.
type Credentials = wire.Credentials

// NewCredentials makes new keys, which takes about a second.
func NewCredentials() (*Credentials, error) { return wire.NewCredentials() }

// OpenCredentials loads the credentials of a directory, or makes new ones and
// saves them there when it has none. A directory that has some of the files
// only is an error: to overwrite a key is not ours to decide.
func OpenCredentials(dir string) (*Credentials, error) { return wire.OpenCredentials(dir) }

// Credentials returns the keys of both sides.
func (s *Sandbox) Credentials() *Credentials {
	s.mustBeOpen()
	return s.credentials
}
