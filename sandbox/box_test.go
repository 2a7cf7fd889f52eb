package sandbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/wxpayscore/payscore/api"
	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

const (
	subMchID  = "1900000109"
	serviceID = "2002000000000558128851361561536"
	appID     = "wxd678efh567hg6787"
	orderNo   = "1234323JKHDFE1243252"
	orders    = "/v3/payscore/partner/serviceorder"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// box is a sandbox of which each answer is held against the contract and its
// signature checked.
type box struct {
	*sandbox.Server
	t      testing.TB
	now    func() time.Time
	client *payscore.Client
	sent   atomic.Int64 // requests that arrived
	wire   http.RoundTripper
	names  string // Wechatpay-Serial of unsigned, empty for none
}

func newBox(t testing.TB, opts ...sandbox.Option) *box {
	t.Helper()
	return newBoxAt(t, time.Now, opts...)
}

// newBoxAt has the same clock on both sides.
func newBoxAt(t testing.TB, now func() time.Time, opts ...sandbox.Option) *box {
	t.Helper()
	b := &box{Server: sandbox.New(t, append([]sandbox.Option{sandbox.WithClock(now)}, opts...)...), t: t, now: now}
	rt := transport.NewRoundTripper()
	t.Cleanup(rt.CloseIdleConnections)
	b.wire = rt
	b.client = b.clientAt(b.URL, b)
	return b
}

func (b *box) signer(opts ...auth.SignerOption) *auth.Signer {
	return b.Signer(append([]auth.SignerOption{auth.WithClock(b.now)}, opts...)...)
}

// clientAt is a client for whatever listens at url.
func (b *box) clientAt(url string, rt http.RoundTripper, opts ...payscore.ClientOption) *payscore.Client {
	b.t.Helper()
	signer := b.signer()
	return must(payscore.New(url, append([]payscore.ClientOption{
		payscore.WithRequestEditorFn(signer.Sign),
		payscore.WithHTTPClient(transport.New(signer, b.Verifier().WithClock(b.now), transport.WithRoundTripper(rt))),
	}, opts...)...))
}

// RoundTrip carries a request to the sandbox and checks its answer.
func (b *box) RoundTrip(req *http.Request) (*http.Response, error) {
	b.sent.Add(1)
	rsp, err := b.wire.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(rsp.Body)
	_ = rsp.Body.Close()
	if err != nil {
		return nil, err
	}
	if err := b.check(req, rsp.StatusCode, rsp.Header, body); err != nil {
		b.t.Errorf("%s %s: %v\n%s", req.Method, req.URL.RequestURI(), err, body)
	}
	rsp.Body = io.NopCloser(bytes.NewReader(body))
	return rsp, nil
}

var requestID = regexp.MustCompile(`^[0-9A-Z]+-[0-9]+$`)

// check tells what is wrong with an answer of the sandbox, whatever the
// request was.
func (b *box) check(req *http.Request, status int, header http.Header, body []byte) error {
	if !requestID.MatchString(header.Get("Request-ID")) {
		return fmt.Errorf("Request-ID %q", header.Get("Request-ID"))
	}
	if got := header.Get("Sandbox-Error-Number"); got != "" {
		return fmt.Errorf("the sandbox's own header came out: %s", got)
	}
	if status == http.StatusUnauthorized {
		for name := range header {
			if strings.HasPrefix(name, "Wechatpay-") {
				return fmt.Errorf("a 401 with %s", name)
			}
		}
	} else {
		account := b.Credentials().Account()
		both := must(auth.NewVerifier(
			auth.Key{ID: account.PublicKeyID, PublicKey: &sandbox.WechatpayKey(b.Credentials()).PublicKey},
			auth.Key{ID: account.PlatformSerialNo, PublicKey: sandbox.PlatformKey(b.Credentials())}))
		if err := both.WithClock(b.now).Verify(header, body); err != nil {
			return err
		}
	}
	if status == http.StatusNoContent {
		// Some clients verify nothing that does not say it is JSON, the real host's 204 included.
		if kind := header.Get("Content-Type"); len(body) > 0 || kind != "application/json; charset=utf-8" {
			return fmt.Errorf("a 204 with %d bytes of %q", len(body), kind)
		}
	} else if req.Method != http.MethodHead && !json.Valid(body) {
		return errors.New("not JSON")
	}
	route, pathParams := routeOf(req.Method, req.URL.EscapedPath())
	if route == nil {
		if status < 400 || status >= 500 {
			return fmt.Errorf("status %d for what is no operation", status)
		}
		if req.Method == http.MethodHead {
			return nil
		}
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			return err
		}
		return contract.Components.Schemas["Error"].Value.VisitJSON(v)
	}
	return openapi3filter.ValidateResponse(req.Context(), (&openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: pathParams, Route: route},
		Status:                 status,
		Header:                 header,
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	}).SetBodyBytes(body))
}

