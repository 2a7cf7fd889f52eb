package sandbox_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// TestModelOfTheRules runs random operations and moves on the rules alone, with
// neither HTTP nor a store, and on the model of [TestModel]. Each is run twice:
// what it is given stays as it was, and the same command comes to the same.
func TestModelOfTheRules(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			w := &rulesWalk{
				walk:    &walk{t: t, dice: rand.New(rand.NewPCG(seed, 21)), orders: map[string]*modelOrder{}, reached: map[string]int{}},
				records: map[string]rules.Order{}, now: noon,
			}
			for range modelSteps(t, 5000) {
				w.step()
				if t.Failed() {
					t.Fatalf("seed %d; the steps before:\n%s", seed, strings.Join(w.trail, "\n"))
				}
			}
			for _, want := range []string{"CREATED", "DOING/USER_CONFIRM", "DOING/MCH_COMPLETE/USER_PAYING", "DONE", "DONE/USER_PAID", "REVOKED", "EXPIRED",
				"create", "again", "cancel", "complete", "modify", "pay", "sync", "register", "confirm", "confirm_with_deposit", "expire", "start_deduction", "deduct",
				"deduction_fails", "user_pays", "refused", "settle expire", "settle deduct", "settle deduction_fails"} {
				if w.reached[want] == 0 {
					t.Errorf("no step reached %s", want)
				}
			}
			t.Logf("%d orders; %v", len(w.orders), w.reached)
		})
	}
}

// rulesWalk is a walk of which the records are kept by the test.
type rulesWalk struct {
	*walk
	records map[string]rules.Order
	now     time.Time
	made    int64 // numbers
}

func (w *rulesWalk) terms() rules.Terms {
	return rules.Terms{Now: w.now, MchID: "1230000109", RiskCap: modelServiceCap, Number: w.made}
}

// change runs a command on an order, and keeps what comes of it.
func (w *rulesWalk) change(no, name string, accepted bool, do func(rules.Order, rules.Terms) (rules.Order, rules.Effects, bool)) {
	w.note("%s of %s: %t", name, no, accepted)
	before := w.records[no]
	given := asJSON(before)
	after, effects, ok := do(before, w.terms())
	if again, _, _ := do(before, w.terms()); asJSON(before) != given || asJSON(again) != asJSON(after) {
		w.t.Errorf("%s of %s changed what it was given:\n%s\n%s\n%s", name, no, given, asJSON(before), asJSON(again))
	}
	if ok != accepted {
		w.t.Errorf("%s of %s: %t, the model says %t", name, no, ok, accepted)
	}
	if !ok || effects.Repeat {
		if asJSON(after) != given || effects.Numbers != 0 || len(effects.Announced) != 0 {
			w.t.Errorf("%s of %s is refused or a repeat, but came to %s", name, no, asJSON(after))
		}
	}
	if !ok {
		w.reached["refused"]++
		return
	}
	w.reached[name]++
	w.made += effects.Numbers
	w.records[no] = after
}

func (w *rulesWalk) operate(no, name string, accepted bool, command rules.Operation) {
	w.change(no, name, accepted, func(o rules.Order, t rules.Terms) (rules.Order, rules.Effects, bool) {
		o, effects, refused := rules.Apply(o, command, t)
		return o, effects, refused == nil
	})
}

func (w *rulesWalk) step() {
	if len(w.numbers) == 0 || w.chance(8) {
		w.create()
		return
	}
	no := w.numbers[max(0, len(w.numbers)-1-w.dice.IntN(8))]
	o := w.orders[no]
	switch w.dice.IntN(9) {
	case 0:
		if w.chance(15) {
			w.advance()
		}
	case 1, 2, 3:
		w.move(no, o)
	case 4:
		if w.chance(70) {
			return
		}
		reason := []string{"用户投诉", "不想要了"}[w.dice.IntN(2)]
		w.operate(no, "cancel", o.cancel(reason), rules.Cancel{Reason: reason})
	case 5:
		b, payments, discounts := w.bill(o)
		body := completion(0)
		body.PostPayments, body.PostDiscounts, body.TotalAmount = payments, discounts, b.total
		w.operate(no, "complete", o.complete(asJSON(body), b), rules.Completion(body, body))
	case 6:
		b, payments, discounts := w.bill(o)
		if b.total == 0 || sideOf(no) == overseas {
			return
		}
		body := modification(0)
		body.PostPayments, body.PostDiscounts, body.TotalAmount = payments, discounts, b.total
		w.operate(no, "modify", o.modify(b), rules.Modify{Body: body})
	case 7:
		switch sideOf(no) {
		case bank:
			number := w.outTradeNo(no)
			w.operate(no, "register", o.register(number, w.elapsed), rules.Register{OutTradeNo: number})
		case overseas: // which has no such operation
		default:
			w.operate(no, "pay", o.collect(), rules.Pay{})
		}
	case 8:
		w.operate(no, "sync", o.collect(), rules.Sync{Detail: paidElsewhere("20250601121010").Detail})
	}
	w.same(no, w.records[no].Entity)
}

