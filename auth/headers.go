package auth

import (
	"net/http"
	"strings"
)

// signatureHeaders are the names, in the order in which they are checked.
var signatureHeaders = [...]string{HeaderTimestamp, HeaderNonce, HeaderSignature, HeaderSerial, HeaderSignatureType}

const requiredHeaders = len(signatureHeaders) - 1 // an absent Wechatpay-Signature-Type means Scheme

// signatureFields are the values of signatureHeaders, each given once.
type signatureFields struct {
	timestamp, nonce, signature, serial string
	types                               []string // none or one
}

// readHeaders finds the headers by their names in any case: frameworks and gateways
// hand on maps with names in lower case. Every entry is looked at, so that a
// header that is there in two cases counts as repeated.
func readHeaders(header http.Header) (signatureFields, error) {
	var found [len(signatureHeaders)][]string
	var repeated [len(signatureHeaders)]bool
	for name, values := range header {
		if len(name) < len(HeaderNonce) || name[0]|0x20 != 'w' || len(values) == 0 {
			continue
		}
		for i, want := range signatureHeaders {
			if len(name) == len(want) && strings.EqualFold(name, want) {
				repeated[i] = len(values) > 1 || found[i] != nil
				found[i] = values
				break
			}
		}
	}
	for i, name := range signatureHeaders[:requiredHeaders] {
		switch {
		case repeated[i]:
			return signatureFields{}, &HeaderError{Header: name, Reason: ReasonRepeated}
		case found[i] == nil || found[i][0] == "":
			return signatureFields{}, &HeaderError{Header: name, Reason: ReasonMissing, Hints: hintsOfHeaders(header)}
		}
	}
	if repeated[requiredHeaders] {
		return signatureFields{}, &HeaderError{Header: HeaderSignatureType, Reason: ReasonRepeated}
	}
	return signatureFields{found[0][0], found[1][0], found[2][0], found[3][0], found[4]}, nil
}
