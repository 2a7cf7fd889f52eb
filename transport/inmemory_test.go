package transport_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/wxpayscore/payscore/transport"
)

// inBubble is f in a bubble of synctest, to be run by t.Run.
func inBubble(f func(t *testing.T)) func(t *testing.T) {
	return func(t *testing.T) { synctest.Test(t, f) }
}

// inMemory returns a transport to a server on connections in memory. In a bubble of
// synctest its time passes when nothing else can happen, so that no timeout costs
// time or ends early on a busy machine.
func inMemory(t testing.TB, h http.HandlerFunc) *http.Transport {
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go srv.Serve(l)
	rt := transport.NewRoundTripper()
	rt.Proxy = nil
	rt.DialContext = l.dial
	t.Cleanup(func() {
		rt.CloseIdleConnections()
		srv.Close()
	})
	return rt
}

// pipes is a listener, and dials what it accepts.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	dialed atomic.Int64
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- pipe{there, pipeAddr(fmt.Sprint("pipe ", p.dialed.Add(1)))}:
		return here, nil
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: ctx.Err()}
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return pipeAddr("pipes") }

// pipe has an address of its own, as a connection over a network.
type pipe struct {
	net.Conn
	addr pipeAddr
}

func (p pipe) RemoteAddr() net.Addr { return p.addr }

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }
