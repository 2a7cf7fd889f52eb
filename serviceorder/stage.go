package serviceorder

import (
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Order is an order as a query returns it, for a partner or for a direct merchant.
type Order interface {
	payscore.ServiceOrderEntity | payscore.DirectServiceOrderEntity
}

// Stage returns the stage of an order, which WeChat Pay spreads over state,
// state_description and collection.state. It returns false for a combination that
// the contract does not know. [catalog.Allows] reports what a stage allows.
func Stage[O Order](order O) (catalog.Stage, bool) {
	is := factsOf(order)
	return is.stage, is.stage != ""
}

// facts are the fields of both kinds of order that show the stage and the money.
type facts struct {
	outOrderNo string
	stage      catalog.Stage // "" when the contract does not know it
	total      *int64        // fen
	payments   []payscore.Payment
	discounts  []payscore.ServiceOrderCoupon
	collection payscore.Collection
}

func factsOf[O Order](order O) facts {
	switch o := any(order).(type) {
	case payscore.ServiceOrderEntity:
		return newFacts(o.OutOrderNo, o.State, o.StateDescription, o.Collection, o.TotalAmount, o.PostPayments, o.PostDiscounts)
	case payscore.DirectServiceOrderEntity:
		return newFacts(o.OutOrderNo, o.State, o.StateDescription, o.Collection, o.TotalAmount, o.PostPayments, o.PostDiscounts)
	}
	return facts{} // no other type is an Order
}

func newFacts(outOrderNo string, state payscore.ServiceOrderState, description *payscore.ServiceOrderStateDescription,
	collection *payscore.Collection, total *int64, payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon) facts {
	f := facts{outOrderNo: outOrderNo, total: total, payments: payments, discounts: discounts}
	var described string
	if description != nil {
		described = string(*description)
	}
	if collection != nil {
		f.collection = *collection
	}
	f.stage, _ = catalog.StageOf(string(state), described, string(f.collection.State))
	return f
}
