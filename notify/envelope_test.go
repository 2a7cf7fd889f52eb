package notify

import (
	"encoding/json"
	"testing"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// checkEnvelope compares what is read of a body with what encoding/json makes
// of it.
func checkEnvelope(t *testing.T, body []byte) {
	t.Helper()
	got, err := readEnvelope(body)
	var n payscore.Notification
	if wantErr := json.Unmarshal(body, &n); wantErr != nil {
		if err == nil {
			t.Fatalf("read %q, of which encoding/json says: %v", body, wantErr)
		}
		return
	}
	if err != nil {
		if err.Error() != "null" {
			t.Fatalf("%q: %v", body, err)
		}
		return
	}
	var summary, associated string
	if n.Summary != nil {
		summary = *n.Summary
	}
	if n.Resource.AssociatedData != nil {
		associated = *n.Resource.AssociatedData
	}
	for field, pair := range map[string][2]string{
		"id":                       {got.id, n.ID},
		"event_type":               {got.eventType, n.EventType},
		"summary":                  {got.summary, summary},
		"create_time":              {string(got.createTime), n.CreateTime},
		"resource.algorithm":       {string(got.algorithm), string(n.Resource.Algorithm)},
		"resource.nonce":           {string(got.nonce), n.Resource.Nonce},
		"resource.associated_data": {string(got.associatedData), associated},
		"resource.ciphertext":      {string(got.ciphertext), n.Resource.Ciphertext},
	} {
		if pair[0] != pair[1] {
			t.Fatalf("%s is %q, want %q, in %q", field, pair[0], pair[1], body)
		}
	}
}

var bodies = []string{
	`{"id":"EV-1","create_time":"2015-05-20T13:29:35+08:00","resource_type":"encrypt-resource","event_type":"PAYSCORE.USER_PAID","summary":"支付成功","resource":{"original_type":"payscore","algorithm":"AEAD_AES_256_GCM","ciphertext":"AAAA","associated_data":"payscore","nonce":"0123456789ab"}}`,
	` { "event_type" : "x" , "id" : "y" , "new" : [ { } ] } `,
	`{"summary":null,"resource":{"associated_data":null,"new":1}}`,
	`{"resource":null}`, `{"resource":{}}`, `{"resource":{"nonce":"1"},"resource":{"algorithm":"2"}}`,
	`{"summary":"\u4e00","resource":{"ciphertext":"A\/A=\n"}}`,
	`{"ID":"1","id":"2"}`, `{"id":"1","ID":"2"}`, `{"resource":{"NONCE":"1"}}`,
	`{"id":1}`, `{"create_time":1}`, `{"resource_type":1}`, `{"resource":[]}`, `{"resource":{"original_type":1}}`, `{"resource":{"ciphertext":1}}`,
	`null`, `[]`, ``, `{"id":"1"`, `{"id":"1"}}`, "{\"id\":\"\xff\"}",
}

func TestEnvelopeIsANotification(t *testing.T) {
	for _, body := range bodies {
		checkEnvelope(t, []byte(body))
	}
	if _, ok := readPlainEnvelope([]byte(bodies[0])); !ok {
		t.Error("a notification as WeChat Pay sends it goes the long way")
	}
}

func FuzzEnvelope(f *testing.F) {
	for _, body := range bodies {
		f.Add([]byte(body))
	}
	f.Fuzz(checkEnvelope)
}
