package auth_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/wxpayscore/payscore/auth"
)

// form is a way in which people have a key.
type form struct {
	name  string
	apply func(text string) string
}

func replace(name string, oldnew ...string) form {
	return form{name, strings.NewReplacer(oldnew...).Replace}
}

// layouts are what becomes of the lines of a PEM text.
func layouts() []form {
	return []form{
		{"as it is", func(s string) string { return s }},
		replace("CRLF", "\n", "\r\n"),
		replace("CR", "\n", "\r"),
		replace("blank lines", "\n", "\n\n"),
		replace("trailing spaces", "\n", " \t\n"),
		{"indented", func(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n    ") }},
		replace("indented by wide spaces", "\n", "\n\u3000\u00a0"),
		replace("on one line", "\n", " "),
		replace("without line breaks", "\n", ""),
		replace("without any space", "\n", "", " ", ""),
		replace(`literal \n`, "\n", `\n`),
		replace(`literal \r\n`, "\n", `\r\n`),
		replace(`literal \\n`, "\n", `\\n`),
		replace("escaped slashes", "\n", `\n`, "/", `\/`),
		replace("escapes of Gson and .NET", "\n", `\n`, "=", `\u003d`, "+", `\u002B`, "-", `\u002d`),
		{"base64 with those escapes", func(s string) string { return strings.NewReplacer("=", `\u003d`, "+", `\u002B`).Replace(bareOf(s)) }},
		replace("continued lines", "\n", "\\\n"),
		{"lines of 20", func(s string) string {
			block, _ := pem.Decode([]byte(s))
			var b strings.Builder
			fmt.Fprintf(&b, "-----BEGIN %s-----\n", block.Type)
			for i, c := range base64.StdEncoding.EncodeToString(block.Bytes) {
				if b.WriteRune(c); i%20 == 19 {
					b.WriteByte('\n')
				}
			}
			fmt.Fprintf(&b, "\n-----END %s-----", block.Type)
			return b.String()
		}},
		{"base64 on many lines", func(s string) string {
			lines := strings.Split(strings.TrimSpace(s), "\n")
			return strings.Join(lines[1:len(lines)-1], "\n") + "\n"
		}},
		{"base64 on one line", bareOf},
		{"base64 without padding", func(s string) string {
			block, _ := pem.Decode([]byte(s))
			return base64.RawStdEncoding.EncodeToString(block.Bytes)
		}},
		{"base64 of the file", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
		{"base64 of the file with a byte order mark", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("\ufeff" + s)) }},
	}
}

// wrappings are what stands around the text.
func wrappings() []form {
	return []form{
		{"as it is", func(s string) string { return s }},
		{"double quotes", func(s string) string { return `"` + s + `"` }},
		{"single quotes and a line feed", func(s string) string { return "'" + s + "'\n" }},
		{"spaces", func(s string) string { return "\n\t " + s + " \n\n" }},
	}
}

var marks = []form{
	{"no mark", func(s string) string { return s }},
	{"byte order mark", func(s string) string { return "\ufeff" + s }},
}

// headed returns PEM with a heading that may be wrong.
func headed(heading string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: heading, Bytes: der}))
}

func readVector(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(vectorPath(name))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(data), "-----BEGIN ") // a comment stands before it
	return "-----BEGIN " + text
}

// privateTexts are one key in each of the four ways to name and to encode it.
func privateTexts(t testing.TB, key *rsa.PrivateKey) map[string]string {
	t.Helper()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PrivateKey(key)
	return map[string]string{
		"PKCS#8":                        headed("PRIVATE KEY", pkcs8),
		"PKCS#1":                        headed("RSA PRIVATE KEY", pkcs1),
		"PKCS#8 under the PKCS#1 title": headed("RSA PRIVATE KEY", pkcs8),
		"PKCS#1 under the PKCS#8 title": headed("PRIVATE KEY", pkcs1),
	}
}

