package oneline_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/internal/hostiletext"
	"github.com/wxpayscore/payscore/internal/oneline"
)

func TestHostileTexts(t *testing.T) {
	for _, text := range hostiletext.Texts {
		for name, shown := range map[string]string{"Cut": oneline.Cut(text, 100), "Quote": oneline.Quote(text, 100), "Error": oneline.Error(errors.New(text), 100)} {
			if err := hostiletext.CheckLine(shown, 100*12+8); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := hostiletext.CheckLine(oneline.Escape(text), 6*len(text)); err != nil {
			t.Error(err)
		}
	}
}

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"":                "",
		"ORDER_NOT_EXIST": "ORDER_NOT_EXIST",
		"订单不存在，请核实（1.00元）":       "订单不存在，请核实（1.00元）",
		"全角\u3000空格 ☎️ 👍🏽 ❤️ 🇨🇳": "全角\u3000空格 ☎️ 👍🏽 ❤️ 🇨🇳",
		"a: b::c #1 ## d":         "a: b::c #1 ## d",
		"a\x1b[2J\u009b\x7f":      `a\u001b[2J\u009b\u007f`,
		"a\nb\rc\td":              `a\nb\rc\td`,
		"\u202eabc\u2028\ufeff":   `\u202eabc\u2028\ufeff`,
		"\U000e0041":              `\udb40\udc41`,
		"\U000e0100\u3164\ufffe1": `\udb40\udd00\u3164\ufffe1`,
		"::error::x":              `\u003a:error::x`,
		" ::error::x":             ` \u003a:error::x`,
		"x ##[error]y":            `x \u0023#[error]y`,
		"##vso[a]":                `\u0023#vso[a]`,
		"a\xffb":                  "a\ufffdb",
	} {
		if got := oneline.Escape(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		most       int
	}{
		{"abc", "abc", 3}, {"abcd", "abc…", 3}, {"订单号", "订单号", 3}, {"订单号码", "订单号…", 3}, {"", "", 0}, {"a", "…", 0},
		{"\u202e\u202e", `\u202e…`, 1}, {"\xff\xff", "\ufffd…", 1},
	} {
		if got := oneline.Cut(tt.text, tt.most); got != tt.want {
			t.Errorf("%q to %d: %q, want %q", tt.text, tt.most, got, tt.want)
		}
	}
	if got := oneline.Quote("a\"b\ncd", 4); got != `"a\"b\n"…` {
		t.Errorf("quoted %s", got)
	}
	if got := oneline.Error(nil, 10); got != "unknown cause" {
		t.Errorf("no error is %q", got)
	}
	if got := oneline.Error((*uninitialized)(nil), 10); got == "" {
		t.Error("a nil pointer has no text")
	}
}

type uninitialized struct{ text string }

func (e *uninitialized) Error() string { return e.text }

// What nearly all texts are costs nothing.
func TestPlainTextIsNotCopied(t *testing.T) {
	text := "08F78BD3A0061030181120A0A72A28B6A702-271316657"
	if n := testing.AllocsPerRun(100, func() { _ = oneline.Cut(text, 128) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWriter(t *testing.T) {
	var out strings.Builder
	w := oneline.NewWriter(&out)
	// In pieces, in which no command and no character is whole.
	for _, piece := range []string{"::err", "or::a\n#", "#[x]\n\xe8\xae", "\xa2 1\n", "\u202e", "\nlast"} {
		if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	const want = `\u003a:error::a` + "\n" + `\u0023#[x]` + "\n订 1\n" + `\u202e` + "\nlast"
	if got := out.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// JSON says the same when it was escaped.
func TestWriterKeepsJSON(t *testing.T) {
	for _, text := range hostiletext.Texts {
		text = strings.ToValidUTF8(text, "\ufffd")
		var out strings.Builder
		w := oneline.NewWriter(&out)
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(map[string]string{"text": text}); err != nil {
			t.Fatal(err)
		}
		if err := hostiletext.Check(out.String()); err != nil {
			t.Error(err)
		}
		var back map[string]string
		if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back["text"] != text {
			t.Errorf("%.100q came back as %.100q: %v", text, back["text"], err)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, text := range hostiletext.Texts {
		if len(text) < 1000 {
			f.Add(text, 10)
		}
	}
	f.Fuzz(func(t *testing.T, text string, most int) {
		most %= 1000
		if most < 0 {
			most = -most
		}
		once := oneline.Escape(text)
		if err := hostiletext.CheckLine(once, 6*len(text)); err != nil {
			t.Fatal(err)
		}
		if again := oneline.Escape(once); again != once {
			t.Fatalf("escaped twice: %q, once: %q", again, once)
		}
		cut := oneline.Cut(text, most)
		if err := hostiletext.CheckLine(cut, 12*most+3); err != nil {
			t.Fatal(err)
		}
		if utf8.RuneCountInString(text) <= most && cut != once {
			t.Fatalf("%q was cut: %q", text, cut)
		}
		var out strings.Builder
		w := oneline.NewWriter(&out)
		for _, b := range []byte(text) {
			_, _ = w.Write([]byte{b})
		}
		_ = w.Flush()
		if err := hostiletext.Check(out.String()); err != nil {
			t.Fatal(err)
		}
	})
}
