package auth_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

// openssl runs the openssl command, an implementation that shares nothing with
// Go's. REQUIRE_OPENSSL=1 turns its absence into a failure.
func openssl(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	out, err := tryOpenSSL(t, stdin, args...)
	if err != nil {
		t.Fatalf("openssl %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func tryOpenSSL(t *testing.T, stdin []byte, args ...string) ([]byte, error) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("REQUIRE_OPENSSL") == "1" {
			t.Fatal("REQUIRE_OPENSSL=1, but the openssl command is not installed")
		}
		t.Skip("the openssl command is not installed: nothing independent to compare with")
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = errors.New(err.Error() + ": " + stderr.String())
	}
	return out, err
}

func opensslSign(t *testing.T, keyFile string, message []byte) string {
	t.Helper()
	return base64.StdEncoding.EncodeToString(openssl(t, message, "dgst", "-sha256", "-sign", keyFile))
}

// opensslVerify reports whether openssl accepts the signature of message.
func opensslVerify(t *testing.T, publicKeyFile string, message []byte, signature string) bool {
	t.Helper()
	sig, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	file := filepath.Join(t.TempDir(), "signature")
	if err := os.WriteFile(file, sig, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = tryOpenSSL(t, message, "dgst", "-sha256", "-verify", publicKeyFile, "-signature", file)
	return err == nil
}

// publicKeyOf writes the public key of a certificate to a file.
func publicKeyOf(t *testing.T, certFile string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "public.pem")
	if err := os.WriteFile(file, openssl(t, nil, "x509", "-in", certFile, "-noout", "-pubkey"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestOpenSSLVerifiesWhatTheSignerSigns(t *testing.T) {
	public := publicKeyOf(t, vectorPath("merchant_cert.pem"))
	body := []byte(`{"reason":"用户投诉","total_amount":40000}`)
	value, err := testSigner(t).Authorization("POST", "/v3/payscore/partner/serviceorder/A%7CB/modify", testTime, testNonce, body)
	if err != nil {
		t.Fatal(err)
	}
	a, err := auth.ParseAuthorization(value)
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("POST\n/v3/payscore/partner/serviceorder/A%7CB/modify\n" + a.Timestamp + "\n" + a.Nonce + "\n" + string(body) + "\n")
	if !opensslVerify(t, public, message, a.Signature) {
		t.Fatal("openssl refuses the signature")
	}
	for i := range message {
		if i%7 != 0 && i != len(message)-1 { // each run of openssl costs milliseconds
			continue
		}
		changed := bytes.Clone(message)
		changed[i] ^= 1
		if opensslVerify(t, public, changed, a.Signature) {
			t.Errorf("openssl accepts the message with byte %d changed", i)
		}
	}
}

func TestVerifierAcceptsWhatOpenSSLSigns(t *testing.T) {
	v := testVerifier(t)
	body := []byte(`{"out_order_no":"1234323JKHDFE1243252","state":"DOING"}`)
	ts := "1750000000"
	signature := opensslSign(t, vectorPath("wechatpay_private_key.pem"), []byte(ts+"\n"+testNonce+"\n"+string(body)+"\n"))
	h := responseHeader(ts, testNonce, signature, testPublicKeyID)
	if err := v.Verify(h, body); err != nil {
		t.Fatal(err)
	}
	for i := range body {
		changed := bytes.Clone(body)
		changed[i] ^= 1
		if err := v.Verify(h, changed); !errors.Is(err, rsa.ErrVerification) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
}

func TestKeysMadeByOpenSSL(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	run := func(args ...string) { t.Helper(); openssl(t, nil, args...) }
	run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", at("pkcs8.pem"))
	run("rsa", "-in", at("pkcs8.pem"), "-traditional", "-out", at("pkcs1.pem"))
	run("pkcs8", "-topk8", "-in", at("pkcs8.pem"), "-passout", "pass:secret", "-out", at("encrypted8.pem"))
	run("rsa", "-in", at("pkcs8.pem"), "-traditional", "-aes128", "-passout", "pass:secret", "-out", at("encrypted1.pem"))
	run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", at("ec.pem"))
	run("ecparam", "-name", "prime256v1", "-genkey", "-out", at("ecparam.pem"))
	run("genpkey", "-algorithm", "ed25519", "-out", at("ed25519.pem"))
	run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out", at("weak8.pem"))
	run("rsa", "-in", at("weak8.pem"), "-traditional", "-out", at("weak1.pem"))
	run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512", "-out", at("veryweak.pem"))
	run("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", at("pss.pem"))
	run("pkey", "-in", at("pkcs8.pem"), "-outform", "DER", "-out", at("key.der"))
	run("pkey", "-in", at("pkcs8.pem"), "-pubout", "-out", at("public.pem"))
	run("rsa", "-in", at("pkcs8.pem"), "-RSAPublicKey_out", "-out", at("public1.pem"))
	run("pkey", "-in", at("ec.pem"), "-pubout", "-out", at("ecpublic.pem"))
	run("pkey", "-in", at("ed25519.pem"), "-pubout", "-out", at("edpublic.pem"))
	run("pkey", "-in", at("weak8.pem"), "-pubout", "-out", at("weakpublic.pem"))
	serial := "0A3F5C7D9E1B2D4F60718293A4B5C6D7E8F90A1B"
	run("req", "-x509", "-new", "-key", at("pkcs8.pem"), "-subj", "/CN=test", "-days", "30", "-set_serial", "0x"+serial, "-out", at("cert.pem"))
	run("req", "-x509", "-new", "-key", at("ec.pem"), "-subj", "/CN=test", "-days", "30", "-out", at("eccert.pem"))
	run("req", "-x509", "-new", "-key", at("weak8.pem"), "-subj", "/CN=test", "-days", "30", "-out", at("weakcert.pem"))
	run("req", "-new", "-key", at("pkcs8.pem"), "-subj", "/CN=test", "-out", at("request.pem"))
	run("pkcs12", "-export", "-inkey", at("pkcs8.pem"), "-in", at("cert.pem"), "-passout", "pass:secret", "-out", at("cert.p12"))
	concat := func(name string, parts ...string) {
		var all []byte
		for _, p := range parts {
			data, err := os.ReadFile(at(p))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, data...)
		}
		writeFile(t, at(name), string(all))
	}
	concat("two.pem", "pkcs8.pem", "pkcs1.pem")
	concat("chain.pem", "cert.pem", "cert.pem")
	concat("publics.pem", "public.pem", "public.pem")
	writeFile(t, at("empty.pem"), "")
	writeFile(t, at("text.pem"), "no key here")
	writeFile(t, at("cut.pem"), "-----BEGIN PRIVATE KEY-----\nMIIE")
	writeFile(t, at("junk.pem"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")

	private := func(f string) error {
		_, err := auth.LoadSigner("1900000001", serial, f)
		return err
	}
	public := func(f string) error { _, err := auth.LoadPublicKey(testPublicKeyID, f); return err }
	cert := func(f string) error { _, err := auth.LoadPlatformCertificate(f); return err }

	for _, c := range []struct {
		load func(string) error
		as   string
		file string
		want error
	}{
		{private, "private key", "pkcs8.pem", nil},
		{private, "private key", "pkcs1.pem", nil},
		{private, "private key", "encrypted8.pem", auth.ErrEncryptedKey},
		{private, "private key", "encrypted1.pem", auth.ErrEncryptedKey},
		{private, "private key", "ec.pem", auth.ErrNotRSA},
		{private, "private key", "ecparam.pem", auth.ErrNotRSA},
		{private, "private key", "ed25519.pem", auth.ErrNotRSA},
		{private, "private key", "pss.pem", auth.ErrNotRSA},
		{private, "private key", "weak8.pem", auth.ErrWeakKey},
		{private, "private key", "weak1.pem", auth.ErrWeakKey},
		{private, "private key", "veryweak.pem", auth.ErrWeakKey},
		{private, "private key", "key.der", nil},
		{private, "private key", "cert.p12", auth.ErrNotPEM},
		{private, "private key", "empty.pem", auth.ErrNotPEM},
		{private, "private key", "text.pem", auth.ErrNotPEM},
		{private, "private key", "cut.pem", auth.ErrNotPEM},
		{private, "private key", "junk.pem", errAny},
		{private, "private key", "missing.pem", fs.ErrNotExist},
		{private, "private key", ".", errAny},
		{private, "private key", "cert.pem", auth.ErrWrongKind},
		{private, "private key", "public.pem", auth.ErrWrongKind},
		{private, "private key", "request.pem", auth.ErrWrongKind},
		{private, "private key", "two.pem", auth.ErrSecondBlock},
		{public, "public key", "public.pem", nil},
		{public, "public key", "public1.pem", auth.ErrWrongKind},
		{public, "public key", "pkcs8.pem", auth.ErrWrongKind},
		{public, "public key", "encrypted8.pem", auth.ErrWrongKind},
		{public, "public key", "cert.pem", auth.ErrWrongKind},
		{public, "public key", "ecpublic.pem", auth.ErrNotRSA},
		{public, "public key", "edpublic.pem", auth.ErrNotRSA},
		{public, "public key", "weakpublic.pem", auth.ErrWeakKey},
		{public, "public key", "publics.pem", auth.ErrSecondBlock},
		{public, "public key", "missing.pem", fs.ErrNotExist},
		{cert, "certificate", "cert.pem", nil},
		{cert, "certificate", "eccert.pem", auth.ErrNotRSA},
		{cert, "certificate", "weakcert.pem", auth.ErrWeakKey},
		{cert, "certificate", "public.pem", auth.ErrWrongKind},
		{cert, "certificate", "pkcs8.pem", auth.ErrWrongKind},
		{cert, "certificate", "chain.pem", auth.ErrSecondBlock},
		{cert, "certificate", "missing.pem", fs.ErrNotExist},
	} {
		t.Run(c.as+" from "+c.file, func(t *testing.T) {
			file := at(c.file)
			err := c.load(file)
			if c.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("loaded")
			}
			if c.want != errAny && !errors.Is(err, c.want) {
				t.Fatalf("%v is not %v", err, c.want)
			}
			ke, ok := errors.AsType[*auth.KeyError](err)
			if !ok || ke.File != file {
				t.Fatalf("%#v does not name the file", err)
			}
			if text := err.Error(); strings.Contains(text, "\n") || strings.Count(text, file) != 1 {
				t.Fatalf("the text is not one line with one file name: %s", text)
			}
			t.Log(strings.ReplaceAll(err.Error(), dir+"/", ""))
		})
	}

	s, err := auth.LoadSignerWithCertificate("1900000001", at("pkcs1.pem"), at("cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if s.SerialNo() != serial {
		t.Errorf("serial number %s, want %s: openssl says %s", s.SerialNo(), serial, openssl(t, nil, "x509", "-in", at("cert.pem"), "-noout", "-serial"))
	}
	k, err := auth.LoadPlatformCertificate(at("cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if k.ID != serial || k.NotAfter.Sub(k.NotBefore) != 30*24*time.Hour {
		t.Errorf("got %s, %s to %s", k.ID, k.NotBefore, k.NotAfter)
	}
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
