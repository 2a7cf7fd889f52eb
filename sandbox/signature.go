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
	"unicode/utf8"
)

const (
	scheme  = "WECHATPAY2-SHA256-RSA2048"
	maxSkew = 300 // seconds, in either direction
	// The real one cuts the message that it echoes, too.
	truncatedMessage = 256
)

var parameter = regexp.MustCompile(`^([a-z_]+)="([^"]*)"$`)

// checkSignature verifies the Authorization of a request against the
// merchant's key. A refusal tells what the server saw, so that the caller can
// compare it with what was signed.
func (s *Sandbox) checkSignature(r *http.Request, body []byte) *refusal {
	header := r.Header.Get("Authorization")
	values := map[string]string{}
	rest, isScheme := strings.CutPrefix(header, scheme+" ")
	if !isScheme {
		return signError(270924332, "Authorization不合法", "scheme is not "+scheme+" followed by one space", nil)
	}
	for _, pair := range strings.Split(rest, ",") {
		m := parameter.FindStringSubmatch(pair)
		if m == nil || values[m[1]] != "" {
			return signError(270924332, "Authorization不合法", `not five pairs of the form key="value"`, nil)
		}
		values[m[1]] = m[2]
	}
	keys := []string{"mchid", "nonce_str", "timestamp", "serial_no", "signature"}
	for _, key := range keys {
		if values[key] == "" {
			return signError(270924332, "Authorization不合法", key+" is missing", nil)
		}
	}
	if len(values) != len(keys) {
		return signError(270924332, "Authorization不合法", "a parameter is none of "+strings.Join(keys, ", "), nil)
	}
	account := s.credentials.account
	if values["mchid"] != account.MchID {
		return signError(270924332, "商户号与签名不匹配", "mchid is not the service provider of this sandbox", nil)
	}
	if !strings.EqualFold(values["serial_no"], account.SerialNo) {
		return signError(270924332, "商户证书序列号有误", "serial_no is not that of the merchant's API certificate", nil)
	}
	seconds, err := strconv.ParseInt(values["timestamp"], 10, 64)
	if err != nil {
		return signError(270924332, "Authorization不合法", "timestamp is not a number of seconds", nil)
	}
	if skew := s.clock.wall().Unix() - seconds; skew > maxSkew || skew < -maxSkew {
		return signError(270924332, "时间戳已过期", fmt.Sprintf("timestamp is %d s off", skew), nil)
	}

	message := r.Method + "\n" + r.RequestURI + "\n" + values["timestamp"] + "\n" + values["nonce_str"] + "\n" + string(body) + "\n"
	seen := map[string]any{
		"method":                 r.Method,
		"url":                    r.RequestURI,
		"truncated_sign_message": truncated(message),
		"sign_message_length":    len(message),
	}
	signature, err := base64.StdEncoding.DecodeString(values["signature"])
	if err != nil {
		return signError(270924332, "错误的签名，验签失败", "signature is not base64", seen)
	}
	digest := sha256.Sum256([]byte(message))
	if rsa.VerifyPKCS1v15(&s.credentials.merchant.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return signError(270924332, "错误的签名，验签失败", "sign not match", seen)
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
func (s *Sandbox) sign(header http.Header, wanted string, body []byte) error {
	key, serial := s.answerKey(wanted)
	timestamp, nonce := strconv.FormatInt(s.clock.wall().Unix(), 10), rand.Text()
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
