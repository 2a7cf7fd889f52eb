package drift

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/internal/hostiletext"
)

// What cannot be read is reported with its file and line, and the rest is
// compared: each of these changes comes with a difference elsewhere.
func TestUnread(t *testing.T) {
	elsewhere := change{file: cancel, old: "- reason", new: "- note"}
	const difference = "POST /v3/payscore/orders/{order_no}/cancel\n" +
		"  request reason: required in the contract, optional in the description (" + cancel + ":17)\n"
	// Each type refers twice to the next, 2 to the power of 40 times in the end.
	var many strings.Builder
	for i := range 40 {
		fmt.Fprintf(&many, "T%d: {properties: {a: {$ref: '#T%d'}, b: {$ref: '#T%d'}}}\n", i, i+1, i+1)
	}
	many.WriteString("T40: {type: string}\n")
	named := "$ref: '../../definitions/Order.yaml#Named'"
	for _, c := range []struct {
		change
		want string
	}{
		{change{name: "broken YAML", file: orders, old: "get:", new: "get: }"}, "did not find expected node content (" + orders + ":25)"},
		{change{name: "broken YAML in a definition", file: definitions, old: "Payment:", new: "Payment: {"}, "did not find expected ',' or '}' (" + definitions + ":8)"},
		{change{name: "no YAML mapping", file: orders, old: "", new: "- a\n"}, "not a YAML mapping (" + orders + ")"},
		{change{name: "an empty file", file: orders}, "the file is empty (" + orders + ")"},
		{change{name: "a missing file", file: orders, old: "Order.yaml#Named", new: "Orders.yaml#Named"}, `$ref "../../definitions/Orders.yaml#Named": no such file in the folder (` + orders + ":11)"},
		{change{name: "a missing name", file: orders, old: "#Named", new: "#Name"}, `$ref "../../definitions/Order.yaml#Name": nothing of that name (` + orders + ":11)"},
		{change{name: "a missing alternative", file: orders, old: named, new: "oneOf: [{$ref: '../../definitions/None.yaml'}]"}, `$ref "../../definitions/None.yaml": no such file in the folder (` + orders + ":11)"},
		{change{name: "a file out of the folder", file: orders, old: named, new: "$ref: '../../../secret.yaml#Named'"}, `$ref "../../../secret.yaml#Named": leads out of the folder (` + orders + ":11)"},
		{change{name: "an absolute file", file: orders, old: named, new: "$ref: /etc/passwd"}, `$ref "/etc/passwd": no such file in the folder (` + orders + ":11)"},
		{change{name: "another host", file: orders, old: named, new: "$ref: https://example.com/Order.yaml#Named"}, `$ref "https://example.com/Order.yaml#Named": no such file in the folder (` + orders + ":11)"},
		{change{name: "a folder", file: orders, old: named, new: "$ref: '../../definitions'"}, "not a regular file (definitions)"},
		{change{name: "a list", file: orders, old: named, new: "$ref: [a]"}, `$ref "": not a text (` + orders + ":11)"},
		{change{name: "a reference to itself", file: definitions, old: "Named:\n", new: "Named: {$ref: '#Named'}\nOther:\n"}, "$ref: the reference leads back to itself (definitions/Order.yaml:1)"},
		{change{name: "two that refer to each other", file: definitions, old: "Named:\n", new: "Named: {$ref: '#Again'}\nAgain: {$ref: '#Named'}\nOther:\n"}, "$ref: the reference leads back to itself (definitions/Order.yaml:2)"},
		{change{name: "billions of fields", file: definitions, old: "Named:\n  type: object", new: many.String() + "Named:\n  allOf: [{$ref: '#T0'}]"}, "POST /v3/payscore/orders: too large to compare (" + orders + ":1)\n  GET /v3/payscore/orders: too large to compare (" + orders + ":26)"},
		{change{name: "a large file", file: definitions, old: "Named:", new: "# " + strings.Repeat("x", maxFile) + "\nNamed:"}, "larger than 1048576 bytes (definitions/Order.yaml)"},
		{change{name: "a deep file", file: orders, old: "get:", new: "x: " + strings.Repeat("{a: ", 9000) + "b" + strings.Repeat("}", 9000) + "\nget:"}, "the file is nested more than 200 levels deep (" + orders + ")"},
		{change{name: "no date", file: orders, old: "2025.03.06", new: "yesterday"}, `x-last-updated-at is no date like 2025.03.06: "yesterday" (` + orders + ":2)"},
		{change{name: "the same path twice", file: "v3/payscore/orders/{z}/cancel.yaml", new: "post: {}\n"}, "describes the same operation as " + cancel + " (v3/payscore/orders/{z}/cancel.yaml:1)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := changed(t, elsewhere, c.change)
			if c.old == "" && c.file == orders {
				write(t, dir, c.file, c.new)
			}
			write(t, filepath.Dir(dir), "secret.yaml", "Named: {type: object, required: [secret], properties: {secret: {type: string}}}")
			got := report(t, compare(t, dir, ""))
			rest, unread, _ := strings.Cut(got, "\nNot read\n")
			if rest != difference {
				t.Errorf("the rest is\n%s", rest)
			}
			if unread != "  "+c.want+"\n" {
				t.Errorf("not read is\n%swant\n  %s", unread, c.want)
			}
			if err := hostiletext.Check(got); err != nil {
				t.Error(err)
			}
		})
	}
}

