package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// DefaultMaxOrders is how many orders a sandbox holds.
const DefaultMaxOrders = 200_000

// createdOrder is all that any answer to a creation has.
type createdOrder struct {
	payscore.ServiceOrderEntity
	Package      *string                `json:"package,omitempty"`
	ShoppingInfo *payscore.ShoppingInfo `json:"shopping_info,omitempty"`
}

// opening is a request for a new order, of whichever of the six operations.
type opening struct {
	// request is its body, as it came. Those of two operations never encode
	// alike, so that the number of one is no repeat of the other.
	request any
	// order is what all of them have, without a sub-merchant for a direct
	// merchant; risk_fund is empty where the operation has none.
	order    payscore.CreatePartnerServiceOrderRequest
	shopping *payscore.ShoppingInfo
	// completion is there when the order is completed at once.
	completion *payscore.CompletePartnerServiceOrderRequest
}

// create opens an order and returns what T has of the answer. A repeat with
// the same parameters gets the answer that it got before.
func create[T any](ctx context.Context, s *Sandbox, r opening) (T, error) {
	var answer T
	if refused := s.checkCreate(r); refused != nil {
		return answer, refused
	}
	b, err := json.Marshal(r.request)
	if err != nil {
		return answer, err
	}
	request := sha256.Sum256(b)
	err = s.update(ctx, func() error {
		o := s.orders.get(orderKey(r.order.SubMchID, r.order.OutOrderNo))
		switch {
		case o != nil && !bytes.Equal(o.Created, request[:]):
			return refuseNumber(http.StatusBadRequest, "INVALID_REQUEST", numberReentry)
		case o == nil && len(s.orders.records) >= s.maxOrders:
			return refuse(http.StatusTooManyRequests, "FREQUENCY_LIMITED", numberFrequency, "沙箱中的订单过多")
		case o == nil:
			if refused := s.checkUserOf(r.order.OpenID, r.order.SubOpenID); refused != nil {
				return refused
			}
			if o, err = s.open(r, request[:]); err != nil {
				return err
			}
		}
		return json.Unmarshal(o.Answer, &answer)
	})
	return answer, err
}

// open makes the order. The caller holds s.mu.
func (s *Sandbox) open(r opening, request []byte) (*order, error) {
	b := r.order
	o := &order{
		CreatedAt: s.now(), Created: request, Device: b.Device, ShoppingInfo: r.shopping,
		Entity: payscore.ServiceOrderEntity{
			OutOrderNo: b.OutOrderNo, ServiceID: b.ServiceID, AppID: b.AppID, MchID: s.credentials.account.MchID,
			SubAppID: b.SubAppID, ServiceIntroduction: b.ServiceIntroduction,
			PostPayments: b.PostPayments, PostDiscounts: b.PostDiscounts, TimeRange: &b.TimeRange,
			Location: b.Location, Attach: b.Attach, NotifyURL: new(b.NotifyURL), OpenID: b.OpenID, SubOpenID: b.SubOpenID,
		},
	}
	if b.SubMchID != "" {
		o.Entity.SubMchID = new(b.SubMchID)
	}
	if b.RiskFund.Name != "" {
		o.Entity.RiskFund = &b.RiskFund
	}
	initial := stageCreated
	switch {
	case r.completion != nil:
		c := r.completion
		o.bill(c.PostPayments, c.PostDiscounts, c.TotalAmount)
		o.ProfitSharing, o.GoodsTag = isTrue(c.ProfitSharing), value(c.GoodsTag)
		initial = stageUserPaying
		if c.TotalAmount == 0 {
			initial = stageDone
		}
	case b.NeedUserConfirm != nil && !*b.NeedUserConfirm:
		initial = stageUserConfirm
	}
	o.Entity.OrderID = new(s.number("10"))
	answer := createdOrder{ShoppingInfo: r.shopping}
	if initial == stageCreated {
		answer.Package = new("sandbox_package_" + *o.Entity.OrderID)
	}
	s.become(o, initial)
	answer.ServiceOrderEntity = o.Entity
	var err error
	o.Answer, err = json.Marshal(answer)
	return o, err
}

func isTrue(b *bool) bool { return b != nil && *b }
