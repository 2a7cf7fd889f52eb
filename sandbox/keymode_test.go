package sandbox_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// keyring is a merchant's knowledge of WeChat Pay's keys, by their serials. It
// verifies with crypto/rsa alone.
type keyring map[string]*rsa.PublicKey

// verifies returns the serial of the key that signed a message, and fails the
// test unless the header names that very key.
func (k keyring) verifies(t testing.TB, what string, header http.Header, body []byte) string {
	t.Helper()
	message := header.Get("Wechatpay-Timestamp") + "\n" + header.Get("Wechatpay-Nonce") + "\n" + string(body) + "\n"
	digest := sha256.Sum256([]byte(message))
	signature, err := base64.StdEncoding.DecodeString(header.Get("Wechatpay-Signature"))
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	named := header.Get("Wechatpay-Serial")
	key := k[named]
	if key == nil {
		t.Errorf("%s is signed with %q, which the merchant does not have", what, named)
		return ""
	}
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
		t.Errorf("%s does not verify with %s: %v", what, named, err)
	}
	return named
}

// keyringOf reads the keys from the files that a merchant gets.
func keyringOf(b *box, files ...string) keyring {
	b.t.Helper()
	dir := b.t.TempDir()
	b.ok(b.Credentials().Save(dir))
	ring := keyring{}
	for _, name := range files {
		block, _ := pem.Decode(must(os.ReadFile(filepath.Join(dir, name))))
		if name == sandbox.PublicKeyFile {
			ring[b.Credentials().Account().PublicKeyID] = must(x509.ParsePKIXPublicKey(block.Bytes)).(*rsa.PublicKey)
		} else {
			ring.add(block.Bytes)
		}
	}
	return ring
}

// add takes a certificate in DER and returns its serial.
func (k keyring) add(der []byte) string {
	certificate := must(x509.ParseCertificate(der))
	serial := strings.ToUpper(certificate.SerialNumber.Text(16))
	k[serial] = certificate.PublicKey.(*rsa.PublicKey)
	return serial
}

// A client that has the platform certificate alone knows nothing of
// Wechatpay-Serial in requests.
func TestClientWithThePlatformCertificateAlone(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	ring := keyringOf(b, sandbox.PlatformCertFile)
	in := newInbox(t, status(http.StatusNoContent))
	call := func(method, target, body string, want int) []byte {
		t.Helper()
		got, header, answer := b.raw(method, target, body, "")
		if got != want {
			t.Fatalf("%s %s: %d %s", method, target, got, answer)
		}
		ring.verifies(t, method+" "+target, header, answer)
		return answer
	}
	create := noConfirm(orderNo)
	create.NotifyURL = in.URL
	call("POST", orders, asJSON(create), 200)
	call("POST", orders+"/"+orderNo+"/complete", asJSON(completion(50000)), 204)
	call("POST", orders+"/"+orderNo+"/modify", asJSON(modification(39900)), 204)
	call("POST", orders+"/"+orderNo+"/modify", asJSON(modification(50000)), 400)
	b.ok(b.Move("deduct", partner.move(orderNo)))
	var order payscore.ServiceOrderEntity
	b.ok(json.Unmarshal(call("GET", orders+"?service_id="+serviceID+"&sub_mchid="+subMchID+"&out_order_no="+orderNo, "", 200), &order))
	refund := b.refundOf(*order.Collection.Details[0].TransactionID, "R1", 39900)
	refund.Amount.Total, refund.NotifyURL = 39900, &in.URL
	call("POST", "/v3/refund/domestic/refunds", asJSON(refund), 200)
	call("GET", "/v3/certificates", "", 200)
	b.Advance(time.Hour)
	arrived := in.all()
	for _, n := range arrived {
		ring.verifies(t, "a notification", n.header, []byte(n.body))
	}
	if len(arrived) != 2 {
		t.Errorf("%d notifications, want one of the payment and one of the refund", len(arrived))
	}
}

