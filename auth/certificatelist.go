package auth

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// certificateList is the answer of GET /v3/certificates. All that may be absent
// or null in it is a zero value here.
type certificateList struct {
	Data []struct {
		Serial    string `json:"serial_no"`
		Encrypted struct {
			Algorithm      string `json:"algorithm"`
			Nonce          string `json:"nonce"`
			AssociatedData string `json:"associated_data"`
			Ciphertext     string `json:"ciphertext"`
		} `json:"encrypt_certificate"`
	} `json:"data"`
}

// parseCertificates decrypts a list of certificates. One that cannot be used
// does not spoil the others: the second result says what is wrong with it.
//
// The times in the list are not looked at: those in the certificate count, each
// time it is used.
func parseCertificates(body []byte, keys []APIv3Key, roots *x509.CertPool, now time.Time) ([]Key, []*DownloadError, error) {
	var list certificateList
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, nil, err
	}
	if list.Data == nil {
		return nil, nil, errors.New("the answer has no data")
	}
	var usable []Key
	var unusable []*DownloadError
	seen := map[string]bool{}
	for _, c := range list.Data {
		key, err := func() (Key, error) {
			e := c.Encrypted
			if e.Algorithm != "AEAD_AES_256_GCM" {
				return Key{}, fmt.Errorf("algorithm %s is not supported", quote(e.Algorithm))
			}
			plain, err := Decrypt(e.Nonce, e.AssociatedData, e.Ciphertext, keys...)
			if err != nil {
				return Key{}, err
			}
			return checkCertificate(plain, c.Serial, roots, now)
		}()
		id := normalID(key.ID)
		if err == nil && seen[id] {
			err = errors.New("listed twice")
		}
		if err != nil {
			unusable = append(unusable, &DownloadError{Serial: c.Serial, Err: err})
			continue
		}
		seen[id] = true
		usable = append(usable, key)
	}
	return usable, unusable, nil
}

// checkCertificate returns the key of a decrypted certificate, which must be
// the one that serial names and, if roots is not nil, chain up to one of them.
func checkCertificate(pem []byte, serial string, roots *x509.CertPool, now time.Time) (Key, error) {
	key, err := ParsePlatformCertificate(pem)
	if err != nil {
		return Key{}, err
	}
	if !isSerial(serial) || normalID(serial) != normalID(key.ID) {
		return Key{}, fmt.Errorf("%w: %s", ErrCertificateSerial, key.ID)
	}
	if roots == nil {
		return key, nil
	}
	cert, _, err := parseCertificate(pem)
	if err != nil {
		return Key{}, err
	}
	// When it may be used is checked at each use; a renewed one comes early.
	if now.Before(cert.NotBefore) {
		now = cert.NotBefore
	} else if now.After(cert.NotAfter) {
		now = cert.NotAfter
	}
	_, err = cert.Verify(x509.VerifyOptions{
		Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return key, err
}

// errorCode is the code of an error's body, empty when there is none.
func errorCode(body []byte) string {
	var e struct {
		Code json.RawMessage `json:"code"`
	}
	var code string
	if json.Unmarshal(body, &e) != nil || json.Unmarshal(e.Code, &code) != nil {
		return ""
	}
	return code
}
