package sandbox_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/sandbox"
)

// documented are the waits that WeChat Pay's page lists: 15s/15s/30s/3m/10m/
// 20m/30m/30m/30m/60m/3h/3h/3h/6h/6h, a day and four minutes in all.
var documented = []time.Duration{15e9, 15e9, 30e9, 180e9, 600e9, 1200e9, 1800e9, 1800e9, 1800e9, 3600e9, 10800e9, 10800e9, 10800e9, 21600e9, 21600e9}

// inbox is a receiver written by hand, that answers as it is told.
type inbox struct {
	*httptest.Server
	mu      sync.Mutex
	arrived []arrival
}

type arrival struct {
	header http.Header
	body   string
	id     string
	path   string
}

// newInbox asks answer, once the n-th request is kept.
func newInbox(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, n int)) *inbox {
	in := &inbox{}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var envelope struct{ ID string }
		_ = json.Unmarshal(body, &envelope)
		in.mu.Lock()
		in.arrived = append(in.arrived, arrival{r.Header, string(body), envelope.ID, r.URL.Path})
		n := len(in.arrived)
		in.mu.Unlock()
		answer(w, r, n)
	}))
	t.Cleanup(in.Close)
	return in
}

func (in *inbox) all() []arrival {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.arrived)
}

func status(code int) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(code) }
}

var paid = payscore.ServiceOrderNotification{
	AppID: "wxd678efh567hg6787", MchID: "1230000109", SubMchID: new(subMchID), ServiceID: serviceID, OutOrderNo: orderNo,
	State: payscore.ServiceOrderStateDone, TotalAmount: new(int64(39900)), ServiceIntroduction: "嗨客餐厅用餐 <&>",
}

func (b *box) announce(to, eventType string, resource any) {
	b.t.Helper()
	b.ok(b.Announce(subMchID+"/"+orderNo, to, eventType, resource))
}

// only is the one notification of the sandbox.
func (b *box) only() sandbox.Notification {
	b.t.Helper()
	all := b.Notifications()
	if len(all) != 1 {
		b.t.Fatalf("%d notifications", len(all))
	}
	return all[0]
}

// attempts are the entries of the journal that are about notifications.
func (b *box) attempts() (all []sandbox.Entry) {
	for _, e := range b.Journal() {
		if e.Kind == "notification" {
			all = append(all, e)
		}
	}
	return all
}

func TestNotificationsReachTheReceiverOfThisProject(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		mode        sandbox.KeyMode
		certificate bool // signs, and nothing else does
	}{
		{"public key", sandbox.KeyModePublicKey, false},
		{"platform certificate", sandbox.KeyModePlatformCertificate, true},
		{"migration", sandbox.KeyModeMigration, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t, sandbox.WithKeyMode(c.mode))
			account := b.Credentials().Account()
			verifier := b.Verifier()
			if c.certificate {
				verifier = must(auth.NewVerifier(auth.Key{ID: account.PlatformSerialNo, PublicKey: sandbox.PlatformKey(b.Credentials())}))
			}
			var events []*notify.Event
			receiver := must(notify.New(verifier, must(auth.NewAPIv3Key(account.APIv3Key())), func(_ context.Context, e *notify.Event) error {
				events = append(events, e)
				return nil
			}, notify.WithErrorFunc(func(err error) { t.Error(err) })))
			server := httptest.NewServer(receiver)
			t.Cleanup(server.Close)
			b.announce(server.URL+"/paid", notify.UserPaid, paid)
			b.Advance(0)
			if len(events) != 1 || events[0].Type != notify.UserPaid {
				t.Fatalf("events %v", events)
			}
			if got, ok := events[0].Resource.(*payscore.ServiceOrderNotification); !ok || asJSON(got) != asJSON(paid) {
				t.Errorf("got %s, want %s", asJSON(events[0].Resource), asJSON(paid))
			}
			n := b.only()
			if !n.Delivered || !n.Next.IsZero() || len(n.Attempts) != 1 || n.Attempts[0].Error != "" || n.ID != events[0].ID {
				t.Errorf("the record says %+v", n)
			}
			b.Advance(48 * time.Hour)
			if len(events) != 1 || len(b.only().Attempts) != 1 {
				t.Error("it came once more")
			}
		})
	}
}

