// Package serviceorder knows what the contract cannot say about a PayScore
// order: how its amounts add up and which names may repeat.
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
package serviceorder
