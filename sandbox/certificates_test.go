package sandbox_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

// exampleLevel is another one than that of the contract's example.
var exampleLevel = sandbox.MoveArgs{UserLabel: "C", UserRiskLevel: 3, RiskLevelVersion: 1}

// serve puts another sandbox in the place of the box's.
func (b *box) serve(next *sandbox.Sandbox) {
	server := httptest.NewServer(next)
	b.t.Cleanup(server.Close)
	other := *b.Server
	other.Sandbox, other.URL = next, server.URL
	b.Server = &other
	b.client = b.clientAt(b.URL, b)
}

// restart closes the sandbox and opens another in its place. The options, of
// which one is WithData, must be those of the first.
func (b *box) restart(opts ...sandbox.Option) {
	b.t.Helper()
	b.ok(b.Sandbox.Close())
	next := must(sandbox.Open(append([]sandbox.Option{sandbox.WithClock(b.now)}, opts...)...))
	b.t.Cleanup(func() { _ = next.Close() })
	b.serve(next)
}

// raw sends a signed request and returns an answer that nobody has verified.
func (b *box) raw(method, target, body, serial string) (status int, header http.Header, answer []byte) {
	b.t.Helper()
	req := b.unsigned(method, target, body)
	if serial != "" {
		req.Header.Set("Wechatpay-Serial", serial)
	}
	b.ok(b.signer().Sign(b.t.Context(), req))
	rsp, err := b.wire.RoundTrip(req)
	b.ok(err)
	defer func() { _ = rsp.Body.Close() }()
	return rsp.StatusCode, rsp.Header, must(io.ReadAll(rsp.Body))
}

// rotate returns the serial of the new certificate.
func (b *box) rotate() string {
	b.t.Helper()
	before := b.PlatformSerialNo()
	b.ok(b.Move("rotate_certificate", sandbox.MoveArgs{}))
	if after := b.PlatformSerialNo(); after == before {
		b.t.Fatal("the certificate is the one of before")
	}
	return b.PlatformSerialNo()
}

// certificates downloads the list, and checks the answer with what it holds.
func (b *box) certificates() []payscore.PlatformCertificate {
	b.t.Helper()
	status, header, body := b.raw("GET", "/v3/certificates", "", "")
	var list payscore.CertificateList
	if err := json.Unmarshal(body, &list); err != nil || status != 200 {
		b.t.Fatalf("%d %s", status, body)
	}
	var value any
	b.ok(json.Unmarshal(body, &value))
	b.ok(contract.Components.Schemas["CertificateList"].Value.VisitJSON(value))
	account := b.Credentials().Account()
	keys := []auth.Key{{ID: account.PublicKeyID, PublicKey: &sandbox.WechatpayKey(b.Credentials()).PublicKey}}
	for _, c := range list.Data {
		key := must(auth.ParsePlatformCertificate(b.open(c)))
		if key.ID != c.SerialNo {
			b.t.Errorf("certificate %s under %s", key.ID, c.SerialNo)
		}
		keys = append(keys, key)
	}
	b.ok(must(auth.NewVerifier(keys...)).WithClock(b.now).Verify(header, body))
	return list.Data
}

// open decrypts a certificate without the sandbox's or the client's code.
func (b *box) open(c payscore.PlatformCertificate) []byte {
	b.t.Helper()
	e := c.EncryptCertificate
	if e.Algorithm != "AEAD_AES_256_GCM" || e.AssociatedData != "certificate" || len(e.Nonce) != 12 {
		b.t.Errorf("sealed as %+v", e)
	}
	gcm := must(cipher.NewGCM(must(aes.NewCipher([]byte(b.Credentials().Account().APIv3Key())))))
	return must(gcm.Open(nil, []byte(e.Nonce), must(base64.StdEncoding.DecodeString(e.Ciphertext)), []byte(e.AssociatedData)))
}

// A client that downloads its keys follows a rotation without help.
func TestClientFollowsTheRotation(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.WithKeyMode(sandbox.KeyModePlatformCertificate))
	source := must(auth.NewCertificateSource(auth.CertificateConfig{
		Signer: b.signer(), APIv3Keys: []auth.APIv3Key{must(auth.NewAPIv3Key(b.Credentials().Account().APIv3Key()))},
		Server: b.URL, RoundTripper: b.wire, Throttle: time.Nanosecond,
	}))
	signer := b.signer()
	client := must(payscore.New(b.URL, payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(transport.New(signer, must(auth.NewVerifierFrom(source)), transport.WithRoundTripper(b.wire)))))
	for range 2 {
		answer, err := client.EchoSecurity(t.Context(), payscore.SecurityEchoRequest{EchoMessage: "hello"})
		if b.ok(err); answer.EchoMessage != "hello" {
			t.Errorf("got %s", asJSON(answer))
		}
		serial := b.rotate()
		if _, err := client.EchoSecurity(t.Context(), payscore.SecurityEchoRequest{EchoMessage: "hello"}); err != nil {
			t.Errorf("after the rotation: %v", err)
		}
		if _, err := source.Key(t.Context(), serial); err != nil {
			t.Errorf("key %s: %v", serial, err)
		}
	}
}

