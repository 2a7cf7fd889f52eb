package notify_test

import (
	"bytes"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/notify"
)

func counter(calls *int) notify.Func {
	var mu sync.Mutex
	return func(context.Context, *notify.Event) error {
		mu.Lock()
		defer mu.Unlock()
		*calls++
		return nil
	}
}

// post sends a request over the network.
func post(t *testing.T, url, method string, header http.Header, body io.Reader) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer rsp.Body.Close()
	answer, err := io.ReadAll(rsp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return rsp.StatusCode, rsp.Header, answer
}

func TestHandlerAnswers(t *testing.T) {
	var got []*notify.Event
	begin := time.Now()
	server := httptest.NewServer(receiver(t, func(ctx context.Context, e *notify.Event) error {
		if end, ok := ctx.Deadline(); !ok || time.Until(end) > 4700*time.Millisecond || end.Sub(begin) < 3*time.Second {
			t.Errorf("deadline in %s", time.Until(end))
		}
		got = append(got, e)
		return nil
	}))
	defer server.Close()
	body := envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 39900))
	status, header, answer := post(t, server.URL, "POST", sign(body, time.Now()), bytes.NewReader(body))
	if status != 204 || len(answer) > 0 || header.Get("Content-Type") != "" || len(got) != 1 {
		t.Errorf("%d %v %q, %d calls", status, header, answer, len(got))
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		status, header, answer := post(t, server.URL, method, sign(body, time.Now()), bytes.NewReader(body))
		checkAnswer(t, status, answer)
		if status != 405 || header.Get("Allow") != "POST" {
			t.Error(method, status, header)
		}
	}
	for _, size := range []int{notify.MaxBody, notify.MaxBody + 1, 3 * notify.MaxBody} {
		large := bytes.Repeat([]byte(" "), size)
		want := 413
		if size == notify.MaxBody {
			want = 400
		}
		for name, body := range map[string]io.Reader{"known length": bytes.NewReader(large), "chunked": struct{ io.Reader }{bytes.NewReader(large)}} {
			status, header, answer := post(t, server.URL, "POST", sign(large, time.Now()), body)
			checkAnswer(t, status, answer)
			if status != want || header.Get("Content-Type") != "application/json" {
				t.Errorf("%d bytes, %s: %d", size, name, status)
			}
		}
	}
	if len(got) != 1 {
		t.Errorf("%d calls", len(got))
	}
}

func TestWhatDoesNotVerifyIsRefused(t *testing.T) {
	body := envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 39900))
	good := func() http.Header { return sign(body, time.Now()) }
	for name, test := range map[string]struct {
		change func(http.Header) (http.Header, []byte)
		is     func(error) bool
	}{
		"stale": {func(http.Header) (http.Header, []byte) { return sign(body, time.Now().Add(-302*time.Second)), body }, as[*auth.StaleError]},
		"from the future": {func(http.Header) (http.Header, []byte) { return sign(body, time.Now().Add(302*time.Second)), body },
			as[*auth.StaleError]},
		"unknown serial": {func(h http.Header) (http.Header, []byte) { h.Set("Wechatpay-Serial", "5157F09E"); return h, body }, as[*auth.UnknownKeyError]},
		"serial of another key": {func(h http.Header) (http.Header, []byte) {
			h.Set("Wechatpay-Serial", "07E3B1A2C4D5F60718293A4B5C6D7E8F90A1B2C3")
			return h, body
		}, func(err error) bool { return errors.Is(err, rsa.ErrVerification) }},
		"probe": {func(h http.Header) (http.Header, []byte) {
			h.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+h.Get("Wechatpay-Signature"))
			return h, body
		}, func(err error) bool { var se *auth.SignatureError; return errors.As(err, &se) && se.Probe }},
		"body encoded again": {func(h http.Header) (http.Header, []byte) {
			return h, bytes.ReplaceAll(body, []byte(`,"`), []byte(`, "`))
		},
			as[*auth.SignatureError]},
		"no signature": {func(h http.Header) (http.Header, []byte) { h.Del("Wechatpay-Signature"); return h, body }, as[*auth.HeaderError]},
		"no headers":   {func(http.Header) (http.Header, []byte) { return nil, body }, as[*auth.HeaderError]},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			var failure error
			r := receiver(t, counter(&calls), notify.WithErrorFunc(func(err error) { failure = err }))
			header, sent := test.change(good())
			status, answer := r.Receive(t.Context(), header, sent)
			checkAnswer(t, status, answer)
			if status != 401 || calls != 0 || !errors.Is(failure, auth.ErrUnverified) || !test.is(failure) {
				t.Errorf("%d, %d calls, %v", status, calls, failure)
			}
			// It claimed nothing: the repeat is delivered.
			if status := told(t, r, body); status != 204 || calls != 1 {
				t.Error(status, calls)
			}
		})
	}
}

