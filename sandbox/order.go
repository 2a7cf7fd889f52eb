package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// orderKey is what makes an order number unique: another sub-merchant may use
// the same one.
type orderKey struct{ subMchID, outOrderNo string }

type order struct {
	entity       payscore.ServiceOrderEntity
	stage        string // name in x-wechatpay-order-stages
	created      string // JSON of the request that created it, to tell a repeat from a re-entry
	answer       payscore.CreatePartnerServiceOrderResponse
	cancelReason string
}

// find returns the order that the body of a request names. The caller holds
// s.mu.
func (s *Sandbox) find(subMchID, outOrderNo string, serviceID *string) (*order, *refusal) {
	return s.findBy("body", "/service_id", subMchID, outOrderNo, serviceID)
}

// findBy is find with the place of the service id in the request.
func (s *Sandbox) findBy(location, field, subMchID, outOrderNo string, serviceID *string) (*order, *refusal) {
	o := s.orders[orderKey{subMchID, outOrderNo}]
	if o == nil {
		return nil, refuse(http.StatusNotFound, "ORDER_NOT_EXIST", numberNotExist, "查询单据不存在")
	}
	if serviceID != nil && *serviceID != o.entity.ServiceID {
		return nil, paramError(location, field, "服务ID与订单不一致", "is not the service of the order")
	}
	return o, nil
}

// allow refuses an operation that the order's stage does not allow.
func (s *Sandbox) allow(o *order, operationID string) *refusal {
	refused, ok := s.contract.rules[operationID].Refusals[o.stage]
	if !ok {
		return nil
	}
	return refuse(refused.Status, refused.Code, refused.Number, refused.Message)
}

// become moves an order to a stage and sets the fields that tell it.
func (s *Sandbox) become(o *order, name string) {
	stage := s.contract.stages[name]
	o.stage = name
	o.entity.State = stage.State
	o.entity.StateDescription = stage.StateDescription
	if stage.CollectionState != nil {
		o.entity.Collection.State = *stage.CollectionState
	}
}

// bill sets the amount to collect.
func (o *order) bill(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon, total int64) {
	o.entity.PostPayments = payments
	o.entity.PostDiscounts = discounts
	o.entity.TotalAmount = &total
	o.entity.NeedCollection = new(total > 0)
	if total > 0 || o.entity.Collection != nil {
		o.entity.Collection = &payscore.Collection{
			State:        payscore.CollectionStateUserPaying,
			TotalAmount:  new(total),
			PayingAmount: new(total),
			PaidAmount:   new(int64(0)),
		}
	}
}

// collect marks the order as paid.
func (s *Sandbox) collect(o *order, by payscore.PaidType, paidTime string) {
	amount := *o.entity.TotalAmount
	o.entity.Collection = &payscore.Collection{
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

// number makes up a number of WeChat Pay's, 28 digits long and unlike all
// others. The caller holds s.mu.
func (s *Sandbox) number(prefix string) string {
	s.numbers++
	return fmt.Sprintf("%s%s%012d", prefix, s.now().In(chinaTime).Format(secondPrecision), s.numbers)
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
	key := orderKey{account.SubMchID, outOrderNo}
	if s.orders[key] != nil {
		return none, fmt.Errorf("sandbox: seed %q: the number is taken", outOrderNo)
	}
	ended := s.now().In(chinaTime)
	o := &order{entity: payscore.ServiceOrderEntity{
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
	s.orders[key] = o
	return clone(o.entity), nil
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
	case o.stage != stageCreated:
		return fmt.Errorf("sandbox: confirm %q: the order is %s", outOrderNo, o.stage)
	}
	s.become(o, stageUserConfirm)
	return nil
}

// Order returns a copy of an order as it is now, and whether there is one.
func (s *Sandbox) Order(subMchID, outOrderNo string) (payscore.ServiceOrderEntity, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[orderKey{subMchID, outOrderNo}]
	if o == nil {
		return payscore.ServiceOrderEntity{}, false
	}
	return clone(o.entity), true
}
