// Package hostile attacks the client with servers that do everything wrong.
//
// It has tests only. They use the exported API: auth, transport, the generated
// client, serviceorder and apierror. The servers write raw bytes over TCP and
// TLS and raw frames of HTTP/2, keep the order themselves and sign with
// crypto/rsa, so nothing of the client is checked against itself.
//
// Each case is one kind of fault, one fate of the order, one continuation and
// one write. The fate says whether the order was changed before the fault, not
// at all, or late: after the client gave up, or just before it queried the
// order. The continuation says what the next requests meet: the same fault, an
// honest server, or nobody.
//
// The rules of every case:
//
//   - The client says "carried out" only if the order was changed.
//   - It says "refused" or "not sent" only if the order was not changed.
//   - No Authorization arrives twice, of a write or of a query.
//   - No more requests arrive than the observer was told of, and exactly as
//     many where the server reads each of them.
//
// A client that always says "unknown" keeps these rules, so many kinds also
// demand the exact verdict, and serviceorder must find out the truth wherever
// its query is answered.
//
// It is a module of its own, because its tests need golang.org/x/net, whose
// version would otherwise become a minimum for importers.
package hostile
