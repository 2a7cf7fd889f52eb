// Package payscoreotel sends the calls of the client as package transport does
// and tells OpenTelemetry of them: a span for each call, named by the
// operationId of the contract, and metrics by operation. It is a module of its
// own, so that the client requires nothing of OpenTelemetry.
//
//	sender, err := payscoreotel.New(payscoreotel.Providers{}, signer, verifier)
//	...
//	client, err := payscore.New(payscore.DefaultServer, payscore.WithHTTPClient(sender))
//
// The span is a child of the caller's and goes on in the context, so that an
// instrumented RoundTripper adds its own below. Nothing of it is sent to WeChat
// Pay. It has an event for each attempt, payscore.attempt, one more,
// payscore.gave_up, when a repeat was announced and not made, and these
// attributes where there is a value:
//
//	http.request.method, url.template, server.address, server.port
//	http.response.status_code, http.request.resend_count, error.type
//	payscore.operation_id, payscore.out_order_no, payscore.outcome
//	payscore.error.code, payscore.error.number, payscore.request_id
//
// The metrics are
//
//	payscore.client.call.duration   histogram, s: a call with all its attempts and waits
//	payscore.client.attempts        counter: each request that was sent, or could not be
//
// both by payscore.operation_id, payscore.outcome and http.response.status_code;
// numbers of orders are on spans alone. An outcome is ok, refused, unknown or
// failed, see [transport.Outcome]. The status of a span is an error unless it
// is ok.
//
// Neither has a body, a header, a query or a message of WeChat Pay, and of the
// path's parameters only the order number: url.full, which the conventions ask
// for, would name users.
package payscoreotel
