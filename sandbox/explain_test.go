package sandbox_test

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

// A request with everything in it that signers stumble over.
const (
	explainedNonce  = "593BEC0C930BF1AFEB40B4A08C8FB242"
	explainedTarget = orders + "/A%7CB%2AC/modify"
	explainedQuery  = orders + "?sub_mchid=1900000109&out_order_no=A%7CB"
	explainedBody   = `{"sub_mchid":"1900000109","reason":"用户<投诉>","post_payments":[{"name":"a/b","amount":1}],"total_amount":1}`
)

var explainedTime = strconv.FormatInt(noon.Unix(), 10)

// merchantKey is read from the file that a merchant gets.
func (b *box) merchantKey() *rsa.PrivateKey {
	b.t.Helper()
	dir := b.t.TempDir()
	b.ok(b.Credentials().Save(dir))
	return readKey(filepath.Join(dir, sandbox.MerchantKeyFile))
}

func readKey(file string) *rsa.PrivateKey {
	block, _ := pem.Decode(must(os.ReadFile(file)))
	return must(x509.ParsePKCS8PrivateKey(block.Bytes)).(*rsa.PrivateKey)
}

// claimOf is an Authorization with this signature.
func (b *box) claimOf(signature string) string {
	account := b.Credentials().Account()
	return `WECHATPAY2-SHA256-RSA2048 mchid="` + account.MchID + `",nonce_str="` + explainedNonce + `",signature="` + signature +
		`",timestamp="` + explainedTime + `",serial_no="` + account.SerialNo + `"`
}

func sha256RSA(key *rsa.PrivateKey, message string) []byte {
	digest := sha256.Sum256([]byte(message))
	return must(rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]))
}

