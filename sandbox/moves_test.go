package sandbox_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

func message(total int64) payscore.SendPartnerServiceOrderMessageRequest {
	return payscore.SendPartnerServiceOrderMessageRequest{
		ServiceID: serviceID, SubMchID: subMchID, PostPayments: lines(total), TotalAmount: total, PrepaidTime: "20250622",
	}
}

// made are the moves in the journal of an order, with the stages after them.
func (b *box) made(d side, outOrderNo string) (all []string) {
	for _, e := range b.Journal() {
		if e.Kind == "move" && e.Subject == d.subMchID()+"/"+outOrderNo {
			all = append(all, e.Operation+" "+e.Stage)
		}
	}
	return all
}

// The moves that an order of the pay-later mode allows at each stage, and what
// each of them makes of it, by hand.
var allowedMoves = map[string]map[string]string{
	"CREATED":      {"confirm": "USER_CONFIRM", "expire": "EXPIRED"},
	"USER_CONFIRM": {},
	"USER_PAYING":  {"deduct": "DONE", "user_pays": "DONE", "deduction_fails": "USER_PAYING", "start_deduction": "USER_PAYING"},
	"DONE":         {}, "REVOKED": {}, "EXPIRED": {},
}

var allMoves = []string{"confirm", "confirm_with_deposit", "expire", "start_deduction", "deduct", "deduction_fails", "user_pays"}

func TestEachMoveAtEachStage(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, d := range []side{partner, direct} {
		for stage := range stages {
			for _, name := range allMoves {
				no := stage + "_" + strings.TrimPrefix(name, "confirm_with_")
				must(b.Seed(no, 50000, sandbox.SeedStage(stage), sandbox.SeedSubMchID(d.subMchID())))
				var possible []string
				for move := range allowedMoves[stage] {
					possible = append(possible, move)
				}
				got := movesOf(b, d.subMchID(), no)
				slices.Sort(possible)
				slices.Sort(got)
				if !slices.Equal(got, possible) {
					t.Errorf("at %s: moves %v, want %v", stage, got, possible)
				}
				before, _ := entity(b, d.subMchID(), no)
				journaled := len(b.made(d, no))
				err := b.Move(name, sandbox.MoveArgs{SubMchID: d.subMchID(), OutOrderNo: no})
				after, _ := entity(b, d.subMchID(), no)
				becomes, ok := allowedMoves[stage][name]
				if !ok {
					failed, typed := errors.AsType[*sandbox.MoveError](err)
					if !typed || !errors.Is(err, sandbox.ErrMoveImpossible) || failed.Stage != stage || failed.Move != name {
						t.Errorf("%s at %s: %v", name, stage, err)
					}
					if asJSON(after) != asJSON(before) || len(b.made(d, no)) != journaled {
						t.Errorf("%s at %s: impossible, but made", name, stage)
					}
					continue
				}
				b.ok(err)
				if now := stageOf(t, after); now != becomes {
					t.Errorf("%s at %s made it %s, want %s", name, stage, now, becomes)
				}
				if made := b.made(d, no); made[len(made)-1] != name+" "+becomes {
					t.Errorf("the journal says %v", made)
				}
			}
		}
	}
	if err := b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "no\nsuch"}); !errors.Is(err, sandbox.ErrNoSuchSubject) || strings.Contains(err.Error(), "\n") {
		t.Errorf("no such order: %v", err)
	}
	if err := b.Move("fly\n", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: orderNo}); !errors.Is(err, sandbox.ErrNoSuchMove) || strings.Contains(err.Error(), "\n") {
		t.Errorf("no such move: %v", err)
	}
	if got := movesOf(b, subMchID, "another"); got != nil {
		t.Errorf("moves of no order: %v", got)
	}
}

