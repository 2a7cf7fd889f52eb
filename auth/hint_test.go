package auth_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
)

// recorded is the first notification of the vectors, whose signature openssl
// verifies, and a verifier at its time.
func recorded(t testing.TB) (*auth.Verifier, http.Header, string) {
	t.Helper()
	data, err := os.ReadFile(vectorPath("notification.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Notifications []struct {
			Now     int64
			Headers map[string]string
			Body    string
		}
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	n, header := v.Notifications[0], http.Header{}
	for name, value := range n.Headers {
		header.Set(name, value)
	}
	return testVerifier(t).WithClock(func() time.Time { return time.Unix(n.Now, 0) }), header, n.Body
}

func lowered(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		out[strings.ToLower(name)] = values
	}
	return out
}

func TestHeadersInAnyCase(t *testing.T) {
	v, header, body := recorded(t)
	upper := http.Header{}
	for name, values := range header {
		upper[strings.ToUpper(name)] = values
	}
	for name, h := range map[string]http.Header{"canonical": header, "lower": lowered(header), "upper": upper} {
		if err := v.Verify(h, []byte(body)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name := range header {
		both := header.Clone()
		both[strings.ToLower(name)] = header[name]
		err := v.Verify(both, []byte(body))
		if wrong, ok := errors.AsType[*auth.HeaderError](err); !ok || wrong.Header != name || wrong.Reason != auth.ReasonRepeated {
			t.Errorf("%s in two cases: %v", name, err)
		}
		delete(both, name)
		both[strings.ToLower(name)] = append(both[strings.ToLower(name)], "x")
		err = v.Verify(both, []byte(body))
		if wrong, ok := errors.AsType[*auth.HeaderError](err); !ok || wrong.Header != name || wrong.Reason != auth.ReasonRepeated {
			t.Errorf("%s twice: %v", name, err)
		}
		delete(both, strings.ToLower(name))
		err = v.Verify(both, []byte(body))
		if name == auth.HeaderSignatureType {
			if err != nil {
				t.Error(err)
			}
		} else if wrong, ok := errors.AsType[*auth.HeaderError](err); !ok || wrong.Header != name || wrong.Reason != auth.ReasonMissing {
			t.Errorf("no %s: %v", name, err)
		}
		// An empty list is no header, and leaves the other one alone.
		both[name] = header[name]
		both[strings.ToUpper(name)] = nil
		if err := v.Verify(both, []byte(body)); err != nil {
			t.Error(err)
		}
	}
}

// altered is a message that does not verify.
type altered struct {
	name   string
	change func(http.Header, []byte) []byte
	kind   auth.HintKind // that Verify tells; empty when it tells none
	proven auth.HintKind // that Diagnose proves; empty when it does not
}

func set(name, value string) func(http.Header, []byte) []byte {
	return func(h http.Header, body []byte) []byte { h.Set(name, value); return body }
}

func alterations(t *testing.T, header http.Header, body string) []altered {
	to := func(f func([]byte) []byte) func(http.Header, []byte) []byte {
		return func(_ http.Header, body []byte) []byte { return f(body) }
	}
	signature, nonce, timestamp := header.Get(auth.HeaderSignature), header.Get(auth.HeaderNonce), header.Get(auth.HeaderTimestamp)
	if !strings.ContainsAny(signature, "+") || !strings.Contains(body, "/") || !strings.Contains(body, "+") {
		t.Fatal("this vector shows little")
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte(body))
	_ = w.Close()
	quoted, _ := json.Marshal(body)
	all := []altered{
		{"empty", to(func([]byte) []byte { return nil }), auth.HintEmptyBody, ""},
		{"empty, with a length", func(h http.Header, _ []byte) []byte { h.Set("Content-Length", "1013"); return nil }, auth.HintEmptyBody, ""},
		{"shorter than it was", func(h http.Header, body []byte) []byte {
			h["content-length"] = []string{strconv.Itoa(len(body))}
			return body[:len(body)-1]
		}, auth.HintLength, ""},
		{"a line end more", to(func(b []byte) []byte { return append(b, '\n') }), auth.HintWhitespace, auth.HintWhitespace},
		{"CR LF more", to(func(b []byte) []byte { return append(b, '\r', '\n') }), auth.HintWhitespace, auth.HintWhitespace},
		{"a BOM", to(func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) }), auth.HintWhitespace, auth.HintWhitespace},
		{"base64", to(func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b)) }), auth.HintTransformed, auth.HintTransformed},
		{"URL-encoded", to(func(b []byte) []byte { return []byte(url.QueryEscape(string(b))) }), auth.HintTransformed, auth.HintTransformed},
		{"a form's key", to(func(b []byte) []byte { return []byte(url.QueryEscape(string(b)) + "=") }), auth.HintTransformed, auth.HintTransformed},
		{"URL-decoded", to(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("+"), []byte(" ")) }), "", auth.HintTransformed},
		{"a text with JSON in it", to(func([]byte) []byte { return quoted }), auth.HintTransformed, auth.HintTransformed},
		{"gzip", to(func([]byte) []byte { return zipped.Bytes() }), auth.HintTransformed, auth.HintTransformed},
		{"an object as JavaScript prints it", to(func([]byte) []byte { return []byte("[object Object]") }), auth.HintTransformed, ""},
		{"a dict as Python prints it", to(func([]byte) []byte { return []byte("{'id': 'x'}") }), auth.HintTransformed, ""},
		{"a page", to(func([]byte) []byte { return []byte("<html>") }), auth.HintTransformed, ""},
		{"GBK", to(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("测"), []byte{0xb2, 0xe2}) }), auth.HintCharset, ""},
		{"replacement characters", to(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("测"), []byte("\ufffd")) }), auth.HintCharset, ""},
		{"read as Latin-1", to(func(b []byte) []byte {
			var out []rune
			for _, c := range b {
				out = append(out, rune(c))
			}
			return []byte(string(out))
		}), "", auth.HintCharset},

		{"signature URL-encoded", set(auth.HeaderSignature, url.QueryEscape(signature)), auth.HintSignature, auth.HintSignature},
		{"signature URL-decoded", set(auth.HeaderSignature, strings.ReplaceAll(signature, "+", " ")), auth.HintSignature, auth.HintSignature},
		{"signature folded", set(auth.HeaderSignature, signature[:76]+"\r\n "+signature[76:]), auth.HintSignature, auth.HintSignature},
		{"signature with blanks", set(auth.HeaderSignature, signature[:64]+" "+signature[64:128]+" "+signature[128:]), auth.HintSignature, auth.HintSignature},
		{"signature in the base64 of URLs", set(auth.HeaderSignature, strings.NewReplacer("+", "-", "/", "_").Replace(signature)), auth.HintSignature, auth.HintSignature},
		{"signature without padding", set(auth.HeaderSignature, strings.TrimRight(signature, "=")), auth.HintSignature, auth.HintSignature},
		{"signature cut", set(auth.HeaderSignature, signature[:301]), auth.HintSignature, ""},
		{"nonce and signature swapped", func(h http.Header, b []byte) []byte {
			h.Set(auth.HeaderNonce, signature)
			h.Set(auth.HeaderSignature, nonce)
			return b
		}, auth.HintSwapped, auth.HintSwapped},
		{"timestamp and nonce swapped", func(h http.Header, b []byte) []byte {
			h.Set(auth.HeaderNonce, timestamp)
			h.Set(auth.HeaderTimestamp, nonce)
			return b
		}, auth.HintSwapped, auth.HintSwapped},
		{"milliseconds", set(auth.HeaderTimestamp, timestamp+"000"), auth.HintTime, auth.HintTime},
		{"serial of neither kind", set(auth.HeaderSerial, "1900000001:5B37"), auth.HintSerial, auth.HintSerial},
		{"public key id in lower case", set(auth.HeaderSerial, strings.ToLower(publicKeyID)), auth.HintSerial, auth.HintSerial},
		{"another key's id", set(auth.HeaderSerial, platformSerial), "", auth.HintKeyID},
		{"no serial", func(h http.Header, b []byte) []byte { h.Del(auth.HeaderSerial); return b }, "", auth.HintSerial},
		{"a nonce twice", func(h http.Header, b []byte) []byte { h.Add(auth.HeaderNonce, "x"); return b }, "", auth.HintHeaders},
		{"another signature type", set(auth.HeaderSignatureType, "x"), "", auth.HintHeaders},
		{"blanks around the nonce", set(auth.HeaderNonce, " "+nonce+" "), "", auth.HintHeaders},
		{"blanks around the signature", set(auth.HeaderSignature, " "+signature+" "), auth.HintSignature, auth.HintHeaders},
		{"no headers", func(h http.Header, b []byte) []byte { clear(h); return b }, auth.HintHeaders, ""},
		{"names of CGI", func(h http.Header, b []byte) []byte {
			for name, values := range h.Clone() {
				delete(h, name)
				h["HTTP_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = values
			}
			return b
		}, auth.HintHeaders, ""},
		{"one header is missing", func(h http.Header, b []byte) []byte { h.Del(auth.HeaderNonce); return b }, "", ""},
		{"a probe", set(auth.HeaderSignature, "WECHATPAY/SIGNTEST/"+signature[19:]), "", ""},
	}

	// Written by python3, php and node from this vector.
	data, err := os.ReadFile("testdata/reencoded.json")
	if err != nil {
		t.Fatal(err)
	}
	var reencoded map[string]string
	if err := json.Unmarshal(data, &reencoded); err != nil {
		t.Fatal(err)
	}
	for name, text := range reencoded {
		if text != body {
			all = append(all, altered{name, to(func([]byte) []byte { return []byte(text) }), auth.HintReencoded, auth.HintReencoded})
		}
	}
	var value any
	_ = json.Unmarshal([]byte(body), &value)
	sorted, _ := json.Marshal(value)
	all = append(all,
		altered{"a map of Go", to(func([]byte) []byte { return sorted }), auth.HintReencoded, auth.HintReencoded},
		altered{"Gson", to(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("+"), []byte(`\u003d`)) }), auth.HintReencoded, ""},
		altered{".NET", to(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("+"), []byte(`\u002B`)) }), auth.HintReencoded, auth.HintReencoded},
		altered{"indented by Go", to(func(b []byte) []byte {
			var out bytes.Buffer
			_ = json.Indent(&out, b, "", "\t")
			return out.Bytes()
		}), auth.HintReencoded, auth.HintReencoded},
	)
	return all
}

