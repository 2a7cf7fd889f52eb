package diff

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/oasdiff/oasdiff/checker"
	oasdiff "github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/flatten/allof"
	"github.com/oasdiff/oasdiff/load"
	"go.yaml.in/yaml/v3"
)

// Rules of oasdiff that are judged more strictly here than there.
var stricter = map[string]bool{
	// Whoever reads the field or the header reads nothing from now on.
	"response-optional-property-removed": true,
	"optional-response-header-removed":   true,
	// What happens to those who leave it out is another thing than before.
	"request-parameter-default-value-changed": true,
	"request-parameter-default-value-removed": true,
	"request-body-default-value-changed":      true,
	"request-body-default-value-removed":      true,
	"request-property-default-value-changed":  true,
	"request-property-default-value-removed":  true,
	// A client does not know what an unexpected success means.
	"response-success-status-added": true,
	// The payload is told apart in another way.
	"request-body-discriminator-property-name-changed":      true,
	"request-property-discriminator-property-name-changed":  true,
	"response-body-discriminator-property-name-changed":     true,
	"response-property-discriminator-property-name-changed": true,
	"request-body-discriminator-mapping-deleted":            true,
	"request-property-discriminator-mapping-deleted":        true,
	"response-body-discriminator-mapping-added":             true,
	"response-property-discriminator-mapping-added":         true,
}

// elsewhere says which rules this package has a better word for: operations,
// names and texts.
func elsewhere(rule string) bool {
	for _, prefix := range []string{"api-removed", "api-path-removed", "api-path-sunset", "endpoint-", "api-operation-id-", "api-tag-", "api-schema-removed", "api-version-", "api-major-", "api-stability", "webhook-"} {
		if strings.HasPrefix(rule, prefix) {
			return true
		}
	}
	return false
}

// wire lets oasdiff compare what is sent and answered.
func (c *comparison) wire() error {
	c.judged = map[string]bool{}
	// Where fields went into a part of allOf or out of one, only the merged
	// schemas show that nothing else happened. They have no lines, so
	// otherwise the parts are compared one by one.
	c.merged = slices.ContainsFunc(c.edits, func(e *edit) bool { return e.last() == "allOf" })
	for _, side := range []*contract{c.old, c.new} {
		flip(side)
		if c.merged {
			if _, err := allof.MergeSpec(side.spec); err != nil {
				return fmt.Errorf("%s: %s", side.name, oneLine(err.Error()))
			}
		}
	}
	c.alignMoved()
	report, sources, err := oasdiff.GetWithOperationsSourcesMap(oasdiff.NewConfig(),
		&load.SpecInfo{Url: c.old.name, Spec: c.old.spec}, &load.SpecInfo{Url: c.new.name, Spec: c.new.spec})
	if err != nil {
		return fmt.Errorf("compare %s with %s: %s", c.old.name, c.new.name, oneLine(err.Error()))
	}
	config := checker.NewConfig(checker.GetAllChecks())
	merged := map[string]int{}
	for _, change := range checker.CheckBackwardCompatibilityUntilLevel(config, report, sources, checker.INFO) {
		if elsewhere(change.GetId()) {
			continue
		}
		f := c.translate(change)
		// A shared schema is one change, however many operations use it.
		key := fmt.Sprint(f.Class, f.Rule, f.At, f.What, f.Old, f.New, f.File, f.Line)
		if i, ok := merged[key]; ok {
			if !slices.Contains(c.findings[i].Uses, f.Uses[0]) {
				c.findings[i].Uses = append(c.findings[i].Uses, f.Uses...)
				slices.Sort(c.findings[i].Uses)
			}
			continue
		}
		merged[key] = len(c.findings)
		c.add(f)
	}
	return nil
}

