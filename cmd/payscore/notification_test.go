package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/hostiletext"
	"github.com/wxpayscore/payscore/internal/oneline"
	"github.com/wxpayscore/payscore/sandbox"
)

const (
	vectorKeyID     = "PUB_KEY_ID_0119000000012025061500000000000001"
	vectorSerial    = "07E3B1A2C4D5F60718293A4B5C6D7E8F90A1B2C3"
	merchantsSerial = "5B37C0A1D4E2F8906A7B1C2D3E4F50617283940A"
)

func vectorFile(name string) string { return filepath.Join("..", "..", "api", "vectors", name) }

// vector is a notification of api/vectors, which openssl verifies.
type vector struct {
	Name      string
	APIv3Key  string `json:"api_v3_key"`
	Headers   map[string]string
	Body      string
	Plaintext *string
	Valid     bool
	Reason    string
}

var vectors = sync.OnceValues(func() ([]vector, error) {
	raw, err := readBody(vectorFile("notification.json"), nil)
	if err != nil {
		return nil, err
	}
	var file struct{ Notifications []vector }
	return file.Notifications, json.Unmarshal(raw, &file)
})

func allVectors(t testing.TB) []vector {
	t.Helper()
	all, err := vectors()
	if err != nil || len(all) < 30 {
		t.Fatal(len(all), err)
	}
	return all
}

// request writes a vector as an HTTP request, with each of changes applied.
func (v vector) request(changes ...func(*vector)) string {
	v.Headers = maps.Clone(v.Headers)
	for _, change := range changes {
		change(&v)
	}
	var b strings.Builder
	b.WriteString("POST /notify HTTP/1.1\r\nHost: www.example.com\r\n")
	for _, name := range slices.Sorted(maps.Keys(v.Headers)) {
		fmt.Fprintf(&b, "%s: %s\r\n", name, v.Headers[name])
	}
	return b.String() + "\r\n" + v.Body
}

func setHeader(name, value string) func(*vector) {
	return func(v *vector) { v.Headers[name] = value }
}

func setBody(body string) func(*vector) { return func(v *vector) { v.Body = body } }

// vectorKeys are the flags for the keys of the vectors.
var vectorKeys = []string{"--public-key-id", vectorKeyID, "--public-key-file", vectorFile("wechatpay_public_key.pem")}

var merchantKeys = []string{"--mchid", "1900000001", "--serial-no", merchantsSerial, "--key-file", vectorFile("merchant_key.pem")}

func explainDump(t testing.TB, text string, args ...string) result {
	t.Helper()
	return runWith(t, strings.NewReader(text), append([]string{"--json", "explain", "--notification", "-"}, args...)...)
}

// Each vector is told apart: it verifies, it does not, or it does not decrypt.
func TestExplainNotificationVectors(t *testing.T) {
	for _, v := range allVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Setenv(apiV3KeyVariable, v.APIv3Key)
			r := explainDump(t, v.request(), append(slices.Clone(vectorKeys), "--platform-cert-file", vectorFile("platform_cert.pem"))...)
			x := decodeJSON[notificationReport](t, r.out)
			// Its age is no mistake here.
			valid := v.Valid || v.Reason == "stale"
			if (r.code == exitDone) != valid || (x.Event != nil) != valid || r.code == exitInput {
				t.Errorf("%d %s %s, want %v %s", r.code, r.out, r.err, v.Valid, v.Reason)
			}
			if x.Verifies != (x.Error == "") && !strings.HasPrefix(x.Error, "notify: ") || !x.Verifies && len(x.Hints) == 0 {
				t.Errorf("%+v", x)
			}
			if x.Event != nil {
				for _, secret := range []string{"oUpF8uMuAJO", "openid", "total_amount", "39900"} {
					if strings.Contains(r.out, secret) {
						t.Errorf("%s is printed: %s", secret, r.out)
					}
				}
			}
		})
	}
}

