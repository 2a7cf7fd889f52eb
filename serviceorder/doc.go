// Package serviceorder knows what the contract cannot say about a PayScore
// order: how its amounts add up, which names may repeat, where it stands, and
// whether a modification was carried out when the answer did not tell.
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
// Functions and errors may be used by any number of goroutines.
package serviceorder
