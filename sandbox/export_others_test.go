package sandbox

import (
	"context"
	"fmt"
	"slices"

	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// FillCertificates lists the first certificate n times more: to make keys takes
// long.
func (s *Sandbox) FillCertificates(n int) {
	s.ledger.Store.Lock()
	defer s.ledger.Store.Unlock()
	s.ledger.Keys.Fill(n)
}

// FillPermissions has the users user0, user1 and so on authorise the direct
// merchant's service s and app a.
func (s *Sandbox) FillPermissions(n int) {
	for i := range n {
		code := fmt.Sprintf("code%d", i)
		if _, err := s.ledger.Ask(context.Background(), rules.PermissionRequest{ServiceID: "s", AppID: "a", Code: code}); err != nil {
			panic(err)
		}
		if err := s.Move("open_permission", MoveArgs{AuthorizationCode: code, OpenID: fmt.Sprintf("user%d", i)}); err != nil {
			panic(err)
		}
	}
}

// Payments are the numbers by which a refund finds what was paid.
func (s *Sandbox) Payments() []string {
	s.ledger.Store.Lock()
	defer s.ledger.Store.Unlock()
	return slices.Collect(s.ledger.Payments())
}

// Bill is a bill before it is encrypted.
func (s *Sandbox) Bill(serviceID, date string) ([]byte, error) {
	s.mustBeOpen()
	return s.ledger.Bill(context.Background(), serviceID, date)
}
