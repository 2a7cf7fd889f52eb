package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	server "github.com/wxpayscore/payscore/gen/sandboxserver"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

const (
	// maxStreams bounds the readers of the live journal. A browser has few.
	maxStreams = 64
	// heartbeat tells a reader that the line is not dead.
	heartbeat = 15 * time.Second
)

func (a adminOperations) ListJournal(_ context.Context, r server.ListJournalRequestObject) (server.ListJournalResponseObject, error) {
	limit, subject := int(orDefault(r.Params.Limit, 100)), orDefault(r.Params.Subject, "")
	page := server.Journal{Seq: a.ledger.Journal.Newest(), Entries: []server.Entry{}}
	if r.Params.Since == nil {
		for _, e := range a.ledger.Journal.About(subject, 0, limit) {
			page.Entries = append(page.Entries, ViewOf(e))
		}
		return server.ListJournal200JSONResponse(page), nil
	}
	// Whoever reads on from a number wants the oldest of what follows.
	for _, e := range a.ledger.Journal.Since(*r.Params.Since) {
		if len(page.Entries) < limit && (subject == "" || e.Subject == subject) {
			page.Entries = append(page.Entries, ViewOf(e))
		}
	}
	return server.ListJournal200JSONResponse(page), nil
}

// ViewOf is an entry as the admin side shows it.
func ViewOf(e journal.Entry) server.Entry {
	view := server.Entry{
		Seq: e.Seq, Time: e.Time.In(rules.ChinaTime), Kind: e.Kind,
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
	newest := a.ledger.Journal.Newest()
	return eventStream{Handler: a.Handler, ctx: ctx, last: min(orDefault(r.Params.LastEventID, newest), newest)}, nil
}

// eventStream sends the journal as it grows.
type eventStream struct {
	*Handler
	ctx  context.Context // of the request
	last int64
}

func (s eventStream) VisitStreamEventsResponse(w http.ResponseWriter) error {
	defer s.streams.Add(-1)
	// An entry is only the sign that there is more: one that the channel has no
	// room for is not missed.
	more := make(chan journal.Entry, 1)
	defer s.ledger.Journal.Watch(more)()
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Time{}) // the server's would end the stream
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	text := []byte("retry: 1000\n\n")
	for {
		for _, e := range s.ledger.Journal.Since(s.last) {
			s.last = e.Seq
			e.Request, e.Answer, e.RequestLeftOut, e.AnswerLeftOut = "", "", 0, 0
			b, err := json.Marshal(ViewOf(e))
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
