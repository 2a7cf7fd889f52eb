package auth

import (
	"errors"
	"fmt"
)

// Rotate makes s sign with the key and the serial number of next from now on,
// for a merchant whose API certificate was renewed. Both change at once: each
// signature is made with one certificate's key and names that certificate.
// Signatures that are being made when Rotate is called end with the old one,
// which WeChat Pay accepts until it is revoked. Copies of s rotate with it; what
// else s and next were given as options stays as it was, and so does next.
//
//	next, err := auth.LoadSignerWithCertificate("1900000001", "apiclient_key.pem", "apiclient_cert.pem")
//	...
//	err = signer.Rotate(next)
//
// It returns an error, and changes nothing, when next is of another merchant or
// one of the two was not made by NewSigner.
func (s *Signer) Rotate(next *Signer) error {
	to := next.pair()
	switch {
	case s.pair() == nil || to == nil:
		return errors.New("auth: this Signer was not made by NewSigner")
	case next.mchid != s.mchid:
		return fmt.Errorf("auth: the signer of merchant %s cannot take over the key of merchant %s", s.mchid, next.mchid)
	}
	s.current.Store(to)
	return nil
}

// pair returns what to sign with, nil for a Signer that was not made by NewSigner.
func (s *Signer) pair() *signingPair {
	if s == nil || s.current == nil {
		return nil
	}
	return s.current.Load()
}
