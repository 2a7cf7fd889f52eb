package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wxpayscore/payscore/internal/hostiletext"
)

// wantHarmless runs a command and checks what it prints.
func wantHarmless(t *testing.T, in string, args ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	run(t.Context(), args, strings.NewReader(in), &stdout, &stderr) // no log of it, some texts are long
	for _, out := range []string{stdout.String(), stderr.String()} {
		if err := hostiletext.Check(out); err != nil {
			t.Errorf("%.80q: %v", args, err)
		}
	}
	if args[0] == "--json" {
		for _, out := range []string{stdout.String(), stderr.String()} {
			if out != "" && !json.Valid([]byte(out)) {
				t.Errorf("%.80q: no JSON: %.200q", args, out)
			}
		}
	}
}

// No text of a server, a file or an argument drives the terminal or the CI
// system that shows it. PAYSCORE_HOSTILE=all prints each text in each place in
// both formats; make hostile sets it.
func TestHostileTexts(t *testing.T) {
	every := 4
	switch {
	case os.Getenv("PAYSCORE_HOSTILE") == "all":
		every = 1
	case testing.Short():
		every = 12
	}
	h := newHost(t)
	body := filepath.Join(t.TempDir(), "body.json")
	connection := []string{"--mchid", h.account.MchID, "--serial-no", h.account.SerialNo, "--key-file", h.file("apiclient_key.pem")}
	n := 0
	for _, text := range hostiletext.Texts {
		answer, err := json.Marshal(map[string]any{
			"code": "SIGN_ERROR", "status": 401, "message": text, "request_id": text,
			"detail": map[string]any{"field": text, "issue": text, "location": text, "value": text,
				"sign_information": map[string]any{"method": text, "url": text, "truncated_sign_message": text, "sign_message_length": 5}},
		})
		if err != nil {
			t.Fatal(err)
		}
		unknown, err := json.Marshal(map[string]any{"code": text, "message": text})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(body, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		explain := []string{"explain", "-", "--signed", body}
		recorded, err := json.Marshal(map[string]any{"headers": map[string]string{"Wechatpay-Timestamp": "1750001000", "Wechatpay-Nonce": "n",
			"Wechatpay-Serial": text, "Wechatpay-Signature": text, text: text}, "body": text})
		if err != nil {
			t.Fatal(err)
		}
		places := []struct {
			in   string
			args []string
		}{
			{string(answer), explain}, {string(unknown), explain}, {text, explain}, {"", []string{"explain", text}},
			{"", []string{"query", text, "--keys", h.dir}}, {"", []string{"query", "1", "--keys", text}},
			{"", []string{"query", "1", "--config", body}}, {"", []string{"query", "1", "--keys", h.dir, "--sub-mchid", text}},
			{"", []string{"modify", seedOutOrderNo, "--keys", h.dir, "--body", body}},
			{"", []string{"cancel", seedOutOrderNo, "--keys", h.dir, "--reason", text, "--base-url", text}},
			{"", append([]string{"sign", "POST", "/v3/x", "-b", body}, connection...)},
			{"", append([]string{"sign", text, text, "--nonce", text}, connection...)},
			{"", []string{"sandbox", "--addr", text, "--keys", t.TempDir()}},
			{"", []string{"sandbox", "--addr", "127.0.0.1:0", "--keys", h.dir, "--scenario", body, "--journal", "/none/" + text}},
			{"", []string{text}}, {"", []string{"--" + text}},
			{string(recorded), []string{"explain", "--notification", "-", "--keys", h.dir}}, {text, []string{"explain", "--notification", "-", "--keys", h.dir}},
		}
		for i, place := range places {
			for j, args := range [][]string{place.args, append([]string{"--json"}, place.args...)} {
				if (n+i+j)%every == 0 {
					wantHarmless(t, place.in, args...)
				}
			}
		}
		n++
	}
}

// An answer that bears no signature is quoted in an error all the same.
func TestHostileAnswers(t *testing.T) {
	h := newHost(t)
	var text atomic.Value
	h.spoil = func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			text := text.Load().(string)
			body, _ := json.Marshal(map[string]any{"code": text, "message": text})
			w.Header()["Request-Id"] = []string{text[:min(len(text), 1000)] + "-5"} // what no header may bear, net/http makes a blank of
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write(body)
		})
	}
	for _, s := range sample(hostiletext.Texts) {
		text.Store(s)
		wantHarmless(t, "", "query", seedOutOrderNo, "--keys", h.dir)
		wantHarmless(t, "", "--json", "doctor", "--keys", h.dir)
	}
}
