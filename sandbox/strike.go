package sandbox

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/routers"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/sandbox/internal/fault"
)

// What faults want to become of a request is carried out here.

// before does what faults want before the operation.
func (s *Sandbox) before(w http.ResponseWriter, x *exchange) {
	o := &x.outcome
	o.Strike(fault.Before, x.faults)
	x.pause(w)
	if o.Rotate {
		_ = s.RotateCertificate()
	}
	if o.Deduct > 0 {
		// The request finds out by itself, and an order that cannot be deducted
		// answers as ever.
		sub, no, _ := strings.Cut(x.subject, "/")
		_ = s.StartDeduction(sub, no, o.Deduct)
	}
	if o.Refuse != "" {
		x.refuse = refusalOf(x.route, o.Refuse)
	}
}

// replace puts a fault's answer in the place of the operation's.
func (x *exchange) replace() {
	a := x.outcome.Answer
	if a == nil {
		return
	}
	x.answer.clear(a.Status)
	if a.Code != "" {
		refusalOf(x.route, a.Code).write(&x.answer)
	}
	if a.RetryAfter > 0 {
		x.answer.header.Set("Retry-After", strconv.Itoa(int((a.RetryAfter+time.Second-1)/time.Second)))
	}
	if a.HTML != "" {
		x.answer.header.Set("Content-Type", "text/html")
		x.answer.body.WriteString(a.HTML)
	}
}

// pause waits as long as the faults of the request want, and no longer than
// its caller.
func (x *exchange) pause(w http.ResponseWriter) {
	if x.outcome.Wait == 0 {
		return
	}
	// The deadline was for the request, which is read. It would end the context.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	timer := time.NewTimer(x.outcome.Wait)
	x.outcome.Wait = 0
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.request.Context().Done():
	}
}

// refusalOf makes the refusal of a code or number as the operation has it.
func refusalOf(route *routers.Route, value string) *refusal {
	code, message, number := value, "", int64(0)
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		entry, _ := catalog.NumberOf(n)
		code, message, number = entry.Code, entry.Message, n
	}
	if code == "" {
		code = "INVALID_REQUEST"
		for _, refused := range loadedRule(route).Refusals {
			if refused.Number == number {
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
	return refuse(status, code, number, message)
}

func loadedRule(route *routers.Route) stageRule {
	c, _ := loadContract()
	return c.rules[route.Operation.OperationID]
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

// reset ends a connection without an answer, so that the caller's read fails
// at once.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// cut sends some of an answer and closes the connection.
func cut(w http.ResponseWriter, a *unsigned) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = conn.Close() }()
	var b bytes.Buffer
	_, _ = fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	_ = a.header.Write(&b)
	if a.body.Len() > 0 {
		_, _ = fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", a.body.Len())
		b.Write(a.body.Bytes()[:a.body.Len()/2])
	} else {
		b.Truncate(b.Len() / 2)
	}
	_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	_, _ = conn.Write(b.Bytes())
}
