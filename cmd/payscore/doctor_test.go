package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // of the self test's OAEP
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/sandbox"
)

type doctorReport struct {
	OK     bool    `json:"ok"`
	Checks []check `json:"checks"`
}

// diagnose runs doctor and gives the checks by name.
func diagnose(t *testing.T, code int, args ...string) map[string]check {
	t.Helper()
	r := runArgs(t, append([]string{"--json", "doctor"}, args...)...)
	r.wantCode(t, code)
	report := decodeJSON[doctorReport](t, r.out)
	if report.OK != (code == exitDone) || (r.err == "") != report.OK {
		t.Errorf("ok is %t, stderr %q", report.OK, r.err)
	}
	byName := map[string]check{}
	for _, c := range report.Checks {
		if _, twice := byName[c.Name]; twice {
			t.Errorf("%s is checked twice", c.Name)
		}
		if (c.Result == checkFailed) != (c.Fix != "") {
			t.Errorf("%+v: a fix belongs to a failure", c)
		}
		byName[c.Name] = c
	}
	return byName
}

func (c check) want(t *testing.T, result, text string) {
	t.Helper()
	if c.Result != result || !strings.Contains(c.Text+" "+c.Fix, text) {
		t.Errorf("%+v, want %s and %q", c, result, text)
	}
}

func TestDoctorOnTheSandbox(t *testing.T) {
	h := newHost(t)
	checks := diagnose(t, exitDone, "--keys", h.dir)
	for _, name := range []string{"mchid", "key", "certificate", "serial", "dates", "answer keys", "host", "clock"} {
		checks[name].want(t, checkOK, "")
	}
	checks["echo"].want(t, checkOK, "")
	checks["serial"].want(t, checkOK, h.account.SerialNo)
	diagnose(t, exitDone, h.flags()...)["certificate"].want(t, checkSkipped, "--cert-file")
}

func TestDoctorFindsWrongSettings(t *testing.T) {
	h, other := newHost(t), newKeys(t)
	certificate := func(notBefore, notAfter time.Time) string {
		key, _ := pem.Decode(readFile(t, h.file(sandbox.MerchantKeyFile)))
		parsed, err := x509.ParsePKCS8PrivateKey(key.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		private := parsed.(*rsa.PrivateKey)
		template := &x509.Certificate{SerialNumber: big.NewInt(0xABCD), NotBefore: notBefore, NotAfter: notAfter}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
		if err != nil {
			t.Fatal(err)
		}
		return pemFile(t, "CERTIFICATE", der)
	}
	now := time.Now()
	day := 24 * time.Hour
	for _, test := range sample([]struct {
		name, check, want string
		args              []string
	}{
		{"no merchant", "mchid", "missing", without(h.flags(), "--mchid")},
		{"no key", "key", "--key-file", without(h.flags(), "--key-file")},
		{"key is a certificate", "key", "private key", append(h.flags(), "--key-file", h.file(sandbox.MerchantCertFile))},
		{"key is not there", "key", "no such file", append(h.flags(), "--key-file", "none.pem")},
		{"certificate of another key", "certificate", "is not the certificate of", append(h.flags(), "--cert-file", h.file(sandbox.PlatformCertFile))},
		{"key of another merchant", "certificate", "is not the certificate of", []string{"--keys", h.dir, "--key-file", keyFile(t, other.merchant)}},
		{"certificate is a key", "certificate", "certificate (CERTIFICATE) is wanted", []string{"--keys", h.dir, "--cert-file", h.file(sandbox.MerchantKeyFile)}},
		{"serial of another certificate", "serial", "but the certificate has " + h.account.SerialNo, []string{"--keys", h.dir, "--serial-no", "AB"}},
		{"serial of the platform", "serial", "that of the platform certificate",
			append(without(h.flags(), "--serial-no"), "--serial-no", h.account.PlatformSerialNo, "--platform-cert-file", h.file(sandbox.PlatformCertFile))},
		{"id for a serial", "serial", "WeChat Pay public key", append(without(h.flags(), "--serial-no"), "--serial-no", h.account.PublicKeyID)},
		{"no serial", "serial", "missing", without(h.flags(), "--serial-no")},
		{"expired", "dates", "expired on", append(without(h.flags(), "--serial-no"), "--cert-file", certificate(now.Add(-9*day), now.Add(-day)))},
		{"not in force", "dates", "not in force before", append(without(h.flags(), "--serial-no"), "--cert-file", certificate(now.Add(day), now.Add(9*day)))},
		{"no public key", "answer keys", "missing", without(h.flags(), "--public-key-file")},
		{"public key without id", "answer keys", "--public-key-id is missing", without(h.flags(), "--public-key-id")},
		{"own certificate for the platform's", "answer keys", "the merchant's own", append(h.flags(), "--platform-cert-file", h.file(sandbox.MerchantCertFile))},
		{"no URL", "host", "not a URL", append(without(h.flags(), "--base-url"), "--base-url", "api.mch")},
	}) {
		t.Run(test.name, func(t *testing.T) {
			checks := diagnose(t, exitInput, test.args...)
			checks[test.check].want(t, checkFailed, test.want)
			checks["echo"].want(t, checkSkipped, "not sent")
			for name, c := range checks {
				if c.Result == checkFailed && name != test.check {
					t.Errorf("%+v failed, too", c)
				}
			}
		})
	}
	soon := diagnose(t, exitDone, append(append(without(h.flags(), "--serial-no"), "--cert-file", certificate(now.Add(-day), now.Add(9*day))), echoFlags(t, h, nil)...)...)
	soon["dates"].want(t, checkOK, "only until")
}

func TestDoctorHost(t *testing.T) {
	h := newHost(t)
	checks := diagnose(t, exitFailed, "--keys", h.dir, "--base-url", nowhere)
	checks["host"].want(t, checkFailed, "connection refused")
	checks["clock"].want(t, checkSkipped, "")
	checks = diagnose(t, exitFailed, "--keys", h.dir, "--base-url", "http://user:hunter2@127.0.0.1:1")
	if strings.Contains(checks["host"].Text, "hunter2") {
		t.Errorf("%+v", checks["host"])
	}

	for skew, result := range map[time.Duration]string{2 * time.Hour: checkFailed, 0: checkOK} { // of the server's clock
		h := newHost(t)
		h.spoil = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
				next.ServeHTTP(w, r)
			})
		}
		code := exitDone
		if result == checkFailed {
			code = exitFailed
		}
		diagnose(t, code, "--keys", h.dir)["clock"].want(t, result, "the server")
	}
}

