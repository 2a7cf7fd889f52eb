package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/internal/oneline"
	"github.com/wxpayscore/payscore/notify"
)

// notificationReport is what --json prints of a recorded notification.
type notificationReport struct {
	Verifies   bool         `json:"verifies"`
	Error      string       `json:"error,omitempty"`
	Hints      []hintReport `json:"hints,omitempty"`
	Serial     string       `json:"serial,omitempty"`
	Sent       string       `json:"sent,omitempty"`        // Wechatpay-Timestamp
	AgeSeconds *int64       `json:"age_seconds,omitempty"` // a receiver takes 300, either way
	BodyBytes  int          `json:"body_bytes"`
	Notes      []string     `json:"notes,omitempty"`
	Event      *eventReport `json:"event,omitempty"`
}

// hintReport is an auth.Hint with what to do about it.
type hintReport struct {
	Kind   auth.HintKind `json:"kind,omitempty"`
	Text   string        `json:"text,omitempty"`
	Proven bool          `json:"proven"`
	Fix    translation   `json:"fix"`
}

// eventReport names what was decrypted. It has no amount and nothing of the user.
type eventReport struct {
	ID       string   `json:"id"`
	Type     string   `json:"event_type"`
	Known    bool     `json:"known"`              // to the contract
	Orders   []named  `json:"orders,omitempty"`   // the numbers that the merchant gave
	Findings []string `json:"findings,omitempty"` // against the contract
}

type named struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// fixes say what to do about each kind of hint.
var fixes = map[auth.HintKind]translation{
	auth.HintHeaders: {"Hand all Wechatpay- headers on to the program as they came, each once and under its own name.",
		"网关和框架须原样传递所有 Wechatpay- 开头的请求头，名称不变，每个一次。"},
	auth.HintTime: {"Take Wechatpay-Timestamp as it came, in seconds.", "原样使用 Wechatpay-Timestamp，单位是秒。"},
	auth.HintSwapped: {"Read each header by its own name. The order of the signed lines is timestamp, nonce, body.",
		"按名称读取请求头。验签串的顺序是时间戳、随机串、请求体。"},
	auth.HintSignature: {"Take Wechatpay-Signature as it came: no URL encoding or decoding, no folding, no trimming.",
		"原样使用 Wechatpay-Signature，不要做 URL 编解码、折行或截断。"},
	auth.HintSerial: {"Take Wechatpay-Serial as it came.", "原样使用 Wechatpay-Serial。"},
	auth.HintKeyKind: {"Give the public key and the platform certificate, both, while the merchant moves from one to the other.",
		"切换期间同时配置微信支付公钥和平台证书。"},
	auth.HintKeyID: {"Copy the id and the file of the public key from the same place of the merchant platform.",
		"公钥 ID 和公钥文件须从商户平台同一处复制。"},
	auth.HintOwnKey: {"Give WeChat Pay's public key or its platform certificate. The merchant's own key and certificate sign requests only.",
		"请使用微信支付公钥或平台证书。商户自己的密钥和证书只用于请求签名。"},
	auth.HintEmptyBody: {"Read the raw body before anything else does, keep the bytes, and verify those.",
		"在框架读取之前取得原始请求体，保留字节并用它验签。"},
	auth.HintLength: {"Verify the bytes as they came, before anything decodes or filters them.",
		"用收到的原始字节验签，不要先解码或过滤。"},
	auth.HintReencoded: {"Verify the bytes as they came. JSON that was decoded and encoded again is another text.",
		"用收到的原始字节验签。解析后重新序列化的 JSON 不是原文。"},
	auth.HintTransformed: {"Undo it before verifying, or take the raw bytes before it is done.",
		"验签前还原请求体，或在转换之前取得原始字节。"},
	auth.HintWhitespace: {"Keep the bytes as they came. If an editor added it to this file, only the file is wrong.",
		"保留原始字节。如果是编辑器在保存此文件时加上的，则通知本身没有问题。"},
	auth.HintCharset: {"Read the body as bytes, or as UTF-8.", "按字节或按 UTF-8 读取请求体。"},
}