// Each mistake is made by hand and is named. The message that was signed comes
// back, and the place where it goes wrong.
func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, func() time.Time { return noon })
	key := b.merchantKey()
	lines := func(all ...string) string { return strings.Join(all, "\n") }
	post := func(target, body string) string {
		return lines("POST", target, explainedTime, explainedNonce, body, "")
	}
	get := func(target string) string { return lines("GET", target, explainedTime, explainedNonce, "", "") }
	ascii := strings.NewReplacer("用户", `\u7528\u6237`, "投诉", `\u6295\u8bc9`).Replace(explainedBody)
	pretty := `{
  "sub_mchid": "1900000109",
  "reason": "用户<投诉>",
  "post_payments": [
    {
      "name": "a/b",
      "amount": 1
    }
  ],
  "total_amount": 1
}`
	for _, c := range []struct {
		mistake, method, target, body string
		signed                        string
	}{
		{"ok", "POST", explainedTarget, explainedBody, post(explainedTarget, explainedBody)},
		{"ok", "GET", explainedQuery, "", get(explainedQuery)},
		{"path-without-query", "GET", explainedQuery, "", get(orders)},
		{"url-decoded", "POST", explainedTarget, explainedBody, post(orders+"/A|B*C/modify", explainedBody)},
		{"url-escaping", "POST", explainedTarget, explainedBody, post(orders+"/A%7CB*C/modify", explainedBody)},
		{"url-escaping", "POST", explainedTarget, explainedBody, post(orders+"/A%7cB%2aC/modify", explainedBody)},
		{"url-escaping", "POST", orders + "/A|B*C/modify", explainedBody, post(explainedTarget, explainedBody)},
		{"url-escaped-twice", "POST", explainedTarget, explainedBody, post(orders+"/A%257CB%252AC/modify", explainedBody)},
		{"url-with-host", "POST", explainedTarget, explainedBody, post("https://api.mch.weixin.qq.com"+explainedTarget, explainedBody)},
		{"url-with-host", "POST", explainedTarget, explainedBody, post("api.mch.weixin.qq.com"+explainedTarget, explainedBody)},
		{"url-slash", "POST", explainedTarget, explainedBody, post(explainedTarget[1:], explainedBody)},
		{"url-prefix", "POST", explainedTarget, explainedBody, post(strings.TrimPrefix(explainedTarget, "/v3"), explainedBody)},
		{"url-template", "POST", explainedTarget, explainedBody, post(orders+"/{out_order_no}/modify", explainedBody)},
		{"query-order", "GET", explainedQuery, "", get(orders + "?out_order_no=A%7CB&sub_mchid=1900000109")},
		{"question-mark", "POST", explainedTarget, explainedBody, post(explainedTarget+"?", explainedBody)},
		{"method-case", "POST", explainedTarget, explainedBody, "post" + post(explainedTarget, explainedBody)[4:]},
		{"method-other", "GET", explainedQuery, "", "POST" + get(explainedQuery)[3:]},
		{"no-final-newline", "POST", explainedTarget, explainedBody, strings.TrimSuffix(post(explainedTarget, explainedBody), "\n")},
		{"no-final-newline", "GET", explainedQuery, "", strings.TrimSuffix(get(explainedQuery), "\n")},
		{"extra-newline", "GET", explainedQuery, "", get(explainedQuery) + "\n"},
		{"crlf", "POST", explainedTarget, explainedBody, strings.ReplaceAll(post(explainedTarget, explainedBody), "\n", "\r\n")},
		{"literal-backslash-n", "GET", explainedQuery, "", strings.ReplaceAll(get(explainedQuery), "\n", `\n`)},
		{"timestamp-and-nonce-swapped", "GET", explainedQuery, "", lines("GET", explainedQuery, explainedNonce, explainedTime, "", "")},
		{"message-of-answers", "POST", explainedTarget, explainedBody, lines(explainedTime, explainedNonce, explainedBody, "")},
		{"timestamp-milliseconds", "GET", explainedQuery, "", lines("GET", explainedQuery, explainedTime+"000", explainedNonce, "", "")},
		{"timestamp-milliseconds", "GET", explainedQuery, "", lines("GET", explainedQuery, explainedTime+"417", explainedNonce, "", "")},
		{"timestamp-other", "GET", explainedQuery, "", lines("GET", explainedQuery, strconv.FormatInt(noon.Unix()-1, 10), explainedNonce, "", "")},
		{"timestamp-other", "GET", explainedQuery, "", lines("GET", explainedQuery, strconv.FormatInt(noon.Unix()-300, 10), explainedNonce, "", "")},
		{"nonce-case", "GET", explainedQuery, "", lines("GET", explainedQuery, explainedTime, strings.ToLower(explainedNonce), "", "")},
		{"body-empty", "POST", explainedTarget, explainedBody, post(explainedTarget, "")},
		{"body-of-nothing", "GET", explainedQuery, "", lines("GET", explainedQuery, explainedTime, explainedNonce, "{}", "")},
		{"body-is-query", "GET", explainedQuery, "", lines("GET", explainedQuery, explainedTime, explainedNonce, explainedQuery[strings.Index(explainedQuery, "?")+1:], "")},
		{"body-sorted", "POST", explainedTarget, explainedBody,
			post(explainedTarget, `{"post_payments":[{"amount":1,"name":"a/b"}],"reason":"用户<投诉>","sub_mchid":"1900000109","total_amount":1}`)},
		{"body-encoded-again", "POST", explainedTarget, explainedBody, post(explainedTarget, strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(explainedBody))},
		{"body-encoded-again", "POST", explainedTarget, explainedBody, post(explainedTarget, ascii)},
		{"body-encoded-again", "POST", explainedTarget, explainedBody, post(explainedTarget, strings.ReplaceAll(ascii, "/", `\/`))},
		{"body-encoded-again", "POST", explainedTarget, ascii, post(explainedTarget, explainedBody)},
		{"body-encoded-again", "POST", explainedTarget, explainedBody, post(explainedTarget, strings.NewReplacer(`,"`, `, "`, `":`, `": `).Replace(explainedBody))},
		{"body-encoded-again", "POST", explainedTarget, explainedBody, post(explainedTarget, pretty)},
		{"body-encoded-again", "POST", explainedTarget, pretty, post(explainedTarget, explainedBody)},
		{"body-line-ends", "POST", explainedTarget, pretty, post(explainedTarget, strings.ReplaceAll(pretty, "\n", "\r\n"))},
		{"body-without-line-ends", "POST", explainedTarget, pretty, post(explainedTarget, strings.ReplaceAll(pretty, "\n", ""))},
		{"body-newline", "POST", explainedTarget, explainedBody + "\n", post(explainedTarget, explainedBody)},
		{"body-charset", "POST", explainedTarget, explainedBody, post(explainedTarget, strings.NewReplacer("用户", "??", "投诉", "??").Replace(explainedBody))},
		{"body-hashed", "POST", explainedTarget, explainedBody, post(explainedTarget, hexOf(explainedBody))},
		{"body-as-string", "POST", explainedTarget, `{"a":1}`, post(explainedTarget, `"{\"a\":1}"`)},
		{"hashed-first", "POST", explainedTarget, explainedBody, hexOf(post(explainedTarget, explainedBody))},
		{"url-decoded+body-sorted", "POST", explainedTarget, `{"b":1,"a":2}`, post(orders+"/A|B*C/modify", `{"a":2,"b":1}`)},
		{"url-with-host+no-final-newline", "GET", explainedQuery, "", strings.TrimSuffix(get("https://api.mch.weixin.qq.com"+explainedQuery), "\n")},
		{"message-unknown", "GET", explainedQuery, "", "hello"},
	} {
		got := b.ExplainSignature(c.method, c.target, b.claimOf(base64.StdEncoding.EncodeToString(sha256RSA(key, c.signed))), []byte(c.body))
		expected := lines(c.method, c.target, explainedTime, explainedNonce, c.body, "")
		if got.Mistake != c.mistake || got.Expected != expected || got.Issue == "" || got.IssueZH == "" {
			t.Errorf("%s: got %s: %s %s\nsigned   %q\nexpected %q", c.mistake, got.Mistake, got.Issue, got.IssueZH, c.signed, got.Expected)
			continue
		}
		if c.mistake == "message-unknown" {
			if got.Signed != "" || got.Offset != -1 {
				t.Errorf("%s: %+v", c.mistake, got)
			}
			continue
		}
		if got.Signed != c.signed {
			t.Errorf("%s: signed\n%q, found\n%q", c.mistake, c.signed, got.Signed)
		}
		if c.mistake == "ok" {
			if got.Offset != -1 {
				t.Errorf("ok, but at %d", got.Offset)
			}
			continue
		}
		if o := got.Offset; o < 0 || expected[:o] != c.signed[:o] || o < len(expected) && o < len(c.signed) && expected[o] == c.signed[o] {
			t.Errorf("%s: offset %d", c.mistake, o)
		}
	}
}

