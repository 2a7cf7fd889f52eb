package sandbox_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/sandbox"
)

// TestModelOfPlans runs random operations on plans, sign plans and their orders
// on the sandbox and on a model of their states, for a partner and for a direct
// merchant, with requests that arrive twice or meet a fault, and with moves of
// the user and of time.
func TestModelOfPlans(t *testing.T) {
	t.Parallel()
	steps := modelSteps(t, size(200, modelStepsToReachAll, modelStepsToReachAll))
	walks := make([]*planWalk, 2)
	t.Run("walks", func(t *testing.T) {
		for seed := range walks {
			t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
				t.Parallel()
				w := newPlanWalk(t, uint64(seed))
				walks[seed] = w
				for range steps / len(walks) {
					w.step()
					if t.Failed() {
						t.Fatalf("seed %d; the steps before:\n%s", seed, strings.Join(w.trail, "\n"))
					}
				}
				t.Logf("%d requests, %d plans, %d sign plans; %v", w.requests, len(w.plans), len(w.signed), w.reached)
			})
		}
	})
	if steps < modelStepsToReachAll {
		return
	}
	for _, want := range []string{"NORMAL", "STOP", "UNSIGNED", "SIGNED", "SIGN_PLAN_CANCEL", "COMPLETE", "EXPIRE", "NOT_USED", "USING", "USED",
		"SIGN_PLAN_DETAIL_CANCEL", "sign_plan", "cancel_sign_plan", "revoke_sign_plans", "200", "400", "404", "reset-after", "reset-before"} {
		if walks[0].reached[want]+walks[1].reached[want] == 0 {
			t.Errorf("no step reached %s", want)
		}
	}
}

// The model knows the states that the pages print, and nothing of the contract.
type modelPlan struct {
	side    side
	no      string
	created string // body
	stopped bool
	days    int64
	details int
}

type modelSignPlan struct {
	side    side
	no      string
	created string
	plan    *modelPlan
	state   string
	asked   time.Duration
	over    time.Duration
	going   int
	details []modelDetail
}

type modelDetail struct {
	state, created string
	order          string // confirmed, paying, done or revoked; empty before it is there
}

// planWalk is a walk over plans. Its clock stands but for what it moves on.
type planWalk struct {
	*walk
	plans  []*modelPlan
	signed []*modelSignPlan
}

func newPlanWalk(t *testing.T, seed uint64) *planWalk {
	now := func() time.Time { return planDay }
	box := sandbox.New(t, sandbox.WithClock(now))
	return &planWalk{walk: &walk{t: t, box: box, signer: box.Signer(auth.WithClock(now)), verifier: box.Verifier().WithClock(now),
		dice: rand.New(rand.NewPCG(seed, 22)), orders: map[string]*modelOrder{}, reached: map[string]int{}}}
}

// endOf is the midnight in China after so many days more than today.
func (w *planWalk) endOf(days int64) time.Duration {
	const china, day = 8 * time.Hour, 24 * time.Hour
	today := (time.Duration(planDay.Unix())*time.Second + w.elapsed + china) / day
	return (today+time.Duration(days)+1)*day - china - time.Duration(planDay.Unix())*time.Second
}

func (s *modelSignPlan) has(states ...string) bool {
	return slices.ContainsFunc(s.details, func(d modelDetail) bool { return slices.Contains(states, d.state) })
}

func (s *modelSignPlan) final() bool { return s.state != "UNSIGNED" && s.state != "SIGNED" }

// possible are the moves that the user can make.
func (s *modelSignPlan) possible(now time.Duration) []string {
	all := []string{}
	switch {
	case s.state == "UNSIGNED" && !s.plan.stopped && now-s.asked <= 2*time.Hour:
		all = append(all, "sign_plan")
	case s.state == "SIGNED":
		if !s.has("USING") {
			all = append(all, "cancel_sign_plan")
		}
		all = append(all, "revoke_sign_plans")
	}
	return all
}

// end is how the order of a detail ended.
func (s *modelSignPlan) end(n int, order, state string) {
	s.details[n-1].order, s.details[n-1].state = order, state
	if s.state == "SIGNED" && !s.has("NOT_USED", "USING") {
		s.state = "COMPLETE"
	}
}

