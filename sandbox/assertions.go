package sandbox

import (
	"fmt"
	"strings"

	"github.com/wxpayscore/payscore/sandbox/internal/journal"
)

// Requests returns the journal's entries of the requests to an operation,
// oldest first. An empty operationID selects every request.
func (s *Server) Requests(operationID string) []Entry {
	s.test()
	var all []Entry
	for _, e := range s.Journal() {
		if e.Kind == journal.Request && (operationID == "" || e.Operation == operationID) {
			all = append(all, e)
		}
	}
	return all
}

// WantRequests fails the test unless count requests to an operation came, and
// lists those that did. It returns them as [Server.Requests] does.
func (s *Server) WantRequests(operationID string, count int) []Entry {
	s.test().Helper()
	got := s.Requests(operationID)
	if len(got) != count {
		var came strings.Builder
		for _, e := range s.Requests("") {
			_, _ = fmt.Fprintf(&came, "\n\t%s %s %s: %d %s %s", e.Operation, e.Method, e.Target, e.Status, e.Code, e.Fault)
		}
		s.t.Errorf("sandbox: %d requests to %q, want %d of%s", len(got), operationID, count, &came)
	}
	return got
}

// Fault switches on a fault, which is written as for [ParseFault], and returns a
// function that switches it off. An invalid fault ends the test.
func (s *Server) Fault(text string) (off func()) {
	s.test().Helper()
	f, err := ParseFault(text)
	if err != nil {
		s.t.Fatal(err)
	}
	id, err := s.AddFault(f)
	if err != nil {
		s.t.Fatal(err)
	}
	return func() { s.RemoveFault(id) }
}