func TestKeyModes(t *testing.T) {
	t.Parallel()
	type signers struct{ unnamed, public, newest, old, unknownPublic, unknownSerial string }
	for mode, want := range map[sandbox.KeyMode]signers{
		sandbox.KeyModeMigration:           {"newest", "public", "newest", "newest", "newest", "newest"},
		sandbox.KeyModePublicKey:           {"public", "public", "public", "public", "public", "public"},
		sandbox.KeyModePlatformCertificate: {"newest", "newest", "newest", "newest", "newest", "newest"},
	} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			b := newBox(t, sandbox.WithKeyMode(mode))
			account := b.Credentials().Account()
			ring := keyringOf(b, sandbox.PublicKeyFile, sandbox.PlatformCertFile)
			if mode == sandbox.KeyModePublicKey {
				moveRefused(t, b.Move("rotate_certificate", sandbox.MoveArgs{}), "rotate_certificate", sandbox.ErrMoveImpossible)
				got := b.send("GET", "/v3/certificates", "")
				if got.checkRefused(t, noRoute); got.Message != "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥" {
					t.Errorf("message %q", got.Message)
				}
			}
			check := func(newest string) {
				t.Helper()
				serialOf := map[string]string{"public": account.PublicKeyID, "newest": newest}
				for named, signer := range map[string]string{
					"": want.unnamed, account.PublicKeyID: want.public, newest: want.newest, account.PlatformSerialNo: want.old,
					"PUB_KEY_ID_0": want.unknownPublic, "5157F09EFDC096DE15EBE81A47057A7232F1B8E1": want.unknownSerial,
					strings.ToLower(newest): want.newest,
				} {
					for _, target := range []string{"/v3/certificates", "/v3/payscore/permissions/openid/x?service_id=1&appid=x"} {
						_, header, body := b.raw("GET", target, "", named)
						if got := ring.verifies(t, target, header, body); got != serialOf[signer] {
							t.Errorf("%s, %q named: signed by %s, want the %s, %s", target, named, got, signer, serialOf[signer])
						}
					}
				}
			}
			check(account.PlatformSerialNo)
			if mode == sandbox.KeyModePublicKey {
				return
			}
			if list := b.certificates(); len(list) != 1 || list[0].SerialNo != account.PlatformSerialNo {
				t.Errorf("listed before: %s", asJSON(list))
			}
			newest := b.rotate()
			list := b.certificates()
			if len(list) != 2 {
				t.Fatalf("listed after: %s", asJSON(list))
			}
			block, _ := pem.Decode(b.open(list[1]))
			if got := ring.add(block.Bytes); got != newest {
				t.Errorf("the newest certificate is %s, want %s", got, newest)
			}
			check(newest)
		})
	}
}

// created is something that a request creates, and that later makes a
// notification.
type created struct {
	name   string
	create func(p planBox, url string)
	then   func(p planBox)
}

