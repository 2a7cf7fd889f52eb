package transport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/call"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/transport"
)

// seen keeps what an observer is told.
type seen struct {
	mu  sync.Mutex
	all []transport.Attempt
}

func (s *seen) observe(_ context.Context, a transport.Attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, a)
}

// Whatever happens to a request, each attempt is told once, the last one says
// how the call ended, and the caller gets the same as without an observer.
func TestObserverOfEachFault(t *testing.T) {
	ends := map[string]transport.Outcome{carriedOut: transport.OK, refused: transport.Refused, unknown: transport.Unknown}
	for _, c := range faults() {
		t.Run(c.name, func(t *testing.T) {
			var f []fault
			if c.answer != nil {
				f = append(f, c.fault)
			}
			l, s := newLedger(t, f...), &seen{}
			err := l.api(transport.WithObserver(s.observe)).ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody())
			l.check(t, err)
			if outcome(err) != c.end || len(s.all) != c.attempts {
				t.Fatalf("%s, want %s; %d attempts were told, want %d: %v", outcome(err), c.end, len(s.all), c.attempts, err)
			}
			for i, a := range s.all {
				last := i == len(s.all)-1
				want := call.Info{Operation: "modifyPartnerServiceOrder", OutOrderNo: orderNo, Success: 204,
					Path: "/v3/payscore/partner/serviceorder/{out_order_no}/modify"}
				if a.Call != want || a.Path != want.Path || a.Method != "POST" || a.Host != strings.TrimPrefix(l.URL, "http://") {
					t.Errorf("of another call: %+v", a)
				}
				if a.N != i+1 || a.Retry == last || (a.Wait > 0) == last || a.Start.IsZero() || a.Duration <= 0 {
					t.Errorf("attempt %d: %+v", i+1, a)
				}
				if last && a.Outcome != ends[c.end] || !last && a.Outcome == transport.OK {
					t.Errorf("attempt %d of a call that was %s ends %s", i+1, c.end, a.Outcome)
				}
				if a.Status == 500 && a.Code != "SYSTEM_ERROR" {
					t.Errorf("the code of a failure is %q", a.Code)
				}
				if (a.Status == 0) != (errors.As(a.Err, new(*transport.SendError))) {
					t.Errorf("status %d and %v", a.Status, a.Err)
				}
			}
			var refusal *apierror.Error
			if errors.As(err, &refusal) {
				a := s.all[len(s.all)-1]
				if a.Status != refusal.Status || a.Code != refusal.Code || a.Number != refusal.Number || a.RequestID != refusal.RequestID {
					t.Errorf("told %+v, and the caller %+v", a, refusal)
				}
			}
		})
	}
}

// verified is the body of an answer whose signature was right.
type verified struct{ io.ReadCloser }

func (verified) Verified() bool { return true }