func TestCertificatesAreListedUntilTheyExpire(t *testing.T) {
	t.Parallel()
	clock := newWallClock(time.Now())
	b := newBoxAt(t, clock.now, sandbox.WithKeyMode(sandbox.KeyModePlatformCertificate))
	first := b.Credentials().Account().PlatformSerialNo
	clock.set(clock.now().AddDate(3, 0, 0))
	second := b.rotate()
	for when, want := range map[time.Duration]string{0: first + " " + second, 3 * 365 * 24 * time.Hour: second} {
		before := clock.now()
		now := before.Add(when)
		clock.set(now)
		got := ""
		for _, c := range b.certificates() {
			got += " " + c.SerialNo
			if expires := must(time.Parse(time.RFC3339, c.ExpireTime)); !expires.After(now) || !must(time.Parse(time.RFC3339, c.EffectiveTime)).Before(now) {
				t.Errorf("at %s: %s to %s", now, c.EffectiveTime, c.ExpireTime)
			}
		}
		if got != " "+want {
			t.Errorf("listed%s, want %s", got, want)
		}
		clock.set(before)
	}
	if status, _, body := b.raw("GET", "/v3/certificates?algorithm_type=SM2", "", ""); status != 404 {
		t.Errorf("SM2: %d %s", status, body)
	}
}

// The contract lists twenty at most.
func TestRotationsEnd(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.WithKeyMode(sandbox.KeyModeMigration))
	b.FillCertificates(18)
	b.rotate()
	moveRefused(t, b.Move("rotate_certificate", sandbox.MoveArgs{}), "rotate_certificate", sandbox.ErrMoveImpossible)
	_, _, body := b.raw("GET", "/v3/certificates", "", "")
	if got := strings.Count(string(body), `"serial_no"`); got != 20 {
		t.Errorf("%d certificates", got)
	}
}

// Any request can ask for a rotation with a header: one that cannot be must not
// cost a key. A key has some thousand allocations.
func TestRotationThatCannotBeMakesNoKey(t *testing.T) {
	b := newBox(t)
	b.FillCertificates(19)
	if n := testing.AllocsPerRun(10, func() {
		moveRefused(t, b.Move("rotate_certificate", sandbox.MoveArgs{}), "rotate_certificate", sandbox.ErrMoveImpossible)
	}); n > 100 {
		t.Errorf("%.0f allocations", n)
	}
}

func TestRotationsAtTheSameTime(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.FillCertificates(17)
	var made atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := b.Move("rotate_certificate", sandbox.MoveArgs{}); err == nil {
				made.Add(1)
			}
		})
	}
	all.Wait()
	_, _, body := b.raw("GET", "/v3/certificates", "", "")
	if listed := strings.Count(string(body), `"serial_no"`); made.Load() != 2 || listed != 20 {
		t.Errorf("%d made, %d in the list", made.Load(), listed)
	}
}

// openssl reads the certificate out of the list, and verifies with it.
func TestOpenSSLReadsTheNewCertificate(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.WithKeyMode(sandbox.KeyModePlatformCertificate))
	serial := b.rotate()
	list := b.certificates()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	b.ok(os.WriteFile(in("cert.pem"), b.open(list[len(list)-1]), 0o600))
	out, ok := openssl(t, "", "x509", "-in", in("cert.pem"), "-noout", "-serial")
	if !ok || string(bytes.TrimSpace(out)) != "serial="+serial {
		t.Errorf("openssl reads %s, want %s", out, serial)
	}
	key, _ := openssl(t, "", "x509", "-in", in("cert.pem"), "-noout", "-pubkey")
	b.ok(os.WriteFile(in("key.pem"), key, 0o600))
	_, header, body := b.raw("POST", "/v3/security/echo", `{"echo_message":"hello"}`, "")
	b.ok(os.WriteFile(in("signature"), must(base64.StdEncoding.DecodeString(header.Get("Wechatpay-Signature"))), 0o600))
	message := fmt.Sprintf("%s\n%s\n%s\n", header.Get("Wechatpay-Timestamp"), header.Get("Wechatpay-Nonce"), body)
	if _, ok := openssl(t, message, "dgst", "-sha256", "-verify", in("key.pem"), "-signature", in("signature")); !ok {
		t.Error("openssl does not verify the answer")
	}
}

