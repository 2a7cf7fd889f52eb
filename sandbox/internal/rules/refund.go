package rules

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

const (
	// RefundDelay is how long a refund is PROCESSING, in the time of the orders.
	RefundDelay = time.Minute
	// refundPause is the least time between two refunds of a payment.
	refundPause = time.Minute
	// refundPeriod is how long after the payment a refund can be asked for.
	refundPeriod = 365 * 24 * time.Hour
	maxRefunds   = 50 // of a payment
	maxReason    = 80 // bytes

)

// Refund is the record of money given back.
type Refund struct {
	SubMchID  string          `json:"sub_mchid,omitempty"` // empty for a direct merchant
	Refund    payscore.Refund `json:"refund"`
	NotifyURL string          `json:"notify_url,omitempty"`
	Asked     string          `json:"asked"` // JSON of the request, to tell a repeat from a re-entry
	CreatedAt time.Time       `json:"created_at"`
	StartedAt time.Time       `json:"started_at"`          // later than CreatedAt when it was closed and asked for again
	Named     NamedKey        `json:"named_key,omitempty"` // by the request that started it
}

// Key is where the refund is found.
func (r Refund) Key() string { return OrderKey(r.SubMchID, r.Refund.OutRefundNo) }

// RefundSubject names a refund in the journal.
func RefundSubject(subMchID, outRefundNo string) string {
	return "refund/" + OrderKey(subMchID, outRefundNo)
}

// outTradeNo is the number of the basic payment, which WeChat Pay makes up for
// an automatic deduction. Only the answer of a refund tells it here.
func outTradeNo(transactionID string) string { return outTradePrefix + transactionID }

const outTradePrefix = "PS"

// TransactionOf is the number of the payment that a refund names by either of
// its numbers.
func TransactionOf(b payscore.CreateRefundRequest) string {
	if id, made := strings.CutPrefix(value(b.OutTradeNo), outTradePrefix); made {
		return id
	}
	return value(b.TransactionID)
}

// Payment is what WeChat Pay collected for the order, nil when there is none.
// What was paid outside WeChat Pay has no number and cannot be given back.
func (o Order) Payment() *payscore.CollectionDetail {
	if o.Entity.Collection == nil {
		return nil
	}
	for i := range o.Entity.Collection.Details {
		d := &o.Entity.Collection.Details[i]
		if value(d.TransactionID) != "" && d.Amount != nil && (d.PaidType == nil || *d.PaidType != payscore.PaidTypeMch) {
			return d
		}
	}
	return nil
}

// CheckRefund holds a request against what needs no payment.
func CheckRefund(b payscore.CreateRefundRequest) *Refusal {
	if (b.TransactionID == nil) == (b.OutTradeNo == nil) {
		return ParamError("body", "/transaction_id", "transaction_id与out_trade_no必须且只能传一个", "give exactly one of transaction_id and out_trade_no")
	}
	if b.SubMchID == nil && strings.Contains(b.OutRefundNo, "*") {
		return ParamError("body", "/out_refund_no", "商户退款单号格式错误", "a direct merchant's has no asterisk")
	}
	if len(value(b.Reason)) > maxReason {
		return ParamError("body", "/reason", "退款原因过长", "is over 80 bytes long")
	}
	if b.Amount.Refund > b.Amount.Total {
		return ParamError("body", "/amount/refund", "退款金额大于原订单金额", "is above the total")
	}
	if len(b.Amount.From) > 0 {
		left := b.Amount.Refund
		for _, part := range b.Amount.From {
			if part.Amount > left {
				left = -1
				break
			}
			left -= part.Amount
		}
		if left != 0 {
			return ParamError("body", "/amount/from", "出资金额之和与退款金额不一致", "does not sum up to the refund")
		}
	}
	return nil
}

