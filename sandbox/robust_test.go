package sandbox_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/payscore"
)

func TestBodiesThatAreNoJSON(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	good := asJSON(modification(1))
	for name, body := range map[string]string{
		"empty":            "",
		"blank":            " ",
		"text":             "hello",
		"cut off":          good[:len(good)-1],
		"two values":       good + good,
		"something behind": good + "x",
		"trailing comma":   strings.Replace(good, "}", ",}", 1),
		"single quotes":    strings.ReplaceAll(good, `"`, "'"),
		"form":             "sub_mchid=" + subMchID,
		"null":             "null",
		"array":            "[" + good + "]",
		"number":           "1",
		"deep arrays":      strings.Repeat("[", 400_000),
		"deep objects":     strings.Repeat(`{"a":`, 150_000),
		"deep and closed":  strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
		"over the limit":   padded(1<<20 + 1),
	} {
		t.Run(name, func(t *testing.T) {
			req := b.request("POST", modifyTarget, body)
			req.Header.Set("Content-Type", "application/json")
			got := b.do(req)
			got.checkRefused(t, wrongParam(""))
			if placeOf(got.Detail).Location != "body" {
				t.Errorf("detail %s", got.Detail)
			}
		})
	}
	for name, contentType := range map[string]string{"none": "", "form": "application/x-www-form-urlencoded", "text": "text/plain", "malformed": ";;"} {
		req := b.request("POST", modifyTarget, good)
		req.Header.Set("Content-Type", contentType)
		t.Log(name)
		b.do(req).checkRefused(t, wrongParam(""))
	}
	if b.total(orderNo) != 50000 {
		t.Error("refused, but modified")
	}
	req := b.request("POST", modifyTarget, good)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if got := b.do(req); got.Status != 204 {
		t.Error(&got.Error)
	}
}

func TestUnknownMembersAreIgnored(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	body := strings.Replace(asJSON(modification(39900)), "{", `{"new":{"nested":[1.5,null,{"a":1e99}]},"deep":`+strings.Repeat("[", 9000)+strings.Repeat("]", 9000)+",", 1)
	if got := b.send("POST", modifyTarget, body); got.Status != 204 {
		t.Error(&got.Error)
	}
}

// A large body is refused before all of it is read, and the connection is not
// left in disorder.
func TestTenMegabytes(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	rec := httptest.NewRecorder()
	req := b.request("POST", modifyTarget, padded(10<<20))
	req.RequestURI = modifyTarget
	b.ServeHTTP(rec, req)
	if err := b.check(req, rec.Code, rec.Header(), rec.Body.Bytes()); err != nil || rec.Code != 400 {
		t.Errorf("%d: %v", rec.Code, err)
	}
	// The server may close the connection while the client still writes.
	if rsp, err := b.RoundTrip(b.request("POST", modifyTarget, padded(10<<20))); err == nil && rsp.StatusCode != 400 {
		t.Errorf("status %d", rsp.StatusCode)
	}
	if b.total(orderNo) != 50000 {
		t.Error("refused, but modified")
	}
	if got := b.send("POST", modifyTarget, padded(1<<20)); got.Status != 204 {
		t.Errorf("a body at the limit: %v", &got.Error)
	}
}

// padded is a good modification of so many bytes.
func padded(bytes int) string {
	body := asJSON(modification(39900))
	return body[:len(body)-1] + `,"new":"` + strings.Repeat("x", bytes-len(body)-len(`,"new":""`)) + `"}`
}

// What the contract checks is what the operation gets: not the first of two
// members of one name, not a mixture of both, and no name in other case.
func TestMembersThatSlipThrough(t *testing.T) {
	b := newBox(t)
	long := strings.Repeat("长", 51)
	for i, c := range []struct{ old, with string }{
		{`"total_amount":39900`, `"total_amount":-5,"total_amount":39900`},
		{`"total_amount":39900`, `"total_amount":39900,"total_amount":-5`},
		{`"total_amount":39900`, `"total_amount":39900,"Total_Amount":-5`},
		{`"total_amount":39900`, `"TOTAL_AMOUNT":-5,"total_amount":39900`},
		{`"reason":"用户投诉"`, `"reason":"用户投诉","Reason":"` + long + `"`},
		{`"post_payments":[`, `"Post_Discounts":[{"amount":-5}],"post_payments":[`},
		{`"post_payments":[`, `"post_payments":[{"name":"就餐费用","amount":39900,"description":"旧"}],"post_payments":[`},
		{`"amount":39900,`, `"amount":39900,"AMOUNT":-5,`},
		{`"name":"就餐费用"`, `"name":"就餐费用","Name":"` + long + `"`},
		{`"sub_mchid"`, `"Service_ID":"500001","sub_mchid"`},
	} {
		no := fmt.Sprint("slip", i)
		b.seed(no, 50000)
		body := asJSON(modification(39900))
		twisted := strings.Replace(body, c.old, c.with, 1)
		if twisted == body {
			t.Fatalf("%s is not in %s", c.old, body)
		}
		got := b.send("POST", orders+"/"+no+"/modify", twisted)
		order := b.query(no) // held against the contract
		switch got.Status {
		case 204:
			if *order.TotalAmount != 39900 || order.PostDiscounts != nil || asJSON(order.PostPayments) != asJSON(modification(39900).PostPayments) {
				t.Errorf("%s: the order is now %s", c.with, asJSON(order))
			}
		default:
			got.checkRefused(t, wrongParam(""))
			if *order.TotalAmount != 50000 {
				t.Errorf("%s: refused, but the order is now %s", c.with, asJSON(order))
			}
		}
	}
}

