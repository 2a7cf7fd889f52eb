package rules

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Why a move was not made.
var (
	ErrNoSuchMove     = errors.New("no such move")
	ErrNoSuchSubject  = errors.New("nothing is known by that name")
	ErrMoveImpossible = errors.New("not possible now")
)

// maxMoveReason is how many characters the reason of a move may have.
const maxMoveReason = 256

func reasonTooLong() error {
	return Impossible(fmt.Sprintf("the reason is over %d characters long", maxMoveReason))
}

// Impossible says why a move is.
func Impossible(why string) error { return fmt.Errorf("%w: %s", ErrMoveImpossible, why) }

// DeductionTime is how long a deduction stays in progress unless told.
const DeductionTime = 3 * time.Minute

// ExampleUser is the user of the contract's examples, who stands for a user
// that nobody named.
const ExampleUser = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"

// MoveArgs are what some moves of an order take.
type MoveArgs struct {
	OpenID   string
	Duration time.Duration
	Fails    bool
}

// move is what the user or WeChat Pay does to an order, outside of the API.
type move struct {
	name  string
	stage string // at which it is possible
	// free says that it takes that no deduction is in progress.
	free bool
	when func(Order) bool // further conditions, or nil
	do   func(*change, MoveArgs)
}

// moves are all there are, in the order in which an order may meet them. The
// literal is in init, since Settle makes moves, too.
var moves []move

func init() {
	pay := func(c *change, _ MoveArgs) { c.deduct(c.terms.Now) }
	// An acquiring institution's order is deducted from when a deduction was
	// registered, and never by WeChat Pay itself.
	ready := func(o Order) bool { return o.Family != AcquiringBank || o.Deduction != nil }
	moves = []move{
		{name: "confirm", stage: Created, do: (*change).confirm},
		{name: "confirm_with_deposit", stage: Created, when: depositFree, do: func(c *change, a MoveArgs) {
			c.Deposit = true
			c.confirm(a)
		}},
		{name: "expire", stage: Created, do: func(c *change, _ MoveArgs) { c.setStage(Expired) }},
		{name: "start_deduction", stage: UserPaying, free: true, when: func(o Order) bool { return o.Family != AcquiringBank }, do: (*change).startDeduction},
		{name: "deduct", stage: UserPaying, when: ready, do: pay},
		{name: "deduction_fails", stage: UserPaying, when: ready, do: func(c *change, _ MoveArgs) {
			c.Deduction = nil
			c.setStage(UserPaying)
		}},
		{name: "user_pays", stage: UserPaying, free: true, do: pay},
	}
}

func moveOf(name string) *move {
	if at := slices.IndexFunc(moves, func(m move) bool { return m.name == name }); at >= 0 {
		return &moves[at]
	}
	return nil
}

// possible tells whether the order allows the move now.
func (m move) possible(o Order) bool {
	return o.Stage == m.stage && !(m.free && o.Deduction != nil) && (m.when == nil || m.when(o))
}

// depositFree tells an order of the deposit-free mode, in which a user who
// fails the assessment may pay a deposit.
func depositFree(o Order) bool {
	return o.Entity.RiskFund != nil && o.Entity.RiskFund.Name != payscore.RiskFundNameEstimateOrderCost
}

// OrderMoves are the names of the moves of an order, in the order in which one
// may meet them.
func OrderMoves() []string {
	var names []string
	for _, m := range moves {
		names = append(names, m.name)
	}
	return names
}

// Moves are the names of the moves that the order allows now.
func (o Order) Moves() []string {
	names := []string{}
	for _, m := range moves {
		if m.possible(o) {
			names = append(names, m.name)
		}
	}
	return names
}

// Move makes a move of an order. It reports whether the order allows it.
func Move(o Order, name string, a MoveArgs, t Terms) (Order, Effects, bool) {
	m := moveOf(name)
	if m == nil || !m.possible(o) {
		return o, Effects{}, false
	}
	c := &change{Order: o, terms: t}
	m.do(c, a)
	return c.Order, c.Effects, true
}

func (c *change) confirm(a MoveArgs) {
	if a.OpenID == "" {
		a.OpenID = ExampleUser
	}
	c.Entity.OpenID = new(a.OpenID)
	if c.Entity.SubAppID != nil {
		c.Entity.SubOpenID = new(a.OpenID)
	}
	c.QueryID = c.number("99")
	c.setStage(UserConfirm)
	c.announce(catalog.EventUserConfirm)
}

func (c *change) deduct(at time.Time) {
	c.Deduction = nil
	c.collect(payscore.PaidTypeNewton, Chinese(at))
	c.setStage(Done)
	c.announce(catalog.EventUserPaid)
}

func (c *change) startDeduction(a MoveArgs) {
	if a.Duration <= 0 {
		a.Duration = DeductionTime
	}
	c.Deduction = &Deduction{Until: c.terms.Now.Add(a.Duration), Fails: a.Fails}
	c.setStage(UserPaying)
}
