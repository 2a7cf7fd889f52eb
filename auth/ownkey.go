package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrOwnKey reports that a key which is to verify WeChat Pay's answers is the
// merchant's own.
var ErrOwnKey = errors.New("is the merchant's own (apiclient_cert.pem, apiclient_key.pem), with which WeChat Pay signs nothing; " +
	"give WeChat Pay's public key (pub_key.pem, with its PUB_KEY_ID_) or its platform certificate (wechatpay_*.pem)")

// ErrPlatformSerial reports that a Signer names WeChat Pay's certificate, not the
// merchant's.
var ErrPlatformSerial = errors.New("is that of WeChat Pay's platform certificate; " +
	"give that of the merchant's (openssl x509 -in apiclient_cert.pem -noout -serial)")

// CheckKeys reports why v can never verify the answers to requests that s
// signs: v has no key, or it trusts the key that s signs with (ErrOwnKey), or s
// names a certificate of v as its own (ErrPlatformSerial). A client calls it
// before it sends anything, since the first request would be carried out and only
// its answer be refused.
//
// Of a [KeySource] it looks at the preferred key alone, and a source that has
// none yet passes. A nil s, of a client that does not sign, has no key of its own.
func CheckKeys(ctx context.Context, s *Signer, v *Verifier) error {
	pair := s.pair()
	switch {
	case v == nil || v.fixed == nil && v.source == nil:
		return errors.New("auth: this Verifier was not made by NewVerifier, so no answer could be verified")
	case pair == nil:
		return nil
	case v.fixed != nil:
		for _, key := range v.fixed.preferred {
			if err := notOwn(key, pair); err != nil {
				return err
			}
		}
	default:
		id := v.source.PreferredID()
		if id == "" {
			return nil
		}
		if key, err := keyFrom(ctx, v.source, id); err == nil { // else the answer tells
			return notOwn(key, pair)
		}
	}
	return nil
}

func notOwn(key Key, own *signingPair) error {
	if key.PublicKey.Equal(own.public) {
		return fmt.Errorf("auth: key %s %w", quote(key.ID), ErrOwnKey)
	}
	if strings.EqualFold(strings.TrimLeft(key.ID, "0"), strings.TrimLeft(own.serial, "0")) {
		return fmt.Errorf("auth: serial number %s %w", quote(own.serial), ErrPlatformSerial)
	}
	return nil
}
