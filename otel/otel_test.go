package payscoreotel_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	payscoreotel "github.com/wxpayscore/payscore/otel"
	"github.com/wxpayscore/payscore/transport"
)

const (
	orderNo   = "1234323JKHDFE1243252"
	requestID = "08F78BB5AF0610D302189F8CD10220A7ABD5B4012893B105-0"
	keyID     = "PUB_KEY_ID_0119000000012025061500000000000001"
)

var (
	merchantKey = sync.OnceValue(newKey)
	wechatKey   = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func signer() *auth.Signer {
	return must(auth.NewSigner("1900000001", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", merchantKey()))
}

func verifier() *auth.Verifier {
	return must(auth.NewVerifier(auth.Key{ID: keyID, PublicKey: &wechatKey().PublicKey}))
}

// hangs sends a request and gets no answer.
type hangs struct{}

func (hangs) RoundTrip(r *http.Request) (*http.Response, error) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// answer is what the server gives to one request.
type answer struct {
	status  int    // 0 hangs up
	body    string // of the answer
	id      string // request id, in place of the usual one
	unsaid  bool   // without a signature
	timeout bool   // does not come; the server is not asked
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	if !a.unsaid {
		timestamp, nonce := strconv.FormatInt(time.Now().Unix(), 10), "c5ac7061fccab6bf3e254dcf98995b8c"
		digest := sha256.Sum256([]byte(timestamp + "\n" + nonce + "\n" + a.body + "\n"))
		for name, value := range map[string]string{
			"Wechatpay-Timestamp": timestamp, "Wechatpay-Nonce": nonce, "Wechatpay-Serial": keyID, "Request-ID": requestID,
			"Wechatpay-Signature": base64.StdEncoding.EncodeToString(must(rsa.SignPKCS1v15(nil, wechatKey(), crypto.SHA256, digest[:]))),
		} {
			w.Header().Set(name, value)
		}
	}
	if a.id != "" {
		w.Header().Set("Request-ID", a.id)
	}
	w.WriteHeader(a.status)
	io.WriteString(w, a.body)
}

// rig is a client with exporters in memory, on a server that gives one answer
// after the other, and the last one again.
type rig struct {
	*payscore.Client
	server   *httptest.Server
	spans    *tracetest.InMemoryExporter
	reader   *sdkmetric.ManualReader
	tracer   *sdktrace.TracerProvider
	mu       sync.Mutex
	requests []http.Header
}

func newRig(t *testing.T, opts []transport.Option, answers ...answer) *rig {
	t.Helper()
	r := &rig{spans: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader()}
	r.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		io.Copy(io.Discard, req.Body)
		r.mu.Lock()
		a := answers[min(len(r.requests), len(answers)-1)]
		r.requests = append(r.requests, req.Header)
		r.mu.Unlock()
		a.write(w, req)
	}))
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.server.Start()
	t.Cleanup(r.server.Close)
	r.tracer = sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans))
	opts = append([]transport.Option{transport.WithRetry(transport.Retry{FirstWait: time.Millisecond})}, opts...)
	sender, err := payscoreotel.New(payscoreotel.Providers{Tracer: r.tracer, Meter: sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))},
		signer(), verifier(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	r.Client = must(payscore.New(r.server.URL, payscore.WithHTTPClient(sender)))
	return r
}

// sent are the headers of the requests that came in.
func (r *rig) sent() []http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

func (r *rig) modify(ctx context.Context) error {
	return r.ModifyPartnerServiceOrder(ctx, orderNo, payscore.ModifyPartnerServiceOrderRequest{
		SubMchID: "1900000109", TotalAmount: 39900, Reason: "MARKER reason",
		PostPayments: []payscore.Payment{{Name: new("MARKER payment"), Amount: new(int64(39900))}},
	})
}

func values(attrs []attribute.KeyValue) map[string]any {
	m := map[string]any{}
	for _, a := range attrs {
		m[string(a.Key)] = a.Value.AsInterface()
	}
	return m
}

