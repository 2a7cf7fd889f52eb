package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/sandbox"
)

// arrived is a notification as it came from a sandbox.
type arrived struct {
	header http.Header
	body   []byte
}

// notified has a sandbox send a notification, and returns the directory of its keys.
func notified(t *testing.T) (dir string, got arrived) {
	t.Helper()
	h := newHost(t)
	came := make(chan arrived, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		came <- arrived{r.Header.Clone(), b.Bytes()}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(receiver.Close)
	if _, err := h.box.Seed("PAID1", 50000, sandbox.SeedNotifyURL(receiver.URL)); err != nil {
		t.Fatal(err)
	}
	if err := h.box.Move("user_pays", sandbox.MoveArgs{SubMchID: h.box.Credentials().Account().SubMchID, OutOrderNo: "PAID1"}); err != nil {
		t.Fatal(err)
	}
	select {
	case got = <-came:
	case <-time.After(time.Minute):
		t.Fatal("no notification")
	}
	return h.dir, got
}

// dump writes a message as curl -v or a proxy would.
func (a arrived) dump(prefix, end string) string {
	var b strings.Builder
	b.WriteString(prefix + "POST /notify HTTP/1.1" + end)
	for name, values := range a.header {
		b.WriteString(prefix + name + ": " + values[0] + end)
	}
	b.WriteString(strings.TrimSpace(prefix) + end)
	return b.String() + string(a.body)
}

func (a arrived) logged(t *testing.T, lower bool) string {
	t.Helper()
	header := map[string]any{}
	for name, values := range a.header {
		if lower {
			name = strings.ToLower(name)
		}
		header[name] = values
	}
	b, err := json.Marshal(map[string]any{"headers": header, "body": string(a.body)})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestExplainNotification(t *testing.T) {
	dir, good := notified(t)
	changed := func(change func(a *arrived)) arrived {
		a := arrived{good.header.Clone(), slices.Clone(good.body)}
		change(&a)
		return a
	}
	reencoded := changed(func(a *arrived) {
		var v any
		if err := json.Unmarshal(a.body, &v); err != nil {
			t.Fatal(err)
		}
		a.body, _ = json.Marshal(v)
	})
	for _, c := range []struct {
		name, text string
		code       int
		want       []string // on stdout
	}{
		{"a dump", good.dump("", "\r\n"), exitDone, []string{"The signature is right", "PAYSCORE.USER_PAID", "PAID1"}},
		{"a dump with line feeds", good.dump("", "\n"), exitDone, []string{"The signature is right"}},
		{"curl -v", good.dump("> ", "\n"), exitDone, []string{"The signature is right"}},
		{"a file that an editor ended", good.dump("", "\n") + "\n", exitDone, []string{"The signature is right", "not part of it"}},
		{"JSON", good.logged(t, false), exitDone, []string{"The signature is right"}},
		{"JSON in lower case", good.logged(t, true), exitDone, []string{"The signature is right"}},
		{"reencoded", reencoded.dump("", "\n"), exitFailed, []string{"does not verify", "Content-Length", "fix 处理"}},
		{"a BOM", changed(func(a *arrived) { a.body = append([]byte("\ufeff"), a.body...) }).dump("", "\n"), exitFailed, []string{"cause 原因"}},
		{"no body", changed(func(a *arrived) { a.body = nil }).dump("", "\n"), exitFailed, []string{"the body is empty"}},
		{"milliseconds", changed(func(a *arrived) { a.header["Wechatpay-Timestamp"][0] += "000" }).dump("", "\n"), exitFailed, []string{"timestamp in seconds"}},
		{"the serial of nobody", changed(func(a *arrived) { a.header["Wechatpay-Serial"][0] = "pub_key_id_1" }).dump("", "\n"), exitFailed, []string{"upper case"}},
		{"an old one", changed(func(a *arrived) { a.header["Wechatpay-Timestamp"][0] = "1700000000" }).dump("", "\n"), exitFailed, []string{"refuses it now"}},
		{"nothing", "", exitInput, nil},
		{"no headers", "{}", exitInput, nil},
		{"a body that is JSON", `{"headers":{"A":"b"},"body":{"id":1}}`, exitInput, nil},
		{"no header", "POST / HTTP/1.1\nwhat is this\n\n{}", exitInput, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := runArgs(t, "explain", "--notification", write(t, "message.txt", c.text), "--keys", dir)
			if r.code != c.code {
				t.Errorf("exit code %d, want %d: %s", r.code, c.code, r.err)
			}
			for _, want := range c.want {
				if !strings.Contains(strings.Join(strings.Fields(r.out), " "), want) {
					t.Errorf("lacks %q:\n%s", want, r.out)
				}
			}
			for _, secret := range []string{"openid", `"ciphertext"`, good.header.Get("Wechatpay-Signature")[:40]} {
				if strings.Contains(r.out+r.err, secret) {
					t.Errorf("shows %s", secret)
				}
			}
			if c.code == exitInput {
				return
			}
			r = runArgs(t, "explain", "--json", "--notification", write(t, "message.txt", c.text), "--keys", dir)
			var report notificationReport
			if err := json.Unmarshal([]byte(r.out), &report); err != nil || r.code != c.code || report.Verified != (c.code == exitDone) {
				t.Errorf("%d %+v %v", r.code, report, err)
			}
		})
	}
	for _, args := range [][]string{{}, {"271316754", "--notification", "x"}, {"--notification", filepath.Join(dir, "none"), "--keys", dir}} {
		if r := runArgs(t, append([]string{"explain"}, args...)...); r.code != exitInput {
			t.Errorf("%v: %d %s", args, r.code, r.err)
		}
	}
}

// Every kind of hint has a fix.
func TestFixesOfHints(t *testing.T) {
	for _, kind := range []auth.HintKind{
		auth.HintHeaders, auth.HintTime, auth.HintSwapped, auth.HintSignature, auth.HintSerial, auth.HintKeyKind, auth.HintKeyID, auth.HintOwnKey,
		auth.HintEmptyBody, auth.HintLength, auth.HintReencoded, auth.HintTransformed, auth.HintWhitespace, auth.HintCharset,
	} {
		if fix := fixes[kind]; fix.EN == "" || fix.ZH == "" {
			t.Errorf("%s has no fix", kind)
		}
	}
}

func TestExplainOperation(t *testing.T) {
	for _, arg := range []string{"modifyPartnerServiceOrder", "ModifyPartnerServiceOrder", "/v3/payscore/partner/serviceorder/{out_order_no}/modify", "post /v3/payscore/partner/serviceorder/{out_order_no}/modify"} {
		r := runArgs(t, "explain", arg)
		for _, want := range []string{"modifyPartnerServiceOrder", "4012692360", "ORDER_NOT_EXIST", "refused"} {
			if r.code != exitDone || !strings.Contains(r.out, want) {
				t.Errorf("%s: %d lacks %q:\n%s%s", arg, r.code, want, r.out, r.err)
			}
		}
	}
	r := runArgs(t, "explain", "--json", "modifyPartnerServiceOrder")
	var report operationReport
	if err := json.Unmarshal([]byte(r.out), &report); err != nil || len(report.Codes) == 0 || report.Method != http.MethodPost {
		t.Errorf("%+v %v", report, err)
	}
	if r := runArgs(t, "explain", "modifyOrder"); r.code == exitDone || !strings.Contains(r.err, "operations") {
		t.Errorf("%d %s", r.code, r.err)
	}
}

func FuzzReadMessage(f *testing.F) {
	for _, seed := range []string{
		"POST / HTTP/1.1\r\nA: b\r\n\r\n{}", "A: b\n\n", "> A: b\n>\n{}", `{"headers":{"a":["b"]},"body":"{}"}`, `{"headers":[["a","b"]],"body_base64":"e30="}`, "\ufeff", "A:b",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := readMessage("file", raw)
		if err != nil && strings.ContainsAny(fmt.Sprint(err), "\r\n") {
			t.Errorf("%q", err)
		}
		if err == nil && len(m.header) == 0 {
			t.Error("no headers and no error")
		}
	})
}
