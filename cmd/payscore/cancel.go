package main

import (
	"context"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

type cancelCommand struct {
	Reason string `required:"" placeholder:"TEXT" help:"Why, in words the user may see."`
	change
}

// Help is shown by payscore cancel --help.
func (cancelCommand) Help() string {
	return `Examples:
  payscore cancel 1234323JKHDFE1243252 --reason 用户投诉 --keys DIR`
}

func (c *cancelCommand) Run(ctx context.Context, s *streams, k *kong.Context) error {
	if err := c.known(k); err != nil {
		return err
	}
	body := payscore.CancelPartnerServiceOrderRequest{SubMchID: c.SubMchID, ServiceID: c.service(), Reason: c.Reason}
	if err := body.Validate(); err != nil {
		return inputError{unsent(err)}
	}
	return c.run(ctx, s, job{done: "cancelled", do: func(client *payscore.Client, _ *payscore.ServiceOrderEntity) (changed, error) {
		return serviceorder.Cancel(ctx, client, c.OutOrderNo, body, serviceorder.WithPause(settlePause))
	}})
}
