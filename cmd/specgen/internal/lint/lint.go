// Package lint checks the OpenAPI contract: that it is valid OpenAPI 3.0, that
// its examples match their schemas, and that it keeps the house rules which
// make it readable in two languages and safe to generate code from.
//
//	data, err := os.ReadFile("api/openapi.yaml")
//	if err != nil {
//		return err
//	}
//	findings, err := lint.Check("api/openapi.yaml", data)
//	if err != nil {
//		return err // the file is not a YAML mapping at all
//	}
//	for _, f := range findings {
//		fmt.Println(f) // api/openapi.yaml:42: string-max-length: ...
//	}
//
// A rule is a small function in the table of rules.go. Rules see the document
// as a list of typed objects that keep their lines, see document.
package lint

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// A Finding is one breach of a rule, at the line where it can be repaired.
type Finding struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// String gives the form that editors and CI know how to link.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Rule, f.Message)
}

// A SyntaxError says that the file cannot be read as one YAML mapping, so that
// no rule could look at it.
type SyntaxError struct {
	File string
	Err  error
}

// Error gives one line that names the file.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s: %s", e.File, contract.OneLine(e.Err.Error()))
}

// Unwrap gives the error of the YAML reader.
func (e *SyntaxError) Unwrap() error { return e.Err }

// Check runs every rule over an OpenAPI document in YAML or JSON and returns
// the findings sorted by line. The file name is only used to label findings
// and errors. The error is a [*SyntaxError].
func Check(file string, data []byte) ([]Finding, error) {
	doc, err := parse(data)
	if err != nil {
		return nil, &SyntaxError{File: file, Err: err}
	}
	var findings []Finding
	for _, r := range rules {
		r.check(doc, func(line int, format string, args ...any) {
			findings = append(findings, Finding{
				File: file, Line: max(line, 1), Rule: r.name,
				Message: contract.OneLine(fmt.Sprintf(format, args...)),
			})
		})
	}
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(findings), nil
}
