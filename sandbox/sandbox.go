package sandbox

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/wxpayscore/payscore/gen/payscoreserver"
)

const (
	// maxBody bounds a request, in bytes. The largest of the contract is a tenth
	// of it, but for a pay-on-delivery order with all goods in all categories.
	maxBody = 1 << 20
	// numberHeader carries the number of a refusal from the operation to the
	// Request-ID. It never leaves the sandbox.
	numberHeader = "Sandbox-Error-Number"
	// DefaultRiskCap is the risk cap of the sandbox's services, in fen.
	DefaultRiskCap = 1_000_000
)

// Sandbox is the handler. It is safe for concurrent use.
type Sandbox struct {
	contract       *contract
	credentials    *Credentials
	clock          *clock
	agenda         *agenda
	journal        *journal
	lenientAmounts bool
	strictTimes    bool
	riskCap        int64
	maxOrders      int
	operations     *http.ServeMux

	mu            sync.Mutex // guards the tables
	changes       *changes
	orders        *table[order]  // by orderKey
	queries       *table[string] // out_order_no by query_id
	users         *table[User]   // by openid
	counters      *table[int64]
	notifications *table[notification] // by id
	permissions   *table[permission]   // by permissionKey
	riskLevels    *table[RiskLevel]    // by openid
	quotas        *table[quotas]       // by quotasKey
	applications  *table[application]  // by out_apply_no
	refunds       *table[refund]       // by sub_mchid and out_refund_no
	certificates  *table[platformCertificate]

	keyMode          KeyMode
	bindings         bindings
	firstCertificate *platformCertificate // of the credentials
}

// Option configures a Sandbox.
type Option func(*Sandbox)

// WithCredentials sets the keys. The default is a set of keys that is made
// once per process.
func WithCredentials(c *Credentials) Option { return func(s *Sandbox) { s.credentials = c } }

// WithClock sets the wall clock, for timestamps, freshness and order times.
func WithClock(now func() time.Time) Option { return func(s *Sandbox) { s.clock.wall = now } }

// WithTimeScale lets the time of the orders run factor times as fast as the
// wall clock, so that a day of notifications passes in seconds. Signatures
// keep to the wall clock. A factor below 2 changes nothing.
func WithTimeScale(factor int) Option {
	return func(s *Sandbox) { s.clock.scale = int64(max(factor, 1)) }
}

// WithJournal writes the journal to w as it grows, an [Entry] of JSON a line.
// After an error of w nothing more is written. The sandbox does not close w.
func WithJournal(w io.Writer) Option { return func(s *Sandbox) { s.journal.writer = w } }

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

// processCredentials spares each test the making of three RSA keys.
var processCredentials = sync.OnceValues(NewCredentials)

// Open returns a sandbox without orders. The error is that of making keys, or
// of a contract that does not load.
func Open(opts ...Option) (*Sandbox, error) {
	c := &changes{pending: map[[2]string]any{}, load: map[string]func(string, []byte) error{}}
	s := &Sandbox{
		riskCap: DefaultRiskCap, maxOrders: maxOrders, clock: &clock{wall: time.Now, scale: 1}, journal: &journal{watchers: map[chan<- Entry]struct{}{}},
		changes: c, orders: newTable[order]("orders", c), queries: newTable[string]("queries", c), users: newTable[User]("users", c), counters: newTable[int64]("counters", c),
		notifications: newTable[notification]("notifications", c),
		permissions:   newTable[permission]("permissions", c), riskLevels: newTable[RiskLevel]("risk_levels", c), quotas: newTable[quotas]("quotas", c),
		applications: newTable[application]("applications", c), refunds: newTable[refund]("refunds", c),
		certificates: newTable[platformCertificate]("certificates", c),
	}
	s.agenda = &agenda{clock: s.clock}
	for _, opt := range opts {
		opt(s)
	}
	s.clock.start = s.clock.wall()
	var err error
	if s.contract, err = loadContract(); err != nil {
		return nil, err
	}
	if s.credentials == nil {
		if s.credentials, err = processCredentials(); err != nil {
			return nil, err
		}
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
	s.planDeductions()
	s.planOthers()
	return s, nil
}

// Close ends what the sandbox does by itself, such as notifications that are
// still to be repeated.
func (s *Sandbox) Close() error {
	s.agenda.close()
	return nil
}

// Format names the sandbox's merchant, whatever the verb: some verbs follow
// pointers to the keys.
func (s *Sandbox) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "sandbox of "+s.credentials.account.MchID)
}

