package auth

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxDiagnosed     = 1 << 20 // bytes of a body that is altered and tried
	maxDiagnosedKeys = 8
)

// Diagnose finds out why a message does not verify. It undoes what programs on the
// way do to headers and bodies and tries each result with each key, so it may
// verify some two hundred times: it is for a person with a recorded message, not for
// all that comes in. The age of the message does not matter.
//
// own is the merchant's signer, whose key is often given for WeChat Pay's; it may
// be nil. The error is that of Verify at the time of the message, nil if it
// verifies. With an error the hints may still be none.
func (v *Verifier) Diagnose(ctx context.Context, header http.Header, body []byte, own *Signer) ([]Hint, error) {
	if f, err := readHeaders(header); err == nil {
		if seconds, ok := parseTimestamp(f.timestamp); ok {
			v = v.WithClock(func() time.Time { return time.Unix(seconds, 0) })
		}
	}
	cause := v.VerifyContext(ctx, header, body)
	if cause == nil {
		return nil, nil
	}
	hints := Hints(cause)
	f, readable := lenientHeaders(header)
	keys := v.known(ctx, f.serial)
	if pair := own.pair(); pair != nil {
		if strings.EqualFold(f.serial, own.SerialNo()) {
			hints = append(hints, Hint{Kind: HintOwnKey, Text: HeaderSerial + " is the merchant's own serial number: this is a request of the merchant, or the header is not WeChat Pay's"})
		}
		if i := slices.IndexFunc(keys, func(k Key) bool { return k.PublicKey.Equal(pair.public) }); i >= 0 {
			hints = slices.Insert(hints, 0, Hint{Kind: HintOwnKey, Text: "key " + quote(keys[i].ID) + " " + ErrOwnKey.Error()})
		} else if _, err := f.verify(pair.public, body); err == nil {
			return []Hint{{HintOwnKey, "the message is signed with the merchant's own private key, so it is not WeChat Pay's", true}}, cause
		}
	}
	if e, ok := errors.AsType[*SignatureError](cause); !readable || len(body) > maxDiagnosed || ok && e.Probe {
		return hints, cause
	}
	if _, expired := errors.AsType[*KeyExpiredError](cause); expired {
		return hints, cause
	}
	if proof, ok := prove(f, keys, body); ok {
		hints = slices.DeleteFunc(hints, func(h Hint) bool { return h.Kind == proof.Kind })
		hints = slices.Insert(hints, 0, proof)
	}
	return hints, cause
}

// known returns the keys that may have signed, that of the id first.
func (v *Verifier) known(ctx context.Context, serial string) []Key {
	var keys []Key
	switch {
	case v == nil:
	case v.source != nil:
		for _, id := range []string{serial, v.source.PreferredID()} {
			if key, unknown := keyFrom(ctx, v.source, id); id != "" && unknown == nil {
				keys = append(keys, key)
			}
		}
	case v.fixed != nil:
		if key, ok := v.fixed.get(serial); ok {
			keys = append(keys, key)
		}
		keys = append(keys, v.fixed.preferred...)
	}
	return keys[:min(len(keys), maxDiagnosedKeys)]
}

// lenientHeaders takes the first value of each header.
func lenientHeaders(header http.Header) (f signatureFields, readable bool) {
	for name, values := range header {
		for _, value := range values {
			for want, into := range map[string]*string{HeaderTimestamp: &f.timestamp, HeaderNonce: &f.nonce, HeaderSignature: &f.signature, HeaderSerial: &f.serial} {
				if strings.EqualFold(name, want) && *into == "" {
					*into = value
				}
			}
		}
	}
	return f, f.signature != ""
}

// prove returns the one alteration that, undone, makes the message verify.
func prove(f signatureFields, keys []Key, body []byte) (Hint, bool) {
	verifies := func(f signatureFields, body []byte) (Key, bool) {
		for _, key := range keys {
			if _, err := f.verify(key.PublicKey, body); err == nil {
				return key, true
			}
		}
		return Key{}, false
	}
	if key, ok := verifies(f, body); ok {
		return signedBy(key, f.serial, keys), true
	}
	for _, c := range f.candidates() {
		if _, ok := verifies(c.fields, body); ok {
			return Hint{c.kind, "the message verifies " + c.undone, true}, true
		}
	}
	cleaned := f.cleaned()
	for _, c := range bodies(body) {
		if _, ok := verifies(cleaned, c.body); ok {
			return Hint{c.kind, "the message verifies " + c.undone, true}, true
		}
	}
	return Hint{}, false
}

