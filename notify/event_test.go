package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/notify"
)

func TestVectors(t *testing.T) {
	data, err := os.ReadFile(vectorDir + "notification.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Notifications []struct {
			Name      string            `json:"name"`
			APIv3Key  string            `json:"api_v3_key"`
			Now       int64             `json:"now"`
			Headers   map[string]string `json:"headers"`
			Body      string            `json:"body"`
			Plaintext string            `json:"plaintext"`
			Valid     bool              `json:"valid"`
			Reason    string            `json:"reason"`
		} `json:"notifications"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Notifications) < 22 {
		t.Fatalf("%d vectors", len(v.Notifications))
	}
	for _, n := range v.Notifications {
		t.Run(n.Name, func(t *testing.T) {
			header := http.Header{}
			for name, value := range n.Headers {
				header.Set(name, value)
			}
			v := verifier(t).WithClock(func() time.Time { return time.Unix(n.Now, 0) })
			event, err := notify.Parse(t.Context(), v, header, []byte(n.Body), aesKey(t, n.APIv3Key))
			calls := 0
			r, newErr := notify.New(v, aesKey(t, n.APIv3Key), counter(&calls))
			if newErr != nil {
				t.Fatal(newErr)
			}
			status, answer := r.Receive(t.Context(), header, []byte(n.Body))
			checkAnswer(t, status, answer)
			if n.Valid {
				if err != nil || string(event.Raw) != n.Plaintext || status != http.StatusNoContent || calls != 1 {
					t.Fatalf("%v, %v, %d, %d calls", event, err, status, calls)
				}
				return
			}
			wantStatus := http.StatusBadRequest
			if errors.Is(err, auth.ErrUnverified) {
				wantStatus = http.StatusUnauthorized
			}
			if event != nil || status != wantStatus || calls != 0 {
				t.Errorf("%v, %d, %d calls", event, status, calls)
			}
			var de *auth.DecryptError
			var me *notify.MalformedError
			switch n.Reason {
			case "algorithm":
				if !errors.As(err, &me) || me.Field != "resource.algorithm" {
					t.Error(err)
				}
			case "resource":
				if !errors.As(err, &me) || me.Field != "resource" && me.Field != "body.resource" && me.Field != "body" {
					t.Error(err)
				}
			case "header", "stale", "unknown_key", "signature": // package auth looks at which
				if !errors.Is(err, auth.ErrUnverified) {
					t.Errorf("%v, want %s", err, n.Reason)
				}
			default:
				if n.Name == "nonce is a number" && errors.As(err, &me) && me.Field == "body.resource.nonce" {
					return
				}
				if !errors.As(err, &de) || de.Reason != n.Reason {
					t.Errorf("%v, want %s", err, n.Reason)
				}
			}
		})
	}
}

func TestEachTypeHasItsResource(t *testing.T) {
	const permission = `{"mchid":"1","sub_mchid":"2","appid":"a","service_id":"3","user_service_status":"USER_OPEN_SERVICE"}`
	const refund = `{"mchid":"1","sub_mchid":"2","out_refund_no":"r","amount":{"total":999,"refund":888}}`
	const account = `{"mchid":"1","sub_mchid":"2","out_apply_no":"n","apply_state":"APPROVED"}`
	// What did not happen yet is an empty text, as in the published sample.
	const signPlan = `{"mchid":"1","sub_mchid":"2","merchant_sign_plan_no":"p","sign_state":"UNSIGNED","cancel_sign_type":"REVOKE_SERVICE",
		"going_detail_no":0,"signed_detail_list":[{"plan_detail_no":1,"plan_detail_state":"NOT_USED","order_id":"","use_time":"","complete_time":"","cancel_time":""}]}`
	for _, test := range []struct {
		eventType, plaintext, sub string
		check                     func(any) bool
	}{
		{"PAYSCORE.USER_CONFIRM", order("N", "", 0), "1900000109", func(v any) bool { return v.(*payscore.ServiceOrderNotification).OutOrderNo == "N" }},
		{"PAYSCORE.USER_PAID", order("N", "USER_PAID", 39900), "1900000109", func(v any) bool {
			return *v.(*payscore.ServiceOrderNotification).Collection.PaidAmount == 39900
		}},
		{"PAYSCORE.USER_OPEN_SERVICE", permission, "2", func(v any) bool { return v.(*payscore.PermissionNotification).MchID == "1" }},
		{"PAYSCORE.USER_CLOSE_SERVICE", `{"mch_id":"1","sub_mch_id":"2","appid":"a","service_id":"3"}`, "2", func(v any) bool {
			p := v.(*payscore.PermissionNotification)
			return p.MchID == "1" && *p.SubMchID == "2"
		}},
		{"PAYSCORE.BIND_SERVICE_ACCOUNT", account, "2", func(v any) bool { return v.(*payscore.ServiceAccountNotification).ApplyState == "APPROVED" }},
		{"REFUND.SUCCESS", refund, "2", func(v any) bool { return v.(*payscore.RefundNotification).OutRefundNo == "r" }},
		{"REFUND.ABNORMAL", refund, "2", func(v any) bool { return v.(*payscore.RefundNotification).OutRefundNo == "r" }},
		{"REFUND.CLOSED", refund, "2", func(v any) bool { return v.(*payscore.RefundNotification).OutRefundNo == "r" }},
		{"SECURITY_ECHO.SUCCESS", `{"echo_message":"hello"}`, "", func(v any) bool { return v.(*payscore.SecurityEchoNotification).EchoMessage == "hello" }},
		{"PAYSCORE.USER_SIGN_PLAN", signPlan, "2", func(v any) bool { return v.(*payscore.SignPlanNotification).MerchantSignPlanNo == "p" }},
		{"PAYSCORE.USER_CANCEL_SIGN_PLAN", signPlan, "2", func(v any) bool {
			p := v.(*payscore.SignPlanNotification)
			return *p.CancelSignType == payscore.CancelSignTypeRevokeService && *p.SignedDetailList[0].UseTime == ""
		}},
		{"PAYSCORE.SOMETHING_NEW", `{"sub_mchid":"2"}`, "2", func(v any) bool { return v == nil }},
		{"PAYSCORE.SOMETHING_NEW", ` ["sub_mchid"]`, "", func(v any) bool { return v == nil }},
		{"PAYSCORE.SOMETHING_NEW", `{"sub_mchid":7}`, "", func(v any) bool { return v == nil }},
	} {
		body := envelope("EV-1", test.eventType, test.plaintext)
		e, err := notify.Parse(t.Context(), verifier(t), sign(body, time.Now()), body, aesKey(t, apiV3Key))
		if err != nil {
			t.Errorf("%s: %v", test.eventType, err)
			continue
		}
		if !test.check(e.Resource) || e.SubMchID != test.sub || e.ID != "EV-1" || e.Type != test.eventType || e.Summary != "测试" || e.Serial != publicKeyID ||
			string(e.Raw) != strings.TrimSpace(test.plaintext) || e.CreateTime.Unix() != 1767294245 {
			t.Errorf("%s: %v %q %q", test.eventType, e.Resource, e.SubMchID, e.Raw)
		}
	}
}

func TestParseErrorsAreTypedAndShowNothing(t *testing.T) {
	good := func(plaintext string) []byte { return envelope("EV-1", "PAYSCORE.USER_PAID", plaintext) }
	resource := func(nonce, ciphertext string) []byte {
		return fmt.Appendf(nil, `{"id":"EV-1","event_type":"PAYSCORE.USER_PAID","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":%q,"ciphertext":%q}}`, nonce, ciphertext)
	}
	for name, test := range map[string]struct {
		body []byte
		want string // reason or field
	}{
		"empty":             {nil, "body"},
		"not JSON":          {[]byte("MARKER"), "body"},
		"a list":            {[]byte(`["MARKER"]`), "body"},
		"trailing":          {append(good(order("N", "", 0)), "MARKER"...), "body"},
		"id a number":       {[]byte(`{"id":770077,"event_type":"MARKER"}`), "body.id"},
		"null":              {[]byte(`null`), "body"},
		"no resource":       {[]byte(`{"id":"MARKER","event_type":"MARKER"}`), "resource"},
		"nil resource":      {[]byte(`{"id":"MARKER","event_type":"x","resource":null}`), "resource"},
		"resource a string": {[]byte(`{"id":"MARKER","event_type":"x","resource":"MARKER"}`), "body.resource"},
		"empty resource":    {[]byte(`{"id":"MARKER","event_type":"x","resource":{}}`), "resource"},
		"SM4":               {[]byte(`{"id":"MARKER","event_type":"x","resource":{"algorithm":"AEAD_SM4_GCM"}}`), "resource.algorithm"},
		"no nonce":          {resource("", seal(apiV3Key, "0123456789ab", "", "{}")), "nonce"},
		"nonce of 11":       {resource("MARKERMARKE", seal(apiV3Key, "0123456789ab", "", "{}")), "nonce"},
		"nonce of 13":       {resource("MARKERMARKERM", seal(apiV3Key, "0123456789ab", "", "{}")), "nonce"},
		"15 bytes":          {resource("0123456789ab", "QUFBQUFBQUFBQUFBQUFB"), "ciphertext"},
		"wrong key":         {resource("0123456789ab", seal(oldAPIv3Key, "0123456789ab", "", "MARKER")), "authentication"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := notify.Parse(t.Context(), verifier(t), sign(test.body, time.Now()), test.body, aesKey(t, apiV3Key))
			if err == nil || e != nil {
				t.Fatalf("%v, %v", e, err)
			}
			got := ""
			var me *notify.MalformedError
			var de *auth.DecryptError
			if errors.As(err, &me) {
				got = me.Field
			} else if errors.As(err, &de) {
				got = de.Reason
			}
			t.Log(err) // internal/leaks reads it, too
			if got != test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
			for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
				if strings.Contains(text, "MARKER") || strings.Contains(text, "770077") || strings.Contains(text, "\n") || strings.Contains(text, apiV3Key[:8]) {
					t.Errorf("%q", text)
				}
			}
			calls := 0
			if status := told(t, receiver(t, counter(&calls)), test.body); status != http.StatusBadRequest || calls != 0 {
				t.Errorf("%d, %d calls", status, calls)
			}
		})
	}
}

// What was decrypted reaches the Func, whatever it is.
func TestWhatWasDecryptedReachesTheFunc(t *testing.T) {
	good := func(plaintext string) []byte { return envelope("EV-1", "PAYSCORE.USER_PAID", plaintext) }
	edit := func(was, is string) []byte {
		body := good(order("N", "USER_PAID", 1))
		if !bytes.Contains(body, []byte(was)) {
			t.Fatal(was)
		}
		return bytes.Replace(body, []byte(was), []byte(is), 1)
	}
	const id, eventType = `"id":"EV-1"`, `"event_type":"PAYSCORE.USER_PAID"`
	for name, test := range map[string]struct {
		body []byte
		want string // field
	}{
		"plaintext no JSON":  {good("MARKER"), "plaintext"},
		"plaintext null":     {good(" null"), "plaintext"},
		"plaintext a text":   {good(`"MARKER"`), "plaintext"},
		"plaintext nothing":  {good(""), "plaintext"},
		"amount a text":      {good(`{"mchid":"1","total_amount":"MARKER"}`), "plaintext.total_amount"},
		"amount a fraction":  {good(`{"mchid":"1","collection":{"paid_amount":770077.5}}`), "plaintext.collection.paid_amount"},
		"list for an object": {good(`{"out_order_no":"N","collection":["MARKER"]}`), "plaintext.collection"},
		"no id":              {edit(id, `"x":1`), "id"},
		"empty id":           {edit(id, `"id":""`), "id"},
		"id a number":        {edit(id, `"id":770077`), "body.id"},
		"no type":            {edit(eventType, `"x":1`), "event_type"},
		"type a list":        {edit(eventType, `"event_type":["MARKER"]`), "body.event_type"},
		"summary a number":   {edit(`"测试"`, `770077`), "body.summary"},
		"time a number":      {edit(`"2026-01-02T03:04:05+08:00"`, `770077`), "body.create_time"},
	} {
		t.Run(name, func(t *testing.T) {
			header := sign(test.body, time.Now())
			e, err := notify.Parse(t.Context(), verifier(t), header, test.body, aesKey(t, apiV3Key))
			var malformed *notify.MalformedError
			if e == nil || e.Err != err || !errors.As(err, &malformed) || malformed.Field != test.want || e.Resource != nil || e.ID == "" {
				t.Fatalf("%+v, %v, want %s", e, err, test.want)
			}
			t.Log(err) // internal/leaks reads it, too
			for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v %+v", err, e)} {
				if strings.Contains(text, "MARKER") || strings.Contains(text, "770077") || strings.Contains(text, "\n") {
					t.Errorf("%q", text)
				}
			}
			for _, result := range []error{nil, e.Err} {
				var got []*notify.Event
				var told []error
				r := receiver(t, func(_ context.Context, e *notify.Event) error { got = append(got, e); return result },
					notify.WithErrorFunc(func(err error) { told = append(told, err) }))
				want := http.StatusNoContent
				if result != nil {
					want = http.StatusInternalServerError
				}
				status, answer := r.Receive(t.Context(), header, test.body)
				checkAnswer(t, status, answer)
				if status != want || len(got) != 1 || !reflect.DeepEqual(got[0], e) || len(told) == 0 || told[0].Error() != err.Error() {
					t.Fatalf("%d, %v, told %v", status, got, told)
				}
				// The repeat is a duplicate when the Func said that it is done.
				status, _ = r.Receive(t.Context(), header, test.body)
				if status != want || (len(got) == 1) != (result == nil) {
					t.Errorf("the repeat: %d, %d calls", status, len(got))
				}
			}
		})
	}
}

// A notification without an ID that can be read is still told from another one.
func TestNotificationsWithoutID(t *testing.T) {
	calls := 0
	r := receiver(t, counter(&calls))
	send := func(number string) {
		t.Helper()
		body := bytes.Replace(envelope("EV-1", notify.UserPaid, order(number, "USER_PAID", 1)), []byte(`"id":"EV-1"`), []byte(`"id":1`), 1)
		if status := told(t, r, body); status != http.StatusNoContent {
			t.Error(status)
		}
	}
	send("A")
	send("B")
	send("A")
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

// TestStoredEventIsDecodedLater keeps of an event what a queue would.
func TestStoredEventIsDecodedLater(t *testing.T) {
	for _, kind := range []string{notify.UserPaid, notify.UserOpenService, notify.BindServiceAccount, notify.RefundSuccess, notify.SecurityEchoSuccess, "NEW.KIND"} {
		body := envelope("EV-1", kind, " "+`{"sub_mchid":"1900000109","out_order_no":"N","out_refund_no":"R","new":[1]}`+"\n")
		header := sign(body, time.Now())
		parsed, err := notify.Parse(t.Context(), verifier(t), header, body, aesKey(t, apiV3Key))
		if err != nil {
			t.Fatal(kind, err)
		}
		opened, err := notify.Open(t.Context(), verifier(t), header, body, aesKey(t, apiV3Key))
		if err != nil || opened.Resource != nil || opened.SubMchID != "" || string(opened.Raw) != string(parsed.Raw) || opened.CreateTime != parsed.CreateTime {
			t.Fatal(kind, err)
		}
		stored := &notify.Event{Type: opened.Type, Raw: opened.Raw}
		if err := stored.Decode(); err != nil {
			t.Fatal(kind, err)
		}
		if stored.SubMchID != "1900000109" || parsed.SubMchID != "1900000109" || !reflect.DeepEqual(stored.Resource, parsed.Resource) || (stored.Resource == nil) != (kind == "NEW.KIND") {
			t.Errorf("%s: %#v, want %#v", kind, stored.Resource, parsed.Resource)
		}
	}
	var malformed *notify.MalformedError
	if err := (&notify.Event{Type: notify.UserPaid}).Decode(); !errors.As(err, &malformed) || malformed.Field != "plaintext" {
		t.Error(err)
	}
	if err := (&notify.Event{}).Decode(); !errors.As(err, &malformed) {
		t.Error(err)
	}
}

func TestOldKeyDuringAReset(t *testing.T) {
	body := fmt.Appendf(nil, `{"id":"EV-1","event_type":"PAYSCORE.USER_PAID","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"0123456789ab","ciphertext":%q}}`,
		seal(oldAPIv3Key, "0123456789ab", "", order("N", "", 0)))
	calls := 0
	if status := told(t, receiver(t, counter(&calls)), body); status != http.StatusBadRequest {
		t.Error(status)
	}
	if status := told(t, receiver(t, counter(&calls), notify.WithOldKey(aesKey(t, oldAPIv3Key))), body); status != http.StatusNoContent || calls != 1 {
		t.Error(status, calls)
	}
}

