package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestSandboxScenario(t *testing.T) {
	p := startSandbox(t, "--addr", "127.0.0.1:0", "--keys", keysDir(t), "--scenario", filepath.Join("..", "..", "examples", "scenario.yaml"))
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
	wantAll(t, string(body), `"total":4`, "RENTAL1", "RENTAL2", "DIRECT1")

	// A console that is open keeps nobody from stopping the sandbox.
	stream, err := http.Get(p.url + "/_sandbox/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, &p.errOut)
	}
	// It was ended, and not cut off once shutdownTimeout was over.
	if _, err := io.Copy(io.Discard, stream.Body); err != nil {
		t.Error(err)
	}
}

func TestSandboxScenarioIsWrong(t *testing.T) {
	file := write(t, "scenario.yaml", "orders:\n  - out_order_no: A\n    total_amont: 5\n")
	r := runArgs(t, "sandbox", "--addr", "127.0.0.1:0", "--keys", keysDir(t), "--scenario", file)
	r.wantCode(t, exitInput)
	r.wantLine(t, "scenario.yaml", "line 3", "orders[0].total_amont is not known")
}
