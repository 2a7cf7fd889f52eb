package transport_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/wxpayscore/payscore/transport"
)

// Whatever comes over the wire from who does not have the key: no panic, no
// success, no end without a type, and none later than the time for it.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		"",
		"HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nRequest-ID: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\nRequest-ID: 08-268435472\r\nContent-Length: 16\r\n\r\n{\"code\":\"MARK\"}\n",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"HTTP/1.1 202 Accepted\r\nRetry-After: 99999999999999999999\r\n\r\n",
		"HTTP/1.1 307 Temporary Redirect\r\nLocation: ://\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n",
		"HTTP/1.1 500 Oops\r\nWechatpay-Signature: eA==\r\nWechatpay-Timestamp: 1750000000\r\nWechatpay-Nonce: a\r\nWechatpay-Serial: " + keyID + "\r\n\r\n",
		"HTTP/1.1 999 \r\n\r\n", "HTTP/1.1 000 \r\n\r\n", "HTTP/2.0 204 No\r\n\r\n", "HTTP/1.1 204\n\n",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, answer string, hangUp bool) {
		rt := transport.NewRoundTripper()
		defer rt.CloseIdleConnections()
		rt.DialContext = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				if req, err := http.ReadRequest(bufio.NewReader(there)); err == nil {
					io.Copy(io.Discard, req.Body)
					io.WriteString(there, answer)
				}
				if hangUp {
					there.Close()
				} else {
					io.Copy(io.Discard, there) // until the other side has had enough
				}
			}()
			return here, nil
		}
		var last transport.Attempt
		client := newClient(transport.WithRoundTripper(rt), transport.WithTimeout(200*time.Millisecond),
			transport.WithObserver(func(_ context.Context, a transport.Attempt) { last = a }))
		start := time.Now()
		rsp, err := client.Do(request(t, "POST", "http://api.invalid"+modifyPath+"?"+secretQuery, secretBody))
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("took %s", took)
		}
		outcome := transport.OutcomeOf(rsp, err)
		if outcome == transport.OK || last.Outcome != outcome || (rsp == nil) == (err == nil) {
			t.Fatalf("%s, told %s: %v", outcome, last.Outcome, err)
		}
		if err == nil {
			if rsp.StatusCode < 300 || rsp.StatusCode >= 500 != (outcome == transport.Unknown) {
				t.Errorf("%d is %s", rsp.StatusCode, outcome)
			}
			bodyOf(t, rsp)
			return
		}
		if !errors.As(err, new(*transport.SendError)) && !errors.As(err, new(*transport.UnverifiedError)) || outcome != transport.Unknown {
			t.Errorf("%s, %T", outcome, err)
		}
		text := err.Error()
		if strings.ContainsFunc(text, unicode.IsControl) || strings.Contains(text, "MARKER") || strings.Contains(text, "nonce_str") || len(text) > 4000 {
			t.Error("the text of the error is not fit for a log")
		}
	})
}
