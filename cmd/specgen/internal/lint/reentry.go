package lint

import (
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
	if len(contract.Items(contract.Get(e.about, "sources"))) == 0 && (same != "unknown" || other != "unknown") {
		e.report(e.key.Line, "%s has no sources; say where it was read, or unknown", e.at)
	}
	e.sources("sources")
}

func (e *reentryEntry) oneOf(field string, values []string) string {
	v := e.text(field)
	if !slices.Contains(values, v) {
		e.report(e.line(field), "%s.%s is %q; use one of %s", e.at, field, v, strings.Join(values, ", "))
		return "unknown"
	}
	return v
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