// metrics are the counts of each metric, by the values of its attributes.
func (r *rig) metrics(t *testing.T) map[string]map[string]int {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := r.reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]int{}
	for _, s := range data.ScopeMetrics {
		if s.Scope.Name != "github.com/wxpayscore/payscore/otel" {
			t.Errorf("scope %s", s.Scope.Name)
		}
		for _, m := range s.Metrics {
			all[m.Name] = map[string]int{}
			add := func(set attribute.Set, n int) {
				all[m.Name][fmt.Sprint(values(set.ToSlice()))] += n
			}
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					add(p.Attributes, int(p.Value))
				}
			case metricdata.Histogram[float64]:
				for _, p := range d.DataPoints {
					if m.Unit != "s" || p.Sum <= 0 || p.Sum > 60 {
						t.Errorf("%s: %v %s", m.Name, p.Sum, m.Unit)
					}
					add(p.Attributes, int(p.Count))
				}
			}
		}
	}
	return all
}

func TestSpanOfACall(t *testing.T) {
	const refusal = `{"code":"PARAM_ERROR","message":"planted message"}`
	id := func(status int, more map[string]any) map[string]any {
		m := map[string]any{"http.response.status_code": int64(status), "payscore.request_id": requestID}
		for k, v := range more {
			if m[k] = v; v == nil {
				delete(m, k)
			}
		}
		return m
	}
	for _, c := range []struct {
		name     string
		answers  []answer
		outcome  string
		last     map[string]any // attributes that tell of the end
		attempts []string       // outcome of each
	}{
		{"carried out", []answer{{status: 204}}, "ok", id(204, nil), []string{"ok"}},
		{"refused", []answer{{status: 400, body: refusal, id: "08F7-268435468"}}, "refused",
			id(400, map[string]any{"payscore.error.code": "PARAM_ERROR", "payscore.error.number": int64(268435468),
				"payscore.request_id": "08F7-268435468", "error.type": "400"}), []string{"refused"}},
		{"carried out the second time", []answer{{status: 429, body: `{"code":"FREQUENCY_LIMITED"}`}, {status: 204}}, "ok",
			id(204, map[string]any{"http.request.resend_count": int64(1)}), []string{"refused", "ok"}},
		{"unsigned", []answer{{status: 204, unsaid: true}}, "unknown",
			id(204, map[string]any{"payscore.request_id": nil, "error.type": "unverified"}), []string{"unknown"}},
		{"another success", []answer{{status: 200, body: "{}"}}, "unknown", id(200, map[string]any{"error.type": "200"}), []string{"unknown"}},
		{"failures", []answer{{status: 502, unsaid: true}}, "unknown",
			id(502, map[string]any{"payscore.request_id": nil, "error.type": "502", "http.request.resend_count": int64(2)}),
			[]string{"unknown", "unknown", "unknown"}},
		{"refused after unknown", []answer{{status: 500, body: `{"code":"SYSTEM_ERROR"}`}, {status: 400, body: refusal}}, "unknown",
			id(400, map[string]any{"payscore.error.code": "PARAM_ERROR", "error.type": "refused_after_unknown", "http.request.resend_count": int64(1)}),
			[]string{"unknown", "unknown"}},
		{"no answer", []answer{{}}, "unknown", map[string]any{"error.type": "no_answer", "http.request.resend_count": int64(2)},
			[]string{"unknown", "unknown", "unknown"}},
		{"timeout", []answer{{timeout: true}}, "unknown", map[string]any{"error.type": "timeout", "http.request.resend_count": int64(2)},
			[]string{"unknown", "unknown", "unknown"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var opts []transport.Option
			if c.answers[0].timeout {
				opts = append(opts, transport.WithTimeout(10*time.Millisecond), transport.WithRoundTripper(hangs{}))
			}
			r := newRig(t, opts, c.answers...)
			ctx, parent := r.tracer.Tracer("test").Start(t.Context(), "parent")
			err := r.modify(ctx)
			parent.End()
			if (err == nil) != (c.outcome == "ok") || errors.Is(err, transport.ErrOutcomeUnknown) != (c.outcome == "unknown") {
				t.Fatal(err)
			}
			spans := r.spans.GetSpans()
			if len(spans) != 2 {
				t.Fatalf("%d spans", len(spans))
			}
			s := spans[0]
			if s.Name != "modifyPartnerServiceOrder" || s.SpanKind != trace.SpanKindClient ||
				s.Parent.SpanID() != parent.SpanContext().SpanID() || !s.EndTime.After(s.StartTime) {
				t.Errorf("%+v", s)
			}
			if (s.Status.Code == codes.Error) != (c.outcome != "ok") {
				t.Errorf("status %v", s.Status)
			}
			host, port, _ := strings.Cut(strings.TrimPrefix(r.server.URL, "http://"), ":")
			want := map[string]any{
				"http.request.method": "POST", "url.template": "/v3/payscore/partner/serviceorder/{out_order_no}/modify",
				"server.address": host, "server.port": int64(must(strconv.Atoi(port))),
				"payscore.operation_id": "modifyPartnerServiceOrder", "payscore.out_order_no": orderNo, "payscore.outcome": c.outcome,
			}
			for k, v := range c.last {
				want[k] = v
			}
			if got := values(s.Attributes); !reflect.DeepEqual(got, want) {
				t.Errorf("attributes\ngot  %v\nwant %v", got, want)
			}
			if len(s.Events) != len(c.attempts) {
				t.Fatalf("%d events", len(s.Events))
			}
			for i, e := range s.Events {
				got := values(e.Attributes)
				_, retries := got["payscore.retry_in"]
				if e.Name != "payscore.attempt" || got["payscore.attempt"] != int64(i+1) || got["payscore.outcome"] != c.attempts[i] ||
					retries != (i < len(c.attempts)-1) || got["server.address"] != host {
					t.Errorf("event %d: %s %v", i, e.Name, got)
				}
			}
			metrics := r.metrics(t)
			calls, tries := 0, 0
			for set, n := range metrics["payscore.client.call.duration"] {
				if calls += n; !strings.Contains(set, "payscore.operation_id:modifyPartnerServiceOrder payscore.outcome:"+c.outcome) {
					t.Errorf("duration of %s", set)
				}
			}
			for set, n := range metrics["payscore.client.attempts"] {
				if tries += n; strings.Contains(set, orderNo) || strings.Contains(set, "PARAM") {
					t.Errorf("an attribute without bounds: %s", set)
				}
			}
			if calls != 1 || tries != len(c.attempts) || len(metrics) != 2 {
				t.Errorf("metrics %v", metrics)
			}
		})
	}
}

