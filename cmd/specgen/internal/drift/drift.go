// Package drift compares the contract with a second description of WeChat
// Pay's API, a folder of Swagger 2.0 files, and reports where they differ.
//
//	theirs, err := drift.Open("wechatpay-openapi")
//	if err != nil {
//		return err
//	}
//	defer theirs.Close()
//	findings := drift.Compare(contract, theirs, pages, accepted)
//
// The files were written by others. What cannot be read of them is a finding
// of its own, and the rest is still compared.
package drift

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/coverage"
)

// A Kind says what a finding is about.
type Kind string

// The kinds, in the order of a report.
const (
	Operation Kind = "operation" // one side does not have the operation
	Page      Kind = "page"      // the official page changed after the contract was written
	Status    Kind = "status"    // one side does not have the response
	Field     Kind = "field"     // one side does not have the field or parameter
	Type      Kind = "type"      // the sides give different types
	Required  Kind = "required"  // only one side requires the field
	Stale     Kind = "stale"     // an accepted difference that is none any more
	Unread    Kind = "unread"    // a part of the description that cannot be read
)

var kinds = []Kind{Operation, Page, Status, Field, Type, Required, Stale, Unread}

// Missing is the value of the side that does not have what a finding names.
const Missing = "missing"

// A Finding is one difference of the contract and the description, or what
// keeps it from being found.
type Finding struct {
	Operation string `json:"operation,omitempty"` // method and path
	Kind      Kind   `json:"kind"`

	// Field is where it is, such as "request post_payments[].name",
	// "response 200 state" or "query service_id".
	Field       string `json:"field,omitempty"`
	Contract    string `json:"contract,omitempty"`    // what the contract says
	Description string `json:"description,omitempty"` // what the description says

	Message string   `json:"message,omitempty"` // of a stale or unread one
	Pages   []string `json:"pages,omitempty"`   // the official pages that the description names

	// Reason is why the difference is accepted.
	Reason string `json:"reason,omitempty"`

	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// Compare returns all differences, those that the list accepts with their
// reason. An operation that pages leave out with a reason is none.
func Compare(d *contract.Document, theirs *Folder, pages *coverage.Pages, list *Accepted) []Finding {
	c := &comparison{
		ours:   &source{},
		theirs: theirs.source,
		pages:  map[string]coverage.Page{}, reviewed: list.reviewed,
	}
	for _, p := range pages.Operations() {
		c.pages[shape(p.Operation)] = p
	}
	ours, paths := map[string]contract.Operation{}, map[string]bool{}
	for _, op := range d.Operations() {
		ours[shape(op.Method+" "+op.Path)] = op
		paths[shape(op.Path)] = true
	}
	found := theirs.operations(paths)
	home := &file{label: d.File, root: d.Root}
	for key, our := range ours {
		name := our.Method + " " + our.Path
		if their, ok := found[key]; ok {
			item := place{home, contract.Get(contract.Get(d.Root, "paths"), our.Path)}
			c.operation(name, item, place{home, our.Node}, their)
		} else if !theirs.unread[shape(our.Path)] {
			c.add(Finding{Operation: name, Kind: Operation, Contract: "there", Description: Missing, File: d.File, Line: our.Key.Line})
		}
	}
	for key, their := range found {
		if _, ok := ours[key]; !ok && c.pages[key].Reason == "" {
			c.add(their.finding(Operation, Missing, "there"))
		}
	}
	list.accept(c.findings)
	all := slices.Concat(c.findings, c.ours.problems, c.theirs.problems)
	// What was not read may still differ as the list says.
	if len(c.ours.problems)+len(c.theirs.problems) == 0 {
		all = append(all, list.stale()...)
	}
	slices.SortFunc(all, order)
	// A broken file is found by each reference to it.
	return slices.CompactFunc(all, func(a, b Finding) bool { return order(a, b) == 0 })
}

// shape leaves out the names of path parameters: /orders/{} for /orders/{id}.
func shape(path string) string { return inBraces.ReplaceAllString(path, "{}") }

var inBraces = regexp.MustCompile(`\{[^}]*\}`)

type comparison struct {
	ours, theirs *source
	pages        map[string]coverage.Page // by the shape of the operation
	reviewed     string
	findings     []Finding
}

func (c *comparison) add(f Finding) { c.findings = append(c.findings, f) }

// operation compares two views of one operation.
func (c *comparison) operation(name string, ourItem, ourPlace place, their described) {
	if date := cmp.Or(c.pages[shape(name)].Date, c.reviewed); date != "" && their.updated > date {
		f := their.finding(Page, date, their.updated)
		f.Operation = name
		c.add(f)
	}
	ours, err := c.ours.read(ourItem, ourPlace)
	if err != nil {
		c.ours.problem(ourPlace.file, ourPlace.node.Line, "%s: %v", name, err)
		return
	}
	theirs, err := c.theirs.read(place{their.file, their.file.root}, place{their.file, their.node})
	if err != nil {
		c.theirs.problem(their.file, their.line, "%s: %v", their.key, err)
		return
	}
	for _, status := range union(ours.statuses, theirs.statuses) {
		f := Finding{Operation: name, Kind: Status, Field: "response " + status, Contract: "there", Description: "there"}
		our, their := ours.statuses[status], theirs.statuses[status]
		switch {
		case our == nil:
			f.Contract, f.File, f.Line = Missing, their.file, their.line
			c.add(f)
		case their == nil && strings.HasPrefix(status, "2"): // the description leaves out most errors
			f.Description, f.File, f.Line = Missing, our.file, our.line
			c.add(f)
		}
	}
	for _, root := range union(ours.roots, theirs.roots) {
		our, their := ours.roots[root], theirs.roots[root]
		if status, ok := strings.CutPrefix(root, "response "); ok {
			if ours.statuses[status] == nil || theirs.statuses[status] == nil {
				continue // that was the difference
			}
			if their == nil && !strings.HasPrefix(status, "2") {
				continue // the description leaves out what errors consist of
			}
		} else if our == nil && ours.partial || their == nil && theirs.partial {
			continue // it may be one that cannot be read
		}
		c.node(name, root, our, their)
	}
}

// node compares a field and what it consists of. What differs as a whole is
// one finding, however many fields it has.
func (c *comparison) node(op, name string, ours, theirs *node) {
	add := func(kind Kind, ours, theirs string, at *node) {
		c.add(Finding{Operation: op, Kind: kind, Field: name, Contract: ours, Description: theirs, File: at.file, Line: at.line})
	}
	switch {
	case ours == nil:
		add(Field, Missing, theirs.String(), theirs)
		return
	case theirs == nil:
		add(Field, ours.String(), Missing, ours)
		return
	}
	if ours.required != theirs.required {
		add(Required, requiredWord(ours.required), requiredWord(theirs.required), theirs)
	}
	if ours.opaque || theirs.opaque {
		return
	}
	if ours.typ != theirs.typ {
		add(Type, ours.typeWord(), theirs.typeWord(), theirs)
		return
	}
	for _, child := range union(ours.children, theirs.children) {
		separator := "."
		if child == "[]" {
			separator = ""
		} else if ours.body {
			separator = " "
		}
		c.node(op, name+separator+child, ours.children[child], theirs.children[child])
	}
}

func union[V any](a, b map[string]V) []string {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// order is the order of a report: by path and method, with what belongs to no
// operation at the end.
func order(a, b Finding) int {
	group := func(f Finding) int {
		if f.Operation != "" {
			return -1
		}
		return slices.Index(kinds, f.Kind)
	}
	path := func(f Finding) string {
		method, path, _ := strings.Cut(f.Operation, " ")
		return path + " " + method
	}
	return cmp.Or(
		cmp.Compare(group(a), group(b)), cmp.Compare(path(a), path(b)),
		cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
		cmp.Compare(a.Field, b.Field), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Message, b.Message), cmp.Compare(a.Contract, b.Contract), cmp.Compare(a.Description, b.Description))
}
