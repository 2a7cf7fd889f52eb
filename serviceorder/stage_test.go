package serviceorder_test

import (
	"testing"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

// orderAt is an order as a query answers it, by the table of the page on
// order states.
func orderAt(state, description, collection string) payscore.ServiceOrderEntity {
	o := payscore.ServiceOrderEntity{State: payscore.ServiceOrderState(state)}
	if description != "" {
		o.StateDescription = new(payscore.ServiceOrderStateDescription(description))
	}
	if collection != "" {
		o.Collection = &payscore.Collection{State: payscore.CollectionState(collection)}
	}
	return o
}

func TestStage(t *testing.T) {
	for _, c := range []struct {
		state, description, collection string
		want                           catalog.Stage
		ok, modifiable                 bool
	}{
		{"CREATED", "", "", "CREATED", true, false},
		{"DOING", "USER_CONFIRM", "", "USER_CONFIRM", true, false},
		{"DOING", "MCH_COMPLETE", "USER_PAYING", "USER_PAYING", true, true},
		{"DONE", "", "USER_PAID", "DONE", true, false},
		{"DONE", "", "", "DONE", true, false},
		{"REVOKED", "", "", "REVOKED", true, false},
		{"EXPIRED", "", "", "EXPIRED", true, false},
		{"DOING", "MCH_COMPLETE", "", "", false, false},
		{"DOING", "MCH_COMPLETE", "USER_PAID", "", false, false},
		{"DOING", "", "USER_PAYING", "", false, false},
		{"doing", "", "", "", false, false},
		{"", "", "", "", false, false},
	} {
		got, ok := serviceorder.Stage(orderAt(c.state, c.description, c.collection))
		if got != c.want || ok != c.ok || catalog.Allows(got, "modifyPartnerServiceOrder") != c.modifiable {
			t.Errorf("%s %s %s: %q, %v", c.state, c.description, c.collection, got, ok)
		}
	}
}