// MakeRefund makes a refund of what an order was paid, nil when there is no such
// payment. known is the refund of the same number, if there is one, and others
// are those of the same payment. A repeat finds the one that it made before; one
// that was closed starts anew.
func MakeRefund(b payscore.CreateRefundRequest, known *Refund, paid *Order, others []*Refund, t Terms) (Refund, Effects, *Refusal) {
	none := Effects{}
	request, err := json.Marshal(b)
	if err != nil {
		return Refund{}, none, ParamError("body", "", "参数错误", "does not decode")
	}
	requested := string(request)
	if known != nil {
		if known.Asked != requested {
			return Refund{}, none, Refuse(badRequest, "INVALID_REQUEST", 0, "请求参数与原退款单不一致")
		}
		if known.Refund.Status != payscore.RefundStatusClosed {
			return *known, Effects{Repeat: true}, nil
		}
	}
	var payment *payscore.CollectionDetail
	subMchID := ""
	if paid != nil {
		payment, subMchID = paid.Payment(), value(paid.Entity.SubMchID)
	}
	switch {
	case payment != nil && subMchID != "" && b.SubMchID == nil:
		return Refund{}, none, ParamError("body", "/sub_mchid", "服务商模式必须传子商户号", "is required for a service provider")
	case payment == nil || subMchID != value(b.SubMchID):
		return Refund{}, none, Missing()
	}
	if refused := checkPaid(payment, b, others, t); refused != nil {
		return Refund{}, none, refused
	}
	effects := Effects{}
	made := Refund{}
	if known != nil {
		made = *known
	} else {
		amount, transaction := *payment.Amount, *payment.TransactionID
		effects.Numbers++
		made = Refund{SubMchID: subMchID, NotifyURL: value(b.NotifyURL), Asked: requested, CreatedAt: t.Now, Refund: payscore.Refund{
			RefundID: t.NumberOf("50"), OutRefundNo: b.OutRefundNo, TransactionID: transaction, OutTradeNo: outTradeNo(transaction),
			Channel: payscore.RefundChannelOriginal, UserReceivedAccount: "招商银行信用卡", CreateTime: *Moment(t.Now),
			RefundAccount: b.RefundAccount, Amount: payscore.RefundAmount{
				Total: amount, Refund: b.Amount.Refund, From: b.Amount.From, PayerTotal: amount, PayerRefund: b.Amount.Refund,
				SettlementRefund: b.Amount.Refund, SettlementTotal: amount, Currency: b.Amount.Currency,
			},
		}}
		if b.FundsAccount != nil {
			made.Refund.FundsAccount = new(payscore.FundsAccount(*b.FundsAccount))
		}
	}
	made.Refund.Status, made.StartedAt = payscore.RefundStatusProcessing, t.Now
	return made, effects, nil
}

// checkPaid holds a refund against the payment and the other refunds of it.
// The codes of these refusals are not published.
func checkPaid(payment *payscore.CollectionDetail, b payscore.CreateRefundRequest, others []*Refund, t Terms) *Refusal {
	if b.Amount.Total != *payment.Amount {
		return ParamError("body", "/amount/total", "原订单金额与支付金额不一致", "is not what was paid")
	}
	at, _ := parseTime(value(payment.PaidTime))
	if t.Now.Sub(at) > refundPeriod {
		return Refuse(badRequest, "INVALID_REQUEST", 0, "订单已超过可退款的最大期限")
	}
	left := *payment.Amount
	for _, other := range others {
		if other.Refund.Status != payscore.RefundStatusClosed {
			left -= other.Refund.Amount.Refund
		}
		if t.Now.Sub(other.StartedAt) < refundPause {
			return Refuse(tooManyRequests, "FREQUENCY_LIMITED", catalog.NumberTooFrequent, "同一订单的退款需间隔1分钟")
		}
	}
	switch {
	case b.Amount.Refund > left:
		return Refuse(badRequest, "INVALID_REQUEST", 0, "申请退款金额大于订单可退金额")
	case len(others) >= maxRefunds:
		return Refuse(badRequest, "INVALID_REQUEST", 0, "同一订单最多退款50次")
	}
	return nil
}

// RefundEnds are the moves that end a refund, by the status that each leads to.
var RefundEnds = map[payscore.RefundStatus]string{
	payscore.RefundStatusSuccess:  "refund_succeeds",
	payscore.RefundStatusAbnormal: "refund_abnormal",
	payscore.RefundStatusClosed:   "refund_closed",
}

// EndRefund ends a refund that is PROCESSING, or ABNORMAL, with SUCCESS,
// ABNORMAL or CLOSED.
func EndRefund(r Refund, status payscore.RefundStatus, t Terms) (Refund, Effects, error) {
	before := r.Refund.Status
	if before == status || before != payscore.RefundStatusProcessing && before != payscore.RefundStatusAbnormal {
		return r, Effects{}, Impossible("the refund is " + string(before))
	}
	e := &r.Refund // of the copy
	e.Status = status
	if status == payscore.RefundStatusSuccess {
		e.SuccessTime = Moment(t.Now)
		if e.FundsAccount == nil {
			e.FundsAccount = new(payscore.FundsAccountAvailable)
		}
	}
	n := payscore.RefundNotification{
		OutTradeNo: e.OutTradeNo, TransactionID: e.TransactionID, OutRefundNo: e.OutRefundNo, RefundID: e.RefundID,
		RefundStatus: e.Status, SuccessTime: e.SuccessTime, UserReceivedAccount: e.UserReceivedAccount, RefundAccount: e.RefundAccount,
		Amount: payscore.NotifiedRefundAmount{
			Total: e.Amount.Total, Refund: e.Amount.Refund, PayerTotal: e.Amount.PayerTotal, PayerRefund: e.Amount.PayerRefund,
		},
	}
	if r.SubMchID == "" {
		n.MchID = &t.MchID
	} else {
		n.SpMchID, n.SubMchID = &t.MchID, &r.SubMchID
	}
	return r, Effects{Announced: []Announcement{{RefundSubject(r.SubMchID, e.OutRefundNo), r.NotifyURL, refundEvents[status], n}}}, nil
}

// refundEvents are the events of the states that a refund ends in.
var refundEvents = map[payscore.RefundStatus]string{
	payscore.RefundStatusSuccess:  catalog.EventRefundSuccess,
	payscore.RefundStatusAbnormal: catalog.EventRefundAbnormal,
	payscore.RefundStatusClosed:   catalog.EventRefundClosed,
}