func TestHints(t *testing.T) {
	v, header, body := recorded(t)
	merchant := testSigner(t)
	for _, a := range alterations(t, header, body) {
		t.Run(a.name, func(t *testing.T) {
			h := header.Clone()
			sent := a.change(h, []byte(body))
			err := v.Verify(h, sent)
			if !errors.Is(err, auth.ErrUnverified) {
				t.Fatal(err)
			}
			text := err.Error()
			if len(text) > 450 || strings.ContainsAny(text, "\r\n") || strings.Contains(text, "SdJ0Tr9Z") || strings.Contains(text, header.Get(auth.HeaderSignature)[20:40]) {
				t.Error(text)
			}
			hints := auth.Hints(err)
			t.Log(text)
			if (a.kind == "") != (len(hints) == 0) || len(hints) > 0 && hints[0].Kind != a.kind {
				t.Errorf("hints %+v, want %s", hints, a.kind)
			}
			for _, hint := range hints {
				if hint.Proven || !strings.Contains(text, hint.Text) || len(hint.Text) > 200 {
					t.Errorf("%+v is not in %s", hint, text)
				}
			}

			proofs, diagnosed := v.Diagnose(t.Context(), h, sent, merchant)
			if diagnosed == nil || diagnosed.Error() != text {
				t.Error(diagnosed)
			}
			t.Log(proofs)
			if a.proven != "" {
				if len(proofs) == 0 || !proofs[0].Proven || proofs[0].Kind != a.proven {
					t.Errorf("%+v, want %s", proofs, a.proven)
				}
			} else if slices.ContainsFunc(proofs, func(h auth.Hint) bool { return h.Proven }) || len(proofs) != len(hints) {
				t.Errorf("%+v, want %+v", proofs, hints)
			}
		})
	}
}

