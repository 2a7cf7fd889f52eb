package vectors

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// What people get wrong when they sign is caught by some vector.
func TestMistakesOfSigners(t *testing.T) {
	var v signatureVectors
	read(t, "signature.json", &v)
	// target takes the request-target out of a URL, as a signer has to.
	target := func(raw string) string {
		raw, _, _ = strings.Cut(raw, "#")
		return "/" + strings.SplitN(raw, "/", 4)[3]
	}
	build := func(r requestVector, target string) string {
		return strings.Join([]string{r.Method, target, r.Timestamp, r.Nonce, r.Body, ""}, "\n")
	}
	changed := func(path func(string) string, query func(string) string) func(requestVector) string {
		return func(r requestVector) string {
			p, q, has := strings.Cut(target(r.URL), "?")
			if path != nil {
				p = path(p)
			}
			if !has {
				return build(r, p)
			}
			if query != nil {
				q = query(q)
			}
			if q == "" {
				return build(r, p)
			}
			return build(r, p+"?"+q)
		}
	}
	parsed := func(keep func(name, value string) bool) func(string) string {
		return func(q string) string {
			var out []string
			for pair := range strings.SplitSeq(q, "&") {
				name, value, _ := strings.Cut(pair, "=")
				if keep(name, value) {
					out = append(out, pair)
				}
			}
			return strings.Join(out, "&")
		}
	}
	for name, message := range map[string]func(requestVector) string{
		"": func(r requestVector) string { return build(r, target(r.URL)) },
		"query sorted": changed(nil, func(q string) string {
			values, _ := url.ParseQuery(q)
			return strings.ReplaceAll(values.Encode(), "+", "%20")
		}),
		"plus for a space":          changed(nil, func(q string) string { return strings.ReplaceAll(q, "%20", "+") }),
		"%20 for a plus":            changed(nil, func(q string) string { return strings.ReplaceAll(q, "+", "%20") }),
		"query decoded":             changed(nil, func(q string) string { s, _ := url.QueryUnescape(q); return s }),
		"query left out":            changed(nil, func(string) string { return "" }),
		"blank parameters left out": changed(nil, parsed(func(_, value string) bool { return value != "" })),
		"equals sign added": changed(nil, func(q string) string {
			return regexp.MustCompile(`(^|&)([^=&]+)(&|$)`).ReplaceAllString(q, "$1$2=$3")
		}),
		"first of a repeated parameter": func(r requestVector) string {
			seen := map[string]bool{}
			return changed(nil, parsed(func(name, _ string) bool { was := seen[name]; seen[name] = true; return !was }))(r)
		},
		"path decoded":             changed(func(p string) string { s, _ := url.PathUnescape(p); return s }, nil),
		"path escaped again":       changed(func(p string) string { return (&url.URL{Path: p}).EscapedPath() }, nil),
		"path decoded and escaped": changed(func(p string) string { s, _ := url.PathUnescape(p); return (&url.URL{Path: s}).EscapedPath() }, nil),
		"escapes in upper case":    changed(func(p string) string { return regexp.MustCompile(`%..`).ReplaceAllStringFunc(p, strings.ToUpper) }, nil),
		"slashes collapsed":        changed(func(p string) string { return regexp.MustCompile(`//+`).ReplaceAllString(p, "/") }, nil),
		"last slash taken away":    changed(func(p string) string { return strings.TrimSuffix(p, "/") }, nil),
		"path in lower case":       changed(strings.ToLower, nil),
		"fragment signed": func(r requestVector) string {
			_, part, _ := strings.Cut(r.URL, "#")
			return build(r, target(r.URL)+part)
		},
		"host signed":               func(r requestVector) string { return build(r, r.URL) },
		"path left without query ?": changed(func(p string) string { return p + "?" }, nil),
		"no last line feed":         func(r requestVector) string { return strings.TrimSuffix(r.Message, "\n") },
		"body trimmed":              func(r requestVector) string { r.Body = strings.TrimSpace(r.Body); return build(r, target(r.URL)) },
		"no line for an empty body": func(r requestVector) string { return strings.Replace(r.Message, "\n\n", "\n", 1) },
		"body escaped as ASCII": func(r requestVector) string {
			r.Body = strings.Trim(strconv.QuoteToASCII(r.Body), `"`)
			return build(r, target(r.URL))
		},
		"CRLF": func(r requestVector) string { return strings.ReplaceAll(r.Message, "\n", "\r\n") },
	} {
		wrong := ""
		for _, r := range v.Requests {
			if message(r) != r.Message {
				wrong = r.Name
			}
		}
		if (wrong == "") != (name == "") {
			t.Errorf("%q: the vector that shows it is %q", name, wrong)
		}
	}
}

