package hostile

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync"
	"time"
)

// authority signs the certificates of the servers of this run.
var authority = sync.OnceValue(func() (a struct {
	pool  *x509.CertPool
	certs map[string]tls.Certificate
}) {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	now := time.Now()
	makeKey := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		check(err)
		return key
	}
	makeRoot := func() (*x509.Certificate, *ecdsa.PrivateKey) {
		key := makeKey()
		root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hostile"}, NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(48 * time.Hour),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
		der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
		check(err)
		root, err = x509.ParseCertificate(der)
		check(err)
		return root, key
	}
	root, rootKey := makeRoot()
	stranger, strangerKey := makeRoot()
	a.pool = x509.NewCertPool()
	a.pool.AddCert(root)
	a.certs = map[string]tls.Certificate{}
	for _, c := range []struct {
		name, host string
		by         *x509.Certificate
		byKey      *ecdsa.PrivateKey
		until      time.Time
	}{
		{"good", "", root, rootKey, now.Add(24 * time.Hour)},
		{"stranger", "", stranger, strangerKey, now.Add(24 * time.Hour)},
		{"otherhost", "other.example.test", root, rootKey, now.Add(24 * time.Hour)},
		{"expired", "", root, rootKey, now.Add(-time.Hour)},
	} {
		key := makeKey()
		cert := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: c.name}, NotBefore: now.Add(-24 * time.Hour), NotAfter: c.until,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
		if c.host == "" {
			cert.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		} else {
			cert.DNSNames = []string{c.host}
		}
		der, err := x509.CreateCertificate(rand.Reader, cert, c.by, key.Public(), c.byKey)
		check(err)
		a.certs[c.name] = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	return a
})

func serverTLS(name string, protocols ...string) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{authority().certs[name]}, NextProtos: protocols}
}
