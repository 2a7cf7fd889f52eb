package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/examples"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

// asCommand in the environment makes the test binary the command.
const asCommand = "PAYSCORE_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "WECHATPAY_") {
			_ = os.Unsetenv(name)
		}
	}
	_ = os.Setenv("COLUMNS", "80") // the width of --help
	// Each run builds the parser of the command line anew: much garbage, and nothing to keep.
	debug.SetGCPercent(400)
	retries, settlePause = transport.Retry{FirstWait: time.Millisecond, LongestWait: 10 * time.Second}, time.Millisecond
	os.Exit(m.Run())
}

// sample is a table of tests, with -short one row in four of it.
func sample[T any](rows []T) []T {
	if !testing.Short() {
		return rows
	}
	var some []T
	for i := 0; i < len(rows); i += 4 {
		some = append(some, rows[i])
	}
	return some
}

// result is what a run of the command leaves behind.
type result struct {
	code     int
	out, err string
}

func runWith(t testing.TB, in io.Reader, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	code := run(t.Context(), args, in, &out, &errOut)
	// internal/leaks reads it, too. On stdout is what was asked for: the body that
	// was signed, say.
	t.Logf("payscore %q: %d\n%s", args, code, errOut.String())
	return result{code, out.String(), errOut.String()}
}

func runArgs(t testing.TB, args ...string) result {
	t.Helper()
	return runWith(t, strings.NewReader(""), args...)
}

func (r result) wantCode(t testing.TB, code int) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", r.code, code, r.out, r.err)
	}
}

// wantLine checks that stderr is one line of the command's with each of texts.
func (r result) wantLine(t testing.TB, texts ...string) {
	t.Helper()
	if !strings.HasPrefix(r.err, "payscore: ") || strings.Count(r.err, "\n") != 1 || !strings.HasSuffix(r.err, "\n") {
		t.Errorf("stderr is not one line: %q", r.err)
	}
	wantAll(t, r.err, texts...)
}

func wantAll(t testing.TB, s string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(s, text) {
			t.Errorf("%q is not in:\n%s", text, s)
		}
	}
}

func decodeJSON[T any](t testing.TB, s string) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(s))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, s)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("more than one value in %q", s)
	}
	return v
}

// credentials spare each test the making of three RSA keys.
var credentials = sync.OnceValues(sandbox.NewCredentials)

// keysDir is a directory with the keys of credentials.
func keysDir(t testing.TB) string {
	t.Helper()
	c, err := credentials()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := c.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// host is a sandbox behind a server that counts what reaches it.
type host struct {
	box      *sandbox.Sandbox
	account  sandbox.Account
	url, dir string // dir is what payscore sandbox --keys writes
	requests atomic.Int64
	// spoil, when set, stands between client and sandbox.
	spoil func(next http.Handler) http.Handler

	mu      sync.Mutex
	secrets []string // signatures of requests and answers
}

func newHost(t testing.TB, opts ...sandbox.Option) *host {
	t.Helper()
	c, err := credentials()
	if err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.Open(append(opts, sandbox.WithCredentials(c))...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := box.Seed(seedOutOrderNo, seedTotal); err != nil {
		t.Fatal(err)
	}
	h := &host{box: box, account: c.Account(), dir: keysDir(t)}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.url, h.account.BaseURL = server.URL, server.URL
	if err := c.WriteAccount(h.dir, h.url); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.requests.Add(1)
	if h.spoil != nil {
		h.spoil(h.box).ServeHTTP(w, r)
	} else {
		h.box.ServeHTTP(w, r)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if a, err := auth.ParseAuthorization(r.Header.Get("Authorization")); err == nil {
		h.secrets = append(h.secrets, a.Signature)
	}
	if s := w.Header().Get(auth.HeaderSignature); s != "" {
		h.secrets = append(h.secrets, s)
	}
}

// seen are the signatures that went over the wire.
func (h *host) seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.secrets)
}

func (h *host) wantRequests(t testing.TB, n int64) {
	t.Helper()
	if got := h.requests.Load(); got != n {
		t.Errorf("%d requests reached the host, want %d", got, n)
	}
}

// total is the amount of the order in fen, as the sandbox has it.
func (h *host) total(t testing.TB) int64 {
	t.Helper()
	order, ok := h.box.Order(h.account.SubMchID, seedOutOrderNo)
	if !ok || order.Entity.TotalAmount == nil {
		t.Fatal("the order is gone")
	}
	return *order.Entity.TotalAmount
}

func (h *host) wantTotal(t testing.TB, fen int64) {
	t.Helper()
	if got := h.total(t); got != fen {
		t.Errorf("the order is at %d fen, want %d", got, fen)
	}
}

func (h *host) file(name string) string { return filepath.Join(h.dir, name) }

// flags are the connection by flags alone.
func (h *host) flags() []string {
	return []string{
		"--base-url", h.url, "--mchid", h.account.MchID, "--serial-no", h.account.SerialNo,
		"--key-file", h.file(sandbox.MerchantKeyFile),
		"--public-key-id", h.account.PublicKeyID, "--public-key-file", h.file(sandbox.PublicKeyFile),
	}
}

// modify runs payscore modify on the seeded order.
func (h *host) modify(t testing.TB, body string, args ...string) result {
	t.Helper()
	return runArgs(t, append([]string{"modify", seedOutOrderNo, "--keys", h.dir, "--body", write(t, "modify.json", body)}, args...)...)
}

func write(t testing.TB, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// example is examples/modify.json with texts replaced, in pairs.
func example(t testing.TB, pairs ...string) string {
	t.Helper()
	body := string(examples.Modify)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(body, pairs[i]) {
			t.Fatalf("the example has no %s", pairs[i])
		}
		body = strings.ReplaceAll(body, pairs[i], pairs[i+1])
	}
	return body
}

// without drops a flag and its value.
func without(args []string, flag string) []string {
	for i, arg := range args {
		if arg == flag {
			return append(append([]string{}, args[:i]...), args[i+2:]...)
		}
	}
	return args
}