func (w *planWalk) step() {
	switch n := w.dice.IntN(20); {
	case len(w.signed) == 0 || n == 0:
		w.createPlan()
		w.createSignPlan()
	case n == 1:
		w.createSignPlan()
	case n == 2 && w.chance(30):
		w.stopPlan()
	case n == 3 && w.chance(30):
		w.advance()
	case n == 4 && w.chance(10):
		w.stopSignPlan(w.recent())
	case n < 9:
		w.user(w.recent())
	case n < 14:
		w.createOrder(w.recent())
	default:
		w.order(w.recent())
	}
	for _, s := range w.signed[max(0, len(w.signed)-6):] {
		w.compare(s)
	}
}

func (w *planWalk) recent() *modelSignPlan {
	return w.signed[max(0, len(w.signed)-1-w.dice.IntN(5))]
}

func (w *planWalk) advance() {
	d := []time.Duration{time.Hour, 3 * time.Hour, 30 * time.Hour}[w.dice.IntN(3)]
	w.note("advance by %s", d)
	w.box.Advance(d)
	w.elapsed += d
	for _, s := range w.signed {
		if s.state == "SIGNED" && w.elapsed >= s.over {
			s.state = "EXPIRE"
		}
	}
}

// send sends a request that may arrive twice or meet a fault. apply carries it
// out on the model and returns the status.
func (w *planWalk) send(path, body string, apply func() int) {
	if w.chance(8) {
		fault := modelFaults[w.dice.IntN(len(modelFaults))]
		w.note("%s %s meets %s", path, body, fault.name)
		w.lose(path, body, fault.name)
		w.reached[fault.name]++
		if fault.carriedOut {
			apply()
		}
		return
	}
	for range 1 + w.dice.IntN(10)/9 {
		status := apply()
		w.note("%s %s: %d", path, body, status)
		w.expect(w.serve(http.MethodPost, path, body, nil), status)
	}
}

// on is a path of a side, and owned is a body with its sub-merchant.
func (w *planWalk) on(d side, of, what string) string {
	if d == partner {
		of += "/partner"
	}
	return "/v3/payscore/" + of + "/" + what
}

func owned(d side, body map[string]any) string {
	if d == partner {
		body["sub_mchid"] = subMchID
	}
	return asJSON(body)
}

func (w *planWalk) createPlan() {
	p := &modelPlan{side: []side{partner, direct}[w.dice.IntN(2)], no: fmt.Sprint("P", len(w.plans)), days: 1 + w.dice.Int64N(3), details: 1 + w.dice.IntN(3)}
	known := len(w.plans) > 0 && w.chance(20)
	if known {
		p = w.plans[w.dice.IntN(len(w.plans))]
	}
	var details []any
	for i := range p.details {
		details = append(details, map[string]any{"plan_detail_name": fmt.Sprint(i), "original_price": 1000, "actual_price": 900 - i})
	}
	name := []string{"瑜伽课", "另一个"}[w.dice.IntN(2)]
	body := owned(p.side, map[string]any{"service_id": serviceID, "appid": appID, "merchant_plan_no": p.no, "plan_name": name, "plan_duration": p.days,
		"deduction_quantity": p.details, "total_original_price": 1000, "total_actual_price": 1000, "plan_detail_list": details})
	w.send(w.on(p.side, "plan", "payscore-plans"), body, func() int {
		if p.created == "" {
			p.created = body
			w.plans = append(w.plans, p)
		}
		return statusOf(p.created == body)
	})
}

func statusOf(accepted bool) int {
	if accepted {
		return http.StatusOK
	}
	return http.StatusBadRequest
}

func (w *planWalk) stopPlan() {
	p := w.plans[w.dice.IntN(len(w.plans))]
	body := ""
	if p.side == partner {
		body = owned(p.side, map[string]any{})
	}
	w.send(w.on(p.side, "plan", "payscore-plans/merchant-plan-no/"+p.no+"/stop"), body, func() int {
		accepted := !p.stopped
		p.stopped = true
		return statusOf(accepted)
	})
	got, _ := w.box.Plan(p.side.subMchID(), p.no)
	w.reached[string(got.PlanState)]++
	if (got.PlanState == "STOP") != p.stopped {
		w.t.Errorf("plan %s is %s, the model says stopped: %t", p.no, got.PlanState, p.stopped)
	}
}

