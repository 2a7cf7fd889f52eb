package bench_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"github.com/wxpayscore/payscore/sandbox"
)

// ofChild names the variable with the directory of keys for the process of
// TestChildCallsTheRealHost.
const ofChild = "PAYSCORE_BENCH_CHILD"

// wechatpay-go, unmodified and with the real host name, gets the sandbox when its
// process has HTTPS_PROXY and SSL_CERT_FILE. It is a process of its own, since both
// are read once.
func TestWechatpayGoThroughTheProxy(t *testing.T) {
	box := sandbox.New(t)
	dir := t.TempDir()
	credentials := box.Credentials()
	err := credentials.Save(dir)
	if err == nil {
		_, err = box.Seed("PEER-1", 50000)
	}
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := sandbox.NewHTTPServer(box.Sandbox)
	go func() { _ = server.ServeTLS(sandbox.NewProxyListener(listener), "", "") }()
	t.Cleanup(func() { _ = server.Close() })

	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestChildCallsTheRealHost$", "-test.v")
	account := credentials.Account()
	cmd.Env = append(os.Environ(), ofChild+"="+dir, "PAYSCORE_BENCH_ACCOUNT="+strings.Join([]string{account.MchID, account.SerialNo, account.PublicKeyID, account.SubMchID}, " "),
		"HTTPS_PROXY=http://"+listener.Addr().String(), "https_proxy=", "NO_PROXY=", "no_proxy=", "SSL_CERT_FILE="+dir+"/"+sandbox.AuthorityCertFile, "SSL_CERT_DIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestChildCallsTheRealHost") {
		t.Fatalf("%v: %s", err, out)
	}
	order, _ := box.Order(account.SubMchID, "PEER-1")
	if order.Entity.TotalAmount == nil || *order.Entity.TotalAmount != 39900 {
		t.Errorf("the order is %+v", order.Entity)
	}
}

// TestChildCallsTheRealHost is the program of a team, as the test above runs it.
func TestChildCallsTheRealHost(t *testing.T) {
	dir := os.Getenv(ofChild)
	if dir == "" {
		t.Skip("runs in a process of its own")
	}
	account := strings.Fields(os.Getenv("PAYSCORE_BENCH_ACCOUNT"))
	merchant, err := utils.LoadPrivateKeyWithPath(dir + "/" + sandbox.MerchantKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	public, err := utils.LoadPublicKeyWithPath(dir + "/" + sandbox.PublicKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	client, err := core.NewClient(t.Context(), option.WithWechatPayPublicKeyAuthCipher(account[0], account[1], merchant, account[2], public))
	if err != nil {
		t.Fatal(err)
	}
	result, err := client.Post(t.Context(), "https://api.mch.weixin.qq.com/v3/payscore/partner/serviceorder/PEER-1/modify", map[string]any{
		"sub_mchid": account[3], "total_amount": 39900, "reason": "用户投诉", "post_payments": []map[string]any{{"name": "就餐费用", "amount": 39900}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = result.Response.Body.Close()
	if result.Response.StatusCode != 204 {
		t.Errorf("status %d", result.Response.StatusCode)
	}
	// No way around the proxy, and none through it to another host.
	if _, err := client.Get(t.Context(), "https://example.com/"); err == nil || !strings.Contains(err.Error(), "Forbidden") {
		t.Errorf("another host: %v", err)
	}
}
