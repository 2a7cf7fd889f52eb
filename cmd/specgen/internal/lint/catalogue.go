package lint

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// errorCatalogue exists because the tables of errors become Go tables and a
// page for readers of either language: an entry that is half told helps nobody
// at three in the morning.
func errorCatalogue(d *document, report reporter) {
	codes := d.catalogue(contract.ErrorsKey)
	for _, table := range []string{contract.ErrorsKey, contract.ErrorNumbersKey} {
		key, v := contract.Lookup(d.root, table)
		if key == nil {
			continue
		}
		if !contract.IsMapping(v) {
			report(key.Line, "%s is not a mapping; declare each error by its code or number", table)
		}
		names := map[string]string{}
		for name, about := range contract.Entries(v) {
			if n := contract.String(about, "name"); n != "" {
				if other := names[n]; other != "" {
					report(name.Line, "%s.%s has the name %s of %s; give it another", table, name.Value, n, other)
				}
				names[n] = name.Value
			}
			e := catalogueEntry{at: table + "." + name.Value, key: name, about: about, report: report}
			e.check(table == contract.ErrorNumbersKey, codes)
		}
	}
}

// A catalogueEntry is what one of the two tables says about one error.
type catalogueEntry struct {
	at         string
	key, about *yaml.Node
	report     reporter
}

var (
	errorCode   = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	errorNumber = regexp.MustCompile(`^[1-9][0-9]*$`)
	errorStatus = regexp.MustCompile(`^[45][0-9][0-9]$`)
)

func (e *catalogueEntry) check(isNumber bool, codes map[string]bool) {
	if !contract.IsMapping(e.about) {
		e.report(e.key.Line, "%s is not a mapping; state title, description, remedy and retry", e.at)
		return
	}
	known := []string{"title", "description", "remedy", "retry"}
	if isNumber {
		known = append(known, "name", "code", "message")
		if !errorNumber.MatchString(e.key.Value) {
			e.report(e.key.Line, "%s is not a number; it is the one at the end of Request-ID", e.at)
		}
		if code := e.text("code"); code != "" && codes != nil && !codes[code] {
			e.report(e.line("code"), "%s.code %q is not in %s; add it there", e.at, code, contract.ErrorsKey)
		}
		if !errorCode.MatchString(e.text("name")) {
			e.report(e.line("name"), "%s.name %q is not a name, like TOO_FREQUENT; programs call the number by it", e.at, e.text("name"))
		}
		if e.text("message") == "" {
			e.report(e.key.Line, "%s has no message; give the text that WeChat Pay sends", e.at)
		}
	} else {
		known = append(known, "status", "unsigned")
		if k, list := contract.Lookup(e.about, "unsigned"); k != nil && len(contract.Items(list)) == 0 {
			e.report(k.Line, "%s.unsigned is no list of sources; say where it was read that the refusal comes unsigned", e.at)
		}
		e.sources("unsigned")
		if !errorCode.MatchString(e.key.Value) {
			e.report(e.key.Line, "%s is not a code, like PARAM_ERROR", e.at)
		}
		if s := e.text("status"); !errorStatus.MatchString(s) {
			e.report(e.line("status"), "%s.status %q is not the HTTP status of an error", e.at, s)
		}
	}
	e.known(e.about, e.at, known...)
	e.chinese(e.about, "title", e.at)
	e.english(e.about, "description", e.at)
	if remedy := contract.Get(e.about, "remedy"); contract.IsMapping(remedy) {
		e.chinese(remedy, "zh", e.at+".remedy")
		e.english(remedy, "en", e.at+".remedy")
	} else {
		e.report(e.line("remedy"), "%s has no remedy; say in zh and en what to do", e.at)
	}
	if retry := e.text("retry"); !slices.Contains(contract.Retries, retry) {
		e.report(e.line("retry"), "%s.retry is %q; use one of %s", e.at, retry, strings.Join(contract.Retries, ", "))
	}
}

