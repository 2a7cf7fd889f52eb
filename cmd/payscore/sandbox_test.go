package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/sandbox"
)

// running is a sandbox that payscore sandbox serves.
type running struct {
	url    string
	head   string // stdout up to the line with the URL
	errOut bytes.Buffer
	ended  chan struct{} // closed when it has stopped
	code   int           // once it has stopped
	end    func()        // asks it to stop
}

// startSandbox runs payscore sandbox in this process and waits for it to listen.
func startSandbox(t testing.TB, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{ended: make(chan struct{}), end: cancel}
	out, in := io.Pipe()
	go func() {
		defer close(r.ended)
		r.code = run(ctx, append([]string{"sandbox"}, args...), nil, in, &r.errOut)
		_ = in.Close()
	}()
	t.Cleanup(func() { r.stop() })
	r.listening(t, out)
	return r
}

// startProcess is startSandbox in a process of its own, which ends by a signal.
func startProcess(t testing.TB, args ...string) (*running, *os.Process) {
	t.Helper()
	cmd := command(t, append([]string{"sandbox"}, args...)...)
	r := &running{ended: make(chan struct{}), end: func() { _ = cmd.Process.Signal(os.Interrupt) }}
	cmd.Stderr = &r.errOut
	out, in := io.Pipe()
	cmd.Stdout = in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.ended)
		_ = cmd.Wait()
		r.code = cmd.ProcessState.ExitCode()
		_ = in.Close()
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-r.ended })
	r.listening(t, out)
	return r, cmd.Process
}

// listening reads stdout up to the line with the URL, and drops the rest.
func (r *running) listening(t testing.TB, stdout io.Reader) {
	t.Helper()
	out := bufio.NewReader(stdout)
	for r.url == "" {
		line, err := out.ReadString('\n')
		r.head += line
		if err != nil {
			<-r.ended
			t.Fatalf("%v after %q, stderr %s", err, r.head, &r.errOut)
		}
		if url, ok := strings.CutPrefix(line, "listening on "); ok {
			r.url = strings.TrimSpace(url)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
}

// stop returns the exit code.
func (r *running) stop() int {
	r.end()
	<-r.ended
	return r.code
}

// command runs the command in a process of its own.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		files[entry.Name()] = string(readFile(t, filepath.Join(dir, entry.Name())))
	}
	return files
}

