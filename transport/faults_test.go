package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/transport"
)

// ledger is a server with one order, which can be lowered and never raised, so
// that a modification that comes twice is refused the second time. It keeps
// its own record of what was done.
type ledger struct {
	*httptest.Server
	t testing.TB

	mu      sync.Mutex
	total   int64
	commits int
	bodies  map[string]bool // that arrived
	auths   map[string]bool
	arrived int
	faults  []fault // of the next requests
	timeOut func()  // ends the attempt that is under way
}

// A fault is what happens to one request.
type fault struct {
	name   string
	commit bool // before it goes wrong
	answer func(w http.ResponseWriter, r *http.Request)
}

// newLedger meets the first requests with these faults, and none after them.
func newLedger(t testing.TB, faults ...fault) *ledger {
	l := &ledger{t: t, total: 50000, faults: faults, bodies: map[string]bool{}, auths: map[string]bool{}}
	l.Server = serve(t, l.serve)
	return l
}

// modify carries a modification out, or says why not.
func (l *ledger) modify(body []byte) (status int, answer string) {
	var m struct {
		TotalAmount int64 `json:"total_amount"`
	}
	if err := json.Unmarshal(body, &m); err != nil || m.TotalAmount >= l.total {
		return 400, `{"code":"PARAM_ERROR","message":"修改后的总金额必须小于修改前的总金额"}`
	}
	l.total = m.TotalAmount
	l.commits++
	return 204, ""
}

func (l *ledger) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if err := checkRequest(r, body); err != nil {
		l.t.Errorf("a request that is wrongly signed: %v", err)
	}
	l.mu.Lock()
	l.arrived++
	l.bodies[string(body)] = true
	if a := r.Header.Get("Authorization"); l.auths[a] {
		l.t.Error("an Authorization came twice")
	} else {
		l.auths[a] = true
	}
	f := fault{commit: true}
	if len(l.faults) > 0 {
		f, l.faults = l.faults[0], l.faults[1:]
	}
	status, answer := 204, ""
	if f.commit && r.Method == "POST" {
		status, answer = l.modify(body)
	}
	ctx := context.WithValue(r.Context(), timeOutKey{}, l.timeOut)
	l.mu.Unlock()
	if f.answer != nil {
		f.answer(w, r.WithContext(ctx))
		return
	}
	sign(w.Header(), wechatKey(), now, answer)
	w.WriteHeader(status)
	io.WriteString(w, answer)
}

func hangUp(linger bool) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		if !linger {
			conn.(*net.TCPConn).SetLinger(0)
		}
		conn.Close()
	}
}

