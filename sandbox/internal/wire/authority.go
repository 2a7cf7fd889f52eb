package wire

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/authority"
)

// Files of the authority. Both are there, or none.
const (
	AuthorityCertFile = authority.CertFile // the certificate that clients trust
	issuerFile        = authority.IssuerFile
)

// CertPool returns the certificate of the credentials' authority alone, for a client
// that calls the sandbox over TLS. Zero credentials have an empty pool.
func (c *Credentials) CertPool() *x509.CertPool {
	pool := x509.NewCertPool()
	if c != nil && c.authority != nil {
		pool.AddCert(c.authority.Root())
	}
	return pool
}

// ServerTLS returns the settings of a server that has a certificate of the authority.
func ServerTLS(c *Credentials) *tls.Config {
	return &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.authority.Certificate(time.Now()) }}
}

func newAuthority() (*authority.Authority, error) {
	a, err := authority.New(time.Now())
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	return a, nil
}

func saveAuthority(dir string, a *authority.Authority) error {
	root, issuer, err := a.Marshal()
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return cmp.Or(
		writeFile(filepath.Join(dir, issuerFile), issuer, 0o600),
		writeFile(filepath.Join(dir, AuthorityCertFile), root, 0o644))
}

// loadAuthority makes one in a directory of an earlier version, which has none, and in
// place of one that no longer serves.
func loadAuthority(dir string) (*authority.Authority, error) {
	root, rootErr := os.ReadFile(filepath.Join(dir, AuthorityCertFile))
	issuer, issuerErr := os.ReadFile(filepath.Join(dir, issuerFile))
	if !errors.Is(rootErr, fs.ErrNotExist) || !errors.Is(issuerErr, fs.ErrNotExist) {
		a, err := authority.Parse(root, issuer)
		if err = cmp.Or(rootErr, issuerErr, err); err != nil {
			return nil, fmt.Errorf("sandbox: %s: %w: delete %s and %s, and new ones are made", dir, err, AuthorityCertFile, issuerFile)
		}
		if a.Serves(time.Now()) {
			return a, nil
		}
	}
	a, err := newAuthority()
	if err != nil {
		return nil, err
	}
	return a, saveAuthority(dir, a)
}
