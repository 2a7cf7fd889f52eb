package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/sandbox"
)

// raw is what came of a request, unchecked.
type raw struct {
	status int
	header http.Header
	body   string
	err    error
}

// faulty sends a modification with faults in its header, over a connection of
// its own. It names the public key, as the client does.
func (b *box) faulty(no, body, faults string) (got raw) {
	b.t.Helper()
	req := b.request("POST", orders+"/"+no+"/modify", body)
	req.Header.Set("User-Agent", "test")
	req.Header.Set("Wechatpay-Serial", b.Credentials().Account().PublicKeyID)
	if faults != "" {
		req.Header.Set(sandbox.FaultHeader, faults)
	}
	rt := &http.Transport{DisableKeepAlives: true}
	rsp, err := rt.RoundTrip(req)
	if err != nil {
		return raw{err: err}
	}
	defer func() { _ = rsp.Body.Close() }()
	text, err := io.ReadAll(rsp.Body)
	return raw{rsp.StatusCode, rsp.Header, string(text), err}
}

// verified is what the client's own verifier says, which knows both keys.
func (b *box) verified(r raw) error { return b.verifiedAt(r, b.now()) }

func (b *box) verifiedAt(r raw, at time.Time) error {
	account := b.Credentials().Account()
	both := must(auth.NewVerifier(
		auth.Key{ID: account.PublicKeyID, PublicKey: &sandbox.WechatpayKey(b.Credentials()).PublicKey},
		auth.Key{ID: account.PlatformSerialNo, PublicKey: sandbox.PlatformKey(b.Credentials())}))
	return both.WithClock(func() time.Time { return at }).Verify(r.header, []byte(r.body))
}