func TestNotSent(t *testing.T) {
	r := newRig(t, nil, answer{status: 204})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.modify(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s := r.spans.GetSpans()[0]
	got := values(s.Attributes)
	if got["payscore.outcome"] != "failed" || got["error.type"] != "canceled" || s.Status.Code != codes.Error || len(s.Events) != 0 {
		t.Errorf("%v %v", got, s.Status)
	}
	if m := r.metrics(t); len(m["payscore.client.attempts"]) != 0 || len(m["payscore.client.call.duration"]) != 1 {
		t.Error(m)
	}
	r.server.Close()
	if err := r.modify(t.Context()); err == nil {
		t.Fatal("sent")
	}
	if got := values(r.spans.GetSpans()[1].Attributes); got["error.type"] != "not_sent" || got["payscore.outcome"] != "failed" {
		t.Error(got)
	}
}

// The repeat that is given up is on the span, and no metric counts it.
func TestGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ends := transport.WithObserver(func(_ context.Context, a transport.Attempt) {
		if a.Retry {
			cancel()
		}
	})
	r := newRig(t, []transport.Option{ends, transport.WithRetry(transport.Retry{FirstWait: time.Minute, LongestWait: time.Minute})}, answer{})
	if err := r.modify(ctx); !errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Fatal(err)
	}
	s := r.spans.GetSpans()[0]
	if len(s.Events) != 2 || s.Events[0].Name != "payscore.attempt" || s.Events[1].Name != "payscore.gave_up" {
		t.Fatalf("events %+v", s.Events)
	}
	want := map[string]any{"payscore.attempt": int64(1), "payscore.outcome": "unknown", "error.type": "canceled"}
	if got := values(s.Events[1].Attributes); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	got := values(s.Attributes)
	if got["payscore.outcome"] != "unknown" || got["http.request.resend_count"] != nil || s.Status.Code != codes.Error {
		t.Errorf("%v %v", got, s.Status)
	}
	tries := 0
	for _, n := range r.metrics(t)["payscore.client.attempts"] {
		tries += n
	}
	if tries != 1 || len(r.sent()) != 1 {
		t.Errorf("%d attempts counted, %d sent", tries, len(r.sent()))
	}
}