func TestUnknownRoutes(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	body := asJSON(modification(1))
	for _, c := range []struct{ method, target, body string }{
		{"GET", "/", ""},
		{"GET", "/v3/certificate", ""},
		{"GET", "/v3/payscore/user-service-state?out_order_no=" + orderNo, ""},
		{"GET", modifyTarget, ""},
		{"PUT", modifyTarget, body},
		{"DELETE", modifyTarget, ""},
		{"PATCH", orders, body},
		{"OPTIONS", orders, ""},
		{"HEAD", orders + "?sub_mchid=" + subMchID + "&out_order_no=" + orderNo, ""},
		{"HEAD", "/", ""},
		{"POST", modifyTarget + "/", body},
		{"POST", orders + "/", body},
		{"GET", orders + "/?sub_mchid=" + subMchID + "&out_order_no=" + orderNo, ""},
		{"POST", orders + "//modify", body},
		{"POST", orders + "/" + orderNo + "//modify", body},
		{"POST", "//v3/payscore/partner/serviceorder/" + orderNo + "/modify", body},
		{"POST", orders + "/x/../" + orderNo + "/modify", body},
		{"POST", orders + "/./" + orderNo + "/modify", body},
		{"POST", orders + "/%2E%2E/modify", body},
		{"POST", orders + "/x%2F..%2F" + orderNo + "/modify", body},
		{"POST", strings.ToUpper(modifyTarget), body},
		{"POST", orders + "/" + orderNo + "/refund", body},
		{"FOO", modifyTarget, body},
	} {
		req := b.request(c.method, c.target, c.body)
		if req.URL.RequestURI() != c.target {
			t.Fatalf("sent %s, want %s", req.URL.RequestURI(), c.target)
		}
		got := b.do(req)
		if c.method == "HEAD" {
			if got.Status != 404 || got.Body != "" {
				t.Errorf("%s: %v", c.target, &got.Error)
			}
			continue
		}
		t.Log(c.method, c.target)
		got.checkRefused(t, noRoute)
	}
	if b.total(orderNo) != 50000 {
		t.Error("the order was modified")
	}
	// Who may call is asked before what there is.
	req := b.unsigned("GET", "/v3/certificates", "")
	req.Header.Set("User-Agent", "test")
	b.do(req).checkRefused(t, signError)
}

// Of modifications that race, those pass that come in falling order, and the
// order ends at the lowest of them.
func TestModificationsRace(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	const calls = 60
	var (
		callers sync.WaitGroup
		mu      sync.Mutex
		passed  = map[int64]bool{}
	)
	for i := range calls {
		total := int64(1000 * (1 + i%(calls/2))) // each amount twice
		callers.Go(func() {
			err := b.modify(orderNo, total)
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				if passed[total] {
					t.Errorf("%d passed twice", total)
				}
				passed[total] = true
				return
			}
			checkRefused(t, err, wrongParam("/total_amount"))
		})
	}
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		for last := int64(50000); ; {
			select {
			case <-done:
				return
			default:
			}
			order, _ := entity(b, subMchID, orderNo)
			if *order.TotalAmount > last || *order.Collection.TotalAmount != *order.TotalAmount || *order.PostPayments[0].Amount != *order.TotalAmount {
				t.Errorf("after %d the order is %s", last, asJSON(order))
			}
			last = *order.TotalAmount
		}
	})
	callers.Wait()
	close(done)
	watcher.Wait()
	lowest := int64(50000)
	for total := range passed {
		lowest = min(lowest, total)
	}
	if lowest != 1000 || b.total(orderNo) != lowest {
		t.Errorf("the lowest that passed is %d, the order is at %d", lowest, b.total(orderNo))
	}
}

