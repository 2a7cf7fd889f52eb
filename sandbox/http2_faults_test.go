package sandbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// The error codes of HTTP/2 that the faults bear, RFC 9113.
const (
	http2NoError       = 0x0
	http2ProtocolError = 0x1
	http2InternalError = 0x2
	http2RefusedStream = 0x7
	http2Cancel        = 0x8
	http2EnhanceCalm   = 0xb
)

// startHTTP2 makes the network reachable over HTTP/2, too, at secureURL.
func (n *badNetwork) startHTTP2(t *testing.T) {
	// The server of httptest has a certificate, and is used for that alone.
	lent := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(lent.Close)
	n.roots = x509.NewCertPool()
	n.roots.AddCert(lent.Certificate())
	ln := must(net.Listen("tcp", "127.0.0.1:0"))
	config := &tls.Config{Certificates: lent.TLS.Certificates, NextProtos: []string{"h2"}}
	srv := &http.Server{Handler: n, Protocols: new(http.Protocols),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, frameConnKey{}, c)
		}}
	// TLS ends before net/http, so that frames can be put between its own.
	srv.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = srv.Serve(frameListener{tls.NewListener(ln, config)}) }()
	t.Cleanup(func() { _ = srv.Close() })
	n.secureURL = "https://" + ln.Addr().String()
}

type frameListener struct{ net.Listener }

func (l frameListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &frameConn{Conn: conn}, nil
}

type frameConnKey struct{}

// frameConn knows where the frames on it begin.
type frameConn struct {
	net.Conn

	mu      sync.Mutex
	out     []byte // the beginning of a frame
	in      []byte // after the preface, what was not looked at
	skip    int    // of what comes in
	preface int    // bytes of it that came
	last    uint32 // the stream whose headers came last
}

const (
	prefaceLen     = len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	frameHeaderLen = 9
)

func (c *frameConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	came := b[:n]
	if rest := min(prefaceLen-c.preface, len(came)); rest > 0 {
		c.preface += rest
		came = came[rest:]
	}
	for len(came) > 0 {
		if skip := min(c.skip, len(came)); skip > 0 {
			c.skip -= skip
			came = came[skip:]
			continue
		}
		need := min(frameHeaderLen-len(c.in), len(came))
		c.in = append(c.in, came[:need]...)
		came = came[need:]
		if len(c.in) == frameHeaderLen {
			const headers = 1
			if c.in[3] == headers {
				c.last = binary.BigEndian.Uint32(c.in[5:])
			}
			c.skip = frameLen(c.in)
			c.in = c.in[:0]
		}
	}
	return n, err
}

// Write passes whole frames on.
func (c *frameConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = append(c.out, b...)
	whole := 0
	for len(c.out)-whole >= frameHeaderLen {
		end := whole + frameHeaderLen + frameLen(c.out[whole:])
		if end > len(c.out) {
			break
		}
		whole = end
	}
	if whole > 0 {
		if _, err := c.Conn.Write(c.out[:whole]); err != nil {
			return 0, err
		}
		c.out = append(c.out[:0], c.out[whole:]...)
	}
	return len(b), nil
}

func frameLen(header []byte) int { return int(header[0])<<16 | int(header[1])<<8 | int(header[2]) }

func (c *frameConn) stream() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// put writes a frame of net/http's own between two of the server's.
func (c *frameConn) put(kind byte, id uint32, words ...uint32) {
	frame := []byte{0, 0, byte(4 * len(words)), kind, 0}
	frame = binary.BigEndian.AppendUint32(frame, id)
	for _, word := range words {
		frame = binary.BigEndian.AppendUint32(frame, word)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = c.Conn.Write(frame)
}

func (c *frameConn) resetStream(id, code uint32) { c.put(3, id, code) }
func (c *frameConn) goAway(last, code uint32)    { c.put(7, 0, last, code) }

// networkFault is what a bad network does to a request.
type networkFault struct {
	name string
	do   func()
}

// http2Faults are resets and GOAWAY before and after the sandbox has served
// the request. When several streams begin at once the fault may meet another
// one of them, which is a fault as well.
func http2Faults(conn *frameConn, w http.ResponseWriter, after func(func()) func()) []networkFault {
	id := conn.stream()
	// Nothing else is answered. net/http resets the stream once more.
	end := func() { panic(http.ErrAbortHandler) }
	var faults []networkFault
	for _, f := range []networkFault{
		{"RST_STREAM PROTOCOL_ERROR", func() { conn.resetStream(id, http2ProtocolError); end() }},
		{"RST_STREAM INTERNAL_ERROR", func() { conn.resetStream(id, http2InternalError); end() }},
		{"RST_STREAM REFUSED_STREAM", func() { conn.resetStream(id, http2RefusedStream); end() }},
		{"RST_STREAM CANCEL", func() { conn.resetStream(id, http2Cancel); end() }},
		{"RST_STREAM in a page", func() {
			w.WriteHeader(http.StatusNotFound)
			w.(http.Flusher).Flush()
			conn.resetStream(id, http2ProtocolError)
			end()
		}},
		{"RST_STREAM, then closed", func() { conn.resetStream(id, http2ProtocolError); _ = conn.Close() }},
		{"GOAWAY below", func() { conn.goAway(id-1, http2NoError); end() }},
		{"GOAWAY below, then closed", func() { conn.goAway(id-1, http2NoError); _ = conn.Close() }},
		{"GOAWAY at", func() { conn.goAway(id, http2EnhanceCalm); end() }},
		{"GOAWAY at, then closed", func() { conn.goAway(id, http2NoError); _ = conn.Close() }},
		{"GOAWAY above, then closed", func() { conn.goAway(1<<31-1, http2NoError); _ = conn.Close() }},
	} {
		faults = append(faults, networkFault{f.name + " before", f.do}, networkFault{f.name + " after", after(f.do)})
	}
	return faults
}