// translate says in words of the contract what oasdiff found in the copy.
func (c *comparison) translate(change checker.Change) Finding {
	f := Finding{Class: Additive, Area: Wire}
	rule := change.GetId()
	if change.GetLevel() >= checker.WARN || stricter[rule] {
		f.Class = Breaking
	}
	t := trafficOf(change.GetPath(), change.GetOperation(), change.GetOperationId())
	f.Rule = ruleName(rule, t.kind)
	f.Uses = []string{t.name}
	if t.kind != "" {
		f.Uses[0] = t.kind + " " + t.name
	}
	f.What = strings.ReplaceAll(f.Rule, "-", " ")

	before := c.old.place(change.GetBaseSource())
	after := c.new.place(change.GetRevisionSource())
	if e := c.relocate(change, t, before, after); e != nil {
		before, after = e.oldPath, e.newPath
		if e.o == nil {
			before = nil
		}
		if e.n == nil {
			after = nil
		}
	}
	where, side := after, c.new
	if after == nil {
		where, side = before, c.old
	}
	if where == nil { // allOf was merged
		f.At, f.New = f.Uses[0], arguments(change)
		return f
	}
	c.judge(before)
	c.judge(after)
	f.File, f.Line = side.name, side.line(where...)
	f.At, _ = side.describe(where)
	switch o, n := c.old.find(before...), c.new.find(after...); {
	case before != nil && after != nil && scalars(o, n):
		f.Old, f.New = value(o), value(n)
	case before == nil && scalars(n):
		f.New = value(n)
	case after == nil && scalars(o):
		f.Old = value(o)
	default:
		f.New = arguments(change)
	}
	if f.Old == f.New {
		f.Old, f.New = "", arguments(change)
	}
	if f.Old == "" && (strings.HasSuffix(f.At, "."+f.New) || strings.HasSuffix(f.At, " "+f.New)) {
		f.New = "" // the place has said it
	}
	return f
}

// relocate finds the edit that oasdiff means where it names another place: of
// a part that came or went by reference it names the target, and of a header
// or a parameter the operation.
func (c *comparison) relocate(change checker.Change, t traffic, before, after []string) *edit {
	var args []string
	for _, a := range change.GetArgs() {
		args = append(args, fmt.Sprint(a))
	}
	names := func(s string) bool {
		return slices.ContainsFunc(args, func(a string) bool { return a == s || strings.HasSuffix(a, "/"+s) })
	}
	for _, e := range c.edits {
		path, node := e.newPath, e.n
		if e.n == nil {
			path, node = e.oldPath, e.o
		}
		last := path[len(path)-1]
		if len(path) > 1 && path[len(path)-2] == "parameters" {
			last = c.parameterName(path, e)
		}
		if target := pointer(text(node, "$ref")); target != nil && (e.o == nil || e.n == nil) {
			if (slices.Equal(target, before) || slices.Equal(target, after)) && names(last) && c.belongs(path, change, t) {
				return e
			}
			continue
		}
		rule := change.GetId()
		if !atOperation(before) && !atOperation(after) || !strings.Contains(rule, keywordInRules(last)) {
			continue
		}
		if (slices.Contains(path, "headers") || slices.Contains(path, "parameters")) && (e.o == nil || names(value(e.o))) && (e.n == nil || names(value(e.n))) {
			return e
		}
	}
	return nil
}

// parameterName gives what the rules call a parameter, which the documents
// know by its index.
func (c *comparison) parameterName(path []string, e *edit) string {
	side := c.new
	if e.n == nil {
		side = c.old
	}
	p := side.find(path...)
	if target := pointer(text(p, "$ref")); target != nil {
		p = side.find(target...)
	}
	return text(p, "name")
}

// belongs reports whether an edit is in the operation that a change is in, or
// in a part that any operation may use.
func (c *comparison) belongs(path []string, change checker.Change, t traffic) bool {
	if path[0] != "paths" || t.kind != "" {
		return true
	}
	return braces.ReplaceAllString(path[1], "{}") == braces.ReplaceAllString(change.GetPath(), "{}") &&
		(len(path) < 3 || !slices.Contains(methods, path[2]) || strings.EqualFold(path[2], change.GetOperation()))
}

