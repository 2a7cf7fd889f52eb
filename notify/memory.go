package notify

import (
	"container/list"
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"
)

const (
	keepDone  = 25 * time.Hour // WeChat Pay repeats for 24 hours and 4 minutes
	keepClaim = 10 * time.Minute
	maxKeys   = 200_000 // about 100 000 notifications, some 45 MB

	// forgetAtOnce bounds how many expired claims one Begin forgets while others
	// wait for the lock. It is more than one, which is what one Begin adds.
	forgetAtOnce = 4
)

// ErrFull is what Memory.Begin returns when all its keys are in progress.
var ErrFull = errors.New("notify: too many notifications in progress")

var errNoMemory = errors.New("notify: the Memory is nil")

// Memory is a Deduper for one process. It keeps what is done for 25 hours and a
// claim for 10 minutes, and at most 200 000 keys: of more it forgets what has been
// done for longest. What one notification costs does not depend on how many it
// keeps. The zero value is empty and ready for use. It is safe for concurrent use
// and must not be copied. What it knows ends with the process.
type Memory struct {
	mu   sync.Mutex
	keys map[memoryKey]*memoryClaim
	// Claims that own a key, the one that expires first in front: each list has one
	// time to live.
	claimed, done list.List
	size          int // 0 is maxKeys
	clock         func() time.Time
}

// memoryKey is a hash, so that the length of an ID costs no memory.
type memoryKey [sha256.Size]byte

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return new(Memory) }

type memoryClaim struct {
	memory  *Memory
	keys    []memoryKey
	owned   int // how many of keys are its own in memory.keys
	done    bool
	expires time.Time
	element *list.Element // in memory.claimed or memory.done while it owns a key
}

func (m *Memory) now() time.Time {
	if m.clock == nil {
		return time.Now()
	}
	return m.clock()
}

// Begin implements Deduper. Its error is ErrDone, ErrInProgress or ErrFull.
func (m *Memory) Begin(_ context.Context, keys ...string) (Claim, error) {
	if m == nil {
		return nil, errNoMemory
	}
	hashes := make([]memoryKey, len(keys))
	for i, key := range keys {
		hashes[i] = sha256.Sum256([]byte(key))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	m.forgetExpired(now)
	inProgress := false
	for _, key := range hashes {
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
	if !m.makeRoom(len(keys), now) {
		return nil, ErrFull
	}
	c := &memoryClaim{memory: m, keys: hashes, expires: now.Add(keepClaim)}
	m.own(c, &m.claimed)
	return c, nil
}

// forgetExpired forgets a few of those that have expired. The others are ignored
// until it is their turn.
func (m *Memory) forgetExpired(now time.Time) {
	for range forgetAtOnce {
		switch {
		case expired(&m.claimed, now):
			m.forget(oldest(&m.claimed))
		case expired(&m.done, now):
			m.forget(oldest(&m.done))
		default:
			return
		}
	}
}

// makeRoom forgets until there is room for n keys.
func (m *Memory) makeRoom(n int, now time.Time) bool {
	size := m.size
	if size == 0 {
		size = maxKeys
	}
	for len(m.keys)+n > size {
		switch {
		case expired(&m.claimed, now):
			m.forget(oldest(&m.claimed))
		case m.done.Len() > 0:
			m.forget(oldest(&m.done))
		default:
			return false
		}
	}
	return true
}

func oldest(l *list.List) *memoryClaim { return l.Front().Value.(*memoryClaim) }

func expired(l *list.List, now time.Time) bool {
	return l.Len() > 0 && !now.Before(oldest(l).expires)
}

// own gives c its keys, whoever has them, and puts it at the end of one of the lists.
func (m *Memory) own(c *memoryClaim, to *list.List) {
	if m.keys == nil {
		m.keys = make(map[memoryKey]*memoryClaim)
	}
	for _, key := range c.keys {
		before := m.keys[key]
		if before == c {
			continue
		}
		if before != nil {
			m.disown(before)
		}
		m.keys[key] = c
		c.owned++
	}
	m.unlist(c)
	if c.owned > 0 {
		c.element = to.PushBack(c)
	}
}

// disown takes one key from c, and takes it off its list with the last one.
func (m *Memory) disown(c *memoryClaim) {
	if c.owned--; c.owned == 0 {
		m.unlist(c)
	}
}

func (m *Memory) unlist(c *memoryClaim) {
	if c.element != nil {
		m.claimed.Remove(c.element) // does nothing when it is in the other list
		m.done.Remove(c.element)
		c.element = nil
	}
}

// forget leaves keys alone that another claim has taken over.
func (m *Memory) forget(c *memoryClaim) {
	for _, key := range c.keys {
		if m.keys[key] == c {
			delete(m.keys, key)
			c.owned--
		}
	}
	m.unlist(c)
}

// Done implements Claim. It holds for a claim that has expired, too, since the
// notification is done.
func (c *memoryClaim) Done(context.Context) error {
	m := c.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	c.done, c.expires = true, now.Add(keepDone)
	m.own(c, &m.done)
	m.makeRoom(0, now) // for a claim that had expired
	return nil
}

// Release implements Claim.
func (c *memoryClaim) Release(context.Context) error {
	c.memory.mu.Lock()
	defer c.memory.mu.Unlock()
	c.memory.forget(c)
	return nil
}
