package apierror

import (
	"net/http"
	"strconv"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// Code is an error code to test for: errors.Is(err, apierror.OrderNotExist).
// Any other code is tested for with Code("..."). It matches an [*Error] with
// that code; blanks within the code do not count.
//
// A code tells the kind of a refusal and not whether something was carried
// out: test for [ErrOutcomeUnknown] first.
type Code string

// The codes of PayScore that programs branch on. catalog.CodeOf says what each
// of them means.
const (
	InvalidOrderState Code = catalog.CodeInvalidOrderState
	InvalidRequest    Code = catalog.CodeInvalidRequest
	NoAuth            Code = catalog.CodeNoAuth
	OrderCanceled     Code = catalog.CodeOrderCanceled
	OrderDone         Code = catalog.CodeOrderDone
	OrderNotExist     Code = catalog.CodeOrderNotExist
	ParamError        Code = catalog.CodeParamError
	ResourceNotExists Code = catalog.CodeResourceNotExists
	SignError         Code = catalog.CodeSignError
	SystemError       Code = catalog.CodeSystemError

	// FrequencyLimited matches every spelling of it that WeChat Pay uses, and
	// any answer with status 429.
	FrequencyLimited Code = catalog.CodeFrequencyLimited
)

// Error is the code.
func (c Code) Error() string { return oneline.Cut(string(c), 64) }

func (c Code) matches(e *Error) bool {
	code := plain(e.Code)
	if c == FrequencyLimited {
		switch code {
		case catalog.CodeFrequencyLimited, catalog.CodeFrequencyLimitExceed, catalog.CodeRatelimitExceeded, catalog.CodeRateLimited:
			return true
		}
		return e.Status == http.StatusTooManyRequests
	}
	return code != "" && code == plain(string(c))
}

// Number is an error number to test for, such as
// errors.Is(err, apierror.Number(catalog.NumberDeductionRunning)). It is finer than
// the code; catalog.NumberOf says what each means. 0 matches nothing.
type Number int64

// Error is the number in words.
func (n Number) Error() string { return "error number " + strconv.FormatInt(int64(n), 10) }

func (n Number) matches(e *Error) bool { return n != 0 && int64(n) == e.Number }
