package sandbox_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
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
	"github.com/wxpayscore/payscore/sandbox/internal/authority"
	"github.com/wxpayscore/payscore/serviceorder"
)

const realHost = "api.mch.weixin.qq.com"

// proxied serves a sandbox behind its proxy, too, and returns the proxy's address.
func (b *box) proxied(server *http.Server) string {
	b.t.Helper()
	listener := sandbox.NewProxyListener(must(net.Listen("tcp", "127.0.0.1:0")))
	server.ErrorLog = log.New(io.Discard, "", 0) // a line for each refusal
	go func() { _ = server.ServeTLS(listener, "", "") }()
	b.t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// through is a transport as a program's own, which knows the proxy and the authority.
func (b *box) through(addr string) *http.Transport {
	rt := &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", Host: addr, User: url.UserPassword("any", "one")}),
		TLSClientConfig: &tls.Config{RootCAs: b.Credentials().CertPool()},
	}
	b.t.Cleanup(rt.CloseIdleConnections)
	return rt
}

// ask sends a request for a tunnel. The reader has what comes after the answer.
func (b *box) ask(addr, head string) (net.Conn, *bufio.Reader, *http.Response) {
	b.t.Helper()
	conn := b.dial(addr)
	_, _ = io.WriteString(conn, head)
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	answers := bufio.NewReader(conn)
	rsp, err := http.ReadResponse(answers, &http.Request{Method: http.MethodConnect})
	if err != nil {
		b.t.Fatalf("%.60q: %v", head, err)
	}
	return conn, answers, rsp
}

// tunnel returns a tunnel to a host, and in TLS.
func (b *box) tunnel(addr string, conf *tls.Config) (net.Conn, error) {
	b.t.Helper()
	conn, _, rsp := b.ask(addr, "CONNECT "+realHost+":443 HTTP/1.1\r\nHost: "+realHost+":443\r\n\r\n")
	if rsp.StatusCode != http.StatusOK {
		b.t.Fatal(rsp.Status)
	}
	inside := tls.Client(conn, conf)
	return inside, inside.Handshake()
}

// get sends an unsigned request into a tunnel.
func get(conn net.Conn, target, host string) (*http.Response, error) {
	_, _ = io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: "+host+"\r\nAccept: application/json\r\nUser-Agent: test\r\n\r\n")
	return http.ReadResponse(bufio.NewReader(conn), nil)
}

// A client that knows nothing but WeChat Pay's host, a proxy and a certificate lives an
// order's life. Each answer is held against the contract.
func TestProxyOrderLife(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.wire = b.through(b.proxied(sandbox.NewHTTPServer(b.Sandbox)))
	in := newInbox(t, status(204))
	client, ctx := b.clientAt("https://"+realHost, b), t.Context()
	must(client.CreatePartnerServiceOrder(ctx, payscore.CreatePartnerServiceOrderRequest{
		AppID: appID, SubMchID: subMchID, ServiceID: serviceID, OutOrderNo: orderNo, ServiceIntroduction: "XX餐厅",
		RiskFund: payscore.RiskFund{Name: payscore.RiskFundNameEstimateOrderCost, Amount: 60000}, TimeRange: payscore.TimeRange{StartTime: new("OnAccept")},
		NeedUserConfirm: new(true), NotifyURL: in.URL,
	}))
	b.ok(b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: orderNo}))
	b.ok(client.CompletePartnerServiceOrder(ctx, orderNo, payscore.CompletePartnerServiceOrderRequest{
		SubMchID: subMchID, ServiceID: serviceID, PostPayments: lines(50000), TotalAmount: 50000,
		TimeRange: &payscore.TimeRange{EndTime: new(serviceorder.FormatTime(b.Now()))},
	}))
	b.ok(client.ModifyPartnerServiceOrder(ctx, orderNo, bill(39900, lines(39900), nil)))
	b.ok(b.Move("user_pays", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: orderNo}))
	b.Advance(time.Minute)
	// Each of the hosts is the sandbox.
	for _, host := range authority.Hosts() {
		order := must(b.clientAt("https://"+host, b).QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: new(orderNo)}))
		if order.State != payscore.ServiceOrderStateDone || *order.TotalAmount != 39900 {
			t.Errorf("%s: %s, %d", host, order.State, *order.TotalAmount)
		}
	}
	arrived := in.all()
	if len(arrived) != 2 {
		t.Fatalf("%d notifications", len(arrived))
	}
	for _, a := range arrived {
		b.ok(b.Verifier().Verify(a.header, []byte(a.body)))
	}
}

