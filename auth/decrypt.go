package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
)

// Decrypt opens what WeChat Pay encrypted with AEAD_AES_256_GCM, trying one key
// after the other. nonce and associatedData are taken as bytes, ciphertextBase64
// is standard base64 and ends with the tag.
func Decrypt(nonce, associatedData, ciphertextBase64 string, keys ...APIv3Key) ([]byte, error) {
	sealed, err := base64.StdEncoding.DecodeString(ciphertextBase64)
	if err != nil {
		return nil, errors.New("auth: decrypt: the ciphertext is not base64")
	}
	for _, k := range keys {
		if k.key == nil {
			continue
		}
		block, err := aes.NewCipher(k.key())
		if err != nil {
			return nil, err
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		if len(nonce) != gcm.NonceSize() { // Open would panic
			return nil, errors.New("auth: decrypt: the nonce has not 12 bytes")
		}
		if plain, err := gcm.Open(nil, []byte(nonce), sealed, []byte(associatedData)); err == nil {
			return plain, nil
		}
	}
	return nil, errors.New("auth: decrypt: none of the APIv3 keys fits")
}
