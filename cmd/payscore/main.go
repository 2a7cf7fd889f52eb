// Command payscore queries and changes PayScore orders from a terminal, explains
// errors, and runs the sandbox.
//
//	payscore modify --sandbox                       the whole path on a sandbox of its own
//	payscore modify 1234323JKHDFE1243252 --body modify.json --config wechatpay.yaml
//	payscore complete 1234323JKHDFE1243252 --body complete.json --config wechatpay.yaml
//	payscore cancel 1234323JKHDFE1243252 --reason 用户投诉 --config wechatpay.yaml
//	payscore pay 1234323JKHDFE1243252 --config wechatpay.yaml
//	payscore sync 1234323JKHDFE1243252 --paid-time 20250315121010 --config wechatpay.yaml
//	payscore query 1234323JKHDFE1243252 --config wechatpay.yaml
//	payscore sandbox --addr 127.0.0.1:8129 --keys DIR
//	payscore doctor --config wechatpay.yaml          check clock, keys, host and signature
//	payscore explain ORDER_NOT_EXIST                 what an error means and what to do
//	payscore explain --notification FILE --keys DIR  why a notification does not verify
//	payscore sign GET /v3/certificates --keys DIR    the message that a signature covers
//
// It exits with 0 when the operation was carried out, 1 when it was refused or
// failed, 2 when the input is wrong and nothing was sent, and 3 when the
// outcome is unknown, so that the order must be queried.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/oneline"
)

type commands struct {
	Modify   modifyCommand   `cmd:"" help:"Lower the amount of an order waiting for payment (修改订单金额)."`
	Complete completeCommand `cmd:"" help:"State the final amount of an order (完结支付分订单)."`
	Cancel   cancelCommand   `cmd:"" help:"Withdraw an order (取消支付分订单)."`
	Pay      payCommand      `cmd:"" help:"Ask for one more deduction (订单收款)."`
	Sync     syncCommand     `cmd:"" help:"Report that an order was paid in another way (同步订单状态)."`
	Query    queryCommand    `cmd:"" help:"Show an order (查询支付分订单)."`
	Sandbox  sandboxCommand  `cmd:"" help:"Serve a sandbox that checks requests and signs answers, for any language."`

	Doctor  doctorCommand  `cmd:"" help:"Check clock, keys, certificate, host and signature (自检)."`
	Explain explainCommand `cmd:"" help:"Say what an error or an operation means, or why a notification does not verify (错误说明)."`
	Sign    signCommand    `cmd:"" help:"Show the message that the signature of a request covers (签名串)."`

	JSON    bool             `name:"json" help:"Print for machines: one JSON object, errors included."`
	Version kong.VersionFlag `help:"Print the version."`
}

// streams are the input and output of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
	json     bool
}

func main() {
	// A second signal ends the program at once: stop gives the first its default back.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// exit is the panic of kong's exit hook, for --help and --version.
type exit int

func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) (code int) {
	// A server's text must not control a terminal, or a CI system that reads the output.
	safeOut, safeErr := oneline.NewWriter(out), oneline.NewWriter(errOut)
	defer func() {
		_, _ = safeOut.Flush(), safeErr.Flush()
	}()
	return dispatch(ctx, args, in, safeOut, safeErr)
}

func dispatch(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) (code int) {
	defer func() {
		if r := recover(); r != nil {
			thrown, ok := r.(exit)
			if !ok {
				panic(r)
			}
			code = int(thrown)
		}
	}()
	var c commands
	parser, err := kong.New(&c,
		kong.Name("payscore"),
		kong.Description("WeChat Pay PayScore (微信支付分) from a terminal.\n\n"+
			"Exit codes: 0 carried out, 1 refused or failed, 2 wrong input and nothing sent, 3 outcome unknown: query the order."),
		kong.Writers(out, errOut),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"version": version(), "default_server": payscore.DefaultServer},
	)
	if err != nil {
		panic(err) // the struct tags above are wrong
	}
	// Arguments that do not parse leave c as it was.
	s := streams{in: in, out: out, err: errOut, json: slices.Contains(args, "--json")}
	command, err := parser.Parse(joinKeys(args))
	if err != nil && slices.ContainsFunc(args, func(arg string) bool { return oneline.HoldsKey(arg, leastKeyWord) }) {
		err = errors.New("the arguments do not parse, and are not shown, since there may be a key among them: give it by its variable, such as WECHATPAY_KEY")
	}
	if err == nil {
		err = noKeyInPlaceOfAny(command.Flags())
	}
	if err != nil {
		s.report(inputError{err})
		return exitInput
	}
	s.json = c.JSON
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run(&s)
	if err != nil {
		s.report(err)
	}
	return exitCode(err)
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
