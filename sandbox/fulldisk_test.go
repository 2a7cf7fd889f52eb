package sandbox_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// With a full disk nothing is there that was not saved: what the file has is
// what every reader sees, and the admin API says so with a 507.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	data := sandbox.WithData(filepath.Join(t.TempDir(), "orders.db"))
	in := newInbox(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusInternalServerError) })
	b := newBox(t, data)
	b.seed("one", 50000)
	b.seed("two", 50000)
	must(b.Seed("waits", 100, sandbox.SeedStage("CREATED"), sandbox.SeedNotifyURL(in.URL)))
	b.ok(b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "waits"}))
	b.Advance(time.Second)
	b.ok(b.Move("start_deduction", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "two", Duration: time.Minute}))
	applied := b.client.ApplyPartnerPermission
	_ = must(applied(t.Context(), payscore.ApplyPartnerPermissionRequest{
		ServiceID: serviceID, SubMchID: subMchID, AppID: appID, AuthorizationCode: "A1", NotifyURL: new("https://api.test.com"),
	}))
	state := func() string {
		page, _ := b.Orders("", "", 100)
		for i := range page {
			page[i].Moves = nil // by the time, which goes on
		}
		return asJSON([]any{page, b.Payments()})
	}
	before, seen := state(), len(b.Journal())
	empty := b.FillDisk(fmt.Errorf("write orders.db: %w", syscall.ENOSPC))

	admin := func(path, body string) {
		t.Helper()
		response := must(http.Post(b.URL+"/_sandbox/api/"+path, contentJSON, strings.NewReader(body)))
		answer := parsed(response.Body).(map[string]any)
		_ = response.Body.Close()
		message, _ := answer["message"].(string)
		if response.StatusCode != http.StatusInsufficientStorage || answer["code"] != "NOT_SAVED" || !strings.Contains(message, "no space left on device") {
			t.Errorf("%s: %d %v", path, response.StatusCode, answer)
		}
	}
	admin("orders", `{"out_order_no":"LOST","total_amount":100}`)
	admin("moves", `{"name":"user_pays","sub_mchid":"`+subMchID+`","out_order_no":"one"}`)
	admin("other-moves", `{"name":"open_permission","sub_mchid":"`+subMchID+`","authorization_code":"A1"}`)
	admin("reset", `{}`)
	got := b.send("POST", orders+"/one/modify", asJSON(modification(39900)))
	if got.Status != 500 || got.Code != "SYSTEM_ERROR" {
		t.Errorf("modify: %v", &got.Error)
	}
	got = b.send("POST", orders, asJSON(noConfirm("LOST2")))
	if got.Status != 500 || got.Code != "SYSTEM_ERROR" {
		t.Errorf("create: %v", &got.Error)
	}
	if now := state(); now != before {
		t.Errorf("with a full disk the orders are\n%s\nand were\n%s", now, before)
	}
	for _, e := range b.Journal()[seen:] {
		if e.Kind == "move" || e.Kind == "reset" {
			t.Errorf("the journal has what was not saved: %+v", e)
		}
	}
	response := must(http.Get(b.URL + "/_sandbox/api/orders"))
	list := asJSON(parsed(response.Body))
	_ = response.Body.Close()
	if strings.Contains(list, "LOST") || !strings.Contains(list, `"total":3`) {
		t.Errorf("listed: %s", list)
	}

	// What falls due is tried again once there is room, and not before.
	b.Advance(time.Hour)
	if v, _ := b.Order(subMchID, "two"); v.Stage != "USER_PAYING" {
		t.Errorf("the deduction ended without being saved: %s", v.Stage)
	}
	attempts := len(in.all())
	if attempts > 3 {
		t.Errorf("%d attempts to notify in an hour, of which none can be saved", attempts)
	}
	empty()
	b.ok(b.modify("one", 39900))
	b.Advance(time.Second)
	if v, _ := b.Order(subMchID, "two"); v.Stage != "DONE" {
		t.Errorf("the deduction did not end when it could be saved: %s", v.Stage)
	}
	if len(in.all()) == attempts {
		t.Error("the notification is not repeated any more")
	}
	after := state()
	b.ok(b.Sandbox.Close())
	if again := must(sandbox.Open(data)); true {
		page, _ := again.Orders("", "", 100)
		for i := range page {
			page[i].Moves = nil
		}
		if got := asJSON([]any{page, again.Payments()}); got != after {
			t.Errorf("the file has\n%s\nwant\n%s", got, after)
		}
		b.ok(again.Close())
	}
}