// TestKeyForms combines all forms: whatever a key went through, it is the same key.
func TestKeyForms(t *testing.T) {
	key := merchantKey(t)
	public := parse(t, func(b []byte) (auth.Key, error) { return auth.ParsePublicKey(publicKeyID, b) }, readVector(t, "wechatpay_public_key.pem"))
	cert := parse(t, auth.ParsePlatformCertificate, readVector(t, "platform_cert.pem"))
	each := func(kind, text string, check func([]byte) error) {
		for _, layout := range layouts() {
			for _, wrapping := range wrappings() {
				for _, mark := range marks {
					if err := check([]byte(mark.apply(wrapping.apply(layout.apply(text))))); err != nil {
						t.Errorf("%s, %s, %s, %s: %v", kind, layout.name, wrapping.name, mark.name, err)
					}
				}
			}
		}
	}
	for kind, text := range privateTexts(t, key) {
		each(kind, text, func(data []byte) error {
			got, err := auth.ParsePrivateKey(data)
			if err == nil && !got.Equal(key) {
				err = errors.New("another key")
			}
			return err
		})
	}
	same := func(want auth.Key, parse func([]byte) (auth.Key, error)) func([]byte) error {
		return func(data []byte) error {
			got, err := parse(data)
			if err == nil && (!got.PublicKey.Equal(want.PublicKey) || got.ID != want.ID || !got.NotAfter.Equal(want.NotAfter)) {
				err = errors.New("another key")
			}
			return err
		}
	}
	each("public key", readVector(t, "wechatpay_public_key.pem"), same(public, func(b []byte) (auth.Key, error) { return auth.ParsePublicKey(publicKeyID, b) }))
	each("certificate", readVector(t, "platform_cert.pem"), same(cert, auth.ParsePlatformCertificate))
}

func parse[T any](t *testing.T, parse func([]byte) (T, error), text string) T {
	t.Helper()
	v, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A file of openssl pkcs12 has the certificate before the key, and text around both.
func TestKeyBesideOtherBlocks(t *testing.T) {
	key := merchantKey(t)
	keyText, certText, publicText := readVector(t, "merchant_key.pem"), readVector(t, "merchant_cert.pem"), readVector(t, "wechatpay_public_key.pem")
	bag := "Bag Attributes\n    friendlyName: Tenpay \\Certificate\n    localKeyID: 01 02\nKey Attributes: <No Attributes>\n"
	all := bag + certText + bag + keyText + publicText
	for _, layout := range []form{layouts()[0], replace("CRLF", "\n", "\r\n"), replace(`literal \n`, "\n", `\n`), replace("on one line", "\n", " ")} {
		data := layout.apply(all)
		if got := parse(t, auth.ParsePrivateKey, data); !got.Equal(key) {
			t.Errorf("%s: another private key", layout.name)
		}
		if got := parse(t, auth.ParsePlatformCertificate, data); !got.PublicKey.Equal(&key.PublicKey) {
			t.Errorf("%s: another certificate", layout.name)
		}
		if got := parse(t, func(b []byte) (auth.Key, error) { return auth.ParsePublicKey(publicKeyID, b) }, data); got.PublicKey.Equal(&key.PublicKey) {
			t.Errorf("%s: another public key", layout.name)
		}
	}
	for _, rest := range []string{keyText, "-----BEGIN PRIVATE KEY-----\n", headed("ENCRYPTED PRIVATE KEY", []byte{1})} {
		if _, err := auth.ParsePrivateKey([]byte(all + rest)); !errors.Is(err, auth.ErrSecondBlock) {
			t.Errorf("a second private key: %v", err)
		}
	}
	if _, err := auth.ParsePlatformCertificate([]byte(all + certText)); !errors.Is(err, auth.ErrSecondBlock) {
		t.Errorf("a second certificate: %v", err)
	}
}

func utf16Of(s string, littleEndian bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		if littleEndian {
			b.Write([]byte{byte(u), byte(u >> 8)})
		} else {
			b.Write([]byte{byte(u >> 8), byte(u)})
		}
	}
	return b.String()
}

