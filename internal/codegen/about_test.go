package codegen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/examplecall"
)

// comesBack reports whether a field of an answer must be what was sent: it is a
// parameter of a query, or in the path or the merchant's own number in the body of
// a write. An app that asks may be another than the one that an order was made with.
func comesBack(item *openapi3.PathItem, method string, op *openapi3.Operation, field string) bool {
	if field == "appid" || field == "sub_appid" {
		return false
	}
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		if p.Value.Name == field && (p.Value.In == "path" || p.Value.In == "query" && method == http.MethodGet) {
			return true
		}
	}
	if op.RequestBody == nil {
		return false
	}
	required := op.RequestBody.Value.Content["application/json"].Schema.Value.Required
	switch field {
	case "merchant_plan_no", "merchant_sign_plan_no":
	case "out_order_no": // the order of a sign plan is asked for by another name
		return slices.Contains(required, field) || slices.Contains(required, "out_trade_no")
	default:
		if !strings.HasPrefix(field, "out_") {
			return false
		}
	}
	return slices.Contains(required, field)
}

// TestAnswersAreAboutWhatWasAskedFor changes and removes each text of each answer.
func TestAnswersAreAboutWhatWasAskedFor(t *testing.T) {
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	held, free := 0, 0
	for path, item := range doc.Paths.Map() {
		for httpMethod, op := range item.Operations() {
			success, _, err := examplecall.Answers(op)
			if err != nil {
				t.Fatal(err)
			}
			if success[0].Value == nil {
				continue
			}
			schema := op.Responses.Status(success[0].Status).Value.Content["application/json"].Schema.Value
			var answer []byte
			client, err := payscore.New(payscore.DefaultServer, payscore.WithHTTPClient(doerFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: success[0].Status, Body: io.NopCloser(bytes.NewReader(answer))}, nil
			})))
			if err != nil {
				t.Fatal(err)
			}
			method, err := examplecall.Method(client, op.OperationID)
			if err != nil {
				t.Fatal(err)
			}
			calls, err := examplecall.Calls(method, path, item, op)
			if err != nil {
				t.Fatal(err)
			}
			query := httpMethod == http.MethodGet
			try := func(what string, text []byte, want *apierror.MismatchError) {
				t.Helper()
				answer = text
				out, err := calls[0].Invoke(context.Background(), method)
				if want == nil {
					free++
					if err != nil {
						t.Errorf("%s, %s: %v", op.OperationID, what, err)
					}
					return
				}
				held++
				var got *apierror.MismatchError
				var undecodable *apierror.UndecodableError
				if !errors.As(err, &got) || *got != *want || !errors.As(err, &undecodable) || out != nil {
					t.Errorf("%s, %s: %v, %v, want %v", op.OperationID, what, out, err, want)
					return
				}
				if !bytes.Equal(undecodable.Body, text) || reflect.TypeOf(undecodable.Partial) != method.Type().Out(0) {
					t.Errorf("%s, %s: %s, %v", op.OperationID, what, undecodable.Body, undecodable.Partial)
				}
				if errors.Is(err, apierror.ErrOutcomeUnknown) == query || strings.Contains(err.Error(), "MARKER") {
					t.Errorf("%s, %s: %v", op.OperationID, what, err)
				}
			}
			try("as it is", success[0].Value, nil)
			texts := func(in *openapi3.Schema, prefix string, members func(document map[string]any) map[string]any) {
				for field, property := range in.Properties {
					if !property.Value.Type.Is("string") {
						continue
					}
					back := comesBack(item, httpMethod, op, field)
					// Whatever else it leaves out, it bears what it is about.
					always := slices.Contains(in.Required, field) && (!query || strings.HasPrefix(field, "out_") || strings.Contains(path, "{"+field+"}"))
					for _, change := range []struct {
						what  string
						value any
					}{{"another " + field, "MARKER"}, {"empty " + field, ""}, {"no " + field, nil}} {
						var document map[string]any
						if err := json.Unmarshal(success[0].Value, &document); err != nil {
							t.Fatal(err)
						}
						members(document)[field] = change.value
						text, err := json.Marshal(document)
						if err != nil {
							t.Fatal(err)
						}
						var want *apierror.MismatchError
						if missing := change.value != "MARKER"; back && (always || !missing) {
							want = &apierror.MismatchError{Field: prefix + field, Missing: missing}
						}
						try(change.what, text, want)
					}
				}
			}
			texts(schema, "", func(document map[string]any) map[string]any { return document })
			if inner := schema.Properties["sign_plan"]; inner != nil {
				texts(inner.Value, "sign_plan.", func(document map[string]any) map[string]any { return document["sign_plan"].(map[string]any) })
			}
		}
	}
	t.Log(held, "answers about something else,", free, "taken")
	if held < 60 || free < 300 {
		t.Errorf("%d answers about something else, %d taken", held, free)
	}
}

// A query by query_id does not say which order comes; it is one all the same.
func TestQueryByQueryID(t *testing.T) {
	for body, ok := range map[string]bool{`{"out_order_no":"X","service_id":"3"}`: true, `{"service_id":"3"}`: false, `{}`: false, `{"out_order_no":"X"}`: true} {
		server := &wechatpay{status: 200, body: body}
		_, err := newClient(t, server).QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: "1", QueryID: new("1")})
		if (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// An empty parameter asks for nothing, so its field may have anything: a published
// sample has an empty sub_openid beside an openid.
func TestEmptyParameterAsksForNothing(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"service_id":"3","sub_mchid":"1","openid":"o","sub_openid":"s"}`: true,
		`{"service_id":"3","sub_mchid":"1","openid":"p","sub_openid":"s"}`: false,
		`{"service_id":"3","sub_mchid":"1","openid":"o","sub_openid":""}`:  true,
	} {
		server := &wechatpay{status: 200, body: body}
		_, err := newClient(t, server).SearchPartnerPermission(t.Context(), payscore.SearchPartnerPermissionParams{
			ServiceID: "3", AppID: "a", SubMchID: "1", OpenID: new("o"), SubOpenID: new("")})
		if (err == nil) != ok || len(server.got) != 1 {
			t.Errorf("%s: %v", body, err)
		}
	}
}
