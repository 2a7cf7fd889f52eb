package wire

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/authority"
)

// Account is what a merchant of the sandbox is told, as sandbox.json holds it.
// Its JSON has the APIv3 key as api_v3_key; printed or logged, it does not show.
type Account struct {
	BaseURL          string `json:"base_url"`           // where the sandbox listens
	MchID            string `json:"mchid"`              // the service provider
	SerialNo         string `json:"serial_no"`          // of the merchant's API certificate
	PublicKeyID      string `json:"public_key_id"`      // of WeChat Pay's public key
	PlatformSerialNo string `json:"platform_serial_no"` // of WeChat Pay's platform certificate
	ServiceID        string `json:"service_id"`
	AppID            string `json:"appid"`
	SubMchID         string `json:"sub_mchid"`

	// Held in a function, which nothing that prints or walks values follows:
	// fmt cannot call Format in an unexported field of another struct.
	apiV3Key func() string
}

// APIv3Key returns the key that notifications and platform certificates are
// encrypted with, of 32 bytes. It is empty in the zero Account.
func (a Account) APIv3Key() string {
	if a.apiV3Key == nil {
		return ""
	}
	return a.apiV3Key()
}

// accountJSON is an Account in sandbox.json.
type accountJSON struct {
	accountIDs
	APIv3Key string `json:"api_v3_key"`
}

// accountIDs has the fields of Account, and not its methods.
type accountIDs Account

// MarshalJSON writes the account with its APIv3 key.
func (a Account) MarshalJSON() ([]byte, error) {
	return json.Marshal(accountJSON{accountIDs(a), a.APIv3Key()})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (a *Account) UnmarshalJSON(b []byte) error {
	var read accountJSON
	if err := json.Unmarshal(b, &read); err != nil {
		return err
	}
	*a = Account(read.accountIDs)
	a.apiV3Key = func() string { return read.APIv3Key }
	return nil
}

// String leaves the APIv3 key out.
func (a Account) String() string {
	return fmt.Sprintf("%s of %s, serial %s, key %s", a.MchID, a.BaseURL, a.SerialNo, a.PublicKeyID)
}

// Format leaves the APIv3 key out, whatever the verb.
func (a Account) Format(f fmt.State, _ rune) { Format(f, a.String()) }

// Format writes a text for fmt. A nil state takes none.
func Format(f fmt.State, text string) {
	if f != nil {
		_, _ = io.WriteString(f, text)
	}
}

// LogValue leaves the APIv3 key out.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Files of a credentials directory.
const (
	MerchantKeyFile  = "apiclient_key.pem"         // PKCS#8, mode 0600
	MerchantCertFile = "apiclient_cert.pem"        // the merchant's API certificate
	PublicKeyFile    = "wechatpay_public_key.pem"  // SPKI
	PlatformCertFile = "platform_cert.pem"         // WeChat Pay's platform certificate
	AccountFile      = "sandbox.json"              // an Account, mode 0600 because of the APIv3 key
	wechatpayKeyFile = "wechatpay_private_key.pem" // what the sandbox signs with, kept so that a restart can go on
	platformKeyFile  = "platform_private_key.pem"
)

// Credentials are the keys of both sides: the merchant's, and those that the
// sandbox signs with in place of WeChat Pay's. They guard no money.
type Credentials struct {
	account      Account
	merchant     *rsa.PrivateKey
	wechatpay    *rsa.PrivateKey
	platform     *rsa.PrivateKey
	merchantCert []byte // DER
	platformCert []byte // DER
	authority    *authority.Authority
}

// Account returns the ids that go with the keys, with an empty BaseURL.
func (c *Credentials) Account() Account {
	if c == nil {
		return Account{}
	}
	return c.account
}

// MerchantKey returns the merchant's private key. It is a function, so that the
// public type does not hand it out.
func MerchantKey(c *Credentials) *rsa.PrivateKey { return c.merchant }

// WechatpayKey returns the private key that the sandbox signs with.
func WechatpayKey(c *Credentials) *rsa.PrivateKey { return c.wechatpay }

// PlatformKey returns the public key of the first platform certificate.
func PlatformKey(c *Credentials) *rsa.PublicKey { return &c.platform.PublicKey }

// SecretFiles are the files of a directory that only their owner may read.
func SecretFiles() []string {
	return []string{MerchantKeyFile, wechatpayKeyFile, platformKeyFile, AccountFile, issuerFile}
}

// String names the account and no key.
func (c Credentials) String() string { return "sandbox credentials of " + c.account.MchID }

// Format names the account and no key, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) { Format(f, c.String()) }

// LogValue names the account and no key.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// NewCredentials makes new keys, which takes about a second.
func NewCredentials() (*Credentials, error) {
	apiV3Key := rand.Text()[:16] + rand.Text()[:16]
	c := &Credentials{account: Account{
		MchID:       "1230000109",
		PublicKeyID: "PUB_KEY_ID_0112300001092026010100000000000001",
		ServiceID:   "2002000000000558128851361561536",
		AppID:       "wxd678efh567hg6787",
		SubMchID:    "1900000109",
		apiV3Key:    func() string { return apiV3Key },
	}}
	keys := []**rsa.PrivateKey{&c.merchant, &c.wechatpay, &c.platform}
	errs := make([]error, len(keys))
	var made sync.WaitGroup
	for i, key := range keys {
		made.Go(func() { *key, errs[i] = rsa.GenerateKey(rand.Reader, 2048) })
	}
	made.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("sandbox: make keys: %w", err)
	}
	var err error
	if c.merchantCert, c.account.SerialNo, err = selfSigned(c.account.MchID, c.merchant, time.Now()); err != nil {
		return nil, err
	}
	if c.platformCert, c.account.PlatformSerialNo, err = selfSigned("payscore sandbox platform certificate", c.platform, time.Now()); err != nil {
		return nil, err
	}
	if c.authority, err = newAuthority(); err != nil {
		return nil, err
	}
	return c, nil
}