// A step of a verifier that is left out or done wrong is caught by some vector.
func TestMistakesOfVerifiers(t *testing.T) {
	var v signatureVectors
	read(t, "signature.json", &v)
	keys := map[string]*rsa.PublicKey{}
	for _, k := range v.Keys {
		private, err := readKey(filepath.Join(dir, k.PrivateKey))
		if err != nil {
			t.Fatal(err)
		}
		keys[k.ID] = &private.PublicKey
	}
	digits := regexp.MustCompile(`^[0-9]+$`)
	// verifier has a field for each thing that it may do wrong.
	type verifier struct {
		key       func(serial string) *rsa.PublicKey
		seconds   func(string) (int64, bool)
		skew      int64
		decode    func(string) ([]byte, error)
		body      func(responseVector) string
		skip      func(responseVector) bool // takes it without a look
		anyScheme bool
		emptyMAC  bool // takes an empty nonce
		nonce     func(string) bool
	}
	right := func() verifier {
		return verifier{
			key: func(serial string) *rsa.PublicKey {
				if k := keys[serial]; k != nil {
					return k
				}
				return keys[strings.TrimPrefix(strings.ToUpper(serial), "PUB_KEY_ID_")]
			},
			seconds: func(s string) (int64, bool) {
				n, err := strconv.ParseInt(s, 10, 64)
				return n, err == nil && digits.MatchString(s)
			},
			skew:   300,
			decode: base64.StdEncoding.DecodeString,
			body:   func(r responseVector) string { return r.Body },
			skip:   func(responseVector) bool { return false },
			nonce:  func(string) bool { return true },
		}
	}
	takes := func(f verifier, r responseVector) bool {
		h := map[string]string{}
		for name, value := range r.Headers {
			h[strings.ToLower(name)] = value
		}
		if f.skip(r) {
			return true
		}
		timestamp, nonce := h["wechatpay-timestamp"], h["wechatpay-nonce"]
		at, ok := f.seconds(timestamp)
		if !ok || nonce == "" && !f.emptyMAC || !f.nonce(nonce) || at > r.Now+f.skew || at < r.Now-f.skew {
			return false
		}
		if s, has := h["wechatpay-signature-type"]; has && s != scheme && !f.anyScheme {
			return false
		}
		key := f.key(h["wechatpay-serial"])
		signature, err := f.decode(h["wechatpay-signature"])
		if key == nil || err != nil {
			return false
		}
		digest := sha256.Sum256([]byte(timestamp + "\n" + nonce + "\n" + f.body(r) + "\n"))
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	}
	number := func(change func(string) string) func(string) (int64, bool) {
		return func(s string) (int64, bool) {
			n, err := strconv.ParseInt(change(s), 0, 64)
			return n, err == nil
		}
	}
	for name, change := range map[string]func(*verifier){
		"":                 func(*verifier) {},
		"4xx not verified": func(f *verifier) { f.skip = func(r responseVector) bool { return r.Status/100 == 4 } },
		"5xx not verified": func(f *verifier) { f.skip = func(r responseVector) bool { return r.Status/100 == 5 } },
		"204 not verified": func(f *verifier) { f.skip = func(r responseVector) bool { return r.Status == 204 } },
		"unsigned taken":   func(f *verifier) { f.skip = func(r responseVector) bool { return r.Headers[headerSignature] == "" } },
		"body of a 204 left out": func(f *verifier) {
			f.body = func(r responseVector) string { return map[bool]string{false: r.Body}[r.Status == 204] }
		},
		"body trimmed":               func(f *verifier) { f.body = func(r responseVector) string { return strings.TrimSpace(r.Body) } },
		"no clock":                   func(f *verifier) { f.skew = 1 << 40 },
		"a narrow clock":             func(f *verifier) { f.skew = 299 },
		"timestamp with a sign":      func(f *verifier) { f.seconds = number(func(s string) string { return strings.TrimPrefix(s, "+") }) },
		"timestamp with underscores": func(f *verifier) { f.seconds = number(func(s string) string { return strings.ReplaceAll(s, "_", "") }) },
		"timestamp in hex": func(f *verifier) {
			f.seconds = number(func(s string) string { return strings.TrimLeft(s, "0+") })
			f.seconds = number(strings.Clone)
		},
		"timestamp up to a point": func(f *verifier) {
			f.seconds = number(func(s string) string { s, _, _ = strings.Cut(s, "."); return s })
		},
		"timestamp up to a letter":        func(f *verifier) { f.seconds = number(regexp.MustCompile(`^[0-9]*`).FindString) },
		"empty nonce taken":               func(f *verifier) { f.emptyMAC = true },
		"nonce of 32 characters only":     func(f *verifier) { f.nonce = func(s string) bool { return len(s) >= 31 && len(s) <= 33 } },
		"nonce of letters and digits":     func(f *verifier) { f.nonce = regexp.MustCompile(`^[0-9A-Za-z]+$`).MatchString },
		"any scheme":                      func(f *verifier) { f.anyScheme = true },
		"one key for all":                 func(f *verifier) { f.key = func(string) *rsa.PublicKey { return keys[publicKeyID] } },
		"case of serial numbers":          func(f *verifier) { f.key = func(s string) *rsa.PublicKey { return keys[s] } },
		"ids of public keys without case": func(f *verifier) { f.key = func(s string) *rsa.PublicKey { return keys[strings.ToUpper(s)] } },
		"beginning of an id": func(f *verifier) {
			f.key = func(s string) *rsa.PublicKey { return keys[strings.ToUpper(s)[:min(len(s), len(publicKeyID))]] }
		},
		"characters that are not base64 left out": func(f *verifier) {
			f.decode = func(s string) ([]byte, error) {
				return base64.StdEncoding.DecodeString(regexp.MustCompile(`[^0-9A-Za-z+/=]`).ReplaceAllString(s, ""))
			}
		},
		"the first of two signatures": func(f *verifier) {
			f.decode = func(s string) ([]byte, error) {
				s, _, _ = strings.Cut(s, ",")
				return base64.StdEncoding.DecodeString(s)
			}
		},
		"probes taken": func(f *verifier) {
			f.skip = func(r responseVector) bool { return strings.HasPrefix(r.Signature, "WECHATPAY/SIGNTEST/") }
		},
	} {
		f := right()
		change(&f)
		wrong := ""
		for _, r := range v.Responses {
			if takes(f, r) != r.Valid {
				wrong = r.Name
			}
		}
		if (wrong == "") != (name == "") {
			t.Errorf("%q: the vector that shows it is %q", name, wrong)
		}
	}
}