func TestEventIsRedacted(t *testing.T) {
	body := envelope("EV-1", "PAYSCORE.USER_PAID", order("MARKER", "", 0))
	e, err := notify.Parse(t.Context(), verifier(t), sign(body, time.Now()), body, aesKey(t, apiV3Key))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "event", e, "value", *e)
	texts := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		texts = append(texts, fmt.Sprintf(verb, e), fmt.Sprintf(verb, *e))
	}
	for _, text := range texts {
		if strings.Contains(text, "MARKER") || strings.Contains(text, "4d41524b4552") || strings.Contains(text, "77 65 82 75") || !strings.Contains(text, "EV-1") {
			t.Error(text)
		}
	}
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte(`{"id":"EV-1","event_type":"REFUND.SUCCESS","resource":null}`), "REFUND.SUCCESS", `{"amount":null}`, "0123456789ab", true)
	f.Add(envelope("EV-1", "PAYSCORE.USER_PAID", order("N", "", 0)), "PAYSCORE.USER_OPEN_SERVICE", `{"sub_mch_id":null,"mch_id":1}`, "", false)
	f.Add([]byte("null"), "", "", "x", true)
	v, key := verifier(f), aesKey(f, apiV3Key)
	f.Fuzz(func(t *testing.T, body []byte, eventType, plaintext, nonce string, signed bool) {
		calls := 0
		r, err := notify.New(v, key, counter(&calls))
		if err != nil {
			t.Fatal(err)
		}
		header := sign(body, time.Now())
		if !signed {
			header.Set("Wechatpay-Nonce", nonce)
		}
		status, answer := r.Receive(t.Context(), header, body)
		checkAnswer(t, status, answer)
		if (status == http.StatusNoContent) != (calls == 1) || !signed && nonce != "noncenonce12" && status != http.StatusUnauthorized && len(body) <= notify.MaxBody {
			t.Fatal(status, calls)
		}
		// What WeChat Pay signs and encrypts itself may still be anything.
		inner := envelope("EV-2", eventType, plaintext)
		calls = 0
		status, answer = r.Receive(t.Context(), sign(inner, time.Now()), inner)
		checkAnswer(t, status, answer)
		if (status == http.StatusNoContent) != (calls == 1) || status == http.StatusUnauthorized {
			t.Fatal(status, calls)
		}
	})
}
