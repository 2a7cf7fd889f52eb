package bench_test

import (
	"context"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/bench"
	"github.com/wxpayscore/payscore/bench/floor"
)

type call = func(context.Context) error

// clients makes one verified call of each client, new for each benchmark.
var clients = []struct {
	name string
	new  func(url string) (call, error)
}{
	{"floor", func(url string) (call, error) { return floor.New(keys, url).Modify, nil }},
	{"payscore", func(url string) (call, error) { return bench.NewPayscore(keys, url) }},
	{"wechatpay-go", func(url string) (call, error) { return bench.NewWechatpayGo(keys, url, nil) }},
	{"wechatpay-go-tuned", func(url string) (call, error) {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost, t.MaxIdleConns, t.IdleConnTimeout = 256, 256, 7*time.Second
		return bench.NewWechatpayGo(keys, url, &http.Client{Transport: t, Timeout: 30 * time.Second})
	}},
	{"gopay", func(url string) (call, error) { return bench.NewGopay(keys, url) }},
}

// BenchmarkModify is one verified call after another.
func BenchmarkModify(b *testing.B) {
	for _, c := range clients {
		b.Run(c.name, func(b *testing.B) {
			do, err := c.new(plainURL)
			if err != nil {
				b.Fatal(err)
			}
			ctx := context.Background() // as a program has it; the benchmark's own would cost a goroutine
			if err := do(ctx); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := do(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// callers at a time in the parallel benchmarks.
const callers = 32

// BenchmarkParallel is 32 callers over plain HTTP.
func BenchmarkParallel(b *testing.B) { parallel(b, plainURL) }

// BenchmarkParallelTLS is 32 callers over TLS and HTTP/1.1.
func BenchmarkParallelTLS(b *testing.B) { parallel(b, tlsURL) }

func parallel(b *testing.B, url string) {
	for _, c := range clients {
		b.Run(c.name, func(b *testing.B) {
			do, err := c.new(url)
			if err != nil {
				b.Fatal(err)
			}
			ctx := context.Background()
			before := connections(b)
			b.SetParallelism((callers + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := do(ctx); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.StopTimer()
			made := connections(b) - before
			b.ReportMetric(float64(made)*1000/float64(b.N), "conns/1000")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
		})
	}
}
