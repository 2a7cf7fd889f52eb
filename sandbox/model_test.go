package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// TestModel runs random operations of a partner, of a direct merchant, of an
// acquiring institution and on overseas orders on the
// sandbox and on a model of the state machine, with requests that arrive twice,
// broken, forged or meet a fault before or after they are carried out, and with
// moves of the user, of WeChat Pay and of time. PAYSCORE_MODEL_STEPS says how many.
func TestModel(t *testing.T) {
	t.Parallel()
	steps := modelSteps(t, size(300, modelStepsToReachAll, modelStepsToReachAll))
	walks := make([]*walk, 2)
	t.Run("walks", func(t *testing.T) {
		for seed := range walks {
			t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
				t.Parallel()
				w := newWalk(t, uint64(seed))
				walks[seed] = w
				for range steps / len(walks) {
					w.step()
					if t.Failed() {
						t.Fatalf("seed %d; the steps before:\n%s", seed, strings.Join(w.trail, "\n"))
					}
				}
				w.checkSum()
				t.Logf("%d requests, %d orders, %d refused, %d fen collected; %v", w.requests, len(w.orders), w.refused, w.collected, w.reached)
			})
		}
	})
	if steps >= modelStepsToReachAll {
		checkReached(t, walks)
	}
}

// modelStepsToReachAll are enough for each outcome and move to have its turn.
const modelStepsToReachAll = 4000

