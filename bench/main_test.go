package bench_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/wxpayscore/payscore/bench/floor"
)

const keysDir = "../api/vectors"

var (
	keys     *floor.Keys
	plainURL string
	tlsURL   string
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run starts the server that all clients talk to.
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
	program := filepath.Join(dir, "answerer")
	if out, err := exec.Command("go", "build", "-o", program, "./answerer").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	server := exec.Command(program, keysDir, dir)
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		panic(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := server.Start(); err != nil {
		panic(err)
	}
	defer func() {
		_ = stdin.Close()
		_ = server.Wait()
	}()
	lines := bufio.NewScanner(stdout)
	var certificate string
	for _, line := range []*string{&plainURL, &tlsURL, &certificate} {
		if !lines.Scan() {
			panic("the answerer did not start")
		}
		*line = lines.Text()
	}
	// So that each client trusts it without a change to its defaults.
	if err := os.Setenv("SSL_CERT_FILE", certificate); err != nil {
		panic(err)
	}
	return m.Run()
}

// connections is how many the server was asked for so far.
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