func signedAs(status int, body string, alter func(http.Header)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		sign(w.Header(), wechatKey(), now, body)
		if alter != nil {
			alter(w.Header())
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// What the end of a call may be.
const (
	carriedOut = "carried out"
	refused    = "refused"
	unknown    = "unknown"
)

func outcome(err error) string {
	switch {
	case err == nil:
		return carriedOut
	case errors.Is(err, transport.ErrOutcomeUnknown):
		return unknown
	}
	return refused
}

// faults are all that can happen to a request. end and attempts are for a call
// whose first request meets it, and no other.
func faults() []struct {
	fault
	attempts int
	end      string
} {
	const limited = `{"code":"FREQUENCY_LIMITED","message":"频率限制"}`
	badHeader := badSignatures("")
	type row = struct {
		fault
		attempts int
		end      string
	}
	rows := []row{
		{fault{"none", true, nil}, 1, carriedOut},
		{fault{"429", false, signedAs(429, limited, func(h http.Header) { h.Set("Retry-After", "1") })}, 2, carriedOut},
		{fault{"429 unsigned", false, answers(429, "")}, 2, carriedOut},
		{fault{"too frequent with 400", false, signedAs(400, limited, func(h http.Header) { h.Set("Request-ID", "08F7-268435472") })}, 2, carriedOut},
		{fault{"400", false, signedAs(400, `{"code":"PARAM_ERROR"}`, nil)}, 1, refused},
		{fault{"404", false, signedAs(404, `{"code":"ORDER_NOT_EXIST"}`, nil)}, 1, refused},
		// The one refusal that WeChat Pay does not sign.
		{fault{"401 SIGN_ERROR", false, answers(401, `{"code":"SIGN_ERROR","message":"签名错误"}`)}, 1, refused},
		{fault{"429 unsigned after", true, answers(429, limited)}, 2, unknown},
	}
	// What comes from somewhere else says nothing about the order.
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"301": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
		},
		"304": answers(304, ""),
		"307": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		},
		"400 JSON":        answers(400, `{"code":"PARAM_ERROR","message":"参数错误"}`),
		"401":             answers(401, ""),
		"401 HTML":        answers(401, "<html>SIGN_ERROR</html>"),
		"401 other code":  answers(401, `{"code":"NO_AUTH"}`),
		"400 SIGN_ERROR":  answers(400, `{"code":"SIGN_ERROR"}`),
		"404 HTML":        answers(404, "<html>404 Not Found</html>"),
		"408":             answers(408, ""),
		"413":             answers(413, "<html>413 Request Entity Too Large</html>"),
		"499":             answers(499, ""),
		"403 ORDER_DONE ": answers(403, `{"code":"ORDER_DONE"}`),
	} {
		for _, commit := range []bool{false, true} {
			rows = append(rows, row{fault{fmt.Sprintf("%s of nobody, %v", name, commit), commit, answer}, 1, unknown})
		}
	}
	for _, commit := range []bool{false, true} {
		when, end := " before", carriedOut
		if commit {
			when, end = " after", unknown
		}
		for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
			"closed": hangUp(true),
			"reset":  hangUp(false),
			"timeout": func(w http.ResponseWriter, r *http.Request) {
				r.Context().Value(timeOutKey{}).(func())()
				<-r.Context().Done()
			},
			"500": signedAs(500, `{"code":"SYSTEM_ERROR","message":"系统错误"}`, nil),
			"502": func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(502)
				io.WriteString(w, "<html>502 Bad Gateway</html>")
			},
			"202": signedAs(202, "", nil),
		} {
			rows = append(rows, row{fault{name + when, commit, answer}, 2, end})
		}
		// A write whose answer is not to be trusted is not sent again.
		for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
			"unsigned":     signedAs(204, "", badHeader["unsigned"]),
			"probe":        signedAs(204, "", badHeader["probe that does not decode"]),
			"stale":        signedAs(204, "", badHeader["301 s old"]),
			"wrong serial": signedAs(204, "", badHeader["unknown public key"]),
			"truncated":    signedAs(200, "{", func(h http.Header) { h.Set("Content-Length", "100") }),
		} {
			rows = append(rows, row{fault{name + when, commit, answer}, 1, unknown})
		}
	}
	return rows
}

// answers without a signature.
func answers(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func noSleep(context.Context, time.Duration) error { return nil }

type timeOutKey struct{}

// hooks let a client send again without waiting, and a fault end its attempt as
// its timeout does. No other time can run out on a busy machine.
func (l *ledger) hooks() transport.Option {
	return both(transport.WithHooks(clock, noSleep, 0), transport.WithAfterFunc(func(d time.Duration, timeOut func()) *time.Timer {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.timeOut = timeOut
		return time.AfterFunc(d, timeOut)
	}))
}

// api is the generated client with these hooks.
func (l *ledger) api(opts ...transport.Option) *payscore.Client {
	signer, _ := newSigner()
	opts = append([]transport.Option{l.hooks()}, opts...)
	return generated(l.t, l.URL, signer, transport.New(signer, newVerifier(), opts...))
}

// generated is the generated client, with a signer as its editor.
func generated(t testing.TB, server string, signer *auth.Signer, client *transport.Client) *payscore.Client {
	t.Helper()
	api, err := payscore.New(server, payscore.WithRequestEditorFn(signer.Sign), payscore.WithHTTPClient(client))
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// check holds the end of a call against the record of the server.
func (l *ledger) check(t *testing.T, err error) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.commits > 1, l.commits == 1 && l.total != 39900:
		t.Errorf("carried out %d times, at %d fen: %v", l.commits, l.total, err)
	case err == nil && l.commits != 1:
		t.Error("reported as carried out, and it was not")
	case outcome(err) == refused && l.commits != 0:
		t.Errorf("reported as refused, and it was carried out: %v", err)
	case len(l.bodies) > 1:
		t.Errorf("%d different bodies", len(l.bodies))
	}
	if err != nil {
		checkText(t, err)
	}
}

