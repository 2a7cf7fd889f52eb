package sandbox_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/sandbox"
)

// published is the modification on WeChat Pay's page: 40000 - 100, total 50000.
func published(t *testing.T, box *sandbox.Server) error {
	t.Helper()
	return box.Client().ModifyPartnerServiceOrder(t.Context(), "ORDER1", bill(50000, lines(40000), coupons(100)))
}

func TestLenientAmountsAreSwitchedAtRunTime(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	if _, err := box.Seed("ORDER1", 50000); err != nil {
		t.Fatal(err)
	}
	settings := func(body string, want bool) {
		t.Helper()
		method, got := http.MethodGet, map[string]any(nil)
		if body != "" {
			method = http.MethodPost
		}
		if got = admin(t, box, method, "settings", body, 200); got["lenient_amounts"] != want {
			t.Errorf("%s %s: %v", method, body, got)
		}
	}
	settings("", false)
	var refused *apierror.Error
	if err := published(t, box); !errors.As(err, &refused) {
		t.Errorf("strict: %v", err)
	}
	// Both refusals of the page's example name the way out, and no other does.
	for total, want := range map[int64]bool{49999: true, 50000: true, 50001: false} {
		payments := lines(total)
		if total == 49999 {
			payments = lines(40000)
		}
		err := box.Client().ModifyPartnerServiceOrder(t.Context(), "ORDER1", bill(total, payments, nil))
		if !errors.As(err, &refused) || strings.Contains(string(refused.Detail), "--lenient-amounts") != want {
			t.Errorf("%d: %v %s", total, err, refused.Detail)
		}
	}
	settings(`{"lenient_amounts":true}`, true)
	settings(`{"lenient_amounts":true}`, true) // switches nothing
	if err := published(t, box); err != nil {
		t.Errorf("lenient: %v", err)
	}
	box.SetLenientAmounts(false)
	settings("", false)
	if err := published(t, box); !errors.As(err, &refused) {
		t.Errorf("strict again: %v", err)
	}
	var switched []string
	for _, e := range box.Journal() {
		if e.Kind == "setting" {
			switched = append(switched, e.Operation+" "+e.Message)
		}
	}
	if got := fmt.Sprint(switched); got != "[lenient_amounts true lenient_amounts false]" {
		t.Errorf("the journal has %s", got)
	}
	for _, body := range []string{`{}`, `{"lenient_amounts":"yes"}`, `{"key_mode":"migration"}`, `null`} {
		admin(t, box, "POST", "settings", body, 400)
	}

	// A reset leaves it.
	box.SetLenientAmounts(true)
	admin(t, box, "POST", "reset", `{}`, 204)
	settings("", true)
}

func TestLenientAmountsWhileRequestsRun(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	if _, err := box.Seed("ORDER1", 50000); err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	both.Go(func() {
		for i := range 20 {
			box.SetLenientAmounts(i%2 == 0)
		}
	})
	both.Go(func() {
		for range 10 {
			var refused *apierror.Error
			if err := published(t, box); err != nil && !errors.As(err, &refused) {
				t.Errorf("%v", err)
			}
		}
	})
	both.Wait()
}

// A reset begins as the sandbox began, and leaves it empty where that is asked for.
func TestResetBeginsAnew(t *testing.T) {
	t.Parallel()
	begun := 0
	box := sandbox.New(t, sandbox.WithBeginning(func(box *sandbox.Sandbox) error {
		if begun++; begun == 4 {
			return errors.New("no more")
		}
		_, err := box.Seed("ORDER1", 50000)
		return err
	}))
	orders := func(want ...string) {
		t.Helper()
		var got []string
		found, _ := box.Orders("", "", 10)
		for _, o := range found {
			got = append(got, o.Entity.OutOrderNo)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("there are %v, not %v", got, want)
		}
	}
	orders("ORDER1")
	if _, err := box.Seed("ORDER2", 50000); err != nil {
		t.Fatal(err)
	}
	admin(t, box, "POST", "reset", `{}`, 204)
	orders("ORDER1")
	if err := box.Reset(); err != nil {
		t.Error(err)
	}
	orders("ORDER1")
	admin(t, box, "POST", "reset", `{"empty":true}`, 204)
	orders()
	if problem := admin(t, box, "POST", "reset", `{"empty":false}`, 500); problem["message"] != "no more" {
		t.Errorf("answered %v", problem)
	}
	admin(t, box, "POST", "reset", `{"full":true}`, 400)

	if _, err := sandbox.Open(sandbox.WithBeginning(func(*sandbox.Sandbox) error { return errNoBeginning })); !errors.Is(err, errNoBeginning) {
		t.Errorf("opened: %v", err)
	}
}

var errNoBeginning = errors.New("no beginning")
