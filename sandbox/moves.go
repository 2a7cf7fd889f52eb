package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Events of an order.
const (
	userConfirm = catalog.EventUserConfirm
	userPaid    = catalog.EventUserPaid
)

// Why a move was not made, in a [MoveError].
var (
	ErrNoSuchMove     = errors.New("no such move")
	ErrNoSuchSubject  = errors.New("nothing is known by that name")
	ErrMoveImpossible = errors.New("not possible now")
)

// MoveError says which move was not made. Nothing changed.
type MoveError struct {
	Move    string
	Subject string // as in [Entry]: sub_mchid, a slash and out_order_no for an order
	Stage   string // of the order, if it is about one that is there
	Err     error  // wraps one of the above, or is that of saving
}

// Error is one line.
func (e *MoveError) Error() string {
	line := fmt.Sprintf("sandbox: %q", e.Move)
	if e.Subject != "" {
		line += fmt.Sprintf(" of %q", e.Subject)
	}
	if e.Stage != "" {
		line += ", which is " + e.Stage
	}
	return fmt.Sprintf("%s: %v", line, e.Err)
}

// Unwrap returns the reason.
func (e *MoveError) Unwrap() error { return e.Err }

// MoveArgs are what some moves take; the zero value is good for all.
type MoveArgs struct {
	// OpenID is the user who confirms the order. The default is the user of the
	// contract's examples.
	OpenID string
	// Duration is how long start_deduction takes, in the time of the orders.
	// The default is [DeductionTime].
	Duration time.Duration
	// Fails lets start_deduction end without the money.
	Fails bool
}

// DeductionTime is how long a deduction stays in progress unless told.
const DeductionTime = 3 * time.Minute

// sandboxUser is the user of an order that names none.
const sandboxUser = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"

// move is what the user or WeChat Pay does to an order, outside of the API.
type move struct {
	name  string
	stage string // at which it is possible
	// deducting says whether it takes a deduction in progress (true), takes that
	// there is none (false), or does not mind (nil).
	deducting *bool
	when      func(*order) bool // further conditions, or nil
	do        func(*Sandbox, *order, MoveArgs)
}

// moves are all there are, in the order in which an order may meet them.
var moves = []move{
	{name: "confirm", stage: stageCreated, do: (*Sandbox).confirm},
	{name: "confirm_with_deposit", stage: stageCreated, when: depositFree, do: func(s *Sandbox, o *order, a MoveArgs) {
		o.Deposit = true
		s.confirm(o, a)
	}},
	{name: "expire", stage: stageCreated, do: func(s *Sandbox, o *order, _ MoveArgs) { s.expire(o) }},
	{name: "start_deduction", stage: stageUserPaying, deducting: new(false), do: (*Sandbox).startDeduction},
	{name: "deduct", stage: stageUserPaying, do: func(s *Sandbox, o *order, _ MoveArgs) { s.deduct(o, s.now()) }},
	{name: "deduction_fails", stage: stageUserPaying, do: func(s *Sandbox, o *order, _ MoveArgs) { s.deductionFails(o) }},
	{name: "user_pays", stage: stageUserPaying, deducting: new(false), do: func(s *Sandbox, o *order, _ MoveArgs) { s.deduct(o, s.now()) }},
}

// possible tells whether the order allows the move now.
func (m move) possible(o *order) bool {
	return o.Stage == m.stage && (m.deducting == nil || *m.deducting == (o.Deduction != nil)) && (m.when == nil || m.when(o))
}

// depositFree tells an order of the deposit-free mode, in which a user who
// fails the assessment may pay a deposit.
func depositFree(o *order) bool {
	return o.Entity.RiskFund != nil && o.Entity.RiskFund.Name != payscore.RiskFundNameEstimateOrderCost
}