func (w *planWalk) createSignPlan() {
	if len(w.plans) == 0 {
		return
	}
	plan := w.plans[max(0, len(w.plans)-1-w.dice.IntN(4))]
	s := &modelSignPlan{side: plan.side, no: fmt.Sprint("S", len(w.signed)), plan: plan, state: "UNSIGNED"}
	if len(w.signed) > 0 && w.chance(15) {
		s = w.recent()
		plan = s.plan
	}
	planID := "1" // which there is not
	if p, there := w.box.Plan(plan.side.subMchID(), plan.no); there && w.chance(95) {
		planID = p.PlanID
		w.reached[string(p.PlanState)]++
	}
	taken := len(w.signed) > 0 && w.signed[0].side == s.side && w.chance(3)
	var details []any
	for i := range plan.details {
		no := fmt.Sprint(s.no, "D", i+1)
		if taken {
			no = fmt.Sprint(w.signed[0].no, "D1")
		}
		details = append(details, map[string]any{"plan_detail_no": i + 1, "merchant_plan_detail_no": no})
	}
	notify := []string{"https://api.test.com/a", "https://api.test.com/b"}[w.dice.IntN(2)]
	body := owned(s.side, map[string]any{"service_id": serviceID, "appid": appID, "openid": openID, "plan_id": planID, "merchant_sign_plan_no": s.no,
		"notify_url": notify, "sign_plan_detail": details})
	w.send(w.on(s.side, "sign-plan", "user-sign-plans"), body, func() int {
		switch {
		case s.created != "":
			return statusOf(s.created == body)
		case planID == "1":
			return http.StatusNotFound
		case plan.stopped || taken:
			return http.StatusBadRequest
		}
		s.created, s.asked, s.over = body, w.elapsed, w.endOf(plan.days)
		for range plan.details {
			s.details = append(s.details, modelDetail{state: "NOT_USED"})
		}
		w.signed = append(w.signed, s)
		return http.StatusOK
	})
}

func (w *planWalk) stopSignPlan(s *modelSignPlan) {
	body := owned(s.side, map[string]any{"stop_reason": "用户协商后停止"})
	w.send(w.on(s.side, "sign-plan", "user-sign-plans/merchant-sign-plan-no/"+s.no+"/stop"), body, func() int {
		if s.final() || s.has("USING") {
			return http.StatusBadRequest
		}
		s.state = "SIGN_PLAN_CANCEL"
		return http.StatusOK
	})
}

// user makes a move, more often one that is possible.
func (w *planWalk) user(s *modelSignPlan) {
	name := []string{"sign_plan", "cancel_sign_plan", "revoke_sign_plans"}[w.dice.IntN(3)]
	if s.state == "UNSIGNED" && w.chance(80) {
		name = "sign_plan"
	}
	if s.state == "SIGNED" && w.chance(80) {
		return // else too few come far
	}
	accepted := slices.Contains(s.possible(w.elapsed), name)
	w.note("%s of %s: %t", name, s.no, accepted)
	err := w.box.Move(name, sandbox.MoveArgs{SubMchID: s.side.subMchID(), MerchantSignPlanNo: s.no})
	if (err == nil) != accepted {
		w.t.Errorf("%s of %s: %v, the model says %t", name, s.no, err, accepted)
	}
	if !accepted {
		return
	}
	w.reached[name]++
	s.state = "SIGN_PLAN_CANCEL"
	if name == "sign_plan" {
		s.state, s.over = "SIGNED", w.endOf(s.plan.days)
	}
}