// Links in answers lead where the request came to, through the proxy again.
func TestProxyLinks(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, clockAt(noon))
	b.seed("paying", 39900)
	b.orderAt(bank, "DONE", "paid")
	b.wire = b.through(b.proxied(sandbox.NewHTTPServer(b.Sandbox)))
	b.URL = "https://" + realHost
	answer, err := b.clientAt(b.URL, b).RequestMerchantBill(t.Context(), payscore.RequestMerchantBillParams{
		BillDate: "2025061522", ServiceID: serviceID, EncryptionAlgorithm: payscore.BillEncryptionAlgorithmAeadAes256Gcm,
	})
	b.ok(err)
	if status, file := b.download(answer.DownloadBillList[0].DownloadURL); status != 200 || len(file) == 0 {
		t.Errorf("the download is a %d of %d bytes", status, len(file))
	}
}

// A fault takes the connection away, not TLS.
func TestProxyFaults(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	rt := b.through(b.proxied(sandbox.NewHTTPServer(b.Sandbox)))
	for _, kind := range []string{"reset-before", "reset-after"} {
		req := b.request("GET", orders+"?out_order_no="+orderNo+"&sub_mchid="+subMchID, "")
		req.URL.Scheme, req.URL.Host, req.Host = "https", realHost, realHost
		req.Header.Set(sandbox.FaultHeader, kind)
		rsp, err := rt.RoundTrip(req)
		if err == nil {
			_ = rsp.Body.Close()
			t.Fatalf("%s: %s", kind, rsp.Status)
		}
		if op, is := errors.AsType[*net.OpError](err); !is || op.Op != "read" || !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// No request leads anywhere but to the sandbox: neither host, nor port, nor address.
func TestProxyIsNoOpenProxy(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	addr := b.proxied(sandbox.NewHTTPServer(b.Sandbox))
	elsewhere := must(net.Listen("tcp", "127.0.0.1:0"))
	defer func() { _ = elsewhere.Close() }()
	reached := make(chan struct{}, 100)
	go func() {
		for {
			if _, err := elsewhere.Accept(); err != nil {
				return
			}
			reached <- struct{}{}
		}
	}()
	connect := func(target string) string { return "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n" }
	for head, want := range map[string]int{
		connect(realHost + ":443"):                                 200,
		connect("API.Mch.WeiXin.QQ.com:443"):                       200,
		connect(realHost + ".:443"):                                200,
		connect("api2.mch.weixin.qq.com:443"):                      200,
		"CONNECT " + realHost + ":443 HTTP/1.0\r\n\r\n":            200,
		"CONNECT " + realHost + ":443 HTTP/1.1\r\nHost: x\r\n\r\n": 200,

		connect(elsewhere.Addr().String()):      403,
		connect("example.com:443"):              403,
		connect("pay.weixin.qq.com:443"):        403,
		connect("x." + realHost + ":443"):       403,
		connect(realHost + ".evil.test:443"):    403,
		connect(realHost + "..:443"):            403,
		connect(realHost + ":80"):               403,
		connect(realHost + ":0443"):             403,
		connect(realHost + ":https"):            400,
		connect(realHost + ":"):                 403,
		connect(realHost):                       403,
		connect(":443"):                         403,
		connect("127.0.0.1:443"):                403,
		connect("8.8.8.8:443"):                  403,
		connect("[::1]:443"):                    403,
		connect("localhost:443"):                403,
		connect("user@" + realHost + ":443"):    403,
		connect("user:x@" + realHost + ":443"):  403,
		connect("https://" + realHost + ":443"): 403,
		connect("/" + realHost + ":443"):        403,
		connect(realHost + ":443/path"):         403,
		connect(realHost + ":443?query"):        403,
		connect(realHost + "%00:443"):           400,
		connect(realHost + "\x00:443"):          400,
		connect("api.mch。weixin.qq.com:443"):    403,
		"CONNECT  HTTP/1.1\r\n\r\n":             403,

		"GET http://" + elsewhere.Addr().String() + "/ HTTP/1.1\r\nHost: " + elsewhere.Addr().String() + "\r\n\r\n":                                  405,
		"GET http://" + realHost + "/v3/certificates HTTP/1.1\r\nHost: " + realHost + "\r\n\r\n":                                                     405,
		"GET / HTTP/1.1\r\nHost: " + realHost + "\r\n\r\n":                                                                                           405,
		"GET /_sandbox/api/account HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n":                                                                              405,
		"POST https://" + realHost + orders + " HTTP/1.1\r\nHost: " + realHost + "\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000): 405,
		"connect " + realHost + ":443 HTTP/1.1\r\nHost: x\r\n\r\n":                                                                                   405,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":                                                                                                           405,
		"\x16\x03\x01\x02\x00\r\n\r\n":                                                                                                               400,
		"CONNECT " + realHost + ":443 HTTP/1.1\r\nX: " + strings.Repeat("x", 1<<20):                                                                  400,
		"CONNECT " + realHost + ":443 HTTP/1.1\r\n" + strings.Repeat("X: x\r\n", 100_000):                                                            400,
		"CONNECT " + strings.Repeat("x", 1<<20):                                                                                                      400,
	} {
		conn, answers, rsp := b.ask(addr, head)
		if rsp.StatusCode != want {
			t.Errorf("%.80q: %s, want %d", head, rsp.Status, want)
		}
		if want == 200 {
			_ = conn.Close()
			continue
		}
		if rsp.Header.Get("Content-Length") == "" {
			t.Errorf("%.80q: header %v", head, rsp.Header)
		}
		if allow := rsp.Header.Get("Allow"); (allow == "CONNECT") != (want == 405) {
			t.Errorf("%.80q: Allow %q", head, allow)
		}
		text, err := io.ReadAll(answers)
		if err != nil && len(head) < 10_000 || strings.Count(string(text), "\n") != 1 || strings.Contains(string(text), "evil") {
			t.Errorf("%.80q: %v %q", head, err, text)
		}
	}
	if len(reached) > 0 {
		t.Errorf("%d connections are made elsewhere", len(reached))
	}
}

// Whatever name a client asks for, it gets the certificate of WeChat Pay's hosts, and
// a client that has another host in mind refuses it.
func TestProxyServerName(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	addr := b.proxied(sandbox.NewHTTPServer(b.Sandbox))
	roots := b.Credentials().CertPool()
	for name, conf := range map[string]*tls.Config{
		"the host":          {ServerName: realHost, RootCAs: roots},
		"another of them":   {ServerName: "api2.mch.weixin.qq.com", RootCAs: roots},
		"loopback, no name": {ServerName: "127.0.0.1", RootCAs: roots}, // an address is not sent
		"no name":           {InsecureSkipVerify: true},
		"a wrong name":      {ServerName: "example.com", InsecureSkipVerify: true},
		"HTTP/1.1 by ALPN":  {ServerName: realHost, RootCAs: roots, NextProtos: []string{"h2", "http/1.1"}},
		"TLS 1.2":           {ServerName: realHost, RootCAs: roots, MaxVersion: tls.VersionTLS12},
	} {
		conn, err := b.tunnel(addr, conf)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		state := conn.(*tls.Conn).ConnectionState()
		if err := state.PeerCertificates[0].VerifyHostname(realHost); err != nil || state.NegotiatedProtocol == "h2" {
			t.Errorf("%s: %v, %q", name, err, state.NegotiatedProtocol)
		}
		rsp, err := get(conn, "/v3/certificates", realHost)
		if err != nil || rsp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %v %v", name, rsp, err)
		}
	}
	for name, conf := range map[string]*tls.Config{
		"another host":         {ServerName: "example.com", RootCAs: roots},
		"another address":      {ServerName: "127.0.0.2", RootCAs: roots},
		"the system's roots":   {ServerName: realHost},
		"another sandbox's CA": {ServerName: realHost, RootCAs: must(sandbox.NewCredentials()).CertPool()},
		"nobody's":             {ServerName: realHost, RootCAs: (&sandbox.Credentials{}).CertPool()},
		"h2 alone":             {ServerName: realHost, RootCAs: roots, NextProtos: []string{"h2"}},
	} {
		if _, err := b.tunnel(addr, conf); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// The Host header inside a tunnel changes nothing: it opens no way to another host, and
// the console answers under loopback names alone.
func TestProxyHostInside(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	addr := b.proxied(sandbox.NewHTTPServer(b.Sandbox))
	for target, want := range map[string]map[string]int{
		"/v3/certificates":                         {realHost: 401, "example.com": 401, "127.0.0.1": 401},
		"/_sandbox/api/account":                    {realHost: 403, "example.com": 403, "127.0.0.1": 200, "localhost": 200},
		"https://example.com/_sandbox/api/account": {"127.0.0.1": 403},
		"http://example.com/":                      {realHost: 401},
	} {
		for host, status := range want {
			conn, err := b.tunnel(addr, &tls.Config{ServerName: realHost, RootCAs: b.Credentials().CertPool()})
			b.ok(err)
			rsp, err := get(conn, target, host)
			if err != nil || rsp.StatusCode != status {
				t.Errorf("%s of %s: %v %v", target, host, rsp, err)
			}
		}
	}
	// A CONNECT inside is no second proxy.
	conn, err := b.tunnel(addr, &tls.Config{ServerName: realHost, RootCAs: b.Credentials().CertPool()})
	b.ok(err)
	_, _ = io.WriteString(conn, "CONNECT "+realHost+":443 HTTP/1.1\r\nHost: "+realHost+":443\r\n\r\n")
	if rsp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || rsp.StatusCode < 400 {
		t.Errorf("CONNECT inside: %v %v", rsp, err)
	}
}

// What is no TLS ends the tunnel, and the next one is served.
func TestProxyPlainTextInside(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	addr := b.proxied(sandbox.NewHTTPServer(b.Sandbox))
	for _, inside := range []string{
		"GET /v3/certificates HTTP/1.1\r\nHost: " + realHost + "\r\n\r\n", "CONNECT example.com:443 HTTP/1.1\r\n\r\n",
		strings.Repeat("\x00", 1000), "\x16\x03\x01\xff\xff" + strings.Repeat("x", 70_000), "SSH-2.0-x\r\n",
	} {
		for _, at := range []string{"", inside} { // after the answer, and without waiting for it
			conn, answers, rsp := b.ask(addr, "CONNECT "+realHost+":443 HTTP/1.1\r\n\r\n"+at)
			if rsp.StatusCode != 200 {
				t.Fatal(rsp.Status)
			}
			if at == "" {
				_, _ = io.WriteString(conn, inside)
			}
			if text, err := io.ReadAll(answers); errors.Is(err, os.ErrDeadlineExceeded) || strings.Contains(string(text), "Wechatpay") {
				t.Errorf("%.30q: %v %.100q", inside, err, text)
			}
		}
	}
	if _, err := b.tunnel(addr, &tls.Config{ServerName: realHost, RootCAs: b.Credentials().CertPool()}); err != nil {
		t.Error(err)
	}
}

// Hundreds of clients that send half a head, nothing, or nothing into their tunnel are
// cut off as those of the main listener are, and give their places back.
func TestProxySlowClients(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	server := sandbox.NewLimitedHTTPServer(b.Sandbox, 200)
	server.ReadHeaderTimeout, server.IdleTimeout = 300*time.Millisecond, 300*time.Millisecond
	addr := b.proxied(server)
	var conns []net.Conn
	for i := range 300 {
		conn := b.dial(addr)
		head := "CONNECT " + realHost + ":443 HTTP/1.1\r\n\r\n"
		_, _ = io.WriteString(conn, []string{"", "C", head[:len(head)-1], head, head + "\x16\x03\x01"}[i%5])
		conns = append(conns, conn)
	}
	for _, conn := range conns {
		if !ends(conn, time.Minute) {
			t.Fatal("a slow client is waited for")
		}
	}
	// The server counts a connection as ended a little after the client does.
	rt := b.through(addr)
	for deadline := time.Now().Add(time.Minute); ; {
		rsp, err := (&http.Client{Transport: rt}).Get("https://" + realHost)
		if err == nil {
			_ = rsp.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// Tunnels count as connections.
func TestProxyConnectionLimit(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	server := sandbox.NewLimitedHTTPServer(b.Sandbox, 3)
	server.ReadHeaderTimeout = time.Hour
	addr := b.proxied(server)
	conf := &tls.Config{ServerName: realHost, RootCAs: b.Credentials().CertPool()}
	for range 3 {
		_, err := b.tunnel(addr, conf)
		b.ok(err)
	}
	for range 10 {
		if !ends(b.dial(addr), time.Minute) {
			t.Fatal("one above the limit stays open")
		}
	}
}

// A server's end ends its tunnels, and what waits for one.
func TestProxyEnds(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	server := sandbox.NewHTTPServer(b.Sandbox)
	addr := b.proxied(server)
	inside, err := b.tunnel(addr, &tls.Config{ServerName: realHost, RootCAs: b.Credentials().CertPool()})
	b.ok(err)
	open, _, _ := b.ask(addr, "CONNECT "+realHost+":443 HTTP/1.1\r\n\r\n")
	half := b.dial(addr)
	_, _ = io.WriteString(half, "CONNECT ")
	b.ok(server.Close())
	for _, conn := range []net.Conn{inside, open, half} {
		if !ends(conn, time.Minute) {
			t.Error("a connection stays open")
		}
	}
}

// The proxy's listener, and one that speaks TLS, are the sandbox's own.
func TestNotificationsDoNotLeadToTheProxy(t *testing.T) {
	t.Parallel()
	listener := sandbox.NewProxyListener(must(net.Listen("tcp", "127.0.0.1:0")))
	secure := must(net.Listen("tcp", "127.0.0.1:0"))
	b := newBox(t, sandbox.WithListener(listener))
	server := sandbox.NewHTTPServer(b.Sandbox)
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.ServeTLS(listener, "", "") }()
	go func() { _ = server.ServeTLS(secure, "", "") }()
	// It serves by now.
	rt := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.Credentials().CertPool()}}
	t.Cleanup(rt.CloseIdleConnections)
	rsp, err := rt.RoundTrip(must(http.NewRequest(http.MethodGet, "https://"+secure.Addr().String()+"/_sandbox/api/clock", nil)))
	b.ok(err)
	_ = rsp.Body.Close()
	urls := map[string]bool{}
	for i, to := range []string{"http://" + listener.Addr().String(), "https://" + listener.Addr().String(), "https://" + secure.Addr().String()} {
		number := fmt.Sprintf("ORDER%d", i)
		must(b.Seed(number, 100, sandbox.SeedNotifyURL(to+"/_sandbox/api/reset")))
		b.ok(b.Move("user_pays", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: number}))
	}
	b.Advance(time.Second)
	for _, n := range b.Notifications() {
		if len(n.Attempts) != 1 || n.Attempts[0].Error != leadsToItself {
			t.Errorf("%s: %+v", n.URL, n.Attempts)
		}
		urls[n.URL] = true
	}
	if len(urls) != 3 {
		t.Errorf("notifications to %v", urls)
	}
	if got := admin(t, b.Server, http.MethodGet, "settings", "", 200)["https_proxy"]; got != listener.Addr().String() {
		t.Errorf("settings have the proxy %v", got)
	}
	if got := admin(t, newBox(t).Server, http.MethodGet, "settings", "", 200)["https_proxy"]; got != "" {
		t.Errorf("settings without a proxy have %v", got)
	}
}

// curl knows the real host, a proxy and a file. REQUIRE_CURL=1 turns its absence into a
// failure.
func TestProxyCurl(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("curl")
	if err != nil {
		if os.Getenv("REQUIRE_CURL") == "1" {
			t.Fatal("REQUIRE_CURL=1, but there is no curl")
		}
		t.Skip("there is no curl")
	}
	b := newBox(t)
	b.seed(orderNo, 50000)
	dir := t.TempDir()
	b.ok(b.Credentials().Save(dir))
	addr := b.proxied(sandbox.NewHTTPServer(b.Sandbox))
	curl := func(args ...string) (string, error) {
		var out, said bytes.Buffer
		cmd := exec.CommandContext(t.Context(), path, append([]string{"-sS", "-m", "60", "-w", "\n%{http_code} %{http_connect}"}, args...)...)
		cmd.Stdout, cmd.Stderr = &out, &said
		cmd.Env = []string{} // a machine's own proxy, and what it excepts, are not meant
		err := cmd.Run()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, &said)
		}
		return out.String(), err
	}
	ca := filepath.Join(dir, sandbox.AuthorityCertFile)
	target := orders + "?out_order_no=" + orderNo + "&sub_mchid=" + subMchID
	authorization := "Authorization: " + b.request("GET", target, "").Header.Get("Authorization")
	trusting := []string{"--proxy", "http://" + addr, "--cacert", ca, "-H", authorization, "-H", "Accept: application/json", "-A", "curl"}
	for _, host := range []string{realHost, "api2.mch.weixin.qq.com", strings.ToUpper(realHost), realHost + "."} {
		if out, err := curl(append(trusting, "https://"+host+target)...); err != nil || !strings.Contains(out, `"total_amount":50000`) || !strings.HasSuffix(out, "\n200 200") {
			t.Errorf("%s: %v\n%s", host, err, out)
		}
	}
	for _, refused := range []string{"https://example.com/", "https://" + realHost + ":8443/", "https://127.0.0.1/", "https://pay.weixin.qq.com/"} {
		if out, err := curl(append(trusting, refused)...); err == nil || !strings.HasSuffix(out, "\n000 403") {
			t.Errorf("%s: %v\n%s", refused, err, out)
		}
	}
	if out, err := curl(append(trusting, "http://"+realHost+target)...); err != nil || !strings.Contains(out, "CONNECT") || !strings.HasSuffix(out, "\n405 000") {
		t.Errorf("plain: %v\n%s", err, out)
	}
	if out, err := curl("--proxy", "http://"+addr, "https://"+realHost+target); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without the file: %v\n%s", err, out)
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
