package notify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// What Deduper.Begin says about a notification that is not to be handled now.
var (
	// ErrDone says that it was handled before. The response is a 204.
	ErrDone = errors.New("notify: the notification is done")
	// ErrInProgress says that it is being handled. The response makes WeChat Pay
	// repeat it, in case that fails.
	ErrInProgress = errors.New("notify: the notification is in progress")
)

// Deduper remembers which notifications are done. It must be safe for concurrent
// use. [NewMemory] makes one for a single process; the module notify/redisdedup
// has one that several share.
//
// A notification has one or two keys. Two notifications are the same when they
// share a key:
//
//   - its ID
//   - for PAYSCORE.USER_CONFIRM and USER_PAID also mchid, sub_mchid,
//     out_order_no, event type, collection.state and collection.paid_amount.
//     The last two are part of it since an order that is paid in parts has
//     several USER_PAID, which differ in them. A notification with an Event.Err
//     has its ID alone.
//
// A key is made of its kind and these, joined by slashes. A slash in one of them is
// written as %2F and a percent sign as %25, so two notifications that differ in
// one of them have different keys.
type Deduper interface {
	// Begin claims all keys or none, in one step. Its error is ErrDone when any
	// is done, else ErrInProgress when any is claimed (errors.Is); any other
	// means that the Deduper does not know, and the response makes WeChat Pay repeat.
	// It must return when ctx ends: the response waits for it.
	//
	// A claim that neither ends as done nor is released, because its process
	// died, must end by itself after a while.
	Begin(ctx context.Context, keys ...string) (Claim, error)
}

// Claim is what Deduper.Begin returns. One of its methods is called, once.
type Claim interface {
	// Done keeps the keys as done for more than the 24 hours in which WeChat Pay
	// repeats.
	Done(ctx context.Context) error
	// Release gives the keys back, so that the repeat is handled.
	Release(ctx context.Context) error
}

// DeduperError reports a Deduper that failed. Before the Func was called that is
// all; after it, the notification comes again although the Func returned nil.
type DeduperError struct {
	ID  string // of the notification
	Err error
}

// Error returns one line.
func (e *DeduperError) Error() string {
	return fmt.Sprintf("notify: notification %s: deduper: %s", oneline.Quote(e.ID, 64), oneline.Error(e.Err, 500))
}

// Unwrap returns Err.
func (e *DeduperError) Unwrap() error { return e.Err }

// Keys returns the keys that [Deduper] documents, for those who keep notifications
// in a store of their own. Call [Event.Decode] first. A nil Event has none.
func (e *Event) Keys() []string {
	if e == nil {
		return nil
	}
	return dedupKeys(e)
}

// dedupKeys returns the keys that Deduper documents.
func dedupKeys(e *Event) []string {
	keys := []string{joined("id", e.ID)}
	order, ok := e.Resource.(*payscore.ServiceOrderNotification)
	if !ok || order.OutOrderNo == "" {
		return keys
	}
	var state, paid string
	if c := order.Collection; c != nil {
		if c.State != nil {
			state = *c.State
		}
		if c.PaidAmount != nil {
			paid = strconv.FormatInt(*c.PaidAmount, 10)
		}
	}
	return append(keys, joined("order", order.MchID, e.SubMchID, order.OutOrderNo, e.Type, state, paid))
}

var escape = strings.NewReplacer("%", "%25", "/", "%2F")

// joined joins parts with slashes, so that no two lists become one text.
func joined(parts ...string) string {
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteByte('/')
		}
		_, _ = escape.WriteString(&b, part)
	}
	return b.String()
}
