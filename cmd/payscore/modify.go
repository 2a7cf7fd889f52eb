package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/wxpayscore/payscore/examples"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/serviceorder"
)

// What --sandbox seeds: the number of WeChat Pay's own examples, completed at
// 500.00 yuan.
const (
	seedOutOrderNo = "1234323JKHDFE1243252"
	seedTotal      = 50000
)

type modifyCommand struct {
	OutOrderNo string `arg:"" optional:"" name:"out_order_no" help:"The merchant's number of the order."`
	Body       string `short:"b" placeholder:"FILE" help:"The request as JSON, - for standard input."`
	Sandbox    bool   `help:"Start a sandbox in this process, seed an order at 500.00 yuan, and modify that."`
	connection `group:"Connection"`
}

// Help is shown by payscore modify --help.
func (modifyCommand) Help() string {
	return `Examples:
  payscore modify --sandbox
  payscore modify 1234323JKHDFE1243252 --body modify.json --config wechatpay.yaml
  payscore modify 1234323JKHDFE1243252 --body - --keys payscore-sandbox < modify.json`
}

func (m *modifyCommand) Run(ctx context.Context, s *streams) error {
	var body payscore.ModifyPartnerServiceOrderRequest
	var err error
	switch {
	case m.Body != "":
		body, err = readModify(m.Body, s.in)
	case m.Sandbox:
		body, err = decodeModify("examples/modify.json", examples.Modify)
	default:
		err = errors.New("--body is missing")
	}
	if err != nil {
		return inputError{err}
	}
	if m.OutOrderNo == "" && m.Sandbox {
		m.OutOrderNo = seedOutOrderNo
	}
	if m.OutOrderNo == "" {
		return inputError{errors.New("the out_order_no of the order is missing")}
	}
	if findings := serviceorder.CheckModify(body); findings.Err() != nil {
		return inputError{fmt.Errorf("%s: %w", m.bodyName(), findings.Err())}
	}

	if m.Sandbox {
		stop, err := m.startSandbox(m.OutOrderNo, seedTotal)
		if err != nil {
			return err
		}
		defer stop()
		if !s.json {
			s.printf("Sandbox in this process at %s, with one order completed at %s\n\n", m.BaseURL, yuan(seedTotal))
		}
	}
	if m.SubMchID == "" {
		m.SubMchID = body.SubMchID
	}
	var rec recorder
	client, err := m.open(&rec)
	if err != nil {
		return err
	}
	if m.SubMchID != body.SubMchID {
		return inputError{fmt.Errorf("%s: $.sub_mchid: is %s, but --sub-mchid is %s", m.bodyName(), body.SubMchID, m.SubMchID)}
	}

	query := payscore.QueryPartnerServiceOrderParams{SubMchID: body.SubMchID, OutOrderNo: &m.OutOrderNo, ServiceID: body.ServiceID}
	before, err := client.QueryPartnerServiceOrder(ctx, query)
	if err != nil {
		return fmt.Errorf("query before the modification: %w", err)
	}
	findings := serviceorder.CheckModifyOf(*before, body)
	if !s.json {
		s.section("Order before")
		s.order(before)
		for _, f := range findings {
			_, _ = fmt.Fprintf(s.err, "warning: %s\n", f)
		}
	}

	modifyErr := client.ModifyPartnerServiceOrder(ctx, m.OutOrderNo, body)
	call := rec.call(modifyErr)
	if !s.json {
		s.call(call)
	}
	after, err := client.QueryPartnerServiceOrder(ctx, query)
	if err != nil {
		// What the modification did is the more important news.
		return errors.Join(modifyErr, fmt.Errorf("query after the modification: %w", err))
	}
	if s.json {
		if err := s.object(modifyReport{Call: call, Findings: findings, Before: before, After: after}); err != nil {
			return err
		}
		return modifyErr
	}
	s.section("Order after")
	s.order(after)
	if modifyErr == nil {
		s.printf("Done: %s -> %s\n", amount(before.TotalAmount), amount(after.TotalAmount))
	}
	return modifyErr
}

type modifyReport struct {
	Call     callReport                   `json:"call"`
	Findings limit.Findings               `json:"findings,omitempty"`
	Before   *payscore.ServiceOrderEntity `json:"before"`
	After    *payscore.ServiceOrderEntity `json:"after"`
}

func (m *modifyCommand) bodyName() string {
	if m.Body == "" {
		return "examples/modify.json"
	}
	return m.Body
}