// modelSteps is the number of steps, or what PAYSCORE_MODEL_STEPS says.
func modelSteps(t *testing.T, steps int) int {
	if s := os.Getenv("PAYSCORE_MODEL_STEPS"); s != "" {
		var err error
		if steps, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	return steps
}

// The model knows the table of states and transitions of WeChat Pay's pages
// (need-confirm and no-confirm editions), and nothing of the contract. It keeps
// out of what the pages leave open, such as a modification to 0.
type modelOrder struct {
	state, description, collection string
	total, paid                    int64
	hasTotal                       bool
	created                        string // body, for the same-number rule
	completed                      string // body, for the same rule of a completion
	cancelReason                   string
	orderID                        string
	since                          time.Duration // when it was created, by the model's clock
	deposit                        bool
	deduction                      *modelDeduction // in progress
	bank                           bool            // of an acquiring institution
	registered                     string          // numbers of its deductions, with a comma before each
}

type modelDeduction struct {
	until time.Duration
	fails bool
}

const (
	modelConfirmWithin = 30 * 24 * time.Hour // of an order that waits for its user
	modelServiceCap    = 1_000_000           // risk cap of the service, in fen
	modelDeposit       = 60_000              // risk fund of orders in the deposit-free mode
)

// transition applies an operation to the model, and returns whether it is
// accepted.
type transition func(o *modelOrder) bool

func (o *modelOrder) is(state, description, collection string) bool {
	return o.state == state && o.description == description && o.collection == collection
}

func (o *modelOrder) setStage(state, description, collection string) {
	o.state, o.description, o.collection = state, description, collection
}

func (o *modelOrder) paying() bool { return o.is("DOING", "MCH_COMPLETE", "USER_PAYING") }

func (o *modelOrder) confirm() bool {
	if o.state != "CREATED" {
		return false
	}
	o.setStage("DOING", "USER_CONFIRM", "")
	return true
}

func (o *modelOrder) confirmWithDeposit() bool {
	if !strings.Contains(o.created, "DEPOSIT") || !o.confirm() {
		return false
	}
	o.deposit = true
	return true
}

func (o *modelOrder) expire() bool {
	if o.state != "CREATED" {
		return false
	}
	o.setStage("EXPIRED", "", "")
	return true
}

// settle is what time does.
func (o *modelOrder) settle(now time.Duration) {
	if o.state == "CREATED" && now-o.since >= modelConfirmWithin {
		o.setStage("EXPIRED", "", "")
	}
	if d := o.deduction; d != nil && now >= d.until {
		o.deduction = nil
		if !d.fails {
			o.collect()
		}
	}
}

func (o *modelOrder) startDeduction(until time.Duration, fails bool) bool {
	if !o.paying() || o.deduction != nil || o.bank {
		return false
	}
	o.deduction = &modelDeduction{until, fails}
	return true
}

// modelRegistered is how long a registered deduction is in force.
const modelRegistered = 24 * time.Hour

// register registers a deduction of an acquiring institution's order. A number
// that is in force may be repeated; one that is not must be new.
func (o *modelOrder) register(number string, now time.Duration) bool {
	switch {
	case !o.paying():
		return false
	case o.deduction != nil:
		return strings.HasSuffix(o.registered, ","+number)
	case strings.Contains(o.registered+",", ","+number+","):
		return false
	}
	o.registered += "," + number
	o.deduction = &modelDeduction{now + modelRegistered, true}
	return true
}

// deduct is by WeChat Pay, which may be at it already. For an acquiring
// institution it is by the clearing house, once it is registered.
func (o *modelOrder) deduct() bool {
	if o.bank && o.deduction == nil {
		return false
	}
	o.deduction = nil
	return o.collect()
}

func (o *modelOrder) deductionFails() bool {
	if o.bank && o.deduction == nil {
		return false
	}
	o.deduction = nil
	return o.paying()
}

func (o *modelOrder) cancel(reason string) bool {
	if o.state == "REVOKED" {
		return o.cancelReason == reason // a repeat
	}
	if o.deduction != nil || o.state != "CREATED" && o.state != "DOING" {
		return false
	}
	o.setStage("REVOKED", "", "")
	o.cancelReason = reason
	return true
}

// modelBill is what complete and modify ask for.
type modelBill struct {
	payments, discounts []int64
	total               int64
	sameName            bool
}

func (b modelBill) fits(o *modelOrder) bool {
	sum := int64(0)
	for _, p := range b.payments {
		sum += p
	}
	for _, d := range b.discounts {
		sum -= d
	}
	limit := int64(modelServiceCap)
	if strings.Contains(o.created, "DEPOSIT") {
		limit = modelDeposit
	}
	return sum == b.total && b.total >= 0 && b.total <= limit && !(b.sameName && len(b.payments) > 1)
}

func (o *modelOrder) complete(body string, b modelBill) bool {
	if o.paying() && o.deduction == nil && o.completed == body {
		return true // a repeat, which the model takes as the contract does: no page tells
	}
	if !o.is("DOING", "USER_CONFIRM", "") || !b.fits(o) {
		return false
	}
	o.total, o.hasTotal, o.completed = b.total, true, body
	if b.total == 0 {
		o.setStage("DONE", "", "")
	} else {
		o.setStage("DOING", "MCH_COMPLETE", "USER_PAYING")
	}
	return true
}

func (o *modelOrder) modify(b modelBill) bool {
	if !o.paying() || o.deduction != nil || o.deposit || !b.fits(o) || b.total >= o.total {
		return false
	}
	o.total = b.total
	return true
}

func (o *modelOrder) collect() bool {
	if !o.paying() || o.deduction != nil {
		return false
	}
	o.paid = o.total
	o.setStage("DONE", "", "USER_PAID")
	return true
}

// walk is one random sequence.
type walk struct {
	t         *testing.T
	box       *sandbox.Server
	signer    *auth.Signer
	verifier  *auth.Verifier
	dice      *rand.Rand
	orders    map[string]*modelOrder
	numbers   []string
	elapsed   time.Duration // that the time of the orders was moved on by
	collected int64         // by what the model says of answers and moves
	requests  int
	refused   int
	reached   map[string]int
	trail     []string
}

func newWalk(t *testing.T, seed uint64) *walk {
	box := sandbox.New(t)
	return &walk{t: t, box: box, signer: box.Signer(), verifier: box.Verifier(), dice: rand.New(rand.NewPCG(seed, 20)),
		orders: map[string]*modelOrder{}, reached: map[string]int{}}
}

func (w *walk) chance(percent int) bool { return w.dice.IntN(100) < percent }

func (w *walk) note(format string, args ...any) {
	if len(w.trail) == 40 {
		w.trail = w.trail[1:]
	}
	w.trail = append(w.trail, fmt.Sprintf(format, args...))
}

// number is one of the newest orders, or of none. It tells whose the order is.
func (w *walk) number() string {
	if len(w.numbers) == 0 || w.chance(3) {
		return w.side() + "_unknown"
	}
	return w.numbers[max(0, len(w.numbers)-1-w.dice.IntN(12))]
}

func (w *walk) bill(o *modelOrder) (b modelBill, payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon) {
	most := int64(80_000)
	if o != nil && o.paying() && w.chance(80) {
		most = o.total + 1
	}
	b.sameName = w.chance(4)
	for i := range 1 + w.dice.IntN(3) {
		amount, name := w.dice.Int64N(most)+1, fmt.Sprintf("付费项目%d", i)
		if b.sameName {
			name = "付费项目"
		}
		b.payments = append(b.payments, amount)
		payments = append(payments, payscore.Payment{Name: new(name), Amount: &amount})
		b.total += amount
	}
	if o != nil && o.paying() && w.chance(10) { // the amount that it has already
		b.total = o.total
		b.payments, payments = []int64{b.total}, []payscore.Payment{{Name: new("付费项目"), Amount: new(b.total)}}
		return b, payments, nil
	}
	if w.chance(30) {
		amount := b.total
		if w.chance(80) {
			amount = w.dice.Int64N(b.total) + 1
		}
		b.discounts = append(b.discounts, amount)
		discounts = append(discounts, payscore.ServiceOrderCoupon{Name: new("满减"), Description: new("不与其他优惠叠加"), Amount: &amount})
		b.total -= amount
	}
	if w.chance(6) {
		b.total += w.dice.Int64N(3) + 1
	}
	return b, payments, discounts
}

// sideOf tells whose order has a number.
func sideOf(no string) side {
	d, _, _ := strings.Cut(no, "_")
	return side(d)
}

// side is one of the four, as the first part of a number.
func (w *walk) side() string { return string(allSides[w.dice.IntN(len(allSides))]) }

// advance moves the time on, which may end what every order waits for.
func (w *walk) advance() {
	d := []time.Duration{20 * time.Minute, time.Hour, modelRegistered - 30*time.Minute, modelRegistered, modelConfirmWithin}[w.dice.IntN(5)]
	w.note("advance by %s", d)
	w.box.Advance(d)
	w.elapsed += d
	for _, o := range w.orders {
		before := o.paid
		o.settle(w.elapsed)
		w.collected += o.paid - before
	}
}

// step does one random thing to both sides.
func (w *walk) step() {
	no := w.number()
	o := w.orders[no]
	if o != nil && w.chance(1) {
		w.advance()
	}
	switch w.dice.IntN(10) {
	case 0:
		w.create()
	case 1, 2:
		w.move(no, o)
	case 3:
		if w.chance(70) { // else too few come far
			return
		}
		reason := []string{"用户投诉", "不想要了"}[w.dice.IntN(2)]
		w.post(no, "cancel", cancellation(reason), func(o *modelOrder) bool { return o.cancel(reason) })
	case 4, 5:
		b, payments, discounts := w.bill(o)
		body := completion(0)
		body.PostPayments, body.PostDiscounts, body.TotalAmount = payments, discounts, b.total
		w.post(no, "complete", body, func(o *modelOrder) bool { return o.complete(sideOf(no).body(body), b) })
	case 6, 7:
		b, payments, discounts := w.bill(o)
		if b.total == 0 || sideOf(no) == overseas { // which has no modification
			return
		}
		body := modification(0)
		body.PostPayments, body.PostDiscounts, body.TotalAmount = payments, discounts, b.total
		w.post(no, "modify", body, func(o *modelOrder) bool { return o.modify(b) })
	case 8:
		switch d := sideOf(no); {
		case d == bank && w.chance(80):
			number := w.outTradeNo(no)
			w.post(no, "registerdeductinfo", registration(number), func(o *modelOrder) bool { return o.register(number, w.elapsed) })
		case w.chance(50) && (d == partner || d == direct):
			w.post(no, "pay", payment(), (*modelOrder).collect)
		default:
			w.post(no, "sync", paidElsewhere("20250601121010"), (*modelOrder).collect)
		}
	case 9:
		w.query(no)
	}
	w.compare(no)
}

// outTradeNo is one of few, so that some come again.
func (w *walk) outTradeNo(no string) string { return fmt.Sprintf("%s_T%d", no, w.dice.IntN(3)) }

// modelDeducts is how long a deduction takes. What the test itself takes is less.
const modelDeducts = time.Hour

// move is what the user or WeChat Pay does.
func (w *walk) move(no string, o *modelOrder) {
	until, fails := w.elapsed+modelDeducts, w.chance(50)
	moves := []struct {
		name string
		do   func(*modelOrder) bool
	}{
		{"confirm", (*modelOrder).confirm}, {"confirm", (*modelOrder).confirm},
		{"confirm_with_deposit", (*modelOrder).confirmWithDeposit},
		{"expire", (*modelOrder).expire},
		{"start_deduction", func(o *modelOrder) bool { return o.startDeduction(until, fails) }},
		{"deduct", (*modelOrder).deduct},
		{"deduction_fails", (*modelOrder).deductionFails},
		{"user_pays", (*modelOrder).collect},
	}
	m := moves[w.dice.IntN(len(moves))]
	for o != nil && w.chance(70) { // one that is possible, else too few are
		if tried := *o; m.do(&tried) {
			break
		}
		m = moves[w.dice.IntN(len(moves))]
	}
	accepted := false
	if o != nil {
		before := o.paid
		accepted = m.do(o)
		w.collected += o.paid - before
	}
	w.note("%s of %s: %t", m.name, no, accepted)
	err := w.box.Move(m.name, sandbox.MoveArgs{
		Family: sideOf(no).family(), SubMchID: sideOf(no).subMchID(), OutOrderNo: no, Duration: modelDeducts, Fails: fails})
	if (err == nil) != accepted {
		w.t.Errorf("%s of %s: %v, the model says %t", m.name, no, err, accepted)
	}
	if accepted {
		w.reached[m.name]++
	}
}

func (w *walk) create() {
	no := fmt.Sprintf("%s_%d", w.side(), len(w.numbers))
	if len(w.numbers) > 0 && w.chance(20) {
		no = w.number()
	}
	body := noConfirm(no)
	if w.chance(50) {
		body = needConfirm(no)
	}
	if w.chance(30) {
		body.RiskFund = payscore.RiskFund{Name: payscore.RiskFundNameDeposit, Amount: modelDeposit}
	}
	created := sideOf(no).body(body)
	w.sendBoth(no, "", created, func(m *modelOrder) bool {
		if m.created != "" {
			return m.created == created // the same request once more
		}
		m.created, m.since, m.bank = created, w.elapsed, sideOf(no) == bank
		m.setStage("CREATED", "", "")
		if body.NeedUserConfirm != nil {
			m.setStage("DOING", "USER_CONFIRM", "")
		}
		w.numbers = append(w.numbers, no)
		return true
	})
}

func (w *walk) post(no, op string, body any, apply transition) {
	w.sendBoth(no, op, sideOf(no).body(body), apply)
}

// modelFaults are what may become of a request on its way, and whether the
// operation is carried out all the same.
var modelFaults = []struct {
	name       string
	carriedOut bool
}{
	{"reset-before", false}, {"bad-gateway-502-before", false}, {"error-500-before", false}, {"accepted-202", false}, {"rate-limited-429", false},
	{"reset-after", true}, {"bad-gateway-502-after", true}, {"error-500-after", true}, {"truncated", true}, {"bad-signature", true},
}

// sendBoth sends a request that may arrive twice, broken or forged, or meet a
// fault, and applies it to the model as often as it is carried out. op is ""
// for a new order.
func (w *walk) sendBoth(no, op, body string, apply transition) {
	path := sideOf(no).at(no, op)
	times := 1
	switch w.dice.IntN(20) {
	case 0: // the answer is lost, and the client repeats
		times = 2
	case 1:
		w.note("%s %s with a forged signature", no, path)
		w.expect(w.serve("POST", path, body, func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), `signature="`, `signature="AAAA`, 1))
		}), 401)
		return
	case 2:
		w.note("%s %s cut off", no, path)
		w.expect(w.serve("POST", path, body[:len(body)-1-w.dice.IntN(len(body)/2)], nil), 400)
		return
	case 3:
		w.note("%s %s changed on the way", no, path)
		w.expect(w.serve("POST", path, body, func(r *http.Request) {
			r.Body = http.NoBody
		}), 401)
		return
	case 4:
		w.note("%s %s for another's order", no, path)
		if other := allSides[w.dice.IntN(len(allSides))]; other != sideOf(no) {
			w.expect(w.serve("POST", other.at(no, "cancel"), other.body(cancellation("x")), nil), 404)
			return
		}
		switch {
		case op == "":
		case sideOf(no) == direct && w.orders[no] != nil:
			w.expect(w.serve("POST", path, strings.Replace(body, appID, "wx0", 1), nil), 400)
		default:
			w.expect(w.serve("POST", path, strings.Replace(body, subMchID, "1900000999", 1), nil), 404)
		}
		return
	case 5, 6:
		fault := modelFaults[w.dice.IntN(len(modelFaults))]
		w.note("%s %s %s meets %s", no, path, body, fault.name)
		w.lose(path, body, fault.name)
		w.reached[fault.name]++
		if fault.carriedOut {
			w.apply(no, op, apply)
		}
		return
	}
	for range times {
		if w.orders[no] == nil && op != "" {
			w.expect(w.serve("POST", path, body, nil), 404)
			continue
		}
		accepted := w.apply(no, op, apply)
		w.note("%s %s %s: %t", no, path, body, accepted)
		rec := w.serve("POST", path, body, nil)
		o := w.orders[no]
		switch {
		case !accepted:
			w.refused++
			w.expect(rec, 400)
		case op == "":
			w.expect(rec, 200)
			w.expectOrderID(o, rec)
		case sideOf(no) == direct:
			w.expect(rec, 200)
			w.expectOrderID(o, rec)
			w.reached["direct "+op]++
		case op == "registerdeductinfo":
			w.expect(rec, 200)
			w.reached["bank "+op]++
		default:
			w.expect(rec, 204)
			w.reached[string(sideOf(no))+" "+op]++
		}
	}
}

