package transport_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/transport"
)

const order = `{ "out_order_no":"1234323JKHDFE1243252",  "state":"DOING","total_amount":39900 }`

// badSignatures alter the header of a well-signed answer with this body.
func badSignatures(body string) map[string]func(h http.Header) {
	set := func(name, value string) func(http.Header) {
		return func(h http.Header) { h.Set(name, value) }
	}
	cases := map[string]func(h http.Header){
		"unsigned": func(h http.Header) {
			for name := range h {
				if strings.HasPrefix(name, "Wechatpay-") {
					delete(h, name)
				}
			}
		},
		"body tampered":           func(h http.Header) { sign(h, wechatKey(), now, body+" ") },
		"body of another answer":  func(h http.Header) { sign(h, wechatKey(), now, `{"state":"DONE"}`) },
		"nonce tampered":          set("Wechatpay-Nonce", strings.ToUpper(answerNonce)),
		"timestamp tampered":      set("Wechatpay-Timestamp", strconv.FormatInt(now.Unix()+1, 10)),
		"timestamp not a number":  set("Wechatpay-Timestamp", "yesterday"),
		"signed by another key":   func(h http.Header) { sign(h, strangeKey(), now, body) },
		"signed by the merchant":  func(h http.Header) { sign(h, merchantKey(), now, body) },
		"301 s old":               func(h http.Header) { sign(h, wechatKey(), now.Add(-301*time.Second), body) },
		"301 s ahead":             func(h http.Header) { sign(h, wechatKey(), now.Add(301*time.Second), body) },
		"a day old":               func(h http.Header) { sign(h, wechatKey(), now.Add(-24*time.Hour), body) },
		"unknown public key":      set("Wechatpay-Serial", keyID+"2"),
		"unknown certificate":     set("Wechatpay-Serial", "7132D72A03E93CDDF8C03BBD1F37EEDF"),
		"merchant's certificate":  set("Wechatpay-Serial", merchantSerial),
		"signature type unknown":  set("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
		"signature not base64":    set("Wechatpay-Signature", "!"),
		"signature of no bytes":   set("Wechatpay-Signature", "===="),
		"signature of null bytes": set("Wechatpay-Signature", strings.Repeat("A", 342)+"=="),
		"signature tampered": func(h http.Header) {
			s := h.Get("Wechatpay-Signature")
			flipped := "A"
			if s[:1] == flipped {
				flipped = "B"
			}
			h.Set("Wechatpay-Signature", flipped+s[1:])
		},
		"probe that decodes": func(h http.Header) {
			s := h.Get("Wechatpay-Signature")
			h.Set("Wechatpay-Signature", probe+s[len(probe):])
		},
		"probe that does not decode": func(h http.Header) { h.Set("Wechatpay-Signature", probe+h.Get("Wechatpay-Signature")) },
	}
	for _, name := range []string{"Timestamp", "Nonce", "Signature", "Serial", "Signature-Type"} {
		name := "Wechatpay-" + name
		cases[name+" repeated"] = func(h http.Header) { h.Add(name, h.Get(name)) }
		if name != "Wechatpay-Signature-Type" {
			cases[name+" missing"] = func(h http.Header) { h.Del(name) }
			cases[name+" empty"] = set(name, "")
		}
	}
	return cases
}

const probe = "WECHATPAY/SIGNTEST/"

func TestSuccessThatDoesNotVerify(t *testing.T) {
	var alter func(http.Header)
	var status int
	var body string
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sign(w.Header(), wechatKey(), now, body)
		alter(w.Header())
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
	client := newClient()
	for _, status = range []int{200, 202, 204} {
		if body = order; status == 204 {
			body = ""
		}
		var name string
		for name, alter = range badSignatures(body) {
			for _, method := range []string{"POST", "GET"} {
				t.Run(fmt.Sprint(status, " ", name, " ", method), func(t *testing.T) {
					req := request(t, method, srv.URL+modifyPath+"?"+secretQuery, "")
					req.Header.Set("Authorization", "signed") // this server does not look, and RSA is slow
					rsp, err := client.Do(req)
					u := checkUnverified(t, rsp, err)
					if !errors.Is(err, auth.ErrUnverified) {
						t.Errorf("not an auth.ErrUnverified: %v", err)
					}
					if u.Status != status || u.RequestID != requestID || u.Method != method {
						t.Errorf("%+v", u)
					}
					var s *auth.SignatureError
					if errors.As(err, &s) && s.Probe != strings.HasPrefix(name, "probe") {
						t.Errorf("Probe is %v", s.Probe)
					}
				})
			}
		}
	}
}

func TestSuccessThatVerifies(t *testing.T) {
	for name, alter := range map[string]func(http.Header){
		"now":               func(http.Header) {},
		"300 s old":         func(h http.Header) { sign(h, wechatKey(), now.Add(-300*time.Second), order) },
		"300 s ahead":       func(h http.Header) { sign(h, wechatKey(), now.Add(300*time.Second), order) },
		"no signature type": func(h http.Header) { h.Del("Wechatpay-Signature-Type") },
		"no request id":     func(h http.Header) { h.Del("Request-ID") },
	} {
		t.Run(name, func(t *testing.T) {
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
				sign(w.Header(), wechatKey(), now, order)
				alter(w.Header())
				io.WriteString(w, order)
			})
			rsp, err := newClient().Do(request(t, "GET", srv.URL+modifyPath, ""))
			if err != nil {
				t.Fatal(err)
			}
			if got := bodyOf(t, rsp); got != order || rsp.ContentLength != int64(len(order)) {
				t.Errorf("%d bytes announced: %q", rsp.ContentLength, got)
			}
		})
	}
}

