package bench_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/wxpayscore/payscore/bench"
	"github.com/wxpayscore/payscore/bench/floor"
)

const keysDir = "../api/vectors"

var (
	keys     *floor.Keys
	plainURL string
	tlsURL   string
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run starts the server that all clients call.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "payscore-bench-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if keys, err = floor.LoadKeys(keysDir); err != nil {
		panic(err)
	}
	if plainURL, tlsURL = os.Getenv("PAYSCORE_BENCH_PLAIN"), os.Getenv("PAYSCORE_BENCH_TLS"); plainURL != "" {
		return m.Run() // the report has started one for all
	}
	server, err := bench.StartServer(context.Background(), keysDir, dir)
	if err != nil {
		panic(err)
	}
	defer server.Stop()
	plainURL, tlsURL = server.Plain, server.TLS
	// So that each client trusts it without a change to its defaults.
	if err := os.Setenv("SSL_CERT_FILE", server.Certificate); err != nil {
		panic(err)
	}
	return m.Run()
}

// connections returns the number of connections that clients have opened.
func connections(tb testing.TB) int64 {
	tb.Helper()
	rsp, err := http.Get(plainURL + "/connections")
	if err != nil {
		tb.Fatal(err)
	}
	defer rsp.Body.Close()
	b, err := io.ReadAll(rsp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}