// What a user does about a sign plan, and an institution's order, reach the
// receiver once each, and say what a query says.
func TestNewNotificationsReachTheReceiver(t *testing.T) {
	t.Parallel()
	b := newBoxAt(t, func() time.Time { return planDay })
	p := planBox{b, partner}
	var (
		mu     sync.Mutex
		events []*notify.Event
	)
	receiver := must(notify.New(b.Verifier().WithClock(b.now), must(auth.NewAPIv3Key(b.Credentials().Account().APIv3Key())),
		func(_ context.Context, e *notify.Event) error {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, e)
			return nil
		}, notify.WithErrorFunc(func(err error) { t.Error(err) })))
	server := httptest.NewServer(receiver)
	t.Cleanup(server.Close)
	here := map[string]any{"notify_url": server.URL}
	p.do("createPlan", nil)
	p.do("createSignPlan", here)
	p.ok(p.user("sign_plan"))
	p.do("createSignPlanServiceOrder", here)
	b.call(partner, firstDetail, "complete", completionBy(planDay, 100))
	b.ok(b.Move("deduct", partner.move(firstDetail)))
	p.ok(p.user("cancel_sign_plan"))
	b.send("POST", bank.at("", ""), with(bank.body(noConfirm("A")), here))
	b.call(bank, "A", "complete", completionBy(planDay, 200))
	b.register("A", "T1")
	b.ok(b.Move("deduct", bank.move("A")))
	b.Advance(48 * time.Hour)

	var got []string
	for _, e := range events {
		switch r := e.Resource.(type) {
		case *payscore.SignPlanNotification:
			got = append(got, e.Type+" "+string(r.SignState)+" "+string(*r.CancelSignType))
		case *payscore.ServiceOrderNotification:
			got = append(got, e.Type+" "+r.OutOrderNo+" "+asJSON(r.ChannelID)+" "+asJSON(r.TotalAmount))
		}
	}
	slices.Sort(got) // they are sent side by side
	want := []string{"PAYSCORE.USER_CANCEL_SIGN_PLAN SIGN_PLAN_CANCEL USER", "PAYSCORE.USER_PAID " + firstDetail + " null 100",
		"PAYSCORE.USER_PAID A " + asJSON(channelID) + " 200", "PAYSCORE.USER_SIGN_PLAN SIGNED NOT_CANCEL"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNotificationsWithoutThisProject checks them with openssl, the contract
// and a decryption of its own.
func TestNotificationsWithoutThisProject(t *testing.T) {
	t.Parallel()
	for _, mode := range []sandbox.KeyMode{sandbox.KeyModeMigration, sandbox.KeyModePublicKey} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			notificationsWithoutThisProject(t, mode)
		})
	}
}