// What is not taken is named, with what to do, and shows nothing of the key.
func TestKeyFormsNamed(t *testing.T) {
	keyText, certText, publicText := readVector(t, "merchant_key.pem"), readVector(t, "merchant_cert.pem"), readVector(t, "wechatpay_public_key.pem")
	block, _ := pem.Decode([]byte(keyText))
	half := func(b []byte) []byte { return b[:len(b)/2] }
	bare := bareOf(keyText)
	p12 := append([]byte{0x30, 0x80, 2, 1, 3, 0x30, 0x80, 6, 9}, half(block.Bytes)...) // as BER, which streams
	for _, c := range []struct {
		name, data string
		want       error
		texts      []string
	}{
		{"nothing", "", auth.ErrNotPEM, []string{"empty"}},
		{"white space", "\ufeff \r\n\t", auth.ErrNotPEM, []string{"empty"}},
		{"quotes", `""`, auth.ErrNotPEM, []string{"empty"}},
		{"UTF-16 LE", utf16Of("\ufeff"+keyText, true), auth.ErrNotPEM, []string{"UTF-16", "iconv -f UTF-16 -t UTF-8"}},
		{"UTF-16 BE", utf16Of("\ufeff"+keyText, false), auth.ErrNotPEM, []string{"UTF-16", "iconv -f UTF-16 -t UTF-8"}},
		{"UTF-16 without a mark", utf16Of(keyText, true), auth.ErrNotPEM, []string{"UTF-16", "iconv -f UTF-16LE -t UTF-8"}},
		{"p12", string(p12), auth.ErrNotPEM, []string{".p12", "openssl pkcs12 -in apiclient_cert.p12 -nodes -out", "merchant id"}},
		{"p12 in base64", base64.StdEncoding.EncodeToString(p12), auth.ErrNotPEM, []string{".p12", "openssl pkcs12"}},
		{"web page", "\n<!DOCTYPE html><html>" + strings.Repeat("login ", 99), auth.ErrNotPEM, []string{"web page"}},
		{"heading alone", "-----BEGIN PRIVATE KEY-----\n", auth.ErrNotPEM, []string{"END line is missing"}},
		{"heading and end alone", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", auth.ErrNotPEM, []string{"nothing stands between"}},
		{"no BEGIN line", strings.SplitN(keyText, "\n", 2)[1], auth.ErrNotPEM, []string{"BEGIN line is missing"}},
		{"hyphens made dashes", strings.ReplaceAll(keyText, "--", "—"), auth.ErrNotPEM, []string{"five hyphens"}},
		{"broken BEGIN line", strings.Replace(keyText, "KEY-----", "KEY---", 1), auth.ErrNotPEM, []string{"BEGIN line is damaged"}},
		{"no END line", keyText[:len(keyText)/2], auth.ErrNotPEM, []string{"cut off", "END line is missing"}},
		{"cut off inside", headed("PRIVATE KEY", half(block.Bytes)), auth.ErrNotPEM, []string{"cut off after", fmt.Sprintf("of %d bytes", len(block.Bytes))}},
		{"base64 cut off", bare[:len(bare)/2], auth.ErrNotPEM, []string{"cut off after"}},
		{"DER cut off", string(half(block.Bytes)), auth.ErrNotPEM, []string{"cut off after"}},
		{"not base64", strings.Replace(keyText, "\nM", "\n*", 1), auth.ErrNotPEM, []string{"damaged, it is not base64"}},
		{"one byte more", headed("PRIVATE KEY", append(bytes.Clone(block.Bytes), 0)), nil, []string{"damaged"}},
		{"prose", "no key here", auth.ErrNotPEM, nil},
		{"encrypted", headed("ENCRYPTED PRIVATE KEY", block.Bytes), auth.ErrEncryptedKey, []string{"openssl pkey"}},
		{"encrypted, on one line", strings.ReplaceAll(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: block.Bytes,
			Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}})), "\n", " "), auth.ErrEncryptedKey, []string{"openssl pkey"}},
		{"certificate", certText, auth.ErrWrongKind, []string{`it holds "CERTIFICATE", `, "is wanted: apiclient_key.pem"}},
		{"certificate called a key", strings.ReplaceAll(certText, "CERTIFICATE", "PRIVATE KEY"), auth.ErrWrongKind, []string{"it holds a certificate, "}},
		{"certificate in base64", bareOf(certText), auth.ErrWrongKind, []string{"it holds a certificate"}},
		{"public key", publicText, auth.ErrWrongKind, []string{`it holds "PUBLIC KEY", `, "apiclient_key.pem"}},
		{"another block", headed("X509 CRL", []byte{0x30, 0}), auth.ErrWrongKind, []string{`"X509 CRL"`}},
		{"two keys", keyText + keyText, auth.ErrSecondBlock, []string{"keep only the one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, err := auth.ParsePrivateKey([]byte(c.data))
			ke, ok := errors.AsType[*auth.KeyError](err)
			if !ok || key != nil || c.want != nil && !errors.Is(err, c.want) {
				t.Fatalf("%v", err)
			}
			for _, text := range c.texts {
				if !strings.Contains(ke.Error(), text) {
					t.Errorf("%q is missing in: %v", text, err)
				}
			}
			wantNothingOf(t, err, keyText)
		})
	}
	for name, c := range map[string]struct {
		err  func([]byte) error
		data string
		text string
	}{
		"private key for a public one":    {public, keyText, `it holds "PRIVATE KEY", a public key (PUBLIC KEY) is wanted: pub_key.pem`},
		"certificate for a public key":    {public, certText, `it holds "CERTIFICATE", a public key`},
		"private key for a certificate":   {certificate, keyText, `it holds "PRIVATE KEY", a certificate (CERTIFICATE) is wanted: apiclient_cert.pem`},
		"public key for a certificate":    {certificate, publicText, `it holds "PUBLIC KEY", a certificate`},
		"UTF-16 for a certificate":        {certificate, utf16Of("\ufeff"+certText, true), "iconv"},
		"p12 for a certificate":           {certificate, string(p12), "openssl pkcs12"},
		"web page for a public key":       {public, "<html>", "web page"},
		"two certificates":                {certificate, certText + certText, "keep only the one"},
		"certificate request":             {certificate, headed("CERTIFICATE REQUEST", []byte{0x30, 2, 5, 0}), `"CERTIFICATE REQUEST"`},
		"certificate that is cut off":     {certificate, certText[:len(certText)/2], "END line is missing"},
		"public key of PKCS#1":            {public, headed("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&merchantKey(t).PublicKey)), "-RSAPublicKey_in"},
		"private key for a public, bare":  {public, bare, "it holds a private key"},
		"encrypted key for a certificate": {certificate, headed("ENCRYPTED PRIVATE KEY", []byte{1}), `it holds "ENCRYPTED PRIVATE KEY"`},
	} {
		err := c.err([]byte(c.data))
		if err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantNothingOf(t, err, keyText)
	}
}

func public(data []byte) error { _, err := auth.ParsePublicKey(publicKeyID, data); return err }

func certificate(data []byte) error { _, err := auth.ParsePlatformCertificate(data); return err }

// wantNothingOf checks that an error is one line and shows no run of eight characters
// of a key, nor of its bytes.
func wantNothingOf(t *testing.T, err error, keyText string) {
	t.Helper()
	text := err.Error()
	if strings.ContainsAny(text, "\r\n") || len(text) > 500 {
		t.Errorf("%q", text)
	}
	bare := bareOf(keyText)
	for i := 0; i+8 <= len(bare); i++ {
		if strings.Contains(text, bare[i:i+8]) {
			t.Fatalf("shows the key: %q", text)
		}
	}
}

// A key in place of the name of its file, of a serial number or of a merchant id is a
// mistake that must not print it.
func TestKeyInTheWrongPlace(t *testing.T) {
	keyText := readVector(t, "merchant_key.pem")
	bare := bareOf(keyText)
	apiV3Key := "0123456789abcdefghijKLMNOPQRSTUV"
	for name, call := range map[string]func() error{
		"file":               func() error { _, err := auth.LoadSigner("1900000001", "AB", keyText); return err },
		"file without lines": func() error { _, err := auth.LoadSigner("1900000001", "AB", bare); return err },
		"file, half a key":   func() error { _, err := auth.LoadSigner("1900000001", "AB", bare[:len(bare)/2]); return err },
		"file in a directory": func() error {
			_, err := auth.LoadPlatformCertificate(filepath.Join(t.TempDir(), bare[:len(bare)/2]))
			return err
		},
		"id of a public key": func() error { _, err := auth.ParsePublicKey(bare, nil); return err },
		"API key as the id of a public key": func() error {
			_, err := auth.ParsePublicKey(apiV3Key, nil)
			return err
		},
		"file of a public key": func() error {
			_, err := auth.LoadPublicKey(publicKeyID, keyText)
			return err
		},
		"serial number": func() error { _, err := auth.NewSigner("1900000001", keyText, merchantKey(t)); return err },
		"serial number without lines": func() error {
			_, err := auth.NewSigner("1900000001", bare, merchantKey(t))
			return err
		},
		"API key as serial number": func() error { _, err := auth.NewSigner("1900000001", apiV3Key, merchantKey(t)); return err },
		"merchant id":              func() error { _, err := auth.NewSigner(keyText, "AB", merchantKey(t)); return err },
	} {
		err := call()
		if err == nil || errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), apiV3Key[:8]) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantNothingOf(t, err, keyText)
	}
}

