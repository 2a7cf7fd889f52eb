package sandbox_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

const leadsToItself = "not sent: the notify_url leads to the sandbox itself"

// A notification never reaches the sandbox that sends it, by whatever name and
// however the sandbox is served. The handler in front counts what does.
func TestNotificationsDoNotLeadToTheSandbox(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(t *testing.T, box *sandbox.Sandbox, l net.Listener, count http.Handler){
		"by NewHTTPServer, on all addresses": func(t *testing.T, box *sandbox.Sandbox, l net.Listener, _ http.Handler) {
			server := sandbox.NewHTTPServer(box)
			go func() { _ = server.Serve(l) }()
			t.Cleanup(func() { _ = server.Close() })
			_, _ = http.Get("http://" + l.Addr().String() + "/_sandbox/api/clock") // it serves by now
		},
		"by another server, after its first request": func(t *testing.T, _ *sandbox.Sandbox, l net.Listener, count http.Handler) {
			server := &http.Server{Handler: count, ReadHeaderTimeout: time.Second}
			go func() { _ = server.Serve(l) }()
			t.Cleanup(func() { _ = server.Close() })
			_, _ = http.Get("http://" + l.Addr().String() + "/_sandbox/api/clock")
		},
		"not yet": func(*testing.T, *sandbox.Sandbox, net.Listener, http.Handler) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener := must(net.Listen("tcp", ":0"))
			t.Cleanup(func() { _ = listener.Close() })
			opts := []sandbox.Option{sandbox.WithRemoteNotifications()}
			if name == "not yet" {
				opts = append(opts, sandbox.WithListener(listener))
			}
			box := must(sandbox.Open(opts...))
			t.Cleanup(func() { _ = box.Close() })
			box.SetReceiverTimeout(5 * time.Second)
			var reached atomic.Int64
			serve(t, box, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				reached.Add(1)
				box.ServeHTTP(w, r)
			}))
			first := reached.Load()
			port := listener.Addr().(*net.TCPAddr).Port
			hosts := []string{"127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"}
			// Spellings that some resolvers take, and the machine's own addresses and name.
			mayFail := map[string]bool{"2130706433": true, "0x7f000001": true, "127.1": true, "a.localhost": true, "[::1]": true, "[::]": true, "localhost.": true}
			for _, addr := range must(net.InterfaceAddrs()) {
				if ip := addr.(*net.IPNet).IP; ip.To4() != nil {
					hosts = append(hosts, ip.String())
				} else if !ip.IsLinkLocalUnicast() {
					hosts = append(hosts, "["+ip.String()+"]")
				}
			}
			for host := range mayFail {
				hosts = append(hosts, host)
			}
			if hostname, err := os.Hostname(); err == nil {
				hosts, mayFail[hostname] = append(hosts, hostname), true
			}
			for i, host := range hosts {
				number := fmt.Sprintf("ORDER%d", i)
				if _, err := box.Seed(number, 100, sandbox.SeedNotifyURL(fmt.Sprintf("http://%s:%d/_sandbox/api/reset", host, port))); err != nil {
					continue // the contract has its own mind about a notify_url
				}
				if err := box.Move("user_pays", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: number}); err != nil {
					t.Fatal(err)
				}
			}
			box.Advance(time.Second)
			refused := 0
			for _, n := range box.Notifications() {
				if len(n.Attempts) != 1 {
					t.Fatalf("%s: %d attempts", n.URL, len(n.Attempts))
				}
				host := strings.TrimSuffix(strings.TrimPrefix(n.URL, "http://"), fmt.Sprintf(":%d/_sandbox/api/reset", port))
				switch a := n.Attempts[0]; {
				case a.Error == leadsToItself && n.Next.IsZero():
					refused++
				case a.Status == 0 && mayFail[host]:
					t.Logf("%s: %s", n.URL, a.Error)
				default:
					t.Errorf("%s: status %d, %s", n.URL, a.Status, a.Error)
				}
			}
			if refused < 8 {
				t.Errorf("only %d are refused as its own", refused)
			}
			if reached.Load() != first {
				t.Errorf("%d notifications reached the sandbox", reached.Load()-first)
			}
		})
	}
}

// A receiver on another port of this machine is the documented use. What it
// answers with a redirect is not followed.
func TestRedirectDoesNotLeadToTheSandbox(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	in := newInbox(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Location", b.URL+"/_sandbox/api/reset")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	must(b.Seed("one", 100, sandbox.SeedNotifyURL(in.URL)))
	b.ok(b.Move("user_pays", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "one"}))
	b.Advance(time.Second)
	if n := b.Notifications(); len(n) != 1 || len(n[0].Attempts) != 1 || n[0].Attempts[0].Status != http.StatusTemporaryRedirect {
		t.Errorf("%+v", n)
	}
	if got := len(in.all()); got != 1 {
		t.Errorf("the receiver got %d", got)
	}
	if e := b.Requests(""); len(e) != 0 {
		t.Errorf("the sandbox got %+v", e)
	}
}

// What empties the sandbox, and what sends something, is asked for by {} alone.
func TestResetTakesNothingElse(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	must(box.Seed("one", 100, sandbox.SeedNotifyURL("http://127.0.0.1:1/")))
	if err := box.Move("user_pays", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "one"}); err != nil {
		t.Fatal(err)
	}
	resend := "notifications/" + box.Notifications()[0].ID + "/resend"
	for _, body := range []string{
		``, ` `, `null`, `[]`, `""`, `0`, `{"a":1}`, `{"id":"EV-1","event_type":"PAYSCORE.USER_PAID"}`, `{}{}`, `{} x`, `{`, `{"":null}`,
	} {
		for _, path := range []string{"reset", resend} {
			w := httptest.NewRecorder()
			box.ServeHTTP(w, adminRequest("POST", "/_sandbox/api/"+path, body, map[string]string{"Content-Type": contentJSON}))
			if w.Code != http.StatusBadRequest {
				t.Errorf("%s takes %q: %d", path, body, w.Code)
			}
		}
	}
	if _, there := entity(box, subMchID, "one"); !there {
		t.Error("the sandbox is empty")
	}
	w := httptest.NewRecorder()
	if box.ServeHTTP(w, adminRequest("POST", "/_sandbox/api/"+resend, "{}", map[string]string{"Content-Type": contentJSON})); w.Code != http.StatusNoContent {
		t.Errorf("resend: %d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	if box.ServeHTTP(w, adminRequest("POST", "/_sandbox/api/reset", " {\n} ", map[string]string{"Content-Type": contentJSON + "; charset=utf-8"})); w.Code != http.StatusNoContent {
		t.Errorf("reset: %d %s", w.Code, w.Body)
	}
	if _, there := entity(box, subMchID, "one"); there {
		t.Error("the order is still there")
	}
}
