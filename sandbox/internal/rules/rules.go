package rules

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// repeatableName is the one name that payments may share.
const repeatableName = "商品信息"

// CheckOpening holds a new order against the rules that the contract has only
// in prose. Whether the user authorised the service is not looked at.
func CheckOpening(r Opening, t Terms) *Refusal {
	b := r.Order
	for _, check := range []func() *Refusal{
		func() *Refusal { return checkUser(b, r.Completion != nil, r.Family) },
		func() *Refusal {
			if r.Family == Overseas { // of which the pages show times in two forms
				return nil
			}
			return t.checkPlanned(b.TimeRange, r.Completion != nil)
		},
		func() *Refusal { return checkLocation(b.Location) },
		func() *Refusal { return checkAttach(b.Attach) },
	} {
		if refused := check(); refused != nil {
			return refused
		}
	}
	if r.Completion != nil {
		if refused := t.checkEnd(&b.TimeRange, &b.TimeRange); refused != nil {
			return refused
		}
		return t.checkBill(nil, b.PostPayments, b.PostDiscounts, r.Completion.TotalAmount)
	}
	if b.RiskFund.Amount > t.RiskCap {
		return Refuse(badRequest, "INVALID_REQUEST", catalog.NumberAboveRiskCap, "创建订单的订单风险金额超过此服务的服务风险金额")
	}
	if len(b.PostDiscounts) == 0 && sum(b.PostPayments, nil).Cmp(big.NewInt(t.RiskCap)) > 0 {
		return overCap()
	}
	return checkLines(b.PostPayments, b.PostDiscounts)
}

// checkUser refuses an order that names a user too many or too few. One that
// is completed at once bills a user, who must be named. That an order which the
// user confirms names none is on the pages of partners and direct merchants alone.
func checkUser(b payscore.CreatePartnerServiceOrderRequest, completed bool, f Family) *Refusal {
	needConfirm := !completed && (b.NeedUserConfirm == nil || *b.NeedUserConfirm)
	b.SubOpenID = given(b.SubOpenID)
	switch {
	case b.SubOpenID != nil && b.SubAppID == nil:
		return ParamError("body", "/sub_appid", "传sub_openid时必须传sub_appid", "is required with sub_openid")
	case needConfirm && f == "" && (b.OpenID != nil || b.SubOpenID != nil):
		return ParamError("body", "/openid", "需要用户确认的订单不能传用户标识", "must not be sent for an order that the user confirms")
	case !needConfirm && (b.OpenID == nil) == (b.SubOpenID == nil):
		return ParamError("body", "/openid", "openid与sub_openid必须且只能传一个", "give exactly one of openid and sub_openid")
	}
	return nil
}

func checkLocation(l *payscore.Location) *Refusal {
	if l != nil && l.EndLocation != nil && l.StartLocation == nil {
		return ParamError("body", "/location/start_location", "缺少服务开始地点", "is required with end_location")
	}
	return nil
}

// maxAttach bounds attach as it is once URL-encoded.
const maxAttach = 256

// encoded is what counts as it stands: the pages ask merchants to encode attach,
// and functions that do so leave different marks alone.
var encoded = regexp.MustCompile(`%[0-9A-Fa-f]{2}|[0-9A-Za-z_.~!'()*+-]`)

func checkAttach(attach *string) *Refusal {
	if attach != nil && 3*len(*attach)-2*len(strings.Join(encoded.FindAllString(*attach, -1), "")) > maxAttach {
		return ParamError("body", "/attach", "商户数据包超长", "is over 256 characters after URL encoding")
	}
	return nil
}

// checkBill holds the amounts of a completion or modification against the
// formula and the caps.
func (t Terms) checkBill(riskFund *payscore.RiskFund, payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon, total int64) *Refusal {
	if refused := checkLines(payments, discounts); refused != nil {
		return refused
	}
	if !t.LenientAmounts && sum(payments, discounts).Cmp(big.NewInt(total)) != 0 {
		return ParamError("body", "/total_amount", "最终总金额计算非法", "is not the payments less the discounts; --lenient-amounts takes it")
	}
	// In the deposit-free mode the risk fund of the order caps it too.
	estimate := riskFund == nil || riskFund.Name == payscore.RiskFundNameEstimateOrderCost
	if total > t.RiskCap || !estimate && total > riskFund.Amount {
		return overCap()
	}
	return nil
}

func overCap() *Refusal {
	return RefuseNumber(badRequest, "INVALID_REQUEST", catalog.NumberAboveRiskCap)
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

// checkLines refuses names that repeat and a payment that says nothing of what
// it costs.
func checkLines(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon) *Refusal {
	seen := map[string]bool{}
	for i, p := range payments {
		if p.Name == nil {
			continue
		}
		if seen[*p.Name] && *p.Name != repeatableName {
			return ParamError("body", fmt.Sprintf("/post_payments/%d/name", i), "付费名称重复", "repeats a name")
		}
		seen[*p.Name] = true
	}
	for i, p := range payments {
		if p.Amount == nil && p.Description == nil {
			return ParamError("body", fmt.Sprintf("/post_payments/%d/amount", i), "付费金额与付费说明至少传一个", "give amount, description or both")
		}
	}
	clear(seen)
	for i, d := range discounts {
		if d.Name == nil {
			continue
		}
		if seen[*d.Name] {
			return ParamError("body", fmt.Sprintf("/post_discounts/%d/name", i), "优惠名称重复", "repeats a name")
		}
		seen[*d.Name] = true
	}
	return nil
}
