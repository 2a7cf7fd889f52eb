package sandbox_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// adminSpec routes requests by the file itself, not by what was generated.
var adminSpec = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "api", "sandbox.yaml"))
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(openapi3.NewLoader().Context); err != nil {
		return nil, err
	}
	doc.Servers = nil
	return legacy.NewRouter(doc)
})

// admin makes a request of the admin side, holds the answer against
// api/sandbox.yaml and decodes it.
func admin(t *testing.T, box *sandbox.Server, method, path, body string, status int) map[string]any {
	t.Helper()
	r, err := http.NewRequest(method, box.URL+"/_sandbox/api/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", contentJSON)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if response.StatusCode != status {
		t.Fatalf("%s %s: %d, not %d: %s", method, path, response.StatusCode, status, answer)
	}
	router, err := adminSpec()
	if err != nil {
		t.Fatal(err)
	}
	if route, params, err := router.FindRoute(r); err == nil {
		input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}
		err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: response.StatusCode, Header: response.Header,
			Body: io.NopCloser(bytes.NewReader(answer)), Options: &openapi3filter.Options{IncludeResponseStatus: true},
		})
		if err != nil {
			t.Errorf("%s %s: %v", method, path, err)
		}
	} else if status < 400 {
		t.Errorf("%s %s is not in api/sandbox.yaml", method, path)
	}
	for _, secret := range []string{box.Credentials().Account().APIv3Key(), "PRIVATE KEY"} {
		if bytes.Contains(answer, []byte(secret)) {
			t.Errorf("%s %s answers a secret", method, path)
		}
	}
	var decoded map[string]any
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &decoded); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return decoded
}

// at picks a value out of decoded JSON: names and indexes.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			all, _ := v.([]any)
			if step >= len(all) {
				return nil
			}
			v = all[step]
		}
	}
	return v
}

func TestAdminOrderLife(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	if got := admin(t, box, "GET", "orders", "", 200); at(got, "total") != 0.0 || len(at(got, "orders").([]any)) != 0 {
		t.Errorf("a new sandbox has %v", got)
	}
	made := admin(t, box, "POST", "orders", `{"out_order_no":"ADMIN1","total_amount":50000}`, 201)
	if at(made, "order", "stage") != "USER_PAYING" || at(made, "order", "total_amount") != 50000.0 || at(made, "subject") != "1900000109/ADMIN1" {
		t.Errorf("seeded %v", at(made, "order"))
	}
	if e, ok := entity(box, "1900000109", "ADMIN1"); !ok || *e.TotalAmount != 50000 {
		t.Errorf("Go sees %v", e.OutOrderNo)
	}
	paid := admin(t, box, "POST", "moves", `{"name":"user_pays","sub_mchid":"1900000109","out_order_no":"ADMIN1"}`, 200)
	if at(paid, "order", "stage") != "DONE" || at(paid, "order", "paid_amount") != 50000.0 || len(at(paid, "moves").([]any)) != 0 {
		t.Errorf("paid: %v", at(paid, "order"))
	}
	if at(paid, "timeline", 0, "operation") != "user_pays" {
		t.Errorf("timeline: %v", at(paid, "timeline"))
	}
	if again := admin(t, box, "POST", "moves", `{"name":"user_pays","sub_mchid":"1900000109","out_order_no":"ADMIN1"}`, 409); at(again, "code") != "CONFLICT" {
		t.Errorf("paid twice: %v", again)
	}
	for path, status := range map[string]int{
		"order?out_order_no=ADMIN1":                       404, // of no sub-merchant
		"order?sub_mchid=1900000109&out_order_no=ADMIN1":  200,
		"order?sub_mchid=1900000109":                      400,
		"orders?stage=PAID":                               400,
		"orders?limit=0":                                  400,
		"orders?limit=many":                               400,
		"orders?limit=501":                                400,
		"journal?since=-1":                                400,
		"nothing":                                         404,
		"order?out_order_no=" + strings.Repeat("1", 33):   400,
		"orders?search=" + url.QueryEscape("XX充电宝") + "&": 200,
	} {
		admin(t, box, "GET", path, "", status)
	}
	for body, status := range map[string]int{
		`{"out_order_no":"ADMIN1","total_amount":1}`:              400, // taken
		`{"out_order_no":"A/B","total_amount":1}`:                 400,
		`{"out_order_no":"ADMIN2","total_amount":0}`:              400,
		`{"out_order_no":"ADMIN2","total_amount":1.5}`:            400,
		`{"out_order_no":"ADMIN2","total_amount":1e99}`:           400,
		`{"out_order_no":"ADMIN2","total_amount":"1"}`:            400,
		`{"out_order_no":"ADMIN2","total_amount":1,"price":1}`:    400,
		`{"out_order_no":"ADMIN2","total_amount":1,"stage":"NO"}`: 400,
		`{"out_order_no":"ADMIN2"} {}`:                            400,
		`[]`:                                                      400,
		``:                                                        400,
		`{`:                                                       400,
	} {
		admin(t, box, "POST", "orders", body, status)
	}
	for body, status := range map[string]int{
		`{"name":"user_pays","out_order_no":"NONE"}`:                                         404,
		`{"name":"teleport","sub_mchid":"1900000109","out_order_no":"ADMIN1"}`:               409,
		`{"name":"user_pays","sub_mchid":"1900000109","out_order_no":"ADMIN1","seconds":-1}`: 400,
	} {
		admin(t, box, "POST", "moves", body, status)
	}
}

