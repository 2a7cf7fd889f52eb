package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/gen/catalog"
)

// A proxy changes what was signed on its way.
func TestSignErrorShowsTheDifference(t *testing.T) {
	for _, test := range []struct {
		name, method string
		change       func(*http.Request)
		want         string
	}{
		{"query", http.MethodGet, func(r *http.Request) { r.URL.RawQuery += "&a=b"; r.RequestURI += "&a=b" }, "line 2, the URL: from byte "},
		{"body", http.MethodPost, func(r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(append(b, ' ')))
		}, "one byte shorter than what the server saw"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t)
			h.spoil = func(box http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == test.method {
						test.change(r)
					}
					box.ServeHTTP(w, r)
				})
			}
			run := func(args ...string) result { return h.modify(t, example(t), args...) }
			if test.name == "query" {
				run = func(args ...string) result {
					return runArgs(t, append([]string{"query", seedOutOrderNo, "--keys", h.dir}, args...)...)
				}
			}
			r := run()
			r.wantCode(t, exitFailed)
			r.wantLine(t, "401 SIGN_ERROR", "; ", test.want)
			e := decodeJSON[errorReport](t, run("--json").err)
			if !strings.Contains(e.Difference, test.want) || e.Number != 270924332 || e.Retry != catalog.RetryNever || e.Remedy == nil || e.Remedy.ZH == "" {
				t.Errorf("%+v", e)
			}
			h.wantTotal(t, 50000)
		})
	}
}

// What --json says about an error is what the catalogue says.
func TestErrorsCarryAdvice(t *testing.T) {
	h := newHost(t)
	number, _ := catalog.NumberOf(268435464)
	e := decodeJSON[errorReport](t, h.modify(t, example(t, "39900", "40000"), "--json").err)
	if e.Number != number.Number || e.Retry != number.Retry || e.Meaning == nil || *e.Meaning != (translation{number.Meaning.EN, number.Meaning.ZH}) ||
		e.Remedy == nil || *e.Remedy != (translation{number.Remedy.EN, number.Remedy.ZH}) || e.Difference != "" {
		t.Errorf("%+v", e)
	}

	status := func(method string, status int) func(http.Handler) http.Handler {
		return func(box http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == method {
					w.WriteHeader(status)
					return
				}
				box.ServeHTTP(w, r)
			})
		}
	}
	h.spoil = status(http.MethodPost, 502)
	// The order is read, and tells that the 502 came instead of the operation.
	if e = decodeJSON[errorReport](t, h.modify(t, example(t), "--json").err); e.Retry != "" || e.OutcomeUnknown || e.Meaning != nil {
		t.Errorf("%+v", e)
	}
	h.spoil = status(http.MethodGet, 502)
	if e = decodeJSON[errorReport](t, h.modify(t, example(t), "--json").err); e.Retry != catalog.RetrySameParameters || e.OutcomeUnknown {
		t.Errorf("%+v", e)
	}
	h.spoil = nil
	h.modify(t, example(t)).wantCode(t, exitDone) // from here on the order does not tell what becomes of another one
	h.spoil = status(http.MethodPost, 502)
	if e = decodeJSON[errorReport](t, h.modify(t, example(t), "--json").err); e.Retry != catalog.RetryAfterQuery || !e.OutcomeUnknown || e.Meaning == nil {
		t.Errorf("%+v", e)
	}
	h.spoil = onModify(func(http.ResponseWriter, *httptest.ResponseRecorder) { panic(http.ErrAbortHandler) })
	if e = decodeJSON[errorReport](t, h.modify(t, example(t), "--json").err); e.Retry != catalog.RetryAfterQuery || e.Meaning != nil {
		t.Errorf("%+v", e)
	}
	if e = decodeJSON[errorReport](t, h.modify(t, "{", "--json").err); e.Retry != "" || e.Meaning != nil || e.Remedy != nil {
		t.Errorf("%+v", e)
	}
}
