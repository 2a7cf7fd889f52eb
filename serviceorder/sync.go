package serviceorder

import (
	"context"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// Sync reports to WeChat Pay that an order of a partner was paid through another
// channel, and finds out whether the report was accepted. Like [Modify] it queries
// the order when the response does not show that.
//
// The payments of the order decide:
//
//   - paid through the merchant (paid_type MCH) at the time sent: carried out.
//     A date without a time means midnight.
//   - paid through PayScore (NEWTON) alone: not carried out. The user has paid
//     twice, so refund one of the payments.
//   - paid in another way, or at another time: unknown.
//   - any other stage: not carried out, since a sync finishes the order.
//
// NotCarriedOut and the errors mean the same as for [Modify].
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4012458816
func Sync(ctx context.Context, client PartnerClient, outOrderNo string, body payscore.SyncPartnerServiceOrderRequest, opts ...Option) (Result[payscore.ServiceOrderEntity], error) {
	return confirmPartner(ctx, client, outOrderNo, body.SubMchID, &body.ServiceID, body, PartnerClient.SyncPartnerServiceOrder,
		kind{id: catalog.OperationSyncPartnerServiceOrder, judge: syncedAt(body.Detail.PaidTime)}, newOptions(opts))
}

// SyncDirect is [Sync] for a direct merchant. It queries with body.ServiceID
// and body.AppID.
//
// Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012587962
func SyncDirect(ctx context.Context, client DirectClient, outOrderNo string, body payscore.SyncServiceOrderRequest, opts ...Option) (Result[payscore.DirectServiceOrderEntity], error) {
	return confirmDirect(ctx, client, outOrderNo, body.ServiceID, body.AppID, body, DirectClient.SyncServiceOrder,
		kind{id: catalog.OperationSyncServiceOrder, judge: syncedAt(body.Detail.PaidTime)}, newOptions(opts))
}

func syncedAt(paidTime string) func(now facts) Outcome {
	return func(now facts) Outcome {
		synced, atThatTime := false, false
		for _, d := range now.collection.Details {
			if d.PaidType != nil && *d.PaidType == payscore.PaidTypeMch {
				synced = true
				atThatTime = atThatTime || d.PaidTime != nil && sameTime(*d.PaidTime, paidTime)
			}
		}
		switch {
		case now.stage == "":
			return Unknown
		case now.stage != catalog.StageDone && !synced, paidByPayScore(now):
			return NotCarriedOut
		case atThatTime && isPaid(now):
			return CarriedOut
		}
		return Unknown
	}
}

func isPaid(is facts) bool {
	return is.stage == catalog.StageDone && is.collection.State == payscore.CollectionStateUserPaid
}

// paidByPayScore reports whether every payment of a paid order came through
// PayScore.
func paidByPayScore(is facts) bool {
	paid := isPaid(is) && len(is.collection.Details) > 0
	for _, d := range is.collection.Details {
		paid = paid && d.PaidType != nil && *d.PaidType == payscore.PaidTypeNewton
	}
	return paid
}

// sameTime reports whether two times are the same. A date means its midnight.
func sameTime(a, b string) bool {
	const date, midnight = len("20091225"), "000000"
	if len(a) == date {
		a += midnight
	}
	if len(b) == date {
		b += midnight
	}
	return a == b
}
