package sandbox

import (
	"context"
	"net/http"
)

// User is what stands against an order of a user. The zero value is a user
// whom nothing stands against, as all are at first.
type User struct {
	// FailsAssessment refuses new orders that need no confirmation (number 271300099).
	FailsAssessment bool `json:"fails_assessment,omitempty"`
	// Overdue refuses them for orders that the user has not paid (number 271299627).
	Overdue bool `json:"overdue,omitempty"`
	// TeenMode refuses them for the limit of the teen mode (number 268560785).
	TeenMode bool `json:"teen_mode,omitempty"`
	// CannotPay refuses the operation pay (number 271316574). A move deducts all
	// the same.
	CannotPay bool `json:"cannot_pay,omitempty"`
}

// SetUser says what stands against the orders of a user, by openid or
// sub_openid. The error is that of saving. It is safe for concurrent use.
func (s *Sandbox) SetUser(openID string, u User) error {
	return s.update(context.Background(), func() error {
		s.users.put(openID, &u)
		return nil
	})
}

// checkUserOf refuses a new order of a user, if something stands against it.
// The code of two of the numbers is not published; it is that of the third.
// The caller holds s.mu.
func (s *Sandbox) checkUserOf(openIDs ...*string) *refusal {
	switch u := s.user(openIDs...); {
	case u.FailsAssessment:
		return refuseNumber(http.StatusBadRequest, "INVALID_REQUEST", numberAssessment)
	case u.Overdue:
		return refuseNumber(http.StatusBadRequest, "INVALID_REQUEST", numberOverdue)
	case u.TeenMode:
		return refuseNumber(http.StatusBadRequest, "INVALID_REQUEST", numberTeenMode)
	}
	return nil
}

// user finds a user by the first of the names that is known.
func (s *Sandbox) user(openIDs ...*string) User {
	for _, id := range openIDs {
		if id != nil {
			if u := s.users.get(*id); u != nil {
				return *u
			}
		}
	}
	return User{}
}