// contract is read here once more, by nothing of the sandbox.
var contract = must(openapi3.NewLoader().LoadFromData(api.Spec))

// routeOf finds the operation of a request without the sandbox's mux.
func routeOf(method, path string) (*routers.Route, map[string]string) {
	for template, item := range contract.Paths.Map() {
		op := item.GetOperation(method)
		if op == nil {
			continue
		}
		head, rest, parameter := strings.Cut(template, "{")
		if !parameter && path == template {
			return &routers.Route{Spec: contract, Path: template, PathItem: item, Method: method, Operation: op}, nil
		}
		name, tail, _ := strings.Cut(rest, "}")
		value := strings.TrimSuffix(strings.TrimPrefix(path, head), tail)
		if parameter && path == head+value+tail && value != "" && !strings.Contains(value, "/") {
			return &routers.Route{Spec: contract, Path: template, PathItem: item, Method: method, Operation: op}, map[string]string{name: value}
		}
	}
	return nil, nil
}

// request is a signed request with exactly these bytes.
func (b *box) request(method, target, body string) *http.Request {
	b.t.Helper()
	req := b.unsigned(method, target, body)
	if err := b.signer().Sign(b.t.Context(), req); err != nil {
		b.t.Fatal(err)
	}
	return req
}

func (b *box) unsigned(method, target, body string) *http.Request {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.URL+target, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	if b.names != "" {
		req.Header.Set("Wechatpay-Serial", b.names)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

// answer is an answer of any status.
type answer struct {
	apierror.Error
	Header http.Header
	Body   string
}

func (b *box) do(req *http.Request) answer {
	b.t.Helper()
	rsp, err := b.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	body := must(io.ReadAll(rsp.Body))
	refused := apierror.New(rsp, body)
	refused.Verified = rsp.Header.Get(auth.HeaderSignature) != "" // check has verified it
	return answer{Error: *refused, Header: rsp.Header, Body: string(body)}
}

func (b *box) send(method, target, body string) answer {
	b.t.Helper()
	return b.do(b.request(method, target, body))
}

// place is where a refusal sees its reason.
type place struct {
	Location string `json:"location"`
	Field    string `json:"field"`
}

func placeOf(detail json.RawMessage) (p place) {
	_ = json.Unmarshal(detail, &p)
	return p
}

// refusal is what a test expects of an answer that is no success.
type refusal struct {
	status int
	code   string
	number int64
	field  string // "" stands for any
}

var (
	wrongFormula = refusal{400, "PARAM_ERROR", 268435464, "/total_amount"}
	overCap      = refusal{400, "INVALID_REQUEST", 271316656, ""}
	notExist     = refusal{404, "ORDER_NOT_EXIST", 271317510, ""}
	signError    = refusal{401, "SIGN_ERROR", 270924332, ""}
	noRoute      = refusal{404, "RESOURCE_NOT_EXISTS", 0, ""}
)

func wrongParam(field string) refusal { return refusal{400, "PARAM_ERROR", 268435464, field} }

// checkRefused fails unless err is this refusal, and is one of which the
// outcome is known.
func checkRefused(t testing.TB, err error, want refusal) {
	t.Helper()
	got, ok := errors.AsType[*apierror.Error](err)
	if !ok {
		t.Errorf("got %v, want %d %s", err, want.status, want.code)
		return
	}
	if got.Status != want.status || got.Code != want.code || got.Number != want.number ||
		want.field != "" && placeOf(got.Detail).Field != want.field {
		t.Errorf("got %v %s, want %d %s number %d field %s", got, got.Detail, want.status, want.code, want.number, want.field)
	}
	if errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Errorf("a refusal leaves the outcome open: %v", err)
	}
}

func (a answer) checkRefused(t testing.TB, want refusal) {
	t.Helper()
	checkRefused(t, &a.Error, want)
}

// needConfirm is an order that the user has to confirm.
func needConfirm(outOrderNo string) payscore.CreatePartnerServiceOrderRequest {
	return payscore.CreatePartnerServiceOrderRequest{
		ServiceID:           serviceID,
		AppID:               "wxd678efh567hg6787",
		SubMchID:            subMchID,
		OutOrderNo:          outOrderNo,
		ServiceIntroduction: "XX充电宝",
		RiskFund:            payscore.RiskFund{Name: payscore.RiskFundNameEstimateOrderCost, Amount: 100000},
		TimeRange:           payscore.TimeRange{StartTime: new("OnAccept")},
		NotifyURL:           "https://api.test.com",
	}
}

// noConfirm is an order of a user who authorised the service before.
func noConfirm(outOrderNo string) payscore.CreatePartnerServiceOrderRequest {
	body := needConfirm(outOrderNo)
	body.NeedUserConfirm = new(false)
	body.OpenID = new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")
	return body
}

func completion(total int64) payscore.CompletePartnerServiceOrderRequest {
	return payscore.CompletePartnerServiceOrderRequest{
		ServiceID:    serviceID,
		SubMchID:     subMchID,
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(total)}},
		TotalAmount:  total,
		TimeRange:    &payscore.TimeRange{EndTime: new("20250601121010")},
	}
}