func notificationsWithoutThisProject(t *testing.T, mode sandbox.KeyMode) {
	b := newBox(t, sandbox.WithKeyMode(mode))
	in := newInbox(t, status(http.StatusNoContent))
	dir := t.TempDir()
	b.ok(b.Credentials().Save(dir))
	serial, keyFile := b.Credentials().Account().PublicKeyID, filepath.Join(dir, sandbox.PublicKeyFile)
	if mode == sandbox.KeyModeMigration { // and nobody named the public key
		serial, keyFile = b.Credentials().Account().PlatformSerialNo, filepath.Join(dir, "certificate_key.pem")
		key, _ := openssl(t, "", "x509", "-in", filepath.Join(dir, sandbox.PlatformCertFile), "-noout", "-pubkey")
		b.ok(os.WriteFile(keyFile, key, 0o600))
	}
	for i, c := range []struct{ event, originalType, associated, summary string }{
		{"PAYSCORE.USER_PAID", "payscore", "transaction", "用户支付成功"},
		{"PAYSCORE.USER_CONFIRM", "payscore", "", "支付分订单用户已确认"},
		{"REFUND.SUCCESS", "refund", "refund", "退款成功"},
		{"SECURITY_ECHO.SUCCESS", "security", "", "测试成功"},
		{"PAYSCORE.USER_SIGN_PLAN", "payscore", "payscore", "用户签约计划成功"},
		{"PAYSCORE.USER_CANCEL_SIGN_PLAN", "payscore", "payscore", "用户取消签约计划"},
	} {
		b.announce(in.URL+"/notify/here", c.event, map[string]string{"event": c.event})
		b.Advance(0)
		got := in.all()[i]
		if got.path != "/notify/here" {
			t.Errorf("came to %s", got.path)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/json", "Wechatpay-Serial": serial,
			"Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
		} {
			if v := got.header.Get(name); v != want {
				t.Errorf("%s: %q, want %q", name, v, want)
			}
		}
		b.ok(contract.Components.Schemas["Notification"].Value.VisitJSON(must(decoded(got.body))))

		b.ok(os.WriteFile(filepath.Join(dir, "sig"), must(base64.StdEncoding.DecodeString(got.header.Get("Wechatpay-Signature"))), 0o600))
		message := got.header.Get("Wechatpay-Timestamp") + "\n" + got.header.Get("Wechatpay-Nonce") + "\n" + got.body + "\n"
		if _, ok := openssl(t, message, "dgst", "-sha256", "-verify", keyFile, "-signature", filepath.Join(dir, "sig")); !ok {
			t.Errorf("openssl refuses the signature of %s", c.event)
		}

		var e struct {
			CreateTime time.Time `json:"create_time"`
			EventType  string    `json:"event_type"`
			Summary    string
			Resource   struct {
				OriginalType   string `json:"original_type"`
				Ciphertext     []byte
				AssociatedData string `json:"associated_data"`
				Nonce          string
			}
		}
		b.ok(json.Unmarshal([]byte(got.body), &e))
		aead := must(cipher.NewGCM(must(aes.NewCipher([]byte(b.Credentials().Account().APIv3Key())))))
		plain, err := aead.Open(nil, []byte(e.Resource.Nonce), e.Resource.Ciphertext, []byte(e.Resource.AssociatedData))
		var resource map[string]string
		if err != nil || json.Unmarshal(plain, &resource) != nil || len(resource) != 1 || resource["event"] != c.event {
			t.Errorf("decrypted %q, %v", plain, err)
		}
		if e.EventType != c.event || e.Summary != c.summary || e.Resource.OriginalType != c.originalType || e.Resource.AssociatedData != c.associated ||
			time.Since(e.CreateTime).Abs() > time.Minute {
			t.Errorf("the envelope says %+v", e)
		}
	}
}

func decoded(s string) (v any, err error) { return v, json.Unmarshal([]byte(s), &v) }

// checkSchedule holds attempts against the documented waits.
func checkSchedule(t testing.TB, times []time.Time, tolerance time.Duration) {
	t.Helper()
	for i := 1; i < len(times); i++ {
		if wait := times[i].Sub(times[i-1]); i > len(documented) || (wait-documented[i-1]).Abs() > tolerance {
			t.Errorf("attempt %d came %s after the one before", i+1, wait)
		}
	}
}

func TestRefusedNotificationsAreRepeatedAsDocumented(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	in := newInbox(t, status(http.StatusInternalServerError))
	b.announce(in.URL+"/never", notify.UserPaid, paid)
	b.Advance(24*time.Hour + 4*time.Minute)
	n := b.only()
	if n.Delivered || !n.Next.IsZero() || len(n.Attempts) != 16 || len(in.all()) != 16 {
		t.Fatalf("%d attempts, %d arrived, next %s", len(n.Attempts), len(in.all()), n.Next)
	}
	var times []time.Time
	for i, a := range b.attempts() {
		times = append(times, a.Time)
		if a.Attempt != i+1 || a.Status != 500 || a.Operation != notify.UserPaid || a.Subject != subMchID+"/"+orderNo || a.Notification != n.ID ||
			!strings.HasSuffix(a.Target, "/never") || strings.Contains(a.Target, "http") || a.Next.IsZero() != (i == 15) {
			t.Errorf("entry %+v", a)
		}
	}
	checkSchedule(t, times, time.Second)
	first := in.all()[0]
	for _, a := range in.all()[1:] {
		if a.id != first.id || a.body == first.body || a.header.Get("Wechatpay-Nonce") == first.header.Get("Wechatpay-Nonce") {
			t.Error("a repeat has the same id, but is encrypted and signed anew")
		}
	}
	b.Advance(30 * 24 * time.Hour)
	if len(in.all()) != 16 {
		t.Error("one more after the last")
	}
}

