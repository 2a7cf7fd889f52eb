package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/serviceorder"
)

type completeCommand struct {
	Body string `short:"b" required:"" placeholder:"FILE" help:"The request as JSON, - for standard input."`
	change
}

// Help is shown by payscore complete --help.
func (completeCommand) Help() string {
	return `Examples:
  payscore complete 1234323JKHDFE1243252 -b complete.json --keys DIR
  payscore complete 1234323JKHDFE1243252 -b - --keys DIR <complete.json`
}

func (c *completeCommand) Run(ctx context.Context, s *streams, k *kong.Context) error {
	name, raw, err := readInput(c.Body, s.in)
	if err != nil {
		return inputError{err}
	}
	body, err := decodeBody[payscore.CompletePartnerServiceOrderRequest](name, raw, "CompletePartnerServiceOrderRequest")
	if err != nil {
		return inputError{err}
	}
	if err := body.Validate(); err != nil {
		return inputError{fmt.Errorf("%s: %w", name, unsent(err))}
	}
	if err := c.fill(given(k)); err != nil {
		return inputError{err}
	}
	if err := c.agrees(name, body.SubMchID, &body.ServiceID); err != nil {
		return inputError{err}
	}
	c.SubMchID, c.ServiceID = body.SubMchID, body.ServiceID
	return c.run(ctx, s, job{done: "completed", do: func(client *payscore.Client, _ *payscore.ServiceOrderEntity) (changed, error) {
		return serviceorder.Complete(ctx, client, c.OutOrderNo, body, serviceorder.WithPause(settlePause))
	}})
}
