package sandbox_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

// openssl runs the openssl command, which shares no code with Go. It reports
// its output and whether it succeeded. REQUIRE_OPENSSL=1 turns its absence
// into a failure.
func openssl(t *testing.T, stdin string, args ...string) ([]byte, bool) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("REQUIRE_OPENSSL") == "1" {
			t.Fatal("REQUIRE_OPENSSL=1, but there is no openssl command")
		}
		t.Skip("there is no openssl command to compare with")
	}
	var stderr bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Logf("openssl %s: %v %s", strings.Join(args, " "), err, &stderr)
	}
	return out, err == nil
}

func TestOpenSSLSignsAndVerifies(t *testing.T) {
	b := newBox(t)
	dir := t.TempDir()
	b.ok(b.Credentials().Save(dir))
	account := b.Credentials().Account()
	in := func(name string) string { return filepath.Join(dir, name) }
	certificateKey, ok := openssl(t, "", "x509", "-in", in(sandbox.PlatformCertFile), "-noout", "-pubkey")
	b.ok(os.WriteFile(in("certificate_key.pem"), certificateKey, 0o600))
	if serial, _ := openssl(t, "", "x509", "-in", in(sandbox.MerchantCertFile), "-noout", "-serial"); !ok ||
		strings.TrimSpace(string(serial)) != "serial="+account.SerialNo {
		t.Errorf("openssl reads %s, the account says %s", serial, account.SerialNo)
	}

	const no = "A%7CB%2AC_-1"
	b.seed("A|B*C_-1", 50000)
	for _, c := range []struct{ method, target, body, asks, keyFile string }{
		{"POST", orders + "/" + no + "/modify", asJSON(modification(39900)), account.PublicKeyID, sandbox.PublicKeyFile},
		{"POST", orders + "/" + no + "/modify", asJSON(modification(39900)), account.PublicKeyID, sandbox.PublicKeyFile}, // refused
		{"GET", orders + "?out_order_no=" + no + "&sub_mchid=" + subMchID, "", account.PublicKeyID, sandbox.PublicKeyFile},
		{"GET", orders + "?out_order_no=" + no + "&sub_mchid=" + subMchID, "", account.PlatformSerialNo, "certificate_key.pem"},
	} {
		timestamp, nonce := strconv.FormatInt(time.Now().Unix(), 10), "593BEC0C930BF1AFEB40B4A08C8FB242"
		message := c.method + "\n" + c.target + "\n" + timestamp + "\n" + nonce + "\n" + c.body + "\n"
		signature, ok := openssl(t, message, "dgst", "-sha256", "-sign", in(sandbox.MerchantKeyFile))
		if !ok {
			t.Fatal("openssl does not sign")
		}
		req := b.unsigned(c.method, c.target, c.body)
		req.Header.Set("User-Agent", "openssl")
		req.Header.Set("Wechatpay-Serial", c.asks)
		req.Header.Set("Authorization", `WECHATPAY2-SHA256-RSA2048 mchid="`+account.MchID+`",nonce_str="`+nonce+
			`",signature="`+base64.StdEncoding.EncodeToString(signature)+`",timestamp="`+timestamp+`",serial_no="`+account.SerialNo+`"`)
		got := b.do(req)
		if got.Status == 401 {
			t.Fatalf("the sandbox refuses a signature by openssl: %s", got.Body)
		}
		if serial := got.Header.Get("Wechatpay-Serial"); serial != c.asks {
			t.Errorf("signed by %s, want %s", serial, c.asks)
		}

		b.ok(os.WriteFile(in("signature"), must(base64.StdEncoding.DecodeString(got.Header.Get("Wechatpay-Signature"))), 0o600))
		signed := got.Header.Get("Wechatpay-Timestamp") + "\n" + got.Header.Get("Wechatpay-Nonce") + "\n" + got.Body + "\n"
		verify := []string{"dgst", "-sha256", "-verify", in(c.keyFile), "-signature", in("signature")}
		if _, ok := openssl(t, signed, verify...); !ok {
			t.Errorf("openssl refuses the signature of the %d answer", got.Status)
		}
		if _, ok := openssl(t, signed+"\n", verify...); ok {
			t.Error("openssl takes another message, too")
		}
	}
	if b.total("A|B*C_-1") != 39900 {
		t.Errorf("the order is at %d", b.total("A|B*C_-1"))
	}
}
