package notify

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	keepDone  = 25 * time.Hour // WeChat Pay repeats for 24 hours and 4 minutes
	keepClaim = 10 * time.Minute
	maxKeys   = 200_000 // about 100 000 notifications, some 30 MB
)

// ErrFull is what Memory.Begin returns when all its keys are in progress.
var ErrFull = errors.New("notify: too many notifications in progress")

// Memory is a Deduper for one process. It keeps what is done for 25 hours and a
// claim for 10 minutes, and at most 200 000 keys: of more it forgets what has been
// done for longest. It is safe for concurrent use. What it knows ends with the process.
type Memory struct {
	mu     sync.Mutex
	keys   map[string]*memoryClaim
	oldest []*memoryClaim // done, in the order they were
	size   int
	clock  func() time.Time
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	return &Memory{keys: make(map[string]*memoryClaim), size: maxKeys, clock: time.Now}
}

type memoryClaim struct {
	memory  *Memory
	keys    []string
	done    bool
	expires time.Time
}

// Begin implements Deduper.
func (m *Memory) Begin(_ context.Context, keys ...string) (Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock()
	for len(m.oldest) > 0 && !now.Before(m.oldest[0].expires) {
		m.forgetOldest()
	}
	inProgress := false
	for _, key := range keys {
		switch c := m.keys[key]; {
		case c == nil || !now.Before(c.expires):
		case c.done:
			return nil, ErrDone
		default:
			inProgress = true
		}
	}
	if inProgress {
		return nil, ErrInProgress
	}
	if len(m.keys)+len(keys) > m.size {
		m.forgetDeadClaims(now)
	}
	for len(m.keys)+len(keys) > m.size && len(m.oldest) > 0 {
		m.forgetOldest()
	}
	if len(m.keys)+len(keys) > m.size {
		return nil, ErrFull
	}
	c := &memoryClaim{memory: m, keys: keys, expires: now.Add(keepClaim)}
	for _, key := range keys {
		m.keys[key] = c
	}
	return c, nil
}

// Done implements Claim. It holds for a claim that has expired, too, since the
// notification is done.
func (c *memoryClaim) Done(context.Context) error {
	m := c.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	c.done, c.expires = true, m.clock().Add(keepDone)
	for _, key := range c.keys {
		m.keys[key] = c
	}
	m.oldest = append(m.oldest, c)
	return nil
}

// Release implements Claim.
func (c *memoryClaim) Release(context.Context) error {
	c.memory.mu.Lock()
	defer c.memory.mu.Unlock()
	c.memory.forget(c)
	return nil
}

// forget leaves keys alone that another claim has taken over.
func (m *Memory) forget(c *memoryClaim) {
	for _, key := range c.keys {
		if m.keys[key] == c {
			delete(m.keys, key)
		}
	}
}

func (m *Memory) forgetOldest() {
	m.forget(m.oldest[0])
	m.oldest[0] = nil
	m.oldest = m.oldest[1:]
}

// forgetDeadClaims looks at all keys, so it is for a full Memory only.
func (m *Memory) forgetDeadClaims(now time.Time) {
	for key, c := range m.keys {
		if !c.done && !now.Before(c.expires) {
			delete(m.keys, key)
		}
	}
}
