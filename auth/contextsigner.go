package auth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
)

// ContextSigner is a private key behind a network, in a KMS or an HSM, whose
// client takes a context. [NewSigner] prefers SignContext to Sign. It must be
// safe for concurrent use.
type ContextSigner interface {
	crypto.Signer
	// SignContext is Sign with the context of the call that needs the signature.
	// It returns when ctx ends.
	SignContext(ctx context.Context, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

// remoteSign asks a key that may take its time. The caller waits no longer than
// ctx says; a key that does not take a context then ends in its own time, and
// what it made is dropped.
func remoteSign(key crypto.Signer) func(context.Context, [sha256.Size]byte) ([]byte, error) {
	return func(ctx context.Context, digest [sha256.Size]byte) ([]byte, error) {
		type result struct {
			signature []byte
			err       error
			panicked  any
		}
		done := make(chan result, 1) // nobody may be waiting any more
		go func() {
			var r result
			defer func() {
				r.panicked = recover()
				done <- r
			}()
			if k, ok := key.(ContextSigner); ok {
				r.signature, r.err = k.SignContext(ctx, digest[:], crypto.SHA256)
			} else {
				r.signature, r.err = key.Sign(rand.Reader, digest[:], crypto.SHA256)
			}
		}()
		select {
		case r := <-done:
			if r.panicked != nil {
				panic(r.panicked) // to the caller, who may recover
			}
			return r.signature, r.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