func as[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

func TestAfterAMiddlewareThatReadTheBody(t *testing.T) {
	type key struct{}
	calls := 0
	r := receiver(t, counter(&calls), notify.WithBody(func(req *http.Request) ([]byte, error) {
		body, ok := req.Context().Value(key{}).([]byte)
		if !ok {
			return nil, errors.New("MARKER no body")
		}
		return body, nil
	}))
	reads := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.ServeHTTP(w, req.WithContext(context.WithValue(req.Context(), key{}, body)))
	})
	restores := receiver(t, counter(&calls))
	for i, h := range []http.Handler{reads, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		restores.ServeHTTP(w, req)
	})} {
		server := httptest.NewServer(h)
		defer server.Close()
		body := envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 39900))
		if status, _, answer := post(t, server.URL, "POST", sign(body, time.Now()), bytes.NewReader(body)); status != 204 || calls != i+1 {
			t.Error(status, string(answer), calls)
		}
	}
	server := httptest.NewServer(r)
	defer server.Close()
	status, _, answer := post(t, server.URL, "POST", nil, strings.NewReader("x"))
	checkAnswer(t, status, answer)
	if status != 400 {
		t.Error(status)
	}
}

func TestAFuncThatFailsIsCalledAgain(t *testing.T) {
	body := envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 39900))
	for name, fail := range map[string]func(context.Context) error{
		"error":  func(context.Context) error { return errors.New("MARKER") },
		"panic":  func(context.Context) error { panic("MARKER") },
		"abort":  func(context.Context) error { panic(http.ErrAbortHandler) },
		"goexit": func(context.Context) error { runtime.Goexit(); return nil },
		"slow":   func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, inBubble(func(t *testing.T) {
			calls := 0
			var failure error
			r := receiver(t, func(ctx context.Context, _ *notify.Event) error {
				if calls++; calls <= 2 {
					return fail(ctx)
				}
				return nil
			}, notify.WithTimeout(time.Second), notify.WithErrorFunc(func(err error) { failure = err }))
			for i, want := range []int{500, 500, 204, 204} {
				// "slow" answers before it gives its claim back.
				for status := 409; status == 409; {
					if status = told(t, r, body); status != 409 && status != want {
						t.Fatalf("%d: %d, want %d", i, status, want)
					}
				}
				if fe := new(notify.FuncError); i < 2 && !errors.As(failure, &fe) && !errors.Is(failure, notify.ErrInProgress) {
					t.Errorf("%d: %v", i, failure)
				}
			}
			if calls != 3 {
				t.Errorf("%d calls", calls)
			}
		}))
	}
}

// inBubble is f in a bubble of synctest, where no time is over before all that can
// happen has happened.
func inBubble(f func(t *testing.T)) func(t *testing.T) {
	return func(t *testing.T) { synctest.Test(t, f) }
}

func TestAFuncThatIsLate(t *testing.T) { synctest.Test(t, aFuncThatIsLate) }

func aFuncThatIsLate(t *testing.T) {
	body := envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 39900))
	end, ended := make(chan error), make(chan struct{})
	var calls atomic.Int64
	r := receiver(t, func(context.Context, *notify.Event) error {
		calls.Add(1)
		defer func() { ended <- struct{}{} }()
		if err := <-end; err != nil {
			panic(err) // nobody waits, and nothing may crash
		}
		return nil
	}, notify.WithTimeout(time.Second))
	settled := func() int {
		synctest.Wait()
		return told(t, r, body)
	}
	begin := time.Now()
	if status := told(t, r, body); status != 500 || time.Since(begin) != time.Second {
		t.Fatal(status, time.Since(begin))
	}
	if status := settled(); status != 409 {
		t.Fatal(status) // it still runs
	}
	end <- errors.New("late")
	<-ended
	if status := settled(); status != 500 {
		t.Fatal(status) // called again, and again late
	}
	end <- nil
	<-ended
	if status := settled(); status != 204 {
		t.Fatal(status) // done late is done
	}
	if calls.Load() != 2 {
		t.Errorf("%d calls", calls.Load())
	}
}

