package proxy

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/authority"
)

// client is the client's end of a connection that is not one of a network.
type client struct {
	net.Conn // nil: what is not below is not called
	sends    io.Reader
	taken    int // of what it sends
	before   int // of what it sends, when it gets the answer
	gets     bytes.Buffer
}

func (c *client) Read(b []byte) (int, error) {
	n, err := c.sends.Read(b)
	c.taken += n
	return n, err
}

func (c *client) Write(b []byte) (int, error) {
	c.before = c.taken
	return c.gets.Write(b)
}

func (c *client) CloseWrite() error                 { return nil }
func (c *client) SetReadDeadline(t time.Time) error { return nil }

// Whatever a client sends, it gets a tunnel to one of the hosts with every byte after
// the head, or one refusal, or nothing.
func FuzzTunnel(f *testing.F) {
	const head = "CONNECT api.mch.weixin.qq.com:443 HTTP/1.1\r\nHost: api.mch.weixin.qq.com:443\r\n"
	for _, seed := range []string{
		"", "\r\n", head, head + "\r\n", head + "\r\n\x16\x03\x01\x02\x00", head + "Content-Length: 3\r\n\r\nabc",
		head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", head + "Proxy-Authorization: Basic YTpi\r\n\r\n",
		strings.ReplaceAll(head, "api.mch.weixin.qq.com", "API.MCH.WEIXIN.QQ.COM.") + "\r\n",
		strings.ReplaceAll(head, "api.mch.weixin.qq.com", "evil.test") + "\r\n", strings.ReplaceAll(head, "443", "80") + "\r\n",
		strings.Replace(head, "api.mch.weixin.qq.com:443", "api.mch.weixin.qq.com:443@evil.test:443", 1) + "\r\n",
		strings.Replace(head, "api.mch.weixin.qq.com:443", "evil.test:443/api.mch.weixin.qq.com:443", 1) + "\r\n",
		strings.Replace(head, "CONNECT", "GET", 1) + "\r\n", strings.Replace(head, "CONNECT ", "CONNECT /", 1) + "\r\n",
		"CONNECT api.mch.weixin.qq.com:443 HTTP/1.0\r\n\r\n", "CONNECT [::1]:443 HTTP/1.1\r\n\r\n", "CONNECT 127.0.0.1:443 HTTP/1.1\r\n\r\n",
		"GET http://api.mch.weixin.qq.com/v3/certificates HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00", "\x05\x01\x00", head + "X: " + strings.Repeat("x", 40_000) + "\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		end := &client{sends: bytes.NewReader(sent)}
		inside, err := io.ReadAll(&conn{Conn: end})
		got := end.gets.String()
		if got == "" {
			if err == nil && len(inside) > 0 {
				t.Fatalf("%d bytes come through, and the client has no answer", len(inside))
			}
			return
		}
		answers := bufio.NewReader(&end.gets)
		rsp, bad := http.ReadResponse(answers, &http.Request{Method: http.MethodConnect})
		if bad != nil {
			t.Fatalf("the client gets %q", got)
		}
		if rsp.StatusCode != http.StatusOK {
			if err == nil || len(inside) > 0 || rsp.StatusCode < 400 || rsp.StatusCode > 499 {
				t.Fatalf("%s, then %v and %d bytes", rsp.Status, err, len(inside))
			}
			if end.before > maxHead {
				t.Fatalf("%d bytes are read", end.before)
			}
			return
		}
		fields := strings.Fields(string(sent))
		host, ok := strings.CutSuffix(fields[1], ":443")
		if len(sent)-len(inside) > maxHead {
			t.Fatalf("a head of %d bytes", len(sent)-len(inside))
		}
		if fields[0] != http.MethodConnect || !ok || !slices.Contains(authority.Hosts(), strings.TrimSuffix(strings.ToLower(host), ".")) {
			t.Fatalf("a tunnel by %.80q", sent)
		}
		if err != nil || answers.Buffered() > 0 || !bytes.HasSuffix(sent, inside) || len(inside) > 0 && !endsHead(sent[:len(sent)-len(inside)]) {
			t.Fatalf("%v, %d more bytes to the client, %q of %q", err, answers.Buffered(), inside, sent)
		}
	})
}

func endsHead(b []byte) bool {
	return bytes.HasSuffix(b, []byte("\n\r\n")) || bytes.HasSuffix(b, []byte("\n\n"))
}

// What follows the head at once is as long as it likes.
func TestNothingIsCutAfterTheHead(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789abcdef", maxHead)
	end := &client{sends: strings.NewReader("CONNECT api2.mch.weixin.qq.com:443 HTTP/1.1\r\n\r\n" + long)}
	if inside, err := io.ReadAll(&conn{Conn: end}); err != nil || string(inside) != long {
		t.Errorf("%v, %d of %d bytes", err, len(inside), len(long))
	}
}

// Nothing of the client's is in the error, which a server logs.
func TestErrorsHaveNoTextOfTheClient(t *testing.T) {
	t.Parallel()
	for _, sent := range []string{
		"CONNECT evil\x1b.test:443 HTTP/1.1\r\n\r\n", "CONNECT evil.test:443 HTTP/1.1\r\nevil: evil\r\n\r\n", "evil\x1b\r\n\r\n",
		"GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n", "CONNECT evil HTTP/evil\r\n\r\n", "evil / HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		end := &client{sends: strings.NewReader(sent)}
		_, err := (&conn{Conn: end}).Read(make([]byte, 1))
		if err == nil || strings.Contains(err.Error(), "evil") || strings.ContainsAny(err.Error(), "\x1b\n") || strings.Contains(end.gets.String(), "evil") {
			t.Errorf("%q: %v\n%s", sent, err, &end.gets)
		}
	}
}
