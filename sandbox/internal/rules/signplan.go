package rules

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// SignPlan is the record of what a user signs, or has signed. The plan is
// copied: that it is stopped later changes nothing.
type SignPlan struct {
	// SignPlan is what a partner's query answers. A direct merchant's has no
	// sub-merchant.
	SignPlan payscore.PartnerSignPlan `json:"sign_plan"`
	Created  []byte                   `json:"created_hash"` // of the body that created it
	Package  string                   `json:"package"`
	AskedAt  time.Time                `json:"asked_at"`
	Duration int64                    `json:"duration"` // days
	OverAt   time.Time                `json:"over_at"`  // plan_over_time
	Plan     string                   `json:"plan"`     // its key
	Named    NamedKey                 `json:"named_key,omitempty"`
}

// packageLife is how long a user may open the page to sign.
const packageLife = 2 * time.Hour

// maxPlanDays keeps the end of a plan within four digits of a year. The
// service's own maximum is not published.
const maxPlanDays = 1_000_000

// SignPlanSubject names a sign plan in the journal.
func SignPlanSubject(subMchID, merchantSignPlanNo string) string {
	return "sign-plan/" + OrderKey(subMchID, merchantSignPlanNo)
}

// Key is where the sign plan is found.
func (p SignPlan) Key() string { return OrderKey(p.SignPlan.SubMchID, p.SignPlan.MerchantSignPlanNo) }

// Subject names it in the journal.
func (p SignPlan) Subject() string {
	return SignPlanSubject(p.SignPlan.SubMchID, p.SignPlan.MerchantSignPlanNo)
}

// NoSignPlan is the refusal of a request about one that there is not.
func NoSignPlan() *Refusal {
	return Refuse(notFound, "ORDER_NOT_EXIST", 0, "用户的签约计划不存在")
}

// signPlanEnded is the refusal of what a sign plan cannot do any more. The code
// is not published.
func signPlanEnded() *Refusal {
	return Refuse(badRequest, "INVALID_REQUEST", 0, "签约计划已结束")
}

// CreateSignPlan offers a plan to a user. plan is the one that the request
// names and known the sign plan of the same number, if there are; taken tells
// the numbers of other orders. A repeat with the same parameters finds what it
// made before.
func CreateSignPlan(b payscore.CreatePartnerSignPlanRequest, plan *Plan, known *SignPlan, taken func(no string) bool, t Terms) (SignPlan, Effects, *Refusal) {
	none := Effects{}
	hash := hashOf(b)
	switch {
	case known != nil && !bytes.Equal(known.Created, hash):
		return SignPlan{}, none, Refuse(badRequest, "INVALID_REQUEST", 0, "商户签约计划单号已被使用")
	case known != nil:
		return *known, Effects{Repeat: true}, nil
	case plan == nil || plan.Plan.SubMchID != b.SubMchID:
		return SignPlan{}, none, NoPlan()
	case plan.Plan.ServiceID != b.ServiceID:
		return SignPlan{}, none, ParamError("body", "/service_id", "服务ID与计划不一致", "is not the service of the plan")
	case plan.Plan.PlanState == payscore.PlanStateStop:
		return SignPlan{}, none, Refuse(badRequest, "INVALID_REQUEST", 0, "支付分计划已停止，无法签约")
	}
	details, refused := signedDetails(b.SignPlanDetail, plan.Plan.PlanDetailList, taken)
	if refused != nil {
		return SignPlan{}, none, refused
	}
	id := t.NumberOf("0101")
	p := SignPlan{
		Created: hash, Package: "sandbox_package_" + id, AskedAt: t.Now, Duration: plan.Plan.PlanDuration, Plan: plan.Key(),
		SignPlan: payscore.PartnerSignPlan{
			SignPlanID: id, OpenID: b.OpenID, SubOpenID: b.SubOpenID, ServiceID: b.ServiceID, MchID: t.MchID, SubMchID: b.SubMchID,
			AppID: b.AppID, SubAppID: b.SubAppID, MerchantSignPlanNo: b.MerchantSignPlanNo, MerchantCallbackURL: b.NotifyURL,
			PlanID: b.PlanID, SignState: payscore.SignPlanStateUnsigned, CancelSignType: new(payscore.CancelSignTypeNotCancel),
			PlanName: plan.Plan.PlanName, TotalOriginPrice: plan.Plan.TotalOriginalPrice,
			DeductionQuantity: plan.Plan.DeductionQuantity, TotalActualPrice: plan.Plan.TotalActualPrice, SignedDetailList: details,
		},
	}
	p.runs(t)
	return p, Effects{Numbers: 1}, nil
}

