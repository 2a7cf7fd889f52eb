package sandbox_test

import (
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/sandbox"
)

// Twelve callers lower one order, and the sandbox takes a lower total only: in
// the order of the commits, the accepted totals fall. Read by the number of the
// entries, as a file and as the API has them, they have to fall as well.
func TestJournalIsInTheOrderOfCommits(t *testing.T) {
	t.Parallel()
	const callers, highest = 12, 40_000
	for run := range size(1, 2, 10) {
		var file jsonLines
		b := newBox(t, sandbox.WithJournal(&file))
		b.seed(orderNo, 50000)
		var total atomic.Int64
		total.Store(highest)
		var accepted atomic.Int64
		var wait sync.WaitGroup
		for range callers {
			wait.Go(func() {
				var seen int64
				for range size(10, 30, 30) {
					next := total.Add(-7)
					err := b.modify(orderNo, next)
					if err == nil {
						accepted.Add(1)
					} else if _, refused := errors.AsType[*apierror.Error](err); !refused {
						t.Error(err)
					}
					// A reader never sees an entry before all of the earlier ones.
					for _, e := range b.JournalSince(seen) {
						if e.Seq != seen+1 {
							t.Errorf("run %d: a reader at %d saw %d", run, seen, e.Seq)
						}
						seen = e.Seq
					}
				}
			})
		}
		wait.Wait()
		for name, entries := range map[string][]sandbox.Entry{"memory": b.Requests("modifyPartnerServiceOrder"), "file": file.entries(t)} {
			before, count, inversions := int64(50000), int64(0), 0
			for _, e := range entries {
				if e.Operation != "modifyPartnerServiceOrder" || e.Status != 204 {
					continue
				}
				var body struct {
					Total int64 `json:"total_amount"`
				}
				if err := json.Unmarshal([]byte(e.Request), &body); err != nil {
					t.Fatal(err)
				}
				if body.Total >= before {
					inversions++
				}
				before = min(before, body.Total)
				count++
			}
			if inversions > 0 {
				t.Errorf("run %d, %s: %d of %d accepted modifications come after a later one", run, name, inversions, count)
			}
			if count != accepted.Load() || before != b.total(orderNo) {
				t.Errorf("run %d, %s: %d accepted, down to %d; want %d, down to %d", run, name, count, before, accepted.Load(), b.total(orderNo))
			}
			t.Logf("run %d, %s: %d accepted, %d inversions", run, name, count, inversions)
		}
	}
}

// jsonLines collects a journal.
type jsonLines struct {
	mu  sync.Mutex
	all [][]byte
}

func (l *jsonLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, append([]byte(nil), b...))
	return len(b), nil
}

func (l *jsonLines) entries(t *testing.T) (all []sandbox.Entry) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		var e sandbox.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}
