package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/examplecall"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// least is what a schema requires and no more, made of its examples.
func least(s *openapi3.Schema) any {
	switch {
	case s.Type.Is("object"):
		v := map[string]any{}
		for _, name := range s.Required {
			v[name] = least(s.Properties[name].Value)
		}
		return v
	case s.Type.Is("array"):
		all := []any{}
		for range s.MinItems {
			all = append(all, least(s.Items.Value))
		}
		return all
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("integer") && s.Min != nil:
		return int64(*s.Min)
	}
	return s.Example
}

// conditions are what no field requires, but the pages in prose: one of several,
// or what depends on another request. An operation takes those whose name its
// name has.
var conditions = []struct {
	operations, because string
	add                 map[string]any
}{
	{`^create(Partner|AcquiringBank)?(SignPlan)?(ServiceOrder|PayOnDelivery)`, "a creation takes the start of the service", map[string]any{"time_range": map[string]any{"start_time": "OnAccept"}}},
	{`^directComplete`, "a completion takes the end of the service, and bills a user", map[string]any{
		"time_range": map[string]any{"start_time": "20091225091010", "end_time": "20091225121010"}, "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}},
	{`^complete`, "a completion takes the end of the service, unless the creation did", map[string]any{"time_range": map[string]any{"end_time": "20091225121010"}}},
	{`^(complete|modify|send)`, "a line has an amount or a description", map[string]any{"post_payments": []any{map[string]any{"amount": 0}}}},
	{`^query(Partner|AcquiringBank|Overseas)?ServiceOrder$`, "one of out_order_no and query_id", map[string]any{"out_order_no": orderNo}},
	{`^requestMerchantBill$`, "a bill of the last three months", map[string]any{"bill_date": time.Now().In(rules.ChinaTime).Format("2006010215")}},
	{`^(searchPartnerPermission|terminatePartnerPermission|assess(Partner)?UserRiskLevel)$`, "one of openid and sub_openid", map[string]any{"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}},
	{`^createPartnerSignPlan(ServiceOrder)?$`, "one of openid and sub_openid", map[string]any{"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}},
	{`^send`, "the day is a week ahead", map[string]any{"prepaid_time": "20991231"}},
	// The transaction that is refunded is known only once it is paid: see below.
	{`^createRefund$`, "what was paid, and by whose order", map[string]any{"sub_mchid": subMchID, "amount": map[string]any{"refund": 1, "total": 39900, "currency": "CNY"}}},
	{`^queryRefund$`, "a partner names its sub-merchant", map[string]any{"sub_mchid": subMchID}},
}

func (c call) conditional(v map[string]any) {
	for _, condition := range conditions {
		if regexp.MustCompile(condition.operations).MatchString(c.id) {
			maps.Copy(v, condition.add)
		}
	}
}

// madeBefore are the fields that hold what an earlier call made or said: nobody
// knows them before, or they have to be the same again.
func (c call) madeBefore() []string {
	switch {
	case c.id == "createRefund":
		return []string{"transaction_id"}
	case strings.HasSuffix(c.id, "SignPlan") && strings.HasPrefix(c.id, "create"):
		return []string{"plan_id", "sign_plan_detail"}
	case strings.HasSuffix(c.id, "SignPlanServiceOrder"):
		return []string{"sign_plan_id", "plan_detail_no", "out_trade_no"}
	}
	return nil
}

// TestTheLeastIsTaken calls each operation with the fields that it requires and
// no others, but for what prose asks for. The client sends it and the sandbox
// carries it out.
func TestTheLeastIsTaken(t *testing.T) {
	t.Parallel()
	for _, c := range calls() {
		t.Run(c.id, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			b.arrange(c)
			method := must(examplecall.Method(b.client, c.id))
			var body map[string]any
			if c.spec.RequestBody != nil {
				body = object(least(c.spec.RequestBody.Value.Content.Get("application/json").Schema.Value))
				c.conditional(body)
				for _, id := range c.madeBefore() {
					body[id] = b.filled(c)[id]
				}
			}
			params := map[string]any{}
			var path []any
			for _, name := range regexp.MustCompile(`\{([^}]+)\}`).FindAllStringSubmatch(c.template, -1) {
				path = append(path, least(parameterOf(c, name[1]).Schema.Value))
			}
			for _, p := range c.spec.Parameters {
				if p.Value.In == "query" && p.Value.Required {
					params[p.Value.Name] = least(p.Value.Schema.Value)
				}
			}
			if c.spec.RequestBody == nil {
				c.conditional(params)
			}
			in := []reflect.Value{reflect.ValueOf(t.Context())}
			for i := 1; i < method.Type().NumIn()-1; i++ {
				argument := method.Type().In(i)
				var from any
				switch {
				case argument.Kind() != reflect.Struct:
					from, path = path[0], path[1:]
				case strings.HasSuffix(argument.Name(), "Params"):
					from = params
				default:
					from = body
				}
				value := reflect.New(argument)
				if err := json.Unmarshal([]byte(asJSON(from)), value.Interface()); err != nil {
					t.Fatal(err)
				}
				in = append(in, value.Elem())
			}
			results := method.Call(in)
			if err, _ := results[len(results)-1].Interface().(error); err != nil {
				t.Errorf("%s: %v", asJSON(body), err)
			}
		})
	}
}

func parameterOf(c call, name string) *openapi3.Parameter {
	for _, p := range c.spec.Parameters {
		if p.Value.Name == name {
			return p.Value
		}
	}
	panic(c.id + " has no " + name)
}

// Published samples, in what is odd about them: the client sends them, and the
// sandbox finds nothing wrong with a parameter.
func TestPublishedSamplesAreTaken(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	const user = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
	lines := []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(40000)), Description: new("就餐人均100元"), Count: new(int64(4))}}
	message := payscore.SendServiceOrderMessageRequest{ServiceID: serviceID, PostPayments: lines, TotalAmount: 40000, PrepaidTime: "20991218"}
	for name, call := range map[string]func(ctx context.Context) error{
		"service_id of letters and an underscore": func(ctx context.Context) error {
			_, err := b.client.ApplyPartnerPermission(ctx, payscore.ApplyPartnerPermissionRequest{
				ServiceID: "service_id", AppID: appID, SubMchID: "1230000109", AuthorizationCode: "1234323JKHDFE1243252", NotifyURL: new("http://www.qq.com")})
			return err
		},
		"authorization_code that begins with Chinese": func(ctx context.Context) error {
			_, err := b.client.ApplyPartnerPermissionForScene(ctx, payscore.ApplyPartnerPermissionForSceneRequest{
				ServiceID: "500001", AppID: appID, SubAppID: new(appID), SubMchID: "1230000109", AuthorizationCode: "实例1234323JKHDFE1243252", Scene: "TRANSACTION",
				TransactionSceneInfo: &payscore.TransactionSceneInfo{MchID: "1230000109", SubMchID: "1230000109"}})
			return err
		},
		"that code in a path": func(ctx context.Context) error {
			_, err := b.client.QueryPartnerPermissionByAuthorizationCode(ctx, "实例1234323JKHDFE1243252",
				payscore.QueryPartnerPermissionByAuthorizationCodeParams{ServiceID: "500001", SubMchID: "1230000109"})
			return err
		},
		"empty sub_openid beside an openid": func(ctx context.Context) error {
			return b.client.TerminatePartnerPermission(ctx, payscore.TerminatePartnerPermissionRequest{
				ServiceID: "500001", AppID: appID, SubMchID: "1230000109", OpenID: new(user), SubOpenID: new(""), Reason: "reason"})
		},
		"empty query_id beside an out_order_no": func(ctx context.Context) error {
			_, err := b.client.QueryServiceOrder(ctx, payscore.QueryServiceOrderParams{ServiceID: serviceID, AppID: appID, OutOrderNo: new(orderNo), QueryID: new("")})
			return err
		},
		"both numbers of an order": func(ctx context.Context) error {
			_, err := b.client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: new(orderNo), QueryID: new("15646546545165651651")})
			return err
		},
		"message without appid": func(ctx context.Context) error { return b.client.SendServiceOrderPendingMessage(ctx, orderNo, message) },
		"terminate without appid": func(ctx context.Context) error {
			return b.client.TerminatePermissionByOpenid(ctx, user, payscore.TerminatePermissionByOpenidRequest{ServiceID: "500001", Reason: "reason"})
		},
		"mchid of a pay-on-delivery order": func(ctx context.Context) error {
			_, err := b.client.CreatePayOnDeliveryOrder(ctx, payscore.CreatePayOnDeliveryOrderRequest{
				ServiceID: serviceID, MchID: new("1230000109"), AppID: appID, OutOrderNo: orderNo, ServiceIntroduction: "XX充电宝", PostPayments: []payscore.Payment{{Amount: new(int64(1))}},
				RiskFund:  payscore.RiskFund{Name: payscore.RiskFundNameDeposit, Amount: 10000},
				TimeRange: payscore.TimeRange{StartTime: new("OnAccept")}, NotifyURL: "https://api.test.com",
				ShoppingInfo: payscore.ShoppingInfo{JumpLink: &payscore.JumpLink{}, Goods: []payscore.ShoppingGoods{{}}}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := call(t.Context())
			var refused *apierror.Error
			if errors.Is(err, apierror.ErrNotSent) || errors.Is(err, apierror.ParamError) || err != nil && !errors.As(err, &refused) {
				t.Error(err)
			}
		})
	}
}

// A user is found without the app that knows them.
func TestTerminateWithoutTheApp(t *testing.T) {
	b := newBox(t)
	b.authorise(callOf("queryPermissionByOpenid"))
	body := payscore.TerminatePermissionByOpenidRequest{ServiceID: "500001", Reason: "r"}
	query := callOf("queryPermissionByOpenid")
	body.ServiceID = fmt.Sprint(parameterOf(query, "service_id").Schema.Value.Example)
	user := fmt.Sprint(parameterOf(query, "openid").Schema.Value.Example)
	b.ok(b.client.TerminatePermissionByOpenid(t.Context(), user, body))
	p := must(b.client.QueryPermissionByOpenid(t.Context(), user, payscore.QueryPermissionByOpenidParams{ServiceID: body.ServiceID, AppID: appID}))
	if p.AuthorizationState != payscore.AuthorizationStateUnavailable {
		t.Errorf("%s", p.AuthorizationState)
	}
}
