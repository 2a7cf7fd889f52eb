package drift

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/coverage"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A change is one of the description in testdata/folder, and what is found.
type change struct {
	name, file, old, new string
	want                 []string // lines of the report
}

const (
	orders       = "v3/payscore/orders.yaml"
	cancel       = "v3/payscore/orders/{out_order_no}/cancel.yaml"
	definitions  = "definitions/Order.yaml"
	certificates = "v3/certificates.yaml"
)

// One difference of each kind, each in an operation or a field of its own.
var differences = []change{
	{"a new operation", "v3/payscore/orders/{order_no}/pay.yaml", "", "post:\n  description: '[官方文档](https://pay.weixin.qq.com/doc/v3/merchant/9)'\n",
		[]string{"POST /v3/payscore/orders/{order_no}/pay", "  only in the description (v3/payscore/orders/{order_no}/pay.yaml:1)", "    https://pay.weixin.qq.com/doc/v3/merchant/9"}},
	{"an operation gone", certificates, "get:", "head:",
		[]string{"GET /v3/certificates", "  only in the contract (contract.yaml:48)", "HEAD /v3/certificates", "  only in the description (v3/certificates.yaml:1)"}},
	{"a newer page", orders, "2025.03.06", "2025.03.07",
		[]string{"POST /v3/payscore/orders", "  the page changed on 2025-03-07; the contract follows it as of 2025-03-06 (v3/payscore/orders.yaml:1)",
			"    https://pay.weixin.qq.com/doc/v3/merchant/1", "    https://pay.weixin.qq.com/doc/v3/partner/2"}},
	{"a page that was not dated", orders, "2025.01.31", "2025.2.2",
		[]string{"GET /v3/payscore/orders", "  the page changed on 2025-02-02; the contract follows it as of 2025-02-01 (v3/payscore/orders.yaml:26)"}},
	{"another status", cancel, "204", "200",
		[]string{"POST /v3/payscore/orders/{order_no}/cancel", "  response 200: only in the description (" + cancel + ":20)", "  response 204: only in the contract (contract.yaml:45)"}},
	{"a new field", cancel, "          reason:\n", "          note:\n            type: string\n          reason:\n",
		[]string{"POST /v3/payscore/orders/{order_no}/cancel", "  request note: only in the description, optional string (" + cancel + ":17)"}},
	{"a field gone", orders, "total_amount", "total",
		[]string{"POST /v3/payscore/orders", "  request total: only in the description, optional integer (" + orders + ":15)", "  request total_amount: only in the contract, optional integer (contract.yaml:75)"}},
	{"an object with all its fields gone", definitions, "        place:", "        spot:",
		[]string{"GET /v3/payscore/orders", "  response 200 place: only in the contract, optional object (contract.yaml:89)", "  response 200 spot: only in the description, optional object (definitions/Order.yaml:26)",
			"POST /v3/payscore/orders", "  response 200 place: only in the contract, optional object (contract.yaml:89)", "  response 200 spot: only in the description, optional object (definitions/Order.yaml:26)"}},
	{"another type", orders, "type: integer", "type: string",
		[]string{"POST /v3/payscore/orders", "  request total_amount: integer in the contract, string in the description (" + orders + ":15)"}},
	{"a type gone", orders, "                type: integer\n", "",
		[]string{"POST /v3/payscore/orders", "  request total_amount: integer in the contract, untyped in the description (" + orders + ":15)"}},
	{"a list that is none", orders, "                type: array\n                items:\n                  $ref: '../../definitions/Order.yaml#/Payment'\n", "                $ref: '../../definitions/Order.yaml#/Payment'\n",
		[]string{"POST /v3/payscore/orders", "  request payments: array in the contract, object in the description (" + orders + ":18)"}},
	{"required no more", definitions, "  required: [name]\n", "",
		[]string{"POST /v3/payscore/orders", "  request payments[].name: required in the contract, optional in the description (definitions/Order.yaml:12)"}},
	{"required now", cancel, "- reason\n", "- reason\n          - note\n", nil}, // of a field that it does not describe
	{"required of one field", orders, "required: [payments]", "required: [payments, total_amount]",
		[]string{"POST /v3/payscore/orders", "  request total_amount: optional in the contract, required in the description (" + orders + ":15)"}},
	{"a part named twice", definitions, "    - $ref: '#Named'", "    - $ref: '#Named'\n    - $ref: '#Named'\n    - required: [place]",
		[]string{"GET /v3/payscore/orders", "  response 200 place: optional in the contract, required in the description (definitions/Order.yaml:28)",
			"POST /v3/payscore/orders", "  response 200 place: optional in the contract, required in the description (definitions/Order.yaml:28)"}},
	{"a parameter in another place", orders, "in: query", "in: header",
		[]string{"GET /v3/payscore/orders", "  header Order_no: only in the description, required string (" + orders + ":32)", "  query order_no: only in the contract, required string (contract.yaml:22)"}},
	{"a parameter that is optional", orders, "in: query\n      required: true", "in: query",
		[]string{"GET /v3/payscore/orders", "  query order_no: required in the contract, optional in the description (" + orders + ":32)"}},
	{"a response without a body", certificates, "      schema:\n        type: object\n        required: [data]", "      other:\n        type: object\n        required: [data]",
		[]string{"GET /v3/certificates", "  response 200: only in the contract, required object (contract.yaml:56)"}},
	{"an error that the contract does not have", cancel, "    204:", "    409: {description: 'Conflict'}\n    204:",
		[]string{"POST /v3/payscore/orders/{order_no}/cancel", "  response 409: only in the description (" + cancel + ":20)"}},
}

