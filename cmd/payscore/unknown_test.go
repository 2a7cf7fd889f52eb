package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/catalog"
)

// onModify spoils the answers to POSTs, which the sandbox has carried out.
func onModify(change func(w http.ResponseWriter, answer *httptest.ResponseRecorder)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			change(w, answer)
		})
	}
}

func pass(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// flip changes the first character.
func flip(s string) string {
	if s[0] == 'A' {
		return "B" + s[1:]
	}
	return "A" + s[1:]
}

func TestModifyUnverified(t *testing.T) {
	for name, change := range map[string]func(http.Header){
		"no signature":    func(h http.Header) { h.Del(auth.HeaderSignature) },
		"wrong signature": func(h http.Header) { h.Set(auth.HeaderSignature, flip(h.Get(auth.HeaderSignature))) },
		"other nonce":     func(h http.Header) { h.Set(auth.HeaderNonce, "x") },
		"unknown key":     func(h http.Header) { h.Set(auth.HeaderSerial, "PUB_KEY_ID_2") },
		"old timestamp":   func(h http.Header) { h.Set(auth.HeaderTimestamp, "1600000000") },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.spoil = onModify(func(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
				change(answer.Header())
				pass(w, answer)
			})
			r := h.modify(t, example(t))
			r.wantCode(t, exitDone) // the order tells
			wantAll(t, r.err, "warning: the answer did not tell, but the order does: ", "answer 204", "not to be trusted")
			wantAll(t, r.out, "  answer         204 No Content\n", "  verified by    nothing", "Order after\n", "Done: 500.00 yuan -> 399.00 yuan")
			if strings.Contains(r.out, "verified by    public key") {
				t.Errorf("claims more than it knows:\n%s", r.out)
			}
			h.wantTotal(t, 39900)
		})
	}
}

func TestModifyUnverifiedJSON(t *testing.T) {
	h := newHost(t)
	h.spoil = onModify(func(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
		answer.Header().Del(auth.HeaderSignature)
		pass(w, answer)
	})
	r := h.modify(t, example(t), "--json")
	r.wantCode(t, exitDone)
	report := decodeJSON[changeReport](t, r.out)
	if report.Outcome != "carried out" || report.Call.VerifiedBy != "" || report.Call.RequestID == "" || *report.After.TotalAmount != 39900 || r.err != "" {
		t.Errorf("%+v, stderr %q", report, r.err)
	}

	h.downAfterModify()
	r = h.modify(t, example(t, "39900", "29900", "40000", "30000"), "--json")
	r.wantCode(t, exitUnknown)
	e := decodeJSON[errorReport](t, r.err)
	// The 503 is the query's.
	if report = decodeJSON[changeReport](t, r.out); !e.OutcomeUnknown || e.Status != 0 || e.Code != "" || e.RequestID == "" || e.RequestID != report.Call.RequestID || report.Outcome != "unknown" {
		t.Errorf("%+v, %+v", e, report)
	}
}

