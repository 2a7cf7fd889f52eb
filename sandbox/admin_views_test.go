package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

// fillIn gives every field a value, so that one which a copy leaves out shows.
func fillIn(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(v.Type().Field(i).Name)
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(i + 1))
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
			fillIn(f.Elem())
		case reflect.Struct:
			f.Set(reflect.ValueOf(time.Date(2026, 11, 22, 10, 0, i, 0, time.FixedZone("", 8*3600))))
		default:
			panic("a field of kind " + f.Kind().String())
		}
	}
}

// A field that is added to the journal has to be in api/sandbox.yaml, too.
func TestAdminShowsTheWholeEntry(t *testing.T) {
	t.Parallel()
	var e sandbox.Entry
	fillIn(reflect.ValueOf(&e).Elem())
	want, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	got, err := sandbox.AdminEntry(e)
	if err != nil {
		t.Fatal(err)
	}
	if g, w := parsed(strings.NewReader(string(got))), parsed(strings.NewReader(string(want))); !reflect.DeepEqual(g, w) {
		t.Errorf("shows %s\nof    %s", got, want)
	}
}

func TestAdminFaults(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	list := admin(t, box, "GET", "faults", "", 200)
	if kinds := at(list, "kinds").([]any); len(kinds) != len(sandbox.Faults()) || len(at(list, "active").([]any)) != 0 {
		t.Errorf("%d kinds, %v on", len(kinds), at(list, "active"))
	}
	made := admin(t, box, "POST", "faults", `{"name":"latency","delay":"1.5s","operation":"queryPartnerServiceOrder","subject":"1900000109/F1","rate":0.5,"seed":7,"count":3}`, 201)
	on := box.ActiveFaults()
	want := sandbox.Fault{
		ID: at(made, "id").(string), Name: "latency", Delay: 1500 * time.Millisecond, Operation: "queryPartnerServiceOrder",
		Subject: "1900000109/F1", Rate: 0.5, Seed: 7, Count: 3,
	}
	if len(on) != 1 || on[0] != want {
		t.Errorf("on: %+v", on)
	}
	if listed := at(admin(t, box, "GET", "faults", "", 200), "active", 0); !reflect.DeepEqual(listed, any(made)) {
		t.Errorf("listed %v, made %v", listed, made)
	}
	admin(t, box, "DELETE", "faults/"+want.ID, "", 204)
	admin(t, box, "DELETE", "faults/"+want.ID, "", 404)
	if on := box.ActiveFaults(); len(on) != 0 {
		t.Errorf("still on: %v", on)
	}
	for _, body := range []string{
		`{"name":"no-such"}`, `{"name":"latency","delay":"soon"}`, `{"name":"latency","rate":2}`, `{"name":"latency","count":0}`,
		`{"name":"latency","value":"a;b"}`, `{"name":"latency","operation":"noSuch"}`, `{}`, `{"name":"latency","delay_ns":5}`,
	} {
		admin(t, box, "POST", "faults", body, 400)
	}
	// Gone with a reset.
	admin(t, box, "POST", "faults", `{"name":"unsigned"}`, 201)
	admin(t, box, "POST", "reset", `{}`, 204)
	if on := box.ActiveFaults(); len(on) != 0 {
		t.Errorf("on after a reset: %v", on)
	}
}

func TestAdminNotifications(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	merchant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(merchant.Close)
	box := sandbox.New(t)
	admin(t, box, "POST", "orders", `{"out_order_no":"N1","total_amount":100,"stage":"CREATED","notify_url":"`+merchant.URL+`/notify"}`, 201)
	admin(t, box, "POST", "moves", `{"name":"confirm","sub_mchid":"1900000109","out_order_no":"N1"}`, 200)
	first := func() any {
		return at(admin(t, box, "GET", "order?sub_mchid=1900000109&out_order_no=N1", "", 200), "notifications", 0)
	}
	wait := time.Now().Add(time.Minute)
	for at(first(), "attempts", 0) == nil && time.Now().Before(wait) {
		time.Sleep(10 * time.Millisecond)
	}
	n := first()
	if at(n, "state") != "waiting" || at(n, "attempts", 0, "status") != 500.0 || at(n, "next_at") == nil || at(n, "event_type") != "PAYSCORE.USER_CONFIRM" {
		t.Fatalf("after a failure: %v", n)
	}
	admin(t, box, "POST", "clock/advance", `{"seconds":60}`, 200)
	if n = first(); at(n, "state") != "taken" || at(n, "attempts", 1, "status") != 204.0 || at(n, "next_at") != nil {
		t.Errorf("after the repeat: %v", n)
	}
	id := at(n, "id").(string)
	admin(t, box, "POST", "notifications/"+id+"/resend", `{}`, 204)
	if n = first(); at(n, "attempts", 2, "fault") != "resend" || calls.Load() != 3 {
		t.Errorf("after %d calls: %v", calls.Load(), n)
	}
	admin(t, box, "POST", "notifications/none/resend", `{}`, 404)
	if listed := admin(t, box, "GET", "notifications?subject=1900000109/N1&limit=1", "", 200); at(listed, "notifications", 0, "id") != id {
		t.Errorf("listed: %v", listed)
	}
	if listed := admin(t, box, "GET", "notifications?subject=other", "", 200); len(at(listed, "notifications").([]any)) != 0 {
		t.Errorf("of another: %v", listed)
	}
}