func TestOutcomeOf(t *testing.T) {
	of := func(method string, status, success int) *http.Response {
		req := request(t, method, "http://api.invalid"+modifyPath, "")
		return &http.Response{StatusCode: status, Body: http.NoBody, Request: req.WithContext(call.NewContext(t.Context(), call.Info{Success: success}))}
	}
	answer := func(status, success int) *http.Response { return of("POST", status, success) }
	query := func(status int) *http.Response { return of("GET", status, 200) }
	signed := func(rsp *http.Response) *http.Response {
		rsp.Body = verified{http.NoBody}
		return rsp
	}
	for _, c := range []struct {
		name string
		rsp  *http.Response
		err  error
		want transport.Outcome
	}{
		{"documented", answer(204, 204), nil, transport.OK},
		{"another 2xx", answer(200, 204), nil, transport.Unknown},
		{"202 that is documented", answer(202, 202), nil, transport.OK},
		{"202", answer(202, 200), nil, transport.Unknown},
		{"2xx of no operation", answer(200, 0), nil, transport.OK},
		{"202 of no operation", answer(202, 0), nil, transport.Unknown},
		{"400", signed(answer(400, 200)), nil, transport.Refused},
		{"400 of nobody", answer(400, 200), nil, transport.Unknown},
		{"302 of nobody", answer(302, 200), nil, transport.Unknown},
		{"429 of nobody", answer(429, 200), nil, transport.Unknown},
		{"500", answer(500, 200), nil, transport.Unknown},
		{"500, signed", signed(answer(500, 200)), nil, transport.Unknown},
		{"a query, 404 of nobody", query(404), nil, transport.Refused},
		{"a query, 500", query(500), nil, transport.Failed},
		{"a query, 202", query(202), nil, transport.Failed},
		{"no request", &http.Response{StatusCode: 204}, nil, transport.OK},
		{"a query, unverified", nil, &transport.UnverifiedError{Method: "GET", Err: io.EOF}, transport.Failed},
		{"a write, unverified", nil, &transport.UnverifiedError{Method: "POST", Err: io.EOF}, transport.Unknown},
		{"a query without an answer", nil, &transport.SendError{Method: "GET", Err: io.EOF}, transport.Failed},
		{"a write without an answer", nil, &transport.SendError{Method: "POST", Err: io.EOF}, transport.Unknown},
		{"not sent", nil, &transport.SendError{Method: "POST", NotSent: true, Err: io.EOF}, transport.Failed},
		{"nothing at all", nil, nil, transport.Failed},
	} {
		if got := transport.OutcomeOf(c.rsp, c.err); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		// The client that decodes must not say anything else.
		if c.rsp != nil && c.rsp.Request != nil && c.want != transport.OK {
			refusal := apierror.New(c.rsp, nil)
			if errors.Is(refusal, transport.ErrOutcomeUnknown) != (c.want == transport.Unknown) {
				t.Errorf("%s: the generated client says %v", c.name, refusal)
			}
		}
	}
}

func TestObserverLeavesTheBody(t *testing.T) {
	s := &seen{}
	srv := serve(t, answering(400, `{"code":"PARAM_ERROR","message":"not lower"}`))
	rsp, err := retrying(transport.WithObserver(nil), transport.WithObserver(s.observe), transport.WithObserver(s.observe)).
		Do(request(t, "POST", srv.URL+modifyPath, "{}"))
	if err != nil || !strings.Contains(bodyOf(t, rsp), "not lower") {
		t.Fatal(rsp, err)
	}
	if len(s.all) != 2 || s.all[0].Code != "PARAM_ERROR" || !reflect.DeepEqual(s.all[0], s.all[1]) {
		t.Errorf("two observers: %+v", s.all)
	}
	if a := s.all[0]; a.Path != modifyPath || a.Call != (call.Info{}) {
		t.Errorf("a request of no operation: %+v", a)
	}
}

// A call that ends before its first attempt is told of once, as none: in the
// transport, in an editor that cannot sign, and at a limit of the contract.
func TestObserverOfWhatIsNotSent(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	info := call.Info{Operation: "modifyPartnerServiceOrder", Path: "/v3/payscore/partner/serviceorder/{out_order_no}/modify", OutOrderNo: orderNo, Success: 204}
	withoutReason := modifyBody()
	withoutReason.Reason = ""
	out := func(context.Context, *http.Request) error { return errOutOfReach }
	for _, c := range []struct {
		name    string
		ctx     context.Context
		body    payscore.ModifyPartnerServiceOrderRequest
		editors []payscore.RequestEditorFn
		want    error
	}{
		{"ended context", ended, modifyBody(), nil, context.Canceled},
		{"editor", t.Context(), modifyBody(), []payscore.RequestEditorFn{out}, errOutOfReach},
		{"limit", t.Context(), withoutReason, nil, apierror.ErrNotSent},
		{"scheme", t.Context(), modifyBody(), []payscore.RequestEditorFn{func(_ context.Context, r *http.Request) error {
			r.URL.Scheme = "gopher"
			return nil
		}}, apierror.ErrNotSent},
	} {
		var log records
		s := &seen{}
		l := newLedger(t)
		err := l.api(transport.WithObserver(s.observe), log.option()).ModifyPartnerServiceOrder(c.ctx, orderNo, c.body, c.editors...)
		if !errors.Is(err, c.want) || !errors.Is(err, apierror.ErrNotSent) || l.arrived != 0 {
			t.Errorf("%s: %v", c.name, err)
		}
		if len(s.all) != 1 {
			t.Fatalf("%s: told %+v", c.name, s.all)
		}
		if a := s.all[0]; a.N != 0 || a.Retry || a.Outcome != transport.Failed || a.Call != info || a.Path != info.Path || a.Method != "POST" || a.Start.IsZero() || !errors.Is(a.Err, c.want) && c.name != "limit" {
			t.Errorf("%s: %+v", c.name, a)
		}
		if r := log.read(t); len(r) != 1 || r[0]["msg"] != "payscore call not sent" || r[0]["level"] != "ERROR" || r[0]["attempt"] != nil || r[0]["error"] == nil {
			t.Errorf("%s: logged %v", c.name, r)
		}
	}
}

