package sandbox

import (
	"net/url"

	"github.com/wxpayscore/payscore/sandbox/internal/deliver"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/signcheck"
)

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
	return s.ledger.Journal.Since(0)
}

// SignatureReport lays the two canonical messages of a refused signature side
// by side: Mistake names what is wrong, Issue and IssueZH say it, Expected and
// Signed are the messages, Offset is the first byte at which they differ.
type SignatureReport = signcheck.Report

// ExplainSignature tells what is wrong with the signature of a request: it
// tries the usual mistakes of signers, one and two at a time, and finds the
// message that was signed when it was one of them. requestURI is path and
// query as they were sent; a whole URL will do. authorization is the header's
// value. That the timestamp is too old is said only when all else is right.
//
// It needs no more of the signature than the merchant's public key gives and
// bounds its effort; the request is not carried out.
func (s *Sandbox) ExplainSignature(method, requestURI, authorization string, body []byte) SignatureReport {
	s.mustBeOpen()
	r := signcheck.Request{Method: method, Target: requestURI, Authorization: authorization, Body: body}
	if u, err := url.Parse(requestURI); err == nil && u.Scheme != "" && u.Host != "" {
		r.Target, r.Host = u.RequestURI(), u.Host
	}
	return s.edge.Explain(r, s.ledger.Store.Clock.Wall())
}

// Notification is what WeChat Pay has to tell a merchant, and how often it
// tried: ID, EventType, URL, Subject, CreatedAt, Resource (in plain), Attempts,
// Tries, Next (zero: no more) and Delivered.
type Notification = deliver.Notification

// Attempt is one try to deliver a notification: its Time, Status, Error (why it
// counts as not taken), Duration and Fault.
type Attempt = deliver.Attempt

// NotificationTraffic is what a receiver has to bear in production, for every
// how many notifications (1 is each, 0 is none): Probes with a wrong signature,
// Duplicates, and Late ones that others overtake.
type NotificationTraffic = deliver.Traffic

// Notifications returns copies of all notifications, oldest first.
func (s *Sandbox) Notifications() []Notification {
	s.mustBeOpen()
	return s.ledger.Post.All()
}

// Resend makes one attempt more to deliver a notification, at once, whatever
// became of it before, and returns how it went. A failure is not repeated but
// by the schedule. A probe has a wrong signature, as WeChat Pay sends some to
// learn who verifies: a receiver that takes it does not. The error is that
// there is no such notification.
func (s *Sandbox) Resend(id string, probe bool) (Attempt, error) {
	s.mustBeOpen()
	return s.ledger.Post.Resend(id, probe)
}
