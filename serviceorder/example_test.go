package serviceorder_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

func ExampleTotal() {
	payments := []payscore.Payment{
		{Name: new("就餐费用"), Amount: new(int64(40000)), Count: new(int64(4))}, // 4 plays no part
		{Name: new("茶位费"), Description: new("免费")},
	}
	discounts := []payscore.ServiceOrderCoupon{{Name: new("满20减1元"), Amount: new(int64(100))}}

	fmt.Println(serviceorder.Total(payments, discounts))
	_, err := serviceorder.Total(nil, discounts)
	fmt.Println(errors.Is(err, serviceorder.ErrNoTotal))
	// Output:
	// 39900 <nil>
	// true
}

// The example of the official page does not add up. It can be sent all the same.
func ExampleCheckModify() {
	findings := serviceorder.CheckModify(payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:      "1900000109",
		PostPayments:  []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(40000)), Count: new(int64(4))}},
		PostDiscounts: []payscore.ServiceOrderCoupon{{Name: new("满20减1元"), Amount: new(int64(100)), Count: new(int64(2))}},
		TotalAmount:   50000,
		Reason:        "用户投诉",
	})
	for _, f := range findings {
		fmt.Println(f.Warning, f)
	}
	fmt.Println(findings.Err())
	// Output:
	// true $.total_amount: 50000 fen, but the payments less the discounts are 39900 fen
	// <nil>
}

func ExampleCheckModifyOf() {
	order := payscore.ServiceOrderEntity{ // as a query answers it
		TotalAmount: new(int64(39900)),
		Collection:  &payscore.Collection{State: payscore.CollectionStateUserPaid},
	}
	findings := serviceorder.CheckModifyOf(order, payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:     "1900000109",
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}},
		TotalAmount:  39900,
		Reason:       "用户投诉",
	})
	for _, f := range findings {
		fmt.Println(f)
	}
	// Output:
	// $.collection.state: the order is not waiting for payment (USER_PAYING)
	// $.total_amount: 39900 fen, must be lower than the 39900 fen of the order
}

// lossy carries the modification out and loses the answer.
type lossy struct {
	serviceorder.PartnerClient
	order payscore.ServiceOrderEntity
}

func (l *lossy) ModifyPartnerServiceOrder(_ context.Context, _ string, body payscore.ModifyPartnerServiceOrderRequest, _ ...payscore.RequestEditorFn) error {
	l.order.TotalAmount = &body.TotalAmount
	return apierror.ErrOutcomeUnknown
}

func (l *lossy) QueryPartnerServiceOrder(context.Context, payscore.QueryPartnerServiceOrderParams, ...payscore.RequestEditorFn) (*payscore.ServiceOrderEntity, error) {
	return &l.order, nil
}

func ExampleModify() {
	client := &lossy{order: payscore.ServiceOrderEntity{ // a *payscore.Client in earnest
		OutOrderNo: "1234323JKHDFE1243252", State: payscore.ServiceOrderStateDoing,
		StateDescription: new(payscore.ServiceOrderStateDescriptionMchComplete),
		Collection:       &payscore.Collection{State: payscore.CollectionStateUserPaying},
		TotalAmount:      new(int64(50000)),
	}}
	result, err := serviceorder.Modify(context.Background(), client, "1234323JKHDFE1243252", payscore.ModifyPartnerServiceOrderRequest{
		SubMchID:     "1900000109",
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}},
		TotalAmount:  39900,
		Reason:       "用户投诉",
	}, serviceorder.WithTotalBefore(50000), serviceorder.WithPause(0))
	fmt.Println(result.Outcome, *result.Order.TotalAmount, err)
	// Output: carried out 39900 <nil>
}

func (l *lossy) CompletePartnerServiceOrder(_ context.Context, _ string, _ payscore.CompletePartnerServiceOrderRequest, _ ...payscore.RequestEditorFn) error {
	return apierror.ErrOutcomeUnknown // and the order stays as it was
}

func ExampleComplete() {
	client := &lossy{order: payscore.ServiceOrderEntity{ // a *payscore.Client in earnest
		OutOrderNo: "1234323JKHDFE1243252", State: payscore.ServiceOrderStateDoing,
		StateDescription: new(payscore.ServiceOrderStateDescriptionUserConfirm),
	}}
	result, err := serviceorder.Complete(context.Background(), client, "1234323JKHDFE1243252", payscore.CompletePartnerServiceOrderRequest{
		SubMchID:     "1900000109",
		ServiceID:    "2002000000000558128851361561536",
		PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}},
		TotalAmount:  39900,
	}, serviceorder.WithPause(0))
	fmt.Println(result.Outcome, errors.Is(err, apierror.ErrOutcomeUnknown)) // send the same again
	// Output: not carried out false
}

func ExampleStage() {
	stage, ok := serviceorder.Stage(payscore.ServiceOrderEntity{State: payscore.ServiceOrderStateDone})
	fmt.Println(stage, ok, catalog.Allows(stage, "modifyPartnerServiceOrder"))
	// Output: DONE true false
}

// A server whose clock is in another zone names the same moment.
func ExampleFormatTime() {
	end := time.Date(2009, 12, 25, 4, 10, 10, 0, time.UTC)
	body := payscore.CompletePartnerServiceOrderRequest{
		TimeRange: &payscore.TimeRange{EndTime: new(serviceorder.FormatTime(end))},
	}
	fmt.Println(*body.TimeRange.EndTime)
	// Output: 20091225121010
}
