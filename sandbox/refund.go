package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	api "github.com/wxpayscore/payscore/gen/payscoreserver"
)

const (
	// refundDelay is how long a refund is PROCESSING, in the time of the orders.
	refundDelay = time.Minute
	// refundPause is the least time between two refunds of a payment.
	refundPause = time.Minute
	// refundPeriod is how long after the payment a refund can be asked for.
	refundPeriod = 365 * 24 * time.Hour
	maxRefunds   = 50 // of a payment
	maxReason    = 80 // bytes

)

// refund is the record of money given back.
type refund struct {
	SubMchID  string          `json:"sub_mchid,omitempty"` // empty for a direct merchant
	Refund    payscore.Refund `json:"refund"`
	NotifyURL string          `json:"notify_url,omitempty"`
	Asked     string          `json:"asked"` // JSON of the request, to tell a repeat from a re-entry
	CreatedAt time.Time       `json:"created_at"`
	StartedAt time.Time       `json:"started_at"` // later than CreatedAt when it was closed and asked for again
}

func (r *refund) key() string { return orderKey(r.SubMchID, r.Refund.OutRefundNo) }

func refundSubject(subMchID, outRefundNo string) string {
	return "refund/" + orderKey(subMchID, outRefundNo)
}

// paid is one collection of an order's money.
type paid struct {
	subMchID      string
	transactionID string
	amount        int64
	at            time.Time
}

// outTradeNo is the number of the basic payment, which WeChat Pay makes up for
// an automatic deduction. Only the answer of a refund tells it here.
func outTradeNo(transactionID string) string { return outTradePrefix + transactionID }

const outTradePrefix = "PS"

// payment is what WeChat Pay collected for the order, nil when there is none.
// What was paid outside WeChat Pay has no number and cannot be given back.
func (o *order) payment() *payscore.CollectionDetail {
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

// keepPayment has a payment of the order found by its number. The caller holds
// s.mu.
func (s *Sandbox) keepPayment(o *order) {
	if d := o.payment(); d != nil {
		s.payments[*d.TransactionID] = o
	}
}

// findPaid finds a payment by either of its numbers. The caller holds the lock.
func (s *Sandbox) findPaid(transactionID, tradeNo string) (p paid, found bool) {
	if id, made := strings.CutPrefix(tradeNo, outTradePrefix); made {
		transactionID = id
	}
	o := s.payments[transactionID]
	if o == nil {
		return paid{}, false
	}
	d := o.payment()
	if d == nil {
		return paid{}, false
	}
	at, _ := parseTime(value(d.PaidTime))
	return paid{value(o.Entity.SubMchID), *d.TransactionID, *d.Amount, at}, true
}

func (s operations) CreateRefund(ctx context.Context, r api.CreateRefundRequestObject) (api.CreateRefundResponseObject, error) {
	b := *r.Body
	if refused := checkRefund(b); refused != nil {
		return nil, refused
	}
	asked, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	var answer payscore.Refund
	err = s.update(ctx, func() error {
		made, refused := s.refund(b, string(asked))
		if refused != nil {
			return refused
		}
		answer = made.Refund
		return nil
	})
	if err != nil {
		return nil, err
	}
	return api.CreateRefund200JSONResponse{Body: answer}, nil
}

// checkRefund holds a request against what needs no payment.
func checkRefund(b payscore.CreateRefundRequest) *refusal {
	if (b.TransactionID == nil) == (b.OutTradeNo == nil) {
		return paramError("body", "/transaction_id", "transaction_id与out_trade_no必须且只能传一个", "give exactly one of transaction_id and out_trade_no")
	}
	if b.SubMchID == nil && strings.Contains(b.OutRefundNo, "*") {
		return paramError("body", "/out_refund_no", "商户退款单号格式错误", "a direct merchant's has no asterisk")
	}
	if len(value(b.Reason)) > maxReason {
		return paramError("body", "/reason", "退款原因过长", "is over 80 bytes long")
	}
	if b.Amount.Refund > b.Amount.Total {
		return paramError("body", "/amount/refund", "退款金额大于原订单金额", "is above the total")
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
			return paramError("body", "/amount/from", "出资金额之和与退款金额不一致", "does not sum up to the refund")
		}
	}
	return nil
}