// Each fault does what its description says: to the answer, and to the order.
func TestEachFault(t *testing.T) {
	const before, after = 50000, 39900
	unverified := func(t *testing.T, b *box, r raw) {
		if err := b.verified(r); r.status != 204 || r.err != nil || !errors.Is(err, auth.ErrUnverified) {
			t.Errorf("%d: %v, %v", r.status, r.err, err)
		}
	}
	verified := func(status int, code string, number string) func(*testing.T, *box, raw) {
		return func(t *testing.T, b *box, r raw) {
			var body struct{ Code, Message string }
			_ = json.Unmarshal([]byte(r.body), &body)
			if err := b.verified(r); r.status != status || err != nil || body.Code != code || (body.Message == "") != (code == "") ||
				!strings.HasSuffix(r.header.Get("Request-ID"), "-"+number) {
				t.Errorf("%d %s %s: %v", r.status, r.body, r.header.Get("Request-ID"), err)
			}
		}
	}
	broken := func(t *testing.T, _ *box, r raw) {
		if r.err == nil || r.status != 0 {
			t.Errorf("%d %v", r.status, r.err)
		}
	}
	page := func(t *testing.T, _ *box, r raw) {
		if r.status != 502 || !strings.HasPrefix(r.body, "<html>") || r.header.Get("Wechatpay-Signature") != "" ||
			r.header.Get("Request-ID") != "" || r.header.Get("Content-Type") != "text/html" {
			t.Errorf("%d %v %s", r.status, r.header, r.body)
		}
	}
	offBy := func(seconds int64) func(*testing.T, *box, raw) {
		return func(t *testing.T, b *box, r raw) {
			unverified(t, b, r)
			if got, _ := strconv.ParseInt(r.header.Get("Wechatpay-Timestamp"), 10, 64); got-noon.Unix() != seconds {
				t.Errorf("the timestamp is %d s off", got-noon.Unix())
			}
			if err := b.verifiedAt(r, noon.Add(time.Duration(seconds)*time.Second)); err != nil {
				t.Errorf("by its own time: %v", err)
			}
		}
	}
	serial := func(want string) func(*testing.T, *box, raw) {
		return func(t *testing.T, b *box, r raw) {
			unverified(t, b, r)
			if got := r.header.Get("Wechatpay-Serial"); got != want {
				t.Errorf("serial %s, want %s", got, want)
			}
		}
	}
	probe := func(length int) func(*testing.T, *box, raw) {
		return func(t *testing.T, b *box, r raw) {
			unverified(t, b, r)
			if got := r.header.Get("Wechatpay-Signature"); !strings.HasPrefix(got, "WECHATPAY/SIGNTEST/") || len(got) != length {
				t.Errorf("signature of %d: %s", len(got), got)
			}
		}
	}
	account := newBox(t).Credentials().Account()
	cases := []struct {
		fault string
		total int64
		check func(*testing.T, *box, raw)
	}{
		{"latency; delay=80ms", after, verified(204, "", "0")},
		{"latency-after; delay=80ms", after, verified(204, "", "0")},
		{"reset-before", before, broken},
		{"reset-after", after, broken},
		{"accepted-202", before, verified(202, "", "0")},
		{"rate-limited-429", before, verified(429, "FREQUENCY_LIMITED", "268435472")},
		{"rate-limited-429; value=RATELIMIT_EXCEEDED; delay=1500ms", before, func(t *testing.T, b *box, r raw) {
			verified(429, "RATELIMIT_EXCEEDED", "0")(t, b, r)
			if got := r.header.Get("Retry-After"); got != "2" {
				t.Errorf("Retry-After: %s", got)
			}
		}},
		{"rate-limited-429; value=FREQUENCY_LIMIT_EXCEED", before, verified(429, "FREQUENCY_LIMIT_EXCEED", "0")},
		{"rate-limited-429; value=RATE_LIMITED", before, verified(429, "RATE_LIMITED", "0")},
		{"error-500-before", before, verified(500, "SYSTEM_ERROR", "0")},
		{"error-500-after", after, verified(500, "SYSTEM_ERROR", "0")},
		{"bad-gateway-502-before", before, page},
		{"bad-gateway-502-after", after, page},
		{"truncated", after, broken},
		{"unsigned", after, func(t *testing.T, b *box, r raw) {
			unverified(t, b, r)
			for name := range r.header {
				if strings.HasPrefix(name, "Wechatpay-") {
					t.Error(name)
				}
			}
		}},
		{"bad-signature", after, unverified},
		{"sign-test", after, probe(344)},
		{"sign-test; value=long", after, probe(355)},
		{"stale-timestamp", after, offBy(-600)},
		{"stale-timestamp; delay=301s", after, offBy(-301)},
		{"future-timestamp", after, offBy(600)},
		{"unknown-serial", after, serial("PUB_KEY_ID_9999999999999999999999999999999999")},
		{"wrong-serial", after, serial(account.PlatformSerialNo)},
		{"refuse; value=271300099", before, verified(400, "INVALID_REQUEST", "271300099")},
		{"refuse; value=271299627", before, verified(400, "INVALID_REQUEST", "271299627")},
		{"refuse; value=268503786", before, verified(403, "NO_AUTH", "268503786")},
		{"refuse; value=268560785", before, verified(400, "INVALID_REQUEST", "268560785")},
		{"refuse; value=271317510", before, verified(404, "ORDER_NOT_EXIST", "271317510")},
		{"refuse; value=SERVICE_UNAVAILABLE", before, verified(503, "SERVICE_UNAVAILABLE", "0")},
		{"refuse; value=ORDER_DONE", before, verified(400, "ORDER_DONE", "271302262")},
		{"clock-skew; delay=4m", after, offByOnly(240)},
		{"clock-skew; delay=-4m", after, offByOnly(-240)},
		{"clock-skew", before, func(t *testing.T, _ *box, r raw) {
			if r.status != 401 || !strings.Contains(r.body, "时间戳已过期") {
				t.Errorf("%d %s", r.status, r.body)
			}
		}},
		{"error-500-after, unsigned", after, func(t *testing.T, b *box, r raw) {
			if r.status != 500 || r.header.Get("Wechatpay-Signature") != "" {
				t.Errorf("%d %v", r.status, r.header)
			}
		}},
		{"truncated, reset-before, latency; delay=1ms", before, broken},
		{"rotate-certificate", after, verified(204, "", "0")},
		{"deduction; delay=1m", before, verified(400, "INVALID_REQUEST", "271316754")},
	}
	for _, kind := range sandbox.Faults() {
		if !slices.ContainsFunc(cases, func(c struct {
			fault string
			total int64
			check func(*testing.T, *box, raw)
		}) bool {
			return strings.HasPrefix(c.fault+";", kind.Name+";")
		}) {
			t.Errorf("%s is not tested", kind.Name)
		}
		if kind.Doc.EN == "" || kind.Doc.ZH == "" {
			t.Errorf("%s is not described", kind.Name)
		}
	}
	for _, c := range cases {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			b := newBoxAt(t, func() time.Time { return noon })
			b.seed(orderNo, before)
			began := time.Now()
			c.check(t, b, b.faulty(orderNo, asJSON(modification(after)), c.fault))
			if took := time.Since(began); strings.HasPrefix(c.fault, "latency") && took < 80*time.Millisecond {
				t.Errorf("took %s", took)
			}
			if got := b.total(orderNo); got != c.total {
				t.Errorf("the order is at %d fen, want %d", got, c.total)
			}
			names := ""
			for f := range strings.SplitSeq(c.fault, ",") {
				name, _, _ := strings.Cut(strings.TrimSpace(f), ";")
				names += name
			}
			e := b.WantRequests("modifyPartnerServiceOrder", 1)[0]
			if len(strings.ReplaceAll(e.Fault, ", ", "")) != len(names) {
				t.Errorf("the journal says %s", e.Fault)
			}
			// The next request meets nothing.
			b.seed("NEXT", before)
			b.ok(b.modify("NEXT", after))
		})
	}
}