// Each move of an order does by its name what it is called.
func TestMovesByTheirNames(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	named := func(name string) func(sub, no string) error {
		return func(sub, no string) error {
			return b.Move(name, sandbox.MoveArgs{SubMchID: sub, OutOrderNo: no})
		}
	}
	for stage, c := range map[string]struct {
		do   func(sub, no string) error
		move string
	}{
		"CREATED 1":     {named("confirm"), "confirm USER_CONFIRM"},
		"CREATED 2":     {named("expire"), "expire EXPIRED"},
		"USER_PAYING 1": {named("deduct"), "deduct DONE"},
		"USER_PAYING 2": {named("user_pays"), "user_pays DONE"},
		"USER_PAYING 3": {named("deduction_fails"), "deduction_fails USER_PAYING"},
		"USER_PAYING 4": {func(sub, no string) error {
			return b.Move("start_deduction", sandbox.MoveArgs{SubMchID: sub, OutOrderNo: no, Duration: time.Hour})
		}, "start_deduction USER_PAYING"},
	} {
		at, _, _ := strings.Cut(stage, " ")
		no := strings.ReplaceAll(stage, " ", "_")
		b.orderAt(partner, at, no)
		b.ok(c.do(subMchID, no))
		if made := b.made(partner, no); !slices.Equal(made, []string{c.move}) {
			t.Errorf("%s: made %v", stage, made)
		}
	}
}

// While a deduction is in progress nothing changes the order but the end of
// the deduction.
func TestDeductionInProgress(t *testing.T) {
	t.Parallel()
	deducting := refusal{400, "INVALID_REQUEST", 271316754, ""}
	for _, d := range []side{partner, direct} {
		b := newBoxAt(t, clockAt(noon))
		for _, no := range []string{"ends", "fails", "at_once", "by_hand"} {
			b.orderAt(d, "USER_PAYING", no)
		}
		sub := d.subMchID()
		b.ok(b.Move("start_deduction", sandbox.MoveArgs{SubMchID: sub, OutOrderNo: "ends", Duration: time.Minute}))
		b.ok(b.Move("start_deduction", sandbox.MoveArgs{SubMchID: sub, OutOrderNo: "fails", Fails: true}))
		b.ok(b.Move("start_deduction", sandbox.MoveArgs{SubMchID: sub, OutOrderNo: "at_once", Duration: time.Hour}))
		b.ok(b.Move("start_deduction", sandbox.MoveArgs{SubMchID: sub, OutOrderNo: "by_hand", Duration: time.Hour}))
		before := asJSON(b.read(d, "ends"))
		for op, body := range map[string]any{
			"cancel": cancellation("用户投诉"), "complete": completion(1), "modify": modification(1), "pay": payment(),
			"sync": paidElsewhere("20091225"), "send-pendingmessage": message(1), "send-prepaidmessage": message(1),
		} {
			b.send("POST", d.at("ends", op), d.body(body)).checkRefused(t, deducting)
		}
		if asJSON(b.read(d, "ends")) != before {
			t.Error("refused, but changed")
		}
		if got := movesOf(b, sub, "ends"); !slices.Equal(got, []string{"deduct", "deduction_fails"}) {
			t.Errorf("moves while a deduction is in progress: %v", got)
		}
		if v, _ := b.Order(sub, "ends"); v.DeductingUntil == nil || !v.DeductingUntil.Equal(noon.Add(time.Minute)) {
			t.Errorf("until %v", v.DeductingUntil)
		}
		b.ok(b.Move("deduction_fails", sandbox.MoveArgs{SubMchID: sub, OutOrderNo: "by_hand"}))
		b.call(d, "by_hand", "modify", modification(1))

		b.Advance(time.Minute - time.Nanosecond)
		b.send("POST", d.at("ends", "modify"), d.body(modification(1))).checkRefused(t, deducting)
		b.Advance(time.Nanosecond)
		order := b.read(d, "ends")
		if stageOf(t, order) != "DONE" || *order.Collection.Details[0].PaidTime != "20250615120100" || *order.Collection.PaidAmount != 50000 {
			t.Errorf("%s: after the deduction: %s", d, asJSON(order))
		}
		b.Advance(sandbox.DeductionTime)
		if order = b.read(d, "fails"); stageOf(t, order) != "USER_PAYING" || *order.Collection.PaidAmount != 0 {
			t.Errorf("%s: after a deduction that fails: %s", d, asJSON(order))
		}
		b.call(d, "fails", "modify", modification(1))
		b.ok(b.Move("deduct", sandbox.MoveArgs{SubMchID: sub, OutOrderNo: "at_once"}))
		b.Advance(2 * time.Hour) // the planned end finds nothing to do
		for no, want := range map[string][]string{
			"ends":    {"start_deduction USER_PAYING", "deduct DONE"},
			"fails":   {"start_deduction USER_PAYING", "deduction_fails USER_PAYING"},
			"at_once": {"start_deduction USER_PAYING", "deduct DONE"},
			"by_hand": {"start_deduction USER_PAYING", "deduction_fails USER_PAYING"},
		} {
			if made := b.made(d, no); !slices.Equal(made, want) {
				t.Errorf("%s: made %v, want %v", no, made, want)
			}
		}
	}
}

