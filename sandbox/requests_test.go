package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// The journal tells of each request what it was about and what became of it.
func TestRequestsAreJournaled(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	b := newBox(t, sandbox.WithJournal(&lines))
	const no = "A|B"
	subject := subMchID + "/" + no
	b.create(noConfirm(no))
	b.ok(b.client.CompletePartnerServiceOrder(t.Context(), no, completion(50000)))
	b.ok(b.modify(no, 39900))
	if err := b.modify(no, 50000); err == nil {
		t.Fatal("raised")
	}
	b.query(no)
	_, _ = b.client.QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: new("none")})
	b.send("GET", "/v3/none?sub_mchid=1", "")
	off := b.Fault("reset-after")
	_ = b.client.ModifyPartnerServiceOrder(t.Context(), no, modification(39800))
	off()

	type line struct {
		operation, method, subject, stage string
		status                            int
		code                              string
		number                            int64
		fault                             string
	}
	want := []line{
		{"createPartnerServiceOrder", "POST", subject, "USER_CONFIRM", 200, "", 0, ""},
		{"completePartnerServiceOrder", "POST", subject, "USER_PAYING", 204, "", 0, ""},
		{"modifyPartnerServiceOrder", "POST", subject, "USER_PAYING", 204, "", 0, ""},
		{"modifyPartnerServiceOrder", "POST", subject, "USER_PAYING", 400, "PARAM_ERROR", 268435464, ""},
		{"queryPartnerServiceOrder", "GET", subject, "USER_PAYING", 200, "", 0, ""},
		{"queryPartnerServiceOrder", "GET", subMchID + "/none", "", 404, "ORDER_NOT_EXIST", 271317510, ""},
		{"", "GET", "", "", 404, "RESOURCE_NOT_EXISTS", 0, ""},
	}
	got := b.Requests("")
	for i, w := range want {
		e := got[i]
		if (line{e.Operation, e.Method, e.Subject, e.Stage, e.Status, e.Code, e.Number, e.Fault}) != w {
			t.Errorf("%+v\nwant %+v", e, w)
		}
		if e.Kind != "request" || e.RequestID == "" || e.Duration <= 0 || e.Time.IsZero() || e.Seq == 0 || (e.Message == "") != (e.Code == "") ||
			(e.Request != "") != (e.Method == "POST") || (e.Answer == "") != (e.Status == 204) || e.Signature != nil {
			t.Errorf("%+v", e)
		}
	}
	for _, e := range got[len(want):] {
		if e.Fault != "reset-after" || e.Status != 0 || e.RequestID != "" || e.Answer != "" || e.Stage != "USER_PAYING" {
			t.Errorf("%+v", e)
		}
	}
	if e := got[3]; !strings.Contains(e.Request, `"total_amount":50000`) || !strings.Contains(e.Answer, "PARAM_ERROR") ||
		e.Target != orders+"/A%7CB/modify" {
		t.Errorf("%+v", e)
	}
	if len(b.Requests("queryPartnerServiceOrder")) != 2 {
		t.Error("not by operation")
	}
	if text := lines.String(); strings.Contains(text, "WECHATPAY2") || strings.Contains(text, "signature=") || strings.Count(text, "\n") != len(b.Journal()) {
		t.Errorf("journal:\n%s", text)
	}
	for raw := range strings.Lines(lines.String()) {
		var e sandbox.Entry
		if err := json.Unmarshal([]byte(raw), &e); err != nil {
			t.Error(err)
		}
	}
}

// However large the bodies are, the journal stays within its bounds.
func TestTheJournalIsBounded(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.seed(orderNo, 50000)
	body := padded(1 << 20)
	for range 2 {
		b.send("POST", modifyTarget, body)
	}
	e := b.Requests("")[0]
	if len(e.Request) > 8<<10 || len(e.Request) < 7<<10 || !strings.HasPrefix(body, e.Request) || e.RequestLeftOut != len(body)-len(e.Request) {
		t.Errorf("%d bytes of the body, %d left out", len(e.Request), e.RequestLeftOut)
	}
	b.send("POST", modifyTarget, strings.Repeat("\xff", 100))
	if e := b.Requests("")[2]; e.Request != "" || e.RequestLeftOut != 100 {
		t.Errorf("%q is text, %d left out", e.Request, e.RequestLeftOut)
	}
	rec := httptestBody(b, strings.Repeat("x", 12<<10))
	for range 5000 {
		rec()
	}
	total, all := 0, b.Journal()
	for i, e := range all {
		kept := len(e.Request) + len(e.Answer)
		if e.Signature != nil {
			kept += len(e.Signature.Expected) + len(e.Signature.Signed)
		}
		if total += kept; kept > 32<<10 {
			t.Fatalf("entry %d keeps %d bytes", e.Seq, kept)
		}
		if i > 0 && e.Seq != all[i-1].Seq+1 {
			t.Fatalf("%d follows %d", e.Seq, all[i-1].Seq)
		}
	}
	if total > 64<<20 || total < 32<<20 || all[len(all)-1].Seq < 5000 {
		t.Errorf("%d bytes in %d entries", total, len(all))
	}
}

// httptestBody sends a body without a signature, over no network.
func httptestBody(b *box, body string) func() {
	return func() {
		req := b.unsigned(http.MethodPost, modifyTarget, body)
		req.RequestURI = modifyTarget
		req.Header.Set("User-Agent", "test")
		b.ServeHTTP(&discard{header: http.Header{}}, req)
	}
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }

// failing is a testing.TB that only takes notes.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Helper()                           {}
func (f *failing) Errorf(format string, args ...any) { f.said += fmt.Sprintf(format, args...) }

func TestWantRequests(t *testing.T) {
	t.Parallel()
	f := &failing{TB: t}
	server := sandbox.New(f)
	if server.WantRequests("", 0); f.said != "" {
		t.Error(f.said)
	}
	_, _ = server.Client().QueryPartnerServiceOrder(t.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: new("none")})
	if got := server.WantRequests("queryPartnerServiceOrder", 2); len(got) != 1 || !strings.Contains(f.said, "404 ORDER_NOT_EXIST") {
		t.Errorf("%d entries: %s", len(got), f.said)
	}
	if e := server.Requests("")[0]; time.Since(e.Time) > time.Minute {
		t.Error(e.Time)
	}
}