func TestWhatCountsAsTaken(t *testing.T) {
	t.Parallel()
	elsewhere := newInbox(t, status(http.StatusOK))
	for name, c := range map[string]struct {
		taken  bool
		answer func(http.ResponseWriter, *http.Request, int)
	}{
		"200": {true, status(200)},
		"204": {true, status(204)},
		"200 FAIL": {true, func(w http.ResponseWriter, _ *http.Request, _ int) { // the status wins
			_, _ = io.WriteString(w, `{"code":"FAIL","message":"no"}`)
		}},
		"endless": {true, func(w http.ResponseWriter, r *http.Request, _ int) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}},
		"201": {false, status(201)},
		"202": {false, status(202)},
		"401": {false, status(401)},
		"500": {false, status(500)},
		"redirect": {false, func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}},
		"reset": {false, func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }},
		"hangs": {false, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }},
		"garbage": {false, func(w http.ResponseWriter, _ *http.Request, _ int) {
			conn, _, _ := must3(w.(http.Hijacker).Hijack())
			_, _ = conn.Write([]byte("\x00\x1b[31m" + strings.Repeat("A", 10_000) + "\r\n\r\n"))
			_ = conn.Close()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			patience := time.Minute // a machine under load is no receiver that fails
			if name == "hangs" {
				patience = time.Second
			}
			b.SetReceiverTimeout(patience)
			in := newInbox(t, c.answer)
			b.announce(in.URL, notify.UserPaid, paid)
			b.Advance(0)
			n := b.only()
			if n.Delivered != c.taken || n.Next.IsZero() != c.taken || len(n.Attempts) != 1 || name != "hangs" && len(in.all()) != 1 || (n.Attempts[0].Error == "") != c.taken {
				t.Errorf("delivered %t, next %s, %d attempts, %d arrived: %+v", n.Delivered, n.Next, len(n.Attempts), len(in.all()), n.Attempts)
			}
			if text := n.Attempts[0].Error; len(text) > 250 || strings.ContainsAny(text, "\x00\x1b\n") {
				t.Errorf("the reason is %q", text)
			}
		})
	}
	t.Cleanup(func() {
		if len(elsewhere.all()) != 0 {
			t.Error("a redirect was followed")
		}
	})
}

func must3[A, B any](a A, b B, err error) (A, B, error) {
	if err != nil {
		panic(err)
	}
	return a, b, nil
}

func TestHungReceiverHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.SetReceiverTimeout(time.Minute)
	hung := newInbox(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	for range 200 {
		b.announce(hung.URL, notify.UserPaid, paid)
	}
	arrived := make(chan struct{})
	good := newInbox(t, func(http.ResponseWriter, *http.Request, int) { close(arrived) })
	for deadline := time.Now().Add(time.Minute); len(hung.all()) < 32 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	b.announce(good.URL, notify.UserPaid, paid)
	select {
	case <-arrived:
	case <-time.After(time.Minute):
		t.Error("it waits for the other receiver")
	}
	if n := len(hung.all()); n != 32 {
		t.Errorf("%d at a time wait for one receiver", n)
	}
	begin := time.Now()
	b.ok(b.Sandbox.Close())
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %s to close", took)
	}
}

