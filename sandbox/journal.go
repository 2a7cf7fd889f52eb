package sandbox

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Entry is one line of the journal: something that happened to the sandbox.
type Entry struct {
	// Seq numbers the entries in the order in which things happened. A request
	// takes its number when the sandbox commits or reads what it asks for,
	// however long the answer takes after that.
	Seq  int64     `json:"seq"`
	Time time.Time `json:"time"` // that orders go by
	// Kind is request, move (of the user or of WeChat Pay), notification (one
	// attempt to deliver one), clock, fault or reset.
	Kind string `json:"kind"`
	// Subject names what it happened to: sub_mchid, a slash and out_order_no
	// for an order; empty when it is about none. Direct merchants have no
	// sub_mchid and so start with the slash.
	Subject string `json:"subject,omitempty"`
	Stage   string `json:"stage,omitempty"` // of the order, afterwards
	// Operation is the operationId of a request, the name of a move, or the
	// event type of a notification.
	Operation string        `json:"operation,omitempty"`
	Method    string        `json:"method,omitempty"`
	Target    string        `json:"target,omitempty"` // path and query, or the host and path of a notify_url
	Status    int           `json:"status,omitempty"`
	Code      string        `json:"code,omitempty"`
	Number    int64         `json:"number,omitempty"`
	Message   string        `json:"message,omitempty"`
	RequestID string        `json:"request_id,omitempty"`
	Duration  time.Duration `json:"duration_ns,omitempty"` // on the wall clock, without the fault latency-after
	Fault     string        `json:"fault,omitempty"`       // that was done to it
	// Request and Answer are the first 8 KiB of the bodies. What is not text is
	// left out.
	Request        string `json:"request,omitempty"`
	RequestLeftOut int    `json:"request_left_out,omitempty"` // bytes
	Answer         string `json:"answer,omitempty"`
	AnswerLeftOut  int    `json:"answer_left_out,omitempty"` // bytes
	// Of an attempt to deliver a notification: its id, the attempts so far, and
	// the time of the next one, if there is one.
	Notification string    `json:"notification,omitempty"`
	Attempt      int       `json:"attempt,omitempty"`
	Next         time.Time `json:"next,omitzero"`
	// Signature says why a request's signature was refused.
	Signature *SignatureReport `json:"signature,omitempty"`
}

// SignatureReport lays the two canonical messages of a refused signature side
// by side.
type SignatureReport struct {
	// Mistake names what is wrong, such as path-without-query; ok when nothing
	// is. Two that were made at once are joined by a plus.
	Mistake string `json:"mistake"`
	Issue   string `json:"issue"`    // what is wrong, in a sentence
	IssueZH string `json:"issue_zh"` // the same in Chinese
	// Expected is the message that the sandbox verified, Signed the one that the
	// caller signed, where the sandbox can tell. Both are cut after 64 KiB, in
	// the journal after 8 KiB.
	Expected string `json:"expected,omitempty"`
	Signed   string `json:"signed,omitempty"`
	// Offset is the first byte at which the two differ, -1 when unknown.
	Offset int `json:"offset"`
}

// Bounds of the entries that are kept in memory, and of their texts in bytes.
const (
	journalSize  = 20_000
	journalBytes = 64 << 20
)

// journal keeps the newest entries. It is safe for concurrent use. Readers see
// an entry once all earlier ones are there.
type journal struct {
	mu       sync.Mutex
	numbered int64     // the last number that was given out
	places   []*place  // of numbers without an entry yet, and what comes after them
	shown    sync.Cond // on mu: seq grew
	seq      int64     // of the newest of entries
	entries  []Entry
	bytes    int       // of their texts
	writer   io.Writer // JSON Lines, or nil
	failed   error     // of the writer, which is then left alone
	watchers map[chan<- Entry]struct{}
}

func newJournal() *journal {
	j := &journal{watchers: map[chan<- Entry]struct{}{}}
	j.shown.L = &j.mu
	return j
}

// place is a number of the journal whose entry is not known yet.
type place struct {
	seq   int64
	entry Entry
	ready bool
}

// reserve gives out the next number. The caller fills the place soon and
// whatever happens: readers wait for it.
func (j *journal) reserve() *place {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.reserveLocked()
}

func (j *journal) reserveLocked() *place {
	j.numbered++
	p := &place{seq: j.numbered}
	j.places = append(j.places, p)
	return p
}

// fill gives a place its entry, once, and returns when it is shown. The caller
// does not hold Sandbox.mu, which an earlier entry may need.
func (j *journal) fill(p *place, e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fillLocked(p, e)
	j.wait(p.seq)
}

func (j *journal) fillLocked(p *place, e Entry) {
	p.entry, p.ready = e, true
	p.entry.Seq = p.seq
	for len(j.places) > 0 && j.places[0].ready {
		j.show(j.places[0].entry)
		j.places = j.places[1:]
	}
	j.shown.Broadcast()
}

// add numbers an entry. The caller may hold Sandbox.mu.
func (j *journal) add(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fillLocked(j.reserveLocked(), e)
}

// wait returns once the entry of a number is shown. The caller holds j.mu and
// not Sandbox.mu.
func (j *journal) wait(seq int64) {
	for j.seq < seq {
		j.shown.Wait()
	}
}

// show hands an entry on to all readers. A watcher that is not ready misses it
// and can tell by the gap in Seq.
func (j *journal) show(e Entry) {
	if e.Kind == kindReset {
		j.entries, j.bytes = nil, 0
	}
	j.seq = e.Seq
	j.bytes += e.size()
	if len(j.entries) == journalSize || j.bytes > journalBytes {
		j.forget()
	}
	j.entries = append(j.entries, e)
	if j.writer != nil && j.failed == nil {
		j.failed = json.NewEncoder(j.writer).Encode(e)
	}
	for w := range j.watchers {
		select {
		case w <- e:
		default:
		}
	}
}

// forget drops a tenth of the entries, and more until their texts fit.
func (j *journal) forget() {
	dropped := 0
	for dropped < len(j.entries) && (dropped < journalSize/10 && len(j.entries) == journalSize || j.bytes > journalBytes*9/10) {
		j.bytes -= j.entries[dropped].size()
		dropped++
	}
	kept := copy(j.entries, j.entries[dropped:])
	clear(j.entries[kept:])
	j.entries = j.entries[:kept]
}

func (e *Entry) size() int {
	n := len(e.Request) + len(e.Answer) + len(e.Target) + len(e.Message) + len(e.Fault)
	if e.Signature != nil {
		n += len(e.Signature.Expected) + len(e.Signature.Signed)
	}
	return n
}

// watch sends new entries to c until the returned function is called.
func (j *journal) watch(c chan<- Entry) (stop func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.watchers[c] = struct{}{}
	return func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.watchers, c)
	}
}

// since returns a copy of the entries after a number, which may be one that the
// journal has not reached.
func (j *journal) since(seq int64) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wait(j.numbered)
	count := min(max(j.seq-seq, 0), int64(len(j.entries)))
	return append([]Entry(nil), j.entries[int64(len(j.entries))-count:]...)
}

// Journal returns what happened to the sandbox, oldest first; the newest
// 20,000 entries are kept, or as many as have 64 MiB of texts.
func (s *Sandbox) Journal() []Entry {
	s.mustBeOpen()
	return s.journal.since(0)
}
