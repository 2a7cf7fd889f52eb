package sandbox

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/wxpayscore/payscore/internal/oneline"
	"github.com/wxpayscore/payscore/sandbox/internal/admin"
	"github.com/wxpayscore/payscore/sandbox/internal/edge"
	"github.com/wxpayscore/payscore/sandbox/internal/fault"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/proxy"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

// DefaultRiskCap is the risk cap of the sandbox's services, in fen.
const DefaultRiskCap = 1_000_000

// DefaultMaxOrders is how many orders a sandbox holds.
const DefaultMaxOrders = 200_000

// Sandbox is an http.Handler that plays WeChat Pay. [Open] and [New] make one. The
// methods of a zero or nil Sandbox panic. It is safe for concurrent use.
type Sandbox struct {
	closing  sync.Once
	closeErr error

	ledger *ledger.Ledger
	faults *fault.Set
	edge   *edge.Server
	admin  *admin.Handler

	// Of the options alone.
	misconfigured error // why an option cannot be used
	credentials   *Credentials
	dataFile      string
	firstFaults   []Fault
	adminHosts    []string
	httpsProxy    string // the address of a listener
}

// Option configures a Sandbox. A nil Option does nothing, and one with a nil
// argument leaves the default. [Open] returns an error for an invalid one, such as
// a negative number.
type Option func(*Sandbox)

// WithCredentials sets the keys. The default is a set of keys that is made
// once per process.
func WithCredentials(c *Credentials) Option { return func(s *Sandbox) { s.credentials = c } }

// WithClock sets the wall clock, for timestamps, freshness and order times. The
// default is [time.Now].
func WithClock(now func() time.Time) Option {
	return func(s *Sandbox) {
		if now != nil {
			s.ledger.Store.Clock.Wall = now
		}
	}
}

// WithData keeps orders, notifications and all other state except keys in a file,
// which is created if it does not exist. They survive a restart or a kill: a
// change is saved before its response is sent. Only one sandbox at a time can
// open the file. The journal is not kept. [Open] refuses a file that is damaged,
// or made by a build without checksums.
func WithData(file string) Option { return func(s *Sandbox) { s.dataFile = file } }

// WithTimeScale lets the time of the orders run factor times as fast as the
// wall clock, so that a day of notifications passes in seconds. Signatures
// keep to the wall clock. A factor of 0 or 1 changes nothing.
func WithTimeScale(factor int) Option {
	return func(s *Sandbox) {
		if s.ledger.Store.Clock.Scale = int64(max(factor, 1)); factor < 0 {
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
			s.ledger.Journal.Writer = oneline.NewWriter(w)
		}
	}
}

// WithLenientAmounts makes the sandbox take totals that break the formula, and
// a modification to the amount that the order has already, so that the
// example on WeChat Pay's page (40000 - 100, total 50000) is accepted.
// [Sandbox.SetLenientAmounts] switches it later.
func WithLenientAmounts() Option { return func(s *Sandbox) { s.ledger.LenientAmounts = true } }

// WithBeginning calls begin once the sandbox is open and after each reset, to put
// in place what it begins with, such as orders or a scenario. With a data file,
// orders may be there already. [Open] returns its error. Resets are made one after
// the other: begin must not call [Sandbox.Reset], which would wait for itself.
func WithBeginning(begin func(*Sandbox) error) Option {
	return func(s *Sandbox) {
		s.edge.Begin = nil
		if begin != nil {
			s.edge.Begin = func() error { return begin(s) }
		}
	}
}

// WithStrictTimes makes the sandbox check the planned times of an order against
// the time of the call, as WeChat Pay does: the start and the end are in the
// future (a day may be today), and a prepaid message comes 7 days before its
// deduction. By default the examples of the contract, which are of 2009, are
// accepted, and so is a client whose clock is a little behind. A service must
// always end before it is completed.
func WithStrictTimes() Option { return func(s *Sandbox) { s.ledger.StrictTimes = true } }

// WithRiskCap sets the risk cap of all services, in fen. A total above it is
// refused. The default is [DefaultRiskCap].
func WithRiskCap(fen int64) Option {
	return func(s *Sandbox) {
		if s.ledger.RiskCap = fen; fen < 0 {
			s.refuseOption("a risk cap of %d fen is negative", fen)
		}
	}
}

