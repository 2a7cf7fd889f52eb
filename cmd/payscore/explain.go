package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/internal/oneline"
)

type explainCommand struct {
	What         string `arg:"" optional:"" name:"what" help:"NUMBER, CODE, REQUEST-ID, the message, or a file with the JSON of the error, - for standard input; or an operation, by its name or path."`
	Signed       string `placeholder:"FILE" help:"The message that you signed, to be compared with what a SIGN_ERROR says was seen."`
	Notification string `placeholder:"FILE" help:"A recorded notification, - for standard input: why it does not verify. It needs the keys below."`
	connection   `group:"Connection (for --notification)"`
}

// Help is shown by payscore explain --help.
func (explainCommand) Help() string {
	return `Examples:
  payscore explain 271316754
  payscore explain ORDER_NOT_EXIST
  payscore explain 08F78BD3A0061030181120A0A72A28B6A702-271316657
  payscore explain 订单重入参数校验失败
  payscore explain error.json
  payscore --json query 1 --keys DIR 2>&1 | payscore explain -
  payscore explain modifyPartnerServiceOrder
  payscore explain /v3/payscore/partner/serviceorder/{out_order_no}/modify
  payscore explain --notification notification.http --config wechatpay.yaml

The JSON is the body of the answer, or what payscore --json prints of an error.

A notification is an HTTP request (headers, an empty line, the raw body) or
{"headers": {...}, "body": "..."}. It exits with 0 when the notification
verifies, 1 when it does not verify or not decrypt, and 2 when the file or the
keys cannot be read. The APIv3 key (api_v3_key in the file, or
WECHATPAY_API_V3_KEY) shows which event and order it is.`
}

// explanation is the output of --json.
type explanation struct {
	Number          int64           `json:"number,omitempty"`
	Code            string          `json:"code,omitempty"`
	Status          int             `json:"status,omitempty"`
	Message         string          `json:"message,omitempty"`
	RequestID       string          `json:"request_id,omitempty"`
	Meaning         translation     `json:"meaning"`
	Remedy          translation     `json:"remedy"`
	Retry           catalog.Retry   `json:"retry"`
	Detail          *detailReport   `json:"detail,omitempty"`
	SignInformation *signSeenReport `json:"sign_information,omitempty"`
	Difference      string          `json:"difference,omitempty"`
	Reentry         []reentryReport `json:"reentry,omitempty"`
	Operations      []operationRef  `json:"operations"`
}

// reentryReport is the remedy when these operations were sent again with other
// parameters and refused with this error.
type reentryReport struct {
	Operations []string    `json:"operations"`
	Remedy     translation `json:"remedy"`
}

type translation struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

type detailReport struct {
	Field    string `json:"field,omitempty"`
	Issue    string `json:"issue,omitempty"`
	Location string `json:"location,omitempty"`
	Value    string `json:"value,omitempty"`
}

type signSeenReport struct {
	Method           string `json:"method,omitempty"`
	URL              string `json:"url,omitempty"`
	TruncatedMessage string `json:"truncated_sign_message,omitempty"`
	MessageLength    int    `json:"sign_message_length,omitempty"`
}

// repeats explains each advice on a repeat.
var repeats = map[catalog.Retry]translation{
	catalog.RetryNever:          {"No. The same call fails again: repair the cause first.", "不可以。相同请求会再次失败，请先排除原因。"},
	catalog.RetrySameParameters: {"Yes, with exactly the same parameters and number.", "可以，参数和单号必须完全相同。"},
	catalog.RetryAfterQuery:     {"After a query of the order, which tells whether.", "先查询订单，再决定是否重试。"},
	catalog.RetryLater:          {"Yes, later and slower, with the same parameters.", "可以，稍后降低频率，用相同参数重试。"},
}

func (c *explainCommand) Run(ctx context.Context, s *streams, k *kong.Context) error {
	switch {
	case c.Notification != "" && (c.What != "" || c.Signed != ""):
		return inputError{errors.New("--notification explains a file alone: leave the rest out")}
	case c.Notification != "":
		return c.explainNotification(ctx, s, k)
	case strings.TrimSpace(c.What) == "":
		return inputError{errors.New("what is to be explained? Give " + explainable + ", or --notification FILE")}
	}
	if found := c.operations(); len(found) > 0 {
		return s.operations(found)
	}
	e, err := c.read(s)
	if err != nil {
		return inputError{err}
	}
	var signed []byte
	if c.Signed != "" {
		if signed, err = readBody(c.Signed, nil); err != nil {
			return inputError{err}
		}
	}
	x, err := explain(e, signed)
	if word := strings.TrimSpace(c.What); err != nil && codeShape.MatchString(word) {
		return fmt.Errorf("%w, and none of the %d operations has this name%s", err, len(catalog.Operations()), resembling(word))
	}
	if err != nil {
		return err
	}
	x.Operations = documentedBy(e)
	x.Reentry = reentries(e.Number, x.Operations)
	if s.json {
		return s.object(x)
	}
	s.explanation(x)
	return nil
}

