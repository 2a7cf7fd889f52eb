package sandbox_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

// hardCoded is the host that most clients have.
const hardCoded = "api.mch.weixin.qq.com:443"

// proxied serves a box through an HTTPS proxy and returns its address.
func proxied(b *box, server *http.Server) string {
	b.t.Helper()
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	go func() { _ = server.ServeTLS(sandbox.NewProxyListener(listener), "", "") }()
	b.t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// through is a transport that has the proxy, and trusts the authority alone.
func through(b *box, proxy string) *http.Transport {
	rt := transport.NewRoundTripper()
	rt.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy})
	rt.TLSClientConfig = &tls.Config{RootCAs: b.Credentials().CertPool()}
	b.t.Cleanup(rt.CloseIdleConnections)
	return rt
}

// A client with a hard-coded host calls the sandbox, on each of WeChat Pay's.
func TestClientsWithAHardCodedHost(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	rt := through(b, proxied(b, sandbox.NewHTTPServer(b.Sandbox)))
	for i, server := range []string{payscore.DefaultServer, payscore.OverseasServer, "https://api2.mch.weixin.qq.com", "https://api2.wechatpay.cn"} {
		b.wire = rt
		client := b.clientAt(server, b)
		total := int64(39900 - i)
		b.ok(client.ModifyPartnerServiceOrder(t.Context(), orderNo, modification(total)))
		if b.total(orderNo) != total {
			t.Errorf("%s: the order is at %d", server, b.total(orderNo))
		}
	}
	// The console does not answer to the names of WeChat Pay.
	rsp := must((&http.Client{Transport: rt}).Get(payscore.DefaultServer + "/_sandbox/api/orders"))
	_ = rsp.Body.Close()
	if rsp.StatusCode != http.StatusForbidden {
		t.Errorf("the console: %s", rsp.Status)
	}
	if _, err := (&http.Client{Transport: rt}).Get("https://example.com/"); err == nil || !strings.Contains(err.Error(), "Forbidden") {
		t.Errorf("another host: %v", err)
	}
}

// ask sends one request to the proxy and reads the response.
func ask(b *box, proxy, request string) (net.Conn, *http.Response) {
	b.t.Helper()
	conn := b.dial(proxy)
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	_ = must(io.WriteString(conn, request))
	return conn, must(http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: strings.Fields(request)[0]}))
}

func TestProxyIsNotOpen(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	proxy := proxied(b, sandbox.NewHTTPServer(b.Sandbox))
	connect := func(target string) string { return "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n" }
	for request, want := range map[string]int{
		connect(hardCoded):                                              200,
		connect("API.Mch.Weixin.QQ.com:443"):                            200,
		connect("api.mch.weixin.qq.com.:443"):                           200,
		"CONNECT " + hardCoded + " HTTP/1.0\r\n\r\n":                    200,
		connect("api.mch.weixin.qq.com:80"):                             403,
		connect("api.mch.weixin.qq.com:0443"):                           403,
		connect("api.mch.weixin.qq.com"):                                403,
		connect("api.mch.weixin.qq.com..:443"):                          403,
		connect("x.api.mch.weixin.qq.com:443"):                          403,
		connect("api.mch.weixin.qq.com.example.com:443"):                403,
		connect("api.mch.weixin.qq.com:443@example.com:443"):            403,
		connect("user@api.mch.weixin.qq.com:443"):                       403,
		connect("mch.weixin.qq.com:443"):                                403,
		connect("example.com:443"):                                      403,
		connect("localhost:443"):                                        403,
		connect("127.0.0.1:443"):                                        403,
		connect("[::1]:443"):                                            403,
		connect(proxy):                                                  403,
		connect("/"):                                                    403,
		"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n": 405,
		"GET http://api.mch.weixin.qq.com/ HTTP/1.1\r\nHost: api.mch.weixin.qq.com\r\n\r\n":        405,
		"POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\nContent-Length: 9\r\n\r\nabcde": 405,
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n":                                                405,
		"MARKER\r\n\r\n": 400,
		"CONNECT " + hardCoded + " HTTP/1.1\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n": 400,
	} {
		conn, rsp := ask(b, proxy, request)
		if rsp.StatusCode != want {
			t.Errorf("%.60q: %s, want %d", request, rsp.Status, want)
		}
		if want == 200 {
			continue
		}
		body := string(must(io.ReadAll(rsp.Body)))
		if strings.Count(body, "\n") != 1 || strings.Contains(body, "MARKER") || strings.Contains(body, "example") {
			t.Errorf("%.60q: %q", request, body)
		}
		_ = conn.Close()
	}
	if n := len(b.Requests("")); n != 0 {
		t.Errorf("%d requests reached the sandbox", n)
	}
}