// signedBy is about a message that verifies by key as it is, although Verify does
// not take it.
func signedBy(key Key, serial string, keys []Key) Hint {
	named := func(k Key) bool { return normalID(k.ID) == normalID(serial) }
	verifies := "the message verifies by key " + quote(key.ID)
	switch {
	case named(key):
		return Hint{HintHeaders, verifies + " once each of its headers is there once and as it was sent", true}
	case serial == "":
		return Hint{HintSerial, verifies + ": " + HeaderSerial + " was lost", true}
	case slices.ContainsFunc(keys, named):
		return Hint{HintKeyID, verifies + ": " + HeaderSerial + " names another one that is given, so an id and the file of another key were put together", true}
	case isPublicKeyID(serial) || isSerial(serial):
		return Hint{HintKeyID, verifies + ": " + HeaderSerial + " has another id, so that key was given a wrong one, or the header was altered", true}
	}
	return Hint{HintSerial, verifies + ": " + HeaderSerial + " was altered", true}
}

type headerCandidate struct {
	kind   HintKind
	undone string
	fields signatureFields
}

// cleaned undoes what happens to a signature on its way through forms and logs.
func (f signatureFields) cleaned() signatureFields {
	f.timestamp, f.nonce = strings.TrimSpace(f.timestamp), strings.TrimSpace(f.nonce)
	s := f.signature
	if unescaped, err := url.PathUnescape(s); err == nil {
		s = unescaped
	}
	// A folded line has a line end before its blank, a + that was decoded has none.
	for _, fold := range []string{"\r\n ", "\n ", "\r\n\t", "\n\t", "\r", "\n", "\t"} {
		s = strings.ReplaceAll(s, fold, "")
	}
	s = strings.NewReplacer("-", "+", "_", "/", " ", "+").Replace(strings.TrimSpace(s))
	f.signature = strings.TrimRight(s, "=")
	f.signature += strings.Repeat("=", (4-len(f.signature)%4)%4)
	return f
}

func (f signatureFields) candidates() []headerCandidate {
	trimmed, swapped, moved, blanks, seconds := f, f, f, f, f
	trimmed.timestamp, trimmed.nonce, trimmed.signature = strings.TrimSpace(f.timestamp), strings.TrimSpace(f.nonce), strings.TrimSpace(f.signature)
	swapped.nonce, swapped.signature = f.signature, f.nonce
	moved.timestamp, moved.nonce = f.nonce, f.timestamp
	blanks.signature = strings.Join(strings.Fields(f.signature), "")
	if len(f.timestamp) > 10 {
		seconds.timestamp = f.timestamp[:10]
	}
	return []headerCandidate{
		{HintHeaders, "without the blanks around the values of its headers", trimmed},
		{HintSignature, "once the signature header is as it was sent: it was URL-encoded or decoded, folded or cut", f.cleaned()},
		{HintSignature, "without the blanks in the signature header", blanks.cleaned()},
		{HintSwapped, "with " + HeaderNonce + " and " + HeaderSignature + " exchanged", swapped.cleaned()},
		{HintSwapped, "with " + HeaderTimestamp + " and " + HeaderNonce + " exchanged", moved.cleaned()},
		{HintTime, "with a timestamp in seconds", seconds.cleaned()},
	}
}

type bodyCandidate struct {
	kind   HintKind
	undone string
	body   []byte
}

