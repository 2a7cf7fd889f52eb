package sandbox

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// envelope returns the body of one attempt. Each is encrypted anew.
func envelope(n Notification, apiV3Key string) ([]byte, error) {
	block, err := aes.NewCipher([]byte(apiV3Key))
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	event, _ := catalog.EventOf(n.EventType)
	nonce := rand.Text()[:aead.NonceSize()]
	return json.Marshal(payscore.Notification{
		ID: n.ID, CreateTime: n.CreatedAt.In(chinaTime).Format(time.RFC3339), EventType: n.EventType,
		ResourceType: "encrypt-resource", Summary: &event.Summary,
		Resource: payscore.EncryptedResource{
			OriginalType: &event.OriginalType, Algorithm: payscore.SecretAlgorithmAeadAes256Gcm, AssociatedData: &event.AssociatedData, Nonce: nonce,
			Ciphertext: base64.StdEncoding.EncodeToString(aead.Seal(nil, []byte(nonce), n.Resource, []byte(event.AssociatedData))),
		},
	})
}