func TestDoctorClock(t *testing.T) {
	date := time.Date(2025, 3, 15, 12, 10, 10, 0, time.UTC)
	for _, test := range []struct {
		ahead        time.Duration // of the server
		result, text string
	}{
		{-2 * time.Hour, checkFailed, "2h0m0s behind the server"},
		{2 * time.Hour, checkFailed, "2h0m0s ahead of the server"},
		{-61 * time.Second, checkFailed, "1m1s behind"},
		{61 * time.Second, checkFailed, "1m1s ahead"},
		{60*time.Second + 999*time.Millisecond, checkOK, "within 1m0s"},
		{30 * time.Second, checkOK, "within 30s"},
		{-30 * time.Second, checkOK, "within 30s"},
		{999 * time.Millisecond, checkOK, "within 1s"},
		{0, checkOK, "within 1s"},
	} {
		clock(date.Add(test.ahead), date).want(t, test.result, test.text)
	}
}

// echoFlags are selfTestFlags with the answer that is right.
func echoFlags(t *testing.T, h *host, change func(w http.ResponseWriter, sent string) (int, string)) []string {
	t.Helper()
	return selfTestFlags(t, h, func(sent string) (int, string) { return http.StatusOK, sent }, change)
}

// selfTestFlags point at a server that answers the self test by answer, signed by
// hand with a key of its own. change, when set, spoils what is signed already.
func selfTestFlags(t *testing.T, h *host, answer func(sent string) (int, string), change func(w http.ResponseWriter, sent string) (int, string)) []string {
	t.Helper()
	key := newKeys(t).merchant
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v3/security/echo" {
			http.NotFound(w, r)
			return
		}
		status, body := answer(encryptedEcho(t, h, key, r.Body))
		timestamp := strconv.FormatInt(time.Now().Unix(), 10)
		digest := sha256.Sum256([]byte(timestamp + "\nN\n" + body + "\n"))
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		if err != nil {
			t.Error(err)
		}
		for name, value := range map[string]string{"Timestamp": timestamp, "Nonce": "N", "Serial": h.account.PublicKeyID, "Signature": base64.StdEncoding.EncodeToString(signature)} {
			w.Header().Set("Wechatpay-"+name, value)
		}
		w.Header().Set("Content-Type", "application/json")
		if change != nil {
			status, body = change(w, body)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return []string{"--base-url", server.URL, "--public-key-file", publicKeyFile(t, &key.PublicKey)}
}

