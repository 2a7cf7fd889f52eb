package sandbox_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

// listen serves a box with a server of its own settings and returns its
// address.
func (b *box) listen(server *http.Server) string {
	b.t.Helper()
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	go func() { _ = server.Serve(listener) }()
	b.t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

func (b *box) dial(addr string) net.Conn {
	b.t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	b.ok(err)
	b.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// ends reports whether the other side closes a connection in time.
func ends(conn net.Conn, within time.Duration) bool {
	_ = conn.SetReadDeadline(time.Now().Add(within))
	_, err := io.Copy(io.Discard, conn)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// openFiles is how many files a process like this may have open.
func openFiles(t *testing.T) int {
	t.Helper()
	var first []*os.File
	defer func() {
		for _, f := range first {
			_ = f.Close()
		}
	}()
	for len(first) < 22_000 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		first = append(first, f)
	}
	return len(first)
}

// Thousands of connections of which none sends a whole request keep nobody
// else from being served, and cost little. Not parallel: it takes most of the
// files that the process may open.
func TestManyOpenConnections(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	count := min(size(500, 2_000, 10_000), (openFiles(t)-300)/2) // both ends are here
	if raceDetector {
		count = min(count, 1000) // it takes 8,128 goroutines at most
	}
	if count < 100 {
		t.Skipf("%d connections show nothing", count)
	}
	server := sandbox.NewHTTPServer(b)
	server.ReadHeaderTimeout = 5 * time.Minute // so that none ends by itself
	addr := b.listen(server)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	conns := make([]net.Conn, count)
	defer func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	for i := range conns {
		conns[i] = must(net.DialTimeout("tcp", addr, 10*time.Second))
		_ = must(io.WriteString(conns[i], "POST "+modifyTarget+" HTTP/1.1\r\nHost: x\r\nX-Slow: "))
	}
	b.URL = "http://" + addr
	if got := b.send("POST", modifyTarget, asJSON(modification(39900))); got.Status != 204 {
		t.Error(&got.Error)
	}
	runtime.ReadMemStats(&after)
	each := int64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse) / int64(count)
	t.Logf("%d open connections, %d bytes for both ends of each", count, each)
	if each > 64<<10 {
		t.Error("which is too much")
	}
}

// Connections above the limit are closed, and there is room again when others
// have ended, by themselves or because they were too slow.
func TestConnectionLimit(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, slow := range []bool{false, true} {
		server := sandbox.NewLimitedHTTPServer(b, 3)
		if server.ReadHeaderTimeout = time.Hour; slow {
			server.ReadHeaderTimeout = 200 * time.Millisecond
		}
		addr := b.listen(server)
		first := []net.Conn{b.dial(addr), b.dial(addr), b.dial(addr)}
		for _, conn := range first {
			_, _ = io.WriteString(conn, "GET / HT")
		}
		if !slow { // else they may have ended already
			if !ends(b.dial(addr), time.Minute) {
				t.Error("one above the limit stays open")
			}
			for _, conn := range first {
				_ = conn.Close()
			}
		}
		for _, conn := range first {
			if slow && !ends(conn, time.Minute) {
				t.Fatal("slow headers are waited for")
			}
		}
		// The server counts a connection as ended a little after the client does.
		for deadline := time.Now().Add(time.Minute); ; {
			conn := b.dial(addr)
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			rsp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err == nil && rsp.StatusCode == 400 {
				break
			}
			if err == nil || time.Now().After(deadline) {
				t.Fatalf("no room: %v %v", rsp, err)
			}
		}
	}
}

// Faults that take the connection away give its place back.
func TestResetConnectionsGiveTheirPlaceBack(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	addr := b.listen(sandbox.NewLimitedHTTPServer(b, 2))
	b.URL = "http://" + addr
	b.seed(orderNo, 50000)
	for range 6 {
		if got := b.faulty(orderNo, asJSON(modification(39900)), "reset-before"); got.err == nil {
			t.Fatal(got.status)
		}
	}
	if got := b.faulty(orderNo, asJSON(modification(39900)), ""); got.status != 204 {
		t.Errorf("%d %v", got.status, got.err)
	}
}

// A body that dribbles in is refused when its time is over.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	server := sandbox.NewHTTPServer(b)
	server.ReadTimeout = 200 * time.Millisecond
	conn := b.dial(b.listen(server))
	_ = must(io.WriteString(conn, "POST "+modifyTarget+" HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"))
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	rsp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || rsp.StatusCode != 400 {
		t.Errorf("%v %v", rsp, err)
	}
}

