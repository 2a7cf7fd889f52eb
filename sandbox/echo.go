package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // the API's choice for OAEP
	"encoding/base64"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

// EchoSecurity answers the message, and the encrypted one encrypted for the
// merchant: the way there is by WeChat Pay's key, the way back by the
// merchant's.
func (s operations) EchoSecurity(ctx context.Context, r api.EchoSecurityRequestObject) (api.EchoSecurityResponseObject, error) {
	b := *r.Body
	answer := payscore.SecurityEchoResponse{EchoMessage: b.EchoMessage}
	if b.EncryptedEchoMessage != nil {
		serial := "" // names the key; the generated handlers leave headers out
		if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
			serial = x.request.Header.Get("Wechatpay-Serial")
		}
		again, refused := s.encryptBack(serial, *b.EncryptedEchoMessage)
		if refused != nil {
			return nil, refused
		}
		answer.EncryptedEchoMessage = &again
	}
	if b.NotifyURL != nil {
		err := s.update(ctx, func() error {
			if len(s.notifications.records) >= maxNotifications {
				return tooMany()
			}
			s.announce("echo", *b.NotifyURL, catalog.EventSecurityEchoSuccess, payscore.SecurityEchoNotification(answer))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return api.EchoSecurity200JSONResponse{Body: answer}, nil
}

// encryptBack opens a message with the key that the request named and encrypts
// it with the merchant's.
func (s *Sandbox) encryptBack(serial, message string) (string, *refusal) {
	key, ok := s.decryptionKey(serial)
	if !ok {
		return "", paramError("header", "Wechatpay-Serial", "Wechatpay-Serial不正确", "names no key of WeChat Pay's")
	}
	sealed, err := base64.StdEncoding.DecodeString(message)
	if err == nil {
		sealed, err = rsa.DecryptOAEP(sha1.New(), nil, key, sealed, nil)
	}
	if err == nil {
		sealed, err = rsa.EncryptOAEP(sha1.New(), rand.Reader, &s.credentials.merchant.PublicKey, sealed, nil)
	}
	if err != nil {
		return "", paramError("body", "/encrypted_echo_message", "密文解密失败", "does not decrypt with the key that Wechatpay-Serial names")
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}