// selfSigned returns a certificate of five years from now on, as DER, and its serial of 40
// hex digits.
func selfSigned(name string, key *rsa.PrivateKey, now time.Time) (der []byte, serial string, err error) {
	var number [20]byte
	_, _ = rand.Read(number[:])
	number[0] = number[0]&0x3f | 0x40 // positive, and no leading zero
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(number[:]),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(5, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, "", fmt.Errorf("sandbox: make a certificate: %w", err)
	}
	return der, fmt.Sprintf("%X", number), nil
}

// OpenCredentials loads the credentials of a directory, or makes new ones and
// saves them there when it has none. A directory that has some of the files
// only is an error: to overwrite a key is not ours to decide.
func OpenCredentials(dir string) (*Credentials, error) {
	c, err := loadCredentials(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	for _, name := range []string{MerchantKeyFile, MerchantCertFile, PublicKeyFile, PlatformCertFile, wechatpayKeyFile, platformKeyFile, AuthorityCertFile, issuerFile, AccountFile} {
		if _, statErr := os.Lstat(filepath.Join(dir, name)); statErr == nil {
			return nil, fmt.Errorf("sandbox: %s has %s but not all of the sandbox's files: %w", dir, name, err)
		}
	}
	if c, err = NewCredentials(); err != nil {
		return nil, err
	}
	if err := c.Save(dir); err != nil {
		return nil, err
	}
	return c, nil
}

// WriteAccount writes sandbox.json, with the URL at which the sandbox listens.
func (c *Credentials) WriteAccount(dir, baseURL string) error {
	account := c.Account()
	if err := account.complete(); err != nil {
		return fmt.Errorf("sandbox: write the account: %w", err)
	}
	account.BaseURL = baseURL
	b, err := json.MarshalIndent(account, "", "  ")
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return writeFile(filepath.Join(dir, AccountFile), append(b, '\n'), 0o600)
}

// Save writes all files of the credentials to a directory, which it makes when
// needed. Private keys and sandbox.json get mode 0600.
func (c *Credentials) Save(dir string) error {
	if err := c.usable(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	for name, key := range map[string]*rsa.PrivateKey{MerchantKeyFile: c.merchant, wechatpayKeyFile: c.wechatpay, platformKeyFile: c.platform} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
		if err := writePEM(filepath.Join(dir, name), "PRIVATE KEY", der, 0o600); err != nil {
			return err
		}
	}
	spki, err := x509.MarshalPKIXPublicKey(c.wechatpay.Public())
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return errors.Join(
		writePEM(filepath.Join(dir, MerchantCertFile), "CERTIFICATE", c.merchantCert, 0o644),
		writePEM(filepath.Join(dir, PlatformCertFile), "CERTIFICATE", c.platformCert, 0o644),
		writePEM(filepath.Join(dir, PublicKeyFile), "PUBLIC KEY", spki, 0o644),
		saveAuthority(dir, c.authority),
		c.WriteAccount(dir, ""),
	)
}

func loadCredentials(dir string) (*Credentials, error) {
	c := &Credentials{}
	b, err := os.ReadFile(filepath.Join(dir, AccountFile))
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if err := json.Unmarshal(b, &c.account); err != nil {
		return nil, fmt.Errorf("sandbox: %s: %w", filepath.Join(dir, AccountFile), err)
	}
	c.account.BaseURL = ""
	if err := c.account.complete(); err != nil {
		return nil, fmt.Errorf("sandbox: %s: %w", filepath.Join(dir, AccountFile), err)
	}
	for name, key := range map[string]**rsa.PrivateKey{MerchantKeyFile: &c.merchant, wechatpayKeyFile: &c.wechatpay, platformKeyFile: &c.platform} {
		if *key, err = readKey(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	if c.merchantCert, err = readCertificate(filepath.Join(dir, MerchantCertFile), c.account.SerialNo, c.merchant); err != nil {
		return nil, err
	}
	if c.platformCert, err = readCertificate(filepath.Join(dir, PlatformCertFile), c.account.PlatformSerialNo, c.platform); err != nil {
		return nil, err
	}
	// Only the merchant reads the public key, and would find no answer to verify.
	if err := checkPublicKey(filepath.Join(dir, PublicKeyFile), c.wechatpay); err != nil {
		return nil, err
	}
	if c.authority, err = loadAuthority(dir); err != nil {
		return nil, err
	}
	return c, nil
}

// usable wants the keys, which zero credentials have not.
func (c *Credentials) usable() error {
	if c == nil || c.merchant == nil || c.wechatpay == nil || c.platform == nil || c.authority == nil {
		return errors.New("sandbox: the credentials have no keys: they come from NewCredentials or OpenCredentials")
	}
	return nil
}

// complete tells what a sandbox cannot do without.
func (a Account) complete() error {
	for name, value := range map[string]string{
		"mchid": a.MchID, "public_key_id": a.PublicKeyID, "service_id": a.ServiceID, "appid": a.AppID, "sub_mchid": a.SubMchID,
	} {
		if value == "" {
			return errors.New(name + " is missing")
		}
	}
	if len(a.APIv3Key()) != 32 {
		return errors.New("api_v3_key is not 32 bytes long")
	}
	return nil
}

func readKey(file string) (*rsa.PrivateKey, error) {
	der, err := readPEM(file, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %s: %w", file, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("sandbox: %s: not an RSA key", file)
	}
	return key, nil
}

func readCertificate(file, serial string, key *rsa.PrivateKey) ([]byte, error) {
	der, err := readPEM(file, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %s: %w", file, err)
	}
	if got := fmt.Sprintf("%X", cert.SerialNumber.Bytes()); !strings.EqualFold(got, serial) {
		return nil, fmt.Errorf("sandbox: %s: serial %s, but %s says %s", file, got, AccountFile, serial)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("sandbox: %s: not the certificate of the private key beside it", file)
	}
	return der, nil
}

func checkPublicKey(file string, key *rsa.PrivateKey) error {
	der, err := readPEM(file, "PUBLIC KEY")
	if err != nil {
		return err
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return fmt.Errorf("sandbox: %s: %w", file, err)
	}
	if !key.PublicKey.Equal(public) {
		return fmt.Errorf("sandbox: %s: not the public key of %s", file, wechatpayKeyFile)
	}
	return nil
}

func readPEM(file, kind string) ([]byte, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("sandbox: %s: no PEM block %s", file, kind)
	}
	return block.Bytes, nil
}

func writePEM(file, kind string, der []byte, mode os.FileMode) error {
	return writeFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

// writeFile replaces a file in one step, with its mode set before its content
// can be read.
func writeFile(file string, content []byte, mode os.FileMode) error {
	temp := file + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sandbox: %w", err)
	}
	if err := os.WriteFile(temp, content, mode); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	if err := os.Rename(temp, file); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}
