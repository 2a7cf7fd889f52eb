package oneline_test

import (
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/internal/oneline"
)

func TestHoldsKey(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "/etc/wechatpay/apiclient_key.pem": false, strings.Repeat("/deep-er", 200): false, strings.Repeat("订", 300): false,
		"x-----BEGIN PRIVATE": true, strings.Repeat("aB+/", 50): true, strings.Repeat("aB+/", 49): false,
		"/etc/my-keys/" + strings.Repeat("aB+/\\n", 40): true, strings.Repeat("aB+/aaaa\r\n\t ", 25): true,
	} {
		if got := oneline.HoldsKey(text, 200); got != want {
			t.Errorf("%.40q: %t", text, got)
		}
	}
}
