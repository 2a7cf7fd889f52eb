package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// Store is a set of tables under one lock, the clock that their records go by,
// and the agenda of what is still to happen to them. Whoever uses a table holds
// the lock.
type Store struct {
	sync.Mutex
	Clock  *Clock
	Agenda *Agenda
	Disk   Disk // nil: memory alone
	// Restored is called after records were taken back. It finds anew whatever
	// was derived from the tables.
	Restored func()

	times     *Table[time.Time]
	pending   map[[2]string]any // records put since the last commit
	afterSave []func()          // done once all is saved
	tables    map[string]tableHooks
	names     []string // of the tables, as they were made
	later     []func() // what could not be saved, to be done again
	lost      error    // of reading back what could not be saved: nothing can be from then on
}

// tableHooks are what the store does with a table whatever its records are.
type tableHooks struct {
	load   func(key string, record []byte) error
	drop   func(key string)
	forget func()
	loaded func()
}

// New returns a store without tables, on the wall clock.
func New() *Store {
	s := &Store{Clock: &Clock{Wall: time.Now, Scale: 1}, Restored: func() {}, pending: map[[2]string]any{}, tables: map[string]tableHooks{}}
	s.Agenda = NewAgenda(s.Clock)
	// Time does not go back at a restart, even if it was moved on.
	s.times = NewTable[time.Time](s, "times")
	s.times.OnLoad = func(_ string, t *time.Time) { s.Clock.MoveTo(*t) }
	return s
}

// Table holds the records of one kind by their keys. A record that was changed
// in place is put again, so that the store learns of it.
type Table[R any] struct {
	// OnLoad is called for each record from the disk, once all tables have
	// theirs. It may plan what is still to come; the lock is held.
	OnLoad func(key string, r *R)

	name    string
	records map[string]*R
	store   *Store
}

// NewTable adds a table to a store that is not open yet.
func NewTable[R any](s *Store, name string) *Table[R] {
	t := &Table[R]{name: name, records: map[string]*R{}, store: s}
	s.names = append(s.names, name)
	s.tables[name] = tableHooks{
		load: func(key string, record []byte) error {
			r := new(R)
			if err := json.Unmarshal(record, r); err != nil {
				return fmt.Errorf("%s %q: %w", name, key, err)
			}
			t.records[key] = r
			return nil
		},
		drop: func(key string) { delete(t.records, key) },
		forget: func() {
			for key := range t.records {
				s.note(name, key, nil)
			}
			clear(t.records)
		},
		loaded: func() {
			if t.OnLoad == nil {
				return
			}
			for key, r := range t.All() {
				t.OnLoad(key, r)
			}
		},
	}
	return t
}

// Get returns nil for a key without a record.
func (t *Table[R]) Get(key string) *R { return t.records[key] }

// Len is the number of records.
func (t *Table[R]) Len() int { return len(t.records) }

// Put keeps a record.
func (t *Table[R]) Put(key string, r *R) {
	t.records[key] = r
	t.store.note(t.name, key, r)
}

// All goes over the records in the order of their keys.
func (t *Table[R]) All() iter.Seq2[string, *R] {
	return func(yield func(string, *R) bool) {
		for _, key := range slices.Sorted(maps.Keys(t.records)) {
			if !yield(key, t.records[key]) {
				return
			}
		}
	}
}

// Unsorted goes over the records in no order.
func (t *Table[R]) Unsorted() iter.Seq2[string, *R] { return maps.All(t.records) }

// Disk keeps records over the end of the process. What Save returned without
// an error is there after a kill.
type Disk interface {
	Load(add func(table, key string, record []byte) error) error
	// Get returns nil for a key without a record.
	Get(table, key string) ([]byte, error)
	Save([]Change) error
	Close() error
}

// Change is a record to be saved.
type Change struct {
	Table, Key string
	Record     []byte // JSON; nil when it is no more
}

// ErrNotSaved says that nothing was changed, since the disk did not take it.
var ErrNotSaved = errors.New("sandbox: not saved")

func (s *Store) note(table, key string, record any) {
	if s.Disk != nil {
		s.pending[[2]string{table, key}] = record
	}
}

