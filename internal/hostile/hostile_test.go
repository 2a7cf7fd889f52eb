package hostile

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
	"github.com/wxpayscore/payscore/transport"
)

const (
	merchantSerial = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"

	// shortTimeout bounds an attempt where the server stalls, longTimeout
	// elsewhere, where it must never strike.
	shortTimeout = 100 * time.Millisecond
	longTimeout  = 10 * time.Second

	// longestCase is when a case is given up.
	longestCase = time.Minute

	// atOnce is how many cases run at the same time. Most of those wait.
	atOnce = 16
)

var (
	kinds = flag.String("kind", "", "run the kinds of fault whose names match this regular expression")
	slow  = flag.Bool("slow", false, "list the kinds that take longest")
)

// level is how the client is called.
type level string

const (
	call   level = "call"         // the method of payscore.Client
	settle level = "serviceorder" // the function of package serviceorder
	query  level = "query"        // a query, which the fault meets instead of a write
)

// hostileCase is one row of the table.
type hostileCase struct {
	network string
	kind    *kind
	fate    fate
	next    next
	op      *operation
	level   level
	warm    bool // an honest query goes first on the same connection
	secure  bool // HTTP/1.1 over TLS
	before  *unreached
}

func (c hostileCase) String() string {
	s := fmt.Sprintf("%s, %s, %s, %s by %s", c.fate, c.next, c.op.name, c.level, c.network)
	if c.warm {
		s += ", on a kept connection"
	}
	return s
}

// TestHostile runs every fifth row of the table, all with PAYSCORE_HOSTILE=all,
// and every 29th in short mode.
func TestHostile(t *testing.T) {
	cases := table(t)
	step := 5
	switch {
	case os.Getenv("PAYSCORE_HOSTILE") == "all":
		step = 1
	case testing.Short():
		step = 29
	}
	for i := range (len(cases) + step - 1) / step {
		cases[i] = cases[i*step]
	}
	cases = cases[:(len(cases)+step-1)/step]
	// net/http logs what a server sends unasked.
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	signer, err := auth.NewSigner(mchID, merchantSerial, keys().merchant)
	if err != nil {
		t.Fatal(err)
	}
	key := auth.Key{ID: serial, PublicKey: &keys().wechatpay.PublicKey}
	verifier, err := auth.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}

	type failure struct {
		kind   string
		broken string
		text   string
	}
	var (
		mu       sync.Mutex
		failures []failure
		wrong    int
		verdicts = map[string]int{}
		took     = map[string]time.Duration{}
		counts   = map[string]int{}
		wg       sync.WaitGroup
		slots    = make(chan struct{}, atOnce)
	)
	for _, c := range cases {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			began := time.Now()
			e, err := c.inTime(t.Context(), signer, verifier)
			mu.Lock()
			defer mu.Unlock()
			took[c.network+": "+c.kind.name] += time.Since(began)
			counts[c.network+": "+c.kind.name]++
			if err != nil {
				t.Errorf("%s: %v: %v", c.kind.name, c, err)
				return
			}
			verdicts[fmt.Sprintf("%s: %s", c.level, e.verdict)]++
			broken := c.wrong(e)
			if len(broken) > 0 {
				wrong++
				kind, text := c.network+": "+c.kind.name, strings.Join(broken, "; ")
				failures = append(failures, failure{kind, number.ReplaceAllString(text, "N"), fmt.Sprintf("%v: %s: %v", c, text, e.err)})
			}
		})
	}
	wg.Wait()

	// One line for each kind and way to be wrong, with an example.
	type group struct {
		n    int
		text string
	}
	groups := map[string]group{}
	for _, f := range failures {
		g := groups[f.kind+": "+f.broken]
		groups[f.kind+": "+f.broken] = group{g.n + 1, f.text}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		t.Errorf("%s (%d cases, such as %s)", name, groups[name].n, groups[name].text)
	}
	for _, name := range slices.Sorted(maps.Keys(verdicts)) {
		t.Logf("%s: %d", name, verdicts[name])
	}
	if !*slow {
		took = nil
	}
	slowest := slices.SortedFunc(maps.Keys(took), func(a, b string) int { return int(took[b]/time.Duration(counts[b]) - took[a]/time.Duration(counts[a])) })
	for _, name := range slowest[:min(60, len(slowest))] {
		t.Logf("%v a case in all: %s", (took[name] / time.Duration(counts[name])).Round(time.Millisecond), name)
	}
	t.Logf("hostile: %d cases, %d wrong", len(cases), wrong)
}

