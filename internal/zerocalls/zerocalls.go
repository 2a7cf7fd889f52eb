// Package zerocalls calls whatever a module exports with nil and zero
// arguments. [Check] derives a test from the module's packages, so that a new
// function is called without anyone thinking of it: the test is written into a
// temporary directory, compiled as a package of the module and run. It uses the
// standard library alone, and so adds nothing to the go.sum of an importer.
package zerocalls

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// hang is how long a call may take before it counts as one that never returns. It
// is below the time limit of the generated test, and no machine is that slow.
const hang = 4 * time.Minute

// Calls calls the functions and methods of one package. The generated test
// makes one for each package.
type Calls struct {
	t          testing.TB
	pkg        string
	documented map[string]bool // what says in its comment that it panics
	skipped    map[string]bool
	makers     map[reflect.Type][]maker
	functions  int
	methods    int
	calls      int
	reported   map[string]bool // the same fault of the same function is told once
}

// A maker is a function that returns an option.
type maker struct {
	name string
	f    reflect.Value
}

// Start returns the Calls of package pkg. The names in documented say in
// their comments that they panic; those in skipped are not called.
func Start(t testing.TB, pkg string, documented, skipped []string) *Calls {
	c := &Calls{t: t, pkg: pkg, documented: map[string]bool{}, skipped: map[string]bool{},
		makers: map[reflect.Type][]maker{}, reported: map[string]bool{}}
	for _, name := range documented {
		c.documented[name] = true
	}
	for _, name := range skipped {
		c.skipped[name] = true
	}
	t.Cleanup(func() {
		t.Logf("%s: %d functions and %d methods in %d calls", pkg, c.functions, c.methods, c.calls)
	})
	return c
}

// Option declares a function whose result other functions take as an option.
func (c *Calls) Option(name string, f any) {
	v := reflect.ValueOf(f)
	c.makers[v.Type().Out(0)] = append(c.makers[v.Type().Out(0)], maker{name, v})
}

// Func calls f with nil arguments, then with pointers to zero values, and, if
// it takes options, with a nil one and with each that Option declared.
func (c *Calls) Func(name string, f any) {
	c.functions++
	c.call(name, name, reflect.ValueOf(f), true)
}

// Type calls the methods of T's zero value, of a pointer to it and, if they
// are named in pointers, of a nil pointer.
func (c *Calls) Type(name string, t reflect.Type, pointers ...string) {
	all := reflect.PointerTo(t)
	for i := range all.NumMethod() {
		method := all.Method(i).Name
		if !c.skipped[name+"."+method] {
			c.methods++
			c.call(name+"."+method, name+"{}."+method, reflect.New(t).Method(i), true)
		}
	}
	for _, method := range pointers {
		c.call(name+"."+method, "(*"+name+")(nil)."+method, reflect.Zero(all).MethodByName(method), true)
	}
}

// call calls f in each way. The results of an exported function are called in turn.
func (c *Calls) call(name, text string, f reflect.Value, deep bool) {
	ways := [][]reflect.Value{c.arguments(f.Type(), false)}
	if second := c.arguments(f.Type(), true); len(second) > 0 {
		ways = append(ways, second)
	}
	for i, args := range ways {
		kind := [...]string{"nil", "zero"}[i]
		c.results(name, text+"("+kind+")", c.guarded(name, text+"("+kind+")", f, args), deep)
	}
	if !f.Type().IsVariadic() {
		return
	}
	option := f.Type().In(f.Type().NumIn() - 1).Elem()
	text += "(nil, "
	with := text + "a zero " + option.Name() + ")"
	c.results(name, with, c.guarded(name, with, f, append(c.arguments(f.Type(), false), reflect.Zero(option))), deep)
	for _, m := range c.makers[option] {
		with := text + m.name + ")"
		if made := c.guarded(m.name, m.name, m.f, c.arguments(m.f.Type(), false)); made != nil {
			c.results(name, with, c.guarded(name, with, f, append(c.arguments(f.Type(), false), made[0])), deep)
		}
	}
}

// arguments are those of one call, without options: nil, or pointers to zero
// values. The second list is empty where it would be the first again.
func (c *Calls) arguments(f reflect.Type, pointers bool) []reflect.Value {
	n := f.NumIn()
	if f.IsVariadic() {
		n--
	}
	var args []reflect.Value
	other, serves := false, false
	for i := range n {
		serves = serves || f.In(i) == reflect.TypeFor[http.ResponseWriter]()
	}
	for i := range n {
		in := f.In(i)
		arg := reflect.Zero(in)
		switch {
		case in == reflect.TypeFor[context.Context]():
			arg = reflect.ValueOf(context.Background()) // a nil one is the caller's mistake everywhere in Go
		case in == reflect.TypeFor[testing.TB]():
			arg = reflect.ValueOf(fakeTB{c.t})
		case in == reflect.TypeFor[fmt.State](): // fmt calls no Formatter without one
			arg = reflect.ValueOf(state{io.Discard})
		case in == reflect.TypeFor[http.ResponseWriter](): // net/http calls no handler without one
			arg = reflect.ValueOf(httptest.NewRecorder())
		case in == reflect.TypeFor[*http.Request]() && serves:
			arg = reflect.ValueOf(httptest.NewRequest("POST", "/", nil))
		case !pointers:
		case in.Kind() == reflect.Pointer:
			arg, other = reflect.New(in.Elem()), true
		case in.Kind() == reflect.Slice:
			arg, other = reflect.MakeSlice(in, 1, 1), true
		case in.Kind() == reflect.Map:
			arg, other = reflect.MakeMap(in), true
		}
		args = append(args, arg)
	}
	if pointers && !other {
		return nil
	}
	return args
}