// A backup host without a port must not keep the port of the first.
func TestBackupHost(t *testing.T) {
	broken := transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, errors.New("broken " + r.URL.Host)
	}))
	r := newRig(t, []transport.Option{broken, transport.WithBackupHosts("https://backup.invalid")}, answer{})
	if err := r.modify(t.Context()); err == nil {
		t.Fatal("sent")
	}
	s := r.spans.GetSpans()[0] // first host, backup, first host
	if got := values(s.Events[1].Attributes); got["server.address"] != "backup.invalid" || got["server.port"] != int64(443) {
		t.Error(got)
	}
	if got := values(s.Attributes); got["server.address"] != "127.0.0.1" {
		t.Error(got)
	}
	twice := transport.WithRetry(transport.Retry{Attempts: 2, FirstWait: time.Millisecond})
	r = newRig(t, []transport.Option{broken, twice, transport.WithBackupHosts("https://backup.invalid")}, answer{})
	if err := r.modify(t.Context()); err == nil {
		t.Fatal("sent")
	}
	if got := values(r.spans.GetSpans()[0].Attributes); got["server.address"] != "backup.invalid" || got["server.port"] != int64(443) {
		t.Errorf("not the host of the last attempt: %v", got)
	}
}

// Who can write to the connection must not be able to make a thousand series.
func TestStatusThatIsNone(t *testing.T) {
	odd := transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 999, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}))
	r := newRig(t, []transport.Option{odd}, answer{})
	if err := r.modify(t.Context()); err == nil {
		t.Fatal("carried out")
	}
	if m := fmt.Sprint(r.metrics(t)); strings.Contains(m, "999") || !strings.Contains(m, "outcome:unknown") {
		t.Error(m)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The span is in the context below, and nothing of it goes to WeChat Pay.
func TestPropagation(t *testing.T) {
	var below trace.SpanContext
	nested := transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		below = trace.SpanContextFromContext(r.Context())
		return http.DefaultTransport.RoundTrip(r)
	}))
	r := newRig(t, []transport.Option{nested}, answer{status: 204})
	if err := r.modify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := r.spans.GetSpans()[0]; below.SpanID() != s.SpanContext.SpanID() {
		t.Errorf("%v is in the context, not %v", below, s.SpanContext)
	}
	for name, values := range r.sent()[0] {
		if text := fmt.Sprint(name, values); strings.Contains(text, below.TraceID().String()) || strings.Contains(text, "modifyPartner") {
			t.Errorf("sent to WeChat Pay: %s", name)
		}
	}
}

