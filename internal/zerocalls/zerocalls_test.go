package zerocalls_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/internal/zerocalls"
)

func TestZeroCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a test")
	}
	zerocalls.Check(t, "../..", map[string]string{
		"gen/payscoreserver": "oapi-codegen's scaffold of a server, which is nothing without an implementation",
		"gen/sandboxserver":  "likewise",
	}, map[string]string{
		"gen/payscore.Unmarshal": "payscore.ServiceOrderEntity",
	})
}

// recorder keeps what a failed test would say.
type recorder struct {
	testing.TB
	said *[]string
}

func (r recorder) Errorf(format string, args ...any) {
	*r.said = append(*r.said, fmt.Sprintf(format, args...))
}

type thing struct{ next *thing }

func (thing) Fine()     {}
func (t thing) Value()  { _ = *t.next }
func (t *thing) Panic() { panic("sample: documented") }
func (t *thing) Index() { _ = []int{}[0] }

type option func(*thing)

func TestFaultsAreSeen(t *testing.T) {
	var said []string
	c := zerocalls.Start(recorder{t, &said}, "some/sample", []string{"Documented", "Nameless", "Lying", "thing.Panic"}, []string{"thing.Index"})
	c.Option("With", func(p *int) option { return func(*thing) { _ = *p } })
	c.Func("Fine", func(context.Context, *thing, []thing, func(), ...int) error { return nil })
	c.Func("Nil", func(p *int) { *p = 1 })
	c.Func("Zero", func(p *thing) {
		if p != nil {
			p.Value()
		}
	})
	c.Func("Slice", func(s []*thing) {
		for _, p := range s {
			p.Value()
		}
	})
	c.Func("Undocumented", func() { panic("sample: no") })
	c.Func("Documented", func() { panic(fmt.Errorf("sample: no")) })
	c.Func("Nameless", func() { panic("no") })
	c.Func("Lying", func(m map[string]int) { m["a"] = 1 })
	c.Func("Options", func(options ...option) {
		for _, o := range options {
			o(nil)
		}
	})
	c.Func("Made", func(options ...option) {
		for _, o := range options {
			if o != nil {
				o(nil)
			}
		}
	})
	c.Type("thing", reflect.TypeFor[thing](), "Panic")
	var names []string
	for _, text := range said {
		name, _, _ := strings.Cut(strings.TrimPrefix(text, "some/sample."), ": ")
		names = append(names, name)
	}
	want := []string{"Nil(nil)", "Zero(zero)", "Slice(zero)", "Undocumented(nil)", "Nameless(nil)", "Lying(nil)",
		"Options(nil, a zero option)", "Made(nil, With)", "thing{}.Value(nil)"}
	if !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if !strings.Contains(said[0], "runtime error: invalid memory address") {
		t.Error(said[0])
	}
}
