package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/build"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/catalog"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/coverage"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/output"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/vectors"
	"github.com/wxpayscore/payscore/internal/oneline"
)

// A repository is the directory with api/openapi.yaml below which files are derived.
type repository string

// contract reads api/openapi.yaml.
func (r repository) contract() (*contract.Document, error) {
	return contract.Read(r.path("api/openapi.yaml"))
}

func (r repository) path(name string) string {
	return filepath.Join(string(r), filepath.FromSlash(name))
}

// derived is what the subcommands that derive files have in common.
type derived struct {
	Check bool `help:"Write nothing; name the files that are out of date and exit with 1."`
}

// finish writes the files that changed, or checks all, and names them.
func (c *derived) finish(r repository, stdout io.Writer, files []output.File) error {
	do, verb := output.Write, "written"
	if c.Check {
		do, verb = output.Stale, "out of date, run go generate ./..."
	}
	names, err := do(string(r), files)
	if err != nil {
		return err
	}
	var report strings.Builder
	for _, name := range names {
		fmt.Fprintf(&report, "%s: %s\n", name, verb)
	}
	if _, err := io.WriteString(stdout, report.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if c.Check && len(names) > 0 {
		return errFindings
	}
	return nil
}

type buildCmd struct{ derived }

type catalogCmd struct{ derived }

// Help is what kong shows below the usage of catalog.
func (*catalogCmd) Help() string {
	return `Writes package gen/catalog from the extensions x-wechatpay-errors, x-wechatpay-error-numbers,
x-wechatpay-order-stages, x-wechatpay-reentry and x-wechatpay-resources of api/openapi.yaml. Tables that are missing are
empty. The last also becomes gen/payscore/notification.gen.go and notify/eventtypes.gen.go.

Example:

  specgen catalog --check`
}

// Run is called by kong.
func (c *catalogCmd) Run(r repository, stdout io.Writer) error {
	d, err := r.contract()
	if err != nil {
		return err
	}
	files, err := catalog.Files(d)
	if err != nil {
		return err
	}
	return c.finish(r, stdout, files)
}

type coverageCmd struct{ derived }

// Help is what kong shows below the usage of coverage.
func (*coverageCmd) Help() string {
	return `Writes docs/coverage.md from docs/pages.yaml, the list of WeChat Pay's official pages, and api/openapi.yaml. It fails, and
names the lines, when a page's operation or event is not in the contract and the page gives no reason, when one of the
contract has no page, and when a reason is out of date.

Example:

  specgen coverage --check`
}

// Run is called by kong.
func (c *coverageCmd) Run(r repository, stdout io.Writer) error {
	d, err := r.contract()
	if err != nil {
		return err
	}
	pages, err := coverage.Read(r.path("docs/pages.yaml"))
	if err != nil {
		return err
	}
	findings := coverage.Check(pages, d)
	for _, f := range findings {
		if _, err := fmt.Fprintln(stdout, oneline.Escape(f.String())); err != nil {
			return fmt.Errorf("write the findings: %w", err)
		}
	}
	if len(findings) > 0 {
		return errFindings
	}
	return c.finish(r, stdout, []output.File{coverage.File(pages, d)})
}

type vectorsCmd struct{ derived }

// Help is what kong shows below the usage of vectors.
func (*vectorsCmd) Help() string {
	return `Writes signature.json, notification.json, launch.json and certificates.json in api/vectors, made with the test keys there.

Example:

  specgen vectors --check`
}

// Run is called by kong.
func (c *vectorsCmd) Run(r repository, stdout io.Writer) error {
	files, err := vectors.Files(r.path("api/vectors"))
	if err != nil {
		return err
	}
	return c.finish(r, stdout, files)
}

// Help is what kong shows below the usage of build.
func (*buildCmd) Help() string {
	return `Writes api/dist/openapi.json, api/dist/openapi-3.1.json and api/dist/reference.html from api/openapi.yaml, without a
network, and prints the names of those that changed.

Example:

  specgen build --check`
}

// Run is called by kong.
func (c *buildCmd) Run(r repository, stdout io.Writer) error {
	d, err := r.contract()
	if err != nil {
		return err
	}
	files, err := build.Files(d)
	if err != nil {
		return err
	}
	return c.finish(r, stdout, files)
}