// signedDetails gives each detail of a plan the number of its order.
func signedDetails(named []payscore.SignPlanRequestDetail, plan []payscore.PlanDetail, taken func(no string) bool) ([]payscore.SignPlanDetail, *Refusal) {
	if len(named) != len(plan) {
		return nil, ParamError("body", "/sign_plan_detail", "签约计划明细与计划明细不一致", "does not name each detail of the plan once")
	}
	details := make([]payscore.SignPlanDetail, len(plan))
	numbers := map[string]bool{}
	for i, n := range named {
		if n.PlanDetailNo < 1 || n.PlanDetailNo > int64(len(plan)) || details[n.PlanDetailNo-1].PlanDetailNo != 0 {
			return nil, ParamError("body", fmt.Sprintf("/sign_plan_detail/%d/plan_detail_no", i), "签约计划明细与计划明细不一致", "names no detail of the plan, or one twice")
		}
		if numbers[n.MerchantPlanDetailNo] || taken(n.MerchantPlanDetailNo) {
			return nil, ParamError("body", fmt.Sprintf("/sign_plan_detail/%d/merchant_plan_detail_no", i), "商户侧计划明细号已被使用", "is the number of another detail or order")
		}
		numbers[n.MerchantPlanDetailNo] = true
		of := plan[n.PlanDetailNo-1]
		details[n.PlanDetailNo-1] = payscore.SignPlanDetail{
			PlanDetailNo: of.PlanDetailNo, PlanDetailName: of.PlanDetailName, OriginalPrice: of.OriginalPrice,
			PlanDiscountDescription: of.PlanDiscountDescription, ActualPrice: of.ActualPrice,
			PlanDetailState: payscore.SignPlanDetailStateNotUsed, MerchantPlanDetailNo: n.MerchantPlanDetailNo,
		}
	}
	return details, nil
}

// runs counts the plan's days from today. By the published sample this is day 0
// and the plan ends with the last one.
func (p *SignPlan) runs(t Terms) {
	p.OverAt = t.today().AddDate(0, 0, int(min(p.Duration, maxPlanDays))+1)
	p.SignPlan.PlanOverTime = *Moment(p.OverAt)
}

// ended tells whether nothing can become of the sign plan any more.
func (p SignPlan) ended() bool {
	return p.SignPlan.SignState != payscore.SignPlanStateUnsigned && p.SignPlan.SignState != payscore.SignPlanStateSigned
}

// using tells whether an order of it is in service.
func (p SignPlan) using() bool { return p.has(payscore.SignPlanDetailStateUsing) }

func (p SignPlan) has(states ...payscore.SignPlanDetailState) bool {
	return slices.ContainsFunc(p.SignPlan.SignedDetailList, func(d payscore.SignPlanDetail) bool { return slices.Contains(states, d.PlanDetailState) })
}

// StopSignPlan is the merchant's cancellation, of which it needs no
// notification. What becomes of an order in service is not published, so that
// it has to end first.
func StopSignPlan(p SignPlan, reason string, t Terms) (SignPlan, *Refusal) {
	switch {
	case p.ended():
		return p, signPlanEnded()
	case p.using():
		return p, Refuse(badRequest, "INVALID_REQUEST", 0, "存在服务中的订单")
	}
	p.cancel(payscore.CancelSignTypeMerchant, reason, t)
	return p, nil
}

func (p *SignPlan) cancel(by payscore.CancelSignType, reason string, t Terms) {
	s := &p.SignPlan
	s.SignState, s.CancelSignType = payscore.SignPlanStateSignPlanCancel, &by
	s.CancelSignTime, s.CancelReason = Moment(t.Now), optional(reason)
}

