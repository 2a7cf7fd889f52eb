package edge

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/fault"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

// What faults want to become of a request is carried out here.

// before does what faults want before the operation.
func (s *Server) before(w http.ResponseWriter, x *exchange) {
	o := &x.outcome
	o.Strike(fault.Before, x.faults)
	x.pause(w)
	if o.Rotate {
		_ = s.Ledger.Move("rotate_certificate", ledger.MoveArgs{})
	}
	if o.Deduct > 0 {
		// The request finds out by itself, and an order that cannot be deducted
		// answers as ever.
		family, key := familyOf(x), x.subject
		if family != "" {
			key = strings.TrimPrefix(key, string(family)+"/")
		}
		sub, no, _ := strings.Cut(key, "/")
		_ = s.Ledger.Move("start_deduction", ledger.MoveArgs{Family: family, SubMchID: sub, OutOrderNo: no, Duration: o.Deduct})
	}
	if o.Refuse != "" {
		x.refuse = wire.RefusalOf(x.route, o.Refuse)
	}
}

// replace puts a fault's answer in the place of the operation's.
func (x *exchange) replace() {
	a := x.outcome.Answer
	if a == nil {
		return
	}
	x.answer.clear(a.Status)
	if a.Code != "" {
		wire.Write(&x.answer, wire.RefusalOf(x.route, a.Code))
	}
	if a.RetryAfter > 0 {
		x.answer.header.Set("Retry-After", strconv.Itoa(int((a.RetryAfter+time.Second-1)/time.Second)))
	}
	if a.HTML != "" {
		x.answer.header.Set("Content-Type", "text/html")
		x.answer.body.WriteString(a.HTML)
	}
}

// pause waits as long as the faults of the request want, and no longer than
// its caller.
func (x *exchange) pause(w http.ResponseWriter) {
	if x.outcome.Wait == 0 {
		return
	}
	// The deadline was for the request, which is read. It would end the context.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	timer := time.NewTimer(x.outcome.Wait)
	x.outcome.Wait = 0
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.request.Context().Done():
	}
}

// reset ends a connection without an answer, so that the caller's read fails
// at once.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	// Below TLS, which would announce the end.
	for above, ok := conn.(netConn); ok; above, ok = conn.(netConn) {
		conn = above.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// netConn is a connection on top of another one.
type netConn interface{ NetConn() net.Conn }

// cut sends some of an answer and closes the connection.
func cut(w http.ResponseWriter, a *unsigned) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = conn.Close() }()
	var b bytes.Buffer
	_, _ = fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	_ = a.header.Write(&b)
	if a.body.Len() > 0 {
		_, _ = fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", a.body.Len())
		b.Write(a.body.Bytes()[:a.body.Len()/2])
	} else {
		b.Truncate(b.Len() / 2)
	}
	_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	_, _ = conn.Write(b.Bytes())
}
