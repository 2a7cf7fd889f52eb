package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/coverage"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/drift"
)

type driftCmd struct {
	Description string `arg:"" help:"Folder of the description: the one that holds v3, or docs/v3."`
	JSON        bool   `name:"json" help:"Print the findings as a JSON array."`
	Accepted    bool   `help:"Print the accepted differences too, with their reasons."`
}

// Help is what kong shows below the usage of drift.
func (*driftCmd) Help() string {
	return `Compares the contract with a second, independent description of WeChat Pay, such as github.com/TheNorthMemory/wechatpay-openapi:
Swagger 2.0, one file for a path. It reads the paths below /v3/payscore and those that the contract has, and reports
operations, fields, types, statuses and what is required where the two differ, and pages that changed after the date in
docs/pages.yaml. It prints nothing when there is no difference.

docs/drift.yaml lists the differences that are accepted, with reasons. One that no longer differs is reported. A page without a
date in docs/pages.yaml counts as read on the day that docs/drift.yaml was reviewed. An operation that docs/pages.yaml leaves
out with a reason is no difference.

Example:

  git clone https://github.com/TheNorthMemory/wechatpay-openapi
  specgen drift wechatpay-openapi

Exits with 0 when nothing differs, 1 when something does, 2 when called wrongly or when a file cannot be read. A file of the
description that cannot be read is reported, and the others are compared.`
}

// errIncomplete says that the report does not cover all files.
var errIncomplete = errors.New("the report is incomplete: not all of the description could be read")

// Run is called by kong.
func (c *driftCmd) Run(r repository, stdout io.Writer) error {
	d, err := r.contract()
	if err != nil {
		return err
	}
	pages, err := coverage.Read(r.path("docs/pages.yaml"))
	if err != nil {
		return err
	}
	list, err := drift.ReadAccepted(r.path("docs/drift.yaml"))
	if err != nil {
		return err
	}
	theirs, err := drift.Open(c.Description)
	if err != nil {
		return err
	}
	defer theirs.Close()
	findings := drift.Compare(d, theirs, pages, list)
	shown := findings
	if !c.Accepted {
		shown = slices.DeleteFunc(slices.Clone(findings), func(f drift.Finding) bool { return f.Reason != "" })
	}
	write := drift.WriteText
	if c.JSON {
		write = drift.WriteJSON
	}
	if err := write(stdout, shown); err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	differs := false
	for _, f := range findings {
		if f.Kind == drift.Unread {
			return errIncomplete
		}
		differs = differs || f.Reason == ""
	}
	if differs {
		return errFindings
	}
	return nil
}