func hexOf(s string) string {
	digest := sha256.Sum256([]byte(s))
	return hex.EncodeToString(digest[:])
}

// What is wrong with the signature itself, made with openssl where it can.
func TestMistakesOfTheSignatureAreNamed(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, func() time.Time { return noon })
	dir := t.TempDir()
	b.ok(b.Credentials().Save(dir))
	keyFile := filepath.Join(dir, sandbox.MerchantKeyFile)
	key := readKey(keyFile)
	message := "GET\n" + explainedQuery + "\n" + explainedTime + "\n" + explainedNonce + "\n\n"
	signed := func(args ...string) string {
		out, ok := openssl(t, message, append([]string{"dgst"}, append(args, "-sign", keyFile)...)...)
		if !ok {
			t.Fatal("openssl does not sign")
		}
		return base64.StdEncoding.EncodeToString(out)
	}
	good := signed("-sha256")
	raw := must(base64.StdEncoding.DecodeString(good))
	strange := sandbox.WechatpayKey(otherCredentials())
	mac := hmac.New(sha256.New, []byte(b.Credentials().Account().APIv3Key()))
	mac.Write([]byte(message))
	digest := sha256.Sum256([]byte(message))
	flipped := bytes.Clone(raw)
	flipped[9] ^= 1
	encode := base64.StdEncoding.EncodeToString
	for _, c := range []struct {
		mistake, signature string
		known              bool
	}{
		{"ok", good, true},
		{"sha1", signed("-sha1"), true},
		{"md5", signed("-md5"), true},
		{"sha384", signed("-sha384"), true},
		{"sha512", signed("-sha512"), true},
		{"pss", signed("-sha256", "-sigopt", "rsa_padding_mode:pss"), true},
		{"pss", signed("-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"), true},
		{"signature-hex", hex.EncodeToString(raw), true},
		{"signature-hex", encode([]byte(hex.EncodeToString(raw))), true},
		{"signature-base64-twice", encode([]byte(good)), true},
		{"signature-base64url", base64.URLEncoding.EncodeToString(raw), true},
		{"signature-unpadded", strings.TrimRight(good, "="), true},
		{"signature-url-escaped", url.PathEscape(url.QueryEscape(good)), false},
		{"signature-url-escaped", url.QueryEscape(good), true},
		{"signature-url-escaped", strings.ReplaceAll(good, "+", " "), true},
		{"signature-spaces", good[:64] + " " + good[64:], true},
		{"signature-not-base64", "???", false},
		{"signature-length", encode(raw[:255]), false},
		{"hmac", encode(mac.Sum(nil)), true},
		{"hmac+message-unknown", encode(make([]byte, 32)), false},
		{"hash-only", encode(digest[:]), true},
		{"another-key", encode(sha256RSA(strange, message)), false},
		{"another-key", encode(flipped), false},
		{"another-key", encode(bytes.Repeat([]byte{0xff}, 256)), false},
		{"another-key", encode(make([]byte, 256)), false},
		{"wechatpay-key", encode(sha256RSA(sandbox.WechatpayKey(b.Credentials()), message)), false},
		{"no-digest-info", encode(must(rsa.SignPKCS1v15(nil, key, 0, digest[:]))), true},
		{"no-digest-info", encode(must(rsa.SignPKCS1v15(nil, key, 0, []byte(hex.EncodeToString(digest[:]))))), true},
		{"no-digest-info", encode(must(rsa.SignPKCS1v15(nil, key, 0, []byte("hello")))), false},
	} {
		if c.mistake == "signature-base64url" && !strings.ContainsAny(c.signature, "-_") ||
			c.mistake == "signature-url-escaped" && !c.known || c.mistake == "signature-url-escaped" && !strings.Contains(good, "+") {
			continue
		}
		got := b.ExplainSignature("GET", "http://sandbox.test"+explainedQuery, b.claimOf(c.signature), nil)
		if got.Mistake != c.mistake || got.Expected != message || (got.Signed == message) != c.known || got.Offset != -1 || got.Issue == "" || got.IssueZH == "" {
			t.Errorf("%s: %+v", c.mistake, got)
		}
	}
}

