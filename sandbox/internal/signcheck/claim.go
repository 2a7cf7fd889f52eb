package signcheck

import (
	"crypto/rsa"
	"regexp"
	"strconv"
	"strings"
)

const (
	// Scheme starts an Authorization.
	Scheme = "WECHATPAY2-SHA256-RSA2048"
	// MaxSkew is how many seconds a timestamp may be off, in either direction.
	MaxSkew = 300
)

var parameter = regexp.MustCompile(`^([a-z_]+)="([^"]*)"$`)

// Keys are those that a signature may have been made with, and the ids that go
// with them.
type Keys struct {
	MchID, SerialNo string
	Merchant        *rsa.PublicKey
	WechatPay       []*rsa.PublicKey // WeChat Pay's own, which signs no request
	APIv3Key        func() string    // a function, so that nothing prints it
	// Templates returns the paths of the contract for a method, with their
	// placeholders.
	Templates func(method string) []string
}

// Request is what a signature of a request is about.
type Request struct {
	Method        string
	Target        string // path and query, byte for byte
	Host          string // which is not signed
	Authorization string // several are joined by commas
	Body          []byte
}

// Claim is what an Authorization says.
type Claim struct {
	Timestamp, Nonce, Signature string
	At                          int64 // the timestamp
}

// WrongClaim is what keeps an Authorization from being one.
type WrongClaim struct {
	Mistake, Message, Issue string
}

// Report lays the two canonical messages of a refused signature side by side.
type Report struct {
	// Mistake names what is wrong, such as path-without-query; ok when nothing
	// is. Two that were made at once are joined by a plus.
	Mistake string `json:"mistake"`
	Issue   string `json:"issue"`    // what is wrong, in a sentence
	IssueZH string `json:"issue_zh"` // the same in Chinese
	// Expected is the message that the sandbox verified, Signed the one that the
	// caller signed, where the sandbox can tell. Both are cut after 8 KiB.
	Expected string `json:"expected,omitempty"`
	Signed   string `json:"signed,omitempty"`
	// Offset is the first byte at which the two differ, -1 when unknown.
	Offset int `json:"offset"`
}

// Message is what has to be signed.
func (r Request) Message(c Claim) string {
	return r.Method + "\n" + r.Target + "\n" + c.Timestamp + "\n" + c.Nonce + "\n" + string(r.Body) + "\n"
}

// ReadClaim reads an Authorization and compares the ids in it.
func (k Keys) ReadClaim(authorization string) (c Claim, wrong *WrongClaim) {
	malformed := func(mistake, issue string) *WrongClaim {
		return &WrongClaim{mistake, "Authorization不合法", issue}
	}
	values := map[string]string{}
	rest, isScheme := strings.CutPrefix(authorization, Scheme+" ")
	if !isScheme {
		return c, malformed("scheme", "scheme is not "+Scheme+" followed by one space")
	}
	if strings.Contains(rest, Scheme+" ") {
		return c, malformed("header-twice", "the header is there more than once")
	}
	for _, pair := range strings.Split(rest, ",") {
		m := parameter.FindStringSubmatch(pair)
		if m == nil || values[m[1]] != "" {
			return c, malformed("header-syntax", `not five pairs of the form key="value"`)
		}
		values[m[1]] = m[2]
	}
	c = Claim{Timestamp: values["timestamp"], Nonce: values["nonce_str"], Signature: values["signature"]}
	keys := []string{"mchid", "nonce_str", "timestamp", "serial_no", "signature"}
	for _, key := range keys {
		if values[key] == "" {
			return c, malformed("missing-parameter", key+" is missing")
		}
	}
	if len(values) != len(keys) {
		return c, malformed("extra-parameter", "a parameter is none of "+strings.Join(keys, ", "))
	}
	if values["mchid"] != k.MchID {
		return c, &WrongClaim{"mchid", "商户号与签名不匹配", "mchid is not the service provider of this sandbox"}
	}
	// It is a number: tools print it with zeros in front or without.
	if !strings.EqualFold(strings.TrimLeft(values["serial_no"], "0"), strings.TrimLeft(k.SerialNo, "0")) {
		return c, &WrongClaim{"serial-no", "商户证书序列号有误", "serial_no is not that of the merchant's API certificate"}
	}
	var err error
	if c.At, err = strconv.ParseInt(c.Timestamp, 10, 64); err != nil {
		return c, malformed("timestamp", "timestamp is not a number of seconds")
	}
	return c, nil
}