// A body that is not tidy, made compact by a program that keeps the order, as
// JSON.stringify does. Only its length shows it.
func TestHintsOfACompactBody(t *testing.T) {
	v, _, compact := recorded(t)
	v = v.WithClock(func() time.Time { return testTime })
	untidy := strings.Replace(strings.Replace(compact, `":"EV`, `": "EV`, 1), `,"summary"`, `,  "summary"`, 1)
	header := answer(t, privateKey(t, "wechatpay_private_key.pem"), publicKeyID, testTime, untidy)
	if err := v.Verify(header, []byte(untidy)); err != nil {
		t.Fatal(err)
	}
	kinds := func(length int) string {
		h := header.Clone()
		if length > 0 {
			h.Set("Content-Length", strconv.Itoa(length))
		}
		var all []string
		for _, hint := range auth.Hints(v.Verify(h, []byte(compact))) {
			all = append(all, string(hint.Kind))
		}
		return strings.Join(all, " ")
	}
	for length, want := range map[int]string{0: "", len(untidy): "length reencoded", len(compact): ""} {
		if got := kinds(length); got != want {
			t.Errorf("Content-Length %d: %q, want %q", length, got, want)
		}
	}
	// Untidy JSON that is as it was says nothing.
	header.Set(auth.HeaderNonce, "another")
	if hints := auth.Hints(v.Verify(header, []byte(untidy))); hints != nil {
		t.Error(hints)
	}
	// What was decompressed has another length by right.
	header.Set("Content-Length", "100")
	header.Set("Content-Encoding", "gzip")
	if hints := auth.Hints(v.Verify(header, []byte(compact))); hints != nil {
		t.Error(hints)
	}
}