func (e *catalogueEntry) known(n *yaml.Node, at string, fields ...string) {
	for k := range contract.Entries(n) {
		if !slices.Contains(fields, k.Value) {
			e.report(k.Line, "%s.%s is not known; use one of %s", at, k.Value, strings.Join(fields, ", "))
		}
	}
}

func (e *catalogueEntry) text(field string) string { return contract.String(e.about, field) }

// line gives the line of a field, or of the entry when it is absent.
func (e *catalogueEntry) line(field string) int {
	if k, _ := contract.Lookup(e.about, field); k != nil {
		return k.Line
	}
	return e.key.Line
}

func (e *catalogueEntry) chinese(n *yaml.Node, field, at string) {
	if s := contract.String(n, field); !hasHan(s) {
		e.report(e.lineIn(n, field), "%s.%s is %q; write it in Chinese", at, field, s)
	}
}

func (e *catalogueEntry) english(n *yaml.Node, field, at string) {
	if s := contract.String(n, field); !isEnglish(s) {
		e.report(e.lineIn(n, field), "%s.%s is %q; write it in English, Chinese terms in quotes or parentheses", at, field, s)
	}
}

func (e *catalogueEntry) lineIn(n *yaml.Node, field string) int {
	if k, _ := contract.Lookup(n, field); k != nil {
		return k.Line
	}
	return e.key.Line
}

// catalogue gives the keys of a table at the root, or nil when the contract
// does not have it.
func (d *document) catalogue(table string) map[string]bool {
	v := contract.Get(d.root, table)
	if !contract.IsMapping(v) {
		return nil
	}
	out := map[string]bool{}
	for k := range contract.Entries(v) {
		out[k.Value] = true
	}
	return out
}

// errorKnown exists because a code that the contract shows and the catalogue
// does not know is one that no client can explain. The codes that a merchant
// answers to a notification are its own.
func errorKnown(d *document, report reporter) {
	codes, numbers := d.catalogue(contract.ErrorsKey), d.catalogue(contract.ErrorNumbersKey)
	check := func(known map[string]bool, table, at, name string, line int) {
		if known != nil && name != "" && !known[name] {
			report(line, "%s %s is not in %s; add it there", at, name, table)
		}
	}
	done := map[*object]bool{}
	for _, op := range d.all(contract.KindOperation) {
		if op.within(contract.KindCallback) {
			continue
		}
		if responses := op.child("responses"); responses != nil {
			for _, r := range responses.children {
				if r.field < "400" || r.field > "599" && r.field != "default" {
					continue
				}
				if r = d.resolve(r); r == nil || done[r] {
					continue
				}
				done[r] = true
				for _, m := range r.in("content") {
					if v := contract.Get(m.node, "example"); v != nil {
						check(codes, contract.ErrorsKey, m.at()+".example.code", codeOf(v), m.lineOf("example"))
					}
					for _, e := range m.in("examples") {
						if e = d.resolve(e); e != nil && !done[e] {
							done[e] = true
							check(codes, contract.ErrorsKey, e.at()+".value.code", codeOf(contract.Get(e.node, "value")), e.line)
						}
					}
				}
			}
		}
		for stage, r := range contract.Entries(contract.Get(contract.Get(op.node, stagesKey), "refusals")) {
			at := op.at() + "." + stagesKey + ".refusals." + stage.Value
			check(codes, contract.ErrorsKey, at+".code", contract.String(r, "code"), stage.Line)
			if n := contract.String(r, "number"); errorNumber.MatchString(n) {
				check(numbers, contract.ErrorNumbersKey, at+".number", n, stage.Line)
			}
		}
	}
}

// codeOf gives the code of an error's body. What is no text is a finding of
// the rule example.
func codeOf(body *yaml.Node) string {
	if v := contract.Get(body, "code"); v != nil && v.Tag == "!!str" {
		return v.Value
	}
	return ""
}

