package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"sync"
	"time"
)

// Files of an authority.
const (
	CertFile   = "ca_cert.pem"   // the root, for everybody
	IssuerFile = "ca_issuer.pem" // the issuer's private key and certificate
)

const (
	years = 5
	// leafDays is what clients take at most, 398 days, less the hour before now.
	leafDays = 397
)

// Authority issues certificates for WeChat Pay's hosts and for loopback. Its methods
// are safe for concurrent use.
//
// It has two certificates. The key of the root, which clients trust, is never kept.
// The issuer's is, and the issuer is constrained to these names. Some verifiers, such
// as Java's, ignore constraints in the root that they trust, and none in an issuer.
type Authority struct {
	root, issuer *x509.Certificate
	key          *ecdsa.PrivateKey // the issuer's

	mu   sync.Mutex
	leaf *tls.Certificate
}

// New makes an authority.
func New(now time.Time) (*Authority, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	constrained := func(name string, maxPathLen int) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber:                serialNumber(),
			Subject:                     pkix.Name{Organization: []string{"not WeChat Pay"}, CommonName: name},
			NotBefore:                   now.Add(-time.Hour),
			NotAfter:                    now.AddDate(years, 0, 0),
			IsCA:                        true,
			BasicConstraintsValid:       true,
			MaxPathLen:                  maxPathLen,
			MaxPathLenZero:              maxPathLen == 0,
			KeyUsage:                    x509.KeyUsageCertSign,
			ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			PermittedDNSDomainsCritical: true,
			// What is permitted of a kind of name excludes all others of this kind.
			PermittedDNSDomains: names(),
			PermittedIPRanges: []*net.IPNet{
				{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
				{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
			},
		}
	}
	a := &Authority{key: key}
	template := constrained("payscore sandbox authority", 1)
	if a.root, err = sign(template, template, rootKey, rootKey); err != nil {
		return nil, err
	}
	if a.issuer, err = sign(constrained("payscore sandbox issuer", 0), a.root, key, rootKey); err != nil {
		return nil, err
	}
	return a, nil
}

// names are those that a certificate of the authority may have, besides addresses.
func names() []string { return append(slices.Clone(Hosts()), "localhost") }

func serialNumber() *big.Int {
	var number [20]byte
	_, _ = rand.Read(number[:])
	number[0] = number[0]&0x3f | 0x40 // positive, and no leading zero
	return new(big.Int).SetBytes(number[:])
}

func sign(template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// Serves reports whether the authority can be used from now on: it is valid for as
// long as what it issues, and for the names of this version.
func (a *Authority) Serves(now time.Time) bool {
	return now.After(a.root.NotBefore) && now.AddDate(0, 0, leafDays).Before(a.root.NotAfter) &&
		slices.Equal(a.root.PermittedDNSDomains, names())
}

// Certificate returns a certificate for all names, with its chain and key. A new one
// is made when the last one is about to end.
func (a *Authority) Certificate(now time.Time) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.leaf != nil && now.AddDate(0, 0, 1).Before(a.leaf.Leaf.NotAfter) {
		return a.leaf, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	leaf, err := sign(&x509.Certificate{
		SerialNumber: serialNumber(),
		Subject:      pkix.Name{Organization: []string{"not WeChat Pay"}, CommonName: "payscore sandbox"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(0, 0, leafDays),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     names(),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}, a.issuer, key, a.key)
	if err != nil {
		return nil, err
	}
	a.leaf = &tls.Certificate{Certificate: [][]byte{leaf.Raw, a.issuer.Raw}, PrivateKey: key, Leaf: leaf}
	return a.leaf, nil
}

// Root returns the certificate that clients trust.
func (a *Authority) Root() *x509.Certificate { return a.root }

// Marshal returns the authority as files hold it: the root for everybody, and the
// issuer with its private key.
func (a *Authority) Marshal() (root, issuer []byte, err error) {
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, nil, err
	}
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	return block("CERTIFICATE", a.root.Raw), slices.Concat(block("PRIVATE KEY", key), block("CERTIFICATE", a.issuer.Raw)), nil
}

// Parse reads what Marshal returns. Its errors begin with the name of the file.
func Parse(root, issuer []byte) (*Authority, error) {
	a := &Authority{}
	var err error
	if a.root, err = readCertificate(root); err != nil {
		return nil, fmt.Errorf("%s: %w", CertFile, err)
	}
	if err := a.readIssuer(issuer); err != nil {
		return nil, fmt.Errorf("%s: %w", IssuerFile, err)
	}
	return a, nil
}

func (a *Authority) readIssuer(b []byte) error {
	block, rest := pem.Decode(b)
	if block == nil || block.Type != "PRIVATE KEY" {
		return errors.New("no PEM block PRIVATE KEY")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return err
	}
	var ok bool
	if a.key, ok = parsed.(*ecdsa.PrivateKey); !ok {
		return errors.New("not an ECDSA key")
	}
	if a.issuer, err = readCertificate(rest); err != nil {
		return err
	}
	if !a.key.PublicKey.Equal(a.issuer.PublicKey) {
		return errors.New("its certificate is not that of its private key")
	}
	if err := a.issuer.CheckSignatureFrom(a.root); err != nil {
		return fmt.Errorf("not issued by %s: %w", CertFile, err)
	}
	return nil
}

func readCertificate(b []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("no PEM block CERTIFICATE")
	}
	return x509.ParseCertificate(block.Bytes)
}
