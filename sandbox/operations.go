package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/wxpayscore/payscore/gen/catalog"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

// Stages that an operation asks for by name. What follows from which is in
// the contract.
const (
	stageCreated     = string(catalog.StageCreated)
	stageUserConfirm = string(catalog.StageUserConfirm)
	stageUserPaying  = string(catalog.StageUserPaying)
	stageDone        = string(catalog.StageDone)
	stageRevoked     = string(catalog.StageRevoked)
	stageExpired     = string(catalog.StageExpired)
)

// operations carries out what signature and contract let through.
type operations struct{ *Sandbox }

var _ api.StrictServerInterface = operations{}

// target is the order that a request names, with what it says of it besides.
type target struct {
	subMchID, outOrderNo string
	serviceID, appID     *string // nil: the request says nothing of it
	query                bool    // said in the query, not in the body
}

// find returns the order that a request names, as it is by now. The caller
// holds s.mu.
func (s *Sandbox) find(t target) (*order, *refusal) {
	o := s.orders.get(orderKey(t.subMchID, t.outOrderNo))
	if o == nil {
		return nil, refuseNumber(http.StatusNotFound, "ORDER_NOT_EXIST", numberNotExist)
	}
	s.settle(o)
	location, pointer := "body", "/"
	if t.query {
		location, pointer = "query", ""
	}
	if t.serviceID != nil && *t.serviceID != o.Entity.ServiceID {
		return nil, paramError(location, pointer+"service_id", "服务ID与订单不一致", "is not the service of the order")
	}
	if t.appID != nil && *t.appID != o.Entity.AppID {
		return nil, paramError(location, pointer+"appid", "公众账号ID与订单不一致", "is not the app of the order")
	}
	return o, nil
}

// carryOut carries an operation out on an order, unless its stage does not allow
// it, and returns what T has of the order. What do refuses must leave the
// order as it was.
func carryOut[T any](ctx context.Context, s *Sandbox, operationID string, t target, do func(*order, stageRule) *refusal) (T, error) {
	var answer T
	err := s.update(ctx, func() error {
		o, refused := s.find(t)
		if refused == nil {
			refused = s.carryOutOn(operationID, o, do)
		}
		if refused != nil {
			return refused
		}
		answer = as[T](o.Entity)
		return nil
	})
	return answer, err
}

func (s *Sandbox) carryOutOn(operationID string, o *order, do func(*order, stageRule) *refusal) *refusal {
	if o.Deduction != nil {
		// The code is not published. The facts name modify, cancel, sync and
		// complete; the sandbox refuses whatever changes the order.
		return refuseNumber(http.StatusBadRequest, "INVALID_REQUEST", numberDeducting)
	}
	if refused := s.allow(o, operationID); refused != nil {
		return refused
	}
	return do(o, stageRule{catalog.Stage(o.Stage), operationID})
}

// allow refuses an operation that the order's stage does not allow.
func (s *Sandbox) allow(o *order, operationID string) *refusal {
	refused, ok := catalog.RefusalOf(catalog.Stage(o.Stage), operationID)
	if !ok {
		return nil
	}
	return refuse(refused.Status, refused.Code, refused.Number, refused.Message)
}

// query reads an order by its number or by the id that the confirmation page
// handed out.
func query[T any](ctx context.Context, s *Sandbox, t target, outOrderNo, queryID *string) (T, error) {
	var answer T
	if (outOrderNo == nil) == (queryID == nil) {
		return answer, paramError("query", "out_order_no", "商户服务订单号与查单ID必须且只能传一个", "give exactly one of out_order_no and query_id")
	}
	err := s.update(ctx, func() error {
		if outOrderNo != nil {
			t.outOrderNo = *outOrderNo
		} else if no := s.queries.get(*queryID); no != nil {
			t.outOrderNo = *no
		}
		o, refused := s.find(t)
		if refused == nil && queryID != nil && o.QueryID != *queryID { // that order is another sub-merchant's
			refused = refuseNumber(http.StatusNotFound, "ORDER_NOT_EXIST", numberNotExist)
		}
		if refused != nil {
			return refused
		}
		answer = as[T](o.Entity)
		return nil
	})
	return answer, err
}

// as returns what the type T has of v, by the names of their fields in JSON.
// The requests and answers of partners, of direct merchants and the entity
// share theirs. The copy is deep, so that no caller shares memory with the
// store.
func as[T any](v any) T {
	var none T
	if _, empty := any(none).(struct{}); empty { // the answer to most writes
		return none
	}
	b, err := json.Marshal(v)
	if err == nil {
		var c T
		if err = json.Unmarshal(b, &c); err == nil {
			return c
		}
	}
	panic(fmt.Sprintf("sandbox: copy a %T: %v", v, err)) // generated types encode and decode
}