// Whatever comes into a tunnel ends in the sandbox or in an error.
func TestInsideATunnel(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	proxy := proxied(b, sandbox.NewHTTPServer(b.Sandbox))
	tunnel := func() net.Conn {
		conn, rsp := ask(b, proxy, "CONNECT "+hardCoded+" HTTP/1.1\r\nHost: "+hardCoded+"\r\n\r\n")
		if rsp.StatusCode != 200 {
			t.Fatal(rsp.Status)
		}
		return conn
	}
	roots := b.Credentials().CertPool()
	for _, c := range []struct {
		name, sni, host string
		verifies        bool
	}{
		{"as clients do", "api.mch.weixin.qq.com", "api.mch.weixin.qq.com", true},
		{"another of the hosts", "api2.mch.weixin.qq.com", "api2.mch.weixin.qq.com", true},
		{"a name of nobody", "example.com", "api.mch.weixin.qq.com", false},
		{"no name", "", "api.mch.weixin.qq.com", false},
		{"another Host", "api.mch.weixin.qq.com", "example.com", true}, // it ends here, too
	} {
		config := &tls.Config{RootCAs: roots, ServerName: c.sni}
		err := tls.Client(tunnel(), config).HandshakeContext(t.Context())
		if c.verifies != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		// A client that verifies nothing gets the sandbox.
		conn := tls.Client(tunnel(), &tls.Config{InsecureSkipVerify: true, ServerName: c.sni, NextProtos: []string{"h2", "http/1.1"}})
		_ = must(fmt.Fprintf(conn, "GET /v3/payscore/serviceorder HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\nUser-Agent: test\r\n\r\n", c.host))
		rsp := must(http.ReadResponse(bufio.NewReader(conn), nil))
		if rsp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %s", c.name, rsp.Status)
		}
		if p := conn.ConnectionState().NegotiatedProtocol; p != "http/1.1" {
			t.Errorf("speaks %q", p) // as the real host
		}
	}
	plain := tunnel()
	_ = must(io.WriteString(plain, "GET / HTTP/1.1\r\nHost: api.mch.weixin.qq.com\r\n\r\n"))
	if rsp, err := http.ReadResponse(bufio.NewReader(plain), nil); err != nil || rsp.StatusCode != http.StatusBadRequest {
		t.Errorf("plain text: %v %v", rsp, err)
	}
}

// Slow clients are cut off before, during and after the handshakes, and give their
// places back.
func TestIdleTunnelsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	server := sandbox.NewLimitedHTTPServer(b.Sandbox, 300)
	server.ReadHeaderTimeout, server.IdleTimeout = 300*time.Millisecond, 300*time.Millisecond
	proxy := proxied(b, server)
	request := "CONNECT " + hardCoded + " HTTP/1.1\r\n\r\n"
	var conns []net.Conn
	for i := range 400 {
		conn := b.dial(proxy)
		_, _ = io.WriteString(conn, []string{"", "CONN", request, request + "\x16\x03\x01"}[i%4])
		conns = append(conns, conn)
	}
	for _, conn := range conns {
		if !ends(conn, time.Minute) {
			t.Fatal("a connection stays open")
		}
	}
	rt := through(b, proxy)
	for deadline := time.Now().Add(time.Minute); ; {
		rsp, err := (&http.Client{Transport: rt}).Get(payscore.DefaultServer)
		if err == nil {
			_ = rsp.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// A fault breaks the connection below TLS, too.
func TestFaultsThroughTheProxy(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	b.wire = through(b, proxied(b, sandbox.NewHTTPServer(b.Sandbox)))
	client := b.clientAt(payscore.DefaultServer, b)
	off := b.Fault("reset-after")
	if err := client.ModifyPartnerServiceOrder(t.Context(), orderNo, modification(39900)); !errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Errorf("reset-after: %v", err)
	}
	off()
	if b.total(orderNo) != 39900 {
		t.Errorf("the order is at %d", b.total(orderNo))
	}
}

// No notification goes to the proxy, and the settings show it.
func TestProxyIsTheSandboxsOwn(t *testing.T) {
	t.Parallel()
	listener := sandbox.NewProxyListener(must(net.Listen("tcp", "127.0.0.1:0")))
	t.Cleanup(func() { _ = listener.Close() })
	b := newBox(t, sandbox.WithListener(listener))
	must(b.Seed("one", 100, sandbox.SeedNotifyURL("http://"+listener.Addr().String()+"/")))
	b.ok(b.Move("user_pays", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "one"}))
	b.Advance(time.Second)
	if n := b.Notifications(); len(n) != 1 || len(n[0].Attempts) != 1 || n[0].Attempts[0].Error != leadsToItself {
		t.Errorf("%+v", n)
	}
	if got := admin(t, b.Server, "GET", "settings", "", 200)["https_proxy"]; got != listener.Addr().String() {
		t.Errorf("the settings have %v", got)
	}
}

