package redisdedup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// A script, since it goes to the node of a cluster that has the keys. Scripts may
// not ask for CONFIG, which hosted servers refuse besides.
var info = redis.NewScript(`return redis.call('INFO', 'memory')`)

// EvictionError reports a Redis that forgets keys when its memory is full. Then
// notifications that were handled are handled again.
type EvictionError struct {
	Policy string // its maxmemory-policy, such as allkeys-lru
}

// Error returns one line.
func (e *EvictionError) Error() string {
	return fmt.Sprintf("redisdedup: Redis evicts keys when its memory is full (maxmemory-policy %.32q): a notification may be handled twice; set noeviction", e.Policy)
}

// Check asks Redis whether it keeps all keys. The error is an
// *[EvictionError] when it has a limit of memory and a maxmemory-policy other than
// noeviction, whether it evicts all keys or those that expire, as the ones of a
// Deduper do. Any other error says that Redis could not be asked within 2 seconds or
// until ctx ends, or does not say. Call it when the program starts, and from time
// to time: the answer is that of the primary of the moment. It is safe for
// concurrent use.
func (d *Deduper) Check(ctx context.Context) error {
	if d == nil || d.client == nil {
		return errNotNew
	}
	ctx, cancel := context.WithTimeout(ctx, beginTimeout)
	defer cancel()
	answer, _, err := run(ctx, d.client, info, []string{d.prefix})
	if err != nil {
		return fmt.Errorf("redisdedup: check: %w", err)
	}
	text, _ := answer.(string)
	limit, policy := "", ""
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "maxmemory":
			limit = value
		case "maxmemory_policy":
			policy = value
		}
	}
	switch {
	case policy == "":
		return errors.New("redisdedup: check: Redis does not tell its maxmemory-policy")
	case policy != "noeviction" && limit != "0":
		return &EvictionError{Policy: policy}
	}
	return nil
}