// A deduction that began after another failed ends at its own time.
func TestDeductionAfterAnother(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, clockAt(noon))
	b.seed(orderNo, 50000)
	b.ok(b.Move("start_deduction", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: orderNo, Duration: time.Minute}))
	b.ok(b.Move("deduction_fails", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: orderNo}))
	b.ok(b.Move("start_deduction", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: orderNo, Duration: time.Hour}))
	b.Advance(2 * time.Minute)
	if got := stageOf(t, b.query(orderNo)); got != "USER_PAYING" {
		t.Errorf("the first deduction ended the second: %s", got)
	}
	b.Advance(time.Hour)
	if got := stageOf(t, b.query(orderNo)); got != "DONE" {
		t.Errorf("the second did not end: %s", got)
	}
}

func TestOrdersExpire(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, clockAt(noon))
	b.orderAt(partner, "CREATED", "waits")
	b.orderAt(direct, "CREATED", "waits")
	b.orderAt(partner, "CREATED", "confirmed")
	b.ok(b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "confirmed"}))
	b.Advance(30*24*time.Hour - time.Second)
	if got := stageOf(t, b.query("waits")); got != "CREATED" {
		t.Fatalf("a second before its time it is %s", got)
	}
	b.Advance(time.Second)
	if err := b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "waits"}); !errors.Is(err, sandbox.ErrMoveImpossible) {
		t.Errorf("confirmed too late: %v", err)
	}
	for d, want := range map[side]string{partner: "EXPIRED", direct: "EXPIRED"} {
		if got := stageOf(t, b.read(d, "waits")); got != want {
			t.Errorf("%s: it is %s", d, got)
		}
		if made := b.made(d, "waits"); !slices.Equal(made, []string{"expire EXPIRED"}) {
			t.Errorf("%s: made %v", d, made)
		}
	}
	b.send("POST", partner.at("waits", "complete"), asJSON(completion(1))).checkRefused(t, refusal{400, "INVALID_REQUEST", 271302262, ""})
	if got := stageOf(t, b.query("confirmed")); got != "USER_CONFIRM" {
		t.Errorf("what was confirmed is %s", got)
	}
}

