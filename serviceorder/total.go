package serviceorder

import (
	"errors"
	"fmt"
	"math"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// ErrNoTotal is the error of [Total].
var ErrNoTotal = errors.New("the payments less the discounts are no amount")

// Total returns the total_amount of an order, in fen: the sum of the payments less
// the sum of the discounts. A line without an amount counts as 0. The count is
// ignored, since an amount is the total of its line. The error is [ErrNoTotal],
// with the reason, if an amount is negative, the discounts exceed the payments or a
// sum exceeds an int64.
//
// Official page: https://pay.weixin.qq.com/doc/v3/partner/4012692360
func Total(payments []payscore.Payment, discounts []payscore.ServiceOrderCoupon) (int64, error) {
	var paid, discounted int64
	for i, p := range payments {
		if err := add(&paid, p.Amount); err != nil {
			return 0, fmt.Errorf("%w: post_payments[%d]: %w", ErrNoTotal, i, err)
		}
	}
	for i, d := range discounts {
		if err := add(&discounted, d.Amount); err != nil {
			return 0, fmt.Errorf("%w: post_discounts[%d]: %w", ErrNoTotal, i, err)
		}
	}
	if discounted > paid {
		return 0, fmt.Errorf("%w: %d fen of discounts exceed %d fen of payments", ErrNoTotal, discounted, paid)
	}
	return paid - discounted, nil
}

func add(sum *int64, amount *int64) error {
	switch {
	case amount == nil:
		return nil
	case *amount < 0:
		return errors.New("the amount is negative")
	case *sum > math.MaxInt64-*amount:
		return errors.New("the sum exceeds an int64")
	}
	*sum += *amount
	return nil
}