func TestSandbox(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupts and modes there")
	}
	dir := filepath.Join(t.TempDir(), "new", "keys")
	p, _ := startProcess(t, "--addr", "127.0.0.1:0", "--keys", dir)
	wantAll(t, p.head, "keys in "+dir+"\n", "order 1234323JKHDFE1243252 waiting for payment of 500.00 yuan\n")
	if !strings.HasPrefix(p.url, "http://127.0.0.1:") || strings.HasSuffix(p.url, ":0") {
		t.Errorf("listens on %q", p.url)
	}

	// Files: those listed, and none but the public ones for others to read.
	public := []string{"apiclient_cert.pem", "wechatpay_public_key.pem", "platform_cert.pem", "ca_cert.pem"}
	first := contents(t, dir)
	for _, name := range append(public, "apiclient_key.pem", "sandbox.json") {
		if _, ok := first[name]; !ok {
			t.Errorf("no %s", name)
		}
	}
	for name, content := range first {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		isPublic := slices.Contains(public, name)
		if !isPublic && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
		if isPublic && strings.Contains(content, "PRIVATE") {
			t.Errorf("%s holds a private key", name)
		}
	}
	wantAll(t, first["apiclient_key.pem"], "-----BEGIN PRIVATE KEY-----\n") // PKCS#8
	wantAll(t, first["wechatpay_public_key.pem"], "-----BEGIN PUBLIC KEY-----\n")

	account := decodeJSON[map[string]string](t, first["sandbox.json"])
	wanted := []string{"api_v3_key", "appid", "base_url", "mchid", "platform_serial_no", "public_key_id", "serial_no", "service_id", "sub_mchid"}
	if got := slices.Sorted(maps.Keys(account)); !slices.Equal(got, wanted) {
		t.Errorf("sandbox.json has %v", got)
	}
	for name, value := range account {
		if value == "" {
			t.Errorf("%s is empty", name)
		}
	}
	if account["base_url"] != p.url || len(account["api_v3_key"]) != 32 {
		t.Errorf("base_url %s, APIv3 key of %d bytes", account["base_url"], len(account["api_v3_key"]))
	}

	// Another process modifies the order.
	modify := command(t, "modify", seedOutOrderNo, "--keys", dir, "--body", write(t, "b.json", example(t)))
	if out, err := modify.CombinedOutput(); err != nil || !strings.Contains(string(out), "Done: 500.00 yuan -> 399.00 yuan") {
		t.Errorf("%v: %s", err, out)
	}
	// It is strict unless told otherwise.
	r := runArgs(t, "modify", seedOutOrderNo, "--keys", dir, "--body", write(t, "b.json", example(t, "39900", "30000")))
	r.wantCode(t, exitFailed)

	// Neither an idle connection nor a request that never ends holds up the end.
	idle := &http.Client{Transport: &http.Transport{}}
	rsp, err := idle.Get(p.url)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, rsp.Body)
	_ = rsp.Body.Close()
	defer idle.CloseIdleConnections()
	endless, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = endless.Close() }()
	if _, err := io.WriteString(endless, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	if code := p.stop(); code != exitDone || p.errOut.Len() > 0 {
		t.Errorf("exit code %d, stderr %s", code, &p.errOut)
	}

	// The next one has the same keys, a new order and another port.
	p = startSandbox(t, "--addr", "127.0.0.1:0", "--keys", dir, "--lenient-amounts")
	second := contents(t, dir)
	if len(second) != len(first) {
		t.Errorf("%d files, then %d", len(first), len(second))
	}
	for name, content := range second {
		if name != sandbox.AccountFile && content != first[name] {
			t.Errorf("%s was written anew", name)
		}
	}
	var again map[string]string
	if err := json.Unmarshal([]byte(second["sandbox.json"]), &again); err != nil {
		t.Fatal(err)
	}
	account["base_url"] = p.url
	if !maps.Equal(account, again) {
		t.Errorf("sandbox.json:\n%v\nthen\n%v", account, again)
	}
	r = runArgs(t, "modify", seedOutOrderNo, "--keys", dir, "--body", write(t, "b.json", example(t, "39900", "30000")))
	r.wantCode(t, exitDone)
	wantAll(t, r.out, "Done: 500.00 yuan -> 300.00 yuan")
	if code := p.stop(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
}

// After a reset the sandbox is as it began: the snippets of a page that name the first
// order run again.
func TestSandboxResetBeginsAnew(t *testing.T) {
	scenario := write(t, "scenario.yaml", "orders: [{out_order_no: RENTAL1, total_amount: 100}]\n")
	for order, args := range map[string][]string{seedOutOrderNo: nil, "RENTAL1": {"--scenario", scenario}} {
		keys := keysDir(t)
		p := startSandbox(t, append([]string{"--addr", "127.0.0.1:0", "--keys", keys}, args...)...)
		runArgs(t, "pay", order, "--keys", keys).wantCode(t, exitDone)
		reset := func(body string) {
			t.Helper()
			rsp, err := http.Post(p.url+"/_sandbox/api/reset", "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			_ = rsp.Body.Close()
			if rsp.StatusCode != http.StatusNoContent {
				t.Errorf("reset: %s", rsp.Status)
			}
		}
		reset(`{}`)
		r := runArgs(t, "query", order, "--keys", keys)
		r.wantCode(t, exitDone)
		wantAll(t, r.out, "USER_PAYING")
		reset(`{"empty":true}`)
		runArgs(t, "query", order, "--keys", keys).wantCode(t, exitFailed)
		p.stop()
	}
}

// readySandbox starts a sandbox, and stops it when it has said where it listens.
func readySandbox(t *testing.T, args ...string) map[string]string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out := &hook{on: "\n", do: stop}
	var errOut bytes.Buffer
	result{run(ctx, append([]string{"--json", "sandbox"}, args...), nil, out, &errOut), out.String(), errOut.String()}.wantCode(t, exitDone)
	return decodeJSON[map[string]string](t, out.String())
}

func TestSandboxJSON(t *testing.T) {
	keys := keysDir(t)
	ready := readySandbox(t, "--addr", "127.0.0.1:0", "--keys", keys)
	if !strings.HasPrefix(ready["listening"], "http://127.0.0.1:") || ready["keys"] != keys {
		t.Errorf("%v", ready)
	}
}

func TestSandboxInput(t *testing.T) {
	h := newHost(t)
	taken := strings.TrimPrefix(h.url, "http://")
	before := contents(t, h.dir)
	h.refusedInput(t, []string{"sandbox", "--addr", taken, "--keys", h.dir}, taken, "address already in use")
	if !maps.Equal(before, contents(t, h.dir)) {
		t.Error("a sandbox that does not listen changed the files")
	}
	h.refusedInput(t, []string{"sandbox", "--addr", "nonsense", "--keys", h.dir}, "nonsense")
	file := write(t, "file", "")
	h.refusedInput(t, []string{"sandbox", "--addr", "127.0.0.1:0", "--keys", file}, file)
	h.refusedInput(t, []string{"sandbox", "--key-mode", "certificate"}, "--key-mode", `no key mode "certificate"`, "migration, public-key, platform-certificate")
	if err := os.Remove(h.file(sandbox.MerchantKeyFile)); err != nil {
		t.Fatal(err)
	}
	h.refusedInput(t, []string{"sandbox", "--addr", "127.0.0.1:0", "--keys", h.dir}, sandbox.MerchantKeyFile)
}

// Whoever reaches the sandbox can do all that it can: that takes a word.
func TestSandboxStaysOnThisMachine(t *testing.T) {
	h := newHost(t)
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[2001:db8::1]:0"} {
		h.refusedInput(t, []string{"sandbox", "--addr", addr, "--keys", h.dir}, addr, "--allow-remote")
	}
	for _, args := range [][]string{{"--addr", "localhost:0"}, {"--addr", "127.0.0.2:0"}, {"--addr", "0.0.0.0:0", "--allow-remote"}} {
		p := startSandbox(t, append([]string{"--keys", h.dir}, args...)...)
		// A container listens on all addresses. None of them is the address of any.
		if args[1] == "0.0.0.0:0" && !strings.HasPrefix(p.url, "http://127.0.0.1:") {
			t.Errorf("%v: listens on %q", args, p.url)
		}
		if code := p.stop(); code != exitDone {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
}

// A port that is taken is found before keys are made.
func TestSandboxMakesNoKeysInVain(t *testing.T) {
	h := newHost(t)
	dir := filepath.Join(t.TempDir(), "keys")
	runArgs(t, "sandbox", "--addr", strings.TrimPrefix(h.url, "http://"), "--keys", dir).wantCode(t, exitInput)
	if _, err := os.Stat(dir); err == nil {
		t.Error("keys were made")
	}
}
