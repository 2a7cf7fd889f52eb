package sandbox

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

// MaxConnections is how many connections [NewHTTPServer] keeps open at once.
const MaxConnections = 10_000

// NewHTTPServer returns a server for a sandbox that is safe against hostile
// clients: headers are bounded in size, slow clients are cut off, and a
// connection above [MaxConnections] is closed at once. A handler that streams has
// to lift the deadlines of 30 s to read and 2 min to write with an
// [http.ResponseController]. The caller serves and closes the server.
//
// That of a [Sandbox] also serves HTTPS, by ServeTLS(listener, "", ""), with a
// certificate of its credentials' authority.
func NewHTTPServer(handler http.Handler) *http.Server { return newHTTPServer(handler, MaxConnections) }

func newHTTPServer(handler http.Handler, most int64) *http.Server {
	var open atomic.Int64
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute, // longer than any fault delays an answer
		IdleTimeout:       8 * time.Second, // as the real one
		MaxHeaderBytes:    64 << 10,
		// It would answer OPTIONS * with an unsigned 200.
		DisableGeneralOptionsHandler: true,
		ConnState: func(c net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				if open.Add(1) > most {
					_ = c.Close()
				}
			case http.StateClosed, http.StateHijacked:
				open.Add(-1)
			default:
			}
		},
	}
	if s, ok := handler.(*Sandbox); ok {
		s.mustBeOpen()
		server.TLSConfig = wire.ServerTLS(s.credentials)
		// As the real one, so that a fault can break a connection.
		server.Protocols = new(http.Protocols)
		server.Protocols.SetHTTP1(true)
		server.RegisterOnShutdown(s.admin.Close) // or its live readers would keep it waiting
		server.BaseContext = func(l net.Listener) context.Context {
			s.ledger.Post.Own(l.Addr())
			return context.Background()
		}
	}
	return server
}