// apply applies an operation to the model.
func (w *walk) apply(no, op string, apply transition) (accepted bool) {
	o := w.orders[no]
	switch {
	case o == nil && op != "":
		return false
	case o == nil:
		o = &modelOrder{}
	}
	before := o.paid
	accepted = apply(o)
	w.orders[no] = o
	w.collected += o.paid - before
	return accepted
}

// expectOrderID holds an answer's order_id against the first one.
func (w *walk) expectOrderID(o *modelOrder, rec *httptest.ResponseRecorder) {
	var answer struct {
		OrderID string `json:"order_id"`
	}
	_ = json.Unmarshal(rec.Body.Bytes(), &answer)
	if o.orderID == "" {
		o.orderID = answer.OrderID
	}
	if answer.OrderID != o.orderID || answer.OrderID == "" {
		w.t.Errorf("order_id %q, want %q", answer.OrderID, o.orderID)
	}
}

// lose sends a request whose answer nobody gets.
func (w *walk) lose(path, body, fault string) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	w.requests++
	req := w.request("POST", path, body)
	req.Header.Set(sandbox.FaultHeader, fault)
	w.box.Sandbox.ServeHTTP(httptest.NewRecorder(), req)
}

func (w *walk) query(no string) {
	w.note("query %s", no)
	whose := map[side]string{
		partner: "sub_mchid=" + subMchID, direct: "appid=" + appID + "&service_id=" + serviceID,
		bank: "channel_id=" + channelID + "&sub_mchid=" + subMchID + "&service_id=" + serviceID, overseas: "sub_mchid=" + subMchID + "&service_id=" + serviceID,
	}[sideOf(no)]
	rec := w.serve("GET", sideOf(no).at("", "")+"?"+whose+"&out_order_no="+no, "", nil)
	if w.orders[no] == nil {
		w.expect(rec, 404)
		return
	}
	w.expect(rec, 200)
	var o payscore.ServiceOrderEntity
	if err := json.Unmarshal(rec.Body.Bytes(), &o); err != nil {
		w.t.Error(err)
	}
	w.same(no, o)
}

