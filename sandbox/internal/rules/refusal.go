package rules

import (
	"fmt"

	"github.com/wxpayscore/payscore/gen/catalog"
)

// Refusal is an answer that is no success. Its number ends the Request-ID.
type Refusal struct {
	Status  int
	Code    string
	Number  int64
	Message string
	Detail  map[string]any
}

// Statuses of HTTP. The package net/http is not for rules.
const (
	badRequest      = 400
	forbidden       = 403
	notFound        = 404
	tooManyRequests = 429
)

// Refuse makes a refusal.
func Refuse(status int, code string, number int64, message string) *Refusal {
	return &Refusal{Status: status, Code: code, Number: number, Message: message}
}

// RefuseNumber makes a refusal with the message that the contract has for its
// number.
func RefuseNumber(status int, code string, number int64) *Refusal {
	known, _ := catalog.NumberOf(number)
	return Refuse(status, code, number, known.Message)
}

// ParamError is the refusal of a value, with the place of the value as a JSON
// pointer into the body, or the name of a parameter.
func ParamError(location, field, message, issue string) *Refusal {
	return Refuse(badRequest, "PARAM_ERROR", catalog.NumberOutOfRange, message).
		With(map[string]any{"location": location, "field": field, "issue": issue})
}

// With adds the detail.
func (r *Refusal) With(detail map[string]any) *Refusal {
	r.Detail = detail
	return r
}

// Error makes a refusal an error, so that an operation can return it.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%d %s %s (number %d)", r.Status, r.Code, r.Message, r.Number)
}

// Missing is the refusal of a request about something that there is not.
func Missing() *Refusal {
	return Refuse(notFound, "RESOURCE_NOT_EXISTS", 0, "查询的资源不存在")
}

// NoOrder is the refusal of a request about an order that there is not.
func NoOrder() *Refusal {
	return RefuseNumber(notFound, "ORDER_NOT_EXIST", catalog.NumberOrderNotFound)
}

// TooMany bounds the memory of what is around the orders, as that of the orders
// is.
func TooMany() *Refusal {
	return Refuse(tooManyRequests, "FREQUENCY_LIMITED", catalog.NumberTooFrequent, "沙箱已满")
}

// TooManyOrders bounds the memory of the orders.
func TooManyOrders() *Refusal {
	return Refuse(tooManyRequests, "FREQUENCY_LIMITED", catalog.NumberTooFrequent, "沙箱中的订单过多")
}
