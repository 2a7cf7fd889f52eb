package rules

import "github.com/wxpayscore/payscore/gen/catalog"

// User lists the reasons why a user's orders are refused. The zero value
// refuses nothing, as all users are at first.
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

// check refuses a new order of a user, if something stands against it. The code
// of two of the numbers is not published; it is that of the third.
func (u User) check() *Refusal {
	switch {
	case u.FailsAssessment:
		return RefuseNumber(badRequest, "INVALID_REQUEST", catalog.NumberAssessmentFailed)
	case u.Overdue:
		return RefuseNumber(badRequest, "INVALID_REQUEST", catalog.NumberOverdueOrders)
	case u.TeenMode:
		return RefuseNumber(badRequest, "INVALID_REQUEST", catalog.NumberTeenMode)
	}
	return nil
}
