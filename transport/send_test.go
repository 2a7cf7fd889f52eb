package transport_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/transport"
)

// secretRequest is one of which no error may tell more than method and path.
func secretRequest(t testing.TB, method, server string) *http.Request {
	body := secretBody
	if method == "GET" {
		body = ""
	}
	return request(t, method, server+modifyPath+"?"+secretQuery, body)
}

// refusing is an address where nobody listens, nor will as long as the test
// runs: the near end of a connection.
func refusing(t testing.TB) string {
	conn := must(net.Dial("tcp", raw(t, func(c net.Conn) { io.Copy(io.Discard, c) })))
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String()
}

func TestNothingWasSent(t *testing.T) {
	var hits atomic.Int64
	count := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	untrusted := httptest.NewUnstartedServer(count)
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)

	noTLS := serve(t, count)
	through := func(proxy string) []transport.Option {
		rt := transport.NewRoundTripper()
		rt.Proxy = http.ProxyURL(must(url.Parse(proxy)))
		return []transport.Option{transport.WithRoundTripper(rt)}
	}
	connect := func(status int) []transport.Option {
		proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != "CONNECT" {
				hits.Add(1)
			}
			w.WriteHeader(status)
		})
		return through(strings.Replace(proxy.URL, "://", "://user:password@", 1))
	}
	socks := raw(t, func(c net.Conn) {
		io.ReadFull(c, make([]byte, 3)) // version 5, one method, none
		c.Write([]byte{5, 0})
		io.ReadFull(c, make([]byte, 5+len("api.invalid")+2))
		c.Write([]byte{5, 2, 0, 1, 0, 0, 0, 0, 0, 0}) // not allowed
	})
	handshakes := raw(t, func(c net.Conn) { io.ReadFull(c, make([]byte, 5)) })
	silent := raw(t, func(c net.Conn) { io.Copy(io.Discard, c) })

	for _, c := range []struct {
		name, server string
		opts         []transport.Option
	}{
		{"connection refused", "http://" + refusing(t), nil},
		{"TLS connection refused", "https://" + refusing(t), nil},
		{"unknown host", "http://name.invalid", nil},
		{"certificate not trusted", untrusted.URL, nil},
		{"certificate of another host", strings.Replace(untrusted.URL, "127.0.0.1", "localhost", 1), nil},
		{"nobody at the proxy", "https://api.invalid", through("http://user:password@" + refusing(t))},
		{"proxy answers 403", "https://api.invalid", connect(403)},
		{"proxy answers 407", "https://api.invalid", connect(407)},
		{"proxy answers 502", "https://api.invalid", connect(502)},
		{"SOCKS refusal", "https://api.invalid", through("socks5://" + socks)},
		{"no TLS there", strings.Replace(noTLS.URL, "http:", "https:", 1), nil},
		{"TLS handshake that ends", "https://" + handshakes, nil},
		{"TLS handshake without an answer", "https://" + silent, []transport.Option{transport.WithTimeout(50 * time.Millisecond)}},
		{"scheme", "ftp://api.invalid", nil},
		{"no scheme", "//api.invalid", nil},
	} {
		for _, method := range []string{"POST", "GET"} {
			t.Run(c.name+" "+method, func(t *testing.T) {
				rsp, err := newClient(c.opts...).Do(secretRequest(t, method, c.server))
				s := checkSend(t, rsp, err, true, false)
				if s.Method != method || s.Path != modifyPath || strings.Contains(err.Error(), "password") {
					t.Error(err)
				}
			})
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d requests arrived", hits.Load())
	}
}

// raw is the address of a listener that gives each connection to then, and
// closes it.
func raw(t testing.TB, then func(net.Conn)) string {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				then(c)
			}()
		}
	}()
	return l.Addr().String()
}

// hijack reads a request to its end and hands over the connection.
func hijack(t testing.TB, then func(net.Conn)) *httptest.Server {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		then(conn)
		conn.Close()
	})
}

func TestNoAnswerCame(t *testing.T) {
	for name, then := range map[string]func(net.Conn){
		"closed":         func(net.Conn) {},
		"reset":          func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) },
		"half a header":  func(c net.Conn) { io.WriteString(c, "HTTP/1.1 204 No Content\r\nWechatpay-") },
		"no HTTP":        func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n\r\n") },
		"header with CR": func(c net.Conn) { io.WriteString(c, "HTTP/1.1 204 No Content\r\nx \r level=ERROR forged\r\n\r\n") },
		"line without end": func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 204 No Content\r\n"+strings.Repeat("x", 1<<16)+"\r\n\r\n")
		},
		"control in status": func(c net.Conn) { io.WriteString(c, "HTTP/1.1 \x1b[2Jx\r\n\r\n") },
	} {
		srv := hijack(t, then)
		for _, method := range []string{"POST", "GET"} {
			t.Run(name+" "+method, func(t *testing.T) {
				rsp, err := newClient().Do(secretRequest(t, method, srv.URL))
				checkSend(t, rsp, err, false, method == "POST")
			})
		}
	}
}

