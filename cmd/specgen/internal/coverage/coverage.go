// Package coverage compares the official pages, which docs/pages.yaml lists by
// hand, with the contract, and tells in docs/coverage.md what is covered.
package coverage

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/output"
)

// A family is a group of pages.
type family struct {
	Family      string
	Title       string
	Description string
	Pages       []page
}

// A page is one official page, or one copy of it per edition.
type page struct {
	Title     string
	Operation string // method and path
	Event     string
	URLs      []string `yaml:"urls"`
	Date      string
	Reason    string // why the contract leaves it out
	Line      int    `yaml:"-"`
}

// A Finding is a disagreement of the list and the contract.
type Finding struct {
	File    string
	Line    int
	Message string
}

// String gives the form that editors know how to link.
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message) }

// Pages is the list of official pages.
type Pages struct {
	file     string
	families []family
}

// Read reads the list from a file.
func Read(file string) (*Pages, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return New(file, data)
}

// New reads the list from data; file only labels errors.
func New(file string, data []byte) (*Pages, error) {
	p := &Pages{file: file}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&p.families); err != nil && !errors.Is(err, io.EOF) {
		return nil, contract.Broken(file, err)
	}
	if err := contract.Last(dec); err != nil {
		return nil, contract.Broken(file, err)
	}
	if len(p.families) == 0 {
		return nil, fmt.Errorf("%s: the file lists no pages", file)
	}
	// The lines are not part of what is decoded.
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, contract.Broken(file, err)
	}
	for i, f := range contract.Items(root.Content[0]) {
		if !contract.IsMapping(f) { // the decoder skips an empty one
			return nil, fmt.Errorf("%s:%d: the family is empty", file, f.Line)
		}
		for j, n := range contract.Items(contract.Get(f, "pages")) {
			if !contract.IsMapping(n) {
				return nil, fmt.Errorf("%s:%d: the page is empty", file, n.Line)
			}
			p.families[i].Pages[j].Line = n.Line
		}
	}
	return p, nil
}

// A Page is what the list says about the page of one operation.
type Page struct {
	Operation string // method and path
	Date      string // like 2025-03-06, or "" when it is unknown
	Reason    string // why the contract leaves it out, or ""
}

// Operations returns the pages that describe an operation.
func (p *Pages) Operations() []Page {
	var out []Page
	for _, f := range p.families {
		for _, page := range f.Pages {
			if page.Operation != "" {
				out = append(out, Page{page.Operation, page.Date, page.Reason})
			}
		}
	}
	return out
}

// covered is what the contract has of the pages.
type covered struct {
	operations map[string]contract.Operation // by method and path
	events     map[string]contract.Operation // by event type, with the operation of the callback
}

func of(d *contract.Document) covered {
	c := covered{map[string]contract.Operation{}, map[string]contract.Operation{}}
	for _, op := range d.Operations() {
		c.operations[op.Method+" "+op.Path] = op
	}
	for _, op := range d.CallbackOperations() {
		for event := range contract.Entries(contract.Get(op.Node, contract.ResourcesKey)) {
			c.events[event.Value] = op
		}
	}
	return c
}

const site = "https://pay.weixin.qq.com/"

var (
	operationForm = regexp.MustCompile(`^(GET|PUT|POST|DELETE|PATCH) /\S+$`)
	dateForm      = regexp.MustCompile(`^20[0-9]{2}-[01][0-9]-[0-3][0-9]$`)
)

