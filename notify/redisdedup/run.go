package redisdedup

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

var errPanic = errors.New("the Redis client panicked")

// run runs a script and returns when ctx ends, at the latest. The Redis client
// itself heeds a deadline only with ContextTimeoutEnabled, and waits for a server
// that never answers for 20 seconds otherwise. ended is closed when the script
// runs no more.
func run(ctx context.Context, client redis.Scripter, script *redis.Script, keys []string, args ...any) (result any, ended <-chan struct{}, err error) {
	type answer struct {
		result any
		err    error
	}
	answered, over := make(chan answer, 1), make(chan struct{})
	go func() {
		a := answer{err: errPanic} // outside of the caller's goroutine it would end the process
		defer func() {
			_ = recover()
			answered <- a
			close(over)
		}()
		a.result, a.err = script.Run(ctx, client, keys, args...).Result()
	}()
	select {
	case a := <-answered:
		return a.result, over, a.err
	case <-ctx.Done():
		return nil, over, ctx.Err()
	}
}
