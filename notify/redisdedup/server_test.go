package redisdedup_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// server is a real redis-server, with its data in a directory of its own.
type server struct {
	t       testing.TB
	program string
	dir     string
	port    string
	cmd     *exec.Cmd
}

// startRedis skips the test when there is no redis-server. REQUIRE_REDIS=1 turns
// its absence into a failure.
func startRedis(t testing.TB) *server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("REQUIRE_REDIS") == "1" {
			t.Fatal("REQUIRE_REDIS=1, but redis-server is not installed")
		}
		t.Skip("redis-server is not installed")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(free.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, program: program, dir: t.TempDir(), port: port}
	s.start()
	t.Cleanup(s.kill)
	return s
}

// The client tells the standard logger of each attempt to reach a server that is away.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(silent{}) }

func (s *server) addr() string { return "127.0.0.1:" + s.port }

// start also starts it again, with the data that it had.
func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command(s.program, "--bind", "127.0.0.1", "--port", s.port, "--dir", s.dir, "--appendonly", "yes", "--save", "")
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	client := s.client()
	defer client.Close()
	var err error
	for range 200 {
		if err = client.Ping(context.Background()).Err(); err == nil {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.t.Fatalf("redis-server does not answer: %v", err)
}

// kill leaves it no time to put anything in order.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

func (s *server) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.addr()})
}

func (s *server) open() *redis.Client {
	client := s.client()
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}
