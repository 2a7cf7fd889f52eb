package sandbox

import (
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// A [MoveError] wraps one of these reasons.
var (
	ErrNoSuchMove     = rules.ErrNoSuchMove
	ErrNoSuchSubject  = rules.ErrNoSuchSubject
	ErrMoveImpossible = rules.ErrMoveImpossible
)

// DeductionTime is how long a deduction stays in progress by default.
const DeductionTime = rules.DeductionTime

// MoveError reports a move that was not made and changed nothing: Move, Subject
// (as in [Entry]), the Stage of the order if there is one, and Err, which wraps
// one of the reasons above or is the error of saving.
type MoveError = ledger.MoveError

// MoveArgs name what a move is about and what it takes. Fields that the move
// does not need are ignored.
type MoveArgs struct {
	// Family is [AcquiringBank] or [Overseas] for an order or a permission of
	// theirs, and empty for one of a partner or a direct merchant.
	Family     Family
	SubMchID   string // empty for a direct merchant
	OutOrderNo string
	// OpenID is the user who confirms the order or authorises the service. The
	// default is the user of the contract's examples.
	OpenID    string
	SubOpenID string
	// Duration is how long start_deduction takes, in the time of the orders.
	// The default is [DeductionTime].
	Duration time.Duration
	// Fails lets start_deduction end without the money.
	Fails             bool
	AuthorizationCode string
	OutRefundNo       string
	OutApplyNo        string

	MerchantSignPlanNo string

	Reason           string // of a rejection or a user's cancellation, up to 256 characters
	UserLabel        string
	UserRiskLevel    int64
	RiskLevelVersion int64
	User             User
	ServiceID        string
	Quotas           []payscore.QuotaSuggestion // fen
}

// Move makes a move by its name. An order (SubMchID, OutOrderNo) has these:
//
//   - confirm: the user confirms the order, PAYSCORE.USER_CONFIRM is announced
//     and the confirmation page hands out a query_id;
//   - confirm_with_deposit: the user failed the assessment and paid a deposit
//     besides, so that the order cannot be modified later;
//   - expire: 30 days have passed without a confirmation;
//   - start_deduction: a deduction is in progress for a while, in which the
//     order cannot be changed (number 271316754), and then ends. An acquiring
//     institution's order has none;
//   - deduct: WeChat Pay deducts, or the deduction in progress succeeds at once,
//     and PAYSCORE.USER_PAID is announced. An acquiring institution has to
//     register a deduction before;
//   - deduction_fails: the deduction fails, and the order still waits for its
//     payment;
//   - user_pays: the user pays in WeChat, with the same event.
//
// A deduction that an acquiring institution registered is in progress for 24
// hours. It ends like one that failed unless a move ends it before.
//
// The others are about something else:
//
//   - open_permission, close_permission: the user authorises a service, on the
//     page that a token of the last hour opens, or withdraws the authorisation;
//   - refund_succeeds, refund_abnormal, refund_closed: a refund ends; by itself it
//     succeeds after a minute of the orders' time;
//   - approve_account, reject_account: an application to bind a sub-merchant is
//     decided; by itself it is approved after a minute;
//   - sign_plan: the user signs a plan, on the page that the package of the last
//     two hours opens, and PAYSCORE.USER_SIGN_PLAN is announced;
//   - cancel_sign_plan, revoke_sign_plans: the user cancels a signed plan, with a
//     reason, or withdraws from the service, and PAYSCORE.USER_CANCEL_SIGN_PLAN
//     is announced;
//   - set_user: sets why the orders of a user, by openid or sub_openid, are refused;
//   - set_risk_level, set_quotas: set the result of a user's assessment, and the
//     quotas suggested for a version of a service's layers;
//   - rotate_certificate: a new platform certificate signs from now on, and the
//     older ones stay in the list until they expire.
//
// The error is a [*MoveError].
func (s *Sandbox) Move(name string, args MoveArgs) error {
	s.mustBeOpen()
	return s.ledger.Move(name, ledger.MoveArgs(args))
}

// User lists the reasons why a user's orders are refused: FailsAssessment,
// Overdue, TeenMode and CannotPay. The zero value refuses nothing, as all users
// are at first.
type User = rules.User