func TestServesTLS(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	server := sandbox.NewHTTPServer(b.Sandbox)
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	rt := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.Credentials().CertPool()}}
	t.Cleanup(rt.CloseIdleConnections)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost"} {
		base := "https://" + net.JoinHostPort(host, port)
		rsp := must((&http.Client{Transport: rt}).Get(base + "/_sandbox/api/account"))
		body := string(must(io.ReadAll(rsp.Body)))
		_ = rsp.Body.Close()
		if !strings.Contains(body, `"base_url":"`+base+`"`) || !strings.Contains(body, sandbox.AuthorityCertFile) {
			t.Errorf("%s: %s", base, body)
		}
	}
}

// What the authority's own key signs for another host is refused by openssl.
func TestOpenSSLHoldsTheAuthorityToItsHosts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	must(sandbox.OpenCredentials(dir))
	issue := func(names string) string {
		if err := os.WriteFile(in("ext"), []byte("subjectAltName="+names+"\nextendedKeyUsage=serverAuth\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		request, ok := openssl(t, "", "req", "-new", "-key", in("ca_issuer.pem"), "-subj", "/O=x")
		if !ok {
			t.Fatal("openssl makes no request")
		}
		leaf, ok := openssl(t, string(request), "x509", "-req", "-CA", in("ca_issuer.pem"), "-CAkey", in("ca_issuer.pem"), "-extfile", in("ext"), "-days", "30")
		if !ok {
			t.Fatal("openssl issues nothing")
		}
		if err := os.WriteFile(in("leaf.pem"), leaf, 0o600); err != nil {
			t.Fatal(err)
		}
		return in("leaf.pem")
	}
	for _, c := range []struct {
		names, asked string
		good         bool
	}{
		{"DNS:api.mch.weixin.qq.com", "api.mch.weixin.qq.com", true},
		{"DNS:localhost,IP:127.0.0.1,IP:::1", "localhost", true},
		{"DNS:evil.com", "evil.com", false},
		{"DNS:api.mch.weixin.qq.com,DNS:evil.com", "api.mch.weixin.qq.com", false},
		{"DNS:weixin.qq.com", "weixin.qq.com", false},
		{"DNS:*.weixin.qq.com", "pay.weixin.qq.com", false},
		{"DNS:localhost,IP:192.0.2.1", "localhost", false},
		{"DNS:localhost,IP:2001:db8::1", "localhost", false},
		{"DNS:api.mch.weixin.qq.com", "evil.com", false},
	} {
		leaf := issue(c.names)
		args := []string{"verify", "-purpose", "sslserver", "-CAfile", in(sandbox.AuthorityCertFile), "-untrusted", in("ca_issuer.pem"), "-verify_hostname", c.asked, leaf}
		if _, ok := openssl(t, "", args...); ok != c.good {
			t.Errorf("%s as %s: verifies %v", c.names, c.asked, ok)
		}
	}
	// Nor for anything but servers.
	if _, ok := openssl(t, "", "verify", "-purpose", "smimesign", "-CAfile", in(sandbox.AuthorityCertFile), "-untrusted", in("ca_issuer.pem"), issue("DNS:localhost")); ok {
		t.Error("good for mail, too")
	}
}

// What the sandbox serves has all that clients look at.
func TestCertificateOfTheServer(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	server := sandbox.NewHTTPServer(b.Sandbox)
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	conn := must(tls.Dial("tcp", listener.Addr().String(), &tls.Config{RootCAs: b.Credentials().CertPool()}))
	t.Cleanup(func() { _ = conn.Close() })
	chain := conn.ConnectionState().PeerCertificates
	if len(chain) != 2 {
		t.Fatalf("a chain of %d", len(chain))
	}
	leaf := chain[0]
	if days := leaf.NotAfter.Sub(leaf.NotBefore).Hours() / 24; days > 398 {
		t.Errorf("valid for %.1f days", days)
	}
	if leaf.IsCA || len(leaf.AuthorityKeyId) == 0 || len(leaf.ExtKeyUsage) != 1 || leaf.ExtKeyUsage[0] != x509.ExtKeyUsageServerAuth {
		t.Errorf("%+v", leaf)
	}
}

// curl with its own words is what the guide shows.
func TestCurlThroughTheProxy(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		if os.Getenv("REQUIRE_OPENSSL") == "1" {
			t.Fatal("REQUIRE_OPENSSL=1, but there is no curl command")
		}
		t.Skip("there is no curl command")
	}
	b := newBox(t)
	dir := t.TempDir()
	b.ok(b.Credentials().Save(dir))
	proxy := proxied(b, sandbox.NewHTTPServer(b.Sandbox))
	run := func(target string) (string, error) {
		out, err := exec.CommandContext(t.Context(), curl, "-q", "-sS", "--noproxy", "", "--proxy", "http://"+proxy, "--cacert", filepath.Join(dir, sandbox.AuthorityCertFile), target).CombinedOutput()
		return string(out), err
	}
	if out, err := run(payscore.DefaultServer + "/v3/payscore/serviceorder"); err != nil || !strings.Contains(out, "SIGN_ERROR") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := run("https://example.com/"); err == nil || !strings.Contains(out, "403") {
		t.Errorf("%v: %s", err, out)
	}
}
