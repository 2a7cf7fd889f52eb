package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// issued is what somebody who has the issuer's key can make.
func (a *Authority) issued(t *testing.T, template *x509.Certificate) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.NotBefore, template.NotAfter = serialNumber(), time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	cert, err := sign(template, a.issuer, key, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func named(name string) *x509.Certificate {
	if ip := net.ParseIP(name); ip != nil {
		return &x509.Certificate{IPAddresses: []net.IP{ip}}
	}
	return &x509.Certificate{DNSNames: []string{name}}
}

func newAuthority(t *testing.T) *Authority {
	t.Helper()
	a, err := New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var foreign = []string{
	"example.com", "qq.com", "weixin.qq.com", "mch.weixin.qq.com", "api.mch.weixin.qq.com.evil.test", "evilapi.mch.weixin.qq.com", "pay.weixin.qq.com",
	"*.weixin.qq.com", "localhost.evil.test", "8.8.8.8", "128.0.0.1", "126.255.255.255", "192.168.1.1", "::2", "2001:4860:4860::8888", "::ffff:8.8.8.8",
}

// The issuer's key lies in a file. What is made with it passes for no other host.
func TestConstraints(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	leaf, err := a.Certificate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names(), "127.0.0.1", "::1") {
		if err := a.verify(leaf.Leaf, name); err != nil {
			t.Errorf("Go refuses %s: %v", name, err)
		}
	}
	for _, name := range foreign {
		if err := a.verify(leaf.Leaf, name); err == nil {
			t.Errorf("the sandbox's own certificate passes for %s", name)
		}
		if err := a.verify(a.issued(t, named(name)), name); err == nil {
			t.Errorf("Go takes a certificate for %s", name)
		}
	}
}

func (a *Authority) verify(cert *x509.Certificate, name string) error {
	opts := x509.VerifyOptions{DNSName: name, Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool()}
	if net.ParseIP(name) != nil {
		opts.DNSName = "[" + name + "]"
	}
	opts.Roots.AddCert(a.root)
	opts.Intermediates.AddCert(a.issuer)
	_, err := cert.Verify(opts)
	return err
}

// openssl is an implementation of the constraints that is not Go's. REQUIRE_OPENSSL=1
// turns its absence into a failure.
func TestOpenSSLConstraints(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("REQUIRE_OPENSSL") == "1" {
			t.Fatal("REQUIRE_OPENSSL=1, but there is no openssl command")
		}
		t.Skip("there is no openssl command to compare with")
	}
	a, dir := newAuthority(t), t.TempDir()
	file := func(name string, cert *x509.Certificate) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	root, issuer := file(CertFile, a.root), file("issuer.pem", a.issuer)
	verify := func(cert *x509.Certificate, more ...string) (string, bool) {
		args := []string{"verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", root, "-untrusted", issuer}
		out, err := exec.Command(path, append(append(args, more...), file("leaf.pem", cert))...).CombinedOutput()
		return string(out), err == nil
	}
	forName := func(name string) []string {
		if net.ParseIP(name) != nil {
			return []string{"-verify_ip", name}
		}
		return []string{"-verify_hostname", name}
	}
	leaf, err := a.Certificate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names(), "127.0.0.1", "::1") {
		if out, ok := verify(leaf.Leaf, forName(name)...); !ok {
			t.Errorf("openssl refuses %s:\n%s", name, out)
		}
	}
	// The constraints refuse it, whatever name the client asks for.
	for _, name := range foreign {
		if out, ok := verify(a.issued(t, named(name))); ok || !strings.Contains(out, "permitted subtree violation") {
			t.Errorf("openssl, for %s:\n%s", name, out)
		}
	}
	for name, template := range map[string]*x509.Certificate{
		"one of many names": {DNSNames: []string{Hosts()[0], "example.com"}},
		"a common name":     {Subject: pkix.Name{CommonName: "example.com"}},
	} {
		if out, ok := verify(a.issued(t, template), forName("example.com")...); ok {
			t.Errorf("openssl takes %s:\n%s", name, out)
		}
	}
	// Nor can the issuer make another issuer, without constraints.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	free := &x509.Certificate{
		SerialNumber: serialNumber(), Subject: pkix.Name{CommonName: "free"}, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	second, err := sign(free, a.issuer, key, a.key)
	if err != nil {
		t.Fatal(err)
	}
	below := Authority{root: a.root, issuer: second, key: key}
	if out, ok := verify(below.issued(t, named(Hosts()[0])), "-untrusted", file("second.pem", second)); ok || !strings.Contains(out, "path length") {
		t.Errorf("openssl takes an issuer below the issuer:\n%s", out)
	}
}

