//go:build openssl

// Package openssl signs with the machine's OpenSSL by cgo. It exists to be
// measured beside crypto/rsa; a program that wants it copies these lines and
// gives the signer to auth.NewSigner, which takes any crypto.Signer.
package openssl

/*
#cgo LDFLAGS: -lcrypto
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static EVP_PKEY *load(const void *pem, int len) {
	BIO *bio = BIO_new_mem_buf(pem, len);
	if (bio == NULL) return NULL;
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return key;
}

static int sign(EVP_PKEY *key, unsigned char *sig, size_t *siglen, const unsigned char *digest) {
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	int ok = ctx != NULL && EVP_PKEY_sign_init(ctx) > 0 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
		EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
		EVP_PKEY_sign(ctx, sig, siglen, digest, 32) > 0;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}
*/
import "C"

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"io"
	"unsafe"
)

// Signer is a crypto.Signer whose private key is OpenSSL's. It is safe for
// concurrent use and lives as long as the process.
type Signer struct {
	key    *C.EVP_PKEY
	public *rsa.PublicKey
}

// New loads a private key of 2048 bits from PEM.
func New(pem []byte, public *rsa.PublicKey) (*Signer, error) {
	key := C.load(unsafe.Pointer(&pem[0]), C.int(len(pem)))
	if key == nil {
		return nil, errors.New("openssl: the key does not load")
	}
	return &Signer{key, public}, nil
}

// Public returns the public half.
func (s *Signer) Public() crypto.PublicKey { return s.public }

// Sign signs a SHA-256 digest by RSASSA-PKCS1-v1_5.
func (s *Signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 || len(digest) != 32 {
		return nil, errors.New("openssl: not a SHA-256 digest")
	}
	sig := make([]byte, s.public.Size())
	n := C.size_t(len(sig))
	if C.sign(s.key, (*C.uchar)(&sig[0]), &n, (*C.uchar)(&digest[0])) != 1 {
		return nil, errors.New("openssl: it did not sign")
	}
	return sig[:n], nil
}