func TestAdminListsOrdersInPages(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	box := sandbox.New(t, sandbox.WithClock(func() time.Time { mu.Lock(); defer mu.Unlock(); return now }))
	for i := range 25 {
		if _, err := box.Seed(fmt.Sprintf("PAGE%02d", i), 100); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		now = now.Add(time.Second)
		mu.Unlock()
	}
	var all []string
	for offset := 0; offset < 30; offset += 10 {
		page := admin(t, box, "GET", fmt.Sprintf("orders?limit=10&offset=%d", offset), "", 200)
		if at(page, "total") != 25.0 {
			t.Errorf("total %v", at(page, "total"))
		}
		for _, o := range at(page, "orders").([]any) {
			all = append(all, at(o, "out_order_no").(string))
		}
	}
	if len(all) != 25 || all[0] != "PAGE24" || all[24] != "PAGE00" {
		t.Errorf("pages: %v", all)
	}
	if found := admin(t, box, "GET", "orders?search=page07", "", 200); at(found, "total") != 1.0 || at(found, "orders", 0, "out_order_no") != "PAGE07" {
		t.Errorf("found %v", found)
	}
	if found := admin(t, box, "GET", "orders?stage=DONE", "", 200); at(found, "total") != 0.0 {
		t.Errorf("done: %v", found)
	}
	if beyond := admin(t, box, "GET", "orders?offset=1000", "", 200); len(at(beyond, "orders").([]any)) != 0 {
		t.Errorf("beyond: %v", beyond)
	}
}

func TestAdminAccountHasNoKeys(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	got := admin(t, box, "GET", "account", "", 200)
	want := box.Credentials().Account()
	if at(got, "mchid") != want.MchID || at(got, "serial_no") != want.SerialNo || at(got, "base_url") != box.URL {
		t.Errorf("account %v", got)
	}
	dir := t.TempDir()
	if err := box.Credentials().Save(dir); err != nil {
		t.Fatal(err)
	}
	for _, f := range at(got, "files").([]any) {
		info, err := os.Stat(filepath.Join(dir, at(f, "name").(string)))
		if err != nil {
			t.Error(err)
			continue
		}
		if secret := info.Mode().Perm() == 0o600; secret != at(f, "secret").(bool) {
			t.Errorf("%v: mode %v", f, info.Mode())
		}
	}
}

func TestAdminMovesTime(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	before := box.Now()
	got := admin(t, box, "POST", "clock/advance", `{"seconds":2592000}`, 200)
	now, err := time.Parse(time.RFC3339Nano, at(got, "now").(string))
	if err != nil || now.Sub(before) < 30*24*time.Hour || now.Sub(before) > 30*24*time.Hour+time.Minute {
		t.Errorf("moved on by %v: %v", now.Sub(before), err)
	}
	wall, err := time.Parse(time.RFC3339Nano, at(got, "wall").(string))
	if err != nil || time.Since(wall) > time.Minute {
		t.Errorf("the wall clock moved, too: %v", at(got, "wall"))
	}
	for _, body := range []string{`{"seconds":0}`, `{"seconds":-5}`, `{"seconds":31536001}`, `{}`, `{"seconds":9223372036854775807}`} {
		admin(t, box, "POST", "clock/advance", body, 400)
	}
}

func TestAdminReset(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	first, err := box.Seed("RESET1", 100)
	if err != nil {
		t.Fatal(err)
	}
	seq := at(admin(t, box, "GET", "journal", "", 200), "seq").(float64)
	admin(t, box, "POST", "reset", `{}`, 204)
	if got := admin(t, box, "GET", "orders", "", 200); at(got, "total") != 0.0 {
		t.Errorf("left: %v", got)
	}
	journal := admin(t, box, "GET", "journal", "", 200)
	if entries := at(journal, "entries").([]any); len(entries) != 1 || at(entries[0], "kind") != "reset" || at(journal, "seq").(float64) <= seq {
		t.Errorf("journal: %v", journal)
	}
	again, err := box.Seed("RESET1", 100)
	if err != nil {
		t.Fatal(err)
	}
	if *again.OrderID == *first.OrderID {
		t.Error("a number came twice")
	}
}