// An authority whose certificates would outlive it, or that lacks a host of this
// version, is not used on.
func TestServes(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a, err := New(now)
	if err != nil {
		t.Fatal(err)
	}
	end := now.AddDate(years, 0, 0)
	for at, want := range map[time.Time]bool{
		now: true, now.Add(-2 * time.Hour): false, end: false, end.AddDate(0, 0, -leafDays+1): false, end.AddDate(0, 0, -leafDays-1): true,
	} {
		if a.Serves(at) != want {
			t.Errorf("%s: %v", at, !want)
		}
	}
	a.root.PermittedDNSDomains = a.root.PermittedDNSDomains[1:]
	if a.Serves(now) {
		t.Error("it serves a host that it does not permit")
	}
}

// A sandbox that runs for years has a valid certificate all the time, no longer than
// clients take.
func TestCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a, err := New(now)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for day := range 3 * 365 {
		at := now.AddDate(0, 0, day)
		c, err := a.Certificate(at)
		if err != nil {
			t.Fatal(err)
		}
		if at.Before(c.Leaf.NotBefore) || at.After(c.Leaf.NotAfter) || c.Leaf.NotAfter.Sub(c.Leaf.NotBefore) > 398*24*time.Hour {
			t.Fatalf("on day %d: from %s to %s", day, c.Leaf.NotBefore, c.Leaf.NotAfter)
		}
		made[c.Leaf.SerialNumber.String()] = true
	}
	if len(made) != 3 {
		t.Errorf("%d certificates in three years", len(made))
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	root, issuer, err := a.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse(root, issuer)
	if err != nil || !b.root.Equal(a.root) || !b.issuer.Equal(a.issuer) || !b.key.Equal(a.key) {
		t.Fatalf("%v: not what was written", err)
	}
	otherRoot, otherIssuer, _ := newAuthority(t).Marshal()
	key, certificate, _ := strings.Cut(string(issuer), "-----BEGIN CERTIFICATE")
	otherKey, _, _ := strings.Cut(string(otherIssuer), "-----BEGIN CERTIFICATE")
	certificate = "-----BEGIN CERTIFICATE" + certificate
	junk := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("junk")}))
	junkCertificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("junk")}))
	for name, c := range map[string]struct{ root, issuer, file string }{
		"no root":          {"", string(issuer), CertFile},
		"cut root":         {string(root[:len(root)/2]), string(issuer), CertFile},
		"junk root":        {junkCertificate, string(issuer), CertFile},
		"no issuer":        {string(root), "", IssuerFile},
		"no certificate":   {string(root), key, IssuerFile},
		"junk certificate": {string(root), key + junkCertificate, IssuerFile},
		"no key":           {string(root), certificate, IssuerFile},
		"junk key":         {string(root), junk + certificate, IssuerFile},
		"another key":      {string(root), otherKey + certificate, IssuerFile},
		"another root":     {string(otherRoot), string(issuer), IssuerFile},
	} {
		if _, err := Parse([]byte(c.root), []byte(c.issuer)); err == nil || !strings.HasPrefix(err.Error(), c.file+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIsHost(t *testing.T) {
	t.Parallel()
	if len(Hosts()) < 5 || !slices.Contains(Hosts(), "api.mch.weixin.qq.com") {
		t.Errorf("hosts are %v", Hosts())
	}
	for name, want := range map[string]bool{
		"api.mch.weixin.qq.com": true, "API.mch.weixin.QQ.com": true, "api.mch.weixin.qq.com.": true, "api2.mch.weixin.qq.com": true,
		"": false, ".": false, "api.mch.weixin.qq.com..": false, "x.api.mch.weixin.qq.com": false, "qq.com": false, "localhost": false, "127.0.0.1": false,
		"api.mch.weixin.qq.com\x00": false, " api.mch.weixin.qq.com": false, "u@api.mch.weixin.qq.com": false, "api.mch.weixin.qq.com:443": false,
	} {
		if IsHost(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
