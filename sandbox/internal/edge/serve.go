package edge

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/routers"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/fault"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/signcheck"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

const (
	// maxBody bounds a request, in bytes. The largest of the contract is a tenth
	// of it, but for a pay-on-delivery order with all goods in all categories.
	maxBody = 1 << 20
	// A body up to SmallBody bytes is read at once. Of larger ones, only
	// maxLargeBodies are in memory at a time; the others wait.
	SmallBody      = 16 << 10
	maxLargeBodies = 16
)

// exchange is a request and what becomes of it.
type exchange struct {
	request *http.Request
	body    []byte
	began   time.Time
	route   *routers.Route // nil when it asks for no operation
	subject string         // as of its journal entry

	// Of its journal entry, once it has a number.
	place    *journal.Place
	stage    string // of its order at that moment
	recorded bool

	faults  []fault.Fault // that it met
	outcome fault.Outcome // what they want

	refuse    *rules.Refusal // what a fault refuses it with
	answer    unsigned
	bare      bool // the answer is no JSON and is not signed
	signature *signcheck.Report
}

// Server serves /v3. Its fields are set before the first request.
type Server struct {
	Ledger   *ledger.Ledger
	Faults   *fault.Set
	Bindings []Binding // nil: any ids go together
	// LargeBodies has a slot for each request that needs much memory.
	LargeBodies chan struct{}
	// Begin puts in place what the sandbox begins with. Nil: nothing.
	Begin func() error

	operations *http.ServeMux
	bills      bills
	resets     sync.Mutex // one at a time, since each begins anew
}

// New returns a server over a ledger.
func New(l *ledger.Ledger, faults *fault.Set) *Server {
	s := &Server{Ledger: l, Faults: faults, LargeBodies: make(chan struct{}, maxLargeBodies), operations: http.NewServeMux()}
	payscoreserver.HandlerWithOptions(
		payscoreserver.NewStrictHandlerWithOptions(operations{l, s}, nil, payscoreserver.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  answerError,
			ResponseErrorHandlerFunc: answerError,
		}),
		payscoreserver.StdHTTPServerOptions{
			BaseRouter:       s.operations,
			ErrorHandlerFunc: answerError,
			Middlewares:      []payscoreserver.MiddlewareFunc{s.checkContract},
		})
	return s
}

// ServeHTTP checks the signature, then the contract, carries the operation
// out and signs the answer. A 401 and the file of a bill are the only answers
// that stay unsigned, unless a fault is switched on. Each request is an entry of the journal,
// which is there before the answer.
//
// A fault that breaks the connection needs one: when w is no connection of
// HTTP/1.1, it panics with [http.ErrAbortHandler] as a handler of net/http may.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{request: r, began: time.Now(), answer: unsigned{header: w.Header(), status: http.StatusOK}}
	defer s.recordFailed(x)
	done, err := s.readBody(w, x)
	defer done()
	x.route = wire.PayScore.Find(s.operations, r)
	x.subject = s.subjectOf(x)
	if err != nil {
		wire.Write(&x.answer, rules.ParamError("body", "", "请求体过大或不完整", fmt.Sprintf("over %d bytes, or cut off", maxBody)))
	} else {
		s.serve(w, x)
	}
	s.send(w, x)
}

// readBody reads the body into memory, which is given back by done.
func (s *Server) readBody(w http.ResponseWriter, x *exchange) (done func(), err error) {
	limited := http.MaxBytesReader(w, x.request.Body, maxBody)
	x.body, err = io.ReadAll(io.LimitReader(limited, SmallBody))
	if err != nil || len(x.body) < SmallBody {
		return func() {}, err
	}
	select {
	case s.LargeBodies <- struct{}{}:
	case <-x.request.Context().Done():
		return func() {}, x.request.Context().Err()
	}
	rest, err := io.ReadAll(limited)
	x.body = append(x.body, rest...)
	return func() { <-s.LargeBodies }, err
}