// A body of which only the beginning is looked at has its own end.
func TestHintsOfALongBody(t *testing.T) {
	v, header, _ := recorded(t)
	for size, blank := range map[int]int{16 << 10: 16<<10 - 2, 64 << 10: 16<<10 - 1} {
		body := []byte(`{"a":"` + strings.Repeat("A", size-8) + `"}`)
		body[blank] = ' '
		if hints := auth.Hints(v.Verify(header, body)); hints != nil {
			t.Errorf("%d bytes: %v", size, hints)
		}
		body = append(body, '\n')
		if hints := auth.Hints(v.Verify(header, body)); len(hints) != 1 || hints[0].Kind != auth.HintWhitespace {
			t.Errorf("%d bytes and a line end: %v", size, hints)
		}
	}
}

// The names are anybody's, so looking at them costs nothing for each.
func TestHintsOfManyHeaders(t *testing.T) {
	v, header, body := recorded(t)
	delete(header, auth.HeaderTimestamp)
	few := testing.AllocsPerRun(10, func() { _ = v.Verify(header, []byte(body)) })
	for i := range 1000 {
		header["wechatpay-another-"+strconv.Itoa(i)] = []string{"x"}
	}
	if many := testing.AllocsPerRun(10, func() { _ = v.Verify(header, []byte(body)) }); many > few+2 {
		t.Errorf("%v allocations, and %v for a thousand headers more", few, many)
	}
}

