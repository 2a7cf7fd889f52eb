// Package transport sends requests to WeChat Pay the way money asks for: it
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
// [ErrOutcomeUnknown]: the operation may have been carried out, so query
// before doing anything else. Any other refusal of the API is no error here;
// the generated client makes an *apierror.Error of it.
//
// [WithRetry] changes how calls are repeated, [Once] keeps one call from it,
// and [WithBackupHosts] names hosts to go to when one is not to be reached:
//
//	transport.New(signer, verifier, transport.WithBackupHosts(payscore.BackupServer))
//
// [WithObserver] is told of each attempt, for logs and counters:
//
//	transport.New(signer, verifier, transport.WithObserver(transport.LogAttempts(slog.Default())))
package transport
