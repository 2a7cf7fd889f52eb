package main

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/oneline"
	"github.com/wxpayscore/payscore/transport"
)

type doctorCommand struct {
	connection `group:"Connection"`
}

// Help is shown by payscore doctor --help.
func (doctorCommand) Help() string {
	return `It sends a request without a signature, for the clock, and the self test
/v3/security/echo, plain and encrypted, which changes nothing. With the APIv3
key (api_v3_key in the file, or WECHATPAY_API_V3_KEY) it also downloads the
platform certificates. Examples:
  payscore doctor --config wechatpay.yaml
  payscore doctor --keys payscore-sandbox`
}

// Results of a check.
const (
	checkOK      = "ok"
	checkFailed  = "FAIL"
	checkSkipped = "skipped"
)

// check is one line of the output of doctor.
type check struct {
	Name   string `json:"check"`
	Result string `json:"result"`
	Text   string `json:"text"`
	Fix    string `json:"fix,omitempty"` // what to do about a failure

	input bool // the mistake is in the settings
}

func ok(name, format string, args ...any) check {
	return check{Name: name, Result: checkOK, Text: fmt.Sprintf(format, args...)}
}

func skipped(name, text string) check { return check{Name: name, Result: checkSkipped, Text: text} }

func failed(name, text, fix string) check {
	return check{Name: name, Result: checkFailed, Text: text, Fix: fix}
}

// wrong returns a failure that is a mistake in the settings.
func wrong(name, text, fix string) check {
	c := failed(name, text, fix)
	c.input = true
	return c
}

func (d *doctorCommand) Run(ctx context.Context, s *streams, k *kong.Context) error {
	if err := d.fill(given(k)); err != nil {
		return inputError{err}
	}
	var checks []check
	var bad []string
	input := false
	add := func(list ...check) {
		for _, c := range list {
			c.Text, c.Fix = oneline.Escape(c.Text), oneline.Escape(c.Fix)
			checks = append(checks, c)
			if c.Result == checkFailed {
				bad = append(bad, c.Name)
				input = input || c.input
			}
			if !s.json {
				s.check(c)
			}
		}
	}
	now := time.Now()
	add(d.merchant(now)...)
	add(d.wechatPay(now))
	add(d.host(ctx)...)
	if len(bad) > 0 {
		add(skipped("echo", "not sent: repair what failed first"), d.decryption(ctx, false))
	} else {
		add(d.echo(ctx)...)
		add(d.decryption(ctx, len(bad) == 0))
	}
	if s.json {
		if err := s.object(map[string]any{"ok": len(bad) == 0, "checks": checks}); err != nil {
			return err
		}
	}
	if len(bad) == 0 {
		return nil
	}
	err := fmt.Errorf("%d of %d checks failed: %s", len(bad), len(checks), strings.Join(bad, ", "))
	if input {
		return inputError{err}
	}
	return err
}

// merchant checks the merchant's own key, certificate and serial.
func (d *doctorCommand) merchant(now time.Time) []check {
	key, err := load(d.ownKey(), auth.ParsePrivateKey)
	checks := []check{d.merchantID(key)}
	switch {
	case d.ownKey().missing():
		checks = append(checks, wrong("key", "missing", "Give --key-file, the apiclient_key.pem of the merchant, or the key itself in WECHATPAY_KEY."))
	case err != nil:
		fix := "Take apiclient_key.pem as the merchant platform's tool made it."
		if hasRepair(err) {
			fix = "Then run payscore doctor again."
		}
		checks = append(checks, wrong("key", err.Error(), fix))
	default:
		checks = append(checks, ok("key", "RSA of %d bits", key.N.BitLen()))
	}

	if !d.ownCert().missing() {
		return append(checks, d.certificate(key, now)...)
	}
	checks = append(checks, skipped("certificate", "no --cert-file: whether key and serial go together is not known"))
	return append(checks, d.serial(key))
}

// merchantID checks the merchant's number. key may be nil.
func (d *doctorCommand) merchantID(key *rsa.PrivateKey) check {
	const name, fix = "mchid", "Give --mchid, the number of the service provider."
	if d.MchID == "" {
		return wrong(name, "missing", fix)
	}
	if key != nil {
		if _, err := auth.NewSigner(d.MchID, "A", key); err != nil {
			return wrong(name, err.Error(), fix)
		}
	}
	if len(d.MchID) > 20 { // it may be the APIv3 key
		return ok(name, "%d characters, though merchants have 8 to 10 digits", len(d.MchID))
	}
	if strings.Trim(d.MchID, "0123456789") != "" || len(d.MchID) < 8 || len(d.MchID) > 10 {
		return ok(name, "%s, though merchants have 8 to 10 digits", d.MchID)
	}
	return ok(name, "%s", d.MchID)
}

