package notify_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wxpayscore/payscore/notify"
)

func TestRouter(t *testing.T) {
	var router notify.Router
	one, other := errors.New("one"), errors.New("other")
	serve := func(sub string) error { return router.Serve(t.Context(), &notify.Event{SubMchID: sub}) }
	says := func(err error) notify.Func { return func(context.Context, *notify.Event) error { return err } }
	check := func(sub string, want error) {
		t.Helper()
		if err := serve(sub); err != want {
			t.Errorf("%q: %v, want %v", sub, err, want)
		}
	}
	check("1", notify.ErrNoFunc)
	router.Handle("1", says(one))
	check("1", one)
	check("2", notify.ErrNoFunc)
	check("", notify.ErrNoFunc)
	router.Default(says(other))
	check("1", one)
	check("2", other)
	check("", other)
	router.Remove("1")
	check("1", other)
	router.Default(nil)
	check("1", notify.ErrNoFunc)
}

func TestRouterRoutesByWhatWasDecrypted(t *testing.T) {
	var router notify.Router
	calls := map[string]int{}
	router.Handle("1900000109", func(context.Context, *notify.Event) error { calls["109"]++; return nil })
	router.Default(func(context.Context, *notify.Event) error { calls["rest"]++; return nil })
	r := receiver(t, router.Serve)
	told(t, r, envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 1)))
	told(t, r, envelope("EV-2", notify.UserOpenService, `{"mch_id":"1","sub_mch_id":"1900000109"}`))
	told(t, r, envelope("EV-3", notify.UserOpenService, `{"mchid":"1","sub_mchid":"1900000108"}`))
	told(t, r, envelope("EV-4", notify.SecurityEchoSuccess, `{"echo_message":"hello"}`))
	if calls["109"] != 2 || calls["rest"] != 2 {
		t.Error(calls)
	}
}

func TestRouterChangesWhileItServes(t *testing.T) {
	var router notify.Router
	var served atomic.Int64
	count := func(context.Context, *notify.Event) error { served.Add(1); return nil }
	router.Default(count)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 500 {
				sub := fmt.Sprint(j % 7)
				switch i {
				case 0:
					router.Handle(sub, count)
				case 1:
					router.Remove(sub)
				default:
					if err := router.Serve(t.Context(), &notify.Event{SubMchID: sub}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if served.Load() != 1000 {
		t.Error(served.Load())
	}
}
