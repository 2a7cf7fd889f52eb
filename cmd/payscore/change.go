package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/oneline"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/serviceorder"
)

// change is the common part of the commands that change an order: they show the
// order before and after, and query it when the response does not show the outcome.
type change struct {
	OutOrderNo string `arg:"" name:"out_order_no" help:"The merchant's number of the order."`
	connection `group:"Connection"`
}

// changed is the result of a change.
type changed = serviceorder.Result[payscore.ServiceOrderEntity]

// known fills in the connection and requires its sub-merchant, which the body needs.
func (c *change) known(k *kong.Context) error {
	if err := c.fill(given(k)); err != nil {
		return inputError{err}
	}
	if c.SubMchID == "" {
		return missing("--sub-mchid")
	}
	return nil
}

// service returns the service of the order, or nil if none is given.
func (c *change) service() *string {
	if c.ServiceID == "" {
		return nil
	}
	return &c.ServiceID
}

// job is one change of an order.
type job struct {
	done  string // the operation's past participle
	do    func(client *payscore.Client, before *payscore.ServiceOrderEntity) (changed, error)
	check func(before payscore.ServiceOrderEntity) limit.Findings // warnings, nil for none
}

// run carries the job out.
func (c *change) run(ctx context.Context, s *streams, j job) error {
	query := payscore.QueryPartnerServiceOrderParams{SubMchID: c.SubMchID, OutOrderNo: &c.OutOrderNo, ServiceID: c.service()}
	if err := query.Validate(); err != nil {
		return inputError{unsent(err)}
	}
	var rec recorder
	client, err := c.open(&rec)
	if err != nil {
		return err
	}
	before, err := client.QueryPartnerServiceOrder(ctx, query)
	if err != nil {
		return fmt.Errorf("not %s, since the query before it failed: %w", j.done, rec.compared(err))
	}
	var findings limit.Findings
	if j.check != nil {
		findings = j.check(*before)
	}
	if !s.json {
		s.section("Order before")
		s.order(before)
		for _, f := range findings {
			s.warn("%s", f)
		}
	}

	rec.forget()
	rec.method = http.MethodPost // and not the query that confirms it
	result, changeErr := j.do(client, before)
	changeErr = rec.compared(changeErr)
	report := changeReport{Call: rec.call(result.SendErr), Outcome: result.Outcome.String(),
		Findings: findings, Before: before, After: result.Order}
	if !s.json {
		s.call(report.Call)
		if result.SendErr != nil && result.Outcome == serviceorder.CarriedOut {
			s.warn("the answer did not tell, but the order does: %v", result.SendErr)
		}
	}
	afterErr := result.QueryErr
	if report.After == nil && afterErr == nil {
		report.After, afterErr = client.QueryPartnerServiceOrder(ctx, query)
	}
	if afterErr != nil {
		report.AfterError = oneline.Escape("the query afterwards failed: " + afterErr.Error())
	}
	s.changed(report, j.done)
	return changeErr
}

// changeReport is what --json prints. After is null when AfterError says why.
type changeReport struct {
	Call       callReport                   `json:"call"`
	Outcome    string                       `json:"outcome"`
	Findings   limit.Findings               `json:"findings,omitempty"`
	Before     *payscore.ServiceOrderEntity `json:"before"`
	After      *payscore.ServiceOrderEntity `json:"after"`
	AfterError string                       `json:"after_error,omitempty"`
}

// changed prints how a change ended. It returns no error, which would replace that
// of the change.
func (s *streams) changed(r changeReport, done string) {
	switch {
	case s.json:
		if err := s.object(r); err != nil {
			s.warn("the report could not be written: %v", err)
		}
		return
	case r.AfterError != "":
		s.warn("%s", r.AfterError)
	default:
		s.section("Order after")
		s.order(r.After)
	}
	switch {
	case r.Outcome != serviceorder.CarriedOut.String():
	case done == modified && r.After != nil:
		s.printf("Done: %s -> %s\n", amount(r.Before.TotalAmount), amount(r.After.TotalAmount))
	default:
		s.printf("Done: %s\n", done)
	}
}
