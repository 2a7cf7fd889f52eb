package sandbox

import "fmt"

// RestartedWithOthers is Restarted with the records of what is around the
// orders, too.
func (s *Sandbox) RestartedWithOthers(opts ...Option) (*Sandbox, error) {
	again, err := s.Restarted(opts...)
	if err != nil {
		return nil, err
	}
	again.clock.moveTo(s.now())
	s.mu.Lock()
	defer s.mu.Unlock()
	copyTable(s.permissions, again)
	copyTable(s.riskLevels, again)
	copyTable(s.quotas, again)
	copyTable(s.applications, again)
	copyTable(s.refunds, again)
	copyTable(s.certificates, again)
	again.planOthers()
	return again, nil
}

// FillCertificates lists the first certificate n times more: to make keys takes
// long.
func (s *Sandbox) FillCertificates(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range n {
		s.certificates.put(fmt.Sprintf("%04d", i+1), s.firstCertificate)
	}
}
