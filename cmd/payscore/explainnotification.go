package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/notify"
)

// notificationReport is the output of --json. It names the order and not the user.
type notificationReport struct {
	Verified bool         `json:"verified"`
	Trimmed  bool         `json:"trimmed,omitempty"` // without the line end of the file
	Error    string       `json:"error,omitempty"`
	Hints    []hintReport `json:"hints,omitempty"`
	Serial   string       `json:"serial,omitempty"`
	SignedAt *time.Time   `json:"signed_at,omitempty"`
	Age      int64        `json:"age_seconds,omitempty"`
	Event    *eventReport `json:"event,omitempty"`
}

type hintReport struct {
	Kind   auth.HintKind `json:"kind"`
	Text   string        `json:"text"`
	Proven bool          `json:"proven"`
	Fix    translation   `json:"fix"`
}

// eventReport is what was decrypted.
type eventReport struct {
	ID         string `json:"id"`
	Type       string `json:"event_type"`
	OutOrderNo string `json:"out_order_no,omitempty"`
	SubMchID   string `json:"sub_mchid,omitempty"`
	Wrong      string `json:"wrong,omitempty"` // what of it is not as the contract says
}

// rawBody is the fix of all that altered a body.
var rawBody = translation{
	"Verify the bytes that came over the wire, before any framework decodes them.",
	"请用收到的原始请求体字节验签，不要先解析再重新序列化。",
}

// fixes says what to do about each kind of hint.
var fixes = map[auth.HintKind]translation{
	auth.HintHeaders:     {"Let the gateway pass the Wechatpay- headers on, and give them by these names.", "请让网关透传Wechatpay-开头的请求头，并保留其名称。"},
	auth.HintTime:        {"Give the header Wechatpay-Timestamp as it came.", "请原样使用请求头Wechatpay-Timestamp。"},
	auth.HintSwapped:     {"Look at which header is given as which.", "请检查各请求头是否取错。"},
	auth.HintSignature:   {"Give the header Wechatpay-Signature as it came.", "请原样使用请求头Wechatpay-Signature。"},
	auth.HintSerial:      {"Give the header Wechatpay-Serial as it came.", "请原样使用请求头Wechatpay-Serial。"},
	auth.HintKeyKind:     {"Load the key of that kind, too: during the change to the public key WeChat Pay signs with both.", "请同时加载该类型的密钥：切换微信支付公钥期间，两种密钥都会用于签名。"},
	auth.HintKeyID:       {"Take id and file of the key from the same page of the merchant platform.", "公钥ID与公钥文件须取自商户平台的同一处。"},
	auth.HintOwnKey:      {"Give WeChat Pay's public key (pub_key.pem) or platform certificate.", "请使用微信支付公钥（pub_key.pem）或微信支付平台证书。"},
	auth.HintEmptyBody:   {"Read the body once, before the framework does, and keep it.", "请在框架读取之前读取并保存原始请求体。"},
	auth.HintLength:      rawBody,
	auth.HintReencoded:   rawBody,
	auth.HintTransformed: rawBody,
	auth.HintWhitespace:  rawBody,
	auth.HintCharset:     rawBody,
}

