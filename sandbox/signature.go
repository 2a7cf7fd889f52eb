package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/gen/catalog"
)

const (
	// numberSignature is that of all refused signatures.
	numberSignature = catalog.NumberBadSignature

	scheme  = "WECHATPAY2-SHA256-RSA2048"
	maxSkew = 300 // seconds, in either direction
	// The real one cuts the message that it echoes, too.
	truncatedMessage = 256
)

var parameter = regexp.MustCompile(`^([a-z_]+)="([^"]*)"$`)

// signedRequest is what a signature of a request is about.
type signedRequest struct {
	method        string
	target        string // path and query, byte for byte
	host          string // which is not signed
	authorization string
	body          []byte
}

// claim is what an Authorization says.
type claim struct {
	timestamp, nonce, signature string
	at                          int64 // the timestamp
}

// wrongClaim is what keeps an Authorization from being one.
type wrongClaim struct {
	mistake, message, issue string
}

// message is what has to be signed.
func (r signedRequest) message(c claim) string {
	return r.method + "\n" + r.target + "\n" + c.timestamp + "\n" + c.nonce + "\n" + string(r.body) + "\n"
}

// readClaim reads an Authorization and compares the ids in it.
func (s *Sandbox) readClaim(authorization string) (c claim, wrong *wrongClaim) {
	malformed := func(mistake, issue string) *wrongClaim {
		return &wrongClaim{mistake, "Authorization不合法", issue}
	}
	values := map[string]string{}
	rest, isScheme := strings.CutPrefix(authorization, scheme+" ")
	if !isScheme {
		return c, malformed("scheme", "scheme is not "+scheme+" followed by one space")
	}
	for _, pair := range strings.Split(rest, ",") {
		m := parameter.FindStringSubmatch(pair)
		if m == nil || values[m[1]] != "" {
			return c, malformed("header-syntax", `not five pairs of the form key="value"`)
		}
		values[m[1]] = m[2]
	}
	c = claim{timestamp: values["timestamp"], nonce: values["nonce_str"], signature: values["signature"]}
	keys := []string{"mchid", "nonce_str", "timestamp", "serial_no", "signature"}
	for _, key := range keys {
		if values[key] == "" {
			return c, malformed("missing-parameter", key+" is missing")
		}
	}
	if len(values) != len(keys) {
		return c, malformed("extra-parameter", "a parameter is none of "+strings.Join(keys, ", "))
	}
	account := s.credentials.account
	if values["mchid"] != account.MchID {
		return c, &wrongClaim{"mchid", "商户号与签名不匹配", "mchid is not the service provider of this sandbox"}
	}
	if !strings.EqualFold(values["serial_no"], account.SerialNo) {
		return c, &wrongClaim{"serial-no", "商户证书序列号有误", "serial_no is not that of the merchant's API certificate"}
	}
	var err error
	if c.at, err = strconv.ParseInt(c.timestamp, 10, 64); err != nil {
		return c, malformed("timestamp", "timestamp is not a number of seconds")
	}
	return c, nil
}

// checkSignature verifies the Authorization of a request against the
// merchant's key. A refusal tells what the server saw, so that the caller can
// compare it with what was signed.
func (s *Sandbox) checkSignature(r signedRequest, now time.Time) *refusal {
	c, wrong := s.readClaim(r.authorization)
	if wrong != nil {
		return signError(numberSignature, wrong.message, wrong.issue, nil)
	}
	if skew := now.Unix() - c.at; skew > maxSkew || skew < -maxSkew {
		return signError(numberSignature, "时间戳已过期", fmt.Sprintf("timestamp is %d s off", skew), nil)
	}
	message := r.message(c)
	seen := map[string]any{
		"method":                 r.method,
		"url":                    r.target,
		"truncated_sign_message": truncated(message),
		"sign_message_length":    len(message),
	}
	signature, err := base64.StdEncoding.DecodeString(c.signature)
	if err != nil {
		return signError(numberSignature, "错误的签名，验签失败", "signature is not base64", seen)
	}
	digest := sha256.Sum256([]byte(message))
	if rsa.VerifyPKCS1v15(&s.credentials.merchant.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return signError(numberSignature, "错误的签名，验签失败", "sign not match", seen)
	}
	return nil
}

// truncated is the start of a message, cut between two characters.
func truncated(message string) string {
	if len(message) <= truncatedMessage {
		return message
	}
	end := truncatedMessage
	for end > 0 && !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end]
}

// signError is the 401, which stays unsigned as the real one does: it tells
// its secrets to nobody who has not proved to be the merchant.
func signError(number int64, message, issue string, seen map[string]any) *refusal {
	detail := map[string]any{"field": "signature", "location": "authorization", "detail": map[string]any{"issue": issue}}
	if seen != nil {
		detail["sign_information"] = seen
	}
	return refuse(http.StatusUnauthorized, "SIGN_ERROR", number, message).with(detail)
}

// sign adds the signature headers to an answer. The request may ask for the
// key by its serial, as during the migration to the public key.
func (s *Sandbox) sign(header http.Header, wanted string, body []byte, at time.Time) error {
	key, serial := s.answerKey(wanted)
	timestamp, nonce := strconv.FormatInt(at.Unix(), 10), rand.Text()
	digest := sha256.Sum256([]byte(timestamp + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		return fmt.Errorf("sandbox: sign an answer: %w", err)
	}
	header.Set("Wechatpay-Timestamp", timestamp)
	header.Set("Wechatpay-Nonce", nonce)
	header.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
	header.Set("Wechatpay-Signature-Type", scheme)
	header.Set("Wechatpay-Serial", serial)
	return nil
}