// Check gives what the list and the contract disagree about.
func Check(p *Pages, d *contract.Document) []Finding {
	var out []Finding
	c := of(d)
	first := map[string]int{}
	listed := func(key string, line int, say func(format string, args ...any)) {
		if before, again := first[key]; again {
			say("%s is already on line %d; one page tells of it", key, before)
			return
		}
		first[key] = line
	}
	for _, f := range p.families {
		for _, page := range f.Pages {
			say := func(format string, args ...any) {
				out = append(out, Finding{p.file, page.Line, fmt.Sprintf(format, args...)})
			}
			page.form(say)
			if page.Operation != "" {
				listed(page.Operation, page.Line, say)
				op, known := c.operations[page.Operation]
				page.agree(known, page.Operation, say)
				docs := contract.String(contract.Get(op.Node, "externalDocs"), "url")
				if known && docs != "" && !slices.Contains(page.URLs, docs) {
					say("%s links %s in the contract; list that page too", page.Operation, docs)
				}
			}
			if page.Event != "" {
				listed(page.Event, page.Line, say)
				_, known := c.events[page.Event]
				page.agree(known, page.Event, say)
			}
		}
	}
	for key, op := range c.operations {
		if first[key] == 0 {
			out = append(out, Finding{d.File, op.Key.Line, fmt.Sprintf("%s has no page; add it to %s", key, p.file)})
		}
	}
	for event, op := range c.events {
		if first[event] == 0 {
			k, _ := contract.Lookup(contract.Get(op.Node, contract.ResourcesKey), event)
			out = append(out, Finding{d.File, k.Line, fmt.Sprintf("%s has no page; add it to %s", event, p.file)})
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	return out
}

// form checks what one page says by itself.
func (p *page) form(say func(format string, args ...any)) {
	if !strings.ContainsFunc(p.Title, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		say("the title %q is not Chinese; give the one of the page", p.Title)
	}
	switch {
	case p.Operation != "" && p.Event != "":
		say("%s is an operation and an event; make two pages of it", p.Title)
	case p.Operation == "" && p.Event == "" && p.Reason == "":
		say("%s has neither operation nor event nor reason", p.Title)
	case p.Operation != "" && !operationForm.MatchString(p.Operation):
		say("the operation %q is not a method and a path, like POST /v3/payscore/serviceorder", p.Operation)
	}
	for _, u := range p.URLs {
		if !strings.HasPrefix(u, site) {
			say("the page %s is not on %s", u, site)
		}
	}
	if p.Date != "" && !dateForm.MatchString(p.Date) {
		say("the date %q is not one like 2025-03-06", p.Date)
	}
}

func (p *page) agree(known bool, key string, say func(format string, args ...any)) {
	switch {
	case !known && p.Reason == "":
		say("%s is not in the contract; add it there, or give a reason", key)
	case known && p.Reason != "":
		say("%s is in the contract; remove the reason", key)
	}
}

// retired is the family of what WeChat Pay no longer serves.
const retired = "retired"

// living says how much of what WeChat Pay serves is covered.
func (p *Pages) living() string {
	var operations, events struct{ covered, all int }
	for _, f := range p.families {
		if f.Family == retired {
			continue
		}
		for _, page := range f.Pages {
			of := &operations
			if page.Event != "" {
				of = &events
			}
			of.all++
			if page.Reason == "" {
				of.covered++
			}
		}
	}
	return fmt.Sprintf("It covers %d of the %d operations that WeChat Pay serves, and %d of %d notifications.\n\n",
		operations.covered, operations.all, events.covered, events.all)
}

// File gives docs/coverage.md.
func File(p *Pages, d *contract.Document) output.File {
	c := of(d)
	var b strings.Builder
	b.WriteString(`<!-- Made by specgen coverage from docs/pages.yaml and api/openapi.yaml. Do not edit. -->

# Coverage

Which of WeChat Pay's official pages the contract covers, and why it leaves others out. The date is the one printed on the
first page of the row, which the contract follows.

`)
	b.WriteString(p.living())
	b.WriteString("| 类别 Family | Covered | Left out |\n|---|---:|---:|\n")
	done, left := 0, 0
	for _, f := range p.families {
		n := 0
		for _, page := range f.Pages {
			if page.Reason == "" {
				n++
			}
		}
		done, left = done+n, left+len(f.Pages)-n
		fmt.Fprintf(&b, "| [%s](#%s) | %d | %d |\n", cell(f.Title), f.Family, n, len(f.Pages)-n)
	}
	fmt.Fprintf(&b, "| all | %d | %d |\n", done, left)
	for _, f := range p.families {
		fmt.Fprintf(&b, "\n<a id=\"%s\"></a>\n\n## %s\n\n%s\n\n", f.Family, f.Title, f.Description)
		b.WriteString("| 接口 Page | Method and path | Operation or event | Official pages | Date | Status |\n|---|---|---|---|---|---|\n")
		for _, page := range f.Pages {
			b.WriteString(page.row(c))
		}
	}
	b.WriteString(unprinted(d))
	return output.File{Name: "docs/coverage.md", Data: []byte(b.String())}
}

// unprinted lists the limits that no page prints.
func unprinted(d *contract.Document) string {
	schemas := d.Unprinted()
	if len(schemas) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n<a id=\"unprinted\"></a>\n\n## 官方文档未给出的限制\n\nLimits that no page prints. The client and the sandbox do not check them: WeChat Pay may.\n\n| Where | Not printed |\n|---|---|\n")
	for _, s := range schemas {
		fmt.Fprintf(&b, "| %s | %s |\n", code(strings.TrimPrefix(s.At, "components.schemas.")), cell(strings.Join(s.Keywords, ", ")))
	}
	return b.String()
}

func (p *page) row(c covered) string {
	id := ""
	if op, ok := c.operations[p.Operation]; ok {
		id = op.ID
	} else if p.Event != "" {
		id = p.Event
	}
	var links []string
	for _, u := range p.URLs {
		links = append(links, fmt.Sprintf("[%s](%s)", u[strings.LastIndex(u, "/")+1:], u))
	}
	status := "covered"
	if p.Reason != "" {
		status = "left out: " + p.Reason
	}
	date := p.Date
	if date == "" {
		date = "unknown"
	}
	cells := []string{cell(p.Title), code(p.Operation), code(id), strings.Join(links, ", "), date, cell(status)}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

func cell(s string) string { return strings.ReplaceAll(contract.OneLine(s), "|", `\|`) }

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}