// SettleSignPlan expires a sign plan whose time is over, and reports whether it
// did.
func SettleSignPlan(p SignPlan, t Terms) (SignPlan, bool) {
	if p.SignPlan.SignState != payscore.SignPlanStateSigned || t.Now.Before(p.OverAt) {
		return p, false
	}
	p.SignPlan.SignState = payscore.SignPlanStateExpire
	return p, true
}

// signPlanMoves are what a user does about a sign plan, in the order in which
// one may meet them.
var signPlanMoves = []string{"sign_plan", "cancel_sign_plan", "revoke_sign_plans"}

// MoveSignPlan makes a move of the user: to sign, on the page that the package
// of the last two hours opens; to cancel; or to withdraw from the service as a
// whole, which asks for no leave. plan is the one that it is of.
func MoveSignPlan(p SignPlan, name string, plan Plan, reason string, t Terms) (SignPlan, Effects, error) {
	s := &p.SignPlan
	event := catalog.EventUserCancelSignPlan
	wanted := payscore.SignPlanStateSigned
	if name == "sign_plan" {
		event, wanted = catalog.EventUserSignPlan, payscore.SignPlanStateUnsigned
	}
	switch {
	case len([]rune(reason)) > maxMoveReason:
		return p, Effects{}, reasonTooLong()
	case s.SignState != wanted:
		return p, Effects{}, Impossible("the sign plan is " + string(s.SignState))
	case name == "sign_plan" && plan.Plan.PlanState != payscore.PlanStateNormal:
		return p, Effects{}, Impossible("the plan is " + string(plan.Plan.PlanState))
	case name == "sign_plan" && t.Now.Sub(p.AskedAt) > packageLife:
		return p, Effects{}, Impossible("the package is over two hours old")
	case name == "cancel_sign_plan" && p.using():
		return p, Effects{}, Impossible("an order of it is in service")
	}
	switch name {
	case "sign_plan":
		s.SignState, s.SignTime = payscore.SignPlanStateSigned, Moment(t.Now)
		p.runs(t)
	case "cancel_sign_plan":
		p.cancel(payscore.CancelSignTypeUser, reason, t)
	default:
		p.cancel(payscore.CancelSignTypeRevokeService, "", t)
	}
	n := As[payscore.SignPlanNotification](s)
	n.SubMchID = optional(s.SubMchID)
	return p, Effects{Announced: []Announcement{{p.Subject(), s.MerchantCallbackURL, event, n}}}, nil
}

