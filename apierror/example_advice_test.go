package apierror_test

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
)

// The error of a call that came while WeChat Pay was collecting the money.
func ExampleError_Retry() {
	rsp := &http.Response{StatusCode: 400, Header: http.Header{"Request-Id": {"08F78BD3A0061030181120A0A72A28B6A702-271316754"}},
		Body: verified{http.NoBody}} // package transport verified it
	err := fmt.Errorf("job 7: %w", apierror.New(rsp, []byte(`{"code":"INVALID_REQUEST","message":"单据正在扣款中，请稍后重试"}`)))

	fmt.Println(errors.Is(err, apierror.InvalidRequest), errors.Is(err, apierror.Number(271316754)))
	if refused, ok := errors.AsType[*apierror.Error](err); ok {
		fmt.Println(refused.Meaning().EN, refused.Meaning().ZH)
		fmt.Println(refused.Remedy().EN)
		fmt.Println(refused.Retry() == catalog.RetryAfterQuery)
	}
	// Output:
	// true true
	// A deduction is in progress. 正在扣款
	// Wait 3 minutes, query the order, then decide.
	// true
}