func TestExplainNotificationForms(t *testing.T) {
	v := allVectors(t)[0]
	t.Setenv(apiV3KeyVariable, v.APIv3Key)
	plain := v.request()
	pairs := [][]any{}
	for _, name := range slices.Sorted(maps.Keys(v.Headers)) {
		pairs = append(pairs, []any{name, v.Headers[name]})
	}
	lists, lower := map[string][]string{}, map[string]string{}
	for name, value := range v.Headers {
		lists[name], lower[strings.ToLower(name)] = []string{value}, value
	}
	timestamp, _ := strconv.Atoi(v.Headers[auth.HeaderTimestamp])
	numbers := map[string]any{"content-length": len(v.Body), "wechatpay-timestamp": timestamp, "x": nil}
	for name, value := range lower {
		if numbers[name] == nil {
			numbers[name] = value
		}
	}
	curl := "*   Trying 127.0.0.1:8080...\n* Connected\n"
	head, _, _ := strings.Cut(plain, "\r\n\r\n")
	for line := range strings.SplitSeq(head+"\r\n", "\r\n") {
		curl += "> " + line + "\n"
	}
	asJSON := func(headers any) string {
		b, err := json.Marshal(map[string]any{"headers": headers, "body": v.Body, "path": "/notify"})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	folded := strings.Replace(plain, "Wechatpay-Nonce: ", "Wechatpay-Nonce:\r\n  ", 1)
	for name, text := range map[string]string{
		"request":                        plain,
		"LF in the headers":              strings.ReplaceAll(head, "\r\n", "\n") + "\n\n" + v.Body,
		"without a request line":         strings.SplitN(plain, "\r\n", 2)[1],
		"a response":                     "HTTP/1.1 200 OK\r\n" + strings.SplitN(plain, "\r\n", 2)[1],
		"HTTP/2":                         ":method: POST\n:path: /notify\n" + strings.SplitN(plain, "\r\n", 2)[1],
		"curl -v":                        curl + v.Body,
		"a BOM and an empty line before": "\ufeff\r\n" + plain,
		"folded":                         folded,
		"object":                         asJSON(v.Headers),
		"object of lists":                asJSON(lists),
		"lower case":                     asJSON(lower),
		"numbers":                        asJSON(numbers),
		"pairs":                          asJSON(pairs),
		"the line end of an editor":      v.request(setHeader("content-length", strconv.Itoa(len(v.Body)))) + "\n",
		"CR LF of an editor":             v.request(setHeader("Content-Length", strconv.Itoa(len(v.Body)))) + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := explainDump(t, text, vectorKeys...)
			r.wantCode(t, exitDone)
			x := decodeJSON[notificationReport](t, r.out)
			if !x.Verifies || x.BodyBytes != len(v.Body) || x.Event == nil || x.Event.Type != "PAYSCORE.USER_PAID" || (len(x.Notes) == 1) != strings.Contains(name, "editor") ||
				!slices.Contains(x.Event.Orders, named{"out_order_no", "1234323JKHDFE1243252"}) {
				t.Errorf("%+v", x)
			}
		})
	}
	base64Body, _ := json.Marshal(map[string]any{"headers": lower, "isBase64Encoded": true, "body": []byte(v.Body)})
	explainDump(t, string(base64Body), vectorKeys...).wantCode(t, exitDone)
}