// One of many that pay, cancel and sync at once wins, and one that creates.
func TestFinalOperationsRace(t *testing.T) {
	b := newBox(t)
	ctx := t.Context()
	for round := range 8 {
		no := fmt.Sprint("race", round)
		var callers sync.WaitGroup
		won := make(chan string, 100)
		answers := make(chan string, 100)
		for range 4 {
			callers.Go(func() {
				if answer, err := b.client.CreatePartnerServiceOrder(ctx, needConfirm("new"+no)); err == nil {
					answers <- asJSON(answer)
				}
			})
		}
		b.seed(no, 50000)
		for name, call := range map[string]func() error{
			"pay":    func() error { return b.client.PayPartnerServiceOrder(ctx, no, payment()) },
			"sync":   func() error { return b.client.SyncPartnerServiceOrder(ctx, no, paidElsewhere("20091225")) },
			"cancel": func() error { return b.client.CancelPartnerServiceOrder(ctx, no, cancellation("用户投诉")) },
		} {
			callers.Go(func() {
				err := call()
				if err == nil {
					won <- name
				} else if _, refused := errors.AsType[*apierror.Error](err); !refused {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		close(won)
		close(answers)
		var winners []string
		for name := range won {
			winners = append(winners, name)
		}
		if len(winners) != 1 {
			t.Errorf("%v all won", winners)
		}
		same := map[string]bool{}
		for a := range answers {
			same[a] = true
		}
		if len(same) != 1 {
			t.Errorf("creating at once gave %d answers", len(same))
		}
	}
}

// What a caller gets from the sandbox is its own.
func TestOrderIsACopy(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	order, _ := entity(b, subMchID, orderNo)
	*order.TotalAmount, order.PostPayments[0].Name, order.Collection.State = 1, new("changed"), payscore.CollectionStateUserPaid
	if again, _ := entity(b, subMchID, orderNo); stageOf(t, again) != "USER_PAYING" || *again.TotalAmount != 50000 || *again.PostPayments[0].Name == "changed" {
		t.Errorf("changed to %s", asJSON(again))
	}
}

// FuzzServeHTTP sends what is validly signed and else arbitrary. Whatever it
// is, the answer is one of the contract and signed.
func FuzzServeHTTP(f *testing.F) {
	b := newBoxAt(f, func() time.Time { return noon })
	random := rand.New(rand.NewPCG(1, 2))
	for _, op := range every(size(3, 1, 1), operations()) {
		for _, body := range op.examples {
			f.Add(op.method, op.target("A%7CB"), body)
			cut := random.IntN(len(body))
			f.Add(op.method, op.target("A%7CB"), body[:cut]+body[cut+1:])
		}
		f.Add(op.method, op.target("A%7CB"), "")
	}
	f.Add("POST", modifyTarget, printed)
	f.Add("POST", orders+"//modify", "{}")
	f.Add("HEAD", orders+"?sub_mchid=1", "")
	f.Add("GET", orders+"?sub_mchid=%zz;a&&=", "")
	f.Add("CONNECT", "/", "")
	f.Add("OPTIONS", "*", "")
	f.Add("POST", modifyTarget, `{"total_amount":1e999,"a":`+strings.Repeat("[", 100))
	if _, err := b.Seed("A|B", 1_000_000); err != nil {
		f.Fatal(err)
	}
	signer := b.signer()
	f.Fuzz(func(t *testing.T, method, target, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return // net/http answers
		}
		authorization, err := signer.Authorization(method, target, noon, "593BEC0C930BF1AFEB40B4A08C8FB242", []byte(body))
		if err != nil {
			return // nothing that can be signed
		}
		req := httptest.NewRequest("POST", "/", strings.NewReader(body)).WithContext(t.Context())
		req.Method, req.URL, req.RequestURI = method, u, target
		req.Header = http.Header{
			"Accept": {"application/json"}, "User-Agent": {"fuzz"}, "Content-Type": {"application/json"}, "Authorization": {authorization},
		}
		rec := httptest.NewRecorder()
		b.ServeHTTP(rec, req)
		if err := b.check(req, rec.Code, rec.Header(), rec.Body.Bytes()); err != nil {
			t.Errorf("%s %s: %v\n%s", method, target, err, rec.Body)
		}
		if rec.Code == http.StatusUnauthorized || rec.Code >= 500 {
			t.Errorf("%s %q %q: %d %s", method, target, body, rec.Code, rec.Body)
		}
	})
}