func offByOnly(seconds int64) func(*testing.T, *box, raw) {
	return func(t *testing.T, b *box, r raw) {
		if got, _ := strconv.ParseInt(r.header.Get("Wechatpay-Timestamp"), 10, 64); r.status != 204 || got-noon.Unix() != seconds || b.verified(r) != nil {
			t.Errorf("%d, the timestamp is %d s off: %v", r.status, got-noon.Unix(), b.verified(r))
		}
	}
}

// A body, too, breaks off half way, and its reader finds out.
func TestTruncatedBody(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	b.Fault("truncated; operation=queryPartnerServiceOrder; count=1")
	req := b.request("GET", orders+"?sub_mchid="+subMchID+"&out_order_no="+orderNo, "")
	rsp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(rsp.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || rsp.StatusCode != 200 || len(body) == 0 || int64(len(body)) != rsp.ContentLength/2 {
		t.Errorf("%d bytes of %d: %v", len(body), rsp.ContentLength, err)
	}
	b.query(orderNo)
}

// Whoever hangs up while the sandbox waits finds the operation carried out.
func TestLatencyOutlivesTheCaller(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	b.Fault("latency; delay=1m; count=1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // hangs up once the request is there, however busy the machine
		for len(b.ActiveFaults()) > 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if err := b.client.ModifyPartnerServiceOrder(ctx, orderNo, modification(39900)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); b.total(orderNo) != 39900; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not carried out")
		}
	}
}

// A fault affects the requests that it is for, and ends.
func TestFaultsAffectWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, no := range []string{"A", "B"} {
		b.seed(no, 50000)
	}
	total := int64(50000)
	isRefused := func(no string) bool {
		total--
		err := b.modify(no, total)
		return err != nil
	}
	off := b.Fault("refuse; value=NO_AUTH; subject=" + subMchID + "/A")
	if !isRefused("A") || isRefused("B") {
		t.Error("by order")
	}
	off()
	if isRefused("A") {
		t.Error("switched off")
	}
	off = b.Fault("refuse; value=NO_AUTH; operation=cancelPartnerServiceOrder")
	if isRefused("A") || b.client.CancelPartnerServiceOrder(t.Context(), "A", cancellation("x")) == nil {
		t.Error("by operation")
	}
	off()
	b.Fault("refuse; value=NO_AUTH; count=2")
	if got := b.ActiveFaults(); len(got) != 1 || got[0].Count != 2 || got[0].ID == "" {
		t.Errorf("active: %v", got)
	}
	if !isRefused("A") || b.ActiveFaults()[0].Count != 1 || !isRefused("B") || isRefused("B") || len(b.ActiveFaults()) != 0 {
		t.Error("by count")
	}
	// A wrong signature is refused and uses none up.
	b.Fault("refuse; value=NO_AUTH; count=1")
	b.do(b.authorized(modifyTarget, "{}", func(a *auth.Authorization) { a.Nonce = "x" })).checkRefused(t, signError)
	if !isRefused("A") || isRefused("A") {
		t.Error("used up by another's request")
	}
	if b.RemoveFault("fault-99") {
		t.Error("removed what was not there")
	}
	var log []string
	for _, e := range b.Journal() {
		if e.Kind == "fault" {
			log = append(log, e.Message)
		}
	}
	if got := strings.Join(log, " "); got != "on off on off on used up on used up" {
		t.Errorf("journal: %s", got)
	}
}

