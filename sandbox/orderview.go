package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// OrderView is a copy of all that the sandbox knows of an order.
type OrderView struct {
	SubMchID   string                      `json:"sub_mchid"` // empty for a direct merchant's
	OutOrderNo string                      `json:"out_order_no"`
	Stage      string                      `json:"stage"`      // CREATED, USER_CONFIRM, USER_PAYING, DONE, REVOKED or EXPIRED
	CreatedAt  time.Time                   `json:"created_at"` // by the time of the orders
	Collected  int64                       `json:"collected"`  // fen that came in, here or elsewhere
	Entity     payscore.ServiceOrderEntity `json:"entity"`
	// QueryID is what the confirmation page handed out, for a query.
	QueryID      string `json:"query_id,omitempty"`
	CancelReason string `json:"cancel_reason,omitempty"`
	// Deposit says that the user paid a deposit, so that the order cannot be
	// modified.
	Deposit bool `json:"deposit,omitempty"`
	// DeductingUntil is when the deduction in progress ends.
	DeductingUntil *time.Time `json:"deducting_until,omitempty"`
	PendingMessage bool       `json:"pending_message,omitempty"` // was sent
	PrepaidMessage bool       `json:"prepaid_message,omitempty"` // was sent

	Device        *payscore.Device       `json:"device,omitempty"`
	ShoppingInfo  *payscore.ShoppingInfo `json:"shopping_info,omitempty"`
	ProfitSharing bool                   `json:"profit_sharing,omitempty"`
	GoodsTag      string                 `json:"goods_tag,omitempty"`
	// Moves that the order allows now.
	Moves []string `json:"moves"`
}

// view copies a record. The caller holds the lock.
func (o *order) view() OrderView {
	v := OrderView{
		OutOrderNo: o.Entity.OutOrderNo, Stage: o.Stage, CreatedAt: o.CreatedAt, Collected: o.collected(),
		Entity: clone(o.Entity), QueryID: o.QueryID, CancelReason: o.CancelReason, Deposit: o.Deposit,
		PendingMessage: o.PendingMessage, PrepaidMessage: o.PrepaidMessage,
		Device: clone(o.Device), ShoppingInfo: clone(o.ShoppingInfo), ProfitSharing: o.ProfitSharing, GoodsTag: o.GoodsTag,
		Moves: []string{},
	}
	if o.Entity.SubMchID != nil {
		v.SubMchID = *o.Entity.SubMchID
	}
	if o.Deduction != nil {
		v.DeductingUntil = new(o.Deduction.Until)
	}
	for _, m := range moves {
		if m.possible(o) {
			v.Moves = append(v.Moves, m.name)
		}
	}
	return v
}

// View returns an order as it is now, and whether there is one. A direct
// merchant's has an empty subMchID. It is safe for concurrent use.
func (s *Sandbox) View(subMchID, outOrderNo string) (v OrderView, ok bool) {
	s.see(func(settle func(*order)) {
		v, ok = OrderView{}, false
		if o := s.orders.Get(orderKey(subMchID, outOrderNo)); o != nil {
			settle(o)
			v, ok = o.view(), true
		}
	})
	return v, ok
}

// Order returns a copy of an order as a query answers it, and whether there is
// one.
func (s *Sandbox) Order(subMchID, outOrderNo string) (payscore.ServiceOrderEntity, bool) {
	v, ok := s.View(subMchID, outOrderNo)
	return v.Entity, ok
}

// QueryID returns the query_id that the confirmation page handed out when the
// user confirmed the order, "" when no user did.
func (s *Sandbox) QueryID(subMchID, outOrderNo string) string {
	v, _ := s.View(subMchID, outOrderNo)
	return v.QueryID
}

// Orders returns up to limit orders whose keys (sub_mchid, a slash and
// out_order_no) begin with prefix and come after the key after, sorted by
// their keys. next is the last key when there are more, else "". It is safe
// for concurrent use.
func (s *Sandbox) Orders(prefix, after string, limit int) (page []OrderView, next string) {
	s.see(func(settle func(*order)) {
		page, next = nil, ""
		var keys []string
		for key := range s.orders.Unsorted() {
			if strings.HasPrefix(key, prefix) && key > after {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		if limit = max(limit, 0); len(keys) > limit {
			keys = keys[:limit]
			if limit > 0 {
				next = keys[limit-1]
			}
		}
		for _, key := range keys {
			o := s.orders.Get(key)
			settle(o)
			page = append(page, o.view())
		}
	})
	return page, next
}
