package auth

import "strconv"

// Scheme is the authentication scheme of the Authorization header and the only
// value of Wechatpay-Signature-Type that this package accepts: SHA-256 with
// RSASSA-PKCS1-v1_5. WeChat Pay also offers SM2 by application; it is not supported.
const Scheme = "WECHATPAY2-SHA256-RSA2048"

// Names of the headers that sign a response or a notification.
const (
	HeaderTimestamp     = "Wechatpay-Timestamp"
	HeaderNonce         = "Wechatpay-Nonce"
	HeaderSignature     = "Wechatpay-Signature"
	HeaderSerial        = "Wechatpay-Serial" // in a request: the key the answer shall be signed with
	HeaderSignatureType = "Wechatpay-Signature-Type"
)

// RequestMessage returns the bytes that a request's signature covers: five
// lines, each ended by one LF, the body's line included when the body is empty.
//
// method is upper case. requestURI is the request-target exactly as it is sent
// ("/v3/path?query"), without scheme and host. timestamp is in Unix seconds,
// decimal. body is what goes over the wire, byte for byte.
//
// It follows the request signature section of the APIv3 guide.
func RequestMessage(method, requestURI, timestamp, nonce string, body []byte) []byte {
	b := make([]byte, 0, len(method)+len(requestURI)+len(timestamp)+len(nonce)+len(body)+5)
	b = append(append(b, method...), '\n')
	b = append(append(b, requestURI...), '\n')
	b = append(append(b, timestamp...), '\n')
	b = append(append(b, nonce...), '\n')
	return append(append(b, body...), '\n')
}

// ResponseMessage returns the bytes that the signature of a response or a
// notification covers: timestamp, nonce and raw body, each ended by one LF. A
// 204 has an empty third line.
//
// It follows the response signature section of the APIv3 guide.
func ResponseMessage(timestamp, nonce string, body []byte) []byte {
	return appendResponseMessage(make([]byte, 0, len(timestamp)+len(nonce)+len(body)+3), timestamp, nonce, body)
}

func appendResponseMessage(b []byte, timestamp, nonce string, body []byte) []byte {
	b = append(append(b, timestamp...), '\n')
	b = append(append(b, nonce...), '\n')
	return append(append(b, body...), '\n')
}

func appendMessageHead(b []byte, method, requestURI string, timestamp int64, nonce []byte) []byte {
	b = append(append(b, method...), '\n')
	b = append(append(b, requestURI...), '\n')
	b = append(strconv.AppendInt(b, timestamp, 10), '\n')
	return append(append(b, nonce...), '\n')
}

// isVisible reports whether s is made of visible ASCII characters only. An LF
// in a nonce would move the border between two lines of the signed message.
func isVisible[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// isParameter reports whether s can stand between the quotes of an
// Authorization parameter. The header knows no escapes.
func isParameter[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return len(s) > 0 && isVisible(s)
}