// What programs do to notifications, from the message to what is told.
func TestExplainNotificationMistakes(t *testing.T) {
	v := allVectors(t)[0]
	signature, timestamp := v.Headers[auth.HeaderSignature], v.Headers[auth.HeaderTimestamp]
	var value any
	if err := json.Unmarshal([]byte(v.Body), &value); err != nil {
		t.Fatal(err)
	}
	sorted, _ := json.Marshal(value)
	indented, _ := json.MarshalIndent(value, "", "    ")
	for name, test := range map[string]struct {
		change func(*vector)
		keys   []string
		kind   auth.HintKind
		proven bool
	}{
		"no body":                   {setBody(""), vectorKeys, auth.HintEmptyBody, false},
		"cut":                       {func(v *vector) { v.Headers["Content-Length"], v.Body = "1529", v.Body[:1500] }, vectorKeys, auth.HintLength, false},
		"line end":                  {setBody(v.Body + "\n"), vectorKeys, auth.HintWhitespace, true},
		"BOM":                       {setBody("\ufeff" + v.Body), vectorKeys, auth.HintWhitespace, true},
		"PHP":                       {setBody(strings.ReplaceAll(v.Body, "/", `\/`)), vectorKeys, auth.HintReencoded, true},
		"escaped":                   {setBody(strings.ReplaceAll(v.Body, "测试通知", `\u6d4b\u8bd5\u901a\u77e5`)), vectorKeys, auth.HintReencoded, true},
		"sorted":                    {setBody(string(sorted)), vectorKeys, auth.HintReencoded, true},
		"indented":                  {setBody(string(indented)), vectorKeys, auth.HintReencoded, true},
		"text of JSON":              {func(v *vector) { b, _ := json.Marshal(v.Body); v.Body = string(b) }, vectorKeys, auth.HintTransformed, true},
		"milliseconds":              {setHeader(auth.HeaderTimestamp, timestamp+"123"), vectorKeys, auth.HintTime, true},
		"blanks":                    {setHeader(auth.HeaderSignature, strings.ReplaceAll(signature, "+", " ")), vectorKeys, auth.HintSignature, true},
		"percent":                   {setHeader(auth.HeaderSignature, strings.ReplaceAll(signature, "+", "%2B")), vectorKeys, auth.HintSignature, true},
		"swapped":                   {func(v *vector) { v.Headers[auth.HeaderNonce], v.Headers[auth.HeaderSignature] = signature, "n" }, vectorKeys, auth.HintSwapped, false},
		"serial of neither kind":    {setHeader(auth.HeaderSerial, "pub-key"), vectorKeys, auth.HintSerial, true},
		"another id":                {setHeader(auth.HeaderSerial, vectorSerial), vectorKeys, auth.HintKeyID, true},
		"another key with the id":   {setHeader("X", "y"), []string{"--public-key-id", vectorKeyID, "--public-key-file", publicKeyOf(t, vectorFile("platform_private_key.pem"))}, "", false},
		"certificate alone":         {setHeader("X", "y"), []string{"--platform-cert-file", vectorFile("platform_cert.pem")}, auth.HintKeyKind, false},
		"merchant's certificate":    {setHeader("X", "y"), append([]string{"--platform-cert-file", vectorFile("merchant_cert.pem")}, merchantKeys...), auth.HintOwnKey, false},
		"merchant's serial":         {setHeader(auth.HeaderSerial, merchantsSerial), append(slices.Clone(merchantKeys), "--platform-cert-file", vectorFile("platform_cert.pem")), auth.HintOwnKey, false},
		"a probe":                   {setHeader(auth.HeaderSignature, "WECHATPAY/SIGNTEST/"+signature[19:]), vectorKeys, "", false},
		"forged":                    {setHeader(auth.HeaderNonce, "other"), vectorKeys, "", false},
		"no serial":                 {func(v *vector) { delete(v.Headers, auth.HeaderSerial) }, vectorKeys, auth.HintSerial, true},
		"another id, and no relief": {func(v *vector) { v.Headers[auth.HeaderSerial], v.Body = "PUB_KEY_ID_5", "{}" }, vectorKeys, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, "n.http", v.request(test.change))
			args := append([]string{"explain", "--notification", file}, test.keys...)
			r := runArgs(t, append([]string{"--json"}, args...)...)
			r.wantCode(t, exitFailed)
			x := decodeJSON[notificationReport](t, r.out)
			if x.Verifies || x.Error == "" || len(x.Hints) == 0 || x.Hints[0].Kind != test.kind || x.Hints[0].Proven != test.proven {
				t.Errorf("%+v, want %s", x, test.kind)
			}
			for _, h := range x.Hints {
				if h.Fix.EN == "" || h.Fix.ZH == "" {
					t.Errorf("no fix: %+v", h)
				}
			}
			if e := decodeJSON[errorReport](t, r.err); e.Error != "the notification does not verify" {
				t.Error(r.err)
			}
			r = runArgs(t, args...)
			r.wantCode(t, exitFailed)
			r.wantLine(t, "the notification does not verify")
			all := strings.ReplaceAll(r.out, "\n                 ", "")
			if strings.Contains(all, "SdJ0Tr9Z") || strings.Contains(all, signature[30:60]) {
				t.Errorf("printed: %s", r.out)
			}
			wantAll(t, r.out, "does not verify 验签失败", "fix 处理")
		})
	}
}

