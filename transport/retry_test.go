package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/transport"
)

// waits records what a client would have slept.
type waits []time.Duration

func (w *waits) sleep(_ context.Context, d time.Duration) error {
	*w = append(*w, d)
	return nil
}

func busy(header, value string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(header, value)
		w.WriteHeader(429)
		io.WriteString(w, `{"code":"RATELIMIT_EXCEEDED"}`)
	}
}

func TestWaits(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	date := func(d time.Duration) string { return now.Add(d).UTC().Format(http.TimeFormat) }
	for _, c := range []struct {
		name, after string
		retry       transport.Retry
		jitter      float64
		want        []time.Duration
	}{
		{"default", "", transport.Retry{}, 0, []time.Duration{200 * ms, 400 * ms}},
		{"most jitter", "", transport.Retry{}, 0.999999999, []time.Duration{299999999, 599999999}},
		{"more attempts", "", transport.Retry{Attempts: 6, LongestWait: s}, 0, []time.Duration{200 * ms, 400 * ms, 800 * ms, s, s}},
		{"jitter stays below the longest", "", transport.Retry{Attempts: 4, LongestWait: s}, 0.9, []time.Duration{290 * ms, 580 * ms, s}},
		{"longer than the longest", "", transport.Retry{FirstWait: time.Minute, LongestWait: s}, 0, []time.Duration{s, s}},
		{"one attempt", "", transport.Retry{Attempts: 1}, 0, nil},
		{"many", "", transport.Retry{Attempts: 70, FirstWait: s, LongestWait: s}, 0, slices.Repeat([]time.Duration{s}, 69)},
		{"seconds", "3", transport.Retry{}, 0, []time.Duration{3 * s, 3 * s}},
		{"seconds below ours", "0", transport.Retry{}, 0, []time.Duration{200 * ms, 400 * ms}},
		{"the longest", "10", transport.Retry{}, 0, []time.Duration{10 * s, 10 * s}},
		{"too long", "11", transport.Retry{}, 0, nil},
		{"far too long", "99999999999999999999999999", transport.Retry{}, 0, nil},
		{"date", date(4 * s), transport.Retry{}, 0, []time.Duration{4 * s, 4 * s}},
		{"date in the past", date(-4 * s), transport.Retry{}, 0, []time.Duration{200 * ms, 400 * ms}},
		{"date too far", date(time.Hour), transport.Retry{}, 0, nil},
		{"far future", "Fri, 31 Dec 9999 23:59:59 GMT", transport.Retry{}, 0, nil},
		{"negative", "-5", transport.Retry{}, 0, []time.Duration{200 * ms, 400 * ms}},
		{"no sense", "soon", transport.Retry{}, 0, []time.Duration{200 * ms, 400 * ms}},
		{"decimals", "1.5", transport.Retry{}, 0, []time.Duration{200 * ms, 400 * ms}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w waits
			srv := serve(t, busy("Retry-After", c.after))
			rsp, err := retrying(transport.WithRetry(c.retry), transport.WithHooks(clock, w.sleep, c.jitter)).
				Do(request(t, "POST", srv.URL+modifyPath, "{}"))
			if err != nil || rsp.StatusCode != 429 || !strings.Contains(bodyOf(t, rsp), "RATELIMIT") {
				t.Error(rsp, err)
			}
			if !slices.Equal(w, c.want) {
				t.Errorf("waited %v, want %v", w, c.want)
			}
		})
	}
}

// All numbers of seconds and years, without overflow or panic.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"1", "", "4294967295", "4294967296", "Fri, 31 Dec 9999 23:59:59 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "+1", "１"} {
		f.Add(s)
	}
	const longest = 5 * time.Second
	f.Fuzz(func(t *testing.T, after string) {
		var w waits
		h := http.Header{"Retry-After": {after}}
		client := retrying(transport.WithRetry(transport.Retry{LongestWait: longest}), transport.WithHooks(clock, w.sleep, 0.5),
			transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 503, Header: h, Body: http.NoBody, Request: r}, nil
			})))
		if rsp, err := client.Do(request(t, "GET", "https://api.invalid"+modifyPath, "")); err != nil || rsp.StatusCode != 503 {
			t.Error(rsp, err)
		}
		for _, d := range w {
			if d < transport.DefaultFirstWait || d > longest {
				t.Errorf("%q: waited %s", after, d)
			}
		}
	})
}

func within(d, least, most time.Duration) bool { return least <= d && d <= most }

