package admin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	server "github.com/wxpayscore/payscore/gen/sandboxserver"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
)

// adminOperations carries out what api/sandbox.yaml describes.
type adminOperations struct{ *Handler }

const (
	defaultPage  = 50
	timelineSize = 200
)

// orDefault is the value of an optional parameter.
func orDefault[T any](p *T, absent T) T {
	if p == nil {
		return absent
	}
	return *p
}

func (a adminOperations) ListOrders(_ context.Context, r server.ListOrdersRequestObject) (server.ListOrdersResponseObject, error) {
	search := strings.ToLower(orDefault(r.Params.Search, ""))
	found := []server.Order{}
	a.ledger.See(func(orders *store.Table[rules.Order], settle func(*rules.Order) *rules.Order) {
		found = found[:0]
		for _, o := range orders.Unsorted() {
			o = settle(o)
			text := o.Key() + "\n" + o.Entity.ServiceIntroduction
			if strings.Contains(strings.ToLower(text), search) && (r.Params.Stage == nil || string(*r.Params.Stage) == o.Stage) {
				found = append(found, adminOrder(o))
			}
		}
	})
	slices.SortFunc(found, func(x, y server.Order) int {
		return cmp.Or(y.CreatedAt.Compare(x.CreatedAt), cmp.Compare(y.OutOrderNo, x.OutOrderNo), cmp.Compare(y.SubMchid, x.SubMchid))
	})
	list := server.OrderList{Total: int64(len(found))}
	from := min(orDefault(r.Params.Offset, 0), list.Total)
	list.Orders = found[from:min(from+orDefault(r.Params.Limit, defaultPage), list.Total)]
	return server.ListOrders200JSONResponse(list), nil
}

// adminOrder is an order as the admin side lists it. The caller holds the lock.
func adminOrder(o *rules.Order) server.Order {
	e := &o.Entity
	view := server.Order{
		Family:     present(server.Family(o.Family)),
		OutOrderNo: e.OutOrderNo, Stage: server.Stage(o.Stage), ServiceIntroduction: e.ServiceIntroduction,
		SubMchid: orDefault(e.SubMchID, ""), TotalAmount: copied(e.TotalAmount), PaidAmount: present(o.Collected()),
		CreatedAt: o.CreatedAt.In(rules.ChinaTime), QueryID: present(o.QueryID),
	}
	if e.RiskFund != nil {
		view.RiskAmount = copied(&e.RiskFund.Amount)
	}
	if o.Deduction != nil {
		view.DeductingUntil = new(o.Deduction.Until.In(rules.ChinaTime))
	}
	return view
}

// familyOf is that of a request, none when it is absent.
func familyOf(f *server.Family) rules.Family { return rules.Family(orDefault(f, "")) }

// copied shares no memory with the record, which may change.
func copied(n *int64) *int64 {
	if n == nil {
		return nil
	}
	return new(*n)
}

func (a adminOperations) GetOrder(_ context.Context, r server.GetOrderRequestObject) (server.GetOrderResponseObject, error) {
	life, err := a.life(familyOf(r.Params.Family), orDefault(r.Params.SubMchid, ""), r.Params.OutOrderNo)
	if err != nil {
		return nil, err
	}
	return server.GetOrder200JSONResponse(life), nil
}

// life tells all there is to an order.
func (a adminOperations) life(f rules.Family, subMchID, outOrderNo string) (server.OrderLife, error) {
	none, key := server.OrderLife{}, rules.FamilyKey(f, subMchID, outOrderNo)
	view, ok := a.ledger.View(f, subMchID, outOrderNo)
	if !ok {
		return none, &problem{http.StatusNotFound, "NOT_FOUND", fmt.Sprintf("there is no order %q", key)}
	}
	life := server.OrderLife{Subject: key, Moves: view.Moves, Timeline: []server.Entry{}}
	var shown rules.Shown
	a.ledger.See(func(orders *store.Table[rules.Order], _ func(*rules.Order) *rules.Order) {
		if o := orders.Get(key); o != nil {
			life.Order, shown = adminOrder(o), o.Shown()
		}
	})
	entity, err := json.Marshal(shown) // what its pointers lead to is replaced, never changed
	if err != nil {
		return none, err
	}
	numbers := json.NewDecoder(bytes.NewReader(entity))
	numbers.UseNumber() // amounts stay integers
	if err := numbers.Decode(&life.Answer); err != nil {
		return none, err
	}
	for _, e := range a.ledger.Journal.About(key, 0, timelineSize) {
		life.Timeline = append(life.Timeline, ViewOf(e))
	}
	life.Notifications = a.adminNotifications(key, timelineSize)
	return life, nil
}

func (a adminOperations) SeedOrder(_ context.Context, r server.SeedOrderRequestObject) (server.SeedOrderResponseObject, error) {
	subMchID, err := a.seed(*r.Body)
	if err != nil {
		return nil, problemOf(http.StatusBadRequest, "INVALID", err)
	}
	life, err := a.life(familyOf(r.Body.Family), subMchID, r.Body.OutOrderNo)
	if err != nil {
		return nil, err
	}
	return server.SeedOrder201JSONResponse(life), nil
}

func (a adminOperations) MoveOrder(_ context.Context, r server.MoveOrderRequestObject) (server.MoveOrderResponseObject, error) {
	b := r.Body
	family, subMchID := familyOf(b.Family), orDefault(b.SubMchid, "")
	before, err := a.life(family, subMchID, b.OutOrderNo)
	if err != nil {
		return nil, err
	}
	args := ledger.MoveArgs{
		Family: family, SubMchID: subMchID, OutOrderNo: b.OutOrderNo,
		OpenID: orDefault(b.Openid, ""), Duration: time.Duration(orDefault(b.Seconds, 0)) * time.Second, Fails: orDefault(b.Fails, false),
	}
	if err := a.moveOrder(b.Name, args); err != nil {
		return nil, problemOf(http.StatusConflict, "CONFLICT", fmt.Errorf("%w; possible now: %s", err, strings.Join(before.Moves, ", ")))
	}
	life, err := a.life(family, subMchID, b.OutOrderNo)
	if err != nil {
		return nil, err
	}
	return server.MoveOrder200JSONResponse(life), nil
}

// moveOrder takes the moves of an order alone: the others have a path of their
// own.
func (a adminOperations) moveOrder(name string, args ledger.MoveArgs) error {
	if !slices.Contains(rules.OrderMoves(), name) {
		return &ledger.MoveError{Move: name, Subject: rules.FamilyKey(args.Family, args.SubMchID, args.OutOrderNo), Err: rules.ErrNoSuchMove}
	}
	return a.ledger.Move(name, args)
}

// seed makes the order that was asked for and returns its sub-merchant.
func (a adminOperations) seed(b server.Seed) (subMchID string, err error) {
	subMchID = orDefault(b.SubMchid, a.ledger.Account().SubMchID)
	return subMchID, a.ledger.Seed(ledger.Seed{
		Family: familyOf(b.Family), OutOrderNo: b.OutOrderNo, Total: b.TotalAmount, SubMchID: subMchID, Stage: string(orDefault(b.Stage, server.Stage(rules.UserPaying))),
		NotifyURL: orDefault(b.NotifyURL, ""), RiskFund: payscore.RiskFundNameEstimateOrderCost,
	})
}
