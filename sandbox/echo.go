package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // the API's choice for OAEP
	"encoding/base64"
	"net/http"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

type serialKey struct{}

// keepSerial hands Wechatpay-Serial, which names the key of an encrypted
// field, on to the operation: the generated handlers leave it out.
func keepSerial(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), serialKey{}, r.Header.Get("Wechatpay-Serial")))
}

// EchoSecurity answers the message, and the encrypted one encrypted for the
// merchant: the way there is by WeChat Pay's key, the way back by the
// merchant's.
func (s operations) EchoSecurity(ctx context.Context, r api.EchoSecurityRequestObject) (api.EchoSecurityResponseObject, error) {
	b := *r.Body
	answer := payscore.SecurityEchoResponse{EchoMessage: b.EchoMessage}
	if b.EncryptedEchoMessage != nil {
		serial, _ := ctx.Value(serialKey{}).(string)
		again, refused := s.encryptBack(serial, *b.EncryptedEchoMessage)
		if refused != nil {
			return nil, refused
		}
		answer.EncryptedEchoMessage = &again
	}
	if b.NotifyURL != nil {
		err := s.update(func() error {
			s.announce("echo", *b.NotifyURL, "SECURITY_ECHO.SUCCESS", payscore.SecurityEchoNotification(answer))
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
