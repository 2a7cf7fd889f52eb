// Command report measures everything and writes docs/performance.md. Run it in
// the folder bench:
//
//	go run ./report                # all of it, to ../docs/performance.md
//	go run ./report --short -o -   # each part once, for a look
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/bench"
)

// report is what the parts share.
type report struct {
	rounds  int           // of each benchmark, interleaved
	time    string        // -benchtime of one round
	starts  int           // of each program, for the cold start
	short   bool          // each part once, on less
	dir     string        // for what is built
	server  *bench.Server // that all clients talk to
	out     strings.Builder
	began   time.Time
	verbose io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	short := flag.Bool("short", false, "run each part once, on less")
	to := flag.String("o", "../docs/performance.md", "file to write, - for standard output")
	flag.Parse()
	dir, err := os.MkdirTemp("", "payscore-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r := &report{rounds: 5, time: "800ms", starts: 500, short: *short, dir: dir, began: time.Now(), verbose: os.Stderr}
	if r.short {
		r.rounds, r.time, r.starts = 1, "50x", 5
	}
	if r.server, err = bench.StartServer(ctx, keysDir, dir); err != nil {
		return err
	}
	defer r.server.Stop()
	for _, part := range []struct {
		name  string
		write func(context.Context) error
	}{
		{"head", r.head}, {"client", r.client}, {"cold start", r.coldStart}, {"RSA", r.rsa}, {"sandbox", r.sandbox}, {"tools", r.tools}, {"foot", r.foot},
	} {
		fmt.Fprintf(r.verbose, "%5.0f s  %s\n", time.Since(r.began).Seconds(), part.name)
		if err := part.write(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	fmt.Fprintf(r.verbose, "%5.0f s  done\n", time.Since(r.began).Seconds())
	if *to == "-" {
		_, err := io.WriteString(os.Stdout, r.out.String())
		return err
	}
	return os.WriteFile(*to, []byte(r.out.String()), 0o644)
}

func (r *report) printf(format string, args ...any) { fmt.Fprintf(&r.out, format, args...) }
