package sandbox_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
	"github.com/wxpayscore/payscore/transport"
)

// badNetwork stands between a client and the sandbox. It keeps a record of
// what the sandbox itself answered, which is the truth.
type badNetwork struct {
	*box
	URL string

	secureURL string // over HTTP/2, after startHTTP2
	roots     *x509.CertPool

	mu      sync.Mutex
	rnd     *rand.Rand
	rate    float64        // of requests that meet a fault
	done    map[string]int // operations carried out, by the number of the order
	refused map[string]int
	met     map[string]int
	came    map[string]int           // requests, by their Authorization
	over    bool                     // requests that come now are not served
	active  sync.WaitGroup           // requests that came before
	writes  map[string]*sync.RWMutex // by the number of the order
}

func newBadNetwork(t *testing.T, seed uint64, rate float64) *badNetwork {
	n := &badNetwork{box: newBox(t), rnd: rand.New(rand.NewPCG(seed, 0)), rate: rate,
		done: map[string]int{}, refused: map[string]int{}, met: map[string]int{}, came: map[string]int{}, writes: map[string]*sync.RWMutex{}}
	srv := httptest.NewServer(n)
	t.Cleanup(srv.Close)
	n.URL = srv.URL
	return n
}

// serve has the sandbox answer, and writes down what it did.
func (n *badNetwork) serve(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	n.Sandbox.ServeHTTP(rec, r)
	if no, _, isOperation := strings.Cut(strings.TrimPrefix(r.URL.Path, orders+"/"), "/"); isOperation && r.URL.Path != orders {
		n.mu.Lock()
		defer n.mu.Unlock()
		if rec.Code == http.StatusNoContent {
			n.done[no]++
		} else {
			n.refused[no]++
		}
	}
	return rec
}

// writesOf returns the lock that writes to an order share until they have ended.
func (n *badNetwork) writesOf(outOrderNo string) *sync.RWMutex {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.writes[outOrderNo] == nil {
		n.writes[outOrderNo] = new(sync.RWMutex)
	}
	return n.writes[outOrderNo]
}

// end waits for the requests that are still being served. A client that has given
// up does not wait for them, and one may reach its handler later still: that one
// is not served, so the truth stands from here on.
func (n *badNetwork) end() {
	n.mu.Lock()
	n.over = true
	n.mu.Unlock()
	n.active.Wait()
}