// A rate is a share, and its seed makes the same choice again.
func TestFaultsAtARate(t *testing.T) {
	t.Parallel()
	rolls := size(30, 60, 60)
	run := func(seed int) (hits string) {
		b := newBox(t)
		b.Fault(fmt.Sprintf("refuse; value=NO_AUTH; rate=0.3; seed=%d", seed))
		for range rolls {
			_, err := b.client.CreatePartnerServiceOrder(t.Context(), needConfirm("R"))
			hits += map[bool]string{true: ".", false: "x"}[err == nil]
		}
		return hits
	}
	first, again, other := run(1), run(1), run(2)
	if n := strings.Count(first, "x"); n < rolls/10 || n > rolls/2 || first != again || first == other {
		t.Errorf("%d of %d\n%s\n%s\n%s", n, rolls, first, again, other)
	}
}

// Each documented refusal of an operation is there for the asking, with its
// documented status.
func TestRefuseReachesWhatTheContractDocuments(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	reached := 0
	for _, op := range every(size(4, 1, 1), operations()) {
		for status, response := range op.spec.Responses.Map() {
			media := response.Value.Content.Get("application/json")
			if media == nil || status < "400" {
				continue
			}
			for _, example := range media.Examples {
				code := example.Value.Value.(map[string]any)["code"].(string)
				req := b.request(op.method, op.target(orderNo), op.example())
				req.Header.Set(sandbox.FaultHeader, "refuse; value="+code)
				got := b.do(req)
				if got.Code != code || fmt.Sprint(got.Status) != status || got.Message == "" {
					t.Errorf("%s %s: %v", op.id, code, &got.Error)
				}
				reached++
			}
		}
	}
	if reached < size(10, 40, 40) {
		t.Errorf("%d reached", reached)
	}
}

func TestFaultsThatCannotBe(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, text := range []string{
		"", "nonsense", "reset-after; delay=1s", "reset-after; value=1", "latency; delay=61s", "latency; delay=-1s", "latency; delay=1",
		"refuse", "refuse; value=NO_SUCH_CODE", "refuse; value=1", "refuse; value=-1", "rate-limited-429; value=NO_AUTH",
		"reset-after; rate=1.5", "reset-after; rate=-0.1", "reset-after; rate=NaN", "reset-after; rate=x", "reset-after; count=-1",
		"reset-after; seed=-1", "reset-after; operation=noSuchOperation", "reset-after; subject=A", "reset-after; colour=red",
		"reset-after; count", "clock-skew; rate=0.5", "clock-skew; count=1", "clock-skew; delay=87601h", "reset-after; ;", "sign-test; value=short",
	} {
		f, err := sandbox.ParseFault(text)
		if !errors.Is(err, sandbox.ErrFault) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, %v", text, f, err)
		}
		if text == "" {
			continue
		}
		req := b.request("POST", modifyTarget, asJSON(modification(1)))
		req.Header.Set(sandbox.FaultHeader, text)
		b.do(req).checkRefused(t, wrongParam(sandbox.FaultHeader))
	}
	for _, text := range []string{"reset-after; count=1", "reset-after; rate=0.5", "reset-after; subject=/A", "reset-after; operation=modifyServiceOrder"} {
		if _, err := sandbox.ParseFault(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		req := b.request("POST", modifyTarget, asJSON(modification(1)))
		req.Header.Set(sandbox.FaultHeader, text)
		b.do(req).checkRefused(t, wrongParam(sandbox.FaultHeader))
	}
	if _, err := sandbox.Open(sandbox.WithFault(sandbox.Fault{Name: "nonsense"})); !errors.Is(err, sandbox.ErrFault) {
		t.Error(err)
	}
	box := must(sandbox.Open(sandbox.WithFault(sandbox.Fault{Name: "reset-after"})))
	if got := box.ActiveFaults(); len(got) != 1 {
		t.Errorf("%v", got)
	}
	for range 999 {
		must(box.AddFault(sandbox.Fault{Name: "unsigned"}))
	}
	if _, err := box.AddFault(sandbox.Fault{Name: "unsigned"}); !errors.Is(err, sandbox.ErrFault) {
		t.Errorf("no bound: %v", err)
	}
}

