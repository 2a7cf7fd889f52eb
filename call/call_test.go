package call_test

import (
	"context"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/call"
)

type otherKey struct{}

func TestContext(t *testing.T) {
	if info, ok := call.FromContext(t.Context()); ok || info != (call.Info{}) {
		t.Errorf("out of nothing: %+v", info)
	}
	want := call.Info{Operation: "modifyServiceOrder", Path: "/v3/{out_order_no}", OutOrderNo: "A1", Success: 200}
	parent, cancel := context.WithTimeout(context.WithValue(t.Context(), otherKey{}, "kept"), time.Hour)
	ctx := call.NewContext(parent, want)
	child, cancelChild := context.WithCancel(context.WithValue(ctx, otherKey{}, "hidden"))
	defer cancelChild()
	for name, ctx := range map[string]context.Context{"itself": ctx, "a child": child} {
		if got, ok := call.FromContext(ctx); !ok || got != want {
			t.Errorf("%s: %+v", name, got)
		}
		if _, ok := ctx.Deadline(); !ok {
			t.Errorf("%s has lost the deadline", name)
		}
	}
	if ctx.Value(otherKey{}) != "kept" {
		t.Error("the parent's values are gone")
	}
	if _, ok := call.FromContext(parent); ok {
		t.Error("the parent was changed")
	}
	second := call.Info{Operation: "queryServiceOrder"}
	if got, _ := call.FromContext(call.NewContext(child, second)); got != second {
		t.Errorf("the inner one counts: %+v", got)
	}
	cancel()
	<-ctx.Done()
	<-child.Done()
	if ctx.Err() == nil || child.Err() == nil {
		t.Error("cancellation does not pass")
	}
}

// Each call of the client pays for this.
func TestAllocations(t *testing.T) {
	ctx, info := t.Context(), call.Info{Operation: "modifyServiceOrder", OutOrderNo: "A1"}
	var got call.Info
	if n := testing.AllocsPerRun(100, func() { got, _ = call.FromContext(call.NewContext(ctx, info)) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
	if got != info {
		t.Error(got)
	}
}
