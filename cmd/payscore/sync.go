package main

import (
	"context"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

type syncCommand struct {
	PaidTime string `required:"" placeholder:"TIME" help:"When it was paid, in China: yyyyMMddHHmmss, or yyyyMMdd for midnight."`
	change
}

// Help is shown by payscore sync --help.
func (syncCommand) Help() string {
	return `Examples:
  payscore sync 1234323JKHDFE1243252 --paid-time 20250315121010 --keys DIR`
}

func (c *syncCommand) Run(ctx context.Context, s *streams, k *kong.Context) error {
	if err := c.known(k); err != nil {
		return err
	}
	if c.ServiceID == "" {
		return missing("--service-id")
	}
	body := payscore.SyncPartnerServiceOrderRequest{SubMchID: c.SubMchID, ServiceID: c.ServiceID,
		Type: payscore.SyncTypeOrderPaid, Detail: payscore.SyncDetail{PaidTime: c.PaidTime}}
	if err := body.Validate(); err != nil {
		return inputError{unsent(err)}
	}
	return c.run(ctx, s, job{done: "synchronised", do: func(client *payscore.Client, _ *payscore.ServiceOrderEntity) (changed, error) {
		return serviceorder.Sync(ctx, client, c.OutOrderNo, body, serviceorder.WithPause(settlePause))
	}})
}
