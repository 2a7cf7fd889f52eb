package auth

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// keyBlock is one key or certificate of a file or text.
type keyBlock struct {
	kind    keyKind
	heading string // of its BEGIN line, "" without one
	der     []byte
	damage  error // why der is not what kind says
}

// keyKind is what a block holds, worded for an error. The content decides, not
// the heading: people change headings, and tools disagree on them.
type keyKind string

const (
	kindPKCS8       keyKind = "a private key"
	kindPKCS1       keyKind = "a private key of PKCS#1"
	kindEncrypted   keyKind = "an encrypted private key"
	kindNotRSA      keyKind = "a private key that is not RSA"
	kindPublic      keyKind = "a public key"
	kindPublicPKCS1 keyKind = "a public key of PKCS#1"
	kindCertificate keyKind = "a certificate"
	kindRequest     keyKind = "a certificate request"
	kindPKCS12      keyKind = "a .p12 file"
	kindPKCS7       keyKind = "a .p7b file"
)

func (k keyKind) private() bool {
	return k == kindPKCS8 || k == kindPKCS1 || k == kindEncrypted || k == kindNotRSA
}

// findKey returns the only block of data that holds what is wanted. Other blocks
// may stand beside it: openssl pkcs12 writes the certificate before the key.
func findKey(data []byte, wanted string, is func(keyKind) bool) (keyBlock, error) {
	blocks, err := keyBlocks(data, false)
	if err != nil {
		return keyBlock{}, err
	}
	var found []keyBlock
	for _, b := range blocks {
		if is(b.kind) {
			found = append(found, b)
		}
	}
	switch first := blocks[0]; {
	case len(found) > 1:
		return keyBlock{}, fmt.Errorf("%w: it holds %d of the wanted kind, keep only the one that is meant", ErrSecondBlock, len(found))
	case len(found) == 1:
		return found[0], found[0].damage
	case first.kind == kindPKCS12:
		return keyBlock{}, fmt.Errorf("%w: it is a .p12 file, convert it by openssl pkcs12 -in apiclient_cert.p12 -nodes -out apiclient.pem "+
			"(the password is the merchant id; add -legacy if openssl calls it unsupported)", ErrNotPEM)
	case first.kind == "" && first.heading == "":
		return keyBlock{}, first.damage
	case first.kind == kindPublicPKCS1:
		return keyBlock{}, fmt.Errorf("%w: it holds %s, convert it by openssl rsa -RSAPublicKey_in -in OLD -pubout -out NEW, if %s", ErrWrongKind, first.kind, wanted)
	default:
		holds := string(first.kind)
		if kind := kindOfHeading(first.heading); first.heading != "" && (kind == "" || kind == first.kind) {
			holds = quote(first.heading)
		}
		return keyBlock{}, fmt.Errorf("%w: it holds %s, %s", ErrWrongKind, holds, wanted)
	}
}

// keyBlocks returns what data holds, at least one block: PEM in whatever way it
// was copied, base64 without the PEM lines, or DER. inner says that data was
// inside base64 already.
func keyBlocks(data []byte, inner bool) ([]keyBlock, error) {
	switch {
	case len(data) > 1 && data[0] == 0x30 && data[1] >= 0x80 && data[1] <= 0x84: // no text begins so
		return []keyBlock{derBlock("", data)}, nil
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return nil, fmt.Errorf("%w: it is UTF-16, convert it by iconv -f UTF-16 -t UTF-8 OLD > NEW", ErrNotPEM)
	case bytes.Contains(data, []byte("-\x00-\x00-\x00")):
		return nil, fmt.Errorf("%w: it is UTF-16, convert it by iconv -f UTF-16LE -t UTF-8 OLD > NEW", ErrNotPEM)
	}
	text := unescape(string(data))
	pieces := strings.Split(text, "-----BEGIN")
	if len(pieces) > 1 {
		blocks := make([]keyBlock, len(pieces)-1)
		for i, piece := range pieces[1:] {
			blocks[i] = pemBlock(piece)
		}
		return blocks, nil
	}
	bare := strings.Trim(withoutSpace(text), "\"'`")
	switch {
	case bare == "":
		return nil, fmt.Errorf("%w: it is empty", ErrNotPEM)
	case bare[0] == '<':
		return nil, fmt.Errorf("%w: it is a web page (HTML or XML), download the file again", ErrNotPEM)
	case strings.Contains(text, "-----END"):
		return nil, fmt.Errorf("%w: its BEGIN line is missing", ErrNotPEM)
	case strings.Contains(text, "BEGIN "):
		return nil, fmt.Errorf("%w: its BEGIN line does not start with five hyphens", ErrNotPEM)
	}
	decoded, err := decodeBase64(bare)
	switch {
	case err != nil || len(decoded) == 0:
		return nil, ErrNotPEM
	case decoded[0] == 0x30:
		return []keyBlock{derBlock("", decoded)}, nil
	case !inner && bytes.Contains(decoded, []byte("-----BEGIN")): // base64 of the whole file
		return keyBlocks(decoded, true)
	}
	return nil, ErrNotPEM
}

