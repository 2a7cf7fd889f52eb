package lint

import (
	"regexp/syntax"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// textRule exists because the client makes a table of characters of the pattern:
// any other form would be checked by none of the languages.
func textRule(d *document, report reporter) {
	key, rule := contract.Lookup(d.root, contract.TextKey)
	if key == nil {
		return
	}
	e := catalogueEntry{at: contract.TextKey, key: key, about: rule, report: report}
	if !contract.IsMapping(rule) {
		report(key.Line, "%s is not a mapping; state title, description, pattern and sources", contract.TextKey)
		return
	}
	e.known(rule, e.at, "title", "description", "pattern", "sources")
	e.chinese(rule, "title", e.at)
	e.english(rule, "description", e.at)
	if len(contract.Items(contract.Get(rule, "sources"))) == 0 {
		report(e.line("sources"), "%s.sources is no list of sources; say where the rule was read", e.at)
	}
	e.sources("sources")
	pattern := contract.String(rule, "pattern")
	if fault := patternFault(pattern); fault != "" {
		report(e.line("pattern"), "%s.pattern %q %s", e.at, pattern, fault)
	} else if !oneClass(pattern) {
		report(e.line("pattern"), "%s.pattern %q is not one class of characters below U+10000, repeated; write it like ^[a-z]*$", e.at, pattern)
	}
}

// oneClass says whether a pattern is ^[...]*$ with characters that JavaScript
// counts as one each.
func oneClass(pattern string) bool {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || tree.Op != syntax.OpConcat || len(tree.Sub) != 3 || tree.Sub[1].Op != syntax.OpStar {
		return false
	}
	class := tree.Sub[1].Sub[0]
	return class.Op == syntax.OpCharClass && len(class.Rune) > 0 && class.Rune[len(class.Rune)-1] <= 0xFFFF
}