// What is wrong with the header, and the age of what is right else.
func TestMistakesOfTheHeaderAreNamed(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, func() time.Time { return noon })
	good := b.claimOf(base64.StdEncoding.EncodeToString(
		sha256RSA(b.merchantKey(), "GET\n"+explainedQuery+"\n"+explainedTime+"\n"+explainedNonce+"\n\n")))
	account := b.Credentials().Account()
	for mistake, header := range map[string]string{
		"ok":                good,
		"scheme":            strings.Replace(good, "WECHATPAY2", "wechatpay2", 1),
		"header-syntax":     strings.Replace(good, ",", ", ", 1),
		"missing-parameter": strings.Replace(good, `timestamp="`+explainedTime+`"`, `timestamp=""`, 1),
		"extra-parameter":   good + `,brand_id="1"`,
		"mchid":             strings.Replace(good, account.MchID, subMchID, 1),
		"serial-no":         strings.Replace(good, account.SerialNo, account.PublicKeyID, 1),
		"timestamp":         strings.Replace(good, explainedTime, "noon", 1),
	} {
		got := b.ExplainSignature("GET", explainedQuery, header, nil)
		if got.Mistake != mistake || got.Issue == "" || got.IssueZH == "" || mistake != "ok" && got.Offset != -1 {
			t.Errorf("%s: %+v", mistake, got)
		}
	}
	later := must(sandbox.Open(sandbox.WithClock(func() time.Time { return noon.Add(time.Hour) })))
	if got := later.ExplainSignature("GET", explainedQuery, good, nil); got.Mistake != "timestamp-expired" || got.Offset != -1 {
		t.Errorf("an hour later: %+v", got)
	}
	// Pasted long after, what is wrong is still found first.
	if got := later.ExplainSignature("GET", orders, good, nil); got.Mistake == "timestamp-expired" || got.Mistake == "ok" {
		t.Errorf("an hour later: %+v", got)
	}
}

