package apierror

import (
	"net/http"
	"strings"

	"github.com/wxpayscore/payscore/gen/catalog"
)

// Retry says whether the call may be made again. It goes by the number, else by
// the code, else by the status: a 429 later, any other refusal never.
//
// Where [ErrOutcomeUnknown] holds it is always [catalog.RetryAfterQuery],
// whatever else the answer says: an order may have been worked on. A query that
// got a 5xx, a 2xx other than the documented one, or an answer that may be
// somebody else's, can be made again as it was.
func (e *Error) Retry() catalog.Retry {
	if e.outcomeUnknown() {
		return catalog.RetryAfterQuery
	}
	if e.Status >= 500 || e.Status/100 == 2 || e.hearsay() {
		return catalog.RetrySameParameters // it was a query
	}
	if n, ok := catalog.NumberOf(e.Number); ok {
		return n.Retry
	}
	if c, ok := catalog.CodeOf(plain(e.Code)); ok {
		return c.Retry
	}
	if e.Status == http.StatusTooManyRequests {
		return catalog.RetryLater
	}
	return catalog.RetryNever
}

// Meaning says what happened, in Chinese and English: that of the number, else
// of the code, else of the status. It is empty for what the catalogue does not
// know; then Message is all there is.
func (e *Error) Meaning() catalog.Text {
	meaning, _ := e.advice()
	return meaning
}

// Remedy says what to do, in Chinese and English. It is empty where Meaning is.
func (e *Error) Remedy() catalog.Text {
	_, remedy := e.advice()
	return remedy
}

func (e *Error) advice() (meaning, remedy catalog.Text) {
	if e.hearsay() && e.Status/100 != 2 {
		return catalog.Text{ZH: "应答没有微信支付的签名，可能来自中间的网关", EN: "The answer bears no signature of WeChat Pay; it may come from a gateway on the way."},
			catalog.Text{ZH: "查询订单，再决定", EN: "Query the order, then decide."}
	}
	if n, ok := catalog.NumberOf(e.Number); ok {
		return n.Meaning, n.Remedy
	}
	c, ok := catalog.CodeOf(plain(e.Code))
	if !ok {
		// These say the same whatever the body is; a gateway's 403 does not.
		switch {
		case e.Status == http.StatusTooManyRequests:
			c, _ = catalog.CodeOf(string(FrequencyLimited))
		case e.Status >= 500:
			c, _ = catalog.CodeOf(string(SystemError))
		case e.Status == http.StatusAccepted:
			c.Meaning = catalog.Text{ZH: "已受理，尚未完成", EN: "WeChat Pay has received the request and not yet carried it out."}
			c.Remedy = catalog.Text{ZH: "查询结果，不要更换参数或单号", EN: "Query what became of it; do not change parameters or number."}
		}
	}
	return c.Meaning, c.Remedy
}

// TrimAdvice returns the text of an error without that of [ErrOutcomeUnknown] at
// its end, which advises to query. Use it for an error that was followed by a query.
func TrimAdvice(text string) string { return strings.TrimSuffix(text, advice) }

// plain takes out the blanks that the pages once print, as in "ORDER_NOT_ EXIST".
func plain(code string) string { return strings.ReplaceAll(code, " ", "") }
