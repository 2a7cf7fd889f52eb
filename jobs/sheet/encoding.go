package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Encodings of a table. GB18030 includes GBK, as Excel writes it in Chinese.
const (
	EncodingUTF8    = "UTF-8"
	EncodingGB18030 = "GB18030"
	EncodingUTF16   = "UTF-16"
)

const utf8BOM = "\ufeff"

// decode returns the table as UTF-8, without a byte order mark. What does not decode
// is U+FFFD in the other encodings, and stays as it is in UTF-8. sure is false if the
// encoding was detected and may be another one.
func decode(raw []byte, want string) (text, is string, sure bool, err error) {
	if err := noTable(raw); err != nil {
		return "", "", false, err
	}
	is, sure = want, true
	if is == "" {
		is, sure = detect(raw)
	}
	var from encoding.Encoding
	switch is {
	case EncodingUTF8:
		text = string(raw)
	case EncodingGB18030:
		from = simplifiedchinese.GB18030
	case EncodingUTF16:
		from = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	default:
		return "", "", false, fmt.Errorf("the encoding is %s, %s or %s", EncodingUTF8, EncodingGB18030, EncodingUTF16)
	}
	if from != nil {
		decoded, err := from.NewDecoder().Bytes(raw)
		if err != nil {
			return "", "", false, fmt.Errorf("decode the table as %s: %w", is, err)
		}
		text = string(decoded)
	}
	text = strings.TrimPrefix(text, utf8BOM)
	if strings.ContainsRune(text, 0) {
		return "", "", false, errors.New("the table has NUL bytes: save it as CSV UTF-8")
	}
	return text, is, sure, nil
}

// noTable names files that a spreadsheet opens as well, and Read does not.
func noTable(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("PK\x03\x04")) || bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0")) {
		return errors.New("the file is a workbook: save the sheet as CSV UTF-8")
	}
	return nil
}

// detect decides by the marks, and else takes valid UTF-8 for UTF-8. A table in UTF-8
// with a few broken bytes must not be read as GBK, where nearly all bytes mean
// something: so the bytes that are Chinese in UTF-8 are weighed against those that are
// broken. Of a text in GBK few happen to be.
func detect(raw []byte) (encoding string, sure bool) {
	switch {
	case bytes.HasPrefix(raw, []byte(utf8BOM)):
		return EncodingUTF8, true
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return EncodingUTF16, true
	}
	chinese, broken, others := 0, 0, false
	for rest := raw; len(rest) > 0; {
		if rest[0] < utf8.RuneSelf {
			rest = rest[1:]
			continue
		}
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			broken++
		case size > 2:
			chinese += size
		default:
			others = true
		}
		rest = rest[size:]
	}
	switch {
	case broken == 0:
		return EncodingUTF8, chinese > 0 || !others
	case chinese > broken:
		return EncodingUTF8, true
	}
	return EncodingGB18030, chinese <= broken/4
}