// commit saves what changed, all of it or nothing. What was not saved is taken
// back, so that nobody sees it.
func (s *Store) commit() (saved bool, err error) {
	if len(s.pending) == 0 {
		return false, nil
	}
	if err = s.lost; err == nil {
		err = s.save()
	}
	if err != nil {
		s.takeBack()
		return false, fmt.Errorf("%w: %w", ErrNotSaved, err)
	}
	clear(s.pending)
	return true, nil
}

func (s *Store) putTime() { s.times.Put("orders", new(s.Clock.Now().Round(0))) }

func (s *Store) save() error {
	s.putTime()
	all := make([]Change, 0, len(s.pending))
	for at, record := range s.pending {
		if record == nil {
			all = append(all, Change{at[0], at[1], nil})
			continue
		}
		b, err := json.Marshal(record)
		if err != nil {
			return fmt.Errorf("%s %q: %w", at[0], at[1], err)
		}
		all = append(all, Change{at[0], at[1], b})
	}
	return s.Disk.Save(all)
}

// takeBack gives the tables what the disk has.
func (s *Store) takeBack() {
	for at := range s.pending {
		table, key := at[0], at[1]
		s.tables[table].drop(key)
		record, err := s.Disk.Get(table, key)
		if err == nil && record != nil {
			err = s.tables[table].load(key, record)
		}
		if err != nil {
			s.lost = err
		}
	}
	clear(s.pending)
	s.afterSave = nil
	s.Restored()
}

// Change runs do as one operation: nobody else sees what it changes before it
// is saved. The caller holds the lock.
func (s *Store) Change(do func() error) error {
	err := do()
	saved, notSaved := s.commit()
	if notSaved != nil {
		return notSaved
	}
	for _, do := range s.afterSave {
		do()
	}
	s.afterSave = nil
	if saved {
		for _, again := range s.later {
			s.Agenda.Plan(s.Clock.Now(), again)
		}
		s.later = nil
	}
	return err
}

// Update is Change for callers that do not hold the lock.
func (s *Store) Update(do func() error) error {
	s.Lock()
	defer s.Unlock()
	return s.Change(do)
}

// AfterSave calls do once the changes of the operation are saved, before anybody
// else changes anything. The caller holds the lock, and do runs under it.
func (s *Store) AfterSave(do func()) { s.afterSave = append(s.afterSave, do) }

// AgainWhenSaved does something of the agenda once more if it was not saved, as
// soon as anything is: a disk that is full is not asked again and again. The
// caller does not hold the lock.
func (s *Store) AgainWhenSaved(err error, do func()) {
	if errors.Is(err, ErrNotSaved) {
		s.Lock()
		defer s.Unlock()
		s.later = append(s.later, do)
	}
}

// SaveTime saves the time of the orders, which the next sandbox on the same file
// goes on from.
func (s *Store) SaveTime() error {
	return s.Update(func() error {
		s.putTime()
		return nil
	})
}

// Forget drops the records of all tables but these, and what is still to
// happen. An error means that nothing was forgotten. The caller holds the lock.
func (s *Store) Forget(keep ...string) error {
	err := s.Change(func() error {
		for _, name := range s.names {
			if name != "times" && !slices.Contains(keep, name) {
				s.tables[name].forget()
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.later = nil
	s.Agenda.Clear()
	return nil
}

// Open opens the data file of a name and gives the tables what it has. What
// fell due while no sandbox ran begins.
func (s *Store) Open(name string) error {
	f, err := OpenFile(name)
	if err != nil {
		return err
	}
	s.Disk = f
	s.Lock()
	defer s.Unlock()
	if err := s.load(); err != nil {
		s.Agenda.Close()
		_ = f.Close()
		return err
	}
	s.Agenda.Wake()
	return nil
}

func (s *Store) load() error {
	err := s.Disk.Load(func(table, key string, record []byte) error {
		hooks, ok := s.tables[table]
		if !ok {
			return fmt.Errorf("the table %q is of another version", table)
		}
		return hooks.load(key, record)
	})
	if err != nil {
		return err
	}
	for _, name := range s.names {
		s.tables[name].loaded()
	}
	return nil
}

// Close ends the agenda, saves the time and closes the file. It is called once.
func (s *Store) Close() error {
	s.Agenda.Close()
	err := s.SaveTime()
	if s.Disk == nil {
		return err
	}
	return errors.Join(err, s.Disk.Close())
}