func modification(total int64) payscore.ModifyPartnerServiceOrderRequest {
	return payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:     subMchID,
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(total)}},
		TotalAmount:  total,
		Reason:       "用户投诉",
	}
}

func cancellation(reason string) payscore.CancelPartnerServiceOrderRequest {
	return payscore.CancelPartnerServiceOrderRequest{SubMchID: subMchID, Reason: reason}
}

func payment() payscore.PayPartnerServiceOrderRequest {
	return payscore.PayPartnerServiceOrderRequest{SubMchID: subMchID}
}

func paidElsewhere(paidTime string) payscore.SyncPartnerServiceOrderRequest {
	return payscore.SyncPartnerServiceOrderRequest{
		ServiceID: serviceID, SubMchID: subMchID, Type: payscore.SyncTypeOrderPaid,
		Detail: payscore.SyncDetail{PaidTime: paidTime},
	}
}

func (b *box) create(body payscore.CreatePartnerServiceOrderRequest) *payscore.CreatePartnerServiceOrderResult {
	b.t.Helper()
	answer, err := b.client.CreatePartnerServiceOrder(b.t.Context(), body)
	b.ok(err)
	return answer
}

func (b *box) seed(outOrderNo string, total int64) {
	b.t.Helper()
	_, err := b.Seed(outOrderNo, total)
	b.ok(err)
}

func (b *box) modify(outOrderNo string, total int64) error {
	return b.client.ModifyPartnerServiceOrder(b.t.Context(), outOrderNo, modification(total))
}

// query is the order as a query answers it.
func (b *box) query(outOrderNo string) payscore.ServiceOrderEntity {
	b.t.Helper()
	order, err := b.client.QueryPartnerServiceOrder(b.t.Context(),
		payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: &outOrderNo})
	if err != nil {
		b.t.Fatalf("query %s: %v", outOrderNo, err)
	}
	return *order
}

// total is the amount of an order in the sandbox, without a call.
func (b *box) total(outOrderNo string) int64 {
	b.t.Helper()
	order, ok := entity(b, subMchID, outOrderNo)
	if !ok || order.TotalAmount == nil {
		b.t.Fatalf("no order %s with an amount", outOrderNo)
	}
	return *order.TotalAmount
}

func (b *box) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// asJSON is how two values are compared and printed.
func asJSON(v any) string { return string(must(json.Marshal(v))) }

// parsed is a JSON text as a value that keeps its numbers as they are.
func parsed(r io.Reader) (v any) {
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return v
}
