package codegen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/call"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/examplecall"
)

// TestCallInfo compares what each operation says of its requests with the
// contract: id, path, documented success, and the order number wherever it is.
func TestCallInfo(t *testing.T) {
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	ordered := 0 // calls with an order number
	for path, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			t.Run(op.OperationID, func(t *testing.T) {
				stop := errors.New("not sent by the test")
				var got, edited call.Info
				client, err := payscore.New(payscore.DefaultServer, payscore.WithHTTPClient(doerFunc(func(r *http.Request) (*http.Response, error) {
					got, _ = call.FromContext(r.Context())
					for name, values := range r.Header {
						if strings.Contains(fmt.Sprint(name, values), op.OperationID) {
							t.Errorf("it is on the wire in %s", name)
						}
					}
					return nil, stop
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
				for _, example := range calls {
					want := call.Info{Operation: op.OperationID, Path: path, OutOrderNo: orderOf(t, path, example)}
					if want.OutOrderNo != "" {
						ordered++
					}
					for status := range op.Responses.Map() {
						if status[0] == '2' {
							fmt.Sscan(status, &want.Success)
						}
					}
					got, edited = call.Info{}, call.Info{}
					_, err = example.Invoke(t.Context(), method, func(ctx context.Context, r *http.Request) error {
						edited, _ = call.FromContext(ctx)
						return nil
					})
					if !errors.Is(err, stop) {
						t.Fatal(err)
					}
					if got != want || edited != want {
						t.Errorf("%s: the client says %+v, and %+v to an editor, want %+v", example.Name, got, edited, want)
					}
				}
			})
		}
	}
	if ordered < 22 {
		t.Errorf("%d calls name an order", ordered)
	}
}

// orderOf finds the order number of an example by itself.
func orderOf(t *testing.T, path string, example examplecall.Call) string {
	t.Helper()
	segments := strings.Split(example.Path, "/")
	for i, segment := range strings.Split(path, "/") {
		if segment == "{out_order_no}" {
			return segments[i]
		}
	}
	if no, ok := example.Params["out_order_no"].(string); ok {
		return no
	}
	var body struct {
		OutOrderNo string `json:"out_order_no"`
		OutTradeNo string `json:"out_trade_no"`
		SignPlanID string `json:"sign_plan_id"`
	}
	if example.Body != nil {
		if err := json.Unmarshal(example.Body, &body); err != nil {
			t.Fatal(err)
		}
	}
	if body.SignPlanID != "" { // whose orders have theirs by another name
		return body.OutTradeNo
	}
	return body.OutOrderNo
}
