// Package redisdedup remembers in Redis which notifications are done, for
// receivers in several processes. It is a module of its own, so that the client
// does not require a Redis client.
//
//	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
//	dedup, err := redisdedup.New(client, "payscore")
//	...
//	if err := dedup.Check(ctx); err != nil {
//		log.Print(err) // Redis evicts keys, or is away
//	}
//	receiver, err := notify.New(verifier, key, handle, notify.WithDeduper(dedup))
//
// When Redis does not answer within 2 seconds, nothing is handled: WeChat Pay
// gets a 500 in time and repeats for a day. That holds with any settings of the
// Redis client, whose own timeouts and retries add up to 20 seconds and more;
// with ContextTimeoutEnabled no connection is held for longer, either.
//
// What Redis forgets is handled again, without a word. So the server should write its
// data (appendonly yes), serve this from the primary, and evict nothing
// (maxmemory-policy noeviction), which [Deduper.Check] looks at.
//
// One window stays open, as with any Deduper that is not in the transaction of
// the function itself: when Redis goes away after the function ended and is not
// back within 10 seconds, the notification is handled again once its claim ends.
package redisdedup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/wxpayscore/payscore/notify"
)

const (
	keepDone  = 25 * time.Hour // WeChat Pay repeats for 24 hours and 4 minutes
	keepClaim = 10 * time.Minute
	// beginTimeout leaves the function more than half of the 4.5 seconds that a
	// notification may take.
	beginTimeout = 2 * time.Second
	// settleTimeout is how long Redis may be away before a claim is left to end by itself.
	settleTimeout = 10 * time.Second
)

// A key holds the token of its claim, or "done", which is no token: those are
// in upper case.
const done = "done"

// A claim of the same token is no obstacle, so that Begin may be sent twice:
// the Redis client does so when an answer is lost.
var begin = redis.NewScript(`
local claimed = 0
for _, key in ipairs(KEYS) do
	local value = redis.call('GET', key)
	if value == 'done' then
		return 'done'
	end
	if value and value ~= ARGV[1] then
		claimed = 1
	end
end
if claimed == 1 then
	return 'claimed'
end
for _, key in ipairs(KEYS) do
	redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
end
return 'free'`)

// What was handled is done, even if the claim ended before or another has taken
// the keys over.
var finish = redis.NewScript(`
for _, key in ipairs(KEYS) do
	redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
end
return 1`)

// A late release must not free the claim of another.
var release = redis.NewScript(`
for _, key in ipairs(KEYS) do
	if redis.call('GET', key) == ARGV[1] then
		redis.call('DEL', key)
	end
end
return 1`)

// Deduper is a notify.Deduper in Redis. It keeps what is done for 25 hours and a
// claim for 10 minutes; a function that takes longer than that may be called
// again meanwhile. It is immutable and safe for concurrent use, by any number of
// processes.
type Deduper struct {
	client redis.Scripter
	prefix string
}

// New returns a Deduper whose keys in Redis begin with {prefix}. The braces are
// part of the name: they keep the keys in one slot of a cluster, since a
// notification has two. All receivers of a merchant need the same prefix. New
// returns an error when client is nil, or prefix is empty or has braces. It does not
// talk to Redis, which may be away when a program starts: see [Deduper.Check].
func New(client redis.Scripter, prefix string) (*Deduper, error) {
	if client == nil {
		return nil, errors.New("redisdedup: the client is nil")
	}
	if prefix == "" || strings.ContainsAny(prefix, "{}") {
		return nil, fmt.Errorf("redisdedup: %.64q is no prefix", prefix)
	}
	return &Deduper{client: client, prefix: "{" + prefix + "}"}, nil
}

var errNotNew = errors.New("redisdedup: the Deduper is not made by New")

// Begin implements notify.Deduper. It waits 2 seconds for Redis, or until ctx
// ends. An error other than notify.ErrDone and notify.ErrInProgress is one of
// Redis or of a context.
func (d *Deduper) Begin(ctx context.Context, keys ...string) (notify.Claim, error) {
	if d == nil || d.client == nil {
		return nil, errNotNew
	}
	c := &claim{client: d.client, token: rand.Text()}
	for _, key := range keys {
		c.keys = append(c.keys, d.prefix+key)
	}
	ctx, cancel := context.WithTimeout(ctx, beginTimeout)
	defer cancel()
	found, ended, err := run(ctx, d.client, begin, c.keys, c.token, keepClaim.Milliseconds())
	switch {
	case err != nil:
		// The claim may have been made, or be made yet, and nobody would give it back.
		go func() {
			<-ended
			_ = c.Release(context.WithoutCancel(ctx))
		}()
		return nil, fmt.Errorf("redisdedup: begin: %w", err)
	case found == "done":
		return nil, notify.ErrDone
	case found == "claimed":
		return nil, notify.ErrInProgress
	case found == "free":
		return c, nil
	}
	return nil, errors.New("redisdedup: begin: Redis answers something else")
}

type claim struct {
	client redis.Scripter
	keys   []string
	token  string
}

// Done implements notify.Claim. It tries for 10 seconds, or until ctx ends.
func (c *claim) Done(ctx context.Context) error {
	if err := c.insist(ctx, finish, done, keepDone.Milliseconds()); err != nil {
		return fmt.Errorf("redisdedup: done: %w", err)
	}
	return nil
}

// Release implements notify.Claim. It tries for 10 seconds, or until ctx ends.
func (c *claim) Release(ctx context.Context) error {
	if err := c.insist(ctx, release, c.token); err != nil {
		return fmt.Errorf("redisdedup: release: %w", err)
	}
	return nil
}

// insist runs a script until Redis answers: one that restarts is away for a
// moment only, and a claim that is not settled holds up the repeats.
func (c *claim) insist(ctx context.Context, script *redis.Script, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		_, _, err := run(ctx, c.client, script, c.keys, args...)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}