// unescape undoes the escapes of environment variables and JSON, also escaped twice:
// \n, \/, and \u003d, which Gson writes for =. No key has a backslash of its own.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	escaped := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			escaped = true
			continue
		case escaped && (c == 'n' || c == 'r'):
			b.WriteByte('\n')
		case escaped && c == 't':
			b.WriteByte(' ')
		case escaped && c == 'u' && i+4 < len(text):
			if code, err := strconv.ParseUint(text[i+1:i+5], 16, 16); err == nil {
				b.WriteRune(rune(code))
				i += 4
			}
		default:
			b.WriteByte(c)
		}
		escaped = false
	}
	return b.String()
}

// pemBlock reads what follows "-----BEGIN". The heading and the END line may stand
// on the line of the content, and the two need not name the same.
func pemBlock(piece string) keyBlock {
	heading, rest, closed := strings.Cut(piece, "-----")
	heading = strings.Join(strings.Fields(heading), " ")
	if !closed || strings.Trim(heading, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ") != "" {
		return keyBlock{damage: fmt.Errorf("%w: its BEGIN line is damaged", ErrNotPEM)}
	}
	kind := kindOfHeading(heading)
	content, _, ended := strings.Cut(rest, "-----END")
	if kind == kindEncrypted || kind.private() && strings.Contains(content, "Proc-Type:") && strings.Contains(content, "ENCRYPTED") {
		return keyBlock{kind: kindEncrypted, heading: heading}
	}
	if !ended {
		return keyBlock{kind: kind, heading: heading, damage: fmt.Errorf("%w: the block is cut off or damaged, its END line is missing", ErrNotPEM)}
	}
	if strings.Contains(content, ":") { // headers, such as Proc-Type
		var b strings.Builder
		for line := range strings.SplitSeq(strings.ReplaceAll(content, "\r", "\n"), "\n") {
			if !strings.Contains(line, ":") {
				b.WriteString(line)
			}
		}
		content = b.String()
	}
	der, err := decodeBase64(withoutSpace(content))
	switch {
	case err != nil:
		return keyBlock{kind: kind, heading: heading, damage: fmt.Errorf("%w: the block is cut off or damaged, it is not base64", ErrNotPEM)}
	case len(der) == 0:
		return keyBlock{kind: kind, heading: heading, damage: fmt.Errorf("%w: the block is cut off or damaged, nothing stands between its BEGIN and END lines", ErrNotPEM)}
	}
	return derBlock(heading, der)
}

// derBlock tells what der holds. What is damaged is taken for what its heading says.
func derBlock(heading string, der []byte) keyBlock {
	b := keyBlock{kind: kindOfDER(der), heading: heading, der: der}
	if b.kind == "" {
		b.kind = kindOfHeading(heading)
		switch size := sizeOfDER(der); {
		case size > len(der):
			b.damage = fmt.Errorf("%w: it is cut off after %d of %d bytes", ErrNotPEM, len(der), size)
		case heading == "":
			b.damage = fmt.Errorf("%w: its content is neither a key nor a certificate", ErrNotPEM)
		default:
			b.damage = errDamaged
		}
	}
	return b
}

