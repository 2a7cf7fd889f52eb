// Command prism proves that the Go client and the contract say the same thing,
// with Prism, which knows the contract and nothing of this project, in between.
// For every operation it makes the client send each example of the contract,
// which Prism checks, and decode each answer that the contract has an example
// of, refusals too. What the client sent must be the example, and what it
// decoded must be the answer, nothing lost and nothing added. As a check of the
// check, Prism must refuse the same request unsigned, and with an empty body.
//
// It finds operations, parameters and examples by itself: an operation that is
// added to the contract is covered once the client is generated anew, and fails
// when it has no example.
//
//	go run ./interop/prism interop/node_modules/@stoplight/prism-cli/dist/index.js
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/wxpayscore/payscore/api"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: prism PRISM_CLI_JS")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok, err := run(ctx, os.Args[1])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, cli string) (ok bool, err error) {
	doc, err := openapi3.NewLoader().LoadFromData(api.Spec)
	if err != nil {
		return false, err
	}
	fmt.Fprintln(os.Stderr, "starting Prism ...")
	url, stop, err := startPrism(ctx, cli, api.Spec)
	if err != nil {
		return false, err
	}
	defer stop()

	p, err := newProof(url)
	if err != nil {
		return false, err
	}
	operations, covered := 0, 0
	for _, path := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(path)
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			operation := item.GetOperation(method)
			if operation == nil {
				continue
			}
			operations++
			if errs := p.operation(ctx, path, item, operation); len(errs) > 0 {
				for _, err := range errs {
					fmt.Fprintf(os.Stderr, "%s: %v\n", operation.OperationID, err)
				}
				continue
			}
			covered++
		}
	}
	fmt.Printf("%d of %d operations by the Go client: %d requests accepted and %d broken ones refused by Prism; %d answers with a body, %d without and %d refusals decoded\n",
		covered, operations, p.accepted, p.refused, p.bodies, p.empty, p.errors)
	return operations > 0 && covered == operations, nil
}
