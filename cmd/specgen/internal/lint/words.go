package lint

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

func hasHan(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// quoted is where an English description may hold Chinese: a value or a message
// that WeChat Pay writes in Chinese has to be shown as it is. A quote mark
// after a letter is an apostrophe.
var quoted = regexp.MustCompile("`[^`]*`|“[^”]*”|‘[^’]*’|\"[^\"]*\"|\\B'[^']*'|（[^）]*）|\\([^()]*\\)")

func isEnglish(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Latin, r) }) &&
		!hasHan(quoted.ReplaceAllString(s, ""))
}

// wantsLabel says whether the reference page shows a label for a schema:
// whether it is a component, a property, or the schema of a parameter or
// header. Items and members of allOf take theirs from what they are part of.
func wantsLabel(o *object) bool {
	return o.under(contract.KindComponents, "schemas") || o.under(contract.KindSchema, "properties") ||
		o.under(contract.KindParameter, "schema") || o.under(contract.KindHeader, "schema")
}

// titleMissing exists because readers of WeChat Pay's own pages look fields up
// by their Chinese names.
func titleMissing(d *document, report reporter) {
	for _, o := range d.all(contract.KindSchema) {
		if wantsLabel(o) && o.text("title") == "" {
			report(o.line, "%s has no title; give its Chinese name on WeChat Pay's page", o.at())
		}
	}
	for _, o := range d.all(contract.KindOperation) {
		if o.text("summary") == "" {
			report(o.line, "%s has no summary; give its Chinese name on WeChat Pay's page", o.at())
		}
	}
}

// titleLanguage keeps the two languages in their places.
func titleLanguage(d *document, report reporter) {
	check := func(o *object, field string) {
		if t := o.text(field); t != "" && !hasHan(t) {
			report(o.lineOf(field), "%s.%s is %q; a %s is the Chinese name, English goes to the description", o.at(), field, t, field)
		}
	}
	for _, o := range d.all(contract.KindSchema) {
		check(o, "title")
	}
	for _, o := range d.all(contract.KindOperation) {
		check(o, "summary")
	}
}

// described gives the objects that must say in English what they are.
func described(d *document) []*object {
	var out []*object
	for _, o := range d.objects {
		switch o.kind {
		case contract.KindParameter, contract.KindHeader, contract.KindOperation, contract.KindTag, contract.KindResponse:
		case contract.KindSchema:
			if !o.under(contract.KindComponents, "schemas") && !o.under(contract.KindSchema, "properties") {
				continue
			}
		default:
			continue
		}
		if o.ref == "" {
			out = append(out, o)
		}
	}
	return out
}

// descriptionMissing exists because the description becomes the doc comment of
// generated code in every language.
func descriptionMissing(d *document, report reporter) {
	for _, o := range described(d) {
		if strings.TrimSpace(o.text("description")) == "" {
			report(o.line, "%s has no description; say in English what it is", o.at())
		}
	}
}

// descriptionLanguage keeps doc comments readable for those who read no Chinese.
func descriptionLanguage(d *document, report reporter) {
	for _, o := range d.objects {
		if s := o.text("description"); o.ref == "" && describable[o.kind] && strings.TrimSpace(s) != "" && !isEnglish(s) {
			report(o.lineOf("description"), "%s.description is not English; write English, and put Chinese terms in quotes, backticks or parentheses", o.at())
		}
	}
}

// describable leaves out the document itself, servers and links to Chinese
// pages, which may be described in either language.
var describable = map[contract.Kind]bool{
	contract.KindParameter: true, contract.KindHeader: true, contract.KindOperation: true, contract.KindTag: true, contract.KindResponse: true,
	contract.KindSchema: true, contract.KindRequestBody: true, contract.KindExample: true,
}
