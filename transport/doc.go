// Package transport sends requests to WeChat Pay with the care that payments need: it
// signs what is unsigned, verifies each answer over its raw bytes before
// anything decodes them, follows no redirect, reads no more than it should,
// keeps idle connections for less time than the server does, and sends again,
// with the same bytes and a new signature, what is safe to send again.
//
//	signer, err := auth.LoadSigner("1900000001", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "apiclient_key.pem")
//	...
//	verifier, err := auth.NewVerifier(key)
//	...
//	client, err := payscore.New(payscore.DefaultServer,
//		payscore.WithHTTPClient(transport.New(signer, verifier)))
//
// What went wrong is a typed error. An [*UnverifiedError], a [*SendError] that
// may have reached the server and a [*RefusedAfterUnknownError] are
// [ErrOutcomeUnknown] if the request was a write: the operation may have been
// carried out, so query before doing anything else. A refusal is no error here;
// the generated client makes an *apierror.Error of it. A write is refused only
// if the refusal has WeChat Pay's signature, or is a 401 SIGN_ERROR, which
// comes unsigned. Any other unsigned answer to a write, such as the 404 or 499 of
// a gateway, leaves the outcome unknown.
//
// Each attempt is one request on the wire. By itself net/http sends a request
// again when a connection fails, a write over HTTP/2 too, with the same
// signature and unseen. Here it gets no GetBody, and no second connection for
// the same attempt. The default is HTTP/1.1, which WeChat Pay's hosts speak; see
// [NewRoundTripper] for HTTP/2.
//
// [WithRetry] changes how calls are repeated, [WithoutRetry] keeps one call from it,
// and [WithBackupHosts] names hosts to go to when one is not to be reached:
//
//	transport.New(signer, verifier, transport.WithBackupHosts(payscore.BackupServer))
//
// [WithObserver] adds a function that is called for each attempt, and for each call
// that ends before its first one, for logs and counters:
//
//	transport.New(signer, verifier, transport.WithObserver(transport.LogAttempts(slog.Default())))
package transport