// nothingKnown is for a signature that fits nothing that was tried.
var nothingKnown = translation{
	"Check that the key is the one of this merchant, and that headers and body are of the same request and unchanged. Else it is not from WeChat Pay.",
	"确认密钥属于该商户，且请求头和请求体来自同一请求、未被改动。否则该通知不是微信支付发出的。",
}

var fixOfProbe = translation{"Nothing. WeChat Pay sends wrong signatures on purpose, to see that they are refused.", "无需处理。这是微信支付的签名探测，应当拒绝。"}

var fixOfMissing = translation{"Record all Wechatpay- headers of the request, each once.", "完整记录请求的所有 Wechatpay- 请求头，每个一次。"}

var fixOfUnknownKey = translation{"Give the key of this id, from the merchant platform.", "从商户平台取得该 ID 对应的密钥。"}

// explainNotification says what is wrong with a recorded notification.
func (c *explainCommand) explainNotification(ctx context.Context, s *streams, k *kong.Context) error {
	if err := c.fill(given(k)); err != nil {
		return inputError{err}
	}
	name, raw, err := readInput(c.Notification, s.in)
	if err != nil {
		return inputError{err}
	}
	d, err := readDump(raw)
	if err != nil {
		return inputError{fmt.Errorf("%s: %w", name, err)}
	}
	verifier, err := c.verifier()
	if err != nil {
		return inputError{err}
	}
	var own *auth.Signer // to know the merchant's own key
	if !c.ownKey().missing() && c.MchID != "" && (c.SerialNo != "" || !c.ownCert().missing()) {
		if own, err = c.signer(); err != nil {
			return inputError{err}
		}
	}
	var keys []auth.APIv3Key
	if c.apiV3Key != "" {
		key, err := auth.NewAPIv3Key(c.apiV3Key)
		if err != nil {
			return inputError{err}
		}
		keys = append(keys, key)
	}
	report, err := d.explain(ctx, verifier, own, keys)
	if s.json {
		if err := s.object(report); err != nil {
			return err
		}
	} else {
		s.notification(report)
	}
	return err
}

// explain verifies and decrypts as of the time of the notification. It returns an
// error when one of them fails.
func (d *dump) explain(ctx context.Context, verifier *auth.Verifier, own *auth.Signer, keys []auth.APIv3Key) (notificationReport, error) {
	r := notificationReport{Serial: d.value(auth.HeaderSerial), BodyBytes: len(d.body), Notes: d.notes}
	// Eleven digits at most, as the verifier takes them.
	if seconds, err := strconv.ParseUint(d.value(auth.HeaderTimestamp), 10, 37); err == nil {
		sent := time.Unix(int64(seconds), 0)
		age := int64(time.Since(sent) / time.Second)
		r.Sent, r.AgeSeconds = sent.UTC().Format(time.RFC3339), &age
		verifier = verifier.WithClock(func() time.Time { return sent })
	}
	hints, err := verifier.Diagnose(ctx, d.header, d.body, own)
	if err != nil {
		r.Error = err.Error()
		for _, h := range hints {
			r.Hints = append(r.Hints, hintReport{h.Kind, h.Text, h.Proven, fixes[h.Kind]})
		}
		if len(hints) == 0 {
			r.Hints = []hintReport{{Fix: fixWithoutHint(err)}}
		}
		return r, errors.New("the notification does not verify")
	}
	r.Verifies = true
	if len(keys) == 0 {
		return r, nil
	}
	event, err := notify.Open(ctx, verifier, d.header, d.body, keys...)
	if err != nil {
		r.Error = err.Error()
		return r, errors.New("the notification verifies, but cannot be decrypted")
	}
	r.Event, err = reportOf(event, d.body)
	return r, err
}

func fixWithoutHint(err error) translation {
	if e, ok := errors.AsType[*auth.SignatureError](err); ok && e.Probe {
		return fixOfProbe
	}
	if errors.As(err, new(*auth.HeaderError)) {
		return fixOfMissing
	}
	if errors.As(err, new(*auth.UnknownKeyError)) || errors.As(err, new(*auth.KeyExpiredError)) {
		return fixOfUnknownKey
	}
	return nothingKnown
}

