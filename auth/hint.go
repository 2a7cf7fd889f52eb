package auth

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// HintKind names what probably happened to a message that does not verify.
type HintKind string

// The kinds of hints. docs/notifications.md says what to do about each.
const (
	HintHeaders     HintKind = "headers"      // the signature's headers did not get through
	HintTime        HintKind = "milliseconds" // the timestamp is not in seconds
	HintSwapped     HintKind = "swapped"      // two headers have changed places
	HintSignature   HintKind = "signature"    // the signature header was altered on its way
	HintSerial      HintKind = "serial"       // the serial number is of neither kind
	HintKeyKind     HintKind = "key-kind"     // signed by the public key, and only a certificate is known, or the reverse
	HintKeyID       HintKind = "key-id"       // signed by another key than the one that goes by this id
	HintOwnKey      HintKind = "own-key"      // the key is the merchant's own
	HintEmptyBody   HintKind = "empty-body"   // something has read the body before
	HintLength      HintKind = "length"       // the body is shorter or longer than Content-Length
	HintReencoded   HintKind = "reencoded"    // the JSON was decoded and encoded again
	HintTransformed HintKind = "transformed"  // the body is compressed, in base64, URL-encoded, or no longer JSON
	HintWhitespace  HintKind = "whitespace"   // line ends, blanks or a BOM were added or taken away
	HintCharset     HintKind = "charset"      // the text was converted to another encoding
)

// Hint is what can be known about why a message does not verify. It has nothing
// of the body, the keys or the signature.
type Hint struct {
	Kind HintKind
	Text string // one line in English
	// Proven says that the message verifies once this is undone. Only
	// Verifier.Diagnose tries that.
	Proven bool
}

// Hints returns what an error of Verifier.Verify knows about its cause, the
// surest first. It returns nil when nothing is known, and for a probe of WeChat Pay.
// A hint is a guess from what anybody may have sent: it is for people.
func Hints(err error) []Hint {
	if e, ok := errors.AsType[*HeaderError](err); ok {
		return slices.Clone(e.Hints)
	}
	if e, ok := errors.AsType[*UnknownKeyError](err); ok {
		return slices.Clone(e.Hints)
	}
	if e, ok := errors.AsType[*SignatureError](err); ok {
		return slices.Clone(e.Hints)
	}
	return nil
}

// withHints adds hints to the text of an error.
func withHints(text string, hints []Hint) string {
	for _, h := range hints {
		text += "; " + oneline.Cut(h.Text, maxCause)
	}
	return text
}

// hintsOfHeaders is about headers of which one is missing.
func hintsOfHeaders(header http.Header) []Hint {
	text := "no Wechatpay- header is there at all: they were dropped, or it is not from WeChat Pay"
	begins := func(name, prefix string) bool {
		return len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
	}
	for name := range header {
		switch {
		case begins(name, "HTTP_WECHATPAY_"), begins(name, "HTTP-WECHATPAY-"):
			return []Hint{{Kind: HintHeaders, Text: "the headers have the names of CGI, HTTP_WECHATPAY_TIMESTAMP: give them as Wechatpay-Timestamp"}}
		case begins(name, "WECHATPAY-"), begins(name, "WECHATPAY_"):
			text = ""
		}
	}
	if text == "" {
		return nil // only some are missing
	}
	return []Hint{{Kind: HintHeaders, Text: text}}
}

// hintsOfTimestamp is about one that is not decimal digits of a likely number.
func hintsOfTimestamp(timestamp, nonce string) []Hint {
	if len(timestamp) == 13 && isDigits(timestamp) {
		return []Hint{{Kind: HintTime, Text: "it has milliseconds, WeChat Pay sends seconds"}}
	}
	if _, ok := parseTimestamp(nonce); ok && len(nonce) == 10 {
		return []Hint{{Kind: HintSwapped, Text: HeaderTimestamp + " and " + HeaderNonce + " have changed places"}}
	}
	return nil
}

// hintsOfSerial is about an id that is none of these keys, nil if they are not known.
func hintsOfSerial(serial string, keys []Key) []Hint {
	public := isPublicKeyID(serial)
	switch {
	case !public && strings.HasPrefix(strings.ToUpper(serial), publicKeyPrefix):
		return []Hint{{Kind: HintSerial, Text: "the id of a public key is " + publicKeyPrefix + " in upper case and a number: something altered the header"}}
	case !public && !isSerial(serial):
		return []Hint{{Kind: HintSerial, Text: "it is neither the id of a public key, " + publicKeyPrefix + " and a number, nor a serial number in hex"}}
	case len(keys) == 0 || slices.ContainsFunc(keys, func(k Key) bool { return isPublicKeyID(k.ID) == public }):
		return nil
	case public:
		return []Hint{{Kind: HintKeyKind, Text: "it is a public key's, and this verifier has certificates alone: add the public key"}}
	}
	return []Hint{{Kind: HintKeyKind, Text: "it is the serial number of a certificate, and this verifier has public keys alone: " +
		"add WeChat Pay's platform certificate, or send " + HeaderSerial + " with the public key's id in each request"}}
}

// A message may be forged, and forged ones may come thousands of times a second. So
// the hints below cost one pass over a body of usual size, and no decoding and no
// second verification. Verifier.Diagnose does the rest.

