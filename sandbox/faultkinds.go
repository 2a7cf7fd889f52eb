package sandbox

import (
	"bytes"
	"encoding/base64"
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
)

// FaultMoment is when a fault happens.
type FaultMoment string

// Moments of a fault.
const (
	// OnClock: while it is on, the sandbox's clock is off for signatures.
	OnClock FaultMoment = "clock"
	// Before the operation is carried out.
	Before FaultMoment = "before"
	// After the operation was carried out.
	After FaultMoment = "after"
	// OnAnswer: the operation is carried out, and its answer spoiled.
	OnAnswer FaultMoment = "answer"
)

// FaultKind is a fault that there is.
type FaultKind struct {
	Name string       `json:"name"`
	When FaultMoment  `json:"when"`
	Doc  catalog.Text `json:"doc"`
	// Delay is what it takes when it is given none, at most MaxDelay. 0 in both
	// takes none.
	Delay    time.Duration `json:"delay_ns,omitempty"`
	MaxDelay time.Duration `json:"max_delay_ns,omitempty"`
	// Values are examples of what it may be given, "" standing for none; nil
	// takes no value.
	Values []string `json:"values,omitempty"`

	once  bool // is on for one request, unless its Count says more
	value func(string) bool
	do    func(*Sandbox, http.ResponseWriter, *exchange, Fault)
}

const (
	maxLatency  = time.Minute
	maxShift    = 10 * 365 * 24 * time.Hour
	gatewayPage = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)