// An answer that ends early bears a signature, which nobody could check.
func TestModifyCutOff(t *testing.T) {
	h := newHost(t)
	h.spoil = onModify(func(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
		answer.Header().Set("Content-Length", "100")
		answer.Code = http.StatusOK
		pass(w, answer)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	r := h.modify(t, example(t))
	r.wantCode(t, exitDone)
	wantAll(t, r.err, "warning: the answer did not tell", "outcome unknown")
	wantAll(t, r.out, "  answer         200 OK\n", "  verified by    nothing", "Done: ")
}

func TestModifyDropped(t *testing.T) {
	h := newHost(t)
	h.spoil = onModify(func(http.ResponseWriter, *httptest.ResponseRecorder) { panic(http.ErrAbortHandler) })
	r := h.modify(t, example(t))
	r.wantCode(t, exitDone)
	wantAll(t, r.err, "warning: the answer did not tell", "no answer")
	wantAll(t, r.out, "POST /v3/", "  answer         none\n", "Order after\n", "Done: 500.00 yuan -> 399.00 yuan")
	h.wantRequests(t, 5) // the modification three times, and a query before and after
}

func TestModifyServerFailure(t *testing.T) {
	gateway := func(w http.ResponseWriter) {
		w.Header().Set(auth.HeaderSerial, "PUB_KEY_ID_1") // which signed nothing
		w.WriteHeader(http.StatusBadGateway)
	}
	t.Run("in front of an operation that was carried out", func(t *testing.T) {
		h := newHost(t)
		h.spoil = onModify(func(w http.ResponseWriter, _ *httptest.ResponseRecorder) { gateway(w) })
		r := h.modify(t, example(t), "--json")
		r.wantCode(t, exitDone)
		if report := decodeJSON[changeReport](t, r.out); report.Call.VerifiedBy != "" || report.Call.Status != 502 || report.Outcome != "carried out" {
			t.Errorf("%+v", report)
		}
	})
	t.Run("instead of it", func(t *testing.T) {
		h := newHost(t)
		h.spoil = func(box http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					gateway(w)
					return
				}
				box.ServeHTTP(w, r)
			})
		}
		r := h.modify(t, example(t), "--json")
		r.wantCode(t, exitFailed)
		report, e := decodeJSON[changeReport](t, r.out), decodeJSON[errorReport](t, r.err)
		if report.Outcome != "not carried out" || e.OutcomeUnknown || *report.After.TotalAmount != 50000 {
			t.Errorf("%+v, %+v", report, e)
		}
	})
	t.Run("and the order tells nothing", func(t *testing.T) {
		h := newHost(t)
		h.modify(t, example(t)).wantCode(t, exitDone)
		h.spoil = onModify(func(w http.ResponseWriter, _ *httptest.ResponseRecorder) { gateway(w) })
		r := h.modify(t, example(t), "--json") // to the total that it bears already
		r.wantCode(t, exitUnknown)
		if e := decodeJSON[errorReport](t, r.err); !e.OutcomeUnknown || e.Status != 502 || e.Retry != catalog.RetryAfterQuery {
			t.Errorf("%+v", e)
		}
	})
}

// downAfterModify answers queries after the modification with a failure.
func (h *host) downAfterModify() {
	var modified atomic.Bool
	next := h.spoil
	h.spoil = func(box http.Handler) http.Handler {
		if next != nil {
			box = next(box)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if modified.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			modified.Store(r.Method == http.MethodPost)
			box.ServeHTTP(w, r)
		})
	}
}

// The exit code is the modification's, not that of the query after it.
func TestModifyThenQueryFails(t *testing.T) {
	t.Run("carried out", func(t *testing.T) {
		h := newHost(t)
		h.downAfterModify()
		r := h.modify(t, example(t))
		r.wantCode(t, exitDone)
		if strings.Count(r.err, "\n") != 1 || strings.Contains(r.err, "unknown") {
			t.Errorf("stderr: %s", r.err)
		}
		wantAll(t, r.err, "warning: the query afterwards failed: ", "503")
		wantAll(t, r.out, "  answer         204 No Content\n")
	})
	t.Run("carried out, as JSON", func(t *testing.T) {
		h := newHost(t)
		h.downAfterModify()
		r := h.modify(t, example(t), "--json")
		r.wantCode(t, exitDone)
		if report := decodeJSON[changeReport](t, r.out); report.After != nil || !strings.Contains(report.AfterError, "503") || report.Call.Status != 204 {
			t.Errorf("%+v", report)
		}
		if r.err != "" {
			t.Errorf("stderr: %s", r.err)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		h := newHost(t)
		h.spoil = onModify(func(http.ResponseWriter, *httptest.ResponseRecorder) { panic(http.ErrAbortHandler) })
		h.downAfterModify()
		r := h.modify(t, example(t))
		r.wantCode(t, exitUnknown)
		warning, line, _ := strings.Cut(r.err, "\n")
		wantAll(t, warning, "warning: the query afterwards failed: ")
		result{err: line}.wantLine(t, "outcome unknown")
	})
}

// A query before the modification that fails leaves nothing unknown.
func TestModifyQueryBeforeUnverified(t *testing.T) {
	h := newHost(t)
	h.spoil = func(box http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			box.ServeHTTP(answer, r)
			answer.Header().Del(auth.HeaderSignature)
			pass(w, answer)
		})
	}
	r := h.modify(t, example(t))
	r.wantCode(t, exitFailed)
	r.wantLine(t, "not modified, since the query before it failed", "not to be trusted")
	if strings.Contains(r.err, "unknown") {
		t.Errorf("nothing is unknown: %s", r.err)
	}
	h.wantRequests(t, 3) // of the query
	h.wantTotal(t, 50000)
	if e := decodeJSON[errorReport](t, h.modify(t, example(t), "--json").err); e.OutcomeUnknown {
		t.Errorf("%+v", e)
	}
}

