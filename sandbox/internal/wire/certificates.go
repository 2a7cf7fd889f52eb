package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
)

// maxCertificates bounds the list, as the contract does.
const maxCertificates = 20

// platformCertificate is the record of a platform certificate that was made
// after the one of the credentials.
type platformCertificate struct {
	Serial      string
	EffectiveAt time.Time
	ExpiresAt   time.Time
	certificate []byte // DER
	key         *rsa.PrivateKey
}

// keptCertificate is how a record of it looks.
type keptCertificate struct {
	Certificate []byte `json:"certificate"` // DER
	Key         []byte `json:"key"`         // PKCS#8; it guards no money
}

// MarshalJSON keeps the key too: a restart must go on with it.
func (c *platformCertificate) MarshalJSON() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return nil, err
	}
	return json.Marshal(keptCertificate{c.certificate, key})
}

// UnmarshalJSON parses the key once, and not for each answer.
func (c *platformCertificate) UnmarshalJSON(b []byte) error {
	var kept keptCertificate
	if err := json.Unmarshal(b, &kept); err != nil {
		return err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(kept.Key)
	if err != nil {
		return err
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return errors.New("not an RSA key")
	}
	read, err := newPlatformCertificate(kept.Certificate, key)
	if err == nil {
		*c = *read
	}
	return err
}

// Format keeps the key out of whatever prints a record.
func (c *platformCertificate) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.Serial)) }

func newPlatformCertificate(der []byte, key *rsa.PrivateKey) (*platformCertificate, error) {
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &platformCertificate{
		Serial: fmt.Sprintf("%X", parsed.SerialNumber.Bytes()), EffectiveAt: parsed.NotBefore, ExpiresAt: parsed.NotAfter,
		certificate: der, key: key,
	}, nil
}

// Keys sign for WeChat Pay, as a merchant of a mode expects it, and check what
// the merchant signed. They are safe for concurrent use once Use was called.
type Keys struct {
	Credentials *Credentials
	Mode        KeyMode

	store        *store.Store
	certificates *store.Table[platformCertificate] // by their order, four digits
	first        *platformCertificate              // of the credentials
	rotating     sync.Mutex                        // held while a certificate is made, before the store's lock
}

// NewKeys returns keys without credentials, which keep their certificates in a
// store.
func NewKeys(s *store.Store) *Keys {
	return &Keys{store: s, certificates: store.NewTable[platformCertificate](s, "certificates")}
}

// Use takes the credentials.
func (k *Keys) Use(c *Credentials) error {
	if err := c.usable(); err != nil {
		return err
	}
	first, err := newPlatformCertificate(c.platformCert, c.platform)
	if err != nil {
		return fmt.Errorf("sandbox: platform certificate: %w", err)
	}
	k.Credentials, k.first = c, first
	return nil
}

// all are the certificate of the credentials and those that came after it, the
// newest last. The caller holds the store's lock.
func (k *Keys) all() []*platformCertificate {
	all := []*platformCertificate{k.first}
	for _, c := range k.certificates.All() {
		all = append(all, c)
	}
	return all
}

func (k *Keys) newest() *platformCertificate {
	all := k.all()
	return all[len(all)-1]
}

// Fill lists the first certificate n times more: to make keys takes long.
func (k *Keys) Fill(n int) {
	for i := range n {
		k.certificates.Put(fmt.Sprintf("%04d", i+1), k.first)
	}
}

// platformKey finds the key of a platform certificate. The caller does not
// hold the lock.
func (k *Keys) platformKey(serial string) (*rsa.PrivateKey, bool) {
	k.store.Lock()
	defer k.store.Unlock()
	for _, c := range k.all() {
		if strings.EqualFold(serial, c.Serial) {
			return c.key, true
		}
	}
	return nil, false
}

// Rotate makes a new platform certificate. It signs from now on; the older ones
// stay in the list until they expire. keep runs what it is given as one
// operation on the store. An error means that nothing changed.
func (k *Keys) Rotate(keep func(do func() error) error) error {
	// One at a time, and none in vain: any request can ask for one, and to make
	// a key takes long.
	k.rotating.Lock()
	defer k.rotating.Unlock()
	if why := k.cannotRotate(); why != "" {
		return rules.Impossible(why)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("sandbox: rotate the certificate: %w", err)
	}
	der, _, err := selfSigned("payscore sandbox platform certificate", key, k.store.Clock.Wall())
	if err != nil {
		return err
	}
	made, err := newPlatformCertificate(der, key)
	if err != nil {
		return fmt.Errorf("sandbox: rotate the certificate: %w", err)
	}
	return keep(func() error {
		k.certificates.Put(fmt.Sprintf("%04d", k.certificates.Len()+1), made)
		return nil
	})
}

// cannotRotate says why there can be no new certificate, "" when there can. The
// caller does not hold the lock.
func (k *Keys) cannotRotate() string {
	if k.Mode == KeyModePublicKey {
		return "the merchant has a public key only"
	}
	k.store.Lock()
	defer k.store.Unlock()
	if count := k.certificates.Len() + 1; count >= maxCertificates {
		return fmt.Sprintf("there are %d certificates already", count)
	}
	return ""
}

// PlatformSerialNo returns the serial of the newest platform certificate.
func (k *Keys) PlatformSerialNo() string {
	k.store.Lock()
	defer k.store.Unlock()
	return k.newest().Serial
}

// Certificates are the answer to a merchant who downloads them. The caller
// holds the store's lock.
func (k *Keys) Certificates(sm2 bool) (payscore.CertificateList, error) {
	list := payscore.CertificateList{Data: []payscore.PlatformCertificate{}}
	if k.Mode == KeyModePublicKey || sm2 {
		return list, rules.Refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", 0, "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥")
	}
	for _, c := range k.all() {
		// Certificates go by the wall clock, as whoever uses them does.
		if !k.store.Clock.Wall().Before(c.ExpiresAt) {
			continue
		}
		sealed, err := k.sealCertificate(c.certificate)
		if err != nil {
			return list, err
		}
		list.Data = append(list.Data, payscore.PlatformCertificate{
			SerialNo: c.Serial, EffectiveTime: *rules.Moment(c.EffectiveAt), ExpireTime: *rules.Moment(c.ExpiresAt), EncryptCertificate: sealed,
		})
	}
	return list, nil
}

// sealCertificate encrypts a certificate with the APIv3 key.
func (k *Keys) sealCertificate(der []byte) (sealed payscore.EncryptedCertificate, err error) {
	block, err := aes.NewCipher([]byte(k.Credentials.account.APIv3Key()))
	if err != nil {
		return sealed, fmt.Errorf("sandbox: encrypt a certificate: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return sealed, fmt.Errorf("sandbox: encrypt a certificate: %w", err)
	}
	const associatedData = "certificate"
	nonce := rand.Text()[:gcm.NonceSize()]
	plain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return payscore.EncryptedCertificate{
		Algorithm: payscore.SecretAlgorithmAeadAes256Gcm, Nonce: nonce, AssociatedData: associatedData,
		Ciphertext: base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), plain, []byte(associatedData))),
	}, nil
}
