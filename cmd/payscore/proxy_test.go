package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/sandbox"
)

// trusting is a transport that trusts the authority of a directory alone.
func trusting(t testing.TB, dir string) *http.Transport {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(readFile(t, filepath.Join(dir, sandbox.AuthorityCertFile))) {
		t.Fatal("no certificate in " + sandbox.AuthorityCertFile)
	}
	rt := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}

// The command itself works on a sandbox of https with nothing but --keys.
func TestSandboxTLS(t *testing.T) {
	dir := keysDir(t)
	p := startSandbox(t, "--addr", "localhost:0", "--tls", "--keys", dir)
	if !strings.HasPrefix(p.url, "https://127.0.0.1:") || !strings.Contains(p.head, "console on https://") {
		t.Errorf("says %s", p.head)
	}
	if account := decodeJSON[map[string]string](t, string(readFile(t, filepath.Join(dir, sandbox.AccountFile)))); account["base_url"] != p.url {
		t.Errorf("base_url is %s", account["base_url"])
	}
	r := runArgs(t, "modify", seedOutOrderNo, "--keys", dir, "--body", write(t, "b.json", example(t)))
	r.wantCode(t, exitDone)
	wantAll(t, r.out, "Done: 500.00 yuan -> 399.00 yuan")
	r = runArgs(t, "query", seedOutOrderNo, "--keys", dir)
	r.wantCode(t, exitDone)
	wantAll(t, r.out, "host           "+p.url)
	r = runArgs(t, "doctor", "--keys", dir)
	r.wantCode(t, exitDone)
	wantAll(t, r.out, p.url+" answers", "it decrypts the platform certificates")

	// The console's API names the same URL.
	rsp, err := trusting(t, dir).RoundTrip(request(t, p.url+"/_sandbox/api/account"))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(rsp.Body)
	_ = rsp.Body.Close()
	if !strings.Contains(string(body), `"base_url":"`+p.url+`"`) {
		t.Errorf("%s", body)
	}

	// Another authority is not trusted, and a file without one is named.
	if err := os.WriteFile(filepath.Join(dir, sandbox.AuthorityCertFile), readFile(t, filepath.Join(newAuthorityDir(t), sandbox.AuthorityCertFile)), 0o600); err != nil {
		t.Fatal(err)
	}
	r = runArgs(t, "query", seedOutOrderNo, "--keys", dir)
	r.wantCode(t, exitFailed)
	wantAll(t, r.err, "certificate")
	for _, args := range [][]string{{"query", seedOutOrderNo}, {"doctor"}} {
		if err := os.WriteFile(filepath.Join(dir, sandbox.AuthorityCertFile), []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
		r = runArgs(t, append(args, "--keys", dir)...)
		r.wantCode(t, map[string]int{"query": exitInput, "doctor": exitInput}[args[0]])
		if text := strings.Join(strings.Fields(r.out+r.err), ""); !strings.Contains(text, sandbox.AuthorityCertFile+":nocertificate") {
			t.Errorf("%v: %s%s", args, r.out, r.err)
		}
	}
	if code := p.stop(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
}

func newAuthorityDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := sandbox.OpenCredentials(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func request(t testing.TB, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// A directory of an earlier version has no authority, and needs none for http.
func TestNoAuthorityForHTTP(t *testing.T) {
	h := newHost(t)
	for _, name := range []string{sandbox.AuthorityCertFile, "ca_issuer.pem"} {
		if err := os.Remove(h.file(name)); err != nil {
			t.Fatal(err)
		}
	}
	h.wantQuery(t, "--keys", h.dir)
}

// The real host's name leads to the sandbox, for the command, too.
func TestSandboxHTTPSProxy(t *testing.T) {
	dir := keysDir(t)
	p, _ := startProcess(t, "--addr", "127.0.0.1:0", "--https-proxy", "127.0.0.1:0", "--keys", dir)
	_, line, found := strings.Cut(p.head, "https proxy on ")
	proxy, line, _ := strings.Cut(line, " ")
	at, err := url.Parse(proxy)
	if !found || err != nil || at.Scheme != "http" || at.Port() == "0" || !strings.Contains(line, "trust "+filepath.Join(dir, sandbox.AuthorityCertFile)+"\n") {
		t.Fatalf("says %s", p.head)
	}
	const real = "https://api.mch.weixin.qq.com"
	args := []string{"--keys", dir, "--base-url", real, "--proxy", proxy}
	r := runArgs(t, append([]string{"modify", seedOutOrderNo, "--body", write(t, "b.json", example(t))}, args...)...)
	r.wantCode(t, exitDone)
	wantAll(t, r.out, "Done: 500.00 yuan -> 399.00 yuan")
	r = runArgs(t, append([]string{"doctor"}, args...)...)
	r.wantCode(t, exitDone)
	wantAll(t, strings.Join(strings.Fields(r.out), " "), real+" answers, through the proxy "+at.Host)
	// The main listener goes on in http.
	runArgs(t, "query", seedOutOrderNo, "--keys", dir).wantCode(t, exitDone)

	// Neither an open tunnel, nor half a request for one, nor a connection that is kept
	// holds up the end.
	kept := trusting(t, dir)
	kept.Proxy = http.ProxyURL(at)
	rsp, err := kept.RoundTrip(request(t, real+"/"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, rsp.Body)
	_ = rsp.Body.Close()
	for _, sent := range []string{"CONNECT api.mch.weixin.qq.com:443 HTTP/1.1\r\n\r\n", "CONNECT ", ""} {
		conn, err := net.Dial("tcp", at.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := io.WriteString(conn, sent); err != nil {
			t.Fatal(err)
		}
	}
	if code := p.stop(); code != exitDone {
		t.Errorf("exit code %d, stderr %s", code, &p.errOut)
	}
}

func TestSandboxHTTPSProxyJSON(t *testing.T) {
	dir := keysDir(t)
	for _, c := range []struct {
		args  []string
		proxy bool
	}{{[]string{"--https-proxy", "127.0.0.1:0"}, true}, {[]string{"--tls"}, false}} {
		ready := readySandbox(t, append([]string{"--addr", "127.0.0.1:0", "--keys", dir}, c.args...)...)
		if strings.HasPrefix(ready["https_proxy"], "http://127.0.0.1:") != c.proxy || strings.HasPrefix(ready["listening"], "https://127.0.0.1:") == c.proxy {
			t.Errorf("%v: %v", c.args, ready)
		}
	}
}

// The proxy's address is checked as the main one, and before keys are made.
func TestSandboxHTTPSProxyInput(t *testing.T) {
	h := newHost(t)
	taken := strings.TrimPrefix(h.url, "http://")
	dir := filepath.Join(t.TempDir(), "keys")
	for at, text := range map[string]string{
		"0.0.0.0:0": "--allow-remote", ":0": "--allow-remote", "192.0.2.1:0": "--allow-remote", taken: "address already in use", "nonsense": "nonsense", "http://127.0.0.1:0": "127.0.0.1:0",
	} {
		h.refusedInput(t, []string{"sandbox", "--addr", "127.0.0.1:0", "--https-proxy", at, "--keys", dir}, "--https-proxy: ", text)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("keys were made")
	}
	// A proxy on all addresses is named by one that a client on this machine takes.
	ready := readySandbox(t, "--addr", "127.0.0.1:0", "--https-proxy", "0.0.0.0:0", "--allow-remote", "--keys", h.dir)
	if !strings.HasPrefix(ready["https_proxy"], "http://127.0.0.1:") {
		t.Errorf("%v", ready)
	}
}