// table is every kind with each fate it can have. Each of those meets Modify on
// both levels with each continuation, and two queries. It meets half of the
// other writes, on one level and with one continuation, which go round so that
// every write meets all of them.
func table(t *testing.T) []hostileCase {
	want, err := regexp.Compile(*kinds)
	if err != nil {
		t.Fatal(err)
	}
	ops := operations()
	var cases []hostileCase
	turn := 0
	add := func(c hostileCase, nexts ...next) {
		for _, n := range nexts {
			turn++
			c.next = n
			c.warm = c.kind.afterHonest != nil || c.kind.at != nothing && turn%2 == 0
			c.secure = c.network == "HTTP/2" || turn%5 == 0
			cases = append(cases, c)
		}
	}
	// Each third page is enough for HTTP/2: what is above both is the same.
	var some []*kind
	for i, k := range pages() {
		if i%3 == 0 || k.want != unknown {
			some = append(some, k)
		}
	}
	for _, network := range []struct {
		name  string
		kinds []*kind
	}{
		{"HTTP/1.1", append(pages(), http1Kinds()...)},
		{"HTTP/2", append(some, http2Kinds()...)},
	} {
		for j, k := range network.kinds {
			if !want.MatchString(network.name + ": " + k.name) {
				continue
			}
			fates := k.fates
			if fates == "" {
				fates = "ncl"
			}
			for _, f := range []byte(fates) {
				for i, op := range ops {
					c := hostileCase{network: network.name, kind: k, fate: fate(f), op: op, level: call}
					levels := []level{call, settle}
					if i > 0 {
						if (i+j+int(f))%2 == 1 {
							continue
						}
						levels = levels[(i/2+j/2+int(f)/2)%2:][:1]
					}
					for _, c.level = range levels {
						switch {
						case i == 0:
							add(c, same, honest, gone)
						case op.settle == nil:
							c.level = call
							fallthrough
						default:
							add(c, next((turn+j)%3))
						}
					}
				}
			}
			for _, op := range ops[:2] { // a partner's and a direct merchant's
				add(hostileCase{network: network.name, kind: k, fate: untouched, op: op, level: query}, same, honest)
			}
		}
	}
	for _, u := range unreachedKinds() {
		if !want.MatchString("unreached: " + u.name) {
			continue
		}
		k := u.kindOf()
		for _, op := range ops {
			c := hostileCase{network: "unreached", kind: k, fate: untouched, op: op, level: call, before: &u}
			cases = append(cases, c)
			if op.settle != nil {
				c.level = settle
				cases = append(cases, c)
			}
		}
	}
	return cases
}

// number is left out of what is grouped.
var number = regexp.MustCompile(`[0-9]+`)

var errGone = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// inTime is run, and an error when the call does not end.
func (c hostileCase) inTime(ctx context.Context, signer *auth.Signer, verifier *auth.Verifier) (e ending, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		e, err = c.run(ctx, signer, verifier)
	}()
	select {
	case <-done:
		return e, err
	case <-time.After(longestCase):
		return ending{}, errors.New("the call did not end")
	}
}

