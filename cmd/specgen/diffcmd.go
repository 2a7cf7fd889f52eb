package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/diff"
)

type diffCmd struct {
	Old string `arg:"" help:"A file, or a git revision of the repository of the working directory."`
	New string `arg:"" optional:"" help:"The same for the other side. Left out, it is the work tree."`

	Path   string `default:"api/openapi.yaml" help:"Where revisions and the work tree have the contract."`
	Go     *bool  `name:"go" negatable:"" help:"Compare the exported Go API too. It is the default unless a side is a file."`
	Format string `enum:"text,markdown,json" default:"text" help:"One of ${enum}."`
	JSON   bool   `name:"json" help:"Short for --format json."`
	FailOn string `enum:"breaking,additive,documentation,none" default:"breaking" help:"Exit with 1 when a finding is of this class or a worse one: ${enum}."`
}

// Help is what kong shows below the usage of diff.
func (*diffCmd) Help() string {
	return `Says what the change of a contract means: what breaks those who call the API, receive its notifications or import the Go
packages, what is new, and what only reads differently. It prints nothing when there is no difference.

A notification is judged by those who receive it: a new value of an enum breaks them, a newly required field does not.

Examples:

  specgen diff main                              the work tree against a branch
  specgen diff v1.2.0 v1.3.0 --format markdown   for CHANGELOG.md
  specgen diff old.yaml new.yaml --json          two files

Exits with 0 when nothing breaks, 1 when something does (see --fail-on), 2 when called wrongly or a side cannot be read.`
}

// Run is called by kong.
func (c *diffCmd) Run(stdout io.Writer) error {
	ctx := context.Background()
	before, err := diff.Find(ctx, ".", c.Old, c.Path)
	if err != nil {
		return err
	}
	after, err := diff.Find(ctx, ".", c.New, c.Path)
	if err != nil {
		return err
	}
	findings, err := diff.Contracts(before.Document, after.Document)
	if err != nil {
		return err
	}
	withGo := before.Dir != "" && after.Dir != ""
	if c.Go != nil {
		withGo = *c.Go
	}
	if withGo {
		more, err := diff.GoAPI(ctx, before, after, diff.Packages)
		if errors.Is(err, diff.ErrNoGo) {
			return fmt.Errorf("--go: %w", err)
		}
		if err != nil {
			return fmt.Errorf("compare the Go API: %w (--no-go compares the contracts alone)", err)
		}
		findings = append(findings, more...)
		diff.Sort(findings)
	}
	write := map[string]func(io.Writer, []diff.Finding) error{
		"text": diff.WriteText, "markdown": diff.WriteMarkdown, "json": diff.WriteJSON,
	}[c.Format]
	if c.JSON {
		write = diff.WriteJSON
	}
	if err := write(stdout, findings); err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	for _, f := range findings {
		if c.FailOn != "none" && f.Class.AtLeast(diff.Class(c.FailOn)) {
			return errFindings
		}
	}
	return nil
}