func TestUntidyTraffic(t *testing.T) {
	t.Parallel()
	t.Run("probe", func(t *testing.T) {
		t.Parallel()
		for _, answer := range []int{401, 200} { // who takes a probe gets the right one all the same
			b := newBox(t, sandbox.WithNotificationTraffic(sandbox.NotificationTraffic{Probes: 2}))
			in := newInbox(t, func(w http.ResponseWriter, r *http.Request, _ int) {
				if strings.HasPrefix(r.Header.Get("Wechatpay-Signature"), "WECHATPAY/SIGNTEST/") {
					w.WriteHeader(answer)
				}
			})
			b.announce(in.URL, notify.UserPaid, paid)
			b.announce(in.URL, notify.UserPaid, paid)
			b.Advance(0)
			all := b.Notifications()
			if !all[0].Delivered || all[1].Delivered || all[1].Attempts[0].Fault != "probe" || all[1].Attempts[0].Error == "" {
				t.Errorf("at first: %s", asJSON(all))
			}
			b.Advance(15 * time.Second)
			if all := b.Notifications(); !all[1].Delivered || len(all[1].Attempts) != 2 || len(in.all()) != 3 {
				t.Errorf("later: %s", asJSON(all))
			}
		}
	})
	t.Run("probes are refused by the receiver of this project", func(t *testing.T) {
		t.Parallel()
		b := newBox(t, sandbox.WithNotificationTraffic(sandbox.NotificationTraffic{Probes: 1}))
		called := 0
		receiver := must(notify.New(b.Verifier(), must(auth.NewAPIv3Key(b.Credentials().Account().APIv3Key())),
			func(context.Context, *notify.Event) error { called++; return nil }))
		server := httptest.NewServer(receiver)
		t.Cleanup(server.Close)
		b.announce(server.URL, notify.UserPaid, paid)
		b.Advance(0)
		if n := b.only(); called != 0 || n.Attempts[0].Status != http.StatusUnauthorized {
			t.Errorf("%d calls, %+v", called, n)
		}
		b.Advance(time.Minute)
		if n := b.only(); called != 1 || !n.Delivered {
			t.Errorf("%d calls, %+v", called, n)
		}
	})
	t.Run("duplicates and late ones", func(t *testing.T) {
		t.Parallel()
		b := newBox(t)
		in := newInbox(t, status(204))
		b.SetNotificationTraffic(sandbox.NotificationTraffic{Late: 2, Duplicates: 3})
		for range 3 {
			b.announce(in.URL, notify.UserPaid, paid)
			b.Advance(0)
		}
		b.Advance(20 * time.Second)
		b.Advance(48 * time.Hour)
		all := b.Notifications()
		var order []string
		for _, a := range in.all() {
			order = append(order, a.id)
		}
		if want := []string{all[0].ID, all[2].ID, all[2].ID, all[1].ID}; !slices.Equal(order, want) {
			t.Errorf("came as %v, want %v", order, want)
		}
	})
}

func TestResend(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	answer := 500
	in := newInbox(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(answer) })
	b.announce(in.URL, notify.UserPaid, paid)
	b.Advance(0)
	id, next := b.only().ID, b.only().Next
	if a, err := b.Resend(id, false); err != nil || a.Status != 500 || a.Error == "" || a.Fault != "resend" {
		t.Errorf("got %+v, %v", a, err)
	}
	if n := b.only(); !n.Next.Equal(next) || n.Tries != 1 || n.Delivered {
		t.Errorf("the schedule changed: %+v", n)
	}
	answer = 204
	if a, err := b.Resend(id, true); err != nil || a.Error == "" || b.only().Delivered {
		t.Errorf("a probe that was taken: %+v, %v", a, err)
	}
	if a, err := b.Resend(id, false); err != nil || a.Error != "" || !b.only().Delivered {
		t.Errorf("got %+v, %v", a, err)
	}
	b.Advance(48 * time.Hour)
	if n := len(in.all()); n != 4 {
		t.Errorf("%d arrived", n)
	}
	for range 100 {
		if _, err := b.Resend(id, false); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(b.only().Attempts); n != 64 {
		t.Errorf("%d attempts are kept", n)
	}
	if _, err := b.Resend("none", false); err == nil {
		t.Error("sent what is not there")
	}
}

