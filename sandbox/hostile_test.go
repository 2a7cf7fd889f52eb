package sandbox_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/internal/hostiletext"
	"github.com/wxpayscore/payscore/sandbox"
)

// A journal may be shown by a terminal as it grows, and it has what anybody sends.
func TestJournalIsHarmless(t *testing.T) {
	for _, text := range hostiletext.Texts {
		var out bytes.Buffer
		box, err := sandbox.Open(sandbox.WithJournal(&out))
		if err != nil {
			t.Fatal(err)
		}
		body := strings.ToValidUTF8(text, "\ufffd")
		req := httptest.NewRequest(http.MethodPost, "/v3/payscore/partner/serviceorder/x/modify", strings.NewReader(body))
		req.URL.Path, req.URL.RawPath = "/v3/"+text, ""
		req.RequestURI = "/v3/" + url.PathEscape(text)
		req.Header["Authorization"], req.Header["User-Agent"] = []string{text}, []string{text}
		box.ServeHTTP(httptest.NewRecorder(), req)
		if err := box.Close(); err != nil {
			t.Fatal(err)
		}
		if err := hostiletext.Check(out.String()); err != nil {
			t.Error(err)
		}
		var entry sandbox.Entry
		if err := json.Unmarshal(out.Bytes(), &entry); err != nil || len(text) < 1000 && entry.Request != body {
			t.Errorf("the journal has the body %.100q, not %.100q: %v", entry.Request, body, err)
		}
	}
}
