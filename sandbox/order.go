package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// orderKey is what makes an order number unique: another sub-merchant may use
// the same one. It is the key of the order's record and the subject of its
// journal entries. An order of the merchant's own has no sub-merchant.
func orderKey(subMchID, outOrderNo string) string { return subMchID + "/" + outOrderNo }

// order is the record of a service order, a partner's or a direct merchant's.
type order struct {
	Entity       payscore.ServiceOrderEntity                `json:"entity"`
	Stage        string                                     `json:"stage"`      // name in x-wechatpay-order-stages
	CreatedAt    time.Time                                  `json:"created_at"` // by the time of the orders
	Created      string                                     `json:"created"`    // JSON of the request that created it, to tell a repeat from a re-entry
	Answer       payscore.CreatePartnerServiceOrderResponse `json:"answer"`
	CancelReason string                                     `json:"cancel_reason,omitempty"`
}

// key is where the order is found.
func (o *order) key() string {
	if o.Entity.SubMchID == nil {
		return orderKey("", o.Entity.OutOrderNo)
	}
	return orderKey(*o.Entity.SubMchID, o.Entity.OutOrderNo)
}

// find returns the order that the body of a request names. The caller holds
// s.mu.
func (s *Sandbox) find(subMchID, outOrderNo string, serviceID *string) (*order, *refusal) {
	return s.findBy("body", "/service_id", subMchID, outOrderNo, serviceID)
}

// findBy is find with the place of the service id in the request.
func (s *Sandbox) findBy(location, field, subMchID, outOrderNo string, serviceID *string) (*order, *refusal) {
	o := s.orders.get(orderKey(subMchID, outOrderNo))
	if o == nil {
		return nil, refuse(http.StatusNotFound, "ORDER_NOT_EXIST", numberNotExist, "查询单据不存在")
	}
	if serviceID != nil && *serviceID != o.Entity.ServiceID {
		return nil, paramError(location, field, "服务ID与订单不一致", "is not the service of the order")
	}
	return o, nil
}

// allow refuses an operation that the order's stage does not allow.
func (s *Sandbox) allow(o *order, operationID string) *refusal {
	refused, ok := s.contract.rules[operationID].Refusals[o.Stage]
	if !ok {
		return nil
	}
	return refuse(refused.Status, refused.Code, refused.Number, refused.Message)
}

// become moves an order to a stage, sets the fields that tell it and puts the
// record.
func (s *Sandbox) become(o *order, name string) {
	stage := s.contract.stages[name]
	o.Stage = name
	o.Entity.State = stage.State
	o.Entity.StateDescription = stage.StateDescription
	if stage.CollectionState != nil {
		o.Entity.Collection.State = *stage.CollectionState
	}
	s.orders.put(o.key(), o)
}

// bill sets the amount to collect.
func (o *order) bill(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon, total int64) {
	o.Entity.PostPayments = payments
	o.Entity.PostDiscounts = discounts
	o.Entity.TotalAmount = &total
	o.Entity.NeedCollection = new(total > 0)
	if total > 0 || o.Entity.Collection != nil {
		o.Entity.Collection = &payscore.Collection{
			State:        payscore.CollectionStateUserPaying,
			TotalAmount:  new(total),
			PayingAmount: new(total),
			PaidAmount:   new(int64(0)),
		}
	}
}

// collect marks the order as paid.
func (s *Sandbox) collect(o *order, by payscore.PaidType, paidTime string) {
	amount := *o.Entity.TotalAmount
	o.Entity.Collection = &payscore.Collection{
		State:        payscore.CollectionStateUserPaid,
		TotalAmount:  new(amount),
		PayingAmount: new(int64(0)),
		PaidAmount:   new(amount),
		Details: []payscore.CollectionDetail{{
			Seq: new(int64(1)), Amount: new(amount), PaidType: new(by), PaidTime: new(paidTime),
			TransactionID: new(s.number("42")),
		}},
	}
}

