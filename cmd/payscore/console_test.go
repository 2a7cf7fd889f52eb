package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestSandboxScenario(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupts there")
	}
	p := startSandbox(t, "--addr", "127.0.0.1:0", "--keys", t.TempDir(), "--scenario", filepath.Join("..", "..", "examples", "scenario.yaml"))
	wantAll(t, p.head, "console on http://127.0.0.1:")
	if strings.Contains(p.head, "waiting for payment") {
		t.Errorf("it starts with an order of its own: %s", p.head)
	}
	response, err := http.Get(p.url + "/_sandbox/api/orders")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	wantAll(t, string(body), `"total":3`, "RENTAL1", "RENTAL2", "DIRECT1")

	// A console that is open keeps nobody from stopping the sandbox.
	stream, err := http.Get(p.url + "/_sandbox/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	begin := time.Now()
	if code := p.stop(t); code != 0 {
		t.Errorf("exit code %d: %s", code, &p.errOut)
	}
	if took := time.Since(begin); took > patience {
		t.Errorf("took %s to stop", took)
	}
}

func TestSandboxScenarioIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte("orders:\n  - out_order_no: A\n    total_amont: 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "sandbox", "--addr", "127.0.0.1:0", "--keys", t.TempDir(), "--scenario", file)
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 2 {
		t.Errorf("exit code %d", code)
	}
	wantAll(t, string(out), "scenario.yaml", "line 3", "orders[0].total_amont is not known")
}

// A container listens on all addresses. None of them is the address of any.
func TestSandboxOnAllAddresses(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupts there")
	}
	p := startSandbox(t, "--addr", "0.0.0.0:0", "--allow-remote", "--keys", t.TempDir())
	if !strings.HasPrefix(p.url, "http://127.0.0.1:") {
		t.Errorf("listens on %q", p.url)
	}
	if code := p.stop(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