// run lets one case happen.
func (c hostileCase) run(ctx context.Context, signer *auth.Signer, verifier *auth.Verifier) (ending, error) {
	w := &truth{op: c.op, no: "ORDER_1", fate: c.fate, next: c.next, query: c.level == query, nonces: map[string]int{}}
	var secure *tls.Config
	serve := serveHTTP1
	switch {
	case c.before != nil && c.before.serve != nil:
		serve = c.before.serve
	case c.network == "HTTP/2":
		secure, serve = serverTLS("good", "h2"), serveHTTP2
	case c.secure:
		secure = serverTLS("good", "http/1.1")
	}
	s, err := newServer(w, c.kind, secure, serve)
	if err != nil {
		return ending{}, err
	}
	defer s.close()
	addr := s.ln.Addr().String()

	rt := transport.NewRoundTripper()
	defer rt.CloseIdleConnections()
	rt.Proxy = nil
	rt.TLSClientConfig = &tls.Config{RootCAs: authority().pool}
	rt.ForceAttemptHTTP2 = c.network == "HTTP/2"
	dial := rt.DialContext
	rt.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		// A port that was closed might be another case's by now.
		if w.isGone() {
			return nil, errGone
		}
		return dial(ctx, network, addr)
	}
	server := "http://" + addr
	if secure != nil {
		server = "https://" + addr
	}
	timeout := longTimeout
	if c.kind.stalls {
		timeout = shortTimeout
	}
	if c.before != nil {
		server = c.before.url(addr)
		if c.before.set != nil {
			c.before.set(rt, addr)
		}
	}

	var attempts int
	doer := transport.New(signer, verifier, transport.WithRoundTripper(rt), transport.WithTimeout(timeout),
		transport.WithRetry(transport.Retry{Attempts: 2, FirstWait: time.Millisecond, LongestWait: 5 * time.Millisecond}),
		transport.WithObserver(func(_ context.Context, a transport.Attempt) {
			if a.GaveUp == nil {
				attempts++
			}
		}))
	cl, err := payscore.New(server, payscore.WithHTTPClient(doer))
	if err != nil {
		return ending{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, longestCase/2)
	defer cancel()

	if c.warm {
		if _, _, err := c.op.query(ctx, cl, w.no); err != nil && !c.kind.blind && !c.kind.unsettled && !c.kind.stalls {
			return ending{}, fmt.Errorf("warm-up: %w", err)
		}
	}
	w.arm()
	var e ending
	switch c.level {
	case call:
		e.err = c.op.call(ctx, cl, w.no)
		e.verdict = verdictOf(e.err)
		w.commitLate()
	case settle:
		var outcome serviceorder.Outcome
		outcome, e.err = c.op.settle(ctx, cl, w.no, serviceorder.WithPause(time.Millisecond), serviceorder.WithTotalBefore(totalBefore))
		e.verdict = verdictOfOutcome(outcome, e.err)
	case query:
		var answered string
		if _, answered, e.err = c.op.query(ctx, cl, w.no); e.err == nil && answered != w.no {
			e.err = errors.New("the query answered another order")
			e.verdict = contradictory
		}
	}
	rt.CloseIdleConnections()
	s.close() // what arrives has arrived
	w.mu.Lock()
	defer w.mu.Unlock()
	e.attempts, e.committed, e.arrivals, e.hungUp, e.spoke = attempts, w.committed, w.arrivals, w.hungUp, w.spoke
	for _, n := range w.nonces {
		e.most = max(e.most, n)
	}
	return e, nil
}

// Each network has rows of every write with every fate and continuation, on
// each level that it has.
func TestTable(t *testing.T) {
	rows := map[string]int{}
	cases := table(t)
	for _, c := range cases {
		rows[fmt.Sprint(c.network, c.fate, c.next, c.op.name, c.level)]++
	}
	fewest := len(cases)
	for _, network := range []string{"HTTP/1.1", "HTTP/2"} {
		for _, f := range []fate{untouched, changed, late} {
			for _, op := range operations() {
				for n := range nexts {
					for _, l := range []level{call, settle} {
						if l == settle && op.settle == nil {
							continue
						}
						name := fmt.Sprint(network, f, n, op.name, l)
						if rows[name] == 0 {
							t.Errorf("no row of %s", name)
						}
						fewest = min(fewest, rows[name])
					}
				}
			}
		}
	}
	t.Logf("%d rows, at least %d of each write with each fate and continuation", len(cases), fewest)
}