// The bytes are signed, so they must come out as they came in, whatever they are.
func TestBodyIsNotTouched(t *testing.T) {
	for _, body := range []string{
		"", "\n", " {} \r\n", `{"a":1,"a":2}`, `{"\u4e2d":"<&>\u2028"}`, "\xff\xfe\x00", "\xef\xbb\xbf{}", "not JSON", `{"n":1.0e0}`, order,
	} {
		srv := serve(t, answering(200, body))
		rsp, err := newClient().Do(request(t, "GET", srv.URL+modifyPath, ""))
		if err != nil {
			t.Errorf("%q: %v", body, err)
		} else if got := bodyOf(t, rsp); got != body {
			t.Errorf("got %q, want %q", got, body)
		}
	}
}

func TestFailures(t *testing.T) {
	refusal := `{"code":"PARAM_ERROR","message":"参数错误"}`
	for _, status := range []int{300, 304, 400, 401, 403, 404, 429, 500, 502, 503} {
		body := refusal
		if status == 304 {
			body = ""
		}
		var alter func(http.Header)
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
			sign(w.Header(), wechatKey(), now, body)
			alter(w.Header())
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
		pass := func(name string) {
			rsp, err := newClient().Do(request(t, "POST", srv.URL+modifyPath, secretBody))
			if err != nil {
				t.Errorf("%d %s: %v", status, name, err)
			} else if got := bodyOf(t, rsp); rsp.StatusCode != status || got != body {
				t.Errorf("%d %s: %d %q", status, name, rsp.StatusCode, got)
			}
		}
		alter = func(http.Header) {}
		pass("signed")
		bad := badSignatures(body)
		for _, name := range []string{"unsigned", "Wechatpay-Signature missing"} {
			alter = bad[name]
			pass(name)
		}
		for _, name := range []string{"signature tampered", "body tampered", "301 s old", "unknown public key", "probe that decodes", "Wechatpay-Nonce missing", "Wechatpay-Signature repeated"} {
			alter = bad[name]
			rsp, err := newClient().Do(request(t, "POST", srv.URL+modifyPath+"?"+secretQuery, secretBody))
			if u := checkUnverified(t, rsp, err); u.Status != status || !errors.Is(err, auth.ErrUnverified) {
				t.Errorf("%d %s: %v", status, name, err)
			}
		}
	}
}

func TestLargestAnswer(t *testing.T) {
	const most = 1000
	for _, c := range []struct {
		status, size int
		ok           bool
	}{
		{200, 0, true}, {200, most - 1, true}, {200, most, true}, {200, most + 1, false}, {200, 100 * most, false},
		{400, most, true}, {400, most + 1, false},
	} {
		body := strings.Repeat("x", c.size)
		srv := serve(t, answering(c.status, body))
		rsp, err := newClient(transport.WithMaxAnswer(most)).Do(request(t, "POST", srv.URL+modifyPath, ""))
		if c.ok {
			if err != nil || bodyOf(t, rsp) != body {
				t.Errorf("%d of %d bytes: %v", c.status, c.size, err)
			}
			continue
		}
		checkUnverified(t, rsp, err)
		// It is not the signature that is wrong.
		if errors.Is(err, auth.ErrUnverified) || !strings.Contains(err.Error(), "over 1000 bytes") {
			t.Errorf("%d of %d bytes: %v", c.status, c.size, err)
		}
	}

	t.Run("by default", func(t *testing.T) {
		body := strings.Repeat("x", transport.DefaultMaxAnswer)
		srv := serve(t, answering(200, body))
		if rsp, err := newClient().Do(request(t, "POST", srv.URL+modifyPath, "")); err != nil || bodyOf(t, rsp) != body {
			t.Error(err)
		}
		srv = serve(t, answering(200, body+"x"))
		rsp, err := newClient().Do(request(t, "POST", srv.URL+modifyPath, ""))
		checkUnverified(t, rsp, err)
	})
	t.Run("without bound", func(t *testing.T) {
		srv := serve(t, answering(200, order))
		rsp, err := newClient(transport.WithMaxAnswer(math.MaxInt64)).Do(request(t, "POST", srv.URL+modifyPath, ""))
		if err != nil || bodyOf(t, rsp) != order {
			t.Error(err)
		}
	})
}

