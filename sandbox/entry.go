package sandbox

import (
	"net/url"

	"github.com/wxpayscore/payscore/sandbox/internal/deliver"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/signcheck"
)

// Entry is one line of the journal: something that happened to the sandbox.
// Seq, Time, Kind (request, move, notification, clock, fault, setting or reset),
// Subject, Stage and Operation say what happened to what; Method, Target,
// Status, Code, Number, Message, RequestID, Duration, Fault, Request, Answer and
// Signature are those of a request; Notification, Attempt and Next those of an
// attempt to deliver one.
type Entry = journal.Entry

// Journal returns what happened to the sandbox, oldest first; the newest
// 20,000 entries are kept, or as many as have 64 MiB of texts.
func (s *Sandbox) Journal() []Entry {
	s.mustBeOpen()
	return s.ledger.Journal.Since(0)
}

// SignatureReport explains a refused signature. Mistake names what is wrong, and
// Issue and IssueZH describe it in two languages. Expected and Signed are the
// canonical messages that the sandbox expected and the client signed. Offset is
// the first byte at which they differ.
type SignatureReport = signcheck.Report

// ExplainSignature reports what is wrong with the signature of a request. It
// tries the usual mistakes of signers, one and two at a time, and finds the
// message that was signed if one of them explains it. requestURI is the path and
// query as they were sent, or a whole URL. authorization is the value of the
// Authorization header. An old timestamp is only reported if all else is right.
//
// The request is not carried out. The number of attempts is bounded.
func (s *Sandbox) ExplainSignature(method, requestURI, authorization string, body []byte) SignatureReport {
	s.mustBeOpen()
	r := signcheck.Request{Method: method, Target: requestURI, Authorization: authorization, Body: body}
	if u, err := url.Parse(requestURI); err == nil && u.Scheme != "" && u.Host != "" {
		r.Target, r.Host = u.RequestURI(), u.Host
	}
	return s.edge.Explain(r, s.ledger.Store.Clock.Wall())
}

// Notification is a notification to the merchant and the attempts to deliver it:
// ID, EventType, URL, Subject, CreatedAt, Resource (unencrypted), Attempts,
// Tries, Next (zero if there is no further attempt) and Delivered.
type Notification = deliver.Notification

// Attempt is one attempt to deliver a notification: its Time, Status, Error (why
// it failed), Duration and Fault.
type Attempt = deliver.Attempt

// NotificationTraffic makes notifications as irregular as they are in production.
// Each field selects every n-th notification (1 is each, 0 is none): Probes come
// with a wrong signature first, Duplicates come twice, and Late ones start late,
// so that others overtake them.
type NotificationTraffic = deliver.Traffic

// Notifications returns copies of all notifications, oldest first.
func (s *Sandbox) Notifications() []Notification {
	s.mustBeOpen()
	return s.ledger.Post.All()
}

// Resend delivers a notification once more, at once, even if it was delivered
// before, and returns the attempt. A failure does not add retries to the
// schedule. A probe has a wrong signature. WeChat Pay sends such probes to check
// that a receiver verifies signatures: one that accepts a probe does not. Resend
// returns an error if there is no such notification.
func (s *Sandbox) Resend(id string, probe bool) (Attempt, error) {
	s.mustBeOpen()
	return s.ledger.Post.Resend(id, probe)
}
