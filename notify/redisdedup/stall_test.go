package redisdedup_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/wxpayscore/payscore/notify"
)

// weChatWaits is how long WeChat Pay waits for an answer.
const weChatWaits = 5 * time.Second

// silentServer takes connections and what comes over them, and never answers, as
// a server that is stopped or behind a broken network does.
func silentServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go func() { _, _ = io.Copy(io.Discard, conn) }()
		}
	}()
	return listener.Addr().String()
}

// With the Redis client's own timeouts, which are longer than WeChat Pay waits and
// than the times here, and with those that the package recommends.
func TestSilentServer(t *testing.T) {
	addr := silentServer(t)
	for name, options := range map[string]*redis.Options{
		"defaults":    {Addr: addr},
		"recommended": {Addr: addr, ContextTimeoutEnabled: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := redis.NewClient(options)
			t.Cleanup(func() { _ = client.Close() })
			start := time.Now()
			c, err := newDeduper(t, client).Begin(ctx, "a")
			if took := time.Since(start); c != nil || !errors.Is(err, context.DeadlineExceeded) || took > 10*time.Second {
				t.Errorf("Begin: %v, %v after %s", c, err, took)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("not one line: %q", err)
			}

			r := receiver(t, client, func(context.Context, *notify.Event) error {
				t.Error("handled without a claim")
				return nil
			})
			m := paid("EV-silent", "SILENT")
			start = time.Now()
			status, _ := r.Receive(ctx, m.header, m.body)
			if took := time.Since(start); status != 500 || took > weChatWaits-time.Second {
				t.Errorf("%d after %s", status, took)
			}
		})
		t.Run(name+", less time", func(t *testing.T) {
			t.Parallel()
			client := redis.NewClient(options)
			t.Cleanup(func() { _ = client.Close() })
			short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
			defer cancel()
			start := time.Now()
			_, err := newDeduper(t, client).Begin(short, "a")
			if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > 10*time.Second {
				t.Errorf("Begin: %v after %s", err, took)
			}
		})
	}
}

// gate is a way to a server that can be closed: what comes meanwhile is held,
// and goes on when it opens.
type gate struct {
	addr string
	mu   sync.Mutex
	open chan struct{} // closed when it is open
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	g := &gate{addr: listener.Addr().String(), open: make(chan struct{})}
	close(g.open)
	t.Cleanup(g.Open)
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			pass := func(dst, src net.Conn, held bool) {
				defer func() { _ = dst.Close() }()
				buffer := make([]byte, 1<<16)
				for {
					n, err := src.Read(buffer)
					if held {
						<-g.isOpen()
					}
					if _, failed := dst.Write(buffer[:n]); err != nil || failed != nil {
						return
					}
				}
			}
			go pass(out, in, true)
			go pass(in, out, false)
		}
	}()
	return g
}

func (g *gate) isOpen() chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

func (g *gate) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = make(chan struct{})
}

func (g *gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
	default:
		close(g.open)
	}
}

// A server that stalls for a moment: who waits is told in time, and a claim that
// is made late is given back.
func TestStall(t *testing.T) {
	s := startRedis(t)
	g := newGate(t, s.addr())
	client := redis.NewClient(&redis.Options{Addr: g.addr})
	defer client.Close()
	d := newDeduper(t, client)
	first := begins(t, d, nil, "a")

	g.Close()
	if _, err := d.Begin(ctx, "b"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := first.Done(short); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
		t.Errorf("Done: %v after %s", err, time.Since(start))
	}
	g.Open()

	direct := s.open()
	deadline := time.Now().Add(10 * time.Second)
	time.Sleep(time.Second) // to be made
	for direct.Exists(ctx, "{p}b").Val() != 0 {
		if time.Now().After(deadline) {
			t.Fatal("the late claim stays")
		}
		time.Sleep(10 * time.Millisecond)
	}
	g.Close()
	time.AfterFunc(300*time.Millisecond, g.Open)
	if err := first.Done(ctx); err != nil { // which has more patience
		t.Error(err)
	}
	begins(t, d, notify.ErrDone, "a")
}

// broken panics like a client of one's own might.
type broken struct{ redis.Scripter }

func (broken) EvalSha(context.Context, string, []string, ...any) *redis.Cmd { panic("MARKER") }

func TestAClientThatPanics(t *testing.T) {
	_, err := newDeduper(t, broken{}).Begin(ctx, "a")
	if err == nil || strings.Contains(err.Error(), "MARKER") {
		t.Error(err)
	}
	t.Log(err)
}

// late sends the first script only when it is told to, and all others at once.
type late struct {
	redis.Scripter
	send chan struct{}
	sent *atomic.Bool
}

func (l late) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	if l.sent.CompareAndSwap(false, true) {
		<-l.send
		ctx = context.WithoutCancel(ctx)
	}
	return l.Scripter.EvalSha(ctx, sha, keys, args...)
}

func TestALateClaimIsGivenBack(t *testing.T) {
	client := startRedis(t).open()
	if err := begins(t, newDeduper(t, client), nil, "warm up").Done(ctx); err != nil { // the scripts are loaded now
		t.Fatal(err)
	}
	if claim := begins(t, newDeduper(t, client), nil, "warm up, too"); claim.Release(ctx) != nil {
		t.Fatal("release")
	}
	l := late{client, make(chan struct{}), new(atomic.Bool)}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := newDeduper(t, l).Begin(short, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // in which a release would come too early
	close(l.send)
	time.Sleep(100 * time.Millisecond) // for the claim
	for range 100 {
		if client.Exists(ctx, "{p}a").Val() == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the key is still claimed")
}
