package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/bench"
	"github.com/wxpayscore/payscore/bench/floor"
	"github.com/wxpayscore/payscore/sandbox"
)

// prism is the mock server from npm that interop/ installs.
const prism = "../interop/node_modules/@stoplight/prism-cli/dist/index.js"

func (r *report) sandbox(ctx context.Context) error {
	modifies, orders, many := 6000, 3000, 1_000_000
	if r.short {
		modifies, orders, many = 100, 100, 1000
	}
	keysOfSandbox := filepath.Join(r.dir, "sandbox-keys")
	program := filepath.Join(r.dir, "sandboxserver")
	if err := command(ctx, "go", "build", "-o", program, "./sandboxserver"); err != nil {
		return err
	}
	credentials, err := sandbox.OpenCredentials(keysOfSandbox)
	if err != nil {
		return err
	}
	account := credentials.Account()
	signer, err := auth.LoadSigner(account.MchID, account.SerialNo, filepath.Join(keysOfSandbox, sandbox.MerchantKeyFile))
	if err != nil {
		return err
	}
	rates := map[string]figures{}
	rounds := min(r.rounds, 3)
	for range rounds {
		url, stop, err := startSandbox(ctx, program, keysOfSandbox, orders)
		if err != nil {
			return err
		}
		rate, err := modifyRate(ctx, signer, url, account.SubMchID, min(modifies, orders))
		stop()
		if err != nil {
			return err
		}
		rates["sandbox"] = append(rates["sandbox"], rate)
		if url, stop, err = startPrism(ctx, r.dir); err != nil {
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			return err
		}
		rate, err = modifyRate(ctx, signer, url, account.SubMchID, min(modifies/10, orders))
		stop()
		if err != nil {
			return err
		}
		rates["prism"] = append(rates["prism"], rate)
	}
	share, err := r.shareOfRSA(ctx)
	if err != nil {
		return err
	}
	perOrder, err := output(ctx, nil, program, "--memory", keysOfSandbox, strconv.Itoa(many))
	if err != nil {
		return err
	}
	bytesPerOrder, err := strconv.ParseInt(strings.TrimSpace(perOrder), 10, 64)
	if err != nil {
		return err
	}
	keys, err := floor.LoadKeys(keysDir)
	if err != nil {
		return err
	}
	sign, verify := rsaCost(keys)
	limit := float64(runtime.NumCPU()) * 1e9 / (sign + verify)

	r.printf("## The sandbox\n\n")
	r.printf(`Modifications a second by 32 connections, the requests signed beforehand, %d orders. The sandbox
verifies each signature, checks the request against the contract and the order, and signs the answer; Prism
on the same contract checks the request and answers an example. RSA alone, %s to sign and %s to
verify on %d cores, allows %.0f a second, with nothing left for whoever asks.

| | modifications/s | of what RSA alone allows |
|---|---|---|
`, orders, micro(sign), micro(verify), runtime.NumCPU(), limit)
	for _, row := range []struct{ name, label string }{{"sandbox", "**sandbox**"}, {"prism", "Prism (no signatures)"}} {
		got := rates[row.name]
		if len(got) == 0 {
			r.printf("| %s | not installed: run `make interop` first | |\n", row.label)
			continue
		}
		low, high := got.spread()
		share := ""
		if row.name == "sandbox" {
			share = fmt.Sprintf("%.0f %%", 100*got.median()/limit)
		}
		r.printf("| %s | %.0f (%.0f to %.0f) | %s |\n", row.label, got.median(), low, high, share)
	}
	if p := rates["prism"]; len(p) > 0 {
		r.printf("\nThat is %.1f times Prism.", rates["sandbox"].median()/p.median())
	}
	r.printf("\nOf the sandbox's own time for a modification, without a network, %.0f %% is RSA: one verification and one signature.\n", 100*share)
	r.printf("\nMemory of %s orders: %s bytes each.\n\n", group(int64(many)), group(bytesPerOrder))
	return nil
}

