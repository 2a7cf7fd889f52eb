package transport_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxpayscore/payscore/transport"
)

func TestDefaults(t *testing.T) {
	rt := transport.NewRoundTripper()
	if d := rt.IdleConnTimeout; d <= 0 || d >= 8*time.Second {
		t.Errorf("idle connections are kept for %s, and the server keeps them for 8 s", d)
	}
	if n := rt.MaxIdleConnsPerHost; n < 100 {
		t.Errorf("%d idle connections for one host", n)
	}
	if n := rt.MaxIdleConns; n != 0 && n < rt.MaxIdleConnsPerHost {
		t.Errorf("%d idle connections for all hosts", n)
	}
	if rt.Proxy == nil || rt.DisableKeepAlives || rt.DisableCompression || rt.TLSClientConfig != nil && rt.TLSClientConfig.InsecureSkipVerify {
		t.Errorf("%+v", rt)
	}
	if rt == http.DefaultTransport || rt == transport.NewRoundTripper() {
		t.Error("the transport is shared, so changing it changes others")
	}
	if transport.DefaultTimeout <= 0 || transport.DefaultMaxAnswer <= 0 {
		t.Error("no bound by default")
	}
}

// Tracing libraries put something else in the place of http.DefaultTransport.
func TestDefaultTransportOfAnotherType(t *testing.T) {
	was := http.DefaultTransport
	defer func() { http.DefaultTransport = was }()
	http.DefaultTransport = roundTripper(was.RoundTrip)
	TestDefaults(t)
	srv := serve(t, answering(204, ""))
	if rsp, err := newClient().Do(request(t, "POST", srv.URL+modifyPath, "{}")); err != nil || rsp.StatusCode != 204 {
		t.Error(rsp, err)
	}
}

// A host that swallows packets must fail while there is time for another one,
// and as one to which nothing was sent.
func TestDialIsBounded(t *testing.T) {
	was := http.DefaultTransport
	defer func() { http.DefaultTransport = was }()
	http.DefaultTransport = &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if at, ok := ctx.Deadline(); !ok || time.Until(at) > 6*time.Second {
			t.Errorf("a dial until %v", at)
		}
		expired, cancel := context.WithTimeout(ctx, -1)
		defer cancel()
		return new(net.Dialer).DialContext(expired, network, addr)
	}}
	rsp, err := newClient().Do(secretRequest(t, "POST", "http://127.0.0.1:1"))
	checkSend(t, rsp, err, true, false)
}

// The server here closes a connection that was idle for too long at the worst
// moment, when the next request has arrived on it.
func TestConnectionsThatTheServerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		last := map[string]time.Time{}
		handler := func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			used, known := last[r.RemoteAddr]
			last[r.RemoteAddr] = time.Now()
			mu.Unlock()
			if known && time.Since(used) >= 8*time.Second {
				conn, _, _ := w.(http.Hijacker).Hijack()
				conn.Close()
				return
			}
			answering(204, "")(w, r)
		}
		calls := func(idle time.Duration) (failed int) {
			clear(last)
			rt := inMemory(t, handler)
			rt.IdleConnTimeout = idle
			client := newClient(transport.WithRoundTripper(rt))
			for _, pause := range []time.Duration{0, 1, 0, 10, 12, 8, 10} {
				time.Sleep(pause * time.Second)
				if rsp, err := client.Do(request(t, "POST", "http://api.invalid"+modifyPath, "{}")); err != nil {
					checkSend(t, rsp, err, false, true)
					failed++
				}
			}
			return failed
		}
		if n := calls(transport.NewRoundTripper().IdleConnTimeout); n != 0 {
			t.Errorf("%d calls failed", n)
		}
		if n := calls(http.DefaultTransport.(*http.Transport).IdleConnTimeout); n == 0 {
			t.Error("no call failed with the timeout of net/http, so this test shows nothing")
		}
	})
}

const callers = 32