// Every secret is planted into a call, and none may be in a span or a metric.
func TestSecretsStayOut(t *testing.T) {
	const openid, service, said = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "2002000000000558128851361561536", "planted answer"
	body := fmt.Sprintf(`{"code":"PARAM_ERROR","message":%q,"detail":{"value":%q}}`, said, openid)
	for _, a := range []answer{{}, {status: 200, body: body, unsaid: true}, {status: 500, body: body}, {status: 400, body: body}} {
		r := newRig(t, nil, a)
		_, err := r.QueryPermissionByOpenid(t.Context(), openid, payscore.QueryPermissionByOpenidParams{AppID: "wxd678efh567hg6787", ServiceID: service})
		err2 := r.TerminatePermissionByOpenid(t.Context(), openid,
			payscore.TerminatePermissionByOpenidRequest{AppID: new("wxd678efh567hg6787"), ServiceID: service, Reason: "MARKER reason"})
		if err == nil || err2 == nil || r.modify(t.Context()) == nil || len(r.sent()) < 3 {
			t.Fatal(err, err2, len(r.sent()))
		}
		var told strings.Builder
		for _, s := range r.spans.GetSpans() {
			fmt.Fprintln(&told, s.Name, values(s.Attributes), s.Status.Description)
			for _, e := range s.Events {
				fmt.Fprintln(&told, e.Name, values(e.Attributes))
			}
		}
		fmt.Fprintln(&told, r.metrics(t))
		t.Log(told.String()) // internal/leaks reads it, too
		if !strings.Contains(told.String(), "{openid}/terminate") {
			t.Error(told.String())
		}
		secrets := []string{openid, service, said, "planted", "MARKER", "wxd678efh567hg6787", "1900000109", "nonce_str", "WECHATPAY2", "PRIVATE KEY"}
		for _, h := range r.sent() {
			_, signature, ok := strings.Cut(h.Get("Authorization"), `signature="`)
			if !ok {
				t.Fatal("not signed")
			}
			secrets = append(secrets, signature[:40])
		}
		for _, secret := range secrets {
			if strings.Contains(told.String(), secret) {
				t.Errorf("%.20q is told", secret)
			}
		}
	}
}

// A request of no operation, with a method that nobody knows.
func TestOtherRequests(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	sender := must(payscoreotel.New(payscoreotel.Providers{Tracer: sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))}, signer(), verifier(),
		transport.WithRoundTripper(roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF })),
		transport.WithRetry(transport.Retry{Attempts: 1})))
	for _, method := range []string{"GET", "BREW"} {
		if _, err := sender.Do(must(http.NewRequest(method, "https://api.invalid/v3/x/"+orderNo, nil))); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	}
	spans := exporter.GetSpans()
	if spans[0].Name != "GET" || spans[1].Name != "_OTHER" {
		t.Error(spans[0].Name, spans[1].Name)
	}
	for _, s := range spans {
		if strings.Contains(fmt.Sprint(values(s.Attributes)), orderNo) {
			t.Error(values(s.Attributes))
		}
	}
}

func TestGlobalProviders(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	before := otel.GetTracerProvider()
	defer otel.SetTracerProvider(before)
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter)))
	sender := must(payscoreotel.New(payscoreotel.Providers{}, signer(), verifier(),
		transport.WithRoundTripper(roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF })),
		transport.WithRetry(transport.Retry{Attempts: 1})))
	sender.Do(must(http.NewRequest("GET", "https://api.invalid/v3/x", nil)))
	if len(exporter.GetSpans()) != 1 {
		t.Error("nothing came to the global provider")
	}
}

type brokenProvider struct{ noop.MeterProvider }

type brokenMeter struct{ noop.Meter }

var errBroken = errors.New("broken")

func (brokenProvider) Meter(string, ...metric.MeterOption) metric.Meter { return brokenMeter{} }

func (brokenMeter) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return nil, errBroken
}

func TestBrokenMeter(t *testing.T) {
	if c, err := payscoreotel.New(payscoreotel.Providers{Meter: brokenProvider{}}, signer(), verifier()); !errors.Is(err, errBroken) || c != nil {
		t.Error(c, err)
	}
}

// The client holds a signer, of which nothing may be printed.
func TestClientPrintsNoKey(t *testing.T) {
	key := newKey()
	sender := must(payscoreotel.New(payscoreotel.Providers{}, must(auth.NewSigner("1900000001", "ABCD", key)), verifier()))
	held := struct{ sender *payscoreotel.Client }{sender}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(verb+verb+verb, sender, *sender, held)
		for _, secret := range []string{key.D.String(), key.D.Text(16), key.Primes[0].String(), strings.Trim(fmt.Sprint(key.D.Bits()), "[]")} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows the key", verb)
			}
		}
	}
}
