// Package serviceorder has the rules of a PayScore order that the contract cannot
// express: how its amounts add up, which names may repeat, what its stage is, and
// whether an operation was carried out when the response did not show it.
//
//	total, err := serviceorder.Total(body.PostPayments, body.PostDiscounts)
//	...
//	body.TotalAmount = total
//	if findings := serviceorder.CheckModify(body); len(findings) > 0 {
//		log.Print(findings)
//	}
//
// The rules of the order are warnings, since official texts disagree on them:
// the example on WeChat Pay's own page breaks the formula on the same page.
// They never keep a request from being sent.
//
//	result, err := serviceorder.Modify(ctx, client, outOrderNo, body, serviceorder.WithTotalBefore(50000))
//	switch result.Outcome {
//	case serviceorder.CarriedOut: // err == nil
//	case serviceorder.NotCarriedOut: // err says why
//	case serviceorder.Unknown: // look at the order before money is touched
//	}
//
// The query has all parameters that the body of the operation has. A partner's body
// may leave service_id out. Pass it with [WithServiceID] then, since WeChat Pay may
// refuse a query without it for lack of permission.
//
// [Complete], [Cancel], [Pay] and [Sync] do the same for a partner, and the
// functions whose names end in Direct do it for a direct merchant. They compare the
// order with the effect of the operation. The order does not show the caller: if
// somebody else did exactly the same, that counts as carried out. An order that
// allows another explanation leaves the outcome unknown.
//
// Creating an order needs no such function. The same out_order_no with the same
// parameters returns the order that exists. So when the outcome of a creation is
// unknown, send the same request again, and query the order if that fails as
// well. A refusal with number 271316598 means that the number belongs to an
// order with other parameters. Query it before you take a new number.
//
// A repeat has another effect for each operation ([catalog.ReentryOf]). A repeated
// cancellation succeeds. A completion with the same parameters succeeds again. A
// completion with others is refused with 订单重入参数校验失败, since the order was
// completed before: never take a new number then, which would charge the
// user twice. A repeated modification is refused. Nothing is known of the others.
//
// Functions and errors may be used by any number of goroutines.
package serviceorder
