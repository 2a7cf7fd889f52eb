package codegen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/wxpayscore/payscore/api"
	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/examplecall"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/transport"
)

const orderNo = "1234323JKHDFE1243252"

var contract = sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(api.Spec) })

// operations calls each operation of the contract, by its operationId. One
// with a path parameter takes the order number, one with a body takes it as
// JSON. line is what stands on the wire for orderNo.
var operations = map[string]struct {
	line    string
	inPath  bool
	request any // what the body decodes into
	call    func(ctx context.Context, c *payscore.Client, orderNo string, body any, editors ...payscore.RequestEditorFn) (any, error)
}{
	"createPartnerServiceOrder": {
		"POST /v3/payscore/partner/serviceorder", false, payscore.CreatePartnerServiceOrderRequest{},
		func(ctx context.Context, c *payscore.Client, _ string, body any, editors ...payscore.RequestEditorFn) (any, error) {
			return answered(c.CreatePartnerServiceOrder(ctx, body.(payscore.CreatePartnerServiceOrderRequest), editors...))
		},
	},
	"queryPartnerServiceOrder": {
		"GET /v3/payscore/partner/serviceorder?out_order_no=" + orderNo + "&service_id=2002&sub_mchid=1900000109", false, nil,
		func(ctx context.Context, c *payscore.Client, orderNo string, _ any, editors ...payscore.RequestEditorFn) (any, error) {
			return answered(c.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{
				ServiceID: new("2002"), SubMchID: "1900000109", OutOrderNo: &orderNo}, editors...))
		},
	},
	"cancelPartnerServiceOrder": {
		"POST /v3/payscore/partner/serviceorder/" + orderNo + "/cancel", true, payscore.CancelPartnerServiceOrderRequest{},
		func(ctx context.Context, c *payscore.Client, orderNo string, body any, editors ...payscore.RequestEditorFn) (any, error) {
			return nil, c.CancelPartnerServiceOrder(ctx, orderNo, body.(payscore.CancelPartnerServiceOrderRequest), editors...)
		},
	},
	"completePartnerServiceOrder": {
		"POST /v3/payscore/partner/serviceorder/" + orderNo + "/complete", true, payscore.CompletePartnerServiceOrderRequest{},
		func(ctx context.Context, c *payscore.Client, orderNo string, body any, editors ...payscore.RequestEditorFn) (any, error) {
			return nil, c.CompletePartnerServiceOrder(ctx, orderNo, body.(payscore.CompletePartnerServiceOrderRequest), editors...)
		},
	},
	"modifyPartnerServiceOrder": {
		"POST /v3/payscore/partner/serviceorder/" + orderNo + "/modify", true, payscore.ModifyPartnerServiceOrderRequest{},
		func(ctx context.Context, c *payscore.Client, orderNo string, body any, editors ...payscore.RequestEditorFn) (any, error) {
			return nil, c.ModifyPartnerServiceOrder(ctx, orderNo, body.(payscore.ModifyPartnerServiceOrderRequest), editors...)
		},
	},
	"payPartnerServiceOrder": {
		"POST /v3/payscore/partner/serviceorder/" + orderNo + "/pay", true, payscore.PayPartnerServiceOrderRequest{},
		func(ctx context.Context, c *payscore.Client, orderNo string, body any, editors ...payscore.RequestEditorFn) (any, error) {
			return nil, c.PayPartnerServiceOrder(ctx, orderNo, body.(payscore.PayPartnerServiceOrderRequest), editors...)
		},
	},
	"syncPartnerServiceOrder": {
		"POST /v3/payscore/partner/serviceorder/" + orderNo + "/sync", true, payscore.SyncPartnerServiceOrderRequest{},
		func(ctx context.Context, c *payscore.Client, orderNo string, body any, editors ...payscore.RequestEditorFn) (any, error) {
			return nil, c.SyncPartnerServiceOrder(ctx, orderNo, body.(payscore.SyncPartnerServiceOrderRequest), editors...)
		},
	},
}

// answered keeps a nil pointer from becoming an answer.
func answered[T any](out *T, err error) (any, error) {
	if out == nil {
		return nil, err
	}
	return *out, err
}

// wechatpay answers every request alike and keeps what came in.
type wechatpay struct {
	status int
	body   string
	header http.Header

	got []request
}

type request struct {
	line   string
	header http.Header
	body   string
}

func (s *wechatpay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.got = append(s.got, request{r.Method + " " + r.RequestURI, r.Header, string(body)})
	for name, values := range s.header {
		w.Header()[name] = values
	}
	w.WriteHeader(s.status)
	_, _ = io.WriteString(w, s.body)
}

// verifying stands for package transport: what it passes on has verified.
type verifying struct{ *http.Client }

func (c verifying) Do(req *http.Request) (*http.Response, error) {
	rsp, err := c.Client.Do(req)
	if err == nil {
		rsp.Body = verifiedBody{rsp.Body}
	}
	return rsp, err
}

type verifiedBody struct{ io.ReadCloser }

func (verifiedBody) Verified() bool { return true }

