package lint

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// reads are the methods of operations that change nothing.
var reads = []string{"get", "head", "options", "trace"}

// reentry exists because a write whose answer was lost is sent again, and
// whether that is safe differs from one operation to the next: silence would be
// taken for a yes.
func reentry(d *document, report reporter) {
	codes, numbers := d.catalogue(contract.ErrorsKey), d.catalogue(contract.ErrorNumbersKey)
	for _, op := range d.all(contract.KindOperation) {
		read := op.within(contract.KindCallback) || slices.Contains(reads, op.field)
		key, table := contract.Lookup(op.node, contract.ReentryKey)
		switch {
		case key == nil && read:
		case key == nil:
			report(op.line, "%s has no %s; say what a repeat does, unknown where no source tells", op.at(), contract.ReentryKey)
		case read:
			report(key.Line, "%s.%s stands on a call that changes nothing; remove it", op.at(), contract.ReentryKey)
		default:
			e := reentryEntry{catalogueEntry{at: op.at() + "." + contract.ReentryKey, key: key, about: table, report: report}}
			e.check(codes, numbers)
		}
	}
}

// A reentryEntry is what one operation says about its re-entry.
type reentryEntry struct{ catalogueEntry }

func (e *reentryEntry) check(codes, numbers map[string]bool) {
	if !contract.IsMapping(e.about) {
		e.report(e.key.Line, "%s is not a mapping; state same_parameters, other_parameters and sources", e.at)
		return
	}
	e.known(e.about, e.at, "same_parameters", "other_parameters", "refusal", "remedy", "note", "sources")
	same, other := e.oneOf("same_parameters", contract.SameParameters), e.oneOf("other_parameters", contract.OtherParameters)
	if note := e.text("note"); note != "" {
		e.english(e.about, "note", e.at)
	}
	refusal := contract.Get(e.about, "refusal")
	if (other == "refused") != (refusal != nil) {
		e.report(e.line("other_parameters"), "%s.refusal belongs to other_parameters refused, and only to it", e.at)
	}
	if refusal != nil {
		e.refusal(refusal, codes, numbers)
	}
	if remedy := contract.Get(e.about, "remedy"); remedy != nil {
		e.chinese(remedy, "zh", e.at+".remedy")
		e.english(remedy, "en", e.at+".remedy")
	} else if same == "refused" || other == "refused" {
		e.report(e.key.Line, "%s has no remedy; say in zh and en what to do about the refusal", e.at)
	}
	sources := contract.Items(contract.Get(e.about, "sources"))
	if len(sources) == 0 && (same != "unknown" || other != "unknown") {
		e.report(e.key.Line, "%s has no sources; say where it was read, or unknown", e.at)
	}
	for _, s := range sources {
		e.source(s)
	}
}

func (e *reentryEntry) oneOf(field string, values []string) string {
	v := e.text(field)
	if !slices.Contains(values, v) {
		e.report(e.line(field), "%s.%s is %q; use one of %s", e.at, field, v, strings.Join(values, ", "))
		return "unknown"
	}
	return v
}

func (e *reentryEntry) known(n *yaml.Node, at string, fields ...string) {
	for k := range contract.Entries(n) {
		if !slices.Contains(fields, k.Value) {
			e.report(k.Line, "%s.%s is not known; use one of %s", at, k.Value, strings.Join(fields, ", "))
		}
	}
}

func (e *reentryEntry) refusal(r *yaml.Node, codes, numbers map[string]bool) {
	at := e.at + ".refusal"
	if !contract.IsMapping(r) {
		e.report(e.line("refusal"), "%s is not a mapping; state status, code, number and message", at)
		return
	}
	e.known(r, at, "status", "code", "number", "message")
	if s := contract.String(r, "status"); !errorStatus.MatchString(s) {
		e.report(r.Line, "%s.status %q is not the HTTP status of an error", at, s)
	}
	if code := contract.String(r, "code"); codes != nil && !codes[code] {
		e.report(r.Line, "%s.code %q is not in %s; add it there", at, code, contract.ErrorsKey)
	}
	if n := contract.String(r, "number"); n != "" && numbers != nil && !numbers[n] {
		e.report(r.Line, "%s.number %s is not in %s; add it there", at, n, contract.ErrorNumbersKey)
	}
	if contract.String(r, "message") == "" {
		e.report(r.Line, "%s has no message; give the text that WeChat Pay sends", at)
	}
}

var sourceDate = regexp.MustCompile(`^([0-9]{4}(-[0-9]{2}){0,2}|undated)$`)

func (e *reentryEntry) source(s *yaml.Node) {
	at := e.at + ".sources"
	if !contract.IsMapping(s) {
		e.report(e.line("sources"), "%s is not a list of mappings; state url, date, title and says", at)
		return
	}
	e.known(s, at, "url", "date", "title", "says")
	if u := contract.String(s, "url"); !strings.HasPrefix(u, "https://") {
		e.report(s.Line, "%s.url is %q; link what was read", at, u)
	}
	if date := contract.String(s, "date"); !sourceDate.MatchString(date) {
		e.report(s.Line, "%s.date is %q; write it like 2025-03-06, or undated", at, date)
	}
	if contract.String(s, "title") == "" {
		e.report(s.Line, "%s has no title", at)
	}
	if says := contract.String(s, "says"); !isEnglish(says) {
		e.report(s.Line, "%s.says is %q; say it in English, Chinese terms in quotes or parentheses", at, says)
	}
}
