package transport_test

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/transport"
)

// TestNoEOFFromAServerThatClosesIdleConnections takes as long as
// PAYSCORE_IDLE_FOR says, a minute in CI: the times here are the real ones.
func TestNoEOFFromAServerThatClosesIdleConnections(t *testing.T) {
	wait, err := time.ParseDuration(os.Getenv("PAYSCORE_IDLE_FOR"))
	if err != nil || wait <= 0 {
		t.Skip("takes a minute: make idle, or PAYSCORE_IDLE_FOR=60s")
	}
	netHTTP := http.DefaultTransport.(*http.Transport).IdleConnTimeout
	var ours, theirs tally
	var both sync.WaitGroup
	both.Go(func() { ours = idle(t, wait, transport.NewRoundTripper().IdleConnTimeout) })
	both.Go(func() { theirs = idle(t, wait, netHTTP) })
	both.Wait()
	for _, c := range []struct {
		name string
		tally
	}{{"this transport", ours}, {"the idle timeout of net/http", theirs}} {
		t.Logf("%s, %s over TLS, %d callers: %d calls, %d failed, %d new connections, %.1f per 1,000 calls",
			c.name, wait, callers, c.calls, c.failed, c.conns, 1000*float64(c.conns)/float64(c.calls))
	}
	if ours.failed > 0 || ours.calls < 1000 {
		t.Errorf("%d of %d calls failed, the first with %v", ours.failed, ours.calls, ours.first)
	}
	// A caller that finds no connection dials, and may get one that came free
	// before its own is there.
	if most := int64(2 * callers * ours.bursts); ours.conns > most {
		t.Errorf("%d connections for %d bursts", ours.conns, ours.bursts)
	}
	if theirs.failed == 0 {
		t.Error("no call failed with the idle timeout of net/http, so this test shows nothing")
	}
}

type tally struct {
	calls, failed, conns int64
	bursts               int
	first                error
}

// idle has all callers work in bursts, and rest in between for as long as brings
// the end of a connection close. A call is tried once: nothing is glossed over.
func idle(t *testing.T, wait, keep time.Duration) tally {
	const closesAfter, onItsWay = 8 * time.Second, 200 * time.Millisecond
	answer := http.Header{}
	sign(answer, wechatKey(), now, "")
	var mu sync.Mutex
	used := map[string]time.Time{}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		at, known := used[r.RemoteAddr]
		mu.Unlock()
		// What the client sends while the end of the connection is on its way to
		// it is lost.
		if known && time.Since(at) > closesAfter {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
			return
		}
		io.Copy(io.Discard, r.Body)
		time.Sleep(2 * time.Millisecond) // so that the callers overlap
		for name, values := range answer {
			w.Header()[name] = values
		}
		w.WriteHeader(204)
		mu.Lock()
		used[r.RemoteAddr] = time.Now()
		mu.Unlock()
	}))
	var conns atomic.Int64
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Config.IdleTimeout = closesAfter + onItsWay
	srv.Config.ConnState = func(c net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
			mu.Lock()
			delete(used, c.RemoteAddr().String()) // of a connection that had the same port
			mu.Unlock()
		}
	}
	srv.StartTLS()
	defer srv.Close()
	rt := transport.NewRoundTripper()
	rt.IdleConnTimeout = keep
	rt.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig
	defer rt.CloseIdleConnections()
	client := newClient(transport.WithRoundTripper(rt))

	var result tally
	pauses := []time.Duration{6900, 7050, 8080, 7500, 7950, 8100, 8500, 9000} // milliseconds
	for start := time.Now(); ; result.bursts++ {
		var burst sync.WaitGroup
		for range callers {
			burst.Go(func() {
				for range 25 {
					req := request(t, "POST", srv.URL+modifyPath, "{}")
					req.Header.Set("Authorization", "signed")
					rsp, err := client.Do(req)
					if err == nil {
						rsp.Body.Close()
					}
					mu.Lock()
					result.calls++
					if err != nil {
						result.failed++
						if result.first == nil {
							result.first = err
						}
					}
					mu.Unlock()
				}
			})
		}
		burst.Wait()
		if time.Since(start) >= wait {
			break
		}
		time.Sleep(pauses[result.bursts%len(pauses)] * time.Millisecond)
	}
	result.bursts++
	result.conns = conns.Load()
	return result
}
