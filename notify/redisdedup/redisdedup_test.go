package redisdedup_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/notify/redisdedup"
)

func newDeduper(t testing.TB, client redis.Scripter) *redisdedup.Deduper {
	t.Helper()
	d, err := redisdedup.New(client, "p")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// begins claims keys, or says why not.
func begins(t testing.TB, d notify.Deduper, want error, keys ...string) notify.Claim {
	t.Helper()
	c, err := d.Begin(ctx, keys...)
	if !errors.Is(err, want) || (c == nil) != (err != nil) {
		t.Fatalf("Begin(%q): %v, %v, want %v", keys, c, err, want)
	}
	return c
}

func TestNewRefuses(t *testing.T) {
	client := redis.NewClient(&redis.Options{})
	defer client.Close()
	for _, prefix := range []string{"", "a{", "}"} {
		if d, err := redisdedup.New(client, prefix); d != nil || err == nil {
			t.Errorf("%q: %v", prefix, d)
		}
	}
	if d, err := redisdedup.New(nil, "p"); d != nil || err == nil {
		t.Error(d)
	}
}

func TestClaims(t *testing.T) {
	client := startRedis(t).open()
	d := newDeduper(t, client)

	first := begins(t, d, nil, "a", "b")
	begins(t, d, notify.ErrInProgress, "b", "c") // one shared key is enough
	free := begins(t, d, nil, "c")               // and the other was not claimed
	if err := free.Release(ctx); err != nil {
		t.Fatal(err)
	}
	if err := first.Done(ctx); err != nil {
		t.Fatal(err)
	}
	begins(t, d, notify.ErrDone, "b", "c")
	claim := begins(t, d, nil, "c")
	begins(t, d, notify.ErrDone, "c", "a") // done comes before claimed
	if err := claim.Release(ctx); err != nil {
		t.Fatal(err)
	}
	claim = begins(t, d, nil, "c")

	for key, want := range map[string]time.Duration{"{p}a": 25 * time.Hour, "{p}b": 25 * time.Hour, "{p}c": 10 * time.Minute} {
		if left := client.PTTL(ctx, key).Val(); left > want || left < want-time.Minute {
			t.Errorf("%s ends in %s, want %s", key, left, want)
		}
	}
	if keys := client.Keys(ctx, "*").Val(); len(keys) != 3 {
		t.Errorf("%q", keys)
	}

	// The claim ends, and another takes the key over.
	expire := func() {
		if err := client.PExpire(ctx, "{p}c", time.Millisecond).Err(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	expire()
	second := begins(t, d, nil, "c")
	if err := claim.Release(ctx); err != nil {
		t.Fatal(err)
	}
	begins(t, d, notify.ErrInProgress, "c") // the late release freed nothing
	expire()
	third := begins(t, d, nil, "c")
	if err := second.Done(ctx); err != nil { // late, but it was handled
		t.Fatal(err)
	}
	if err := third.Release(ctx); err != nil {
		t.Fatal(err)
	}
	begins(t, d, notify.ErrDone, "c")
}

// twice sends each script again, as the client does when an answer is lost.
type twice struct{ redis.Scripter }

func (s twice) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	s.Scripter.EvalSha(ctx, sha, keys, args...)
	return s.Scripter.EvalSha(ctx, sha, keys, args...)
}

func TestAScriptThatIsSentTwice(t *testing.T) {
	client := startRedis(t).open()
	d := newDeduper(t, client)
	if err := begins(t, d, nil, "warm up").Done(ctx); err != nil { // the scripts are loaded now
		t.Fatal(err)
	}
	d = newDeduper(t, twice{client})
	claim := begins(t, d, nil, "a", "b")
	begins(t, d, notify.ErrInProgress, "a")
	if err := claim.Release(ctx); err != nil {
		t.Fatal(err)
	}
	if err := begins(t, d, nil, "a").Done(ctx); err != nil {
		t.Fatal(err)
	}
	begins(t, d, notify.ErrDone, "a")
}

// lost hands a claim to Redis and says that it did not.
type lost struct {
	redis.Scripter
	once *atomic.Bool
}

var errLost = errors.New("lost")

func (s lost) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	cmd := s.Scripter.EvalSha(ctx, sha, keys, args...)
	if s.once.CompareAndSwap(true, false) {
		cmd.SetErr(errLost)
	}
	return cmd
}

func TestAClaimWhoseAnswerIsLostIsGivenBack(t *testing.T) {
	client := startRedis(t).open()
	if err := begins(t, newDeduper(t, client), nil, "warm up").Done(ctx); err != nil {
		t.Fatal(err)
	}
	s := lost{client, new(atomic.Bool)}
	s.once.Store(true)
	d := newDeduper(t, s)
	begins(t, d, errLost, "a")
	for range 100 {
		if client.Exists(ctx, "{p}a").Val() == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the key is still claimed")
}

// fleet is several processes of one service.
type fleet []*notify.Receiver

// deliver sends messages as WeChat Pay does: in any order, to any process, and
// again until it is told 204. It returns how often each status was answered; told, if
// there is one, hears of each at once.
func (f fleet) deliver(messages []message, told ...func(status int)) map[int]int {
	queue := make(chan message)
	var mu sync.Mutex
	statuses := map[int]int{}
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			for m := range queue {
				for {
					status, _ := f[rand.IntN(len(f))].Receive(ctx, m.header, m.body)
					mu.Lock()
					statuses[status]++
					mu.Unlock()
					for _, tell := range told {
						tell(status)
					}
					if status == http.StatusNoContent {
						break
					}
					time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
				}
			}
		})
	}
	for _, m := range messages {
		queue <- m
	}
	close(queue)
	senders.Wait()
	return statuses
}

