package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// summaries are the texts for people, by event type.
var summaries = map[string]string{
	"PAYSCORE.USER_CONFIRM":         "支付分订单用户已确认",
	"PAYSCORE.USER_PAID":            "用户支付成功",
	"PAYSCORE.USER_OPEN_SERVICE":    "用户开启服务",
	"PAYSCORE.USER_CLOSE_SERVICE":   "用户关闭服务",
	"PAYSCORE.BIND_SERVICE_ACCOUNT": "绑定完成",
	"REFUND.SUCCESS":                "退款成功",
	"REFUND.CLOSED":                 "退款关闭",
	"REFUND.ABNORMAL":               "退款异常",
	"SECURITY_ECHO.SUCCESS":         "测试成功",
}

// kindOf returns original_type and associated_data, which may be empty.
func kindOf(eventType string) (originalType, associatedData string) {
	switch {
	case strings.HasPrefix(eventType, "REFUND."):
		return "refund", "refund"
	case strings.HasPrefix(eventType, "SECURITY_"):
		return "security", ""
	case eventType == "PAYSCORE.USER_PAID":
		return "payscore", "transaction"
	}
	return "payscore", ""
}

// Event is what a notification tells.
type Event struct {
	ID, EventType string
	CreatedAt     time.Time
	Resource      []byte // JSON, in plain
}

// Envelope returns the body of one attempt to deliver an event. Each is
// encrypted anew.
func (k *Keys) Envelope(n Event) ([]byte, error) {
	block, err := aes.NewCipher([]byte(k.Credentials.account.APIv3Key()))
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	originalType, associatedData := kindOf(n.EventType)
	nonce := rand.Text()[:aead.NonceSize()]
	return json.Marshal(payscore.Notification{
		ID: n.ID, CreateTime: n.CreatedAt.In(rules.ChinaTime).Format(time.RFC3339), EventType: n.EventType,
		ResourceType: "encrypt-resource", Summary: new(summaries[n.EventType]),
		Resource: payscore.EncryptedResource{
			OriginalType: &originalType, Algorithm: payscore.SecretAlgorithmAeadAes256Gcm, AssociatedData: &associatedData, Nonce: nonce,
			Ciphertext: base64.StdEncoding.EncodeToString(aead.Seal(nil, []byte(nonce), n.Resource, []byte(associatedData))),
		},
	})
}