// A user who fails the assessment may pay a deposit, in the deposit-free mode
// alone; that order is not modified.
func TestDeposit(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, d := range []side{partner, direct} {
		for _, name := range []payscore.RiskFundName{"DEPOSIT", "ADVANCE", "CASH_DEPOSIT", "ESTIMATE_ORDER_COST"} {
			body := needConfirm(string(name))
			body.RiskFund.Name = name
			b.call(d, body.OutOrderNo, "", body)
			err := b.Move("confirm_with_deposit", sandbox.MoveArgs{SubMchID: d.subMchID(), OutOrderNo: body.OutOrderNo})
			if name == "ESTIMATE_ORDER_COST" {
				if !errors.Is(err, sandbox.ErrMoveImpossible) {
					t.Errorf("a deposit for a pay-later order: %v", err)
				}
				continue
			}
			b.ok(err)
			b.call(d, body.OutOrderNo, "complete", completion(50000))
			b.send("POST", d.at(body.OutOrderNo, "modify"), d.body(modification(1))).checkRefused(t, refusal{400, "INVALID_REQUEST", 0, ""})
			if order := b.read(d, body.OutOrderNo); *order.TotalAmount != 50000 {
				t.Errorf("refused, but modified: %s", asJSON(order))
			}
			b.call(d, body.OutOrderNo, "pay", payment())
		}
	}
}

func TestQueryByTheIDOfTheConfirmationPage(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, d := range []side{partner, direct} {
		b.orderAt(d, "CREATED", orderNo)
		if id := queryID(b, d.subMchID(), orderNo); id != "" {
			t.Errorf("an id before the page: %s", id)
		}
		b.ok(b.Move("confirm", sandbox.MoveArgs{SubMchID: d.subMchID(), OutOrderNo: orderNo}))
	}
	id, directID := queryID(b, subMchID, orderNo), queryID(b, "", orderNo)
	got, err := b.client.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, QueryID: &id})
	b.ok(err)
	if asJSON(got) != asJSON(b.query(orderNo)) || asJSON(got.OpenID) != `"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"` {
		t.Errorf("by the id: %s", asJSON(got))
	}
	ours, err := b.client.QueryServiceOrder(t.Context(), payscore.QueryServiceOrderParams{AppID: appID, ServiceID: serviceID, QueryID: &directID})
	b.ok(err)
	if ours.OutOrderNo != orderNo || id == directID {
		t.Errorf("by the direct id: %s", asJSON(ours))
	}
	_, err = b.client.QueryServiceOrder(t.Context(), payscore.QueryServiceOrderParams{AppID: appID, ServiceID: serviceID, QueryID: &id})
	checkRefused(t, err, notExist)
	_, err = b.client.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, QueryID: &directID})
	checkRefused(t, err, notExist)
	_, err = b.client.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: "1900000110", QueryID: &id})
	checkRefused(t, err, notExist)
}

func TestMessages(t *testing.T) {
	t.Parallel()
	lax := newBoxAt(t, clockAt(noon))
	strict := newBoxAt(t, clockAt(noon), sandbox.WithStrictTimes())
	for _, d := range []side{partner, direct} {
		for stage := range stages {
			no := "pending_" + stage
			lax.orderAt(d, stage, no)
			got := lax.send("POST", d.at(no, "send-pendingmessage"), d.body(message(100)))
			if stage != "USER_CONFIRM" && stage != "USER_PAYING" {
				if got.Status != 400 {
					t.Errorf("%s at %s: %v", d, stage, &got.Error)
				}
				continue
			}
			if got.Status != 204 {
				t.Fatalf("%s at %s: %v %s", d, stage, &got.Error, got.Detail)
			}
			lax.send("POST", d.at(no, "send-pendingmessage"), d.body(message(100))).checkRefused(t, refusal{400, "INVALID_REQUEST", 0, ""})
			if v, _ := lax.Order(d.subMchID(), no); !v.PendingMessage || v.PrepaidMessage {
				t.Errorf("%s: sent %s", d, asJSON(v))
			}
		}
		no := "pending_USER_CONFIRM"
		lax.call(d, no, "send-prepaidmessage", message(100)) // one of each kind
		lax.send("POST", d.at(no, "send-prepaidmessage"), d.body(message(100))).checkRefused(t, refusal{400, "INVALID_REQUEST", 0, ""})

		for prepaidTime, want := range map[string]refusal{
			"20250621": wrongParam("/prepaid_time"), "20250631": wrongParam("/prepaid_time"), "20231218": wrongParam("/prepaid_time"), "20250622": {},
		} {
			strict.orderAt(d, "USER_CONFIRM", prepaidTime)
			body := message(100)
			body.PrepaidTime = prepaidTime
			got := strict.send("POST", d.at(prepaidTime, "send-prepaidmessage"), d.body(body))
			if want.status != 0 {
				got.checkRefused(t, want)
			} else if got.Status != 204 {
				t.Errorf("%s: %s: %v", d, prepaidTime, &got.Error)
			}
		}
		wrong := message(100)
		wrong.TotalAmount = 101
		strict.send("POST", d.at("20250621", "send-pendingmessage"), d.body(wrong)).checkRefused(t, wrongFormula)
	}
}

