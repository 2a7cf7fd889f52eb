package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// DefaultRiskCap is the risk cap of the sandbox's services, in fen.
const DefaultRiskCap = 1_000_000

// Sandbox is the handler. It comes from [Open] or [New]: the methods of a zero
// or nil one panic and say so. It is safe for concurrent use.
type Sandbox struct {
	closing  sync.Once
	closeErr error

	contract       *contract
	misconfigured  error // why an option cannot be used
	credentials    *Credentials
	clock          *clock
	agenda         *agenda
	journal        *journal
	courier        *courier
	dataFile       string
	lenientAmounts bool
	strictTimes    bool
	riskCap        int64
	maxOrders      int
	operations     *http.ServeMux
	largeBodies    chan struct{} // a slot for each request that needs much memory
	faults         faults
	admin          *admin

	mu            sync.Mutex // guards the tables
	changes       *changes
	orders        *table[order]     // by orderKey
	payments      map[string]*order // by transaction_id
	queries       *table[string]    // out_order_no by query_id
	users         *table[User]      // by openid
	counters      *table[int64]
	notifications *table[Notification] // by id
	traffic       NotificationTraffic
	announced     int                 // notifications, to find every nth
	permissions   *table[permission]  // by permissionKey
	given         permissionsByUser   // of permissions
	riskLevels    *table[RiskLevel]   // by openid
	quotas        *table[quotas]      // by quotasKey
	applications  *table[application] // by out_apply_no
	refunds       *table[refund]      // by sub_mchid and out_refund_no
	certificates  *table[platformCertificate]

	rotating sync.Mutex // held while a certificate is made, before mu

	keyMode          KeyMode
	bindings         bindings
	firstCertificate *platformCertificate // of the credentials
}

// Option configures a Sandbox. A nil Option does nothing, and one with a nil
// argument leaves the default. [Open] returns an error for one that cannot be used,
// such as a negative number.
type Option func(*Sandbox)

// WithCredentials sets the keys. The default is a set of keys that is made
// once per process.
func WithCredentials(c *Credentials) Option { return func(s *Sandbox) { s.credentials = c } }

// WithClock sets the wall clock, for timestamps, freshness and order times. The
// default is [time.Now].
func WithClock(now func() time.Time) Option {
	return func(s *Sandbox) {
		if now != nil {
			s.clock.wall = now
		}
	}
}

// WithTimeScale lets the time of the orders run factor times as fast as the
// wall clock, so that a day of notifications passes in seconds. Signatures
// keep to the wall clock. A factor of 0 or 1 changes nothing.
func WithTimeScale(factor int) Option {
	return func(s *Sandbox) {
		if s.clock.scale = int64(max(factor, 1)); factor < 0 {
			s.refuseOption("a time scale of %d is negative", factor)
		}
	}
}

// refuseOption keeps the first reason why an option cannot be used, for [Open].
func (s *Sandbox) refuseOption(format string, args ...any) {
	if s.misconfigured == nil {
		s.misconfigured = fmt.Errorf("sandbox: "+format, args...)
	}
}

// WithJournal writes the journal to w as it grows, an [Entry] of JSON a line.
// After an error of w nothing more is written. The sandbox does not close w.
// Characters that nobody sees are escaped, so that w may be a terminal.
func WithJournal(w io.Writer) Option {
	return func(s *Sandbox) {
		if w != nil {
			s.journal.writer = oneline.NewWriter(w)
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
func WithRiskCap(fen int64) Option {
	return func(s *Sandbox) {
		if s.riskCap = fen; fen < 0 {
			s.refuseOption("a risk cap of %d fen is negative", fen)
		}
	}
}

// WithMaxOrders bounds the memory that orders take: at n of them a request for
// one more is refused with FREQUENCY_LIMITED, and so it is with permissions and
// with applications. [Sandbox.Seed] is not bound. The default is
// [DefaultMaxOrders].
func WithMaxOrders(n int) Option {
	return func(s *Sandbox) {
		if s.maxOrders = n; n < 0 {
			s.refuseOption("a bound of %d orders is negative", n)
		}
	}
}

// WithFault switches a fault on from the start, as [Sandbox.AddFault] does. A
// fault that cannot be is the error of [Open].
func WithFault(f Fault) Option {
	return func(s *Sandbox) { s.faults.first = append(s.faults.first, f) }
}

// processCredentials spares each test the making of three RSA keys.
var processCredentials = sync.OnceValues(NewCredentials)

// Open returns a sandbox without orders. The error is that of making keys, or of
// an option that cannot be used.
func Open(opts ...Option) (*Sandbox, error) {
	c := newChanges()
	s := &Sandbox{
		contract: wechatpay,
		riskCap:  DefaultRiskCap, maxOrders: DefaultMaxOrders, clock: &clock{wall: time.Now, scale: 1}, journal: newJournal(),
		changes: c, orders: newTable[order]("orders", c), payments: map[string]*order{}, queries: newTable[string]("queries", c), users: newTable[User]("users", c), counters: newTable[int64]("counters", c),
		notifications: newTable[Notification]("notifications", c),
		courier:       newCourier(), largeBodies: make(chan struct{}, maxLargeBodies),
		permissions: newTable[permission]("permissions", c), given: permissionsByUser{}, riskLevels: newTable[RiskLevel]("risk_levels", c), quotas: newTable[quotas]("quotas", c),
		applications: newTable[application]("applications", c), refunds: newTable[refund]("refunds", c),
		certificates: newTable[platformCertificate]("certificates", c),
	}
	s.admin = newAdmin(s)
	// Time does not go back at a restart, even if it was moved on.
	times := newTable[time.Time]("times", c)
	times.onLoad = func(_ string, t *time.Time) { s.clock.moveTo(*t) }
	c.commits = func() { times.put("orders", new(s.now().Round(0))) }
	s.orders.onLoad = func(key string, o *order) {
		s.planDeduction(key, o)
		s.keepPayment(o)
	}
	c.restored = s.indexAgain
	s.permissions.onLoad = func(_ string, p *permission) { s.given.add(p) }
	s.notifications.onLoad = s.planDelivery
	s.applications.onLoad = s.planAccount
	s.refunds.onLoad = s.planRefund
	s.agenda = newAgenda(s.clock)
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	if s.misconfigured != nil {
		return nil, s.misconfigured
	}
	s.clock.start = s.clock.wall()
	var err error
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
	if err := s.load(); err != nil {
		return nil, err
	}
	if err := s.addFaults(); err != nil {
		_ = s.Close() // the file is another's to open
		return nil, err
	}
	return s, nil
}

// indexAgain finds payments and permissions anew. The caller holds s.mu.
func (s *Sandbox) indexAgain() {
	clear(s.payments)
	for _, o := range s.orders.all() {
		s.keepPayment(o)
	}
	clear(s.given)
	for _, p := range s.permissions.all() {
		s.given.add(p)
	}
}

// Close ends what the sandbox does by itself, such as notifications that are
// still to be repeated.
func (s *Sandbox) Close() error {
	s.mustBeOpen()
	s.closing.Do(func() {
		s.courier.close()
		s.agenda.close()
		s.admin.close()
		s.closeErr = errors.Join(s.saveTime(), s.changes.close())
	})
	return s.closeErr
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
