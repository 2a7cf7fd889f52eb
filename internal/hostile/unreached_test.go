package hostile

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
)

// unreached is a fault before any request: nothing can have arrived.
type unreached struct {
	name string
	// serve is what listens, nil for nobody.
	serve func(s *server, raw *net.TCPConn)
	// url is the server's, of the address that listens.
	url    func(addr string) string
	set    func(rt *http.Transport, addr string)
	stalls bool
	// doubtful marks what net/http tells of in a way that leaves "unknown" as
	// a right verdict, too.
	doubtful bool
}

func (u unreached) stalling() unreached { u.stalls = true; return u }

// unreachedKinds are those of which the client must know that nothing was sent.
func unreachedKinds() []unreached {
	secure := func(addr string) string { return "https://" + addr }
	// The first bytes are read, so that the end is no reset.
	hello := func(raw net.Conn) { _, _ = raw.Read(make([]byte, 4096)) }
	handshake := func(name string, do func(raw *net.TCPConn)) unreached {
		return unreached{name: name, url: secure, serve: func(_ *server, raw *net.TCPConn) { do(raw) }}
	}
	certificate := func(name string, config *tls.Config) unreached {
		return handshake(name, func(raw *net.TCPConn) { _ = tls.Server(raw, config).Handshake() })
	}
	proxy := func(name string, do func(raw *net.TCPConn)) unreached {
		return unreached{name: name, url: func(string) string { return "https://api.example.test" },
			serve: func(_ *server, raw *net.TCPConn) { do(raw) },
			set:   func(rt *http.Transport, addr string) { rt.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: addr}) }}
	}
	connect := func(name, answer string) unreached {
		return proxy(name, func(raw *net.TCPConn) { hello(raw); _, _ = io.WriteString(raw, answer) })
	}
	socks := func(name string, greeting, answer string) unreached {
		return unreached{name: name, url: func(string) string { return "http://api.example.test" },
			serve: func(_ *server, raw *net.TCPConn) {
				hello(raw)
				_, _ = io.WriteString(raw, greeting)
				if answer != "" {
					hello(raw)
					_, _ = io.WriteString(raw, answer)
				}
			},
			set: func(rt *http.Transport, addr string) {
				rt.Proxy = http.ProxyURL(&url.URL{Scheme: "socks5", Host: addr})
			}}
	}
	return []unreached{
		{name: "connection refused", url: func(string) string { return "http://127.0.0.1:1" }},
		{name: "connection refused, TLS", url: func(string) string { return "https://127.0.0.1:1" }},
		{name: "unknown host", url: func(string) string { return "https://api.example.test" },
			set: func(rt *http.Transport, _ string) {
				rt.DialContext = (&net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
					return nil, errors.New("no network")
				}}}).DialContext
			}},
		{name: "no network", url: secure, set: func(rt *http.Transport, _ string) {
			rt.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("network is unreachable")}
			}
		}},
		{name: "a dialling that takes too long", url: secure, set: func(rt *http.Transport, _ string) {
			rt.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
			}
		}, stalls: true},
		{name: "unknown scheme", url: func(addr string) string { return "ftp://" + addr }},
		{name: "unknown scheme with a port", url: func(addr string) string { return "wxpay://" + addr }},
		handshake("TLS: closed at once", func(*net.TCPConn) {}),
		handshake("TLS: closed after the hello", func(raw *net.TCPConn) { hello(raw) }),
		handshake("TLS: reset after the hello", func(raw *net.TCPConn) { hello(raw); _ = raw.SetLinger(0) }),
		handshake("TLS: an alert", func(raw *net.TCPConn) { hello(raw); _, _ = io.WriteString(raw, "\x15\x03\x03\x00\x02\x02\x28") }),
		handshake("TLS: garbage", func(raw *net.TCPConn) { hello(raw); _, _ = io.WriteString(raw, "220 smtp.example.com ESMTP\r\n") }),
		handshake("TLS: an answer of HTTP", func(raw *net.TCPConn) { hello(raw); _, _ = io.WriteString(raw, plain(400, html).text()) }),
		handshake("TLS: half a hello", func(raw *net.TCPConn) { hello(raw); _, _ = io.WriteString(raw, "\x16\x03\x03\x00\x50\x02\x00") }),
		handshake("TLS: no answer", func(raw *net.TCPConn) { _, _ = io.Copy(io.Discard, raw) }).stalling(),
		func() unreached {
			u := handshake("TLS: no answer within the time for it", func(raw *net.TCPConn) { _, _ = io.Copy(io.Discard, raw) })
			u.set = func(rt *http.Transport, _ string) { rt.TLSHandshakeTimeout = shortTimeout }
			return u
		}(),
		certificate("TLS: a certificate of nobody", serverTLS("stranger")),
		certificate("TLS: a certificate of another host", serverTLS("otherhost")),
		certificate("TLS: an expired certificate", serverTLS("expired")),
		certificate("TLS: an old version", func() *tls.Config {
			c := serverTLS("good")
			c.MaxVersion = tls.VersionTLS11
			c.MinVersion = tls.VersionTLS10
			return c
		}()),
		connect("CONNECT: 403", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
		connect("CONNECT: 407", "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"),
		connect("CONNECT: 502", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\nMARKER"),
		connect("CONNECT: 503", "HTTP/1.1 503 Service Unavailable\r\n\r\n"),
		connect("CONNECT: garbage", "220 smtp.example.com ESMTP\r\n"),
		connect("CONNECT: half an answer", "HTTP/1.1 2"),
		connect("CONNECT: closed", ""),
		connect("CONNECT: taken, then closed", "HTTP/1.1 200 OK\r\n\r\n"),
		proxy("CONNECT: no answer", func(raw *net.TCPConn) { _, _ = io.Copy(io.Discard, raw) }).stalling(),
		proxy("CONNECT: taken, then a certificate of nobody", func(raw *net.TCPConn) {
			hello(raw)
			_, _ = io.WriteString(raw, "HTTP/1.1 200 OK\r\n\r\n")
			_ = tls.Server(raw, serverTLS("stranger")).Handshake()
		}),
		{name: "proxy: connection refused", url: func(string) string { return "https://api.example.test" },
			set: func(rt *http.Transport, _ string) {
				rt.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})
			}},
		{name: "proxy: connection refused, without TLS", url: func(string) string { return "http://api.example.test" },
			set: func(rt *http.Transport, _ string) {
				rt.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})
			}},
		{name: "proxy: an error of its choice", url: func(string) string { return "http://api.example.test" },
			set: func(rt *http.Transport, _ string) {
				rt.Proxy = func(*http.Request) (*url.URL, error) { return nil, errors.New("no proxy") }
			}, doubtful: true},
		socks("SOCKS: refused", "\x05\x00", "\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"),
		socks("SOCKS: host unreachable", "\x05\x00", "\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00"),
		socks("SOCKS: no method", "\x05\xff", ""),
		socks("SOCKS: another version", "\x04\x5b", ""),
		socks("SOCKS: closed", "", ""),
		socks("SOCKS: half an answer", "\x05\x00", "\x05\x00"),
	}
}

// kindOf has the server of a kind serve, and demands that nothing was sent.
func (u unreached) kindOf() *kind {
	k := &kind{name: u.name, fates: "n", want: notSent, at: nothing, blind: true, unsettled: true, stalls: u.stalls}
	if u.doubtful {
		k.want = ""
	}
	return k
}
