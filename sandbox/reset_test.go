package sandbox_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

// A notification whose turn has come may be forgotten before it is sent.
func TestResetWhileNotificationsAreSent(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer receiver.Close()
	b := newBox(t)
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 50 {
				no := fmt.Sprintf("order_%d_%d", w, i)
				_, err := b.Seed(no, 100, sandbox.SeedNotifyURL(receiver.URL))
				b.ok(err)
				_ = b.Move("user_pays", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: no}) // it may be forgotten already
			}
		})
	}
	for range 200 {
		b.ok(b.Reset())
	}
	writers.Wait()
	b.ok(b.Reset())
	b.Advance(time.Minute)
	if n := b.Notifications(); len(n) != 0 {
		t.Errorf("%d notifications are left", len(n))
	}
}

// The journal has its room back.
func TestJournalAfterAReset(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.FillJournal(63 << 20) // of 64 MiB
	b.ok(b.Reset())
	b.FillJournal(60 << 20)
	if entries := b.Journal(); entries[0].Kind != "reset" {
		t.Errorf("%d entries, the first one is of %s", len(entries), entries[0].Kind)
	}
}

// A clock that is moved or quickened beyond all measure does not wrap to the
// past.
func TestClockDoesNotGoBack(t *testing.T) {
	t.Parallel()
	wall := noon
	var mu sync.Mutex
	b := newBoxAt(t, func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return wall
	}, sandbox.WithTimeScale(math.MaxInt))
	before := b.Now()
	for range 4 {
		mu.Lock()
		wall = wall.Add(time.Hour)
		mu.Unlock()
		if now := b.Now(); now.Before(before) {
			t.Fatalf("from %s to %s", before, now)
		}
		before = b.Now()
		b.Advance(math.MaxInt64)
		if now := b.Now(); now.Before(before) || now.Year() > 9999 { // which JSON cannot say
			t.Fatalf("from %s to %s", before, now)
		}
		before = b.Now()
	}
}
