package payscoreotel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/call"
	"github.com/wxpayscore/payscore/transport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/wxpayscore/payscore/otel"

// What no convention has a name for.
const (
	operationKey = attribute.Key("payscore.operation_id")
	orderKey     = attribute.Key("payscore.out_order_no")
	outcomeKey   = attribute.Key("payscore.outcome")
	codeKey      = attribute.Key("payscore.error.code")
	numberKey    = attribute.Key("payscore.error.number")
	requestKey   = attribute.Key("payscore.request_id")
	attemptKey   = attribute.Key("payscore.attempt")
	retryInKey   = attribute.Key("payscore.retry_in")
)

// Providers are what the spans and metrics go to. A nil one is the global
// provider of OpenTelemetry.
type Providers struct {
	Tracer trace.TracerProvider
	Meter  metric.MeterProvider
}

// Client sends like [transport.Client] and tells OpenTelemetry. It is what a
// generated client takes as its HTTP client. Safe for concurrent use.
type Client struct {
	next     *transport.Client
	tracer   trace.Tracer
	duration metric.Float64Histogram
	attempts metric.Int64Counter
}

// New returns a client that signs with signer and checks with verifier, as
// [transport.New] does with these options. An error is one of the meter
// provider's.
func New(to Providers, signer *auth.Signer, verifier *auth.Verifier, opts ...transport.Option) (*Client, error) {
	if to.Tracer == nil {
		to.Tracer = otel.GetTracerProvider()
	}
	if to.Meter == nil {
		to.Meter = otel.GetMeterProvider()
	}
	c := &Client{tracer: to.Tracer.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL))}
	meter := to.Meter.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))
	var err, err2 error
	c.duration, err = meter.Float64Histogram("payscore.client.call.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of a call with all its attempts and the waits between them."),
		// Those of http.client.request.duration, and what retries make of it.
		metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60))
	c.attempts, err2 = meter.Int64Counter("payscore.client.attempts", metric.WithUnit("{attempt}"),
		metric.WithDescription("Requests that were sent, or could not be."))
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	c.next = transport.New(signer, verifier, append(opts[:len(opts):len(opts)], transport.WithObserver(c.attempt))...)
	return c, nil
}

// lastKey is for the last attempt of a call. The observer runs in the goroutine of Do.
type lastKey struct{}

// Do sends req as (*transport.Client).Do does, with the same answers and errors.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if c == nil || c.next == nil {
		return nil, fmt.Errorf("payscoreotel: %w: the client does not come from New", apierror.ErrNotSent)
	}
	if req == nil || req.URL == nil {
		return c.next.Do(req) // which refuses it
	}
	info, _ := call.FromContext(req.Context())
	name := info.Operation
	if name == "" {
		name = method(req.Method)
	}
	ctx, span := c.tracer.Start(req.Context(), name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(about(req, info)...))
	defer span.End()
	var last transport.Attempt
	start := time.Now()
	rsp, err := c.next.Do(req.WithContext(context.WithValue(ctx, lastKey{}, &last)))
	took := time.Since(start)

	outcome := transport.OutcomeOf(rsp, err)
	c.duration.Record(ctx, took.Seconds(), metric.WithAttributeSet(dimensions(info, outcome, last.Status)))
	span.SetAttributes(outcomeKey.String(string(outcome)))
	if last.N > 0 {
		span.SetAttributes(answer(last)...)
		// A backup host may have answered.
		span.SetAttributes(server(last.Host)...)
	}
	if last.N > 1 {
		span.SetAttributes(semconv.HTTPRequestResendCount(last.N - 1))
	}
	if outcome != transport.OK {
		// The error's text names the path with its parameters.
		span.SetStatus(codes.Error, string(outcome))
		span.SetAttributes(semconv.ErrorTypeKey.String(errorType(rsp, err)))
	}
	return rsp, err
}

// NotSent makes the span of a call that ended before it came to Do, and tells
// the observers of it, see [transport.Client.NotSent].
func (c *Client) NotSent(ctx context.Context, verb string, start time.Time, err error) {
	if c == nil || c.next == nil {
		return
	}
	info, _ := call.FromContext(ctx)
	attrs := append(calling(info, verb), outcomeKey.String(string(transport.Failed)), semconv.ErrorTypeKey.String("not_sent"))
	name := info.Operation
	if name == "" {
		name = method(verb)
	}
	ctx, span := c.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...), trace.WithTimestamp(start))
	defer span.End()
	span.SetStatus(codes.Error, string(transport.Failed))
	c.duration.Record(ctx, time.Since(start).Seconds(), metric.WithAttributeSet(dimensions(info, transport.Failed, 0)))
	c.next.NotSent(ctx, verb, start, err)
}

