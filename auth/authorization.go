package auth

import "strings"

// Authorization holds the parameters of an Authorization header, as written in
// it. ParseAuthorization does not check the signature, nor that Timestamp is a
// number.
type Authorization struct {
	MchID     string // mchid: the merchant (in partner mode the service provider)
	SerialNo  string // serial_no: serial of the merchant's API certificate
	Nonce     string // nonce_str
	Timestamp string // timestamp: Unix seconds, decimal
	Signature string // signature: standard base64
}

// ParseAuthorization reads the value of an Authorization header: the scheme,
// one space, then mchid, nonce_str, timestamp, serial_no and signature in any
// order, each once, quoted, not empty, with single commas between them.
//
// The error is an *AuthorizationError; it never repeats a value of the header.
//
// It follows the request signature section of the APIv3 guide.
func ParseAuthorization(header string) (Authorization, error) {
	fail := func(reason string) (Authorization, error) {
		return Authorization{}, &AuthorizationError{Reason: reason}
	}
	if header == "" {
		return fail("the header is empty")
	}
	scheme, rest, found := strings.Cut(header, " ")
	if !found || scheme != Scheme {
		return fail("the scheme is not " + Scheme + " and one space")
	}

	var a Authorization
	for more := true; more; {
		var name, value string
		if name, rest, found = strings.Cut(rest, `="`); !found {
			return fail(`a parameter is not of the form name="value"`)
		}
		dst := a.field(name)
		if dst == nil {
			return fail("a parameter is none of mchid, nonce_str, timestamp, serial_no, signature")
		}
		if value, rest, found = strings.Cut(rest, `"`); !found {
			return fail("parameter " + name + " has no closing quote")
		}
		if *dst != "" {
			return fail("parameter " + name + " is given twice")
		}
		if value == "" {
			return fail("parameter " + name + " is empty")
		}
		if !isParameter(value) {
			return fail("parameter " + name + " holds a character that is not allowed")
		}
		*dst = value

		if more = rest != ""; more {
			if rest, found = strings.CutPrefix(rest, ","); !found {
				return fail("parameter " + name + " is not followed by a comma")
			}
		}
	}
	for _, name := range [...]string{"mchid", "nonce_str", "timestamp", "serial_no", "signature"} {
		if *a.field(name) == "" {
			return fail("parameter " + name + " is missing")
		}
	}
	return a, nil
}

func (a *Authorization) field(name string) *string {
	switch name {
	case "mchid":
		return &a.MchID
	case "nonce_str":
		return &a.Nonce
	case "timestamp":
		return &a.Timestamp
	case "serial_no":
		return &a.SerialNo
	case "signature":
		return &a.Signature
	}
	return nil
}
