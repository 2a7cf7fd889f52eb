package serviceorder

import (
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Stage is where an order stands, which WeChat Pay spreads over state,
// state_description and collection.state. It is false for a combination that
// the contract does not know. [catalog.Allows] tells what a stage allows.
func Stage(order payscore.ServiceOrderEntity) (catalog.Stage, bool) {
	var description, collection string
	if order.StateDescription != nil {
		description = string(*order.StateDescription)
	}
	if order.Collection != nil {
		collection = string(order.Collection.State)
	}
	return catalog.StageOf(string(order.State), description, collection)
}
