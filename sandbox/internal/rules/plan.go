package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// Plan is the record of a plan, a partner's or a direct merchant's. The latter
// has no sub-merchant.
type Plan struct {
	Plan    payscore.PartnerPlan `json:"plan"`
	Created []byte               `json:"created_hash"` // of the body that created it
}

// PlanSubject names a plan in the journal.
func PlanSubject(subMchID, merchantPlanNo string) string {
	return "plan/" + OrderKey(subMchID, merchantPlanNo)
}

// Key is where the plan is found.
func (p Plan) Key() string { return OrderKey(p.Plan.SubMchID, p.Plan.MerchantPlanNo) }

// NoPlan is the refusal of a request about a plan that there is not.
func NoPlan() *Refusal { return Refuse(notFound, "ORDER_NOT_EXIST", 0, "支付分计划不存在") }

// hashOf tells a repeat from another request of the same number.
func hashOf(request any) []byte {
	b, err := json.Marshal(request)
	if err != nil {
		panic(fmt.Sprintf("sandbox: encode a request: %v", err)) // it was decoded
	}
	hash := sha256.Sum256(b)
	return hash[:]
}

// CreatePlan makes a plan. known is the one of the same number, if there is
// one: a repeat with the same parameters finds it. What WeChat Pay does then is
// not published.
func CreatePlan(b payscore.CreatePartnerPlanRequest, known *Plan, t Terms) (Plan, Effects, *Refusal) {
	details, refused := planDetails(b)
	if refused != nil {
		return Plan{}, Effects{}, refused
	}
	hash := hashOf(b)
	if known != nil {
		if !bytes.Equal(known.Created, hash) {
			return Plan{}, Effects{}, Refuse(badRequest, "INVALID_REQUEST", 0, "商户侧计划号已被使用")
		}
		return *known, Effects{Repeat: true}, nil
	}
	return Plan{Created: hash, Plan: payscore.PartnerPlan{
		PlanID: t.NumberOf("0100"), PlanState: payscore.PlanStateNormal,
		ServiceID: b.ServiceID, MchID: t.MchID, SubMchID: b.SubMchID, AppID: b.AppID, SubAppID: b.SubAppID,
		MerchantPlanNo: b.MerchantPlanNo, PlanName: b.PlanName, PlanDuration: b.PlanDuration,
		TotalOriginalPrice: b.TotalOriginalPrice, DeductionQuantity: b.DeductionQuantity, TotalActualPrice: b.TotalActualPrice,
		PlanDetailList: details,
	}}, Effects{Numbers: 1}, nil
}

// maxDetails bounds the details that a plan gets without naming them.
const maxDetails = 1000

// planDetails numbers the details of a plan from 1. That the totals are their
// sums is not asked for, since WeChat Pay's own sample breaks it.
func planDetails(b payscore.CreatePartnerPlanRequest) ([]payscore.PlanDetail, *Refusal) {
	switch {
	case b.PlanDuration < 1:
		return nil, ParamError("body", "/plan_duration", "计划时长必须大于0", "is below 1")
	case b.DeductionQuantity < 1:
		return nil, ParamError("body", "/deduction_quantity", "扣费次数必须大于0", "is below 1")
	case len(b.PlanDetailList) == 0:
		return evenDetails(b)
	case int64(len(b.PlanDetailList)) != b.DeductionQuantity:
		return nil, ParamError("body", "/plan_detail_list", "计划明细数量与扣费次数不一致", "has not as many details as deduction_quantity says")
	}
	var details []payscore.PlanDetail
	for i, d := range b.PlanDetailList {
		at := fmt.Sprintf("/plan_detail_list/%d/actual_price", i)
		switch {
		case d.ActualPrice > d.OriginalPrice:
			return nil, ParamError("body", at, "实际价格不能大于原价", "is above original_price")
		case i > 0 && d.ActualPrice > details[i-1].ActualPrice:
			return nil, ParamError("body", at, "实际价格不能大于上一个明细的实际价格", "is above that of the detail before")
		}
		details = append(details, payscore.PlanDetail{
			PlanDetailNo: int64(i + 1), PlanDetailName: d.PlanDetailName, OriginalPrice: d.OriginalPrice,
			PlanDiscountDescription: d.PlanDiscountDescription, ActualPrice: d.ActualPrice,
		})
	}
	return details, nil
}

// evenDetails divides the totals of a plan that came without details. What
// WeChat Pay does with one is not published, and all sources call the list
// optional.
func evenDetails(b payscore.CreatePartnerPlanRequest) ([]payscore.PlanDetail, *Refusal) {
	if b.DeductionQuantity > maxDetails {
		return nil, ParamError("body", "/plan_detail_list", "缺少计划明细", fmt.Sprintf("is missing for over %d details", maxDetails))
	}
	if b.TotalActualPrice > b.TotalOriginalPrice {
		return nil, ParamError("body", "/total_actual_price", "实际总金额不能大于原总金额", "is above total_original_price")
	}
	// The remainder goes to the first ones, so that no price is above the one before.
	share := func(total, i int64) int64 {
		part := total / b.DeductionQuantity
		if i < total%b.DeductionQuantity {
			part++
		}
		return part
	}
	var details []payscore.PlanDetail
	for i := range b.DeductionQuantity {
		details = append(details, payscore.PlanDetail{
			PlanDetailNo: i + 1, PlanDetailName: b.PlanName,
			OriginalPrice: share(b.TotalOriginalPrice, i), ActualPrice: share(b.TotalActualPrice, i),
		})
	}
	return details, nil
}

// StopPlan ends that users can sign a plan. Those who have go on.
func StopPlan(p Plan, t Terms) (Plan, *Refusal) {
	if p.Plan.PlanState == payscore.PlanStateStop {
		// The code is not published.
		return p, Refuse(badRequest, "INVALID_REQUEST", 0, "支付分计划已停止")
	}
	p.Plan.PlanState, p.Plan.StopMchID, p.Plan.StopTime = payscore.PlanStateStop, new(t.MchID), Moment(t.Now)
	return p, nil
}
