package sandbox

import (
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// Times of an order are China Standard Time, which has no daylight saving.
var chinaTime = time.FixedZone("CST", 8*3600)

const (
	secondPrecision = "20060102150405"
	dayPrecision    = "20060102"
	onAccept        = "OnAccept"
	repeatableName  = "商品信息"
)

func parseTime(s string) (time.Time, bool) {
	layout := secondPrecision
	if len(s) == len(dayPrecision) {
		layout = dayPrecision
	}
	t, err := time.ParseInLocation(layout, s, chinaTime)
	return t, err == nil
}

// checkCreate holds a new order against the rules that the contract has only
// in prose.
func (s *Sandbox) checkCreate(b payscore.CreatePartnerServiceOrderRequest) *refusal {
	if b.SubOpenID != nil && b.SubAppID == nil {
		return paramError("body", "/sub_appid", "传sub_openid时必须传sub_appid", "is required with sub_openid")
	}
	needConfirm := b.NeedUserConfirm == nil || *b.NeedUserConfirm
	if needConfirm && (b.OpenID != nil || b.SubOpenID != nil) {
		return paramError("body", "/openid", "需要用户确认的订单不能传用户标识", "must not be sent for an order that the user confirms")
	}
	if !needConfirm && (b.OpenID == nil) == (b.SubOpenID == nil) {
		return paramError("body", "/openid", "openid与sub_openid必须且只能传一个", "give exactly one of openid and sub_openid")
	}
	if b.TimeRange.StartTime == nil {
		return paramError("body", "/time_range/start_time", "缺少服务开始时间", "is missing")
	}
	if *b.TimeRange.StartTime != onAccept {
		if _, ok := parseTime(*b.TimeRange.StartTime); !ok {
			return paramError("body", "/time_range/start_time", "服务开始时间格式错误", "is no date")
		}
	}
	if b.TimeRange.EndTime != nil {
		if refused := checkOrder(b.TimeRange); refused != nil {
			return refused
		}
	}
	if b.Location != nil && b.Location.EndLocation != nil && b.Location.StartLocation == nil {
		return paramError("body", "/location/start_location", "缺少服务开始地点", "is required with end_location")
	}
	if b.RiskFund.Amount > s.riskCap {
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", numberOverCap, "创建订单的订单风险金额超过此服务的服务风险金额")
	}
	if len(b.PostDiscounts) == 0 && sum(b.PostPayments, nil).Cmp(big.NewInt(s.riskCap)) > 0 {
		return overCap()
	}
	return checkNames(b.PostPayments, b.PostDiscounts)
}

// checkBill holds the amounts of a completion or modification against the
// formula and the caps.
func (s *Sandbox) checkBill(o *order, payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon, total int64) *refusal {
	if refused := checkNames(payments, discounts); refused != nil {
		return refused
	}
	if !s.lenientAmounts && sum(payments, discounts).Cmp(big.NewInt(total)) != 0 {
		return paramError("body", "/total_amount", "最终总金额计算非法", "is not the payments less the discounts")
	}
	// In the deposit-free mode the risk fund of the order caps it too.
	riskFund := o.Entity.RiskFund
	if total > s.riskCap || riskFund.Name != payscore.RiskFundNameEstimateOrderCost && total > riskFund.Amount {
		return overCap()
	}
	return nil
}

func overCap() *refusal {
	return refuse(http.StatusBadRequest, "INVALID_REQUEST", numberOverCap, "总金额超过此服务的服务风险金额")
}

// sum has no bounds, so that no pair of amounts can wrap into a valid total.
func sum(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon) *big.Int {
	total := new(big.Int)
	for _, p := range payments {
		if p.Amount != nil {
			total.Add(total, big.NewInt(*p.Amount))
		}
	}
	for _, d := range discounts {
		if d.Amount != nil {
			total.Sub(total, big.NewInt(*d.Amount))
		}
	}
	return total
}

func checkNames(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon) *refusal {
	seen := map[string]bool{}
	for i, p := range payments {
		if seen[p.Name] && p.Name != repeatableName {
			return paramError("body", fmt.Sprintf("/post_payments/%d/name", i), "付费名称重复", "repeats a name")
		}
		seen[p.Name] = true
	}
	clear(seen)
	for i, d := range discounts {
		if d.Name == nil {
			continue
		}
		if seen[*d.Name] {
			return paramError("body", fmt.Sprintf("/post_discounts/%d/name", i), "优惠名称重复", "repeats a name")
		}
		seen[*d.Name] = true
	}
	return nil
}

// actualTimes are those of the order with those of the completion over them.
func actualTimes(planned, actual *payscore.TimeRange) *payscore.TimeRange {
	times := *planned
	if actual == nil {
		return &times
	}
	for _, field := range []struct{ into, from **string }{
		{&times.StartTime, &actual.StartTime},
		{&times.StartTimeRemark, &actual.StartTimeRemark},
		{&times.EndTime, &actual.EndTime},
		{&times.EndTimeRemark, &actual.EndTimeRemark},
	} {
		if *field.from != nil {
			*field.into = *field.from
		}
	}
	return &times
}

func (s *Sandbox) checkEnd(times *payscore.TimeRange) *refusal {
	if times.EndTime == nil {
		return paramError("body", "/time_range/end_time", "缺少服务结束时间", "is required at completion unless it was given before")
	}
	if refused := checkOrder(*times); refused != nil {
		return refused
	}
	if end, _ := parseTime(*times.EndTime); end.After(s.now()) {
		return paramError("body", "/time_range/end_time", "实际结束时间不能晚于使用完结接口的时间", "is after the time of the call")
	}
	return nil
}

// checkOrder refuses an end that is no date or not after its start.
func checkOrder(times payscore.TimeRange) *refusal {
	end, ok := parseTime(*times.EndTime)
	if !ok {
		return paramError("body", "/time_range/end_time", "服务结束时间格式错误", "is no date")
	}
	if times.StartTime == nil || *times.StartTime == onAccept {
		return nil
	}
	start, ok := parseTime(*times.StartTime)
	if !ok {
		return paramError("body", "/time_range/start_time", "服务开始时间格式错误", "is no date")
	}
	sameDay := len(*times.EndTime) == len(dayPrecision) && end.Format(dayPrecision) == start.Format(dayPrecision)
	if !end.After(start) && !sameDay {
		return refuse(http.StatusBadRequest, "PARAM_ERROR", numberEndBefore, "真实结束时间小于预计开始时间")
	}
	return nil
}
