package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/wxpayscore/payscore/api"
	server "github.com/wxpayscore/payscore/gen/sandboxserver"
	"github.com/wxpayscore/payscore/sandbox/internal/edge"
	"github.com/wxpayscore/payscore/sandbox/internal/fault"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

const (
	// Root is where it is.
	Root = "/_sandbox/"
	// adminBody bounds a request to drive the sandbox. The explainer takes a
	// whole request, escaped in JSON.
	adminBody = 2 << 20
)

// Handler drives a sandbox over HTTP, as api/sandbox.yaml says, and serves the
// console beside it.
type Handler struct {
	ledger  *ledger.Ledger
	faults  *fault.Set
	edge    *edge.Server
	hosts   []string // names that a request may come to, besides loopback
	proxy   string   // address of the HTTPS proxy, or empty
	mux     *http.ServeMux
	streams atomic.Int64
	closing chan struct{}
	close   func()
}

// New returns a handler of what comes to hosts, besides loopback. proxy is the address
// of the HTTPS proxy, if there is one.
func New(l *ledger.Ledger, faults *fault.Set, e *edge.Server, hosts []string, proxy string) *Handler {
	a := &Handler{ledger: l, faults: faults, edge: e, hosts: hosts, proxy: proxy, closing: make(chan struct{})}
	a.close = sync.OnceFunc(func() { close(a.closing) })
	a.mount()
	return a
}

// Close ends the live readers.
func (a *Handler) Close() { a.close() }

// contract is the embedded api/sandbox.yaml, parsed once per process.
var contract = wire.NewContract(api.SandboxSpec)

// mount builds the routes.
func (a *Handler) mount() {
	a.mux = http.NewServeMux()
	a.mux.Handle(Root, consolePage())
	a.mux.HandleFunc("GET "+Root+"api/openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(api.SandboxSpec)
	})
	a.mux.HandleFunc(Root+"api/", func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, nil, &problem{http.StatusNotFound, "NOT_FOUND", "there is no such operation; see " + Root + "api/openapi.yaml"})
	})
	server.HandlerWithOptions(
		server.NewStrictHandlerWithOptions(adminOperations{a}, nil, server.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  writeProblem,
			ResponseErrorHandlerFunc: writeProblem,
		}),
		server.StdHTTPServerOptions{
			BaseRouter:       a.mux,
			ErrorHandlerFunc: writeProblem,
			Middlewares:      []server.MiddlewareFunc{a.checkContract},
		})
}

// ServeHTTP answers what comes to /_sandbox/, once it is known that no other
// site's page sent it.
func (a *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guardHeaders(w.Header())
	if refused := a.guard(r); refused != nil {
		writeProblem(w, r, refused)
		return
	}
	if r.URL.Path == strings.TrimSuffix(Root, "/") {
		http.Redirect(w, r, Root, http.StatusPermanentRedirect)
		return
	}
	if clean := path.Clean(r.URL.Path); clean != strings.TrimSuffix(r.URL.Path, "/") {
		writeProblem(w, r, &problem{http.StatusNotFound, "NOT_FOUND", "the path is not a plain one"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, adminBody)
	// Large bodies take turns with those of the operations. A live reader, which
	// has none, would keep its place.
	if r.Method == http.MethodPost && (r.ContentLength < 0 || r.ContentLength > edge.SmallBody) {
		select {
		case a.edge.LargeBodies <- struct{}{}:
			defer func() { <-a.edge.LargeBodies }()
		case <-r.Context().Done():
			return
		}
	}
	a.mux.ServeHTTP(w, r)
}

// checkContract holds a request against api/sandbox.yaml.
func (a *Handler) checkContract(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > adminBody {
			writeProblem(w, r, &http.MaxBytesError{Limit: adminBody})
			return
		}
		if refused := contract.Check(r); refused != nil {
			writeProblem(w, r, refused)
			return
		}
		base := "http://" + r.Host
		if r.TLS != nil {
			base = "https://" + r.Host
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestBase{}, base)))
	})
}

// problem is an answer of the admin side that is no success.
type problem struct {
	status  int
	code    string
	message string
}

func (p *problem) Error() string { return p.message }

// problemOf is an error with this status, unless the data file is to blame.
func problemOf(status int, code string, err error) error {
	if errors.Is(err, store.ErrNotSaved) {
		status, code = http.StatusInsufficientStorage, "NOT_SAVED"
	}
	return &problem{status, code, err.Error()}
}

func invalid(err error) error { return &problem{http.StatusBadRequest, "INVALID", err.Error()} }

// writeProblem turns any error into a Problem.
func writeProblem(w http.ResponseWriter, _ *http.Request, err error) {
	var (
		p       *problem
		refused *rules.Refusal
		tooMuch *http.MaxBytesError
		wrong   *server.InvalidParamFormatError
	)
	switch {
	case errors.As(err, &p):
	case errors.As(err, &tooMuch):
		p = &problem{http.StatusRequestEntityTooLarge, "TOO_LARGE", fmt.Sprintf("the body is over %d bytes", adminBody)}
	case errors.As(err, &refused):
		p = &problem{http.StatusBadRequest, "INVALID", fmt.Sprintf("%v %v: %v", refused.Detail["location"], refused.Detail["field"], refused.Detail["issue"])}
	case errors.As(err, &wrong):
		p = &problem{http.StatusBadRequest, "INVALID", fmt.Sprintf("the parameter %s is malformed", wrong.ParamName)}
	default:
		p = &problem{http.StatusBadRequest, "INVALID", "the request does not decode"}
	}
	b, _ := json.Marshal(server.Problem{Code: p.code, Message: p.message})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	_, _ = w.Write(append(b, '\n'))
}