// hintsOfSignature is about a signature that does not fit or is not base64.
func hintsOfSignature(header http.Header, f signatureFields, decodes bool, body []byte) []Hint {
	if strings.HasPrefix(f.signature, probePrefix) {
		return nil // made wrong on purpose
	}
	if len(f.nonce) >= 300 && len(f.signature) <= 128 {
		return []Hint{{Kind: HintSwapped, Text: HeaderNonce + " and " + HeaderSignature + " have changed places"}}
	}
	if !decodes {
		return hintsOfBase64(f.signature)
	}
	return hintsOfBody(header, body)
}

func hintsOfBase64(signature string) []Hint {
	text := ""
	switch {
	case strings.Contains(signature, "%"):
		text = "it is URL-encoded"
	case strings.ContainsAny(signature, "\r\n"):
		text = "it is folded into several lines"
	case strings.Contains(signature, " "):
		text = "it has blanks, which URL decoding makes of +"
	case strings.ContainsAny(signature, "-_"):
		text = "it is in the base64 of URLs, - and _ for + and /"
	case len(signature)%4 != 0:
		text = fmt.Sprintf("it has %d characters, so it was cut off, or lost its =", len(signature))
	default:
		return nil
	}
	return []Hint{{Kind: HintSignature, Text: "the signature was altered: " + text}}
}

const maxScanned = 16 << 10 // bytes of a body whose form is looked at; notifications have a few KiB

func hintsOfBody(header http.Header, body []byte) []Hint {
	declared, known := contentLength(header)
	if len(body) == 0 {
		if known && declared > 0 {
			return []Hint{{Kind: HintEmptyBody, Text: fmt.Sprintf("the body is empty, and Content-Length is %d: something has read it before", declared)}}
		}
		return []Hint{{Kind: HintEmptyBody, Text: "the body is empty, as it is with a 204 alone: something may have read it before"}}
	}
	var hints []Hint
	if known && declared != int64(len(body)) {
		hints = append(hints, Hint{Kind: HintLength, Text: fmt.Sprintf("the body has %d bytes, and Content-Length is %d: it is not the body that came over the wire", len(body), declared)})
	}
	if form := formOf(body); form.Text != "" {
		return append(hints, form)
	}
	if len(body) <= maxScanned {
		if writer := writerOf(body, len(hints) > 0); writer != "" {
			hints = append(hints, Hint{Kind: HintReencoded, Text: "the body may have been decoded and encoded again: it is JSON " + writer})
		}
	}
	return hints
}

// contentLength returns what the sender said, unless the body may have been
// decompressed since.
func contentLength(header http.Header) (int64, bool) {
	value := ""
	for name, values := range header {
		switch {
		case len(values) != 1:
		case strings.EqualFold(name, "Content-Length"):
			value = values[0]
		case strings.EqualFold(name, "Content-Encoding") && values[0] != "" && !strings.EqualFold(values[0], "identity"):
			return 0, false
		}
	}
	n, err := strconv.ParseInt(value, 10, 64)
	return n, err == nil && n >= 0
}

// formOf knows what is no JSON as WeChat Pay sends it by how it begins and ends.
func formOf(body []byte) Hint {
	transformed := func(text string) Hint { return Hint{Kind: HintTransformed, Text: "the body " + text} }
	first, last := body[0], body[len(body)-1]
	whole := len(body) <= maxScanned
	body = body[:min(len(body), maxScanned)]
	switch {
	case bytes.HasPrefix(body, []byte{0x1f, 0x8b}):
		return transformed("is still compressed by gzip")
	case bytes.HasPrefix(body, []byte(utf8BOM)):
		return Hint{Kind: HintWhitespace, Text: "the body begins with a BOM, which WeChat Pay does not send"}
	case whole && !utf8.Valid(body): // a longer one is cut anywhere
		return Hint{Kind: HintCharset, Text: "the body is not UTF-8: it was converted, or is compressed"}
	case bytes.Contains(body, []byte("\ufffd")):
		return Hint{Kind: HintCharset, Text: "the body has replacement characters, U+FFFD: it was read in another encoding than UTF-8"}
	case bytes.HasPrefix(body, []byte("eyJ")):
		return transformed("is in base64, as gateways of cloud functions hand it on: decode it first")
	case bytes.HasPrefix(body, []byte("%7B")), bytes.HasPrefix(body, []byte("%7b")):
		return transformed("is URL-encoded")
	case first == '"':
		return transformed("is a JSON text that has the JSON in it: it was encoded once more")
	case bytes.HasPrefix(body, []byte("[object ")):
		return transformed("is the text that JavaScript makes of an object: keep the raw body")
	case bytes.HasPrefix(body, []byte("{'")), bytes.HasPrefix(body, []byte("b'")), bytes.HasPrefix(body, []byte(`b"`)), bytes.HasPrefix(body, []byte("map[")):
		return transformed("is what a program prints of an object: keep the raw body")
	case first <= ' ', last <= ' ':
		return Hint{Kind: HintWhitespace, Text: "the body begins or ends with a blank or a line end, which WeChat Pay does not send"}
	case bytes.Contains(body, []byte("\r\n")):
		return Hint{Kind: HintWhitespace, Text: "the body has line ends of Windows, CR LF: they may have been converted"}
	case first != '{' && first != '[':
		return transformed("is not JSON")
	}
	return Hint{}
}

const utf8BOM = "\ufeff"

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