// What openssl encrypts with the key that Wechatpay-Serial names comes back
// for the merchant's key, and the same is announced.
func TestEcho(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	dir := t.TempDir()
	b.ok(b.Credentials().Save(dir))
	in := func(name string) string { return filepath.Join(dir, name) }
	encrypt := func(keyFile, message string) string {
		t.Helper()
		out, ok := openssl(t, message, "pkeyutl", "-encrypt", "-pubin", "-inkey", keyFile, "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha1")
		if !ok {
			t.Fatal("openssl does not encrypt")
		}
		return base64.StdEncoding.EncodeToString(out)
	}
	decrypt := func(sealed string) string {
		t.Helper()
		out, ok := openssl(t, string(must(base64.StdEncoding.DecodeString(sealed))), "pkeyutl", "-decrypt", "-inkey", in(sandbox.MerchantKeyFile),
			"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha1")
		if !ok {
			t.Fatal("openssl does not decrypt")
		}
		return string(out)
	}
	rotated := b.rotate()
	list := b.certificates()
	account := b.Credentials().Account()
	keys := map[string]string{account.PublicKeyID: in(sandbox.PublicKeyFile)}
	for _, c := range list {
		file := in(c.SerialNo)
		block, _ := pem.Decode(b.open(c))
		b.ok(os.WriteFile(file+".crt", pem.EncodeToMemory(block), 0o600))
		key, _ := openssl(t, "", "x509", "-in", file+".crt", "-noout", "-pubkey")
		b.ok(os.WriteFile(file, key, 0o600))
		keys[c.SerialNo] = file
	}
	if len(keys) != 3 || keys[rotated] == "" {
		t.Fatalf("keys %v", keys)
	}
	for serial, file := range keys {
		sealed := encrypt(file, "秘密 secret")
		status, header, body := b.raw("POST", "/v3/security/echo", asJSON(payscore.SecurityEchoRequest{
			EchoMessage: "hello", EncryptedEchoMessage: &sealed, NotifyURL: new("https://api.test.com/e")}), serial)
		var got payscore.SecurityEchoResponse
		if err := json.Unmarshal(body, &got); err != nil || status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		want := serial
		if serial == account.PlatformSerialNo {
			want = rotated // the newest signs
		}
		if got.EchoMessage != "hello" || decrypt(*got.EncryptedEchoMessage) != "秘密 secret" || header.Get("Wechatpay-Serial") != want {
			t.Errorf("%s: got %s, signed by %s", serial, body, header.Get("Wechatpay-Serial"))
		}
		resource := b.announced("echo", "https://api.test.com/e", "SECURITY_ECHO.SUCCESS")
		if resource["echo_message"] != "hello" || decrypt(resource["encrypted_echo_message"].(string)) != "秘密 secret" {
			t.Errorf("told %v", resource)
		}
	}
	sealed := encrypt(keys[rotated], "x")
	told := len(b.Announced())
	for serial, message := range map[string]string{
		"": sealed, "PUB_KEY_ID_0": sealed, account.PublicKeyID: sealed, // the wrong key
		rotated: hex.EncodeToString([]byte("no ciphertext")), account.PlatformSerialNo: "not base64!",
	} {
		status, _, body := b.raw("POST", "/v3/security/echo", asJSON(payscore.SecurityEchoRequest{EchoMessage: "hello", EncryptedEchoMessage: &message, NotifyURL: new("https://api.test.com/e")}), serial)
		if status != 400 || !bytes.Contains(body, []byte("PARAM_ERROR")) {
			t.Errorf("%q: %d %s", serial, status, body)
		}
	}
	if plain := must(b.client.EchoSecurity(t.Context(), payscore.SecurityEchoRequest{EchoMessage: "hello"})); plain.EncryptedEchoMessage != nil {
		t.Errorf("got %s", asJSON(plain))
	}
	if len(b.Announced()) != told {
		t.Error("a refusal, or an echo without notify_url, was announced")
	}
}

