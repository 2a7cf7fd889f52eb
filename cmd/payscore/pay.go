package main

import (
	"context"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

type payCommand struct{ change }

// Help is shown by payscore pay --help.
func (payCommand) Help() string {
	return `That the request is accepted does not mean that the money is there. Query the
order later.

Examples:
  payscore pay 1234323JKHDFE1243252 --config wechatpay.yaml`
}

func (p *payCommand) Run(ctx context.Context, s *streams, k *kong.Context) error {
	if err := p.known(k); err != nil {
		return err
	}
	body := payscore.PayPartnerServiceOrderRequest{SubMchID: p.SubMchID, ServiceID: p.service()}
	if err := body.Validate(); err != nil {
		return inputError{unsent(err)}
	}
	return p.run(ctx, s, job{done: "asked for payment", do: func(client *payscore.Client, _ *payscore.ServiceOrderEntity) (changed, error) {
		return serviceorder.Pay(ctx, client, p.OutOrderNo, body, serviceorder.WithPause(settlePause))
	}})
}