// Move makes a move by its name:
//
//   - confirm: the user confirms the order, PAYSCORE.USER_CONFIRM is announced
//     and the confirmation page hands out a query_id;
//   - confirm_with_deposit: the user failed the assessment and paid a deposit
//     besides, so that the order cannot be modified later;
//   - expire: 30 days have passed without a confirmation;
//   - start_deduction: a deduction is in progress for a while, in which the
//     order cannot be changed (number 271316754), and then ends;
//   - deduct: WeChat Pay deducts, or the deduction in progress succeeds at once,
//     and PAYSCORE.USER_PAID is announced;
//   - deduction_fails: so it does not, and the order waits on for its payment;
//   - user_pays: the user pays in WeChat, with the same event.
//
// A direct merchant's order has an empty subMchID. The error is a [*MoveError].
// It is safe for concurrent use.
func (s *Sandbox) Move(name, subMchID, outOrderNo string, args MoveArgs) error {
	subject := orderKey(subMchID, outOrderNo)
	at := slices.IndexFunc(moves, func(m move) bool { return m.name == name })
	if at < 0 {
		return &MoveError{Move: name, Subject: subject, Err: ErrNoSuchMove}
	}
	failed := &MoveError{Move: name, Subject: subject}
	err := s.update(context.Background(), func() error {
		o := s.orders.get(subject)
		if o == nil {
			return ErrNoSuchSubject
		}
		s.settle(o)
		failed.Stage = o.Stage
		if !moves[at].possible(o) {
			return ErrMoveImpossible
		}
		moves[at].do(s, o, args)
		s.tell(o, name)
		return nil
	})
	if err != nil {
		failed.Err = err
		return failed
	}
	return nil
}

// Moves returns the names of the moves that an order allows now, nil for an
// order that is not there.
func (s *Sandbox) Moves(subMchID, outOrderNo string) []string {
	v, _ := s.View(subMchID, outOrderNo)
	return v.Moves
}

// Confirm is the move confirm: from CREATED to USER_CONFIRM.
func (s *Sandbox) Confirm(subMchID, outOrderNo string) error {
	return s.Move("confirm", subMchID, outOrderNo, MoveArgs{})
}

// Expire is the move expire: from CREATED to EXPIRED. [Sandbox.Advance] by 30
// days does the same.
func (s *Sandbox) Expire(subMchID, outOrderNo string) error {
	return s.Move("expire", subMchID, outOrderNo, MoveArgs{})
}

// Deduct is the move deduct: from USER_PAYING to DONE.
func (s *Sandbox) Deduct(subMchID, outOrderNo string) error {
	return s.Move("deduct", subMchID, outOrderNo, MoveArgs{})
}

// DeductionFails is the move deduction_fails: the order stays USER_PAYING.
func (s *Sandbox) DeductionFails(subMchID, outOrderNo string) error {
	return s.Move("deduction_fails", subMchID, outOrderNo, MoveArgs{})
}

// UserPays is the move user_pays: from USER_PAYING to DONE.
func (s *Sandbox) UserPays(subMchID, outOrderNo string) error {
	return s.Move("user_pays", subMchID, outOrderNo, MoveArgs{})
}

// StartDeduction is the move start_deduction, for d of the orders' time. It
// ends with the money; [Sandbox.DeductionFails] ends it without.
func (s *Sandbox) StartDeduction(subMchID, outOrderNo string, d time.Duration) error {
	return s.Move("start_deduction", subMchID, outOrderNo, MoveArgs{Duration: d})
}

func (s *Sandbox) confirm(o *order, a MoveArgs) {
	if a.OpenID == "" {
		a.OpenID = sandboxUser
	}
	o.Entity.OpenID = new(a.OpenID)
	if o.Entity.SubAppID != nil {
		o.Entity.SubOpenID = new(a.OpenID)
	}
	o.QueryID = s.number("99")
	s.queries.put(o.QueryID, new(o.Entity.OutOrderNo))
	s.become(o, stageUserConfirm)
	s.notify(o, userConfirm)
}

func (s *Sandbox) expire(o *order) { s.become(o, stageExpired) }

func (s *Sandbox) deduct(o *order, at time.Time) {
	o.Deduction = nil
	s.collect(o, payscore.PaidTypeNewton, chinese(at))
	s.become(o, stageDone)
	s.notify(o, userPaid)
}

func (s *Sandbox) deductionFails(o *order) {
	o.Deduction = nil
	s.become(o, stageUserPaying)
}

func (s *Sandbox) startDeduction(o *order, a MoveArgs) {
	if a.Duration <= 0 {
		a.Duration = DeductionTime
	}
	o.Deduction = &deduction{Until: s.now().Add(a.Duration), Fails: a.Fails}
	s.become(o, stageUserPaying)
	s.planDeduction(o.key(), o)
}

// tell puts a move into the journal once it is saved. The caller holds s.mu.
func (s *Sandbox) tell(o *order, name string) {
	s.tellEntry(Entry{Time: s.now(), Kind: "move", Subject: o.key(), Stage: o.Stage, Operation: name})
}

func (s *Sandbox) tellEntry(e Entry) { s.changes.told = append(s.changes.told, e) }