func atOperation(path []string) bool {
	return len(path) == 3 && path[0] == "paths" || len(path) > 3 && slices.Contains(methods, path[len(path)-1]) && slices.Contains(path, "callbacks")
}

var capital = regexp.MustCompile("[A-Z]")

// keywordInRules gives a word of JSON Schema as the names of rules have it.
func keywordInRules(keyword string) string {
	switch keyword {
	case "minimum", "maximum":
		return "-" + keyword[:3] + "-"
	case "format":
		return "-type-"
	}
	return "-" + strings.ToLower(capital.ReplaceAllString(keyword, "-$0")) + "-"
}

func scalars(nodes ...*yaml.Node) bool {
	for _, n := range nodes {
		if n == nil || n.Kind != yaml.ScalarNode {
			return false
		}
	}
	return true
}

// arguments are the last resort for what changed: names and values that
// oasdiff puts into its sentence.
func arguments(change checker.Change) string {
	var parts []string
	for _, a := range change.GetArgs() {
		if s := fmt.Sprint(a); s != "" && s != "200" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

// ruleName tells the flipped rules by the part that they are really about.
func ruleName(rule, kind string) string {
	switch kind {
	case "notification", "resource":
		rule = strings.Replace(rule, "response", "notification", 1)
	case "acknowledgement":
		rule = strings.Replace(rule, "request", "acknowledgement", 1)
	}
	return rule
}

// place gives the path of keys that oasdiff means, or nil.
func (c *contract) place(s *checker.Source) []string {
	if s == nil || s.Line == 0 {
		return nil
	}
	if p, ok := c.keys[position{s.Line, s.Column}]; ok {
		return p
	}
	// The nearest key before it on the line.
	for column := s.Column; column > 0; column-- {
		if p, ok := c.keys[position{s.Line, column}]; ok {
			return p
		}
	}
	for column := s.Column; column < s.Column+200; column++ {
		if p, ok := c.keys[position{s.Line, column}]; ok {
			return p
		}
	}
	return nil
}

func (c *comparison) judge(path []string) {
	if path != nil {
		c.judged[strings.Join(path, "\x00")] = true
	}
}

// describe gives a path of keys as people name it: an operation or a schema
// with the field in it, and the keyword at its end, if it is one.
func (c *contract) describe(path []string) (at, keyword string) {
	var b strings.Builder
	rest, done := path, 0
	switch {
	case len(path) >= 3 && path[0] == "components":
		if path[1] != "schemas" {
			b.WriteString(path[1] + " ")
		}
		b.WriteString(path[2])
		done = 3
	case len(path) >= 3 && path[0] == "paths" && slices.Contains(methods, path[2]):
		b.WriteString(strings.ToUpper(path[2]) + " " + path[1])
		done = 3
	case len(path) >= 2 && path[0] == "paths":
		b.WriteString(path[1])
		done = 2
	}
	for i := done; i < len(rest); i++ {
		name, before := rest[i], ""
		if i > 0 {
			before = rest[i-1]
		}
		switch {
		case name == "properties" && i+1 < len(rest):
			i++
			b.WriteString("." + rest[i])
		case name == "items" && before != "properties":
			b.WriteString("[]")
		case (name == "enum" || name == "required") && i+2 == len(rest):
			i++ // which one is said by its value
		case name == "parameters" && i+1 < len(rest):
			i++
			p := c.find(path[:i+1]...)
			if target := pointer(text(p, "$ref")); target != nil {
				p = c.find(target...)
			}
			b.WriteString(" " + text(p, "in") + " parameter " + text(p, "name"))
		case name == "content" && i+1 < len(rest):
			i++
		case name == "callbacks" && i+3 < len(rest):
			b.WriteString(" callback " + rest[i+1])
			i += 3 // the expression and the method
		case name == "schema" && i+1 < len(rest):
		case i == len(rest)-1 && !slices.Contains(named, before):
			keyword = name
		default:
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(name)
		}
	}
	switch {
	case b.Len() > 0:
	case keyword != "":
		return keyword, ""
	default:
		return "document", ""
	}
	return b.String(), keyword
}
