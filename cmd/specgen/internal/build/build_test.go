package build

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/api"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func small(t *testing.T, edits ...string) *contract.Document {
	t.Helper()
	data, err := os.ReadFile("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(edits); i += 2 {
		if strings.Count(string(data), edits[i]) != 1 {
			t.Fatalf("%q does not stand once in the document", edits[i])
		}
		data = []byte(strings.Replace(string(data), edits[i], edits[i+1], 1))
	}
	d, err := contract.New("small.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func whole(t *testing.T) *contract.Document {
	t.Helper()
	d, err := contract.New("openapi.yaml", api.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func built(t *testing.T, d *contract.Document) map[string]string {
	t.Helper()
	files, err := Files(d)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range files {
		out[filepath.Base(f.Name)] = string(f.Data)
	}
	return out
}

func TestGolden(t *testing.T) {
	made := built(t, small(t))
	shown, err := forReaders(small(t))
	if err != nil {
		t.Fatal(err)
	}
	document, err := toJSON(shown, shown.Root)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{
		"small.json": made["openapi.json"], "small-3.1.json": made["openapi-3.1.json"], "small-page.json": string(document),
	} {
		file := "testdata/" + name + ".golden"
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s changed; run with -update and read the difference", file)
		}
	}
}

// kin-openapi reads both dialects by code that shares nothing with ours.
func TestDocumentsAreValid(t *testing.T) {
	if testing.Short() {
		t.Skip("validates all examples, twice")
	}
	made := built(t, whole(t))
	for name, version := range map[string]string{"openapi.json": "3.0.3", "openapi-3.1.json": "3.1.0"} {
		doc, err := openapi3.NewLoader().LoadFromData([]byte(made[name]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if doc.OpenAPI != version {
			t.Errorf("%s says that it is %s", name, doc.OpenAPI)
		}
		if err := doc.Validate(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The copies must say what the contract says, seen by another YAML reader's eyes.
func TestJSONIsTheContract(t *testing.T) {
	for _, d := range []*contract.Document{small(t), whole(t)} {
		want, err := contract.ToJSON(d.Root)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal([]byte(built(t, d)["openapi.json"]), &got); err != nil {
			t.Fatal(err)
		}
		w, _ := json.Marshal(want)
		g, _ := json.Marshal(got)
		if !bytes.Equal(w, g) {
			t.Errorf("%s and its JSON differ", d.File)
		}
	}
}

func TestOrderIsKept(t *testing.T) {
	made := built(t, whole(t))
	keys := regexp.MustCompile(`(?m)^  "([^"]+)":`)
	var got, want []string
	for _, m := range keys.FindAllStringSubmatch(made["openapi.json"], -1) {
		got = append(got, m[1])
	}
	for k := range contract.Entries(whole(t).Root) {
		want = append(want, k.Value)
	}
	if !slices.Equal(got, want) {
		t.Errorf("keys %v, want %v", got, want)
	}
}

type object = map[string]any

func at(t *testing.T, v any, path ...string) any {
	t.Helper()
	for _, p := range path {
		m, ok := v.(object)
		if !ok || m[p] == nil {
			t.Fatalf("nothing at %v", path)
		}
		v = m[p]
	}
	return v
}

func TestThree1(t *testing.T) {
	text := built(t, small(t))["openapi-3.1.json"]
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	order := at(t, doc, "components", "schemas", "Order", "properties").(object)
	for name, want := range map[string]string{
		"example": `{"description":"A property with the name of a keyword.","enum":["A",null],"examples":["A"],"title":"例子","type":["string","null"]}`,
		"amount":  `{"description":"In fen.","exclusiveMinimum":0,"format":"int64","maximum":9,"title":"总金额","type":"integer"}`,
		"data":    `{"contentEncoding":"base64","description":"Bytes.","title":"数据","type":"string"}`,
		"due":     `{"description":"When.","examples":["2015-05-20T13:29:35+08:00"],"format":"date-time","title":"时间","type":"string"}`,
		"lines":   `{"description":"Lines.","items":{"allOf":[{"$ref":"#/components/schemas/Id"}],"examples":["A2"]},"title":"项目","type":"array"}`,
	} {
		if got, _ := json.Marshal(order[name]); string(got) != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	// A media type keeps its example, and what stands in one is no keyword.
	media := at(t, doc, "paths", "/orders", "post", "requestBody", "content", "application/json", "example")
	if got, _ := json.Marshal(media); string(got) != `{"example":{"nullable":true},"id":"A1","nullable":true}` {
		t.Errorf("the example became %s", got)
	}
	file := at(t, doc, "paths", "/orders/{id}/complete", "post", "responses", "200", "content", "application/octet-stream", "schema")
	if got, _ := json.Marshal(file); string(got) != `{"description":"Bytes."}` {
		t.Errorf("the file became %s", got)
	}
	if at(t, doc, "paths", "/orders", "post", "callbacks", "told", "$ref") != "#/components/callbacks/Told" {
		t.Error("the callback is gone")
	}
	// Only the copy changes.
	if built(t, small(t))["openapi.json"] == text || !strings.Contains(built(t, small(t))["openapi.json"], `"nullable": true`) {
		t.Error("the contract itself changed")
	}
}

func TestWebhooks(t *testing.T) {
	var doc any
	if err := json.Unmarshal([]byte(built(t, small(t))["openapi-3.1.json"]), &doc); err != nil {
		t.Fatal(err)
	}
	hooks := at(t, doc, "webhooks").(object)
	if len(hooks) != 2 {
		t.Errorf("%d webhooks, want one for each event", len(hooks))
	}
	for event, example := range map[string]string{"PAYSCORE.USER_CONFIRM": "confirmed", "PAYSCORE.USER_PAID": "paid"} {
		post := at(t, hooks, event, "post").(object)
		if got := at(t, post, contract.ResourcesKey).(object); len(got) != 1 || at(t, got, event, "$ref") != "#/components/schemas/Order" {
			t.Errorf("%s carries %v", event, got)
		}
		got := at(t, post, "requestBody", "content", "application/json", "examples").(object)
		if len(got) != 1 || got[example] == nil {
			t.Errorf("%s has the examples %v", event, got)
		}
	}
	if id := at(t, hooks, "PAYSCORE.USER_PAID", "post", "operationId"); id != "receivePayscoreUserPaid" {
		t.Errorf("the id is %v", id)
	}
}

func TestErrorsHaveLines(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"event twice": {"            PAYSCORE.USER_PAID: {$ref", "            PAYSCORE.USER_CONFIRM: {$ref", "small.yaml:79: the event PAYSCORE.USER_CONFIRM is already on line 78"},
		"retry":       {"retry: after-query", "retry: sometimes", `small.yaml:8: x-wechatpay-error-numbers.271316754.retry is "sometimes"`},
		"number":      {"'271316754':", "many:", "small.yaml:8: x-wechatpay-error-numbers.many is not a number"},
		"status":      {"{status: 500,", "{", "small.yaml:6: x-wechatpay-errors.SYSTEM_ERROR has no status"},
		"no mapping":  {"DONE: {title: 已完成, description: It is over., state: DONE, final: true}", "DONE: over", "small.yaml:12: x-wechatpay-order-stages.DONE is not a mapping"},
		"no state":    {"state: DONE, final", "final", "small.yaml:12: x-wechatpay-order-stages.DONE has no state"},
		"merge key":   {"200: {description: Done.}", "<<: {description: Done.}", "small.yaml:30: JSON has no such key"},
		"infinity":    {"example: 0.1", "example: .inf", "small.yaml:109: JSON has no number .inf"},
		"circle":      {"{$ref: '#/components/schemas/Id'}\n        example:", "&a [*a]\n        example:", "small.yaml:104: the document is too large"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Files(small(t, c.old, c.new))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestPageStandsAlone(t *testing.T) {
	html := built(t, small(t))["reference.html"]
	if strings.Count(html, "</script>") != 4 || strings.Contains(html, "alert(1)</script>") {
		t.Error("a script of the page ends early")
	}
	if !strings.Contains(html, `<meta http-equiv="Content-Security-Policy" content="default-src 'none';`) {
		t.Error("the page may fetch from elsewhere")
	}
	own := strings.Replace(html, viewer, "", 1)
	if m := regexp.MustCompile(`(?i)(?:src|href)\s*=\s*["']?(?:https?:)?//`).FindString(own); m != "" {
		t.Errorf("the page refers to a network: %s", m)
	}
	if strings.Contains(own, "{{") {
		t.Error("a placeholder is left")
	}
	for _, id := range []string{"document", "index"} {
		m := regexp.MustCompile(`<script type="application/json" id="` + id + `">(.*)</script>`).FindStringSubmatch(own)
		if m == nil || !json.Valid([]byte(m[1])) {
			t.Errorf("%s is no JSON", id)
		}
	}
}

func TestPageSaysBothLanguages(t *testing.T) {
	shown, err := forReaders(small(t))
	if err != nil {
		t.Fatal(err)
	}
	op := shown.Operations()[1].Node
	if got := contract.String(op, "summary"); got != "完结订单 Complete order" {
		t.Errorf("the summary is %q", got)
	}
	about := contract.String(op, "description")
	for _, want := range []string{
		"| `DOING` 服务中 | ✓ → `PAYING`<br>0 分 fen → `DONE` |  |",
		"| `PAYING` 待支付 | ✗ 400 `INVALID_REQUEST`<br>271302262 | 当前订单状态不合法 |",
		"| 400 | `PARAM_ERROR` | 参数错误 | Wrong. |",
	} {
		if !strings.Contains(about, want) {
			t.Errorf("the description lacks %q:\n%s", want, about)
		}
	}
	var all strings.Builder
	for _, tag := range contract.Items(contract.Get(shown.Root, "tags")) {
		all.WriteString(contract.String(tag, "description") + "\n")
	}
	for _, want := range []string{
		"| `PARAM_ERROR` | 400 | 参数错误<br>A &lt;parameter> is wrong. | 修正参数<br>Repair it \\| them. | 不要重试<br>never |",
		"| 271316754 |  | 单据正在扣款中 | 正在扣款<br>A deduction is running. | 三分钟后查询<br>Query in 3 minutes. | 先查询<br>after a query |",
		"| 完结订单<br>completeOrder | ✓ → `PAYING`<br>0 分 fen → `DONE` | ✗ 400 | ✗ 400 |",
		"| 创建订单<br>createOrder | ＋ 创建 creates | – | – |",
		"### PAYSCORE.USER_PAID",
		`<SchemaDefinition schemaRef="#/components/schemas/Order"`,
	} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the sections lack %q:\n%s", want, all.String())
		}
	}
}

func TestIndex(t *testing.T) {
	entries, err := index(small(t))
	if err != nil {
		t.Fatal(err)
	}
	find := func(title, text, to string) {
		t.Helper()
		if !slices.ContainsFunc(entries, func(e entry) bool {
			return strings.Contains(e.Title, title) && strings.Contains(e.Text, text) && e.To == to
		}) {
			t.Errorf("the search does not find %s, %s at %s", title, text, to)
		}
	}
	find("完结订单 Complete order", "/orders/{id}/complete", "operation/completeOrder")
	find("› amount 总金额", "In fen.", "operation/createOrder")
	find("› id 订单号", "The number.", "operation/completeOrder")
	find("› lines 项目", "Lines.", "operation/createOrder")
	find("PARAM_ERROR", "修正参数", "tag/error-catalogue")
	find("271316754 单据正在扣款中", "先查询", "tag/error-catalogue")
	find("PAYING 待支付", "Not paid.", "tag/order-stages")
	find("PAYSCORE.USER_PAID", "订单", "tag/notifications")
}

// Nothing but the contract may show in the files.
func TestSameBytesEachTime(t *testing.T) {
	d := whole // the contract
	if testing.Short() {
		d = func(t *testing.T) *contract.Document { return small(t) }
	}
	first := built(t, d(t))
	for range 3 {
		for name, data := range built(t, d(t)) {
			if data != first[name] {
				t.Fatalf("%s differs from run to run", name)
			}
		}
	}
}

// The viewer is what npm has: README.md states the sum of the file.
func TestViewerIsPinned(t *testing.T) {
	readme, err := os.ReadFile("viewer/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256Hex([]byte(viewer)); !strings.Contains(string(readme), "`"+sum+"`") {
		t.Errorf("the viewer has the SHA-256 %s, README.md states another", sum)
	}
	refresh, err := os.ReadFile("viewer/refresh")
	if err != nil {
		t.Fatal(err)
	}
	integrity := regexp.MustCompile(`sha512-[A-Za-z0-9+/=]{60,}`).FindString(string(refresh))
	if integrity == "" || !strings.Contains(string(readme), integrity) {
		t.Error("the script and README.md state different packages")
	}
}

func sha256Hex(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

func TestMenuHasNoEmptyTag(t *testing.T) {
	d := small(t)
	tags := contract.Get(d.Root, "tags")
	empty := mapping()
	set(empty, "name", text("of-callbacks-alone"))
	tags.Content = append(tags.Content, empty)
	before := len(contract.Items(tags))
	shown, err := forReaders(d)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, tag := range contract.Items(contract.Get(shown.Root, "tags")) {
		names[contract.String(tag, "name")] = true
	}
	if names["of-callbacks-alone"] {
		t.Error("a tag without operations is in the menu")
	}
	for _, op := range shown.Operations() {
		for _, tag := range contract.Items(contract.Get(op.Node, "tags")) {
			if !names[tag.Value] {
				t.Errorf("the tag %s of %s is not in the menu", tag.Value, op.ID)
			}
		}
	}
	if after := len(contract.Items(tags)); after != before {
		t.Errorf("the contract itself lost %d tags", before-after)
	}
}
