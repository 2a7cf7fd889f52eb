package drift

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// WriteText writes the findings for people at a terminal, by operation, and
// nothing when there are none.
func WriteText(w io.Writer, findings []Finding) error {
	var b strings.Builder
	heading := ""
	for _, f := range findings {
		if h := f.heading(); h != heading {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			heading = h
			b.WriteString(cut(h) + "\n")
		}
		fmt.Fprintf(&b, "  %s (%s", cut(f.sentence()), cut(f.File))
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		b.WriteString(")\n")
		for _, page := range f.Pages {
			if f.Kind == Page || f.Kind == Operation {
				b.WriteString("    " + cut(page) + "\n")
			}
		}
		if f.Reason != "" {
			b.WriteString("    accepted: " + cut(strings.Join(strings.Fields(f.Reason), " ")) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// maxText bounds a text of a line in characters, far above what a contract has.
const maxText = 500

// cut makes a text of the description fit for a line.
func cut(s string) string { return oneline.Cut(s, maxText) }

func (f *Finding) heading() string {
	switch {
	case f.Operation != "":
		return f.Operation
	case f.Kind == Stale:
		return "Accepted, but no longer different"
	}
	return "Not read"
}

func (f *Finding) sentence() string {
	s := f.Field
	if s != "" {
		s += ": "
	}
	switch f.Kind {
	case Operation, Status, Field:
		side, as := "description", f.Description
		if f.Description == Missing {
			side, as = "contract", f.Contract
		}
		s += "only in the " + side
		if f.Kind == Field {
			s += ", " + as
		}
		return s
	case Type, Required:
		return s + f.Contract + " in the contract, " + f.Description + " in the description"
	case Page:
		return "the page changed on " + f.Description + "; the contract follows it as of " + f.Contract
	}
	return f.Message
}

// WriteJSON writes the findings as an array.
func WriteJSON(w io.Writer, findings []Finding) error {
	if findings == nil {
		findings = []Finding{} // [] and not null
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(findings)
}