func (w *planWalk) createOrder(s *modelSignPlan) {
	n := 1 + w.dice.IntN(len(s.details)+1)
	if s.going < len(s.details) && w.chance(60) {
		n = s.going + 1
	}
	id := "1"
	if p, there := w.box.SignPlan(s.side.subMchID(), s.no); there && w.chance(97) {
		id = p.SignPlanID
	}
	body := owned(s.side, map[string]any{"service_id": serviceID, "appid": appID, "openid": openID, "sign_plan_id": id, "plan_detail_no": n,
		"notify_url": "https://api.test.com", "time_range": map[string]any{"start_time": "OnAccept"}, "out_trade_no": fmt.Sprint(s.no, "D", n),
		"attach": []string{"a", "b"}[w.dice.IntN(2)]})
	w.send(w.on(s.side, "sign-plan", "serviceorder"), body, func() int {
		known := n <= len(s.details) && s.details[n-1].order != ""
		switch {
		case known:
			return statusOf(s.details[n-1].created == body)
		case id == "1":
			return http.StatusNotFound
		case s.state != "SIGNED" || n > len(s.details) || s.has("USING") || slices.ContainsFunc(s.details[:n-1], func(d modelDetail) bool { return d.state == "NOT_USED" }):
			return http.StatusBadRequest
		}
		s.details[n-1] = modelDetail{state: "USING", created: body, order: "confirmed"}
		s.going = n
		return http.StatusOK
	})
}

// order does something to the order of a detail, as to any order.
func (w *planWalk) order(s *modelSignPlan) {
	if !s.has("USING") && w.chance(80) {
		w.createOrder(s)
		return
	}
	n := max(1, s.going)
	no, d := fmt.Sprint(s.no, "D", n), &s.details[n-1]
	total := int64(500 * w.dice.IntN(3) / 2)
	op := []string{"complete", "complete", "pay", "pay", "cancel", "user_pays"}[w.dice.IntN(6)]
	if op == "user_pays" {
		accepted := d.order == "paying"
		err := w.box.Move(op, sandbox.MoveArgs{SubMchID: s.side.subMchID(), OutOrderNo: no})
		w.note("%s of %s: %t", op, no, accepted)
		if (err == nil) != accepted {
			w.t.Errorf("%s of %s: %v, the model says %t", op, no, err, accepted)
		}
		if accepted {
			s.end(n, "done", "USED")
		}
		return
	}
	var body any
	switch op {
	case "complete":
		body = completionBy(planDay, total)
	case "pay":
		body = payment()
	case "cancel":
		body = cancellation("不想要了")
	}
	text := s.side.body(body)
	w.send(s.side.at(no, op), text, func() int {
		accepted := false
		switch {
		case d.order == "":
			return http.StatusNotFound
		case op == "complete" && d.order == "confirmed" && total == 0:
			accepted = true
			s.end(n, "done", "USED")
		case op == "complete" && d.order == "confirmed":
			accepted = true
			d.order = "paying"
			w.orders[no] = &modelOrder{completed: text}
		case op == "complete" && d.order == "paying":
			accepted = w.orders[no].completed == text // a repeat
		case op == "pay" && d.order == "paying":
			accepted = true
			s.end(n, "done", "USED")
		case op == "cancel" && d.order == "revoked":
			accepted = true // a repeat
		case op == "cancel" && d.order != "done":
			accepted = true
			s.end(n, "revoked", "SIGN_PLAN_DETAIL_CANCEL")
		}
		if accepted && s.side == partner {
			return http.StatusNoContent
		}
		return statusOf(accepted)
	})
}

// compare looks at a sign plan past the API.
func (w *planWalk) compare(s *modelSignPlan) {
	p, there := w.box.SignPlan(s.side.subMchID(), s.no)
	if !there {
		w.t.Errorf("there is no sign plan %s", s.no)
		return
	}
	got, want := []any{p.SignState, p.GoingDetailNo, p.PlanOverTime, p.Moves}, []any{s.state, s.going, planDay.Add(s.over).In(time.FixedZone("", 8*3600)).Format(time.RFC3339), s.possible(w.elapsed)}
	w.reached[string(p.SignState)]++
	for i, d := range p.SignedDetailList {
		w.reached[string(d.PlanDetailState)]++
		got, want = append(got, d.PlanDetailState), append(want, s.details[i].state)
	}
	if asJSON(got) != asJSON(want) {
		w.t.Errorf("sign plan %s is %s, the model says %s", s.no, asJSON(got), asJSON(want))
	}
}
