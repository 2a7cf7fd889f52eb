// Package serviceorder knows what the contract cannot say about a PayScore
// order: how its amounts add up, which names may repeat, where it stands, and
// whether an operation was carried out when the answer did not tell.
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
// Nothing here keeps a request from being sent.
//
//	result, err := serviceorder.Modify(ctx, client, outOrderNo, body, serviceorder.WithTotalBefore(50000))
//	switch result.Outcome {
//	case serviceorder.CarriedOut: // err == nil
//	case serviceorder.NotCarriedOut: // err says why
//	case serviceorder.Unknown: // look at the order before money is touched
//	}
//
// The query names all that the body of the operation does. A partner's body may
// leave service_id out. Name it with [WithServiceID] then, since WeChat Pay may
// refuse a query without it for lack of permission.
//
// [Complete], [Cancel], [Pay] and [Sync] do the same for a partner, and the
// functions whose names end in Direct for a direct merchant. They compare the
// order with what the operation makes of it. Who did it is not to be seen: what
// another did in the very same way counts as carried out, and whatever else
// the order might mean is unknown.
//
// Creating an order needs nothing of the kind. The same out_order_no with the
// same parameters answers the order that is there, so when the outcome of a
// creation is unknown, send it again as it was, and query if that fails as
// well. When that is refused with number 271316598, the number belongs to an
// order with other parameters: query it before you take a new one.
//
// The other operations differ in what a repeat comes to ([catalog.ReentryOf]). A
// cancellation succeeds again. A completion succeeds again with the same
// parameters; with others it is refused, with 订单重入参数校验失败, since the order
// was completed before: never take a new number then, which would charge the
// user twice. A repeated modification is refused. Of the others nothing is known.
//
// Functions and errors may be used by any number of goroutines.
package serviceorder
