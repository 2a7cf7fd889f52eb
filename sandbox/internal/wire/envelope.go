package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

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
	event, _ := catalog.EventOf(n.EventType)
	nonce := rand.Text()[:aead.NonceSize()]
	text, err := json.Marshal(payscore.Notification{
		ID: n.ID, CreateTime: n.CreatedAt.In(rules.ChinaTime).Format(time.RFC3339), EventType: n.EventType,
		ResourceType: "encrypt-resource", Summary: &event.Summary,
		Resource: payscore.EncryptedResource{
			OriginalType: &event.OriginalType, Algorithm: payscore.SecretAlgorithmAeadAes256Gcm, AssociatedData: &event.AssociatedData, Nonce: nonce,
			Ciphertext: base64.StdEncoding.EncodeToString(aead.Seal(nil, []byte(nonce), loose(n.Resource), []byte(event.AssociatedData))),
		},
	})
	if err != nil {
		return nil, err
	}
	return loose(text), nil
}
