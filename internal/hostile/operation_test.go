package hostile

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

const (
	mchID     = "1900000001"
	subMchID  = "1900000109"
	appID     = "wxd678efh567hg6787"
	serviceID = "2002000000000558128851361561536"
	openID    = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
	orderID   = "15646546545165651651"
	paidTime  = "20091225091210"

	totalBefore, totalAfter = 50000, 39900
)

// operation is one write, called directly and, where it can be, through
// serviceorder.
type operation struct {
	name   string
	direct bool // of a direct merchant
	status int  // its documented success
	// before and after are the order without and with the write. A nil before
	// means that there was none.
	before, after map[string]any

	call   func(ctx context.Context, c *payscore.Client, no string) error
	settle func(ctx context.Context, c *payscore.Client, no string, opts ...serviceorder.Option) (serviceorder.Outcome, error)
	// mute marks an operation whose not being carried out no order shows.
	mute bool
}

func bill(fen int64) []payscore.Payment {
	return []payscore.Payment{{Name: new("就餐费用"), Amount: &fen}}
}

func created() map[string]any {
	return map[string]any{"state": "CREATED"}
}

func confirmed() map[string]any {
	return map[string]any{"state": "DOING", "state_description": "USER_CONFIRM"}
}

func paying(fen int64) map[string]any {
	return map[string]any{"state": "DOING", "state_description": "MCH_COMPLETE", "total_amount": fen, "post_payments": bill(fen),
		"need_collection": true, "collection": map[string]any{"state": "USER_PAYING", "total_amount": fen, "paying_amount": fen, "paid_amount": 0}}
}

func paid(paidType string) map[string]any {
	const fen = totalBefore
	return map[string]any{"state": "DONE", "total_amount": fen, "post_payments": bill(fen), "need_collection": true,
		"collection": map[string]any{"state": "USER_PAID", "total_amount": fen, "paying_amount": 0, "paid_amount": fen,
			"details": []any{map[string]any{"seq": 1, "amount": fen, "paid_type": paidType, "paid_time": paidTime, "transaction_id": orderID}}}}
}

func revoked() map[string]any { return map[string]any{"state": "REVOKED"} }

// order is an order as a query answers it. The answers of the writes are parts
// of it, so it stands for each of them.
func (op *operation) order(no string, is map[string]any) string {
	o := map[string]any{
		"appid": appID, "mchid": mchID, "service_id": serviceID, "out_order_no": no, "order_id": orderID,
		"service_introduction": "某某酒店", "state_description": "USER_CONFIRM",
		"risk_fund": map[string]any{"name": "DEPOSIT", "amount": 60000},
	}
	if !op.direct {
		o["sub_mchid"] = subMchID
	}
	if is["state"] != "DOING" {
		delete(o, "state_description")
	}
	for name, value := range is {
		o[name] = value
	}
	if op.name == "CreateRefund" { // of that order, so that the same document answers a query of it
		maps.Copy(o, map[string]any{
			"refund_id": "50000000382019052709732678859", "out_refund_no": no, "transaction_id": orderID, "out_trade_no": no,
			"channel": "ORIGINAL", "user_received_account": "招商银行信用卡0403", "create_time": "2020-12-01T16:18:12+08:00", "status": "PROCESSING",
			"amount": map[string]any{"total": totalBefore, "refund": 100, "payer_total": totalBefore, "payer_refund": 100, "settlement_refund": 100,
				"settlement_total": totalBefore, "discount_refund": 0, "currency": "CNY"},
		})
	}
	text, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// success is the body of the documented success.
func (op *operation) success(no string) string {
	if op.status == 204 {
		return ""
	}
	return op.order(no, op.after)
}

// query asks for the order, the way serviceorder does.
func (op *operation) query(ctx context.Context, c *payscore.Client, no string) (state, answered string, err error) {
	if op.direct {
		order, err := c.QueryServiceOrder(ctx, payscore.QueryServiceOrderParams{ServiceID: serviceID, AppID: appID, OutOrderNo: &no})
		if err != nil {
			return "", "", err
		}
		return string(order.State), order.OutOrderNo, nil
	}
	order, err := c.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: &no})
	if err != nil {
		return "", "", err
	}
	return string(order.State), order.OutOrderNo, nil
}

