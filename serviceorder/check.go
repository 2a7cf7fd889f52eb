package serviceorder

import (
	"errors"
	"fmt"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
)

// RepeatableName is the only payment name that may occur more than once in an order
// (智慧零售 lists each of the goods under it).
const RepeatableName = "商品信息"

// CheckModify returns everything that is wrong with a modify request: the limits of
// the contract that it breaks, in the order of its fields, and then, as warnings, the
// rules of the order that it breaks. [CheckModifyOf] also compares it with the
// order that is to be modified.
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4012692360
func CheckModify(body payscore.ModifyPartnerServiceOrderRequest) limit.Findings {
	var findings limit.Findings
	var limits limit.Findings
	if errors.As(body.Validate(), &limits) {
		findings = append(findings, limits...)
	}
	findings = append(findings, checkPayments(body.PostPayments)...)
	findings = append(findings, checkDiscounts(body.PostDiscounts)...)
	return append(findings, checkTotal(body.PostPayments, body.PostDiscounts, body.TotalAmount)...)
}

// CheckModifyOf returns the findings of [CheckModify], and warnings if the order, as
// a query returned it, cannot be modified like that: because of its stage, its total
// (the new one must be lower) or its risk fund.
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4012692360
func CheckModifyOf(order payscore.ServiceOrderEntity, body payscore.ModifyPartnerServiceOrderRequest) limit.Findings {
	findings := CheckModify(body)
	if order.Collection == nil || order.Collection.State != payscore.CollectionStateUserPaying {
		findings = append(findings, limit.Finding{Path: "$.collection.state", Rule: "stage", Warning: true,
			Message: "the order is not waiting for payment (USER_PAYING)"})
	}
	if order.TotalAmount != nil && body.TotalAmount >= *order.TotalAmount {
		findings = append(findings, limit.Finding{Path: "$.total_amount", Rule: "lower", Warning: true,
			Message: fmt.Sprintf("%d fen, must be lower than the %d fen of the order", body.TotalAmount, *order.TotalAmount)})
	}
	// In the pay-later mode the risk fund is an estimate and not a cap.
	if fund := order.RiskFund; fund != nil && fund.Name != payscore.RiskFundNameEstimateOrderCost && body.TotalAmount > fund.Amount {
		findings = append(findings, limit.Finding{Path: "$.total_amount", Rule: "riskFund", Warning: true,
			Message: fmt.Sprintf("%d fen, above the risk fund of the order, %d fen", body.TotalAmount, fund.Amount)})
	}
	return findings
}

func checkPayments(payments []payscore.Payment) limit.Findings {
	var findings limit.Findings
	first := make(map[string]int, len(payments))
	for i, p := range payments {
		if p.Amount == nil && p.Description == nil {
			findings = append(findings, limit.Finding{Path: fmt.Sprintf("$.post_payments[%d]", i), Rule: "content", Warning: true,
				Message: "neither amount nor description is given"})
		}
		if p.Name == nil {
			findings = append(findings, limit.Finding{Path: fmt.Sprintf("$.post_payments[%d].name", i), Rule: "required", Warning: true,
				Message: "absent, and most official pages require it"})
			continue
		}
		if j, seen := first[*p.Name]; seen && *p.Name != RepeatableName {
			findings = append(findings, repeated("post_payments", i, j))
		} else if !seen {
			first[*p.Name] = i
		}
	}
	return findings
}

func checkDiscounts(discounts []payscore.ServiceOrderCoupon) limit.Findings {
	var findings limit.Findings
	first := make(map[string]int, len(discounts))
	for i, d := range discounts {
		if d.Name == nil {
			continue
		}
		if j, seen := first[*d.Name]; seen {
			findings = append(findings, repeated("post_discounts", i, j))
		} else {
			first[*d.Name] = i
		}
	}
	return findings
}

func repeated(list string, i, first int) limit.Finding {
	return limit.Finding{Path: fmt.Sprintf("$.%s[%d].name", list, i), Rule: "unique", Warning: true,
		Message: fmt.Sprintf("the same name as %s[%d]", list, first)}
}

func checkTotal(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon, total int64) limit.Findings {
	sum, err := Total(payments, discounts)
	finding := limit.Finding{Path: "$.total_amount", Rule: "total", Warning: true}
	switch {
	case err != nil:
		finding.Message = err.Error()
	case sum != total:
		finding.Message = fmt.Sprintf("%d fen, but the payments less the discounts are %d fen", total, sum)
	default:
		return nil
	}
	return limit.Findings{finding}
}