// A merchant encrypts with a key that it has, an older certificate's included.
func TestEncryptedForEachKeyMode(t *testing.T) {
	t.Parallel()
	for mode, want := range map[sandbox.KeyMode]struct{ public, first, newest, none int }{
		sandbox.KeyModeMigration:           {200, 200, 200, 400},
		sandbox.KeyModePublicKey:           {200, 400, 0, 400},
		sandbox.KeyModePlatformCertificate: {400, 200, 200, 400},
	} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			b := newBox(t, sandbox.WithKeyMode(mode))
			account := b.Credentials().Account()
			ring := keyringOf(b, sandbox.PublicKeyFile, sandbox.PlatformCertFile)
			echo := func(keyID, named string, want int) {
				t.Helper()
				sealed := base64.StdEncoding.EncodeToString(must(rsa.EncryptOAEP(sha1.New(), rand.Reader, ring[keyID], []byte("secret"), nil)))
				status, _, body := b.raw("POST", "/v3/security/echo", asJSON(payscore.SecurityEchoRequest{EchoMessage: "m", EncryptedEchoMessage: &sealed}), named)
				if status != want {
					t.Errorf("encrypted with %s, %q named: %d %s, want %d", keyID, named, status, body, want)
				}
			}
			echo(account.PublicKeyID, account.PublicKeyID, want.public)
			echo(account.PlatformSerialNo, account.PlatformSerialNo, want.first)
			echo(account.PlatformSerialNo, "", want.none)
			if want.newest == 0 {
				return
			}
			b.rotate()
			list := b.certificates()
			block, _ := pem.Decode(b.open(list[1]))
			newest := ring.add(block.Bytes)
			echo(newest, newest, want.newest)
			echo(account.PlatformSerialNo, account.PlatformSerialNo, want.first)
		})
	}
}

func TestStrictBindings(t *testing.T) {
	t.Parallel()
	const extra = "1900000222"
	b := newBox(t, sandbox.WithStrictBindings(sandbox.Binding{SubMchID: extra, ServiceID: "500001", AppID: "wxother", SubAppID: "wxsub"}))
	loose := newBox(t)
	type ids struct{ sub, app, subApp, service string }
	code := 0
	ask := func(b *box, i ids) error {
		code++
		body := payscore.ApplyPartnerPermissionRequest{ServiceID: i.service, AppID: i.app, SubMchID: i.sub, AuthorizationCode: fmt.Sprint("C", code)}
		if i.subApp != "" {
			body.SubAppID = &i.subApp
		}
		_, err := b.client.ApplyPartnerPermission(t.Context(), body)
		return err
	}
	ours := ids{subMchID, appID, "", serviceID}
	theirs := ids{extra, "wxother", "wxsub", "500001"}
	for _, known := range []ids{ours, theirs, {extra, "wxother", "", "500001"}} {
		if err := ask(b, known); err != nil {
			t.Errorf("%+v: %v", known, err)
		}
	}
	noMerchant, notBound, noService := refusal{403, "NO_AUTH", 271302144, ""}, refusal{403, "NO_AUTH", 271302149, ""}, refusal{403, "NO_AUTH", 268503786, ""}
	for unknown, want := range map[ids]refusal{
		{"1900000999", appID, "", serviceID}:   noMerchant,
		{"1230000109", appID, "", serviceID}:   noMerchant, // the provider in the place of the sub-merchant
		{subMchID, "wxother", "", serviceID}:   notBound,
		{extra, appID, "", "500001"}:           notBound,
		{subMchID, appID, "wxsub", serviceID}:  notBound,
		{subMchID, appID, "", "500001"}:        noService,
		{extra, "wxother", "wxsub", serviceID}: noService,
	} {
		checkRefused(t, ask(b, unknown), want)
		if err := ask(loose, unknown); err != nil {
			t.Errorf("not strict, %+v: %v", unknown, err)
		}
	}
	// In the query, in the path and without a sub-merchant.
	_, err := b.client.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: "1900000999", OutOrderNo: new("x")})
	checkRefused(t, err, noMerchant)
	_, err = b.client.QueryPartnerServiceQuotas(t.Context(), "500002", payscore.QueryPartnerServiceQuotasParams{SubMchID: subMchID, AppID: appID, RiskLevelVersion: 1})
	checkRefused(t, err, noService)
	_, err = b.client.ApplyPermission(t.Context(), payscore.ApplyPermissionRequest{ServiceID: "500002", AppID: appID, AuthorizationCode: "D1"})
	checkRefused(t, err, noService)
	_, err = b.client.ApplyPermission(t.Context(), directApplication("D1"))
	b.ok(err)
}

// A sub-merchant is known once its application was approved.
func TestApprovedApplicationBinds(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.WithStrictBindings())
	ask := func() error {
		_, err := b.client.ApplyPartnerPermission(t.Context(), payscore.ApplyPartnerPermissionRequest{ServiceID: serviceID, AppID: appID, SubMchID: "1900000333", AuthorizationCode: "C1"})
		return err
	}
	checkRefused(t, ask(), refusal{403, "NO_AUTH", 271302144, ""})
	_, err := b.client.ApplyPartnerServiceAccount(t.Context(), payscore.ApplyPartnerServiceAccountRequest{ServiceID: serviceID, AppID: appID, SubMchID: "1900000333", OutApplyNo: "A1"})
	b.ok(err)
	checkRefused(t, ask(), refusal{403, "NO_AUTH", 271302144, ""})
	b.ok(b.Move("approve_account", sandbox.MoveArgs{OutApplyNo: "A1"}))
	b.ok(ask())
}