// rateLimits are the spellings of the one code for too many calls.
var rateLimits = []string{"FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "FREQUENCY_LIMIT_EXCEED", "RATE_LIMITED"}

// kinds are all faults. Those of a request happen in this order.
var kinds = []FaultKind{
	{
		Name: "clock-skew", When: OnClock, Delay: 10 * time.Minute, MaxDelay: maxShift,
		Doc: catalog.Text{
			ZH: "沙箱时钟偏差delay（可为负）：检查请求与签名应答都受影响，直到关闭",
			EN: "The sandbox's clock is off by delay, which may be negative, for checking requests and for signing answers, until it is switched off.",
		},
	},
	{
		Name: "latency", When: Before, Delay: time.Second, MaxDelay: maxLatency, do: latencyBefore,
		Doc: catalog.Text{
			ZH: "执行前等待delay；调用方断开后不再等待，照常执行",
			EN: "Waits for delay before the operation. When the caller hangs up it waits no longer, and carries the operation out.",
		},
	},
	{
		Name: "rotate-certificate", When: Before, once: true,
		do:  func(s *Sandbox, _ http.ResponseWriter, _ *exchange, _ Fault) { _ = s.RotateCertificate() },
		Doc: catalog.Text{ZH: "立即更换平台证书，本次应答起用新证书签名", EN: "Changes the platform certificate: this answer is signed by the new one."},
	},
	{
		Name: "deduction", When: Before, Delay: 10 * time.Second, MaxDelay: 24 * time.Hour, once: true,
		do:  func(s *Sandbox, _ http.ResponseWriter, x *exchange, f Fault) { s.deductNow(x, f.Delay) },
		Doc: catalog.Text{ZH: "该订单开始扣款，持续delay，期间的操作被拒绝", EN: "A deduction of the order begins and takes delay, during which operations are refused."},
	},
	{
		Name: "reset-before", When: Before,
		do:  func(_ *Sandbox, _ http.ResponseWriter, x *exchange, _ Fault) { x.settled, x.ending = true, endReset },
		Doc: catalog.Text{ZH: "执行前重置连接", EN: "Resets the connection; the operation is not carried out."},
	},
	{
		Name: "bad-gateway-502-before", When: Before,
		do:  func(_ *Sandbox, _ http.ResponseWriter, x *exchange, _ Fault) { x.settled = true; x.badGateway() },
		Doc: catalog.Text{ZH: "执行前由网关返回502网页，无签名", EN: "A gateway answers 502 with a page, unsigned; the operation is not carried out."},
	},
	{
		Name: "rate-limited-429", When: Before, Delay: time.Second, MaxDelay: time.Hour, Values: rateLimits,
		value: func(v string) bool { return v == "" || slices.Contains(rateLimits, v) }, do: rateLimited,
		Doc: catalog.Text{
			ZH: "429，Retry-After为delay，错误码为value（四种写法之一）；未执行",
			EN: "429 with delay as Retry-After and value, one of the four spellings, as its code; the operation is not carried out.",
		},
	},
	{
		Name: "accepted-202", When: Before,
		do: func(_ *Sandbox, _ http.ResponseWriter, x *exchange, _ Fault) {
			x.settled = true
			x.answer.clear(http.StatusAccepted)
		},
		Doc: catalog.Text{ZH: "202：已受理但未执行，应以相同参数重试", EN: "202 without a body: received and not carried out, to be repeated with the same parameters."},
	},
	{
		Name: "error-500-before", When: Before,
		do:  func(_ *Sandbox, _ http.ResponseWriter, x *exchange, _ Fault) { x.settled = true; x.systemError() },
		Doc: catalog.Text{ZH: "500 SYSTEM_ERROR；未执行", EN: "500 SYSTEM_ERROR; the operation is not carried out."},
	},
	{
		Name: "refuse", When: Before, Values: []string{"NO_AUTH", "271300099", "271299627", "268503786", "268560785"}, value: isRefusal,
		do: func(_ *Sandbox, _ http.ResponseWriter, x *exchange, f Fault) { x.refuse = refusalOf(x.route, f.Value) },
		Doc: catalog.Text{
			ZH: "请求通过参数校验后，以value（错误码或错误编号）拒绝；未执行。编号未公布错误码时为400 INVALID_REQUEST",
			EN: "Refuses a request that fits the contract with value, a code or number of the catalogue; not carried out. A number of which no code is published comes with 400 INVALID_REQUEST.",
		},
	},
	{
		Name: "latency-after", When: After, Delay: time.Second, MaxDelay: maxLatency, do: latencyAfter,
		Doc: catalog.Text{ZH: "执行后等待delay再应答", EN: "Waits for delay between the operation and its answer."},
	},
	{
		Name: "reset-after", When: After,
		do:  func(_ *Sandbox, _ http.ResponseWriter, x *exchange, _ Fault) { x.ending = endReset },
		Doc: catalog.Text{ZH: "执行后重置连接", EN: "Resets the connection after the operation was carried out."},
	},
	{
		Name: "bad-gateway-502-after", When: After,
		do:  func(_ *Sandbox, _ http.ResponseWriter, x *exchange, _ Fault) { x.badGateway() },
		Doc: catalog.Text{ZH: "执行后由网关返回502网页，无签名", EN: "A gateway answers 502 with a page, unsigned, after the operation was carried out."},
	},
	{
		Name: "error-500-after", When: After,
		do:  func(_ *Sandbox, _ http.ResponseWriter, x *exchange, _ Fault) { x.systemError() },
		Doc: catalog.Text{ZH: "执行后返回500 SYSTEM_ERROR", EN: "500 SYSTEM_ERROR after the operation was carried out."},
	},
	{
		Name: "truncated", When: OnAnswer,
		do: func(_ *Sandbox, _ http.ResponseWriter, x *exchange, _ Fault) {
			if x.ending == endWhole {
				x.ending = endCut
			}
		},
		Doc: catalog.Text{ZH: "应答在中途断开；没有应答体时断在应答头", EN: "The answer breaks off half way through its body, or in its headers when it has none."},
	},
	{
		Name: "stale-timestamp", When: OnAnswer, Delay: 10 * time.Minute, MaxDelay: maxShift,
		do:  func(_ *Sandbox, _ http.ResponseWriter, x *exchange, f Fault) { x.shift -= f.Delay },
		Doc: catalog.Text{ZH: "应答的时间戳早delay，签名有效", EN: "The answer's timestamp is delay old, with a good signature."},
	},
	{
		Name: "future-timestamp", When: OnAnswer, Delay: 10 * time.Minute, MaxDelay: maxShift,
		do:  func(_ *Sandbox, _ http.ResponseWriter, x *exchange, f Fault) { x.shift += f.Delay },
		Doc: catalog.Text{ZH: "应答的时间戳晚delay，签名有效", EN: "The answer's timestamp is delay ahead, with a good signature."},
	},
	{
		Name: "bad-signature", When: OnAnswer, do: altering(func(_ *Sandbox, h http.Header, _ Fault) {
			signature, _ := base64.StdEncoding.DecodeString(h.Get("Wechatpay-Signature"))
			if len(signature) > 0 {
				signature[len(signature)/2] ^= 1
			}
			h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
		}),
		Doc: catalog.Text{ZH: "应答签名错误（格式正确）", EN: "The answer's signature is well-formed and wrong."},
	},
	{
		Name: "sign-test", When: OnAnswer, Values: []string{"long"}, value: func(v string) bool { return v == "" || v == "long" },
		do: altering(func(_ *Sandbox, h http.Header, f Fault) {
			signature := h.Get("Wechatpay-Signature")
			keep := max(0, len(signature)-len(probePrefix))
			if f.Value == "long" {
				keep = max(0, len(signature)-8) // one of the real ones has 355 characters
			}
			h.Set("Wechatpay-Signature", probePrefix+signature[len(signature)-keep:])
		}),
		Doc: catalog.Text{
			ZH: "应答签名为WECHATPAY/SIGNTEST/开头的探测流量；value=long时不是合法的base64",
			EN: "The answer's signature is a probe that starts with WECHATPAY/SIGNTEST/; with value=long it is no base64, as some of the real ones.",
		},
	},
	{
		Name: "unknown-serial", When: OnAnswer, do: altering(func(_ *Sandbox, h http.Header, _ Fault) {
			serial := "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
			if strings.HasPrefix(h.Get("Wechatpay-Serial"), "PUB_KEY_ID_") {
				serial = "PUB_KEY_ID_" + strings.Repeat("9", 34)
			}
			h.Set("Wechatpay-Serial", serial)
		}),
		Doc: catalog.Text{ZH: "应答的序列号未知", EN: "The answer names a key that nobody knows."},
	},
	{
		Name: "wrong-serial", When: OnAnswer, do: altering(func(s *Sandbox, h http.Header, _ Fault) {
			serial := s.credentials.account.PublicKeyID
			if h.Get("Wechatpay-Serial") == serial {
				serial = s.credentials.account.PlatformSerialNo
			}
			h.Set("Wechatpay-Serial", serial)
		}),
		Doc: catalog.Text{ZH: "应答的序列号是另一把密钥的", EN: "The answer names the other key: the platform certificate for the public key, or the other way round."},
	},
	{
		Name: "unsigned", When: OnAnswer, do: altering(func(_ *Sandbox, h http.Header, _ Fault) {
			for name := range h {
				if strings.HasPrefix(name, "Wechatpay-") {
					h.Del(name)
				}
			}
		}),
		Doc: catalog.Text{ZH: "应答没有签名", EN: "The answer is not signed."},
	},
}

// Faults returns all faults that there are, in the order in which they happen
// to a request.
func Faults() []FaultKind {
	all := slices.Clone(kinds)
	for i := range all {
		all[i].Values = slices.Clone(all[i].Values)
	}
	return all
}

func faultKindOf(name string) *FaultKind {
	if i := rank(name); i >= 0 {
		return &kinds[i]
	}
	return nil
}

func rank(name string) int {
	return slices.IndexFunc(kinds, func(k FaultKind) bool { return k.Name == name })
}

func (k *FaultKind) delay(f Fault) time.Duration {
	if f.Delay == 0 {
		return k.Delay
	}
	return f.Delay
}

// altering is a fault of an answer that was signed.
func altering(change func(*Sandbox, http.Header, Fault)) func(*Sandbox, http.ResponseWriter, *exchange, Fault) {
	return func(s *Sandbox, _ http.ResponseWriter, x *exchange, f Fault) {
		x.alter = append(x.alter, func(h http.Header) { change(s, h, f) })
	}
}

func latencyBefore(_ *Sandbox, w http.ResponseWriter, x *exchange, f Fault) {
	x.wait = f.Delay
	x.pause(w)
}

func latencyAfter(_ *Sandbox, _ http.ResponseWriter, x *exchange, f Fault) { x.wait += f.Delay }

// pause waits as long as the faults of the request want, and no longer than
// its caller.
func (x *exchange) pause(w http.ResponseWriter) {
	if x.wait == 0 {
		return
	}
	// The deadline was for the request, which is read. It would end the context.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	timer := time.NewTimer(x.wait)
	x.wait = 0
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.request.Context().Done():
	}
}

