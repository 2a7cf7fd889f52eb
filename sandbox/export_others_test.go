package sandbox

import (
	"fmt"
	"maps"
	"slices"
)

// FillCertificates lists the first certificate n times more: to make keys takes
// long.
func (s *Sandbox) FillCertificates(n int) {
	s.db.Lock()
	defer s.db.Unlock()
	for i := range n {
		s.certificates.Put(fmt.Sprintf("%04d", i+1), s.firstCertificate)
	}
}

// FillPermissions has the users user0, user1 and so on authorise the direct
// merchant's service s and app a.
func (s *Sandbox) FillPermissions(n int) {
	s.db.Lock()
	defer s.db.Unlock()
	for i := range n {
		s.openPermission(&permission{Request: permissionRequest{ServiceID: "s", AppID: "a", Code: fmt.Sprintf("code%d", i)}}, UserIDs{OpenID: fmt.Sprintf("user%d", i)})
	}
}

// Payments are the numbers by which a refund finds what was paid.
func (s *Sandbox) Payments() []string {
	s.db.Lock()
	defer s.db.Unlock()
	return slices.Collect(maps.Keys(s.payments))
}
