package sandbox

import "fmt"

// FillCertificates lists the first certificate n times more: to make keys takes
// long.
func (s *Sandbox) FillCertificates(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range n {
		s.certificates.put(fmt.Sprintf("%04d", i+1), s.firstCertificate)
	}
}
