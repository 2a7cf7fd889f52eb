package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/sandbox"
)

// Whatever happens, no key, APIv3 key, signature or password is printed.
func TestNoSecrets(t *testing.T) {
	h := newHost(t)
	spoiled := newHost(t)
	spoiled.modify(t, example(t)).wantCode(t, exitDone) // so that the order does not tell what becomes of another one
	spoiled.spoil = onModify(func(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
		answer.Header().Set(auth.HeaderSignature, flip(answer.Header().Get(auth.HeaderSignature)))
		pass(w, answer)
	})
	body := write(t, "b.json", example(t))
	modify := []string{"modify", seedOutOrderNo, "--body", write(t, "m.json", example(t, "用户投诉", "MARKER"))}
	key := h.file(sandbox.MerchantKeyFile)
	password := "hunter2hunter2"
	withPassword := strings.Replace(h.url, "http://", "http://user:"+password+"@", 1)

	var printed strings.Builder
	for _, run := range []struct {
		args []string
		code int
	}{
		{append(modify, "--keys", h.dir), exitDone},
		{append(modify, "--keys", h.dir), exitFailed}, // not lower than before
		{append(modify, "--keys", spoiled.dir), exitUnknown},
		{[]string{"query", seedOutOrderNo, "--keys", h.dir}, exitDone},
		{append([]string{"query", seedOutOrderNo, "--sub-mchid", "1900000109"}, append(without(h.flags(), "--key-file"), "--key-file", keyFile(t, newKeys(t).merchant))...), exitFailed},
		{append([]string{"query", seedOutOrderNo, "--keys", h.dir}, "--base-url", withPassword), exitDone},
		{append(modify, "--keys", h.dir, "--base-url", withPassword), exitFailed},
		{[]string{"sign", "POST", "/v3/payscore/partner/serviceorder/1/modify", "--body", body, "--keys", h.dir}, exitDone},
		{[]string{"doctor", "--keys", h.dir}, exitDone},
		{[]string{"doctor", "--keys", h.dir, "--base-url", withPassword}, exitDone},
		{[]string{"doctor", "--keys", h.dir, "--cert-file", key}, exitInput},
		{[]string{"explain", key}, exitInput},
		// Files in the wrong places.
		{[]string{"modify", seedOutOrderNo, "--keys", h.dir, "--body", key}, exitInput},
		{[]string{"modify", seedOutOrderNo, "--keys", h.dir, "--body", h.file(sandbox.AccountFile)}, exitInput},
		{append(modify, "--config", key), exitInput},
		{append(modify, "--keys", h.dir, "--public-key-file", key), exitInput},
		{append(modify, "--keys", h.dir, "--key-file", h.file(sandbox.AccountFile)), exitInput},
		{append(modify, "--config", write(t, "c.yaml", "api_v3_key: ["+h.account.APIv3Key()+"]")), exitInput},
	} {
		for _, mode := range []string{"", "--json"} {
			args := run.args
			code := run.code
			if mode != "" {
				args = append([]string{mode}, args...)
				if code == exitDone && args[1] == "modify" {
					code = exitFailed // done already
				}
			}
			r := runArgs(t, args...)
			r.wantCode(t, code)
			printed.WriteString(r.out + r.err)
		}
	}

	secrets := append(h.seen(), spoiled.seen()...)
	if len(secrets) < 10 {
		t.Fatalf("%d signatures seen", len(secrets))
	}
	secrets = append(secrets, h.account.APIv3Key(), password, "PRIVATE KEY-----")
	pemLines := strings.Split(strings.TrimSpace(string(readFile(t, key))), "\n")
	secrets = append(secrets, pemLines[1:len(pemLines)-1]...)
	block, _ := pem.Decode(readFile(t, key))
	secrets = append(secrets, string(block.Bytes[100:130]))
	all := strings.ReplaceAll(printed.String(), "\n                 ", "") // unfold
	for _, secret := range secrets {
		if strings.Contains(all, secret) || len(secret) > 40 && strings.Contains(all, secret[20:40]) {
			t.Errorf("printed: %.12q…", secret)
		}
	}
	// The name of the header stands in what an error means; its value must not.
	if strings.Contains(all, "Authorization:") || strings.Contains(all, auth.Scheme) || strings.Contains(all, "signature=") {
		t.Error("the Authorization is printed")
	}
}
