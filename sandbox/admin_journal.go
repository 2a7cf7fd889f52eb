package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	server "github.com/wxpayscore/payscore/gen/sandboxserver"
)

const (
	// maxStreams bounds the readers of the live journal. A browser has few.
	maxStreams = 64
	// heartbeat tells a reader that the line is not dead.
	heartbeat = 15 * time.Second
)

// about returns the newest entries after a number that are about a subject,
// oldest first; an empty subject takes all.
func (j *journal) about(subject string, seq int64, limit int) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wait(j.numbered)
	var found []Entry
	for i := len(j.entries) - 1; i >= 0 && j.entries[i].Seq > seq && len(found) < limit; i-- {
		if subject == "" || j.entries[i].Subject == subject {
			found = append(found, j.entries[i])
		}
	}
	for i, k := 0, len(found)-1; i < k; i, k = i+1, k-1 {
		found[i], found[k] = found[k], found[i]
	}
	return found
}

// newest is the number of the last entry.
func (j *journal) newest() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wait(j.numbered)
	return j.seq
}

func (a adminOperations) ListJournal(_ context.Context, r server.ListJournalRequestObject) (server.ListJournalResponseObject, error) {
	limit, subject := int(orDefault(r.Params.Limit, 100)), orDefault(r.Params.Subject, "")
	page := server.Journal{Seq: a.journal.newest(), Entries: []server.Entry{}}
	if r.Params.Since == nil {
		for _, e := range a.journal.about(subject, 0, limit) {
			page.Entries = append(page.Entries, adminEntry(e))
		}
		return server.ListJournal200JSONResponse(page), nil
	}
	// Whoever reads on from a number wants the oldest of what follows.
	for _, e := range a.journal.since(*r.Params.Since) {
		if len(page.Entries) < limit && (subject == "" || e.Subject == subject) {
			page.Entries = append(page.Entries, adminEntry(e))
		}
	}
	return server.ListJournal200JSONResponse(page), nil
}

// adminEntry is an entry as the admin side shows it.
func adminEntry(e Entry) server.Entry {
	view := server.Entry{
		Seq: e.Seq, Time: e.Time.In(chinaTime), Kind: e.Kind,
		Subject: present(e.Subject), Stage: present(e.Stage), Operation: present(e.Operation), Method: present(e.Method),
		Target: present(e.Target), Status: present(int64(e.Status)), Code: present(e.Code), Number: present(e.Number),
		Message: present(e.Message), RequestID: present(e.RequestID), DurationNs: present(int64(e.Duration)),
		Fault: present(e.Fault), Request: present(e.Request), Answer: present(e.Answer),
		RequestLeftOut: present(int64(e.RequestLeftOut)), AnswerLeftOut: present(int64(e.AnswerLeftOut)),
		Notification: present(e.Notification), Attempt: present(int64(e.Attempt)), Next: present(e.Next),
	}
	if e.Signature != nil {
		view.Signature = new(adminReport(*e.Signature))
	}
	return view
}

// present is the optional field of a value that is there.
func present[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func (a adminOperations) StreamEvents(ctx context.Context, r server.StreamEventsRequestObject) (server.StreamEventsResponseObject, error) {
	if a.streams.Add(1) > maxStreams {
		a.streams.Add(-1)
		return nil, &problem{http.StatusServiceUnavailable, "BUSY", fmt.Sprintf("%d others listen already", maxStreams)}
	}
	// A reader of a sandbox that was started again has a number that is ahead.
	newest := a.journal.newest()
	return eventStream{admin: a.admin, ctx: ctx, last: min(orDefault(r.Params.LastEventID, newest), newest)}, nil
}

// eventStream sends the journal as it grows.
type eventStream struct {
	*admin
	ctx  context.Context // of the request
	last int64
}

func (s eventStream) VisitStreamEventsResponse(w http.ResponseWriter) error {
	defer s.streams.Add(-1)
	// An entry is only the sign that there is more: one that the channel has no
	// room for is not missed.
	more := make(chan Entry, 1)
	defer s.journal.watch(more)()
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Time{}) // the server's would end the stream
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	text := []byte("retry: 1000\n\n")
	for {
		for _, e := range s.journal.since(s.last) {
			s.last = e.Seq
			e.Request, e.Answer, e.RequestLeftOut, e.AnswerLeftOut = "", "", 0, 0
			b, err := json.Marshal(adminEntry(e))
			if err != nil {
				return err
			}
			text = fmt.Appendf(text, "id: %d\nevent: entry\ndata: %s\n\n", e.Seq, b)
		}
		_ = conn.SetWriteDeadline(time.Now().Add(heartbeat)) // a reader that takes nothing
		if _, err := w.Write(text); err != nil {
			return nil // it has gone
		}
		if err := conn.Flush(); err != nil {
			return nil
		}
		select {
		case <-more:
			text = nil
		case <-beat.C:
			text = []byte(": still here\n\n")
		case <-s.ctx.Done():
			return nil
		case <-s.closing:
			return nil
		}
	}
}
