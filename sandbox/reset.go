package sandbox

// keptOverReset are the tables that a reset leaves: numbers that were handed
// out must not come again, time does not go back, and clients hold the
// certificates.
var keptOverReset = map[string]bool{"counters": true, "times": true, "certificates": true}

// Reset forgets all orders, notifications, faults and the journal. The keys,
// the time and the numbers handed out stay as they are. An error means that
// nothing was forgotten.
func (s *Sandbox) Reset() error {
	s.mustBeOpen()
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.change(func() error {
		for name, forget := range s.changes.forget {
			if !keptOverReset[name] {
				forget()
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	clear(s.given)
	clear(s.payments)
	s.changes.later = nil
	s.agenda.clear()
	for _, f := range s.ActiveFaults() {
		s.RemoveFault(f.ID)
	}
	// It drops the entries before it. Their numbers do not come again.
	s.journal.add(Entry{Time: s.now(), Kind: kindReset})
	return nil
}

// clear drops all appointments.
func (a *agenda) clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.due = nil
	a.arm()
}
