package notify

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func testMemory() (*Memory, *time.Time) {
	now := time.Unix(1750000000, 0)
	m := NewMemory()
	m.clock = func() time.Time { return now }
	return m, &now
}

func begin(t *testing.T, m *Memory, want error, keys ...string) Claim {
	t.Helper()
	c, err := m.Begin(t.Context(), keys...)
	if !errors.Is(err, want) || (err == nil) != (c != nil) {
		t.Fatalf("%v: %v, want %v", keys, err, want)
	}
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMemoryClaimsAllKeysOrNone(t *testing.T) {
	m, _ := testMemory()
	first := begin(t, m, nil, "a", "b")
	begin(t, m, ErrInProgress, "b", "c")
	begin(t, m, nil, "c") // was not claimed by the one before
	must(t, first.Release(t.Context()))
	first = begin(t, m, nil, "b")
	must(t, first.Done(t.Context()))
	begin(t, m, ErrDone, "x", "b")
	begin(t, m, ErrDone, "c", "b") // done counts for more than in progress
	begin(t, m, nil, "x")
}

func TestMemoryForgets(t *testing.T) {
	m, now := testMemory()
	must(t, begin(t, m, nil, "done").Done(t.Context()))
	abandoned := begin(t, m, nil, "claimed")
	*now = now.Add(keepClaim - 1)
	begin(t, m, ErrInProgress, "claimed")
	*now = now.Add(1)
	taken := begin(t, m, nil, "claimed")
	must(t, abandoned.Release(t.Context())) // is not its own any more
	begin(t, m, ErrInProgress, "claimed")
	must(t, taken.Done(t.Context()))
	*now = now.Add(24*time.Hour + 30*time.Minute)
	begin(t, m, ErrDone, "done")
	*now = now.Add(time.Hour)
	begin(t, m, nil, "done")
	if len(m.oldest) != 0 || len(m.keys) != 1 {
		t.Errorf("%d done, %d keys", len(m.oldest), len(m.keys))
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m, now := testMemory()
	m.size = 10
	for i := range 100 {
		must(t, begin(t, m, nil, fmt.Sprint("id", i), fmt.Sprint("order", i)).Done(t.Context()))
	}
	if len(m.keys) != 10 || len(m.oldest) != 5 {
		t.Errorf("%d keys, %d done", len(m.keys), len(m.oldest))
	}
	begin(t, m, ErrDone, "id95") // the newest five
	begin(t, m, nil, "id94")
	for i := range 9 {
		begin(t, m, nil, fmt.Sprint("claim", i))
	}
	begin(t, m, ErrFull, "one more")
	*now = now.Add(keepClaim)
	begin(t, m, nil, "one more")
}