// FuzzParseFault: what it takes, it writes so that it reads the same again.
func FuzzParseFault(f *testing.F) {
	for _, kind := range sandbox.Faults() {
		f.Add(kind.Name)
		for _, v := range kind.Values {
			f.Add(kind.Name + "; value=" + v + "; operation=modifyServiceOrder; subject=/A; rate=0.25; seed=7; count=3; delay=1.5s")
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := sandbox.ParseFault(text)
		if err != nil {
			if !errors.Is(err, sandbox.ErrFault) {
				t.Error(err)
			}
			return
		}
		again, err := sandbox.ParseFault(fault.String())
		if err != nil || again != fault {
			t.Errorf("%q: %+v, then %+v: %v", text, fault, again, err)
		}
	})
}

// FuzzFaultHeader: whatever the header asks for, nothing but the connection
// breaks, the answer is whole or none, and the order is changed at most once.
func FuzzFaultHeader(f *testing.F) {
	b := newBoxAt(f, func() time.Time { return noon })
	for _, kind := range sandbox.Faults() {
		f.Add(kind.Name)
		f.Add(kind.Name + ", unsigned, truncated")
	}
	f.Add("refuse; value=NO_AUTH,refuse; value=271300099")
	f.Add(strings.Repeat("unsigned,", 2000) + "unsigned")
	b.seed(orderNo, 50000)
	gone, cancel := context.WithCancel(f.Context())
	cancel() // nothing is worth waiting for
	body := asJSON(modification(39900))
	authorization := must(b.signer().Authorization("POST", modifyTarget, noon, "593BEC0C930BF1AFEB40B4A08C8FB242", []byte(body)))
	f.Fuzz(func(t *testing.T, header string) {
		req := httptest.NewRequest("POST", modifyTarget, strings.NewReader(body)).WithContext(gone)
		req.Header = http.Header{
			"Accept": {"application/json"}, "User-Agent": {"fuzz"}, "Content-Type": {"application/json"},
			"Authorization": {authorization}, sandbox.FaultHeader: {header},
		}
		rec := httptest.NewRecorder()
		defer func() {
			if met := recover(); met != nil && met != http.ErrAbortHandler {
				t.Errorf("%q: %v", header, met)
			}
			if order, _ := entity(b, subMchID, orderNo); *order.TotalAmount != 50000 && *order.TotalAmount != 39900 {
				t.Errorf("%q: %s", header, asJSON(order))
			}
		}()
		b.ServeHTTP(rec, req)
		if rec.Code != 502 && rec.Body.Len() > 0 && !json.Valid(rec.Body.Bytes()) {
			t.Errorf("%q: %d %s", header, rec.Code, rec.Body)
		}
	})
}

// The faults with a serial also know what the certificate signed.
func TestSerialFaultsOfTheCertificate(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for fault, want := range map[string]string{
		"unknown-serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "wrong-serial": b.Credentials().Account().PublicKeyID,
	} {
		b.Fault(fault + "; count=1")
		_, header, body := b.raw("GET", "/v3/certificates", "", "")
		if got := header.Get("Wechatpay-Serial"); got != want {
			t.Errorf("%s: %s, want %s", fault, got, want)
		}
		if err := b.verified(raw{header: header, body: string(body)}); !errors.Is(err, auth.ErrUnverified) {
			t.Errorf("%s: %v", fault, err)
		}
	}
}
