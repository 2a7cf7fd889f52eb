package sandbox_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/sandbox"
)

// adminRequest makes a request as a browser or a program would, to a sandbox
// at 127.0.0.1:8129.
func adminRequest(method, path string, body string, header map[string]string) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:8129"+path, strings.NewReader(body))
	for name, value := range header {
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	return r
}

const contentJSON = "application/json"

// Another site's page can make a browser send much to a loopback port, but
// can neither choose these headers nor send JSON without being asked about.
func TestAdminIsNotDrivenFromAnotherOrigin(t *testing.T) {
	t.Parallel()
	box, err := sandbox.Open(sandbox.WithAdminHosts("payscore-sandbox"))
	if err != nil {
		t.Fatal(err)
	}
	const seed = `{"out_order_no":"GUARD","total_amount":100}`
	for name, test := range map[string]struct {
		method, path string
		header       map[string]string
		status       int
	}{
		"a program":                  {"POST", "orders", map[string]string{"Content-Type": contentJSON}, 400}, // let through to a check of the body
		"with charset":               {"POST", "orders", map[string]string{"Content-Type": contentJSON + "; charset=utf-8"}, 400},
		"the console":                {"POST", "orders", map[string]string{"Content-Type": contentJSON, "Origin": "http://127.0.0.1:8129", "Sec-Fetch-Site": "same-origin"}, 400},
		"localhost":                  {"GET", "orders", map[string]string{"Host": "localhost:8129"}, 200},
		"another loopback address":   {"GET", "orders", map[string]string{"Host": "127.1.2.3:8129"}, 200},
		"IPv6 loopback":              {"GET", "orders", map[string]string{"Host": "[::1]:8129"}, 200},
		"a name that was told":       {"GET", "orders", map[string]string{"Host": "Payscore-Sandbox:8129"}, 200},
		"the address bar":            {"GET", "", map[string]string{"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200},
		"a link elsewhere":           {"GET", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200},
		"a name pointed here":        {"GET", "orders", map[string]string{"Host": "rebound.example:8129"}, 403},
		"a write to it":              {"POST", "orders", map[string]string{"Host": "rebound.example", "Content-Type": contentJSON, "Origin": "http://rebound.example"}, 403},
		"a name that looks local":    {"GET", "orders", map[string]string{"Host": "localhost.example"}, 403},
		"an address elsewhere":       {"GET", "orders", map[string]string{"Host": "192.0.2.1:8129"}, 403},
		"a dotless number":           {"GET", "orders", map[string]string{"Host": "2130706433"}, 403},
		"no Host":                    {"GET", "orders", map[string]string{"Host": ""}, 403},
		"the page to a name":         {"GET", "", map[string]string{"Host": "rebound.example"}, 403},
		"another Origin":             {"POST", "orders", map[string]string{"Content-Type": contentJSON, "Origin": "https://evil.example"}, 403},
		"another port":               {"POST", "orders", map[string]string{"Content-Type": contentJSON, "Origin": "http://127.0.0.1:3000"}, 403},
		"a sandboxed frame":          {"POST", "orders", map[string]string{"Content-Type": contentJSON, "Origin": "null"}, 403},
		"a file":                     {"POST", "orders", map[string]string{"Content-Type": contentJSON, "Origin": "file://"}, 403},
		"reading from another site":  {"GET", "orders", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403},
		"reading from another port":  {"GET", "orders", map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403},
		"navigation to the API":      {"GET", "orders", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403},
		"a script of the page":       {"GET", "console.js", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403},
		"a form":                     {"POST", "orders", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415},
		"a form that looks like it":  {"POST", "orders", map[string]string{"Content-Type": "text/plain; application/json"}, 415},
		"a beacon":                   {"POST", "reset", map[string]string{"Content-Type": "text/plain"}, 415},
		"no type":                    {"POST", "reset", nil, 415},
		"a preflight":                {"OPTIONS", "orders", map[string]string{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}, 403},
		"a preflight without Origin": {"OPTIONS", "orders", map[string]string{"Access-Control-Request-Method": "POST"}, 405},
		"switching off from abroad":  {"DELETE", "faults/fault-1", map[string]string{"Origin": "https://evil.example"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := "/_sandbox/api/" + test.path
			if test.path == "" || strings.Contains(test.path, ".") {
				path = "/_sandbox/" + test.path
			}
			body := ""
			if test.method == "POST" {
				body = `{"out_order_no":"GUARD"}` // without an amount: what is let through makes nothing
			}
			if test.status == 403 || test.status == 415 {
				body = seed
			}
			w := httptest.NewRecorder()
			box.ServeHTTP(w, adminRequest(test.method, path, body, test.header))
			if w.Code != test.status {
				t.Errorf("answered %d, not %d: %.200s", w.Code, test.status, w.Body)
			}
			for header := range w.Header() {
				if strings.HasPrefix(header, "Access-Control-") {
					t.Errorf("answered %s", header)
				}
			}
		})
	}
	t.Cleanup(func() {
		if _, there := entity(box, "1900000109", "GUARD"); there {
			t.Error("a refused request made an order")
		}
	})
}

// A sandbox that listens on an address may be named by it.
func TestAdminTakesTheAddressItListensOn(t *testing.T) {
	t.Parallel()
	box, err := sandbox.Open()
	if err != nil {
		t.Fatal(err)
	}
	for host, status := range map[string]int{"192.0.2.7:8129": 200, "192.0.2.8:8129": 403} {
		r := adminRequest("GET", "/_sandbox/api/clock", "", map[string]string{"Host": host})
		local := &net.TCPAddr{IP: net.ParseIP("192.0.2.7"), Port: 8129}
		w := httptest.NewRecorder()
		box.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local)))
		if w.Code != status {
			t.Errorf("Host %s: %d, not %d", host, w.Code, status)
		}
	}
}

