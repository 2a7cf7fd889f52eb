package sandbox_test

import (
	"maps"
	"strings"
	"testing"
)

// WeChat Pay refuses a parameter of the path that comes once more, with words
// that merchants have reported. The contract tells which parameters those are.
func TestPathParameterComesOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	seen := 0
	for _, c := range calls() {
		for _, p := range c.spec.Parameters {
			if p.Value.In != "path" {
				continue
			}
			seen++
			name, target := p.Value.Name, c.target(map[string]string{"out_order_no": orderNo})
			words := func(source string) string {
				return "无法将输入源“/" + source + "/" + name + "”映射到目标字段“" + p.Value.Schema.Value.Title +
					"”中，此字段并非多重字段但被输入源“/uri_template/" + name + "”映射过了。"
			}
			if p.Value.Schema.Value.Title == "" {
				t.Errorf("%s: the parameter %s has no title", c.id, name)
			}
			separator := "?"
			if strings.Contains(target, "?") {
				separator = "&"
			}
			got := b.send(c.method, target+separator+name+"="+orderNo, "")
			got.checkRefused(t, wrongParam(name))
			if got.Message != words("query") {
				t.Errorf("%s: the query is refused with %q", c.id, got.Message)
			}
			if c.spec.RequestBody == nil {
				continue
			}
			for _, value := range []any{orderNo, "another", "", 7, nil} {
				body := maps.Clone(c.body())
				if body[name] != nil {
					t.Errorf("%s: the contract has %s in the body, too", c.id, name)
				}
				body[name] = value
				got := b.send(c.method, target, asJSON(body))
				got.checkRefused(t, wrongParam("/"+name))
				if got.Message != words("body") {
					t.Errorf("%s: %v is refused with %q", c.id, value, got.Message)
				}
			}
		}
	}
	if seen < 23 {
		t.Errorf("%d operations have a parameter of the path", seen)
	}
	if b.total(orderNo) != 50000 {
		t.Error("refused, but modified")
	}
	// Elsewhere in the body, or by another name, it is as any member that nobody knows.
	for _, body := range []string{`{"device":{"out_order_no":"x"},`, `{"Out_Order_No":"x",`} {
		b.ok(b.modifyWith(strings.Replace(asJSON(modification(b.total(orderNo)-1)), "{", body, 1)))
	}
}

func (b *box) modifyWith(body string) error {
	b.t.Helper()
	if got := b.send("POST", modifyTarget, body); got.Status != 204 {
		return &got.Error
	}
	return nil
}
