package contract

import (
	"slices"
	"strconv"
)

// The values of the fields of [ReentryKey].
var (
	SameParameters  = []string{"same-answer", "refused", "unknown"}
	OtherParameters = []string{"refused", "another-operation", "unknown"}
)

// A Reentry says what becomes of an operation that is sent again after it was
// carried out.
type Reentry struct {
	Same, Other string
	Refusal     *Refusal // of other parameters, or nil
	Remedy      Text
	Note        string
	Sources     []Source
}

// Reentry gives what an operation says about its re-entry, or nil.
func (d *Document) Reentry(op Operation) (*Reentry, error) {
	key, v := Lookup(op.Node, ReentryKey)
	if key == nil {
		return nil, nil
	}
	r := &Reentry{Same: String(v, "same_parameters"), Other: String(v, "other_parameters"), Remedy: remedy(v), Note: OneLine(String(v, "note"))}
	for field, value := range map[string]struct {
		is    string
		known []string
	}{"same_parameters": {r.Same, SameParameters}, "other_parameters": {r.Other, OtherParameters}} {
		if !slices.Contains(value.known, value.is) {
			return nil, d.Errorf(key, "%s.%s is %q; use one of %q", ReentryKey, field, value.is, value.known)
		}
	}
	if refusal := Get(v, "refusal"); refusal != nil {
		status, err := strconv.ParseInt(String(refusal, "status"), 10, 64)
		if err != nil {
			return nil, d.Errorf(key, "%s.refusal has no status", ReentryKey)
		}
		number, _ := strconv.ParseInt(String(refusal, "number"), 10, 64)
		r.Refusal = &Refusal{status, number, String(refusal, "code"), String(refusal, "message")}
	}
	r.Sources = sources(Get(v, "sources"))
	return r, nil
}