func rateLimited(_ *Sandbox, _ http.ResponseWriter, x *exchange, f Fault) {
	x.settled = true
	code := f.Value
	if code == "" {
		code = rateLimits[0]
	}
	refusalOf(x.route, code).write(&x.answer)
	wait := f.Delay
	x.answer.header.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
}

func (x *exchange) systemError() {
	x.answer.clear(http.StatusInternalServerError)
	refusalOf(x.route, "SYSTEM_ERROR").write(&x.answer)
}

// badGateway is the page of whatever stands in front of WeChat Pay.
func (x *exchange) badGateway() {
	x.gateway = true
	x.answer.clear(http.StatusBadGateway)
	x.answer.header.Set("Content-Type", "text/html")
	x.answer.body.WriteString(gatewayPage)
}

// deductNow starts a deduction of the order. The request finds out by itself,
// and an order that cannot be deducted answers as ever.
func (s *Sandbox) deductNow(x *exchange, d time.Duration) {
	sub, no, _ := strings.Cut(x.subject, "/")
	_ = s.StartDeduction(sub, no, d)
}

// isRefusal reports whether a value is a code or number of the catalogue.
func isRefusal(value string) bool {
	if _, isCode := catalog.CodeOf(value); isCode {
		return true
	}
	n, err := strconv.ParseInt(value, 10, 64)
	_, isNumber := catalog.NumberOf(n)
	return err == nil && isNumber
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
	return refuse(status, code, number, message)
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
