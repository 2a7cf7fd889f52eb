package apierror

import (
	"net/http"
	"strconv"

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
	InvalidOrderState Code = "INVALID_ORDER_STATE"
	InvalidRequest    Code = "INVALID_REQUEST"
	NoAuth            Code = "NO_AUTH"
	OrderCanceled     Code = "ORDER_CANCELED"
	OrderDone         Code = "ORDER_DONE"
	OrderNotExist     Code = "ORDER_NOT_EXIST"
	ParamError        Code = "PARAM_ERROR"
	ResourceNotExists Code = "RESOURCE_NOT_EXISTS"
	SignError         Code = "SIGN_ERROR"
	SystemError       Code = "SYSTEM_ERROR"

	// FrequencyLimited matches every spelling of it that WeChat Pay uses, and
	// any answer with status 429.
	FrequencyLimited Code = "FREQUENCY_LIMITED"
)

// Error is the code.
func (c Code) Error() string { return oneline.Cut(string(c), 64) }

func (c Code) matches(e *Error) bool {
	code := plain(e.Code)
	if c == FrequencyLimited {
		switch code {
		case "FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "RATELIMIT_EXCEEDED", "RATE_LIMITED":
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
