package codegen

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// additions are what a maintainer adds to the contract, each as a text and the
// anchors after which it goes, one after the other.
var additions = []struct {
	file, text string
	after      []string
}{
	// An event.
	{"api/openapi.yaml", "            PAYSCORE.USER_DISPUTE: {$ref: '#/components/schemas/ServiceOrderNotification'}\n",
		[]string{"operationId: notifyServiceOrder\n", "x-wechatpay-resources:\n"}},
	{"api/openapi.yaml", "                  PAYSCORE.USER_DISPUTE:\n                    $ref: '#/components/examples/UserDisputeNotification'\n",
		[]string{"operationId: notifyServiceOrder\n", "examples:\n"}},
	{"api/openapi.yaml", `    UserDisputeNotification:
      summary: The user complained
      value:
        id: EV-2018022511223320873
        create_time: '2015-05-20T13:29:35+08:00'
        event_type: PAYSCORE.USER_DISPUTE
        resource_type: encrypt-resource
        summary: 用户投诉
        resource: {original_type: payscore, algorithm: AEAD_AES_256_GCM, ciphertext: 'sRvt4pGf2v4Kmjb9sHmZ0g==', associated_data: dispute, nonce: fdasflkja484}
`, []string{"\ncomponents:\n", "\n  examples:\n"}},
	{"docs/pages.yaml", "    - title: 用户投诉回调通知\n      event: PAYSCORE.USER_DISPUTE\n      urls:\n        - https://pay.weixin.qq.com/doc/v3/partner/1\n",
		[]string{"family: partner-service-order\n", "  pages:\n"}},
	// A number.
	{"api/openapi.yaml", `  '271399999':
    name: ORDER_DISPUTED
    code: INVALID_REQUEST
    message: 订单投诉中
    title: 订单投诉中
    description: The user complained about the order.
    remedy: {zh: '先处理投诉', en: 'Settle the complaint first.'}
    retry: never
`, []string{"\nx-wechatpay-error-numbers:\n"}},
	// A rule of a stage, which takes the place of another.
	{"api/openapi.yaml", "          USER_PAYING: {status: 400, code: INVALID_REQUEST, number: 271399999, message: 订单投诉中}\n",
		[]string{"operationId: cancelPartnerServiceOrder\n", "refusals:\n"}},
}

// operation is one more, without a method in the sandbox.
const operation = `  /v3/payscore/permissions/openid/{openid}/history:
    get:
      operationId: queryPermissionHistory
`

// effects is what the additions do in the copy, without a line of Go.
const effects = `package effects

import (
	"errors"
	"testing"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/sandbox"
)

const orderNo = "1234323JKHDFE1243252"

func TestEvent(t *testing.T) {
	e := notify.Event{Type: notify.UserDispute, Raw: []byte(` + "`" + `{"out_order_no":"N","sub_mchid":"1900000109"}` + "`" + `)}
	if _ = e.Decode(); e.Type != "PAYSCORE.USER_DISPUTE" {
		t.Error(e.Type)
	}
	for _, r := range []any{e.Resource, e.Partial} {
		if order, ok := r.(*payscore.ServiceOrderNotification); ok && order.OutOrderNo == "N" && e.SubMchID == "1900000109" {
			return
		}
	}
	t.Errorf("%T, %v", e.Resource, e.Err)
}

func TestEnvelope(t *testing.T) {
	if e, ok := catalog.EventOf(catalog.EventUserDispute); !ok || e.Summary != "用户投诉" || e.OriginalType != "payscore" || e.AssociatedData != "dispute" {
		t.Error(e)
	}
}

func TestNumber(t *testing.T) {
	fault, err := sandbox.ParseFault("refuse; value=271399999")
	if err != nil {
		t.Fatal(err)
	}
	box := sandbox.New(t, sandbox.WithFault(fault))
	err = cancel(t, box)
	var refused *apierror.Error
	if !errors.As(err, &refused) || refused.Number != catalog.NumberOrderDisputed || refused.Message != "订单投诉中" || refused.Remedy().EN != "Settle the complaint first." {
		t.Error(err)
	}
}

func TestStage(t *testing.T) {
	if catalog.Allows(catalog.StageUserPaying, "cancelPartnerServiceOrder") {
		t.Error("the catalogue allows it")
	}
	if err := cancel(t, sandbox.New(t)); !errors.Is(err, apierror.Number(catalog.NumberOrderDisputed)) {
		t.Error(err)
	}
}

func cancel(t *testing.T, box *sandbox.Server) error {
	if _, err := box.Seed(orderNo, 100); err != nil {
		t.Fatal(err)
	}
	return box.Client().CancelPartnerServiceOrder(t.Context(), orderNo, payscore.CancelPartnerServiceOrderRequest{SubMchID: "1900000109", Reason: "用户投诉"})
}
`

// TestAdditionsTakeEffect adds an event, an error number, a rule of a stage and
// an operation to a copy of the contract. The first three work everywhere without
// a line of Go, and the operation does not compile until the sandbox has it.
func TestAdditionsTakeEffect(t *testing.T) {
	onAWalk(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := copyOf(t, root)
	run := func(args ...string) (string, error) {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(args ...string) {
		t.Helper()
		if out, err := run(args...); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}

	contract := filepath.Join(dir, "api/openapi.yaml")
	for _, a := range additions {
		insert(t, filepath.Join(dir, a.file), a.text, a.after...)
	}
	swap(t, contract, "allowed: [CREATED, USER_CONFIRM, USER_PAYING]\n        becomes: REVOKED", "allowed: [CREATED, USER_CONFIRM]\n        becomes: REVOKED")
	must("run", "./cmd/specgen", "lint", "api/openapi.yaml")
	must("generate", "./internal/codegen")
	if err := os.Mkdir(filepath.Join(dir, "effects"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "effects/effects_test.go"), []byte(effects), 0o644); err != nil {
		t.Fatal(err)
	}
	must("test", "-vet=off", "./effects")

	// The operation is a twin of another one.
	text := read(t, contract)
	_, twin, found := strings.Cut(text, "      operationId: queryPermissionByOpenid\n")
	twin, _, ends := strings.Cut(twin, "\n\n")
	if !found || !ends {
		t.Fatal("the contract has no queryPermissionByOpenid")
	}
	insert(t, contract, operation+twin+"\n", "\npaths:\n")
	must("run", "./cmd/specgen", "lint", "api/openapi.yaml")
	must("generate", "-run", "gocode (client|server)", "./internal/codegen")
	if out, err := run("build", "./sandbox"); err == nil || !strings.Contains(out, "missing method QueryPermissionHistory") {
		t.Errorf("%v\n%s", err, out)
	}
}

// insert puts text after the last of some anchors.
func insert(t *testing.T, file, text string, anchors ...string) {
	t.Helper()
	whole, at := read(t, file), 0
	for _, a := range anchors {
		i := strings.Index(whole[at:], a)
		if i < 0 {
			t.Fatalf("%s has no %q", file, a)
		}
		at += i + len(a)
	}
	if err := os.WriteFile(file, []byte(whole[:at]+text+whole[at:]), 0o644); err != nil {
		t.Fatal(err)
	}
}

// swap replaces the first place of old.
func swap(t *testing.T, file, old, new string) {
	t.Helper()
	whole := read(t, file)
	if !strings.Contains(whole, old) {
		t.Fatalf("%s has no %q", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(whole, old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}