// serve fills x.answer.
func (s *Server) serve(w http.ResponseWriter, x *exchange) {
	r := x.request
	if r.Header.Get("Accept") == "" || r.Header.Get("User-Agent") == "" {
		wire.Write(&x.answer, rules.Refuse(http.StatusBadRequest, "INVALID_REQUEST", catalog.NumberOutOfRange, "Http头缺少Accept或User-Agent"))
		return
	}
	requested, malformed := fault.OfRequest(r.Header)
	about := fault.Request{Operation: x.operation(), Subject: x.subject}
	skew, skewedBy := s.Faults.Skew(about, requested)
	x.faults = append(x.faults, skewedBy...)
	x.outcome.Shift += skew
	// That a second Authorization is refused is a guess: no source says what the real host does.
	authorization := strings.Join(r.Header.Values("Authorization"), ",")
	signed := signcheck.Request{Method: r.Method, Target: originForm(r.RequestURI), Host: r.Host, Authorization: authorization, Body: x.body}
	if refused := s.Ledger.Keys.CheckSignature(signed, s.wall().Add(skew)); refused != nil {
		report := s.Explain(signed, s.wall().Add(skew))
		x.signature = &report
		wire.Write(&x.answer, refused)
		return
	}
	if malformed != nil {
		wire.Write(&x.answer, rules.ParamError("header", fault.Header, "沙箱故障请求头有误", malformed.Error()))
		return
	}
	named := s.Ledger.Signed(r.Header.Get("Wechatpay-Serial"))
	if r.Method == http.MethodGet && r.URL.Path == downloadPath {
		s.download(x)
		return
	}
	if x.route == nil {
		wire.Write(&x.answer, rules.Refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", 0, "请求的资源不存在"))
		return
	}
	x.faults = append(x.faults, s.Faults.Choose(about, requested)...)
	s.before(w, x)
	if !x.outcome.Settled {
		r.Body = io.NopCloser(bytes.NewReader(x.body))
		ctx := ledger.WithRequest(context.WithValue(r.Context(), exchangeKey{}, x), ledger.Request{TakePlace: func() { s.takePlace(x) }, Named: named})
		s.operations.ServeHTTP(&x.answer, r.WithContext(ctx))
	}
	x.outcome.Strike(fault.After, x.faults)
	x.outcome.Strike(fault.OnAnswer, x.faults)
	x.replace()
}

// originForm is the path and query of a request target. A client of a proxy sends
// the whole URL and signs these alone.
func originForm(target string) string {
	scheme, rest, isURL := strings.Cut(target, "://")
	if !isURL || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return target
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 && rest[i] == '/' {
		return rest[i:]
	} else if i >= 0 {
		return "/" + rest[i:]
	}
	return "/"
}

// exchangeKey finds the exchange of a request in its context.
type exchangeKey struct{}

// pathValue is a parameter of the path, before the mux has set it.
func (x *exchange) pathValue(name string) string {
	if x.route == nil {
		return ""
	}
	actual := strings.Split(x.request.URL.EscapedPath(), "/")
	for i, part := range strings.Split(x.route.Path, "/") {
		if part == "{"+name+"}" && i < len(actual) {
			value, _ := url.PathUnescape(actual[i])
			return value
		}
	}
	return ""
}

func (x *exchange) operation() string {
	if x.route == nil {
		return ""
	}
	return x.route.Operation.OperationID
}

// checkContract runs once the route is known and before the operation.
func (s *Server) checkContract(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused := wire.PayScore.Check(r); refused != nil {
			wire.Write(w, refused)
			return
		}
		if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok && x.refuse != nil {
			wire.Write(w, x.refuse)
			return
		}
		if refused := s.checkBinding(r); refused != nil {
			wire.Write(w, refused)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// send writes the answer into the journal, signs it and sends it to the caller.
// The number of the entry is taken by now, so that nothing may be waited for
// before it is there.
func (s *Server) send(w http.ResponseWriter, x *exchange) {
	a := &x.answer
	number, _ := strconv.ParseInt(a.header.Get(wire.NumberHeader), 10, 64)
	a.header.Del(wire.NumberHeader)
	if !x.outcome.Gateway {
		a.header.Set("Request-ID", fmt.Sprintf("%s-%d", rand.Text(), number))
		a.header.Set("Cache-Control", "no-cache, must-revalidate")
		a.header.Set("X-Content-Type-Options", "nosniff")
		a.header.Set("Content-Language", "zh-CN") // of all messages, whatever Accept-Language asks for
		if a.status == http.StatusNoContent {
			// As the real host does, and some clients look at it before they verify.
			a.header.Set("Content-Type", "application/json; charset=utf-8")
		}
	}
	// HTTP/2 forbids both, and a connection that is closed after the answer is not kept.
	// That of a body that is too large is closed, too.
	if x.request.ProtoMajor == 1 && x.request.ProtoAtLeast(1, 1) && !x.request.Close && a.header.Get("Connection") != "close" {
		a.header.Set("Connection", "keep-alive")
		a.header.Set("Keep-Alive", "timeout=8")
	}
	if !x.bare {
		plain := asWritten.Replace(a.body.String())
		a.body.Reset()
		a.body.WriteString(plain)
	}
	if x.request.Method == http.MethodHead {
		a.body.Reset() // it would be signed, but never sent
	}
	s.record(x, number)
	x.pause(w)
	if a.status != http.StatusUnauthorized && !x.outcome.Gateway && !x.bare {
		if err := s.Ledger.Keys.Sign(a.header, x.request.Header.Get("Wechatpay-Serial"), a.body.Bytes(), s.wall().Add(x.outcome.Shift)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for _, alter := range x.outcome.Alter {
			alter(a.header, fault.Serials{PublicKeyID: s.Ledger.Account().PublicKeyID, PlatformSerialNo: s.Ledger.Account().PlatformSerialNo})
		}
	}
	switch x.outcome.Ending {
	case fault.EndReset:
		reset(w)
	case fault.EndCut:
		cut(w, a)
	default:
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body.Bytes())
	}
}

// asWritten undoes the escapes that encoding/json adds for pages of HTML: the real
// host's answers have none. A backslash that is escaped escapes nothing itself.
var asWritten = strings.NewReplacer(`\\`, `\\`, `\u0026`, "&", `\u003c`, "<", `\u003e`, ">")

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

// clear forgets an answer, for another in its place.
func (a *unsigned) clear(status int) {
	clear(a.header)
	a.body.Reset()
	a.status = status
}

// answerError turns what the generated handlers report into an answer: a
// refusal of an operation, or a request that does not decode.
func answerError(w http.ResponseWriter, _ *http.Request, err error) {
	var (
		refused *rules.Refusal
		missing *payscoreserver.RequiredParamError
		wrong   *payscoreserver.InvalidParamFormatError
	)
	switch {
	case errors.As(err, &refused):
	case errors.Is(err, store.ErrNotSaved):
		refused = rules.Refuse(http.StatusInternalServerError, "SYSTEM_ERROR", 0, "系统异常，请用相同参数重新调用")
	case errors.As(err, &missing):
		refused = rules.ParamError("query", missing.ParamName, "缺少参数", "is missing")
	case errors.As(err, &wrong):
		refused = rules.ParamError("query", wrong.ParamName, "参数格式错误", "is not one value")
	default:
		refused = rules.ParamError("body", "", "参数错误", "does not decode")
	}
	wire.Write(w, refused)
}

// Reset forgets all records, faults and the journal, and begins anew unless the
// sandbox is to be empty.
func (s *Server) Reset(empty bool) error {
	s.resets.Lock()
	defer s.resets.Unlock()
	err := s.Ledger.Reset(func() {
		for _, f := range s.Faults.Active() {
			s.Faults.Remove(f.ID)
		}
		s.bills.forget()
	})
	if err != nil || empty || s.Begin == nil {
		return err
	}
	return s.Begin()
}

func (s *Server) wall() time.Time { return s.Ledger.Store.Clock.Wall() }

// Explain tells what is wrong with a signature. It cuts the messages after what
// an entry keeps of a body.
func (s *Server) Explain(r signcheck.Request, now time.Time) signcheck.Report {
	report := s.Ledger.Keys.SignKeys().Explain(r, now)
	report.Expected, report.Signed = journal.Text([]byte(report.Expected), journal.MaxBody), journal.Text([]byte(report.Signed), journal.MaxBody)
	return report
}