// Descriptions that say the same in other words.
var same = []change{
	{name: "an older page", file: orders, old: "2025.03.06", new: "2024.12.31"},
	{name: "no date", file: orders, old: "  x-last-updated-at: 2025.03.06\n", new: ""},
	{name: "a date as YAML has it", file: orders, old: "2025.03.06", new: "2025-03-06"},
	{name: "another name of a path parameter's file", file: "v3/payscore/orders/{order_no}/modify.yaml", old: "204", new: "200"},
	{name: "an error that the contract has", file: cancel, old: "    204:", new: "    400: {description: 'Refused'}\n    204:"},
	{name: "an extension among the responses", file: cancel, old: "    204:", new: "    x-note: {a: b}\n    204:"},
	{name: "parameters of the path", file: cancel, old: "post:\n", new: "parameters:\n  - {name: order_no, in: path, required: true, type: string}\npost:\n"},
	{name: "texts and limits", file: definitions, old: "description: 订单号", new: "description: 商户订单号\n      maxLength: 32\n      pattern: /a/"},
	{name: "alternatives", file: definitions, old: "    - $ref: '#Named'", new: "    - oneOf: [{$ref: '#Named'}, {$ref: '#Named'}]\n    - {required: [order_no]}"},
}

func TestUnchanged(t *testing.T) {
	if got := report(t, compare(t, copyOf(t), "")); got != "" {
		t.Errorf("an unchanged pair differs:\n%s", got)
	}
	// A checkout has the folder in docs.
	dir := t.TempDir()
	if err := os.Rename(copyOf(t), filepath.Join(dir, "docs")); err != nil {
		t.Fatal(err)
	}
	if got := report(t, compare(t, dir, "")); got != "" {
		t.Errorf("an unchanged pair differs:\n%s", got)
	}
	for _, c := range same {
		t.Run(c.name, func(t *testing.T) {
			if got := report(t, compare(t, changed(t, c), "")); got != "" {
				t.Errorf("nothing differs, and it says\n%s", got)
			}
		})
	}
}

