package main

import (
	"context"

	"github.com/wxpayscore/payscore/gen/payscore"
)

type queryCommand struct {
	OutOrderNo string `arg:"" name:"out_order_no" help:"The merchant's number of the order."`
	connection `group:"Connection"`
}

// Help is shown by payscore query --help.
func (queryCommand) Help() string {
	return `Examples:
  payscore query 1234323JKHDFE1243252 --config wechatpay.yaml --sub-mchid 1900000109
  payscore query 1234323JKHDFE1243252 --keys payscore-sandbox`
}

func (q *queryCommand) Run(ctx context.Context, s *streams) error {
	var rec recorder
	client, err := q.open(&rec)
	if err != nil {
		return err
	}
	params := payscore.QueryPartnerServiceOrderParams{SubMchID: q.SubMchID, OutOrderNo: &q.OutOrderNo}
	if q.ServiceID != "" {
		params.ServiceID = &q.ServiceID
	}
	order, err := client.QueryPartnerServiceOrder(ctx, params)
	if s.json {
		if err != nil {
			return err
		}
		return s.object(order)
	}
	if rec.request != nil {
		s.call(rec.call(err))
	}
	if err != nil {
		return err
	}
	s.section("Order")
	s.order(order)
	return nil
}
