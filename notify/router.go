package notify

import (
	"context"
	"errors"
	"sync"
)

// ErrNoFunc is what Router.Serve returns for a sub-merchant without a Func, when
// there is no default. WeChat Pay repeats the notification.
var ErrNoFunc = errors.New("notify: no function for this sub-merchant")

var errNoEvent = errors.New("notify: the event is nil")

// Router calls a Func for each sub-merchant of a service provider. Its method
// Serve is the Func to give to New. The zero value is ready for use. It is safe
// for concurrent use: sub-merchants may come and go while it serves.
type Router struct {
	mu       sync.RWMutex
	funcs    map[string]Func
	fallback Func
}

// Handle sets the Func of a sub-merchant, replacing one that is there; nil
// removes it. What is being served goes on with the Func it began with. It
// panics on a nil Router.
func (r *Router) Handle(subMchID string, f Func) {
	r.mustNotBeNil()
	r.mu.Lock()
	defer r.mu.Unlock()
	if f == nil {
		delete(r.funcs, subMchID)
		return
	}
	if r.funcs == nil {
		r.funcs = make(map[string]Func)
	}
	r.funcs[subMchID] = f
}

// Remove takes away the Func of a sub-merchant. It panics on a nil Router.
func (r *Router) Remove(subMchID string) { r.Handle(subMchID, nil) }

// Default sets the Func of all the others, and of notifications that name no
// sub-merchant; nil removes it. It panics on a nil Router.
func (r *Router) Default(f Func) {
	r.mustNotBeNil()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fallback = f
}

func (r *Router) mustNotBeNil() {
	if r == nil {
		panic("notify: the Router is nil")
	}
}

// Serve calls the Func of event.SubMchID, else the default one. Its error is
// theirs, or ErrNoFunc. An event with an Err is routed like any other, and goes to
// the default Func when its sub-merchant could not be read.
func (r *Router) Serve(ctx context.Context, event *Event) error {
	if event == nil {
		return errNoEvent
	}
	if r == nil {
		return ErrNoFunc
	}
	r.mu.RLock()
	f := r.funcs[event.SubMchID]
	if f == nil || event.SubMchID == "" {
		f = r.fallback
	}
	r.mu.RUnlock()
	if f == nil {
		return ErrNoFunc
	}
	return f(ctx, event)
}
