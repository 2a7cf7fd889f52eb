package main

import (
	"context"
	"path/filepath"
	"strings"
)

// rsa measures the signers that a program may give to auth.NewSigner.
func (r *report) rsa(ctx context.Context) error {
	r.printf("## RSA itself\n\n")
	program := filepath.Join(r.dir, "openssl.test")
	if _, err := output(ctx, []string{"CGO_ENABLED=1"}, "go", "test", "-c", "-tags", "openssl", "-o", program, "."); err != nil {
		r.printf("Not measured: this machine has no C compiler or no headers of OpenSSL.\n\n")
		return nil
	}
	results := map[string]result{}
	for range r.rounds {
		for _, name := range []string{"RSA/crypto-rsa", "RSA/openssl"} {
			if err := r.bench(ctx, program, name, r.time, results); err != nil {
				return err
			}
		}
	}
	version, err := output(ctx, nil, "openssl", "version")
	if err != nil {
		version = "OpenSSL"
	}
	r.printf(`One Authorization of an empty body. Where signing is the limit, the key can be
another's: auth.NewSigner takes any crypto.Signer, and asks it for RSASSA-PKCS1-v1_5
of a SHA-256 digest. bench/openssl is one on cgo, in 60 lines. A KMS or an HSM plugs in
the same way: each signature then costs the way to it, some milliseconds, and none of
this machine's time; sign in parallel, and set a timeout in its client, since
crypto.Signer has no context.

| | time | of crypto/rsa | B/op | allocs/op |
|---|---|---|---|---|
`)
	base := results["RSA/crypto-rsa"]["ns/op"].median()
	for _, row := range []struct{ name, label string }{{"RSA/crypto-rsa", "crypto/rsa"}, {"RSA/openssl", version}} {
		got := results[row.name]
		r.printf("| %s | %s | %.2f | %s | %s |\n", oneLine(strings.Split(row.label, "(")[0]), timeCell(got["ns/op"]), got["ns/op"].median()/base, count(got["B/op"]), count(got["allocs/op"]))
	}
	r.printf("\n")
	return nil
}
