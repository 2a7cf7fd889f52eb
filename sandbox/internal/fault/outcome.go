package fault

import (
	"cmp"
	"net/http"
	"time"
)

// Outcome is what the faults of a request want to become of it.
type Outcome struct {
	Settled bool          // the operation is not carried out
	Rotate  bool          // there is a new platform certificate, first
	Deduct  time.Duration // a deduction of the order begins, first
	Refuse  string        // a code or number to refuse the request with, once it fits the contract
	Wait    time.Duration // before the operation, or before its answer
	Answer  *Answer       // in place of the operation's, unless it is nil
	Gateway bool          // the answer is not WeChat Pay's own
	Shift   time.Duration // of the answer's timestamp
	Alter   []func(http.Header, Serials)
	Ending  Ending
}

// Answer is one that the operation did not give.
type Answer struct {
	Code       string // of an error as the operation has it
	RetryAfter time.Duration
	Status     int // without a code
	HTML       string
}

// Serials name the keys that an answer may be signed with.
type Serials struct{ PublicKeyID, PlatformSerialNo string }

// Ending is how the answer gets to the caller.
type Ending int

// Endings of an answer.
const (
	EndWhole Ending = iota
	EndCut          // some of it
	EndReset        // none of it
)

// ProbePrefix starts the wrong signatures that WeChat Pay sends.
const ProbePrefix = "WECHATPAY/SIGNTEST/"

const gatewayPage = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

// Strike does the faults of a moment. The first one that settles the request
// leaves none to do before it.
func (o *Outcome) Strike(when Moment, faults []Fault) {
	for _, f := range faults {
		if kind := kindOf(f.Name); kind.When == when && !(when == Before && o.Settled) {
			f.Delay = kind.delay(f)
			kind.do(o, f)
		}
	}
}

// altering is a fault of an answer that was signed.
func altering(change func(http.Header, Serials, Fault)) func(*Outcome, Fault) {
	return func(o *Outcome, f Fault) {
		o.Alter = append(o.Alter, func(h http.Header, s Serials) { change(h, s, f) })
	}
}

func latency(o *Outcome, f Fault) { o.Wait += f.Delay }

var systemError = &Answer{Code: "SYSTEM_ERROR"}

func rateLimited(o *Outcome, f Fault) {
	o.Settled = true
	o.Answer = &Answer{Code: cmp.Or(f.Value, rateLimits[0]), RetryAfter: f.Delay}
}

// badGateway is the page of whatever stands in front of WeChat Pay.
func (o *Outcome) badGateway() {
	o.Gateway = true
	o.Answer = &Answer{Status: http.StatusBadGateway, HTML: gatewayPage}
}
