package auth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // WeChat Pay's choice for OAEP; nothing here relies on its collision resistance
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"reflect"
)

// Encrypt encrypts a sensitive field (敏感信息) of a request with k, one of WeChat
// Pay's keys: RSAES-OAEP with SHA-1, as standard base64. A key of 2048 bits takes
// at most 214 bytes of text. The error is a *SensitiveError.
//
// WeChat Pay decrypts with the key that the request names in Wechatpay-Serial. Give
// k.NameInRequest to the call as a request editor, so that it names this one:
//
//	key, err := verifier.PreferredKey(ctx)
//	...
//	secret, err := key.Encrypt("the text")
//	...
//	rsp, err := client.EchoSecurity(ctx, payscore.SecurityEchoRequest{
//		EchoMessage: "hello", EncryptedEchoMessage: &secret}, key.NameInRequest)
//
// It follows https://pay.weixin.qq.com/doc/v3/partner/4013059053.
func (k Key) Encrypt(text string) (string, error) {
	pub, err := checkPublicKey(k.PublicKey)
	if err != nil {
		return "", &SensitiveError{Reason: ReasonKey, Err: err}
	}
	if most := pub.Size() - 2*sha1.Size - 2; len(text) > most {
		return "", &SensitiveError{Reason: ReasonLength, Size: len(text), Max: most}
	}
	sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, pub, []byte(text), nil)
	if err != nil {
		return "", &SensitiveError{Reason: ReasonKey, Err: err}
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// NameInRequest sets Wechatpay-Serial to k.ID, whatever was there. It is a request
// editor of a generated client, for a call whose fields k encrypted. The header is
// not signed, so its place among the editors makes no difference.
func (k Key) NameInRequest(_ context.Context, req *http.Request) error {
	if req == nil {
		return errors.New("auth: no request to name a key in")
	}
	if !isPublicKeyID(k.ID) && !isSerial(k.ID) {
		return fmt.Errorf("auth: key id %s neither starts with %s nor is a serial number in hex", quote(k.ID), publicKeyPrefix)
	}
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	req.Header.Set(HeaderSerial, k.ID)
	return nil
}

// PreferredKey returns the key of PreferredID, to encrypt with (Key.Encrypt). The
// error is an *UnknownKeyError, also when there is no key yet.
func (v *Verifier) PreferredKey(ctx context.Context) (Key, error) {
	return v.key(ctx, v.PreferredID())
}

// DecryptSensitive decrypts a sensitive field (敏感信息) of a response, which WeChat
// Pay encrypted with the merchant's API certificate. ciphertext is standard base64.
// Verify the response first: anybody can encrypt with a certificate.
//
// The private key that s signs with decrypts, too. When it is in a KMS or an HSM
// it has to be a crypto.Decrypter that takes *rsa.OAEPOptions with SHA-1, which many
// are not. After Rotate s decrypts with the new key alone.
//
// The error is a *SensitiveError.
func (s *Signer) DecryptSensitive(ciphertext string) (string, error) {
	pair := s.pair()
	if pair == nil || pair.decrypt == nil {
		return "", &SensitiveError{Reason: ReasonKey, Err: errNoDecrypter}
	}
	// encoding/base64 skips line breaks, which have no place in a field.
	sealed, err := strictBase64.DecodeString(ciphertext)
	switch {
	case err != nil, base64.StdEncoding.EncodedLen(len(sealed)) != len(ciphertext):
		return "", &SensitiveError{Reason: ReasonCiphertext, Size: -1}
	case len(sealed) != pair.public.Size():
		return "", &SensitiveError{Reason: ReasonCiphertext, Size: len(sealed), Max: pair.public.Size()}
	}
	text, err := pair.decrypt(sealed)
	switch {
	case errors.Is(err, rsa.ErrDecryption):
		return "", &SensitiveError{Reason: ReasonAuthentication}
	case err != nil:
		return "", &SensitiveError{Reason: ReasonKey, Err: err}
	}
	return string(text), nil
}

var errNoDecrypter = errors.New("the signer's private key cannot decrypt (crypto.Decrypter)")

// decrypter returns what decrypts with key, nil when it cannot.
func decrypter(key crypto.Signer) func(sealed []byte) ([]byte, error) {
	k, ok := key.(crypto.Decrypter)
	if rv := reflect.ValueOf(k); !ok || rv.Kind() == reflect.Pointer && rv.IsNil() {
		return nil
	}
	return func(sealed []byte) ([]byte, error) {
		return k.Decrypt(rand.Reader, sealed, &rsa.OAEPOptions{Hash: crypto.SHA1})
	}
}

// ReasonLength is a value of SensitiveError.Reason: the text is too long for the key.
const ReasonLength = "length"

// SensitiveError reports a sensitive field that cannot be encrypted or decrypted. It
// holds neither key nor text. ReasonAuthentication most often means that the field was
// encrypted with another certificate of the merchant.
type SensitiveError struct {
	Reason string // ReasonKey, ReasonLength, ReasonCiphertext or ReasonAuthentication
	Size   int    // bytes of the text or of the ciphertext; -1 when it is not base64
	Max    int    // bytes that the key takes
	Err    error  // what is wrong with the key
}

// Error returns one line.
func (e *SensitiveError) Error() string {
	switch {
	case e.Reason == ReasonLength:
		return fmt.Sprintf("auth: sensitive field: the text has %d bytes, this key takes at most %d", e.Size, e.Max)
	case e.Reason == ReasonCiphertext && e.Size < 0:
		return "auth: sensitive field: the ciphertext is not base64"
	case e.Reason == ReasonCiphertext:
		return fmt.Sprintf("auth: sensitive field: the ciphertext has %d bytes, not %d", e.Size, e.Max)
	case e.Reason == ReasonKey && e.Err != nil:
		return "auth: sensitive field: " + cause(e.Err)
	case e.Reason == ReasonKey:
		return "auth: sensitive field: the key cannot be used"
	default:
		return "auth: sensitive field: it does not decrypt with the merchant's private key"
	}
}

// Unwrap returns Err.
func (e *SensitiveError) Unwrap() error { return e.Err }
