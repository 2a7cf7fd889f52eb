package ledger

import (
	"context"
	"iter"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/deliver"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

// Ledger is the records. Its exported fields are set before the store is opened.
// It is safe for concurrent use.
type Ledger struct {
	Store   *store.Store
	Journal *journal.Journal
	Keys    *wire.Keys
	Post    *deliver.Post

	newestPublic atomic.Bool // the newest correctly signed request named the public key

	RiskCap     int64 // fen
	MaxOrders   int
	StrictTimes bool

	// Under the store's lock.
	LenientAmounts bool

	orders       *store.Table[rules.Order] // by their keys
	payments     map[string]*rules.Order   // by transaction_id
	queries      *store.Table[string]      // out_order_no by query_id
	users        *store.Table[rules.User]  // by openid
	counters     *store.Table[int64]
	permissions  *store.Table[rules.Permission] // by their keys
	given        rules.PermissionsByUser        // of permissions
	riskLevels   *store.Table[rules.RiskLevel]  // by openid
	quotas       *store.Table[rules.Quotas]     // by service and version
	applications *store.Table[rules.Application]
	refunds      *store.Table[rules.Refund]
	planTables
}

// New returns a ledger without records.
func New() *Ledger {
	s, j := store.New(), journal.New()
	keys := wire.NewKeys(s)
	l := &Ledger{
		Store: s, Journal: j, Keys: keys, Post: deliver.New(s, j, keys),
		orders: store.NewTable[rules.Order](s, "orders"), payments: map[string]*rules.Order{}, queries: store.NewTable[string](s, "queries"),
		users: store.NewTable[rules.User](s, "users"), counters: store.NewTable[int64](s, "counters"),
		permissions: store.NewTable[rules.Permission](s, "permissions"), given: rules.PermissionsByUser{},
		riskLevels: store.NewTable[rules.RiskLevel](s, "risk_levels"), quotas: store.NewTable[rules.Quotas](s, "quotas"),
		applications: store.NewTable[rules.Application](s, "applications"), refunds: store.NewTable[rules.Refund](s, "refunds"),
		planTables: newPlanTables(s),
	}
	l.Post.Stage = l.StageOf
	l.orders.OnLoad = func(key string, o *rules.Order) {
		l.planDeduction(key, o)
		l.keepPayment(o)
	}
	s.Restored = l.index
	l.permissions.OnLoad = func(_ string, p *rules.Permission) { l.given.Add(p) }
	l.applications.OnLoad = l.planApplication
	l.refunds.OnLoad = l.planRefund
	l.plans.OnLoad = l.countDetails
	l.signPlans.OnLoad = l.planExpiry
	return l
}

// index finds payments and permissions, and counts details, anew. The caller holds the lock.
func (l *Ledger) index() {
	clear(l.payments)
	for _, o := range l.orders.All() {
		l.keepPayment(o)
	}
	clear(l.given)
	for _, p := range l.permissions.All() {
		l.given.Add(p)
	}
	l.details = 0
	for key, p := range l.plans.Unsorted() {
		l.countDetails(key, p)
	}
}

// keepPayment has a payment of the order found by its number. The caller holds
// the lock.
func (l *Ledger) keepPayment(o *rules.Order) {
	if d := o.Payment(); d != nil {
		l.payments[*d.TransactionID] = o
	}
}

// Payments are the numbers by which a refund finds what was paid.
func (l *Ledger) Payments() iter.Seq[string] {
	return func(yield func(string) bool) {
		for id := range l.payments {
			if !yield(id) {
				return
			}
		}
	}
}

// keptOverReset are the tables that a reset leaves: numbers that were handed
// out must not come again, and clients hold the certificates.
var keptOverReset = []string{"counters", "certificates"}

// Reset forgets all records but those. then is done before anybody else changes
// anything. An error means that nothing was forgotten.
func (l *Ledger) Reset(then func()) error {
	l.Store.Lock()
	defer l.Store.Unlock()
	if err := l.Store.Forget(keptOverReset...); err != nil {
		return err
	}
	l.index()
	then()
	// It drops the entries before it. Their numbers do not come again.
	l.Journal.Add(journal.Entry{Time: l.now(), Kind: journal.Reset})
	return nil
}

// now is the time that orders go by.
func (l *Ledger) now() time.Time { return l.Store.Clock.Now() }

// Lenient reports whether totals that break the formula are taken.
func (l *Ledger) Lenient() bool {
	l.Store.Lock()
	defer l.Store.Unlock()
	return l.LenientAmounts
}

// SetLenient switches that, for requests from then on. A switch is an entry of the
// journal.
func (l *Ledger) SetLenient(on bool) {
	l.Store.Lock()
	defer l.Store.Unlock()
	if l.LenientAmounts == on {
		return
	}
	l.LenientAmounts = on
	l.Journal.Add(journal.Entry{Time: l.now(), Kind: journal.Setting, Operation: "lenient_amounts", Message: strconv.FormatBool(on)})
}

// Account returns the ids of the merchant.
func (l *Ledger) Account() wire.Account { return l.Keys.Credentials.Account() }

// Advance moves the time of the orders on by d and does, in order, what falls
// due on the way: it returns when that is done.
func (l *Ledger) Advance(d time.Duration) {
	l.Journal.Add(journal.Entry{Time: l.now(), Kind: journal.Clock, Operation: "advance", Message: d.String()})
	target := l.now().Add(d)
	l.Store.Agenda.Until(target)
	l.Store.Clock.MoveTo(target)
	_ = l.Store.SaveTime()
	l.Store.Agenda.Wake()
}

// requestKey is the key of a Request in a context.
type requestKey struct{}

// Request is what the ledger has to know of a request besides its operation.
type Request struct {
	// TakePlace is called before the operation gives the lock back, so that the
	// request's entry is numbered before anybody else changes anything.
	TakePlace func()
	Named     rules.NamedKey
}

// WithRequest returns a context for the operation of a request.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// namedBy returns the key that the request in ctx named. A call without a
// request names none.
func namedBy(ctx context.Context) rules.NamedKey {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r.Named
}

// Signed takes note of the key that a correctly signed request named in
// Wechatpay-Serial, and returns it.
func (l *Ledger) Signed(serial string) rules.NamedKey {
	public := l.Keys.IsPublicKey(serial)
	l.newestPublic.Store(public)
	if public {
		return rules.NamedPublicKey
	}
	return rules.NamedCertificate
}

// lock locks the records. What it returns numbers the request in ctx, if there
// is one, and unlocks them.
func (l *Ledger) lock(ctx context.Context) (unlock func()) {
	l.Store.Lock()
	return func() {
		if r, ok := ctx.Value(requestKey{}).(Request); ok {
			r.TakePlace()
		}
		l.Store.Unlock()
	}
}

// update runs do as one operation: nobody else sees what it changes before it
// is saved.
func (l *Ledger) update(ctx context.Context, do func() error) error {
	defer l.lock(ctx)()
	return l.Store.Change(do)
}

// Look lets do read under the lock, for a request in ctx.
func (l *Ledger) Look(ctx context.Context, do func()) {
	defer l.lock(ctx)()
	do()
}

// numbersMadeUp counts the numbers of WeChat Pay's own.
const numbersMadeUp = "numbers"

// terms are those of now. The caller holds the lock.
func (l *Ledger) terms() rules.Terms {
	t := rules.Terms{
		Now: l.now(), MchID: l.Account().MchID, RiskCap: l.RiskCap, LenientAmounts: l.LenientAmounts, StrictTimes: l.StrictTimes,
	}
	if c := l.counters.Get(numbersMadeUp); c != nil {
		t.Number = *c
	}
	return t
}

// count keeps that so many numbers were made up. The caller holds the lock.
func (l *Ledger) count(numbers int64) {
	if numbers == 0 {
		return
	}
	c := l.counters.Get(numbersMadeUp)
	if c == nil {
		c = new(int64)
	}
	l.counters.Put(numbersMadeUp, new(*c+numbers))
}

// follow does what follows from a command on a record, whose creation named a
// key. The caller holds the lock and has put the record.
func (l *Ledger) follow(e rules.Effects, named rules.NamedKey) {
	l.count(e.Numbers)
	for _, a := range e.Announced {
		l.announce(a, named)
	}
}

// announce queues a notification. One about a record that no request created is
// signed with the key that the newest request named.
func (l *Ledger) announce(a rules.Announcement, named rules.NamedKey) {
	public := named == rules.NamedPublicKey || named == "" && l.newestPublic.Load()
	l.Post.Announce(a, public, func(prefix string) string {
		n := l.terms().NumberOf(prefix)
		l.count(1)
		return n
	})
}

// Announce queues a notification, as an operation does.
func (l *Ledger) Announce(ctx context.Context, most int, a rules.Announcement) error {
	return l.update(ctx, func() error {
		if l.Post.Len() >= most {
			return rules.TooMany()
		}
		l.announce(a, namedBy(ctx))
		return nil
	})
}