// A TLS record that breaks the protocol is a failure of the handshake or, as
// here, of the answer.
func TestTLSBreaksAfterTheRequest(t *testing.T) {
	for _, answer := range []string{"HTTP/1.0 500 no TLS any more\r\n\r\n", "-ERR no TLS any more\r\n"} {
		inner := make(chan net.Conn, 10)
		var hits atomic.Int64
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			hits.Add(1)
			conn := <-inner
			io.WriteString(conn, answer)
			conn.Close()
		}))
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.Listener = &tapped{srv.Listener, inner}
		srv.StartTLS()
		t.Cleanup(srv.Close)
		rt := transport.NewRoundTripper()
		rt.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig
		rsp, err := newClient(transport.WithRoundTripper(rt)).Do(secretRequest(t, "POST", srv.URL))
		checkSend(t, rsp, err, false, true)
		if hits.Load() != 1 {
			t.Errorf("%d requests arrived", hits.Load())
		}
	}
}

// tapped gives away what it accepts, below TLS.
type tapped struct {
	net.Listener
	conns chan<- net.Conn
}

func (l *tapped) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.conns <- c
	}
	return c, err
}

// net/http sends a request with one of these headers once more when its
// connection breaks. That the second attempt found nobody says nothing about
// the first.
func TestRepeatedByNetHTTP(t *testing.T) {
	for _, header := range []string{"", "Idempotency-Key", "X-Idempotency-Key"} {
		var calls atomic.Int64
		var srv *httptest.Server
		srv = serve(t, func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) == 1 {
				answering(204, "")(w, r)
				return
			}
			io.Copy(io.Discard, r.Body)
			srv.Listener.Close()
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		})
		client := newClient()
		if _, err := client.Do(request(t, "POST", srv.URL+modifyPath, "{}")); err != nil {
			t.Fatal(err)
		}
		req := secretRequest(t, "POST", srv.URL)
		if header != "" {
			req.Header.Set(header, "1")
		}
		rsp, err := client.Do(req)
		checkSend(t, rsp, err, false, true)
		if calls.Load() != 2 {
			t.Errorf("%d calls arrived, so this test is about something else", calls.Load())
		}
	}
}

func TestContext(t *testing.T) {
	const server = "http://api.invalid"
	for _, method := range []string{"POST", "GET"} {
		arrived := 0
		// hangs runs f on a server that never answers.
		hangs := func(name string, f func(t *testing.T, carrier transport.Option)) {
			arrived = 0
			t.Run(name+" "+method, inBubble(func(t *testing.T) {
				f(t, transport.WithRoundTripper(inMemory(t, func(w http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body)
					arrived++
					<-r.Context().Done()
				})))
			}))
		}
		hangs("done before", func(t *testing.T, carrier transport.Option) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			expired, cancel := context.WithTimeout(t.Context(), -time.Second)
			defer cancel()
			for _, signed := range []bool{false, true} {
				for want, ctx := range map[error]context.Context{context.Canceled: ctx, context.DeadlineExceeded: expired} {
					signer, key := newSigner()
					req := secretRequest(t, method, server)
					if signed {
						if err := signer.Sign(t.Context(), req); err != nil {
							t.Fatal(err)
						}
						key.n.Store(0)
					}
					rsp, err := transport.New(signer, newVerifier(), carrier).Do(req.WithContext(ctx))
					checkSend(t, rsp, err, true, false)
					if !errors.Is(err, want) || key.n.Load() != 0 {
						t.Errorf("%d signatures: %v", key.n.Load(), err)
					}
				}
			}
			if synctest.Wait(); arrived != 0 {
				t.Error("a request arrived")
			}
		})
		hangs("cancelled during", func(t *testing.T, carrier transport.Option) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			rsp, err := newClient(carrier).Do(secretRequest(t, method, server).WithContext(ctx))
			checkSend(t, rsp, err, false, method == "POST")
			if synctest.Wait(); !errors.Is(err, context.Canceled) || arrived != 1 {
				t.Error(arrived, err)
			}
		})
		hangs("deadline during", func(t *testing.T, carrier transport.Option) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			rsp, err := newClient(carrier).Do(secretRequest(t, method, server).WithContext(ctx))
			checkSend(t, rsp, err, false, method == "POST")
			if synctest.Wait(); !errors.Is(err, context.DeadlineExceeded) || arrived != 1 {
				t.Error(arrived, err)
			}
		})
		hangs("timeout of the client", func(t *testing.T, carrier transport.Option) {
			start := time.Now()
			rsp, err := newClient(carrier).Do(secretRequest(t, method, server))
			s := checkSend(t, rsp, err, false, method == "POST")
			var timeout net.Error
			if !errors.Is(err, context.DeadlineExceeded) || !errors.As(s.Err, &timeout) || !timeout.Timeout() {
				t.Error(err)
			}
			if synctest.Wait(); arrived != 1 || time.Since(start) != transport.DefaultTimeout {
				t.Errorf("%d arrived in %s", arrived, time.Since(start))
			}
		})
	}
}