func TestEachFault(t *testing.T) {
	for _, c := range faults() {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger(t, c.fault)
			err := l.api().ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody())
			l.check(t, err)
			if got := outcome(err); got != c.end || l.arrived != c.attempts {
				t.Errorf("%s with %d attempts, want %s with %d: %v", got, l.arrived, c.end, c.attempts, err)
			}
			var after *transport.RefusedAfterUnknownError
			if errors.As(err, &after) != (c.end == unknown && c.attempts == 2) {
				t.Errorf("%T", err)
			}
			if after != nil {
				var cause *apierror.Error
				if !errors.As(err, &cause) || cause.Status != 400 || cause.Code != "PARAM_ERROR" || cause.Method != "POST" || cause.Path != modifyPath || after.Before == nil {
					t.Errorf("%+v after %v", cause, after.Before)
				}
			}
			// It sends once.
			l = newLedger(t, c.fault)
			err = l.api().ModifyPartnerServiceOrder(transport.WithoutRetry(t.Context()), orderNo, modifyBody())
			if l.check(t, err); l.arrived != 1 {
				t.Errorf("WithoutRetry sent %d times", l.arrived)
			}
		})
	}
}

// Every two of them, one after the other, and each of them for ever. It is all
// pairs with PAYSCORE_FAULT_PAIRS=all, as in CI, else one in 5, and with -short one
// in 23.
func TestFaultsInARow(t *testing.T) {
	pairs, every := 0, 5
	switch {
	case os.Getenv("PAYSCORE_FAULT_PAIRS") == "all":
		every = 1
	case testing.Short():
		every = 23
	}
	ends := map[string]int{}
	try := func(t *testing.T, faults ...fault) {
		l := newLedger(t, faults...)
		err := l.api().ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody())
		l.check(t, err)
		if l.arrived > transport.DefaultAttempts {
			t.Errorf("sent %d times", l.arrived)
		}
		ends[outcome(err)]++
	}
	for _, a := range faults() {
		if a.attempts == 1 {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			try(t, a.fault, a.fault, a.fault)
			for _, b := range faults() {
				if pairs++; pairs%every != 0 {
					continue
				}
				t.Run(b.name, func(t *testing.T) { try(t, a.fault, b.fault) })
			}
		})
	}
	t.Logf("one pair in %d: %v", every, ends)
}

// A query changes nothing, so that it is sent again after whatever went wrong.
func TestFaultsOfAQuery(t *testing.T) {
	for _, c := range faults() {
		l := newLedger(t, c.fault)
		req := request(t, "GET", l.URL+modifyPath, "")
		rsp, err := retrying(l.hooks()).Do(req)
		switch {
		case c.name == "none", c.end == refused, strings.Contains(c.name, "of nobody"):
			if err != nil || l.arrived != 1 {
				t.Errorf("%s: %d attempts, %v", c.name, l.arrived, err)
			}
		case err != nil || rsp.StatusCode != 204 || l.arrived != 2:
			t.Errorf("%s: %d attempts, %v", c.name, l.arrived, err)
		}
	}
}