// encryptedEcho gives what the self test answers: what was sent, with the encrypted
// message opened by key and encrypted again for the merchant.
func encryptedEcho(t *testing.T, h *host, key *rsa.PrivateKey, body io.Reader) string {
	sent, err := io.ReadAll(body)
	var m map[string]string
	if err == nil {
		err = json.Unmarshal(sent, &m)
	}
	if err != nil {
		t.Error(err)
	}
	sealed := m["encrypted_echo_message"]
	if sealed == "" {
		return string(sent)
	}
	raw, _ := base64.StdEncoding.DecodeString(sealed)
	text, err := rsa.DecryptOAEP(sha1.New(), nil, key, raw, nil)
	if err != nil {
		t.Error(err)
	}
	merchant, err := auth.ParsePrivateKey(readFile(t, filepath.Join(h.dir, "apiclient_key.pem")))
	if err != nil {
		t.Error(err)
		return ""
	}
	back, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, &merchant.PublicKey, text, nil)
	if err != nil {
		t.Error(err)
	}
	return strings.Replace(string(sent), sealed, base64.StdEncoding.EncodeToString(back), 1)
}

func TestDoctorEncryption(t *testing.T) {
	h := newHost(t)
	for _, test := range []struct {
		name, result, text string
		change             func(m map[string]string) int
	}{
		{"served", checkOK, "each side decrypts", nil},
		{"refused", checkFailed, "密文解密失败", func(m map[string]string) int {
			delete(m, "encrypted_echo_message")
			m["code"], m["message"] = "PARAM_ERROR", "密文解密失败"
			return http.StatusBadRequest
		}},
		{"left out", checkFailed, "has no encrypted_echo_message", func(m map[string]string) int {
			delete(m, "encrypted_echo_message")
			return http.StatusOK
		}},
		{"with another key", checkFailed, "does not decrypt", func(m map[string]string) int {
			m["encrypted_echo_message"] = base64.StdEncoding.EncodeToString(make([]byte, 256))
			return http.StatusOK
		}},
		{"not base64", checkFailed, "not base64", func(m map[string]string) int {
			m["encrypted_echo_message"] = "%"
			return http.StatusOK
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			code := exitDone
			if test.result == checkFailed {
				code = exitFailed
			}
			got := diagnose(t, code, append([]string{"--keys", h.dir}, selfTestFlags(t, h, func(body string) (int, string) {
				var m map[string]string
				_ = json.Unmarshal([]byte(body), &m)
				if m["encrypted_echo_message"] == "" || test.change == nil {
					return http.StatusOK, body
				}
				status := test.change(m)
				changed, _ := json.Marshal(m)
				return status, string(changed)
			}, nil)...)...)["encryption"]
			got.want(t, test.result, test.text)
		})
	}
}

func TestDoctorEcho(t *testing.T) {
	h := newHost(t)
	unsigned := func(w http.ResponseWriter) {
		for name := range w.Header() {
			if strings.HasPrefix(name, "Wechatpay-") {
				w.Header().Del(name)
			}
		}
	}
	for _, test := range []struct {
		name, result, text string
		change             func(w http.ResponseWriter, sent string) (int, string)
	}{
		{"served", checkOK, "the signature was accepted, and the answer verifies", nil},
		{"not served", checkSkipped, "404 RESOURCE_NOT_EXISTS", func(w http.ResponseWriter, _ string) (int, string) {
			unsigned(w)
			return 404, `{"code":"RESOURCE_NOT_EXISTS"}`
		}},
		{"altered", checkFailed, "Check that --public-key-id", func(_ http.ResponseWriter, sent string) (int, string) { return 200, sent + " " }},
		{"unsigned", checkFailed, "Wechatpay-", func(w http.ResponseWriter, sent string) (int, string) {
			unsigned(w)
			return 200, sent
		}},
		{"signature refused", checkFailed, "the server saw \"GET\" where you signed \"POST\"", func(w http.ResponseWriter, _ string) (int, string) {
			unsigned(w)
			return 401, `{"code":"SIGN_ERROR","message":"m","detail":{"sign_information":{"method":"GET","url":"/v3/security/echo"}}}`
		}},
		{"signature refused without detail", checkFailed, "check key, serial and clock", func(w http.ResponseWriter, _ string) (int, string) {
			unsigned(w)
			return 401, `{"code":"SIGN_ERROR","message":"m"}`
		}},
		{"failure of the server", checkFailed, "500 SYSTEM_ERROR", func(w http.ResponseWriter, _ string) (int, string) {
			unsigned(w)
			return 500, `{"code":"SYSTEM_ERROR"}`
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			// The self test moves no money, so its outcome is never unknown.
			code := exitDone
			if test.result == checkFailed {
				code = exitFailed
			}
			got := diagnose(t, code, append([]string{"--keys", h.dir}, echoFlags(t, h, test.change)...)...)["echo"]
			got.want(t, test.result, test.text)
			if strings.Contains(got.Text, "outcome unknown") {
				t.Errorf("%+v", got)
			}
		})
	}
}
