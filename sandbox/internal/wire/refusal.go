package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/routers"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// NumberHeader carries the number of a refusal from the operation to the
// Request-ID. It never leaves the sandbox.
const NumberHeader = "Sandbox-Error-Number"

// Write answers with a refusal.
func Write(w http.ResponseWriter, r *rules.Refusal) {
	body := map[string]any{"code": r.Code, "message": r.Message}
	if r.Detail != nil {
		body["detail"] = r.Detail
	}
	b, err := json.Marshal(body)
	if err != nil {
		// Only strings, numbers and maps of them get here.
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set(NumberHeader, fmt.Sprint(r.Number))
	w.WriteHeader(r.Status)
	_, _ = w.Write(b)
}

// RefusalOf makes the refusal of a code or number as the operation has it.
func RefusalOf(route *routers.Route, value string) *rules.Refusal {
	code, message, number := value, "", int64(0)
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		entry, _ := catalog.NumberOf(n)
		code, message, number = entry.Code, entry.Message, n
	}
	if code == "" {
		code = "INVALID_REQUEST"
		for _, stage := range catalog.Stages() {
			if refused, ok := catalog.RefusalOf(stage, route.Operation.OperationID); ok && refused.Number == number {
				code = refused.Code
			}
		}
	}
	entry, _ := catalog.CodeOf(code)
	status, documented := documentedRefusal(route, code)
	if status == 0 {
		status = entry.Status
	}
	for _, fallback := range []string{documented, entry.Meaning.ZH} {
		if message == "" {
			message = fallback
		}
	}
	if number == 0 {
		number = numberFor(code, message)
	}
	return rules.Refuse(status, code, number, message)
}

// documentedRefusal is how the contract has a code among an operation's
// answers; 0 when it has not.
func documentedRefusal(route *routers.Route, code string) (status int, message string) {
	responses := route.Operation.Responses.Map()
	for _, at := range slices.Sorted(maps.Keys(responses)) {
		media := responses[at].Value.Content.Get("application/json")
		if media == nil {
			continue
		}
		for _, example := range media.Examples {
			body, _ := example.Value.Value.(map[string]any)
			if body["code"] == code {
				status, _ = strconv.Atoi(at)
				message, _ = body["message"].(string)
				return status, message
			}
		}
	}
	return 0, ""
}

// numberFor is the number of a code with this message, or else its first.
func numberFor(code, message string) (number int64) {
	for _, n := range catalog.Numbers() {
		if n.Message == message {
			return n.Number
		}
		if n.Code == code && number == 0 {
			number = n.Number
		}
	}
	return number
}