// everyCreation lists what can have a notify_url, but for the self test.
func everyCreation() []created {
	post := func(p planBox, target, body string, url map[string]any) {
		p.t.Helper()
		if got := p.send("POST", target, with(body, url)); got.Status != 200 {
			p.t.Fatalf("%s: %v %s", target, &got.Error, got.Detail)
		}
	}
	at := func(url string) map[string]any { return map[string]any{"notify_url": url} }
	move := func(name string, a sandbox.MoveArgs) func(planBox) {
		return func(p planBox) { p.t.Helper(); p.ok(p.Move(name, a)) }
	}
	all := []created{
		{"direct permission", func(p planBox, url string) {
			post(p, "/v3/payscore/permissions", asJSON(directApplication("C1")), at(url))
		}, move("open_permission", sandbox.MoveArgs{AuthorizationCode: "C1"})},
		{"partner permission", func(p planBox, url string) {
			post(p, "/v3/payscore/partner/permissions", asJSON(partnerApplication("C1")), at(url))
		}, move("open_permission", sandbox.MoveArgs{SubMchID: subMchID, AuthorizationCode: "C1"})},
		{"institution's permission", func(p planBox, url string) {
			post(p, "/v3/payscore/acquiringbank/permissions", asJSON(payscore.ApplyAcquiringBankPermissionRequest{
				ServiceID: serviceID, AppID: appID, SubMchID: subMchID, ChannelID: channelID, AuthorizationCode: "C1"}), at(url))
		}, move("open_permission", sandbox.MoveArgs{Family: sandbox.AcquiringBank, SubMchID: subMchID, AuthorizationCode: "C1"})},
		{"refund", func(p planBox, url string) {
			post(p, "/v3/refund/domestic/refunds", asJSON(p.refundOf(p.paid("refunded", 100), "R1", 100)), at(url))
		}, move("refund_succeeds", sandbox.MoveArgs{SubMchID: subMchID, OutRefundNo: "R1"})},
		{"application", func(p planBox, url string) {
			post(p, "/v3/payscore/partner/service-account-applications", asJSON(payscore.ApplyPartnerServiceAccountRequest{
				ServiceID: serviceID, AppID: appID, SubMchID: subMchID, OutApplyNo: "A1"}), map[string]any{"result_notify_url": url})
		}, move("approve_account", sandbox.MoveArgs{OutApplyNo: "A1"})},
		{"sign plan", func(p planBox, url string) {
			p.do("createPlan", nil)
			p.do("createSignPlan", at(url))
		}, func(p planBox) { p.ok(p.user("sign_plan")) }},
		{"order of a sign plan", func(p planBox, url string) {
			p.do("createPlan", nil)
			p.do("createSignPlan", nil)
			p.ok(p.user("sign_plan"))
			p.do("createSignPlanServiceOrder", at(url))
		}, func(p planBox) {
			p.call(partner, firstDetail, "complete", completionBy(planDay, 100))
			p.ok(p.Move("deduct", partner.move(firstDetail)))
		}},
	}
	for _, d := range []side{partner, direct, bank, overseas} {
		all = append(all, created{"order of " + string(d), func(p planBox, url string) {
			post(p, d.at("", ""), d.body(needConfirm("own")), at(url))
		}, func(p planBox) { p.ok(p.Move("confirm", d.move("own"))) }})
	}
	return all
}

// The key that a creation named signs the notifications of what it created:
// after a restart, after requests that named the other key, and when they are
// sent again.
func TestNotificationsHaveTheKeyOfTheCreation(t *testing.T) {
	t.Parallel()
	for _, c := range everyCreation() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, names := range []string{"nothing", "the public key", "the certificate"} {
				data := sandbox.WithData(filepath.Join(t.TempDir(), "orders.db"))
				b := newBoxAt(t, func() time.Time { return planDay }, data)
				account := b.Credentials().Account()
				ring := keyringOf(b, sandbox.PublicKeyFile, sandbox.PlatformCertFile)
				answers := []int{500, 204, 204}
				in := newInbox(t, func(w http.ResponseWriter, _ *http.Request, n int) { w.WriteHeader(answers[n-1]) })
				want, other := account.PlatformSerialNo, account.PublicKeyID
				switch names {
				case "the public key":
					want, other = other, ""
					b.names = want
				case "the certificate":
					b.names = want
				}
				c.create(planBox{b, partner}, in.URL)
				b.restart(data)
				b.names = other
				c.then(planBox{b, partner})
				b.send("GET", "/v3/certificates", "")
				b.Advance(time.Minute)
				all := b.Notifications()
				attempt, err := b.Resend(all[len(all)-1].ID, false)
				if b.ok(err); attempt.Error != "" {
					t.Errorf("%s named: sent again: %s", names, attempt.Error)
				}
				arrived := in.all()
				if len(arrived) != len(answers) {
					t.Fatalf("%s named: %d attempts", names, len(arrived))
				}
				for i, n := range arrived {
					if got := ring.verifies(t, "a notification", n.header, []byte(n.body)); got != want {
						t.Errorf("%s named: attempt %d is signed by %s, want %s", names, i, got, want)
					}
				}
			}
		})
	}
}

