package sandbox_test

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

// Whatever holds a key shows nothing of it, by itself and in the fields of
// another, where fmt asks no method of what is not exported.
func TestNothingPrintedIsSecret(t *testing.T) {
	const apiv3, apiv2 = "TestOnlyAPIv3Key0123456789abcdef", "TestOnlyAPIv2Key0123456789abcdef"
	pem, err := os.ReadFile("../api/vectors/merchant_key.pem")
	if err != nil {
		t.Fatal(err)
	}
	private := must(auth.ParsePrivateKey(pem))
	v3, v2 := must(auth.NewAPIv3Key(apiv3)), must(auth.NewAPIv2Key(apiv2))
	signer := must(auth.NewSigner("1900000001", "ABCD", private))
	fixed := must(auth.NewVerifier(auth.Key{ID: "PUB_KEY_ID_1", PublicKey: &private.PublicKey}))
	config := auth.CertificateConfig{Signer: signer, APIv3Keys: []auth.APIv3Key{v3}}
	source := must(auth.NewCertificateSource(config))
	verifier := must(auth.NewVerifierFrom(source))
	receiver := must(notify.New(verifier, v3, func(context.Context, *notify.Event) error { return nil }))
	launch := must(auth.NewLaunchSigner("1900000001", v2))
	client := transport.New(signer, verifier)
	credentials := otherCredentials()

	secrets := append(forms(apiv3), forms(apiv2)...)
	secrets = append(secrets, forms(credentials.Account().APIv3Key())...)
	secrets = append(secrets, numbers(private)...)
	for _, key := range sandboxKeys(t, credentials) {
		secrets = append(secrets, numbers(key)...)
	}

	type hidden struct {
		signer      auth.Signer
		pointer     *auth.Signer
		key         auth.APIv3Key
		key2        auth.APIv2Key
		launch      *auth.LaunchSigner
		credentials *sandbox.Credentials
		config      auth.CertificateConfig
	}
	for _, v := range []any{signer, *signer, v3, v2, fixed, *fixed, config, source, verifier, receiver, *receiver, launch, client, credentials, *credentials,
		hidden{*signer, signer, v3, v2, launch, credentials, config}, []any{v3, signer, credentials}, map[string]any{"key": v3, "signer": *signer}} {
		shown := new(bytes.Buffer)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			fmt.Fprintf(shown, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(shown, nil)).Info("", "v", v)
		slog.New(slog.NewJSONHandler(shown, nil)).Info("", "v", v)
		if b, err := json.Marshal(v); err == nil {
			shown.Write(b)
		}
		for i, secret := range secrets {
			if strings.Contains(shown.String(), secret) {
				t.Errorf("a %T shows secret %d", v, i)
			}
		}
	}
}

// forms are a text as the verbs of fmt write it.
func forms(text string) []string {
	return []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), strings.Trim(fmt.Sprint([]byte(text)), "[]")}
}

// numbers are the secret ones of a key, as decimal, hex and words.
func numbers(key *rsa.PrivateKey) (all []string) {
	for _, n := range append(key.Primes, key.D) {
		all = append(all, n.String(), n.Text(16), strings.Trim(fmt.Sprint(n.Bits()), "[]"))
	}
	return all
}

// sandboxKeys are the private keys that the credentials hold, read back from
// where they write them.
func sandboxKeys(t *testing.T, c *sandbox.Credentials) (keys []*rsa.PrivateKey) {
	t.Helper()
	dir := t.TempDir()
	if err := c.Save(dir); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{sandbox.MerchantKeyFile, "wechatpay_private_key.pem", "platform_private_key.pem"} {
		pem, err := os.ReadFile(dir + "/" + file)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, must(auth.ParsePrivateKey(pem)))
	}
	return keys
}