// events reads a stream until it has n entries.
func events(t *testing.T, box *sandbox.Server, lastID string, n int, during func()) (ids, kinds []string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", box.URL+"/_sandbox/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("content type %q", got)
	}
	if during != nil {
		during()
	}
	lines := bufio.NewScanner(response.Body)
	for len(kinds) < n && lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			ids = append(ids, id)
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			var entry map[string]any
			if err := json.Unmarshal([]byte(data), &entry); err != nil {
				t.Fatalf("%v in %q", err, data)
			}
			if at(entry, "request") != nil || at(entry, "answer") != nil {
				t.Errorf("a body in the stream: %v", entry)
			}
			kinds = append(kinds, at(entry, "kind").(string))
		}
	}
	return ids, kinds
}

func TestAdminStreamsTheJournal(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	ids, kinds := events(t, box, "", 2, func() {
		box.Advance(time.Second)
		box.Advance(time.Second)
	})
	if fmt.Sprint(ids, kinds) != "[1 2] [clock clock]" {
		t.Errorf("streamed %v %v", ids, kinds)
	}
	box.Advance(time.Second)
	// Who comes back has missed nothing.
	if ids, _ := events(t, box, "1", 2, nil); fmt.Sprint(ids) != "[2 3]" {
		t.Errorf("after 1 came %v", ids)
	}
}

// A stream that hangs must not keep the sandbox from ending.
func TestAdminStreamEndsWithTheSandbox(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	response, err := http.Get(box.URL + "/_sandbox/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Errorf("the stream broke off: %v", err)
	}
}

func TestAdminBoundsStreams(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	busy := 0
	for range 70 {
		response, err := http.Get(box.URL + "/_sandbox/api/events")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode == http.StatusServiceUnavailable {
			busy++
		}
	}
	if busy != 6 {
		t.Errorf("%d of 70 were refused", busy)
	}
}

// What the API itself did is in the order's life.
func TestAdminTimelineHasRequests(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	if _, err := box.Seed("LIFE1", 50000); err != nil {
		t.Fatal(err)
	}
	err := box.Client().ModifyPartnerServiceOrder(t.Context(), "LIFE1", payscore.ModifyPartnerServiceOrderRequest{
		SubMchID: "1900000109", PostPayments: []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(39900))}}, TotalAmount: 39900, Reason: "用户投诉",
	})
	if err != nil {
		t.Fatal(err)
	}
	life := admin(t, box, "GET", "order?sub_mchid=1900000109&out_order_no=LIFE1", "", 200)
	if at(life, "order", "total_amount") != 39900.0 {
		t.Errorf("order: %v", at(life, "order"))
	}
	entry := at(life, "timeline", 0)
	if at(entry, "operation") != "modifyPartnerServiceOrder" || at(entry, "status") != 204.0 || !strings.Contains(fmt.Sprint(at(entry, "request")), "用户投诉") {
		t.Errorf("timeline: %v", entry)
	}
}

func FuzzAdmin(f *testing.F) {
	for _, body := range []string{`{"out_order_no":"F","total_amount":1}`, `{"name":"confirm","out_order_no":"F"}`, `{"seconds":1}`, `{"method":"GET","target":"http://[::1","authorization":"x"}`, "{}", "null", "[[[["} {
		for _, path := range []string{"orders", "moves", "faults", "clock/advance", "signature/explain", "other-moves", "reset"} {
			f.Add("POST", path, body)
		}
	}
	f.Add("GET", "order?sub_mchid=%00&out_order_no=%ff", "")
	f.Add("DELETE", "faults/%2e%2e", "")
	box, err := sandbox.Open()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		if strings.Contains(path, "events") {
			return // it does not end
		}
		r, err := http.NewRequest(method, "http://127.0.0.1/_sandbox/api/"+path, strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("Content-Type", contentJSON)
		w := newRecorder()
		box.ServeHTTP(w, r)
		if w.status >= 500 {
			t.Errorf("%s %q %q: %d", method, path, body, w.status)
		}
	})
}

type recorder struct {
	header http.Header
	status int
}

func newRecorder() *recorder                    { return &recorder{header: http.Header{}, status: 200} }
func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }

// A reader that comes back to a sandbox that was started again, such as the
// console in an open tab, has a number that this journal has not reached.
func TestJournalAfterANumberThatIsAhead(t *testing.T) {
	t.Parallel()
	box := sandbox.New(t)
	box.Advance(time.Second)
	for _, since := range []string{"2", "99999", "9223372036854775807"} {
		if page := admin(t, box, "GET", "journal?since="+since, "", 200); len(at(page, "entries").([]any)) != 0 || at(page, "seq") != 1.0 {
			t.Errorf("since %s: %v", since, page)
		}
	}
	if ids, _ := events(t, box, "99999", 1, func() { box.Advance(time.Second) }); fmt.Sprint(ids) != "[2]" {
		t.Errorf("after 99999 came %v", ids)
	}
}