func TestAdminOtherMoves(t *testing.T) {
	t.Parallel()
	credentials := otherCredentials()
	box := sandbox.New(t, sandbox.WithCredentials(credentials))
	list := admin(t, box, "GET", "other-moves", "", 200)
	if n := len(at(list, "moves").([]any)); n != len(sandbox.OtherMoves()) || n == 0 {
		t.Errorf("%d moves", n)
	}
	admin(t, box, "POST", "other-moves", `{"name":"rotate_certificate"}`, 204)
	admin(t, box, "POST", "other-moves", `{"name":"set_risk_level","openid":"o1","user_label":"A","user_risk_level":3,"risk_level_version":1}`, 204)
	admin(t, box, "POST", "other-moves", `{"name":"refund_succeeds","sub_mchid":"1900000109","out_refund_no":"NONE"}`, 404)
	// The moves of an order, and those that it has no fields for, are not made here.
	for _, name := range []string{"no_such", "confirm", "set_user", "set_quotas"} {
		admin(t, box, "POST", "other-moves", `{"name":"`+name+`"}`, 409)
	}
	must(box.Seed(orderNo, 50000))
	admin(t, box, "POST", "moves", `{"name":"rotate_certificate","sub_mchid":"1900000109","out_order_no":"`+orderNo+`"}`, 409)
	admin(t, box, "POST", "other-moves", `{"name":"rotate_certificate","price":1}`, 400)
}

func TestAdminExplainsSignatures(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	request, err := http.NewRequestWithContext(t.Context(), "GET", box.URL+"/v3/payscore/partner/serviceorder?out_order_no=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Signer().Sign(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	body := func(target string) string {
		return string(must(json.Marshal(map[string]string{"method": "GET", "target": target, "authorization": request.Header.Get("Authorization")})))
	}
	for _, target := range []string{request.URL.RequestURI(), request.URL.String()} {
		if got := admin(t, box, "POST", "signature/explain", body(target), 200); at(got, "mistake") != "ok" {
			t.Errorf("%s: %v", target, got)
		}
	}
	got := admin(t, box, "POST", "signature/explain", body(request.URL.RequestURI()+"&x=1"), 200)
	if at(got, "mistake") == "ok" || at(got, "issue_zh") == "" || !strings.HasPrefix(at(got, "expected").(string), "GET\n/v3/") {
		t.Errorf("another target: %v", got)
	}
}

// What is forgotten stays forgotten, and the numbers go on.
func TestResetReachesTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "orders.db")
	open := func() *sandbox.Sandbox {
		box, err := sandbox.Open(sandbox.WithData(file))
		if err != nil {
			t.Fatal(err)
		}
		return box
	}
	box := open()
	first, err := box.Seed("KEPT1", 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Reset(); err != nil {
		t.Fatal(err)
	}
	second, err := box.Seed("KEPT2", 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	again := open()
	defer again.Close()
	if _, there := entity(again, "1900000109", "KEPT1"); there {
		t.Error("a forgotten order came back")
	}
	kept, there := entity(again, "1900000109", "KEPT2")
	if !there || *kept.OrderID != *second.OrderID {
		t.Error("the order after the reset is gone")
	}
	third, err := again.Seed("KEPT3", 100)
	if err != nil {
		t.Fatal(err)
	}
	if *third.OrderID == *first.OrderID || *third.OrderID == *second.OrderID {
		t.Error("a number came twice")
	}
}