// Moves are the names of the moves that the sign plan allows now.
func (p SignPlan) Moves(plan Plan, t Terms) []string {
	names := []string{}
	for _, name := range signPlanMoves {
		if _, _, err := MoveSignPlan(p, name, plan, "", t); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// OpenDetail is what a request for the order of a detail opens. p is the sign
// plan that it names, if there is one.
func OpenDetail(b payscore.CreatePartnerSignPlanServiceOrderRequest, p *SignPlan) (Opening, *Refusal) {
	none := Opening{}
	if p == nil || p.SignPlan.SubMchID != b.SubMchID {
		return none, NoSignPlan()
	}
	s := p.SignPlan
	for _, own := range []struct{ field, asked, is string }{
		{"service_id", b.ServiceID, s.ServiceID}, {"appid", b.AppID, s.AppID},
		{"openid", value(b.OpenID), value(s.OpenID)}, {"sub_openid", value(b.SubOpenID), value(s.SubOpenID)},
	} {
		if own.asked != own.is {
			return none, ParamError("body", "/"+own.field, "与签约计划不一致", "is not that of the sign plan")
		}
	}
	switch {
	case s.SignState == payscore.SignPlanStateUnsigned:
		return none, Refuse(badRequest, "INVALID_REQUEST", 0, "签约计划未签约")
	case p.ended():
		return none, signPlanEnded()
	case b.PlanDetailNo < 1 || b.PlanDetailNo > int64(len(s.SignedDetailList)):
		return none, ParamError("body", "/plan_detail_no", "计划明细序号不存在", "is no detail of the plan")
	}
	d := s.SignedDetailList[b.PlanDetailNo-1]
	before := p.SignPlan.SignedDetailList[:b.PlanDetailNo-1]
	switch {
	case b.OutTradeNo != d.MerchantPlanDetailNo:
		return none, ParamError("body", "/out_trade_no", "商户订单号与计划明细号不一致", "is not the merchant_plan_detail_no of the detail")
	case p.using() || d.PlanDetailState != payscore.SignPlanDetailStateNotUsed ||
		slices.ContainsFunc(before, func(d payscore.SignPlanDetail) bool {
			return d.PlanDetailState == payscore.SignPlanDetailStateNotUsed
		}):
		return none, Refuse(badRequest, "INVALID_REQUEST", 0, "计划详情需按序号依次使用")
	}
	order := payscore.CreatePartnerServiceOrderRequest{
		OutOrderNo: b.OutTradeNo, ServiceID: b.ServiceID, AppID: b.AppID, SubMchID: b.SubMchID, SubAppID: b.SubAppID,
		OpenID: b.OpenID, SubOpenID: b.SubOpenID, NeedUserConfirm: new(false), NotifyURL: b.NotifyURL,
		ServiceIntroduction: s.PlanName, TimeRange: b.TimeRange, Location: b.Location, Attach: b.Attach,
		PostPayments: []payscore.Payment{{Name: new(s.PlanName), Amount: new(d.OriginalPrice), Description: new(first(d.PlanDetailName, 30))}},
	}
	if b.ServiceIntroduction != nil {
		order.ServiceIntroduction = *b.ServiceIntroduction
	}
	if off := d.OriginalPrice - d.ActualPrice; off > 0 {
		discount := payscore.ServiceOrderCoupon{Amount: &off}
		discount.Name = optional(first(value(d.PlanDiscountDescription), 20))
		order.PostDiscounts = []payscore.ServiceOrderCoupon{discount}
	}
	if d.ActualPrice > 0 {
		order.RiskFund = payscore.RiskFund{Name: payscore.RiskFundNameEstimateOrderCost, Amount: d.ActualPrice}
	}
	return Opening{Request: b, Order: order, SignPlan: p.Key()}, nil
}

// first cuts a text after so many characters: those of a detail have no printed
// limit, and those of an order have.
func first(text string, most int) string {
	r := []rune(text)
	return string(r[:min(most, len(r))])
}

// FollowOrder moves a detail on as its order went, and completes the sign plan
// with its last one.
func FollowOrder(p SignPlan, o Order, t Terms) SignPlan {
	s := &p.SignPlan
	at := slices.IndexFunc(s.SignedDetailList, func(d payscore.SignPlanDetail) bool { return d.MerchantPlanDetailNo == o.Entity.OutOrderNo })
	if at < 0 {
		return p
	}
	s.SignedDetailList = slices.Clone(s.SignedDetailList)
	d := &s.SignedDetailList[at]
	switch {
	case o.Stage == Done && d.PlanDetailState != payscore.SignPlanDetailStateUsed:
		d.PlanDetailState, d.CompleteTime = payscore.SignPlanDetailStateUsed, Moment(t.Now)
		d.ActualPayPrice = new(o.Collected())
	case o.Stage == Revoked && d.PlanDetailState != payscore.SignPlanDetailStateSignPlanDetailCancel:
		d.PlanDetailState, d.CancelTime = payscore.SignPlanDetailStateSignPlanDetailCancel, Moment(t.Now)
	case d.PlanDetailState == payscore.SignPlanDetailStateNotUsed:
		d.PlanDetailState, d.UseTime, d.OrderID = payscore.SignPlanDetailStateUsing, Moment(t.Now), o.Entity.OrderID
		s.GoingDetailNo = d.PlanDetailNo
	}
	if s.SignState == payscore.SignPlanStateSigned && !p.has(payscore.SignPlanDetailStateNotUsed, payscore.SignPlanDetailStateUsing) {
		s.SignState = payscore.SignPlanStateComplete
	}
	return p
}
