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

// An entry accepts the differences of one kind at the places it names, or
// wherever the two sides say what it says.
type entry struct {
	Reason      string
	Kind        Kind
	At          []string // such as "POST /v3/payscore/serviceorder request appid"
	In          string   // the first word of the place: request, response, query; anything when left out
	Contract    string   // anything when left out
	Description string   // anything when left out

	line int
	used map[string]bool // the places that differ
}

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
	var lines []int
	if len(root.Content) > 0 {
		for _, n := range contract.Items(contract.Get(root.Content[0], "accepted")) {
			if !contract.IsMapping(n) { // the decoder skips an empty one
				return nil, fmt.Errorf("%s:%d: an accepted difference needs a reason", file, n.Line)
			}
			lines = append(lines, n.Line)
		}
	}
	a := &Accepted{file, list.Reviewed, list.Accepted}
	for i := range a.entries {
		e := &a.entries[i]
		e.line = lines[i]
		e.used = map[string]bool{}
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
	case len(e.At) == 0 && (e.Contract == "" || e.Description == ""):
		return errors.New("it accepts too much; say at which places, or what the contract and the description say")
	}
	return nil
}

// accept gives the findings that the list accepts their reasons.
func (a *Accepted) accept(findings []Finding) {
	for i := range findings {
		f := &findings[i]
		at := strings.TrimSpace(f.Operation + " " + f.Field)
		for _, e := range a.entries {
			if e.Kind == f.Kind && (len(e.At) == 0 || slices.Contains(e.At, at)) &&
				(e.In == "" || strings.HasPrefix(f.Field, e.In+" ")) &&
				(e.Contract == "" || e.Contract == f.Contract) && (e.Description == "" || e.Description == f.Description) {
				f.Reason = e.Reason
				e.used[at] = true
			}
		}
	}
}

// stale returns a finding for each place that differs no longer as accepted.
func (a *Accepted) stale() []Finding {
	var out []Finding
	for _, e := range a.entries {
		if len(e.At) == 0 && len(e.used) == 0 {
			out = append(out, Finding{Kind: Stale, Message: fmt.Sprintf("%s: nothing is %s in the contract and %s in the description", strings.TrimSpace(string(e.Kind)+" "+e.In), e.Contract, e.Description), File: a.file, Line: e.line})
		}
		for _, at := range e.At {
			if !e.used[at] {
				out = append(out, Finding{Kind: Stale, Message: fmt.Sprintf("%s: %s", e.Kind, at), File: a.file, Line: e.line})
			}
		}
	}
	return out
}
