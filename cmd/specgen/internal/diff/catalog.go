package diff

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	errorsKey  = "x-wechatpay-errors"
	numbersKey = "x-wechatpay-error-numbers"
	stagesKey  = "x-wechatpay-order-stages"
	reentryKey = "x-wechatpay-reentry"
	textKey    = "x-wechatpay-text"
)

// catalogues are the extensions that clients act upon, so that they have rules
// of their own.
var catalogues = []string{errorsKey, numbersKey, stagesKey, reentryKey, textKey}

// catalogue compares one of them, of the document or of an operation.
func (c *comparison) catalogue(oldPath, newPath []string, o, n *yaml.Node) {
	t := table{c: c, oldPath: oldPath, newPath: newPath, name: newPath[len(newPath)-1]}
	switch {
	case len(newPath) > 1 && t.name == stagesKey:
		t.transitions(o, n)
		return
	case len(newPath) > 1 && t.name == reentryKey:
		t.reentry(o, n)
		return
	case t.name == textKey:
		t.text(o, n)
		return
	}
	t.rows(o, n)
}

// A table is one catalogue in both contracts.
type table struct {
	c                *comparison
	oldPath, newPath []string
	name             string
}

func (t table) report(class Class, what, before, after string, at ...string) {
	f := Finding{Class: class, Area: t.area(at), Rule: strings.TrimPrefix(t.name, "x-wechatpay-"), What: what, Old: before, New: after}
	f.File, f.Line = t.c.new.name, t.c.new.line(slices.Concat(t.newPath, at)...)
	if f.Line == 0 {
		f.File, f.Line = t.c.old.name, t.c.old.line(slices.Concat(t.oldPath, at)...)
	}
	var names []string
	if len(t.newPath) > 1 {
		place, _ := t.c.new.describe(t.newPath[:len(t.newPath)-1])
		names = append(names, place)
	}
	f.At = strings.Join(append(append(names, t.name), at...), " ")
	t.c.add(f)
}

// area tells the name of a number, which only programs know, from what is sent.
func (t table) area(at []string) Area {
	if t.name == numbersKey && len(at) == 2 && at[1] == "name" {
		return Names
	}
	return Wire
}

