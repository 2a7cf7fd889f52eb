package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestSandboxKeepsItsData(t *testing.T) {
	keys, data := keysDir(t), filepath.Join(t.TempDir(), "orders.db")
	args := []string{"--addr", "127.0.0.1:0", "--keys", keys, "--data", data}
	first := startSandbox(t, args...)
	body := `{"sub_mchid":"1900000109","post_payments":[{"name":"就餐费用","amount":39900}],"total_amount":39900,"reason":"用户投诉"}`
	runWith(t, strings.NewReader(body), "modify", seedOutOrderNo, "-b", "-", "--keys", keys).wantCode(t, exitDone)

	// A second one must not write into it as well.
	other := runArgs(t, "sandbox", "--addr", "127.0.0.1:0", "--keys", keysDir(t), "--data", data)
	other.wantCode(t, exitInput)
	other.wantLine(t, data, "another process has it")
	if code := first.stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, &first.errOut)
	}

	second := startSandbox(t, args...)
	wantAll(t, second.head, "waiting for payment of 399.00 yuan")
	got := runArgs(t, "query", seedOutOrderNo, "--keys", keys)
	got.wantCode(t, exitDone)
	wantAll(t, got.out, "399.00")
	runArgs(t, "pay", seedOutOrderNo, "--keys", keys).wantCode(t, exitDone)
	second.stop()

	third := startSandbox(t, args...)
	wantAll(t, third.head, "order "+seedOutOrderNo+" is DONE")
	third.stop()
	// A scenario leaves what is there, and its faults are on again.
	scenario := write(t, "scenario.yaml", "orders:\n  - {out_order_no: "+seedOutOrderNo+", total_amount: 50000}\nfaults:\n  - {fault: error-500-before}\n")
	for range 2 {
		p := startSandbox(t, append(args, "--scenario", scenario)...)
		runArgs(t, "query", seedOutOrderNo, "--keys", keys).wantCode(t, exitFailed)
		if code := p.stop(); code != 0 {
			t.Errorf("exit code %d: %s", code, &p.errOut)
		}
	}
	last := startSandbox(t, args...)
	wantAll(t, last.head, "order "+seedOutOrderNo+" is DONE")
}