func TestParseSerialNo(t *testing.T) {
	const hex = merchantSerial
	for text, want := range map[string]string{
		hex:                         hex,
		strings.ToLower(hex):        hex,
		" " + hex + "\r\n":          hex,
		"0x" + hex:                  hex,
		"0X" + strings.ToLower(hex): hex,
		"serial=" + hex + "\n":      hex,
		"Serial=0x" + hex:           hex,
		"5B:37:C0:A1":               "5B37C0A1",
		"5b 37 c0 a1":               "5B37C0A1",
		"\ufeff5B37":                "5B37",
		"00AB":                      "00AB",
		"1234567890":                "1234567890", // hex, as far as anybody can tell
		strings.Repeat("1", 40):     strings.Repeat("1", 40),
		"520761481758223388892271712522342989723731203082": "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A",
		// Hex that happens to have no letter, and a zero byte before it.
		"00" + strings.Repeat(":12", 20):       strings.Repeat("12", 20),
		"00" + strings.Repeat("12", 20):        strings.Repeat("12", 20),
		"0x00" + strings.Repeat("12", 20):      strings.Repeat("12", 20),
		"serial=00" + strings.Repeat("AB", 20): strings.Repeat("AB", 20),
	} {
		if got, err := auth.ParseSerialNo(text); err != nil || got != want {
			t.Errorf("%q reads as %q, %v, want %q", text, got, err, want)
		}
		if s, err := auth.NewSigner("1900000001", text, merchantKey(t)); err != nil || s.SerialNo() != want {
			t.Errorf("NewSigner: %q: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"":                                 "hex",
		"serial=":                          "hex",
		":":                                "hex",
		publicKeyID:                        "WeChat Pay public key",
		"5B-37":                            "hex",
		strings.Repeat("A", 41):            "hex",
		strings.Repeat("9", 49):            "hex", // over 20 bytes
		strings.Repeat("1", 50):            "hex",
		"1" + strings.Repeat(":12", 20):    "hex", // as no tool prints decimal
		readVector(t, "merchant_cert.pem"): "openssl x509 -in apiclient_cert.pem -noout -serial",
	} {
		if got, err := auth.ParseSerialNo(text); err == nil || got != "" || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "auth: ") {
			t.Errorf("%.20q: %q, %v", text, got, err)
		}
	}
}

func TestMerchantIDOfTheWrongKind(t *testing.T) {
	if s, err := auth.NewSigner(" 1900000001\n", merchantSerial, merchantKey(t)); err != nil || s.MchID() != "1900000001" {
		t.Error(err)
	}
	for id, want := range map[string]string{"wx8888888888888888": "id of an app", publicKeyID: "letters and digits", "1900 000001": "letters and digits"} {
		if _, err := auth.NewSigner(id, merchantSerial, merchantKey(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// The serial number of WeChat Pay's certificate in place of the merchant's is found
// before a request is sent.
func TestCheckKeysFindsThePlatformSerial(t *testing.T) {
	for _, serial := range []string{platformSerial, strings.ToLower(platformSerial), strings.TrimLeft(platformSerial, "0")} {
		s, err := auth.NewSigner("1900000001", serial, merchantKey(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := auth.CheckKeys(t.Context(), s, testVerifier(t)); !errors.Is(err, auth.ErrPlatformSerial) {
			t.Errorf("%s: %v", serial, err)
		}
	}
	if err := auth.CheckKeys(t.Context(), testSigner(t), testVerifier(t)); err != nil {
		t.Error(err)
	}
}

func TestAPIv3KeyWithWhiteSpace(t *testing.T) {
	key := strings.Repeat("k", 32)
	for _, text := range []string{key, key + "\n", " " + key + "\r\n"} {
		if _, err := auth.NewAPIv3Key(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	// 32 bytes, but not of a key.
	for _, text := range []string{key[:31] + "\n", " " + key[:31], key[:31]} {
		de := new(auth.DecryptError)
		if _, err := auth.NewAPIv3Key(text); !errors.As(err, &de) || de.Size != 31 || !strings.Contains(err.Error(), "31 bytes, not 32") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestKeyFormsOfOpenSSL reads what openssl wrote and compares with the modulus that
// openssl prints.
func TestKeyFormsOfOpenSSL(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	run := func(args ...string) { t.Helper(); openssl(t, nil, args...) }
	run("genrsa", "-out", at("key.pem"), "2048")
	run("rsa", "-in", at("key.pem"), "-traditional", "-out", at("pkcs1.pem"))
	run("pkcs8", "-topk8", "-nocrypt", "-in", at("pkcs1.pem"), "-out", at("pkcs8.pem"))
	run("pkcs8", "-topk8", "-nocrypt", "-in", at("pkcs1.pem"), "-outform", "DER", "-out", at("pkcs8.der"))
	run("rsa", "-in", at("key.pem"), "-traditional", "-outform", "DER", "-out", at("pkcs1.der"))
	run("req", "-x509", "-new", "-key", at("key.pem"), "-subj", "/CN=merchant", "-days", "30", "-set_serial", "0x"+merchantSerial, "-out", at("cert.pem"))
	run("x509", "-in", at("cert.pem"), "-outform", "DER", "-out", at("cert.der"))
	run("pkey", "-in", at("key.pem"), "-pubout", "-out", at("public.pem"))
	run("pkey", "-in", at("key.pem"), "-pubout", "-outform", "DER", "-out", at("public.der"))
	run("pkcs12", "-export", "-inkey", at("key.pem"), "-in", at("cert.pem"), "-name", "Tenpay Certificate", "-passout", "pass:1900000001", "-out", at("apiclient_cert.p12"))
	run("pkcs12", "-in", at("apiclient_cert.p12"), "-nodes", "-passin", "pass:1900000001", "-out", at("nodes.pem"))
	run("base64", "-in", at("pkcs8.pem"), "-out", at("base64.txt"))
	run("base64", "-A", "-in", at("pkcs1.der"), "-out", at("base64der.txt"))

	modulus := func(args ...string) string { return strings.TrimSpace(string(openssl(t, nil, args...))) }
	want := modulus("rsa", "-in", at("key.pem"), "-noout", "-modulus")
	got := func(pub *rsa.PublicKey) string { return fmt.Sprintf("Modulus=%X", pub.N) }
	for _, name := range []string{"key.pem", "pkcs1.pem", "pkcs8.pem", "pkcs1.der", "pkcs8.der", "nodes.pem", "base64.txt", "base64der.txt"} {
		data, err := os.ReadFile(at(name))
		if err != nil {
			t.Fatal(err)
		}
		if key, err := auth.ParsePrivateKey(data); err != nil || got(&key.PublicKey) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"cert.pem", "cert.der", "nodes.pem"} {
		if key, err := auth.LoadPlatformCertificate(at(name)); err != nil || got(key.PublicKey) != want || key.ID != merchantSerial {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"public.pem", "public.der"} {
		if key, err := auth.LoadPublicKey(publicKeyID, at(name)); err != nil || got(key.PublicKey) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := auth.LoadSignerWithCertificate("1900000001", at("nodes.pem"), at("nodes.pem"))
	if err != nil || s.SerialNo() != merchantSerial {
		t.Error(err)
	}
	// The number as openssl prints it, in each of its ways.
	for _, args := range [][]string{{"-serial"}, {"-text", "-certopt", "no_subject,no_header,no_version,no_signame,no_issuer,no_validity,no_pubkey,no_extensions,no_sigdump"}} {
		printed := string(openssl(t, nil, append([]string{"x509", "-in", at("cert.pem"), "-noout"}, args...)...))
		printed = strings.TrimPrefix(strings.TrimSpace(printed), "Serial Number:")
		if serial, err := auth.ParseSerialNo(printed); err != nil || serial != merchantSerial {
			t.Errorf("%q: %q, %v", printed, serial, err)
		}
	}
	_, err = auth.LoadSigner("1900000001", merchantSerial, at("apiclient_cert.p12"))
	if !errors.Is(err, auth.ErrNotPEM) || !strings.Contains(err.Error(), "openssl pkcs12 -in apiclient_cert.p12 -nodes") {
		t.Error(err)
	}
}

// bareOf returns the base64 of a PEM text, on one line.
func bareOf(text string) string {
	block, _ := pem.Decode([]byte(text))
	return base64.StdEncoding.EncodeToString(block.Bytes)
}