// publicKeyOf is a file with the public key of a private one.
func publicKeyOf(t *testing.T, file string) string {
	t.Helper()
	key, err := auth.ParsePrivateKey(readFile(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return publicKeyFile(t, &key.PublicKey)
}

// A notification of the sandbox, from the wire to the explanation.
func TestExplainNotificationOfTheSandbox(t *testing.T) {
	h := newHost(t)
	recorded := make(chan []byte, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		dumped, _ := httputil.DumpRequest(r, true)
		recorded <- dumped
	}))
	defer receiver.Close()
	if _, err := h.box.Seed(newOutOrderNo, 50000, sandbox.SeedStage("CREATED"), sandbox.SeedNotifyURL(receiver.URL)); err != nil {
		t.Fatal(err)
	}
	if err := h.box.Move("confirm", sandbox.MoveArgs{SubMchID: h.account.SubMchID, OutOrderNo: newOutOrderNo}); err != nil {
		t.Fatal(err)
	}
	dumped := string(<-recorded)
	r := runArgs(t, "--json", "explain", "--keys", h.dir, "--notification", write(t, "n.http", dumped))
	r.wantCode(t, exitDone)
	x := decodeJSON[notificationReport](t, r.out)
	if x.Event == nil || x.Event.Type != "PAYSCORE.USER_CONFIRM" || !slices.Contains(x.Event.Orders, named{"out_order_no", newOutOrderNo}) || len(x.Event.Findings) > 0 {
		t.Errorf("%s", r.out)
	}
	// A body that nothing altered is not accused of anything.
	forged := strings.Replace(dumped, "Wechatpay-Nonce: ", "Wechatpay-Nonce: x", 1)
	r = runArgs(t, "--json", "explain", "--keys", h.dir, "--notification", write(t, "n.http", forged))
	if f := decodeJSON[notificationReport](t, r.out); f.Verifies || len(f.Hints) != 1 || f.Hints[0].Kind != "" {
		t.Errorf("%+v", f)
	}
	if x.AgeSeconds == nil || *x.AgeSeconds < 0 || *x.AgeSeconds > 300 {
		t.Error("age", x.AgeSeconds)
	}
}

