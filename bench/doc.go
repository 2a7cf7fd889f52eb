// Package bench measures this client beside wechatpay-go, gopay and a floor:
// net/http and crypto/rsa with nothing else around them. All do the same work
// against the same server, which runs in a process of its own so that the
// figures are the client's.
//
//	go test -bench . -benchtime 1s ./...  # the figures of one run
//	make bench                            # all of them, interleaved, into docs/performance.md
//
// gopay has no call for partner modify: its rows are partner complete with the
// same body, to which the server gives the same answer.
//
// Its tests hold the allocations to their bounds, and let both peers call the
// sandbox, of which they know nothing.
package bench