// hasRepair reports whether the text of an error says what to do: it has a command, or
// names the flag that is meant.
func hasRepair(err error) bool {
	return slices.ContainsFunc([]string{"openssl ", "iconv ", "--key-file"}, func(s string) bool { return strings.Contains(err.Error(), s) })
}

// serial checks a serial without the certificate. key may be nil.
func (d *doctorCommand) serial(key *rsa.PrivateKey) check {
	const fix = "Take the serial of the merchant's own API certificate: openssl x509 -in apiclient_cert.pem -noout -serial"
	if d.SerialNo == "" {
		return wrong("serial", "missing", "Give --cert-file or --serial-no.")
	}
	serial, err := auth.ParseSerialNo(d.SerialNo)
	if err != nil {
		return wrong("serial", err.Error(), fix)
	}
	if platform, err := load(d.platformCert(), auth.ParsePlatformCertificate); err == nil && serial == platform.ID &&
		(key == nil || !platform.PublicKey.Equal(&key.PublicKey)) { // else it is the other flag that is wrong
		return wrong("serial", serial+" is that of the platform certificate", fix)
	}
	return ok("serial", "%s", serial)
}

// certificate checks the merchant's API certificate. key may be nil.
func (d *doctorCommand) certificate(key *rsa.PrivateKey, now time.Time) []check {
	const fix = "Take apiclient_cert.pem and apiclient_key.pem of the same request to the merchant platform."
	cert, err := load(d.ownCert(), auth.ParsePlatformCertificate)
	if err != nil {
		return []check{wrong("certificate", err.Error(), fix)}
	}
	if key != nil && !cert.PublicKey.Equal(&key.PublicKey) {
		return []check{wrong("certificate", d.ownCert().name()+" is not the certificate of "+d.ownKey().name(), fix)}
	}
	checks := []check{ok("certificate", "it is the key's")}
	if key == nil {
		checks[0] = skipped("certificate", "there is no key to compare it with")
	}
	serial, err := auth.ParseSerialNo(cmp.Or(d.SerialNo, cert.ID))
	switch {
	case err != nil:
		checks = append(checks, wrong("serial", err.Error(), "Leave --serial-no out."))
	case serial != cert.ID:
		checks = append(checks, wrong("serial", "--serial-no is "+serial+", but the certificate has "+cert.ID, "Leave --serial-no out."))
	default:
		checks = append(checks, ok("serial", "%s", cert.ID))
	}
	return append(checks, dates("dates", cert, now, "Renew the API certificate on the merchant platform; key and serial change with it."))
}

// soon is how long before its end a certificate is reported.
const soon = 30 * 24 * time.Hour

func dates(name string, cert auth.Key, now time.Time, fix string) check {
	from, to := cert.NotBefore.UTC().Format(time.DateOnly), cert.NotAfter.UTC().Format(time.DateOnly)
	switch {
	case now.Before(cert.NotBefore):
		return wrong(name, "the certificate is not in force before "+from, "Check the clock and the certificate.")
	case now.After(cert.NotAfter):
		return wrong(name, "the certificate expired on "+to, fix)
	case cert.NotAfter.Sub(now) < soon:
		return ok(name, "in force, but only until %s. %s", to, fix)
	}
	return ok(name, "in force from %s to %s", from, to)
}

// wechatPay checks the keys that verify responses.
func (d *doctorCommand) wechatPay(now time.Time) check {
	const name = "answer keys"
	const fix = "Give --public-key-id and --public-key-file (or --platform-cert-file), as the merchant platform shows them."
	verifier, err := d.verifier()
	if err != nil {
		return wrong(name, err.Error(), fix)
	}
	if platform, err := load(d.platformCert(), auth.ParsePlatformCertificate); err == nil {
		if own, err := load(d.ownKey(), auth.ParsePrivateKey); err == nil && platform.PublicKey.Equal(&own.PublicKey) {
			return wrong(name, "--platform-cert-file is the merchant's own certificate", "Give the certificate of WeChat Pay.")
		}
		if c := dates(name, platform, now, "Download the platform certificate anew, or use the public key."); c.Result == checkFailed {
			return c
		}
	}
	if own, err := load(d.ownKey(), auth.ParsePrivateKey); err == nil {
		if signer, err := auth.NewSigner("1", "A", own); err == nil && errors.Is(auth.CheckKeys(context.Background(), signer, verifier), auth.ErrOwnKey) {
			return wrong(name, "--public-key-file is the merchant's own key", "Give WeChat Pay's public key, pub_key.pem.")
		}
	}
	return ok(name, "%s", verifier.PreferredID())
}