// The first attempt found nobody, and that is all that is known of it: a
// refusal after it is one.
func TestRefusedAfterNothingWasSent(t *testing.T) {
	l := newLedger(t)
	l.total = 1
	var dials int
	rt := transport.NewRoundTripper()
	dead := refusing(t)
	dial := rt.DialContext
	rt.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials++; dials == 1 {
			addr = dead
		}
		return dial(ctx, network, addr)
	}
	defer rt.CloseIdleConnections()
	err := l.api(transport.WithRoundTripper(rt)).ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody())
	if l.check(t, err); outcome(err) != refused || dials != 2 || l.arrived != 1 {
		t.Errorf("%d dials: %v", dials, err)
	}
}

// The other way round: the last attempt was certainly not sent, but the first
// one was.
func TestNotSentAfterUnknown(t *testing.T) {
	l := newLedger(t, fault{"closed", true, hangUp(true)})
	rt := transport.NewRoundTripper()
	var dials int
	dead := refusing(t)
	dial := rt.DialContext
	rt.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials++; dials > 1 {
			addr = dead
		}
		return dial(ctx, network, addr)
	}
	err := l.api(transport.WithRoundTripper(rt)).ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody())
	l.check(t, err)
	var s *transport.SendError
	if !errors.As(err, &s) || s.NotSent || outcome(err) != unknown || l.commits != 1 || dials != 3 {
		t.Errorf("%d dials: %v", dials, err)
	}
	if !errors.Is(err, io.EOF) {
		t.Errorf("the first cause is lost: %v", err)
	}
}

// A key that fails before the second attempt must not make the first one undone.
func TestKeyThatFailsAfterUnknown(t *testing.T) {
	l := newLedger(t, fault{"closed", true, hangUp(true)})
	cause := errors.New("the HSM is down")
	var nonces int
	signer, _ := newSigner(auth.WithNonce(func() (string, error) {
		if nonces++; nonces > 1 {
			return "", cause
		}
		return strings.Repeat("N", 32), nil
	}))
	client := transport.New(signer, newVerifier(), transport.WithHooks(clock, noSleep, 0))
	rsp, err := client.Do(request(t, "POST", l.URL+modifyPath, `{"total_amount":39900}`))
	if l.check(t, err); rsp != nil || outcome(err) != unknown || !errors.Is(err, cause) || l.arrived != 1 {
		t.Error(err)
	}
}

// The server closes a connection when the next request has arrived on it. The
// caller sees nothing of it, on as many connections as there are.
func TestStaleConnectionsAreNotSeen(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	stale := false
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		used := seen[r.RemoteAddr] > 0 && stale
		seen[r.RemoteAddr]++
		mu.Unlock()
		if used {
			hangUp(true)(w, r)
			return
		}
		answering(204, "")(w, r)
	})
	client := retrying(transport.WithHooks(clock, noSleep, 0))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := client.Do(request(t, "POST", srv.URL+modifyPath, "{}")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	mu.Lock()
	stale = true
	mu.Unlock()
	for i := range 8 {
		mu.Lock()
		was := len(seen)
		mu.Unlock()
		rsp, err := client.Do(request(t, "POST", srv.URL+modifyPath, "{}"))
		if err != nil || rsp.StatusCode != 204 {
			t.Errorf("call %d: %v", i, err)
		}
		mu.Lock()
		if len(seen) != was+1 {
			t.Errorf("call %d: %d new connections", i, len(seen)-was)
		}
		mu.Unlock()
	}
}

func TestErrorsNameBothCauses(t *testing.T) {
	l := newLedger(t, fault{"500", true, signedAs(500, `{"code":"SYSTEM_ERROR","message":"系统错误"}`, nil)})
	err := l.api().ModifyPartnerServiceOrder(t.Context(), orderNo, modifyBody())
	for _, part := range []string{"400 PARAM_ERROR", "500 SYSTEM_ERROR", "outcome unknown"} {
		if !strings.Contains(fmt.Sprint(err), part) {
			t.Errorf("no %q in %v", part, err)
		}
	}
}