func TestHintsOfKeys(t *testing.T) {
	_, header, body := recorded(t)
	merchant := testSigner(t)
	ownKey := &privateKey(t, "merchant_key.pem").PublicKey
	platform, err := auth.LoadPlatformCertificate(vectorPath("platform_cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	right := auth.Key{ID: publicKeyID, PublicKey: &privateKey(t, "wechatpay_private_key.pem").PublicKey}
	byCertificate := header.Clone()
	byCertificate.Set(auth.HeaderSerial, platformSerial)
	own := header.Clone()
	own.Set(auth.HeaderSerial, strings.ToLower(merchantSerial))
	atTime := func(h http.Header) time.Time {
		n, _ := strconv.ParseInt(h.Get(auth.HeaderTimestamp), 10, 64)
		return time.Unix(n, 0)
	}
	selfMade := answer(t, privateKey(t, "merchant_key.pem"), publicKeyID, testTime, body)
	for name, c := range map[string]struct {
		header http.Header
		keys   []auth.Key
		kind   auth.HintKind // the first of Diagnose
		proven bool
	}{
		"a certificate's, and public keys alone":   {byCertificate, []auth.Key{{ID: "PUB_KEY_ID_1", PublicKey: ownKey}}, auth.HintOwnKey, false},
		"a certificate's, and a public key alone":  {byCertificate, []auth.Key{{ID: "PUB_KEY_ID_1", PublicKey: platform.PublicKey}}, auth.HintKeyKind, false},
		"a public key's, and certificates alone":   {header, []auth.Key{platform}, auth.HintKeyKind, false},
		"the merchant's certificate as platform's": {header, []auth.Key{{ID: publicKeyID, PublicKey: ownKey}}, auth.HintOwnKey, false},
		"the id of one and the file of another":    {header, []auth.Key{{ID: publicKeyID, PublicKey: platform.PublicKey}, {ID: platformSerial, PublicKey: right.PublicKey}}, auth.HintKeyID, true},
		"another id, and the right file":           {header, []auth.Key{{ID: "PUB_KEY_ID_2", PublicKey: right.PublicKey}}, auth.HintKeyID, true},
		"the merchant's serial":                    {own, []auth.Key{platform}, auth.HintOwnKey, false},
		"signed by the merchant":                   {selfMade, []auth.Key{right}, auth.HintOwnKey, true},
		"nothing known: another merchant's key":    {header, []auth.Key{{ID: publicKeyID, PublicKey: platform.PublicKey}}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := auth.NewVerifier(c.keys...)
			if err != nil {
				t.Fatal(err)
			}
			// Its age does not matter.
			hints, err := v.WithClock(func() time.Time { return atTime(c.header).Add(time.Hour) }).Diagnose(t.Context(), c.header, []byte(body), merchant)
			if !errors.Is(err, auth.ErrUnverified) || errors.As(err, new(*auth.StaleError)) {
				t.Error(err)
			}
			t.Log(err, hints)
			c.header.Set("Content-Length", strconv.Itoa(len(body)))
			hints, _ = v.Diagnose(t.Context(), c.header, []byte(body), merchant)
			if c.kind == "" {
				if len(hints) > 0 {
					t.Error(hints)
				}
			} else if len(hints) == 0 || hints[0].Kind != c.kind || hints[0].Proven != c.proven {
				t.Errorf("%+v, want %s", hints, c.kind)
			}
		})
	}
	v, _ := auth.NewVerifier(right)
	if hints, err := v.Diagnose(t.Context(), header, []byte(body), nil); err != nil || hints != nil {
		t.Error(hints, err)
	}
	var none *auth.Verifier
	if _, err := none.Diagnose(t.Context(), header, []byte(body), nil); err == nil {
		t.Error("no verifier verifies")
	}
	source, err := auth.NewVerifierFrom(listSource{right})
	if err != nil {
		t.Fatal(err)
	}
	header.Set(auth.HeaderSerial, "PUB_KEY_ID_9")
	if hints, err := source.Diagnose(t.Context(), header, []byte(body), nil); err == nil || len(hints) != 1 || hints[0].Kind != auth.HintKeyID {
		t.Error(hints, err)
	}
}

// listSource is a KeySource of one key.
type listSource struct{ key auth.Key }

func (s listSource) PreferredID() string { return s.key.ID }

func (s listSource) Key(_ context.Context, id string) (auth.Key, error) {
	if id != s.key.ID {
		return auth.Key{}, errNoSuchKey
	}
	return s.key, nil
}

var errNoSuchKey = &auth.UnknownKeyError{Serial: "x"}

// BenchmarkRefuse is what a forged notification costs.
func BenchmarkRefuse(b *testing.B) {
	v, header, body := recorded(b)
	header.Set(auth.HeaderNonce, "another")
	for name, body := range map[string]string{"usual": body, "1 MiB": strings.Repeat("x", 1<<20)} {
		b.Run(name, func(b *testing.B) {
			data := []byte(body)
			b.ReportAllocs()
			for b.Loop() {
				if v.Verify(header, data) == nil {
					b.Fatal("verifies")
				}
			}
		})
	}
}

// FuzzDiagnose looks for panics, and for a hint that tells what it must not.
func FuzzDiagnose(f *testing.F) {
	v, header, body := recorded(f)
	signer := testSigner(f)
	f.Add(header.Get(auth.HeaderTimestamp), header.Get(auth.HeaderNonce), header.Get(auth.HeaderSignature), publicKeyID, "1013", []byte(body))
	f.Add("1750001000000", "n", "a b%zz", "0x12", "-1", []byte(`{"a":[[[[1e999,"\u003d`))
	f.Add("", "", "x", "", "", []byte("\ufeff\"\\u00"))
	f.Fuzz(func(t *testing.T, timestamp, nonce, signature, serial, length string, body []byte) {
		h := responseHeader(timestamp, nonce, signature, serial)
		h.Set("Content-Length", length)
		hints, err := v.Diagnose(t.Context(), h, body, signer)
		if (err == nil) && hints != nil {
			t.Fatal(hints)
		}
		for _, hint := range hints {
			if hint.Kind == "" || hint.Text == "" || len(hint.Text) > 300 || strings.ContainsAny(hint.Text, "\r\n") {
				t.Fatalf("%+v", hint)
			}
		}
	})
}
