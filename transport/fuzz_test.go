package transport_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/transport"
)

// hostile are answers of a server that does not have WeChat Pay's key.
var hostile = []string{
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
	"HTTP/1.1 401 Unauthorized\r\nContent-Length: 21\r\n\r\n{\"code\":\"SIGN_ERROR\"}",
	"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<html>MARKER</html>",
	"HTTP/1.1 429 Slow\r\nContent-Length: 30\r\n\r\n{\"code\":\"FREQUENCY_LIMITED\"",
	"HTTP/1.1 500 Oops\r\nWechatpay-Signature: eA==\r\nWechatpay-Timestamp: 1750000000\r\nWechatpay-Nonce: a\r\nWechatpay-Serial: " + keyID + "\r\n\r\n",
	"HTTP/1.1 999 \r\n\r\n", "HTTP/1.1 000 \r\n\r\n", "HTTP/2.0 204 No\r\n\r\n", "HTTP/1.1 204\n\n",
}

// mayRefuse reports whether an unsigned answer to a write may pass for a refusal.
func mayRefuse(status int, code string) bool { return status == 401 && code == "SIGN_ERROR" }

// checkHostile sends a write to a server without the key: no panic, no success,
// no end without a type, and the observer is told the same.
func checkHostile(t *testing.T, rt http.RoundTripper, timeout time.Duration, authorization ...string) {
	t.Helper()
	var last transport.Attempt
	told := 0
	client := newClient(transport.WithRoundTripper(rt), transport.WithTimeout(timeout),
		transport.WithObserver(func(_ context.Context, a transport.Attempt) { last = a; told++ }))
	req := request(t, "POST", "http://api.invalid"+modifyPath+"?"+secretQuery, secretBody)
	if len(authorization) > 0 {
		req.Header["Authorization"] = authorization
	}
	rsp, err := client.Do(req)
	outcome := transport.OutcomeOf(rsp, err)
	if told != 1 || last.Outcome != outcome || (rsp == nil) == (err == nil) {
		t.Fatalf("%s, told %s %d times: %v", outcome, last.Outcome, told, err)
	}
	switch {
	case outcome == transport.Refused && mayRefuse(last.Status, last.Code):
	case outcome != transport.Unknown:
		t.Fatalf("%d is %s: %v", last.Status, outcome, err)
	}
	if err == nil {
		if rsp.StatusCode < 300 {
			t.Errorf("an unsigned %d came out", rsp.StatusCode)
		}
		bodyOf(t, rsp)
		return
	}
	if !errors.As(err, new(*transport.SendError)) && !errors.As(err, new(*transport.UnverifiedError)) && !errors.As(err, new(*apierror.Error)) {
		t.Errorf("%s, %T", outcome, err)
	}
	text := err.Error()
	if strings.ContainsFunc(text, unicode.IsControl) || strings.Contains(text, "MARKER") || strings.Contains(text, "nonce_str") || len(text) > 4000 {
		t.Errorf("the text of the error is not fit for a log: %q", text)
	}
}

// wire answers each request with bytes as they come over a connection.
type wire struct {
	answer string
	hangUp bool // the connection ends; otherwise the time does
}

func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	req.Body.Close()
	r := io.Reader(strings.NewReader(w.answer))
	if !w.hangUp {
		r = io.MultiReader(r, outOfTime{})
	}
	for b := bufio.NewReader(r); ; {
		rsp, err := http.ReadResponse(b, req)
		if err != nil || rsp.StatusCode/100 != 1 || rsp.StatusCode == http.StatusSwitchingProtocols {
			return rsp, err
		}
	}
}

// outOfTime is a connection whose deadline is over.
type outOfTime struct{}

func (outOfTime) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// An execution neither dials, nor waits, nor signs: it is made some thousand
// times a second.
func FuzzAnswer(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, true)
		f.Add(s, false)
	}
	signer, _ := newSigner()
	signed := request(f, "POST", "http://api.invalid"+modifyPath+"?"+secretQuery, secretBody)
	if err := signer.Sign(f.Context(), signed); err != nil {
		f.Fatal(err)
	}
	authorization := signed.Header.Get("Authorization")
	f.Fuzz(func(t *testing.T, answer string, hangUp bool) {
		if strings.Contains(answer, "MARKER") {
			return // net/http quotes a status line that is none
		}
		checkHostile(t, wire{answer, hangUp}, 0, authorization)
	})
}

// The same through net/http, which frames, decompresses and waits.
func TestHostileAnswers(t *testing.T) {
	more := []string{
		strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20),
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"HTTP/1.1 400 Bad Request\r\nX: " + strings.Repeat("x", 1<<20+1) + "\r\n\r\n",
		"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 204 No Content\r\n\r\n",
	}
	for _, answer := range append(more, hostile...) {
		for _, hangUp := range []bool{true, false} {
			t.Run("", inBubble(func(t *testing.T) {
				rt := transport.NewRoundTripper()
				rt.DialContext = func(context.Context, string, string) (net.Conn, error) {
					here, there := net.Pipe()
					t.Cleanup(func() { there.Close() })
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
				defer rt.CloseIdleConnections()
				checkHostile(t, rt, time.Second)
			}))
		}
	}
}