// WithMaxOrders bounds the memory of orders: once there are n, a request for
// another one is refused with FREQUENCY_LIMITED. The same bound holds for
// permissions, for applications, and for the details of all plans and of all sign
// plans, and not for [Sandbox.Seed]. The default is [DefaultMaxOrders].
func WithMaxOrders(n int) Option {
	return func(s *Sandbox) {
		if s.ledger.MaxOrders = n; n < 0 {
			s.refuseOption("a bound of %d orders is negative", n)
		}
	}
}

// WithFault switches a fault on from the start, as [Sandbox.AddFault] does. [Open]
// returns an error for an invalid fault.
func WithFault(f Fault) Option {
	return func(s *Sandbox) { s.firstFaults = append(s.firstFaults, f) }
}

// WithAdminHosts accepts requests under /_sandbox/ to these host names, such as
// that of a container, besides loopback. Requests to any other name are refused,
// so that a web page that points its own name at this machine has no access.
func WithAdminHosts(names ...string) Option {
	return func(s *Sandbox) { s.adminHosts = append(s.adminHosts, names...) }
}

// WithStrictBindings makes the sandbox refuse a sub_mchid, appid, sub_appid or
// service_id that does not go with the others, as WeChat Pay does. It knows these
// bindings, those of the sandbox's account with and without the sub-merchant, and
// applications that were approved. By default every id that fits the contract is
// accepted.
func WithStrictBindings(known ...Binding) Option {
	return func(s *Sandbox) { s.edge.Bindings = append([]Binding{}, known...) }
}

// Binding is a set of ids that are bound at WeChat Pay: the SubMchID of a
// sub-merchant (empty for the merchant's own orders), the ServiceID that it may
// use, and its AppID and SubAppID (empty for none).
type Binding = edge.Binding

// KeyMode says which of WeChat Pay's keys the merchant has. The merchant
// platform shows it under API security (API安全). String returns the word that
// --key-mode takes.
type KeyMode = wire.KeyMode

const (
	// KeyModeMigration is a merchant who changes from the platform certificate
	// to the public key (平台证书切换为微信支付公钥). The public key signs for
	// requests that name it in Wechatpay-Serial. The newest platform certificate
	// signs for all others. A notification is signed with the key that the
	// request named that created the order.
	KeyModeMigration = wire.KeyModeMigration
	// KeyModePublicKey is a new merchant (微信支付公钥). The public key signs
	// everything, and there is no platform certificate to download.
	KeyModePublicKey = wire.KeyModePublicKey
	// KeyModePlatformCertificate is an older merchant (平台证书). The newest
	// platform certificate signs everything, whichever key a request names.
	KeyModePlatformCertificate = wire.KeyModePlatformCertificate
)

// WithKeyMode sets which key signs responses and notifications, and whether
// there are certificates to download. The default is [KeyModeMigration].
func WithKeyMode(m KeyMode) Option {
	return func(s *Sandbox) {
		if s.ledger.Keys.Mode = m; !m.Known() {
			s.refuseOption("there is no key mode %d", int(m))
		}
	}
}

// WithRemoteNotifications also sends notifications to other machines. By default
// they are only sent to localhost and loopback addresses. The journal records
// those for other addresses, such as the https://api.test.com of the examples.
func WithRemoteNotifications() Option {
	return func(s *Sandbox) { s.ledger.Post.Limits.Remote = true }
}

// WithNotificationTraffic makes notifications as irregular as real ones.
func WithNotificationTraffic(t NotificationTraffic) Option {
	return func(s *Sandbox) { s.ledger.Post.Traffic = t }
}

// WithListener names a listener of the sandbox before it is served, so that no
// notification is sent to the sandbox itself. [New] and servers of
// [NewHTTPServer] do this by themselves. The listener of any other server is
// known from the first request on. The console shows the address of one of
// [NewProxyListener].
func WithListener(l net.Listener) Option {
	return func(s *Sandbox) {
		if l == nil {
			return
		}
		s.ledger.Post.Own(l.Addr())
		if _, ok := l.(proxy.Listener); ok {
			s.httpsProxy = l.Addr().String()
		}
	}
}

// processCredentials spares each test the making of three RSA keys.
var processCredentials = sync.OnceValues(NewCredentials)

