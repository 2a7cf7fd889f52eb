package sandbox_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/serviceorder"
)

// An order's whole life: opened, confirmed by the user, completed, lowered and
// paid, which a notification tells. In a test of your own, t comes from the
// testing package.
func ExampleServer() {
	life := func(t *testing.T) {
		box := sandbox.New(t)
		client, account, ctx := box.Client(), box.Credentials().Account(), t.Context()

		paid := make(chan int64, 1) // fen
		receiver, err := notify.New(box.Verifier(), box.APIv3Key(), func(_ context.Context, event *notify.Event) error {
			order, ok := event.Resource.(*payscore.ServiceOrderNotification)
			if ok && event.Type == notify.UserPaid && order.Collection != nil && order.Collection.PaidAmount != nil {
				paid <- *order.Collection.PaidAmount
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		yours := httptest.NewServer(receiver)
		defer yours.Close()

		const number = "1234323JKHDFE1243252"
		created, err := client.CreatePartnerServiceOrder(ctx, payscore.CreatePartnerServiceOrderRequest{
			AppID: account.AppID, SubMchID: account.SubMchID, ServiceID: account.ServiceID, OutOrderNo: number,
			ServiceIntroduction: "XX餐厅",
			RiskFund:            payscore.RiskFund{Name: payscore.RiskFundNameEstimateOrderCost, Amount: 60000},
			TimeRange:           payscore.TimeRange{StartTime: new("OnAccept")},
			NotifyURL:           yours.URL,
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(created.State, created.Package != nil) // what auth.LaunchSigner opens the confirmation page with

		if err := box.Move("confirm", sandbox.MoveArgs{SubMchID: account.SubMchID, OutOrderNo: number}); err != nil { // the user does
			t.Fatal(err)
		}
		err = client.CompletePartnerServiceOrder(ctx, number, payscore.CompletePartnerServiceOrderRequest{
			SubMchID: account.SubMchID, ServiceID: account.ServiceID,
			PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(50000))}},
			TotalAmount:  50000,
			TimeRange:    &payscore.TimeRange{EndTime: new(serviceorder.FormatTime(box.Now()))},
		})
		if err != nil {
			t.Fatal(err)
		}
		result, err := serviceorder.Modify(ctx, client, number, payscore.ModifyPartnerServiceOrderRequest{
			SubMchID:     account.SubMchID,
			PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}},
			TotalAmount:  39900,
			Reason:       "用户投诉",
		}, serviceorder.WithTotalBefore(50000))
		fmt.Println("lowered:", result.Outcome, err)

		if err := box.Move("user_pays", sandbox.MoveArgs{SubMchID: account.SubMchID, OutOrderNo: number}); err != nil {
			t.Fatal(err)
		}
		box.Advance(time.Minute) // returns when the notifications of that minute are delivered
		fmt.Println("paid:", <-paid, "fen")

		order, err := client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{
			SubMchID: account.SubMchID, OutOrderNo: new(number),
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(order.State, *order.TotalAmount)
	}
	runTest("TestLife", life)
	// Output:
	// CREATED true
	// lowered: carried out <nil>
	// paid: 39900 fen
	// DONE 39900
}
