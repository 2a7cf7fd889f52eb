package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/examples"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
	"github.com/wxpayscore/payscore/serviceorder"
)

// The order that --sandbox seeds. The number is that of WeChat Pay's own examples.
const (
	seedOutOrderNo = "1234323JKHDFE1243252"
	seedTotal      = 50000
)

// modified is the past participle of a modification, whose amounts are shown as well.
const modified = "modified"

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
  payscore modify 1234323JKHDFE1243252 -b modify.json --config wechatpay.yaml
  payscore modify 1234323JKHDFE1243252 -b - --keys DIR <modify.json

A wechatpay.yaml:
  mchid: "1230000109"
  serial_no: 5157F09EFDC096DE15EBE81A47057A7232F1B8E1
  key_file: apiclient_key.pem
  public_key_id: PUB_KEY_ID_0112300001092026010100000000000001
  public_key_file: wechatpay_public_key.pem`
}

func (m *modifyCommand) Run(ctx context.Context, s *streams, k *kong.Context) error {
	name, body, err := m.readBody(s.in)
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
		return inputError{fmt.Errorf("%s: %w", name, unsent(findings.Err()))}
	}
	query := payscore.QueryPartnerServiceOrderParams{SubMchID: body.SubMchID, OutOrderNo: &m.OutOrderNo, ServiceID: body.ServiceID}
	if err := query.Validate(); err != nil {
		return inputError{unsent(err)}
	}

	flags := given(k)
	if m.Sandbox {
		flags = nil // the sandbox has an answer to each
		stop, err := m.startSandbox(m.OutOrderNo, seedTotal)
		if err != nil {
			return err
		}
		defer stop()
		if !s.json {
			s.printf("Sandbox in this process, %s,\nwith order %s completed at %s\n\n", m.BaseURL, m.OutOrderNo, yuan(seedTotal))
		}
	}
	if err := m.fill(flags); err != nil {
		return inputError{err}
	}
	if err := m.agrees(name, body.SubMchID, body.ServiceID); err != nil {
		return inputError{err}
	}
	c := change{OutOrderNo: m.OutOrderNo, connection: m.connection}
	c.SubMchID = body.SubMchID
	if body.ServiceID != nil {
		c.ServiceID = *body.ServiceID
	}
	return c.run(ctx, s, job{done: modified,
		do: func(client *payscore.Client, before *payscore.ServiceOrderEntity) (changed, error) {
			opts := []serviceorder.Option{serviceorder.WithPause(settlePause), serviceorder.WithServiceID(c.ServiceID)}
			if before.TotalAmount != nil { // without it only the new total shows an outcome
				opts = append(opts, serviceorder.WithTotalBefore(*before.TotalAmount))
			}
			return serviceorder.Modify(ctx, client, m.OutOrderNo, body, opts...)
		},
		check: func(before payscore.ServiceOrderEntity) limit.Findings {
			return serviceorder.CheckModifyOf(before, body)
		},
	})
}

// readBody returns the body and its name for errors.
func (m *modifyCommand) readBody(in io.Reader) (string, payscore.ModifyPartnerServiceOrderRequest, error) {
	var none payscore.ModifyPartnerServiceOrderRequest
	switch {
	case m.Body == "" && m.Sandbox:
		body, err := decodeModify("examples/modify.json", examples.Modify)
		return "examples/modify.json", body, err
	case m.Body == "":
		return "", none, errors.New("--body is missing: a file, or - for standard input")
	}
	name, raw, err := readInput(m.Body, in)
	if err != nil {
		return name, none, err
	}
	body, err := decodeModify(name, raw)
	return name, body, err
}
