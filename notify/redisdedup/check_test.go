package redisdedup_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/notify/redisdedup"
)

func TestCheck(t *testing.T) {
	s := startRedis(t)
	client := s.open()
	d, err := redisdedup.New(client, "check")
	if err != nil {
		t.Fatal(err)
	}
	set := func(name, value string) {
		t.Helper()
		if err := client.ConfigSet(t.Context(), name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, policy := range []string{"noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"} {
		set("maxmemory-policy", policy)
		for _, limit := range []string{"0", "100mb"} {
			set("maxmemory", limit)
			var evicts *redisdedup.EvictionError
			err := d.Check(t.Context())
			if want := policy != "noeviction" && limit != "0"; errors.As(err, &evicts) != want || (err != nil) != want || want && evicts.Policy != policy {
				t.Errorf("%s, %s: %v", policy, limit, err)
			}
			if err != nil && (strings.ContainsAny(err.Error(), "\n\x1b") || !strings.Contains(err.Error(), policy)) {
				t.Errorf("%q", err)
			}
		}
	}
	s.kill()
	var evicts *redisdedup.EvictionError
	if err := d.Check(t.Context()); err == nil || errors.As(err, &evicts) {
		t.Errorf("Redis is away: %v", err)
	}
}

// The warning is about something: what was done is handled again.
func TestEvictionForgetsWhatWasDone(t *testing.T) {
	s := startRedis(t)
	client := s.open()
	d, err := redisdedup.New(client, "evict")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"maxmemory-policy": "allkeys-lru", "maxmemory": "3mb"} {
		if err := client.ConfigSet(t.Context(), name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		c, err := d.Begin(t.Context(), fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Done(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	filler := strings.Repeat("x", 10_000)
	for i := range 1000 {
		if err := client.Set(t.Context(), fmt.Sprint("filler", i), filler, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	again := 0
	for i := range 20 {
		if _, err := d.Begin(t.Context(), fmt.Sprint(i)); !errors.Is(err, notify.ErrDone) {
			again++
		}
	}
	if again == 0 {
		t.Skip("this Redis evicted nothing")
	}
	t.Log(again, "of 20 would be handled again")
	if err := d.Check(t.Context()); !errors.As(err, new(*redisdedup.EvictionError)) {
		t.Error(err)
	}
}

func TestZeroDeduper(t *testing.T) {
	for _, d := range []*redisdedup.Deduper{nil, {}} {
		if _, err := d.Begin(t.Context(), "a"); err == nil {
			t.Error("Begin took it")
		}
		if err := d.Check(t.Context()); err == nil {
			t.Error("Check took it")
		}
	}
}