func TestDuplicates(t *testing.T) {
	paid := func(id, number string, amount int) []byte {
		return envelope(id, notify.UserPaid, order(number, "USER_PAID", amount))
	}
	for name, test := range map[string]struct {
		second []byte
		calls  int
	}{
		"same id":                    {paid("EV-1", "N", 100), 1},
		"same id, another order":     {paid("EV-1", "M", 100), 1},
		"another id, the same event": {paid("EV-2", "N", 100), 1},
		"another order":              {paid("EV-2", "M", 100), 2},
		"another type":               {envelope("EV-2", notify.UserConfirm, order("N", "USER_PAID", 100)), 2},
		"the next part of a payment": {paid("EV-2", "N", 200), 2},
		"another state":              {envelope("EV-2", notify.UserPaid, order("N", "USER_PAYING", 100)), 2},
		"another sub-merchant":       {envelope("EV-2", notify.UserPaid, strings.Replace(order("N", "USER_PAID", 100), "1900000109", "1900000108", 1)), 2},
		"another merchant":           {envelope("EV-2", notify.UserPaid, strings.Replace(order("N", "USER_PAID", 100), "1900000001", "1900000002", 1)), 2},
	} {
		calls := 0
		r := receiver(t, counter(&calls))
		if first, second := told(t, r, paid("EV-1", "N", 100)), told(t, r, test.second); first != 204 || second != 204 || calls != test.calls {
			t.Errorf("%s: %d %d, %d calls, want %d", name, first, second, calls, test.calls)
		}
	}
}

// The reference for exactly once: 500 notifications, each sent several times in
// any order to four handlers that share a Deduper, by a WeChat Pay that repeats
// what was not answered with 204. Every third fails the first time.
func TestManyHandlersDeliverOnce(t *testing.T) {
	const handlers, copies = 4, 3
	notifications := 500
	if testing.Short() {
		notifications = 100
	}
	var mu sync.Mutex
	done, tries := map[string]int{}, map[string]int{}
	handle := func(_ context.Context, e *notify.Event) error {
		mu.Lock()
		defer mu.Unlock()
		tries[e.ID]++
		if tries[e.ID] == 1 && strings.HasSuffix(e.ID, "7") {
			return errors.New("first time fails")
		}
		done[e.ID]++
		return nil
	}
	memory := notify.NewMemory()
	var receivers []*notify.Receiver
	for range handlers {
		receivers = append(receivers, receiver(t, handle, notify.WithDeduper(memory)))
	}
	type message struct {
		header http.Header
		body   []byte
	}
	var messages []message
	for i := range notifications {
		body := envelope(fmt.Sprintf("EV-%d", i), notify.UserPaid, order(fmt.Sprintf("N%d", i), "USER_PAID", i))
		header := sign(body, time.Now())
		for range copies {
			messages = append(messages, message{header, body})
		}
	}
	rand.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	queue := make(chan message, len(messages))
	for _, m := range messages {
		queue <- m
	}
	close(queue)
	var wg sync.WaitGroup
	for i := range 2 * handlers {
		wg.Go(func() {
			for m := range queue {
				for {
					status, _ := receivers[i%handlers].Receive(t.Context(), m.header, m.body)
					if status == http.StatusNoContent {
						break
					}
					if status != 409 && status != 500 {
						t.Errorf("status %d", status)
						break
					}
				}
			}
		})
	}
	wg.Wait()
	for i := range notifications {
		if n := done[fmt.Sprintf("EV-%d", i)]; n != 1 {
			t.Errorf("EV-%d done %d times", i, n)
		}
	}
	if len(done) != notifications {
		t.Errorf("%d done", len(done))
	}
}

func TestNewRefuses(t *testing.T) {
	f := func(context.Context, *notify.Event) error { return nil }
	key := aesKey(t, apiV3Key)
	for i, err := range []error{
		second(notify.New(nil, key, f)),
		second(notify.New(verifier(t), auth.APIv3Key{}, f)),
		second(notify.New(verifier(t), key, nil)),
		second(notify.New(verifier(t), key, f, notify.WithTimeout(0))),
		second(notify.New(verifier(t), key, f, notify.WithOldKey(auth.APIv3Key{}))),
	} {
		if err == nil {
			t.Errorf("%d accepted", i)
		}
	}
	if _, err := notify.New(verifier(t), key, f, nil, notify.WithDeduper(nil), notify.WithErrorFunc(nil)); err != nil {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }

// endless is a body that never ends.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	if e.read > 3*notify.MaxBody {
		return 0, io.EOF
	}
	return len(p), nil
}

