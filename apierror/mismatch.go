package apierror

import "github.com/wxpayscore/payscore/internal/oneline"

// MismatchError reports an answer about something else than was asked for: Field
// of the answer is not what the request bore, or is missing although it is always
// answered. It comes in an [*UndecodableError], which has the answer.
type MismatchError struct {
	Field   string // such as out_order_no
	Missing bool
}

// Error is one line. It shows neither of the values.
func (e *MismatchError) Error() string {
	if e.Missing {
		return oneline.Cut(e.Field, 64) + " is missing"
	}
	return oneline.Cut(e.Field, 64) + " is not the one that was asked for"
}