// newClient is a client of s.
func newClient(t *testing.T, s *wechatpay, opts ...payscore.ClientOption) *payscore.Client {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client, err := payscore.New(server.URL, append(opts, payscore.WithHTTPClient(verifying{server.Client()}))...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// value is text as a JSON value, its numbers as they are written.
func value(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("%q: more than one value", text)
	}
	return v
}

// text is v as JSON.
func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// decode reads text into a value of the type of model and refuses members
// that the model has not.
func decode(t *testing.T, text string, model any) any {
	t.Helper()
	if model == nil {
		return nil
	}
	p := reflect.New(reflect.TypeOf(model))
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(p.Interface()); err != nil {
		t.Fatalf("%T: %v", model, err)
	}
	return p.Elem().Interface()
}

// examples are the examples of a body in the contract, by name, as JSON.
func examples(t *testing.T, content openapi3.Content) map[string]string {
	t.Helper()
	media := content.Get("application/json")
	if media == nil {
		t.Fatal("no JSON")
	}
	all := map[string]string{}
	if media.Example != nil {
		all["example"] = text(t, media.Example)
	}
	for name, e := range media.Examples {
		all[name] = text(t, e.Value.Value)
	}
	if len(all) == 0 {
		t.Fatal("the contract has no example")
	}
	return all
}

// exampleBody is one example of the body of an operation, decoded.
func exampleBody(t *testing.T, id string) any {
	t.Helper()
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.OperationID == id && op.RequestBody != nil {
				all := examples(t, op.RequestBody.Value.Content)
				names := make([]string, 0, len(all))
				for name := range all {
					names = append(names, name)
				}
				return decode(t, all[slices.Min(names)], operations[id].request)
			}
		}
	}
	if operations[id].request != nil {
		t.Fatalf("no body of %s in the contract", id)
	}
	return nil
}

// TestContractExamples calls every operation with each example of its request,
// answers with each example of an answer, and compares both as JSON values. An
// operation without an example, or without a method, fails.
func TestContractExamples(t *testing.T) {
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	covered := 0
	for path, item := range doc.Paths.Map() {
		for httpMethod, op := range item.Operations() {
			covered++
			t.Run(op.OperationID, func(t *testing.T) {
				_, client := server(t, &wechatpay{})
				method, err := examplecall.Method(client, op.OperationID)
				if err != nil {
					t.Fatal(err)
				}
				calls, err := examplecall.Calls(method, path, item, op)
				if err != nil {
					t.Fatal(err)
				}
				successes, refusals, err := examplecall.Answers(op)
				if err != nil {
					t.Fatal(err)
				}
				for _, call := range calls {
					for _, answer := range successes {
						t.Run(call.Name+" "+answer.String(), func(t *testing.T) {
							out, got, err := invoke(t, op.OperationID, call, answer)
							if err != nil {
								t.Fatal(err)
							}
							checkSent(t, got, httpMethod, call)
							if answer.Value == nil {
								if out != nil {
									t.Errorf("got %+v, want no answer", out)
								}
								return
							}
							if err := examplecall.Same([]byte(text(t, out)), answer.Value); err != nil {
								t.Errorf("read as something else: %v", err)
							}
						})
					}
				}
				for _, answer := range refusals {
					t.Run(answer.String(), func(t *testing.T) {
						out, got, err := invoke(t, op.OperationID, calls[0], answer)
						var refused *apierror.Error
						if !errors.As(err, &refused) || out != nil {
							t.Fatalf("got %v, %v, want an *apierror.Error", out, err)
						}
						line, _, _ := strings.Cut(got.line, "?")
						if refused.Status != answer.Status || refused.Number != 268435464 || refused.Method+" "+refused.Path != line {
							t.Errorf("got %+v", refused)
						}
						if err := examplecall.Same([]byte(text(t, refused)), answer.Value); err != nil {
							t.Errorf("read as something else: %v", err)
						}
						if unknown := answer.Status >= 500 && refused.Method != http.MethodGet; errors.Is(err, apierror.ErrOutcomeUnknown) != unknown {
							t.Errorf("outcome unknown is not %t", unknown)
						}
					})
				}
			})
		}
	}
	if methods := reflect.TypeFor[*payscore.Client]().NumMethod() - 1; methods != covered { // without Validate
		t.Errorf("the client has %d methods, the contract %d operations", methods, covered)
	}
	t.Logf("%d operations", covered)
}

// invoke makes a call that is answered with an example.
func invoke(t *testing.T, operationID string, call examplecall.Call, answer examplecall.Answer) (any, request, error) {
	t.Helper()
	s, client := server(t, &wechatpay{status: answer.Status, body: string(answer.Value), header: http.Header{"Request-Id": {"08F7-268435464"}}})
	method, err := examplecall.Method(client, operationID)
	if err != nil {
		t.Fatal(err)
	}
	out, err := call.Invoke(t.Context(), method)
	if len(s.got) != 1 {
		t.Fatalf("%d requests, %v", len(s.got), err)
	}
	return out, s.got[0], err
}

func server(t *testing.T, s *wechatpay) (*wechatpay, *payscore.Client) {
	t.Helper()
	return s, newClient(t, s)
}

