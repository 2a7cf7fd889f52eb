package build

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

var (
	//go:embed viewer/redoc.standalone.js
	viewer string
	//go:embed page.html
	pageTemplate string
	//go:embed page.js
	pageScript string
)

// page makes the reference page: the viewer, the contract and an index for the
// search, in one file that fetches nothing.
func page(d *contract.Document) ([]byte, error) {
	shown, err := forReaders(d)
	if err != nil {
		return nil, err
	}
	document, err := toJSON(shown, shown.Root)
	if err != nil {
		return nil, err
	}
	entries, err := index(d)
	if err != nil {
		return nil, err
	}
	found, err := json.Marshal(entries)
	if err != nil {
		return nil, err
	}
	if strings.Contains(strings.ToLower(viewer+pageScript), "</script") {
		return nil, errors.New("a script of the page ends the element it stands in")
	}
	return []byte(strings.NewReplacer(
		"{{title}}", html.EscapeString(contract.String(contract.Get(d.Root, "info"), "title")),
		"{{document}}", inScript(document),
		"{{index}}", inScript(found),
		"{{viewer}}", viewer,
		"{{script}}", pageScript,
	).Replace(pageTemplate)), nil
}

// inScript makes JSON of one line that no HTML parser takes for the end of its element.
func inScript(data []byte) string {
	var out bytes.Buffer
	if json.Compact(&out, data) != nil {
		return "null"
	}
	return strings.ReplaceAll(out.String(), "<", `\u003c`)
}