// A refused request is explained in the journal; its Authorization is not there.
func TestTheJournalExplainsASignature(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, func() time.Time { return noon })
	b.seed("A|B", 50000)
	body := asJSON(modification(39900))
	target := orders + "/A%7CB/modify"
	req := b.unsigned("POST", target, body)
	req.Header.Set("User-Agent", "test")
	signature := base64.StdEncoding.EncodeToString(
		sha256RSA(b.merchantKey(), "POST\n"+b.URL+target+"\n"+explainedTime+"\n"+explainedNonce+"\n"+body+"\n"))
	req.Header.Set("Authorization", b.claimOf(signature))
	b.do(req).checkRefused(t, signError)
	e := b.WantRequests("modifyPartnerServiceOrder", 1)[0]
	if e.Signature == nil || e.Signature.Mistake != "url-with-host" || e.Signature.Offset != len("POST\n") || e.Code != "SIGN_ERROR" || e.Status != 401 {
		t.Errorf("%+v %+v", e, e.Signature)
	}
	if text := asJSON(e); strings.Contains(text, signature[:40]) || strings.Contains(text, "WECHATPAY2") {
		t.Error("the Authorization is in the journal")
	}
}

// FuzzExplainSignature: whatever is asked, there is an answer in a sentence,
// in little time, and it is never ok by chance.
func FuzzExplainSignature(f *testing.F) {
	b := newBoxAt(f, func() time.Time { return noon })
	key := b.merchantKey()
	for _, message := range []string{"hello", "GET\n/\n" + explainedTime + "\n" + explainedNonce + "\n\n"} {
		f.Add("GET", "/", b.claimOf(base64.StdEncoding.EncodeToString(sha256RSA(key, message))), []byte(nil))
	}
	f.Add("POST", explainedTarget, b.claimOf("???"), []byte(explainedBody))
	f.Add("POST", explainedTarget, b.claimOf(base64.StdEncoding.EncodeToString(sha256RSA(key, "hello"))), []byte(explainedBody))
	f.Add("POST", "http://h/%zz?a=%zz&b;;&=", b.claimOf(base64.StdEncoding.EncodeToString(sha256RSA(key, "hello"))), []byte(`{"a":[{},[],"\ud800","\u0000",1e999]}`))
	f.Add("", "", "", []byte("\xff"))
	f.Fuzz(func(t *testing.T, method, target, authorization string, body []byte) {
		began := time.Now()
		got := b.ExplainSignature(method, target, authorization, body)
		if got.Mistake == "" || got.Issue == "" || got.IssueZH == "" || strings.Contains(got.Issue, "\n") {
			t.Errorf("%+v", got)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
		if _, err := json.Marshal(got); err != nil {
			t.Error(err)
		}
	})
}
