package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// A group of benchmarks is a table of the page.
type benchGroup struct {
	name    string // of the function in call_test.go and its neighbours
	title   string
	text    string
	clients []string
	rate    bool // requests a second and connections are the point
}

var (
	all    = []string{"floor", "payscore", "wechatpay-go", "gopay"}
	groups = []benchGroup{
		{"Sign", "Sign only", "Encode the body and make the Authorization. wechatpay-go and gopay do it by what their calls use inside.", all, false},
		{"Modify", "One verified call after another", "Encode, sign, send, verify a 204. Plain HTTP on loopback.", append(all, "wechatpay-go-tuned"), false},
		{"Parallel", "32 callers, plain HTTP", "As above, 32 at a time.", append(all, "wechatpay-go-tuned"), true},
		{"ParallelTLS", "32 callers, TLS and HTTP/1.1", "As above. On loopback a new connection costs a handshake; over a real network two or three round trips more.", append(all, "wechatpay-go-tuned"), true},
		{"Notification", "A notification", "Verify and decrypt a USER_PAID (`notify.Open`); `payscore-decoded` is `notify.Parse`, which decodes it, too, as the peers do: wechatpay-go into a map, since it has no type for it. The floor is `rsa.VerifyPKCS1v15` and AES-GCM on bytes that lie ready: no hash, no header, no base64, no JSON. `floor-sha256` adds the hash of the message that RSA verifies.", append([]string{"floor", "floor-sha256", "payscore", "payscore-decoded"}, all[2:]...), false},
		{"OrderDecode", "Decode the largest order", "100 payments and 30 discounts. The floor is encoding/json into `any`; wechatpay-go has no type for an order.", []string{"floor", "payscore", "gopay"}, false},
		{"OrderEncode", "Encode it", "", []string{"floor", "payscore", "gopay"}, false},
	}
)

func (r *report) client(ctx context.Context) error {
	program := filepath.Join(r.dir, "bench.test")
	if err := command(ctx, "go", "test", "-c", "-o", program, "."); err != nil {
		return err
	}
	results := map[string]result{}
	for round := range r.rounds {
		for _, g := range groups {
			for i := range g.clients {
				client := g.clients[(i+round)%len(g.clients)] // nobody is always first
				if err := r.bench(ctx, program, g.name+"/"+client, r.timeOf(g), results); err != nil {
					return err
				}
			}
		}
		fmt.Fprintf(r.verbose, "         round %d of %d\n", round+1, r.rounds)
	}
	r.printf("## The client\n\n")
	for _, g := range groups {
		r.table(g, results)
	}
	return nil
}

// timeOf is longer where new connections count: the first ones are made anyway.
func (r *report) timeOf(g benchGroup) string {
	if g.rate && !r.short {
		return "2s"
	}
	return r.time
}

// bench runs one benchmark once, as a process of its own.
func (r *report) bench(ctx context.Context, program, name, time string, results map[string]result) error {
	env := []string{
		"PAYSCORE_BENCH_PLAIN=" + r.server.Plain, "PAYSCORE_BENCH_TLS=" + r.server.TLS, "SSL_CERT_FILE=" + r.server.Certificate,
	}
	pattern := "^Benchmark" + strings.ReplaceAll(name, "/", "$/^") + "$"
	out, err := output(ctx, env, program, "-test.run", "^$", "-test.bench", pattern, "-test.benchtime", time)
	if err != nil {
		return err
	}
	if results[name] == nil {
		results[name] = result{}
	}
	if !results[name].parse(out) {
		return fmt.Errorf("%s: no figures in %q", name, out)
	}
	return nil
}

func (r *report) table(g benchGroup, results map[string]result) {
	r.printf("### %s\n\n", g.title)
	if g.text != "" {
		r.printf("%s\n\n", g.text)
	}
	floor := results[g.name+"/floor"]
	if g.rate {
		r.printf("| | req/s | of the floor | new connections per 1,000 | B/op | allocs/op |\n|---|---|---|---|---|---|\n")
	} else {
		r.printf("| | time | of the floor | B/op | allocs/op |\n|---|---|---|---|---|\n")
	}
	for _, client := range g.clients {
		got := results[g.name+"/"+client]
		name := client
		if strings.HasPrefix(client, "payscore") {
			name = "**" + client + "**"
		}
		if g.rate {
			low, high := got["req/s"].spread()
			r.printf("| %s | %.0f (%.0f to %.0f) | %.2f | %.0f | %s | %s |\n", name, got["req/s"].median(), low, high,
				got["req/s"].median()/floor["req/s"].median(), got["conns/1000"].median(), count(got["B/op"]), count(got["allocs/op"]))
			continue
		}
		r.printf("| %s | %s | %.2f | %s | %s |\n", name, timeCell(got["ns/op"]),
			got["ns/op"].median()/floor["ns/op"].median(), count(got["B/op"]), count(got["allocs/op"]))
	}
	if decoded := results[g.name+"/payscore-decoded"]; decoded != nil {
		alone := floor["ns/op"].median()
		r.printf("\nOf the rate that RSA and AES-GCM alone allow, that is %.2f, and %.2f with decoding.\n",
			alone/results[g.name+"/payscore"]["ns/op"].median(), alone/decoded["ns/op"].median())
	}
	r.printf("\n")
}

func (r *report) head(ctx context.Context) error {
	version, err := output(ctx, nil, "go", "version")
	if err != nil {
		return err
	}
	modules, err := output(ctx, nil, "go", "list", "-m", "github.com/wechatpay-apiv3/wechatpay-go", "github.com/go-pay/gopay")
	if err != nil {
		return err
	}
	r.printf(`# Performance

`+"`make bench`"+` writes this page, once [with go1.26](performance.md) and once
[with go1.27](performance-go1.27.md). No figure in it is typed by hand.

Machine: %s, %d cores, %s. Peers: %s.
Every row of a table did the same work in the same run, in turns, %d rounds of %s
(32 callers: 2s) each; the server is a process of its own. Times are medians, with the lowest and
the highest. Bytes and allocations are exact; times on a shared machine are not:
compare within a table only.

gopay has no partner modify, so its rows are partner complete with the same body.
`+"`floor`"+` is net/http and crypto/rsa with nothing else; `+"`wechatpay-go-tuned`"+` is
wechatpay-go with the floor's connection settings instead of its defaults.

RSA-2048 makes the wall time. All clients pay it alike; what they differ in is the
rest.

`, cpu(), runtime.NumCPU(), strings.TrimPrefix(strings.TrimSpace(version), "go version "),
		strings.ReplaceAll(strings.TrimSpace(modules), "\n", ", "), r.rounds, r.time)
	return nil
}

// cpu is the name that the kernel gives the processor.
func cpu() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func (r *report) foot(context.Context) error {
	r.printf("## Measured with\n\n```\nmake bench\n```\n")
	return nil
}
