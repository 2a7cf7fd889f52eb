package wire

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/signcheck"
)

// The real one cuts the message that it echoes, too.
const truncatedMessage = 256

// CheckSignature verifies the Authorization of a request against the
// merchant's key. A refusal tells what the server saw, so that the caller can
// compare it with what was signed.
func (k *Keys) CheckSignature(r signcheck.Request, now time.Time) *rules.Refusal {
	c, wrong := k.SignKeys().ReadClaim(r.Authorization)
	if wrong != nil {
		return signError(catalog.NumberBadSignature, wrong.Message, wrong.Issue, nil)
	}
	if skew := now.Unix() - c.At; skew > signcheck.MaxSkew || skew < -signcheck.MaxSkew {
		return signError(catalog.NumberBadSignature, "时间戳已过期", fmt.Sprintf("timestamp is %d s off", skew), nil)
	}
	message := r.Message(c)
	seen := map[string]any{
		"method":                 r.Method,
		"url":                    r.Target,
		"truncated_sign_message": truncated(message),
		"sign_message_length":    len(message),
	}
	signature, err := base64.StdEncoding.DecodeString(c.Signature)
	if err != nil {
		return signError(catalog.NumberBadSignature, "错误的签名，验签失败", "signature is not base64", seen)
	}
	digest := sha256.Sum256([]byte(message))
	if rsa.VerifyPKCS1v15(&k.Credentials.merchant.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return signError(catalog.NumberBadSignature, "错误的签名，验签失败", "sign not match", seen)
	}
	return nil
}

// SignKeys are what a signature of the merchant is held against.
func (k *Keys) SignKeys() signcheck.Keys {
	c := k.Credentials
	return signcheck.Keys{
		MchID: c.account.MchID, SerialNo: c.account.SerialNo, APIv3Key: c.account.APIv3Key,
		Merchant: &c.merchant.PublicKey, WechatPay: []*rsa.PublicKey{&c.wechatpay.PublicKey, &c.platform.PublicKey},
		Templates: Templates,
	}
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
func signError(number int64, message, issue string, seen map[string]any) *rules.Refusal {
	detail := map[string]any{"field": "signature", "location": "authorization", "detail": map[string]any{"issue": issue}}
	if seen != nil {
		detail["sign_information"] = seen
	}
	return rules.Refuse(http.StatusUnauthorized, "SIGN_ERROR", number, message).With(detail)
}

// Sign adds the signature headers to an answer or a notification. The mode and
// the key that the request named in Wechatpay-Serial, empty for none, choose the key.
func (k *Keys) Sign(header http.Header, named string, body []byte, at time.Time) error {
	key, serial := k.answerKey(named)
	timestamp, nonce := strconv.FormatInt(at.Unix(), 10), rand.Text()
	digest := sha256.Sum256([]byte(timestamp + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		return fmt.Errorf("sandbox: sign an answer: %w", err)
	}
	header.Set("Wechatpay-Timestamp", timestamp)
	header.Set("Wechatpay-Nonce", nonce)
	header.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
	header.Set("Wechatpay-Signature-Type", signcheck.Scheme)
	header.Set("Wechatpay-Serial", serial)
	return nil
}
