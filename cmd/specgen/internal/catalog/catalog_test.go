package catalog

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func small(t *testing.T, edits ...string) *contract.Document {
	t.Helper()
	data, err := os.ReadFile("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(edits); i += 2 {
		if strings.Count(string(data), edits[i]) != 1 {
			t.Fatalf("%q does not stand once in the document", edits[i])
		}
		data = []byte(strings.Replace(string(data), edits[i], edits[i+1], 1))
	}
	d, err := contract.New("small.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func made(t *testing.T, d *contract.Document) map[string]string {
	t.Helper()
	files, err := Files(d)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range files {
		out[f.Name] = string(f.Data)
	}
	return out
}

func TestGolden(t *testing.T) {
	for name, got := range made(t, small(t)) {
		file := "testdata/" + filepath.Base(name) + ".golden"
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s changed; run with -update and read the difference", file)
		}
	}
}

// use tells in Go what the small document says; its output is compared.
const use = `package main

import (
	"fmt"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

func main() {
	fmt.Println(catalog.CodeOf("PARAM_ERROR"))
	fmt.Println(catalog.CodeOf("PARAM"))
	for _, c := range catalog.Codes() {
		fmt.Println(c.Code, c.Unsigned)
	}
	catalog.Codes()[0].Code = "changed"
	fmt.Println(catalog.Codes()[0].Code)
	fmt.Println(catalog.NumberOf(271316754))
	fmt.Println(catalog.NumberOf(0))
	for _, s := range [][3]string{{"DONE", "", ""}, {"DONE", "", "USER_PAID"}, {"DOING", "USER_CONFIRM", ""}, {"DOING", "MCH_COMPLETE", "USER_PAYING"}, {"DOING", "", ""}, {"GONE", "", ""}} {
		fmt.Println(catalog.StageOf(s[0], s[1], s[2]))
	}
	p := catalog.StageUserPaying
	fmt.Println(p.State(), p.StateDescription(), p.CollectionState(), p.Title(), p.Description(), p.Final(), catalog.StageDone.Final())
	fmt.Println(catalog.Allows(p, "completeOrder"), catalog.Allows(catalog.StageDone, "completeOrder"), catalog.Allows(p, "createOrder"), catalog.Allows(p, "nothing"))
	fmt.Println(catalog.OperationsOf("PARAM_ERROR", 0), catalog.OperationsOf("PARAM_ERROR", 271316754), catalog.OperationsOf("ORDER_DONE", 0))
	fmt.Println(len(catalog.OperationsOf("", 0)), len(catalog.OperationsOf("", 5)), len(catalog.OperationsOf("", 268435464)))
	fmt.Println(catalog.CodeParamError, catalog.NumberDeducting, catalog.NumberOutOfRange, catalog.EventUserPaid, len(catalog.Operations()), catalog.Operations()[1].ID)
	fmt.Println(catalog.EventOf("REFUND.SUCCESS"))
	fmt.Println(catalog.EventOf("SUCCESS"))
	catalog.Events()[0].Type = "changed"
	fmt.Println(catalog.Events())
	for _, s := range catalog.Stages() {
		atZero, finishes := catalog.Becomes(s, "completeOrder", 0)
		after, becomes := catalog.Becomes(s, "completeOrder", 1)
		refusal, refused := catalog.RefusalOf(s, "completeOrder")
		fmt.Println(s, atZero, finishes, after, becomes, refusal, refused)
	}
	fmt.Println(catalog.Becomes(p, "createOrder", 1))
	for _, e := range []string{catalog.EventUserPaid, "REFUND.CLOSED", "NEW"} {
		v, err := payscore.UnmarshalNotification(e, []byte("text"))
		fmt.Printf("%T %v\n", v, err)
	}
	v, err := payscore.UnmarshalNotification("REFUND.SUCCESS", nil)
	fmt.Println(v == nil, err)
	fmt.Println(catalog.Stage("GONE").Title() == "", catalog.RetryAfterQuery)
	fmt.Println(catalog.ReentryOf("completeOrder"))
	fmt.Println(catalog.ReentryOf("createOrder"))
	fmt.Println(catalog.ReentryOf("listOrders"))
	r, _ := catalog.ReentryOf("completeOrder")
	r.Sources[0].URL = "changed"
	r, _ = catalog.ReentryOf("completeOrder")
	fmt.Println(r.Same == catalog.SameAnswer, r.Other == catalog.OtherRefused, r.Sources[0].URL, len(catalog.OperationsOf("REENTRY", 0)), len(catalog.OperationsOf("", 7)))
}
`

const used = `{PARAM_ERROR 400 {参数错误 A "parameter" is wrong.} {修正参数 Repair it.} never false} true
{ 0 { } { }  false} false
FREQUENCY_LIMITED true
PARAM_ERROR false
SYSTEM_ERROR false
FREQUENCY_LIMITED
{271316754  单据正在扣款中 {正在扣款 A deduction is running.} {三分钟后查询 Query in 3 minutes.} after-query} true
{0   { } { } } false
DONE true
DONE true
USER_CONFIRM true
USER_PAYING true
RUNNING true
 false
DOING MCH_COMPLETE USER_PAYING 待支付 Not paid. false true
true false false false
[{createOrder POST /orders https://pay.weixin.qq.com/doc/v3/partner/1}] [{createOrder POST /orders https://pay.weixin.qq.com/doc/v3/partner/1}] [{completeOrder POST /orders/{id}/complete }]
0 0 1
PARAM_ERROR 271316754 268435464 PAYSCORE.USER_PAID 3 createOrder
{REFUND.SUCCESS Refunded 退款成功 refund refund} true
{    } false
[{PAYSCORE.USER_PAID Paid 支付成功 payscore } {REFUND.SUCCESS Refunded 退款成功 refund refund} {REFUND.CLOSED Refunded   }]
DONE  false  false {400 ORDER_DONE 0 订单已完成} true
RUNNING  false  false {409 ORDER_RUNS 271316755 进行中} true
USER_CONFIRM DONE true USER_PAYING true {0  0 } false
USER_PAYING DONE true USER_PAYING true {0  0 } false
 false
*payscore.Paid <nil>
*payscore.Refunded <nil>
<nil> <nil>
true no text
true after-query
{same-answer refused 400 REENTRY 7 重入 {先查询 Query it.} Some "disagree". [{https://pay.weixin.qq.com/1 2025-02-25 完结 It says so.}]} true
{unknown another-operation 0  0  { }  []} true
{  0  0  { }  []} false
true true https://pay.weixin.qq.com/1 1 1
`

