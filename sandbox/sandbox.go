package sandbox

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/internal/oneline"
	"github.com/wxpayscore/payscore/sandbox/internal/fault"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
)

// DefaultRiskCap is the risk cap of the sandbox's services, in fen.
const DefaultRiskCap = 1_000_000

// Sandbox is the handler. It comes from [Open] or [New]: the methods of a zero
// or nil one panic and say so. It is safe for concurrent use.
type Sandbox struct {
	contract       *contract
	credentials    *Credentials
	db             *store.Store
	journal        *journal.Journal
	courier        *courier
	dataFile       string
	lenientAmounts bool
	strictTimes    bool
	riskCap        int64
	maxOrders      int
	operations     *http.ServeMux
	largeBodies    chan struct{} // a slot for each request that needs much memory
	faults         *fault.Set
	firstFaults    []Fault // of the options
	admin          *admin

	// Under the lock of db.
	orders        *store.Table[order]  // by orderKey
	payments      map[string]*order    // by transaction_id
	queries       *store.Table[string] // out_order_no by query_id
	users         *store.Table[User]   // by openid
	counters      *store.Table[int64]
	notifications *store.Table[Notification] // by id
	traffic       NotificationTraffic
	announced     int                       // notifications, to find every nth
	permissions   *store.Table[permission]  // by permissionKey
	given         permissionsByUser         // of permissions
	riskLevels    *store.Table[RiskLevel]   // by openid
	quotas        *store.Table[quotas]      // by quotasKey
	applications  *store.Table[application] // by out_apply_no
	refunds       *store.Table[refund]      // by sub_mchid and out_refund_no
	certificates  *store.Table[platformCertificate]

	rotating sync.Mutex // held while a certificate is made, before mu

	keyMode          KeyMode
	bindings         bindings
	firstCertificate *platformCertificate // of the credentials
}

// Option configures a Sandbox. A nil one does nothing.
type Option func(*Sandbox)

// WithCredentials sets the keys. The default is a set of keys that is made
// once per process.
func WithCredentials(c *Credentials) Option { return func(s *Sandbox) { s.credentials = c } }

// WithClock sets the wall clock, for timestamps, freshness and order times. A
// nil one stands for [time.Now].
func WithClock(now func() time.Time) Option {
	return func(s *Sandbox) {
		if now != nil {
			s.db.Clock.Wall = now
		}
	}
}

// WithData keeps orders, notifications and all else that is not a key in a
// file, which is made when it is not there, so that they survive a restart or
// a kill: what was answered is in it. One sandbox at a time can have it. The
// journal is not kept. [Open] refuses a file that is damaged, or made by a build
// without checksums.
func WithData(file string) Option { return func(s *Sandbox) { s.dataFile = file } }

// WithTimeScale lets the time of the orders run factor times as fast as the
// wall clock, so that a day of notifications passes in seconds. Signatures
// keep to the wall clock. A factor below 2 changes nothing.
func WithTimeScale(factor int) Option {
	return func(s *Sandbox) { s.db.Clock.Scale = int64(max(factor, 1)) }
}

// WithJournal writes the journal to w as it grows, an [Entry] of JSON a line.
// After an error of w nothing more is written. The sandbox does not close w.
// Characters that nobody sees are escaped, so that w may be a terminal.
func WithJournal(w io.Writer) Option {
	return func(s *Sandbox) {
		if w != nil {
			s.journal.Writer = oneline.NewWriter(w)
		}
	}
}

// WithLenientAmounts makes the sandbox take totals that break the formula, and
// a modification to the amount that the order has already, so that the
// example on WeChat Pay's page (40000 - 100, total 50000) is accepted.
func WithLenientAmounts() Option { return func(s *Sandbox) { s.lenientAmounts = true } }

// WithStrictTimes makes the sandbox hold the planned times of an order against
// the time of the call, as WeChat Pay does: a start and an end lie ahead (a day
// may be today), a prepaid message comes 7 days before its deduction. Without
// it the examples of the contract, which are of 2009, are taken, and so is a
// client whose clock is a little behind. That a service ends before it is
// completed holds always.
func WithStrictTimes() Option { return func(s *Sandbox) { s.strictTimes = true } }

// WithRiskCap sets the risk cap of all services, in fen. A total above it is
// refused. The default is [DefaultRiskCap].
func WithRiskCap(fen int64) Option { return func(s *Sandbox) { s.riskCap = fen } }

// WithMaxOrders bounds the memory that orders take: at n of them a request for
// one more is refused with FREQUENCY_LIMITED, and so it is with permissions and
// with applications. [Sandbox.Seed] is not bound. The default is
// [DefaultMaxOrders].
func WithMaxOrders(n int) Option { return func(s *Sandbox) { s.maxOrders = n } }

