package sandbox

import (
	"context"
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
	c.drop[name] = func(key string) { delete(t.records, key) }
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
	// get returns nil for a key without a record.
	get(table, key string) ([]byte, error)
	save([]change) error
	close() error
}

type change struct {
	table, key string
	record     []byte // JSON; nil when it is no more
}

// changes are the records put since the last commit.
type changes struct {
	store    store // nil: memory alone
	pending  map[[2]string]any
	told     []Entry                                          // of the journal, once all is saved
	load     map[string]func(key string, record []byte) error // by table
	drop     map[string]func(key string)                      // by table
	forget   map[string]func()                                // by table
	loaded   []func()
	commits  func()   // before what changed is saved: may put more
	restored func()   // after records were taken back
	later    []func() // what could not be saved, to be done again
	lost     error    // of reading back what could not be saved: nothing can be from then on
}

func newChanges() *changes {
	return &changes{
		pending: map[[2]string]any{}, load: map[string]func(string, []byte) error{}, drop: map[string]func(string){}, forget: map[string]func(){},
	}
}

// errNotSaved says that nothing was changed, since the store did not take it.
var errNotSaved = errors.New("sandbox: not saved")

func (c *changes) note(table, key string, record any) {
	if c.store != nil {
		c.pending[[2]string{table, key}] = record
	}
}

// commit saves what changed, all of it or nothing. What was not saved is taken
// back, so that nobody sees it.
func (c *changes) commit() (saved bool, err error) {
	if len(c.pending) == 0 {
		return false, nil
	}
	if err = c.lost; err == nil {
		err = c.save()
	}
	if err != nil {
		c.takeBack()
		return false, fmt.Errorf("%w: %w", errNotSaved, err)
	}
	clear(c.pending)
	return true, nil
}

func (c *changes) save() error {
	c.commits()
	all := make([]change, 0, len(c.pending))
	for at, record := range c.pending {
		if record == nil {
			all = append(all, change{at[0], at[1], nil})
			continue
		}
		b, err := json.Marshal(record)
		if err != nil {
			return fmt.Errorf("%s %q: %w", at[0], at[1], err)
		}
		all = append(all, change{at[0], at[1], b})
	}
	return c.store.save(all)
}

// takeBack gives the tables what the store has.
func (c *changes) takeBack() {
	for at := range c.pending {
		table, key := at[0], at[1]
		c.drop[table](key)
		record, err := c.store.get(table, key)
		if err == nil && record != nil {
			err = c.load[table](key, record)
		}
		if err != nil {
			c.lost = err
		}
	}
	clear(c.pending)
	c.told = nil
	c.restored()
}

// update runs do as one operation: nobody else sees what it changes before it
// is saved. The journal's entries of it, that of the request in ctx included,
// are numbered before anybody else changes anything.
func (s *Sandbox) update(ctx context.Context, do func() error) error {
	defer s.lock(ctx)()
	return s.change(do)
}

// change is update for callers that hold s.mu.
func (s *Sandbox) change(do func() error) error {
	err := do()
	saved, notSaved := s.changes.commit()
	if notSaved != nil {
		return notSaved
	}
	for _, e := range s.changes.told {
		s.journal.add(e)
	}
	s.changes.told = nil
	if saved {
		for _, again := range s.changes.later {
			s.agenda.plan(s.now(), again)
		}
		s.changes.later = nil
	}
	return err
}

// lock locks the tables. What it returns numbers the request in ctx, if there
// is one, and unlocks them.
func (s *Sandbox) lock(ctx context.Context) (unlock func()) {
	s.mustBeOpen()
	s.mu.Lock()
	return func() {
		if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
			s.takePlace(x)
		}
		s.mu.Unlock()
	}
}

// see shows do the tables with all that fell due. When that cannot be saved,
// do is called once more and sees what is saved.
func (s *Sandbox) see(do func(settle func(*order))) {
	err := s.update(context.Background(), func() error {
		do(s.settle)
		return nil
	})
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		do(func(*order) {})
	}
}

// againWhenSaved does something of the agenda once more if it was not saved, as
// soon as anything is: a disk that is full is not asked again and again.
func (s *Sandbox) againWhenSaved(err error, do func()) {
	if errors.Is(err, errNotSaved) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changes.later = append(s.changes.later, do)
	}
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