// records logs calls as JSON and reads the records again, without what differs
// from run to run.
type records struct{ bytes.Buffer }

func (r *records) option() transport.Option {
	return transport.WithObserver(transport.LogAttempts(slog.New(slog.NewJSONHandler(r, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.TimeKey, "host":
				return slog.Attr{}
			case "duration":
				if a.Value.Kind() != slog.KindDuration || a.Value.Duration() <= 0 || a.Value.Duration() > time.Minute {
					return slog.String("duration", "out of range")
				}
				return slog.Attr{}
			}
			return a
		},
	}))))
}

func (r *records) read(t *testing.T) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(r.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

func TestLogAttempts(t *testing.T) {
	const path = "/v3/payscore/partner/serviceorder/{out_order_no}/modify"
	var log records
	l := newLedger(t,
		fault{"502", true, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(502) }},
		fault{"400", false, signedAs(400, `{"code":"PARAM_ERROR","message":"not lower"}`, func(h http.Header) { h.Set("Request-ID", "08F7-268435468") })})
	err := l.api(log.option()).ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody())
	if !errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Fatal(err)
	}
	if err := l.api(log.option()).ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody()); outcome(err) != refused { // it was carried out
		t.Fatal(err)
	}
	lower := modifyBody()
	lower.TotalAmount, lower.PostPayments[0].Amount = 39800, new(int64(39800))
	if err := l.api(log.option()).ModifyPartnerServiceOrder(t.Context(), orderNo, lower); err != nil {
		t.Fatal(err)
	}
	of := func(more map[string]any) map[string]any {
		m := map[string]any{"msg": "payscore attempt", "method": "POST", "operation": "modifyPartnerServiceOrder",
			"out_order_no": orderNo, "path": path}
		for k, v := range more {
			m[k] = v
		}
		return m
	}
	want := []map[string]any{
		of(map[string]any{"level": "WARN", "attempt": 1.0, "status": 502.0, "outcome": "unknown", "retry_in": 2e8}),
		of(map[string]any{"level": "ERROR", "attempt": 2.0, "status": 400.0, "outcome": "unknown", "code": "PARAM_ERROR", "number": 268435468.0, "request_id": "08F7-268435468"}),
		of(map[string]any{"level": "WARN", "attempt": 1.0, "status": 400.0, "outcome": "refused", "code": "PARAM_ERROR", "request_id": requestID}),
		of(map[string]any{"level": "INFO", "attempt": 1.0, "status": 204.0, "outcome": "ok", "request_id": requestID}),
	}
	got := log.read(t)
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d:\n%s", len(got), len(want), log.String())
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("record %d:\ngot  %v\nwant %v", i, got[i], want[i])
		}
	}
}

func TestLogAttemptsLevels(t *testing.T) {
	for _, c := range []struct {
		a    transport.Attempt
		want slog.Level
	}{
		{transport.Attempt{Outcome: transport.OK}, slog.LevelInfo},
		{transport.Attempt{Outcome: transport.Refused}, slog.LevelWarn},
		{transport.Attempt{Outcome: transport.Refused, Retry: true}, slog.LevelWarn},
		{transport.Attempt{Outcome: transport.Unknown, Retry: true}, slog.LevelWarn},
		{transport.Attempt{Outcome: transport.Failed, Retry: true}, slog.LevelWarn},
		{transport.Attempt{Outcome: transport.Unknown}, slog.LevelError},
		{transport.Attempt{Outcome: transport.Failed}, slog.LevelError},
	} {
		for _, least := range []slog.Level{c.want, c.want + 1} {
			var b bytes.Buffer
			transport.LogAttempts(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: least})))(t.Context(), c.a)
			if got := strings.Contains(b.String(), "level="+c.want.String()); got != (least == c.want) {
				t.Errorf("%+v at %s: %q", c.a, least, b.String())
			}
		}
	}
}

