package edge

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // the API's choice for OAEP
	"encoding/base64"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

// maxNotifications bounds the memory that they take. Those of the self test
// are refused above it; the others are bounded by what they are about.
const maxNotifications = 800_000

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
		again, refused := encryptBack(s.ledger.Keys, serial, *b.EncryptedEchoMessage)
		if refused != nil {
			return nil, refused
		}
		answer.EncryptedEchoMessage = &again
	}
	if b.NotifyURL != nil {
		err := s.ledger.Announce(ctx, maxNotifications, rules.Announcement{
			Subject: "echo", URL: *b.NotifyURL, EventType: catalog.EventSecurityEchoSuccess, Resource: payscore.SecurityEchoNotification(answer),
		})
		if err != nil {
			return nil, err
		}
	}
	return api.EchoSecurity200JSONResponse{Body: answer}, nil
}

// encryptBack opens a message with the key that the request named and encrypts
// it with the merchant's.
func encryptBack(keys *wire.Keys, serial, message string) (string, *rules.Refusal) {
	key, ok := keys.DecryptionKey(serial)
	if !ok {
		return "", rules.ParamError("header", "Wechatpay-Serial", "Wechatpay-Serial不正确", "names no key of WeChat Pay's")
	}
	sealed, err := base64.StdEncoding.DecodeString(message)
	if err == nil {
		sealed, err = rsa.DecryptOAEP(sha1.New(), nil, key, sealed, nil)
	}
	if err == nil {
		sealed, err = rsa.EncryptOAEP(sha1.New(), rand.Reader, &wire.MerchantKey(keys.Credentials).PublicKey, sealed, nil)
	}
	if err != nil {
		return "", rules.ParamError("body", "/encrypted_echo_message", "密文解密失败", "does not decrypt with the key that Wechatpay-Serial names")
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}