// Credentials returns the keys of both sides.
func (s *Sandbox) Credentials() *Credentials { return s.credentials }

// ServeHTTP checks the signature, then the contract, carries the operation
// out and signs the answer. A 401 is the only answer that stays unsigned.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.answer(w, r, paramError("body", "", "请求体过大或不完整", fmt.Sprintf("over %d bytes, or cut off", maxBody)).write)
		return
	}
	if r.Header.Get("Accept") == "" || r.Header.Get("User-Agent") == "" {
		s.answer(w, r, refuse(http.StatusBadRequest, "INVALID_REQUEST", numberRange, "Http头缺少Accept或User-Agent").write)
		return
	}
	if refused := s.checkSignature(r, body); refused != nil {
		s.answer(w, r, refused.write)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.answer(w, r, func(w http.ResponseWriter) {
		// The mux would redirect to a cleaned path, which nobody signed, and take HEAD for GET.
		_, pattern := s.operations.Handler(r)
		if !strings.HasPrefix(pattern, r.Method+" ") || path.Clean(r.URL.Path) != r.URL.Path {
			refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", 0, "请求的资源不存在").write(w)
			return
		}
		if id := s.contract.routes[pattern].Operation.OperationID; !served[id] {
			refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", 0, "沙箱尚不支持该接口").
				with(map[string]any{"issue": "the sandbox does not serve " + id + " yet"}).write(w)
			return
		}
		s.operations.ServeHTTP(w, r)
	})
}

// checkContract runs once the route is known and before the operation.
func (s *Sandbox) checkContract(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused := s.contract.check(r); refused != nil {
			refused.write(w)
			return
		}
		if refused := s.checkBinding(r); refused != nil {
			refused.write(w)
			return
		}
		next.ServeHTTP(w, keepSerial(r))
	})
}

// answer writes what serve writes, with request id and signature.
func (s *Sandbox) answer(w http.ResponseWriter, r *http.Request, serve func(http.ResponseWriter)) {
	a := unsigned{header: w.Header(), status: http.StatusOK}
	serve(&a)
	number := a.header.Get(numberHeader)
	a.header.Del(numberHeader)
	if number == "" {
		number = "0"
	}
	a.header.Set("Request-ID", rand.Text()+"-"+number)
	a.header.Set("Cache-Control", "no-cache, must-revalidate")
	if r.Method == http.MethodHead {
		a.body.Reset() // it would be signed, but never sent
	}
	if a.status != http.StatusUnauthorized {
		if err := s.sign(a.header, r.Header.Get("Wechatpay-Serial"), a.body.Bytes()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes())
}

// unsigned holds an answer back until it is whole, since its signature goes
// ahead of its body.
type unsigned struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *unsigned) Header() http.Header         { return a.header }
func (a *unsigned) WriteHeader(status int)      { a.status = status }
func (a *unsigned) Write(b []byte) (int, error) { return a.body.Write(b) }

// answerError turns what the generated handlers report into an answer: a
// refusal of an operation, or a request that does not decode.
func answerError(w http.ResponseWriter, _ *http.Request, err error) {
	var (
		refused *refusal
		missing *payscoreserver.RequiredParamError
		wrong   *payscoreserver.InvalidParamFormatError
	)
	switch {
	case errors.As(err, &refused):
	case errors.As(err, &missing):
		refused = paramError("query", missing.ParamName, "缺少参数", "is missing")
	case errors.As(err, &wrong):
		refused = paramError("query", wrong.ParamName, "参数格式错误", "is not one value")
	default:
		refused = paramError("body", "", "参数错误", "does not decode")
	}
	refused.write(w)
}
