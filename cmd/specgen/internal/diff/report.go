package diff

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// headings name the parts of a report, in its order.
var headings = []struct {
	area  Area
	class Class
	title string
}{
	{Wire, Breaking, "Breaking"},
	{Wire, Additive, "Additive"},
	{Wire, Documentation, "Documentation"},
	{Names, Breaking, "Names, breaking importers and not the wire"},
	{Names, Additive, "Names, additive"},
	{Go, Breaking, "Go API, breaking"},
	{Go, Additive, "Go API, additive"},
}

// WriteText writes the findings for people at a terminal, and nothing when
// there are none.
func WriteText(w io.Writer, findings []Finding) error {
	return write(w, findings, "%s (%d)\n", func(f Finding) string { return "  " + f.String() })
}

// WriteMarkdown writes the findings as sections of a changelog. Lines of files
// are left out: they are others by the time that somebody reads it.
func WriteMarkdown(w io.Writer, findings []Finding) error {
	return write(w, findings, "### %s\n\n", func(f Finding) string {
		s := "- " + code(f.At) + ": " + markdown(f.What)
		before, after := shorten(f.Old), shorten(f.New)
		switch {
		case before == after:
		case before == "":
			s += ": " + code(after)
		case after == "":
			s += ": " + code(before)
		default:
			s += ": " + code(before) + " → " + code(after)
		}
		if uses := f.uses(); uses != "" {
			s += " (" + markdown(uses) + ")"
		}
		return s
	})
}

func write(w io.Writer, findings []Finding, heading string, line func(Finding) string) error {
	var b strings.Builder
	for _, h := range headings {
		var lines []string
		for _, f := range findings {
			if f.Area == h.area && f.Class == h.class {
				lines = append(lines, line(f.shown()))
			}
		}
		if len(lines) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		if strings.Contains(heading, "%d") {
			fmt.Fprintf(&b, heading, h.title, len(lines))
		} else {
			fmt.Fprintf(&b, heading, h.title)
		}
		for _, l := range lines {
			b.WriteString(l + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// maxText bounds a text of a line in characters, far above what a contract has.
const maxText = 500

// shown is the finding as people may read it: its texts come from a document
// that may be a stranger's.
func (f Finding) shown() Finding {
	for _, text := range []*string{&f.At, &f.What, &f.Old, &f.New, &f.File} {
		*text = oneline.Cut(*text, maxText)
	}
	f.Uses = slices.Clone(f.Uses)
	for i := range f.Uses {
		f.Uses[i] = oneline.Cut(f.Uses[i], maxText)
	}
	return f
}

// code quotes a value in Markdown, with as many backticks as it takes. Nothing
// within has a meaning, a mention or a bare URL neither.
func code(s string) string {
	if strings.TrimSpace(s) == "" {
		return "(blank)" // two backticks would quote what follows
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

var escape = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "<", "&lt;", "&", "&amp;", "~", `\~`, "$", `\$`)

// linked is what GitHub makes a link of without any mark, or a message to somebody.
var linked = regexp.MustCompile(`(?i)://|www\.|@|#\d|gh-\d|mailto:|xmpp:`)

// markdown makes a text that Markdown shows as it is.
func markdown(s string) string {
	if linked.MatchString(s) {
		return code(s) // no backslash keeps those from being links
	}
	return escape.Replace(s)
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