func TestNotificationsStayOnThisMachine(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, to := range []string{"https://api.test.com", "http://10.0.0.1/a", "http://[2001:db8::1]:80", "http://0.0.0.0/", "http://127.0.0.1.example.com/", "ftp://localhost/", "localhost", "://", ""} {
		b.announce(to, notify.UserPaid, paid)
	}
	b.Advance(48 * time.Hour)
	all := b.Notifications()
	if len(all) != 8 {
		t.Fatalf("%d notifications", len(all))
	}
	for _, n := range all {
		if n.Delivered || !n.Next.IsZero() || len(n.Attempts) != 1 || !strings.HasPrefix(n.Attempts[0].Error, "not sent: ") {
			t.Errorf("%+v", n)
		}
	}
	if n := len(b.attempts()); n != 8 {
		t.Errorf("%d entries in the journal", n)
	}
	if open := newBox(t, sandbox.WithRemoteNotifications()); b.Remote() || !open.Remote() {
		t.Error("WithRemoteNotifications")
	}
}

// TestThousandOrdersWithNotifications runs a day of notifications in seconds,
// with receivers that fail at random, and some that never take anything.
func TestThousandOrdersWithNotifications(t *testing.T) {
	t.Parallel()
	const hopeless = 20
	total := size(100, 300, 1000)
	b := newBox(t, sandbox.WithTimeScale(50_000))
	dice := rand.New(rand.NewPCG(5, 6))
	var mu sync.Mutex
	in := newInbox(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		mu.Lock()
		fails := r.URL.Path == "/hopeless" || dice.IntN(100) < 35
		reset := dice.IntN(4) == 0
		mu.Unlock()
		switch {
		case fails && reset:
			panic(http.ErrAbortHandler)
		case fails:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	})
	for i := range total {
		path := "/"
		if i%(total/hopeless) == 0 {
			path = "/hopeless"
		}
		b.ok(b.Announce(fmt.Sprintf("%s/order_%04d", subMchID, i), in.URL+path, notify.UserPaid, paid))
	}
	pending := func() (n int) {
		for _, n2 := range b.Notifications() {
			if !n2.Next.IsZero() {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(2 * time.Minute); pending() > 0 && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	arrivals := map[string]int{}
	for _, a := range in.all() {
		arrivals[a.id]++
	}
	repeated := 0
	for _, n := range b.Notifications() {
		isHopeless := strings.HasSuffix(n.URL, "/hopeless")
		if n.Delivered == isHopeless || isHopeless && len(n.Attempts) != 16 || arrivals[n.ID] != len(n.Attempts) || len(n.Attempts) > 16 {
			t.Errorf("%s: delivered %t, %d attempts, %d arrived", n.Subject, n.Delivered, len(n.Attempts), arrivals[n.ID])
		}
		for i := 1; i < len(n.Attempts); i++ {
			repeated++
			// Nothing is early. How late it is depends on the machine.
			if wait := n.Attempts[i].Time.Sub(n.Attempts[i-1].Time); wait < documented[i-1]-time.Second {
				t.Errorf("%s: attempt %d came after %s", n.Subject, i+1, wait)
			}
		}
	}
	t.Logf("%d notifications, %d arrivals, %d repeats", total, len(in.all()), repeated)
	b.Advance(48 * time.Hour)
	if after := len(in.all()); after != total+repeated {
		t.Errorf("%d arrivals, want %d: one more after the last", after, total+repeated)
	}
}

func TestNotificationsOverTLS(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	in := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("came") }))
	in.TLS = &tls.Config{}
	in.Config.ErrorLog = nil
	in.StartTLS()
	t.Cleanup(in.Close)
	b.announce(in.URL, notify.UserPaid, paid)
	b.Advance(0)
	// As the real one, the sandbox goes by the authorities of the machine.
	if n := b.only(); n.Delivered || !strings.Contains(n.Attempts[0].Error, "certificate") {
		t.Errorf("%+v", n)
	}
}