var errDamaged = errors.New("the content of the PEM block is damaged")

func kindOfHeading(heading string) keyKind {
	switch strings.ReplaceAll(heading, " ", "") {
	case "PRIVATEKEY":
		return kindPKCS8
	case "RSAPRIVATEKEY":
		return kindPKCS1
	case "ENCRYPTEDPRIVATEKEY":
		return kindEncrypted
	case "ECPRIVATEKEY", "DSAPRIVATEKEY":
		return kindNotRSA
	case "PUBLICKEY":
		return kindPublic
	case "RSAPUBLICKEY":
		return kindPublicPKCS1
	case "CERTIFICATE":
		return kindCertificate
	}
	return ""
}

// kindOfDER tells what der holds by the types of its elements: I for an INTEGER, S
// for a SEQUENCE, O for an OCTET STRING, B for a BIT STRING.
func kindOfDER(der []byte) keyKind {
	if isPKCS12(der) {
		return kindPKCS12
	}
	parts := elements(der)
	switch shape := shapeOf(parts); {
	case strings.HasPrefix(shape, "ISO"):
		return kindPKCS8
	case strings.HasPrefix(shape, "IIIIIIIII"):
		return kindPKCS1
	case strings.HasPrefix(shape, "IO"), shape == "IIIIII": // SEC 1, DSA
		return kindNotRSA
	case shape == "SO":
		return kindEncrypted
	case shape == "SB":
		return kindPublic
	case shape == "II":
		return kindPublicPKCS1
	case shape == "SSB" && strings.HasPrefix(shapeOf(elements(parts[0].FullBytes)), "ISS."):
		return kindRequest
	case shape == "SSB":
		return kindCertificate
	case len(parts) == 2 && parts[0].Tag == asn1.TagOID:
		return kindPKCS7
	}
	return ""
}

// elements returns those of a SEQUENCE, nil if der is not one whole SEQUENCE.
func elements(der []byte) []asn1.RawValue {
	var parts []asn1.RawValue
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(der, &outer)
	if err != nil || len(rest) > 0 || outer.Class != asn1.ClassUniversal || outer.Tag != asn1.TagSequence {
		return nil
	}
	for rest = outer.Bytes; len(rest) > 0; {
		var part asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &part); err != nil {
			return nil
		}
		parts = append(parts, part)
	}
	return parts
}

func shapeOf(parts []asn1.RawValue) string {
	shape := make([]byte, len(parts))
	for i, p := range parts {
		shape[i] = '.'
		if p.Class != asn1.ClassUniversal {
			continue
		}
		switch p.Tag {
		case asn1.TagInteger:
			shape[i] = 'I'
		case asn1.TagSequence:
			shape[i] = 'S'
		case asn1.TagOctetString:
			shape[i] = 'O'
		case asn1.TagBitString:
			shape[i] = 'B'
		}
	}
	return string(shape)
}

// isPKCS12 looks at the beginning alone: some tools write these files in a
// streaming form (BER), which encoding/asn1 does not read.
func isPKCS12(der []byte) bool {
	if len(der) < 2 || der[0] != 0x30 {
		return false
	}
	start := 2
	if der[1] > 0x80 {
		start += int(der[1] & 0x7f)
	}
	return len(der) > start && bytes.HasPrefix(der[start:], []byte{2, 1, 3, 0x30}) // version 3
}

// sizeOfDER returns the bytes that the first element of der should have, 0 if it
// does not say.
func sizeOfDER(der []byte) int {
	if len(der) < 2 || der[0] != 0x30 {
		return 0
	}
	if der[1] < 0x80 {
		return 2 + int(der[1])
	}
	digits := int(der[1] & 0x7f)
	if digits > 3 || len(der) < 2+digits {
		return 0
	}
	size := 0
	for _, b := range der[2 : 2+digits] {
		size = size<<8 | int(b)
	}
	return 2 + digits + size
}

func decodeBase64(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
}

// withoutSpace also drops the byte order mark and what has no width.
func withoutSpace(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' {
			return -1
		}
		return r
	}, text)
}
