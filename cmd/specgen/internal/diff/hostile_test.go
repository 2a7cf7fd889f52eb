package diff

import (
	"bytes"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/internal/hostiletext"
)

func TestHostileFindings(t *testing.T) {
	for _, text := range hostiletext.Texts {
		for _, f := range []Finding{
			{Class: Breaking, Area: Wire, At: text, What: text, Old: text, New: "b" + text, Uses: []string{text, text}, File: text, Line: 1},
			{Class: Breaking, Area: Wire, At: text, What: text},
		} {
			var text, markdown bytes.Buffer
			if err := WriteText(&text, []Finding{f}); err != nil {
				t.Fatal(err)
			}
			if err := WriteMarkdown(&markdown, []Finding{f}); err != nil {
				t.Fatal(err)
			}
			for name, out := range map[string]string{"text": text.String(), "Markdown": markdown.String()} {
				if err := hostiletext.Check(out); err != nil {
					t.Errorf("%s %v", name, err)
				}
				want := map[string]int{"text": 2, "Markdown": 3}[name] // with the heading
				if lines := strings.Count(out, "\n"); lines != want {
					t.Errorf("%s has %d lines, want %d: %.300q", name, lines, want, out)
				}
			}
		}
	}
}

// What these findings say goes into changelogs and comments of pull requests.
func TestMarkdownShowsTextAsItIs(t *testing.T) {
	for text, want := range map[string]string{
		"field total_amount":              `field total\_amount`,
		"<img src=x onerror=alert(1)>":    "&lt;img src=x onerror=alert(1)>",
		"&lt;b>":                          "&amp;lt;b>",
		"![x](//example.com/x.png)":       `!\[x](//example.com/x.png)`,
		"[x](javascript:alert(1))":        `\[x](javascript:alert(1))`,
		"[x]: data:text/html,x":           `\[x]: data:text/html,x`,
		"`code` **bold** ~~gone~~ $x$ \\": "\\`code\\` \\*\\*bold\\*\\* \\~\\~gone\\~\\~ \\$x\\$ \\\\",
		"see https://example.com/":        "`see https://example.com/`",
		"see www.example.com":             "`see www.example.com`",
		"thanks to @everybody":            "`thanks to @everybody`",
		"closes #1":                       "`closes #1`",
		"``@x` y":                         "``` ``@x` y ```",
	} {
		if got := markdown(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"": "(blank)", " ": "(blank)", "`": "`` ` ``", "a`b``c": "```a`b``c```", "<b>": "`<b>`"} {
		if got := code(text); got != want {
			t.Errorf("%q in code: %q, want %q", text, got, want)
		}
	}
}