// shareOfRSA is how much of a modification in the sandbox is RSA, from the
// sandbox's own benchmarks.
func (r *report) shareOfRSA(ctx context.Context) (float64, error) {
	program := filepath.Join(r.dir, "sandbox.test")
	if err := command(ctx, "go", "test", "-C", "..", "-c", "-o", program, "./sandbox"); err != nil {
		return 0, err
	}
	results := map[string]result{}
	for range r.rounds {
		for _, name := range []string{"Modify", "RSA"} {
			if err := r.bench(ctx, program, name, r.time, results); err != nil {
				return 0, err
			}
		}
	}
	return results["RSA"]["ns/op"].median() / results["Modify"]["ns/op"].median(), nil
}

// rsaCost times one signature and one verification, in nanoseconds.
func rsaCost(keys *floor.Keys) (sign, verify float64) {
	digest := sha256.Sum256(nil)
	sig, _ := rsa.SignPKCS1v15(nil, keys.Merchant, crypto.SHA256, digest[:])
	const times = 300
	start := time.Now()
	for range times {
		_, _ = rsa.SignPKCS1v15(nil, keys.Merchant, crypto.SHA256, digest[:])
	}
	sign = float64(time.Since(start)) / times
	start = time.Now()
	for range times {
		_ = rsa.VerifyPKCS1v15(keys.Public, crypto.SHA256, digest[:], sig)
	}
	return sign, float64(time.Since(start)) / times
}

func startSandbox(ctx context.Context, program, keys string, orders int) (url string, stop func(), err error) {
	cmd := exec.CommandContext(ctx, program, keys, strconv.Itoa(orders))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		stop()
		return "", nil, errors.New("the sandbox did not start")
	}
	return lines.Text(), stop, nil
}

// startPrism serves the contract without its callbacks, which Prism would send
// to the host of the example.
func startPrism(ctx context.Context, dir string) (url string, stop func(), err error) {
	if _, err := os.Stat(prism); err != nil {
		return "", nil, err
	}
	if _, err := exec.LookPath("node"); err != nil {
		return "", nil, fmt.Errorf("%w: %w", os.ErrNotExist, err)
	}
	doc, err := contract()
	if err != nil {
		return "", nil, err
	}
	for _, item := range doc["paths"].(map[string]any) {
		for _, operation := range item.(map[string]any) {
			if fields, ok := operation.(map[string]any); ok {
				delete(fields, "callbacks")
			}
		}
	}
	file := filepath.Join(dir, "prism.json")
	if err := writeJSON(file, doc); err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	addr := listener.Addr().(*net.TCPAddr)
	_ = listener.Close()
	cmd := exec.CommandContext(ctx, "node", prism, "mock", "--host", "127.0.0.1", "--port", strconv.Itoa(addr.Port),
		"--errors", "--multiprocess", "false", "--verboseLevel", "silent", file)
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	for range 300 {
		conn, err := net.Dial("tcp", addr.String())
		if err == nil {
			_ = conn.Close()
			return "http://" + addr.String(), stop, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	return "", nil, errors.New("prism did not start within 30 s")
}

// modifyRate sends n modifications, each of an order of its own, and returns
// how many were answered with 204 a second.
func modifyRate(ctx context.Context, signer *auth.Signer, url, subMchID string, n int) (float64, error) {
	request := bench.Body
	request.ServiceID, request.SubMchID = nil, subMchID
	body, err := json.Marshal(request)
	if err != nil {
		return 0, err
	}
	requests := make([]*http.Request, n)
	for i := range requests {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v3/payscore/partner/serviceorder/BENCH"+strconv.Itoa(i+1)+"/modify", bytes.NewReader(body))
		if err != nil {
			return 0, err
		}
		req.Header.Set("Content-Type", "application/json")
		if err := signer.Sign(ctx, req); err != nil {
			return 0, err
		}
		requests[i] = req
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	var (
		next   atomic.Int64
		done   sync.WaitGroup
		failed atomic.Pointer[error]
	)
	start := time.Now()
	for range 32 {
		done.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				rsp, err := client.Do(requests[i])
				if err == nil {
					answer, _ := io.ReadAll(io.LimitReader(rsp.Body, 512))
					_ = rsp.Body.Close()
					if rsp.StatusCode != http.StatusNoContent {
						err = fmt.Errorf("status %d: %s", rsp.StatusCode, answer)
					}
				}
				if err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	done.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(n) / time.Since(start).Seconds(), nil
}