// refund makes a refund or finds the one that was made of the same request. One
// that was closed starts anew. The caller holds the lock.
func (s *Sandbox) refund(b payscore.CreateRefundRequest, asked string) (*refund, *refusal) {
	made := s.refunds.Get(orderKey(value(b.SubMchID), b.OutRefundNo))
	if made != nil {
		if made.Asked != asked {
			return nil, refuse(http.StatusBadRequest, "INVALID_REQUEST", 0, "请求参数与原退款单不一致")
		}
		if made.Refund.Status != payscore.RefundStatusClosed {
			return made, nil
		}
	}
	p, found := s.findPaid(value(b.TransactionID), value(b.OutTradeNo))
	switch {
	case found && p.subMchID != "" && b.SubMchID == nil:
		return nil, paramError("body", "/sub_mchid", "服务商模式必须传子商户号", "is required for a service provider")
	case !found || p.subMchID != value(b.SubMchID):
		return nil, noResource()
	}
	if refused := s.checkPaid(p, b, made); refused != nil {
		return nil, refused
	}
	if made == nil {
		made = &refund{SubMchID: p.subMchID, NotifyURL: value(b.NotifyURL), Asked: asked, CreatedAt: s.now(), Refund: payscore.Refund{
			RefundID: s.number("50"), OutRefundNo: b.OutRefundNo, TransactionID: p.transactionID, OutTradeNo: outTradeNo(p.transactionID),
			Channel: payscore.RefundChannelOriginal, UserReceivedAccount: "招商银行信用卡", CreateTime: *moment(s.now()),
			RefundAccount: b.RefundAccount, Amount: payscore.RefundAmount{
				Total: p.amount, Refund: b.Amount.Refund, From: b.Amount.From, PayerTotal: p.amount, PayerRefund: b.Amount.Refund,
				SettlementRefund: b.Amount.Refund, SettlementTotal: p.amount, Currency: b.Amount.Currency,
			},
		}}
		if b.FundsAccount != nil {
			made.Refund.FundsAccount = new(payscore.FundsAccount(*b.FundsAccount))
		}
	}
	made.Refund.Status, made.StartedAt = payscore.RefundStatusProcessing, s.now()
	s.refunds.Put(made.key(), made)
	s.planRefund(made.key(), made)
	return made, nil
}

// checkPaid holds a refund against the payment and the other refunds of it.
// The codes of these refusals are not published.
func (s *Sandbox) checkPaid(p paid, b payscore.CreateRefundRequest, again *refund) *refusal {
	if b.Amount.Total != p.amount {
		return paramError("body", "/amount/total", "原订单金额与支付金额不一致", "is not what was paid")
	}
	if s.now().Sub(p.at) > refundPeriod {
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", 0, "订单已超过可退款的最大期限")
	}
	left, count := p.amount, 0
	for _, other := range s.refunds.Unsorted() {
		if other == again || other.Refund.TransactionID != p.transactionID {
			continue
		}
		count++
		if other.Refund.Status != payscore.RefundStatusClosed {
			left -= other.Refund.Amount.Refund
		}
		if s.now().Sub(other.StartedAt) < refundPause {
			return refuse(http.StatusTooManyRequests, "FREQUENCY_LIMITED", numberFrequency, "同一订单的退款需间隔1分钟")
		}
	}
	switch {
	case b.Amount.Refund > left:
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", 0, "申请退款金额大于订单可退金额")
	case count >= maxRefunds:
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", 0, "同一订单最多退款50次")
	}
	return nil
}

