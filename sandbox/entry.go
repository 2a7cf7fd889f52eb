package sandbox

import "github.com/wxpayscore/payscore/sandbox/internal/journal"

// Entry is one line of the journal: something that happened to the sandbox.
// Seq, Time, Kind (request, move, notification, clock, fault or reset),
// Subject, Stage and Operation say what happened to what; Method, Target,
// Status, Code, Number, Message, RequestID, Duration, Fault, Request, Answer and
// Signature are those of a request; Notification, Attempt and Next those of an
// attempt to deliver one.
type Entry = journal.Entry

// Journal returns what happened to the sandbox, oldest first; the newest
// 20,000 entries are kept, or as many as have 64 MiB of texts.
func (s *Sandbox) Journal() []Entry {
	s.mustBeOpen()
	return s.journal.Since(0)
}
