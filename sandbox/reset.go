package sandbox

// keptOverReset are the tables that a reset leaves: numbers that were handed
// out must not come again, time does not go back, and clients hold the
// certificates.
var keptOverReset = map[string]bool{"counters": true, "times": true, "certificates": true}

// Reset forgets all orders, notifications, faults and the journal. The keys,
// the time and the numbers handed out stay as they are.
func (s *Sandbox) Reset() error {
	s.agenda.clear()
	err := s.update(func() error {
		for name, forget := range s.changes.forget {
			if !keptOverReset[name] {
				forget()
			}
		}
		clear(s.given)
		clear(s.payments)
		return nil
	})
	for _, f := range s.ActiveFaults() {
		s.RemoveFault(f.ID)
	}
	s.journal.clear()
	s.journal.add(Entry{Time: s.now(), Kind: "reset"})
	return err
}

// clear drops all appointments.
func (a *agenda) clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.due = nil
	a.arm()
}

// clear drops the entries. Their numbers do not come again.
func (j *journal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries, j.bytes = nil, 0
}
