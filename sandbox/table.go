package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// table holds the records of one kind by their keys. Whoever uses it holds
// Sandbox.mu. A record that was changed in place is put again, so that the
// store learns of it.
type table[R any] struct {
	name    string
	records map[string]*R
	changes *changes
	// onLoad is called for each record from the store, once all tables have
	// theirs. It may plan what is still to come and holds Sandbox.mu.
	onLoad func(key string, r *R)
}

func newTable[R any](name string, c *changes) *table[R] {
	t := &table[R]{name: name, records: map[string]*R{}, changes: c}
	c.load[name] = func(key string, record []byte) error {
		r := new(R)
		if err := json.Unmarshal(record, r); err != nil {
			return fmt.Errorf("%s %q: %w", name, key, err)
		}
		t.records[key] = r
		return nil
	}
	c.forget[name] = func() {
		for key := range t.records {
			c.note(name, key, nil)
		}
		clear(t.records)
	}
	c.loaded = append(c.loaded, func() {
		if t.onLoad == nil {
			return
		}
		for key, r := range t.all() {
			t.onLoad(key, r)
		}
	})
	return t
}

// get returns nil for a key without a record.
func (t *table[R]) get(key string) *R { return t.records[key] }

func (t *table[R]) put(key string, r *R) {
	t.records[key] = r
	t.changes.note(t.name, key, r)
}

// all goes over the records in the order of their keys.
func (t *table[R]) all() iter.Seq2[string, *R] {
	return func(yield func(string, *R) bool) {
		for _, key := range slices.Sorted(maps.Keys(t.records)) {
			if !yield(key, t.records[key]) {
				return
			}
		}
	}
}

// store keeps records over the end of the process. What save returned without
// an error is there after a kill.
type store interface {
	load(add func(table, key string, record []byte) error) error
	save([]change) error
	close() error
}

type change struct {
	table, key string
	record     []byte // JSON; nil when it is no more
}

// changes are the records put since the last commit.
type changes struct {
	store   store // nil: memory alone
	pending map[[2]string]any
	load    map[string]func(key string, record []byte) error // by table
	forget  map[string]func()                                // by table
	loaded  []func()
	commits func() // before what changed is saved: may put more
}

// errNotSaved leaves open what became of an operation.
var errNotSaved = errors.New("sandbox: not saved")

func (c *changes) note(table, key string, record any) {
	if c.store != nil {
		c.pending[[2]string{table, key}] = record
	}
}

// commit saves what changed, all of it or nothing.
func (c *changes) commit() error {
	if len(c.pending) == 0 {
		return nil
	}
	c.commits()
	all := make([]change, 0, len(c.pending))
	for at, record := range c.pending {
		if record == nil {
			all = append(all, change{at[0], at[1], nil})
			continue
		}
		b, err := json.Marshal(record)
		if err != nil {
			return fmt.Errorf("%w: %s %q: %w", errNotSaved, at[0], at[1], err)
		}
		all = append(all, change{at[0], at[1], b})
	}
	// What was not saved stays in memory, and goes along with the next commit.
	if err := c.store.save(all); err != nil {
		return fmt.Errorf("%w: %w", errNotSaved, err)
	}
	clear(c.pending)
	return nil
}

// update runs do as one operation: nobody else sees what it changes before it
// is saved.
func (s *Sandbox) update(do func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := do()
	if saved := s.changes.commit(); saved != nil {
		return saved
	}
	return err
}

// open gives the tables what the store has. The caller holds Sandbox.mu.
func (c *changes) open() error {
	if c.store == nil {
		return nil
	}
	err := c.store.load(func(table, key string, record []byte) error {
		load := c.load[table]
		if load == nil {
			return fmt.Errorf("the table %q is of another version", table)
		}
		return load(key, record)
	})
	if err != nil {
		return err
	}
	for _, loaded := range c.loaded {
		loaded()
	}
	return nil
}

func (c *changes) close() error {
	if c.store == nil {
		return nil
	}
	return c.store.close()
}