// repeated gives each of n orders one to five deliveries, one with an id of its
// own, in any order.
func repeated(n int) []message {
	var all []message
	for i := range n {
		number := fmt.Sprintf("ORDER%d", i)
		m := paid(fmt.Sprintf("EV-%d", i), number)
		for range 1 + rand.IntN(4) {
			all = append(all, m)
		}
		if i%3 == 0 {
			all = append(all, paid(fmt.Sprintf("EV-%d-again", i), number))
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func TestFourHandlersDeliver500NotificationsExactlyOnce(t *testing.T) {
	const orders = 500
	s := startRedis(t)
	var handled ledger
	var refused atomic.Int32
	var processes fleet
	for range 4 {
		processes = append(processes, receiver(t, s.open(), func(_ context.Context, e *notify.Event) error {
			time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			if rand.IntN(10) == 0 { // before anything was done: the repeat is handled
				refused.Add(1)
				return errors.New("not now")
			}
			handled.add(e.Resource.(*payscore.ServiceOrderNotification).OutOrderNo)
			return nil
		}))
	}
	messages := repeated(orders)
	statuses := processes.deliver(messages)
	handled.once(t, orders)
	if statuses[204] != len(messages) || statuses[500] != int(refused.Load()) || statuses[409] == 0 {
		t.Errorf("%v, %d refused", statuses, refused.Load())
	}
	t.Logf("%d deliveries of %d orders: %v", len(messages), orders, statuses)
}

func TestNothingIsLostWhenRedisIsKilled(t *testing.T) {
	const orders = 200
	s := startRedis(t)
	var handled ledger
	var processes fleet
	kill := make(chan struct{})
	var count atomic.Int32
	for range 4 {
		processes = append(processes, receiver(t, s.open(), func(_ context.Context, e *notify.Event) error {
			if count.Add(1) == orders/2 { // others are in the midst of it, too
				close(kill)
			}
			time.Sleep(5 * time.Millisecond)
			handled.add(e.Resource.(*payscore.ServiceOrderNotification).OutOrderNo)
			return nil
		}))
	}
	ended, away := make(chan map[int]int), make(chan struct{})
	metIt := sync.OnceFunc(func() { close(away) })
	go func() {
		ended <- processes.deliver(repeated(orders), func(status int) {
			if status == http.StatusInternalServerError {
				metIt()
			}
		})
	}()
	<-kill
	s.kill()
	select {
	case <-away:
	case <-time.After(time.Minute):
		t.Error("nothing met the time when Redis was away")
	}
	m := paid("EV-while-away", "WHILE-AWAY")
	if status, answer := processes[0].Receive(ctx, m.header, m.body); status != 500 || strings.Contains(string(answer), s.port) {
		t.Errorf("%d %s while Redis is away", status, answer)
	}
	s.start()
	statuses := <-ended
	handled.once(t, orders)
	if again := processes.deliver([]message{m}); again[204] != 1 {
		t.Error(again)
	}
	handled.once(t, orders+1)
	t.Log(statuses)
}

// The Redis client knows a password.
func TestDeduperPrintsNoPassword(t *testing.T) {
	const password = "TestOnlyRedisPassword"
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", Password: password})
	defer client.Close()
	d := newDeduper(t, client)
	held := struct{ d *redisdedup.Deduper }{d}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		text := fmt.Sprintf(verb+verb+verb, d, *d, held)
		if strings.Contains(text, password) || strings.Contains(text, fmt.Sprintf("%x", password)) {
			t.Errorf("%s shows the password", verb)
		}
	}
}
