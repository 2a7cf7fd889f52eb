package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/wxpayscore/payscore/gen/catalog"
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

// refuseNumber is a refusal with the message that the contract has for its number.
func refuseNumber(status int, code string, number int64) *refusal {
	known, _ := catalog.NumberOf(number)
	return refuse(status, code, number, known.Message)
}

// Numbers of the refusals that no stage of an order explains.
const (
	numberRange     = catalog.NumberOutOfRange
	numberNotExist  = catalog.NumberOrderNotFound
	numberReentry   = catalog.NumberReentry
	numberOverCap   = catalog.NumberAboveRiskCap
	numberEndBefore = catalog.NumberEndBeforeStart
	numberDeducting = catalog.NumberDeductionRunning
	numberFrequency = catalog.NumberTooFrequent

	numberAssessment = catalog.NumberAssessmentFailed
	numberOverdue    = catalog.NumberOverdueOrders
	numberTeenMode   = catalog.NumberTeenMode
	numberNoMoney    = catalog.NumberDeductionFailed
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
