package ledger

import (
	"context"
	"encoding/json"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// Target is the order that a request names, with what it says of it besides.
type Target struct {
	Family               rules.Family
	SubMchID, OutOrderNo string
	ChannelID            string  // empty: the request or the order has none
	ServiceID, AppID     *string // nil: the request says nothing of it
	Query                bool    // said in the query, not in the body
	// Fits is a further check of the order that was found, or nil.
	Fits func(rules.Order) *rules.Refusal
}

// find returns the order that a request names, as it is by now. The caller
// holds the lock.
func (l *Ledger) find(t Target) (*rules.Order, *rules.Refusal) {
	o := l.orders.Get(rules.FamilyKey(t.Family, t.SubMchID, t.OutOrderNo))
	if o == nil || t.ChannelID != "" && o.ChannelID != "" && t.ChannelID != o.ChannelID {
		return nil, rules.NoOrder()
	}
	o = l.settle(o)
	location, pointer := "body", "/"
	if t.Query {
		location, pointer = "query", ""
	}
	if t.ServiceID != nil && *t.ServiceID != o.Entity.ServiceID {
		return nil, rules.ParamError(location, pointer+"service_id", "服务ID与订单不一致", "is not the service of the order")
	}
	if t.AppID != nil && *t.AppID != o.Entity.AppID {
		return nil, rules.ParamError(location, pointer+"appid", "公众账号ID与订单不一致", "is not the app of the order")
	}
	if t.Fits != nil {
		if refused := t.Fits(*o); refused != nil {
			return nil, refused
		}
	}
	return o, nil
}

// keep puts an order as it became, and does what follows. Every change of an
// order goes through here. The caller holds the lock.
func (l *Ledger) keep(o rules.Order, e rules.Effects) *rules.Order {
	before := l.orders.Get(o.Key())
	l.orders.Put(o.Key(), &o)
	l.keepPayment(&o)
	if before == nil || before.QueryID != o.QueryID {
		if o.QueryID != "" {
			l.queries.Put(o.QueryID, new(o.Entity.OutOrderNo))
		}
	}
	if before == nil || before.Deduction != o.Deduction {
		l.planDeduction(o.Key(), &o)
	}
	if o.SignPlan != "" {
		l.followDetail(&o)
	}
	l.follow(e, o.Named)
	return &o
}

// settle does what fell due on an order since it was last looked at. The caller
// holds the lock.
func (l *Ledger) settle(o *rules.Order) *rules.Order {
	settled, effects, move := rules.Settle(*o, l.terms())
	if move == "" {
		return o
	}
	o = l.keep(settled, effects)
	l.journalMove(o, move)
	return o
}

// planDeduction has an order settled when its deduction ends, if there is one,
// so that the notification does not wait for a query. The caller holds the
// lock.
func (l *Ledger) planDeduction(key string, o *rules.Order) {
	if o.Deduction == nil {
		return
	}
	l.Store.Agenda.Plan(o.Deduction.Until, func() { l.settleDue(key) })
}

func (l *Ledger) settleDue(key string) {
	err := l.Store.Update(func() error {
		if o := l.orders.Get(key); o != nil {
			l.settle(o)
		}
		return nil
	})
	l.Store.AgainWhenSaved(err, func() { l.settleDue(key) })
}

// journalMove puts a move into the journal once it is saved. The caller holds the lock.
func (l *Ledger) journalMove(o *rules.Order, name string) {
	l.journalEntry(journal.Entry{Time: l.now(), Kind: journal.Move, Subject: o.Key(), Stage: o.Stage, Operation: name})
}

func (l *Ledger) journalEntry(e journal.Entry) { l.Store.AfterSave(func() { l.Journal.Add(e) }) }

// StageOf is "" for what is no order. The caller holds the lock.
func (l *Ledger) StageOf(subject string) string {
	if o := l.orders.Get(subject); o != nil {
		return o.Stage
	}
	return ""
}

// user finds a user by the first of the names that is known. The caller holds
// the lock.
func (l *Ledger) user(openIDs ...*string) rules.User {
	for _, id := range openIDs {
		if id != nil {
			if u := l.users.Get(*id); u != nil {
				return *u
			}
		}
	}
	return rules.User{}
}

// Apply carries an operation out on an order, and returns what T has of it.
func Apply[T any](ctx context.Context, l *Ledger, t Target, command rules.Operation) (T, error) {
	var answer T
	err := l.update(ctx, func() error {
		o, refused := l.find(t)
		if refused != nil {
			return refused
		}
		terms := l.terms()
		terms.User = l.user(o.Entity.OpenID, o.Entity.SubOpenID)
		changed, effects, refused := rules.Apply(*o, command, terms)
		if refused != nil {
			return refused
		}
		if !effects.Repeat {
			l.keep(changed, effects)
		}
		answer = rules.As[T](changed.Shown())
		return nil
	})
	return answer, err
}

// Query reads an order by its number or by the id that the confirmation page
// handed out, and returns what T has of it. The pages allow one of the two and
// have a sample with both, so that both are taken for the same order.
func Query[T any](ctx context.Context, l *Ledger, t Target, outOrderNo, queryID *string) (T, error) {
	var answer T
	if queryID != nil && *queryID == "" { // as a published sample has it
		queryID = nil
	}
	if outOrderNo == nil && queryID == nil {
		return answer, rules.ParamError("query", "out_order_no", "商户服务订单号与查单ID必须传一个", "give out_order_no or query_id")
	}
	err := l.update(ctx, func() error {
		if outOrderNo != nil {
			t.OutOrderNo = *outOrderNo
		} else if no := l.queries.Get(*queryID); no != nil {
			t.OutOrderNo = *no
		}
		o, refused := l.find(t)
		if refused == nil && queryID != nil && o.QueryID != *queryID { // that order is another sub-merchant's
			refused = rules.NoOrder()
		}
		if refused != nil {
			return refused
		}
		answer = rules.As[T](o.Shown())
		return nil
	})
	return answer, err
}

// Registration returns the newest deduction that an acquiring institution
// registered for an order: without a number, for the newest order of the service
// and app that has one.
func (l *Ledger) Registration(ctx context.Context, t Target, appID string) (answer payscore.AcquiringBankDeduction, err error) {
	err = l.update(ctx, func() error {
		if t.OutOrderNo == "" {
			t.OutOrderNo = l.newestRegistered(t, appID)
		}
		o, refused := l.find(t)
		if refused == nil {
			answer, refused = o.Registration(appID)
		}
		if refused != nil {
			return refused
		}
		return nil
	})
	return answer, err
}

func (l *Ledger) newestRegistered(t Target, appID string) (outOrderNo string) {
	var newest *rules.Order
	for key, o := range l.orders.Unsorted() {
		fits := len(o.Registered) > 0 && key == rules.FamilyKey(t.Family, t.SubMchID, o.Entity.OutOrderNo) && o.Entity.AppID == appID &&
			o.Entity.ServiceID == *t.ServiceID && (o.ChannelID == "" || o.ChannelID == t.ChannelID)
		// The numbers of WeChat Pay's own sort by age.
		if fits && (newest == nil || *o.Entity.OrderID > *newest.Entity.OrderID) {
			newest, outOrderNo = o, o.Entity.OutOrderNo
		}
	}
	return outOrderNo
}

// Create opens an order and returns what T has of the answer.
func Create[T any](ctx context.Context, l *Ledger, r rules.Opening) (T, error) {
	var answer T
	err := l.update(ctx, func() error {
		if refused := rules.CheckOpening(r, l.terms()); refused != nil {
			return refused
		}
		o, refused := l.create(r, namedBy(ctx))
		if refused != nil {
			return refused
		}
		return json.Unmarshal(o.Answer, &answer)
	})
	return answer, err
}

// create opens an order, or finds the one that the same request opened. The
// caller holds the lock and has checked the request, which named a key.
func (l *Ledger) create(r rules.Opening, named rules.NamedKey) (*rules.Order, *rules.Refusal) {
	terms := l.terms()
	terms.User = l.user(r.Order.OpenID, r.Order.SubOpenID)
	known := l.orders.Get(rules.FamilyKey(r.Family, r.Order.SubMchID, r.Order.OutOrderNo))
	if known == nil && l.orders.Len() >= l.MaxOrders {
		return nil, rules.TooManyOrders()
	}
	o, effects, refused := rules.Create(r, known, terms)
	if refused != nil || effects.Repeat {
		return &o, refused
	}
	o.Named = named
	return l.keep(o, effects), nil
}
