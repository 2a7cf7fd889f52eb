package rules

import (
	"fmt"
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
	notFound        = 404
	tooManyRequests = 429
)

// Refuse makes a refusal.
func Refuse(status int, code string, number int64, message string) *Refusal {
	return &Refusal{Status: status, Code: code, Number: number, Message: message}
}

// Numbers of the refusals that no stage of an order explains.
const (
	NumberRange     = 268435464 // 参数超出取值范围
	NumberNotExist  = 271317510 // 查询单据不存在
	NumberReentry   = 271316598 // 订单重入参数校验失败
	NumberOverCap   = 271316656 // 总金额超过此服务的服务风险金额
	NumberEndBefore = 271316637 // 真实结束时间小于预计开始时间
	NumberDeducting = 271316754 // 单据正在扣款中，请稍后重试
	NumberFrequency = 268435472 // 请求过于频繁

	NumberAssessment = 271300099 // 综合评估未通过
	NumberOverdue    = 271299627 // 存在待处理的超时未支付订单
	NumberTeenMode   = 268560785 // 已开启青少年模式支付限额
	NumberNoMoney    = 271316574 // 支付分扣款失败
)

// ParamError is the refusal of a value, with the place of the value as a JSON
// pointer into the body, or the name of a parameter.
func ParamError(location, field, message, issue string) *Refusal {
	return Refuse(badRequest, "PARAM_ERROR", NumberRange, message).
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
	return Refuse(notFound, "ORDER_NOT_EXIST", NumberNotExist, "查询单据不存在")
}

// TooMany bounds the memory of what is around the orders, as that of the orders
// is.
func TooMany() *Refusal {
	return Refuse(tooManyRequests, "FREQUENCY_LIMITED", NumberFrequency, "沙箱已满")
}

// TooManyOrders bounds the memory of the orders.
func TooManyOrders() *Refusal {
	return Refuse(tooManyRequests, "FREQUENCY_LIMITED", NumberFrequency, "沙箱中的订单过多")
}
