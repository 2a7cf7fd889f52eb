package notify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/notify"
)

// Frameworks and gateways hand on headers with names in lower case.
func TestHeadersInLowerCase(t *testing.T) {
	body := envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 39900))
	lower := http.Header{}
	for name, values := range sign(body, time.Now()) {
		lower[strings.ToLower(name)] = values
	}
	event, err := notify.Parse(t.Context(), verifier(t), lower, body, aesKey(t, apiV3Key))
	if err != nil || event.Serial != publicKeyID {
		t.Fatal(event, err)
	}
	calls := 0
	if status, _ := receiver(t, counter(&calls)).Receive(t.Context(), lower, body); status != 204 || calls != 1 {
		t.Error(status, calls)
	}
}

// What middlewares of real programs do to a body, over the network.
func TestTheErrorSaysWhatAMiddlewareDid(t *testing.T) {
	body := envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 39900))
	decodesAndEncodes := func(read []byte) []byte {
		var value any
		_ = json.Unmarshal(read, &value)
		encoded, _ := json.Marshal(value)
		return encoded
	}
	for name, test := range map[string]struct {
		middleware func([]byte) []byte
		want       []auth.HintKind
	}{
		"reads it":                      {func([]byte) []byte { return nil }, []auth.HintKind{auth.HintEmptyBody}},
		"decodes and encodes it again":  {decodesAndEncodes, []auth.HintKind{auth.HintReencoded}},
		"keeps two fields of it":        {func([]byte) []byte { return []byte(`{"id":"x","summary":"MARKER"}`) }, []auth.HintKind{auth.HintLength}},
		"logs it with a line end":       {func(read []byte) []byte { return append(read, '\n') }, []auth.HintKind{auth.HintLength, auth.HintWhitespace}},
		"decodes it as another charset": {func(read []byte) []byte { return bytes.ReplaceAll(read, []byte("测试"), []byte("????")) }, []auth.HintKind{auth.HintLength, auth.HintReencoded}},
	} {
		t.Run(name, func(t *testing.T) {
			var failure error
			calls := 0
			r := receiver(t, counter(&calls), notify.WithErrorFunc(func(err error) { failure = err }))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				read, _ := io.ReadAll(req.Body)
				req.Body = io.NopCloser(bytes.NewReader(test.middleware(read)))
				r.ServeHTTP(w, req)
			}))
			defer server.Close()
			status, _, answer := post(t, server.URL, "POST", sign(body, time.Now()), bytes.NewReader(body))
			checkAnswer(t, status, answer)
			var signature *auth.SignatureError
			if status != 401 || calls != 0 || !errors.As(failure, &signature) {
				t.Fatal(status, calls, failure)
			}
			text := failure.Error()
			for i, hint := range auth.Hints(failure) {
				if i >= len(test.want) || hint.Kind != test.want[i] || !strings.Contains(text, hint.Text) {
					t.Errorf("%+v, want %v", hint, test.want)
				}
			}
			if len(signature.Hints) != len(test.want) || strings.Contains(text, "MARKER") || strings.Contains(text, "\n") {
				t.Errorf("%v, want %v", failure, test.want)
			}
		})
	}
}

func TestTheErrorSaysWhyItCannotBeDecrypted(t *testing.T) {
	for want, body := range map[string][]byte{
		"reset": envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 39900)),
		auth.HeaderNonce: bytes.Replace(envelope("EV-1", notify.UserPaid, order("N", "USER_PAID", 39900)),
			[]byte("0123456789ab"), []byte("5K8264ILTKCH16CQ2502SI8ZNMTM67VS"), 1),
	} {
		_, err := notify.Open(t.Context(), verifier(t), sign(body, time.Now()), body, aesKey(t, oldAPIv3Key))
		if !errors.As(err, new(*auth.DecryptError)) || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}