// schemas stand in for what oapi-codegen makes of the document.
const schemas = `package payscore

import "errors"

type (
	Paid     struct{}
	Refunded struct{}
)

func Unmarshal[T any](data []byte) (*T, error) {
	if data == nil {
		return nil, errors.New("no text")
	}
	return new(T), nil
}
`

const named = `package notify

import "testing"

func TestNames(t *testing.T) {
	if UserPaid != "PAYSCORE.USER_PAID" || RefundSuccess != "REFUND.SUCCESS" || RefundClosed != "REFUND.CLOSED" {
		t.Error(UserPaid, RefundSuccess, RefundClosed)
	}
}
`

// The generated code has to say what the document says, so it is compiled and
// run; its own examples run beside it.
func TestMadeCodeWorks(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the code")
	}
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	put("go.mod", "module github.com/wxpayscore/payscore\n\ngo 1.26\n")
	put("main.go", use)
	for name, text := range made(t, small(t)) {
		put(name, text)
	}
	put("gen/payscore/schemas.go", schemas)
	put("notify/notify_test.go", named)
	for _, args := range [][]string{{"vet", "./..."}, {"test", "./gen/catalog", "./notify"}} {
		if out, err := goCommand(dir, args...).CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	out, err := goCommand(dir, "run", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if string(out) != used {
		t.Errorf("got\n%s\nwant\n%s", out, used)
	}
}

func goCommand(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	return cmd
}

// Importers of gen/catalog get nothing else.
func TestImportsOnlyTheStandardLibrary(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "catalog.gen.go", made(t, small(t))["gen/catalog/catalog.gen.go"], parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range file.Imports {
		if strings.Contains(i.Path.Value, ".") {
			t.Errorf("imports %s", i.Path.Value)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if f, ok := n.(*ast.FuncDecl); ok && f.Name.IsExported() && f.Doc == nil {
			t.Errorf("%s has no comment", f.Name)
		}
		return true
	})
}

// The tables may be missing, before the contract states them.
func TestEmpty(t *testing.T) {
	d, err := contract.New("empty.yaml", []byte("openapi: 3.0.3\npaths: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if text := made(t, d)["gen/catalog/catalog.gen.go"]; !strings.Contains(text, "var codes = []Code{}") {
		t.Errorf("the codes are not empty:\n%s", text)
	}
}

func TestErrorsHaveLines(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown retry":   {"retry: later", "retry: soon", `small.yaml:5: x-wechatpay-errors.FREQUENCY_LIMITED.retry is "soon"`},
		"number":          {"'268435464'", "PARAM", "small.yaml:9: x-wechatpay-error-numbers.PARAM is not a number"},
		"same fields":     {"state: DOING, final", "state: DONE, final", "small.yaml:12: x-wechatpay-order-stages.RUNNING cannot be told from DONE"},
		"same constant":   {"  RUNNING:", "  _DONE:", "small.yaml:12: x-wechatpay-order-stages._DONE cannot be told from DONE"},
		"unknown allowed": {"allowed: [USER_CONFIRM, USER_PAYING]", "allowed: [GONE]", `small.yaml:43: completeOrder names the stage "GONE"`},
		"unknown after":   {"becomes: USER_PAYING", "becomes: GONE", `small.yaml:43: completeOrder names the stage "GONE"`},
		"nameless number": {"name: DEDUCTING, ", "", "small.yaml:8: x-wechatpay-error-numbers.271316754 has no name"},
		"same number":     {"name: OUT_OF_RANGE", "name: DEDUCTING", "small.yaml:8: x-wechatpay-error-numbers.271316754 has the name of another number: DEDUCTING"},
		"same event":      {"REFUND.CLOSED:", "PAYSCORE.REFUND_SUCCESS:", "small.yaml:32: x-wechatpay-resources.PAYSCORE.REFUND_SUCCESS has the name RefundSuccess, as another event"},
		"no schema":       {"'#/components/schemas/Paid'", "'#/paths'", "small.yaml:30: x-wechatpay-resources.PAYSCORE.USER_PAID refers to no schema of this file"},
		"no status":       {"{status: 400, code: ORDER_DONE, message", "{code: ORDER_DONE, message", "small.yaml:45: x-wechatpay-order-stages.refusals.DONE has no status"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Files(small(t, c.old, c.new))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestSameBytesEachTime(t *testing.T) {
	first, _ := json.Marshal(made(t, small(t)))
	for range 5 {
		if again, _ := json.Marshal(made(t, small(t))); string(again) != string(first) {
			t.Fatal("differs from run to run")
		}
	}
}