// What no request created follows the newest request with a good signature.
func TestNotificationsOfASeedHaveTheKeyOfTheNewestRequest(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	account := b.Credentials().Account()
	ring := keyringOf(b, sandbox.PublicKeyFile, sandbox.PlatformCertFile)
	in := newInbox(t, status(http.StatusNoContent))
	want := func(what, serial string) {
		t.Helper()
		_ = must(b.Seed(what, 100, sandbox.SeedNotifyURL(in.URL)))
		b.ok(b.Move("user_pays", partner.move(what)))
		b.Advance(0)
		arrived := in.all()
		n := arrived[len(arrived)-1]
		if got := ring.verifies(t, what, n.header, []byte(n.body)); got != serial {
			t.Errorf("%s: signed by %s, want %s", what, got, serial)
		}
	}
	want("no_request", account.PlatformSerialNo)
	b.names = account.PublicKeyID
	forged := b.request("GET", "/v3/certificates", "")
	forged.Header.Set("Authorization", strings.Replace(forged.Header.Get("Authorization"), `nonce_str="`, `nonce_str="x`, 1))
	if got := b.do(forged); got.Status != 401 {
		t.Fatalf("a forged request: %d", got.Status)
	}
	want("forged", account.PlatformSerialNo)
	b.send("GET", "/v3/certificates", "")
	want("public_key_named", account.PublicKeyID)
	b.names = ""
	b.send("GET", "/v3/certificates", "")
	want("none_named", account.PlatformSerialNo)
}

// The self test announces with the key that its one request named.
func TestEchoIsAnnouncedWithTheKeyOfItsRequest(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	account := b.Credentials().Account()
	ring := keyringOf(b, sandbox.PublicKeyFile, sandbox.PlatformCertFile)
	in := newInbox(t, status(http.StatusNoContent))
	for i, named := range []string{"", account.PublicKeyID, account.PlatformSerialNo} {
		b.raw("POST", "/v3/security/echo", asJSON(payscore.SecurityEchoRequest{EchoMessage: "hello", NotifyURL: &in.URL}), named)
		b.Advance(0)
		want := account.PlatformSerialNo
		if named == account.PublicKeyID {
			want = named
		}
		n := in.all()[i]
		if got := ring.verifies(t, "the echo", n.header, []byte(n.body)); got != want {
			t.Errorf("%q named: signed by %s", named, got)
		}
	}
}

func TestKeyModeWords(t *testing.T) {
	t.Parallel()
	for mode, word := range map[sandbox.KeyMode]string{
		sandbox.KeyModeMigration: "migration", sandbox.KeyModePublicKey: "public-key", sandbox.KeyModePlatformCertificate: "platform-certificate",
	} {
		var read sandbox.KeyMode
		if err := read.UnmarshalText([]byte(word)); err != nil || read != mode || mode.String() != word {
			t.Errorf("%s is read as %s: %v", word, read, err)
		}
		if got := asJSON(mode); got != `"`+word+`"` {
			t.Errorf("%s as JSON: %s", word, got)
		}
	}
	if sandbox.KeyMode(0) != sandbox.KeyModeMigration {
		t.Error("the zero value is another mode")
	}
	read := sandbox.KeyModePublicKey
	const want = `there is no key mode "certificate": give one of migration, public-key, platform-certificate`
	if err := read.UnmarshalText([]byte("certificate")); err == nil || err.Error() != want || read != sandbox.KeyModePublicKey {
		t.Errorf("an unknown word: %v", err)
	}
	if got := sandbox.KeyMode(7).String(); got != "KeyMode(7)" {
		t.Errorf("an unknown mode is %q", got)
	}
	if _, err := sandbox.KeyMode(-1).MarshalText(); err == nil {
		t.Error("a mode that there is not has a word")
	}
}
