package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// refusal is an answer that is no success. Its number ends the Request-ID.
type refusal struct {
	status  int
	code    string
	number  int64
	message string
	detail  map[string]any
}

func refuse(status int, code string, number int64, message string) *refusal {
	return &refusal{status: status, code: code, number: number, message: message}
}

// Numbers of the refusals that no stage of an order explains.
const (
	numberRange     = 268435464 // 参数超出取值范围
	numberNotExist  = 271317510 // 查询单据不存在
	numberReentry   = 271316598 // 订单重入参数校验失败
	numberOverCap   = 271316656 // 总金额超过此服务的服务风险金额
	numberEndBefore = 271316637 // 真实结束时间小于预计开始时间
	numberDeducting = 271316754 // 单据正在扣款中，请稍后重试
	numberFrequency = 268435472 // 请求过于频繁

	numberAssessment = 271300099 // 综合评估未通过
	numberOverdue    = 271299627 // 存在待处理的超时未支付订单
	numberTeenMode   = 268560785 // 已开启青少年模式支付限额
	numberNoMoney    = 271316574 // 支付分扣款失败
)

// paramError is the refusal of a value, with the place of the value as a JSON
// pointer into the body, or the name of a parameter.
func paramError(location, field, message, issue string) *refusal {
	return refuse(http.StatusBadRequest, "PARAM_ERROR", numberRange, message).
		with(map[string]any{"location": location, "field": field, "issue": issue})
}

func (r *refusal) with(detail map[string]any) *refusal {
	r.detail = detail
	return r
}

// Error makes a refusal an error, so that an operation can return it.
func (r *refusal) Error() string {
	return fmt.Sprintf("%d %s %s (number %d)", r.status, r.code, r.message, r.number)
}

func (r *refusal) write(w http.ResponseWriter) {
	body := map[string]any{"code": r.code, "message": r.message}
	if r.detail != nil {
		body["detail"] = r.detail
	}
	b, err := json.Marshal(body)
	if err != nil {
		// Only strings, numbers and maps of them get here.
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set(numberHeader, fmt.Sprint(r.number))
	w.WriteHeader(r.status)
	_, _ = w.Write(b)
}
