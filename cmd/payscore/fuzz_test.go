package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/examples"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// What is taken must go out as it came in: nothing added, dropped or changed.
func FuzzReadModify(f *testing.F) {
	f.Add(examples.Modify)
	for _, seed := range []string{
		"", "{}", "[]", "null", `{"a":`, `{"post_payments":[{"amount":1,"amount":2}]}`, "{\"reason\":\"\xff\"}", `{"reason":"\ud800"}`,
		`{"sub_mchid":"1","post_payments":[],"total_amount":-0,"reason":""}`, `{"sub_mchid":"1","post_payments":[{"name":"x"}],"total_amount":9223372036854775807,"reason":"\u0000"}`,
		strings.Repeat(`{"device":`, 40), strings.Repeat("[", 10_001), `{"":{"":{"":1}}}`, "\ufeff{}", "{} {}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := decodeModify("fuzz.json", raw)
		if err != nil {
			if text := oneLine(err.Error()); len(text) > 20_000 || !strings.HasPrefix(text, "fuzz.json: ") {
				t.Fatalf("%d bytes: %.200s", len(text), text)
			}
			return
		}
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeModify("again.json", encoded)
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, raw, encoded)
		}
		if !reflect.DeepEqual(normal(body), normal(again)) {
			t.Fatalf("%s\nbecame\n%s", raw, encoded)
		}
		var in, out any
		if json.Unmarshal(raw[bom(raw):], &in) != nil || json.Unmarshal(encoded, &out) != nil {
			t.Fatalf("not JSON:\n%s\n%s", raw, encoded)
		}
		if !reflect.DeepEqual(dropEmpty(in), dropEmpty(out)) {
			t.Fatalf("%s\nis sent as\n%s", raw, encoded)
		}
	})
}

func bom(raw []byte) int { return len(raw) - len(strings.TrimPrefix(string(raw), "\ufeff")) }

// normal makes empty lists and absent ones the same.
func normal(body payscore.ModifyPartnerServiceOrderRequest) payscore.ModifyPartnerServiceOrderRequest {
	if len(body.PostDiscounts) == 0 {
		body.PostDiscounts = nil
	}
	if len(body.PostPayments) == 0 {
		body.PostPayments = nil
	}
	return body
}

// dropEmpty leaves out empty lists, which the client does not send.
func dropEmpty(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	for name, value := range object {
		if list, ok := value.([]any); ok && len(list) == 0 {
			delete(object, name)
		}
	}
	return object
}