func TestTheBodyIsBounded(t *testing.T) {
	calls := 0
	r := receiver(t, counter(&calls))
	// The whole of it verifies, and is refused all the same.
	body := envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 1))
	body = append(body, bytes.Repeat([]byte(" "), notify.MaxBody)...)
	if status := told(t, r, body); status != 413 || calls != 0 {
		t.Error(status, calls)
	}
	stream := &endless{}
	rsp := httptest.NewRecorder()
	r.ServeHTTP(rsp, httptest.NewRequest("POST", "/notify", stream))
	if rsp.Code != 413 || stream.read > 2*notify.MaxBody {
		t.Errorf("%d after %d bytes", rsp.Code, stream.read)
	}
}

// A Func may well fail with what a query of the order returned.
func TestTheErrorOfAFuncIsNotThatOfTheNotification(t *testing.T) {
	for _, err := range []error{
		fmt.Errorf("query: %w", auth.ErrUnverified), &auth.DecryptError{}, &notify.MalformedError{}, &http.MaxBytesError{}, notify.ErrInProgress, notify.ErrDone,
	} {
		r := receiver(t, func(context.Context, *notify.Event) error { return err })
		if status := told(t, r, envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 1))); status != 500 {
			t.Errorf("%v: %d", err, status)
		}
	}
}

// A key that has to be downloaded takes no longer than the notification may.
func TestVerificationIsBounded(t *testing.T) { synctest.Test(t, verificationIsBounded) }

func verificationIsBounded(t *testing.T) {
	source := keySource(func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	slow, err := auth.NewVerifierFrom(source)
	if err != nil {
		t.Fatal(err)
	}
	called := false
	r, err := notify.New(slow, aesKey(t, apiV3Key), func(context.Context, *notify.Event) error {
		called = true
		return nil
	}, notify.WithTimeout(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{}`)
	if status, _ := r.Receive(t.Context(), sign(body, time.Now()), body); status != http.StatusUnauthorized || called {
		t.Errorf("status %d, called %t", status, called)
	}
}

type keySource func(ctx context.Context) error

func (f keySource) Key(ctx context.Context, _ string) (auth.Key, error) { return auth.Key{}, f(ctx) }
func (keySource) PreferredID() string                                   { return "" }

// A client prints the whole request, keys of sessions included, in the error of a
// notification.
func TestPeerDefectErrorPrintsTheRequest(t *testing.T) {
	body := envelope("EV-1", notify.UserPaid, `{"mchid":"1","total_amount":"MARKER"}`)
	forged := sign(body, time.Now())
	forged.Set("Wechatpay-Signature", forged.Get("Wechatpay-Signature")[4:]+"MARK")
	for name, test := range map[string]struct {
		header http.Header
		body   []byte
	}{
		"plaintext":    {sign(body, time.Now()), body},
		"not verified": {forged, body},
		"unsigned":     {http.Header{}, []byte(`{"MARKER":1}`)},
		"not JSON":     {sign([]byte("MARKER"), time.Now()), []byte("MARKER")},
	} {
		var failure error
		r := receiver(t, counter(new(int)), notify.WithErrorFunc(func(err error) { failure = err }))
		req := httptest.NewRequest("POST", "/notify?token=MARKER", bytes.NewReader(test.body))
		req.Header = test.header
		req.Header.Set("Cookie", "session=MARKER")
		r.ServeHTTP(httptest.NewRecorder(), req)
		if failure == nil {
			t.Fatalf("%s: taken", name)
		}
		t.Log(failure) // internal/leaks reads it, too
		for _, text := range []string{failure.Error(), fmt.Sprintf("%+v", failure)} {
			for _, secret := range []string{"MARKER", "session", "http.Request", "&{", "\n", test.header.Get("Wechatpay-Signature")} {
				if secret != "" && strings.Contains(text, secret) {
					t.Errorf("%s: %q shows %q", name, text, secret)
				}
			}
		}
	}
}
