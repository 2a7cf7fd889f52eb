package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// verbs start an operation id, so that methods read as actions in every language.
var verbs = strings.Fields(`accept apply assess bind cancel close complete confirm create delete direct download
	echo get handle list modify notify open pay query receive refund register remove request revoke search send
	stop sync terminate unbind update upload verify`)

var lowerCamel = regexp.MustCompile(`^([a-z]+)([A-Z0-9][a-zA-Z0-9]*)?$`)

// operationID exists because the id is the method's name in generated code: a
// clash or another case breaks the build of whoever generates.
func operationID(d *document, report reporter) {
	first := map[string]int{}
	for _, o := range d.all(contract.KindOperation) {
		id, line := o.text("operationId"), o.lineOf("operationId")
		switch m := lowerCamel.FindStringSubmatch(id); {
		case id == "":
			report(o.line, "%s has no operationId; name it verb first, like queryServiceOrder", o.at())
			continue
		case m == nil:
			report(line, "%s.operationId %q is not lowerCamel; write it like queryServiceOrder", o.at(), id)
		case !slices.Contains(verbs, m[1]):
			report(line, "%s.operationId %q does not start with a known verb; start with one of %s", o.at(), id, strings.Join(verbs, ", "))
		}
		if other, dup := first[id]; dup {
			report(line, "%s.operationId %q is already on line %d; ids are unique", o.at(), id, other)
			continue
		}
		first[id] = line
	}
}

const docsSite = "https://pay.weixin.qq.com/"

// externalDocs exists because every statement of the contract has to be
// traceable to the page that it was read from.
func externalDocs(d *document, report reporter) {
	for _, o := range d.all(contract.KindOperation) {
		docs := o.child("externalDocs")
		if docs == nil {
			report(o.line, "%s has no externalDocs; link its page, %s...", o.at(), docsSite)
		} else if u := docs.text("url"); !strings.HasPrefix(u, docsSite) {
			report(docs.lineOf("url"), "%s.url is %q; link the page on %s", docs.at(), u, docsSite)
		}
	}
}

// noContent exists because clients do not read a body of a 204, and some
// servers refuse to write one.
func noContent(d *document, report reporter) {
	for _, o := range d.objects {
		if !o.under(contract.KindResponses, "204") {
			continue
		}
		if r := d.resolve(o); r != nil && r.has("content") {
			report(r.lineOf("content"), "%s has content; a 204 has none, remove it or answer 200", r.at())
		}
	}
}

// errorStatuses are the refusals on WeChat Pay's common page of errors: any
// call can meet any of them.
var errorStatuses = []string{"400", "401", "403", "404", "429", "500"}

const errorSchema = "#/components/schemas/Error"

// errorResponses exists because one error type serves all operations only as
// long as all of them answer it. It leaves callbacks out: those the merchant answers.
func errorResponses(d *document, report reporter) {
	for _, op := range d.all(contract.KindOperation) {
		responses := op.child("responses")
		if op.within(contract.KindCallback) || responses == nil {
			continue
		}
		var missing []string
		for _, status := range errorStatuses {
			r := responses.child(status)
			if r == nil {
				missing = append(missing, status)
				continue
			}
			errorBody(d, d.resolve(r), report)
		}
		if len(missing) > 0 {
			report(responses.line, "%s lacks %s; every operation can meet them", responses.at(), strings.Join(missing, ", "))
		}
	}
}

func errorBody(d *document, r *object, report reporter) {
	if r == nil {
		return
	}
	content := r.in("content")
	if len(content) == 0 {
		report(r.line, "%s has no content; an error answers %s", r.at(), errorSchema)
	}
	for _, m := range content {
		if s := m.child("schema"); s == nil || s.ref != errorSchema {
			report(m.lineOf("schema"), "%s.schema is not a $ref to %s; all errors have one shape", m.at(), errorSchema)
		}
		if !hasExample(m) {
			report(m.line, "%s has no example; show the code and the message", m.at())
		}
	}
}

func hasExample(m *object) bool { return m.has("example") || len(m.in("examples")) > 0 }

// hasExamples exists because tests of every language, the sandbox and the
// reference page are fed from the examples.
func hasExamples(d *document, report reporter) {
	check := func(o *object, what string) {
		if o = d.resolve(o); o == nil || len(o.in("content")) == 0 {
			return
		}
		for _, m := range o.in("content") {
			if s := d.resolve(m.child("schema")); hasExample(m) || s != nil && s.text("format") == "binary" {
				return
			}
		}
		report(o.line, "%s has no example; show one %s", o.at(), what)
	}
	for _, op := range d.all(contract.KindOperation) {
		if body := op.child("requestBody"); body != nil {
			check(body, "request")
		}
		if responses := op.child("responses"); responses != nil {
			for _, r := range responses.children {
				if strings.HasPrefix(r.field, "2") {
					check(r, "answer")
				}
			}
		}
	}
}