func kindOf(n *yaml.Node) string {
	if n == nil {
		return "absent"
	}
	return map[yaml.Kind]string{yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list", yaml.ScalarNode: "a value"}[n.Kind]
}

// rows compares what is declared once for the document: codes, numbers, stages.
func (t table) rows(o, n *yaml.Node) {
	if o != nil && n != nil && o.Kind != n.Kind {
		t.report(Breaking, "changed", kindOf(o), kindOf(n))
		return
	}
	for row, before := range entries(o) {
		after := get(n, row.Value)
		if !has(n, row.Value) {
			t.report(Breaking, "removed", "", "", row.Value)
			continue
		}
		t.fields(before, after, row.Value)
	}
	for row := range entries(n) {
		if !has(o, row.Value) {
			t.report(Additive, "added", "", "", row.Value)
		}
	}
}

func (t table) fields(o, n *yaml.Node, at ...string) {
	if same(o, n) {
		return
	}
	if kindOf(o) != "a mapping" || kindOf(n) != "a mapping" {
		t.report(Breaking, "changed", value(o), value(n), at...)
		return
	}
	seen := map[string]bool{}
	field := func(key *yaml.Node) {
		if seen[key.Value] {
			return
		}
		seen[key.Value] = true
		before, after := get(o, key.Value), get(n, key.Value)
		if same(before, after) && has(o, key.Value) == has(n, key.Value) {
			return
		}
		class := Breaking
		switch key.Value {
		case "title", "description", "summary", "remedy", "message", "note", "source", "externalDocs", "example":
			class = Documentation
		case "unsigned": // whether it is there counts, not where it was read
			if before != nil && after != nil {
				class = Documentation
			}
		case "name":
			if before == nil {
				class = Additive
			}
		case "retry":
			class = retryClass(before, after)
		}
		t.report(class, key.Value+" "+verb(before, after), value(before), value(after), append(slices.Clone(at), key.Value)...)
	}
	for k := range entries(o) {
		field(k)
	}
	for k := range entries(n) {
		field(k)
	}
}

// retryClass: to repeat less than before can leave an order unpaid, to be
// allowed more harms nobody. Between two conditions nobody can tell which is
// the stricter one.
func retryClass(before, after *yaml.Node) Class {
	if never(before) && !never(after) {
		return Additive
	}
	return Breaking
}

func never(n *yaml.Node) bool {
	return n == nil || slices.Contains([]string{"", "false", "never", "no", "none"}, strings.ToLower(value(n)))
}

func verb(before, after *yaml.Node) string {
	switch {
	case before == nil:
		return "added"
	case after == nil:
		return "removed"
	}
	return "changed"
}

// transitions compares what an operation says about the stages of an order.
func (t table) transitions(o, n *yaml.Node) {
	switch {
	case o == nil && n == nil:
		return
	case n == nil:
		t.report(Documentation, "removed", value(o), "")
		return
	case o == nil:
		t.report(Documentation, "added", "", value(n))
		return
	}
	allowedBefore, allowedAfter := list(get(o, "allowed")), list(get(n, "allowed"))
	t.list("allowed", allowedBefore, allowedAfter, Breaking, Additive)
	// What an operation leads to is an answer: a stage more may surprise, a stage less may not.
	t.list("creates", list(get(o, "creates")), list(get(n, "creates")), Additive, Breaking)
	t.becomes(get(o, "becomes"), get(n, "becomes"), allowedAfter)

	before, after := get(o, "refusals"), get(n, "refusals")
	for stage, refusal := range entries(before) {
		now := get(after, stage.Value)
		switch {
		case now != nil:
			t.fields(refusal, now, "refusals", stage.Value)
		case slices.Contains(allowedAfter, stage.Value): // told above
		default:
			t.report(Breaking, "refusal removed", value(refusal), "", "refusals", stage.Value)
		}
	}
	for stage, refusal := range entries(after) {
		if !has(before, stage.Value) && !slices.Contains(allowedBefore, stage.Value) {
			t.report(Additive, "refusal added", "", value(refusal), "refusals", stage.Value)
		}
	}
	for _, key := range unknownKeys(o, n) {
		if !same(get(o, key), get(n, key)) {
			t.report(Breaking, key+" changed", value(get(o, key)), value(get(n, key)), key)
		}
	}
}

// reentry compares what an operation says about a call that is sent again.
// Programs repeat what is safe to repeat, so to lose same-answer breaks them; to
// learn what was unknown does not.
func (t table) reentry(o, n *yaml.Node) {
	if kindOf(n) != "a mapping" && n != nil {
		t.report(Breaking, "changed", value(o), value(n))
		return
	}
	if o == nil || n == nil {
		t.report(map[bool]Class{true: Additive, false: Breaking}[o == nil], verb(o, n), value(o), value(n))
		return
	}
	for _, key := range keysOf(o, n) {
		before, after := get(o, key), get(n, key)
		if same(before, after) && has(o, key) == has(n, key) {
			continue
		}
		class := Breaking
		switch key {
		case "remedy", "note", "sources":
			class = Documentation
		case "same_parameters":
			if value(before) != "same-answer" {
				class = Additive
			}
		case "other_parameters":
			if value(before) == "unknown" {
				class = Additive
			}
		case "refusal":
			switch {
			case before == nil:
				class = Additive // what it means is told by other_parameters
			case after != nil:
				t.fields(before, after, key)
				continue
			}
		}
		t.report(class, verb(before, after), value(before), value(after), key)
	}
}

// text compares what a text of a request may hold. Which of two patterns takes
// more cannot be told.
func (t table) text(o, n *yaml.Node) {
	if kindOf(n) != "a mapping" && n != nil {
		t.report(Breaking, "changed", value(o), value(n))
		return
	}
	if o == nil || n == nil {
		t.report(map[bool]Class{true: Breaking, false: Additive}[o == nil], verb(o, n), value(get(o, "pattern")), value(get(n, "pattern")))
		return
	}
	for _, key := range keysOf(o, n) {
		before, after := get(o, key), get(n, key)
		if same(before, after) && has(o, key) == has(n, key) {
			continue
		}
		class := Breaking
		if slices.Contains([]string{"title", "description", "sources"}, key) {
			class = Documentation
		}
		t.report(class, verb(before, after), value(before), value(after), key)
	}
}

func unknownKeys(nodes ...*yaml.Node) []string {
	var out []string
	for _, n := range nodes {
		for k := range entries(n) {
			if !slices.Contains([]string{"allowed", "creates", "becomes", "refusals"}, k.Value) && !slices.Contains(out, k.Value) {
				out = append(out, k.Value)
			}
		}
	}
	return out
}

func (t table) list(key string, before, after []string, removed, added Class) {
	for _, s := range before {
		if !slices.Contains(after, s) {
			t.report(removed, "stage removed", s, "", key)
		}
	}
	for _, s := range after {
		if !slices.Contains(before, s) {
			t.report(added, "stage added", "", s, key)
		}
	}
}

// becomes tells each stage that now leads elsewhere; one that has just come
// into allowed, or gone, is told there.
func (t table) becomes(o, n *yaml.Node, allowed []string) {
	if same(o, n) {
		return
	}
	if kindOf(o) != "a mapping" || kindOf(n) != "a mapping" {
		t.report(Breaking, "becomes "+verb(o, n), value(o), value(n), "becomes")
		return
	}
	for stage, after := range entries(o) {
		switch now := get(n, stage.Value); {
		case now == nil && !slices.Contains(allowed, stage.Value):
		case !same(after, now):
			t.report(Breaking, "changed", value(after), value(now), "becomes", stage.Value)
		}
	}
	for stage, after := range entries(n) {
		if !has(o, stage.Value) {
			t.report(Additive, "added", "", fmt.Sprint(value(after)), "becomes", stage.Value)
		}
	}
}

func list(n *yaml.Node) []string {
	var out []string
	if n != nil && n.Kind == yaml.SequenceNode {
		for _, v := range n.Content {
			out = append(out, value(v))
		}
	}
	return out
}