func TestNoWaitPastTheDeadline(t *testing.T) {
	for deadline, want := range map[time.Duration]int{150 * time.Millisecond: 0, 350 * time.Millisecond: 1, time.Hour: 2} {
		var w waits
		at := time.Now()
		stands := func() time.Time { return at }
		ctx, cancel := context.WithDeadline(t.Context(), at.Add(deadline))
		defer cancel()
		client := retrying(transport.WithHooks(stands, w.sleep, 0), transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 429, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		})))
		rsp, err := client.Do(request(t, "POST", "https://api.invalid"+modifyPath, "{}").WithContext(ctx))
		if err != nil || rsp.StatusCode != 429 || len(w) != want {
			t.Errorf("%s: waited %v: %v", deadline, w, err)
		}
	}
	t.Run("cancelled while waiting", inBubble(func(t *testing.T) {
		rt := inMemory(t, busy("Retry-After", "10"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		rsp, err := retrying(transport.WithRoundTripper(rt)).Do(request(t, "POST", "http://api.invalid"+modifyPath, "{}").WithContext(ctx))
		if err != nil || rsp.StatusCode != 429 || time.Since(start) != time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	}))
	t.Run("sleeps in earnest", inBubble(func(t *testing.T) {
		var times []time.Time
		rt := inMemory(t, func(w http.ResponseWriter, r *http.Request) { times = append(times, time.Now()); w.WriteHeader(429) })
		if _, err := retrying(transport.WithRoundTripper(rt)).Do(request(t, "POST", "http://api.invalid"+modifyPath, "{}")); err != nil {
			t.Fatal(err)
		}
		const ms = time.Millisecond
		if len(times) != 3 || !within(times[1].Sub(times[0]), 200*ms, 300*ms) || !within(times[2].Sub(times[1]), 400*ms, 600*ms) {
			t.Error(times)
		}
	}))
}

// Who signs decides whether it can be sent again.
func TestWhoSigned(t *testing.T) {
	signer, key := newSigner()
	for _, c := range []struct {
		name, authorization string
		readOnce            bool
		arrived             int
	}{
		{"nobody", "", false, 3},
		{"this merchant", "sign", false, 3},
		{"this merchant, without the body", "sign", true, 1},
		{"another merchant", `WECHATPAY2-SHA256-RSA2048 mchid="1900000002",nonce_str="a",timestamp="1",serial_no="B",signature="c"`, false, 1},
		{"another scheme", `WECHATPAY2-SM2-WITH-SM3 mchid="1900000001",nonce_str="a",timestamp="1",serial_no="B",signature="c"`, false, 1},
		{"no scheme", "other", false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			auths, arrived := map[string]bool{}, 0
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body := must(io.ReadAll(r.Body))
				if c.arrived > 1 {
					if err := checkRequest(r, body); err != nil || string(body) != secretBody {
						t.Errorf("%v: %q", err, body)
					}
					if r.Header.Get("X-Own") != "kept" || r.Header.Get("Wechatpay-Serial") != keyID {
						t.Errorf("%v", r.Header)
					}
				}
				arrived++
				auths[r.Header.Get("Authorization")] = true
				w.WriteHeader(503)
			})
			req := request(t, "POST", srv.URL+modifyPath+"?"+secretQuery, secretBody)
			req.Header.Set("X-Own", "kept")
			key.n.Store(0)
			switch c.authorization {
			case "":
			case "sign":
				if err := signer.Sign(t.Context(), req); err != nil {
					t.Fatal(err)
				}
			default:
				req.Header.Set("Authorization", c.authorization)
			}
			if c.readOnce {
				req.GetBody = nil
			}
			first := req.Header.Get("Authorization")
			client := transport.New(signer, newVerifier(), transport.WithHooks(clock, noSleep, 0))
			rsp, err := client.Do(req)
			if err != nil || rsp.StatusCode != 503 {
				t.Fatal(rsp, err)
			}
			if arrived != c.arrived || len(auths) != c.arrived || first != "" && !auths[first] {
				t.Errorf("sent %d times with %d signatures, want %d", arrived, len(auths), c.arrived)
			}
			if n := key.n.Load(); c.arrived == 3 && n != 3 || c.name == "another scheme" && n != 0 {
				t.Errorf("signed %d times", n)
			}
		})
	}
}

