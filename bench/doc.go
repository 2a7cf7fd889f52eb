// Package bench compares this client with wechatpay-go, gopay and a floor of bare
// net/http and crypto/rsa. All do the same work on the same server, which runs in a
// process of its own so that the figures are those of the client.
//
//	go test -bench . -benchtime 1s ./...  # the figures of one run
//	make bench                            # all of them, interleaved, into docs/performance.md
//
// gopay has no call for partner modify: its rows are partner complete with the
// same body, to which the server gives the same answer.
//
// Its tests check bounds on allocations. Command peer runs both peers on the
// sandbox, for interop/matrix.
package bench