// Open returns a sandbox without orders, or with those of its data file. It
// returns an error if keys cannot be made, the data file cannot be used, an
// option is invalid, or the contract lacks the stage after an operation.
func Open(opts ...Option) (*Sandbox, error) {
	if err := rules.Check(); err != nil {
		return nil, err
	}
	l := ledger.New()
	l.RiskCap, l.MaxOrders = DefaultRiskCap, DefaultMaxOrders
	s := &Sandbox{ledger: l}
	s.faults = fault.NewSet(func(f Fault, what string) {
		l.Journal.Add(Entry{Time: l.Store.Clock.Now(), Kind: journal.Fault, Subject: f.Subject, Operation: f.Operation, Fault: f.String(), Message: what})
	})
	s.edge = edge.New(l, s.faults)
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	if s.misconfigured != nil {
		return nil, s.misconfigured
	}
	if s.credentials == nil {
		var err error
		if s.credentials, err = processCredentials(); err != nil {
			return nil, err
		}
	}
	if err := l.Keys.Use(s.credentials); err != nil {
		return nil, err
	}
	s.admin = admin.New(l, s.faults, s.edge, s.adminHosts, s.httpsProxy)
	l.Store.Clock.Begin()
	// What fell due while no sandbox ran begins with it: all else is in place.
	if s.dataFile != "" {
		if err := l.Store.Open(s.dataFile); err != nil {
			return nil, err
		}
	}
	for _, f := range s.firstFaults {
		if _, err := s.AddFault(f); err != nil {
			_ = s.Close() // the file is another's to open
			return nil, err
		}
	}
	if s.edge.Begin != nil {
		if err := s.edge.Begin(); err != nil {
			_ = s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Close stops what the sandbox does by itself, such as retrying notifications.
func (s *Sandbox) Close() error {
	s.mustBeOpen()
	s.closing.Do(func() {
		s.ledger.Post.Close()
		s.admin.Close()
		s.closeErr = s.ledger.Store.Close()
	})
	return s.closeErr
}

// Reset forgets all orders, notifications, faults and the journal, and then does
// what [WithBeginning] asks for. The keys, the settings, the time and the numbers
// handed out stay as they are. An error means that nothing was forgotten, or comes
// from the beginning.
func (s *Sandbox) Reset() error {
	s.mustBeOpen()
	return s.edge.Reset(false)
}

// LenientAmounts reports whether the sandbox takes amounts as [WithLenientAmounts]
// describes.
func (s *Sandbox) LenientAmounts() bool {
	s.mustBeOpen()
	return s.ledger.Lenient()
}

// SetLenientAmounts switches that on or off, for requests from then on. A reset
// leaves it as it is, and a data file does not keep it.
func (s *Sandbox) SetLenientAmounts(on bool) {
	s.mustBeOpen()
	s.ledger.SetLenient(on)
}

// ServeHTTP checks the signature and the contract, carries out the operation and
// signs the response. Only a 401 and the file of a bill are unsigned, unless a
// [Fault] is on. Each request has an [Entry] in the journal, which is added before the
// response is sent.
//
// A fault that breaks the connection panics with [http.ErrAbortHandler] if w does
// not belong to an HTTP/1.1 connection.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mustBeOpen()
	if w == nil || r == nil {
		panic("sandbox: ServeHTTP needs a request, and where to answer it")
	}
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		s.ledger.Post.Own(addr)
	}
	if strings.HasPrefix(r.URL.Path+"/", admin.Root) {
		s.admin.ServeHTTP(w, r)
		return
	}
	s.edge.ServeHTTP(w, r)
}

// Now returns the time of the orders: the wall clock, moved on by
// [Sandbox.Advance] and sped up by [WithTimeScale].
func (s *Sandbox) Now() time.Time {
	s.mustBeOpen()
	return s.ledger.Store.Clock.Now()
}

// Advance moves the time of the orders on by d and returns once everything that
// falls due has been done, in order. Signatures still use the wall clock, so
// clients are not affected. A receiver of notifications must not call Advance
// before it has responded: the two would wait for each other.
func (s *Sandbox) Advance(d time.Duration) {
	s.mustBeOpen()
	s.ledger.Advance(d)
}

// Format prints the sandbox's merchant for every verb, because some verbs would
// follow pointers to the keys.
func (s *Sandbox) Format(f fmt.State, _ rune) {
	if s == nil || s.credentials == nil {
		wire.Format(f, "sandbox")
		return
	}
	wire.Format(f, "sandbox of "+s.credentials.Account().MchID)
}

// mustBeOpen panics with what is wrong, before something nil does.
func (s *Sandbox) mustBeOpen() {
	if s == nil || s.admin == nil {
		panic("sandbox: a Sandbox comes from Open or New")
	}
}
