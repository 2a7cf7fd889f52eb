package proxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/authority"
)

// Listener accepts what clients send through a proxy. It leaves TLS to its server.
type Listener struct{ net.Listener }

// Accept returns a connection that opens the tunnel when it is first read, so that
// the server's limits hold for slow clients.
func (l Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

type conn struct {
	net.Conn
	tunnel *bufio.Reader // nil before the first read
	err    error         // why there is no tunnel
}

// NetConn returns the connection below, as that of a tls.Conn does.
func (c *conn) NetConn() net.Conn { return c.Conn }

// Read has one caller at a time, the server's TLS.
func (c *conn) Read(b []byte) (int, error) {
	if c.tunnel == nil {
		c.open()
	}
	if c.err != nil {
		return 0, c.err
	}
	return c.tunnel.Read(b)
}

// maxHead bounds a request for a tunnel.
const maxHead = 16 << 10

// open reads the request for a tunnel and answers it.
func (c *conn) open() {
	bounded := &io.LimitedReader{R: c.Conn, N: maxHead}
	c.tunnel = bufio.NewReader(bounded)
	r, err := http.ReadRequest(c.tunnel)
	_, broken := errors.AsType[*net.OpError](err) // a url.Error is a net.Error, too
	switch {
	case broken, errors.Is(err, io.EOF) && bounded.N > 0:
		c.err = err // it left, or took too long
	case err != nil:
		c.refuse(http.StatusBadRequest, "this is an HTTP proxy, and no request was read")
	case r.Method != http.MethodConnect:
		c.refuse(http.StatusMethodNotAllowed, "only CONNECT is served here: give this address as the proxy for https, and none for http")
	case !leadsHere(r.RequestURI):
		c.refuse(http.StatusForbidden, "only port 443 of WeChat Pay's hosts is served here: "+strings.Join(authority.Hosts(), ", "))
	default:
		bounded.N = math.MaxInt64
		_, c.err = io.WriteString(c.Conn, "HTTP/1.1 200 Connection established\r\n\r\n")
	}
}

// leadsHere reports whether a tunnel to target ends in the sandbox.
func leadsHere(target string) bool {
	host, port, err := net.SplitHostPort(target)
	return err == nil && port == "443" && authority.IsHost(host)
}

// refuse answers without a tunnel. Its text has nothing of the client's, since the
// server logs it.
func (c *conn) refuse(status int, text string) {
	c.err = fmt.Errorf("%d to a request for a tunnel: %s", status, text)
	allow := ""
	if status == http.StatusMethodNotAllowed {
		allow = "Allow: CONNECT\r\n"
	}
	_, err := fmt.Fprintf(c.Conn, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n%s\n",
		status, http.StatusText(status), len(text)+1, allow, text)
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if err != nil || !ok || half.CloseWrite() != nil {
		return
	}
	// To close while more comes in would take the answer away from a client that
	// still sends.
	_ = c.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.Copy(io.Discard, c.Conn)
}
