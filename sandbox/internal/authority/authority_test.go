package authority

import (
	"crypto/x509"
	"slices"
	"testing"
	"time"
)

func made(t *testing.T, now time.Time) *Authority {
	t.Helper()
	a, err := New(now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// An authority is used again while what it issues ends before it does.
func TestServesWhileWhatItIssuesIsValid(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := made(t, now)
	end := a.root.NotAfter
	for at, want := range map[time.Time]bool{
		now: true, now.AddDate(3, 0, 0): true, end.AddDate(0, 0, -398): true,
		end.AddDate(0, 0, -396): false, end.AddDate(1, 0, 0): false, now.AddDate(-1, 0, 0): false,
	} {
		if a.Serves(at) != want {
			t.Errorf("%s: serves %v", at, !want)
		}
	}
	a.root.PermittedDNSDomains = slices.Clone(a.root.PermittedDNSDomains)[1:]
	if a.Serves(now) {
		t.Error("serves fewer names than this version has")
	}
}

func TestCertificateIsRenewed(t *testing.T) {
	now := time.Now()
	a := made(t, now)
	first, err := a.Certificate(now)
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.Certificate(now.AddDate(1, 0, 0))
	if err != nil || again != first {
		t.Errorf("a year later it is another: %v", err)
	}
	last, err := a.Certificate(now.AddDate(0, 0, leafDays))
	if err != nil || last == first || !last.Leaf.NotAfter.After(first.Leaf.NotAfter) {
		t.Errorf("at its end it stays: %v", err)
	}
	roots, issuers := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(a.Root())
	issuers.AddCert(a.issuer)
	for _, name := range append(names(), "127.0.0.1", "[::1]") {
		if _, err := first.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: issuers, CurrentTime: now}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := first.Leaf.Verify(x509.VerifyOptions{DNSName: "127.0.0.2", Roots: roots, Intermediates: issuers, CurrentTime: now}); err == nil {
		t.Error("valid for 127.0.0.2")
	}
}

// The pieces of two authorities do not fit.
func TestParse(t *testing.T) {
	pem := func(a *Authority) (root, issuer []byte) {
		root, issuer, err := a.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return root, issuer
	}
	a, b := made(t, time.Now()), made(t, time.Now())
	root, issuer := pem(a)
	_, other := pem(b)
	if read, err := Parse(root, issuer); err != nil || !read.root.Equal(a.root) || !read.key.Equal(a.key) {
		t.Errorf("%v", err)
	}
	mixed := &Authority{root: a.root, issuer: a.issuer, key: b.key}
	_, mix := pem(mixed)
	for name, issuer := range map[string][]byte{"another's": other, "another's key": mix, "cut off": issuer[:len(issuer)/2], "empty": nil, "the root": root} {
		if read, err := Parse(root, issuer); err == nil || read != nil {
			t.Errorf("%s: read", name)
		}
	}
}
