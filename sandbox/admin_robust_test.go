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
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

const adminOrders = "/_sandbox/api/orders"

// sendRaw sends bytes, and no more after them, and reads the answer, nil when there
// is none.
func (b *box) sendRaw(addr, text string) *http.Response {
	b.t.Helper()
	conn := b.dial(addr)
	_, _ = io.WriteString(conn, text) // it may be closed before all is written
	_ = conn.(*net.TCPConn).CloseWrite()
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	rsp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		b.t.Errorf("%.60q is waited for", text)
	}
	if err != nil {
		return nil
	}
	_ = rsp.Body.Close()
	return rsp
}

func TestAdminMalformedHTTP(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	addr := strings.TrimPrefix(b.URL, "http://")
	post := "POST " + adminOrders + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	for _, raw := range []string{
		"GET /_sandbox/api/orders HTTP/1.1\r\n\r\n", "GET /_sandbox/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /_sandbox/\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /_sandbox/api/orders HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
		"GET /_sandbox/api/orders?limit=" + strings.Repeat("9", 50_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /_sandbox/api/orders?prefix=%ff%fe%00&limit=-1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /_sandbox/" + strings.Repeat("a/", 500_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
		post + "Content-Length: -1\r\n\r\n", post + "Content-Length: 99999999999999999999\r\n\r\n",
		post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", post + "Content-Length: 1000\r\n\r\n{",
		post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\nhello\r\n",
		post + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
		post + "Transfer-Encoding: identity, gzip\r\n\r\n", post + "X: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"TRACE " + adminOrders + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		if rsp := b.sendRaw(addr, raw); rsp != nil && (rsp.StatusCode < 400 || rsp.StatusCode > 505) {
			t.Errorf("%.60q: %s", raw, rsp.Status)
		}
	}
	if rsp := b.sendRaw(addr, "GET "+adminOrders+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); rsp == nil || rsp.StatusCode != 200 {
		t.Errorf("afterwards: %v", rsp)
	}
}

// Small texts that are large values are refused in little time.
func TestAdminJSONBombs(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	seed := func(total string) string { return `{"out_order_no":"BOMB","total_amount":` + total + `}` }
	for name, body := range map[string]string{
		"exponent": seed("1e999999999"), "negative exponent": seed("1e-999999999"), "digits": seed(strings.Repeat("9", 1<<20)),
		"fraction": seed("0." + strings.Repeat("1", 1<<20)), "depth": strings.Repeat("[", 1<<20),
		"closed depth": seed(strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_000)),
		"members":      "{" + strings.Repeat(`"total_amount":"x",`, 100_000) + `"out_order_no":"BOMB"}`,
		"text":         `{"out_order_no":"` + strings.Repeat(`\u0000`, 300_000) + `","total_amount":1}`,
	} {
		began := time.Now()
		rsp, err := http.Post(b.URL+adminOrders, contentJSON, strings.NewReader(body))
		b.ok(err)
		_ = rsp.Body.Close()
		if took := time.Since(began); rsp.StatusCode != 400 || took > 10*time.Second {
			t.Errorf("%s: %s in %s", name, rsp.Status, took)
		}
	}
	if _, there := entity(b, subMchID, "BOMB"); there {
		t.Error("a bomb made an order")
	}
}

// A body that dribbles in is refused when its time is over, and large ones that
// never end do not fill the memory.
func TestAdminSlowBodies(t *testing.T) {
	b := newBox(t)
	server := sandbox.NewHTTPServer(b)
	server.ReadTimeout = 2 * time.Second
	addr := b.listen(server)
	const count, size = 100, 2 << 20
	head := "POST /_sandbox/api/signature/explain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	text := `{"body":"` + strings.Repeat("x", size-100)
	conns := make([]net.Conn, count)
	for i := range conns {
		conns[i] = b.dial(addr)
		go func() {
			_, _ = fmt.Fprintf(conns[i], head, size)
			_, _ = io.WriteString(conns[i], text)
		}()
	}
	slow := b.dial(addr)
	_, _ = fmt.Fprintf(slow, head, 1000)
	_, _ = io.WriteString(slow, "{")
	time.Sleep(500 * time.Millisecond)
	runtime.GC()
	runtime.ReadMemStats(&after)
	took := int64(after.HeapAlloc-before.HeapAlloc) >> 20
	t.Logf("%d MiB for %d bodies of 2 MiB", took, count)
	if took > 120 {
		t.Error("which is too much")
	}
	_ = slow.SetReadDeadline(time.Now().Add(10 * time.Second))
	rsp, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil || rsp.StatusCode != 400 {
		t.Errorf("%v %v", rsp, err)
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
}