func TestDifferences(t *testing.T) {
	for _, c := range differences {
		t.Run(c.name, func(t *testing.T) {
			got := report(t, compare(t, changed(t, c), ""))
			if want := strings.Join(c.want, "\n"); strings.ReplaceAll(got, "\n\n", "\n") != want+lineFeed(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func lineFeed(s string) string {
	if s == "" {
		return ""
	}
	return "\n"
}

// The whole of a report: several operations, stale entries and broken files.
func TestReport(t *testing.T) {
	dir := changed(t, differences[0], differences[2], differences[4], differences[8], differences[11])
	golden(t, "report.golden", report(t, compare(t, dir, `accepted:
  - {reason: Known., kind: type, at: [POST /v3/payscore/orders request total_amount]}
  - {reason: Gone., kind: status, at: [POST /v3/payscore/orders response 200]}
`)))
	write(t, dir, cancel, "post: {")
	var b strings.Builder
	if err := WriteJSON(&b, compare(t, dir, "")); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json.golden", b.String())
	b.Reset()
	if err := WriteJSON(&b, nil); err != nil || b.String() != "[]\n" {
		t.Errorf("no findings are %q, %v", b.String(), err)
	}
}

func TestAccepted(t *testing.T) {
	amount := change{file: orders, old: "type: integer", new: "type: string"}
	optional := change{file: definitions, old: "  required: [name]\n", new: ""}
	const name = "POST /v3/payscore/orders request payments[].name"
	for _, c := range []struct {
		name, list string
		changes    []change
		left       []string // findings that are left, by their message or place
		accepted   int
	}{
		{"at a place", "{kind: required, at: ['" + name + "'], reason: R}", []change{optional}, nil, 1},
		{"what both say", "{kind: type, contract: integer, description: string, reason: R}", []change{amount}, nil, 1},
		{"at a place, as it was", "{kind: required, contract: required, description: optional, at: ['" + name + "'], reason: R}", []change{optional}, nil, 1},
		{"another side now", "{kind: required, contract: optional, at: ['" + name + "'], reason: R}", []change{optional},
			[]string{"request payments[].name", "required: " + name}, 0},
		{"another kind", "{kind: type, at: ['" + name + "'], reason: R}", []change{optional}, []string{"request payments[].name", "type: " + name}, 0},
		{"another place", "{kind: required, at: ['" + name + "s'], reason: R}", []change{optional}, []string{"request payments[].name", "required: " + name + "s"}, 0},
		{"one of two", "{kind: required, at: ['" + name + "'], reason: R}", []change{optional, amount}, []string{"request total_amount"}, 1},
		{"stale", "{kind: required, at: ['" + name + "'], reason: R}", nil, []string{"required: " + name}, 0},
		{"stale anywhere", "{kind: type, contract: integer, description: number, reason: R}", nil, []string{"type: nothing is integer in the contract and number in the description"}, 0},
		{"in requests", "{kind: type, in: request, contract: integer, description: string, reason: R}", []change{amount}, nil, 1},
		{"in responses", "{kind: type, in: response, contract: integer, description: string, reason: R}", []change{amount},
			[]string{"request total_amount", "type response: nothing is integer in the contract and string in the description"}, 0},
		{"an operation", "{kind: operation, at: ['POST /v3/payscore/orders/{order_no}/pay'], reason: R}", []change{differences[0]}, nil, 1},
		{"not stale, but unread", "{kind: required, at: ['" + name + "'], reason: R}", []change{{file: orders, old: "post:", new: "post: {"}}, []string{"did not find expected ',' or '}'"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var left []string
			accepted := 0
			for _, f := range compare(t, changed(t, c.changes...), "accepted:\n  - "+c.list) {
				if f.Reason != "" {
					accepted++
				} else {
					left = append(left, f.Field+f.Message)
				}
			}
			if !slices.Equal(left, c.left) || accepted != c.accepted {
				t.Errorf("left are %q with %d accepted, want %q and %d", left, accepted, c.left, c.accepted)
			}
		})
	}
}

func TestUnreadableList(t *testing.T) {
	for name, c := range map[string][2]string{
		"no reason":     {"accepted:\n  - {kind: type, at: [a]}", "drift.yaml:2: an accepted difference needs a reason"},
		"blank reason":  {"accepted:\n  - {kind: type, at: [a], reason: ' '}", "drift.yaml:2: an accepted difference needs a reason"},
		"no kind":       {"accepted:\n  - {reason: R, at: [a]}", `drift.yaml:2: the kind "" is none of [operation page status field type required]`},
		"no such kind":  {"accepted:\n\n  - {reason: R, kind: stale, at: [a]}", `drift.yaml:3: the kind "stale" is none of`},
		"a whole kind":  {"accepted:\n  - {reason: R, kind: type, contract: integer}", "drift.yaml:2: it accepts too much"},
		"nothing":       {"accepted:\n  -", "drift.yaml:2: an accepted difference needs a reason"},
		"unknown key":   {"accepted:\n  - {reason: R, kind: type, where: [a]}", "drift.yaml:2: field where not found"},
		"a date":        {"reviewed: yesterday", `drift.yaml: reviewed is "yesterday", not a date like 2026-08-21`},
		"broken":        {"accepted: {", "drift.yaml:1: "},
		"a text":        {"hello", "drift.yaml:1: cannot unmarshal"},
		"two documents": {"reviewed: '2026-08-21'\n---\na: b", "drift.yaml:2: the file holds more than one"},
	} {
		if _, err := NewAccepted("drift.yaml", []byte(c[0])); err == nil || !strings.HasPrefix(err.Error(), c[1]) {
			t.Errorf("%s: got %v, want %s", name, err, c[1])
		}
	}
	for _, empty := range []string{"", "# nothing\n", "accepted:\n", "accepted: []\n"} {
		if _, err := NewAccepted("drift.yaml", []byte(empty)); err != nil {
			t.Errorf("%q: %v", empty, err)
		}
	}
	if list, err := ReadAccepted(filepath.Join(t.TempDir(), "drift.yaml")); err != nil || len(list.entries) > 0 {
		t.Errorf("no file is %v, %v", list, err)
	}
}

// The list of the repository can be read.
func TestRepository(t *testing.T) {
	list, err := ReadAccepted("../../../../docs/drift.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if list.reviewed == "" || len(list.entries) == 0 {
		t.Error("the list is empty")
	}
}

// changed returns a copy of testdata/folder with changes.
func changed(t testing.TB, changes ...change) string {
	t.Helper()
	dir := copyOf(t)
	for _, c := range changes {
		data, err := os.ReadFile(filepath.Join(dir, c.file))
		if err != nil && c.old != "" {
			t.Fatal(err)
		}
		if c.old != "" && !strings.Contains(string(data), c.old) {
			t.Fatalf("%s has no %q", c.file, c.old)
		}
		write(t, dir, c.file, strings.Replace(string(data), c.old, c.new, 1))
	}
	return dir
}

func copyOf(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "folder")
	if err := os.CopyFS(dir, os.DirFS("testdata/folder")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// compare compares testdata/contract.yaml with the folder. Pages without a
// date were read on 2025-02-01.
func compare(t testing.TB, dir, list string) []Finding {
	t.Helper()
	data, err := os.ReadFile("testdata/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := contract.New("contract.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := coverage.Read("testdata/pages.yaml")
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := NewAccepted("drift.yaml", []byte("reviewed: '2025-02-01'\n"+list))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	findings := Compare(d, theirs, pages, accepted)
	for i := range findings {
		// Where the folder is does not matter to the tests.
		findings[i].File = strings.TrimPrefix(findings[i].File, dir+string(filepath.Separator))
	}
	return findings
}

func report(t testing.TB, findings []Finding) string {
	t.Helper()
	var b strings.Builder
	if err := WriteText(&b, findings); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the report changed; run with -update and read the difference\ngot:\n%s\nwant:\n%s", got, want)
	}
}