// explain returns an explanation without the operations. signed may be nil.
func explain(e *apierror.Error, signed []byte) (explanation, error) {
	complete(e)
	meaning, remedy := e.Meaning(), e.Remedy()
	if meaning.EN == "" {
		what := "code " + e.Code
		switch {
		case e.Number != 0:
			what = fmt.Sprintf("number %d", e.Number)
		case e.Code == "":
			what = fmt.Sprintf("status %d without a code", e.Status)
		}
		return explanation{}, fmt.Errorf("%s is not in the catalogue; payscore knows %d codes and %d numbers", what, len(catalog.Codes()), len(catalog.Numbers()))
	}
	x := explanation{
		Number: e.Number, Code: e.Code, Status: e.Status, Message: e.Message, RequestID: e.RequestID,
		Meaning: translation{meaning.EN, meaning.ZH}, Remedy: translation{remedy.EN, remedy.ZH}, Retry: e.Retry(),
	}
	if d := e.DetailFields(); d != (apierror.DetailFields{}) {
		x.Detail = &detailReport{d.Field, d.Issue, d.Location, d.Value}
	}
	if seen, ok := e.SignInformation(); ok {
		x.SignInformation = &signSeenReport{seen.Method, seen.URL, seen.TruncatedMessage, seen.MessageLength}
		if signed != nil {
			x.Difference = e.DiffSigned(signed)
		}
	}
	return x, nil
}

var (
	codeShape      = regexp.MustCompile(`^[A-Za-z]+(_ ?[A-Za-z]+)*$`)
	requestIDShape = regexp.MustCompile(`^[0-9A-Za-z_-]*-[0-9]+$`)
)

const explainable = "a number (271316754), a code (ORDER_NOT_EXIST), a request id, a message, a file with an error, or an operation (modifyPartnerServiceOrder, or its path)"

// operations returns the operations that the argument names. A file of that name
// goes first.
func (c *explainCommand) operations() []catalog.Operation {
	if _, err := os.Stat(c.What); err == nil {
		return nil
	}
	return operationsNamed(strings.TrimSpace(c.What))
}

// read returns the error that the argument describes.
func (c *explainCommand) read(s *streams) (*apierror.Error, error) {
	arg := strings.TrimSpace(c.What)
	if arg == "-" {
		raw, err := readBody("standard input", s.in)
		if err != nil {
			return nil, err
		}
		return decodeError("standard input", raw)
	}
	if strings.HasPrefix(arg, "{") {
		return decodeError("the argument", []byte(arg))
	}
	if _, err := os.Stat(c.What); err == nil || strings.HasSuffix(arg, ".json") {
		raw, err := readBody(c.What, nil)
		if err != nil {
			return nil, err
		}
		return decodeError(c.What, raw)
	}
	if n, err := strconv.ParseUint(arg, 10, 63); err == nil {
		return numbered(&apierror.Error{Number: int64(n)})
	}
	if codeShape.MatchString(arg) {
		return &apierror.Error{Code: strings.ToUpper(arg)}, nil
	}
	if requestIDShape.MatchString(arg) {
		n, err := strconv.ParseUint(arg[strings.LastIndexByte(arg, '-')+1:], 10, 63)
		if err == nil {
			return numbered(&apierror.Error{RequestID: arg, Number: int64(n)})
		}
	}
	if n := numberOf(arg); n != 0 {
		return &apierror.Error{Number: n}, nil
	}
	if strings.Contains(arg, "/v3/") {
		return nil, fmt.Errorf("%.80q is the path of no operation; payscore knows %d operations", arg, len(catalog.Operations()))
	}
	return nil, fmt.Errorf("%.60q is no number, code, request id or known message, and no such file is there; give %s", arg, explainable)
}

func numbered(e *apierror.Error) (*apierror.Error, error) {
	if e.Number == 0 {
		return nil, errors.New("number 0 stands for success: there is nothing to explain")
	}
	return e, nil
}

var oneComma = strings.NewReplacer("，", ",")

// numberOf returns the number of a message, or 0 if the catalogue has none.
func numberOf(message string) int64 {
	for _, n := range catalog.Numbers() {
		if message != "" && oneComma.Replace(n.Message) == oneComma.Replace(message) {
			return n.Number
		}
	}
	return 0
}