// results reads each error that a call returned, and calls the methods of what
// else it returned. Close comes last.
func (c *Calls) results(name, text string, results []reflect.Value, deep bool) {
	for _, result := range results {
		if result.Kind() == reflect.Interface {
			result = result.Elem()
		}
		if !result.IsValid() || result.Kind() == reflect.Pointer && result.IsNil() {
			continue
		}
		if !strings.HasPrefix(named(result.Type()).PkgPath(), modulePath) {
			if result.Type().Implements(reflect.TypeFor[error]()) {
				c.guarded(name, text+".Error", result.MethodByName("Error"), nil) // it may wrap one of ours
			}
			continue
		}
		var last reflect.Value
		for i := range result.NumMethod() {
			method := result.Type().Method(i).Name
			full := strings.TrimPrefix(named(result.Type()).Name()+"."+method, ".")
			switch {
			case method == "Close":
				last = result.Method(i)
			case deep && !c.skipped[full]:
				c.call(full, text+"."+method, result.Method(i), false)
			}
		}
		if last.IsValid() {
			c.guarded(name, text+".Close", last, nil)
		}
	}
}

const modulePath = "github.com/wxpayscore/payscore"

// named is a type or what a pointer points to, which is what has a name.
func named(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// guarded calls f and fails the test when f panics with a runtime error, panics
// without having said so, or does not return. It returns nil then.
func (c *Calls) guarded(name, text string, f reflect.Value, args []reflect.Value) []reflect.Value {
	c.calls++
	type end struct {
		results []reflect.Value
		panic   any
		at      string
		done    bool
	}
	ended := make(chan end, 1)
	go func() {
		var e end
		defer func() { // also when the function ends the goroutine, as Fatal does
			if !e.done {
				e.panic = recover()
				e.at = c.where(string(debug.Stack()))
			}
			ended <- e
		}()
		e.results = f.Call(args)
		e.done = true
	}()
	select {
	case e := <-ended:
		if fault := c.fault(name, e.panic); fault != "" && !c.reported[name+e.at+fault] {
			c.reported[name+e.at+fault] = true
			c.t.Errorf("%s.%s: %s: %v%s", c.pkg, text, fault, e.panic, e.at)
		}
		return e.results
	case <-time.After(hang):
		c.t.Errorf("%s.%s does not return", c.pkg, text)
		return nil
	}
}

// fault says what is wrong with a panic of the function or method.
func (c *Calls) fault(name string, value any) string {
	typ, _, _ := strings.Cut(name, ".")
	if _, ok := value.(runtime.Error); ok {
		return "a runtime error"
	}
	switch {
	case value == nil:
		return ""
	case !c.documented[name] && !c.documented[typ]:
		return "a panic of which its comment does not speak"
	case !strings.Contains(fmt.Sprint(value), path.Base(c.pkg)):
		return "a panic that does not name the package"
	}
	return ""
}

// where is the first line of the module in the stack of a panic.
func (c *Calls) where(stack string) string {
	_, stack, _ = strings.Cut(stack, "panic(")
	for line := range strings.Lines(stack) {
		if _, at, ok := strings.Cut(line, moduleDir+"/"); ok && !strings.Contains(at, "internal/zerocalls/") {
			at, _, _ = strings.Cut(at, " ")
			return " at " + strings.TrimSpace(at)
		}
	}
	return ""
}

// moduleDir is the directory of the root module, from which stacks are told.
var moduleDir = func() string {
	_, file, _, _ := runtime.Caller(0)
	return strings.TrimSuffix(file, "/internal/zerocalls/zerocalls.go")
}()

// fakeTB is a test that may fail.
type fakeTB struct{ testing.TB }

func (fakeTB) Error(...any)          {}
func (fakeTB) Errorf(string, ...any) {}
func (fakeTB) Fail()                 {}
func (fakeTB) FailNow()              { runtime.Goexit() }
func (fakeTB) Fatal(...any)          { runtime.Goexit() }
func (fakeTB) Fatalf(string, ...any) { runtime.Goexit() }

// state is a fmt.State without flags.
type state struct{ io.Writer }

func (state) Width() (int, bool)     { return 0, false }
func (state) Precision() (int, bool) { return 0, false }
func (state) Flag(int) bool          { return false }