// Of large bodies that never end only some are in memory; small ones pass.
func TestLargeBodiesTakeTurns(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	addr := b.listen(sandbox.NewHTTPServer(b))
	b.URL = "http://" + addr
	var before, after runtime.MemStats
	for range 3 { // what other tests left behind
		runtime.GC()
	}
	runtime.ReadMemStats(&before)
	const count, size = 200, 1 << 20
	chunk := strings.Repeat("x", size-1)
	var senders sync.WaitGroup
	conns := make([]net.Conn, count)
	for i := range conns {
		conns[i] = b.dial(addr)
		senders.Go(func() {
			_, _ = fmt.Fprintf(conns[i], "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", modifyTarget, size)
			_, _ = io.WriteString(conns[i], chunk)
		})
	}
	time.Sleep(300 * time.Millisecond)
	if got := b.send("POST", modifyTarget, asJSON(modification(39900))); got.Status != 204 {
		t.Error(&got.Error)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	took := int64(after.HeapAlloc-before.HeapAlloc) >> 20
	t.Logf("%d MiB for %d bodies of 1 MiB", took, count)
	if took > 60 {
		t.Error("which is too much")
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
	senders.Wait()
	b.seed("LARGE", 50000)
	if got := b.send("POST", orders+"/LARGE/modify", padded(1<<20)); got.Status != 204 {
		t.Error(&got.Error)
	}
}

// What is no HTTP, or bad HTTP, gets a 400 or nothing, and the next one is
// served.
func TestMalformedHTTP(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	addr := strings.TrimPrefix(b.URL, "http://")
	for _, raw := range []string{
		"", "\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00", strings.Repeat("A", 100_000), "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n",
		"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET ../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\nhello\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity, gzip\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"GET /" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "CONNECT evil.test:443 HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		conn := b.dial(addr)
		_, _ = io.WriteString(conn, raw) // it may be closed before all is written
		_ = conn.(*net.TCPConn).CloseWrite()
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		rsp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%.40q is waited for", raw)
		}
		if err == nil && (rsp.StatusCode < 400 || rsp.StatusCode > 505) {
			t.Errorf("%.40q: %s", raw, rsp.Status)
		}
	}
	b.seed(orderNo, 50000)
	b.ok(b.modify(orderNo, 1))
}

// Small texts that are large values are refused in little time and memory.
func TestJSONBombs(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	good := asJSON(modification(39900))
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, body := range map[string]string{
		"exponent":          with(`"total_amount":39900`, `"total_amount":1e999999999`),
		"negative exponent": with(`"total_amount":39900`, `"total_amount":1e-999999999`),
		"digits":            with(`"total_amount":39900`, `"total_amount":`+strings.Repeat("9", 900_000)),
		"fraction":          with(`"total_amount":39900`, `"total_amount":0.`+strings.Repeat("1", 900_000)),
		"amount":            with(`"amount":39900`, `"amount":1E+999999999`),
		"payments":          with(`"post_payments":[`, `"post_payments":[`+strings.Repeat(`{"name":"a","amount":1},`, 40_000)),
		"one name":          with(`{`, `{`+strings.Repeat(`"total_amount":1,`, 50_000)+`"total_amount":"x",`),
		"text":              with(`"用户投诉"`, `"`+strings.Repeat(`\u0000`, 150_000)+`"`),
	} {
		began := time.Now()
		got := b.send("POST", modifyTarget, body)
		if got.Status != 400 && name != "one name" {
			t.Errorf("%s: %v", name, &got.Error)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s", name, took)
		} else {
			t.Logf("%s: %d in %s", name, got.Status, took)
		}
	}
}