func TestEndlessAnswer(t *testing.T) {
	for _, c := range []struct {
		status int
		signed bool
	}{{200, true}, {200, false}, {502, true}, {502, false}} {
		t.Run(fmt.Sprint(c.status, " signed ", c.signed), func(t *testing.T) {
			done := make(chan int64, 1)
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if c.signed {
					sign(w.Header(), wechatKey(), now, "")
				}
				w.WriteHeader(c.status)
				var sent int64
				for chunk := make([]byte, 64<<10); ; {
					n, err := w.Write(chunk)
					if sent += int64(n); err != nil {
						done <- sent
						return
					}
				}
			})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			rsp, err := newClient(transport.WithTimeout(time.Minute)).Do(request(t, "POST", srv.URL+modifyPath, ""))
			runtime.ReadMemStats(&after)
			if c.status == 502 && !c.signed {
				if err != nil || rsp.StatusCode != 502 {
					t.Fatal(rsp, err)
				}
			} else {
				checkUnverified(t, rsp, err)
				if errors.Is(err, auth.ErrUnverified) {
					t.Errorf("a cut body was given to the verifier: %v", err)
				}
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
				t.Errorf("%d bytes were allocated", n)
			}
			select {
			case sent := <-done:
				if sent > 64<<20 {
					t.Errorf("%d bytes were taken from the server", sent)
				}
			case <-time.After(10 * time.Second): // long before the timeout
				t.Error("the server is still sending")
			}
		})
	}
}

// What arrived may even be signed: it is not what was sent.
func TestTruncatedAnswer(t *testing.T) {
	for _, status := range []int{200, 500} {
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
			sign(w.Header(), wechatKey(), now, `{"a":1}`)
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(status)
			io.WriteString(w, `{"a":1}`)
		})
		for _, method := range []string{"POST", "GET"} {
			rsp, err := newClient().Do(request(t, method, srv.URL+modifyPath, ""))
			checkUnverified(t, rsp, err)
			if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, auth.ErrUnverified) {
				t.Error(err)
			}
		}
	}
	t.Run("unsigned failure", func(t *testing.T) {
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(502)
			io.WriteString(w, "<html>")
		})
		rsp, err := newClient().Do(request(t, "POST", srv.URL+modifyPath, ""))
		if err != nil || rsp.StatusCode != 502 || bodyOf(t, rsp) != "<html>" || rsp.ContentLength != 6 {
			t.Error(rsp, err)
		}
	})
}

func gzipped(b []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	must(w.Write(b))
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

func TestGzip(t *testing.T) {
	var plain []byte
	signed := order
	damage := func(b []byte) []byte { return b }
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Error("gzip is not asked for")
		}
		w.Header().Set("Content-Encoding", "gzip")
		sign(w.Header(), wechatKey(), now, signed)
		w.Write(damage(gzipped(plain)))
	})
	do := func() (*http.Response, error) { return newClient().Do(request(t, "GET", srv.URL+modifyPath, "")) }

	plain = []byte(order)
	if rsp, err := do(); err != nil || bodyOf(t, rsp) != order {
		t.Error(err)
	}
	plain = []byte(order + " ")
	if rsp, err := do(); checkUnverified(t, rsp, err) == nil || !errors.Is(err, auth.ErrUnverified) {
		t.Error(err)
	}
	plain = make([]byte, 4<<20) // 4 kB on the wire
	signed = string(plain)
	if rsp, err := do(); checkUnverified(t, rsp, err) == nil || errors.Is(err, auth.ErrUnverified) {
		t.Error(err)
	}
	plain, signed = []byte(order), order
	damage = func(b []byte) []byte { return b[:len(b)-4] }
	rsp, err := do()
	checkUnverified(t, rsp, err)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{"POST", "GET"} {
			var hits atomic.Int64
			var to string
			elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					hits.Add(1)
				}
				w.Header().Set("Location", to)
				w.WriteHeader(status)
				io.WriteString(w, "moved")
			})
			for _, to = range []string{"/elsewhere", elsewhere.URL + modifyPath, "https://127.0.0.1:1/"} {
				rsp, err := newClient().Do(request(t, method, srv.URL+modifyPath, ""))
				if err != nil {
					t.Fatalf("%d %s: %v", status, to, err)
				}
				if rsp.StatusCode != status || rsp.Header.Get("Location") != to || bodyOf(t, rsp) != "moved" || hits.Load() != 0 {
					t.Errorf("%d %s: answer %d, followed %d times", status, to, rsp.StatusCode, hits.Load())
				}
			}
		}
	}
}

// A recorder or a fake need not fill in what net/http fills in.
func TestRoundTripperThatFillsInLittle(t *testing.T) {
	signed := http.Header{}
	sign(signed, wechatKey(), now, "")
	for _, c := range []struct {
		header http.Header
		status int
	}{{signed, 204}, {nil, 204}, {nil, 500}} {
		client := newClient(transport.WithRoundTripper(roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: c.status, Header: c.header}, nil
		})))
		req := request(t, "POST", "https://api.invalid"+modifyPath, secretBody)
		rsp, err := client.Do(req)
		if c.status == 204 && c.header == nil {
			checkUnverified(t, rsp, err)
			continue
		}
		if err != nil || rsp.Request != req || bodyOf(t, rsp) != "" {
			t.Error(rsp, err)
		}
	}
}
