package lint

import (
	"regexp"
	"strings"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

var sourceDate = regexp.MustCompile(`^([0-9]{4}(-[0-9]{2}){0,2}|undated)$`)

// sources checks a list of places where something was read.
func (e *catalogueEntry) sources(field string) {
	at := e.at + "." + field
	for _, s := range contract.Items(contract.Get(e.about, field)) {
		if !contract.IsMapping(s) {
			e.report(e.line(field), "%s is not a list of mappings; state url, date, title and says", at)
			continue
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
}
