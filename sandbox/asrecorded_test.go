package sandbox_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/sandbox"
)

// Which of two a server takes is anybody's guess, and an attacker's chance.
func TestTwoAuthorizationHeadersAreRefused(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	req := b.request("POST", modifyTarget, asJSON(modification(39900)))
	for name, second := range map[string]string{"the same": req.Header.Get("Authorization"), "of another scheme": "Bearer abc"} {
		twice := req.Clone(t.Context())
		twice.Body = io.NopCloser(strings.NewReader(asJSON(modification(39900))))
		twice.Header.Add("Authorization", second)
		got := b.do(twice)
		if got.Status != http.StatusUnauthorized || got.Code != "SIGN_ERROR" {
			t.Errorf("%s: %d %s", name, got.Status, got.Code)
		}
	}
	report := b.ExplainSignature("GET", "/", req.Header.Get("Authorization")+","+req.Header.Get("Authorization"), nil)
	if report.Mistake != "header-twice" || !strings.Contains(report.IssueZH, "多个Authorization") {
		t.Errorf("explained as %+v", report)
	}
	if report := b.ExplainSignature("GET", "/", "Bearer abc", nil); report.Mistake != "scheme" || !strings.Contains(report.IssueZH, "WECHATPAY2") {
		t.Errorf("another scheme is explained as %+v", report)
	}
}

// A client of a proxy sends the whole URL, and signs path and query.
func TestAbsoluteFormOfTheTarget(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	target := orders + "?service_id=" + serviceID + "&sub_mchid=" + subMchID + "&out_order_no=" + orderNo
	send := func(prefix, signed string) *http.Response {
		t.Helper()
		req := b.request("GET", signed, "")
		conn := b.dial(strings.TrimPrefix(b.URL, "http://"))
		_, err := fmt.Fprintf(conn, "GET %s%s HTTP/1.1\r\nHost: api.mch.weixin.qq.com\r\nAuthorization: %s\r\nAccept: application/json\r\nUser-Agent: proxied\r\n\r\n",
			prefix, target, req.Header.Get("Authorization"))
		b.ok(err)
		rsp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		b.ok(err)
		_, _ = io.Copy(io.Discard, rsp.Body)
		return rsp
	}
	for _, prefix := range []string{"", "http://api.mch.weixin.qq.com", "HTTP://127.0.0.1:8129"} {
		if rsp := send(prefix, target); rsp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", prefix, rsp.Status)
		}
		if e := b.Journal()[len(b.Journal())-1]; e.Target != target || e.Subject != subMchID+"/"+orderNo {
			t.Errorf("%s: the journal has %s about %s", prefix, e.Target, e.Subject)
		}
	}
}

func TestEmptyBodyIsNamed(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	got := b.send("POST", modifyTarget, "")
	if got.Status != http.StatusBadRequest || !strings.Contains(string(got.Detail), `"issue":"is empty, and has to be JSON"`) {
		t.Errorf("%d %s", got.Status, got.Detail)
	}
}

func TestSerialNumberWithZerosInFront(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	req := b.authorized(modifyTarget, asJSON(modification(39900)), func(a *auth.Authorization) { a.SerialNo = "00" + strings.ToLower(a.SerialNo) })
	if got := b.do(req); got.Status != http.StatusNoContent {
		t.Errorf("%d %s", got.Status, got.Detail)
	}
}

func TestHeadersOfRecordedAnswers(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	secure := httptest.NewUnstartedServer(b.Sandbox)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for _, c := range []struct {
		url, keepAlive string
		client         *http.Client
		close          bool
	}{
		{b.URL, "timeout=8", http.DefaultClient, false},
		{b.URL, "", http.DefaultClient, true},
		{secure.URL, "", secure.Client(), false},
	} {
		req := b.request("POST", modifyTarget, asJSON(modification(50000)))
		req.URL = must(req.URL.Parse(c.url + modifyTarget))
		req.Host, req.Close = "", c.close
		rsp, err := c.client.Do(req)
		b.ok(err)
		_ = rsp.Body.Close()
		if isHTTP2 := c.client == secure.Client(); isHTTP2 != (rsp.ProtoMajor == 2) {
			t.Errorf("%s speaks %s", c.url, rsp.Proto)
		}
		for name, want := range map[string]string{"Content-Language": "zh-CN", "X-Content-Type-Options": "nosniff", "Keep-Alive": c.keepAlive} {
			if got := rsp.Header.Get(name); got != want {
				t.Errorf("%s, close %t: %s is %q, not %q", rsp.Proto, c.close, name, got, want)
			}
		}
	}
}

// A client that keeps the connection after such an answer loses its next request.
func TestConnectionThatIsClosedIsNotKept(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for size, want := range map[int]string{1 << 20: "timeout=8", 1<<20 + 1: ""} {
		rsp, err := http.DefaultClient.Do(b.request("POST", modifyTarget, strings.Repeat(" ", size)))
		b.ok(err)
		_, _ = io.Copy(io.Discard, rsp.Body)
		_ = rsp.Body.Close()
		if got := rsp.Header.Get("Keep-Alive"); got != want || rsp.Close != (want == "") {
			t.Errorf("a body of %d bytes: Keep-Alive %q, close %t", size, got, rsp.Close)
		}
	}
}

// encoding/json escapes for pages of HTML, which WeChat Pay does not.
func TestAnswersAreNotEscapedForHTML(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.WithKeyMode(sandbox.KeyModePublicKey))
	b.seed(orderNo, 50000)
	body := modification(39900)
	body.PostPayments[0].Name = new(`A&B<1>\u0026\\u003c`)
	if got := b.send("POST", modifyTarget, asJSON(body)); got.Status != http.StatusNoContent {
		t.Fatalf("%d %s", got.Status, got.Detail)
	}
	req := b.request("GET", orders+"?service_id="+serviceID+"&sub_mchid="+subMchID+"&out_order_no="+orderNo, "")
	rsp, err := b.RoundTrip(req)
	b.ok(err)
	text := string(must(io.ReadAll(rsp.Body)))
	if want := `"name":"A&B<1>\\u0026\\\\u003c"`; !strings.Contains(text, want) {
		t.Errorf("%s is not in %s", want, text)
	}
}