// WeChat Pay refuses a request at 300 s. A clock set by NTP is far below this.
const clockTolerance = 60 * time.Second

const hostTimeout = 10 * time.Second

// host requests any response and compares its Date with the clock.
func (d *doctorCommand) host(ctx context.Context) []check {
	const fix = "Check --base-url, DNS, the proxy and the firewall."
	noClock := skipped("clock", "no answer to take the time from")
	u, err := url.Parse(d.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" { // a password may make those
		return []check{wrong("host", "--base-url is not a URL of https", fix), noClock}
	}
	ctx, cancel := context.WithTimeout(ctx, hostTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.BaseURL, nil)
	if err != nil {
		return []check{wrong("host", "--base-url is not a URL of https", fix), noClock}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "payscore-doctor")
	client, err := d.roundTripper()
	if err != nil {
		return []check{wrong("host", err.Error(), fix), noClock}
	}
	defer client.CloseIdleConnections()
	before := time.Now()
	rsp, err := client.RoundTrip(req)
	if err != nil {
		fix := fix
		if unknown := new(x509.UnknownAuthorityError); errors.As(err, unknown) {
			fix = "If this is the sandbox, give its --keys, or its ca_cert.pem in SSL_CERT_FILE. Else something on the way replaces the certificate."
		}
		return []check{failed("host", u.Redacted()+": "+err.Error(), fix), noClock}
	}
	_ = rsp.Body.Close()
	now := before.Add(time.Since(before) / 2) // halfway, when the server wrote it
	reached := ok("host", "%s answers", u.Redacted())
	if client.Proxy != nil {
		if proxy, err := client.Proxy(req); err == nil && proxy != nil {
			reached.Text += ", through the proxy " + proxy.Host
		}
	}
	date, err := http.ParseTime(rsp.Header.Get("Date"))
	if err != nil {
		return []check{reached, skipped("clock", "the answer has no Date")}
	}
	return []check{reached, clock(now, date)}
}

// clock compares the time on this machine with the Date that a server wrote then.
func clock(now, date time.Time) check {
	skew := now.Sub(date).Truncate(time.Second) // a Date has whole seconds
	side := "ahead of"
	if skew < 0 {
		side = "behind"
	}
	if skew.Abs() > clockTolerance {
		return failed("clock", fmt.Sprintf("this machine is %s %s the server; 5 minutes are refused", skew.Abs(), side), "Set the clock by NTP.")
	}
	return ok("clock", "within %s of the server's", max(skew.Abs(), time.Second))
}

// echo runs WeChat Pay's self test, which signs and verifies for real, and once more
// with a message that each side encrypts for the other.
func (d *doctorCommand) echo(ctx context.Context) []check {
	const text = "payscore doctor"
	notSent := skipped("encryption", "not sent: the self test did not pass")
	rsp, failure := d.selfTest(ctx, "echo", payscore.SecurityEchoRequest{EchoMessage: text})
	if failure != nil {
		return []check{*failure, notSent}
	}
	if rsp.EchoMessage != text {
		return []check{failed("echo", "the answer verifies, but is not the echo", "Check --base-url."), notSent}
	}
	return []check{ok("echo", "the signature was accepted, and the answer verifies"), d.encryption(ctx, text)}
}

// encryption checks that WeChat Pay decrypts what its key encrypted, and the
// merchant's private key what WeChat Pay encrypted. PayScore itself needs neither.
func (d *doctorCommand) encryption(ctx context.Context, text string) check {
	const name, fix = "encryption", "Check that key, certificate and serial are the merchant's newest, and --public-key-file WeChat Pay's."
	verifier, err := d.verifier()
	if err != nil {
		return wrong(name, err.Error(), fix)
	}
	signer, err := d.signer()
	if err != nil {
		return wrong(name, err.Error(), fix)
	}
	key, err := verifier.PreferredKey(ctx)
	if err != nil {
		return wrong(name, err.Error(), fix)
	}
	sealed, err := key.Encrypt(text)
	if err != nil {
		return wrong(name, err.Error(), fix)
	}
	rsp, failure := d.selfTest(ctx, name, payscore.SecurityEchoRequest{EchoMessage: text, EncryptedEchoMessage: &sealed}, key.NameInRequest)
	switch {
	case failure != nil:
		return *failure
	case rsp.EncryptedEchoMessage == nil:
		return failed(name, "the answer has no encrypted_echo_message", fix)
	}
	back, err := signer.DecryptSensitive(*rsp.EncryptedEchoMessage)
	switch {
	case err != nil:
		return failed(name, err.Error(), fix)
	case back != text:
		return failed(name, "the answer decrypts, but is not the echo", "Check --base-url.")
	}
	return ok(name, "each side decrypts what the other encrypted (RSA-OAEP)")
}

