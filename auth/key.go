package auth

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/internal/oneline"
)

const (
	publicKeyPrefix = "PUB_KEY_ID_"
	minKeyBits      = 2048
	maxSerialLen    = 40
	maxKeyIDLen     = 128
	maxKeyFileSize  = 1 << 20
	leastKeyText    = 200 // characters of base64 that are a part of a key
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

// LoadPublicKey reads a WeChat Pay public key (pub_key.pem of the merchant
// platform). id is shown beside the key there and starts with PUB_KEY_ID_. The
// file may have any of the forms of [ParsePrivateKey]. Errors are *KeyError.
func LoadPublicKey(id, file string) (Key, error) {
	return loadKey(file, func(data []byte) (Key, error) { return ParsePublicKey(id, data) })
}

// LoadPlatformCertificate reads a WeChat Pay platform certificate from a file in
// any of the forms of [ParsePrivateKey]. The key's ID is the certificate's serial
// number. The certificate's issuer is not checked: the file is trusted as it is.
// Errors are *KeyError.
func LoadPlatformCertificate(file string) (Key, error) {
	return loadKey(file, ParsePlatformCertificate)
}

// ParsePublicKey is LoadPublicKey for a key in memory.
func ParsePublicKey(id string, data []byte) (Key, error) {
	key, err := parsePublicKey(id, data)
	if err != nil {
		return Key{}, &KeyError{Err: err}
	}
	return key, nil
}

// ParsePlatformCertificate is LoadPlatformCertificate for a certificate in memory.
func ParsePlatformCertificate(data []byte) (Key, error) {
	cert, pub, err := parseCertificate(data)
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

// ParsePrivateKey reads the merchant's private key (apiclient_key.pem): an
// unencrypted RSA key of at least 2048 bits. Errors are *KeyError and say how to
// convert what is not taken.
//
// It takes PKCS#8 and PKCS#1, whatever the heading says: PEM with a byte order
// mark, indented, quoted, all on one line, or with the \n of an environment
// variable; base64 without the PEM lines, or of the whole file; and DER. Other
// text and certificates may stand around the key, but no second private key.
func ParsePrivateKey(data []byte) (*rsa.PrivateKey, error) {
	key, err := parsePrivateKey(data)
	if err != nil {
		return nil, &KeyError{Err: err}
	}
	return key, nil
}

// loadKey reads a file, parses it and names it in the error.
func loadKey[T any](file string, parse func([]byte) (T, error)) (T, error) {
	var none T
	data, err := readKeyFile(file)
	if err != nil && oneline.HoldsKey(file, leastKeyText) {
		return none, &KeyError{Err: errKeyForFile} // which must not be shown
	}
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

var errKeyForFile = errors.New("what was given as the name of a file is a key itself; " +
	"ParsePrivateKey, ParsePublicKey and ParsePlatformCertificate take a key from memory")

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
		return Key{}, fmt.Errorf("the id %s does not start with %s, the id of a WeChat Pay public key; a platform certificate goes by its serial", quoteShort(id), publicKeyPrefix)
	}
	block, err := findKey(data, "a public key (PUBLIC KEY) is wanted: pub_key.pem of WeChat Pay", func(k keyKind) bool { return k == kindPublic })
	if err != nil {
		return Key{}, err
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}
	if err := unmarshal(block.der, &spki); err != nil {
		return Key{}, err
	}
	if !spki.Algorithm.Algorithm.Equal(oidRSA) {
		return Key{}, ErrNotRSA
	}
	parsed, err := x509.ParsePKIXPublicKey(block.der)
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
	block, err := findKey(data, "a certificate (CERTIFICATE) is wanted: apiclient_cert.pem is the merchant's, wechatpay_*.pem is WeChat Pay's",
		func(k keyKind) bool { return k == kindCertificate })
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(block.der)
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
	block, err := findKey(data, "a private key (PRIVATE KEY or RSA PRIVATE KEY) is wanted: apiclient_key.pem of the merchant", keyKind.private)
	switch {
	case block.kind == kindNotRSA:
		return nil, ErrNotRSA
	case block.kind == kindEncrypted:
		return nil, fmt.Errorf("%w: decrypt it first (openssl pkey -in ... -out ...)", ErrEncryptedKey)
	case err != nil:
		return nil, err
	}
	pkcs1 := block.der
	if block.kind == kindPKCS8 {
		var pkcs8 struct {
			Version   int
			Algorithm pkix.AlgorithmIdentifier
			Key       []byte
		}
		if err := unmarshal(block.der, &pkcs8); err != nil {
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
		return errDamaged
	}
	return nil
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

// ParseSerialNo returns the serial number of a certificate as WeChat Pay writes it,
// in upper-case hex. It takes what tools print: with colons, spaces, "0x" or
// "serial=" before it, zeros before the 40 digits, and in decimal where that cannot
// be hex, which is from 41 digits on.
func ParseSerialNo(text string) (string, error) {
	bare := withoutSpace(text)
	s := bare
	for _, prefix := range []string{"serial=", "0x"} {
		if len(s) > len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
			s = s[len(prefix):]
		}
	}
	s = strings.ToUpper(strings.ReplaceAll(s, ":", ""))
	if len(s) > maxSerialLen && len(s) < 50 && s == bare && s[0] != '0' && isDigits(s) { // hex has the rest
		if n, ok := new(big.Int).SetString(s, 10); ok {
			s = formatSerial(n)
		}
	}
	if padded := len(s) - maxSerialLen; padded > 0 && strings.Trim(s[:padded], "0") == "" {
		s = s[padded:]
	}
	switch {
	case isSerial(s):
		return s, nil
	case strings.HasPrefix(s, publicKeyPrefix):
		return "", fmt.Errorf("auth: serial number %s is the id of a WeChat Pay public key; the serial number of the merchant's API certificate is wanted", quote(text))
	case strings.Contains(text, "-----BEGIN"):
		return "", errors.New("auth: the serial number is a whole key or certificate; openssl x509 -in apiclient_cert.pem -noout -serial prints the number, in hex digits")
	default:
		return "", fmt.Errorf("auth: serial number %s is not 1 to %d hex digits; openssl x509 -in apiclient_cert.pem -noout -serial prints it", quoteShort(text), maxSerialLen)
	}
}

// quoteShort does not show what may be a key in the wrong place: the APIv3 key has 32
// characters.
func quoteShort(s string) string {
	if len(s) > 20 {
		return fmt.Sprintf("of %d characters", len(s))
	}
	return quote(s)
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

// isAppID reports whether s is the id of an app, which stands beside the merchant's
// in every configuration.
func isAppID(s string) bool { return len(s) == 18 && strings.HasPrefix(s, "wx") }

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
