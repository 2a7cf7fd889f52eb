// Package diff says what a change of the contract means for those who call the
// API, who receive its notifications and who import the Go packages.
//
//	old, err := diff.Revision(ctx, ".", "v1.2.0", "api/openapi.yaml")
//	if err != nil {
//		return err
//	}
//	findings, err := diff.Contracts(old, diff.Document{Name: "new.yaml", Data: data})
//	if err != nil {
//		return err // one of the two is not an OpenAPI document
//	}
//	for _, f := range findings {
//		fmt.Println(f.Class, f)
//	}
//
// Three comparisons make up the whole. oasdiff judges what goes over the wire,
// on a copy of the contract in which each notification has become an answer of
// WeChat Pay, see [flip]. The extensions have rules of their own. A walk over
// both YAML trees finds the changed texts, and whatever no rule has judged: so
// that nothing changes in silence.
package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// A Class says whom a change concerns.
type Class string

// The classes, from the worst to the mildest.
const (
	Breaking      Class = "breaking"      // something that worked may not work any more
	Additive      Class = "additive"      // there is more than before
	Documentation Class = "documentation" // it only reads differently
)

// Classes lists the classes from the worst to the mildest.
var Classes = []Class{Breaking, Additive, Documentation}

// AtLeast reports whether the class is as bad as the other or worse.
func (c Class) AtLeast(other Class) bool {
	return slices.Index(Classes, c) <= slices.Index(Classes, other)
}

// An Area says where a change is felt.
type Area string

// The areas of a report, in its order.
const (
	Wire  Area = "wire"  // in what is sent and answered, or what is written about it
	Names Area = "names" // in generated code only: schemas, types and operations are called otherwise
	Go    Area = "go"    // in the exported API of the Go packages
)

// A Finding is one difference.
type Finding struct {
	Class Class  `json:"class"`
	Area  Area   `json:"area"`
	Rule  string `json:"rule"` // a stable name of the kind of change
	At    string `json:"at"`   // an operation, or a schema and the field in it
	What  string `json:"what"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`

	// Uses names the operations and notifications that the change reaches.
	Uses []string `json:"uses,omitempty"`

	// File and Line say where it stands in the new side, or in the old one
	// when it is there no more. Line is 0 when it is unknown.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// String gives the finding as one line.
func (f Finding) String() string {
	var b strings.Builder
	switch {
	case f.File != "" && f.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", f.File, f.Line)
	case f.File != "":
		b.WriteString(f.File + ": ")
	}
	b.WriteString(f.At + ": " + f.sentence())
	return b.String()
}

func (f Finding) sentence() string {
	s := f.What
	if change := f.change(); change != "" {
		s += ": " + change
	}
	if uses := f.uses(); uses != "" {
		s += " (" + uses + ")"
	}
	return s
}

const maxValue = 80 // characters of a value in a line

func (f Finding) change() string {
	before, after := shorten(f.Old), shorten(f.New)
	switch {
	case before == "" && after == "":
		return ""
	case before == "":
		return after
	case after == "":
		return before
	case before == after:
		// The difference is beyond what a line shows.
		return ""
	}
	return before + " -> " + after
}

const maxUses = 3

func (f Finding) uses() string {
	if len(f.Uses) > maxUses+1 {
		return fmt.Sprintf("%s and %d more", strings.Join(f.Uses[:maxUses], ", "), len(f.Uses)-maxUses)
	}
	return strings.Join(f.Uses, ", ")
}

func shorten(s string) string { return oneline.Cut(oneLine(s), maxValue) }

// oneLine keeps a finding greppable.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// A Document is one side of the comparison of contracts: OpenAPI in YAML or
// JSON. The name only labels findings and errors.
type Document struct {
	Name string
	Data []byte
}

// Contracts compares two contracts and returns the findings, the worst first.
// An error says that one of them is not an OpenAPI document.
func Contracts(before, after Document) ([]Finding, error) {
	o, err := read(before)
	if err != nil {
		return nil, err
	}
	n, err := read(after)
	if err != nil {
		return nil, err
	}
	c := &comparison{old: o, new: n}
	c.operations()
	c.resources()
	c.walk()
	if err := c.wire(); err != nil {
		return nil, err
	}
	c.leftovers()
	Sort(c.findings)
	return slices.CompactFunc(c.findings, func(a, b Finding) bool { return a.String() == b.String() && a.Class == b.Class }), nil
}

// A comparison collects what the rules find.
type comparison struct {
	old, new *contract
	findings []Finding

	moved  map[string]string // operation of the old contract -> the same one of the new
	pairs  map[string]string // schema of the old contract -> its name in the new one
	edits  []*edit           // the differences that are for a rule to judge
	judged map[string]bool   // places that a rule has spoken about
	merged bool              // the parts of allOf were merged, so that rules know no places
}

func (c *comparison) add(f Finding) { c.findings = append(c.findings, f) }

// Sort brings findings into the order of a report: by area, class and place.
func Sort(findings []Finding) {
	areas := []Area{Wire, Names, Go}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(areas, a.Area), slices.Index(areas, b.Area)),
			cmp.Compare(slices.Index(Classes, a.Class), slices.Index(Classes, b.Class)),
			cmp.Compare(a.At, b.At), cmp.Compare(a.What, b.What),
			cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New),
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			slices.Compare(a.Uses, b.Uses))
	})
}
