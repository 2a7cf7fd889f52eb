package main

import (
	"context"
	"errors"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
)

type queryCommand struct {
	OutOrderNo string `arg:"" name:"out_order_no" help:"The merchant's number of the order."`
	connection `group:"Connection"`
}

// Help is shown by payscore query --help.
func (queryCommand) Help() string {
	return `Examples:
  payscore query 1234323JKHDFE1243252 --config wechatpay.yaml
  payscore query 1234323JKHDFE1243252 --keys payscore-sandbox`
}

func (q *queryCommand) Run(ctx context.Context, s *streams, k *kong.Context) error {
	if err := q.fill(given(k)); err != nil {
		return inputError{err}
	}
	var rec recorder
	client, err := q.open(&rec)
	if err != nil {
		return err
	}
	if q.SubMchID == "" {
		return missing("--sub-mchid")
	}
	params := payscore.QueryPartnerServiceOrderParams{SubMchID: q.SubMchID, OutOrderNo: &q.OutOrderNo}
	if q.ServiceID != "" {
		params.ServiceID = &q.ServiceID
	}
	order, err := client.QueryPartnerServiceOrder(ctx, params)
	if _, ok := errors.AsType[limit.Findings](err); ok {
		return err
	}
	if !s.json {
		s.call(rec.call(err))
	}
	switch {
	case err != nil:
		return rec.compared(err)
	case s.json:
		return s.object(order)
	}
	s.section("Order")
	s.order(order)
	return nil
}