func TestExplainNotificationWrongInput(t *testing.T) {
	v := allVectors(t)[0]
	for name, test := range map[string]struct {
		text string
		args []string
		want string
	}{
		"empty":               {" \n", vectorKeys, "it is empty"},
		"UTF-16":              {"\xff\xfeP\x00O\x00", vectorKeys, "UTF-16"},
		"no JSON":             {"{\n\"headers\": x}", vectorKeys, "line 2: not JSON"},
		"the body alone":      {v.Body, vectorKeys, "it is the body alone"},
		"no headers":          {`{"body":"x"}`, vectorKeys, `no "headers"`},
		"headers are a text":  {`{"headers":"x"}`, vectorKeys, "$.headers: neither"},
		"a header of three":   {`{"headers":[["a","b","c"]]}`, vectorKeys, "not [name, value]"},
		"a header's object":   {`{"headers":{"a":{"b":"MARKER"}}}`, vectorKeys, "is not a text"},
		"not base64":          {`{"headers":{"a":"b"},"body":"?","isBase64Encoded":true}`, vectorKeys, "is not base64"},
		"a line of prose":     {"POST / HTTP/1.1\nA: b\nMARKER prose\n\n{}", vectorKeys, "line 3: neither a header"},
		"indented at once":    {" MARKER\n\n{}", vectorKeys, "line 1: it is indented"},
		"a request line only": {"POST / HTTP/1.1\n\n{}", vectorKeys, "it has no headers"},
		"no keys":             {v.request(), nil, "--public-key-file or --platform-cert-file is missing"},
		"a wrong own key":     {v.request(), append([]string{"--mchid", "1", "--serial-no", "A", "--key", "NOKEYS"}, vectorKeys...), "--key: "},
		"both":                {v.request(), append([]string{"ORDER_DONE"}, vectorKeys...), "--notification explains a file alone"},
	} {
		t.Run(name, func(t *testing.T) {
			r := runWith(t, strings.NewReader(test.text), append([]string{"explain", "--notification", "-"}, test.args...)...)
			r.wantCode(t, exitInput)
			r.wantLine(t, test.want)
			if strings.Contains(r.err, "MARKER") || strings.Contains(r.err, "NOKEYS") || r.out != "" {
				t.Error(r.out, r.err)
			}
		})
	}
	r := runArgs(t, append([]string{"explain", "--notification", "none.http"}, vectorKeys...)...)
	r.wantCode(t, exitInput)
	r.wantLine(t, "none.http")
	t.Setenv(apiV3KeyVariable, "MARKER")
	r = explainDump(t, v.request(), vectorKeys...)
	r.wantCode(t, exitInput)
	if !strings.Contains(r.err, "6 bytes") || strings.Contains(r.err, "MARKER") {
		t.Error(r.err)
	}
	runArgs(t, "explain").wantCode(t, exitInput)
}

// What the contract lacks or has is told by names alone.
func TestExplainNotificationFindings(t *testing.T) {
	got, err := findingsAgainst("ServiceOrderNotification", []byte(`{"service_id":5,"mchid":"MARKER","odd":"MARKER","out_order_no":"1","state":"DONE","service_introduction":"MARKER"}`), "resource: ")
	want := []string{"resource: $.service_id is an integer, must be a string", "resource: $.odd is unknown to the contract", "resource: $.appid is missing"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q %v", got, err)
	}
}

func TestExplainOperations(t *testing.T) {
	client := reflect.TypeFor[*payscore.Client]()
	for _, op := range sample(catalog.Operations()) {
		method := strings.ToUpper(op.ID[:1]) + op.ID[1:]
		if _, ok := client.MethodByName(method); !ok {
			t.Errorf("the client has no %s", method)
		}
		for _, arg := range []string{op.ID, method, "client." + method + "()", strings.ToLower(op.ID), op.Method + " " + op.Path,
			op.Method + " https://api.mch.weixin.qq.com" + strings.NewReplacer("{", "", "}", "").Replace(op.Path) + "?a=b"} {
			r := runArgs(t, "--json", "explain", arg)
			r.wantCode(t, exitDone)
			x := decodeJSON[struct{ Operations []operationReport }](t, r.out).Operations
			if len(x) != 1 || x[0].ID != op.ID || x[0].Page != op.Page || x[0].Summary == "" {
				t.Errorf("%s: %s", arg, r.out)
				continue
			}
			for _, c := range x[0].Codes {
				if !slices.Contains(catalog.OperationsOf(c.Code, 0), op) {
					t.Errorf("%s: %s", arg, c.Code)
				}
			}
		}
		r := runArgs(t, "explain", op.ID)
		r.wantCode(t, exitDone)
		wantAll(t, r.out, op.Method, "Client."+method)
	}
	r := runArgs(t, "explain", "/v3/payscore/partner/serviceorder/{out_order_no}/modify")
	r.wantCode(t, exitDone)
	wantAll(t, r.out, "修改订单金额", "https://pay.weixin.qq.com/doc/v3/partner/4012692360", "404 ORDER_NOT_EXIST", "271316754 ")

	// A path may have several methods.
	r = runArgs(t, "--json", "explain", "/v3/payscore/partner/serviceorder")
	if x := decodeJSON[struct{ Operations []operationReport }](t, r.out).Operations; len(x) != 2 {
		t.Error(r.out)
	}
	// A file goes before an operation.
	t.Chdir(t.TempDir())
	for arg, want := range map[string]string{
		"modify":               "did you mean modifyAcquiringBankServiceOrder, modifyPartnerServiceOrder, modifyServiceOrder?",
		"create":               "operations have it in their names, such as create",
		"modifyOrder":          "none of the 74 operations has this name",
		"/v3/payscore/nothing": "is the path of no operation",
		"GET /v3/payscore/partner/serviceorder/1/modify": "is the path of no operation",
		"what?": "give a number (271316754), a code",
	} {
		r := runArgs(t, "explain", arg)
		if r.code != exitFailed && r.code != exitInput {
			t.Errorf("%s: %d", arg, r.code)
		}
		r.wantLine(t, want)
	}
}