var eventType = regexp.MustCompile(`^[A-Z0-9_]+(\.[A-Z0-9_]+)+$`)

// eventResources exists because a notification is encrypted: only this table
// says what the type of an event carries.
func eventResources(d *document, report reporter) {
	for _, op := range d.all(contract.KindOperation) {
		key, table := contract.Lookup(op.node, contract.ResourcesKey)
		if key == nil {
			continue
		}
		at := op.at() + "." + contract.ResourcesKey
		if !op.within(contract.KindCallback) {
			report(key.Line, "%s stands on a call of the merchant; events are told by callbacks", at)
		}
		if !contract.IsMapping(table) || len(table.Content) == 0 {
			report(key.Line, "%s is not a mapping from types of events to schemas", at)
		}
		for event, resource := range contract.Entries(table) {
			if !eventType.MatchString(event.Value) {
				report(event.Line, "%s.%s is not a type of event, like PAYSCORE.USER_PAID", at, event.Value)
			} else if op.within(contract.KindCallback) {
				eventExample(d, op, event, at, report)
			}
			ref := contract.String(resource, "$ref")
			schema := d.byNode[place{d.find(ref), contract.KindSchema}]
			if schema == nil || !schema.under(contract.KindComponents, "schemas") {
				report(event.Line, "%s.%s refers to %q, which is not a schema of this file; write {$ref: '#/components/schemas/...'}", at, event.Value, ref)
			}
		}
	}
}

// eventExample looks for the example of a notification with the name of its
// event. A body without any is a finding of the rule examples.
func eventExample(d *document, op *object, event *yaml.Node, at string, report reporter) {
	body := d.resolve(op.child("requestBody"))
	if body == nil {
		return
	}
	none := true
	for _, m := range body.in("content") {
		none = none && !m.has("example") && !m.has("examples")
		for _, e := range m.in("examples") {
			if e.name != event.Value {
				continue
			}
			if e = d.resolve(e); e != nil && contract.String(contract.Get(e.node, "value"), "event_type") != event.Value {
				report(e.line, "%s.%s has an example with another event_type", at, event.Value)
			}
			return
		}
	}
	if !none {
		report(event.Line, "%s.%s has no example of its name; the sandbox sends the envelope that it shows", at, event.Value)
	}
}

const pathSafeKey = "x-wechatpay-path-safe"

// pathParameter exists because a value in a path that holds a slash or nothing
// is another call. Where no page states the characters, an extension tells why
// it is safe all the same.
func pathParameter(d *document, report reporter) {
	for _, p := range d.all(contract.KindParameter) {
		if p.text("in") != "path" || strings.TrimSpace(p.text(pathSafeKey)) != "" {
			continue
		}
		schema := d.resolve(p.child("schema"))
		if schema == nil || schema.text("type") != "string" || schema.has("enum") || schema.has("pattern") {
			continue
		}
		report(p.line, "%s is a text in a path without a pattern; state the characters it may have, or say in %s why any are safe", p.at(), pathSafeKey)
	}
}

// arrayOfStrings exists because checks of length stop at the list, when the
// texts in it say nothing themselves.
func arrayOfStrings(d *document, report reporter) {
	roots := d.requestBodies()
	for _, p := range d.all(contract.KindParameter) {
		if !p.within(contract.KindCallback) {
			roots = append(roots, p)
		}
	}
	reached := d.reach(roots)
	for _, o := range d.objects {
		if o.kind != contract.KindSchema || !reached[o] || o.text("type") != "array" {
			continue
		}
		items := d.resolve(o.child("items"))
		if items == nil || items.text("type") != "string" || items.has("enum") || items.has("format") {
			continue
		}
		if !items.limited("maxLength") || !items.limited("minLength") && !items.limited("pattern") {
			report(o.line, "%s is a list of texts in a request; give its items maxLength and minLength, or a pattern, or name them in %s", o.at(), contract.UnprintedKey)
		}
	}
}