func TestSyncedAmount(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	body := paidElsewhere("20091225")
	body.Detail.PaidAmount = new(int64(49999))
	checkRefused(t, b.client.SyncPartnerServiceOrder(t.Context(), orderNo, body), wrongParam("/detail/paid_amount"))
	body.Detail.PaidAmount = new(int64(50000))
	b.ok(b.client.SyncPartnerServiceOrder(t.Context(), orderNo, body))
}

// What a completion says goes over what the order said, part by part.
func TestCompletionGoesOverTheOrder(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	body := noConfirm(orderNo)
	body.Location = &payscore.Location{StartLocation: new("A")}
	body.Device = &payscore.Device{StartDeviceID: new("1")}
	b.create(body)
	complete := completion(100)
	complete.Location = &payscore.Location{EndLocation: new("B")}
	complete.Device = &payscore.Device{EndDeviceID: new("2")}
	complete.ProfitSharing, complete.GoodsTag = new(true), new("tag")
	b.call(partner, orderNo, "complete", complete)
	v, _ := b.Order(subMchID, orderNo)
	if asJSON(v.Entity.Location) != `{"end_location":"B","start_location":"A"}` ||
		asJSON(v.Device) != `{"end_device_id":"2","start_device_id":"1"}` || !v.ProfitSharing || v.GoodsTag != "tag" {
		t.Errorf("the order is %s", asJSON(v))
	}
	b.create(noConfirm("2"))
	checkRefused(t, b.client.CompletePartnerServiceOrder(t.Context(), "2", complete), wrongParam("/location/start_location"))
}

// An end has the precision that was sent first.
func TestPrecisionOfTimes(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for name, c := range map[string]struct {
		planned, actual payscore.TimeRange
		wrong           string
	}{
		"day_day":            {times("20250601", ""), times("", "20250602"), ""},
		"day_second":         {times("20250601", ""), times("", "20250602000000"), "/time_range/end_time"},
		"second_second":      {times("20250601000000", ""), times("", "20250602000000"), ""},
		"second_day":         {times("20250601000000", ""), times("", "20250602"), "/time_range/end_time"},
		"accept_second":      {times("OnAccept", ""), times("", "20250602000000"), ""},
		"accept_day":         {times("OnAccept", ""), times("", "20250602"), "/time_range/end_time"},
		"accept_start":       {times("OnAccept", ""), times("20250601000000", "20250602000000"), ""},
		"accept_start_day":   {times("OnAccept", ""), times("20250601", "20250602000000"), "/time_range/start_time"},
		"planned_end":        {times("20250601", "20250602"), times("", "20250603"), ""},
		"planned_end_second": {times("20250601", "20250602"), times("", "20250603000000"), "/time_range/end_time"},
	} {
		body := noConfirm(name)
		body.TimeRange = c.planned
		b.create(body)
		complete := completion(100)
		complete.TimeRange = &c.actual
		err := b.client.CompletePartnerServiceOrder(t.Context(), name, complete)
		if c.wrong == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		t.Log(name)
		checkRefused(t, err, wrongParam(c.wrong))
	}
}