// orderNumbers are the names that the merchant gave to what a notification is about.
var orderNumbers = []string{"out_order_no", "out_trade_no", "out_refund_no", "out_apply_no", "merchant_plan_no", "merchant_sign_plan_no"}

func reportOf(event *notify.Event, body []byte) (*eventReport, error) {
	r := &eventReport{ID: event.ID, Type: event.Type}
	var content map[string]any
	_ = json.Unmarshal(event.Raw, &content) // what is no object has no numbers
	for _, name := range orderNumbers {
		if value, ok := content[name].(string); ok {
			r.Orders = append(r.Orders, named{name, value})
		}
	}
	known, ok := catalog.EventOf(event.Type)
	r.Known = ok
	findings, err := findingsAgainst("Notification", body, "")
	if err == nil && ok {
		var more []string
		more, err = findingsAgainst(known.Schema, event.Raw, "resource: ")
		findings = append(findings, more...)
	}
	r.Findings = findings
	return r, err
}

// findingsAgainst says where a text differs from a schema of the contract, with the
// names of fields and no values.
func findingsAgainst(schema string, raw []byte, part string) ([]string, error) {
	doc, err := contract()
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, f := range checkShape(raw, doc.Components.Schemas[schema].Value) {
		text := f.Message
		switch f.Rule {
		case "unknown":
			text = "is unknown to the contract"
		case "json":
			text = "is not JSON"
		}
		texts = append(texts, part+f.Path+" "+text)
	}
	return texts, nil
}

func (s *streams) notification(r notificationReport) {
	if r.Verifies {
		s.section("The notification verifies 验签通过")
	} else {
		s.section("The notification does not verify 验签失败")
	}
	if r.Serial != "" {
		s.row("serial", "%s", oneline.Cut(r.Serial, 160))
	}
	if r.AgeSeconds != nil {
		s.row("sent", "%s", r.Sent)
		s.prose("", ageText(*r.AgeSeconds))
	}
	s.row("body", "%d bytes", r.BodyBytes)
	for _, note := range r.Notes {
		s.prose("note", note)
	}
	if r.Error != "" {
		s.prose("error", r.Error)
	}
	for _, h := range r.Hints {
		s.printf("\n")
		switch {
		case h.Proven:
			s.section("Cause 原因: " + string(h.Kind))
		case h.Text != "":
			s.section("What is known 线索: " + string(h.Kind))
		default:
			s.section("Cause unknown 原因未知")
		}
		for _, line := range wrap(oneline.Escape(h.Text), 76) {
			if line != "" {
				s.printf("  %s\n", line)
			}
		}
		s.bilingual("fix 处理", h.Fix)
	}
	if r.Verifies && r.Event == nil && r.Error == "" {
		s.prose("decryption", "not tried: there is no "+apiV3KeyVariable+" and no api_v3_key in the file")
	}
	if r.Event != nil {
		s.printf("\n")
		s.event(r.Event)
	}
}

func ageText(seconds int64) string {
	age, side := time.Duration(seconds)*time.Second, "ago"
	if seconds < 0 {
		age, side = -age, "from now"
	}
	text := age.String() + " " + side
	if days := int64(age / (24 * time.Hour)); days > 1 {
		text = fmt.Sprintf("%d days %s", days, side)
	}
	return text + fmt.Sprintf(", which is not checked here; a receiver takes %d s", auth.MaxClockSkew/time.Second)
}

func (s *streams) event(e *eventReport) {
	s.section("It decrypts 解密成功")
	s.row("event_type", "%s", cmp.Or(e.Type, "none"))
	s.row("id", "%s", e.ID)
	for _, number := range e.Orders {
		s.row(number.Name, "%s", number.Value)
	}
	if !e.Known {
		s.prose("contract", "does not have this event_type")
	}
	for i, finding := range e.Findings {
		label := ""
		if i == 0 {
			label = "contract"
		}
		s.prose(label, finding)
	}
	if e.Known && len(e.Findings) == 0 {
		s.row("contract", "all required fields are there, and each has its type")
	}
}
