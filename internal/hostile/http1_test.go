package hostile

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// stage is how much of a request is read before the fault.
type stage int

const (
	whole   stage = iota // headers and body
	headers              // headers only
	nothing              // not even those; the fault is the connection's
)

// kind is what the server does.
type kind struct {
	name  string
	fates string // of "ncl", those that the kind can have; "ncl" when empty
	at    stage
	// want is the verdict of the low-level call when each attempt meets the
	// fault, "" when several are right.
	want verdict
	// stalls marks a fault that ends with the client's timeout, which is short then.
	stalls bool
	// blind marks a fault at which the server cannot count every request.
	blind bool
	// unsettled marks a fault that serviceorder's query meets, too.
	unsettled bool

	http1 func(x *exchange)
	// afterHonest is what follows an honest answer, to the warm-up among others.
	afterHonest func(x *exchange)
	http2       func(x *stream)
	// setup is what the server of HTTP/2 does first on a connection.
	setup func(c *h2conn)
}

// server keeps the connections of one case.
type server struct {
	*truth
	kind *kind
	tls  *tls.Config
	ln   net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

func newServer(w *truth, k *kind, secure *tls.Config, serve func(s *server, raw *net.TCPConn)) (*server, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{truth: w, kind: k, tls: secure, ln: ln, conns: map[net.Conn]bool{}}
	s.wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			if s.conns == nil { // closed meanwhile
				_ = conn.Close()
				s.mu.Unlock()
				return
			}
			s.conns[conn] = true
			s.mu.Unlock()
			s.wg.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
				serve(s, conn.(*net.TCPConn))
			})
		}
	})
	return s, nil
}

// only closes all connections but one.
func (s *server) only(keep net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		if conn != keep {
			_ = conn.Close()
			delete(s.conns, conn)
		}
	}
}

func (s *server) close() {
	_ = s.ln.Close()
	s.only(nil)
	s.mu.Lock()
	s.conns = nil
	s.mu.Unlock()
	s.wg.Wait()
}

// exchange is one faulty request over HTTP/1.1.
type exchange struct {
	*server
	raw    *net.TCPConn
	conn   net.Conn // TLS, or the same as raw
	br     *bufio.Reader
	req    *http.Request // nil at stage nothing
	method string
	keep   bool // the connection stays open
}

func (x *exchange) write(text string) { _, _ = io.WriteString(x.conn, text) }

func (x *exchange) reply(r reply) { x.write(r.text()); x.keep = true }

func (x *exchange) success() reply { return x.truth.success(x.method) }

func (x *exchange) reset() { _ = x.raw.SetLinger(0); _ = x.raw.Close() }

// stall waits until the client ends the connection.
func (x *exchange) stall() { _, _ = io.Copy(io.Discard, x.conn) }

// serveHTTP1 speaks HTTP/1.1 by hand, so that any bytes can be sent.
func serveHTTP1(s *server, raw *net.TCPConn) {
	x := &exchange{server: s, raw: raw, conn: raw}
	if s.tls != nil {
		conn := tls.Server(raw, s.tls)
		if conn.Handshake() != nil {
			return
		}
		x.conn = conn
	}
	x.br = bufio.NewReader(x.conn)
	if s.kind.at == nothing && s.faultyConn() {
		s.kind.http1(x)
		return
	}
	for {
		req, err := http.ReadRequest(x.br)
		if err != nil {
			return
		}
		s.arrive(req.Header.Get("Authorization"))
		x.req, x.method, x.keep = req, req.Method, false
		if s.kind.at != nothing && s.faulty(req.Method) {
			if s.kind.at == whole {
				_, _ = io.Copy(io.Discard, req.Body)
			}
			if s.isGone() {
				s.only(raw)
			}
			s.kind.http1(x)
			if !x.keep || s.isGone() {
				s.hangUp()
				return
			}
			continue
		}
		_, _ = io.Copy(io.Discard, req.Body)
		x.write(s.answer(req.Method).text())
		if s.kind.afterHonest != nil {
			s.kind.afterHonest(x)
		}
	}
}