func (w *rulesWalk) create() {
	no := fmt.Sprintf("%s_%d", w.side(), len(w.numbers))
	if len(w.numbers) > 0 && w.chance(20) {
		no = w.numbers[w.dice.IntN(len(w.numbers))]
	}
	body := noConfirm(no)
	if w.chance(50) {
		body = needConfirm(no)
	}
	if w.chance(30) {
		body.RiskFund = payscore.RiskFund{Name: payscore.RiskFundNameDeposit, Amount: modelDeposit}
	}
	body.SubMchID = sideOf(no).subMchID()
	created := asJSON(body)
	opening := rules.Opening{Request: body, Order: body, Family: sideOf(no).family()}
	m, known := w.orders[no]
	name := "create"
	if known {
		name = "again"
	}
	w.change(no, name, !known || m.created == created, func(o rules.Order, t rules.Terms) (rules.Order, rules.Effects, bool) {
		before := &o
		if !known {
			before = nil
		}
		if refused := rules.CheckOpening(opening, t); refused != nil {
			w.t.Error(refused)
		}
		made, effects, refused := rules.Create(opening, before, t)
		if refused != nil {
			made = o
		}
		return made, effects, refused == nil
	})
	if known {
		return
	}
	m = &modelOrder{created: created, since: w.elapsed, bank: sideOf(no) == bank}
	m.setStage("CREATED", "", "")
	if body.NeedUserConfirm != nil {
		m.setStage("DOING", "USER_CONFIRM", "")
	}
	w.orders[no], w.numbers = m, append(w.numbers, no)
	w.same(no, w.records[no].Entity)
}

// move is what the user or WeChat Pay does.
func (w *rulesWalk) move(no string, o *modelOrder) {
	until, fails := w.elapsed+modelDeducts, w.chance(50)
	moves := []struct {
		name string
		do   func(*modelOrder) bool
	}{
		{"confirm", (*modelOrder).confirm}, {"confirm_with_deposit", (*modelOrder).confirmWithDeposit}, {"expire", (*modelOrder).expire},
		{"start_deduction", func(o *modelOrder) bool { return o.startDeduction(until, fails) }},
		{"deduct", (*modelOrder).deduct}, {"deduction_fails", (*modelOrder).deductionFails}, {"user_pays", (*modelOrder).collect},
	}
	m := moves[w.dice.IntN(len(moves))]
	tried := *o
	accepted := m.do(&tried)
	for !accepted && w.chance(70) { // one that is possible, else too few are
		m, tried = moves[w.dice.IntN(len(moves))], *o
		accepted = m.do(&tried)
	}
	if accepted {
		*o = tried
	}
	possible := w.records[no].Moves()
	if slices.Contains(possible, m.name) != accepted {
		w.t.Errorf("%s of %s is %t, and the order lists %v", m.name, no, accepted, possible)
	}
	w.change(no, m.name, accepted, func(r rules.Order, t rules.Terms) (rules.Order, rules.Effects, bool) {
		return rules.Move(r, m.name, rules.MoveArgs{Duration: modelDeducts, Fails: fails}, t)
	})
}

// advance moves the time on and settles all orders.
func (w *rulesWalk) advance() {
	d := []time.Duration{20 * time.Minute, time.Hour, modelRegistered - 30*time.Minute, modelRegistered, modelConfirmWithin}[w.dice.IntN(5)]
	w.elapsed += d
	w.now = w.now.Add(d)
	for _, no := range w.numbers {
		before := *w.orders[no]
		w.orders[no].settle(w.elapsed)
		due := before != *w.orders[no]
		if _, _, move := rules.Settle(w.records[no], w.terms()); (move != "") != due {
			w.t.Errorf("%s settles by %q, the model says %t", no, move, due)
		} else if due {
			w.change(no, "settle "+move, true, func(o rules.Order, t rules.Terms) (rules.Order, rules.Effects, bool) {
				o, effects, _ := rules.Settle(o, t)
				return o, effects, true
			})
		}
		w.same(no, w.records[no].Entity)
	}
}