// checkSent compares a request with the example it was made of.
func checkSent(t *testing.T, got request, method string, call examplecall.Call) {
	t.Helper()
	sentMethod, target, _ := strings.Cut(got.line, " ")
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	if sentMethod != method {
		t.Errorf("sent as %s, want %s", sentMethod, method)
	}
	if err := call.CheckSent(u, got.header, []byte(got.body)); err != nil {
		t.Error(err)
	}
	if accept := got.header.Get("Accept"); accept != "application/json" {
		t.Errorf("Accept: %q", accept)
	}
	want := ""
	if call.Body != nil {
		want = "application/json"
	}
	if contentType := got.header.Get("Content-Type"); contentType != want {
		t.Errorf("Content-Type: %q, want %q", contentType, want)
	}
}

// TestSchemaExamples decodes every example of the contract into its model with
// unknown fields refused, encodes it and compares: a field that a model lost or
// renamed shows here, and so do those of the notifications.
func TestSchemaExamples(t *testing.T) {
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]any{
		"Notification":               payscore.Notification{},
		"NotificationFailure":        payscore.NotificationFailure{},
		"ServiceOrderNotification":   payscore.ServiceOrderNotification{},
		"PermissionNotification":     payscore.PermissionNotification{},
		"ServiceAccountNotification": payscore.ServiceAccountNotification{},
		"RefundNotification":         payscore.RefundNotification{},
		"SecurityEchoNotification":   payscore.SecurityEchoNotification{},
		"SignPlanNotification":       payscore.SignPlanNotification{},
	}
	for name, callback := range doc.Components.Callbacks {
		for _, item := range callback.Value.Map() {
			for _, op := range item.Operations() {
				for example, e := range op.RequestBody.Value.Content.Get("application/json").Examples {
					t.Run(name+" "+example, func(t *testing.T) {
						roundTrip(t, text(t, e.Value.Value), models["Notification"])
					})
				}
				resources, ok := op.Extensions["x-wechatpay-resources"].(map[string]any)
				if !ok || len(resources) == 0 {
					t.Fatalf("%s names no resources", name)
				}
				for event, ref := range resources {
					t.Run(event, func(t *testing.T) {
						schema := strings.TrimPrefix(ref.(map[string]any)["$ref"].(string), "#/components/schemas/")
						model, ok := models[schema]
						if !ok {
							t.Fatalf("no model of %s", schema)
						}
						roundTrip(t, text(t, sample(t, doc.Components.Schemas[schema].Value)), model)
					})
				}
			}
		}
	}
}

// sample is an object made of the examples of its properties.
func sample(t testing.TB, s *openapi3.Schema) any {
	t.Helper()
	s = whole(s)
	switch {
	case s.Type.Is("object"):
		object := map[string]any{}
		for name, property := range s.Properties {
			object[name] = sample(t, property.Value)
		}
		return object
	case s.Type.Is("array"):
		return []any{sample(t, s.Items.Value)}
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Example != nil:
		return s.Example
	default:
		t.Fatalf("%s has no example", s.Title)
		return nil
	}
}

// whole is a schema with the limits of the one that it is a copy of: the texts
// are its own.
func whole(s *openapi3.Schema) *openapi3.Schema {
	if len(s.AllOf) == 1 {
		return whole(s.AllOf[0].Value)
	}
	return s
}

func roundTrip(t *testing.T, example string, model any) {
	t.Helper()
	if got := text(t, decode(t, example, model)); !reflect.DeepEqual(value(t, got), value(t, example)) {
		t.Errorf("got %s\nwant %s", got, example)
	}
}

