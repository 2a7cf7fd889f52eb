package ledger

import (
	"slices"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
)

// OrderView is a copy of all that the sandbox knows of an order.
type OrderView struct {
	Family     rules.Family                `json:"family,omitempty"`
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
	// ChannelID and Registered, the numbers of registered deductions, are those
	// of an acquiring institution's order, and Currency is an overseas one's.
	ChannelID      string   `json:"channel_id,omitempty"`
	Registered     []string `json:"registered,omitempty"`
	Currency       string   `json:"currency,omitempty"`
	PendingMessage bool     `json:"pending_message,omitempty"` // was sent
	PrepaidMessage bool     `json:"prepaid_message,omitempty"` // was sent

	Device        *payscore.Device       `json:"device,omitempty"`
	ShoppingInfo  *payscore.ShoppingInfo `json:"shopping_info,omitempty"`
	ProfitSharing bool                   `json:"profit_sharing,omitempty"`
	GoodsTag      string                 `json:"goods_tag,omitempty"`
	// Moves that the order allows now.
	Moves []string `json:"moves"`
}

// view copies a record. The caller holds the lock.
func view(o *rules.Order) OrderView {
	v := OrderView{
		Family: o.Family, ChannelID: o.ChannelID, Registered: slices.Clone(o.Registered), Currency: o.Currency.Currency,
		OutOrderNo: o.Entity.OutOrderNo, Stage: o.Stage, CreatedAt: o.CreatedAt, Collected: o.Collected(),
		Entity: rules.As[payscore.ServiceOrderEntity](o.Entity), QueryID: o.QueryID, CancelReason: o.CancelReason, Deposit: o.Deposit,
		PendingMessage: o.PendingMessage, PrepaidMessage: o.PrepaidMessage,
		Device: rules.As[*payscore.Device](o.Device), ShoppingInfo: rules.As[*payscore.ShoppingInfo](o.ShoppingInfo),
		ProfitSharing: o.ProfitSharing, GoodsTag: o.GoodsTag, Moves: o.Moves(),
	}
	if o.Entity.SubMchID != nil {
		v.SubMchID = *o.Entity.SubMchID
	}
	if o.Deduction != nil {
		v.DeductingUntil = new(o.Deduction.Until)
	}
	return v
}

// See shows do the orders, which it may look at after settle. When what fell due
// cannot be saved, do is called once more and sees what is saved. The lock is
// held.
func (l *Ledger) See(do func(orders *store.Table[rules.Order], settle func(*rules.Order) *rules.Order)) {
	err := l.Store.Update(func() error {
		do(l.orders, l.settle)
		return nil
	})
	if err != nil {
		l.Store.Lock()
		defer l.Store.Unlock()
		do(l.orders, func(o *rules.Order) *rules.Order { return o })
	}
}

// View returns an order as it is now, and whether there is one. A direct
// merchant's has an empty subMchID.
func (l *Ledger) View(f rules.Family, subMchID, outOrderNo string) (v OrderView, ok bool) {
	l.See(func(orders *store.Table[rules.Order], settle func(*rules.Order) *rules.Order) {
		v, ok = OrderView{}, false
		if o := orders.Get(rules.FamilyKey(f, subMchID, outOrderNo)); o != nil {
			v, ok = view(settle(o)), true
		}
	})
	return v, ok
}

// Orders returns up to limit orders whose keys (sub_mchid, a slash and
// out_order_no) begin with prefix and come after the key after, sorted by
// their keys. next is the last key when there are more, else "".
func (l *Ledger) Orders(prefix, after string, limit int) (page []OrderView, next string) {
	limit = max(limit, 0)
	l.See(func(orders *store.Table[rules.Order], settle func(*rules.Order) *rules.Order) {
		page, next = nil, ""
		var keys []string
		for key := range orders.Unsorted() {
			if strings.HasPrefix(key, prefix) && key > after {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		if len(keys) > limit {
			keys = keys[:limit]
			if limit > 0 {
				next = keys[limit-1]
			}
		}
		for _, key := range keys {
			page = append(page, view(settle(orders.Get(key))))
		}
	})
	return page, next
}
