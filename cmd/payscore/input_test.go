package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// badKeys are keys that must not be taken.
type badKeys struct {
	merchant, weak *rsa.PrivateKey
	ec             *ecdsa.PrivateKey
}

var makeKeys = sync.OnceValues(func() (k badKeys, err error) {
	if k.merchant, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return k, err
	}
	if k.weak, err = rsa.GenerateKey(rand.Reader, 1024); err != nil {
		return k, err
	}
	k.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return k, err
})

func newKeys(t testing.TB) badKeys {
	t.Helper()
	k, err := makeKeys()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keyFile(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemFile(t, "PRIVATE KEY", der)
}

func publicKeyFile(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemFile(t, "PUBLIC KEY", der)
}

func pemFile(t testing.TB, kind string, der []byte) string {
	t.Helper()
	return write(t, "some_key.pem", string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

// refusedInput checks what holds of each wrong input: exit code 2, one line,
// nothing on stdout, nothing sent, and the same as JSON. It returns the line.
func (h *host) refusedInput(t *testing.T, args []string, texts ...string) (line string) {
	t.Helper()
	r := runArgs(t, args...)
	r.wantCode(t, exitInput)
	r.wantLine(t, texts...)
	if r.out != "" {
		t.Errorf("stdout: %s", r.out)
	}
	line = r.err
	r = runArgs(t, append([]string{"--json"}, args...)...)
	r.wantCode(t, exitInput)
	if strings.Count(r.err, "\n") != 1 {
		t.Errorf("stderr is not one line: %q", r.err)
	}
	e := decodeJSON[errorReport](t, r.err)
	wantAll(t, e.Error, texts...)
	if e.OutcomeUnknown || r.out != "" {
		t.Errorf("%+v, stdout %q", e, r.out)
	}
	h.wantRequests(t, 0)
	return line
}

func TestBadKeyFiles(t *testing.T) {
	h, k := newHost(t), newKeys(t)
	missing := filepath.Join(t.TempDir(), "missing.pem")
	body := write(t, "b.json", example(t))
	for _, test := range sample([]struct{ name, flag, file, want string }{
		{"missing", "--key-file", missing, "no such file"},
		{"directory", "--key-file", t.TempDir(), "is a directory"},
		{"empty", "--key-file", write(t, "k.pem", ""), "it is empty"},
		{"encrypted PKCS#8", "--key-file", pemFile(t, "ENCRYPTED PRIVATE KEY", []byte("0123")), "encrypted"},
		{"encrypted PKCS#1", "--key-file", write(t, "k.pem", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), "encrypted"},
		{"EC", "--key-file", keyFile(t, k.ec), "not an RSA key"},
		{"1024 bits", "--key-file", keyFile(t, k.weak), "shorter than 2048 bits"},
		{"a certificate", "--key-file", h.file(sandbox.MerchantCertFile), `holds "CERTIFICATE"`},
		{"missing", "--public-key-file", missing, "no such file"},
		{"EC", "--public-key-file", publicKeyFile(t, k.ec.Public()), "not an RSA key"},
		{"1024 bits", "--public-key-file", publicKeyFile(t, k.weak.Public()), "shorter than 2048 bits"},
		{"a private key", "--public-key-file", h.file(sandbox.MerchantKeyFile), `holds "PRIVATE KEY"`},
		{"missing", "--platform-cert-file", missing, "no such file"},
		{"a key", "--platform-cert-file", h.file(sandbox.PublicKeyFile), `holds "PUBLIC KEY"`},
		{"missing", "--cert-file", missing, "no such file"},
		{"of another key", "--cert-file", h.file(sandbox.PlatformCertFile), "does not belong to the private key"},
	}) {
		t.Run(test.flag[2:]+" "+test.name, func(t *testing.T) {
			args := append(without(h.flags(), test.flag), test.flag, test.file)
			h.refusedInput(t, append([]string{"modify", seedOutOrderNo, "--body", body}, args...), test.file, test.want)
			h.refusedInput(t, append([]string{"query", seedOutOrderNo, "--sub-mchid", "1"}, args...), test.file, test.want)
		})
	}
}

func TestBadBodies(t *testing.T) {
	h := newHost(t)
	const name = "modify.json: "
	for _, test := range sample([]struct {
		name, body string
		want       string
	}{
		{"unknown field", example(t, "total_amount", "total_ammount"), name + "not sent: $.total_ammount: unknown field, known are " + modifyFields() + "; $.total_amount: is missing"},
		{"unknown field deep down", example(t, `"materiel_no"`, `"material_no"`), "$.device.material_no: unknown field"},
		{"field in other case", example(t, "total_amount", "Total_Amount"), "$.Total_Amount: unknown field"},
		{"unknown field with a line break", example(t, "total_amount", `total\namount\u001b`), `$."total\namount\x1b": unknown field`},
		{"unknown field without a name", example(t, `"total_amount"`, `""`), `$."": unknown field`},
		{"string amount", example(t, "40000", `"40000"`), "$.post_payments[0].amount: is a string, must be an integer"},
		{"string total", example(t, "39900", `"39900"`), "$.total_amount: is a string, must be an integer"},
		{"too long", example(t, "就餐费用", strings.Repeat("费", 999)), "$.post_payments[0].name: 999 characters, at most "},
		{"float amount", example(t, "40000", "400.00"), "$.post_payments[0].amount: is a number, must be an integer"},
		{"exponent", example(t, "40000", "4e4"), "$.post_payments[0].amount: is a number, must be an integer"},
		{"amount of 20 digits", example(t, "40000", "99999999999999999999"), "$.post_payments[0].amount: does not fit into 64 bits"},
		{"negative amount", example(t, "40000", "-1"), "$.post_payments[0].amount: -1, at least 0"},
		{"null", example(t, "40000", "null"), "$.post_payments[0].amount: is null, must be an integer"},
		{"null of an optional field", example(t, `"HG123456"`, "null"), "$.device.start_device_id: is null, must be a string"},
		{"boolean", example(t, "39900", "true"), "$.total_amount: is a boolean, must be an integer"},
		{"object for array", example(t, `"post_payments": [`, `"post_payments": {"x": [`, "],\n  \"post_discounts\"", "]},\n  \"post_discounts\""), "$.post_payments: is an object, must be an array"},
		{"array for object", "[]", name + "not sent: $: is an array, must be an object"},
		{"a number alone", "1", "$: is an integer, must be an object"},
		{"null alone", "null", "$: is null, must be an object"},
		{"duplicate key", example(t, `"reason"`, `"total_amount": 1, "reason"`), "$.total_amount: given twice"},
		{"duplicate by escape", example(t, `"reason"`, `"total\u005famount": 1, "reason"`), "$.total_amount: given twice"},
		{"duplicate deep down", example(t, `"count": 4`, `"amount": 1`), "$.post_payments[0].amount: given twice"},
		{"missing total", example(t, `"total_amount": 39900,`, ""), "$.total_amount: is missing"},
		{"missing reason", example(t, `"reason": "用户投诉",`, ""), "$.reason: is missing"},
		{"two at once", example(t, "40000", `"1"`, "39900", "1.5"), "$.post_payments[0].amount: is a string, must be an integer; $.total_amount: is a number"},
		{"not JSON", example(t, "40000", "4000O"), name + "line 7: not JSON: invalid character 'O'"},
		{"broken after blank lines", "{\n\n\n\n!", "line 5: not JSON"},
		{"broken before a line break", "{\"reason\": x\n\n}", "line 1: not JSON"},
		{"cut off", "{\n\"reason\": \"x\"", "line 2: not JSON: unexpected end"},
		{"trailing data", example(t) + "\n{}", "line 29: not JSON: invalid character '{' after top-level value"},
		{"trailing comma", example(t, `"count": 4`, `"count": 4,`), "not JSON"},
		{"empty", "", "line 1: not JSON: unexpected end"},
		{"blank", "\n\n", "not JSON: unexpected end"},
		{"GBK", example(t, "就餐费用", "\xbe\xcd\xb2\xcd"), "line 6: not UTF-8"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "line 1: not UTF-8"},
		{"half a surrogate pair", example(t, "就餐费用", `\ud800`), "$.post_payments[0].name: has U+FFFD"},
		{"too large", `{"reason": "` + strings.Repeat("x", maxBodyFile) + `"}`, "over 1048576 bytes"},
		{"a depth bomb", strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), "exceeded max depth"},
		{"a smaller depth bomb", example(t, "39900", strings.Repeat("[", 9_000)+strings.Repeat("]", 9_000)), "nested more than 32 levels deep"},
		{"a private key", string(readFile(t, h.file(sandbox.MerchantKeyFile))), "line 1: not JSON"},
	}) {
		t.Run(test.name, func(t *testing.T) {
			file := write(t, "modify.json", test.body)
			h.refusedInput(t, []string{"modify", seedOutOrderNo, "--keys", h.dir, "--body", file}, file, test.want)

			r := runWith(t, strings.NewReader(test.body), "modify", seedOutOrderNo, "--keys", h.dir, "--body", "-")
			r.wantCode(t, exitInput)
			r.wantLine(t, "standard input: ", strings.TrimPrefix(test.want, name))
			h.wantRequests(t, 0)
		})
	}
}

// modifyFields lists the fields of a modification as its Go type has them.
func modifyFields() string {
	var names []string
	for f := range reflect.TypeFor[payscore.ModifyPartnerServiceOrderRequest]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A file of nothing but mistakes gives a line that one can read.
func TestManyFindings(t *testing.T) {
	var b strings.Builder
	for i := range 5_000 {
		fmt.Fprintf(&b, `"%s%d": 1, `, strings.Repeat("k", 100), i)
	}
	h := newHost(t)
	r := h.modify(t, example(t, `"reason"`, b.String()+`"reason"`))
	r.wantCode(t, exitInput)
	r.wantLine(t, "unknown field")
	if len(r.err) > 10_000 {
		t.Errorf("a line of %d bytes", len(r.err))
	}
}

func TestFindingsAsJSON(t *testing.T) {
	h := newHost(t)
	r := h.modify(t, example(t, "就餐费用", strings.Repeat("费", 999), "满20减1元", strings.Repeat("x", 999)), "--json")
	r.wantCode(t, exitInput)
	e := decodeJSON[errorReport](t, r.err)
	places := map[string]string{}
	for _, f := range e.Findings {
		places[f.Path] = f.Rule
	}
	if !maps.Equal(places, map[string]string{"$.post_payments[0].name": "maxLength", "$.post_discounts[0].name": "maxLength"}) {
		t.Errorf("%+v", e.Findings)
	}
}

func TestBodyFiles(t *testing.T) {
	h := newHost(t)
	dir := t.TempDir()
	if line := h.refusedInput(t, []string{"modify", seedOutOrderNo, "--keys", h.dir, "--body", dir}, dir+": is a directory"); strings.Count(line, dir) != 1 {
		t.Errorf("names the file more than once: %s", line)
	}
	h.refusedInput(t, []string{"modify", seedOutOrderNo, "--keys", h.dir, "--body", dir + "/none.json"}, dir+"/none.json: no such file")
}

func TestOtherInput(t *testing.T) {
	h := newHost(t)
	body := write(t, "b.json", example(t))
	modify := []string{"modify", seedOutOrderNo, "--body", body}
	query := []string{"query", seedOutOrderNo, "--sub-mchid", "1900000109"}
	for _, test := range sample([]struct {
		name string
		args []string
		want []string
	}{
		{"body of another sub-merchant", append(modify, "--keys", h.dir, "--sub-mchid", "1900000555"),
			[]string{body, "$.sub_mchid: is 1900000109", "--sub-mchid", "1900000555"}},
		{"body of another service", append(modify, "--keys", h.dir, "--service-id", "777"),
			[]string{body, "$.service_id: is 2002000000000558128851361561536", "--service-id", "777"}},
		{"order number with a slash", []string{"modify", "a/../b", "--keys", h.dir, "--body", body}, []string{"not sent: out_order_no: does not match"}},
		{"order number too long", []string{"modify", strings.Repeat("1", 999), "--keys", h.dir, "--body", body}, []string{"out_order_no: 999 characters"}},
		{"order number of a sandbox", []string{"modify", "a b", "--sandbox"}, []string{"not sent: out_order_no: does not match"}},
		{"order number of a query", []string{"query", "a?b", "--keys", h.dir}, []string{"not sent: out_order_no: does not match"}},
		{"empty order number of a query", []string{"query", "", "--keys", h.dir}, []string{"out_order_no"}},
		{"no order number", []string{"modify", "--keys", h.dir, "--body", body}, []string{"out_order_no"}},
		{"no order number of a query", []string{"query", "--keys", h.dir}, []string{"out_order_no"}},
		{"no body", []string{"modify", seedOutOrderNo, "--keys", h.dir}, []string{"--body"}},
		{"no mchid", append(modify, without(h.flags(), "--mchid")...), []string{"--mchid is missing"}},
		{"no key", append(modify, without(h.flags(), "--key-file")...), []string{"--key-file is missing"}},
		{"no serial", append(modify, without(h.flags(), "--serial-no")...), []string{"--serial-no or --cert-file is missing"}},
		{"no public key", append(modify, without(h.flags(), "--public-key-file")...), []string{"--public-key-file or --platform-cert-file is missing"}},
		{"no public key id", append(modify, without(h.flags(), "--public-key-id")...), []string{"--public-key-id is missing"}},
		{"no sub-merchant", append([]string{"query", seedOutOrderNo}, h.flags()...), []string{"--sub-mchid is missing"}},
		{"nothing at all", query, []string{"--mchid is missing"}},
		{"bad mchid", append(query, append(without(h.flags(), "--mchid"), "--mchid", "a b")...), []string{"merchant id", "a b"}},
		{"bad serial", append(query, append(without(h.flags(), "--serial-no"), "--serial-no", "XYZ")...), []string{"serial number", "XYZ"}},
		{"bad public key id", append(query, append(without(h.flags(), "--public-key-id"), "--public-key-id", "7")...), []string{"PUB_KEY_ID_"}},
		{"bad host", append(query, append(without(h.flags(), "--base-url"), "--base-url", "api.mch.weixin.qq.com")...), []string{"api.mch.weixin.qq.com", "absolute URL"}},
		{"no keys there", append(modify, "--keys", t.TempDir()), []string{"sandbox.json", "no such file"}},
		{"no config there", append(modify, "--config", "no/such.yaml"), []string{"no/such.yaml", "no such file"}},
		{"keys and config", append(modify, "--keys", h.dir, "--config", h.file(sandbox.AccountFile)), []string{"--keys and --config"}},
		{"serial and certificate differ", append(modify, "--keys", h.dir, "--serial-no", "ABCD"), []string{"--serial-no is ABCD", sandbox.MerchantCertFile, h.account.SerialNo}},
		{"unknown flag", append(modify, "--frobnicate"), []string{"--frobnicate"}},
		{"unknown command", []string{"refund"}, []string{"refund"}},
		{"no command", nil, []string{"modify", "complete", "cancel"}},
	}) {
		t.Run(test.name, func(t *testing.T) {
			if line := h.refusedInput(t, test.args, test.want...); strings.Contains(line, "query before") {
				t.Errorf("found by the query only: %s", line)
			}
		})
	}
}
