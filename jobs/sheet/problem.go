package sheet

import (
	"fmt"
	"strings"

	"github.com/wxpayscore/payscore/internal/oneline"
)

// MaxProblems is how many problems [Problems] lists. The others are counted.
const MaxProblems = 1000

// Problem is one thing that is wrong with a table.
type Problem struct {
	Line    int    // counted from 1 as an editor does; 0 for the whole table
	Column  int    // the cell of the row, counted from 1; 0 for the whole row
	Name    string // of the column, as the package comment has it; "" for an unnamed one
	Message string // what is wrong and how to write it, in one line
}

// String is the place and the message, in one line.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.Message
	}
	place := fmt.Sprintf("line %d", p.Line)
	if p.Column > 0 {
		place += fmt.Sprintf(", column %d", p.Column)
	}
	if p.Name != "" {
		place += " (" + p.Name + ")"
	}
	return place + ": " + p.Message
}

// Problems are all problems of a table, in the order in which they were found.
type Problems struct {
	List  []Problem // MaxProblems at most
	Count int       // of all problems
}

// maxInError is how many problems the text of the error shows.
const maxInError = 5

// Error shows the first problems and counts the others, in one line.
func (ps *Problems) Error() string {
	if ps == nil || ps.Count == 0 {
		return "sheet: no problems"
	}
	texts := make([]string, 0, maxInError+1)
	for _, p := range ps.List[:min(len(ps.List), maxInError)] {
		texts = append(texts, p.String())
	}
	if more := ps.Count - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return "sheet: " + strings.Join(texts, "; ")
}

// add escapes the message, since it may quote the table.
func (ps *Problems) add(p Problem) {
	ps.Count++
	if len(ps.List) < MaxProblems {
		p.Message = oneline.Cut(p.Message, 500)
		ps.List = append(ps.List, p)
	}
}
