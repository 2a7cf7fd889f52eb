package redisdedup_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/redis/go-redis/v9"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/notify/redisdedup"
)

// Each process of a service does this.
func Example() {
	var verifier *auth.Verifier // from auth.NewVerifier
	var key auth.APIv3Key       // from auth.NewAPIv3Key
	handle := func(ctx context.Context, event *notify.Event) error { return nil }

	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	dedup, err := redisdedup.New(client, "payscore")
	if err != nil {
		fmt.Println(err)
		return
	}
	receiver, err := notify.New(verifier, key, handle, notify.WithDeduper(dedup))
	if err != nil {
		fmt.Println(err)
		return
	}
	http.Handle("/notify", receiver)
}
