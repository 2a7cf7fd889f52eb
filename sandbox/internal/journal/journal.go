package journal

import (
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/sandbox/internal/signcheck"
)

// Entry is one line of the journal: something that happened to the sandbox.
type Entry struct {
	// Seq numbers the entries in the order in which things happened. A request
	// takes its number when the sandbox commits or reads what it asks for,
	// however long the answer takes after that.
	Seq  int64     `json:"seq"`
	Time time.Time `json:"time"` // that orders go by
	// Kind is request, move (of the user or of WeChat Pay), notification (one
	// attempt to deliver one), clock, fault, setting or reset.
	Kind string `json:"kind"`
	// Subject names what it happened to: sub_mchid, a slash and out_order_no
	// for an order; empty when it is about none. Direct merchants have no
	// sub_mchid and so start with the slash. Orders of acquiring institutions and
	// overseas orders begin with the name of their family and a slash.
	Subject string `json:"subject,omitempty"`
	Stage   string `json:"stage,omitempty"` // of the order, afterwards
	// Operation is the operationId of a request, the name of a move or of a
	// setting, or the event type of a notification.
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
	Signature *signcheck.Report `json:"signature,omitempty"`
}

// Kinds of an entry.
const (
	Request      = "request"
	Move         = "move" // of the user or of WeChat Pay
	Notification = "notification"
	Clock        = "clock"
	Fault        = "fault"
	Setting      = "setting" // was switched
	Reset        = "reset"
)

// MaxBody bounds the text that an entry keeps of a body, in bytes.
const MaxBody = 8 << 10

// Bounds of the entries that are kept in memory, and of their texts in bytes.
const (
	journalSize  = 20_000
	journalBytes = 64 << 20
)

// Journal keeps the newest entries. It is safe for concurrent use. Readers see
// an entry once all earlier ones are there.
type Journal struct {
	mu       sync.Mutex
	numbered int64     // the last number that was given out
	places   []*Place  // of numbers without an entry yet, and what comes after them
	shown    sync.Cond // on mu: seq grew
	seq      int64     // of the newest of entries
	entries  []Entry
	bytes    int // of their texts
	// Writer gets JSON Lines, unless it is nil. It is set before the first entry.
	Writer   io.Writer
	failed   error // of the writer, which is then left alone
	watchers map[chan<- Entry]struct{}
}

// New returns an empty journal.
func New() *Journal {
	j := &Journal{watchers: map[chan<- Entry]struct{}{}}
	j.shown.L = &j.mu
	return j
}

// Place is a number of the journal whose entry is not known yet.
type Place struct {
	seq   int64
	entry Entry
	ready bool
}

// Reserve gives out the next number. The caller fills the Place soon and
// whatever happens: readers wait for it.
func (j *Journal) Reserve() *Place {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.reserveLocked()
}

func (j *Journal) reserveLocked() *Place {
	j.numbered++
	p := &Place{seq: j.numbered}
	j.places = append(j.places, p)
	return p
}

// Fill gives a place its entry, once, and returns when it is shown. The caller
// does not hold the lock of the tables, which an earlier entry may need.
func (j *Journal) Fill(p *Place, e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fillLocked(p, e)
	j.wait(p.seq)
}

func (j *Journal) fillLocked(p *Place, e Entry) {
	p.entry, p.ready = e, true
	p.entry.Seq = p.seq
	for len(j.places) > 0 && j.places[0].ready {
		j.show(j.places[0].entry)
		j.places = j.places[1:]
	}
	j.shown.Broadcast()
}

// Add numbers an entry. The caller may hold the lock of the tables.
func (j *Journal) Add(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fillLocked(j.reserveLocked(), e)
}

// wait returns once the entry of a number is shown. The caller holds j.mu and
// not the lock of the tables.
func (j *Journal) wait(seq int64) {
	for j.seq < seq {
		j.shown.Wait()
	}
}

// show hands an entry on to all readers. A watcher that is not ready misses it
// and can tell by the gap in Seq.
func (j *Journal) show(e Entry) {
	if e.Kind == Reset {
		j.entries, j.bytes = nil, 0
	}
	j.seq = e.Seq
	j.bytes += e.size()
	if len(j.entries) == journalSize || j.bytes > journalBytes {
		j.forget()
	}
	j.entries = append(j.entries, e)
	if j.Writer != nil && j.failed == nil {
		j.failed = json.NewEncoder(j.Writer).Encode(e)
	}
	for w := range j.watchers {
		select {
		case w <- e:
		default:
		}
	}
}

// forget drops a tenth of the entries, and more until their texts fit.
func (j *Journal) forget() {
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

// Watch sends new entries to c until the returned function is called.
func (j *Journal) Watch(c chan<- Entry) (stop func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.watchers[c] = struct{}{}
	return func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.watchers, c)
	}
}

// Since returns a copy of the entries after a number, which may be one that the
// journal has not reached.
func (j *Journal) Since(seq int64) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wait(j.numbered)
	count := min(max(j.seq-seq, 0), int64(len(j.entries)))
	return append([]Entry(nil), j.entries[int64(len(j.entries))-count:]...)
}

// About returns the newest entries after a number that are about a subject,
// oldest first; an empty subject takes all.
func (j *Journal) About(subject string, seq int64, limit int) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wait(j.numbered)
	var found []Entry
	for i := len(j.entries) - 1; i >= 0 && j.entries[i].Seq > seq && len(found) < limit; i-- {
		if subject == "" || j.entries[i].Subject == subject {
			found = append(found, j.entries[i])
		}
	}
	slices.Reverse(found)
	return found
}

// Newest is the number of the last entry.
func (j *Journal) Newest() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wait(j.numbered)
	return j.seq
}

// Text is the start of b, cut between two characters; "" when b is not text.
func Text(b []byte, limit int) string {
	if len(b) > limit {
		end := limit
		for end > 0 && !utf8.RuneStart(b[end]) {
			end--
		}
		b = b[:end]
	}
	if !utf8.Valid(b) {
		return ""
	}
	return string(b)
}

// Body is what an entry keeps of a body.
func Body(body []byte) (kept string, leftOut int) {
	kept = Text(body, MaxBody)
	return kept, len(body) - len(kept)
}