// together answers with one signature, to spare the cost of RSA, and only
// when as many requests are there as there are callers, so that each of them
// needs a connection of its own.
func together() http.HandlerFunc {
	h := http.Header{}
	sign(h, wechatKey(), now, "")
	var mu sync.Mutex
	var waiting int
	gate := make(chan struct{})
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		mu.Lock()
		mine := gate
		if waiting++; waiting == callers {
			waiting, gate = 0, make(chan struct{})
			close(mine)
		}
		mu.Unlock()
		select {
		case <-mine:
		case <-time.After(10 * time.Second):
		}
		for name, values := range h {
			w.Header()[name] = values
		}
		w.WriteHeader(204)
	}
}

func countConns(srv *httptest.Server) *atomic.Int64 {
	var n atomic.Int64
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			n.Add(1)
		}
	}
	return &n
}

// load makes 1024 calls: 32 at once, and all of them over before the next 32.
func load(t *testing.T, client interface {
	Do(*http.Request) (*http.Response, error)
}, url string) {
	for range 1024 / callers {
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				req := request(t, "POST", url+modifyPath, "{}")
				req.Header.Set("Authorization", "signed")
				rsp, err := client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, rsp.Body)
				rsp.Body.Close()
			})
		}
		wg.Wait()
	}
}

func TestConnectionsAreReused(t *testing.T) {
	for _, secure := range []bool{true, false} {
		srv := httptest.NewUnstartedServer(together())
		n := countConns(srv)
		var opts []transport.Option // none: what New uses by default
		if secure {
			srv.StartTLS()
			rt := transport.NewRoundTripper()
			rt.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig
			opts = append(opts, transport.WithRoundTripper(rt))
		} else {
			srv.Start()
		}
		load(t, newClient(opts...), srv.URL)
		ours := n.Swap(0)
		t.Logf("TLS %v: %d connections for 1024 calls of %d goroutines", secure, ours, callers)
		if ours > 200 {
			t.Errorf("%d connections", ours)
		}
		if !secure {
			plain := http.DefaultTransport.(*http.Transport).Clone()
			load(t, &http.Client{Transport: plain}, srv.URL)
			plain.CloseIdleConnections()
			t.Logf("with the defaults of net/http: %d", n.Load())
			if n.Load() <= 200 {
				t.Error("so this test shows nothing")
			}
		}
		srv.Close()
	}
}

func TestNoGoroutineStays(t *testing.T) {
	before := runtime.NumGoroutine()
	func() {
		var mode atomic.Int64
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch mode.Load() {
			case 0:
				answering(200, order)(w, r)
			case 1:
				io.WriteString(w, "unsigned")
			case 2, 3: // endless
				w.WriteHeader(int(200 + 300*(mode.Load()-2)))
				for chunk := make([]byte, 64<<10); ; {
					if _, err := w.Write(chunk); err != nil {
						return
					}
				}
			case 4:
				<-r.Context().Done()
			case 5:
				conn, _, _ := w.(http.Hijacker).Hijack()
				conn.Close()
			}
		}))
		rt := transport.NewRoundTripper()
		client := newClient(transport.WithRoundTripper(rt), transport.WithTimeout(time.Minute))
		for i := range int64(6) {
			mode.Store(i)
			for range 5 {
				if i == 4 {
					client = newClient(transport.WithRoundTripper(rt), transport.WithTimeout(20*time.Millisecond))
				}
				// The response is dropped on purpose: its body is in memory, so
				// closing it is not needed.
				_, err := client.Do(request(t, "POST", srv.URL+modifyPath, ""))
				if (err == nil) != (i == 0 || i == 3) {
					t.Errorf("mode %d: %v", i, err)
				}
			}
		}
		rt.CloseIdleConnections()
		// Not srv.Close, which would close what the client left open.
		deadline := time.Now().Add(10 * time.Second)
		for runtime.NumGoroutine() > before+1 && time.Now().Before(deadline) { // 1 accepts
			time.Sleep(10 * time.Millisecond)
		}
		if n := runtime.NumGoroutine(); n > before+1 {
			stacks := make([]byte, 1<<16)
			t.Errorf("%d goroutines, before %d\n%s", n, before, stacks[:runtime.Stack(stacks, true)])
		}
		srv.CloseClientConnections()
		srv.Close()
	}()
}