func (n *badNetwork) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	if n.over {
		n.mu.Unlock()
		return
	}
	n.active.Add(1)
	n.mu.Unlock()
	defer n.active.Done()
	// The body goes with the connection, and one of the faults outlives that.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	// The client pauses before it queries. That is long enough for its writes to
	// end, however busy the machine is.
	ended, late := func() {}, false
	if r.Method == http.MethodGet {
		writes := n.writesOf(r.URL.Query().Get("out_order_no"))
		writes.Lock()
		ended = sync.OnceFunc(writes.Unlock)
	} else {
		no, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, orders+"/"), "/")
		writes := n.writesOf(no)
		writes.RLock()
		ended = sync.OnceFunc(writes.RUnlock)
	}
	defer func() {
		if !late {
			ended()
		}
	}()
	again := func() *http.Request {
		c := r.Clone(context.WithoutCancel(r.Context()))
		c.Body = io.NopCloser(bytes.NewReader(body))
		return c
	}
	overHTTP2, _ := r.Context().Value(frameConnKey{}).(*frameConn)
	drop := func(reset bool) {
		if overHTTP2 != nil {
			_ = overHTTP2.Close()
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		if reset {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		_ = conn.Close()
	}
	pass := func(rec *httptest.ResponseRecorder) {
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}
	altered := func(change func(http.Header)) func() {
		return func() { rec := n.serve(again()); change(rec.Header()); pass(rec) }
	}
	status := func(status int) func() { return func() { w.WriteHeader(status) } }
	after := func(f func()) func() { return func() { n.serve(again()); f() } }
	faults := []networkFault{
		{"closed before", func() { drop(false) }}, {"closed after", after(func() { drop(false) })},
		{"reset before", func() { drop(true) }}, {"reset after", after(func() { drop(true) })},
		{"429", func() { w.Header().Set("Retry-After", "0"); w.WriteHeader(429) }},
		{"500 before", status(500)}, {"500 after", after(status(500))},
		{"502 page before", func() { w.WriteHeader(502); _, _ = w.Write([]byte("<html>")) }}, {"503 after", after(status(503))},
		{"202 unsigned after", after(status(202))}, {"204 forged", status(204)},
		{"unsigned after", altered(func(h http.Header) { h.Del("Wechatpay-Signature") })},
		{"probe after", altered(func(h http.Header) { h.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/x") })},
		{"wrong serial after", altered(func(h http.Header) { h.Set("Wechatpay-Serial", "PUB_KEY_ID_1") })},
		{"late", func() { // carried out when the client has given up
			late = true
			n.active.Go(func() { defer ended(); time.Sleep(5 * time.Millisecond); n.serve(again()) })
			drop(false)
		}},
		{"slow after", after(func() { ended(); <-r.Context().Done() })}, // until the client gives up
	}
	network := "HTTP/1.1"
	if overHTTP2 != nil {
		network, faults = "HTTP/2", append(faults, http2Faults(overHTTP2, w, after)...)
	}
	n.mu.Lock()
	do, name := func() { pass(n.serve(again())) }, "none"
	if n.rnd.Float64() < n.rate {
		f := faults[n.rnd.IntN(len(faults))]
		do, name = f.do, f.name
	}
	n.met[network+" "+name]++
	n.came[r.Header.Get("Authorization")]++
	n.mu.Unlock()
	do()
}

// modifier is a client of the network.
func (n *badNetwork) modifier(url string, http2 bool) *payscore.Client {
	signer := n.signer()
	rt := transport.NewRoundTripper()
	n.t.Cleanup(rt.CloseIdleConnections)
	rt.ForceAttemptHTTP2 = http2
	rt.TLSClientConfig = &tls.Config{RootCAs: n.roots}
	return must(payscore.New(url, payscore.WithRequestEditorFn(signer.Sign), payscore.WithHTTPClient(
		transport.New(signer, n.Verifier(), transport.WithRoundTripper(rt), transport.WithTimeout(500*time.Millisecond),
			transport.WithRetry(transport.Retry{FirstWait: 5 * time.Millisecond})))))
}

// faultOrders is the number of orders, or what PAYSCORE_FAULT_ORDERS says.
func faultOrders(t *testing.T, short, usual int) int {
	count := size(short, usual, usual)
	if more := os.Getenv("PAYSCORE_FAULT_ORDERS"); more != "" {
		var err error
		if count, err = strconv.Atoi(more); err != nil || count < 1 {
			t.Fatalf("PAYSCORE_FAULT_ORDERS is %q, not a number of orders", more)
		}
	}
	return count
}

// Orders are modified on a network that does all kinds of things wrong, a third
// of them over HTTP/2. Each one ends at the right amount, or at the old one and is reported so, or
// is reported as unknown.
func TestModifyUnderFaults(t *testing.T) {
	t.Parallel()
	const seed, before, total = 20250315, 50000, 39900
	count := faultOrders(t, 60, 150)
	n := newBadNetwork(t, seed, 0.4)
	n.startHTTP2(t)
	networks := []struct {
		name   string
		client *payscore.Client
	}{
		{"HTTP/1.1", n.modifier(n.URL, false)}, {"HTTP/1.1", n.modifier(n.URL, false)}, {"HTTP/2", n.modifier(n.secureURL, true)},
	}

	type end struct {
		no     string
		number int
		result serviceorder.Result[payscore.ServiceOrderEntity]
		err    error
	}
	ends := make([]end, count)
	slots := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for i := range ends {
		no := fmt.Sprintf("ORDER_%03d", i)
		n.seed(no, before)
		opts := []serviceorder.Option{serviceorder.WithPause(500 * time.Millisecond)}
		if i%2 == 0 {
			opts = append(opts, serviceorder.WithTotalBefore(before))
		}
		if i/3%3 == 0 {
			opts = append(opts, serviceorder.WithResend(2))
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			result, err := serviceorder.Modify(t.Context(), networks[i%len(networks)].client, no, modification(total), opts...)
			ends[i] = end{no, i, result, err}
		})
	}
	wg.Wait()
	n.end()

	n.mu.Lock()
	defer n.mu.Unlock()
	outcomes, settled, repeated := map[string]int{}, 0, 0
	for _, e := range ends {
		is := n.total(e.no)
		switch {
		case n.done[e.no] > 1, n.done[e.no] == 1 && is != total, n.done[e.no] == 0 && is != before:
			t.Errorf("%s: modified %d times, to %d fen", e.no, n.done[e.no], is)
		case e.result.Outcome == serviceorder.CarriedOut && is != total, e.result.Outcome == serviceorder.NotCarriedOut && is != before:
			t.Errorf("%s: reported as %v and at %d fen: %v", e.no, e.result.Outcome, is, e.err)
		case (e.err == nil) != (e.result.Outcome == serviceorder.CarriedOut), errors.Is(e.err, apierror.ErrOutcomeUnknown) != (e.result.Outcome == serviceorder.Unknown):
			t.Errorf("%s: %v with %v", e.no, e.result.Outcome, e.err)
		}
		outcomes[fmt.Sprintf("%s: %v, is at %d", networks[e.number%len(networks)].name, e.result.Outcome, is)]++
		if e.result.SendErr != nil && e.result.Outcome != serviceorder.Unknown {
			settled++
		}
		if n.refused[e.no] > 0 {
			repeated++
		}
	}
	twice := 0
	for _, came := range n.came {
		if came > 1 {
			twice++
		}
	}
	if twice > 0 {
		t.Errorf("%d requests arrived more than once, with the same Authorization", twice)
	}
	t.Logf("seed %d, %d orders: %v", seed, count, outcomes)
	t.Logf("%d were unknown by their answers and settled by a query; %d were refused when repeated", settled, repeated)
	t.Logf("requests: %v", n.met)
	if settled < count/30 || repeated < count/30 {
		t.Error("which shows little")
	}
}
