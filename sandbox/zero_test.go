package sandbox_test

import (
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/sandbox"
)

// called returns what a function panics with for arguments that are zero.
func called(f reflect.Value) (panicked any) {
	defer func() { panicked = recover() }()
	var args []reflect.Value
	for i := range f.Type().NumIn() {
		args = append(args, reflect.Zero(f.Type().In(i)))
	}
	if f.Type().IsVariadic() {
		f.CallSlice(args)
		args[len(args)-1] = reflect.MakeSlice(args[len(args)-1].Type(), 1, 1) // and a nil one
	}
	if f.Type().IsVariadic() {
		f.CallSlice(args)
	} else {
		f.Call(args)
	}
	return nil
}

// ofTests are exported for tests alone.
var ofTests = map[string]bool{
	"Announce": true, "Announced": true, "FillCertificates": true, "FillDisk": true, "FillJournal": true, "FillPermissions": true,
	"ActiveFaults": true, "JournalSince": true, "Payments": true, "PlatformSerialNo": true, "Remote": true,
	"SetNotificationTraffic": true, "SetReceiverTimeout": true,
}

// What is nil or zero is an error, or a panic that says what is missing. It is
// never a nil dereference.
func TestNilAndZero(t *testing.T) {
	t.Parallel()
	opened := must(sandbox.Open(nil, sandbox.WithClock(nil), sandbox.WithCredentials(nil), sandbox.WithJournal(nil), sandbox.WithListener(nil)))
	t.Cleanup(func() { _ = opened.Close() })
	must(opened.Seed("one", 100, nil))
	check := func(name string, f reflect.Value) {
		t.Helper()
		switch p := called(f).(type) {
		case nil:
		case runtime.Error:
			t.Errorf("%s: %v", name, p)
		default:
			if text := fmt.Sprint(p); !strings.HasPrefix(text, "sandbox: ") {
				t.Errorf("%s panics with %q", name, text)
			}
		}
	}
	for _, v := range []any{
		&sandbox.Sandbox{}, (*sandbox.Sandbox)(nil), &sandbox.Server{}, &sandbox.Server{Sandbox: opened}, opened,
		&sandbox.Credentials{}, sandbox.Account{}, &sandbox.Account{}, sandbox.Fault{}, &sandbox.MoveError{}, &sandbox.Scenario{},
		sandbox.FaultKind{}, sandbox.Entry{}, sandbox.Notification{}, sandbox.OrderView{},
	} {
		of := reflect.ValueOf(v)
		for i := range of.NumMethod() {
			name := of.Type().Method(i).Name
			if ofTests[name] || name == "Close" && v == any(opened) {
				continue
			}
			check(fmt.Sprintf("(%T).%s", v, name), of.Method(i))
		}
		_, _ = fmt.Fprintf(io.Discard, "%v %+v %#v", v, v, v)
	}
	for name, f := range map[string]any{
		"Open": sandbox.Open, "New": sandbox.New, "NewHTTPServer": sandbox.NewHTTPServer, "OpenCredentials": sandbox.OpenCredentials,
		"ParseFault": sandbox.ParseFault, "ReadScenario": sandbox.ReadScenario, "Faults": sandbox.Faults,
	} {
		check(name, reflect.ValueOf(f))
	}
	for _, opt := range []sandbox.Option{
		sandbox.WithCredentials(&sandbox.Credentials{}), sandbox.WithFault(sandbox.Fault{}), sandbox.WithKeyMode(99), sandbox.WithTimeScale(0),
		sandbox.WithMaxOrders(0), sandbox.WithRiskCap(0), sandbox.WithStrictBindings(), sandbox.WithAdminHosts(), sandbox.WithData(""),
	} {
		check("Open with an option", reflect.ValueOf(func() {
			if box, err := sandbox.Open(opt); err == nil {
				_ = box.Close()
			}
		}))
	}
	check("NewHTTPServer of a zero Sandbox", reflect.ValueOf(func() { sandbox.NewHTTPServer(&sandbox.Sandbox{}) }))
}

func TestOptionsThatCannotBeUsed(t *testing.T) {
	for name, opt := range map[string]sandbox.Option{
		"time scale": sandbox.WithTimeScale(-1), "risk cap": sandbox.WithRiskCap(-1), "orders": sandbox.WithMaxOrders(-1),
		"key mode": sandbox.WithKeyMode(99), "fault": sandbox.WithFault(sandbox.Fault{}),
	} {
		box, err := sandbox.Open(nil, opt)
		if err == nil {
			_ = box.Close()
			t.Errorf("%s: no error", name)
		}
	}
}