// Each order is paid once, whatever comes at the same time.
func TestPaidOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for i := range 5 {
		no := fmt.Sprint("once", i)
		b.seed(no, 50000)
		var won sync.Map
		var all sync.WaitGroup
		for name, do := range map[string]func() error{
			"pay":       func() error { return b.client.PayPartnerServiceOrder(t.Context(), no, payment()) },
			"sync":      func() error { return b.client.SyncPartnerServiceOrder(t.Context(), no, paidElsewhere("20250601")) },
			"cancel":    func() error { return b.client.CancelPartnerServiceOrder(t.Context(), no, cancellation("用户投诉")) },
			"user_pays": func() error { return b.Move("user_pays", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: no}) },
			"deduct":    func() error { return b.Move("deduct", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: no}) },
		} {
			all.Go(func() {
				if do() == nil {
					won.Store(name, true)
				}
				b.Orders("", "", 100)
			})
		}
		all.Wait()
		n := 0
		won.Range(func(any, any) bool { n++; return true })
		v, _ := b.Order(subMchID, no)
		_, cancelled := won.Load("cancel")
		if n != 1 || cancelled != (v.Stage == "REVOKED") || !cancelled && v.Collected != 50000 || cancelled && v.Collected != 0 {
			t.Errorf("%d succeeded, the order is %s", n, asJSON(v))
		}
	}
}

func TestOrdersByPages(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, no := range []string{"c", "a", "b"} {
		b.seed(no, 1)
		_, err := b.Seed(no, 1, sandbox.SeedDirect())
		b.ok(err)
	}
	var got []string
	for after := ""; ; {
		page, next := b.Orders("", after, 2)
		for _, v := range page {
			got = append(got, v.SubMchID+"/"+v.OutOrderNo)
			if v.Stage != "USER_PAYING" || asJSON(v.Entity) != asJSON(b.read(map[bool]side{true: direct, false: partner}[v.SubMchID == ""], v.OutOrderNo)) {
				t.Errorf("listed %s", asJSON(v))
			}
		}
		if next == "" {
			break
		}
		after = next
	}
	if want := "/a /b /c 1900000109/a 1900000109/b 1900000109/c"; strings.Join(got, " ") != want {
		t.Errorf("listed %v", got)
	}
	page, next := b.Orders(subMchID+"/", "", 3)
	if len(page) != 3 || page[0].SubMchID != subMchID || next != "" {
		t.Errorf("by prefix: %s, then %q", asJSON(page), next)
	}
	if page, next := b.Orders("", "", -1); len(page) != 0 || next != "" {
		t.Errorf("no page: %s, then %q", asJSON(page), next)
	}
}

func TestSeedOptions(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for stage := range stages {
		for _, d := range []side{partner, direct} {
			order, err := b.Seed(stage, 50000, sandbox.SeedStage(stage), sandbox.SeedSubMchID(d.subMchID()),
				sandbox.SeedNotifyURL("https://api.test.com"), sandbox.SeedRiskFund("DEPOSIT"))
			b.ok(err)
			if got := b.read(d, stage); stageOf(t, got) != stage || asJSON(got) != asJSON(order) || got.RiskFund.Name != "DEPOSIT" || *got.NotifyURL != "https://api.test.com" {
				t.Errorf("%s at %s: %s", d, stage, asJSON(got))
			}
		}
	}
	if v, _ := b.Order("", "DONE"); v.Collected != 50000 {
		t.Errorf("collected %d", v.Collected)
	}
	for name, opt := range map[string]sandbox.SeedOption{
		"stage": sandbox.SeedStage("PAID"), "sub-merchant": sandbox.SeedSubMchID(strings.Repeat("1", 999)), "url": sandbox.SeedNotifyURL("nowhere"),
		"risk fund": sandbox.SeedRiskFund("MONEY"),
	} {
		if _, err := b.Seed("wrong", 1, opt); err == nil {
			t.Errorf("%s: seeded", name)
		}
	}
}