func TestAdminPageRunsItsOwnFilesOnly(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	for _, path := range []string{"", "console.js", "console.css", "theme.js", "icon.svg", "api/account", "api/nothing"} {
		response, err := http.Get(box.URL + "/_sandbox/" + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		policy := response.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("/%s: policy %q has no %s", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") || response.Header.Get("X-Content-Type-Options") != "nosniff" || response.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("/%s: %v", path, response.Header)
		}
		// Works offline: nothing is fetched from elsewhere, and nothing runs inline.
		for _, word := range []string{"https://", "//cdn", "<script>", "onclick=", "style=\""} {
			if !strings.HasPrefix(path, "api/") && strings.Contains(string(body), word) {
				t.Errorf("/%s has %s", path, word)
			}
		}
	}
}

func TestAdminBoundsBodies(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	big := `{"method":"POST","target":"/v3","authorization":"x","body":"` + strings.Repeat("a", 10<<20) + `"}`
	for name, body := range map[string]io.Reader{"declared": strings.NewReader(big), "chunked": io.MultiReader(strings.NewReader(big))} {
		response, err := http.Post(box.URL+"/_sandbox/api/signature/explain", contentJSON, body)
		if err != nil {
			t.Logf("%s: %v", name, err) // closed while we were still sending, as it may
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusRequestEntityTooLarge && response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
	}
	if response, err := http.Get(box.URL + "/_sandbox/api/clock"); err != nil || response.StatusCode != 200 {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAdminStaysInItsFolder(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	for _, path := range []string{
		"/_sandbox/../admin.go", "/_sandbox/..%2fadmin.go", "/_sandbox/%2e%2e/%2e%2e/etc/passwd", "/_sandbox//etc/passwd",
		"/_sandbox/console.js/..", "/_sandbox/..\\admin.go", "/_sandbox/api/../console.js", "/_sandbox/nothing", "/_sandboxed",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(box.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		answer, _ := io.ReadAll(conn)
		_ = conn.Close()
		if !strings.HasPrefix(string(answer), "HTTP/1.1 4") {
			t.Errorf("%s: %.60q", path, answer)
		}
	}
}
