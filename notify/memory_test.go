package notify

import (
	"container/list"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
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
	if m.done.Len() != 0 || len(m.keys) != 1 {
		t.Errorf("%d done, %d keys", m.done.Len(), len(m.keys))
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m, now := testMemory()
	m.size = 10
	for i := range 100 {
		must(t, begin(t, m, nil, fmt.Sprint("id", i), fmt.Sprint("order", i)).Done(t.Context()))
	}
	if len(m.keys) != 10 || m.done.Len() != 5 {
		t.Errorf("%d keys, %d done", len(m.keys), m.done.Len())
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

func TestZeroMemory(t *testing.T) {
	var m Memory
	must(t, begin(t, &m, nil, "a", "a").Done(t.Context()))
	begin(t, &m, ErrDone, "a")
	must(t, begin(t, &m, nil).Done(t.Context()))
	if c, err := (*Memory)(nil).Begin(t.Context(), "a"); c != nil || err == nil {
		t.Error(c, err)
	}
}

// One Begin forgets a few, however many have expired: others wait for the lock.
func TestMemoryForgetsAFewAtOnce(t *testing.T) {
	m, now := testMemory()
	for i := range 1000 {
		must(t, begin(t, m, nil, fmt.Sprint("done", i)).Done(t.Context()))
		begin(t, m, nil, fmt.Sprint("claimed", i))
	}
	*now = now.Add(keepDone)
	for i := range 2000 {
		before := len(m.keys)
		must(t, begin(t, m, nil, "done999").Release(t.Context())) // was not forgotten yet, and has expired
		if after := len(m.keys); after > before || before-after > forgetAtOnce+1 {
			t.Fatalf("%d keys became %d", before, after)
		}
		if i == 600 && len(m.keys) > 0 {
			t.Fatalf("%d keys are left", len(m.keys))
		}
	}
}

// model is a Memory that looks at everything each time.
type model map[string]*modelClaim

type modelClaim struct {
	keys    []string
	done    bool
	expires time.Time
}

func (m model) begin(now time.Time, keys []string) (*modelClaim, error) {
	var result error
	for _, key := range keys {
		c := m[key]
		if c == nil || !now.Before(c.expires) {
			continue
		}
		if c.done {
			return nil, ErrDone
		}
		result = ErrInProgress
	}
	if result != nil {
		return nil, result
	}
	c := &modelClaim{keys: keys, expires: now.Add(keepClaim)}
	for _, key := range keys {
		m[key] = c
	}
	return c, nil
}

func (m model) settle(now time.Time, c *modelClaim, done bool) {
	if done {
		c.done, c.expires = true, now.Add(keepDone)
	}
	for _, key := range c.keys {
		if done {
			m[key] = c
		} else if m[key] == c {
			delete(m, key)
		}
	}
}

func TestMemoryIsItsModel(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		m, now := testMemory()
		bounded := seed%2 == 1
		if bounded {
			m.size = 6
		}
		model := model{}
		type pair struct {
			real  Claim
			model *modelClaim
		}
		var open []pair
		for step := range 500 {
			switch random.IntN(5) {
			case 0, 1:
				keys := []string{fmt.Sprint(random.IntN(12)), fmt.Sprint("order", random.IntN(12))}[:1+random.IntN(2)]
				real, err := m.Begin(t.Context(), keys...)
				if bounded {
					if err == nil {
						open = append(open, pair{real, nil})
					}
					break
				}
				want, wantErr := model.begin(*now, keys)
				if err != wantErr {
					t.Fatalf("seed %d, step %d: %v, want %v", seed, step, err, wantErr)
				}
				if err == nil {
					open = append(open, pair{real, want})
				}
			case 2, 3:
				if len(open) == 0 {
					break
				}
				i := random.IntN(len(open))
				done := random.IntN(2) == 0
				if done {
					must(t, open[i].real.Done(t.Context()))
				} else {
					must(t, open[i].real.Release(t.Context()))
				}
				if !bounded {
					model.settle(*now, open[i].model, done)
				}
				open = append(open[:i], open[i+1:]...)
			default:
				*now = now.Add([]time.Duration{1, time.Minute, keepClaim, time.Hour, keepDone}[random.IntN(5)])
			}
			owned, last := 0, time.Time{}
			for _, list := range []*list.List{&m.claimed, &m.done} {
				last = time.Time{}
				for e := list.Front(); e != nil; e = e.Next() {
					c := e.Value.(*memoryClaim)
					if c.owned == 0 || c.expires.Before(last) || c.element != e {
						t.Fatalf("seed %d, step %d: %+v", seed, step, c)
					}
					owned, last = owned+c.owned, c.expires
				}
			}
			if owned != len(m.keys) || bounded && len(m.keys) > 6 {
				t.Fatalf("seed %d, step %d: %d keys, %d owned", seed, step, len(m.keys), owned)
			}
		}
	}
}

// BenchmarkMemory is one notification on a Memory that has seen many.
func BenchmarkMemory(b *testing.B) {
	for _, seen := range []int{0, 1_000, 200_000, 1_000_000} {
		b.Run(fmt.Sprint(seen, " seen"), func(b *testing.B) {
			m := NewMemory()
			handle := func(i int) {
				c, err := m.Begin(b.Context(), fmt.Sprintf("id/EV-2018022511223320873-%d", i), fmt.Sprintf("order/1900000001/1900000109/%032d/PAYSCORE.USER_PAID/USER_PAID/39900", i))
				if err != nil {
					b.Fatal(err)
				}
				if err := c.Done(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for i := range seen {
				handle(i)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			i := seen
			for b.Loop() {
				handle(i)
				i++
			}
			b.ReportMetric(float64(len(m.keys)), "keys")
			b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e6, "MB")
		})
	}
}