func TestConnectionRefused(t *testing.T) {
	h := newHost(t)
	r := h.modify(t, example(t), "--base-url", nowhere)
	r.wantCode(t, exitFailed)
	r.wantLine(t, "not modified", "connection refused")
	r = runArgs(t, "query", seedOutOrderNo, "--keys", h.dir, "--base-url", nowhere)
	r.wantCode(t, exitFailed)
	r.wantLine(t, "connection refused")
	wantAll(t, r.out, "  answer         none\n")
	h.wantRequests(t, 0)
}

// An interrupt during the modification leaves it unknown.
func TestInterrupted(t *testing.T) {
	h := newHost(t)
	ctx, interrupt := context.WithCancel(t.Context())
	h.spoil = func(box http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice a hang-up
				interrupt()
				<-r.Context().Done() // the client has hung up
				return
			}
			box.ServeHTTP(w, r)
		})
	}
	var out, errOut bytes.Buffer
	code := run(ctx, []string{"modify", seedOutOrderNo, "--keys", h.dir, "--body", write(t, "b.json", example(t))}, nil, &out, &errOut)
	r := result{code, out.String(), errOut.String()}
	r.wantCode(t, exitUnknown)
	wantAll(t, r.err, "context canceled", "outcome unknown")
}

// One before it keeps it from being sent, and the query is not shown as if it
// were the modification.
func TestInterruptedBeforeModify(t *testing.T) {
	h := newHost(t)
	ctx, interrupt := context.WithCancel(t.Context())
	out := &hook{on: "Order before", do: interrupt}
	var errOut bytes.Buffer
	code := run(ctx, []string{"modify", seedOutOrderNo, "--keys", h.dir, "--body", write(t, "b.json", example(t))}, nil, out, &errOut)
	result{code, out.String(), errOut.String()}.wantCode(t, exitFailed)
	if strings.Contains(out.String(), "GET") {
		t.Errorf("shows the query:\n%s", out)
	}
	h.wantRequests(t, 1)
	h.wantTotal(t, 50000)
}

// hook calls do when on is written.
type hook struct {
	bytes.Buffer
	on string
	do func()
}

func (h *hook) Write(b []byte) (int, error) {
	if strings.Contains(string(b), h.on) {
		h.do()
	}
	return h.Buffer.Write(b)
}

// The body leaves service_id out, so the flag names it in each query: before,
// to settle the outcome, and after.
func TestModifyQueriesWithTheService(t *testing.T) {
	h := newHost(t)
	var queries []string
	h.spoil = func(box http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				queries = append(queries, r.URL.Query().Get("service_id"))
				box.ServeHTTP(w, r)
				return
			}
			box.ServeHTTP(httptest.NewRecorder(), r)
			w.WriteHeader(http.StatusBadGateway)
		})
	}
	body := example(t, `"service_id": "2002000000000558128851361561536",`, "")
	r := h.modify(t, body, "--service-id", h.account.ServiceID)
	r.wantCode(t, exitDone)
	if len(queries) != 2 || queries[0] != h.account.ServiceID || queries[1] != h.account.ServiceID {
		t.Errorf("queried with the services %q\n%s", queries, r.err)
	}
}