// bodies returns what body may have been. There are some twenty.
func bodies(body []byte) []bodyCandidate {
	var all []bodyCandidate
	add := func(kind HintKind, undone string, candidate []byte) {
		if candidate != nil && !bytes.Equal(candidate, body) {
			all = append(all, bodyCandidate{kind, undone, candidate})
		}
	}
	lf := bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, []byte(utf8BOM)))
	add(HintWhitespace, "without the BOM at the beginning of the body", bytes.TrimPrefix(body, []byte(utf8BOM)))
	add(HintWhitespace, "without the line end at the end of the body", bytes.TrimRight(body, "\r\n"))
	add(HintWhitespace, "without the blanks around the body", trimmed)
	add(HintWhitespace, "with a line feed at the end of the body, which was cut off", append(bytes.Clone(body), '\n'))
	add(HintWhitespace, "with CR LF at the end of the body, which was cut off", append(bytes.Clone(body), '\r', '\n'))
	add(HintWhitespace, "with the line ends of the body as LF", lf)
	add(HintWhitespace, "with the line ends of the body as CR LF", bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")))
	add(HintWhitespace, "with a BOM at the beginning of the body", append([]byte(utf8BOM), body...))

	add(HintTransformed, "with a + for each blank of the body: it was URL-decoded", bytes.ReplaceAll(body, []byte(" "), []byte("+")))
	if s, err := url.QueryUnescape(string(trimmed)); err == nil {
		add(HintTransformed, "once the body is URL-decoded", []byte(s))
		add(HintTransformed, "once the body is URL-decoded", []byte(strings.TrimSuffix(s, "=")))
	}
	if s, err := url.PathUnescape(string(trimmed)); err == nil {
		add(HintTransformed, "once the body is URL-decoded", []byte(s))
	}
	if b, err := base64.StdEncoding.DecodeString(string(trimmed)); err == nil && len(b) > 0 {
		add(HintTransformed, "once the body is decoded from base64", b)
	}
	var text string
	if len(trimmed) > 0 && trimmed[0] == '"' && json.Unmarshal(trimmed, &text) == nil {
		add(HintTransformed, "with the text that the body has as JSON", []byte(text))
	}
	if r, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
		if b, err := io.ReadAll(io.LimitReader(r, maxDiagnosed)); err == nil {
			add(HintTransformed, "once the body is decompressed", b)
		}
	}
	if b := latin1(trimmed); b != nil {
		add(HintCharset, "once the body, which was read as Latin-1, is UTF-8 again", b)
	}

	// A notification is compact JSON in which nothing is escaped.
	const reencoded = "once the body has the form of WeChat Pay's JSON: it was decoded and encoded again"
	add(HintReencoded, reencoded, compactJSON(trimmed, false))
	add(HintReencoded, reencoded, compactJSON(trimmed, true))
	return all
}

// latin1 undoes reading UTF-8 as Latin-1. It returns nil when that was not done.
func latin1(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range string(s) {
		if r > 0xff {
			return nil
		}
		out = append(out, byte(r))
	}
	if !utf8.Valid(out) {
		return nil
	}
	return out
}

// maxDepth of a body that is written anew. Notifications have two levels.
const maxDepth = 16

// compactJSON writes JSON as WeChat Pay does, in WeChat Pay's order if reorder is
// set. It returns nil for what is no JSON.
func compactJSON(body []byte, reorder bool) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	out, ok := appendCompact(nil, decoder, reorder, maxDepth)
	if _, err := decoder.Token(); !ok || err != io.EOF {
		return nil
	}
	return out
}

func appendCompact(out []byte, decoder *json.Decoder, reorder bool, depth int) ([]byte, bool) {
	token, err := decoder.Token()
	if err != nil || depth == 0 {
		return nil, false
	}
	delimiter, isDelimiter := token.(json.Delim)
	if !isDelimiter {
		return appendScalar(out, token), true
	}
	var names []string
	var members [][]byte
	for decoder.More() {
		var member []byte
		if delimiter == '{' {
			name, err := decoder.Token()
			if err != nil {
				return nil, false
			}
			names = append(names, name.(string))
			member = append(appendScalar(nil, name), ':')
		}
		member, ok := appendCompact(member, decoder, reorder, depth-1)
		if !ok {
			return nil, false
		}
		members = append(members, member)
	}
	end, err := decoder.Token()
	if err != nil {
		return nil, false
	}
	if reorder && delimiter == '{' {
		members = inOrder(names, members)
	}
	out = append(out, byte(delimiter))
	out = append(out, bytes.Join(members, []byte(","))...)
	return append(out, byte(end.(json.Delim))), true
}

// sealed has the fields of a notification's resource in the order in which WeChat
// Pay writes them.
var sealed = []string{"original_type", "algorithm", "ciphertext", "associated_data", "nonce"}

func inOrder(names []string, members [][]byte) [][]byte {
	out := make([][]byte, 0, len(members))
	for _, known := range slices.Concat(envelope, sealed) {
		if i := slices.Index(names, known); i >= 0 {
			out = append(out, members[i])
		}
	}
	if len(out) != len(members) {
		return members // something else
	}
	return out
}

func appendScalar(out []byte, token json.Token) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(token) // a token of a decoder can be encoded
	return append(out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
