package codegen

import (
	"errors"
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/limit"
)

// The table of the client and the pattern of the contract have the same
// characters: the table is asked one by one, the pattern is asked by package
// regexp.
func TestCharactersAreThoseOfTheContract(t *testing.T) {
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	pattern := regexp.MustCompile(doc.Extensions["x-wechatpay-text"].(map[string]any)["pattern"].(string))
	good := 0
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		err := payscore.CancelPartnerServiceOrderRequest{SubMchID: "1", Reason: string(r)}.Validate()
		if (err == nil) != pattern.MatchString(string(r)) {
			t.Errorf("%U: the client says %v", r, err)
		}
		var findings limit.Findings
		if err == nil {
			good++
		} else if !errors.As(err, &findings) || len(findings) != 1 || findings[0].Rule != "text" || findings[0].Path != "$.reason" {
			t.Errorf("%U: %v", r, err)
		}
	}
	if want := 3 + (0xD800 - 0x20) + (0xFFFE - 0xE000); good != want {
		t.Errorf("%d characters are taken, want %d", good, want)
	}
}
