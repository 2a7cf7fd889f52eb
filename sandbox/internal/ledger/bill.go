package ledger

import (
	"context"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// Bill returns the bill of the orders that a service got on a day, nil when
// there are none.
func (l *Ledger) Bill(ctx context.Context, serviceID, date string) (bill []byte, err error) {
	err = l.update(ctx, func() error {
		day, refused := rules.BillDay(date, l.terms())
		if refused != nil {
			return refused
		}
		var orders []rules.Order
		for _, o := range l.orders.Unsorted() {
			if after := o.CreatedAt.Sub(day); o.Entity.ServiceID == serviceID && after >= 0 && after < 24*time.Hour {
				orders = append(orders, *l.settle(o))
			}
		}
		bill = rules.Bill(orders)
		return nil
	})
	return bill, err
}