// explainNotification says whether a recorded message verifies, or why not.
func (c *explainCommand) explainNotification(ctx context.Context, s *streams, given map[string]bool) error {
	name, raw, err := readInput(c.Notification, s.in)
	if err != nil {
		return inputError{err}
	}
	message, err := readMessage(name, raw)
	if err != nil {
		return inputError{err}
	}
	if err := c.fill(given); err != nil {
		return inputError{err}
	}
	verifier, err := c.verifier()
	if err != nil {
		return inputError{err}
	}
	var own *auth.Signer // known only to tell the merchant's own key
	if c.MchID != "" && !c.ownKey().missing() {
		if own, err = c.signer(); err != nil {
			return inputError{err}
		}
	}
	report := notificationReport{Serial: first(message.header, auth.HeaderSerial)}
	if seconds, err := strconv.ParseInt(first(message.header, auth.HeaderTimestamp), 10, 64); err == nil && seconds > 0 && seconds < 1<<33 {
		at := time.Unix(seconds, 0).UTC()
		report.SignedAt, report.Age = &at, int64(time.Since(at)/time.Second)
		verifier = verifier.WithClock(func() time.Time { return at })
	}
	hints, cause := verifier.Diagnose(ctx, message.header, message.body, own)
	if cause != nil {
		// Editors and shells end a file with a line feed that the body did not have.
		trimmed := bytes.TrimRight(message.body, "\r\n")
		if len(trimmed) < len(message.body) && verifier.VerifyContext(ctx, message.header, trimmed) == nil {
			hints, cause, message.body, report.Trimmed = nil, nil, trimmed, true
		}
	}
	if report.Verified = cause == nil; !report.Verified {
		report.Error = cause.Error()
	}
	for _, h := range hints {
		report.Hints = append(report.Hints, hintReport{h.Kind, h.Text, h.Proven, fixes[h.Kind]})
	}
	result := cause
	if cause == nil && c.apiV3Key != "" {
		report.Event, result = c.decrypt(ctx, verifier, message)
		if result != nil {
			report.Error = result.Error()
		}
	}
	if s.json {
		if err := s.object(report); err != nil {
			return err
		}
	} else {
		s.notification(report)
	}
	return result
}

// decrypt returns what a message tells that verifies.
func (c *explainCommand) decrypt(ctx context.Context, verifier *auth.Verifier, m recorded) (*eventReport, error) {
	key, err := auth.NewAPIv3Key(c.apiV3Key)
	if err != nil {
		return nil, inputError{err}
	}
	event, err := notify.Open(ctx, verifier, m.header, m.body, key)
	if err != nil {
		return nil, err
	}
	r := &eventReport{ID: event.ID, Type: event.Type}
	if err := event.Decode(); err != nil {
		r.Wrong = err.Error()
	}
	r.SubMchID = event.SubMchID
	resource := event.Resource
	if resource == nil {
		resource = event.Partial
	}
	if order, ok := resource.(*payscore.ServiceOrderNotification); ok {
		r.OutOrderNo = order.OutOrderNo
	}
	return r, nil
}

// first returns the value of a header whose name may be in any case.
func first(header http.Header, name string) string {
	for n, values := range header {
		if strings.EqualFold(n, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// notification prints what is known of a message.
func (s *streams) notification(r notificationReport) {
	if r.Verified {
		s.section("The signature is right 验签通过")
	} else {
		s.section("The signature does not verify 验签失败")
	}
	if r.Serial != "" {
		s.row("serial", "%s", r.Serial)
	}
	if r.SignedAt != nil {
		age := (time.Duration(r.Age) * time.Second).Abs()
		side := "ago"
		if r.Age < 0 {
			side = "from now"
		}
		s.row("signed", "%s, %s %s", r.SignedAt.Format(time.RFC3339), age, side)
		if age > auth.MaxClockSkew {
			s.prose("", fmt.Sprintf("A receiver refuses it now: %s is allowed. The age does not matter here.", auth.MaxClockSkew))
		}
	}
	if r.Trimmed {
		s.prose("body", "The line end at the end of the file is not part of it.")
	}
	for i, h := range r.Hints {
		s.printf("\n")
		label := "perhaps 可能"
		if h.Proven {
			label = "cause 原因"
		}
		s.labelled(label, h.Text)
		if i == len(r.Hints)-1 || r.Hints[i+1].Fix != h.Fix { // else the next one has it
			s.labelled("fix 处理", h.Fix.EN)
			s.labelled("", h.Fix.ZH)
		}
	}
	switch {
	case r.Event != nil:
		s.row("event", "%s", r.Event.Type)
		s.row("id", "%s", r.Event.ID)
		if r.Event.OutOrderNo != "" {
			s.row("out_order_no", "%s", r.Event.OutOrderNo)
		}
		if r.Event.SubMchID != "" {
			s.row("sub_mchid", "%s", r.Event.SubMchID)
		}
		if r.Event.Wrong != "" {
			s.prose("wrong", r.Event.Wrong)
		}
	case r.Verified && r.Error == "":
		s.prose("resource", "Not decrypted: no "+apiV3KeyVariable+" is given.")
	}
}