// decryption checks the APIv3 key, which decrypts notifications and the platform
// certificates. With try it downloads those.
func (d *doctorCommand) decryption(ctx context.Context, try bool) check {
	const name = "api v3 key"
	const fix = "Take the APIv3 key that was set on the merchant platform: 32 letters and digits. The APIv2 key looks the same."
	if d.apiV3Key == "" {
		return skipped(name, "no "+apiV3KeyVariable+": only notifications and certificates need it")
	}
	key, err := auth.NewAPIv3Key(d.apiV3Key)
	if err != nil {
		return wrong(name, err.Error(), fix)
	}
	const formOnly = "32 characters; whether they are the right ones is not known"
	signer, err := d.signer()
	if !try || err != nil {
		return skipped(name, formOnly)
	}
	answers, err := d.answerKeys()
	if err != nil {
		return skipped(name, formOnly)
	}
	rt, err := d.roundTripper()
	if err != nil {
		return skipped(name, formOnly)
	}
	defer rt.CloseIdleConnections()
	var problems []error
	source, err := auth.NewCertificateSource(auth.CertificateConfig{
		Signer: signer, APIv3Keys: []auth.APIv3Key{key}, Keys: answers, Server: d.BaseURL, RoundTripper: rt,
		OnError: func(err error) { problems = append(problems, err) },
	})
	if err != nil {
		return skipped(name, formOnly)
	}
	// OnError has returned before Refresh does, unless ctx ends.
	if err := source.Refresh(ctx); ctx.Err() != nil {
		return skipped(name, formOnly)
	} else if errors.Is(err, auth.ErrNoCertificates) {
		return skipped(name, formOnly+": the merchant has no platform certificate to try them on")
	} else if refused, is := errors.AsType[*auth.DecryptError](errors.Join(problems...)); is {
		return wrong(name, refused.Error(), fix)
	} else if err != nil {
		return skipped(name, formOnly+": "+err.Error())
	}
	return ok(name, "it decrypts the platform certificates")
}

// selfTest sends one request of the self test.
func (d *doctorCommand) selfTest(ctx context.Context, name string, request payscore.SecurityEchoRequest, editors ...payscore.RequestEditorFn) (*payscore.SecurityEchoResponse, *check) {
	var rec recorder
	client, err := d.open(&rec)
	if err != nil {
		c := wrong(name, err.Error(), "See --help.")
		return nil, &c
	}
	rsp, err := client.EchoSecurity(ctx, request, editors...)
	if err == nil {
		return rsp, nil
	}
	c := selfTestFailed(name, err, &rec)
	return nil, &c
}

func selfTestFailed(name string, err error, rec *recorder) check {
	// The self test changes nothing, though it is a POST.
	line := apierror.TrimAdvice(err.Error())
	if refused, is := errors.AsType[*apierror.Error](err); is {
		if refused.Status == http.StatusNotFound {
			return skipped(name, "this host does not serve the self test: 404 "+refused.Code)
		}
		fix := refused.Remedy().EN
		if diff := refused.DiffSigned([]byte(rec.call(err).Message)); diff != "" {
			fix = "It was compared with what was signed: " + diff
		}
		return failed(name, line, cmp.Or(fix, "Look the error up: payscore explain."))
	}
	if _, is := errors.AsType[*transport.UnverifiedError](err); is {
		return failed(name, line, "Check that --public-key-id, --public-key-file and --platform-cert-file are WeChat Pay's.")
	}
	return failed(name, line, "Check --base-url, DNS, the proxy and the firewall.")
}

// check prints one check.
func (s *streams) check(c check) {
	text := c.Text
	if c.Fix != "" {
		text = strings.TrimSuffix(text, ".") + ". " + c.Fix
	}
	const margin = 8 + 12 // of result and name
	for i, line := range wrap(text, 80-margin) {
		if i == 0 {
			s.printf("%-8s%-12s%s\n", c.Result, c.Name, line)
		} else {
			s.printf("%*s%s\n", margin, "", line)
		}
	}
}