func (s operations) QueryRefund(ctx context.Context, r api.QueryRefundRequestObject) (api.QueryRefundResponseObject, error) {
	defer s.lock(ctx)()
	made := s.refunds.Get(orderKey(value(r.Params.SubMchID), r.OutRefundNo))
	if made == nil {
		return nil, noResource()
	}
	return api.QueryRefund200JSONResponse{Body: made.Refund}, nil
}

// planRefund lets a refund succeed when its time has come, unless a move was
// faster. The caller holds the lock.
func (s *Sandbox) planRefund(key string, r *refund) {
	if r.Refund.Status != payscore.RefundStatusProcessing {
		return
	}
	started := r.StartedAt
	s.db.Agenda.Plan(started.Add(refundDelay), func() { s.refundDue(key, started) })
}

func (s *Sandbox) refundDue(key string, started time.Time) {
	err := s.endRefund(key, payscore.RefundStatusSuccess, func(r *refund) error {
		if r.Refund.Status != payscore.RefundStatusProcessing || !r.StartedAt.Equal(started) {
			return impossible("it ended before")
		}
		return nil
	})
	s.db.AgainWhenSaved(err, func() { s.refundDue(key, started) })
}

// EndRefund ends a refund that is PROCESSING, or ABNORMAL, with SUCCESS,
// ABNORMAL or CLOSED. Left alone it succeeds after a minute of the orders'
// time. subMchID is empty for a direct merchant. The error is a
// [*MoveError].
func (s *Sandbox) EndRefund(subMchID, outRefundNo string, status payscore.RefundStatus) error {
	return s.endRefund(orderKey(subMchID, outRefundNo), status, func(r *refund) error {
		before := r.Refund.Status
		if before == status || before != payscore.RefundStatusProcessing && before != payscore.RefundStatusAbnormal {
			return impossible("the refund is " + string(before))
		}
		return nil
	})
}

var refundMoves = map[payscore.RefundStatus]string{
	payscore.RefundStatusSuccess:  "refund_succeeds",
	payscore.RefundStatusAbnormal: "refund_abnormal",
	payscore.RefundStatusClosed:   "refund_closed",
}

func (s *Sandbox) endRefund(key string, status payscore.RefundStatus, allowed func(*refund) error) error {
	move := refundMoves[status]
	return s.otherMove(move, "refund/"+key, func() error {
		r := s.refunds.Get(key)
		if move == "" {
			return impossible("a refund does not end with " + string(status))
		}
		if r == nil {
			return ErrNoSuchSubject
		}
		if err := allowed(r); err != nil {
			return err
		}
		e := &r.Refund
		e.Status = status
		if status == payscore.RefundStatusSuccess {
			e.SuccessTime = moment(s.now())
			if e.FundsAccount == nil {
				e.FundsAccount = new(payscore.FundsAccountAvailable)
			}
		}
		s.refunds.Put(key, r)
		n := payscore.RefundNotification{
			OutTradeNo: e.OutTradeNo, TransactionID: e.TransactionID, OutRefundNo: e.OutRefundNo, RefundID: e.RefundID,
			RefundStatus: e.Status, SuccessTime: e.SuccessTime, UserReceivedAccount: e.UserReceivedAccount, RefundAccount: e.RefundAccount,
			Amount: payscore.NotifiedRefundAmount{
				Total: e.Amount.Total, Refund: e.Amount.Refund, PayerTotal: e.Amount.PayerTotal, PayerRefund: e.Amount.PayerRefund,
			},
		}
		if r.SubMchID == "" {
			n.MchID = &s.credentials.account.MchID
		} else {
			n.SpMchID, n.SubMchID = &s.credentials.account.MchID, &r.SubMchID
		}
		s.announce(refundSubject(r.SubMchID, e.OutRefundNo), r.NotifyURL, "REFUND."+string(status), n)
		return nil
	})
}