// WithFault switches a fault on from the start, as [Sandbox.AddFault] does. A
// fault that cannot be is the error of [Open].
func WithFault(f Fault) Option {
	return func(s *Sandbox) { s.firstFaults = append(s.firstFaults, f) }
}

// processCredentials spares each test the making of three RSA keys.
var processCredentials = sync.OnceValues(NewCredentials)

// Open returns a sandbox without orders. The error is that of making keys, or
// of a contract that does not load.
func Open(opts ...Option) (*Sandbox, error) {
	db := store.New()
	s := &Sandbox{
		riskCap: DefaultRiskCap, maxOrders: DefaultMaxOrders, db: db, journal: journal.New(),
		courier: newCourier(), largeBodies: make(chan struct{}, maxLargeBodies),
		orders: store.NewTable[order](db, "orders"), payments: map[string]*order{}, queries: store.NewTable[string](db, "queries"),
		users: store.NewTable[User](db, "users"), counters: store.NewTable[int64](db, "counters"),
		notifications: store.NewTable[Notification](db, "notifications"),
		permissions:   store.NewTable[permission](db, "permissions"), given: permissionsByUser{},
		riskLevels: store.NewTable[RiskLevel](db, "risk_levels"), quotas: store.NewTable[quotas](db, "quotas"),
		applications: store.NewTable[application](db, "applications"), refunds: store.NewTable[refund](db, "refunds"),
		certificates: store.NewTable[platformCertificate](db, "certificates"),
	}
	s.faults = fault.NewSet(isOperation, s.tellFault)
	s.admin = newAdmin(s)
	s.orders.OnLoad = func(key string, o *order) {
		s.planDeduction(key, o)
		s.keepPayment(o)
	}
	db.Restored = s.indexAgain
	s.permissions.OnLoad = func(_ string, p *permission) { s.given.add(p) }
	s.notifications.OnLoad = s.planDelivery
	s.applications.OnLoad = s.planAccount
	s.refunds.OnLoad = s.planRefund
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	db.Clock.Begin()
	var err error
	if s.contract, err = loadContract(); err != nil {
		return nil, err
	}
	if s.credentials == nil {
		if s.credentials, err = processCredentials(); err != nil {
			return nil, err
		}
	}
	if err := s.credentials.usable(); err != nil {
		return nil, err
	}
	if s.firstCertificate, err = newPlatformCertificate(s.credentials.platformCert, s.credentials.platform); err != nil {
		return nil, fmt.Errorf("sandbox: platform certificate: %w", err)
	}
	s.operations = http.NewServeMux()
	payscoreserver.HandlerWithOptions(
		payscoreserver.NewStrictHandlerWithOptions(operations{Sandbox: s}, nil, payscoreserver.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  answerError,
			ResponseErrorHandlerFunc: answerError,
		}),
		payscoreserver.StdHTTPServerOptions{
			BaseRouter:       s.operations,
			ErrorHandlerFunc: answerError,
			Middlewares:      []payscoreserver.MiddlewareFunc{s.checkContract},
		})
	s.admin.mount()
	// What fell due while no sandbox ran begins with it: all else is in place.
	if s.dataFile != "" {
		if err := db.Open(s.dataFile); err != nil {
			return nil, err
		}
	}
	for _, f := range s.firstFaults {
		if _, err := s.AddFault(f); err != nil {
			_ = s.Close() // the file is another's to open
			return nil, err
		}
	}
	return s, nil
}

// indexAgain finds payments and permissions anew. The caller holds the lock.
func (s *Sandbox) indexAgain() {
	clear(s.payments)
	for _, o := range s.orders.All() {
		s.keepPayment(o)
	}
	clear(s.given)
	for _, p := range s.permissions.All() {
		s.given.add(p)
	}
}

// Close ends what the sandbox does by itself, such as notifications that are
// still to be repeated.
func (s *Sandbox) Close() error {
	s.mustBeOpen()
	s.courier.close()
	s.admin.close()
	return s.db.Close()
}

// Format names the sandbox's merchant, whatever the verb: some verbs follow
// pointers to the keys.
func (s *Sandbox) Format(f fmt.State, _ rune) {
	if s == nil || s.credentials == nil {
		format(f, "sandbox")
		return
	}
	format(f, "sandbox of "+s.credentials.account.MchID)
}

// Credentials returns the keys of both sides.
func (s *Sandbox) Credentials() *Credentials {
	s.mustBeOpen()
	return s.credentials
}

// mustBeOpen panics with what is wrong, before something nil does.
func (s *Sandbox) mustBeOpen() {
	if s == nil || s.contract == nil {
		panic("sandbox: a Sandbox comes from Open or New")
	}
}
