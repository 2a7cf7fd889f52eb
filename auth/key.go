package auth

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"strings"
	"time"
)

const (
	publicKeyPrefix = "PUB_KEY_ID_"
	minKeyBits      = 2048
	maxSerialLen    = 40
	maxKeyIDLen     = 128
	maxKeyFileSize  = 1 << 20
)

// Key is one of the keys that WeChat Pay signs with: a WeChat Pay public key or
// the key of a platform certificate. It is never the merchant's own certificate.
type Key struct {
	// ID is what Wechatpay-Serial says: "PUB_KEY_ID_" and digits, or the
	// certificate's serial number in hex.
	ID        string
	PublicKey *rsa.PublicKey // at least 2048 bits
	// The key is in force from NotBefore to NotAfter, both included. A zero
	// time sets no limit: public keys have none.
	NotBefore, NotAfter time.Time
}

// LoadPublicKey reads a WeChat Pay public key from a PEM file of type PUBLIC
// KEY (pub_key.pem of the merchant platform). id is shown beside the key there
// and starts with PUB_KEY_ID_. Errors are *KeyError.
func LoadPublicKey(id, file string) (Key, error) {
	return loadKey(file, func(data []byte) (Key, error) { return ParsePublicKey(id, data) })
}

// LoadPlatformCertificate reads a WeChat Pay platform certificate from a PEM
// file. The key's ID is the certificate's serial number. The certificate's
// issuer is not checked: the file is trusted as it is. Errors are *KeyError.
func LoadPlatformCertificate(file string) (Key, error) {
	return loadKey(file, ParsePlatformCertificate)
}

// ParsePublicKey is LoadPublicKey for PEM in memory.
func ParsePublicKey(id string, pem []byte) (Key, error) {
	key, err := parsePublicKey(id, pem)
	if err != nil {
		return Key{}, &KeyError{Err: err}
	}
	return key, nil
}

// ParsePlatformCertificate is LoadPlatformCertificate for PEM in memory.
func ParsePlatformCertificate(pem []byte) (Key, error) {
	cert, pub, err := parseCertificate(pem)
	if err != nil {
		return Key{}, &KeyError{Err: err}
	}
	return Key{
		ID:        formatSerial(cert.SerialNumber),
		PublicKey: pub,
		NotBefore: cert.NotBefore,
		NotAfter:  cert.NotAfter,
	}, nil
}

// ParsePrivateKey reads the merchant's private key (apiclient_key.pem): one
// unencrypted RSA key of at least 2048 bits in PEM, PKCS#8 (PRIVATE KEY) or
// PKCS#1 (RSA PRIVATE KEY). Errors are *KeyError.
func ParsePrivateKey(pem []byte) (*rsa.PrivateKey, error) {
	key, err := parsePrivateKey(pem)
	if err != nil {
		return nil, &KeyError{Err: err}
	}
	return key, nil
}

// loadKey reads a file, parses it and names it in the error.
func loadKey[T any](file string, parse func([]byte) (T, error)) (T, error) {
	var none T
	data, err := readKeyFile(file)
	if err != nil {
		return none, &KeyError{File: file, Err: err}
	}
	key, err := parse(data)
	if err != nil {
		if ke, ok := errors.AsType[*KeyError](err); ok {
			err = ke.Err
		}
		return none, &KeyError{File: file, Err: err}
	}
	return key, nil
}

func readKeyFile(file string) ([]byte, error) {
	data, err := func() ([]byte, error) {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, maxKeyFileSize+1))
	}()
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, pe.Err // its text would name the file a second time
	}
	if err == nil && len(data) > maxKeyFileSize {
		return nil, fmt.Errorf("%w: larger than 1 MiB", ErrNotPEM)
	}
	return data, err
}

func parsePublicKey(id string, data []byte) (Key, error) {
	if !isPublicKeyID(id) {
		return Key{}, fmt.Errorf("the id %s does not start with %s, the id of a WeChat Pay public key; a platform certificate goes by its serial", quote(id), publicKeyPrefix)
	}
	block, err := decodePEM(data, "a public key (PUBLIC KEY)", "PUBLIC KEY")
	if err != nil {
		return Key{}, err
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}
	if err := unmarshal(block.Bytes, &spki); err != nil {
		return Key{}, err
	}
	if !spki.Algorithm.Algorithm.Equal(oidRSA) {
		return Key{}, ErrNotRSA
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return Key{}, err
	}
	pub, err := checkPublicKey(parsed)
	if err != nil {
		return Key{}, err
	}
	return Key{ID: id, PublicKey: pub}, nil
}

func parseCertificate(data []byte) (*x509.Certificate, *rsa.PublicKey, error) {
	block, err := decodePEM(data, "a certificate (CERTIFICATE)", "CERTIFICATE")
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, err
	}
	pub, err := checkPublicKey(cert.PublicKey)
	if err != nil {
		return nil, nil, err
	}
	if serial := formatSerial(cert.SerialNumber); !isSerial(serial) {
		return nil, nil, fmt.Errorf("the serial number is longer than %d hex digits", maxSerialLen)
	}
	return cert, pub, nil
}