// serve gives a signed request to the handler and checks the signature of the
// answer. change is what happens to it on the way.
func (w *walk) serve(method, target, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	req := w.request(method, target, body)
	if change != nil {
		change(req)
	}
	rec := httptest.NewRecorder()
	w.box.Sandbox.ServeHTTP(rec, req)
	w.requests++
	if rec.Code != http.StatusUnauthorized {
		if err := w.verifier.Verify(rec.Header(), rec.Body.Bytes()); err != nil {
			w.t.Error(err)
		}
	}
	return rec
}

func (w *walk) request(method, target, body string) *http.Request {
	req := httptest.NewRequestWithContext(w.t.Context(), method, target, bytes.NewReader([]byte(body)))
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "model")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if err := w.signer.Sign(w.t.Context(), req); err != nil {
		w.t.Fatal(err)
	}
	return req
}

func (w *walk) expect(rec *httptest.ResponseRecorder, status int) {
	if rec.Code != status {
		w.t.Errorf("answered %d %s, the model says %d", rec.Code, rec.Body, status)
	}
	w.reached[strconv.Itoa(status)]++
}

// compare looks at an order past the API.
func (w *walk) compare(no string) {
	o, there := sideOf(no).entity(w.box, no)
	if there != (w.orders[no] != nil) {
		w.t.Errorf("%s is there: %t", no, there)
	}
	if there {
		w.same(no, o)
	}
}

