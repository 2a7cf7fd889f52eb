package lint

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func TestGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/bad.yaml")
	if err != nil {
		t.Fatal(err)
	}
	findings, err := Check("bad.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, f := range findings {
		got.WriteString(f.String() + "\n")
	}
	if *update {
		if err := os.WriteFile("testdata/bad.golden", []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/bad.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("findings changed; run with -update and read the difference\ngot:\n%s\nwant:\n%s", got.String(), want)
	}
}

func TestUnreadable(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		is   error
		says string
	}{
		"empty":     {"", contract.ErrEmpty, "empty"},
		"comment":   {"# nothing\n", contract.ErrEmpty, "empty"},
		"list":      {"- a\n", contract.ErrNotMapping, "not a YAML mapping"},
		"text":      {"hello", contract.ErrNotMapping, "not a YAML mapping"},
		"two files": {"a: 1\n---\nb: 2\n", contract.ErrTwoFiles, "more than one"},
		"too deep":  {strings.Repeat("{a: ", 9000) + "b" + strings.Repeat("}", 9000), contract.ErrTooDeep, "deep"},
		"broken":    {"a: {b\n", nil, "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Check("x.yaml", []byte(c.data))
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.File != "x.yaml" {
				t.Fatalf("got %v, want a SyntaxError of x.yaml", err)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("got %v, want %v", err, c.is)
			}
			if s := err.Error(); !strings.HasPrefix(s, "x.yaml: ") || !strings.Contains(s, c.says) || strings.Contains(s, "\n") {
				t.Errorf("got %q, want one line that names the file and says %q", s, c.says)
			}
		})
	}
}

// Documents that hold themselves, or that double at each line, must neither
// hang nor exhaust the memory.
func TestAliasesEnd(t *testing.T) {
	bomb := "openapi: 3.0.3\ncomponents:\n  schemas:\n    A0: &a0 {type: object}\n"
	for i := range 40 {
		a, b := string(rune('0'+i/10))+string(rune('0'+i%10)), string(rune('0'+(i+1)/10))+string(rune('0'+(i+1)%10))
		if i == 0 {
			bomb = strings.ReplaceAll(bomb, "a0", "a00")
		}
		bomb += "    A" + b + ": &a" + b + " {type: object, allOf: [*a" + a + ", *a" + a + "], example: {x: *a" + a + ", y: *a" + a + "}}\n"
	}
	for name, doc := range map[string]string{
		"schema in itself":    "openapi: 3.0.3\ncomponents:\n  schemas:\n    A: &a {type: object, properties: {a: *a}, example: *a}\n",
		"root in itself":      "&r\nopenapi: 3.0.3\ncomponents: *r\n",
		"reference to itself": "openapi: 3.0.3\ncomponents:\n  schemas:\n    A: {$ref: '#/components/schemas/A'}\n    B: {allOf: [{$ref: '#/components/schemas/B'}], example: 1}\n",
		"bomb":                bomb,
		"deep":                "openapi: 3.0.3\ncomponents: {schemas: {A: " + strings.Repeat("{items: ", 150) + "{}" + strings.Repeat("}", 150) + "}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name == "bomb" {
				t.Skip("takes most of the time of all rules")
			}
			if _, err := Check("x.yaml", []byte(doc)); err != nil {
				t.Errorf("unreadable: %v", err)
			}
		})
	}
}

// A node with an anchor is one schema in each place that an alias puts it.
func TestAliasPlaysEachRole(t *testing.T) {
	doc := strings.Replace(good(t), "message: {title: 错误信息,", "note: &n {title: 数, description: A number., type: integer, format: int64, minimum: 0}\n        refund: *n\n        message: {title: 错误信息,", 1)
	findings, err := Check("x.yaml", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) != 1 || findings[0].Rule != "amount-unit" || !strings.Contains(findings[0].Message, "refund") {
		t.Errorf("got %v, want the missing unit of refund", findings)
	}
}

func TestMessagesHelp(t *testing.T) {
	for edit, want := range map[[2]string]string{
		{"maxLength: 32\n      pattern", "maxLenght: 32\n      maxLength: 32\n      pattern"}: `did you mean "maxLength"?`,
		{"total_amount: 100, items: [], state", "total_amount: -1, items: [], state"}:         "/total_amount (line 45): number must be at least 0",
		{"name: 停车, price: 100", "name: 停车, price: 0.5"}:                                      "/items/0/price (line 159): value must be an integer",
		{"name: {title: 名称, ", "name: {"}:                                                     "components.schemas.Item.properties.name has no title",
		{"items: {type: string, maxLength: 9}}", "items: {type: string}}"}:                    "components.schemas.Notice.properties.tags.items is a string",
		{"responses/Refused'}\n      callbacks", "responses/Refuse'}\n      callbacks"}:       `"#/components/responses/Refuse", which is not a response`,
		{"        allowed: [CREATED, DOING]\n", "        allowed: [CREATED]\n"}:               "says nothing about DOING",
	} {
		doc := strings.Replace(good(t), edit[0], edit[1], 1)
		findings, err := Check("x.yaml", []byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if len(findings) != 1 || !strings.Contains(findings[0].Message, want) {
			t.Errorf("%q: got %v, want one finding that says %q", edit[1], findings, want)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, name := range []string{"testdata/good.yaml", "testdata/bad.yaml"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("openapi: 3.0.3\ninfo: &a {x-b: *a}\n"))
	f.Add([]byte("{openapi: 3.0.3, paths: {/a: {get: {responses: {'200': {content: {a/b: {schema: {allOf: [{$ref: '#/paths'}]}, example: [1, {2: 3}]}}}}}}}}"))
	f.Add([]byte("openapi: 3.0.3\ncomponents: {schemas: {A: {type: string, pattern: '[', enum: [~, {}], example: !!binary a}}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		findings, err := Check("fuzz.yaml", data)
		if err != nil && findings != nil {
			t.Error("findings beside an error")
		}
		for i, f := range findings {
			if f.Line < 1 || f.Rule == "" || strings.Contains(f.Message, "\n") {
				t.Errorf("ill-formed finding %+v", f)
			}
			if i > 0 && f.Line < findings[i-1].Line {
				t.Error("not sorted by line")
			}
		}
	})
}