func parsePrivateKey(data []byte) (*rsa.PrivateKey, error) {
	block, err := decodePEM(data, "a private key (PRIVATE KEY or RSA PRIVATE KEY)", "PRIVATE KEY", "RSA PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	pkcs1 := block.Bytes
	if block.Type == "PRIVATE KEY" {
		var pkcs8 struct {
			Version   int
			Algorithm pkix.AlgorithmIdentifier
			Key       []byte
		}
		if err := unmarshal(block.Bytes, &pkcs8); err != nil {
			return nil, err
		}
		if !pkcs8.Algorithm.Algorithm.Equal(oidRSA) {
			return nil, ErrNotRSA
		}
		pkcs1 = pkcs8.Key
	}
	// crypto/x509 refuses the shortest keys with an error of its own, so the
	// length is read first.
	var size struct {
		Version int
		N       *big.Int
	}
	if err := unmarshal(pkcs1, &size); err != nil {
		return nil, err
	}
	if n := size.N.BitLen(); n < minKeyBits {
		return nil, fmt.Errorf("%w: %d", ErrWeakKey, n)
	}
	key, err := x509.ParsePKCS1PrivateKey(pkcs1)
	if err != nil {
		return nil, err
	}
	if _, err := checkPublicKey(&key.PublicKey); err != nil {
		return nil, err
	}
	return key, nil
}

var oidRSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}

func unmarshal(der []byte, v any) error {
	if rest, err := asn1.Unmarshal(der, v); err != nil || len(rest) > 0 {
		return errors.New("the content of the PEM block is damaged")
	}
	return nil
}

// decodePEM returns the only PEM block of data if it is of one of the types.
func decodePEM(data []byte, wanted string, types ...string) (*pem.Block, error) {
	block, _ := pem.Decode(data)
	begins := bytes.Count(data, []byte("-----BEGIN "))
	switch {
	case block == nil && len(data) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrNotPEM)
	case block == nil && begins > 0:
		return nil, fmt.Errorf("%w: the block is cut off or damaged", ErrNotPEM)
	case block == nil && data[0] == 0x30:
		return nil, fmt.Errorf("%w: it is binary (DER or .p12), %s in PEM is wanted", ErrNotPEM, wanted)
	case block == nil:
		return nil, ErrNotPEM
	}

	wantPrivate := strings.HasSuffix(types[0], "PRIVATE KEY")
	switch {
	case wantPrivate && (block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED")):
		return nil, fmt.Errorf("%w: decrypt it first (openssl pkey -in ... -out ...)", ErrEncryptedKey)
	case wantPrivate && (strings.HasPrefix(block.Type, "EC ") || strings.HasPrefix(block.Type, "DSA ")):
		return nil, ErrNotRSA
	}
	for _, t := range types {
		if block.Type != t {
			continue
		}
		if begins != 1 {
			return nil, fmt.Errorf("%w: keep only the one that is meant", ErrSecondBlock)
		}
		return block, nil
	}
	return nil, fmt.Errorf("%w: it holds %s, %s is wanted", ErrWrongKind, quote(block.Type), wanted)
}

// checkPublicKey accepts RSA keys of at least 2048 bits.
func checkPublicKey(key any) (*rsa.PublicKey, error) {
	pub, ok := key.(*rsa.PublicKey)
	if !ok || pub == nil || pub.N == nil {
		return nil, ErrNotRSA
	}
	if n := pub.N.BitLen(); n < minKeyBits {
		return nil, fmt.Errorf("%w: %d", ErrWeakKey, n)
	}
	if pub.N.Sign() < 0 || pub.N.Bit(0) == 0 || pub.E < 3 || pub.E&1 == 0 {
		return nil, errors.New("not a valid RSA public key")
	}
	return pub, nil
}

// formatSerial writes whole bytes, as openssl and the merchant platform do: a
// leading zero digit stays.
func formatSerial(n *big.Int) string {
	if n.Sign() == 0 {
		return "00"
	}
	return fmt.Sprintf("%X", n.Bytes())
}

func isSerial(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('0' <= c && c <= '9' || 'A' <= c && c <= 'F' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return len(s) > 0 && len(s) <= maxSerialLen
}

func isPublicKeyID(s string) bool {
	number, found := strings.CutPrefix(s, publicKeyPrefix)
	return found && isParameter(number) && len(s) <= maxKeyIDLen
}

func isAlphanumeric(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	return s != ""
}

// normalID makes equal serials equal: systems disagree on case and leading
// zeros. Ids of public keys are opaque.
func normalID(id string) string {
	if !isSerial(id) {
		return id
	}
	return strings.TrimLeft(strings.ToUpper(id), "0")
}
