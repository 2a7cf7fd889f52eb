package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// A second sandbox with the keys of one that runs would lead its clients away.
func TestServedElsewhere(t *testing.T) {
	h := newHost(t) // runs, and its directory names it
	if other := servedElsewhere(h.dir, "http://127.0.0.1:1"); other != h.url {
		t.Errorf("%q, want %s", other, h.url)
	}
	if other := servedElsewhere(h.dir, h.url); other != "" {
		t.Errorf("itself: %q", other)
	}
	if other := servedElsewhere(t.TempDir(), h.url); other != "" {
		t.Errorf("no file: %q", other)
	}
}

// The reason that a refusal has in its detail is told, and not the value.
func TestDetailOfARefusal(t *testing.T) {
	h := newHost(t)
	r := h.modify(t, example(t, "39900", "40000"))
	if !strings.Contains(r.err, "; /total_amount is not the payments less the discounts") || strings.Count(r.err, "\n") != 2 { // with a warning
		t.Error(r.err)
	}
	r = runArgs(t, "modify", seedOutOrderNo, "--json", "--keys", h.dir, "--body", write(t, "modify.json", example(t, "39900", "40000")))
	var report struct {
		Detail *detailReport `json:"detail"`
	}
	if err := json.Unmarshal([]byte(r.err), &report); err != nil || report.Detail == nil || report.Detail.Field != "/total_amount" || report.Detail.Value != "" {
		t.Errorf("%s: %+v %v", r.err, report.Detail, err)
	}
}
