package hostile

import (
	"regexp"
	"sync"
)

// fate is what became of the order.
type fate byte

const (
	untouched fate = 'n'
	changed   fate = 'c' // before the fault
	late      fate = 'l' // after the client gave up, or just before it queried
)

func (f fate) String() string {
	return map[fate]string{untouched: "not committed", changed: "committed", late: "committed late"}[f]
}

// next is what the requests after the first fault meet.
type next int

const (
	same next = iota
	honest
	gone
	nexts
)

func (n next) String() string {
	return [...]string{"the same again", "then honest", "then gone"}[n]
}

// mostFaults ends a case in which something below the client sends again and
// again. Two attempts of a write and two of a query are half of it.
const mostFaults = 8

// truth is what the server knows of one case.
type truth struct {
	op    *operation
	no    string
	fate  fate
	next  next
	query bool // the faults meet queries instead of writes

	mu        sync.Mutex
	armed     bool // the warm-up is over
	committed bool
	pending   bool // to be committed late
	faults    int
	arrivals  int
	nonces    map[string]int
	goneNow   bool
	hungUp    bool   // the server ended a connection, on which a request may have been lost unread
	spoke     string // the protocol that was negotiated, if it was another
}

var nonceOf = regexp.MustCompile(`nonce_str="([^"]*)"`)

// arrive counts a request whose headers were read.
func (w *truth) arrive(authorization string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arrivals++
	nonce := ""
	if m := nonceOf.FindStringSubmatch(authorization); m != nil {
		nonce = m[1]
	}
	w.nonces[nonce]++
}

// faulty reports whether the request meets the fault, and does to the order
// what is its fate.
func (w *truth) faulty(method string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.armed || (method == "GET") != w.query || w.faults > 0 && w.next != same || w.faults == mostFaults {
		return false
	}
	w.fault()
	if !w.query {
		w.committed = w.committed || w.fate == changed
		w.pending = w.fate == late
	}
	return true
}

// faultyConn is faulty for a connection of which no request was read.
func (w *truth) faultyConn() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.armed || w.faults > 0 && w.next != same || w.faults == mostFaults {
		return false
	}
	w.fault()
	return true
}

func (w *truth) fault() {
	w.faults++
	w.goneNow = w.next == gone
}

// commitLate is what was held up on its way and arrives now.
func (w *truth) commitLate() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.committed = w.committed || w.pending
}

// answer is that of an honest server. It changes the order.
func (w *truth) answer(method string) reply {
	w.mu.Lock()
	defer w.mu.Unlock()
	if method != "GET" {
		if w.committed {
			return plain(400, refusal).signed()
		}
		w.committed = true
		return plain(w.op.status, w.op.success(w.no)).signed()
	}
	if w.armed {
		w.committed = w.committed || w.pending
	}
	is := w.op.before
	if w.committed {
		is = w.op.after
	}
	return plain(200, w.op.order(w.no, is)).signed()
}

// success is the documented success, whatever became of the order.
func (w *truth) success(method string) reply {
	if method == "GET" {
		return plain(200, w.op.order(w.no, w.op.before))
	}
	return plain(w.op.status, w.op.success(w.no))
}

func (w *truth) hangUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hungUp = true
}

func (w *truth) isGone() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.goneNow
}

func (w *truth) arm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = true
}