// decodeError decodes the body of a response, or the output of --json for an error.
func decodeError(name string, raw []byte) (*apierror.Error, error) {
	raw = []byte(strings.TrimPrefix(string(raw), "\ufeff"))
	if err := checkJSON(raw); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var e struct {
		apierror.Error
		Status    int    `json:"status"`
		Number    int64  `json:"number"`
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, fmt.Errorf("%s: not an error object: %s", name, cmp.Or(wrong.Field, "it")+" is a "+wrong.Value)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	e.Error.Status, e.Error.Number, e.Error.RequestID = e.Status, e.Number, e.RequestID
	if e.Code == "" && e.Number <= 0 && e.Status == 0 {
		return nil, fmt.Errorf("%s: it has no code, no number and no status", name)
	}
	return &e.Error, nil
}

// complete adds what the catalogue knows and the error does not say. What is to
// be explained is taken for WeChat Pay's own answer.
func complete(e *apierror.Error) {
	e.Verified = true
	if e.Number == 0 {
		e.Number = numberOf(strings.TrimSpace(e.Message)) // the body of a response does not have it
	}
	if n, ok := catalog.NumberOf(e.Number); ok {
		e.Code = cmp.Or(e.Code, n.Code)
		e.Message = cmp.Or(e.Message, n.Message)
	}
	if c, ok := catalog.CodeOf(strings.ReplaceAll(e.Code, " ", "")); ok {
		e.Code = c.Code
		e.Status = cmp.Or(e.Status, c.Status)
	}
}

// operationRef is a catalog.Operation as --json prints it.
type operationRef struct {
	ID     string `json:"operation_id"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Page   string `json:"page,omitempty"`
}

// documentedBy are the operations that the contract gives this error.
func documentedBy(e *apierror.Error) []operationRef {
	found := []operationRef{}
	for _, op := range catalog.OperationsOf(e.Code, e.Number) {
		found = append(found, operationRef(op))
	}
	return found
}

// reentries has the operations that answer a repeat with this number, those
// with the same remedy together.
func reentries(number int64, operations []operationRef) []reentryReport {
	var found []reentryReport
	for _, op := range operations {
		r, known := catalog.ReentryOf(op.ID)
		if !known || number == 0 || r.Number != number {
			continue
		}
		remedy := translation{r.Remedy.EN, r.Remedy.ZH}
		if at := slices.IndexFunc(found, func(f reentryReport) bool { return f.Remedy == remedy }); at >= 0 {
			found[at].Operations = append(found[at].Operations, op.ID)
			continue
		}
		found = append(found, reentryReport{[]string{op.ID}, remedy})
	}
	return found
}

// bilingual is a row in English and in Chinese.
func (s *streams) bilingual(label string, text translation) {
	// The label is Chinese, too, so its width is not its length.
	lines := wrap(text.EN, valueColumns)
	s.printf("  %s%s %s\n", label, strings.Repeat(" ", labelColumns-width(label)), lines[0])
	for _, line := range append(lines[1:], wrap(text.ZH, valueColumns)...) {
		s.row("", "%s", line)
	}
}

// fewOperations are listed with their pages.
const fewOperations = 8

func (s *streams) explanation(x explanation) {
	title := x.Code
	if x.Number != 0 {
		title = strings.TrimSpace(fmt.Sprintf("%d %s", x.Number, x.Code))
	}
	for _, line := range fold(oneline.Escape(cmp.Or(title, fmt.Sprintf("status %d", x.Status))), 80) {
		s.section(line)
	}
	if x.Status != 0 {
		s.row("status", "%d", x.Status)
	}
	if x.Message != "" {
		s.row("message", "%s", x.Message)
	}
	if x.RequestID != "" {
		s.row("request id", "%s", x.RequestID)
	}
	s.bilingual("meaning 含义", x.Meaning)
	s.bilingual("remedy 处理", x.Remedy)
	s.bilingual("repeat 重试", repeats[x.Retry])
	if d := x.Detail; d != nil {
		for _, f := range [][2]string{{"field", d.Field}, {"issue", d.Issue}, {"location", d.Location}, {"value", d.Value}} {
			if f[1] != "" {
				s.row(f[0], "%s", f[1])
			}
		}
	}
	if seen := x.SignInformation; seen != nil {
		s.printf("\n")
		s.section("What the server saw; <LF> stands for one line feed")
		s.row("method", "%s", seen.Method)
		s.row("url", "%s", seen.URL)
		s.message([]byte(seen.TruncatedMessage))
		if seen.MessageLength > 0 {
			s.row("length", "%d bytes, of which %d are shown", seen.MessageLength, len(seen.TruncatedMessage))
		}
		if x.Difference != "" {
			s.prose("difference", x.Difference)
		}
	}
	if len(x.Reentry) > 0 {
		s.printf("\n")
		s.section("Sent again with other parameters 重入参数不同")
		for _, r := range x.Reentry {
			s.printf("  %s\n", strings.Join(r.Operations, ", "))
			for _, line := range append(wrap(r.Remedy.EN, 76), wrap(r.Remedy.ZH, 76)...) {
				s.printf("    %s\n", line)
			}
		}
	}
	if len(x.Operations) == 0 {
		return
	}
	s.printf("\n")
	s.section(fmt.Sprintf("Documented by %d operations 相关接口", len(x.Operations)))
	if len(x.Operations) <= fewOperations {
		for _, op := range x.Operations {
			s.printf("  %s\n", op.ID)
			if op.Page != "" {
				s.printf("    %s\n", op.Page)
			}
		}
		return
	}
	names := make([]string, len(x.Operations))
	for i, op := range x.Operations {
		names[i] = op.ID
	}
	for _, line := range wrap(strings.Join(names, ", "), 76) {
		s.printf("  %s\n", line)
	}
}
