package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/signcheck"
)

const (
	// numberSignature is that of all refused signatures.
	numberSignature = 270924332

	// The real one cuts the message that it echoes, too.
	truncatedMessage = 256
)

// checkSignature verifies the Authorization of a request against the
// merchant's key. A refusal tells what the server saw, so that the caller can
// compare it with what was signed.
func (s *Sandbox) checkSignature(r signcheck.Request, now time.Time) *refusal {
	c, wrong := s.signKeys().ReadClaim(r.Authorization)
	if wrong != nil {
		return signError(numberSignature, wrong.Message, wrong.Issue, nil)
	}
	if skew := now.Unix() - c.At; skew > signcheck.MaxSkew || skew < -signcheck.MaxSkew {
		return signError(numberSignature, "时间戳已过期", fmt.Sprintf("timestamp is %d s off", skew), nil)
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
		return signError(numberSignature, "错误的签名，验签失败", "signature is not base64", seen)
	}
	digest := sha256.Sum256([]byte(message))
	if rsa.VerifyPKCS1v15(&s.credentials.merchant.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return signError(numberSignature, "错误的签名，验签失败", "sign not match", seen)
	}
	return nil
}

// signKeys are what a signature of the merchant is held against.
func (s *Sandbox) signKeys() signcheck.Keys {
	c := s.credentials
	return signcheck.Keys{
		MchID: c.account.MchID, SerialNo: c.account.SerialNo, APIv3Key: c.account.APIv3Key,
		Merchant: &c.merchant.PublicKey, WechatPay: []*rsa.PublicKey{&c.wechatpay.PublicKey, &c.platform.PublicKey},
		Templates: s.contract.templates,
	}
}

// SignatureReport lays the two canonical messages of a refused signature side
// by side: Mistake, Issue, IssueZH, Expected, Signed and Offset.
type SignatureReport = signcheck.Report

// ExplainSignature tells what is wrong with the signature of a request: it
// tries the usual mistakes of signers, one and two at a time, and finds the
// message that was signed when it was one of them. requestURI is path and
// query as they were sent; a whole URL will do. authorization is the header's
// value. That the timestamp is too old is said only when all else is right.
//
// It needs no more of the signature than the merchant's public key gives and
// bounds its effort; the request is not carried out.
func (s *Sandbox) ExplainSignature(method, requestURI, authorization string, body []byte) SignatureReport {
	s.mustBeOpen()
	r := signcheck.Request{Method: method, Target: requestURI, Authorization: authorization, Body: body}
	if u, err := url.Parse(requestURI); err == nil && u.Scheme != "" && u.Host != "" {
		r.Target, r.Host = u.RequestURI(), u.Host
	}
	return s.explain(r, s.db.Clock.Wall())
}

// explain cuts the messages after what an entry keeps of a body.
func (s *Sandbox) explain(r signcheck.Request, now time.Time) SignatureReport {
	report := s.signKeys().Explain(r, now)
	report.Expected, report.Signed = journal.Text([]byte(report.Expected), journal.MaxBody), journal.Text([]byte(report.Signed), journal.MaxBody)
	return report
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
	header.Set("Wechatpay-Signature-Type", signcheck.Scheme)
	header.Set("Wechatpay-Serial", serial)
	return nil
}
