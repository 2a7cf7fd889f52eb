package lint

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// patternAnchored exists because JSON Schema searches where most people expect
// a match of the whole, and because a pattern has to mean the same in Go and
// in JavaScript.
func patternAnchored(d *document, report reporter) {
	for _, o := range d.all(contract.KindSchema) {
		if !o.has("pattern") {
			continue
		}
		p := o.text("pattern")
		if fault := patternFault(p); fault != "" {
			report(o.lineOf("pattern"), "%s.pattern %q %s", o.at(), p, fault)
		}
	}
}

// patternFault says what is wrong with a pattern and what to do, or "".
func patternFault(p string) string {
	if fault := outsideSubset(p); fault != "" {
		return fault
	}
	if _, err := regexp.Compile(p); err != nil {
		return "does not compile in Go (" + err.Error() + "); keep to what RE2 and ECMAScript share"
	}
	tree, err := syntax.Parse(p, syntax.Perl)
	if err != nil || !anchored(tree) {
		return "matches a part of the value; start it with ^ and end it with $, alternatives in (?:...)"
	}
	return ""
}

// anchored looks at the parsed pattern, since ^a|b$ has both marks and anchors
// neither alternative whole.
func anchored(tree *syntax.Regexp) bool {
	for tree.Op == syntax.OpCapture {
		tree = tree.Sub[0]
	}
	if tree.Op != syntax.OpConcat || len(tree.Sub) < 2 {
		return false
	}
	return tree.Sub[0].Op == syntax.OpBeginText && tree.Sub[len(tree.Sub)-1].Op == syntax.OpEndText
}

// outsideSubset names the first construct that RE2 or ECMAScript lacks, or
// that the two read differently.
func outsideSubset(p string) string {
	inClass := false
	for i := 0; i < len(p); i++ {
		rest := p[i:]
		switch {
		case p[i] == '\\' && len(rest) > 1:
			i++
			switch c := rest[1]; {
			case c == 'p' || c == 'P':
				return `uses \p, which ECMAScript reads only with a flag; list the characters`
			case strings.IndexByte("AzZQEaCGKXRuckg", c) >= 0:
				return "uses \\" + string(c) + ", which RE2 and ECMAScript do not share; spell it out, with ^ and $ for the ends"
			case c >= '1' && c <= '9':
				return "uses a backreference, which RE2 does not have; rewrite it without"
			case c == 'x' && strings.HasPrefix(rest, `\x{`):
				return `uses \x{...}, which ECMAScript does not have; write the character itself`
			}
		case inClass:
			if strings.HasPrefix(rest, "[:") {
				return "uses a [:class:], which ECMAScript does not have; list the characters"
			}
			inClass = p[i] != ']'
		case p[i] == '[':
			inClass = true
			// A ] right after the opening is a member for RE2 and the end for ECMAScript.
			if body := strings.TrimPrefix(rest[1:], "^"); strings.HasPrefix(body, "]") {
				return "starts a class with ], which RE2 and ECMAScript read differently; escape it"
			}
		case strings.HasPrefix(rest, "(?=") || strings.HasPrefix(rest, "(?!"):
			return "uses lookahead, which RE2 does not have; rewrite it without"
		case strings.HasPrefix(rest, "(?<=") || strings.HasPrefix(rest, "(?<!"):
			return "uses lookbehind, which RE2 does not have; rewrite it without"
		case strings.HasPrefix(rest, "(?P<") || strings.HasPrefix(rest, "(?<"):
			return "uses a named group; use a plain group ( ) or (?: )"
		case strings.HasPrefix(rest, "(?") && !strings.HasPrefix(rest, "(?:"):
			return "uses inline flags, which ECMAScript does not have; spell the cases out"
		}
	}
	return ""
}