// A link within the folder is a file like others. One that leads out of it is
// not followed, nor is a link to a folder.
func TestLinks(t *testing.T) {
	dir := copyOf(t)
	link := func(name, to string) {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	write(t, dir, "other.yaml", "get: {summary: a, responses: {200: {schema: {type: object, required: [data], properties: {data: {type: array, items: {properties: {serial_no: {type: string}}}}}}}}}")
	link(certificates, "../other.yaml")
	link("v3/payscore/loop", "..")
	if got := report(t, compare(t, dir, "")); got != "" {
		t.Errorf("an unchanged pair differs:\n%s", got)
	}
	write(t, filepath.Dir(dir), "secret.yaml", "get: {description: secret}")
	link(certificates, "../../secret.yaml")
	link("definitions", "../..")
	got := report(t, compare(t, dir, ""))
	for _, want := range []string{
		"  path escapes from parent (" + certificates + ")\n",
		"  $ref \"../../definitions/Order.yaml#Named\": no such file in the folder (" + orders + ":11)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
}

// A type that contains itself is compared once.
func TestRecursiveType(t *testing.T) {
	for name, c := range map[string]change{
		"a reference": {file: definitions, old: "    name:\n", new: "    part: {$ref: '#Payment'}\n    name:\n"},
		"a list":      {file: definitions, old: "    name:\n", new: "    part: {type: object, properties: {parts: {type: array, items: {$ref: '#Payment'}}}}\n    name:\n"},
		"a part":      {file: definitions, old: "    name:\n", new: "    part: {type: object, allOf: [{$ref: '#Payment'}]}\n    name:\n"},
		"an anchor":   {file: definitions, old: "    name:\n", new: "    part: &part {type: object, properties: {part: *part}}\n    name:\n"},
	} {
		want := "POST /v3/payscore/orders\n  request payments[].part: only in the description, optional object (definitions/Order.yaml:13)\n"
		if got := report(t, compare(t, changed(t, c), "")); got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
}

func TestNoFolder(t *testing.T) {
	for _, dir := range []string{t.TempDir(), "drift.go", filepath.Join(t.TempDir(), "none")} {
		if _, err := Open(dir); err == nil {
			t.Errorf("%s can be opened", dir)
		}
	}
}

func TestHostileFindings(t *testing.T) {
	for _, text := range hostiletext.Texts {
		for _, kind := range kinds {
			f := Finding{Operation: text, Kind: kind, Field: text, Contract: text, Description: text, Message: text, Pages: []string{text, text}, Reason: text, File: text, Line: 1}
			got := report(t, []Finding{f})
			if err := hostiletext.Check(got); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			lines := 3
			if kind == Page || kind == Operation {
				lines += len(f.Pages)
			}
			if strings.TrimSpace(text) == text && strings.Count(got, "\n") != lines {
				t.Errorf("%s has %d lines, want %d: %.300q", kind, strings.Count(got, "\n"), lines, got)
			}
		}
	}
}

func FuzzCompare(f *testing.F) {
	list := []byte("accepted:\n  - {reason: R, kind: type, contract: integer, description: string}\n")
	for _, name := range []string{orders, cancel, certificates} {
		data, err := os.ReadFile(filepath.Join("testdata/folder", name))
		if err != nil {
			f.Fatal(err)
		}
		types, err := os.ReadFile(filepath.Join("testdata/folder", definitions))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, types, list)
	}
	f.Add([]byte("post: {parameters: [{$ref: '../../definitions/Order.yaml#A'}, null, [], &a [*a]], responses: {200: &b {schema: *b}, ? [] : a, 204: null}}"),
		[]byte("A: {$ref: '#A'}\nB: {allOf: [{$ref: '#B'}, null], items: {$ref: '#B'}, required: [null, [a]]}\n"), []byte("accepted: [null]"))
	f.Add([]byte("post: {x-last-updated-at: [], description: [], parameters: {}, responses: []}\nget: &g {parameters: *g}"), []byte("- a"), []byte("accepted: {}"))
	dir := copyOf(f)
	f.Fuzz(func(t *testing.T, data, types, list []byte) {
		write(t, dir, orders, string(data))
		write(t, dir, definitions, string(types))
		_, _ = NewAccepted("drift.yaml", list)
		findings := compare(t, dir, "")
		if err := hostiletext.Check(report(t, findings)); err != nil {
			t.Error(err)
		}
		var again bytes.Buffer
		_ = WriteText(&again, compare(t, dir, ""))
		if again.String() != report(t, findings) {
			t.Error("the same files give two reports")
		}
	})
}

// BenchmarkThousands compares a folder of 3,000 paths of PayScore.
func BenchmarkThousands(b *testing.B) {
	dir := copyOf(b)
	data, err := os.ReadFile(filepath.Join("testdata/folder", orders))
	if err != nil {
		b.Fatal(err)
	}
	for i := range 3000 {
		write(b, dir, fmt.Sprintf("v3/payscore/orders/{order_no}/%d.yaml", i), string(data))
	}
	for b.Loop() {
		compare(b, dir, "")
	}
}
