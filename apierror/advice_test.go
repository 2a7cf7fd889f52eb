package apierror_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
)

func TestRetry(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
		code   string
		number int64
		want   catalog.Retry
	}{
		{"number before code", 400, "INVALID_REQUEST", 271316754, catalog.RetryAfterQuery},
		{"number before status", 429, "", 271302262, catalog.RetryNever},
		{"number: wait for the user", 400, "INVALID_REQUEST", 271302332, catalog.RetryLater},
		{"code when the number is not known", 429, "FREQUENCY_LIMITED", 1, catalog.RetryLater},
		{"code", 400, "ORDER_DONE", 0, catalog.RetryNever},
		{"code with a stray blank", 404, "ORDER_NOT_ EXIST", 0, catalog.RetryNever},
		{"status 429", 429, "", 0, catalog.RetryLater},
		{"status 429 with an unknown code", 429, "SLOW_DOWN", 0, catalog.RetryLater},
		{"status 500", 500, "", 0, catalog.RetryAfterQuery},
		{"status 502 with an unknown code", 502, "OOPS", 0, catalog.RetryAfterQuery},
		{"status 202", 202, "", 0, catalog.RetryAfterQuery},
		{"the outcome is unknown, whatever the number says", 500, "FREQUENCY_LIMITED", 268435472, catalog.RetryAfterQuery},
		{"the outcome is unknown, whatever the code says", 503, "PARAM_ERROR", 0, catalog.RetryAfterQuery},
		{"unknown 4xx", 418, "TEAPOT", 5, catalog.RetryNever},
		{"a redirect", 302, "", 0, catalog.RetryNever},
		{"nothing", 0, "", 0, catalog.RetryNever},
	} {
		e := &apierror.Error{Status: tc.status, Code: tc.code, Number: tc.number, Verified: true}
		if got := e.Retry(); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

// No advice lets a caller repeat blindly what may have moved money.
func TestRetryNeverContradictsOutcomeUnknown(t *testing.T) {
	for status := range 600 {
		for _, c := range append(catalog.Codes(), catalog.Code{}) {
			for _, n := range append(catalog.Numbers(), catalog.Number{}) {
				e := &apierror.Error{Status: status, Code: c.Code, Number: n.Number, Verified: status%2 == 0}
				if errors.Is(e, apierror.ErrOutcomeUnknown) && e.Retry() != catalog.RetryAfterQuery {
					t.Fatalf("%d %s %d: %s", status, c.Code, n.Number, e.Retry())
				}
			}
		}
	}
}

func TestMeaningAndRemedy(t *testing.T) {
	for _, tc := range []struct {
		e               apierror.Error
		meaning, remedy string // Chinese
	}{
		{apierror.Error{Status: 400, Code: "INVALID_REQUEST", Number: 271316754, Verified: true}, "正在扣款", "三分钟后查询订单，再决定"},
		{apierror.Error{Status: 400, Code: "ORDER_DONE", Number: 7, Verified: true}, "订单已完成", "无需操作，如需退还差额请退款"},
		{apierror.Error{Status: 404, Code: "ORDER_NOT_ EXIST", Verified: true}, "订单或授权记录不存在", "检查单号和子商户号"},
		{apierror.Error{Status: 429, Code: "SLOW_DOWN"}, "频率限制", "降低频率后用相同参数重试"},
		{apierror.Error{Status: 504}, "系统错误", "查询订单，未执行则用相同参数重试"},
		{apierror.Error{Status: 202}, "已受理，尚未完成", "查询结果，不要更换参数或单号"},
		{apierror.Error{Status: 403}, "应答没有微信支付的签名，可能来自中间的网关", "查询订单，再决定"},
		{apierror.Error{Status: 403, Verified: true}, "", ""},
		{apierror.Error{Status: 404, Code: "ORDER_NOT_EXIST", Method: "GET"}, "应答没有微信支付的签名，可能来自中间的网关", "查询订单，再决定"},
		{apierror.Error{Status: 400, Code: "TEAPOT", Verified: true}, "", ""},
		{apierror.Error{Verified: true}, "", ""},
	} {
		meaning, remedy := tc.e.Meaning(), tc.e.Remedy()
		if meaning.ZH != tc.meaning || remedy.ZH != tc.remedy {
			t.Errorf("%v: %q, %q", &tc.e, meaning.ZH, remedy.ZH)
		}
		if (meaning.ZH == "") != (meaning.EN == "") || (remedy.ZH == "") != (remedy.EN == "") {
			t.Errorf("%v: one language is missing: %q %q", &tc.e, meaning, remedy)
		}
	}
}

func TestIsCode(t *testing.T) {
	all := []apierror.Code{
		apierror.InvalidOrderState, apierror.InvalidRequest, apierror.NoAuth, apierror.OrderCanceled, apierror.OrderDone, apierror.OrderNotExist,
		apierror.ParamError, apierror.ResourceNotExists, apierror.SignError, apierror.SystemError, apierror.FrequencyLimited,
	}
	for _, tc := range []struct {
		status int
		code   string
		want   apierror.Code // the only sentinel that matches
	}{
		{400, "INVALID_ORDER_STATE", apierror.InvalidOrderState},
		{400, "INVALID_REQUEST", apierror.InvalidRequest},
		{403, "NO_AUTH", apierror.NoAuth},
		{400, "ORDER_CANCELED", apierror.OrderCanceled},
		{400, "ORDER_DONE", apierror.OrderDone},
		{404, "ORDER_NOT_EXIST", apierror.OrderNotExist},
		{404, "ORDER_NOT_ EXIST", apierror.OrderNotExist},
		{404, " ORDER_NOT_EXIST ", apierror.OrderNotExist},
		{400, "PARAM_ERROR", apierror.ParamError},
		{404, "RESOURCE_NOT_EXISTS", apierror.ResourceNotExists},
		{401, "SIGN_ERROR", apierror.SignError},
		{500, "SYSTEM_ERROR", apierror.SystemError},
		{429, "FREQUENCY_LIMITED", apierror.FrequencyLimited},
		{400, "FREQUENCY_LIMIT_EXCEED", apierror.FrequencyLimited},
		{400, "RATELIMIT_EXCEEDED", apierror.FrequencyLimited},
		{400, "RATE_LIMITED", apierror.FrequencyLimited},
		{429, "", apierror.FrequencyLimited},
		{429, "SLOW_DOWN", apierror.FrequencyLimited},
		{404, "", ""},
		{400, "order_done", ""},
		{400, "ORDER_DONE_", ""},
	} {
		err := fmt.Errorf("job 7: %w", &apierror.Error{Status: tc.status, Code: tc.code, Verified: true})
		// A gateway's says nothing about the order, save what only asks to wait.
		foreign := &apierror.Error{Status: tc.status, Code: tc.code}
		if waits := tc.status == 429 || tc.status >= 500 || tc.want == apierror.SignError; errors.Is(foreign, tc.want) != (waits && tc.want != "") {
			t.Errorf("%d %q of nobody is %s: %t", tc.status, tc.code, tc.want, !waits)
		}
		for _, c := range all {
			if got := errors.Is(err, c); got != (c == tc.want) {
				t.Errorf("%d %q is %s: %t", tc.status, tc.code, c, got)
			}
		}
		if errors.Is(err, apierror.Code("")) {
			t.Errorf("%d %q is the empty code", tc.status, tc.code)
		}
	}
	// The catalogue knows each of them.
	for _, c := range all {
		if _, ok := catalog.CodeOf(c.Error()); !ok {
			t.Errorf("%s is none of the catalogue's", c)
		}
	}
	if !errors.Is(&apierror.Error{Code: "TEAPOT", Verified: true}, apierror.Code("TEAPOT")) {
		t.Error("a code of the caller's own")
	}
	if errors.Is(errors.New("ORDER_DONE"), apierror.OrderDone) {
		t.Error("another error's text is taken for a code")
	}
}

func TestIsNumber(t *testing.T) {
	err := fmt.Errorf("job 7: %w", apierror.New(answer(400, "08F7-271316754"), []byte(`{"code":"INVALID_REQUEST"}`)))
	if !errors.Is(err, apierror.Number(271316754)) || errors.Is(err, apierror.Number(271316657)) {
		t.Error("number 271316754 is not told from another")
	}
	if got := apierror.Number(271316754).Error(); got != "error number 271316754" {
		t.Error(got)
	}
	if errors.Is(apierror.New(answer(400, "08F7-0"), nil), apierror.Number(0)) {
		t.Error("0 stands for success and no error is it")
	}
}

func TestTrimAdvice(t *testing.T) {
	unknown := (&apierror.Error{Method: "POST", Path: "/v3/x", Status: 500, Code: "SYSTEM_ERROR"}).Error()
	for text, want := range map[string]string{
		unknown:                            "POST /v3/x: 500 SYSTEM_ERROR",
		unknown + " so":                    unknown + " so",
		"":                                 "",
		apierror.ErrOutcomeUnknown.Error(): apierror.ErrOutcomeUnknown.Error(),
	} {
		if got := apierror.TrimAdvice(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
