package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	server "github.com/wxpayscore/payscore/gen/sandboxserver"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

func (a adminOperations) ListPlans(_ context.Context, r server.ListPlansRequestObject) (server.ListPlansResponseObject, error) {
	search := strings.ToLower(orDefault(r.Params.Search, ""))
	fits := func(subMchID, no, name string) bool {
		return strings.Contains(strings.ToLower(rules.OrderKey(subMchID, no)+"\n"+name), search)
	}
	limit := int(orDefault(r.Params.Limit, defaultPage))
	list := server.PlanList{Plans: []server.Plan{}, SignPlans: []server.SignPlan{}}
	plans, signPlans := a.ledger.Plans()
	for _, p := range plans {
		if fits(p.SubMchID, p.MerchantPlanNo, p.PlanName) {
			list.Plans = append(list.Plans, server.Plan{
				SubMchid: p.SubMchID, MerchantPlanNo: p.MerchantPlanNo, PlanID: p.PlanID, PlanName: p.PlanName, State: string(p.PlanState),
				Quantity: p.DeductionQuantity, TotalAmount: p.TotalActualPrice, Subject: rules.PlanSubject(p.SubMchID, p.MerchantPlanNo),
			})
		}
	}
	for _, p := range signPlans {
		if !fits(p.SubMchID, p.MerchantSignPlanNo, p.PlanName) {
			continue
		}
		over, _ := time.Parse(time.RFC3339, p.PlanOverTime) // which the sandbox wrote
		view := server.SignPlan{
			SubMchid: p.SubMchID, MerchantSignPlanNo: p.MerchantSignPlanNo, SignPlanID: p.SignPlanID, PlanID: p.PlanID, PlanName: p.PlanName,
			State: string(p.SignState), Over: over, Details: []server.SignedDetail{},
			Subject: rules.SignPlanSubject(p.SubMchID, p.MerchantSignPlanNo), Moves: p.Moves,
		}
		for _, d := range p.SignedDetailList {
			view.Details = append(view.Details, server.SignedDetail{
				OutOrderNo: d.MerchantPlanDetailNo, Name: d.PlanDetailName, State: string(d.PlanDetailState), Amount: orDefault(d.ActualPayPrice, d.ActualPrice),
			})
		}
		list.SignPlans = append(list.SignPlans, view)
	}
	// The numbers of WeChat Pay's own sort by age.
	slices.SortFunc(list.Plans, func(x, y server.Plan) int { return strings.Compare(y.PlanID, x.PlanID) })
	slices.SortFunc(list.SignPlans, func(x, y server.SignPlan) int { return strings.Compare(y.SignPlanID, x.SignPlanID) })
	list.Plans, list.SignPlans = list.Plans[:min(limit, len(list.Plans))], list.SignPlans[:min(limit, len(list.SignPlans))]
	return server.ListPlans200JSONResponse(list), nil
}