func TestLogAttemptsOfNoLogger(t *testing.T) {
	var b bytes.Buffer
	before := slog.Default()
	defer slog.SetDefault(before)
	observe := transport.LogAttempts(nil)
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	observe(t.Context(), transport.Attempt{N: 7, Err: errors.New("one\ntwo")})
	if s := b.String(); !strings.Contains(s, "attempt=7") || !strings.Contains(s, `error=one\ntwo`) {
		t.Error(s)
	}
}

// Every secret is planted into a call, and none may be in what is logged of it.
func TestLogAttemptsKeepsSecrets(t *testing.T) {
	const openid, service, reason, said = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "2002000000000558128851361561536", "planted reason", "planted answer"
	var sent []string // each Authorization
	answers := func(n int, w http.ResponseWriter) {
		body := fmt.Sprintf(`{"code":"PARAM_ERROR","message":%q,"detail":{"value":%q}}`, said, openid)
		switch n % 5 {
		case 0: // hangs up
			panic(http.ErrAbortHandler)
		case 1:
			sign(w.Header(), strangeKey(), now, body)
			w.WriteHeader(200)
		case 2:
			sign(w.Header(), wechatKey(), now, body)
			w.WriteHeader(500)
		case 3:
			w.WriteHeader(200)
		case 4:
			sign(w.Header(), wechatKey(), now, body)
			w.WriteHeader(400)
		}
		io.WriteString(w, body)
	}
	n := 0
	var mu sync.Mutex // over n and sent
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		mu.Lock()
		sent = append(sent, r.Header.Get("Authorization"))
		n++
		answer := n - 1
		mu.Unlock()
		answers(answer, w)
	})
	var log records
	signer, _ := newSigner()
	api := must(payscore.New(srv.URL, payscore.WithHTTPClient(transport.New(signer, newVerifier(), log.option(), transport.WithHooks(clock, noSleep, 0)))))
	for i := range 10 {
		mu.Lock()
		n = i // each call begins with another answer
		mu.Unlock()
		body := payscore.TerminatePermissionByOpenidRequest{AppID: new("wxd678efh567hg6787"), ServiceID: service, Reason: reason}
		if err := api.TerminatePermissionByOpenid(t.Context(), openid, body); err == nil {
			t.Fatal("this was to fail")
		} else if errors.As(err, new(limit.Findings)) {
			t.Fatal(err)
		}
		if _, err := api.QueryPermissionByOpenid(t.Context(), openid, payscore.QueryPermissionByOpenidParams{AppID: "wxd678efh567hg6787", ServiceID: service}); err == nil {
			t.Fatal("this was to fail")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	text := log.String()
	// net/http sends a GET once more on its own, when a connection was closed.
	if records := log.read(t); len(records) > len(sent) || len(records) < 20 {
		t.Errorf("%d records of %d attempts", len(records), len(sent))
	}
	for _, part := range []string{"/v3/payscore/permissions/openid/{openid}/terminate", `"error":`, "PARAM_ERROR", "queryPermissionByOpenid", "Wechatpay-Timestamp is missing", "EOF"} {
		if !strings.Contains(text, part) {
			t.Errorf("the log lacks %q", part)
		}
	}
	secrets := []string{openid, service, "wxd678efh567hg6787", reason, said, "nonce_str", "WECHATPAY2", "PRIVATE KEY"}
	for _, a := range sent {
		m := authorization.FindStringSubmatch(a)
		if m == nil {
			t.Fatalf("not signed")
		}
		secrets = append(secrets, m[1], m[3])
	}
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %.20q", secret)
		}
	}
}

func ExampleWithObserver() {
	signer, _ := newSigner()  // auth.LoadSigner
	verifier := newVerifier() // auth.NewVerifier
	client, err := payscore.New(payscore.DefaultServer, payscore.WithHTTPClient(transport.New(signer, verifier,
		transport.WithObserver(transport.LogAttempts(slog.Default())),
		transport.WithObserver(func(ctx context.Context, a transport.Attempt) {
			if a.Outcome == transport.Unknown && !a.Retry {
				fmt.Println("query the order", a.Call.OutOrderNo)
			}
		}))))
	fmt.Println(client != nil, err)
	// Output: true <nil>
}