// numbersMadeUp counts the numbers of WeChat Pay's own.
const numbersMadeUp = "numbers"

// number makes up a number of WeChat Pay's, 28 digits long and unlike all
// others. The caller holds s.mu.
func (s *Sandbox) number(prefix string) string {
	c := s.counters.get(numbersMadeUp)
	if c == nil {
		c = new(int64)
	}
	*c++
	s.counters.put(numbersMadeUp, c)
	return fmt.Sprintf("%s%s%012d", prefix, s.now().In(chinaTime).Format(secondPrecision), *c)
}

// clone is a deep copy, so that no caller shares memory with the store.
func clone[T any](v T) T {
	b, err := json.Marshal(v)
	if err == nil {
		var c T
		if err = json.Unmarshal(b, &c); err == nil {
			return c
		}
	}
	panic(fmt.Sprintf("sandbox: copy a %T: %v", v, err)) // generated types encode and decode
}

// Seed puts an order into the sandbox that is completed at total fen and
// waiting for payment, for the sub-merchant and service of the sandbox's
// account. It returns the order, and an error when the number is taken, is
// malformed, or total is not above 0 and within the risk cap.
func (s *Sandbox) Seed(outOrderNo string, total int64) (payscore.ServiceOrderEntity, error) {
	none := payscore.ServiceOrderEntity{}
	if total <= 0 || total > s.riskCap {
		return none, fmt.Errorf("sandbox: seed %q: total of %d fen is not in 1 to %d", outOrderNo, total, s.riskCap)
	}
	if err := (payscore.QueryPartnerServiceOrderParams{SubMchID: s.credentials.account.SubMchID, OutOrderNo: &outOrderNo}).Validate(); err != nil {
		return none, fmt.Errorf("sandbox: seed %q: %w", outOrderNo, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.credentials.account
	if s.orders.get(orderKey(account.SubMchID, outOrderNo)) != nil {
		return none, fmt.Errorf("sandbox: seed %q: the number is taken", outOrderNo)
	}
	ended := s.now().In(chinaTime)
	o := &order{CreatedAt: ended, Entity: payscore.ServiceOrderEntity{
		OutOrderNo:          outOrderNo,
		ServiceID:           account.ServiceID,
		AppID:               account.AppID,
		MchID:               account.MchID,
		SubMchID:            new(account.SubMchID),
		ServiceIntroduction: "XX充电宝",
		RiskFund:            &payscore.RiskFund{Name: payscore.RiskFundNameEstimateOrderCost, Amount: s.riskCap},
		TimeRange: &payscore.TimeRange{
			StartTime: new(ended.Add(-3 * 3600e9).Format(secondPrecision)), EndTime: new(ended.Format(secondPrecision)),
		},
		OpenID:  new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
		OrderID: new(s.number("10")),
	}}
	o.bill([]payscore.Payment{{Name: "就餐费用", Amount: new(total), Count: new(int64(1))}}, nil, total)
	s.become(o, stageUserPaying)
	s.orders.put(o.key(), o)
	return clone(o.Entity), s.changes.commit()
}

// Confirm is the user's part in an order that waits for confirmation: it moves
// it from CREATED to USER_CONFIRM.
func (s *Sandbox) Confirm(subMchID, outOrderNo string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, refused := s.find(subMchID, outOrderNo, nil)
	switch {
	case refused != nil:
		return fmt.Errorf("sandbox: confirm %q: %w", outOrderNo, refused)
	case o.Stage != stageCreated:
		return fmt.Errorf("sandbox: confirm %q: the order is %s", outOrderNo, o.Stage)
	}
	s.become(o, stageUserConfirm)
	return s.changes.commit()
}

// Order returns a copy of an order as it is now, and whether there is one.
func (s *Sandbox) Order(subMchID, outOrderNo string) (payscore.ServiceOrderEntity, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders.get(orderKey(subMchID, outOrderNo))
	if o == nil {
		return payscore.ServiceOrderEntity{}, false
	}
	return clone(o.Entity), true
}