func (w *walk) same(no string, o payscore.ServiceOrderEntity) {
	m := w.orders[no]
	if m.orderID == "" { // the answer that told it was lost
		m.orderID = *o.OrderID
	}
	got := modelOrder{state: string(o.State), orderID: *o.OrderID}
	if o.StateDescription != nil {
		got.description = string(*o.StateDescription)
	}
	if o.TotalAmount != nil {
		got.total, got.hasTotal = *o.TotalAmount, true
	}
	if c := o.Collection; c != nil {
		got.collection = string(c.State)
		got.paid = *c.PaidAmount
		if *c.TotalAmount != got.total || *c.PayingAmount+*c.PaidAmount != got.total {
			w.t.Errorf("%s: the collection does not add up: %s", no, asJSON(o))
		}
	}
	want := *m
	want.created, want.completed, want.cancelReason, want.since, want.deposit, want.deduction = "", "", "", 0, false, nil
	want.bank, want.registered = false, ""
	if got != want {
		w.t.Errorf("%s is %+v, the model says %+v", no, got, want)
	}
	w.reached[strings.Join(slices.DeleteFunc([]string{got.state, got.description, got.collection}, func(s string) bool { return s == "" }), "/")]++
}

// checkSum holds the money that was collected against what answers and moves
// said.
func (w *walk) checkSum() {
	var sum int64
	for no := range w.orders {
		o, _ := sideOf(no).entity(w.box, no)
		if o.Collection != nil {
			sum += *o.Collection.PaidAmount
		}
	}
	if sum != w.collected || sum == 0 {
		w.t.Errorf("%d fen were collected, the answers and moves said %d", sum, w.collected)
	}
}

// checkReached fails for what none of the walks reached.
func checkReached(t *testing.T, walks []*walk) {
	want := []string{"CREATED", "DOING/USER_CONFIRM", "DOING/MCH_COMPLETE/USER_PAYING", "DONE", "DONE/USER_PAID", "REVOKED", "EXPIRED", "200", "204", "400", "401", "404",
		"confirm", "confirm_with_deposit", "expire", "start_deduction", "deduct", "deduction_fails", "user_pays"}
	for _, f := range modelFaults {
		want = append(want, f.name)
	}
	for _, op := range []string{"cancel", "complete", "modify", "pay", "sync"} {
		want = append(want, "partner "+op, "direct "+op)
	}
	want = append(want, "bank cancel", "bank complete", "bank modify", "bank sync", "bank registerdeductinfo",
		"overseas cancel", "overseas complete", "overseas sync")
	for _, state := range want {
		if !slices.ContainsFunc(walks, func(w *walk) bool { return w.reached[state] > 0 }) {
			t.Errorf("no step reached %s", state)
		}
	}
}
