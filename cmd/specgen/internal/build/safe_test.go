package build

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

func TestSafe(t *testing.T) {
	for text, want := range map[string]string{
		"金额，单位为分。See [page](https://pay.weixin.qq.com/doc), a < b, <= 5 <": "金额，单位为分。See [page](https://pay.weixin.qq.com/doc), a < b, <= 5 <",
		"[a](HTTP://example.com) [b](#tag/x) [c](mailto:a@b.cn)":           "[a](HTTP://example.com) [b](#tag/x) [c](mailto:a@b.cn)",
		"[a](openapi.json 'title') [b]: ./x.html":                          "[a](openapi.json 'title') [b]: ./x.html",
		"[x](javascript:alert(1))":                                         "[x]&#40;javascript:alert(1))",
		"[x]( \n JavaScript:alert(1))":                                     "[x]&#40; \n JavaScript:alert(1))",
		"[x](java&#115;cript:alert(1))":                                    "[x]&#40;java&#115;cript:alert(1))",
		"[x](&#106;avascript&colon;alert(1))":                              "[x]&#40;&#106;avascript&colon;alert(1))",
		"[x](java\tscript:alert(1))":                                       "[x](java\tscript:alert(1))", // a link to java, with a title that is none
		"[x](\\javascript:alert(1))":                                       "[x]&#40;\\javascript:alert(1))",
		"[x](<javascript:alert(1)>)":                                       "[x]&#40;&lt;javascript:alert(1)>)",
		"![x](data:image/svg+xml,y)":                                       "![x]&#40;data:image/svg+xml,y)",
		"[x]\n\n[x]: vbscript:y":                                           "[x]\n\n[x]&#58; vbscript:y",
		"[x]:\n  file:///etc/passwd":                                       "[x]&#58;\n  file:///etc/passwd",
		"[a](https://x) [b](tel:1) [c](weixin://dl)":                       "[a](https://x) [b]&#40;tel:1) [c]&#40;weixin://dl)",
		"<script>alert(1)</script><img src=x onerror=alert(1)>":            "&lt;script>alert(1)&lt;/script>&lt;img src=x onerror=alert(1)>",
		"<javascript:alert(1)> <!-- x --> <?x?> \\<b> <SchemaDefinition":   "&lt;javascript:alert(1)> &lt;!-- x --> &lt;?x?> \\&lt;b> &lt;SchemaDefinition",
		"ftp://example.com FTP://x sftp://y":                               "ftp&#58;//example.com FTP&#58;//x sftp://y",
	} {
		got := safe(text)
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if again := safe(got); again != got {
			t.Errorf("%q: twice %q", text, again)
		}
	}
}

func TestLinks(t *testing.T) {
	for url, want := range map[string]bool{
		"https://a": true, "http://a": true, "MAILTO:a@b": true, "/a:b": true, "../a": true, "//a": true, "": true, "{server}/a": true,
		"javascript:x": false, "JavaScript:x": false, " javascript:x": false, "java\nscript:x": false, "\x01javascript:x": false, "data:x": false, "vbscript:x": false,
		"file:///etc": false, "ftp://a": false, "weixin://x": false,
	} {
		if got := links(url); got != want {
			t.Errorf("%q: %v", url, got)
		}
	}
}

// What a stranger writes into any text of a contract stays text on the page.
func TestPageOfAStranger(t *testing.T) {
	const attack = "<img src=x onerror=alert(1)>[x](javascript:alert(1))"
	evil := small(t)
	var spoil func(n any) any
	spoil = func(n any) any {
		switch n := n.(type) {
		case map[string]any:
			for k, v := range n {
				if s, ok := v.(string); ok && (k == "description" || k == "title" || k == "summary" || k == "message" || k == "zh" || k == "en" || k == "operationId") {
					n[k] = s + " `" + attack + "|" + attack
				} else {
					n[k] = spoil(v)
				}
			}
			if v, ok := n["PARAM_ERROR"]; ok {
				n["PARAM_ERROR`"+attack] = v
			}
		case []any:
			for i := range n {
				n[i] = spoil(n[i])
			}
		}
		return n
	}
	value, err := contract.ToJSON(evil.Root)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(spoil(value))
	if err != nil {
		t.Fatal(err)
	}
	if evil, err = contract.New("evil.yaml", data); err != nil {
		t.Fatal(err)
	}
	shown, err := forReaders(evil)
	if err != nil {
		t.Fatal(err)
	}
	if value, err = contract.ToJSON(shown.Root); err != nil {
		t.Fatal(err)
	}
	ours := regexp.MustCompile(`<br>|<SchemaDefinition schemaRef="#/components/schemas/[A-Za-z]+" showReadOnly=\{true\} showWriteOnly=\{true\} />`)
	found := 0
	var look func(n any)
	look = func(n any) {
		switch n := n.(type) {
		case map[string]any:
			for k, v := range n {
				if s, ok := v.(string); ok && k == "description" {
					found += strings.Count(s, "onerror")
					if rest := ours.ReplaceAllString(s, ""); strings.Contains(rest, "<") || strings.Contains(rest, "](j") {
						t.Errorf("the page has %q", s)
					}
				}
				if k != "x-wechatpay-errors" && k != "x-wechatpay-error-numbers" && k != "x-wechatpay-order-stages" { // the viewer shows no extensions
					look(v)
				}
			}
		case []any:
			for _, v := range n {
				look(v)
			}
		}
	}
	look(value)
	if found < 50 {
		t.Errorf("%d texts of the stranger were found", found)
	}
}

func TestPageLinksNowhereElse(t *testing.T) {
	for _, url := range []string{"javascript:alert(1)", "data:text/html,x"} {
		_, err := Files(small(t, "description: Parking.}", "description: Parking., termsOfService: '"+url+"'}"))
		if err == nil || !strings.HasPrefix(err.Error(), "small.yaml:2: the page would link to ") {
			t.Errorf("%s: %v", url, err)
		}
		// What an example sends is no link.
		if _, err := Files(small(t, "example: {id: A1,", "example: {url: '"+url+"', id: A1,")); err != nil {
			t.Error(err)
		}
	}
}

// The viewer filters what it makes of Markdown.
func TestViewerFilters(t *testing.T) {
	page := built(t, small(t))["reference.html"]
	if !strings.Contains(page, "sanitize: true") || !strings.Contains(viewer, ".sanitize||") {
		t.Error("the viewer is not told to filter, or does not know the word")
	}
}
