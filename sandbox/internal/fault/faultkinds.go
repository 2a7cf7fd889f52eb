package fault

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
)

// Moment is when a fault happens.
type Moment string

// Moments of a fault.
const (
	// OnClock: while it is on, the sandbox's clock is off for signatures.
	OnClock Moment = "clock"
	// Before the operation is carried out.
	Before Moment = "before"
	// After the operation was carried out.
	After Moment = "after"
	// OnAnswer: the operation is carried out, and its answer spoiled.
	OnAnswer Moment = "answer"
)

// Kind describes a kind of fault that the sandbox can inject.
type Kind struct {
	Name string       `json:"name"`
	When Moment       `json:"when"`
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
	do    func(*Outcome, Fault)
}

const (
	maxLatency = time.Minute
	maxShift   = 10 * 365 * 24 * time.Hour
)

// rateLimits are the spellings of the one code for too many calls.
var rateLimits = []string{"FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "FREQUENCY_LIMIT_EXCEED", "RATE_LIMITED"}

// kinds are all faults. Those of a request happen in this order.
var kinds = []Kind{
	{
		Name: "clock-skew", When: OnClock, Delay: 10 * time.Minute, MaxDelay: maxShift,
		Doc: catalog.Text{
			ZH: "沙箱时钟偏差delay（可为负）：检查请求与签名应答都受影响，直到关闭",
			EN: "The sandbox's clock is off by delay, which may be negative, for checking requests and for signing answers, until it is switched off.",
		},
	},
	{
		Name: "latency", When: Before, Delay: time.Second, MaxDelay: maxLatency, do: latency,
		Doc: catalog.Text{
			ZH: "执行前等待delay；调用方断开后不再等待，照常执行",
			EN: "Waits for delay before the operation. When the caller hangs up it waits no longer, and carries the operation out.",
		},
	},
	{
		Name: "rotate-certificate", When: Before, once: true,
		do:  func(o *Outcome, _ Fault) { o.Rotate = true },
		Doc: catalog.Text{ZH: "立即更换平台证书，本次应答起用新证书签名", EN: "Changes the platform certificate: this answer is signed by the new one."},
	},
	{
		Name: "deduction", When: Before, Delay: 10 * time.Second, MaxDelay: 24 * time.Hour, once: true,
		do:  func(o *Outcome, f Fault) { o.Deduct = f.Delay },
		Doc: catalog.Text{ZH: "该订单开始扣款，持续delay，期间的操作被拒绝", EN: "A deduction of the order begins and takes delay, during which operations are refused."},
	},
	{
		Name: "reset-before", When: Before,
		do:  func(o *Outcome, _ Fault) { o.Settled, o.Ending = true, EndReset },
		Doc: catalog.Text{ZH: "执行前重置连接", EN: "Resets the connection; the operation is not carried out."},
	},
	{
		Name: "bad-gateway-502-before", When: Before,
		do:  func(o *Outcome, _ Fault) { o.Settled = true; o.badGateway() },
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
		do:  func(o *Outcome, _ Fault) { o.Settled, o.Answer = true, &Answer{Status: http.StatusAccepted} },
		Doc: catalog.Text{ZH: "202：已受理但未执行，应以相同参数重试", EN: "202 without a body: received and not carried out, to be repeated with the same parameters."},
	},
	{
		Name: "error-500-before", When: Before,
		do:  func(o *Outcome, _ Fault) { o.Settled, o.Answer = true, systemError },
		Doc: catalog.Text{ZH: "500 SYSTEM_ERROR；未执行", EN: "500 SYSTEM_ERROR; the operation is not carried out."},
	},
	{
		Name: "refuse", When: Before, Values: []string{"NO_AUTH", "271300099", "271299627", "268503786", "268560785"}, value: isRefusal,
		do: func(o *Outcome, f Fault) { o.Refuse = f.Value },
		Doc: catalog.Text{
			ZH: "请求通过参数校验后，以value（错误码或错误编号）拒绝；未执行。编号未公布错误码时为400 INVALID_REQUEST",
			EN: "Refuses a request that fits the contract with value, a code or number of the catalogue; not carried out. A number of which no code is published comes with 400 INVALID_REQUEST.",
		},
	},
	{
		Name: "latency-after", When: After, Delay: time.Second, MaxDelay: maxLatency, do: latency,
		Doc: catalog.Text{ZH: "执行后等待delay再应答", EN: "Waits for delay between the operation and its answer."},
	},
	{
		Name: "reset-after", When: After,
		do:  func(o *Outcome, _ Fault) { o.Ending = EndReset },
		Doc: catalog.Text{ZH: "执行后重置连接", EN: "Resets the connection after the operation was carried out."},
	},
	{
		Name: "bad-gateway-502-after", When: After,
		do:  func(o *Outcome, _ Fault) { o.badGateway() },
		Doc: catalog.Text{ZH: "执行后由网关返回502网页，无签名", EN: "A gateway answers 502 with a page, unsigned, after the operation was carried out."},
	},
	{
		Name: "error-500-after", When: After,
		do:  func(o *Outcome, _ Fault) { o.Answer = systemError },
		Doc: catalog.Text{ZH: "执行后返回500 SYSTEM_ERROR", EN: "500 SYSTEM_ERROR after the operation was carried out."},
	},
	{
		Name: "truncated", When: OnAnswer,
		do: func(o *Outcome, _ Fault) {
			if o.Ending == EndWhole {
				o.Ending = EndCut
			}
		},
		Doc: catalog.Text{ZH: "应答在中途断开；没有应答体时断在应答头", EN: "The answer breaks off half way through its body, or in its headers when it has none."},
	},
	{
		Name: "stale-timestamp", When: OnAnswer, Delay: 10 * time.Minute, MaxDelay: maxShift,
		do:  func(o *Outcome, f Fault) { o.Shift -= f.Delay },
		Doc: catalog.Text{ZH: "应答的时间戳早delay，签名有效", EN: "The answer's timestamp is delay old, with a good signature."},
	},
	{
		Name: "future-timestamp", When: OnAnswer, Delay: 10 * time.Minute, MaxDelay: maxShift,
		do:  func(o *Outcome, f Fault) { o.Shift += f.Delay },
		Doc: catalog.Text{ZH: "应答的时间戳晚delay，签名有效", EN: "The answer's timestamp is delay ahead, with a good signature."},
	},
	{
		Name: "bad-signature", When: OnAnswer, do: altering(func(h http.Header, _ Serials, _ Fault) {
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
		do: altering(func(h http.Header, _ Serials, f Fault) {
			signature := h.Get("Wechatpay-Signature")
			keep := max(0, len(signature)-len(ProbePrefix))
			if f.Value == "long" {
				keep = max(0, len(signature)-8) // one of the real ones has 355 characters
			}
			h.Set("Wechatpay-Signature", ProbePrefix+signature[len(signature)-keep:])
		}),
		Doc: catalog.Text{
			ZH: "应答签名为WECHATPAY/SIGNTEST/开头的探测流量；value=long时不是合法的base64",
			EN: "The answer's signature is a probe that starts with WECHATPAY/SIGNTEST/; with value=long it is no base64, as some of the real ones.",
		},
	},
	{
		Name: "unknown-serial", When: OnAnswer, do: altering(func(h http.Header, _ Serials, _ Fault) {
			serial := "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
			if strings.HasPrefix(h.Get("Wechatpay-Serial"), "PUB_KEY_ID_") {
				serial = "PUB_KEY_ID_" + strings.Repeat("9", 34)
			}
			h.Set("Wechatpay-Serial", serial)
		}),
		Doc: catalog.Text{ZH: "应答的序列号未知", EN: "The answer names a key that nobody knows."},
	},
	{
		Name: "wrong-serial", When: OnAnswer, do: altering(func(h http.Header, s Serials, _ Fault) {
			serial := s.PublicKeyID
			if h.Get("Wechatpay-Serial") == serial {
				serial = s.PlatformSerialNo
			}
			h.Set("Wechatpay-Serial", serial)
		}),
		Doc: catalog.Text{ZH: "应答的序列号是另一把密钥的", EN: "The answer names the other key: the platform certificate for the public key, or the other way round."},
	},
	{
		Name: "unsigned", When: OnAnswer, do: altering(func(h http.Header, _ Serials, _ Fault) {
			for name := range h {
				if strings.HasPrefix(name, "Wechatpay-") {
					h.Del(name)
				}
			}
		}),
		Doc: catalog.Text{ZH: "应答没有签名", EN: "The answer is not signed."},
	},
}

// Kinds returns all faults that there are, in the order in which they happen
// to a request.
func Kinds() []Kind {
	all := slices.Clone(kinds)
	for i := range all {
		all[i].Values = slices.Clone(all[i].Values)
	}
	return all
}

func kindOf(name string) *Kind {
	if i := rank(name); i >= 0 {
		return &kinds[i]
	}
	return nil
}

func rank(name string) int {
	return slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
}

func (k *Kind) delay(f Fault) time.Duration {
	if f.Delay == 0 {
		return k.Delay
	}
	return f.Delay
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
