package sandbox

import "github.com/wxpayscore/payscore/sandbox/internal/journal"

// keptOverReset are the tables that a reset leaves: numbers that were handed
// out must not come again, and clients hold the certificates.
var keptOverReset = []string{"counters", "certificates"}

// Reset forgets all orders, notifications, faults and the journal. The keys,
// the time and the numbers handed out stay as they are. An error means that
// nothing was forgotten.
func (s *Sandbox) Reset() error {
	s.mustBeOpen()
	s.db.Lock()
	defer s.db.Unlock()
	if err := s.db.Forget(keptOverReset...); err != nil {
		return err
	}
	clear(s.given)
	clear(s.payments)
	for _, f := range s.ActiveFaults() {
		s.RemoveFault(f.ID)
	}
	// It drops the entries before it. Their numbers do not come again.
	s.journal.Add(Entry{Time: s.now(), Kind: journal.Reset})
	return nil
}
