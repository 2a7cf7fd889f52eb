package bench_test

import (
	"context"
	"testing"
)

// Allocations are exact, so that they can gate a change; times are not.
// docs/performance.md has the figures that these bounds come from. Those of a
// notification are encoding/json's, mostly.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates by itself")
	}
	allocs := func(do func() error) float64 {
		t.Helper()
		return testing.AllocsPerRun(200, func() {
			if err := do(); err != nil {
				t.Fatal(err)
			}
		})
	}
	signs := map[string]float64{}
	for name, do := range signings(t) {
		signs[name] = allocs(do)
	}
	if signs["payscore"] > 8 {
		t.Errorf("sign only: %.0f allocations, want 8 at most", signs["payscore"])
	}
	calls := map[string]float64{}
	for _, c := range clients {
		do, err := c.new(plainURL)
		if err != nil {
			t.Fatal(err)
		}
		calls[c.name] = allocs(func() error { return do(context.Background()) })
	}
	if calls["payscore"] > 98 {
		t.Errorf("a verified modify: %.0f allocations, want 98 at most", calls["payscore"])
	}
	notified := notifications(t)
	for name, most := range map[string]float64{"payscore": 34, "payscore-decoded": 96} {
		if got := allocs(notified[name]); got > most {
			t.Errorf("a notification, %s: %.0f allocations, want %.0f at most", name, got, most)
		}
	}
	for name, allocations := range map[string]map[string]float64{"sign": signs, "modify": calls} {
		for _, peer := range []string{"wechatpay-go", "gopay"} {
			if allocations["payscore"] >= allocations[peer] {
				t.Errorf("%s: %.0f allocations, %s has %.0f", name, allocations["payscore"], peer, allocations[peer])
			}
		}
	}
	t.Logf("sign %v, modify %v", signs, calls)
}