// forReaders gives a copy of the contract with what the viewer does not show
// by itself: both languages in the menu, the limits that no page prints, the stages
// and the errors.
func forReaders(d *contract.Document) (*contract.Document, error) {
	root, err := clone(d, d.Root)
	if err != nil {
		return nil, err
	}
	out := &contract.Document{File: d.File, Root: root}
	for _, schema := range out.Unprinted() {
		about := contract.String(schema.Node, "description") + "\n\n官方文档未给出此限制 No page prints this limit: `" + strings.Join(schema.Keywords, "`, `") + "`"
		set(schema.Node, "description", text(strings.TrimSpace(about)))
	}
	if err := harmless(out, contract.KindDocument, root); err != nil {
		return nil, err
	}
	stages, err := d.Stages()
	if err != nil {
		return nil, err
	}
	for _, op := range append(out.Operations(), out.CallbackOperations()...) {
		set(op.Node, "summary", text(bilingual(op)))
		about := "**" + code(op.ID) + "**\n\n" + contract.String(op.Node, "description")
		table, err := out.StageTable(op)
		if err != nil {
			return nil, err
		}
		reentry, err := out.Reentry(op)
		if err != nil {
			return nil, err
		}
		about += stagesOf(stages, table) + reentryOf(reentry) + errorsOf(out, op) + eventsOf(out, op)
		set(op.Node, "description", text(about))
	}
	tags := contract.Get(root, "tags")
	if tags == nil {
		tags = list()
		set(root, "tags", tags)
	}
	// A tag of callbacks alone would be an empty entry of the menu; the page has a section on them.
	used := map[string]bool{}
	for _, op := range out.Operations() {
		for _, tag := range contract.Items(contract.Get(op.Node, "tags")) {
			used[tag.Value] = true
		}
	}
	tags.Content = slices.DeleteFunc(tags.Content, func(tag *yaml.Node) bool { return !used[contract.String(tag, "name")] })
	sections, err := sections(d)
	if err != nil {
		return nil, err
	}
	for _, s := range sections {
		tag := mapping()
		set(tag, "name", text(s.name))
		set(tag, "x-displayName", text(s.title))
		set(tag, "x-traitTag", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
		set(tag, "description", text(s.markdown))
		tags.Content = append(tags.Content, tag)
	}
	return out, nil
}

// bilingual adds the English words of the operation's id to its Chinese name.
func bilingual(op contract.Operation) string {
	return strings.TrimSpace(contract.String(op.Node, "summary") + " " + words(op.ID))
}

// words makes "Modify partner service order" of modifyPartnerServiceOrder.
func words(id string) string {
	var out []rune
	for i, r := range id {
		switch {
		case i == 0:
			r = unicode.ToUpper(r)
		case unicode.IsUpper(r):
			out = append(out, ' ')
			r = unicode.ToLower(r)
		}
		out = append(out, r)
	}
	return string(out)
}

// An entry is what the search of the page finds. It stands where the viewer
// shows to.
type entry struct {
	Title string `json:"title"`
	Text  string `json:"text"`
	To    string `json:"to"`
}

// index lists the operations, with their fields, and the tables.
func index(d *contract.Document) ([]entry, error) {
	out := []entry{}
	for _, op := range d.Operations() {
		to := "operation/" + op.ID
		name := bilingual(op)
		out = append(out, entry{name, op.Method + " " + op.Path + " " + op.ID + " " + contract.OneLine(contract.String(op.Node, "description")), to})
		seen := map[string]bool{}
		for _, f := range fieldsOf(d, op.Node) {
			text := f.name + " " + f.title + " " + f.description
			if !seen[text] {
				seen[text] = true
				out = append(out, entry{name + " › " + f.name + " " + f.title, f.description, to})
			}
		}
	}
	codes, err := d.ErrorCodes()
	if err != nil {
		return nil, err
	}
	for _, c := range codes {
		out = append(out, entry{c.Code + " " + c.Meaning.ZH, catalogued(c.Meaning, c.Remedy, c.Retry), "tag/" + errorsTag})
	}
	numbers, err := d.ErrorNumbers()
	if err != nil {
		return nil, err
	}
	for _, n := range numbers {
		out = append(out, entry{fmt.Sprintf("%d %s", n.Number, n.Message), n.Code + " " + catalogued(n.Meaning, n.Remedy, n.Retry), "tag/" + errorsTag})
	}
	stages, err := d.Stages()
	if err != nil {
		return nil, err
	}
	for _, s := range stages {
		out = append(out, entry{s.Name + " " + s.Title, s.Description, "tag/" + stagesTag})
	}
	for _, e := range events(d) {
		out = append(out, entry{e.name, e.title, "tag/" + eventsTag})
	}
	return out, nil
}

func catalogued(meaning, remedy contract.Text, retry string) string {
	return strings.Join([]string{meaning.ZH, meaning.EN, remedy.ZH, remedy.EN, strings.ReplaceAll(retryWords[retry], "<br>", " ")}, " ")
}

type fieldText struct{ name, title, description string }

// fieldsOf gives the parameters and properties that an operation takes and answers.
func fieldsOf(d *contract.Document, op *yaml.Node) []fieldText {
	var out []fieldText
	seen := map[*yaml.Node]bool{}
	var walk func(path string, schema *yaml.Node)
	walk = func(path string, schema *yaml.Node) {
		schema = d.Resolve(schema)
		if schema == nil || seen[schema] {
			return
		}
		seen[schema] = true
		for name, p := range contract.Entries(contract.Get(schema, "properties")) {
			target := d.Resolve(p)
			out = append(out, fieldText{path + name.Value, contract.String(target, "title"), contract.OneLine(contract.String(target, "description"))})
			walk(path+name.Value+".", target)
		}
		walk(strings.TrimSuffix(path, ".")+"[].", contract.Get(schema, "items"))
		for _, part := range contract.Items(contract.Get(schema, "allOf")) {
			walk(path, part)
		}
	}
	content := func(n *yaml.Node) {
		for _, media := range contract.Entries(contract.Get(d.Resolve(n), "content")) {
			walk("", contract.Get(media, "schema"))
		}
	}
	for _, p := range contract.Items(contract.Get(op, "parameters")) {
		p = d.Resolve(p)
		out = append(out, fieldText{contract.String(p, "name"), contract.String(d.Resolve(contract.Get(p, "schema")), "title"), contract.OneLine(contract.String(p, "description"))})
	}
	content(contract.Get(op, "requestBody"))
	for status, r := range contract.Entries(contract.Get(op, "responses")) {
		if strings.HasPrefix(status.Value, "2") {
			content(r)
		}
	}
	return out
}