// Check is that of [transport.Client].
func (c *Client) Check() error {
	if c == nil {
		return (*transport.Client)(nil).Check()
	}
	return c.next.Check()
}

// attempt is the transport's observer.
func (c *Client) attempt(ctx context.Context, a transport.Attempt) {
	if a.N == 0 { // nothing was sent
		return
	}
	if a.GaveUp != nil { // no attempt
		trace.SpanFromContext(ctx).AddEvent("payscore.gave_up", trace.WithAttributes(
			attemptKey.Int(a.N), outcomeKey.String(string(a.Outcome)), semconv.ErrorTypeKey.String(errorType(nil, a.GaveUp))))
		return
	}
	if last, ok := ctx.Value(lastKey{}).(*transport.Attempt); ok {
		*last = a
	}
	c.attempts.Add(ctx, 1, metric.WithAttributeSet(dimensions(a.Call, a.Outcome, a.Status)))
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	attrs := append(answer(a), attemptKey.Int(a.N), outcomeKey.String(string(a.Outcome)))
	attrs = append(attrs, server(a.Host)...)
	if a.Retry {
		attrs = append(attrs, retryInKey.Float64(a.Wait.Seconds()))
	}
	span.AddEvent("payscore.attempt", trace.WithAttributes(attrs...))
}

// about is what is known before anything is sent.
func about(req *http.Request, info call.Info) []attribute.KeyValue {
	return append(server(req.URL.Host), calling(info, req.Method)...)
}

// calling is what is known without a host.
func calling(info call.Info, verb string) []attribute.KeyValue {
	attrs := []attribute.KeyValue{semconv.HTTPRequestMethodKey.String(method(verb))}
	if info.Operation != "" {
		attrs = append(attrs, operationKey.String(info.Operation))
	}
	if info.Path != "" {
		attrs = append(attrs, semconv.URLTemplate(info.Path))
	}
	if info.OutOrderNo != "" {
		attrs = append(attrs, orderKey.String(info.OutOrderNo))
	}
	return attrs
}

func server(host string) []attribute.KeyValue {
	u := url.URL{Host: host}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		port = 443
	}
	return []attribute.KeyValue{semconv.ServerAddress(u.Hostname()), semconv.ServerPort(port)}
}

// answer is what came back.
func answer(a transport.Attempt) []attribute.KeyValue {
	var attrs []attribute.KeyValue
	if a.Status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(a.Status))
	}
	if a.Code != "" {
		attrs = append(attrs, codeKey.String(a.Code))
	}
	if a.Number != 0 {
		attrs = append(attrs, numberKey.Int64(a.Number))
	}
	if a.RequestID != "" {
		attrs = append(attrs, requestKey.String(a.RequestID))
	}
	return attrs
}

// dimensions are those of a metric. None can take a value that is not known
// beforehand, whatever comes from the network.
func dimensions(info call.Info, outcome transport.Outcome, status int) attribute.Set {
	attrs := []attribute.KeyValue{outcomeKey.String(string(outcome))}
	if info.Operation != "" {
		attrs = append(attrs, operationKey.String(info.Operation))
	}
	if status >= 100 && status < 600 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(status))
	}
	return attribute.NewSet(attrs...)
}

// method is one of those that the contract uses, as the conventions write another.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodPost:
		return m
	}
	return "_OTHER"
}

// errorType is one of few words, or a status.
func errorType(rsp *http.Response, err error) string {
	var send *transport.SendError
	var network net.Error
	switch {
	case err == nil:
		return strconv.Itoa(rsp.StatusCode)
	case errors.As(err, new(*transport.RefusedAfterUnknownError)):
		return "refused_after_unknown"
	case errors.As(err, &network) && network.Timeout(): // a context's deadline is one too
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &send) && send.NotSent:
		return "not_sent"
	case errors.As(err, new(*transport.UnverifiedError)):
		return "unverified"
	}
	return "no_answer"
}