// Whatever was recorded, it is explained or refused in lines that a terminal can
// show, and nothing of the file is in an error.
func FuzzExplainNotification(f *testing.F) {
	all, err := vectors()
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range all[:10] {
		f.Add([]byte(v.request()))
	}
	for _, seed := range []string{
		"> POST / HTTP/1.1\n> A: b\n>\n{}", "* x\n*\n", ":a: b\n c\n\n", "A:\n b\n\n", `{"headers":[["a",["b",1,null]]],"body":{"a":"\u001b"}}`,
		`{"headers":null}`, `{"headers":[[]]}`, `{"headers":{"content-length":"99999999999999999999","a":[]},"body":null}`, "Content-Length: 1\n\na\r\n",
		"Wechatpay-Timestamp: 99999999999\nWechatpay-Nonce: n\nWechatpay-Serial: \x1b[31m\nWechatpay-Signature: x\n\n{}", "\xff\xfe", "\xef\xbb\xbf",
	} {
		f.Add([]byte(seed))
	}
	key, err := auth.LoadPublicKey(vectorKeyID, vectorFile("wechatpay_public_key.pem"))
	if err != nil {
		f.Fatal(err)
	}
	verifier, err := auth.NewVerifier(key)
	if err != nil {
		f.Fatal(err)
	}
	apiV3Key, err := auth.NewAPIv3Key(all[0].APIv3Key)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := readDump(raw)
		if err != nil {
			if err := hostiletext.CheckLine(oneline.Escape(err.Error()), 300); err != nil {
				t.Fatal(err)
			}
			return
		}
		r, err := d.explain(t.Context(), verifier, nil, []auth.APIv3Key{apiV3Key})
		if r.Verifies == (err != nil) && !errors.Is(err, nil) && r.Error == "" {
			t.Fatal(r, err)
		}
		var out strings.Builder
		s := streams{out: &out}
		s.notification(r)
		for line := range strings.Lines(out.String()) {
			if width(strings.TrimSuffix(line, "\n")) > 80 {
				t.Fatalf("%q", line)
			}
		}
		var shown strings.Builder
		_, _ = oneline.NewWriter(&shown).Write([]byte(out.String())) // as run does
		if err := hostiletext.Check(shown.String()); err != nil {
			t.Fatal(err)
		}
	})
}

// Each kind of hint has its fix, and its line in both guides.
func TestEveryHintHasAFix(t *testing.T) {
	kinds := regexp.MustCompile(`HintKind = "([a-z-]+)"`).FindAllStringSubmatch(string(readFile(t, "../../auth/hint.go")), -1)
	if len(kinds) < 10 || len(kinds) != len(fixes) {
		t.Errorf("%d kinds, %d fixes", len(kinds), len(fixes))
	}
	for _, kind := range kinds {
		if fix := fixes[auth.HintKind(kind[1])]; fix.EN == "" || fix.ZH == "" {
			t.Errorf("%s has no fix", kind[1])
		}
		for _, file := range []string{"../../docs/notifications.md", "../../docs/notifications.zh-CN.md"} {
			wantAll(t, string(readFile(t, file)), "\n| `"+kind[1]+"` |")
		}
	}
}
