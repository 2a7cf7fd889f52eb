package coverage

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

var update = flag.Bool("update", false, "rewrite the golden file")

const pagesText = `- family: orders
  title: 订单
  description: Orders.
  pages:
    - title: 创建订单
      operation: POST /orders
      urls: [https://pay.weixin.qq.com/doc/v3/partner/1, https://pay.weixin.qq.com/doc/v3/partner/2]
      date: '2025-03-06'
    - title: 修改订单
      operation: POST /orders/{id}/modify
      reason: Nobody | asked.
    - title: 支付通知
      event: PAYSCORE.USER_PAID
- family: retired
  title: 停用
  description: Gone.
  pages:
    - title: 旧接口
      reason: Retired.
`

const contractText = `openapi: 3.0.3
paths:
  /orders:
    post:
      operationId: createOrder
      externalDocs: {url: https://pay.weixin.qq.com/doc/v3/partner/2}
      callbacks:
        told: {$ref: '#/components/callbacks/Told'}
components:
  callbacks:
    Told:
      '{$request.body#/notify_url}':
        post:
          operationId: notifyOrder
          x-wechatpay-resources:
            PAYSCORE.USER_PAID: {$ref: '#/components/schemas/Order'}
  schemas:
    Order: {properties: {note: {type: string, x-wechatpay-unprinted: [minLength, maxLength]}}}
`

func read(t *testing.T, pages, spec string) (*Pages, *contract.Document) {
	t.Helper()
	p, err := New("pages.yaml", []byte(pages))
	if err != nil {
		t.Fatal(err)
	}
	d, err := contract.New("openapi.yaml", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	return p, d
}

func TestGolden(t *testing.T) {
	const file = "testdata/coverage.golden"
	got := File(read(t, pagesText, contractText)).Data
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("the page changed; run with -update and read the difference\n%s", got)
	}
}

func TestAgree(t *testing.T) {
	if f := Check(read(t, pagesText, contractText)); len(f) > 0 {
		t.Errorf("got %v", f)
	}
}

func TestDisagree(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"no such operation": {"      reason: Nobody | asked.\n", "", []string{"pages.yaml:9: POST /orders/{id}/modify is not in the contract"}},
		"no such event":     {"event: PAYSCORE.USER_PAID", "event: PAYSCORE.USER_OTHER", []string{"openapi.yaml:16: PAYSCORE.USER_PAID has no page", "pages.yaml:12: PAYSCORE.USER_OTHER is not in the contract"}},
		"no page":           {"operation: POST /orders\n", "operation: GET /orders\n      reason: Other.\n", []string{"openapi.yaml:4: POST /orders has no page"}},
		"old reason":        {"date: '2025-03-06'", "reason: Not yet.", []string{"pages.yaml:5: POST /orders is in the contract; remove the reason"}},
		"old reason, event": {"event: PAYSCORE.USER_PAID", "event: PAYSCORE.USER_PAID\n      reason: Not yet.", []string{"pages.yaml:12: PAYSCORE.USER_PAID is in the contract; remove the reason"}},
		"twice":             {"    - title: 修改订单\n      operation: POST /orders/{id}/modify\n", "    - title: 创建订单\n      operation: POST /orders\n      urls: [https://pay.weixin.qq.com/doc/v3/partner/2]\n      #", []string{"pages.yaml:9: POST /orders is already on line 5"}},
		"another page":      {", https://pay.weixin.qq.com/doc/v3/partner/2]", "]", []string{"pages.yaml:5: POST /orders links https://pay.weixin.qq.com/doc/v3/partner/2 in the contract"}},
		"page elsewhere":    {"[https://pay.weixin.qq.com/doc/v3/partner/1,", "[https://example.com/1,", []string{"pages.yaml:5: the page https://example.com/1 is not on"}},
		"no date":           {"'2025-03-06'", "'2025-3-6'", []string{`pages.yaml:5: the date "2025-3-6" is not one`}},
		"English title":     {"title: 旧接口", "title: Old", []string{`pages.yaml:18: the title "Old" is not Chinese`}},
		"neither":           {"      reason: Retired.\n", "", []string{"pages.yaml:18: 旧接口 has neither"}},
		"both":              {"event: PAYSCORE.USER_PAID", "event: PAYSCORE.USER_PAID\n      operation: GET /paid", []string{"pages.yaml:12: GET /paid is not in the contract", "pages.yaml:12: 支付通知 is an operation and an event"}},
		"no path":           {"operation: POST /orders/{id}/modify", "operation: /orders/{id}/modify", []string{`pages.yaml:9: the operation "/orders/{id}/modify" is not a method and a path`}},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(pagesText, c.old) != 1 {
				t.Fatalf("%q does not stand once in the list", c.old)
			}
			var got []string
			for _, f := range Check(read(t, strings.Replace(pagesText, c.old, c.new, 1), contractText)) {
				got = append(got, f.String())
			}
			if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
				t.Errorf("got %s\nwant %s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	for name, c := range map[string][2]string{
		"unknown key":   {strings.Replace(pagesText, "date:", "dated:", 1), "pages.yaml:8: field dated not found"},
		"broken":        {"- family: {a\n", "pages.yaml:1: "},
		"empty":         {"", "pages.yaml: the file lists no pages"},
		"text":          {"hello", "pages.yaml:1: cannot unmarshal"},
		"empty family":  {"-\n" + pagesText, "pages.yaml:1: the family is empty"},
		"empty page":    {pagesText + "    -\n", "pages.yaml:20: the page is empty"},
		"two documents": {pagesText + "---\n[]\n", fmt.Sprintf("pages.yaml:%d: the file holds more than one", strings.Count(pagesText, "\n")+1)},
	} {
		_, err := New("pages.yaml", []byte(c[0]))
		if err == nil || !strings.HasPrefix(err.Error(), c[1]) {
			t.Errorf("%s: got %v, want %s", name, err, c[1])
		}
	}
}

// The list of the repository and its contract agree.
func TestRepository(t *testing.T) {
	p, err := Read("../../../../docs/pages.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := contract.Read("../../../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Check(p, d) {
		t.Error(f)
	}
	if len(of(d).operations) == 0 {
		t.Error("the contract has no operations")
	}
}
