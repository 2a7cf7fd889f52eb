// Command specgen looks after the OpenAPI contract in api/openapi.yaml.
//
//	specgen lint api/openapi.yaml
//	specgen diff main
//	specgen diff v1.2.0 v1.3.0 --format markdown
//	specgen build
//	specgen catalog
//	specgen coverage
//	specgen vectors --check
//	specgen drift wechatpay-openapi
//
// It exits with 0 when there is nothing to say, 1 when there are findings that
// matter or files out of date, and 2 when it was called wrongly or cannot read
// a file.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/lint"
	"github.com/wxpayscore/payscore/internal/oneline"
)

const (
	exitClean    = 0
	exitFindings = 1
	exitTrouble  = 2
)

type cli struct {
	Dir string `short:"C" placeholder:"DIR" default:"." help:"Directory of the repository, for drift and every subcommand that derives files."`

	Lint     lintCmd     `cmd:"" help:"Check the contract: the OpenAPI standard, the examples and the house rules."`
	Diff     diffCmd     `cmd:"" help:"Say what a change of the contract breaks, adds or only words differently."`
	Build    buildCmd    `cmd:"" help:"Write api/dist: the contract as JSON, as OpenAPI 3.1, and as a reference page."`
	Catalog  catalogCmd  `cmd:"" help:"Write gen/catalog: errors and order stages as Go tables."`
	Coverage coverageCmd `cmd:"" help:"Write docs/coverage.md: which official pages the contract covers."`
	Vectors  vectorsCmd  `cmd:"" help:"Write api/vectors: signatures, notifications and launch parameters to test with in any language."`
	Drift    driftCmd    `cmd:"" help:"Compare the contract with another description of WeChat Pay's API."`
}

type lintCmd struct {
	Files []string `arg:"" name:"file" help:"OpenAPI 3.0 documents, YAML or JSON."`
	JSON  bool     `name:"json" help:"Print the findings of all files as one JSON array."`
}

const about = `Looks after the OpenAPI contract.

Examples:

  specgen lint api/openapi.yaml
  specgen diff main
  specgen build --check

Exits with 0 when clean, 1 with findings or files out of date, 2 when called wrongly or when a file cannot be read.`

// errFindings says that the command ran and that not everything is as it should be.
var errFindings = errors.New("there are findings")

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	// A contract may come from a stranger, and CI systems obey what they read.
	out, errOut := oneline.NewWriter(stdout), oneline.NewWriter(stderr)
	code := dispatch(args, out, errOut)
	if err := out.Flush(); err != nil && code != exitTrouble {
		code = fail(errOut, err)
	}
	_ = errOut.Flush()
	return code
}

func dispatch(args []string, stdout, stderr io.Writer) int {
	var c cli
	exited, code := false, 0
	parser, err := kong.New(&c,
		kong.Name("specgen"), kong.Description(about), kong.Writers(stdout, stderr),
		kong.BindTo(stdout, (*io.Writer)(nil)),
		// Kong's --help exits in the midst of parsing; run has to return.
		kong.Exit(func(status int) { exited, code = true, status }))
	if err != nil {
		return fail(stderr, err)
	}
	ctx, err := parser.Parse(args)
	if exited {
		return code
	}
	if err != nil {
		return fail(stderr, fmt.Errorf("%w (see specgen --help)", err))
	}
	switch err := ctx.Run(repository(c.Dir)); {
	case errors.Is(err, errFindings):
		return exitFindings
	case err != nil:
		return fail(stderr, err)
	}
	return exitClean
}

func fail(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "specgen:", oneline.Escape(err.Error()))
	return exitTrouble
}

// Help is what kong shows below the usage of lint.
func (*lintCmd) Help() string {
	return `Prints one finding per line as file:line: rule: message, and nothing when there are none.

Example:

  specgen lint --json api/openapi.yaml`
}

// Run is called by kong.
func (c *lintCmd) Run(stdout io.Writer) error {
	var findings []lint.Finding
	for _, file := range c.Files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		more, err := lint.Check(file, data)
		if err != nil {
			return err
		}
		findings = append(findings, more...)
	}
	if err := c.print(stdout, findings); err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	if len(findings) > 0 {
		return errFindings
	}
	return nil
}

func (c *lintCmd) print(w io.Writer, findings []lint.Finding) error {
	if c.JSON {
		if findings == nil {
			findings = []lint.Finding{} // [] and not null
		}
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(findings)
	}
	for _, f := range findings {
		if _, err := fmt.Fprintln(w, oneline.Escape(f.String())); err != nil {
			return err
		}
	}
	return nil
}