// The answer was on its way: the operation was carried out.
func TestTimeoutWithinTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := inMemory(t, func(w http.ResponseWriter, r *http.Request) {
			sign(w.Header(), wechatKey(), now, order)
			io.WriteString(w, order[:10])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		rsp, err := newClient(transport.WithRoundTripper(rt)).Do(secretRequest(t, "POST", "http://api.invalid"))
		checkUnverified(t, rsp, err)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestErrorOfARoundTripper(t *testing.T) {
	// One that is built on an http.Client gives a url.Error, which prints the
	// query, within that of the http.Client above it.
	nested := roundTripper(func(r *http.Request) (*http.Response, error) {
		inner := r.Clone(r.Context())
		inner.RequestURI = ""
		return http.DefaultClient.Do(inner)
	})
	rsp, err := newClient(transport.WithRoundTripper(nested)).Do(secretRequest(t, "POST", "http://"+refusing(t)))
	checkSend(t, rsp, err, true, false)

	cause := errors.New("first line\r\nsecond\tline \u2028 " + strings.Repeat("界", 5000))
	rsp, err = newClient(transport.WithRoundTripper(roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("wrapped: %w", cause)
	}))).Do(secretRequest(t, "POST", "http://api.invalid"))
	checkSend(t, rsp, err, false, true)
	if !errors.Is(err, cause) {
		t.Error(err)
	}

	header := http.Header{}
	sign(header, wechatKey(), now, "")
	header.Set("Request-ID", "1\r\n2"+strings.Repeat("\x00", 10000))
	rsp, err = newClient(transport.WithRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		broken := io.MultiReader(bufio.NewReader(strings.NewReader("{")), brokenReader{cause})
		return &http.Response{StatusCode: 200, Header: header, Body: io.NopCloser(broken), Request: r}, nil
	}))).Do(secretRequest(t, "POST", "http://api.invalid"))
	checkUnverified(t, rsp, err)
	if !errors.Is(err, cause) {
		t.Error(err)
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

// net/http hands the connection over with a 101, and nothing ends a read of it:
// neither a timeout nor a context.
func TestSwitchedProtocolHangsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := inMemory(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { conn.Close() })
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		})
		start := time.Now()
		rsp, err := newClient(transport.WithRoundTripper(rt)).Do(secretRequest(t, "POST", "http://api.invalid"))
		if u := checkUnverified(t, rsp, err); u.Status != 101 {
			t.Errorf("status %d", u.Status)
		}
		if waited := time.Since(start); waited > transport.DefaultTimeout {
			t.Errorf("the call outlives its timeout, %s", waited)
		}
	})
}

// nested carries requests with another client of this package, which it lets
// have the body as often as it likes.
type nested struct{ *transport.Client }

func (n nested) RoundTrip(r *http.Request) (*http.Response, error) {
	body := must(io.ReadAll(r.Body))
	r = r.Clone(r.Context())
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return n.Do(r)
}

// A carrier that repeats may end with a dial that failed, after an attempt that
// arrived.
func TestCarrierThatRepeats(t *testing.T) {
	n := 0
	carrier := roundTripper(func(r *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}
	})
	signer, _ := newSigner()
	inner := transport.New(signer, newVerifier(), transport.WithRoundTripper(carrier), transport.WithHooks(clock, noSleep, 0))
	rsp, err := newClient(transport.WithRoundTripper(nested{inner})).Do(request(t, "POST", "https://api.invalid"+modifyPath, secretBody))
	if !errors.Is(err, transport.ErrOutcomeUnknown) || errors.Is(err, apierror.ErrNotSent) || transport.OutcomeOf(rsp, err) != transport.Unknown {
		t.Errorf("an attempt arrived: %v", err)
	}
	if n != 3 {
		t.Errorf("%d attempts", n)
	}
}
