package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/routers"

	"github.com/wxpayscore/payscore/gen/payscoreserver"
	"github.com/wxpayscore/payscore/sandbox/internal/fault"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/signcheck"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
)

const (
	// maxBody bounds a request, in bytes. The largest of the contract is a tenth
	// of it, but for a pay-on-delivery order with all goods in all categories.
	maxBody = 1 << 20
	// A body up to smallBody bytes is read at once. Of larger ones, only
	// maxLargeBodies are in memory at a time; the others wait.
	smallBody      = 16 << 10
	maxLargeBodies = 16
	// numberHeader carries the number of a refusal from the operation to the
	// Request-ID. It never leaves the sandbox.
	numberHeader = "Sandbox-Error-Number"
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

	refuse    *refusal // what a fault refuses it with
	answer    unsigned
	signature *SignatureReport
}

// ServeHTTP checks the signature, then the contract, carries the operation
// out and signs the answer. A 401 is the only answer that stays unsigned,
// unless a [Fault] is switched on. Each request is an [Entry] of the journal,
// which is there before the answer.
//
// A fault that breaks the connection needs one: when w is no connection of
// HTTP/1.1, it panics with [http.ErrAbortHandler] as a handler of net/http may.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mustBeOpen()
	if w == nil || r == nil {
		panic("sandbox: ServeHTTP needs a request, and where to answer it")
	}
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		s.courier.own.add(addr)
	}
	if strings.HasPrefix(r.URL.Path+"/", adminRoot) {
		s.admin.ServeHTTP(w, r)
		return
	}
	x := &exchange{request: r, began: time.Now(), answer: unsigned{header: w.Header(), status: http.StatusOK}}
	defer s.recordFailed(x)
	done, err := s.readBody(w, x)
	defer done()
	x.route = s.contract.find(s.operations, r)
	x.subject = subjectOf(x)
	if err != nil {
		paramError("body", "", "请求体过大或不完整", fmt.Sprintf("over %d bytes, or cut off", maxBody)).write(&x.answer)
	} else {
		s.serve(w, x)
	}
	s.send(w, x)
}

// readBody reads the body into memory, which is given back by done.
func (s *Sandbox) readBody(w http.ResponseWriter, x *exchange) (done func(), err error) {
	limited := http.MaxBytesReader(w, x.request.Body, maxBody)
	x.body, err = io.ReadAll(io.LimitReader(limited, smallBody))
	if err != nil || len(x.body) < smallBody {
		return func() {}, err
	}
	select {
	case s.largeBodies <- struct{}{}:
	case <-x.request.Context().Done():
		return func() {}, x.request.Context().Err()
	}
	rest, err := io.ReadAll(limited)
	x.body = append(x.body, rest...)
	return func() { <-s.largeBodies }, err
}

// serve fills x.answer.
func (s *Sandbox) serve(w http.ResponseWriter, x *exchange) {
	r := x.request
	if r.Header.Get("Accept") == "" || r.Header.Get("User-Agent") == "" {
		refuse(http.StatusBadRequest, "INVALID_REQUEST", numberRange, "Http头缺少Accept或User-Agent").write(&x.answer)
		return
	}
	asked, malformed := fault.OfRequest(r.Header)
	about := fault.Request{Operation: x.operation(), Subject: x.subject}
	skew, met := s.faults.Skew(about, asked)
	x.faults = append(x.faults, met...)
	x.outcome.Shift += skew
	signed := signcheck.Request{Method: r.Method, Target: r.RequestURI, Host: r.Host, Authorization: r.Header.Get("Authorization"), Body: x.body}
	if refused := s.checkSignature(signed, s.db.Clock.Wall().Add(skew)); refused != nil {
		report := s.explain(signed, s.db.Clock.Wall().Add(skew))
		x.signature = &report
		refused.write(&x.answer)
		return
	}
	if malformed != nil {
		paramError("header", FaultHeader, "沙箱故障请求头有误", malformed.Error()).write(&x.answer)
		return
	}
	if x.route == nil {
		refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", 0, "请求的资源不存在").write(&x.answer)
		return
	}
	x.faults = append(x.faults, s.faults.Meet(about, asked)...)
	s.before(w, x)
	if !x.outcome.Settled {
		r.Body = io.NopCloser(bytes.NewReader(x.body))
		s.operations.ServeHTTP(&x.answer, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
	}
	x.outcome.Strike(fault.After, x.faults)
	x.outcome.Strike(fault.OnAnswer, x.faults)
	x.replace()
}

// exchangeKey finds the exchange of a request in its context.
type exchangeKey struct{}

// find returns the operation that a request asks for, or nil.
func (c *contract) find(mux *http.ServeMux, r *http.Request) *routers.Route {
	// The mux would redirect to a cleaned path, which nobody signed, and take HEAD for GET.
	_, pattern := mux.Handler(r)
	if !strings.HasPrefix(pattern, r.Method+" ") || path.Clean(r.URL.Path) != r.URL.Path {
		return nil
	}
	return c.routes()[pattern]
}

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
func (s *Sandbox) checkContract(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused := s.contract.check(r); refused != nil {
			refused.write(w)
			return
		}
		if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok && x.refuse != nil {
			x.refuse.write(w)
			return
		}
		if refused := s.checkBinding(r); refused != nil {
			refused.write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// send writes the answer into the journal, signs it and sends it to the caller.
// The number of the entry is taken by now, so that nothing may be waited for
// before it is there.
func (s *Sandbox) send(w http.ResponseWriter, x *exchange) {
	a := &x.answer
	number, _ := strconv.ParseInt(a.header.Get(numberHeader), 10, 64)
	a.header.Del(numberHeader)
	if !x.outcome.Gateway {
		a.header.Set("Request-ID", fmt.Sprintf("%s-%d", rand.Text(), number))
		a.header.Set("Cache-Control", "no-cache, must-revalidate")
		if a.status == http.StatusNoContent {
			// As the real host does, and some clients look at it before they verify.
			a.header.Set("Content-Type", "application/json; charset=utf-8")
		}
	}
	if x.request.Method == http.MethodHead {
		a.body.Reset() // it would be signed, but never sent
	}
	s.record(x, number)
	x.pause(w)
	if a.status != http.StatusUnauthorized && !x.outcome.Gateway {
		if err := s.sign(a.header, x.request.Header.Get("Wechatpay-Serial"), a.body.Bytes(), s.db.Clock.Wall().Add(x.outcome.Shift)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for _, alter := range x.outcome.Alter {
			alter(a.header, fault.Serials{PublicKeyID: s.credentials.account.PublicKeyID, PlatformSerialNo: s.credentials.account.PlatformSerialNo})
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
		refused *refusal
		missing *payscoreserver.RequiredParamError
		wrong   *payscoreserver.InvalidParamFormatError
	)
	switch {
	case errors.As(err, &refused):
	case errors.Is(err, store.ErrNotSaved):
		refused = refuse(http.StatusInternalServerError, "SYSTEM_ERROR", 0, "系统异常，请用相同参数重新调用")
	case errors.As(err, &missing):
		refused = paramError("query", missing.ParamName, "缺少参数", "is missing")
	case errors.As(err, &wrong):
		refused = paramError("query", wrong.ParamName, "参数格式错误", "is not one value")
	default:
		refused = paramError("body", "", "参数错误", "does not decode")
	}
	refused.write(w)
}