// openssl decrypts the sensitive fields that are valid, and none of the others.
func TestSensitiveByOpenSSL(t *testing.T) {
	var v sensitiveVectors
	read(t, "sensitive.json", &v)
	keys := map[string]string{"": v.Merchant.PrivateKey}
	for _, k := range v.Keys {
		keys[k.ID] = k.PrivateKey
	}
	seen := map[string]bool{}
	for _, f := range v.Fields {
		seen[f.Reason] = true
		sealed, err := base64.StdEncoding.Strict().DecodeString(f.Ciphertext)
		wellFormed := err == nil && len(sealed) == 256 && !strings.Contains(f.Ciphertext, "\n")
		if wellFormed == (f.Reason == "ciphertext") {
			t.Errorf("%s: %d bytes, %v", f.Name, len(sealed), err)
		}
		if !wellFormed {
			continue
		}
		text, err := openssl(t, sealed, "pkeyutl", "-decrypt", "-inkey", filepath.Join(dir, keys[f.Serial]),
			"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha1", "-pkeyopt", "rsa_mgf1_md:sha1")
		if (err == nil) != f.Valid || f.Valid && !bytes.Equal(text, []byte(f.Plaintext)) || f.Valid != (f.Reason == "") {
			t.Errorf("%s: openssl says %v and %d bytes, the file %v %q", f.Name, err, len(text), f.Valid, f.Reason)
		}
	}
	for _, reason := range []string{"", "ciphertext", "authentication"} {
		if !seen[reason] {
			t.Errorf("no vector for the reason %q", reason)
		}
	}
}