func TestZeroAbsentAndEmpty(t *testing.T) {
	server := &wechatpay{status: 204}
	client := newClient(t, server, payscore.WithoutLimitChecks())
	for _, tc := range []struct {
		name string
		body payscore.ModifyPartnerServiceOrderRequest
		want string
	}{
		{"nil required slice", payscore.ModifyPartnerServiceOrderRequest{SubMchID: "1", Reason: "r"},
			`{"post_payments":[],"reason":"r","sub_mchid":"1","total_amount":0}`},
		{"empty slices", payscore.ModifyPartnerServiceOrderRequest{PostPayments: []payscore.Payment{}, PostDiscounts: []payscore.ServiceOrderCoupon{}},
			`{"post_discounts":[],"post_payments":[],"reason":"","sub_mchid":"","total_amount":0}`},
		{"absent and 0", payscore.ModifyPartnerServiceOrderRequest{PostPayments: []payscore.Payment{
			{Name: new("a")}, {Name: new("b"), Amount: new(int64(0)), Count: new(int64(0)), Description: new("")}}},
			`{"post_payments":[{"name":"a"},{"amount":0,"count":0,"description":"","name":"b"}],"reason":"","sub_mchid":"","total_amount":0}`},
		{"absent and empty objects", payscore.ModifyPartnerServiceOrderRequest{
			Device: &payscore.Device{}, PostDiscounts: []payscore.ServiceOrderCoupon{{}}, ServiceID: new("")},
			`{"device":{},"post_discounts":[{}],"post_payments":[],"reason":"","service_id":"","sub_mchid":"","total_amount":0}`},
		{"the largest amount", payscore.ModifyPartnerServiceOrderRequest{TotalAmount: 1<<63 - 1},
			`{"post_payments":[],"reason":"","sub_mchid":"","total_amount":9223372036854775807}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server.got = nil
			if err := client.ModifyPartnerServiceOrder(t.Context(), orderNo, tc.body); err != nil {
				t.Fatal(err)
			}
			if len(server.got) != 1 || !reflect.DeepEqual(value(t, server.got[0].body), value(t, tc.want)) {
				t.Errorf("sent %+v\nwant %s", server.got, tc.want)
			}
		})
	}
	server.got = nil
	if err := client.CompletePartnerServiceOrder(t.Context(), orderNo, payscore.CompletePartnerServiceOrderRequest{ProfitSharing: new(false)}); err != nil {
		t.Fatal(err)
	}
	want := `{"post_payments":[],"profit_sharing":false,"service_id":"","sub_mchid":"","total_amount":0}`
	if got := server.got[0].body; !reflect.DeepEqual(value(t, got), value(t, want)) {
		t.Errorf("sent %s\nwant %s", got, want)
	}
}

// Another client escapes the number twice, a third signs it unescaped and
// sends it escaped: both address or sign something else.
func TestOrderNumberIsEscapedOnce(t *testing.T) {
	for id, operation := range operations {
		if !operation.inPath {
			continue
		}
		t.Run(id, func(t *testing.T) {
			server := &wechatpay{status: 204}
			var seen string
			client := newClient(t, server, payscore.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
				seen = r.Method + " " + r.URL.RequestURI()
				return nil
			}))
			if _, err := operation.call(t.Context(), client, "A|B*C_-1", exampleBody(t, id)); err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(operation.line, orderNo, "A%7CB%2AC_-1")
			if got := server.got[0].line; got != want || seen != want {
				t.Errorf("sent %s, an editor saw %s, want %s", got, seen, want)
			}
		})
	}
}

func TestOrderNumberIsChecked(t *testing.T) {
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	longest := int(*doc.Components.Schemas["OutOrderNo"].Value.MaxLength)
	for id, operation := range operations {
		if !operation.inPath {
			continue
		}
		for _, opts := range [][]payscore.ClientOption{nil, {payscore.WithoutLimitChecks()}} {
			server := &wechatpay{status: 204}
			client := newClient(t, server, opts...)
			for _, number := range []string{
				"", strings.Repeat("1", 999), "/", "a/b", "a b", " ", "订单", ".", "..", "../a", "%2e%2e", "a%7Cb", "a?b=c", "a#b", "a;b",
				"a\n", "a\x00", "a\xff", "１", `a\b`, "a.b", "a:b",
			} {
				_, err := operation.call(t.Context(), client, number, exampleBody(t, id))
				var findings limit.Findings
				if !errors.As(err, &findings) || len(findings) != 1 || findings[0].Path != "out_order_no" {
					t.Errorf("%s, %d options, %q: got %v, want a finding at out_order_no", id, len(opts), number, err)
				}
				if errors.Is(err, apierror.ErrOutcomeUnknown) || !errors.Is(err, apierror.ErrNotSent) {
					t.Errorf("%v: nothing was sent, and the error is not that", err)
				}
			}
			if len(server.got) != 0 {
				t.Errorf("%s, %d options: sent %v", id, len(opts), server.got)
			}
			if _, err := operation.call(t.Context(), client, strings.Repeat("1", longest), exampleBody(t, id)); err != nil {
				t.Errorf("%d characters: %v", longest, err)
			}
		}
	}
}

func TestQueryParameters(t *testing.T) {
	server := &wechatpay{status: 200, body: `{"out_order_no":"1","service_id":"2002","state":"DONE"}`}
	client := newClient(t, server)
	if _, err := client.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: "1", QueryID: new("a&b=c d|+/单")}); err != nil {
		t.Fatal(err)
	}
	if got, want := server.got[0].line, "GET /v3/payscore/partner/serviceorder?query_id=a%26b%3Dc+d%7C%2B%2F%E5%8D%95&sub_mchid=1"; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}

	bad := payscore.QueryPartnerServiceOrderParams{ServiceID: new(""), OutOrderNo: new("a/b"), QueryID: new(strings.Repeat("q", 9999))}
	_, err := client.QueryPartnerServiceOrder(t.Context(), bad)
	wantFindings(t, err, "service_id minLength", "sub_mchid minLength", "out_order_no pattern", "query_id maxLength")
	wantFindings(t, bad.Validate(), "service_id minLength", "sub_mchid minLength", "out_order_no pattern", "query_id maxLength")
	if len(server.got) != 1 {
		t.Errorf("sent %v", server.got[1:])
	}
}

func wantFindings(t *testing.T, err error, want ...string) {
	t.Helper()
	var findings limit.Findings
	if !errors.As(err, &findings) {
		t.Errorf("got %v, want findings", err)
	}
	var got []string
	for _, f := range findings {
		got = append(got, f.Path+" "+f.Rule)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestBodyFindingsAllAtOnce(t *testing.T) {
	server := &wechatpay{status: 204}
	body := payscore.ModifyPartnerServiceOrderRequest{
		ServiceID: new(strings.Repeat("1", 999)),
		PostPayments: []payscore.Payment{
			{Name: new(strings.Repeat("费", 999)), Amount: new(int64(-1))},
			{Name: new("a"), Count: new(int64(9999)), Description: new(strings.Repeat("字", 999))},
			{Name: new("a"), Amount: new(int64(0)), Count: new(int64(1))},
		},
		PostDiscounts: make([]payscore.ServiceOrderCoupon, 999),
		Device:        &payscore.Device{EndDeviceID: new("\xff")},
		TotalAmount:   -1,
		Reason:        strings.Repeat("因", 999),
	}
	body.PostDiscounts[998].Count = new(int64(0))
	want := []string{
		"$.device.end_device_id utf8",
		"$.post_discounts maxItems",
		"$.post_discounts[998].count minimum",
		"$.post_payments[0].amount minimum",
		"$.post_payments[0].name maxLength",
		"$.post_payments[1].count maximum",
		"$.post_payments[1].description maxLength",
		"$.reason maxLength",
		"$.service_id maxLength",
		"$.sub_mchid minLength",
		"$.total_amount minimum",
	}
	wantFindings(t, newClient(t, server).ModifyPartnerServiceOrder(t.Context(), orderNo, body), want...)
	wantFindings(t, body.Validate(), want...)
	wantFindings(t, newClient(t, server).ModifyPartnerServiceOrder(t.Context(), "a/b", body), append([]string{"out_order_no pattern"}, want...)...)
	wantFindings(t, payscore.ModifyPartnerServiceOrderRequest{SubMchID: "1", Reason: "r"}.Validate(), "$.post_payments minItems")
	wantFindings(t, payscore.CreatePartnerServiceOrderRequest{}.Validate(),
		"$.appid minLength", "$.notify_url minLength", "$.out_order_no minLength", "$.risk_fund.amount minimum", "$.risk_fund.name enum",
		"$.service_id minLength", "$.service_introduction minLength", "$.sub_mchid minLength")
	if len(server.got) != 0 {
		t.Errorf("sent %v", server.got)
	}
	if err := newClient(t, server, payscore.WithoutLimitChecks()).ModifyPartnerServiceOrder(t.Context(), orderNo, body); err != nil || len(server.got) != 1 {
		t.Errorf("WithoutLimitChecks: %v, %d requests", err, len(server.got))
	}
}

// One call goes out although a finding stands; everything else is checked.
func TestWithoutLimitChecksOf(t *testing.T) {
	body := exampleBody(t, "modifyPartnerServiceOrder").(payscore.ModifyPartnerServiceOrderRequest)
	body.Reason = strings.Repeat("长", 51)
	body.PostPayments[0].Name = new("面🍜")
	for _, tc := range []struct {
		paths  []string
		number string
		want   []string
	}{
		{nil, orderNo, []string{"$.post_payments[0].name text", "$.reason maxLength"}},
		{[]string{"$.reason"}, orderNo, []string{"$.post_payments[0].name text"}},
		{[]string{"$.reason", "$.post_payments[0].name"}, orderNo, nil},
		{[]string{"$.reason", "$.post_payments[*].name"}, orderNo, nil},
		{[]string{"$.reason", "$.post_payments[*].name", "out_order_no"}, "a/b", []string{"out_order_no pattern"}},
	} {
		server := &wechatpay{status: 204}
		client := newClient(t, server)
		ctx := t.Context()
		for _, path := range tc.paths { // each adds to those before
			ctx = payscore.WithoutLimitChecksOf(ctx, path)
		}
		err := client.ModifyPartnerServiceOrder(ctx, tc.number, body)
		if tc.want != nil {
			wantFindings(t, err, tc.want...)
		} else if err != nil || len(server.got) != 1 || !bytes.Contains([]byte(server.got[0].body), []byte("面🍜")) {
			t.Errorf("%v: %v, sent %v", tc.paths, err, server.got)
		}
		if tc.want != nil && len(server.got) != 0 {
			t.Errorf("%v: sent %v", tc.paths, server.got)
		}
		if err := client.ModifyPartnerServiceOrder(t.Context(), orderNo, body); err == nil {
			t.Errorf("%v: the next call goes out, too", tc.paths)
		}
	}

	// A query parameter is named without a root.
	server := &wechatpay{status: 200}
	client := newClient(t, server)
	long := payscore.QueryPartnerServiceOrderParams{SubMchID: strings.Repeat("1", 33), OutOrderNo: new(orderNo)}
	_, _ = client.QueryPartnerServiceOrder(payscore.WithoutLimitChecksOf(t.Context(), "sub_mchid"), long)
	if len(server.got) != 1 {
		t.Error("a parameter is not let pass")
	}

	// What would arrive as something else never passes.
	body.Reason = "\xff"
	err := client.ModifyPartnerServiceOrder(payscore.WithoutLimitChecksOf(t.Context(), "$.reason", "$.post_payments[*].name"), orderNo, body)
	wantFindings(t, err, "$.reason utf8")
}

func TestCheckOfGoodBodyAllocatesNothing(t *testing.T) {
	body := exampleBody(t, "modifyPartnerServiceOrder").(payscore.ModifyPartnerServiceOrderRequest)
	if n := testing.AllocsPerRun(100, func() { _ = body.Validate() }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// Whatever an answer is: nil means the documented status, and whoever cannot
// know the outcome says so.
func TestAnswers(t *testing.T) {
	const html = "<html>\n<h1>Bad Gateway</h1></html>"
	const asked = `{"out_order_no":"` + orderNo + `","service_id":"2002"`
	long := strings.Repeat(" ", 1<<20)
	for _, tc := range []struct {
		operation, name string
		status          int
		body            string
		want            string // "", "refused" or "undecodable"
		unknown         bool
	}{
		{"modify", "documented", 204, "", "", false},
		{"modify", "received, not done", 202, "", "refused", true},
		{"modify", "200 for 204", 200, "{}", "refused", true},
		{"modify", "page of a gateway", 502, html, "refused", true},
		{"modify", "empty", 503, "", "refused", true},
		{"modify", "page with 400", 400, html, "refused", false},
		{"modify", "code is no string", 400, `{"code":1,"message":{}}`, "refused", false},
		{"modify", "page with 404", 404, html, "refused", false},
		{"modify", "redirect", 302, "", "refused", false},
		{"modify", "endless refusal", 400, long + long, "refused", false},

		{"query", "documented", 200, asked + `,"state":"DONE"}`, "", false},
		{"query", "with more than is documented", 200, asked + `,"state":"DONE","new":{"a":[1]}}`, "", false},
		{"query", "204 for 200", 204, "", "refused", false},
		{"query", "page of a gateway", 502, html, "refused", false},
		{"query", "page with 200", 200, html, "undecodable", false},
		{"query", "empty", 200, "", "undecodable", false},
		{"query", "cut short", 200, `{"state":"DO`, "undecodable", false},
		{"query", "list", 200, `[{"state":"DONE"}]`, "undecodable", false},
		{"query", "integer as a text", 200, asked + `,"total_amount":"39900"}`, "", false},
		{"query", "wrong type", 200, `{"total_amount":"much"}`, "undecodable", false},
		{"query", "fraction", 200, `{"total_amount":399.5}`, "undecodable", false},
		{"query", "overflow", 200, `{"total_amount":9223372036854775808}`, "undecodable", false},
		{"query", "payments as one object", 200, `{"post_payments":{"name":"a"}}`, "undecodable", false},
		{"query", "1 MiB", 200, long[:1<<20-len(asked)-1] + asked + "}", "", false},
		{"query", "over 1 MiB", 200, long[:1<<20-len(asked)] + asked + "}", "undecodable", false},
		{"query", "far over 1 MiB", 200, "{}" + long + long, "undecodable", false},

		{"query", "nothing", 200, "{}", "undecodable", false},
		{"query", "another order", 200, `{"out_order_no":"2","service_id":"2002"}`, "undecodable", false},

		{"create", "documented", 200, `{"out_order_no":"` + orderNo + `","order_id":"1"}`, "", false},
		{"create", "nothing", 200, "{}", "undecodable", true},
		{"create", "another order", 200, `{"out_order_no":"2","order_id":"1"}`, "undecodable", true},
		{"create", "cut short", 200, `{"order_id":"1`, "undecodable", true},
		{"create", "received, not done", 202, `{"order_id":"1"}`, "refused", true},
	} {
		t.Run(tc.operation+" "+tc.name, func(t *testing.T) {
			server := &wechatpay{status: tc.status, body: tc.body, header: http.Header{"Request-Id": {"08F7-271316657"}}}
			id := tc.operation + "PartnerServiceOrder"
			out, err := operations[id].call(t.Context(), newClient(t, server), orderNo, exampleBody(t, id))
			var refused *apierror.Error
			var undecodable *apierror.UndecodableError
			got := ""
			switch {
			case errors.As(err, &refused):
				got = "refused"
				if refused.Status != tc.status || refused.RequestID != "08F7-271316657" {
					t.Errorf("got %+v", refused)
				}
			case errors.As(err, &undecodable):
				got = "undecodable"
				if undecodable.Status != tc.status || undecodable.RequestID != "08F7-271316657" || len(undecodable.Body) == 0 != (tc.body == "") ||
					!strings.HasPrefix(tc.body, string(undecodable.Body)) {
					t.Errorf("got %+v", undecodable)
				}
			case err != nil:
				t.Fatalf("got %v", err)
			}
			if got != tc.want {
				t.Errorf("got %q (%v), want %q", got, err, tc.want)
			}
			if errors.Is(err, apierror.ErrOutcomeUnknown) != tc.unknown {
				t.Errorf("%v: outcome unknown is not %t", err, tc.unknown)
			}
			if err != nil {
				if out != nil {
					t.Errorf("an answer %+v beside the error %v", out, err)
				}
				if s := err.Error(); strings.ContainsAny(s, "\r\n") || strings.Contains(s, "<html>") || len(s) > 800 {
					t.Errorf("error text %q", s)
				}
			}
			if len(server.got) != 1 {
				t.Errorf("%d requests", len(server.got))
			}
		})
	}
}

// The sample of another client reads post_payments as one object, and every
// real answer fails; an enum of today gets members tomorrow.
func TestQueryAnswer(t *testing.T) {
	server := &wechatpay{status: 200, body: `{
		"out_order_no": "1", "service_id": "2002", "state": "PAUSED", "state_description": "",
		"post_payments": [{"name": "a", "amount": 0}, {"name": "b"}],
		"post_discounts": [],
		"collection": {"state": "WAIT_PAY", "details": [{"paid_type": "OTHER", "amount": 9007199254740993}]}}`}
	got, err := newClient(t, server).QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: "1", QueryID: new("1")})
	if err != nil {
		t.Fatal(err)
	}
	want := &payscore.ServiceOrderEntity{
		OutOrderNo: "1", ServiceID: "2002", State: "PAUSED", StateDescription: new(payscore.ServiceOrderStateDescription("")),
		PostPayments:  []payscore.Payment{{Name: new("a"), Amount: new(int64(0))}, {Name: new("b")}},
		PostDiscounts: []payscore.ServiceOrderCoupon{},
		Collection: &payscore.Collection{State: "WAIT_PAY", Details: []payscore.CollectionDetail{
			{PaidType: new(payscore.PaidType("OTHER")), Amount: new(int64(9007199254740993))}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", text(t, got), text(t, want))
	}
	if got.State.Valid() || got.Collection.State.Valid() {
		t.Error("an unknown member of an enum is valid")
	}
}

func TestEditors(t *testing.T) {
	var order []string
	editor := func(name string, err error) payscore.RequestEditorFn {
		return func(ctx context.Context, r *http.Request) error {
			if ctx.Value(key{}) != "here" || r.Context().Value(key{}) != "here" {
				t.Errorf("editor %s has another context", name)
			}
			if r.GetBody == nil {
				t.Errorf("editor %s cannot read the body", name)
			} else if body, err := r.GetBody(); err != nil {
				t.Error(err)
			} else if b, err := io.ReadAll(body); err != nil || int64(len(b)) != r.ContentLength || !json.Valid(b) {
				t.Errorf("editor %s: body %q, %v", name, b, err)
			}
			order = append(order, name)
			r.Header.Add("X-Editor", name)
			return err
		}
	}
	ctx := context.WithValue(t.Context(), key{}, "here")
	server := &wechatpay{status: 204}
	client := newClient(t, server, payscore.WithRequestEditorFn(editor("client 1", nil)), payscore.WithRequestEditorFn(editor("client 2", nil)))
	for id, operation := range operations {
		if operation.request == nil || !operation.inPath {
			continue
		}
		order, server.got = nil, nil
		if _, err := operation.call(ctx, client, orderNo, exampleBody(t, id), editor("call 1", nil), editor("call 2", nil)); err != nil {
			t.Fatal(err)
		}
		want := []string{"client 1", "client 2", "call 1", "call 2"}
		if !slices.Equal(order, want) || !slices.Equal(server.got[0].header["X-Editor"], want) {
			t.Errorf("%s: ran %q, sent %q, want %q", id, order, server.got[0].header["X-Editor"], want)
		}
	}

	failure := errors.New("no key")
	body := payscore.PayPartnerServiceOrderRequest{SubMchID: "1"}
	server.got = nil
	for name, call := range map[string]func() error{
		"of the client": func() error {
			return newClient(t, server, payscore.WithRequestEditorFn(editor("a", failure))).PayPartnerServiceOrder(ctx, orderNo, body, editor("b", nil))
		},
		"of the call": func() error {
			return client.PayPartnerServiceOrder(ctx, orderNo, body, editor("c", failure), editor("d", nil))
		},
	} {
		order = nil
		err := call()
		if !errors.Is(err, failure) || !errors.Is(err, apierror.ErrNotSent) || errors.Is(err, apierror.ErrOutcomeUnknown) || !strings.Contains(err.Error(), "not sent") {
			t.Errorf("an editor %s fails: %v", name, err)
		}
		if slices.Contains(order, "b") || slices.Contains(order, "d") {
			t.Errorf("an editor %s fails, and the next one runs", name)
		}
	}
	if len(server.got) != 0 {
		t.Errorf("sent %v", server.got)
	}
}

type key struct{}

// doerFunc sends a request.
type doerFunc func(*http.Request) (*http.Response, error)

func (f doerFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// body counts how often it is closed, and fails after its text.
type body struct {
	io.Reader
	closed int
}

func (b *body) Close() error { b.closed++; return nil }

func TestDoer(t *testing.T) {
	failure := errors.New("did not verify")
	pay := func(doer payscore.HttpRequestDoer) error {
		client, err := payscore.New(payscore.DefaultServer+"/", payscore.WithHTTPClient(doer))
		if err != nil {
			t.Fatal(err)
		}
		return client.PayPartnerServiceOrder(t.Context(), orderNo, payscore.PayPartnerServiceOrderRequest{SubMchID: "1"})
	}
	fails := func(err error) error {
		return pay(doerFunc(func(*http.Request) (*http.Response, error) { return nil, err }))
	}
	// The doer does not say what became of the request.
	if err := fails(failure); !errors.Is(err, failure) || !errors.Is(err, apierror.ErrOutcomeUnknown) {
		t.Errorf("got %v, want the doer's own error, with the outcome unknown", err)
	}
	for _, told := range []error{
		fmt.Errorf("%w: %w", failure, apierror.ErrNotSent),
		fmt.Errorf("%w: %w", failure, apierror.ErrOutcomeUnknown),
		&transport.SendError{Method: "POST", NotSent: true, Err: failure},
	} {
		if err := fails(told); err != told {
			t.Errorf("got %v, want the doer's own error", err)
		}
	}
	// net/http says no more of a lost answer than of a request that never left.
	lost := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer lost.Close()
	bare, err := payscore.New(lost.URL, payscore.WithHTTPClient(http.DefaultClient))
	if err != nil {
		t.Fatal(err)
	}
	if err := bare.PayPartnerServiceOrder(t.Context(), orderNo, payscore.PayPartnerServiceOrderRequest{SubMchID: "1"}); !errors.Is(err, apierror.ErrOutcomeUnknown) {
		t.Errorf("an answer that was lost: %v", err)
	}
	if _, err := bare.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: "1", OutOrderNo: new(orderNo)}); err == nil || errors.Is(err, apierror.ErrOutcomeUnknown) {
		t.Errorf("a query changes nothing: %v", err)
	}
	var url string
	answer := &body{Reader: bytes.NewReader(nil)}
	if err := pay(doerFunc(func(r *http.Request) (*http.Response, error) {
		url = r.URL.String()
		return &http.Response{StatusCode: 204, Body: answer}, nil
	})); err != nil || answer.closed != 1 {
		t.Errorf("%v, body closed %d times", err, answer.closed)
	}
	if want := "https://api.mch.weixin.qq.com/v3/payscore/partner/serviceorder/" + orderNo + "/pay"; url != want {
		t.Errorf("sent to %s, want %s", url, want)
	}

	// A body that breaks off hides nothing of what is known.
	for status, want := range map[int]string{204: "undecodable", 400: "refused"} {
		answer := &body{Reader: io.MultiReader(strings.NewReader(`{"code":"A`), brokenReader{failure})}
		err := pay(doerFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: answer}, nil
		}))
		var refused *apierror.Error
		var undecodable *apierror.UndecodableError
		got := ""
		if errors.As(err, &refused) {
			got = "refused"
		} else if errors.As(err, &undecodable) && errors.Is(err, failure) && errors.Is(err, apierror.ErrOutcomeUnknown) {
			got = "undecodable"
		}
		if got != want || answer.closed != 1 {
			t.Errorf("%d: got %v, want it %s; body closed %d times", status, err, want, answer.closed)
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	server := &wechatpay{status: 204}
	err = newClient(t, server).PayPartnerServiceOrder(ctx, orderNo, payscore.PayPartnerServiceOrderRequest{SubMchID: "1"})
	if !errors.Is(err, context.Canceled) || len(server.got) != 0 {
		t.Errorf("got %v and %d requests, want context.Canceled and none", err, len(server.got))
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

func TestNew(t *testing.T) {
	doer := payscore.WithHTTPClient(http.DefaultClient)
	failure := errors.New("option")
	for name, tc := range map[string]struct {
		server string
		opts   []payscore.ClientOption
		ok     bool
	}{
		"good":          {payscore.DefaultServer, []payscore.ClientOption{doer}, true},
		"nil option":    {payscore.DefaultServer, []payscore.ClientOption{nil, doer, nil}, true},
		"backup":        {payscore.BackupServer + "/", []payscore.ClientOption{doer}, true},
		"no client":     {payscore.DefaultServer, nil, false},
		"nil client":    {payscore.DefaultServer, []payscore.ClientOption{payscore.WithHTTPClient(nil)}, false},
		"nil editor":    {payscore.DefaultServer, []payscore.ClientOption{doer, payscore.WithRequestEditorFn(nil)}, false},
		"failing":       {payscore.DefaultServer, []payscore.ClientOption{doer, func(*payscore.Client) error { return failure }}, false},
		"no server":     {"", []payscore.ClientOption{doer}, false},
		"no scheme":     {"api.mch.weixin.qq.com", []payscore.ClientOption{doer}, false},
		"no scheme, //": {"//api.mch.weixin.qq.com", []payscore.ClientOption{doer}, false},
		"with a query":  {payscore.DefaultServer + "?a=b", []payscore.ClientOption{doer}, false},
		"with an end":   {payscore.DefaultServer + "#a", []payscore.ClientOption{doer}, false},
		"not even that": {"https://%", []payscore.ClientOption{doer}, false},
		"a password":    {"https://user:MARKER@host?a=b", []payscore.ClientOption{doer}, false},
		"no URL":        {"https://user:MARKER@ho st", []payscore.ClientOption{doer}, false},
	} {
		client, err := payscore.New(tc.server, tc.opts...)
		if (err == nil) != tc.ok || (client != nil) != tc.ok {
			t.Errorf("%s: %v, %v", name, client, err)
		}
		if name == "no client" && (err == nil || !strings.Contains(err.Error(), "WithHTTPClient")) {
			t.Errorf("%s: %v does not say what to do", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "MARKER") {
			t.Errorf("%s: the error shows the server's password", name)
		}
		if name == "failing" && err != failure {
			t.Errorf("%s: %v, want the option's error", name, err)
		}
	}
	if payscore.DefaultServer != "https://api.mch.weixin.qq.com" || payscore.BackupServer != "https://api2.mch.weixin.qq.com" {
		t.Error("the hosts have changed")
	}
}
