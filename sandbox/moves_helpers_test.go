package sandbox_test

import (
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// ordered is a Sandbox or a Server.
type ordered interface {
	Order(subMchID, outOrderNo string) (sandbox.OrderView, bool)
	FamilyOrder(f sandbox.Family, subMchID, outOrderNo string) (sandbox.OrderView, bool)
}

// entity is an order as a query answers it.
func entity(b ordered, subMchID, outOrderNo string) (payscore.ServiceOrderEntity, bool) {
	v, ok := b.Order(subMchID, outOrderNo)
	return v.Entity, ok
}

// entity is an order of a side past the API, and whether there is one.
func (d side) entity(b ordered, outOrderNo string) (payscore.ServiceOrderEntity, bool) {
	v, ok := b.FamilyOrder(d.family(), d.subMchID(), outOrderNo)
	return v.Entity, ok
}

func queryID(b ordered, subMchID, outOrderNo string) string {
	v, _ := b.Order(subMchID, outOrderNo)
	return v.QueryID
}

// movesOf are the moves that an order allows now.
func movesOf(b ordered, subMchID, outOrderNo string) []string {
	v, _ := b.Order(subMchID, outOrderNo)
	return v.Moves
}

// userIDs are the names that apps have for a person.
type userIDs struct{ OpenID, SubOpenID string }
