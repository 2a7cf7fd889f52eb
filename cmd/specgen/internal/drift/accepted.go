package drift

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// Accepted is the list of differences that are meant to be.
type Accepted struct {
	file     string
	reviewed string // like 2026-08-21, or ""
	entries  []entry
}

// An entry accepts the differences of one kind that agree with all it names.
type entry struct {
	Reason      string
	Kind        Kind
	Operations  []string // any when left out
	Fields      []string // any when left out
	Contract    string   // any when left out
	Description string   // any when left out

	line int
	used map[pair]bool // what it accepted of what it names
}

type pair struct{ operation, field string }

// acceptable are the kinds of differences.
var acceptable = kinds[:slices.Index(kinds, Stale)]

// ReadAccepted reads the list from a file. A file that does not exist accepts
// nothing.
func ReadAccepted(file string) (*Accepted, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &Accepted{file: file}, nil
	}
	if err != nil {
		return nil, err
	}
	return NewAccepted(file, data)
}

// NewAccepted reads the list from data; file only labels errors and findings.
func NewAccepted(file string, data []byte) (*Accepted, error) {
	var list struct {
		Reviewed string
		Accepted []entry
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&list); err != nil && !errors.Is(err, io.EOF) {
		return nil, contract.Broken(file, err)
	}
	if err := contract.Last(dec); err != nil {
		return nil, contract.Broken(file, err)
	}
	if list.Reviewed != "" {
		if _, err := time.Parse(time.DateOnly, list.Reviewed); err != nil {
			return nil, fmt.Errorf("%s: reviewed is %q, not a date like 2026-08-21", file, list.Reviewed)
		}
	}
	// The lines are not part of what is decoded.
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, contract.Broken(file, err)
	}
	a := &Accepted{file, list.Reviewed, list.Accepted}
	for i := range a.entries {
		e := &a.entries[i]
		e.line = contract.Items(contract.Get(root.Content[0], "accepted"))[i].Line
		e.used = map[pair]bool{}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, e.line, err)
		}
	}
	return a, nil
}

func (e *entry) check() error {
	switch {
	case strings.TrimSpace(e.Reason) == "":
		return errors.New("an accepted difference needs a reason")
	case !slices.Contains(acceptable, e.Kind):
		return fmt.Errorf("the kind %q is none of %v", e.Kind, acceptable)
	case len(e.Operations) == 0 && len(e.Fields) == 0 && e.Contract == "" && e.Description == "":
		return errors.New("it accepts everything of its kind; name operations, fields or what the two sides say")
	}
	return nil
}

// accept gives the findings that the list accepts their reasons.
func (a *Accepted) accept(findings []Finding) {
	for i := range findings {
		f := &findings[i]
		for j := range a.entries {
			if e := &a.entries[j]; e.accepts(f) {
				f.Reason = e.Reason
				e.used[e.names(f)] = true
			}
		}
	}
}

func (e *entry) accepts(f *Finding) bool {
	among := func(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }
	same := func(want, got string) bool { return want == "" || want == got }
	return e.Kind == f.Kind && among(e.Operations, f.Operation) && among(e.Fields, f.Field) &&
		same(e.Contract, f.Contract) && same(e.Description, f.Description)
}

// names returns what an entry names of a finding.
func (e *entry) names(f *Finding) (p pair) {
	if len(e.Operations) > 0 {
		p.operation = f.Operation
	}
	if len(e.Fields) > 0 {
		p.field = f.Field
	}
	return p
}

// stale returns a finding for each operation and field that an entry names and
// that differ no longer.
func (a *Accepted) stale() []Finding {
	var out []Finding
	orAny := func(list []string) []string {
		if len(list) == 0 {
			return []string{""}
		}
		return list
	}
	for _, e := range a.entries {
		for _, op := range orAny(e.Operations) {
			for _, field := range orAny(e.Fields) {
				if e.used[pair{op, field}] {
					continue
				}
				what := strings.Join(slices.DeleteFunc([]string{op, field, string(e.Kind)}, func(s string) bool { return s == "" }), ": ")
				out = append(out, Finding{Kind: Stale, Message: what + " no longer differs as accepted", File: a.file, Line: e.line})
			}
		}
	}
	return out
}