type (
	client = payscore.Client
	option = serviceorder.Option
)

func only[O serviceorder.Order](r serviceorder.Result[O], err error) (serviceorder.Outcome, error) {
	return r.Outcome, err
}

func ptr[T any](v T) *T { return &v }

// operations are the writes of partners, their direct twins, and those that
// serviceorder does not settle.
func operations() []*operation {
	var (
		risk   = payscore.RiskFund{Name: "DEPOSIT", Amount: 60000}
		times  = payscore.TimeRange{StartTime: ptr("OnAccept")}
		synced = payscore.SyncDetail{PaidTime: paidTime}

		modify   = payscore.ModifyPartnerServiceOrderRequest{SubMchID: subMchID, PostPayments: bill(totalAfter), TotalAmount: totalAfter, Reason: "用户投诉"}
		complete = payscore.CompletePartnerServiceOrderRequest{SubMchID: subMchID, ServiceID: serviceID, PostPayments: bill(totalBefore), TotalAmount: totalBefore}
		cancel   = payscore.CancelPartnerServiceOrderRequest{SubMchID: subMchID, ServiceID: ptr(serviceID), Reason: "用户投诉"}
		pay      = payscore.PayPartnerServiceOrderRequest{SubMchID: subMchID, ServiceID: ptr(serviceID)}
		sync     = payscore.SyncPartnerServiceOrderRequest{SubMchID: subMchID, ServiceID: serviceID, Type: payscore.SyncTypeOrderPaid, Detail: synced}

		modifyDirect   = payscore.ModifyServiceOrderRequest{AppID: appID, ServiceID: serviceID, PostPayments: bill(totalAfter), TotalAmount: totalAfter, Reason: "用户投诉"}
		completeDirect = payscore.CompleteServiceOrderRequest{AppID: appID, ServiceID: serviceID, PostPayments: bill(totalBefore), TotalAmount: totalBefore}
		cancelDirect   = payscore.CancelServiceOrderRequest{AppID: appID, ServiceID: ptr(serviceID), Reason: "用户投诉"}
		payDirect      = payscore.PayServiceOrderRequest{AppID: new(appID), ServiceID: new(serviceID)}
		syncDirect     = payscore.SyncServiceOrderRequest{AppID: appID, ServiceID: serviceID, Type: payscore.SyncTypeOrderPaid, Detail: synced}
	)
	return []*operation{
		{name: "Modify", status: 204, before: paying(totalBefore), after: paying(totalAfter),
			call: func(ctx context.Context, c *client, no string) error {
				return c.ModifyPartnerServiceOrder(ctx, no, modify)
			},
			settle: func(ctx context.Context, c *client, no string, opts ...option) (serviceorder.Outcome, error) {
				return only(serviceorder.Modify(ctx, c, no, modify, opts...))
			}},
		{name: "ModifyDirect", direct: true, status: 200, before: paying(totalBefore), after: paying(totalAfter),
			call: func(ctx context.Context, c *client, no string) error {
				_, err := c.ModifyServiceOrder(ctx, no, modifyDirect)
				return err
			},
			settle: func(ctx context.Context, c *client, no string, opts ...option) (serviceorder.Outcome, error) {
				return only(serviceorder.ModifyDirect(ctx, c, no, modifyDirect, opts...))
			}},
		{name: "Complete", status: 204, before: confirmed(), after: paying(totalBefore),
			call: func(ctx context.Context, c *client, no string) error {
				return c.CompletePartnerServiceOrder(ctx, no, complete)
			},
			settle: func(ctx context.Context, c *client, no string, opts ...option) (serviceorder.Outcome, error) {
				return only(serviceorder.Complete(ctx, c, no, complete, opts...))
			}},
		{name: "CompleteDirect", direct: true, status: 200, before: confirmed(), after: paying(totalBefore),
			call: func(ctx context.Context, c *client, no string) error {
				_, err := c.CompleteServiceOrder(ctx, no, completeDirect)
				return err
			},
			settle: func(ctx context.Context, c *client, no string, opts ...option) (serviceorder.Outcome, error) {
				return only(serviceorder.CompleteDirect(ctx, c, no, completeDirect, opts...))
			}},
		{name: "Cancel", status: 204, before: confirmed(), after: revoked(),
			call: func(ctx context.Context, c *client, no string) error {
				return c.CancelPartnerServiceOrder(ctx, no, cancel)
			},
			settle: func(ctx context.Context, c *client, no string, opts ...option) (serviceorder.Outcome, error) {
				return only(serviceorder.Cancel(ctx, c, no, cancel, opts...))
			}},
		{name: "CancelDirect", direct: true, status: 200, before: confirmed(), after: revoked(),
			call: func(ctx context.Context, c *client, no string) error {
				_, err := c.CancelServiceOrder(ctx, no, cancelDirect)
				return err
			},
			settle: func(ctx context.Context, c *client, no string, opts ...option) (serviceorder.Outcome, error) {
				return only(serviceorder.CancelDirect(ctx, c, no, cancelDirect, opts...))
			}},
		{name: "Pay", status: 204, before: paying(totalBefore), after: paid("NEWTON"), mute: true,
			call: func(ctx context.Context, c *client, no string) error {
				return c.PayPartnerServiceOrder(ctx, no, pay)
			},
			settle: func(ctx context.Context, c *client, no string, opts ...option) (serviceorder.Outcome, error) {
				return only(serviceorder.Pay(ctx, c, no, pay, opts...))
			}},
		{name: "PayDirect", direct: true, status: 200, before: paying(totalBefore), after: paid("NEWTON"), mute: true,
			call: func(ctx context.Context, c *client, no string) error {
				_, err := c.PayServiceOrder(ctx, no, payDirect)
				return err
			},
			settle: func(ctx context.Context, c *client, no string, opts ...option) (serviceorder.Outcome, error) {
				return only(serviceorder.PayDirect(ctx, c, no, payDirect, opts...))
			}},
		{name: "Sync", status: 204, before: paying(totalBefore), after: paid("MCH"),
			call: func(ctx context.Context, c *client, no string) error {
				return c.SyncPartnerServiceOrder(ctx, no, sync)
			},
			settle: func(ctx context.Context, c *client, no string, opts ...option) (serviceorder.Outcome, error) {
				return only(serviceorder.Sync(ctx, c, no, sync, opts...))
			}},
		{name: "SyncDirect", direct: true, status: 200, before: paying(totalBefore), after: paid("MCH"),
			call: func(ctx context.Context, c *client, no string) error {
				_, err := c.SyncServiceOrder(ctx, no, syncDirect)
				return err
			},
			settle: func(ctx context.Context, c *client, no string, opts ...option) (serviceorder.Outcome, error) {
				return only(serviceorder.SyncDirect(ctx, c, no, syncDirect, opts...))
			}},
		{name: "Create", status: 200, after: created(),
			call: func(ctx context.Context, c *client, no string) error {
				_, err := c.CreatePartnerServiceOrder(ctx, payscore.CreatePartnerServiceOrderRequest{AppID: appID, SubMchID: subMchID, ServiceID: serviceID,
					OutOrderNo: no, OpenID: ptr(openID), ServiceIntroduction: "某某酒店", RiskFund: risk, TimeRange: times, NotifyURL: "https://api.test.com"})
				return err
			}},
		{name: "CreateDirect", direct: true, status: 200, after: created(),
			call: func(ctx context.Context, c *client, no string) error {
				_, err := c.CreateServiceOrder(ctx, payscore.CreateServiceOrderRequest{AppID: appID, ServiceID: serviceID,
					OutOrderNo: no, OpenID: ptr(openID), ServiceIntroduction: "某某酒店", RiskFund: risk, TimeRange: times, NotifyURL: "https://api.test.com"})
				return err
			}},
		{name: "CreateRefund", status: 200,
			call: func(ctx context.Context, c *client, no string) error {
				_, err := c.CreateRefund(ctx, payscore.CreateRefundRequest{SubMchID: ptr(subMchID), TransactionID: ptr(orderID), OutRefundNo: no,
					Amount: payscore.RefundRequestAmount{Refund: 100, Total: totalBefore, Currency: "CNY"}})
				return err
			}},
	}
}
