package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/sandbox"
)

// nowhere is a port that refuses connections: a request that comes out there
// was sent to the wrong host.
const nowhere = "http://127.0.0.1:1"

func (h *host) wantQuery(t *testing.T, args ...string) {
	t.Helper()
	before := h.requests.Load()
	r := runArgs(t, append([]string{"query", seedOutOrderNo}, args...)...)
	r.wantCode(t, exitDone)
	wantAll(t, r.out, "host           "+h.url, "total_amount   500.00 yuan")
	h.wantRequests(t, before+1)
}

// setenv gives the whole connection in variables.
func (h *host) setenv(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"BASE_URL": h.url, "MCHID": h.account.MchID, "SERIAL_NO": h.account.SerialNo, "KEY_FILE": h.file(sandbox.MerchantKeyFile),
		"PUBLIC_KEY_ID": h.account.PublicKeyID, "PUBLIC_KEY_FILE": h.file(sandbox.PublicKeyFile),
		"SUB_MCHID": h.account.SubMchID, "SERVICE_ID": h.account.ServiceID,
	} {
		t.Setenv("WECHATPAY_"+name, value)
	}
}

// yaml writes a configuration beside the keys, which it names relative to itself.
func (h *host) yaml(t *testing.T, baseURL string) string {
	t.Helper()
	file := h.file("wechatpay.yaml")
	// Numbers without quotes are how people write them.
	content := fmt.Sprintf(`# a comment
base_url: %s
mchid: %s
serial_no: "%s"
key_file: apiclient_key.pem
public_key_id: %s
public_key_file: ./wechatpay_public_key.pem
sub_mchid: %s
service_id: %s
`, baseURL, h.account.MchID, h.account.SerialNo, h.account.PublicKeyID, h.account.SubMchID, h.account.ServiceID)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConnectionSources(t *testing.T) {
	t.Run("keys", func(t *testing.T) { h := newHost(t); h.wantQuery(t, "--keys", h.dir) })
	t.Run("flags", func(t *testing.T) {
		h := newHost(t)
		h.wantQuery(t, append(h.flags(), "--sub-mchid", h.account.SubMchID, "--service-id", h.account.ServiceID)...)
	})
	t.Run("modify takes the sub-merchant of the body", func(t *testing.T) {
		h := newHost(t)
		runArgs(t, append([]string{"modify", seedOutOrderNo, "--body", write(t, "b.json", example(t))}, h.flags()...)...).wantCode(t, exitDone)
		h.wantTotal(t, 39900)
	})
	t.Run("variables", func(t *testing.T) {
		h := newHost(t)
		h.setenv(t)
		h.wantQuery(t)
	})
	t.Run("YAML file", func(t *testing.T) { h := newHost(t); h.wantQuery(t, "--config", h.yaml(t, h.url)) })
	t.Run("YAML file, from a variable", func(t *testing.T) {
		h := newHost(t)
		t.Setenv("WECHATPAY_CONFIG", h.yaml(t, h.url))
		h.wantQuery(t)
	})
	t.Run("YAML file of this directory", func(t *testing.T) {
		h := newHost(t)
		h.yaml(t, h.url)
		t.Chdir(h.dir)
		h.wantQuery(t, "--config", "wechatpay.yaml")
	})
	t.Run("sandbox.json", func(t *testing.T) {
		h := newHost(t)
		h.wantQuery(t, "--config", h.file(sandbox.AccountFile), "--key-file", h.file(sandbox.MerchantKeyFile),
			"--public-key-file", h.file(sandbox.PublicKeyFile))
	})
	t.Run("certificate in place of the serial", func(t *testing.T) {
		h := newHost(t)
		h.wantQuery(t, append(without(h.flags(), "--serial-no"), "--cert-file", h.file(sandbox.MerchantCertFile), "--sub-mchid", h.account.SubMchID)...)
	})
	t.Run("certificate and its serial in lower case", func(t *testing.T) {
		h := newHost(t)
		h.wantQuery(t, append(without(h.flags(), "--serial-no"), "--serial-no", strings.ToLower(h.account.SerialNo),
			"--cert-file", h.file(sandbox.MerchantCertFile), "--sub-mchid", h.account.SubMchID)...)
	})
	t.Run("platform certificate in place of the public key", func(t *testing.T) {
		h := newHost(t)
		args := append(without(without(h.flags(), "--public-key-id"), "--public-key-file"),
			"--platform-cert-file", h.file(sandbox.PlatformCertFile), "--sub-mchid", h.account.SubMchID)
		r := runArgs(t, append([]string{"query", seedOutOrderNo}, args...)...)
		r.wantCode(t, exitDone)
		wantAll(t, r.out, "verified by    platform certificate "+h.account.PlatformSerialNo)
	})
}

func TestConnectionPrecedence(t *testing.T) {
	t.Run("variable over file", func(t *testing.T) {
		h := newHost(t)
		t.Setenv("WECHATPAY_BASE_URL", h.url)
		h.wantQuery(t, "--config", h.yaml(t, nowhere))
	})
	t.Run("flag over variable and file", func(t *testing.T) {
		h := newHost(t)
		t.Setenv("WECHATPAY_BASE_URL", nowhere)
		h.wantQuery(t, "--config", h.yaml(t, nowhere), "--base-url", h.url)
	})
	t.Run("an empty variable is none", func(t *testing.T) {
		h := newHost(t)
		t.Setenv("WECHATPAY_BASE_URL", "")
		h.wantQuery(t, "--config", h.yaml(t, h.url))
	})
	// The variables are of a real merchant: none of them may mix with the
	// sandbox's keys, least of all the host.
	t.Run("--keys over variables", func(t *testing.T) {
		h := newHost(t)
		for _, name := range []string{"MCHID", "SERIAL_NO", "KEY_FILE", "CERT_FILE", "PUBLIC_KEY_ID", "PUBLIC_KEY_FILE", "PLATFORM_CERT_FILE", "SUB_MCHID", "SERVICE_ID"} {
			t.Setenv("WECHATPAY_"+name, "real")
		}
		t.Setenv("WECHATPAY_BASE_URL", nowhere)
		t.Setenv("WECHATPAY_CONFIG", "no/such/file.yaml")
		h.wantQuery(t, "--keys", h.dir)
	})
	t.Run("flag over --keys", func(t *testing.T) {
		h := newHost(t)
		r := runArgs(t, "query", seedOutOrderNo, "--keys", h.dir, "--base-url", nowhere)
		r.wantCode(t, exitFailed)
		h.wantRequests(t, 0)
	})
	t.Run("the real host when nothing names one", func(t *testing.T) {
		var c connection
		if err := c.fill(nil); err != nil || c.BaseURL != "https://api.mch.weixin.qq.com" {
			t.Errorf("%q, %v", c.BaseURL, err)
		}
	})
}

func TestBadConfig(t *testing.T) {
	h := newHost(t)
	for _, test := range sample([]struct{ name, content, want string }{
		{"unknown key", "mchid: 1\nmch_id: 2\n", "line 2: field mch_id is none of this file's"},
		{"second document", "mchid: 1\n---\nmchid: 2\n", "line 2: a second YAML document begins here"},
		{"broken second document", "mchid: 1\n---\nmchid: {\n", "line 3"},
		{"two unknown keys", "a: 1\nb: 2\n", "line 1: field a is none of this file's; line 2: field b"},
		{"key given twice", "mchid: 1\nmchid: 2\n", `"mchid" already defined`},
		{"list for text", "mchid: [1]\n", "line 1: "},
		{"no YAML", "mchid: 1\n  x: y: z\n", "line 2"},
		{"a text alone", "hello\n", "line 1: "},
		{"a private key", string(readFile(t, h.file(sandbox.MerchantKeyFile))), "pay.yaml: "},
	}) {
		t.Run(test.name, func(t *testing.T) {
			file := write(t, "pay.yaml", test.content)
			if line := h.refusedInput(t, []string{"query", seedOutOrderNo, "--config", file}, file, test.want); strings.Contains(line, "main.") {
				t.Errorf("names a Go type: %s", line)
			}
		})
	}
	t.Run("empty", func(t *testing.T) {
		h.refusedInput(t, []string{"query", seedOutOrderNo, "--config", write(t, "pay.yaml", "# nothing yet\n")}, "--mchid is missing")
	})
	t.Run("missing file that it names", func(t *testing.T) {
		file := write(t, "pay.yaml", "mchid: 1\nserial_no: AB\nkey_file: keys/none.pem\n")
		h.refusedInput(t, []string{"query", seedOutOrderNo, "--config", file}, filepath.Join(filepath.Dir(file), "keys/none.pem"))
	})
}
