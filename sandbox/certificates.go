package sandbox

import (
	"context"
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
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
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

// allCertificates are the one of the credentials and those that came after it,
// the newest last. The caller holds the lock.
func (s *Sandbox) allCertificates() []*platformCertificate {
	all := []*platformCertificate{s.firstCertificate}
	for _, c := range s.certificates.All() {
		all = append(all, c)
	}
	return all
}

func (s *Sandbox) newestCertificate() *platformCertificate {
	all := s.allCertificates()
	return all[len(all)-1]
}

// platformKey finds the key of a platform certificate. The caller does not
// hold the lock.
func (s *Sandbox) platformKey(serial string) (*rsa.PrivateKey, bool) {
	s.db.Lock()
	defer s.db.Unlock()
	for _, c := range s.allCertificates() {
		if strings.EqualFold(serial, c.Serial) {
			return c.key, true
		}
	}
	return nil, false
}

// RotateCertificate makes a new platform certificate. It signs from now on;
// the older ones stay in the list until they expire. An error, most often a
// [*MoveError], means that nothing changed.
func (s *Sandbox) RotateCertificate() error {
	s.mustBeOpen()
	const move = "rotate_certificate"
	// One at a time, and none in vain: any request can ask for one, and to make
	// a key takes long.
	s.rotating.Lock()
	defer s.rotating.Unlock()
	if why := s.cannotRotate(); why != "" {
		return &MoveError{Move: move, Err: impossible(why)}
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("sandbox: rotate the certificate: %w", err)
	}
	der, _, err := selfSigned("payscore sandbox platform certificate", key, s.db.Clock.Wall())
	if err != nil {
		return err
	}
	made, err := newPlatformCertificate(der, key)
	if err != nil {
		return fmt.Errorf("sandbox: rotate the certificate: %w", err)
	}
	return s.otherMove(move, "", func() error {
		s.certificates.Put(fmt.Sprintf("%04d", s.certificates.Len()+1), made)
		return nil
	})
}

// cannotRotate says why there can be no new certificate, "" when there can. The
// caller does not hold the lock.
func (s *Sandbox) cannotRotate() string {
	if s.keyMode == KeyModePublicKey {
		return "the merchant has a public key only"
	}
	s.db.Lock()
	defer s.db.Unlock()
	if count := s.certificates.Len() + 1; count >= maxCertificates {
		return fmt.Sprintf("there are %d certificates already", count)
	}
	return ""
}

// PlatformSerialNo returns the serial of the newest platform certificate.
func (s *Sandbox) PlatformSerialNo() string {
	s.mustBeOpen()
	s.db.Lock()
	defer s.db.Unlock()
	return s.newestCertificate().Serial
}

func (s operations) DownloadCertificates(ctx context.Context, r api.DownloadCertificatesRequestObject) (api.DownloadCertificatesResponseObject, error) {
	sm2 := r.Params.AlgorithmType != nil && *r.Params.AlgorithmType == payscore.CertificateAlgorithmSM2
	if s.keyMode == KeyModePublicKey || sm2 {
		return nil, refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", 0, "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥")
	}
	defer s.lock(ctx)()
	list := payscore.CertificateList{Data: []payscore.PlatformCertificate{}}
	for _, c := range s.allCertificates() {
		// Certificates go by the wall clock, as whoever uses them does.
		if !s.db.Clock.Wall().Before(c.ExpiresAt) {
			continue
		}
		sealed, err := s.sealCertificate(c.certificate)
		if err != nil {
			return nil, err
		}
		list.Data = append(list.Data, payscore.PlatformCertificate{
			SerialNo: c.Serial, EffectiveTime: *moment(c.EffectiveAt), ExpireTime: *moment(c.ExpiresAt), EncryptCertificate: sealed,
		})
	}
	return api.DownloadCertificates200JSONResponse{Body: list}, nil
}

// sealCertificate encrypts a certificate with the APIv3 key.
func (s *Sandbox) sealCertificate(der []byte) (sealed payscore.EncryptedCertificate, err error) {
	block, err := aes.NewCipher([]byte(s.credentials.account.APIv3Key()))
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