func TestBackupHosts(t *testing.T) {
	dead := refusing(t)
	var hosts []string
	backup := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hosts = append(hosts, r.Host)
		if r.RequestURI != modifyPath+"?"+secretQuery {
			t.Errorf("asked for %s", r.RequestURI)
		}
		answering(204, "")(w, r)
	})
	for _, named := range []string{
		"http://" + dead, "https://" + dead, "http://name.invalid",
		backup.URL[:len("http")] + "s" + backup.URL[len("http"):], // no TLS there
		hijack(t, resetConn).URL,
	} {
		hosts = nil
		var w waits
		req := secretRequest(t, "POST", named)
		rsp, err := retrying(transport.WithBackupHosts(backup.URL+"/"), transport.WithHooks(clock, w.sleep, 0)).Do(req)
		if err != nil || rsp.StatusCode != 204 || len(hosts) != 1 || "http://"+hosts[0] != backup.URL || len(w) != 1 {
			t.Errorf("%s: %v: %v", named, hosts, err)
		}
		if req.URL.Scheme+"://"+req.URL.Host != named {
			t.Errorf("the caller's request was changed to %s", req.URL.Host)
		}
	}

	t.Run("one after the other and round", func(t *testing.T) {
		var asked []string
		client := retrying(transport.WithBackupHosts("https://b.invalid", "https://c.invalid:1"), transport.WithRetry(transport.Retry{Attempts: 5}),
			transport.WithHooks(clock, noSleep, 0), transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
				asked = append(asked, r.URL.Host+" "+r.Host)
				return nil, errors.New("broken")
			})))
		rsp, err := client.Do(secretRequest(t, "POST", "https://a.invalid"))
		checkSend(t, rsp, err, false, true)
		want := []string{"a.invalid a.invalid", "b.invalid b.invalid", "c.invalid:1 c.invalid:1"}
		if want = append(want, want[0], want[1]); !slices.Equal(asked, want) {
			t.Errorf("asked %q", asked)
		}
	})
	t.Run("not on a status", func(t *testing.T) {
		var own int
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) { own++; w.WriteHeader(502) })
		hosts = nil
		rsp, err := retrying(transport.WithBackupHosts(backup.URL), transport.WithHooks(clock, noSleep, 0)).Do(secretRequest(t, "POST", srv.URL))
		if err != nil || rsp.StatusCode != 502 || own != 3 || len(hosts) != 0 {
			t.Errorf("%d and %d: %v", own, len(hosts), err)
		}
	})
	t.Run("none by default", func(t *testing.T) {
		rsp, err := retrying(transport.WithHooks(clock, noSleep, 0)).Do(secretRequest(t, "POST", "http://"+dead))
		checkSend(t, rsp, err, true, false)
	})
	t.Run("not a host", func(t *testing.T) {
		for _, s := range []string{"", "api2.mch.weixin.qq.com", "https://", "https://h/v3", "https://h?a=1", "https://h#a", "ftp://h", "https://u:p@h", "https://h\x00", ":"} {
			rsp, err := retrying(transport.WithBackupHosts("https://ok.invalid", s)).Do(secretRequest(t, "POST", backup.URL))
			checkSend(t, rsp, err, true, false)
		}
	})
}

func resetConn(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }

func TestBackupHostKeepsItsPassword(t *testing.T) {
	for _, server := range []string{"https://user:MARKER@backup.invalid", "https://user:MARKER@back up.invalid", "https://user:MARKER@"} {
		_, err := newClient(transport.WithBackupHosts("https://good.invalid", server)).Do(request(t, "GET", "https://api.invalid"+modifyPath, ""))
		checkSend(t, nil, err, true, false)
		if strings.Contains(err.Error(), "MARKER") || strings.Contains(fmt.Sprintf("%+v", err), "MARKER") || !strings.Contains(err.Error(), "backup host 2") {
			t.Error("the password is shown, or the host is not named")
		}
	}
}

func TestOptionsThatCannotBeUsed(t *testing.T) {
	for _, opt := range []transport.Option{
		transport.WithTimeout(-1), transport.WithMaxAnswer(-1), transport.WithBackupHosts("backup"), transport.WithRetry(transport.Retry{Attempts: -1}),
		transport.WithRetry(transport.Retry{FirstWait: -1}), transport.WithRetry(transport.Retry{LongestWait: -1}),
	} {
		sent := 0
		rt := carries(func(*http.Request) (*http.Response, error) { sent++; return nil, errors.New("sent") })
		rsp, err := newClient(opt, transport.WithRoundTripper(rt), nil).Do(secretRequest(t, "POST", "https://api.invalid"))
		if checkSend(t, rsp, err, true, false); sent > 0 {
			t.Error("sent")
		}
	}
}
